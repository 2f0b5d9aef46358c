"""A breach: what is to be done, and how many hours are left."""

from datetime import UTC, datetime, timedelta

import pytest

from storeguard.domain.breach import KINDS, NEEDS, STEPS, TOLD_WITHIN, Breach, steps_for

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("later", "left"),
    [
        (timedelta(), 72),
        (timedelta(minutes=1), 71),
        (timedelta(hours=71, minutes=59), 0),
        (TOLD_WITHIN, 0),
        (TOLD_WITHIN + timedelta(minutes=1), -1),
    ],
)
def test_seventy_two_hours_run_from_when_the_owner_learnt_of_it(later, left):
    breach = Breach("1", "card", AT, "owner")
    assert breach.due_at == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert breach.hours_left(AT + later) == left


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_store_has_not_needs_no_step(kind):
    whole = steps_for(kind, {"cloud": True, "channels": True, "pos": True})
    assert whole == STEPS[kind]
    bare = steps_for(kind, {"cloud": False, "channels": False, "pos": False})
    assert bare == tuple(step for step in whole if step not in NEEDS)
    assert "cloud" in steps_for(kind, {"cloud": True, "channels": False, "pos": False})
