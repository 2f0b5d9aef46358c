"""Where two things move one after the other, the level between them is what one of them weighs."""

import pytest

from storeguard.domain import pausing
from storeguard.domain.belief import Lot
from storeguard.domain.explaining import Explanation, Scene
from storeguard.domain.pausing import UNEXPLAINED, Moved
from storeguard.domain.product import Product

SNACK, CANDY = Product("과자", 1100, 88.4, tolerance_g=1.0), Product("사탕", 300, 8.0)
SCENE = Scene((SNACK,), {"과자": SNACK, "사탕": CANDY}, 0.5, 3.0, 100.0, {})
LOTS = (Lot("사탕", 1, 7.7, 0.2, 90.0), Lot("사탕", 1, 30.0, 0.2, 91.0))


def moved(own=0, rest_g=0.0, puts=(), leaves=(), object_g=None, beside_g=0.0, *, is_gone=True):
    found = Explanation((own,), puts, leaves, rest_g, 0.0, beside_g, 0.04)
    return Moved(found, object_g, is_gone, LOTS, LOTS)


ALONE = moved(-1, -84.4)
BOTH = moved(-1, -92.1, puts=((0, 1),), beside_g=7.7)


def is_explained(pause_g, what):
    return pausing.cost((pause_g,), what, SCENE) < UNEXPLAINED - 2


def test_one_thing_alone_explains_no_pause():
    assert not is_explained(-120.0, ALONE)
    assert not is_explained(-92.2, Moved(None, None, True, (), ()))
    assert not is_explained(-92.2, moved())


def test_either_may_move_first():
    assert is_explained(-92.2, BOTH)
    assert is_explained(7.8, BOTH)
    assert not is_explained(-84.4, BOTH)
    assert not is_explained(-60.0, BOTH)


def test_a_guest_leaves_before_or_after():
    guest = moved(-1, -90.0, leaves=((0, 1),), beside_g=-7.7)
    assert is_explained(-7.6, guest)
    assert is_explained(-90.1, guest)


def test_what_came_and_is_no_product_was_there_before_the_goods_or_after():
    came = moved(-1, -84.4)._replace(came_g=2542.0)
    assert is_explained(2542.0, came)
    assert is_explained(-84.4, came)
    assert not is_explained(2500.0, came)


def test_of_two_things_beside_the_stock_either_is_first():
    two = moved(puts=((0, 1), (1, 1)), beside_g=37.7)
    assert is_explained(7.7, two)
    assert is_explained(30.0, two)
    assert not is_explained(37.7, two)


def test_units_are_put_down_one_by_one():
    three = Moved(
        Explanation((0,), ((0, 3),), (), 0.0, 0.0, 24.1, 0.1),
        None,
        True,
        (),
        (Lot("사탕", 3, 24.1, 0.3, 90.0),),
    )
    assert is_explained(8.1, three)
    assert is_explained(16.0, three)
    assert not is_explained(24.1, three)


def test_a_bag_goes_before_or_after():
    bag = moved(-1, -90.0, object_g=500.0)
    assert is_explained(-500.0, bag)
    assert is_explained(-90.0, bag)
    assert not is_explained(500.0, bag)


@pytest.mark.parametrize("found", [None, moved(-1, -90.0).found])
def test_a_bag_is_lifted_meanwhile(found):
    bag = Moved(found, 500.0, False, LOTS, LOTS)
    assert is_explained(-500.0, bag)


@pytest.mark.parametrize("units", [2, 3, 12])
def test_units_are_taken_one_by_one(units):
    many = moved(-units, -88.0 * units)
    assert is_explained(-87.5, many)
    assert not is_explained(-40.0, many)


def test_a_unit_too_many_is_taken_and_put_back():
    assert is_explained(-176.5, ALONE)
    assert not is_explained(176.5, moved(1, 84.4))


def test_of_more_things_than_two_any_order_is_as_likely():
    three = moved(-1, -90.0, puts=((0, 1),), leaves=((1, 1),))
    assert is_explained(-90.0, three)
    assert is_explained(-50.0, three)
    assert not is_explained(-900.0, three)


def test_each_pause_costs():
    one = pausing.cost((-60.0,), BOTH, SCENE)
    assert pausing.cost((-60.0, -30.0), BOTH, SCENE) == pytest.approx(2 * one)
    assert pausing.cost((), BOTH, SCENE) == 0
