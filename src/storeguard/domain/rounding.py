"""A weight difference → the nearest number of units of one product, and how clear that is."""

import math
from dataclasses import dataclass

from storeguard.domain.explaining import SIGMAS
from storeguard.domain.product import Product
from storeguard.domain.spread import BIAS

LARGEST_RESIDUAL_PER_UNIT = 0.4
"""Beyond, two counts explain the weight nearly as well as each other."""

LEAST_CERTAINTY = 0.75
"""Of 130 sweets of 16 g at once, 129 and 131 are nearly as likely: a leaning child, perhaps."""


@dataclass(frozen=True, slots=True)
class CountEstimate:
    """`change` units nearest to a weight difference; `residual_g` is what they leave unexplained.

    `low` and `high` bound the change where it is not certain. `certainty` is the share of the
    nearest integer among its neighbours, 0..1.
    """

    change: int
    residual_g: float
    is_certain: bool
    low: int
    high: int
    certainty: float


def estimate_change(difference_g: float, product: Product, band_g: float) -> CountEstimate:
    """Nearest integer within the stated tolerance, otherwise uncertain.

    The tolerance is half the scale's band, three times the units' spread (which adds up with
    the root of their number) and the bias of the unit weight (which adds up with the number).
    """
    unit_g = product.unit_weight_g
    ratio = difference_g / unit_g
    change = math.floor(ratio + 0.5)
    residual_g = difference_g - change * unit_g
    allowed_g = allowed_residual_g(change, product, band_g)
    spread_g = _spread_g(change, product, band_g)
    certainty = _share_of_nearest(abs(residual_g), unit_g, spread_g / SIGMAS)
    is_certain = abs(residual_g) <= allowed_g and certainty >= LEAST_CERTAINTY
    low, high = (change, change) if is_certain else (math.floor(ratio), math.ceil(ratio))
    return CountEstimate(change, residual_g, is_certain, low, high, certainty)


def allowed_residual_g(change: int, product: Product, band_g: float) -> float:
    most_g = LARGEST_RESIDUAL_PER_UNIT * product.unit_weight_g
    return min(most_g, _spread_g(change, product, band_g))


def _spread_g(change: int, product: Product, band_g: float) -> float:
    """Three sigma of what so many units weigh, with the scale's noise and the owner's rounding."""
    units = max(1, abs(change))
    spread_g = SIGMAS * product.spread_g * math.sqrt(units)
    return band_g / 2 + spread_g + BIAS * product.unit_weight_g * units


def _share_of_nearest(off_g: float, unit_g: float, sigma_g: float) -> float:
    """Of the nearest integer and its two neighbours."""

    def weight(residual_g: float) -> float:
        return math.exp(min((off_g**2 - residual_g**2) / (2 * sigma_g**2), 50.0))

    return 1 / (1 + weight(unit_g - off_g) + weight(unit_g + off_g))
