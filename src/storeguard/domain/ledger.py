"""One visit's movements over all scales against its sales.

The ledger holds the visit that is going on and those that have ended but are not judged
yet. A movement belongs to the visit in which it *began*; a sale to the oldest visit in its
grace that still owes this product, otherwise to the current one.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from storeguard.domain.balance import PREPAID_FOR_S, Balance, balance
from storeguard.domain.doubts import Doubt
from storeguard.domain.movement import Movement as Movement
from storeguard.domain.product import Stock
from storeguard.domain.promotions import Offer, granted, units_of

LATE_FOR_S = 1800.0
"""A payment so long after the issue still amends it."""

LONGEST_WAIT_S = 120.0
"""A kiosk that forgot its basket, or a scale that never comes to rest, delays no longer."""

MOMENT_S = 0.01
"""What happens in the last instant of the grace is still in it, however clocks round."""


@dataclass(frozen=True, slots=True)
class SaleLine:
    """Units paid for; negative is a refund.

    `won` is an amount paid without naming a product, which is '' then, and its count 0.
    `promoted` as in SaleMade.
    """

    t_s: float
    sale_id: str
    product: str
    count: int
    won: int = 0
    promoted: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """What began between the two instants is the owner's, the cleaner's or the staff's."""

    who: str
    from_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class Awaiting:
    """Since when only sales are missing to judge a visit, and how many lines were known then."""

    since_s: float
    sales_known: int


@dataclass(frozen=True, slots=True)
class Visit:
    """From the first person seen to the empty store.

    `last_seen_s` and `emptied_s` are None while somebody is inside. `shelf` is what the
    shelves showed at its end. `unverified` are products on scales that failed meanwhile;
    `sound_since` those of them whose scale has recovered, and when;
    `uncertain` maps a product to the least and most units that may have been taken, `certainty`
    to the probability of what is said of it in the end, all its steps known; `named` to that of
    its name, where it is the likeliest of several; `overpaid` of those in doubt to the most units
    that may have been paid beyond what has left. `doubts`: why a count is uncertain or unverified.
    `promotions` were in force at some time of it. `marks` say what of it is no customer's.
    `awaiting`: a source of sales is late. `yielded`: payments that an earlier visit got, and
    that may have been this one's.
    """

    id: str
    started_s: float
    by_step: bool = False
    last_seen_s: float | None = None
    emptied_s: float | None = None
    movements: tuple[Movement, ...] = ()
    sales: tuple[SaleLine, ...] = ()
    shelf: Stock = field(default_factory=dict)
    unverified: frozenset[str] = frozenset()
    sound_since: Mapping[str, float] = field(default_factory=dict)
    uncertain: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    certainty: Mapping[str, float] = field(default_factory=dict)
    named: Mapping[str, float] = field(default_factory=dict)
    overpaid: Mapping[str, int] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    promotions: tuple[Offer, ...] = ()
    marks: tuple[Mark, ...] = ()
    awaiting: Awaiting | None = None
    yielded: tuple[SaleLine, ...] = ()

    @property
    def net_taken(self) -> Counter[str]:
        """Units gone a product; negative where there are more than before."""
        return _net(self.movements)

    def is_theirs(self, movement: Movement) -> bool:
        """Was it moved by who restocks or cleans?"""
        return any(mark.from_s <= movement.started_s <= mark.until_s for mark in self.marks)

    @property
    def theirs(self) -> Counter[str]:
        """As `net_taken`, of what the marks cover."""
        return _net(movement for movement in self.movements if self.is_theirs(movement))

    @property
    def misplaced(self) -> Counter[str]:
        """Units put down on foreign scales a product; negative where guests of old have left."""
        misplaced: Counter[str] = Counter()
        for movement in self.movements:
            misplaced[movement.product] += movement.units if movement.is_foreign else 0
        return misplaced

    @property
    def paid(self) -> Counter[str]:
        paid: Counter[str] = Counter()
        for sale in self.sales:
            paid[sale.product] += sale.count
        return paid

    @property
    def promoted(self) -> Counter[str]:
        """Of what was paid, units that can be used for no further promotion."""
        used: Counter[str] = Counter()
        for sale in self.sales:
            used[sale.product] += min(sale.promoted, max(0, sale.count))
        return used

    def owed(self, product: str) -> int:
        """Units taken less units paid; negative where there are more than before."""
        return self.net_taken[product] - self.paid[product]

    def balance(self, product: str) -> Balance:
        """Who owes what in the order of time, which the sums do not show."""
        moved = (m for m in self.movements if m.product == product and not self.is_theirs(m))
        sold = ((one.t_s, one.count) for one in self.sales if one.product == product)
        return balance(moved, sold)

    def owes(self, product: str) -> int:
        """Units, or sets of this name, still to be paid as far as is known now."""
        if not self.promotions:
            return self.unpaid(product)
        names = {*self.net_taken, *self.paid}
        wanted = +Counter({name: self.unpaid(name) for name in names})
        free = units_of(granted(wanted, self.paid - self.promoted, self.promotions))
        by_name = (one.unpaid(wanted - free) for one in self.promotions if one.name == product)
        return max(0, self.unpaid(product) - free[product], *by_name)

    def unpaid(self, product: str) -> int:
        """Units taken and not paid, also where the sums hide them behind what was brought."""
        return max(0, self.owed(product), self.balance(product).unpaid)


def _net(movements: Iterable[Movement]) -> Counter[str]:
    net: Counter[str] = Counter()
    for movement in movements:
        net[movement.product] -= movement.units
    return net


@dataclass(frozen=True, slots=True)
class Debt:
    """Units of a sealed issue that may still be paid."""

    issue_id: str
    t_s: float
    product: str
    count: int


@dataclass(frozen=True, slots=True)
class Credit:
    """Units by which a judged visit raised the kiosk book: `is_paid` twice, or put back."""

    t_s: float
    product: str
    count: int
    is_paid: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """Visits not judged yet, oldest first, at most the last of them still going on.

    `grace_s`: so long after the last person was seen a payment may still be theirs. `prepaid`
    waits for its visit, a refund there for what is put back. `credits`: units that judged
    visits paid or brought too many, so that the kiosk book was raised by them. `unseen`: payments
    that a leaver's visit got while nobody was inside: whoever came soon after may have paid.
    """

    visits: tuple[Visit, ...] = ()
    prepaid: tuple[SaleLine, ...] = ()
    debts: tuple[Debt, ...] = ()
    credits: tuple[Credit, ...] = ()
    unseen: tuple[SaleLine, ...] = ()
    grace_s: float = math.inf

    @property
    def current(self) -> Visit | None:
        """The visit of whoever is inside."""
        return self.visits[-1] if self.visits and self.visits[-1].emptied_s is None else None


def open_visit(ledger: Ledger, visit_id: str, started_s: float, *, by_step: bool) -> Ledger:
    """Somebody is in the store; sales made shortly before by nobody are theirs, and those that a
    leaver's visit got may be."""
    prepaid = tuple(
        s for s in ledger.prepaid if s.count >= 0 and started_s - s.t_s <= PREPAID_FOR_S
    )
    refunds = tuple(s for s in ledger.prepaid if s.count < 0 and started_s - s.t_s <= LATE_FOR_S)
    unseen = tuple(s for s in ledger.unseen if started_s - s.t_s <= PREPAID_FOR_S)
    visit = Visit(visit_id, started_s, by_step=by_step, sales=prepaid, yielded=unseen)
    return replace(ledger, visits=(*ledger.visits, visit), prepaid=refunds, unseen=unseen)


def offer(ledger: Ledger, promotions: tuple[Offer, ...]) -> Ledger:
    """These are in force now: for every visit that is not judged yet, beside those it had.

    So a customer may take before midnight what he pays after it.
    """
    if all(promotion in visit.promotions for visit in ledger.visits for promotion in promotions):
        return ledger
    visits = (
        replace(visit, promotions=tuple(dict.fromkeys((*visit.promotions, *promotions))))
        for visit in ledger.visits
    )
    return replace(ledger, visits=tuple(visits))


def rename_visit(ledger: Ledger, visit_id: str, new_id: str) -> Ledger:
    """Its label turned out to be taken: the clock has jumped back to an old visit's instant."""
    visits = (replace(v, id=new_id) if v.id == visit_id else v for v in ledger.visits)
    return replace(ledger, visits=tuple(visits))


def end_visit(ledger: Ledger, last_seen_s: float, emptied_s: float) -> Ledger:
    """The store is empty: what the shelves show from now on is no longer this visit's."""
    visit = ledger.current
    if visit is None:
        return ledger
    return _with(ledger, replace(visit, last_seen_s=last_seen_s, emptied_s=emptied_s))


def began_by(visit: Visit, t_s: float) -> bool:
    """Had it begun when the visit was over? Else it is a later visitor's."""
    return visit.emptied_s is None or t_s <= visit.emptied_s


def add_movement(ledger: Ledger, movement: Movement) -> Ledger:
    """Books the movement on its visit; without any open visit it is nobody's."""
    visit = visit_of(ledger, movement.started_s)
    if visit is None:
        return ledger
    return _with(ledger, replace(visit, movements=(*visit.movements, movement)))


def visit_of(ledger: Ledger, began_s: float) -> Visit | None:
    """The first open visit that was not over when something began, else the last.

    What began between two visits belongs to the later one: a person is seen a moment after
    the door has moved the air.
    """
    not_over = (visit for visit in ledger.visits if not _is_over(visit, began_s))
    return next(not_over, ledger.visits[-1] if ledger.visits else None)


def _is_over(visit: Visit, t_s: float) -> bool:
    return visit.emptied_s is not None and visit.emptied_s < t_s


def add_sale(ledger: Ledger, sale: SaleLine) -> Ledger:
    """Books a sale.

    One line is one customer's: it is the first's who owes all of its units, else they are
    shared out. In this order (design rule 11): the oldest ended visit in its grace that owes the
    product, the visit of whoever was inside (a sale may be told late), the visit that waits for
    its sales, or that took it as a free unit of a promotion, which this kiosk records too, the
    next visit. A sealed issue that is still owed gets it once no visitor has come for it
    (`prepaid.lapsed`): whoever pays before he is seen is not to be accused for want of his payment.
    Refunds have a module of their own.
    """
    whole = next((v for v in _payers(ledger, sale) if v.owes(sale.product) >= sale.count), None)
    if whole is not None:
        return _pay(ledger, whole, sale)
    left = sale.count
    for visit in ledger.visits:
        share = min(left, visit.owes(sale.product)) if takes(ledger, visit, sale.t_s) else 0
        if share > 0:
            ledger = _pay(ledger, visit, replace(sale, count=share))
            left -= share
    if left == 0:
        return ledger
    if (visit_now := inside(ledger, sale.t_s)) is not None:
        return book(ledger, visit_now, replace(sale, count=left))
    kept = min(left, sum(d.count for d in ledger.debts if _may_pay(sale, d)))
    left -= kept
    for visit in ledger.visits:
        share = min(left, visit.owed(sale.product))
        if share > 0:
            ledger = book(ledger, visit, replace(sale, count=share))
            left -= share
    if left + kept:
        ledger = replace(ledger, prepaid=(*ledger.prepaid, replace(sale, count=left + kept)))
    return ledger


def _may_pay(sale: SaleLine, debt: Debt) -> bool:
    return debt.product == sale.product and sale.t_s - debt.t_s <= LATE_FOR_S


def _payers(ledger: Ledger, sale: SaleLine) -> Iterator[Visit]:
    yield from (visit for visit in ledger.visits if takes(ledger, visit, sale.t_s))
    if (visit_now := inside(ledger, sale.t_s)) is not None:
        yield visit_now


def takes(ledger: Ledger, visit: Visit, paid_s: float) -> bool:
    """May a payment of that instant be an ended visit's? In its grace, and not before it came."""
    if visit.emptied_s is None or visit.last_seen_s is None:
        return False
    is_waiting_since_s = math.inf if visit.awaiting is None else visit.awaiting.since_s
    until_s = min(visit.last_seen_s + ledger.grace_s + MOMENT_S, is_waiting_since_s)
    return visit.started_s - PREPAID_FOR_S <= paid_s <= until_s


def inside(ledger: Ledger, t_s: float) -> Visit | None:
    """The visit of whoever was inside then, or came soon after."""
    for visit in ledger.visits:
        has_left = visit.emptied_s is not None and visit.emptied_s <= t_s
        if not has_left and visit.started_s - PREPAID_FOR_S <= t_s:
            return visit
    return None


def _pay(ledger: Ledger, visit: Visit, sale: SaleLine) -> Ledger:
    """Books a payment by the rule; every other visit that it may as well have been remembers it.

    Nobody saw who paid: where two owe the same product, the earlier visit gets what the later
    one has perhaps paid. So it does where the later one, inside by then, has yet to take it, or
    the scale to come to rest; and where nobody is inside, but somebody comes soon.
    """
    visit_now = inside(ledger, sale.t_s)
    if visit_now is None:
        ledger = replace(ledger, unseen=(*ledger.unseen, sale))
    others = [v for v in _payers(ledger, sale) if v is visit_now or v.owes(sale.product) > 0]
    for other in (one for one in others if one.id != visit.id):
        ledger = _with(ledger, replace(other, yielded=(*other.yielded, sale)))
    return book(ledger, visit, sale)


def settle_debts(
    ledger: Ledger, product: str, count: int, now_s: float
) -> tuple[Ledger, tuple[tuple[Debt, int], ...]]:
    """Pays up to `count` units of the oldest debts of this product; forgets the stale ones."""
    left, kept, paid = max(0, count), [], []
    for debt in ledger.debts:
        if now_s - debt.t_s > LATE_FOR_S:
            continue
        share = min(left, debt.count) if debt.product == product else 0
        left -= share
        if share:
            paid.append((debt, share))
        if debt.count > share:
            kept.append(replace(debt, count=debt.count - share))
    return replace(ledger, debts=tuple(kept)), tuple(paid)


def due(
    visit: Visit, now_s: float, grace_s: float, *, is_settled: bool, is_basket_open: bool
) -> bool:
    """Is the visit to be judged: store emptied, scales settled, no open basket, grace over?"""
    if visit.emptied_s is None or visit.last_seen_s is None:
        return False
    if now_s < visit.last_seen_s + grace_s + MOMENT_S:
        return False
    if now_s >= visit.emptied_s + LONGEST_WAIT_S:
        return True
    return is_settled and not is_basket_open


def close_visit(ledger: Ledger, visit: Visit) -> Ledger:
    """The visit has been judged."""
    return replace(ledger, visits=tuple(v for v in ledger.visits if v.id != visit.id))


def book(ledger: Ledger, visit: Visit, sale: SaleLine) -> Ledger:
    return _with(ledger, replace(visit, sales=(*visit.sales, sale)))


def _with(ledger: Ledger, visit: Visit) -> Ledger:
    return replace(ledger, visits=tuple(visit if v.id == visit.id else v for v in ledger.visits))
