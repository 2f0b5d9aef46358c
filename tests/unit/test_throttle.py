"""The line's share: what is sent never exceeds the rate, and nothing is held without one."""

import pytest

from storeguard.outbox.throttle import LONGEST_PAUSE_S, Throttle


class Time:
    def __init__(self):
        self.now, self.pauses = 100.0, []

    def now_s(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds


@pytest.mark.parametrize("pieces", [[16_384] * 64, [1_000_000], [1] * 5000, [300_000, 0, 7]])
def test_bytes_leave_no_faster_than_the_rate(pieces):
    time = Time()
    throttle = Throttle(10_000.0, time.now_s, time.sleep)
    sent = 0
    for piece in pieces:
        throttle.take(piece)
        if not piece:
            continue
        # What has been handed over before this piece has had its time on the line.
        assert sent <= 10_000.0 * (time.now - 100.0) + 1e-6
        sent += piece
    throttle.take(1)
    assert time.now - 100.0 == pytest.approx(sent / 10_000.0)
    assert max(time.pauses, default=0.0) <= LONGEST_PAUSE_S


def test_a_line_that_was_idle_owes_nothing_and_saves_nothing():
    time = Time()
    throttle = Throttle(1000.0, time.now_s, time.sleep)
    time.now += 3600
    throttle.take(1000)
    throttle.take(1000)
    assert sum(time.pauses) == pytest.approx(1.0)


def test_without_a_rate_nothing_is_held():
    time = Time()
    Throttle(None, time.now_s, time.sleep).take(10**9)
    assert time.pauses == []
