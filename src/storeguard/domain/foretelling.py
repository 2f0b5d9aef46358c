"""What the counting will make of units that are taken, asked of it before anything has happened.

Beside its neighbours a unit may weigh as much as several of them that are taken at once. How much
rarer those are is the counting's own judgement, so it is not judged a second time here: a scale
full of goods is thought of, units go from it, and the counting says what went.
"""

import math
from collections.abc import Sequence

from storeguard.domain.belief import SURE, Belief, Hypothesis, Load
from storeguard.domain.counting import Weighed, weigh
from storeguard.domain.product import Product

NINE_IN_TEN = (-1.6449, 0.0, 1.6449)
"""Sigmas: between the outer two lies what nine in ten handfuls weigh. Certain there, and in the
middle, is what a count is worth beside its neighbours; the rest may be called uncertain."""

PLENTY = 99
"""Units of each product: what lies there keeps nothing from being the answer."""

A_MOMENT_S = 0.5
"""One movement of a hand."""


def most_told(
    products: Sequence[Product], product: Product, most: int, step_sigma_g: float, band_g: float
) -> int:
    """The most units of `product`, up to `most`, of which that many and any fewer are told.

    `products`: all that lie on the scale. `step_sigma_g`: how exactly a step is weighed; `band_g`:
    half the width of what is quiet there.
    """
    for units in range(1, most + 1):
        spread_g = math.hypot(step_sigma_g, product.spread_g * math.sqrt(units))
        for sigmas in NINE_IN_TEN:
            gone_g = units * product.unit_weight_g + sigmas * spread_g
            step = Weighed("", -gone_g, band_g, 0.0, step_sigma_g, -A_MOMENT_S, A_MOMENT_S)
            if _certainty(products, product, units, step) < SURE:
                return units - 1
    return most


def _certainty(products: Sequence[Product], product: Product, units: int, step: Weighed) -> float:
    """The probability, after the step, that just so many of them went, whatever else may have."""
    full = Load((PLENTY,) * len(products), (), 0.0)
    opened = {one.name: PLENTY for one in products}
    before = Belief({step.scale: tuple(products)}, (Hypothesis({step.scale: full}, opened=opened),))
    own = products.index(product)
    return sum(
        math.exp(one.log_p)
        for one in weigh(before, step).hypotheses
        if (load := one.loads[step.scale]).own[own] == PLENTY - units and load.object_g is None
    )
