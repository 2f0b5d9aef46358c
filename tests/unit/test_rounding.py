"""The nearest number of units where it is clear, otherwise uncertain."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from storeguard.domain.product import Product
from storeguard.domain.rounding import (
    LARGEST_RESIDUAL_PER_UNIT,
    allowed_residual_g,
    estimate_change,
)

MILK = Product("바나나우유", 1500, 95.0)
BAND_G = 3.0


def product(unit_g: float, tolerance_g: float | None = None) -> Product:
    return Product("젤리", 1000, unit_g, tolerance_g=tolerance_g)


@pytest.mark.parametrize(
    ("difference_g", "change"),
    [(0, 0), (95, 1), (-95, -1), (284, 3), (-284, -3), (189.6, 2), (285.9, 3), (950, 10)],
)
def test_the_nearest_integer_is_certain(difference_g, change):
    """284 g of 95 g bottles are 3: the ancestor's int() made 2 of them."""
    found = estimate_change(difference_g, MILK, BAND_G)
    assert (found.change, found.is_certain) == (change, True)
    assert (found.low, found.high) == (change, change)
    assert found.residual_g == pytest.approx(difference_g - change * 95)
    assert found.certainty > 0.99


@pytest.mark.parametrize(
    ("difference_g", "low", "high"),
    [(142.5, 1, 2), (-142.5, -2, -1), (47.4, 0, 1), (-47.4, -1, 0)],
)
def test_half_a_unit_is_uncertain_and_bounded(difference_g, low, high):
    found = estimate_change(difference_g, MILK, BAND_G)
    assert not found.is_certain
    assert (found.low, found.high) == (low, high)
    assert found.certainty < 0.75


def test_the_owners_tolerance_counts():
    assert not estimate_change(80, product(100, tolerance_g=1), BAND_G).is_certain
    assert estimate_change(80, product(100, tolerance_g=7), BAND_G).is_certain


def test_the_allowance_grows_with_the_units_but_never_reaches_half_of_one():
    allowed = [allowed_residual_g(n, MILK, BAND_G) for n in range(200)]
    assert allowed == sorted(allowed)
    assert allowed[0] == allowed[1] == allowed_residual_g(-1, MILK, BAND_G)
    assert allowed[-1] == LARGEST_RESIDUAL_PER_UNIT * 95


@given(st.floats(5, 1600), st.integers(-10, 10), st.floats(0, 0.5), st.floats(0, 0.5))
def test_certainty_falls_with_the_residual(unit_g, units, a, b):
    near, far = sorted((a, b))
    assume(far < 0.4999)

    def certainty(off: float) -> float:
        return estimate_change((units + off) * unit_g, product(unit_g), BAND_G).certainty

    assert 0.5 <= certainty(far) <= certainty(near) + 1e-9 <= 1 + 1e-9


@given(st.floats(5, 1600), st.integers(-50, 50))
def test_whole_units_are_always_certain(unit_g, units):
    found = estimate_change(units * unit_g, product(unit_g), BAND_G)
    assert (found.change, found.is_certain) == (units, True)


@pytest.mark.parametrize("spread", [0.005, 0.01, 0.02, 0.03])
@pytest.mark.parametrize("unit_g", [5.0, 24.0, 95.0, 1600.0])
def test_up_to_ten_units_of_a_usual_spread_are_found_and_certain_in_99_of_100(spread, unit_g):
    rnd = random.Random(f"{spread} {unit_g}")
    trials = 4000
    good = 0
    for _ in range(trials):
        units = rnd.randint(1, 10)
        grams = sum(rnd.gauss(unit_g, spread * unit_g) for _ in range(units))
        found = estimate_change(-grams, product(unit_g), min(BAND_G, 0.4 * unit_g))
        good += found.change == -units and found.is_certain
    assert good / trials >= 0.99


def test_many_light_units_at_once_cannot_be_told_from_one_more_or_less():
    assert not estimate_change(130 * 16.1, product(16.1), BAND_G).is_certain
    assert estimate_change(10 * 16.1, product(16.1), BAND_G).is_certain
