"""Two scales whose goods or cables have changed places while the power was off.

Their levels then fit each other's goods and not their own. That is said only where nothing else
explains it: the same levels may come from units that were taken and brought.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from storeguard.domain.explaining import SIGMAS
from storeguard.domain.lattice import combinations_near
from storeguard.domain.product import Product
from storeguard.domain.rounding import estimate_change

NEAR_PER_UNIT = 1 / 3
"""How far a level may be from what should lie there, in units of it: the other cell's zero."""


@dataclass(frozen=True, slots=True)
class Held:
    """One scale: what it shows, and what the goods weigh that the book has there.

    `unsure_g`: how far off that may be, one sigma: on a full shelf units' spread and the owner's
    rounding add up, until the zero is remembered at which the goods weigh what they do.
    """

    scale: str
    products: tuple[Product, ...]
    level_g: float
    goods_g: float
    band_g: float
    unsure_g: float = 0.0

    @property
    def lightest_g(self) -> float:
        return min(one.unit_weight_g for one in self.products)

    @property
    def is_as_it_was(self) -> bool:
        return _is_near(self.level_g, self)


def swapped(scales: Sequence[Held]) -> tuple[tuple[str, str], ...]:
    """Pairs that have changed places; a scale that fits two others is in none."""
    pairs = [(a, b) for a, b in combinations(scales, 2) if _have_changed_places(a, b)]
    named = [one.scale for pair in pairs for one in pair]
    return tuple(
        (a.scale, b.scale) for a, b in pairs if named.count(a.scale) == 1 == named.count(b.scale)
    )


def _have_changed_places(a: Held, b: Held) -> bool:
    if a.is_as_it_was or b.is_as_it_was:
        return False
    fit_each_other = _is_near(a.level_g, b) and _is_near(b.level_g, a)
    return fit_each_other and not (_may_be_its_own(a) and _may_be_its_own(b))


def _is_near(level_g: float, goods: Held) -> bool:
    allowed_g = max(goods.band_g, NEAR_PER_UNIT * goods.lightest_g)
    return abs(level_g - goods.goods_g) <= allowed_g


def _may_be_its_own(one: Held) -> bool:
    """Would its own goods, or some number of its own units, weigh that?"""
    if abs(one.level_g - one.goods_g) <= SIGMAS * one.unsure_g:
        return True
    founds = [estimate_change(one.level_g, product, one.band_g) for product in one.products]
    if any(found.is_certain and found.change >= 0 for found in founds):
        return True
    if len(one.products) == 1 or one.level_g <= 0:
        return False
    near = combinations_near(one.products, one.level_g, one.band_g)
    return any(abs(one.level_g - _weight_g(units, one.products)) <= one.band_g for units in near)


def _weight_g(units: Sequence[int], products: Sequence[Product]) -> float:
    return sum(n * one.unit_weight_g for n, one in zip(units, products, strict=True))
