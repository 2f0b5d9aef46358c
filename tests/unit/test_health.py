"""A fault is not a hang: silence is."""

import pytest

from storeguard.health import Health, Silence


class Clock:
    def __init__(self):
        self.s = 100.0

    def now_s(self):
        return self.s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def health(clock):
    return Health(clock)


def names(health, clock, pace=1.0):
    return [one.name for one in health.overdue(clock.s, pace)]


def test_a_part_that_reports_is_never_overdue(health, clock):
    part = health.part("weighing", longest_s=30.0)
    for _ in range(10):
        clock.s += 29.0
        part.ok()
        assert names(health, clock) == []
    clock.s += 31.0
    assert health.overdue(clock.s) == (Silence("weighing", 31.0),)


def test_a_part_owes_its_first_report_from_the_beginning(health, clock):
    health.part("weighing", longest_s=30.0)
    clock.s += 31.0
    assert names(health, clock) == ["weighing"]


def test_a_part_without_a_pulse_owes_nothing(health, clock):
    health.part("kiosk book").ok()
    clock.s += 1e6
    assert names(health, clock) == []


def test_a_pulse_can_be_given_to_a_part_that_is_known_already(health, clock):
    part = health.part("door")
    assert health.part("door", longest_s=30.0) is part
    clock.s += 31.0
    assert names(health, clock) == ["door"]


def test_a_known_fault_that_is_tried_again_is_no_hang(health, clock):
    part = health.part("door", longest_s=30.0)
    for _ in range(12):
        part.failed("unplugged")
        clock.s += part.backoff_s() + 29.0
        assert names(health, clock) == []
    clock.s += 2.0
    assert names(health, clock) == ["door"]


def test_a_rest_that_was_announced_is_no_silence(health, clock):
    part = health.part("uploading", longest_s=50.0)
    part.alive(900.0)
    clock.s += 949.0
    assert names(health, clock) == []
    clock.s += 2.0
    assert names(health, clock) == ["uploading"]


def test_a_part_that_has_ended_owes_nothing(health, clock):
    part = health.part("door", longest_s=30.0)
    part.failed("played to its end")
    part.ended()
    clock.s += 1e6
    assert names(health, clock) == []


def test_a_worker_owes_a_sign_only_while_it_has_a_job(health, clock):
    pulse = health.pulse("encoder", 30.0)
    clock.s += 1e6
    assert names(health, clock) == []
    with pulse.job():
        assert pulse.is_busy
        clock.s += 31.0
        assert names(health, clock) == ["encoder"]
    assert names(health, clock) == []
    assert not pulse.is_busy


def test_each_job_of_a_queue_has_its_own_time(health, clock):
    pulse = health.pulse("encoder", 30.0)
    for _ in range(3):
        pulse.begin()
    for _ in range(2):
        clock.s += 29.0
        pulse.end()
        assert names(health, clock) == []
    clock.s += 31.0
    pulse.begin()
    assert names(health, clock) == ["encoder"]
    pulse.end()
    pulse.end()
    pulse.end()
    clock.s += 1e6
    assert names(health, clock) == []


def test_a_shorter_watchdog_shortens_what_is_allowed_but_no_announced_rest(health, clock):
    health.part("weighing", longest_s=30.0)
    health.part("uploading", longest_s=50.0).alive(100.0)
    clock.s += 4.0
    assert names(health, clock, 0.1) == ["weighing"]
    clock.s += 102.0
    assert names(health, clock, 0.1) == ["weighing", "uploading"]


def test_time_in_which_nobody_could_do_anything_is_forgiven(health, clock):
    health.part("weighing", longest_s=30.0)
    health.pulse("encoder", 30.0)
    clock.s += 500.0
    health.forgive(500.0)
    assert names(health, clock) == []


def test_all_has_begun_when_every_part_with_a_pulse_has_reported(health):
    assert not health.has_begun
    health.part("kiosk book")
    weighing = health.part("weighing", longest_s=30.0)
    door = health.part("door", longest_s=30.0)
    weighing.ok()
    assert not health.has_begun
    door.failed("unplugged")
    assert health.has_begun
