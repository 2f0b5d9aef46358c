"""The first level after a start: what the book says, what the weight says, and which is right."""

import pytest

from storeguard.domain.answers import counts
from storeguard.domain.belief import Belief
from storeguard.domain.counting import Weighed, first_weighed
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


def test_once_the_zero_is_known_a_single_unit_of_fifty_is_missed():
    found = first(50, 49 * 95.0, 95.0, has_zero=True)
    assert (found.count, found.is_certain) == (49, True)
