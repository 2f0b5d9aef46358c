"""One product of one visit in the order of time: what is owed that the sums do not show.

A delivery in a visit raises the sum as a payment does; but goods that came before others were
taken pay for nothing, and what was paid for some of them pays for no others.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from storeguard.domain.arriving import parted
from storeguard.domain.movement import Movement

PREPAID_FOR_S = 120.0
"""So long before he takes it, or is seen, somebody may have paid: a sale with nobody seen waits so
long for its visit."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Units taken and neither paid nor put back, and units paid beyond what was taken."""

    unpaid: int = 0
    overpaid: int = 0


@dataclass(slots=True)
class _Running:
    """`paid`: units that are out of the store; `brought`: units on the shelf from outside.
    `again`: units that came and went, and that nobody owes; `fresh_s`: when some of them were
    paid: whoever takes others soon after may have paid for those."""

    unpaid: int = 0
    overpaid: int = 0
    paid: int = 0
    brought: int = 0
    again: int = 0
    fresh_s: list[float] = field(default_factory=list)

    def move(self, t_s: float, units: int) -> None:
        if units < 0:
            paid = min(self.overpaid, -units)
            self.overpaid -= paid
            paid += self._meant_for_others(t_s, -units - paid)
            self.paid += paid
            self.unpaid += -units - paid
            return
        back = min(self.unpaid, units)
        paid = min(self.paid, units - back)
        self.unpaid -= back
        self.paid -= paid
        self.overpaid += paid
        self.brought += units - back - paid

    def _meant_for_others(self, t_s: float, units: int) -> int:
        soon = [paid_s for paid_s in self.fresh_s if t_s - paid_s <= PREPAID_FOR_S]
        kept = soon[: max(0, len(soon) - units)]
        used = len(soon) - len(kept)
        self.fresh_s, self.again = kept, self.again + used
        return used

    def pay(self, t_s: float, units: int) -> None:
        """Money given back is for what was paid too much or brought back, before it is a debt."""
        if units >= 0:
            paid = min(self.unpaid, units)
            fresh = min(self.again, units - paid)
            self.unpaid -= paid
            self.paid += paid
            self.again -= fresh
            self.fresh_s += [t_s] * fresh
            self.overpaid += units - paid - fresh
            return
        over = min(self.overpaid, -units)
        brought = min(self.brought, -units - over)
        again = min(self.paid, -units - over - brought)
        self.overpaid -= over
        self.brought -= brought
        self.paid -= again
        self.unpaid += again


def balance(movements: Iterable[Movement], sales: Iterable[tuple[float, int]]) -> Balance:
    """`movements` of customers; `sales`: when, and units paid, negative is a refund.

    At one instant what has moved counts first.
    """
    goods, again = parted(movements)
    moved = [(one.counts_s, 0, one.units) for one in goods]
    went = [(one.counts_s, 1, -one.units) for one in again]
    paid = [(t_s, 2, count) for t_s, count in sales]
    running = _Running()
    for t_s, kind, units in sorted([*moved, *went, *paid], key=lambda one: one[:2]):
        if kind == 0:
            running.move(t_s, units)
        elif kind == 1:
            running.again += units
        else:
            running.pay(t_s, units)
    return Balance(running.unpaid, running.overpaid)
