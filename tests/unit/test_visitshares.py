"""Whose steps wait for the sales of the visit before."""

import pytest

from storeguard.domain.answers import Count
from storeguard.domain.belief import Belief
from storeguard.services.visitshares import VisitShares


@pytest.mark.parametrize(
    ("certainty", "is_certain", "is_over", "began_s", "waits"),
    [
        (0.6, False, False, 45.0, True),
        (0.97, True, False, 45.0, False),
        (0.6, False, True, 45.0, False),
        (0.6, False, False, 25.0, False),
    ],
    ids=["in doubt", "nearly certain", "judged", "its own"],
)
def test_only_a_count_in_doubt_keeps_later_steps_waiting(
    monkeypatch, certainty, is_certain, is_over, began_s, waits
):
    """While they wait, a payment for what they took finds nothing to pay."""
    shares, belief = VisitShares(), Belief({})
    shares.come(10.0, {})
    shares.begin(belief, frozenset())
    shares.known.emptied_s, shares.known.is_over = 30.0, is_over
    shares.come(40.0, {})
    count = Count(-1, certainty, -1, -1 if is_certain else 0, is_certain)
    monkeypatch.setattr(shares, "moves", lambda *_: {"바나나우유": count})
    assert shares.has_to_wait(belief, began_s) is waits
