"""What lies on a scale and is no product: a bag, a hand; how likely it is by its weight."""

import math

from storeguard.domain.belief import Load
from storeguard.domain.explaining import A_HAND, MANY, Scene
from storeguard.domain.shifting import is_seen, lightest_g, may_be_shift, shift_cost

BAG = 0.01 / 3000.0
"""One change in a hundred is something that is no product, of any weight up to 3 kg."""

HAND = 0.005 / math.log(3000.0 / 3.0)
"""Half as many are a hand that rests there and trembles, which weighs 5 to 10 g as often as 500 to
1,000 g."""

LIFTED, LACKING = math.log(1 / 0.001), math.log(5000.0 / 0.003)
"""Fewer take weight off and nothing along: a hand that has lifted some of what lies there, seldom
much of it; or that holds the plate itself."""

HEAVY_G, HEAVIER_G = 3000.0, 500.0
"""What is heavier is e times rarer for each further half a kilo: nobody lays that on a shelf."""


def object_cost(off_g: float, load: Load, scene: Scene, *, is_shaken: bool = False) -> float:
    """What it costs, in nats, that something came, or lifts what lies there, and is no product; or
    that the level has shifted, on a plate that is still."""
    cost = _cost(off_g, load, scene, is_shaken=is_shaken)
    if is_shaken or not may_be_shift(off_g, scene.own):
        return cost
    return min(cost, shift_cost(scene.own, is_pressed=is_pressed(scene)))


def is_pressed(scene: Scene) -> bool:
    """Has a hand been at the plate, or has something come and gone meanwhile?"""
    return is_seen(scene.swung_g, lightest_g(scene.own), scene.band_g)


def _cost(off_g: float, load: Load, scene: Scene, *, is_shaken: bool) -> float:
    if off_g > 0:
        beyond = max(0.0, off_g - HEAVY_G) / HEAVIER_G
        return beyond - math.log(BAG + HAND / off_g if is_shaken else BAG)
    heaviest_g = max(one.unit_weight_g for one in scene.own)
    units = -off_g / heaviest_g
    if units > min(A_HAND, sum(load.own)):
        return LACKING
    return min(LACKING, LIFTED + math.log(heaviest_g) + MANY * math.log(max(1.0, units)))
