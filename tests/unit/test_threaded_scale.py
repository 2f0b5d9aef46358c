"""ThreadedScale: a blocking reader in its own thread, as the port Scale wants it."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from storeguard.clock import SystemClock
from storeguard.devices import threaded
from storeguard.devices.threaded import OPEN_RETRY_S, REOPEN_AFTER, RETRY_S, ThreadedScale
from storeguard.errors import MissingExtra, ScaleFault, ScaleTimeout
from storeguard.ports import Reading, Scale

PATIENCE_S = 10.0
"""How long a test waits for what has to happen; nothing takes that long unless it is broken."""


class ScriptedReader:
    """Plays a script, then waits to be told to give up; `reached_end` says that it got there."""

    def __init__(self, *script: int | Exception) -> None:
        self._script = list(script)
        self.given_up = threading.Event()
        self.reached_end = threading.Event()
        self.closed = threading.Event()

    def read_raw(self, timeout_s: float) -> int:
        if not self._script:
            self.reached_end.set()
            self.given_up.wait(PATIENCE_S)
            raise ScaleTimeout("given up")
        step = self._script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def give_up(self) -> None:
        self.given_up.set()

    def close(self) -> None:
        self.closed.set()


Make = Callable[..., ThreadedScale]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes scales that are closed, and whose threads are gone, at the end."""
    scales: list[ThreadedScale] = []

    def make_one(*openings: ScriptedReader | Exception) -> ThreadedScale:
        left = list(openings)

        def opening() -> ScriptedReader:
            one = left.pop(0)
            if isinstance(one, Exception):
                raise one
            return one

        scales.append(ThreadedScale("A", opening, SystemClock(), 10.0))
        return scales[-1]

    yield make_one
    for scale in scales:
        asyncio.run(scale.close())
    assert not [t for t in threading.enumerate() if t.name.startswith("scale-A")]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are retried without a pause."""
    monkeypatch.setattr(threaded, "RETRY_S", 0.0)
    monkeypatch.setattr(threaded, "OPEN_RETRY_S", 0.0)


def ended(scale: ThreadedScale) -> None:
    """Waits until the scale's thread has ended by itself."""
    assert threaded._ended(scale._running)  # type: ignore[arg-type]


def raws(scale: Scale) -> list[int | None]:
    return [reading.raw for reading in scale.drain()]


def test_readings_are_drained_once_and_oldest_first(make: Make) -> None:
    reader = ScriptedReader(1, -2, 0)
    scale = make(reader)
    assert scale.drain() == ()
    scale.start()
    assert reader.reached_end.wait(PATIENCE_S)
    readings = scale.drain()
    assert [r.raw for r in readings] == [1, -2, 0]
    assert [r.t_s for r in readings] == sorted(r.t_s for r in readings)
    assert scale.drain() == ()


@pytest.mark.usefixtures("at_once")
def test_a_fault_becomes_a_failed_reading_that_says_why(make: Make) -> None:
    reader = ScriptedReader(7, ScaleFault("scale 'A': saturated"), 8)
    scale = make(reader)
    scale.start()
    assert reader.reached_end.wait(PATIENCE_S)
    good, failed, again = scale.drain()
    assert (good.raw, failed.raw, again.raw) == (7, None, 8)
    assert failed.why == "scale 'A': saturated"


@pytest.mark.parametrize(
    "fault", [ScaleFault("no permission for /dev/gpiochip0"), MissingExtra("A", "hx711", "pi")]
)
@pytest.mark.usefixtures("at_once")
def test_an_opening_that_fails_is_tried_again(make: Make, fault: Exception) -> None:
    reader = ScriptedReader(5)
    scale = make(fault, fault, reader)
    scale.start()
    assert reader.reached_end.wait(PATIENCE_S)
    readings = scale.drain()
    assert [r.raw for r in readings] == [None, None, 5]
    assert readings[0].why == str(fault)


@pytest.mark.usefixtures("at_once")
def test_a_device_that_keeps_failing_is_closed_and_opened_anew(make: Make) -> None:
    broken = ScriptedReader(1, *[ScaleFault("hangs")] * REOPEN_AFTER, 2)
    mended = ScriptedReader(3)
    scale = make(broken, mended)
    scale.start()
    assert mended.reached_end.wait(PATIENCE_S)
    assert broken.closed.is_set()
    assert raws(scale) == [1, *[None] * REOPEN_AFTER, 3]


def test_after_a_failure_it_pauses_and_closing_ends_the_pause(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause is an hour here, so a second attempt would be a busy loop."""
    assert 0.1 <= RETRY_S < OPEN_RETRY_S < 1.0, "the port promises a word once a second"
    monkeypatch.setattr(threaded, "RETRY_S", 3600.0)
    failed = threading.Event()

    class FailingReader(ScriptedReader):
        def read_raw(self, timeout_s: float) -> int:
            failed.set()
            raise ScaleFault("DOUT is stuck low")

    reader = FailingReader()
    scale = make(reader)
    scale.start()
    assert failed.wait(PATIENCE_S)
    asyncio.run(scale.close())
    assert raws(scale) == [None]
    assert reader.closed.is_set()


def test_a_bug_in_the_reader_surfaces_from_drain(make: Make) -> None:
    reader = ScriptedReader(1, ZeroDivisionError("a bug"))
    scale = make(reader)
    scale.start()
    ended(scale)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        scale.drain()
    assert reader.closed.is_set()


def test_a_bug_in_opening_surfaces_from_drain(make: Make) -> None:
    scale = make(TypeError("a bug"))
    scale.start()
    ended(scale)
    with pytest.raises(TypeError, match="a bug"):
        scale.drain()


def test_close_ends_a_waiting_reader_closes_it_and_may_be_called_twice(make: Make) -> None:
    reader = ScriptedReader(4)
    scale = make(reader)
    scale.start()
    assert reader.reached_end.wait(PATIENCE_S)
    asyncio.run(scale.close())
    asyncio.run(scale.close())
    assert reader.closed.is_set()
    assert raws(scale) == [4], "being closed is no failed reading"


def test_close_before_start_is_fine(make: Make) -> None:
    asyncio.run(make().close())


def test_a_thread_that_does_not_end_is_a_named_error(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threaded, "CLOSE_TIMEOUT_S", 0.01)
    released, entered = threading.Event(), threading.Event()

    class HangingReader(ScriptedReader):
        def read_raw(self, timeout_s: float) -> int:
            entered.set()
            released.wait(PATIENCE_S)
            return 1

    scale = make(HangingReader())
    scale.start()
    assert entered.wait(PATIENCE_S)
    with pytest.raises(ScaleFault, match="scale 'A': its thread did not end within"):
        asyncio.run(scale.close())
    released.set()
    monkeypatch.undo()


def test_a_backlog_that_nobody_drains_is_bounded_and_keeps_the_newest(make: Make) -> None:
    reader = ScriptedReader(*range(10_000))
    scale = make(reader)
    scale.start()
    assert reader.reached_end.wait(PATIENCE_S)
    kept = raws(scale)
    assert len(kept) == threaded.BACKLOG_S * 10
    assert kept[-1] == 9_999


def test_it_is_a_scale_of_the_port(make: Make) -> None:
    reader = ScriptedReader(6)
    scale: Scale = make(reader)
    scale.start()
    assert reader.reached_end.wait(PATIENCE_S)
    assert scale.id == "A"
    assert all(isinstance(reading, Reading) for reading in scale.drain())
