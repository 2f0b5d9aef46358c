"""A store that is never empty: which goods have waited too long for their payment.

In a visit of many customers the sums say little: somebody else's payment would hide the unpaid
unit. So each payment is matched with a unit that was taken shortly before it, and what stays
unmatched for longer than people take to pay is overdue.
"""

import math
from bisect import insort
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from storeguard.domain.arriving import parted
from storeguard.domain.balance import PREPAID_FOR_S
from storeguard.domain.ledger import Debt, Movement, Visit
from storeguard.domain.promotions import granted, units_of

USUAL_PATIENCE_S = 240.0
"""Customers pay 5 to 180 s after taking; the margin is for the settling of the shelf."""

SHORTEST_PATIENCE_S, LONGEST_PATIENCE_S = 60.0, 900.0
FEWEST_DELAYS = 50
MOST_DELAYS = 1000
SLOWEST_SHARE = 0.99
MARGIN = 1.5


@dataclass(frozen=True, slots=True)
class Taken:
    """One unit that left a shelf, and when it was paid; None while it is not."""

    movement: Movement
    paid_s: float | None = None

    @property
    def is_paid(self) -> bool:
        return self.paid_s is not None


def matched(visit: Visit, product: str, patience_s: float) -> tuple[Taken, ...]:
    """Every unit of the product that was taken and not put back, oldest first, with its payment.

    A put-back undoes the latest taking. A payment is for the latest unpaid unit, for whoever
    pays has just taken it; for the oldest if none was taken within `patience_s`; for the next
    one if somebody pays first. A refund undoes the latest payment, unless something was brought
    that nobody had taken: it is for that.
    """
    hands = _Hands()
    for t_s, is_again, what in _in_order(visit, product):
        if isinstance(what, Movement) and is_again:
            hands.again -= what.units
        elif isinstance(what, Movement):
            hands.move(what)
        elif what > 0:
            for _ in range(what):
                hands.pay(t_s, patience_s)
        else:
            for _ in range(-what):
                hands.refund()
    return tuple(hands.units)


def overdue(visit: Visit, told_s: float, patience_s: float) -> dict[str, tuple[Movement, ...]]:
    """Product → the movement behind each unit that has not been paid for `patience_s`.

    `told_s`: all sales until then are known; now, where every source tells each at once.

    Products on faulty or unclear scales are left to the end of the visit (of a scale that has
    recovered what was taken before then), and units that a promotion allows are none of these.
    """
    found: dict[str, tuple[Movement, ...]] = {}
    for product in sorted({m.product for m in visit.movements if m.units < 0}):
        if product in visit.uncertain:
            continue
        unpaid = (unit.movement for unit in known(visit, product, patience_s))
        late = tuple(moved for moved in unpaid if told_s - moved.settled_s > patience_s)
        if late:
            found[product] = late
    return _beyond_promotions(visit, found)


def known(visit: Visit, product: str, patience_s: float) -> tuple[Taken, ...]:
    """The units that are not paid for certain, oldest first.

    What went while a scale was out nobody knows. Once it has recovered, its steps are as good as
    any; but not while something of before is open, for that may be what is paid later.
    """
    unpaid = tuple(unit for unit in matched(visit, product, patience_s) if not unit.is_paid)
    if product not in visit.unverified:
        return unpaid
    since_s = visit.sound_since.get(product, math.inf)
    is_open = any(unit.movement.started_s <= since_s for unit in unpaid)
    return () if is_open else unpaid


def known_since_recovery(visit: Visit) -> dict[str, int]:
    """Product → units that are not paid for certain in the end, though its scale was out.

    None where an amount, or what was paid too much of another product, may have been for them.
    """
    if _may_be_for_others(visit):
        return {}
    left = overdue(visit, math.inf, LONGEST_PATIENCE_S)
    return {name: len(units) for name, units in left.items() if name in visit.unverified}


def left_to_the_shelf(visit: Visit, reported: Iterable[Debt]) -> frozenset[str]:
    """Provisional issues that the visit cannot settle: a scale of theirs has failed since."""
    if _may_be_for_others(visit):
        return frozenset()
    since_s = visit.sound_since
    return frozenset(
        debt.issue_id
        for debt in reported
        if debt.product in visit.unverified and since_s.get(debt.product, math.inf) > debt.t_s
    )


def _may_be_for_others(visit: Visit) -> bool:
    """Was an amount paid, or too much of a product?"""
    is_over = any(visit.balance(name).overpaid for name in visit.paid)
    return is_over or any(sale.won for sale in visit.sales)


def _beyond_promotions(
    visit: Visit, late: dict[str, tuple[Movement, ...]]
) -> dict[str, tuple[Movement, ...]]:
    """The oldest units are taken for the free ones."""
    wanted = {product: len(units) for product, units in late.items()}
    free = units_of(granted(wanted, visit.paid - visit.promoted, visit.promotions))
    return {
        product: units[free[product] :] for product, units in late.items() if units[free[product] :]
    }


def delays_s(visit: Visit, until_s: float = math.inf) -> tuple[float, ...]:
    """Seconds from taking to paying, of every unit that was paid after it was taken.

    `until_s`: only payments until then. Not of what was unpaid for longer than anybody waits:
    whose payment has found it nobody knows.
    """
    products = sorted({movement.product for movement in visit.movements})
    units = (unit for product in products for unit in matched(visit, product, LONGEST_PATIENCE_S))
    paid = ((u.movement.started_s, u.paid_s) for u in units if u.paid_s is not None)
    found = (paid_s - taken_s for taken_s, paid_s in paid if paid_s <= until_s)
    return tuple(delay_s for delay_s in found if 0 < delay_s <= LONGEST_PATIENCE_S)


def patience_of(delays: Collection[float]) -> float:
    """How long to wait for a payment: by the slowest in a hundred, with a margin; bounded."""
    if len(delays) < FEWEST_DELAYS:
        return USUAL_PATIENCE_S
    slowest_s = sorted(delays)[int(SLOWEST_SHARE * (len(delays) - 1))]
    return min(LONGEST_PATIENCE_S, max(SHORTEST_PATIENCE_S, MARGIN * slowest_s))


def _in_order(visit: Visit, product: str) -> Iterator[tuple[float, bool, Movement | int]]:
    """When, whether it came and went (`arriving.Parted.again`), and a movement or units paid."""
    moved_by_customers = (m for m in visit.movements if not visit.is_theirs(m))
    goods, again = parted(m for m in moved_by_customers if m.product == product)
    moved: list[tuple[float, int, Movement | int]] = [(m.counts_s, 0, m) for m in goods]
    moved += [(m.counts_s, 1, m) for m in again]
    sold = [(sale.t_s, 2, sale.count) for sale in visit.sales if sale.product == product]
    for t_s, kind, what in sorted([*moved, *sold], key=lambda entry: entry[:2]):
        yield t_s, kind == 1, what


@dataclass(slots=True)
class _Hands:
    """Units that are out, and which of them are unpaid, by index: in hours there are hundreds, and
    few unpaid; when those were paid that nobody has taken yet; units brought. `again`, `fresh_s`:
    as of a balance."""

    units: list[Taken] = field(default_factory=list)
    unpaid: list[int] = field(default_factory=list)
    credits_s: list[float] = field(default_factory=list)
    brought: int = 0
    again: int = 0
    fresh_s: list[float] = field(default_factory=list)

    def move(self, movement: Movement) -> None:
        for _ in range(-movement.units):
            paid_s = self._payment(movement.counts_s)
            if paid_s is None:
                self.unpaid.append(len(self.units))
            self.units.append(Taken(movement, paid_s))
        for _ in range(movement.units):
            self._put_back()

    def _payment(self, t_s: float) -> float | None:
        """When somebody paid for a unit that is taken only then; None where nobody has."""
        if self.credits_s:
            return self.credits_s.pop(0)
        self.fresh_s = [paid_s for paid_s in self.fresh_s if t_s - paid_s <= PREPAID_FOR_S]
        if not self.fresh_s:
            return None
        self.again += 1
        return self.fresh_s.pop()

    def _put_back(self) -> None:
        if self.unpaid:
            self.units.pop(self.unpaid.pop())
        elif self.units:
            paid_s = self.units.pop().paid_s
            assert paid_s is not None
            self.credits_s.append(paid_s)
        else:
            self.brought += 1

    def pay(self, t_s: float, patience_s: float) -> None:
        if not self.unpaid and self.again:
            self.again -= 1
            self.fresh_s.append(t_s)
            return
        if not self.unpaid:
            self.credits_s.append(t_s)
            return
        fresh = [i for i in self.unpaid if t_s - self.units[i].movement.settled_s <= patience_s]
        i = fresh[-1] if fresh else self.unpaid[0]
        self.unpaid.remove(i)
        self.units[i] = Taken(self.units[i].movement, t_s)

    def refund(self) -> None:
        if self.credits_s:
            self.credits_s.pop()
            return
        if self.brought:
            self.brought -= 1
            return
        paid = [i for i, unit in enumerate(self.units) if unit.is_paid]
        for i in paid[-1:]:
            self.units[i] = Taken(self.units[i].movement, None)
            insort(self.unpaid, i)
