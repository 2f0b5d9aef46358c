"""One product of one visit in the order of time: what is owed that the sums do not show.

A delivery in a visit raises the sum as a payment does; but goods that came before others were
taken pay for nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from storeguard.domain.arriving import goods_moved
from storeguard.domain.movement import Movement


@dataclass(frozen=True, slots=True)
class Balance:
    """Units taken and neither paid nor put back, and units paid beyond what was taken."""

    unpaid: int = 0
    overpaid: int = 0


@dataclass(slots=True)
class _Running:
    """`paid`: units that are out of the store; `brought`: units on the shelf from outside."""

    unpaid: int = 0
    overpaid: int = 0
    paid: int = 0
    brought: int = 0

    def move(self, units: int) -> None:
        if units < 0:
            paid = min(self.overpaid, -units)
            self.overpaid -= paid
            self.paid += paid
            self.unpaid += -units - paid
            return
        back = min(self.unpaid, units)
        paid = min(self.paid, units - back)
        self.unpaid -= back
        self.paid -= paid
        self.overpaid += paid
        self.brought += units - back - paid

    def pay(self, units: int) -> None:
        """Money given back is for what was paid too much or brought back, before it is a debt."""
        if units >= 0:
            paid = min(self.unpaid, units)
            self.unpaid -= paid
            self.paid += paid
            self.overpaid += units - paid
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
    moved = [(one.counts_s, 0, one.units) for one in goods_moved(movements)]
    paid = [(t_s, 1, count) for t_s, count in sales]
    running = _Running()
    for _, kind, units in sorted([*moved, *paid], key=lambda one: one[:2]):
        running.pay(units) if kind else running.move(units)
    return Balance(running.unpaid, running.overpaid)
