"""Promotions that nobody has declared: what the judged visits look like.

At a first visit nothing tells "took two, paid one" from a theft of one; only what is sold by a
name of its own, and weighed nowhere, hints at a set. What is left is repetition.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import gcd

from storeguard.domain.ledger import Ledger
from storeguard.domain.product import Product, Stock, positive
from storeguard.domain.promotions import (
    Bonus,
    Bundle,
    MaybeSet,
    Package,
    Promotion,
    granted,
    units_of,
)

MOST_BOUGHT, MOST_FREE = 5, 3
RATIOS = tuple(
    (buy, free)
    for buy in range(1, MOST_BOUGHT + 1)
    for free in range(1, MOST_FREE + 1)
    if gcd(buy, free) == 1
)
"""Bought and free units of the promotions that are looked for; 2+2 is 1+1 twice."""

FEWEST_VISITS = 3
"""So many visits have to fit. Of ten visits that take as many as a promotion is about, at most one
takes exactly its free units unpaid where there is none; one product in a hundred has a promotion
that the owner forgot to declare. So two such visits are as likely two thieves, three in a row are
ten times likelier a promotion."""

WITHIN_DAYS = 7
"""Of each other: customers who use a promotion come day after day, one who takes two and pays one
comes back now and then."""

MOST_VISITS = 20
STEADY = 0.9
"""Of a product's last visits that could have used it, so many have: where honest customers
buy two and pay two, no thief makes a pattern."""

MOSTLY = 0.5
"""What is sold more often without anything unpaid beside it is goods of its own, and no set."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A product in a judged visit: units taken, and units that the kiosk recorded."""

    product: str
    taken: int
    recorded: int
    day: date = date.min


@dataclass(frozen=True, slots=True)
class Seen:
    """A judged visit: product → units taken, and units that the kiosk recorded.

    `unclear`: products of which it says nothing about promotions.
    """

    visit_id: str
    day: date
    taken: Stock
    paid: Stock
    unclear: frozenset[str] = frozenset()

    @property
    def lacking(self) -> dict[str, int]:
        """Units taken beyond those recorded, of what is clear."""
        clear = (name for name in self.taken if name not in self.unclear)
        return positive({n: self.taken[n] - max(0, self.paid.get(n, 0)) for n in clear})

    def observed(self) -> tuple[Observed, ...]:
        products = sorted(set(self.taken) - self.unclear)
        return tuple(Observed(n, self.taken[n], self.paid.get(n, 0), self.day) for n in products)


def proposed(
    history: Sequence[Observed], declared: Sequence[Promotion], rejected: Sequence[str] = ()
) -> tuple[Bonus, ...]:
    """Promotions that the visits look like and nobody has declared; `history`: oldest first.

    Only of single products. `declared` are those in force, `rejected` the names of those that
    the owner knows to be none.
    """
    known = {product for promotion in declared for product in promotion.products}
    found = []
    for product in sorted({seen.product for seen in history} - known):
        last = [seen for seen in history if seen.product == product][-MOST_VISITS:]
        bonus = _pattern(product, last)
        if bonus is not None and bonus.name not in rejected:
            found.append(bonus)
    return tuple(found)


def _pattern(product: str, visits: Sequence[Observed]) -> Bonus | None:
    for buy, free in RATIOS:
        could = [(seen, fit) for seen in visits if (fit := _fit(seen, buy, free)) is not None]
        days = [seen.day for seen, fit in could if fit]
        if _are_together(days) and len(days) >= STEADY * len(could):
            name = f"{product} {buy}+{free}"
            return Bonus(name, (product,), buy, free, is_proposed=True)
    return None


def _are_together(days: Sequence[date]) -> bool:
    """Enough visits, the newest of them within a few days; `days`: oldest first."""
    newest = days[-FEWEST_VISITS:]
    return len(newest) == FEWEST_VISITS and (newest[-1] - newest[0]).days <= WITHIN_DAYS


def _fit(seen: Observed, buy: int, free: int) -> bool | None:
    """Did the visit use exactly such a promotion? None where it could not have."""
    if seen.recorded <= 0 or (seen.taken <= seen.recorded and seen.taken < buy + free):
        return None
    times, rest = divmod(seen.recorded, buy)
    return rest == 0 and seen.taken == seen.recorded + times * free


Parts = tuple[tuple[str, int], ...]


def maybe_sets(
    goods: Sequence[Product], history: Sequence[Seen], known: Collection[str]
) -> tuple[MaybeSet, ...]:
    """What the kiosk sells that cannot be weighed, and that has not shown to be goods of its own.

    `known`: names that the owner has declared, or knows to be no promotion.
    """
    prices = tuple((one.name, one.price_won) for one in goods if one.is_weighable)
    return tuple(
        MaybeSet(one.name, one.price_won, prices)
        for one in goods
        if not one.is_weighable and one.name not in known and not _is_goods(one.name, history)
    )


def _is_goods(name: str, history: Sequence[Seen]) -> bool:
    sold = _sold(name, history)
    return sum(not seen.lacking for seen in sold) > MOSTLY * len(sold)


def _sold(name: str, history: Sequence[Seen]) -> list[Seen]:
    """The last visits that it was sold in, and that are clear."""
    return [s for s in history if s.paid.get(name, 0) > 0 and not s.unclear][-MOST_VISITS:]


def proposed_sets(
    maybe: Sequence[MaybeSet], history: Sequence[Seen]
) -> tuple[Bundle | Package, ...]:
    """With what is likely in them: at once where it is worth about the price, else once steady."""
    found = (_likely(one, _sold(one.name, history)) for one in maybe)
    return tuple(one for one in found if one is not None)


def _likely(one: MaybeSet, sold: Sequence[Seen]) -> Bundle | Package | None:
    seen = [(parts, visit.day) for visit in sold if (parts := _parts(visit, one.name))]
    if not seen:
        return None
    counted = Counter(parts for parts, _ in seen)
    likeliest = counted.most_common(1)[0][0]
    is_hinted = any(one.may_be(dict(parts)) for parts in counted)
    if not is_hinted and not _are_together([day for parts, day in seen if parts == likeliest]):
        return None
    sizes = {sum(count for _, count in parts) for parts in counted}
    if len(counted) > 1 and len(sizes) == 1 and sizes != {1}:
        products = tuple(sorted({name for parts in counted for name, _ in parts}))
        return Bundle(one.name, products, sizes.pop(), one.price_won, is_proposed=True)
    return Package(one.name, likeliest, one.price_won, is_proposed=True)


def _parts(visit: Seen, name: str) -> Parts:
    """What went unpaid beside each that was sold; nothing where it cannot be shared out."""
    sold, lacking = visit.paid[name], sorted(visit.lacking.items())
    if any(count % sold for _, count in lacking):
        return ()
    return tuple((product, count // sold) for product, count in lacking)


Proposal = Bonus | Bundle | Package


def explained(history: Sequence[Seen], proposal: Proposal) -> dict[str, Stock]:
    """Visit → units of it that the proposal explains, of its newest visits."""
    units = [(s, units_of(granted(s.lacking, s.paid, (proposal,)))) for s in history]
    fitting = [(seen, dict(free)) for seen, free in units if free]
    newest = max((seen.day for seen, _ in fitting), default=date.min)
    return {s.visit_id: free for s, free in fitting if (newest - s.day).days <= WITHIN_DAYS}


def forgiven(ledger: Ledger, issue_id: str, units: Stock) -> Ledger:
    """These units of a sealed issue are no longer owed."""
    left = Counter(units)
    debts = []
    for debt in ledger.debts:
        off = min(debt.count, left[debt.product]) if debt.issue_id == issue_id else 0
        left[debt.product] -= off
        debts += [replace(debt, count=debt.count - off)] if debt.count > off else []
    return replace(ledger, debts=tuple(debts))
