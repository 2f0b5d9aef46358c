"""The weekly test, the second person, the quiet hours."""

from datetime import UTC, datetime, timedelta

import pytest

from storeguard.domain.reminding import (
    is_quiet,
    to_escalate,
    unanswered_tests,
    weekly_id,
)
from storeguard.domain.telling import Kind, Leg, Notice, Phase, wants

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


def notice(name="n", kind=Kind.ISSUE, at=AT, to="owner", issues=()):
    return Notice(name, kind, at, "s", "t", to=to, issues=issues)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        (datetime(2026, 11, 23, 9, 59, tzinfo=UTC), None),
        (datetime(2026, 11, 23, 10, 0, tzinfo=UTC), "test-2026-W48"),
        (datetime(2026, 11, 24, 12, 0, tzinfo=UTC), None),
        (datetime(2026, 11, 23, 23, 59, tzinfo=UTC), "test-2026-W48"),
        (datetime(2026, 12, 28, 12, 0, tzinfo=UTC), "test-2026-W53"),
    ],
)
def test_a_test_a_week_from_monday_ten_oclock_on(local, expected):
    assert weekly_id(local) == expected


def test_a_test_has_two_days_to_be_answered():
    tests = [notice("old", Kind.TEST, AT - timedelta(days=7)), notice("new", Kind.TEST)]
    late = AT + timedelta(hours=48)
    early = AT + timedelta(hours=47)
    assert unanswered_tests(tests[1:], (), early) == ()
    assert unanswered_tests(tests, (), early) == ("old",), "next week's test ends nothing"
    assert unanswered_tests(tests, {"old"}, early) == ()
    assert unanswered_tests(tests, (), late) == ("new",)
    assert unanswered_tests(tests, {"old"}, late) == ("new",)
    assert unanswered_tests(tests, {"new"}, late) == ()
    assert unanswered_tests([], (), late) == ()


@pytest.mark.parametrize(
    ("one", "opened", "later", "expected"),
    [
        (notice(), frozenset(), timedelta(minutes=29), False),
        (notice(), frozenset(), HALF_HOUR, True),
        (notice(), frozenset({"n"}), HALF_HOUR, False),
        (notice(issues=("i",)), frozenset({"i"}), HALF_HOUR, False),
        (notice(kind=Kind.DIGEST), frozenset(), HALF_HOUR, True),
        (notice(kind=Kind.FAULT), frozenset(), HALF_HOUR, False),
        (notice(to="second"), frozenset(), HALF_HOUR, False),
        (notice(), frozenset(), timedelta(days=1), False),
    ],
)
def test_the_second_person_hears_of_what_nobody_has_opened(one, opened, later, expected):
    assert to_escalate([one], opened, AT + later, HALF_HOUR) == ((one,) if expected else ())


@pytest.mark.parametrize(
    ("hours", "clock", "expected"),
    [
        (None, "03:00", False),
        (("23:00", "07:00"), "22:59", False),
        (("23:00", "07:00"), "23:00", True),
        (("23:00", "07:00"), "03:00", True),
        (("23:00", "07:00"), "07:00", False),
        (("13:00", "14:00"), "13:30", True),
        (("13:00", "14:00"), "14:00", False),
        (("13:00", "14:00"), "03:00", False),
        (("07:00", "07:00"), "07:00", False),
    ],
)
def test_quiet_hours_may_cross_midnight(hours, clock, expected):
    local = datetime.fromisoformat(f"2026-11-20T{clock}:40")
    assert is_quiet(local, hours) is expected


def test_a_leg_is_sent_once_and_given_up_after_two_weeks():
    begun = Leg().begun(AT)
    assert (begun.phase, begun.tries) == (Phase.SENDING, 1)
    again = begun.failed("no route", AT, AT).begun(AT)
    assert (again.tries, again.why) == (2, "no route")
    sent = again.sent(AT)
    assert sent.is_over
    with pytest.raises(ValueError, match="must not be sent again"):
        sent.begun(AT)
    late = again.failed("no route", AT + timedelta(days=15), AT)
    assert late.phase is Phase.GIVEN_UP


def test_a_channel_tells_its_topics_to_its_person():
    assert wants(("issues",), "owner", notice())
    assert not wants(("faults",), "owner", notice())
    assert not wants(("issues",), "second", notice())
    assert wants(("issues",), "second", notice(kind=Kind.ESCALATION, to="second"))


def test_a_notice_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="UTC offset"):
        notice(at=AT.replace(tzinfo=None))
