"""What the journal knows of a day and the two weeks before it. Blocks; raises JournalFault."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from storeguard.books import tables as t
from storeguard.books.decisions import DISMISSED
from storeguard.books.journal import Journal
from storeguard.books.unseensales import UnseenSales
from storeguard.domain.daily import DAYS_SHOWN, Day, Missed, Outage, Sold, blind_s, day_of
from storeguard.domain.loss import left


class DayRecords:
    """`cameras`: ids, whose outages are blind times."""

    def __init__(self, journal: Journal, timezone: str, cameras: frozenset[str]) -> None:
        self._journal = journal
        self._zone = ZoneInfo(timezone)
        self._cameras = cameras

    def day(self, day: date, now: datetime) -> Day:
        began = datetime.combine(day - timedelta(days=DAYS_SHOWN), time(), self._zone)
        rows = self._journal.rows
        visits, sales, issues = t.visits.c, t.sales.c, t.issues.c
        return day_of(
            day,
            self._zone,
            [
                row["started_utc"]
                for row in rows(select(t.visits).where(visits.started_utc >= began))
            ],
            [
                Sold(row["at_utc"], row["product"], row["count"], row["won"])
                for row in rows(select(t.sales).where(sales.at_utc >= began))
            ],
            [
                one
                for row in rows(
                    select(t.issues).where(issues.at_utc >= began, issues.verdict != DISMISSED)
                )
                for one in _missed(row["at_utc"], row["lines"], row["amendments"])
            ],
            self._outages(began),
            cameras=self._cameras,
            now=now,
            unseen=[(one.at, one.won) for one in UnseenSales(self._journal).since(began)],
        )

    def blind_s(self, now: datetime) -> dict[str, int]:
        """Seconds in which a camera showed nobody, of today and yesterday: local date → seconds."""
        today = now.astimezone(self._zone).date()
        days = (today - timedelta(days=1), today)
        outages = self._outages(datetime.combine(days[0], time(), self._zone))
        return {
            f"{day:%Y-%m-%d}": blind_s(day, self._zone, outages, self._cameras, now) for day in days
        }

    def _outages(self, since: datetime) -> list[Outage]:
        faults = t.faults.c
        wanted = or_(faults.ended_utc.is_(None), faults.ended_utc >= since)
        return [
            Outage(row["device"], row["started_utc"], row["ended_utc"])
            for row in self._journal.rows(select(t.faults).where(wanted))
        ]


def _missed(
    at: datetime, lines: list[dict[str, Any]], amendments: list[dict[str, Any]]
) -> list[Missed]:
    found = left(lines, amendments)
    return [Missed(at, line["product"], line["missing"], line["loss"]) for line in found]
