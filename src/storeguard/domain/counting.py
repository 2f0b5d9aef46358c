"""Settled levels → item counts, with certainty.

Counting is relative: an *anchor* is the last level whose count was certain, and a new level
is compared with it. So drift and the owner's rounding of unit weights do not add up over a
full shelf, and a bag that is put down and taken away again leaves the count as it was.
"""

import math
from dataclasses import dataclass, replace

from storeguard.domain.product import Product

BIAS = 0.005
"""A product's mean weight differs so much from what the owner wrote."""

LARGEST_RESIDUAL_PER_UNIT = 0.4
"""Beyond, two counts explain the weight nearly as well as each other."""

SIGMAS = 3.0


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
    is_certain = abs(residual_g) <= allowed_g
    low, high = (change, change) if is_certain else (math.floor(ratio), math.ceil(ratio))
    certainty = _share_of_nearest(abs(residual_g), unit_g, allowed_g)
    return CountEstimate(change, residual_g, is_certain, low, high, certainty)


def allowed_residual_g(change: int, product: Product, band_g: float) -> float:
    units = max(1, abs(change))
    spread_g = SIGMAS * product.spread_g * math.sqrt(units)
    bias_g = BIAS * product.unit_weight_g * units
    most_g = LARGEST_RESIDUAL_PER_UNIT * product.unit_weight_g
    return min(most_g, band_g / 2 + spread_g + bias_g)


def _share_of_nearest(off_g: float, unit_g: float, allowed_g: float) -> float:
    sigma_g = allowed_g / SIGMAS
    neighbour_g = unit_g - off_g
    exponent = (off_g**2 - neighbour_g**2) / (2 * sigma_g**2)
    return 1 / (1 + math.exp(min(exponent, 50.0)))


@dataclass(frozen=True, slots=True)
class ScaleCount:
    """The count of a one-product scale.

    `count` is in force; the anchor is the level at which it was last certain. While
    `is_certain` is False, `low` and `high` bound what is really there.
    """

    count: int
    anchor_g: float
    is_certain: bool = True
    low: int = 0
    high: int = 0
    certainty: float = 1.0


def first_count(level_g: float, booked: int, product: Product, band_g: float) -> ScaleCount:
    """The count after a start: the nearest integer if it is clear, else what the book says.

    The anchor of an unclear count is what the booked units would weigh: once whatever made
    it unclear is gone, the count is certain again, and until then it is not.
    """
    found = estimate_change(level_g, product, band_g)
    if found.change == booked:
        return ScaleCount(booked, level_g)
    if not found.is_certain or found.change < 0:
        low, high = max(0, found.low), max(0, found.high)
        booked_g = booked * product.unit_weight_g
        return ScaleCount(booked, booked_g, False, low, high, found.certainty)
    return ScaleCount(found.change, level_g, certainty=found.certainty)


def recount(state: ScaleCount, level_g: float, product: Product, band_g: float) -> ScaleCount:
    """The count at a new settled level; the count in force stays where it is not clear."""
    found = estimate_change(level_g - state.anchor_g, product, band_g)
    if found.is_certain and state.count + found.change >= 0:
        return ScaleCount(state.count + found.change, level_g, certainty=found.certainty)
    low, high = (max(0, state.count + bound) for bound in (found.low, found.high))
    return replace(state, is_certain=False, low=low, high=high, certainty=found.certainty)


def set_count(level_g: float, count: int) -> ScaleCount:
    """The owner says how many there are at this level."""
    return ScaleCount(count, level_g)
