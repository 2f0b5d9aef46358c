"""Issues of a visit that is still going on: sealed as provisional, settled at its end."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from math import inf

from storeguard.clock import Clock
from storeguard.domain.amounts import still_late
from storeguard.domain.confirming import Settlement, settle_provisional
from storeguard.domain.events import IssueAmended, IssueConfirmed, IssueWithdrawn
from storeguard.domain.ledger import Debt, Movement, Visit
from storeguard.domain.overdue import overdue
from storeguard.domain.product import Product, Stock
from storeguard.domain.reasons import Reason
from storeguard.domain.reconcile import Discrepancy
from storeguard.services.bus import Bus
from storeguard.services.delays import PaymentDelays
from storeguard.services.filing import Case, FilingService
from storeguard.services.selling import Desk

LOOKED_EVERY_S = 5.0

SETTLED_AFTER_S = 60.0
"""A payment so long ago has found the unit that it is for: every shelf has come to rest."""


class ProvisionalIssues:
    """In a store that is never empty, what has not been paid for too long is reported."""

    def __init__(
        self,
        filing: FilingService,
        desk: Desk,
        bus: Bus,
        clock: Clock,
        delays: PaymentDelays,
        *,
        max_visit_s: float,
    ) -> None:
        self._filing = filing
        self._desk = desk
        self._bus = bus
        self._clock = clock
        self._max_visit_s = max_visit_s
        self._due_s = 0.0
        self._delays = delays
        self._open: tuple[Debt, ...] = ()
        self._settled: tuple[Settlement, ...] = ()

    def is_due(self, visit: Visit) -> bool:
        """Has the visit gone on for so long that it has to be looked at before its end?"""
        now_s = self._clock.now_s()
        is_long = now_s - visit.started_s >= self._max_visit_s
        return is_long and now_s >= self._due_s and not self._desk.is_basket_open

    async def report(self, visit: Visit, products: Sequence[Product], told_s: float = inf) -> None:
        """Seals a provisional issue of what is overdue and not reported yet.

        `told_s`: until then all sales are known. What was taken so shortly before that it may
        have been paid since is not overdue.
        """
        now_s = self._clock.now_s()
        told_s = min(now_s, told_s)
        self._due_s = now_s + LOOKED_EVERY_S
        self._delays.learn(visit, told_s - SETTLED_AFTER_S)
        reported: Counter[str] = Counter()
        for debt in self._open:
            reported[debt.product] += debt.count
        late = overdue(visit, told_s, self._delays.patience_s)
        late = still_late(late, visit, products)
        new = {n: moved[reported[n] :] for n, moved in late.items() if len(moved) > reported[n]}
        if not new:
            return
        sealed = await self._filing.file(_case(visit, new, now_s, told_s))
        debts = tuple(Debt(sealed.id, now_s, line.product, line.missing) for line in sealed.lines)
        self._open = (*self._open, *debts)
        self._bus.publish(sealed)

    async def settle(
        self,
        unpaid: Stock,
        uncertain: Mapping[str, tuple[int, int]],
        *,
        to_shelf: Collection[str] = (),
    ) -> dict[str, int]:
        """The visit is judged: confirms or withdraws, except issues that are left `to_shelf`.

        A doubt that came in the end takes nothing back that is missing for certain: of a product
        in `uncertain` the least is confirmed. Returns what no issue has told yet.
        """
        least = {name: low for name, (low, _) in uncertain.items() if name not in unpaid}
        found, rest = settle_provisional(self._open, {**unpaid, **least})
        self._settled = tuple(one for one in found if one.issue_id not in to_shelf)
        for settlement in self._settled:
            await self._filing.settle(settlement.issue_id, settlement.confirmed)
        return {name: count for name, count in rest.items() if name in unpaid}

    @property
    def reported(self) -> tuple[Debt, ...]:
        """What the visit's provisional issues say."""
        return self._open

    def announce(self) -> tuple[Debt, ...]:
        """Publishes what came of them; returns what may still be paid late."""
        now_s, settled = self._clock.now_s(), self._settled
        self._open, self._settled = (), ()
        for event in (event for one in settled for event in settlement_events(one, now_s)):
            self._bus.publish(event)
        return tuple(debt for one in settled for debt in confirmed_debts(one, now_s))

    def learn(self, visit: Visit) -> None:
        """Of a visit that is over all payments are known."""
        self._delays.learn(visit)

    async def write_down(self) -> None:
        """What was learned outlives a restart."""
        await self._delays.write_down()


def settlement_events(
    settled: Settlement, now_s: float
) -> Iterator[IssueConfirmed | IssueWithdrawn | IssueAmended]:
    """What is told of a provisional issue once the store is empty."""
    if not settled.confirmed:
        yield IssueWithdrawn(now_s, settled.issue_id)
        return
    for product, count in settled.withdrawn.items():
        yield IssueAmended(now_s, settled.issue_id, product, count, "")
    yield IssueConfirmed(now_s, settled.issue_id)


def confirmed_debts(settled: Settlement, now_s: float) -> tuple[Debt, ...]:
    """What of a provisional issue stands."""
    confirmed = settled.confirmed.items()
    return tuple(Debt(settled.issue_id, now_s, product, count) for product, count in confirmed)


def _case(
    visit: Visit, late: Mapping[str, Sequence[Movement]], now_s: float, told_s: float
) -> Case:
    missing = tuple(
        Discrepancy(
            name,
            visit.shelf.get(name, 0),
            visit.shelf.get(name, 0) + len(moved),
            min(movement.certainty for movement in moved),
        )
        for name, moved in late.items()
    )
    steps = Counter(movement for moved in late.values() for movement in moved)
    reasons = [Reason("taken", step.product, units, step) for step, units in steps.items()]
    reasons += [Reason("overdue", name, len(m), until_s=told_s) for name, m in late.items()]
    return Case(f"{visit.id} at {now_s}", visit, missing, tuple(reasons), is_provisional=True)
