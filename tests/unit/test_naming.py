"""A loss that is certain though its name is not: told under the likeliest name, and once."""

import pytest

from storeguard.domain.answers import Count
from storeguard.domain.ledger import Visit
from storeguard.domain.naming import Alternative, Named, alternatives, mistaken, named

MILK, BAR, GUM = "바나나우유", "초코바", "껌"


def gone(*ways: tuple[float, int]) -> Count:
    """An open count of which so many units have left with these probabilities."""
    return Count(-ways[0][1], 0.7, -9, 9, False, tuple((p, -units) for p, units in ways))


def test_one_of_two_has_gone_and_it_is_the_likelier():
    counts = {MILK: gone((0.8, 1), (0.2, 0)), BAR: gone((0.8, 0), (0.2, 1))}
    found = named(counts, {MILK: 0, BAR: 0}, {MILK: 0, BAR: 0})
    assert (found.least[MILK], found.least[BAR]) == (1, 0)
    assert found.certainty == {MILK: pytest.approx(0.8)}


@pytest.mark.parametrize(
    ("milk", "bar", "paid"),
    [
        (((0.6, 1), (0.4, 0)), ((0.6, 0), (0.4, 1)), {}),
        (((0.8, 1), (0.2, 0)), ((0.8, 0), (0.2, 0)), {}),
        (((0.8, 1), (0.2, 0)), ((0.8, 0), (0.2, 1)), {BAR: 1}),
        (((0.8, 1), (0.2, 0)), ((0.8, 0), (0.2, 1)), {MILK: 1}),
    ],
    ids=["nearly as likely the other", "perhaps nothing", "the other is paid", "it is paid"],
)
def test_nobody_is_named_where(milk, bar, paid):
    owed = {name: -paid.get(name, 0) for name in (MILK, BAR)}
    nothing = {MILK: 0, BAR: 0}
    assert named({MILK: gone(*milk), BAR: gone(*bar)}, owed, nothing) == Named(nothing)


def test_what_one_lacks_in_any_case_is_of_the_sum():
    """Four or three bars, and a gum instead of the fourth: four are gone, three for certain."""
    counts = {BAR: gone((0.8, 4), (0.2, 3)), GUM: gone((0.8, 0), (0.2, 1))}
    found = named(counts, {BAR: 0, GUM: 0}, {BAR: 3, GUM: 0})
    assert (found.least[BAR], found.least[GUM]) == (4, 0)


def test_two_light_ones_or_a_heavy_one_are_one_for_certain():
    counts = {GUM: gone((0.7, 2), (0.3, 0)), BAR: gone((0.7, 0), (0.3, 1))}
    found = named(counts, {GUM: 0, BAR: 0}, {GUM: 0, BAR: 0})
    assert (found.least[GUM], found.least[BAR]) == (1, 0)


def test_where_nothing_is_open_nothing_is_named():
    assert named({}, {}, {}) == Named({})


MILK_OR_BAR = Alternative(MILK, frozenset({BAR}))


@pytest.mark.parametrize(
    ("missing", "changes", "is_open"),
    [
        ({MILK: -1, BAR: 1}, {MILK: 1, BAR: -1}, False),
        ({MILK: -1, BAR: 2}, {MILK: 1, BAR: -1}, False),
        ({MILK: 0, BAR: 1}, {BAR: -1}, False),
        ({BAR: 1}, {MILK: 1, BAR: -1}, False),
        ({MILK: 1, BAR: 1}, {}, False),
        ({MILK: 1, BAR: -1}, {}, False),
        ({MILK: 0, BAR: 0}, {}, False),
        ({MILK: -1, GUM: 1}, {}, True),
        ({}, {}, True),
    ],
    ids=[
        *(
            "it was the other",
            "and one more",
            "the named is sold out",
            "the named is not known yet",
        ),
        *("both are missing", "it was the named", "nothing is missing", "quite another", "not yet"),
    ],
)
def test_the_other_of_two_is_told_once(missing, changes, is_open):
    assert mistaken(missing, [MILK_OR_BAR]) == (changes, (MILK_OR_BAR,) * is_open)


def test_two_units_that_were_named_are_set_right_each():
    missing = {MILK: -2, BAR: 3}
    assert mistaken(missing, [MILK_OR_BAR, MILK_OR_BAR]) == ({MILK: 2, BAR: -2}, ())


def test_what_may_be_another_is_what_is_open_besides():
    found = Visit("v", 5.0, uncertain={MILK: (1, 1), BAR: (0, 1), GUM: (2, 2)}, named={MILK: 0.8})
    assert list(alternatives(found, {MILK: 2, GUM: 2})) == [MILK_OR_BAR, MILK_OR_BAR]
