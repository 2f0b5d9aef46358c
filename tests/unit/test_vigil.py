"""systemd is fed only while everything lives; what hangs is named, dumped and ended."""

import asyncio

import pytest

from storeguard.health import Health
from storeguard.vigil import FAILED, SPEECHLESS, Vigil


class Clock:
    def __init__(self):
        self.s = 100.0

    def now_s(self):
        return self.s


class Notify:
    """Keeps what the service manager would hear."""

    def __init__(self):
        self.said = []

    def tell(self, **pairs):
        self.said.append(pairs)

    def close(self):
        self.said.append("closed")


class Guarded:
    """A vigil over one part; `pass_s` lets time pass, a look each second."""

    def __init__(self, watchdog_s=60.0):
        self.clock, self.notify = Clock(), Notify()
        self.left, self.dumps, self.armed = [], [], []
        self.vigil = Vigil(
            self.clock,
            self.notify,
            watchdog_s,
            leave=self.left.append,
            dump=lambda: self.dumps.append(self.clock.s),
            arm=self.armed.append,
        )
        self.health = Health(self.clock)
        self.vigil.watch(self.health)
        self.part = self.health.part("weighing", longest_s=30.0)

    def pass_s(self, seconds, *, alive=True):
        for _ in range(round(seconds / self.vigil.tick_s)):
            self.clock.s += self.vigil.tick_s
            if alive:
                self.part.ok()
            self.vigil.look()

    @property
    def feeds(self):
        return self.notify.said.count({"WATCHDOG": 1})


@pytest.fixture
def guarded():
    return Guarded()


def test_the_watchdog_is_fed_while_all_report(guarded):
    guarded.pass_s(300)
    assert guarded.feeds == 300
    assert (guarded.dumps, guarded.left) == ([], [])


def test_silence_is_noticed_within_60_s_named_and_dumped_once(guarded, caplog):
    guarded.pass_s(10)
    guarded.pass_s(60, alive=False)
    assert len(guarded.dumps) == 1
    assert guarded.dumps[0] - 110.0 <= 31.0
    assert caplog.messages[0].startswith("no sign of life: weighing (31 s)")
    assert guarded.notify.said[-1] == {"STATUS": "hangs: weighing (31 s)"}


def test_from_then_on_nothing_is_fed_and_the_process_ends_within_90_s(guarded, caplog):
    guarded.pass_s(31, alive=False)
    fed = guarded.feeds
    guarded.pass_s(29, alive=False)
    assert guarded.left == []
    guarded.pass_s(1, alive=False)
    assert guarded.left == [FAILED]
    assert guarded.feeds == fed
    assert caplog.messages[-1].startswith("still no sign of life: weighing")


def test_what_goes_on_after_a_while_costs_no_restart(guarded, caplog):
    guarded.pass_s(50, alive=False)
    fed = guarded.feeds
    guarded.pass_s(100)
    assert guarded.left == []
    assert guarded.feeds == fed + 100
    assert "it goes on after" in caplog.messages[-1]


def test_a_shorter_interval_of_the_unit_makes_everything_quicker():
    guarded = Guarded(watchdog_s=6.0)
    guarded.pass_s(3.2, alive=False)
    assert len(guarded.dumps) == 1
    guarded.pass_s(3.1, alive=False)
    assert set(guarded.left) == {FAILED}


def test_a_longer_interval_of_the_unit_makes_nothing_slower():
    assert Guarded(watchdog_s=600.0).vigil.watchdog_s == 60.0


def test_a_process_that_was_stopped_and_goes_on_has_not_hung(guarded):
    guarded.pass_s(10)
    guarded.clock.s += 3600.0
    guarded.vigil.look()
    assert guarded.dumps == []
    guarded.pass_s(31, alive=False)
    assert len(guarded.dumps) == 1


def test_the_timer_that_needs_no_interpreter_is_set_anew_at_each_look(guarded):
    guarded.pass_s(3)
    assert guarded.armed == [SPEECHLESS * 60.0] * 3


async def _passes(loops, seconds):
    tasks = [asyncio.create_task(loop()) for loop in loops.values()]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def test_ready_is_said_once_when_every_part_has_reported():
    guarded = Guarded()

    async def main():
        loops = guarded.vigil.loops(asyncio.Event(), "guards", 1e6, lambda: None)
        await _passes(loops, 0.05)
        assert guarded.notify.said == []
        guarded.part.ok()
        await _passes(loops, 0.6)

    asyncio.run(main())
    assert guarded.notify.said == [{"READY": 1, "STATUS": "guards"}]


def test_stopping_is_said_and_only_the_end_is_watched_then():
    guarded = Guarded()

    async def main():
        stop = asyncio.Event()
        stop.set()
        await _passes(guarded.vigil.loops(stop, "guards", 1e6, lambda: None), 0.05)

    asyncio.run(main())
    assert guarded.notify.said == [{"STOPPING": 1, "STATUS": "ending"}]
    guarded.pass_s(24, alive=False)
    assert guarded.dumps == []
    guarded.pass_s(2, alive=False)
    assert len(guarded.dumps) == 1


def test_what_has_run_well_for_long_enough_is_good_once():
    guarded, good = Guarded(), []

    async def main():
        guarded.part.ok()
        loops = guarded.vigil.loops(asyncio.Event(), "guards", 0.01, lambda: good.append(1))
        await _passes(loops, 0.3)

    asyncio.run(main())
    assert good == [1]


def test_the_thread_looks_by_itself_and_ends_with_the_block():
    guarded = Guarded(watchdog_s=0.6)
    guarded.vigil._clock = Clock()
    with guarded.vigil:
        for _ in range(1000):
            if guarded.feeds:
                break
            guarded.vigil._end.wait(0.01)
    assert guarded.feeds
    assert guarded.armed[-1] is None
    assert guarded.notify.said[-1] == "closed"
