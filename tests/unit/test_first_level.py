"""The first level after a start: what the book says, what the weight says, and which is right."""

from dataclasses import replace

import pytest

from storeguard.domain.answers import counts, moves
from storeguard.domain.belief import Belief, entered
from storeguard.domain.counting import Weighed, weigh
from storeguard.domain.firstlevel import first_weighed
from storeguard.domain.product import Product


def first(booked, level_g, unit_g, *, has_zero):
    product = Product("새우깡", 1500, unit_g)
    weighed = Weighed("A", level_g, 1.5, 0.0)
    goods = Belief({"A": (product,)})
    found = first_weighed(goods, weighed, {product.name: booked}, {}, has_zero=has_zero)
    return counts(found)[product.name]


@pytest.mark.parametrize(
    ("units", "true_g", "owners_g"),
    [(50, 98.5, 100), (60, 98.5, 100), (45, 98, 100), (40, 93, 95), (15, 57.9, 60), (24, 520, 500)],
)
def test_an_owners_rounding_is_no_missing_unit_on_a_full_shelf(units, true_g, owners_g):
    found = first(units, units * true_g, owners_g, has_zero=False)
    assert found.low <= units <= found.high
    assert found.count == units or not found.is_certain


@pytest.mark.parametrize(("booked", "there"), [(5, 4), (12, 11), (20, 19), (5, 8), (12, 0)])
def test_a_book_that_is_wrong_is_corrected(booked, there):
    found = first(booked, there * 95.0, 95.0, has_zero=False)
    assert (found.count, found.is_certain) == (there, True)


def test_where_nothing_was_booked_nothing_has_been_rounded():
    found = first(0, 3 * 95.0, 95.0, has_zero=False)
    assert (found.count, found.is_certain) == (3, True)


def test_once_the_zero_is_known_a_single_unit_of_fifty_is_missed():
    found = first(50, 49 * 95.0, 95.0, has_zero=True)
    assert (found.count, found.is_certain) == (49, True)


# --- several products on a scale whose zero is remembered


BOTTLE, LIGHT, BAR, HEAVY = (
    Product("우유", 1500, 95.0),
    Product("사탕", 1000, 24.0),
    Product("초코바", 1200, 52.0),
    Product("즙", 3000, 500.0),
)


@pytest.mark.parametrize(
    ("booked", "gone"),
    [
        ({BOTTLE: 40, LIGHT: 60}, {LIGHT: 2}),
        ({BOTTLE: 40, BAR: 30}, {BAR: 1}),
        ({HEAVY: 12, BAR: 30}, {BAR: 1}),
        ({HEAVY: 12, BOTTLE: 40}, {BOTTLE: 1}),
    ],
)
def test_the_spread_of_a_full_mixed_scale_that_was_weighed_hides_no_theft(booked, gone):
    """It was in the level before the stop, and is in the zero since."""
    there = {one: n - gone.get(one, 0) for one, n in booked.items()}
    found = mixed(booked, sum(n * one.unit_weight_g for one, n in there.items()))
    assert {one: (found[one.name].count, found[one.name].is_certain) for one in there} == {
        one: (n, True) for one, n in there.items()
    }


def test_a_loss_of_a_mixed_scale_that_two_products_explain_is_said_to_be_in_doubt():
    found = mixed({BOTTLE: 40, replace(BOTTLE, name="두유"): 40}, 79 * 95.0)
    assert [(one.is_certain, one.low, one.high) for one in found.values()] == [(False, 39, 40)] * 2


def mixed(booked, level_g, **more):
    goods = Belief({"A": tuple(booked)})
    counted = {one.name: n for one, n in booked.items()}
    weighed = Weighed("A", level_g, 3.0, 0.0)
    return counts(first_weighed(goods, weighed, counted, {}, **more))


# --- a zero that has drifted while the power was off


@pytest.mark.parametrize("off_g", [-24.0, -20.0, 20.0])
def test_what_a_zero_may_have_drifted_by_is_no_light_unit_for_certain(off_g):
    found = mixed({LIGHT: 9}, 9 * 24.0 + off_g, drift_g=45.0)[LIGHT.name]
    assert (found.is_certain, found.count) == (False, 9)
    assert found.low <= 8 if off_g < 0 else found.high >= 10


@pytest.mark.parametrize(("product", "gone"), [(BAR, 1), (BAR, 2), (BOTTLE, 1), (HEAVY, 1)])
def test_what_is_more_than_a_zero_drifts_is_goods_still(product, gone):
    found = mixed({product: 12}, (12 - gone) * product.unit_weight_g, drift_g=45.0)[product.name]
    assert (found.count, found.is_certain) == (12 - gone, True)


@pytest.mark.parametrize("drifted_g", [-9.0, 0.0, 9.0])
def test_a_zero_that_has_drifted_a_little_leaves_the_count_certain(drifted_g):
    found = mixed({LIGHT: 9}, 9 * 24.0 + drifted_g, drift_g=45.0)[LIGHT.name]
    assert (found.count, found.is_certain) == (9, True)


# --- what lies there at the start and may be no product


@pytest.mark.parametrize("has_zero", [True, False])
@pytest.mark.parametrize("thing_g", [285.0, 300.0, 330.0, 2000.0])
def test_what_somebody_inside_may_have_put_there_is_no_goods_for_certain(thing_g, has_zero):
    shelf = Shelf(10, 950.0 + thing_g, has_zero=has_zero, may_be_thing=True)
    found = shelf.count()
    assert (found.count, found.is_certain) == (10, False)
    moved = shelf.visit(-thing_g)  # 285 g may be three bottles from beside it, too
    assert moved.count == 0 or not moved.is_certain
    assert shelf.count().high == 10


@pytest.mark.parametrize("has_zero", [True, False])
def test_goods_that_came_while_nobody_is_inside_are_stock(has_zero):
    found = Shelf(10, 13 * 95.0, has_zero=has_zero).count()
    assert (found.count, found.is_certain) == (13, True)


def test_what_stays_when_its_bringer_has_gone_is_stock_after_all():
    shelf = Shelf(10, 13 * 95.0, may_be_thing=True)
    shelf.visit()
    assert (shelf.count().count, shelf.count().is_certain) == (13, True)


def test_who_may_have_put_something_there_hides_no_theft_from_the_shelf():
    found = Shelf(10, 8 * 95.0, may_be_thing=True).count()
    assert (found.count, found.is_certain) == (8, True)


@pytest.mark.parametrize("thing_g", [285.0, 300.0])
def test_what_is_booked_as_goods_and_was_in_doubt_is_in_doubt_still(thing_g):
    shelf = Shelf(13, 950.0 + thing_g, booked_thing_g=thing_g)
    found = shelf.count()
    assert (found.is_certain, found.low, found.count) == (False, 10, 13)


def test_what_was_in_doubt_and_booked_and_was_fetched_meanwhile_is_gone():
    found = Shelf(13, 950.0, booked_thing_g=285.0, drift_g=45.0).count()
    assert (found.count, found.is_certain) == (10, True)


def test_a_thing_that_is_booked_as_less_than_a_unit_of_goods_leaves_the_book():
    found = Shelf(10, 960.0, booked_thing_g=10.0).count()
    assert found.count == 10


class Shelf:
    """One scale of bottles after a start, and a visit; `more` as in `first_weighed`."""

    def __init__(self, booked, level_g, **more):
        self.level_g, goods = level_g, Belief({"A": (BOTTLE,)})
        first = Weighed("A", level_g, 3.0, 0.0)
        self.belief = first_weighed(goods, first, {BOTTLE.name: booked}, {}, **more)

    def count(self):
        return counts(self.belief)[BOTTLE.name]

    def visit(self, *steps_g):
        self.belief = entered(self.belief) if not steps_g else self.belief
        for grams in steps_g:
            self.level_g += grams
            step = Weighed("A", self.level_g, 3.0, 30.0, 0.3, started_s=28.0)
            self.belief = weigh(self.belief, step)
        return moves(self.belief, {"A"})[BOTTLE.name]
