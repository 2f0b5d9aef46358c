"""When the sales of a visit may say what was taken; what the owner's count leaves aside."""

import pytest

from storeguard.domain.answers import Count
from storeguard.domain.belief import Load
from storeguard.domain.product import Product
from storeguard.domain.testimony import open_to, thing_g

MILK, BAR, GUM = "바나나우유", "초코바", "껌"
MOVES = {
    MILK: Count(-2, 0.96, -2, -2, True),
    BAR: Count(0, 0.93, 0, 0, True),
    GUM: Count(-1, 0.995, -1, -1, True),
}


@pytest.mark.parametrize(
    ("paid", "names"),
    [
        ({}, {BAR}),
        ({MILK: 2, GUM: 1}, {BAR}),
        ({MILK: 1}, {BAR}),
        ({BAR: 1}, {BAR, MILK}),
        ({MILK: 3}, {BAR, MILK}),
        ({"신문": 1}, {BAR}),
    ],
    ids=["nothing", "all", "less", "what was not taken", "too much", "what no scale carries"],
)
def test_who_pays_for_more_than_he_took_took_something_else_perhaps(paid, names):
    assert open_to(paid, MOVES) == names


@pytest.mark.parametrize(
    ("lies_g", "told", "stays_g"),
    [(None, 1, 0.0), (300.0, 0, 300.0), (300.0, 1, 300.0), (300.0, 3, 0.0), (40.0, 0, 0.0)],
    ids=["nothing", "counted anew", "one more", "all of it", "less than half a unit"],
)
def test_what_lies_beside_the_goods_that_the_owner_has_counted(lies_g, told, stays_g):
    load = Load((10,), (), 950.0, object_g=lies_g)
    assert thing_g(load, told, Product("우유", 1500, 95.0)) == stays_g
