"""What the log says of a visit, for the person who reads it."""

import logging
from datetime import UTC, datetime

import pytest

from storeguard.clock import LoopClock, SimLoop
from storeguard.domain.events import IssueSealed, SealedLine, StoreOccupied, VisitReconciled
from storeguard.domain.reasons import Reason
from storeguard.narrating import Narrator, line


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


def test_what_is_judged_is_told_with_its_reasons_in_the_same_line(caplog):
    """Those of the notice and the pages; what is not judged has none."""
    caplog.set_level(logging.INFO, "storeguard")
    loop = SimLoop()
    loop.close()
    clock = LoopClock(loop, datetime(2026, 11, 20, 13, 20, tzinfo=UTC))
    why = (Reason("unpaid", "콜라", 2, until_s=70.0),)
    line_of = SealedLine("콜라", 3, 5, 2, 3600, 0.99)
    narrator = Narrator(clock, "Asia/Seoul")
    narrator.narrate(VisitReconciled(99.0, "v", 10.0, 42.0, unpaid={"콜라": 2}, reasons=why))
    narrator.narrate(IssueSealed(99.0, "i", 10.0, (line_of,), reasons=why))
    narrator.narrate(StoreOccupied(120.0))
    said = "| By 22:21:10, 2 콜라 had not been paid."
    assert [(one.levelno, one.getMessage()) for one in caplog.records] == [
        (logging.INFO, f"visit: judged, 32 s: not paid 콜라 2 {said}"),
        (logging.WARNING, f"issue i: missing 콜라 2, 3,600 won {said}"),
        (logging.INFO, "visit: begins"),
    ]
