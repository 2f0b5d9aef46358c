"""How long people take to pay: learned once of each payment, and written down now and then."""

import asyncio
from collections import deque

import pytest

from storeguard.books.records import DelayFile
from storeguard.domain.ledger import Movement, SaleLine, Visit
from storeguard.domain.overdue import USUAL_PATIENCE_S
from storeguard.services.delays import LEARNED_EVERY_S, SAVED_EVERY_S, PaymentDelays

MILK = "바나나우유"


class Memory:
    def __init__(self, *known):
        self.known = known
        self.saved = []

    def load(self):
        return self.known

    def save(self, delays):
        self.saved.append(delays)


class Clock:
    def __init__(self):
        self.t_s = 1000.0

    def now_s(self):
        return self.t_s


def visit(*delays, started_s=0.0):
    """One unit after the other is taken and paid for."""
    moved, sold = deque(), deque()
    for n, delay_s in enumerate(delays):
        at_s = started_s + 300.0 * n
        moved.append(Movement(at_s, at_s + 2, "A", MILK, -1, -95.0, 1.0))
        sold.append(SaleLine(at_s + delay_s, f"s{n}", MILK, 1))
    return Visit("v", started_s, movements=tuple(moved), sales=tuple(sold))


@pytest.fixture
def clock():
    return Clock()


def written(delays, memory):
    asyncio.run(delays.write_down())
    return memory.saved[-1] if memory.saved else None


def test_each_payment_teaches_once_however_often_the_visit_is_looked_at(clock):
    memory = Memory()
    delays = PaymentDelays(memory, clock)
    for until_s in (100.0, 100.0, 400.0):
        delays.learn(visit(20.0, 30.0, 30.0), until_s)
    delays.learn(visit(20.0, 30.0, 30.0))
    assert sorted(written(delays, memory)) == [20.0, 30.0, 30.0]


def test_a_visit_that_goes_on_is_gone_through_once_a_minute(clock):
    memory = Memory()
    delays = PaymentDelays(memory, clock)
    delays.learn(visit(20.0, 30.0), 100.0)
    clock.t_s += LEARNED_EVERY_S - 1
    delays.learn(visit(20.0, 30.0), 400.0)
    assert written(delays, memory) == (20.0,)
    clock.t_s += SAVED_EVERY_S
    delays.learn(visit(20.0, 30.0), 400.0)
    assert written(delays, memory) == (20.0, 30.0)


def test_what_is_not_paid_teaches_nothing(clock):
    memory = Memory()
    delays = PaymentDelays(memory, clock)
    delays.learn(Visit("v", 0.0, movements=visit(20.0).movements))
    assert written(delays, memory) is None


def test_the_next_visit_may_teach_the_same(clock):
    memory = Memory()
    delays = PaymentDelays(memory, clock)
    delays.learn(visit(20.0))
    delays.learn(visit(20.0, started_s=5000.0))
    assert written(delays, memory) == (20.0, 20.0)


def test_what_was_known_before_the_restart_counts(clock):
    assert PaymentDelays(Memory(), clock).patience_s == USUAL_PATIENCE_S
    assert PaymentDelays(Memory(*[100.0] * 60), clock).patience_s == 150.0


def test_it_is_written_down_now_and_then(clock):
    memory = Memory()
    delays = PaymentDelays(memory, clock)
    delays.learn(visit(20.0))
    assert written(delays, memory) == (20.0,)
    delays.learn(visit(20.0, 30.0))
    clock.t_s += SAVED_EVERY_S - 1
    assert written(delays, memory) == (20.0,)
    clock.t_s += 1
    assert written(delays, memory) == (20.0, 30.0)
    clock.t_s += SAVED_EVERY_S
    asyncio.run(delays.write_down())
    assert len(memory.saved) == 2


@pytest.mark.parametrize("said", ['{"delays_s": [20.0, -1]}', '{"delays_s": [1e999]}', "{", "{}"])
def test_a_damaged_file_is_learned_anew(tmp_path, said):
    path = tmp_path / "payment_delays.json"
    DelayFile(path, fsync=False).save((20.04, 31.5))
    assert DelayFile(path, fsync=False).load() == (20.0, 31.5)
    path.write_text(said, encoding="utf-8")
    assert DelayFile(path, fsync=False).load() == ()
