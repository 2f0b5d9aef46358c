"""Tampering: an opened door at once, three shakes, somebody who lingers and buys nothing."""

import pytest

from storeguard.domain.tampering import (
    BRIDGED_S,
    QUIET_FOR_S,
    Disturbance,
    Lingering,
    Touch,
    bought,
    lingered,
    touched,
)


def disturbed(touches, until_s, shakes):
    """Since when, after looks each 0.1 s."""
    state, since = Disturbance(), set()
    for i in range(round(until_s * 10)):
        now_s = i / 10
        new = [Touch(t_s, active) for t_s, active in touches if now_s - 0.1 < t_s <= now_s]
        state = touched(state, new, now_s, shakes=shakes)
        since.add(state.since_s)
    return since - {None}, state


def test_a_door_disturbs_as_soon_as_it_opens_and_as_long_as_it_is_open():
    since, state = disturbed([(5.0, True), (60.0, False)], 80, shakes=1)
    assert since == {5.0}
    assert state.since_s == 5.0  # quiet for 20 s only
    _, state = disturbed([(5.0, True), (60.0, False)], 60 + QUIET_FOR_S + 1, shakes=1)
    assert state.since_s is None


@pytest.mark.parametrize(
    ("shaken_s", "since"),
    [((5.0,), set()), ((5.0, 6.0, 9.0), set()), ((5.0, 5.5, 6.2), {6.2}), ((), set())],
)
def test_one_knock_is_no_tampering_and_three_are(shaken_s, since):
    touches = [(t_s, True) for t_s in shaken_s]
    assert disturbed(touches, 20, shakes=3)[0] == since


def test_further_shakes_are_the_same_disturbance_until_it_is_quiet():
    shakes = [(t / 2, True) for t in range(10, 60)] + [(90 + t / 2, True) for t in range(4)]
    since, _ = disturbed(shakes, 100, shakes=3)
    assert since == {6.0, 91.0}


def look(state, times_s, is_there, dwell_s=10.0):
    for t_s in times_s:
        state = lingered(state, t_s, dwell_s, is_there=is_there)
    return state


def test_whoever_stands_there_too_long_without_buying_is_told_of_once():
    state = look(Lingering(), range(10), is_there=True)
    assert state.since_s is None
    state = look(state, range(10, 30), is_there=True)
    assert state.since_s == 10


def test_a_sale_starts_the_time_anew():
    state = bought(look(Lingering(), range(12), is_there=True), 11.5)
    assert state.since_s is None
    assert look(state, range(12, 21), is_there=True).since_s is None
    assert look(state, range(12, 30), is_there=True).since_s == 22
    assert bought(Lingering(), 5.0) == Lingering()


def test_a_look_that_misses_is_bridged_and_leaving_ends_it():
    state = look(Lingering(), range(9), is_there=True)
    state = look(state, [9, 10], is_there=False)
    assert look(state, [11], is_there=True).since_s == 11
    assert look(state, [8 + BRIDGED_S + 0.1], is_there=False) == Lingering()
