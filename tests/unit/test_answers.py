"""What a belief says of a product where something lies on its scale that is none."""

import math

import pytest

from storeguard.domain.answers import by_product, changes, counts, moves
from storeguard.domain.belief import Belief, Hypothesis, Load, Lot
from storeguard.domain.product import Product

WATER = Product("생수", 900, 500.0)


def belief(*found: tuple[float, int, float | None]) -> Belief:
    """Of (probability, bottles left of 24, grams of what lies there)."""
    ways = (
        Hypothesis({"A": Load((left,), (), 500.0 * left, grams)}, (), math.log(p), {"생수": 24})
        for p, left, grams in found
    )
    return Belief({"A": (WATER,)}, tuple(ways))


@pytest.mark.parametrize(("grams", "is_certain"), [(41.0, True), (130.0, False), (-41.0, False)])
def test_what_is_far_lighter_than_a_bottle_hides_none(grams, is_certain):
    found = belief((0.7, 23, grams), (0.3, 23, None))
    assert moves(found, {"A"})["생수"].is_certain is is_certain
    assert counts(found)["생수"].is_certain is is_certain


@pytest.mark.parametrize(
    ("grams", "least"),
    [(11_500.0, 1), (11_600.0, 1), (11_700.0, 0), (11_300.0, 1), (12_000.0, 0), (500.0, 23)],
)
def test_no_more_bottles_lie_there_than_it_weighs(grams, least):
    """All are gone, and what lies there is some of them, perhaps."""
    found = moves(belief((0.9, 0, grams), (0.1, 0, grams)), {"A"})["생수"]
    assert (found.is_certain, -found.high) == (False, least)


def test_what_lies_there_is_weighed_by_each_way_in_which_it_may_have_come():
    """All but a bottle are gone and a bag of their weight came, or a bottle is gone."""
    found = moves(belief((0.8, 1, 11_000.0), (0.2, 23, None)), {"A"})["생수"]
    assert (found.is_certain, -found.high) == (False, 1)


def test_what_changed_is_told_by_scale_and_by_product():
    """A bottle has gone from its own scale to another: it has moved twice, and is still there."""
    goods = {"A": (WATER,), "B": (Product("감자칩", 1600, 66.0),)}
    bottle = Lot("생수", 1, 500.0, 0.3, 0.0)
    had, has = (
        Belief(goods, (Hypothesis({"A": Load((n,), (), 0.0), "B": Load((9,), guests, 0.0)}),))
        for n, guests in ((24, ()), (22, (bottle,)))
    )
    found = changes(had, has)
    assert found == {("A", "생수"): -2, ("B", "생수"): 1}
    assert by_product(found) == {"생수": -1}
    assert by_product({("A", "생수"): -1, ("B", "생수"): 1}) == {}


def test_a_scale_that_is_counted_first_has_changed_from_what_was_booked():
    one = Belief({"A": (WATER,)}, (Hypothesis({"A": Load((22,), (), 11_000.0)}),))
    assert changes(Belief({"A": (WATER,)}), one, "A", {"생수": 24}) == {("A", "생수"): -2}
