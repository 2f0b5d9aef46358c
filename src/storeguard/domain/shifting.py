"""A level that is another by a little though no goods have moved: a plate that was pushed or rubs
on its frame, a lid or a coin that lies there now or was swept off.

What tells it from a thing that was put down for another: between the two the weight leaves both
levels, for as long as one of them is there alone. A shift goes from the old level to the new one,
unless a hand has been at the plate.
"""

import math

from storeguard.domain.product import Product

SHIFTED, PRESSED = math.log(100.0), math.log(10.0)
"""In nats: nothing moved in one of a hundred changes, and the level is another; one in a thousand
comes with weight beyond both levels, of the hand that has pushed the plate."""

UNSEEN = math.log(10.0)
"""Two hands of which one lets go in the very tenth of a second in which the other takes hold."""

SEEN_SHARE = 0.1
"""Of the lighter of two that moved: beyond both levels by more, and by more than the band, the
weight was another in between. A hand that reaches for goods leans by so much, too."""

LEAST_MOVED = 0.75
"""What is less than so much of the lightest unit is none that came or went."""


def is_seen(swung_g: float, lighter_g: float, band_g: float) -> bool:
    """Has something happened between the two levels? `swung_g`: how far the weight was beyond
    both; `lighter_g`: of two that moved at once, what would have had to show."""
    return swung_g >= max(band_g, SEEN_SHARE * lighter_g)


def may_be_shift(off_g: float, own: tuple[Product, ...]) -> bool:
    """May the level be another by so much though nothing moved on a scale of these products?"""
    return abs(off_g) < LEAST_MOVED * lightest_g(own)


def shift_cost(own: tuple[Product, ...], *, is_pressed: bool) -> float:
    """In nats, of any such shift: each is as likely as another."""
    cost = SHIFTED + math.log(2 * LEAST_MOVED * lightest_g(own))
    return cost + PRESSED if is_pressed else cost


def lightest_g(own: tuple[Product, ...]) -> float:
    return min(one.unit_weight_g for one in own)
