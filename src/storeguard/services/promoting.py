"""Promotions in force: what the owner declares, and what the visits look like until he answers."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from storeguard.books.promotions import PromotionsFile
from storeguard.books.proposals import LOOKED_BACK, Answers, AnswersFile, VisitHistory
from storeguard.books.texts import BookStatus
from storeguard.clock import Clock
from storeguard.domain.events import Event, VisitReconciled
from storeguard.domain.ledger import Ledger, offer
from storeguard.domain.patterns import Proposal, Seen, forgiven, maybe_sets, proposed, proposed_sets
from storeguard.domain.pricing import on_the_board
from storeguard.domain.product import Product
from storeguard.domain.promotions import Bonus, MaybeSet, Promotion, in_force, set_prices
from storeguard.errors import JournalFault
from storeguard.services.bus import Bus
from storeguard.services.pardoning import Pardoned, Pardons

REJECTED = "reject-promotion"
"""A file in the state folder with a name in it: how `promotions reject` speaks to the daemon."""

log = logging.getLogger("storeguard")


class PromotionBoard:
    """What stands on the shop's board, and what is only guessed.

    A proposed promotion is applied until the owner declares or rejects it, or until the visits
    no longer look like it; the first time, it is said in the log. `goods`: what the kiosk sells.
    """

    def __init__(
        self,
        file: PromotionsFile,
        history: VisitHistory,
        answers: AnswersFile,
        pardons: Pardons,
        bus: Bus,
        clock: Clock,
        *,
        goods: Callable[[], Sequence[Product]],
        timezone: str,
        state: Path,
    ) -> None:
        self.pardons = pardons
        self._file = file
        self._history = history
        self._answers_file = answers
        self._goods = goods
        self._clock = clock
        self._zone = ZoneInfo(timezone)
        self._rejected_mark = state / REJECTED
        self._answers = self._saved = Answers()
        self._visits: deque[Seen] = deque(maxlen=LOOKED_BACK)
        self._is_stale = self._is_unsettled = True
        self._known: tuple[date, tuple[Promotion, ...], Sequence[Product]] | None = None
        self._declared: tuple[Promotion, ...] = ()
        self._proposed: tuple[Proposal, ...] = ()
        self._maybe: tuple[MaybeSet, ...] = ()
        self._pardoned: tuple[Pardoned, ...] = ()
        bus.subscribe(self._on_event)

    @property
    def status(self) -> BookStatus:
        """Whether the owner's file can be used."""
        return self._file.status

    async def load(self, products: Collection[str]) -> None:
        """Takes up the file, the owner's answers and the judged visits. Raises JournalFault."""
        await asyncio.to_thread(self._file.load, tuple(products))
        self._answers = self._saved = await asyncio.to_thread(self._answers_file.load)
        self._visits.extend(await asyncio.to_thread(self._history.load))
        for name in self._answers.rejected:  # he may have said so while no daemon ran
            await self.pardons.take_back(name)

    async def poll(self, products: Collection[str]) -> None:
        """Looks at the owner's file and for his answers. Raises JournalFault."""
        await asyncio.to_thread(self._file.poll, tuple(products), self._clock.now_s())
        name = await asyncio.to_thread(self._take_rejection)
        if name:
            self._answers = rejecting(self._answers, name)
            self._is_stale = True
            log.info("promotions: '%s' is none, says the owner", name)
            await self.pardons.take_back(name)
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

    async def settle(self) -> None:
        """Takes back what a proposed promotion explains, and asks. Raises JournalFault."""
        self._refresh()
        if not self._is_unsettled:
            return
        self._is_unsettled = False
        new = tuple(one.name for one in self._proposed if one.name not in self._answers.asked)
        visits, proposals = tuple(self._visits), self._proposed
        try:
            self._pardoned += await self.pardons.settle(visits, proposals, new)
        except JournalFault:
            self._is_unsettled = True
            raise
        self._ask(new)

    def offered(self, ledger: Ledger) -> Ledger:
        """The ledger, its visits with what is in force now, without debts that are none."""
        for pardon in self._pardoned:
            ledger = forgiven(ledger, pardon.issue_id, {pardon.product: pardon.count})
        self._pardoned = ()
        if not ledger.visits:
            return ledger
        self._refresh()
        return offer(ledger, (*self._declared, *self._proposed, *self._maybe))

    @property
    def questions(self) -> tuple[Proposal, ...]:
        """Proposed promotions that wait for the owner's answer."""
        self._refresh()
        return self._proposed

    def _refresh(self) -> None:
        today = self._clock.utc().astimezone(self._zone).date()
        known = (today, self._file.promotions, self._goods())
        if known == self._known and not self._is_stale:
            return
        self._known, self._is_stale, self._is_unsettled = known, False, True
        self._declared = in_force(self._file.promotions, today)
        visits, rejected = tuple(self._visits), self._answers.rejected
        seen = [one for visit in visits for one in visit.observed()]
        names = {*rejected, *(one.name for one in self._file.promotions)}
        self._maybe = maybe_sets(self._goods(), visits, names)
        bonuses = proposed(seen, self._declared, rejected)
        self._proposed = (*bonuses, *proposed_sets(self._maybe, visits))

    def _ask(self, new: Collection[str]) -> None:
        for one in self._proposed:
            if one.name in new:
                log.warning(
                    "promotions: %s, again and again: is it a promotion? declare it in "
                    "promotions.csv, or: storeguard promotions reject '%s'; until then such "
                    "visits are not judged",
                    *(_looks(one), one.name),
                )
        asked = tuple(one.name for one in self._proposed)
        self._answers = Answers(asked, self._answers.rejected)

    def _take_rejection(self) -> str:
        try:
            return self._rejected_mark.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def _on_event(self, event: Event) -> None:
        if isinstance(event, VisitReconciled) and not event.by:
            unclear = {*event.uncertain, *event.unverified, *event.mixed_up, *event.promoted}
            day = self._clock.utc().date()
            seen = Seen(event.visit_id, day, event.taken, event.paid, frozenset(unclear))
            self._visits.append(seen)
            self._is_stale = True


def _looks(one: Proposal) -> str:
    """What the visits do, for the log."""
    if isinstance(one, Bonus):
        taken = one.buy + one.free
        return f"visits take {taken} of '{one.products[0]}' and pay {one.buy}"
    return f"visits pay '{one.name}' and take {', '.join(one.products)}"


def rejecting(answers: Answers, name: str) -> Answers:
    """The owner says that this is no promotion."""
    asked = tuple(one for one in answers.asked if one != name)
    return Answers(asked, tuple(dict.fromkeys((*answers.rejected, name))))
