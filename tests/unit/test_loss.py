"""What missing goods cost: by issue and by day, without what was paid after all."""

from datetime import date

import pytest

from storeguard.domain.issue import IssueLine
from storeguard.domain.loss import by_day, outstanding_won

MILK, BAR = "바나나우유", "메로나"
LINES = (IssueLine(MILK, 4, 6, 2, 3000, 1.0), IssueLine(BAR, 0, 3, 3, 3600, 0.9))


@pytest.mark.parametrize(
    ("paid", "confirmed", "won"),
    [
        ({}, None, 6600),
        ({MILK: 1}, None, 5100),
        ({MILK: 2, BAR: 3}, None, 0),
        ({MILK: 9}, None, 3600),  # more than was missing pays for nothing else
        ({}, {BAR: 1}, 1200),  # a provisional issue that was confirmed in part
        ({BAR: 1}, {BAR: 2}, 1200),
        ({}, {}, 0),  # withdrawn
    ],
)
def test_an_issue_costs_what_is_still_not_paid(paid, confirmed, won):
    assert outstanding_won(LINES, paid, confirmed) == won


def test_the_losses_of_a_day_are_summed():
    friday, saturday = date(2026, 11, 20), date(2026, 11, 21)
    assert by_day([(saturday, 500), (friday, 1500), (saturday, 700)]) == {
        friday: 1500,
        saturday: 1200,
    }
    assert by_day([]) == {}
