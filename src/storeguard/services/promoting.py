"""Promotions in force: what the owner declares, and what the visits look like until he answers."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Collection
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from storeguard.books.promotions import PromotionsFile
from storeguard.books.proposals import Answers, AnswersFile, VisitHistory, observed
from storeguard.books.texts import BookStatus
from storeguard.clock import Clock
from storeguard.domain.events import Event, VisitReconciled
from storeguard.domain.ledger import Ledger, offer
from storeguard.domain.pricing import on_the_board
from storeguard.domain.promotions import (
    MOST_VISITS,
    Bonus,
    Observed,
    Promotion,
    in_force,
    proposed,
    set_prices,
)
from storeguard.services.bus import Bus

REJECTED = "reject-promotion"
"""A file in the state folder with a name in it: how `promotions reject` speaks to the daemon."""

log = logging.getLogger("storeguard")


class PromotionBoard:
    """What stands on the shop's board, and what is only guessed.

    A proposed promotion is applied until the owner declares or rejects it, or until the visits
    no longer look like it; the first time, it is said in the log.
    """

    def __init__(
        self,
        file: PromotionsFile,
        history: VisitHistory,
        answers: AnswersFile,
        bus: Bus,
        clock: Clock,
        *,
        timezone: str,
        state: Path,
    ) -> None:
        self._file = file
        self._history = history
        self._answers_file = answers
        self._clock = clock
        self._zone = ZoneInfo(timezone)
        self._rejected_mark = state / REJECTED
        self._answers = self._saved = Answers()
        self._visits: dict[str, deque[Observed]] = defaultdict(lambda: deque(maxlen=MOST_VISITS))
        self._is_stale = True
        self._known: tuple[date, tuple[Promotion, ...]] | None = None
        self._declared: tuple[Promotion, ...] = ()
        self._proposed: tuple[Bonus, ...] = ()
        bus.subscribe(self._on_event)

    @property
    def status(self) -> BookStatus:
        """Whether the owner's file can be used."""
        return self._file.status

    async def load(self, products: Collection[str]) -> None:
        """Takes up the file, the owner's answers and the judged visits. Raises JournalFault."""
        await asyncio.to_thread(self._file.load, tuple(products))
        self._answers = self._saved = await asyncio.to_thread(self._answers_file.load)
        self._learn(await asyncio.to_thread(self._history.load))

    async def poll(self, products: Collection[str]) -> None:
        """Looks at the owner's file and for his answers. Raises JournalFault."""
        await asyncio.to_thread(self._file.poll, tuple(products), self._clock.now_s())
        name = await asyncio.to_thread(self._take_rejection)
        if name:
            self._answers = rejecting(self._answers, name)
            self._is_stale = True
            log.info("promotions: '%s' is none, says the owner", name)
        self._refresh()
        if self._answers != self._saved:
            await asyncio.to_thread(self._answers_file.save, self._answers)
            self._saved = self._answers
        if name:
            await asyncio.to_thread(self._rejected_mark.unlink, missing_ok=True)

    def sets(self) -> dict[str, int]:
        """Name → won of what the kiosk may sell though it stands in no book."""
        return set_prices(self._file.promotions)

    def on_the_board(self) -> tuple[Promotion, ...]:
        """What the kiosk prices its baskets by."""
        today = self._clock.utc().astimezone(self._zone).date()
        return on_the_board(self._file.promotions, today)

    def offered(self, ledger: Ledger) -> Ledger:
        """The ledger, its visits with what is in force now."""
        if not ledger.visits:
            return ledger
        self._refresh()
        return offer(ledger, (*self._declared, *self._proposed))

    @property
    def questions(self) -> tuple[Bonus, ...]:
        """Proposed promotions that wait for the owner's answer."""
        self._refresh()
        return self._proposed

    def _refresh(self) -> None:
        today = self._clock.utc().astimezone(self._zone).date()
        known = (today, self._file.promotions)
        if known == self._known and not self._is_stale:
            return
        self._known, self._is_stale = known, False
        self._declared = in_force(self._file.promotions, today)
        history = [seen for visits in self._visits.values() for seen in visits]
        self._proposed = proposed(history, self._declared, self._answers.rejected)
        self._ask()

    def _ask(self) -> None:
        for bonus in self._proposed:
            if bonus.name not in self._answers.asked:
                log.warning(
                    "promotions: visits take %d of '%s' and pay %d, again and again: is it a "
                    "promotion? declare it in promotions.csv, or: storeguard promotions reject "
                    "'%s'; until then such visits are not judged",
                    *(bonus.buy + bonus.free, bonus.products[0], bonus.buy, bonus.name),
                )
        asked = tuple(bonus.name for bonus in self._proposed)
        self._answers = Answers(asked, self._answers.rejected)

    def _take_rejection(self) -> str:
        try:
            return self._rejected_mark.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def _learn(self, seen: Collection[Observed]) -> None:
        for one in seen:
            self._visits[one.product].append(one)
        self._is_stale = self._is_stale or bool(seen)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, VisitReconciled) and not event.by:
            unclear = {*event.uncertain, *event.unverified, *event.mixed_up, *event.promoted}
            self._learn(observed(event.taken, event.paid, unclear))


def rejecting(answers: Answers, name: str) -> Answers:
    """The owner says that this is no promotion."""
    asked = tuple(one for one in answers.asked if one != name)
    return Answers(asked, tuple(dict.fromkeys((*answers.rejected, name))))
