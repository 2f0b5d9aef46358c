"""When the owner hears of a fault: after its delay, once, once at its end, not twice in 6 hours."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain.alarms import (
    AT_MOST_EVERY,
    DEFAULT_DELAY_S,
    SETTLED_S,
    UNTOLD,
    Alarms,
    Trouble,
    advance,
)
from storeguard.errors import FaultCode

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def trouble(key="A", code=FaultCode.SCALE_SILENT, since_s=None):
    return Trouble(key, code, f"저울 {key}", "응답이 없습니다.", since_s)


def play(rounds, *, quiet=lambda s: False, alarms=None):
    """`rounds`: (second, troubles); returns (second, key, is_over) of each edge, and the alarms."""
    alarms, told = alarms or Alarms({}, {}), []
    for now_s, there in rounds:
        now = START + timedelta(seconds=now_s)
        alarms, edges = advance(alarms, there, now_s, now, is_quiet=quiet(now_s))
        told += [(now_s, edge.alarm.trouble.key, edge.is_over) for edge in edges]
    return told, alarms


def lasting(until_s, then_s=2000, step_s=10, **more):
    return [
        (s, [trouble(**more)] if s < until_s else []) for s in range(0, until_s + then_s, step_s)
    ]


def test_nothing_is_nothing():
    assert play([(0, []), (1000, [])])[0] == []


def test_a_fault_that_lasts_is_told_once_and_its_end_once():
    told, _ = play(lasting(5000))
    assert told == [(DEFAULT_DELAY_S, "A", False), (5000 + SETTLED_S, "A", True)]


def test_a_fault_that_passes_within_its_delay_is_told_by_nobody():
    assert play(lasting(590))[0] == []


def test_what_began_before_it_was_seen_counts_from_its_beginning():
    told, _ = play([(1000, [trouble(since_s=300.0)])])
    assert told == [(1000, "A", False)]


@pytest.mark.parametrize("code", [FaultCode.DISK_FULL, FaultCode.POWER_LOW, FaultCode.SAFE_MODE])
def test_what_cannot_wait_is_told_at_once(code):
    assert play([(5, [trouble(code=code)])])[0] == [(5, "A", False)]


@pytest.mark.parametrize("code", sorted(UNTOLD))
def test_what_goes_on_meanwhile_is_for_the_page_only(code):
    assert play(lasting(50_000, step_s=500, code=code))[0] == []


def test_a_gap_shorter_than_a_minute_is_no_end():
    rounds = [(s, [] if 1000 <= s < 1050 else [trouble()]) for s in range(0, 3000, 10)]
    assert play(rounds)[0] == [(600, "A", False)]


def test_one_that_comes_and_goes_is_told_once_in_six_hours():
    rounds = [(s, [trouble()] if s % 2000 < 1000 else []) for s in range(0, 7 * 3600, 10)]
    told, _ = play(rounds)
    begun = [s for s, _, is_over in told if not is_over]
    assert len(begun) == 2
    assert begun[1] - begun[0] >= AT_MOST_EVERY.total_seconds()
    assert sum(is_over for *_, is_over in told) <= 2


def test_each_part_has_its_own_outage():
    told, _ = play([(s, [trouble("A"), trouble("B")]) for s in range(0, 700, 100)])
    assert told == [(600, "A", False), (600, "B", False)]


def test_another_code_of_the_same_outage_is_no_news():
    rounds = [
        (s, [trouble(code=FaultCode.CAMERA_SILENT if s < 800 else FaultCode.CAMERA_GONE)])
        for s in range(0, 3000, 100)
    ]
    assert len(play(rounds)[0]) == 1


def test_in_quiet_hours_it_waits_and_what_is_over_by_then_is_never_told():
    def quiet(s):
        return s < 8000

    assert play(lasting(5000, then_s=9000), quiet=quiet)[0] == []
    told, _ = play(lasting(9000), quiet=quiet)
    assert told == [(8000, "A", False), (9000 + SETTLED_S, "A", True)]


def test_its_end_waits_for_the_end_of_the_quiet_hours_too():
    told, _ = play(lasting(5000, then_s=9000), quiet=lambda s: 4000 < s < 8000)
    assert told == [(600, "A", False), (8000, "A", True)]


@pytest.mark.parametrize(
    ("code", "has_sms"),
    [
        (FaultCode.SCALE_SILENT, True),
        (FaultCode.CAMERA_BLIND, True),
        (FaultCode.NETWORK, False),
        (FaultCode.CREDENTIALS, False),
        (FaultCode.CLOCK_SKEWED, False),
    ],
)
def test_what_keeps_the_sms_from_going_is_told_on_the_channels_only(code, has_sms):
    _, [edge] = advance(
        Alarms({}, {}), [trouble(code=code, since_s=-9000.0)], 0.0, START, is_quiet=False
    )
    assert edge.has_sms is has_sms


@given(st.lists(st.booleans(), max_size=400), st.lists(st.booleans(), max_size=400))
def test_ends_follow_beginnings_and_nothing_is_told_twice_in_six_hours(there, quiet):
    rounds = [(i * 137, [trouble()] if is_there else []) for i, is_there in enumerate(there)]
    told, _ = play(rounds, quiet=lambda s: (s // 137) < len(quiet) and quiet[s // 137])
    begun = [s for s, _, is_over in told if not is_over]
    assert all(b - a >= AT_MOST_EVERY.total_seconds() for a, b in pairwise(begun))
    assert [is_over for *_, is_over in told] == [i % 2 == 1 for i in range(len(told))]
