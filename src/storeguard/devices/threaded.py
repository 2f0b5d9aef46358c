"""A scale that is read by blocking calls, in a thread of its own."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Protocol

from storeguard.clock import Clock
from storeguard.errors import ScaleFault, StoreguardError
from storeguard.ports import Reading

READ_TIMEOUT_S = 1.0
RETRY_S = 0.1
"""At least, from one failed reading to the next: it must not become a busy loop."""
OPEN_RETRY_S = 0.8
"""As above, for opening. The port promises a word, good or failed, once a second."""
REOPEN_AFTER = 5
"""Failed readings in a row after which the device is closed and opened anew."""
CLOSE_TIMEOUT_S = 2.0
BACKLOG_S = 60.0
"""Readings that nobody drains are kept this long; then the oldest make room."""


class RawReader(Protocol):
    """An opened device; used by one thread.

    `read_raw()` returns the next signed 24-bit word, or raises ScaleTimeout after
    `timeout_s`, or ScaleFault; it may be called again after either. `give_up()`, called from
    another thread, ends a `read_raw()` that is still waiting. `close()` never raises for a
    device that has gone.
    """

    def read_raw(self, timeout_s: float) -> int: ...
    def give_up(self) -> None: ...
    def close(self) -> None: ...


class ThreadedScale:
    """Implements the port Scale over a RawReader.

    `reader_factory` opens the device; it is called in the thread, and again after a failure.
    Faults become failed readings; any other exception is a bug, ends the thread and is
    raised by `drain()`.
    """

    def __init__(
        self,
        scale_id: str,
        reader_factory: Callable[[], RawReader],
        clock: Clock,
        sample_rate_hz: float,
    ) -> None:
        self.id = scale_id
        self._open_reader = reader_factory
        self._clock = clock
        self._timeout_s = max(READ_TIMEOUT_S, 3 / sample_rate_hz)
        self._readings: deque[Reading] = deque(maxlen=max(1, round(BACKLOG_S * sample_rate_hz)))
        self._stop = threading.Event()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"scale-{scale_id}")
        self._running: Future[None] | None = None
        self._reader: RawReader | None = None

    def start(self) -> None:
        self._running = self._executor.submit(self._run)

    def drain(self) -> Sequence[Reading]:
        """Raises what ended the thread, if anything but `close()` did."""
        if self._running is not None and self._running.done():
            self._running.result()
        return tuple(self._readings.popleft() for _ in range(len(self._readings)))

    async def close(self) -> None:
        """Raises ScaleFault when the thread does not end within CLOSE_TIMEOUT_S."""
        self._stop.set()
        if self._reader is not None:
            self._reader.give_up()
        if self._running is not None and not await asyncio.to_thread(_ended, self._running):
            raise ScaleFault(
                f"scale '{self.id}': its thread did not end within {CLOSE_TIMEOUT_S} s of "
                "being told to; the device's driver hangs, restart the machine if it recurs"
            )
        self._executor.shutdown()

    def _run(self) -> None:
        while not self._stop.is_set():
            started_s = self._clock.now_s()
            try:
                self._reader = reader = self._open_reader()
            except StoreguardError as fault:
                self._failed(fault, started_s + OPEN_RETRY_S)
                continue
            try:
                self._read_until_it_fails(reader)
            finally:
                self._reader = None
                reader.close()

    def _read_until_it_fails(self, reader: RawReader) -> None:
        failures = 0
        while failures < REOPEN_AFTER and not self._stop.is_set():
            started_s = self._clock.now_s()
            try:
                raw = reader.read_raw(self._timeout_s)
            except StoreguardError as fault:
                failures += 1
                self._failed(fault, started_s + RETRY_S)
            else:
                failures = 0
                self._readings.append(Reading(self._clock.now_s(), raw))

    def _failed(self, fault: StoreguardError, retry_at_s: float) -> None:
        """Notes the failure and waits, unless told to stop."""
        if self._stop.is_set():
            return
        now_s = self._clock.now_s()
        self._readings.append(Reading(now_s, None, str(fault), fault.code))
        self._stop.wait(max(0.0, retry_at_s - now_s))


def _ended(running: Future[None]) -> bool:
    return not wait([running], CLOSE_TIMEOUT_S).not_done
