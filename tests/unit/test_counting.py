"""Settled levels → counts: the nearest integer where it is clear, otherwise uncertain."""

import random
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from storeguard.domain.counting import (
    LARGEST_RESIDUAL_PER_UNIT,
    ScaleCount,
    allowed_residual_g,
    estimate_change,
    first_count,
    forgetful,
    recount,
    set_count,
)
from storeguard.domain.explaining import Part
from storeguard.domain.product import Product

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


# --- the first count


def test_a_restart_with_goods_on_the_shelf_keeps_the_count():
    assert first_count(284, 3, MILK, BAND_G) == ScaleCount(3, 284)


def test_what_went_while_the_power_was_off_is_counted():
    found = first_count(190, 3, MILK, BAND_G)
    assert (found.count, found.is_certain, found.anchor_g) == (2, True, 190)


def test_the_book_is_believed_where_its_count_is_the_nearest():
    """Drift while the power was off: 42 g off, and 3 is what the book says."""
    assert first_count(285 + 42, 3, MILK, BAND_G).is_certain


@pytest.mark.parametrize(("level_g", "low", "high"), [(142.5, 1, 2), (-60, 0, 0), (-190, 0, 0)])
def test_an_unclear_first_level_leaves_the_book_and_says_so(level_g, low, high):
    found = first_count(level_g, 5, MILK, BAND_G)
    assert (found.count, found.is_certain) == (5, False)
    assert (found.low, found.high) == (low, high)


def test_an_unclear_first_count_is_certain_again_when_the_bag_that_lay_there_is_gone():
    with_bag = first_count(5 * 95 + 47, 4, MILK, BAND_G)
    assert not with_bag.is_certain
    found = recount(with_bag, 5 * 95.0, MILK, BAND_G)
    assert (found.count, found.is_certain) == (5, True)


def test_an_unclear_first_count_does_not_become_certain_by_a_sale():
    """1.5 bottles where the book has 5: taking one says nothing about the other four."""
    state = recount(first_count(142.5, 5, MILK, BAND_G), 47.5, MILK, BAND_G)
    assert (state.count, state.is_certain) == (5, False)
    assert (state.low, state.high) == (0, 1)


# --- counting on


def test_one_and_a_half_units_change_nothing_and_are_bounded():
    before = ScaleCount(5, 475.0)
    found = recount(before, 475 - 142.5, MILK, BAND_G)
    assert (found.count, found.anchor_g, found.is_certain) == (5, 475.0, False)
    assert (found.low, found.high) == (3, 4)
    assert found.certainty < 0.6


def test_a_bag_put_down_and_taken_away_restores_the_count():
    before = ScaleCount(5, 475.0)
    with_bag = recount(before, 475 + 14.5 * 95, MILK, BAND_G)
    assert not with_bag.is_certain
    after = recount(with_bag, 475.4, MILK, BAND_G)
    assert (after.count, after.is_certain) == (5, True)


def test_a_bag_put_down_an_item_taken_and_the_bag_gone_is_one_less():
    state = ScaleCount(5, 475.0)
    for level_g in (475 + 47.0, 475 + 47 - 95.0):
        state = recount(state, level_g, MILK, BAND_G)
        assert (state.count, state.is_certain) == (5, False)
    state = recount(state, 380.0, MILK, BAND_G)
    assert (state.count, state.is_certain) == (4, True)


def test_less_than_nothing_is_uncertain_and_never_negative():
    found = recount(ScaleCount(1, 95.0), -95.0, MILK, BAND_G)
    assert (found.count, found.is_certain, found.low, found.high) == (1, False, 0, 0)


def test_small_errors_of_the_unit_weight_do_not_add_up_over_a_full_shelf():
    """Bottles of 97 g in a book that says 95: forty taken one by one are forty."""
    state = ScaleCount(40, 40 * 97.0)
    for left in range(39, -1, -1):
        state = recount(state, left * 97.0, MILK, BAND_G)
        assert (state.count, state.is_certain) == (left, True)


def test_the_owners_word_is_certain():
    assert set_count(400.0, 4) == ScaleCount(4, 400.0, is_certain=True)


@given(st.integers(0, 30), st.lists(st.integers(-8, 8), max_size=12), st.floats(5, 1600), st.data())
def test_counts_follow_whole_units_and_are_never_negative(start, changes, unit_g, data):
    goods = product(unit_g)
    true = start
    state = first_count(start * unit_g, start, goods, BAND_G)
    for change in changes:
        true = max(0, true + change)
        off_g = data.draw(st.floats(-unit_g / 10, unit_g / 10))
        state = recount(state, true * unit_g + off_g, goods, min(BAND_G, 0.4 * unit_g))
        assert state.count >= 0
        assert state.low >= 0
        assert state.low <= state.high
        if state.is_certain:
            assert state.count == true


@given(st.lists(st.floats(-500, 5000), min_size=1, max_size=12), st.integers(0, 20))
def test_no_sequence_of_levels_makes_a_count_negative(levels, booked):
    state = first_count(levels[0], booked, MILK, BAND_G)
    for level_g in levels[1:]:
        state = recount(state, level_g, MILK, BAND_G)
        assert state.count >= 0
        assert 0 <= state.low <= state.high
        assert 0 <= state.certainty <= 1


# --- guests on a foreign scale

BOTTLE = product(265)
IN_HAND = (Part(replace(BOTTLE, name="우유"), 0, 1),)
GUEST = (Part(replace(BOTTLE, name="우유"), 1, 0),)


def test_a_product_in_hand_that_is_put_down_here_is_a_guest():
    found = recount(ScaleCount(5, 475.0), 475 + 265.0, MILK, BAND_G, IN_HAND)
    assert (found.count, found.guests, found.is_certain) == (5, {"우유": 1}, True)
    assert found.anchor_g == 475 + 265


def test_a_guest_that_leaves_is_no_longer_here_and_changes_no_count():
    state = ScaleCount(5, 475 + 265.0, guests={"우유": 1})
    found = recount(state, 475.0, MILK, BAND_G, GUEST)
    assert (found.count, found.guests, found.is_certain) == (5, {}, True)


def test_own_units_are_counted_beside_a_guest():
    state = ScaleCount(5, 475 + 265.0, guests={"우유": 1})
    found = recount(state, 475 + 265 - 95.0, MILK, BAND_G, GUEST)
    assert (found.count, found.guests) == (4, {"우유": 1})
    without_others = recount(state, 475 + 265 - 95.0, MILK, BAND_G)
    assert (without_others.count, without_others.guests) == (4, {"우유": 1})


def test_what_cannot_be_told_apart_leaves_both_products_in_doubt():
    twin = (Part(replace(MILK, name="쌍둥이"), 0, 1),)
    found = recount(ScaleCount(5, 475.0), 570.0, MILK, BAND_G, twin, in_hand=1)
    assert (found.count, found.is_certain, found.guests) == (5, False, {})
    assert (found.low, found.high) == (5, 6)
    assert found.doubts == {"쌍둥이": (0, 1)}
    gone = recount(found, 475.0, MILK, BAND_G, twin, in_hand=1)
    assert (gone.count, gone.is_certain, gone.doubts) == (5, True, {})


@pytest.mark.parametrize(
    ("level_g", "count", "is_certain"),
    [(5 * 95 + 265.0, 5, True), (4 * 95 + 265.0, 4, True), (2.5 * 95 + 265, 5, False)],
)
def test_a_restart_still_knows_the_guests(level_g, count, is_certain):
    found = first_count(level_g, 5, MILK, BAND_G, {BOTTLE: 1})
    assert (found.count, found.is_certain) == (count, is_certain)
    assert found.guests == {BOTTLE.name: 1}


def test_what_the_owner_says_keeps_the_guests():
    assert set_count(740.0, 5, {"우유": 1}).guests == {"우유": 1}


def test_what_was_put_down_and_is_lifted_again_leaves_the_count_as_it_was():
    """520 g are ten bars by weight, and were a bag."""
    bar = product(52)
    before = ScaleCount(5, 260.0)
    with_bag = recount(before, 260 + 520.0, bar, BAND_G)
    assert with_bag.count == 15
    taken = recount(with_bag, 260 + 520 - 50.9, bar, BAND_G)
    assert taken.count == 14
    lifted = recount(taken, 260 + 1.2, bar, BAND_G)
    assert (lifted.count, lifted.is_certain) == (5, True)


def test_an_earlier_visitors_level_says_nothing_of_what_lies_there_now():
    """A bottle of 98 g in hand, where an earlier customer has taken one of 95 g."""
    taken = forgetful(recount(ScaleCount(5, 475.0), 379.0, MILK, BAND_G))
    assert taken.earlier == ()
    twin = (Part(replace(MILK, name="쌍둥이", unit_weight_g=96.0), 0, 1),)
    found = recount(taken, 475.0, MILK, BAND_G, twin)
    assert (found.count, found.guests) == (4, {"쌍둥이": 1})


def test_many_light_units_at_once_cannot_be_told_from_one_more_or_less():
    assert not estimate_change(130 * 16.1, product(16.1), BAND_G).is_certain
    assert estimate_change(10 * 16.1, product(16.1), BAND_G).is_certain


def test_another_product_of_the_same_weight_in_hand_is_not_taken_for_what_was_here_before():
    twin = (Part(replace(MILK, name="쌍둥이"), 0, 1),)
    taken = recount(ScaleCount(5, 475.0), 380.0, MILK, BAND_G, twin)
    found = recount(taken, 475.0, MILK, BAND_G, twin, in_hand=1)
    assert not found.is_certain
    assert found.doubts == {"쌍둥이": (0, 1)}
