"""What explains missing units, once the counts are known."""

import pytest

from storeguard.domain.excuses import Excuse, explained

MILK, BAR, COLA = "바나나우유", "초코바", "콜라"


@pytest.mark.parametrize(
    ("found", "excuses", "gone", "left"),
    [
        # Given away: as many as are missing.
        ({MILK: 3}, [Excuse(MILK, 1)], {MILK: 1}, 0),
        ({MILK: 1}, [Excuse(MILK, 2)], {MILK: 1}, 0),
        ({MILK: 0}, [Excuse(MILK, 2)], {}, 0),
        ({MILK: -1}, [Excuse(MILK, 2)], {}, 0),
        ({MILK: 2}, [Excuse(MILK, 1), Excuse(MILK, 2)], {MILK: 2}, 0),
        # Paid as another, which lies there still.
        ({MILK: 1, BAR: -1}, [Excuse(MILK, 1, (BAR,))], {MILK: 1}, 0),
        ({MILK: 2, BAR: -1, COLA: -1}, [Excuse(MILK, 2, (BAR, COLA))], {MILK: 2}, 0),
        ({MILK: 1, BAR: 0}, [Excuse(MILK, 1, (BAR,))], {}, 0),
        # One payment excuses one unit.
        ({MILK: 1, COLA: 1, BAR: -1}, [Excuse(MILK, 1, (BAR,)), Excuse(COLA, 1, (BAR,))],
         {MILK: 1}, 0),
        # Not known yet.
        ({MILK: 1}, [Excuse(MILK, 1, (BAR,))], {}, 1),
        ({BAR: -1}, [Excuse(MILK, 1, (BAR,))], {}, 1),
        ({}, [Excuse(MILK, 1)], {}, 1),
    ],
)  # fmt: skip
def test_what_is_missing_for_a_reason(found, excuses, gone, left):
    assert explained(found, excuses) == (gone, tuple(excuses[len(excuses) - left :]))
