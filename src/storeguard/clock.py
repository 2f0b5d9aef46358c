"""Time as an interface: the only module that asks the machine what time it is.

Durations, ages and back-offs use `now_s()` (monotonic); wall-clock time is for labels
only, because a Raspberry Pi has no clock battery.
"""

import asyncio
import itertools
import selectors
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")

SYNCED_MARK = Path("/run/systemd/timesync/synchronized")


class Clock(Protocol):
    """Monotonic seconds for durations, UTC for labels."""

    def now_s(self) -> float: ...
    def utc(self) -> datetime: ...


def is_clock_synced() -> bool:
    """Has the machine's clock been set by the network since it was switched on?"""
    # Without systemd nobody says; a machine with a clock of its own is taken at its word.
    return SYNCED_MARK.exists() or not SYNCED_MARK.parent.parent.exists()


class SystemClock:
    """The machine's clocks."""

    def now_s(self) -> float:
        return time.monotonic()

    def utc(self) -> datetime:
        return datetime.now(UTC)


class PinClock(Protocol):
    """What a chip is clocked with: monotonic nanoseconds, and sleeps of the calling thread."""

    def now_ns(self) -> int: ...
    def sleep(self, seconds: float) -> None: ...


class SystemPinClock:
    """The machine's nanoseconds; for a device's own thread, never for the event loop."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class LoopClock:
    """Reads an event loop's own time, simulated or scaled; its second 0 is `started_at`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, started_at: datetime) -> None:
        self._loop = loop
        self._started_at = started_at.astimezone(UTC)

    def now_s(self) -> float:
        return self._loop.time()

    def utc(self) -> datetime:
        return self._started_at + timedelta(seconds=self._loop.time())


def utc_at(clock: Clock, t_s: float) -> datetime:
    """The wall-clock label of a monotonic instant, by today's offset between the two."""
    return clock.utc() - timedelta(seconds=clock.now_s() - t_s)


def local_label(moment: datetime, timezone: str) -> str:
    """`2026-11-20_22-21-04.123456` in the store's time: sorts, and is safe in any path."""
    return moment.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d_%H-%M-%S.%f")


LOOKED_EVERY = 16
"""Turns of a loop that always has something to do, from one look at its sockets to the next."""


class _JumpingSelector(selectors.SelectSelector):
    """Never waits for a timer: it moves the loop's time there instead.

    Sockets are looked at before each jump, and now and then where something is always ready.
    """

    def __init__(self) -> None:
        super().__init__()
        self.skip: Callable[[float], None] = lambda _: None
        self._looked = itertools.cycle(range(LOOKED_EVERY))

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select()
        if timeout <= 0:
            return [] if next(self._looked) else super().select(0)
        ready = super().select(0)
        if not ready:
            self.skip(timeout)
        return ready


class SimLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer as soon as nothing else is ready.

    `asyncio.sleep`, `timeout` and `wait_for` work unchanged. Executor calls run inline,
    so that a run is deterministic and time stands still while a worker computes.
    """

    def __init__(self) -> None:
        self._sim_s = 0.0
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.skip = self._skip
        # Timers closer together than this fire together, as on a real clock. Less than the
        # rounding of a large time would make the loop spin: after half a year with 1e-9.
        self._clock_resolution = 1e-6

    def _skip(self, seconds: float) -> None:
        self._sim_s += seconds

    def time(self) -> float:
        return self._sim_s

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits, as an executor does
            future.set_exception(error)
        return future


def run_simulated(main: Callable[[SimLoop], Coroutine[Any, Any, T]]) -> T:
    """Runs `main(loop)` to its end on simulated time."""
    loop = SimLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(loop))


class _HurriedSelector(selectors.DefaultSelector):
    """Waits only for the fraction of a time-out that passes on the wall."""

    speed = 1.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        scaled = timeout if timeout is None or timeout <= 0 else timeout / self.speed
        return list(super().select(scaled))


class ScaledLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds pass `speed` times as fast as the wall's (the demo)."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began_s = time.monotonic()
        selector = _HurriedSelector()
        selector.speed = speed
        super().__init__(selector)

    def time(self) -> float:
        return (time.monotonic() - self._began_s) * self._speed
