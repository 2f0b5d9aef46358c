"""How exactly it is known what units weigh."""

import math

from storeguard.domain.product import Product

BIAS = 0.005
"""A product's mean weight differs so much from what the owner wrote."""

ROUNDING_G = 0.29
"""And by so much where he wrote whole grams: the deviation of ± 0.5 g."""


def bias_g(product: Product) -> float:
    """The deviation of a product's true mean from the owner's unit weight."""
    is_whole = product.unit_weight_g == round(product.unit_weight_g)
    return max(BIAS * product.unit_weight_g, ROUNDING_G if is_whole else 0.0)


def weight_var(product: Product, units: int) -> float:
    """The variance of what so many units weigh: each one's spread, and the owner's error in all."""
    return abs(units) * product.spread_g**2 + (units * bias_g(product)) ** 2


def density(off_g: float, var: float) -> float:
    return -0.5 * (off_g**2 / var + math.log(2 * math.pi * var))
