"""What a scale can promise before anything has happened: its error budget.

A step is told by the medians of two plateaus; its error is the cell's noise in them, the spread
of the unit itself and what the owner's written weight is off by. Two products can share a scale
where their weights lie so far apart that 999 of 1,000 single units land on the right side of the
middle. Drift makes no step, but it hides what is slow: a day of it against a third of a unit.

Figures: an HX711 with a 10 kg cell shows 1.2 to 2.4 g peak to peak, cells drift by 1 to 7 g/°C
(the worst is assumed), a shop without heating at night lives through ±2.5 °C a day.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from storeguard.domain.product import Product

NOISE_PER_CAPACITY = 0.000036
"""Sigma, where none has been seen: 2.4 g peak to peak on 10 kg."""

DRIFT_PER_DEGREE = 0.0007
"""7 g/°C on a 10 kg cell."""

DAY_C = 2.5
Z_999 = 3.0902
"""999 of 1,000 normal values are below so many sigma."""

MEDIAN_LOSS = 1.2533
BIAS = 0.005
"""A unit weight that the owner has rounded is off by so much; what was learnt is not."""

MOST_AT_ONCE = 999
ALIKE_UNITS = 3
"""Two of one product may weigh what three of another do; more in one hand is a bag."""

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
        """To either side."""
        return DRIFT_PER_DEGREE * self.capacity_g * DAY_C


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the count of one product can be trusted.

    `at_once`: the most units that one step may move and still be counted. `afresh`: the most
    that may lie there after a start that knows no zero. `hides`: a day's drift may pass the third
    of a unit that makes the scale uncertain.
    """

    product: Product
    at_once: int
    afresh: int
    hides: bool

    @property
    def is_countable(self) -> bool:
        return self.at_once >= 1


@dataclass(frozen=True, slots=True)
class Clash:
    """Units of two products that the scale does not tell apart: they differ by too little."""

    one: Product
    units: int
    other: Product
    other_units: int
    differ_g: float
    needs_g: float


@dataclass(frozen=True, slots=True)
class Budget:
    """Of one scale. `loaded_g`: what the booked goods weigh."""

    cell: Cell
    reaches: tuple[Reach, ...]
    clashes: tuple[Clash, ...]
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

    def guards(self, product: str) -> bool:
        """Is each single unit of it that goes counted, and as what it is?"""
        alone = {c.one.name for c in self.clashes if c.units == c.other_units == 1}
        alone |= {c.other.name for c in self.clashes if c.units == c.other_units == 1}
        return any(
            reach.product.name == product and reach.is_countable and product not in alone
            for reach in self.reaches
        )


def budget(cell: Cell, products: Sequence[Product], counts: Mapping[str, int]) -> Budget:
    """Of the products on one scale; one without a weight is left out."""
    weighed = [product for product in products if product.is_weighable]
    loaded_g = sum(counts.get(one.name, 0) * one.unit_weight_g for one in weighed)
    clashes = [c for a, b in combinations(weighed, 2) for c in _clashes(cell, a, b)]
    return Budget(cell, tuple(_reach(cell, one) for one in weighed), tuple(clashes), loaded_g)


def guarded_share(
    budgets: Sequence[Budget], products: Sequence[Product], sold: Mapping[str, int]
) -> float | None:
    """The share of the sales' value, 0..1, of products whose every unit is counted.

    `sold`: product → units. None where nothing has been sold.
    """
    won = {one.name: one.price_won * sold.get(one.name, 0) for one in products}
    total = sum(won.values())
    if total <= 0:
        return None
    guarded = {name for name in won if any(one.guards(name) for one in budgets)}
    return sum(won[name] for name in guarded) / total


def needed_g(cell: Cell, a: Product, units: int, b: Product, other_units: int) -> float:
    """How far apart the two must lie to be told apart in 999 of 1,000 steps, either way round."""
    sigmas = (
        math.hypot(cell.step_sigma_g, one.spread_g * math.sqrt(n))
        for one, n in ((a, units), (b, other_units))
    )
    bias_g = BIAS * (a.unit_weight_g * units + b.unit_weight_g * other_units)
    return Z_999 * sum(sigmas) + bias_g


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


def _reach(cell: Cell, product: Product) -> Reach:
    hides = cell.drift_a_day_g > DOUBT_PER_UNIT * product.unit_weight_g
    afresh = _most(cell, product, cell.drift_a_day_g)
    return Reach(product, _most(cell, product, 0.0), afresh, hides)


def _most(cell: Cell, product: Product, drift_g: float) -> int:
    """The most units that are still told from one more or one less."""
    unit_g = product.unit_weight_g

    def is_told(units: int) -> bool:
        sigma_g = math.hypot(cell.step_sigma_g, product.spread_g * math.sqrt(units))
        return drift_g + BIAS * unit_g * units + Z_999 * sigma_g <= unit_g / 2

    low, high = 0, MOST_AT_ONCE
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_told(middle) else (low, middle - 1)
    return low
