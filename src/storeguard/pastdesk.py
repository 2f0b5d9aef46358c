"""Visits and days, from the journal. Implements web.desks.PastDesk; everything blocks."""

import math
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from storeguard.books import album
from storeguard.books.journal import Journal, Visit
from storeguard.books.unseensales import UnseenSales
from storeguard.clock import Clock
from storeguard.messages.reasons import sentences
from storeguard.web.desks import A_PAGE, DayRow, PastVisit, UnseenSaleRow, VisitPage

UNSURE = ("uncertain", "unverified", "interrupted", "proposed")


class PastDesk:
    """See web.desks.PastDesk."""

    def __init__(self, journal: Journal, clock: Clock, timezone: str, language: str = "ko") -> None:
        self._journal = journal
        self._clock = clock
        self._language = language
        self._zone = ZoneInfo(timezone)

    def days(self, count: int) -> list[DayRow]:
        """The last `count` local days, today last; days without anything are there too."""
        today = self._clock.utc().astimezone(self._zone).date()
        first = today - timedelta(days=count - 1)
        since = datetime.combine(first, time(), self._zone)
        visits: Counter[date] = Counter(
            self._day(one.at_utc) for one in album.visits_since(self._journal, since)
        )
        sales = self._won(album.sales_since(self._journal, since))
        losses = self._won([one for _, one in album.losses_since(self._journal, since)])
        days = [first + timedelta(days=at) for at in range(count)]
        return [DayRow(f"{day:%m-%d}", visits[day], sales[day], losses[day]) for day in days]

    def unseen_sales(self, days: int) -> list[UnseenSaleRow]:
        """Of the last `days` days, newest first."""
        since = self._clock.utc() - timedelta(days=days)
        return [
            UnseenSaleRow(
                f"{one.at.astimezone(self._zone):%m-%d %H:%M:%S}", one.items, one.won, one.source
            )
            for one in UnseenSales(self._journal).since(since)
        ]

    def visits(self, page: int) -> VisitPage:
        found, count = album.visits(self._journal, A_PAGE, (page - 1) * A_PAGE)
        pages = max(1, math.ceil(count / A_PAGE))
        issues = album.issues_of(self._journal, [one.id for one in found])
        shown = tuple(self._visit(one, issues.get(one.id, {})) for one in found)
        return VisitPage(shown, page, pages)

    def _won(self, moments: list[album.Moment]) -> Counter[date]:
        won: Counter[date] = Counter()
        for one in moments:
            won[self._day(one.at_utc)] += one.won
        return won

    def _day(self, at: datetime) -> date:
        return at.astimezone(self._zone).date()

    def _visit(self, visit: Visit, issues: Mapping[str, str]) -> PastVisit:
        said: Mapping[str, Any] = visit.judgement or {}
        ended = visit.ended_utc
        is_unsure = any(said.get(why) for why in UNSURE)
        return PastVisit(
            visit.id,
            f"{visit.started_utc.astimezone(self._zone):%m-%d %H:%M:%S}",
            None if ended is None else f"{ended.astimezone(self._zone):%H:%M:%S}",
            "issue" if said.get("unpaid") else "unsure" if is_unsure else "clean",
            said.get("taken", {}),
            said.get("paid", {}),
            said.get("unpaid", {}),
            int(said.get("loss_won", 0)),
            said.get("by"),
            issues,
            sentences(self._language, said.get("reasons", ()), self._zone.key),
        )
