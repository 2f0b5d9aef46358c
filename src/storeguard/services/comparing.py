"""Both books as a whole: after the start, and rarely while the store stays empty.

After the start it finds what went missing while the power was off; on the slow timer, what
no visit could be charged with.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Protocol

from storeguard.clock import Clock
from storeguard.domain.amounts import covered, prices_of
from storeguard.domain.awaiting import waiting_units
from storeguard.domain.confirming import settle_provisional
from storeguard.domain.events import BookEdited, DeviceRecovered, Event, IssueSealed, StockChanged
from storeguard.domain.excuses import Excuse, explained
from storeguard.domain.ledger import Debt, Visit
from storeguard.domain.naming import Alternative, mistaken
from storeguard.domain.occupancy import Presence
from storeguard.domain.reasons import Apart, Reason
from storeguard.domain.reconcile import Discrepancy, standing
from storeguard.ports import Books
from storeguard.services.asking import DeliveryQuestions
from storeguard.services.awaiting import SalesSources
from storeguard.services.bus import Bus
from storeguard.services.filing import Case, FilingService
from storeguard.services.posting import post
from storeguard.services.provisional import confirmed_debts, settlement_events
from storeguard.services.selling import Desk
from storeguard.services.watching import WatchingService
from storeguard.services.weighing import Channel, WeighingService

COMPARED_EVERY_S = 3600.0

log = logging.getLogger("storeguard")


class InterruptedRecord(Protocol):
    """Where visits that a stop has cut short are remembered (the journal). Blocks."""

    def close_interrupted(self, but: Collection[str]) -> None: ...

    def interrupted_won(self, but: Collection[str]) -> tuple[str, int]:
        """The first of them, and won paid since it began without naming a product; '', 0."""


class AnnouncedRecord(Protocol):
    """Where announced deliveries outlive a restart. Blocks; raises OSError."""

    def load(self) -> Mapping[str, int]: ...
    def save(self, announced: Mapping[str, int]) -> None: ...


class BookComparison:
    """Compares the books while nothing is going on.

    `leftovers` are clips and pictures of visits that a stop has cut short: evidence of what
    the first comparison finds, or nothing worth keeping.
    """

    def __init__(
        self,
        weighing: WeighingService,
        watching: WatchingService,
        books: Books,
        desk: Desk,
        filing: FilingService,
        record: InterruptedRecord,
        announced: AnnouncedRecord,
        questions: DeliveryQuestions,
        sales: SalesSources,
        bus: Bus,
        clock: Clock,
        *,
        leftovers: tuple[Path, ...] = (),
    ) -> None:
        self.has_begun = False
        self._weighing = weighing
        self._watching = watching
        self._books = books
        self._desk = desk
        self._filing = filing
        self._record = record
        self._clock = clock
        self._bus = bus
        self._leftovers = leftovers
        self._sales = sales
        self._provisional: tuple[Debt, ...] = ()
        self._named: tuple[Alternative, ...] = ()
        self._questions = questions
        self._announced_record = announced
        self._announced = Counter(announced.load())
        self._saved = Counter(self._announced)
        self._lacking: Counter[str] = Counter()
        self._counted_s = -inf
        self._excused: tuple[Excuse, ...] = ()
        self._left_open: Counter[str] = Counter()
        self._due_s = 0.0
        bus.subscribe(self._on_event)

    @property
    def leftovers(self) -> tuple[Path, ...]:
        """Evidence of interrupted visits that no comparison has judged yet. In any thread."""
        return self._leftovers

    def lacking_in(self, visit: Visit | None) -> Counter[str]:
        """Product → units that were missing as its scale was first counted after the start, until
        the first comparison has told them: no delivery may fill the gap before.

        Whoever was inside then may have had them in hand: what he pays for or puts back was his.
        """
        if visit is None or visit.marks or visit.started_s > self._counted_s:
            return self._lacking
        taken, paid, lacking = visit.net_taken, visit.paid, Counter(self._lacking)
        for name, units in self._lacking.items():
            over = paid[name] - max(0, taken[name])
            brought = -taken[name] if -units <= taken[name] < 0 else 0
            lacking[name] = max(0, units - max(0, over) - brought)
        return lacking

    def is_due(self) -> bool:
        """It is time, the store is empty, and every healthy scale is at rest."""
        return (
            self._clock.now_s() >= self._due_s
            and self._watching.occupancy.presence is Presence.EMPTY
            and not self._desk.is_basket_open
            and all(_is_at_rest(channel) for channel in self._weighing.channels)
        )

    async def compare(self, visits: Sequence[Visit] = ()) -> IssueSealed | None:
        """Seals an issue of what is missing; a surplus raises the kiosk book.

        `visits` wait for their sales: what they have moved is theirs.
        """
        channels = self._weighing.channels
        counts = self._weighing.tally.counts
        verified = [
            p.name
            for c in channels
            if c.weighing.is_settled
            for p in c.weighed
            if p.name in counts and counts[p.name].is_certain
        ]
        kiosk = self._books.kiosk
        await self._set_names_right(verified, visits)
        await self._book_excused(verified, visits)
        found = self._differences(verified, visits)
        missing = self._without_excused(one for one in found if one.missing > 0)
        if self._provisional:
            missing = await self._settle_provisional(missing, verified)
        if not self.has_begun:
            missing = await self._paid_by_amount(missing, visits)
        missing = self._beyond_zeros(missing)
        is_clean = not (missing or visits)
        missing = self._sales.ripe(missing)
        surplus = {one.product: -one.missing for one in found if one.missing < 0}
        raised = self._questions.undeclined(surplus, verified)
        key = f"standing:{self._clock.utc().isoformat()}"
        sealed = await self._file(key, missing) if missing else None
        if raised:
            log.info("kiosk book: raised to what the shelves hold: %s", raised)
            await post(kiosk, raised, why="more on the shelf than booked", key=key)
        self._forget_what_has_come(verified)
        self._due_s = self._clock.now_s() + COMPARED_EVERY_S
        if not self.has_begun:
            await self._settle_interrupted(visits, is_clean=is_clean)
            self.has_begun = True
            self._lacking.clear()
        return sealed

    def _differences(
        self, verified: Collection[str], visits: Sequence[Visit]
    ) -> tuple[Discrepancy, ...]:
        expected = Counter(self._books.kiosk.counts)
        expected.subtract(waiting_units(visits))
        return standing(self._books.shelf.counts, expected, verified, self._announced)

    def may_be_others(self, alternatives: Iterable[Alternative]) -> None:
        """Units of an issue whose names are in doubt: the other of two is not told once more."""
        self._named = (*self._named, *alternatives)

    async def _set_names_right(self, verified: Collection[str], visits: Sequence[Visit]) -> None:
        """What was told under one name and turns out to be the other's is told already."""
        changes, open_still = mistaken(self._missing(verified, visits), self._named)
        if changes:
            log.info("kiosk book: what was told of one was the other: %s", changes)
            key = f"named:{self._clock.utc().isoformat()}"
            await post(self._books.kiosk, changes, why="told under the other name", key=key)
        self._named = open_still

    def excuse(self, excuses: Iterable[Excuse]) -> None:
        """What a visit whose counts were in doubt was excused of, until they are known."""
        self._excused = (*self._excused, *excuses)

    async def _book_excused(self, verified: Collection[str], visits: Sequence[Visit]) -> None:
        """What the shelf lacks for a reason leaves the kiosk book, too."""
        gone, open_still = explained(self._missing(verified, visits), self._excused)
        if gone:
            key = f"excused:{self._clock.utc().isoformat()}"
            changes = {name: -count for name, count in gone.items()}
            await post(self._books.kiosk, changes, why="explained by a visit in doubt", key=key)
        self._excused = open_still

    def _without_excused(self, missing: Iterable[Discrepancy]) -> tuple[Discrepancy, ...]:
        """Less what may be explained once further counts are known."""
        open_still: Counter[str] = Counter()
        for one in self._excused:
            open_still[one.product] += one.units
        less = (replace(one, kiosk=one.kiosk - open_still[one.product]) for one in missing)
        return tuple(one for one in less if one.missing > 0)

    def leave_open(self, drifted: Mapping[str, tuple[int, int]]) -> None:
        """What a visit has said that a zero may hide of it; `drifted` as `DriftWatch.doubts`."""
        self._left_open.update({name: most - least for name, (least, most) in drifted.items()})

    def _beyond_zeros(self, missing: Iterable[Discrepancy]) -> tuple[Discrepancy, ...]:
        """Less what visits have left open for a zero that is in doubt still."""
        doubted = self._weighing.drifts.in_doubt
        self._left_open = Counter({n: c for n, c in self._left_open.items() if n in doubted})
        less = (replace(one, kiosk=one.kiosk - self._left_open[one.product]) for one in missing)
        return tuple(one for one in less if one.missing > 0)

    def _missing(self, verified: Collection[str], visits: Sequence[Visit]) -> dict[str, int]:
        """Product whose count is certain → units missing; negative is a surplus."""
        found = {one.product: one.missing for one in self._differences(verified, visits)}
        return dict.fromkeys(verified, 0) | found

    def take_up(self, provisional: Iterable[Debt]) -> None:
        """Issues of a visit that a stop cut short, or whose scale has failed since: the next
        comparison settles them that has all their scales."""
        self._provisional = (*self._provisional, *provisional)
        self._due_s = 0.0

    async def _settle_provisional(
        self, missing: tuple[Discrepancy, ...], verified: Collection[str]
    ) -> tuple[Discrepancy, ...]:
        """Returns what no provisional issue has told yet."""
        unpaid = {one.product: one.missing for one in missing}
        settlements, rest = settle_provisional(self._provisional, unpaid)
        open_ids = {one.issue_id for one in self._provisional if one.product not in verified}
        now_s = self._clock.now_s()
        for settled in (one for one in settlements if one.issue_id not in open_ids):
            await self._filing.settle(settled.issue_id, settled.confirmed)
            for event in settlement_events(settled, now_s):
                self._bus.publish(event)
            self._questions.accuse(confirmed_debts(settled, now_s))
        self._provisional = tuple(one for one in self._provisional if one.issue_id in open_ids)
        return tuple(
            replace(one, kiosk=one.shelf + rest[one.product])
            for one in missing
            if one.product in rest
        )

    async def _paid_by_amount(
        self, missing: tuple[Discrepancy, ...], waiting: Sequence[Visit]
    ) -> tuple[Discrepancy, ...]:
        """What no amount has paid that came in the visits which a stop cut short."""
        ids = frozenset(visit.id for visit in waiting)
        first, won = await asyncio.to_thread(self._record.interrupted_won, ids)
        prices = prices_of(self._books.kiosk.products)
        paid = covered({one.product: one.missing for one in missing}, prices, won)
        changes = {name: -count for name, count in paid.items()}
        if not paid or not await post(
            self._books.kiosk, changes, why="paid by an amount", key=f"amounts:{first}"
        ):
            return missing
        left = (replace(one, kiosk=one.kiosk - paid.get(one.product, 0)) for one in missing)
        return tuple(one for one in left if one.missing > 0)

    async def write_down(self) -> None:
        """What is announced outlives a restart."""
        announced = +self._announced
        if announced != self._saved:
            await asyncio.to_thread(self._announced_record.save, announced)
            self._saved = announced

    def has_arrived(self, product: str, count: int) -> None:
        """A visit has brought units: they are no longer only announced."""
        self._announced[product] = max(0, self._announced[product] - count)

    def _forget_what_has_come(self, verified: Sequence[str]) -> None:
        """No more is still announced than the shelf lacks: it would hide the next theft."""
        shelf, kiosk = self._books.shelf.counts, self._books.kiosk.counts
        for name in verified:
            lacking = max(0, kiosk.get(name, 0) - shelf.get(name, 0))
            self._announced[name] = min(self._announced[name], lacking)

    async def _file(self, key: str, missing: tuple[Discrepancy, ...]) -> IssueSealed:
        kind: Apart = "standing" if self.has_begun else "standing_start"
        reasons = tuple(Reason(kind, one.product, one.missing) for one in missing)
        return await self._filing.file(Case(key, None, missing, reasons, self._leftovers))

    async def _settle_interrupted(self, waiting: Sequence[Visit], *, is_clean: bool) -> None:
        """Visits that a stop cut short are done with; a scale in doubt keeps their clips."""
        ids = frozenset(visit.id for visit in waiting)
        await asyncio.to_thread(self._record.close_interrupted, ids)
        leftovers, self._leftovers = self._leftovers, ()
        if is_clean and all(
            self._weighing.is_certain(c) for c in self._weighing.channels if c.weighed
        ):
            await asyncio.to_thread(_delete, leftovers)

    def _on_event(self, event: Event) -> None:
        """Units that the owner enters are announced until they reach the shelf."""
        if isinstance(event, StockChanged) and event.is_first and not self.has_begun:
            name, booked = event.product, self._books.kiosk.counts.get(event.product, 0)
            self._counted_s = event.t_s
            self._lacking[name] = max(0, booked - event.after - self._announced[name])
        if isinstance(event, DeviceRecovered) and self._provisional:
            self._due_s = 0.0
        if isinstance(event, BookEdited) and event.book == "kiosk":
            for product, (before, after) in event.counts.items():
                self._announced[product] = max(0, self._announced[product] + after - before)


def _is_at_rest(channel: Channel) -> bool:
    has_counted = not channel.weighed or (channel.is_counted and not channel.pending)
    return channel.weighing.is_failed or (channel.weighing.is_settled and has_counted)


def _delete(files: tuple[Path, ...]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
