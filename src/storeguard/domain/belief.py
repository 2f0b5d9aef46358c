"""What may lie where: hypotheses about all scales and the hands of whoever is inside.

A hypothesis says how many units of which products lie on each scale, what the visitors of now
hold, and whether something lies there that is no product. Its probability comes from the
weights alone. Units that have moved together are a *lot*: what they weighed is known from then
on, so that a bottle that is put down again is told from another of its kind.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from storeguard.domain.drift import HELD_FOR_S
from storeguard.domain.product import Product

SURE = 0.9
"""A count is certain from this probability on, and an issue tells its own: a decision, between
thieves that are found and wrong names."""

CONSIDERED = 0.02
"""Counts that are less probable, taken together, are left out of the range of an uncertain one."""

LEAST_LOG_P = -9.0
"""An hypothesis so much less likely than the best is given up."""

MOST_HYPOTHESES = 32

LEAST_HIDING = 0.25
"""What weighs less than a quarter of a unit is none of it, not even an opened one."""

LEFT_BEHIND = math.log(1000.0)
"""Who puts a bag or a cup on a shelf takes it along. One that stays, weighs like whole units and is
fetched in another visit cannot be told from a delivery that is stolen; the theft is believed."""

NO_SALES: Mapping[str, int] = MappingProxyType({})


RETURNED_WITHIN_S = 180.0
"""What was paid so long ago is out of the store: nobody has his money given back for it here."""


class Lot(NamedTuple):
    """Units of a product that moved together, what they weighed, and how exactly that is known.

    `paid_s`: since when they are paid for; None: not yet.
    """

    product: str
    units: int
    grams: float
    sd_g: float
    since_s: float
    paid_s: float | None = None


class Load(NamedTuple):
    """One scale. `own`: units of its products, in their order; `guests`: of others.

    `base_g` is the level that these weigh. `object_g`: what lies there beside them and is no
    product, or hides what moved; None where there is nothing of that kind. `is_left`: that was
    there already when this visit began, so it hides nothing of it. `object_s`: since when,
    at the earliest; `object_by_s`: by when it lay as it does; `object_sd_g`: how exactly it was
    weighed. `beneath`: as it was before a hand came on top of that, which may go again. `is_hand`:
    it shook. `has_stayed`: whoever may have brought it is out of the store. `jumped_g`: what of a
    jump that no level shows yet was goods; `jumped_s`: since when, as of the last of it.
    `is_shift`: the level may be another without anything there (`shifting`); `is_pressed`: after
    weight was beyond both levels. `paid_for`: own units that were paid, and not seen to be taken,
    in the visit that left it there; empty where that owes something. `base_sd_g`: one sigma of
    `base_g`, of what has not been weighed alone since the start.
    """

    own: tuple[int, ...]
    guests: tuple[Lot, ...]
    base_g: float
    object_g: float | None = None
    is_left: bool = False
    object_s: float = -math.inf
    is_hand: bool = False
    object_by_s: float = -math.inf
    object_sd_g: float = 0.0
    beneath: "Load | None" = None
    has_stayed: bool = False
    jumped_g: float = 0.0
    jumped_s: float = -math.inf
    is_shift: bool = False
    is_pressed: bool = True
    paid_for: tuple[int, ...] = ()
    base_sd_g: float = 0.0

    @property
    def level_g(self) -> float:
        return self.base_g + (self.object_g or 0.0)

    def jumped_by(self, now_s: float) -> float:
        """What of a jump that is held still was goods, in grams."""
        return self.jumped_g if now_s - self.jumped_s <= HELD_FOR_S else 0.0

    @property
    def is_forsaken(self) -> bool:
        """Does something lie there that its bringer would have taken along, had he gone?"""
        is_known = self.is_left or self.has_stayed or self.is_shift
        return self.object_g is not None and not is_known

    @property
    def hidden_s(self) -> float:
        """Since when something hides what moves here; never: infinite."""
        return math.inf if self.object_g is None else self.object_s


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """`log_p`: its probability, in nats. `opened`: product → units when this visit began."""

    loads: Mapping[str, Load] = field(default_factory=dict)
    hands: tuple[Lot, ...] = ()
    log_p: float = 0.0
    opened: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Belief:
    """Hypotheses, the likeliest first, and which products each scale carries.

    `goods`: scale → its products that can be weighed, in the order of `Load.own`.
    """

    goods: Mapping[str, tuple[Product, ...]] = field(default_factory=dict)
    hypotheses: tuple[Hypothesis, ...] = (Hypothesis(),)

    @property
    def likeliest(self) -> Hypothesis:
        return self.hypotheses[0]

    def product(self, name: str) -> Product:
        return next(one for each in self.goods.values() for one in each if one.name == name)

    def units(self, scale: str, load: Load) -> Counter[str]:
        """Units of each product on a scale."""
        return _added(Counter(), self.goods[scale], load)

    def totals(self, hypothesis: Hypothesis) -> Counter[str]:
        """Units of each product on all scales."""
        totals: Counter[str] = Counter()
        for scale, load in hypothesis.loads.items():
            _added(totals, self.goods[scale], load)
        return totals

    def hidden(self, scale: str, name: str = "", *, in_visit: bool = False) -> float:
        """The probability that something lies on the scale that is no product.

        `name`: and that weighs enough to be taken for a unit of it. `in_visit`: and has come, or
        changed, since this visit began.
        """
        least_g = LEAST_HIDING * self.product(name).unit_weight_g if name else 0.0
        return sum(
            math.exp(one.log_p)
            for one in self.hypotheses
            if (load := one.loads.get(scale)) is not None
            and load.object_g is not None
            and not _is_little(load, least_g)
            and not (in_visit and load.is_left)
        )


def _is_little(load: Load, least_g: float) -> bool:
    """Is it too little, what lies there or the level has shifted by, to hide so much?"""
    assert load.object_g is not None
    is_shift = load.is_shift and not load.is_pressed
    return 0 < load.object_g < least_g or (is_shift and abs(load.object_g) < least_g)


def _added(units: Counter[str], goods: tuple[Product, ...], load: Load) -> Counter[str]:
    """`units` with those of a load. Not by `Counter.update`: this is the innermost of all."""
    for product, count in zip(goods, load.own, strict=True):
        units[product.name] = units.get(product.name, 0) + count
    for lot in load.guests:
        units[lot.product] = units.get(lot.product, 0) + lot.units
    return units


def settled(belief: Belief, found: Iterable[Hypothesis]) -> Belief:
    """The belief with these hypotheses: equal ones together, the unlikely left out, sum 1."""
    together: dict[object, Hypothesis] = {}
    for one in found:
        key = _same(one)
        if key in together:
            one = _both(together[key], one)
        together[key] = one
    ordered = sorted(together.values(), key=lambda one: -one.log_p)
    best = ordered[0].log_p
    kept = [one for one in ordered[:MOST_HYPOTHESES] if one.log_p >= best + LEAST_LOG_P]
    total = best + math.log(sum(math.exp(one.log_p - best) for one in kept))
    return replace(belief, hypotheses=tuple(replace(one, log_p=one.log_p - total) for one in kept))


def _same(one: Hypothesis) -> object:
    """What makes two hypotheses the same: units, not grams."""
    loads = tuple(
        (scale, load.own, _units(load.guests), load.object_g is None)
        for scale, load in one.loads.items()
    )
    return loads, _units(one.hands), tuple(one.opened.items())


def _units(lots: Sequence[Lot]) -> tuple[tuple[str, int, bool], ...]:
    return tuple(sorted((lot.product, lot.units, lot.paid_s is None) for lot in lots))


def _both(a: Hypothesis, b: Hypothesis) -> Hypothesis:
    likelier, other = (a, b) if a.log_p >= b.log_p else (b, a)
    return replace(
        likelier, log_p=likelier.log_p + math.log1p(math.exp(other.log_p - likelier.log_p))
    )


def departed(belief: Belief) -> Belief:
    """Everybody has gone: no hand lifts a shelf or rests on it. A bag may have been forgotten."""
    return _less_likely(belief, lambda load: load.is_forsaken and _is_of_somebody(load))


def _is_of_somebody(load: Load) -> bool:
    return load.is_hand or (load.object_g or 0.0) < 0


def stayed(belief: Belief) -> Belief:
    """Somebody else comes in: what lies there still is goods rather than a forgotten bag."""
    return _less_likely(belief, lambda load: load.is_forsaken)


def entered(belief: Belief, sales: Mapping[str, int] = NO_SALES) -> Belief:
    """Somebody comes in, with nothing in hand, after somebody has left.

    `sales`: units that were paid since that one came.
    """
    belief = stayed(belief)
    found = []
    for one in belief.hypotheses:
        has = belief.totals(one)
        went = {name: one.opened.get(name, 0) - units for name, units in has.items()}
        owes = any(units > sales.get(name, 0) for name, units in went.items())
        unseen = None if owes else {n: max(0, k - went.get(n, 0)) for n, k in sales.items()}
        loads = {s: _left(load, belief.goods[s], unseen) for s, load in one.loads.items()}
        found.append(replace(one, loads=loads, hands=(), opened=has))
    return settled(belief, found)


def _less_likely(belief: Belief, is_odd: Callable[[Load], bool]) -> Belief:
    """Each hypothesis by `LEFT_BEHIND` for each such load, once; the belief itself without any."""
    found = []
    for one in belief.hypotheses:
        odd = {s: load._replace(has_stayed=True) for s, load in one.loads.items() if is_odd(load)}
        log_p = one.log_p - len(odd) * LEFT_BEHIND
        found.append(replace(one, loads={**one.loads, **odd}, log_p=log_p) if odd else one)
    is_same = all(new is one for new, one in zip(found, belief.hypotheses, strict=True))
    return belief if is_same else settled(belief, found)


def _left(load: Load, own: Sequence[Product], unseen: Mapping[str, int] | None) -> Load:
    """`unseen`: product → units that were paid and not seen to be taken; None for who owes."""
    if load.object_g is None:
        return load
    paid = () if unseen is None else tuple(unseen.get(one.name, 0) for one in own)
    paid_for = load.paid_for if load.is_left else paid
    return load._replace(is_left=True, is_hand=False, paid_for=paid_for)


def paid(belief: Belief, name: str, count: int, t_s: float) -> Belief:
    """Units taken by then are paid, the oldest first: they go out, and seldom come back.

    Who has his money given back puts them down again, so they are remembered for a while; in a
    store that is never empty hands would fill up for hours.
    """
    return settled(
        belief,
        (replace(one, hands=_paid(one.hands, name, count, t_s)) for one in belief.hypotheses),
    )


def given_back(belief: Belief, name: str, count: int) -> Belief:
    """Money for so many units was given back, the newest first: they may well be put down."""
    return settled(
        belief,
        (replace(one, hands=_given_back(one.hands, name, count)) for one in belief.hypotheses),
    )


def _given_back(hands: tuple[Lot, ...], name: str, count: int) -> tuple[Lot, ...]:
    lots = []
    for lot in sorted(hands, key=lambda lot: -lot.since_s):
        now = min(count, lot.units) if lot.product == name and lot.paid_s is not None else 0
        count -= now
        lots += _parted(lot, now, None)
    return tuple(reversed(lots))


def _parted(lot: Lot, units: int, paid_s: float | None) -> list[Lot]:
    """So many units of a lot with another `paid_s`, and the rest of it."""
    parts = ((units, paid_s), (lot.units - units, lot.paid_s))
    return [
        lot._replace(units=n, grams=lot.grams * n / lot.units, paid_s=at_s)
        for n, at_s in parts
        if n
    ]


def _paid(hands: tuple[Lot, ...], name: str, count: int, t_s: float) -> tuple[Lot, ...]:
    lots = []
    for lot in sorted(hands, key=lambda lot: lot.since_s):
        if lot.paid_s is not None:
            lots += [lot] if t_s - lot.paid_s <= RETURNED_WITHIN_S else []
            continue
        now = min(count, lot.units) if lot.product == name and lot.since_s <= t_s else 0
        count -= now
        lots += _parted(lot, now, t_s)
    return tuple(lots)
