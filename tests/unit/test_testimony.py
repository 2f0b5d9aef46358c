"""When the sales of a visit may say what was taken."""

import pytest

from storeguard.domain.answers import Count
from storeguard.domain.testimony import open_to

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
