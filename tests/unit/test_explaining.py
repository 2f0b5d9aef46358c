"""Which units moved: own, foreign in hand, guests, or nothing that is sold here."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain.explaining import Part, explain
from storeguard.domain.product import Product

BAND_G = 3.0
MILK, CHOC, ICE = (
    Product("바나나우유", 1500, 95.0),
    Product("초코바", 1200, 52.0),
    Product("메로나", 1000, 95.0),
)


def own(product=CHOC, here=5, in_hand=0):
    return Part(product, here, in_hand, is_own=True)


def in_hand(product=MILK, count=1):
    return Part(product, 0, count)


def guest(product=MILK, count=1):
    return Part(product, count, 0)


@pytest.mark.parametrize(
    ("grams", "parts", "units"),
    [
        (-52, (own(), in_hand()), {"초코바": -1}),
        (-156, (own(), in_hand()), {"초코바": -3}),
        (52, (own(in_hand=1), in_hand()), {"초코바": 1}),
        (95, (own(), in_hand()), {"바나나우유": 1}),
        (190, (own(), in_hand(count=2)), {"바나나우유": 2}),
        (-95, (own(), guest()), {"바나나우유": -1}),
        (43, (own(), in_hand()), {"초코바": -1, "바나나우유": 1}),
        (0.4, (own(), in_hand()), {}),
        (520, (own(), in_hand()), {"초코바": 10}),
        # The same weight: nobody brings goods into a shop while such a one is in his hand.
        (95, (own(ICE), in_hand()), {"바나나우유": 1}),
    ],
)
def test_the_likeliest_answer_is_certain(grams, parts, units):
    answer = explain(grams, parts, BAND_G)
    assert (answer.units, answer.is_certain, answer.ranges) == (units, True, {})


def test_two_products_of_one_weight_in_hand_cannot_be_told_apart():
    answer = explain(95, (own(ICE, in_hand=1), in_hand()), BAND_G)
    assert not answer.is_certain
    assert answer.ranges == {"메로나": (0, 1), "바나나우유": (0, 1)}


def test_a_guest_of_the_same_weight_that_leaves_is_not_certain():
    answer = explain(-95, (own(ICE), guest()), BAND_G)
    assert not answer.is_certain
    assert answer.ranges == {"메로나": (-1, 0), "바나나우유": (-1, 0)}


@pytest.mark.parametrize("grams", [75.0, 440.0, -300.0, 1333.0])
def test_what_is_no_product_is_not_certain(grams):
    answer = explain(grams, (own(), in_hand()), BAND_G)
    assert not answer.is_certain
    assert "초코바" in answer.ranges


def test_more_than_is_there_cannot_leave():
    answer = explain(-104, (own(here=1), in_hand()), BAND_G)
    assert not answer.is_certain
    assert answer.ranges["초코바"][0] >= -1


def test_a_guest_that_is_not_there_cannot_leave():
    assert not explain(-95, (own(), in_hand()), BAND_G).is_certain


@given(st.integers(-5, 5), st.integers(0, 3), st.floats(-1, 1))
def test_the_answer_explains_the_weight_and_takes_no_more_than_there_is(n, m, noise_g):
    grams = n * 52.0 + m * 95.0 + noise_g
    answer = explain(grams, (own(here=5, in_hand=2), in_hand(count=3)), BAND_G)
    explained_g = 52 * answer.units.get("초코바", 0) + 95 * answer.units.get("바나나우유", 0)
    assert abs(grams - explained_g - answer.residual_g) < 1e-9
    assert answer.units.get("초코바", 0) >= -5
    assert 0 <= answer.units.get("바나나우유", 0) <= 3
    assert 0 <= answer.share <= 1


@pytest.mark.parametrize("spread", [0.01, 0.03])
def test_taking_is_found_in_99_of_100_with_other_goods_in_hand(spread):
    rnd = random.Random(7)
    parts = (own(MILK, here=20), in_hand(CHOC, 3), in_hand(Product("과자", 1500, 88.0), 2))
    good = 0
    for _ in range(2000):
        units = rnd.randint(1, 4)
        grams = sum(rnd.gauss(95, spread * 95) for _ in range(units))
        answer = explain(-grams, parts, BAND_G)
        good += answer.units == {"바나나우유": -units} and answer.is_certain
    assert good / 2000 >= 0.99
