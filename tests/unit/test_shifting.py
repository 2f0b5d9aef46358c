"""What may be a plate whose level has shifted, and what goods that came and went at once."""

from dataclasses import replace

import pytest

from storeguard.domain.answers import counts, moves
from storeguard.domain.belief import Belief, departed, entered, stayed
from storeguard.domain.counting import Weighed, weigh
from storeguard.domain.firstlevel import first_weighed
from storeguard.domain.product import Product
from storeguard.domain.shifting import is_seen, may_be_shift

CONE = Product("콘", 1800, 122.0)
CHIPS = Product("감자칩", 1600, 66.0)
BAND_G = 3.0


class Shelves:
    """The chips lie on A, the cones on B; somebody is inside."""

    def __init__(self):
        self.belief = Belief({"A": (CHIPS,), "B": (CONE,)})
        self.levels = {"A": 660.0, "B": 1220.0}
        for scale, product in (("A", CHIPS), ("B", CONE)):
            first = Weighed(scale, self.levels[scale], BAND_G, 0.0)
            self.belief = first_weighed(self.belief, first, {product.name: 10}, {})
        self.belief, self.now_s = entered(self.belief), 0.0

    def step(self, scale, grams, *, swung_g=0.0):
        self.now_s += 10.0
        self.levels[scale] += grams
        step = Weighed(scale, self.levels[scale], BAND_G, self.now_s)
        self.belief = weigh(self.belief, replace(step, unsure_g=0.3, swung_g=swung_g))

    @property
    def moved(self):
        found = moves(self.belief, {"A", "B"})
        return {name: (one.count, one.is_certain) for name, one in found.items()}


def after_a_cone(shift_g, **how):
    shelves = Shelves()
    shelves.step("B", -122.0)
    shelves.step("A", shift_g, **how)
    return shelves


def test_a_small_shift_is_none_of_the_goods_for_certain():
    shelves = after_a_cone(-7.3)
    assert shelves.moved == {CHIPS.name: (0, True), CONE.name: (-1, True)}
    shelves.belief = departed(shelves.belief)  # nobody lifts the plate any more: it has shifted
    assert shelves.moved == {CHIPS.name: (0, True), CONE.name: (-1, True)}


def test_what_shifted_stays_and_may_go_again():
    shelves = after_a_cone(-7.3)
    for _ in range(2):
        shelves.belief = entered(stayed(departed(shelves.belief)))
    shelves.step("A", -66.0)
    assert shelves.moved[CHIPS.name] == (-1, True)
    shelves.step("A", 7.3)
    assert shelves.moved[CHIPS.name] == (-1, True)
    assert counts(shelves.belief)[CHIPS.name].is_certain


def test_after_a_hand_the_same_shift_leaves_it_open_what_moved():
    shelves = after_a_cone(-7.3, swung_g=150.0)
    assert not shelves.moved[CHIPS.name][1]


def test_what_is_as_light_as_a_lifted_half_of_a_unit_hides_one():
    assert not after_a_cone(-40.0).moved[CHIPS.name][1]


@pytest.mark.parametrize(
    ("swung_g", "lighter_g", "is_found"),
    [(2.9, 20.0, False), (3.0, 20.0, True), (9.9, 100.0, False), (10.0, 100.0, True)],
)
def test_what_comes_and_goes_at_once_shows_beyond_the_band_and_a_tenth_of_it(
    swung_g, lighter_g, is_found
):
    assert is_seen(swung_g, lighter_g, BAND_G) is is_found


@pytest.mark.parametrize(("off_g", "may_be"), [(49.0, True), (-49.0, True), (50.0, False)])
def test_a_shift_is_less_than_three_quarters_of_the_lightest_unit(off_g, may_be):
    assert may_be_shift(off_g, (CHIPS, CONE)) is may_be
