"""What a scale can promise before anything has happened: its error budget.

A step is told by the medians of two plateaus; its error is the cell's noise in them, the spread
of the unit itself and what the owner's written weight is off by. Two products can share a scale
where their weights lie so far apart that 999 of 1,000 single units land on the right side of the
middle. Drift makes no step, but it hides what is slow: a day of it against a third of a unit.
Many units weigh otherwise than the owner's weight says, and several products that are taken at
once may weigh the same as another: which steps are certain, the counting itself is asked too
(`foretelling`). A freezer promises less: grams
and won, from a least loss on.

Figures: an HX711 with a 10 kg cell shows 1.2 to 2.4 g peak to peak, cells drift by 1 to 7 g/°C
(the worst is assumed), a shop without heating at night lives through ±2.5 °C a day.
"""

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import combinations, combinations_with_replacement

from storeguard.domain import bulk
from storeguard.domain.bulk import Typical
from storeguard.domain.drift import SMALLEST_CAPACITY_G
from storeguard.domain.foretelling import most_told
from storeguard.domain.product import Product
from storeguard.domain.scalerules import band_g
from storeguard.domain.spread import bias_g

NOISE_PER_CAPACITY = 0.000036
"""Sigma, where none has been seen: 2.4 g peak to peak on 10 kg."""

DRIFT_PER_DEGREE = 0.0007
"""7 g/°C on a 10 kg cell."""

DAY_C = 2.5
Z_999 = 3.0902
"""999 of 1,000 normal values are below so many sigma."""

MEDIAN_LOSS = 1.2533
MOST_AT_ONCE = 999
ALIKE_UNITS = 3
"""Two of one product may weigh what three of another do; more in one hand is a bag."""

MOST_IN_A_SUM = 3
"""Units that are taken at once and weigh the same as another so many; more are rare."""

MOST_SUMS = 1_000
"""The likeliest; about nine products have so many. One is told in words and nobody reads them all,
but twenty products have 120,000 to 220,000, in 98 MB."""

DOUBT_PER_UNIT = 1 / 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One scale. `noise_g`: sigma of single readings as seen, or None."""

    scale: str
    capacity_g: float
    settle_for_s: float
    sample_rate_hz: float
    noise_g: float | None = None

    @property
    def noise_sigma_g(self) -> float:
        return self.capacity_g * NOISE_PER_CAPACITY if self.noise_g is None else self.noise_g

    @property
    def step_sigma_g(self) -> float:
        """Of the difference of two plateaus."""
        samples = max(1.0, self.settle_for_s * self.sample_rate_hz)
        return self.noise_sigma_g * MEDIAN_LOSS * math.sqrt(2 / samples)

    @property
    def drift_a_day_g(self) -> float:
        """To either side; of a small cell as much as the daemon follows as drift."""
        return DRIFT_PER_DEGREE * max(self.capacity_g, SMALLEST_CAPACITY_G) * DAY_C

    @property
    def is_smallest(self) -> bool:
        """Is no smaller one trusted to drift less?"""
        return self.capacity_g <= SMALLEST_CAPACITY_G


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the count of one product can be trusted.

    `at_once`: the most units that one step may move and still be counted, with all that they may
    be taken for on this scale; `alone`: if nothing else lay there. `afresh`: the most that may lie
    there after a start that knows no zero. `hides`: a day's drift may pass the third of a unit
    that makes the scale uncertain.
    """

    product: Product
    at_once: int
    alone: int
    afresh: int
    hides: bool

    @property
    def is_countable(self) -> bool:
        return self.alone >= 1


@dataclass(frozen=True, slots=True)
class Clash:
    """Units of two products that the scale does not tell apart: they differ by too little."""

    one: Product
    units: int
    other: Product
    other_units: int
    differ_g: float
    needs_g: float


Handful = tuple[tuple[Product, int], ...]
"""Units of one product or of several that are taken at once."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Two handfuls that the scale does not tell apart; `other`, at least, is of several products.

    Weaker than a clash: it says something of several products that are taken at once.
    """

    one: Handful
    other: Handful
    differ_g: float
    needs_g: float


@dataclass(frozen=True, slots=True)
class Budget:
    """Of one scale. `loaded_g`: what the booked goods weigh. `sums`: the likeliest first, no more
    than MOST_SUMS."""

    cell: Cell
    reaches: tuple[Reach, ...]
    clashes: tuple[Clash, ...]
    sums: tuple[Sum, ...]
    loaded_g: float

    @property
    def resolves_g(self) -> float:
        """The smallest difference of two single units that 99.9 % of steps tell."""
        products = [reach.product for reach in self.reaches]
        pairs = [(a, 1, b, 1) for a, b in combinations(products, 2)] or [
            (one, 1, one, 1) for one in products
        ]
        return max((needed_g(self.cell, *pair) for pair in pairs), default=0.0)

    @property
    def is_overloaded(self) -> bool:
        return self.loaded_g > self.cell.capacity_g

    def is_alike(self, product: str) -> bool:
        """Does a single unit of it weigh as much as one of a neighbour?"""
        single = [c for c in self.clashes if c.units == c.other_units == 1]
        return any(product in (clash.one.name, clash.other.name) for clash in single)

    def guards(self, product: str) -> bool:
        """Is a single unit of it that goes counted, and as what it is?"""
        return not self.is_alike(product) and any(
            reach.product.name == product and reach.at_once >= 1 for reach in self.reaches
        )


@dataclass(frozen=True, slots=True)
class Heap:
    """A freezer, which tells grams and won of a visit, never a product.

    `least_g`: the smallest loss that it tells where nothing was paid, about `items` typical ones,
    worth `won`. What leaves slower than `unseen_g_per_s`, up to `unseen_g_per_hour`, is followed
    as frost and drift.
    """

    cell: Cell
    products: tuple[Product, ...]
    least_g: float
    items: int
    won: int
    unseen_g_per_s: float
    unseen_g_per_hour: float


def budget(cell: Cell, products: Sequence[Product], counts: Mapping[str, int]) -> Budget:
    """Of the products on one scale; one without a weight is left out."""
    weighed = [product for product in products if product.is_weighable]
    loaded_g = sum(counts.get(one.name, 0) * one.unit_weight_g for one in weighed)
    clashes = [c for a, b in combinations(weighed, 2) for c in _clashes(cell, a, b)]
    reaches = tuple(_reach(cell, one, weighed) for one in weighed)
    return Budget(cell, reaches, tuple(clashes), tuple(_sums(cell, weighed)), loaded_g)


def heap(cell: Cell, products: Sequence[Product], counts: Mapping[str, int]) -> Heap | None:
    """Of a freezer; None where none of its products has a weight."""
    typical = Typical.of(products, counts)
    if typical is None:
        return None
    least_g, rules = bulk.least_g(typical, cell.step_sigma_g), bulk.rules(cell.capacity_g)
    weighed = tuple(one for one in products if one.is_weighable)
    worth = bulk.worth(least_g, typical)
    return Heap(cell, weighed, least_g, *worth, rules.per_s_g, rules.per_hour_g)


def guarded_share(
    budgets: Sequence[Budget], products: Sequence[Product], sold: Mapping[str, int]
) -> float | None:
    """The share of the sales' value, 0..1, of products of which a single unit is counted.

    `sold`: product → units. None where nothing has been sold.
    """
    guarded = {one.name for one in products if any(each.guards(one.name) for each in budgets)}
    return _share(guarded, products, sold)


def share_by_grams(
    heaps: Sequence[Heap], products: Sequence[Product], sold: Mapping[str, int]
) -> float | None:
    """The share, 0..1, that lies in freezers. None where nothing has been sold."""
    return _share({one.name for each in heaps for one in each.products}, products, sold)


def _share(
    names: Container[str], products: Sequence[Product], sold: Mapping[str, int]
) -> float | None:
    won = {one.name: one.price_won * sold.get(one.name, 0) for one in products}
    total = sum(won.values())
    return sum(won[name] for name in won if name in names) / total if total > 0 else None


def needed_g(cell: Cell, a: Product, units: int, b: Product, other_units: int) -> float:
    """How far apart the two must lie to be told apart in 999 of 1,000 steps, either way round."""
    return _needed_g(_weighed(cell, ((a, units),)), _weighed(cell, ((b, other_units),)))


_Weight = tuple[float, float]
"""Grams, and how far off 999 of 1,000 steps that move them may be, with the owner's error."""


def _weighed(cell: Cell, handful: Handful) -> _Weight:
    grams = sum(one.unit_weight_g * n for one, n in handful)
    spread_g = math.sqrt(sum(one.spread_g**2 * n for one, n in handful))
    off_g = sum(bias_g(one) * n for one, n in handful)
    return grams, Z_999 * math.hypot(cell.step_sigma_g, spread_g) + off_g


def _needed_g(one: _Weight, other: _Weight) -> float:
    return one[1] + other[1]


def _clashes(cell: Cell, a: Product, b: Product) -> Iterator[Clash]:
    """Single units first; a multiple of what clashes already says nothing new."""
    for units in range(1, ALIKE_UNITS + 1):
        for other in range(1, ALIKE_UNITS + 1):
            if math.gcd(units, other) > 1:
                continue
            differ_g = abs(a.unit_weight_g * units - b.unit_weight_g * other)
            needs_g = needed_g(cell, a, units, b, other)
            if differ_g < needs_g:
                yield Clash(a, units, b, other, differ_g, needs_g)


def _sums(cell: Cell, products: Sequence[Product]) -> list[Sum]:
    """What several products weigh together. Where few units at once are enough sums, the rarer ones
    of more are not even looked for: they grow with the sixth power of the products."""
    found: list[Sum] = []
    for both in range(3, 2 * MOST_IN_A_SUM + 1):
        if len(found) < MOST_SUMS:
            found += nsmallest(MOST_SUMS, _sums_of(cell, products, both), key=_rarity)
    return found[:MOST_SUMS]


def _sums_of(cell: Cell, products: Sequence[Product], both: int) -> Iterator[Sum]:
    """Of so many units in both handfuls. What both of them hold makes no difference."""
    for units in range(max(1, both - MOST_IN_A_SUM), both // 2 + 1):
        fewer, more = (
            [(one, _weighed(cell, one)) for one in _handfuls(products, n)]
            for n in (units, both - units)
        )
        is_same = 2 * units == both
        pairs = combinations(fewer, 2) if is_same else ((a, b) for a in fewer for b in more)
        for (one, is_g), (other, other_g) in pairs:
            differ_g, needs_g = abs(is_g[0] - other_g[0]), _needed_g(is_g, other_g)
            if differ_g < needs_g and max(len(one), len(other)) > 1 and _are_apart(one, other):
                lesser, greater = sorted((one, other), key=lambda each: (len(each), _count(each)))
                yield Sum(lesser, greater, differ_g, needs_g)


def _handfuls(products: Sequence[Product], units: int) -> Iterator[Handful]:
    for chosen in combinations_with_replacement(products, units):
        yield tuple((one, chosen.count(one)) for one in dict.fromkeys(chosen))


def _are_apart(one: Handful, other: Handful) -> bool:
    return {a.name for a, _ in one}.isdisjoint(b.name for b, _ in other)


def _count(handful: Handful) -> int:
    return sum(n for _, n in handful)


def _rarity(found: Sum) -> tuple[int, float]:
    """Few units at once come first, and of these the nearest."""
    return _count(found.one) + _count(found.other), found.differ_g / found.needs_g


def _reach(cell: Cell, product: Product, products: Sequence[Product]) -> Reach:
    hides = cell.drift_a_day_g > DOUBT_PER_UNIT * product.unit_weight_g
    alone = _told(cell, product, [product], _most(cell, product, 0.0))
    at_once = _told(cell, product, products, alone) if len(products) > 1 else alone
    afresh = min(alone, _most(cell, product, cell.drift_a_day_g))
    return Reach(product, at_once, alone, afresh if at_once else 0, hides)


def _told(cell: Cell, product: Product, products: Sequence[Product], most: int) -> int:
    """The most units, up to `most`, that the counting tells where `products` lie on the scale."""
    lightest_g = min(one.unit_weight_g for one in products)
    band = band_g(cell.capacity_g, lightest_g)
    return most_told(products, product, most, cell.step_sigma_g, band)


def _most(cell: Cell, product: Product, drift_g: float) -> int:
    """The most units that are still told from one more or one less."""
    unit_g, off_g = product.unit_weight_g, bias_g(product)

    def is_told(units: int) -> bool:
        sigma_g = math.hypot(cell.step_sigma_g, product.spread_g * math.sqrt(units))
        return drift_g + off_g * units + Z_999 * sigma_g <= unit_g / 2

    low, high = 0, MOST_AT_ONCE
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_told(middle) else (low, middle - 1)
    return low
