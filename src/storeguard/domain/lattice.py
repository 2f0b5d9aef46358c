"""Which units of a scale's own products weigh so much together.

One product alone is found by division, up to any number; of two or three kinds at once only as
many units as a pair of hands moves. They lie in a table in the order of their weight, made once
for a scale.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations, product

from storeguard.domain.product import Product

Units = tuple[int, ...]
"""Units of each of a scale's own products, in their order; negative have left."""

MOST_OF_TWO, MOST_OF_THREE = 16, 6
"""Units of two, and of three, products that one step may move together."""


def combinations_near(products: Sequence[Product], grams: float, reach_g: float) -> Iterator[Units]:
    """All units, of one sign, that weigh about so much; nothing moved is not among them."""
    sign = -1 if grams < 0 else 1
    for units in _alone(products, abs(grams)):
        yield tuple(sign * n for n in units)
    weights_g = tuple(one.unit_weight_g for one in products)
    if len(products) > 1:
        for units in _together(weights_g, abs(grams), reach_g):
            yield tuple(sign * n for n in units)


def _alone(products: Sequence[Product], grams: float) -> Iterator[Units]:
    """Of each product by itself, the two nearest numbers, and one more to either side."""
    for i, one in enumerate(products):
        below = math.floor(grams / one.unit_weight_g)
        for n in range(max(1, below - 1), below + 3):
            yield tuple(n if j == i else 0 for j in range(len(products)))


def _together(weights_g: tuple[float, ...], grams: float, reach_g: float) -> Sequence[Units]:
    heights, mixed = _table(weights_g)
    return mixed[bisect_left(heights, grams - reach_g) : bisect_right(heights, grams + reach_g)]


@lru_cache(maxsize=64)
def _table(weights_g: tuple[float, ...]) -> tuple[list[float], list[Units]]:
    rows = sorted(
        (sum(n * w for n, w in zip(units, weights_g, strict=True)), units)
        for units in _mixed(len(weights_g))
    )
    return [grams for grams, _ in rows], [units for _, units in rows]


def _mixed(kinds: int) -> Iterator[Units]:
    """Every choice of two or three kinds with at least a unit of each."""
    for many, most in ((2, MOST_OF_TWO), (3, MOST_OF_THREE)):
        for chosen in combinations(range(kinds), many):
            for counts in product(range(1, most), repeat=many):
                if sum(counts) <= most:
                    by_kind = dict(zip(chosen, counts, strict=True))
                    yield tuple(by_kind.get(i, 0) for i in range(kinds))
