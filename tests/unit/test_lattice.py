"""Which units of a scale's products weigh so much together."""

from storeguard.domain.lattice import combinations_near
from storeguard.domain.product import Product

A, B, C = Product("가", 1, 100.0), Product("나", 1, 70.0), Product("다", 1, 33.0)


def near(products, grams, reach_g=5.0):
    return set(combinations_near(products, grams, reach_g))


def test_of_one_product_the_nearest_numbers():
    assert near([A], -310) == {(-2,), (-3,), (-4,), (-5,)}
    assert near([A], 40) == {(1,), (2,)}


def test_of_several_also_what_they_weigh_together():
    assert (-2, -1) in near([A, B], -270)
    assert (2, 1) in near([A, B], 270)
    assert (2, 1) not in near([A, B], 290)
    assert (1, 1, 1) in near([A, B, C], 203)


def test_nothing_moved_is_not_among_them():
    assert not any(units == (0, 0) for units in near([A, B], 0.5))
