"""What the log says of a visit, for the person who reads it."""

import pytest

from storeguard.domain.events import VisitReconciled
from storeguard.narrating import line


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, "nothing taken"),
        ({"taken": {"콜라": 2}, "paid": {"콜라": 2}}, "taken 콜라 2; paid 콜라 2"),
        ({"uncertain": {"콜라": (0, 2)}}, "uncertain 콜라 0 to 2"),
        ({"uncertain": {"콜라": (0, 0)}}, "uncertain 콜라 (none that is known to be missing)"),
    ],
)
def test_a_judged_visit_is_one_line(found, said):
    visit = VisitReconciled(99.0, "2026-11-20_10-00-08", 10.0, 42.0, **found)
    assert line(visit) == f"visit: judged, 32 s: {said}"
