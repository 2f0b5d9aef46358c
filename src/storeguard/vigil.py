"""The guard over the loops and threads: a thread of its own, beside the event loop.

It feeds systemd's watchdog only while every part gives its signs of life (health.Pulse). What
hangs is named in the log with the stacks of all threads, and the process ends itself when that
does not pass: systemd, or whoever has started it, starts it anew. Should even this thread not
run any more (native code that holds the interpreter), faulthandler's own timer does the same.
"""

import asyncio
import faulthandler
import logging
import os
import threading
from collections.abc import Callable
from types import TracebackType

from storeguard.clock import Clock
from storeguard.health import Health
from storeguard.notifysocket import NotifySocket, watchdog_s
from storeguard.orderly import Loop

WATCHDOG_S = 60.0
"""Where no service manager says how long silence may last; what `longest_s` is meant for."""

TICKS = 60
PATIENCE = 0.5
"""A hang that passes within half the watchdog's time costs no restart."""

SPEECHLESS = 0.75
"""So long, in watchdog's times, not even the vigil runs before faulthandler ends the process."""

STARTS_WITHIN_S = 90.0
"""Shorter than TimeoutStartSec of the unit, so that the log has the stacks."""
ENDS_WITHIN_S = 25.0
LOOP_WITHIN_S = 15.0
ATTEND_EVERY_S = 0.25
PROBE_EVERY_S = 5.0

FAILED = 1
STDERR = 2
"""As a descriptor: sys.stderr may be something else by the time it is needed."""

log = logging.getLogger("storeguard")


class Vigil:
    """A context: it watches from the start to the end of a process.

    `watchdog_s`: shorter than 60 s, it shortens what every loop and worker may take by as much.
    `leave` ends the process; `dump` writes all threads' stacks; `arm(seconds)` sets the timer
    that needs no interpreter, `arm(None)` takes it back.
    """

    def __init__(
        self,
        clock: Clock,
        notify: NotifySocket,
        watchdog_s: float | None = None,
        *,
        leave: Callable[[int], object] = os._exit,
        dump: Callable[[], None] = lambda: faulthandler.dump_traceback(STDERR),
        arm: Callable[[float | None], None] | None = None,
    ) -> None:
        self.watchdog_s = min(WATCHDOG_S, watchdog_s or WATCHDOG_S)
        self._clock = clock
        self._notify = notify
        self._leave = leave
        self._dump = dump
        self._arm = arm or _arm
        self._own = Health(clock)
        """Of the process itself: its start, its event loop, its worker threads, its end."""
        self._watched: tuple[Health, ...] = (self._own,)
        self._thread = threading.Thread(target=self._run, name="vigil", daemon=True)
        self._end = threading.Event()
        self._looked_s = clock.now_s()
        self._noticed_s: float | None = None

    @classmethod
    def of_process(cls, clock: Clock) -> "Vigil":
        """With the socket and the interval that the environment names."""
        return cls(clock, NotifySocket.from_environment(), watchdog_s())

    @property
    def tick_s(self) -> float:
        return self.watchdog_s / TICKS

    def __enter__(self) -> "Vigil":
        self._own.pulse("the start", STARTS_WITHIN_S).begin()
        self._looked_s = self._clock.now_s()
        self._thread.start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        self._notify.close()

    def watch(self, health: Health) -> None:
        """From now on its parts have to give signs of life."""
        self._watched = (self._own, health)

    # --- in the event loop ---

    def loops(
        self, stop: asyncio.Event, status: str, good_after_s: float, on_good: Callable[[], None]
    ) -> dict[str, Loop]:
        """The loops that tell the vigil what the event loop and its workers do.

        `on_good` is called in a worker when everything has run for `good_after_s`.
        """
        is_ready = asyncio.Event()

        async def attend() -> None:
            await self._attend(is_ready, status)

        async def grow_good() -> None:
            await is_ready.wait()
            await asyncio.sleep(good_after_s)
            while self._noticed_s is not None:  # noqa: ASYNC110 - set by the thread
                await asyncio.sleep(ATTEND_EVERY_S)
            await asyncio.to_thread(on_good)

        async def announce_end() -> None:
            await stop.wait()
            self._ends()

        return {
            "attending": attend,
            "probing": self._probe,
            "growing good": grow_good,
            "announcing": announce_end,
        }

    async def _attend(self, is_ready: asyncio.Event, status: str) -> None:
        """Says that the event loop runs, and once, that everything does."""
        pulse = self._own.pulse("the event loop", LOOP_WITHIN_S)
        try:
            while True:
                pulse.beat()
                if not is_ready.is_set() and self._watched[-1].has_begun:
                    is_ready.set()
                    self._own.pulse("the start").rest()
                    self._notify.tell(READY=1, STATUS=status)
                await asyncio.sleep(ATTEND_EVERY_S)
        finally:
            pulse.rest()

    async def _probe(self) -> None:
        """asyncio.to_thread still finds a thread that works."""
        pulse = self._own.pulse("the worker threads")
        while True:
            with pulse.job():
                await asyncio.to_thread(int)
            await asyncio.sleep(PROBE_EVERY_S)

    def _ends(self) -> None:
        self._watched = (self._own,)
        self._own.pulse("the start").rest()
        self._own.pulse("the end", ENDS_WITHIN_S).begin()
        self._notify.tell(STOPPING=1, STATUS="ending")

    # --- in the vigil's own thread ---

    def _run(self) -> None:
        while not self._end.wait(self.tick_s):
            self.look()
        self._arm(None)

    def look(self) -> None:
        """One look at all pulses."""
        now_s = self._clock.now_s()
        # Stopped and gone on, or a machine that slept: nobody could give a sign meanwhile.
        missed_s = now_s - self._looked_s - self.tick_s
        if missed_s > 3 * self.tick_s:
            for health in self._watched:
                health.forgive(missed_s)
        self._looked_s = now_s
        self._arm(SPEECHLESS * self.watchdog_s)
        pace = self.watchdog_s / WATCHDOG_S
        silent = [one for health in self._watched for one in health.overdue(now_s, pace)]
        if silent:
            self._miss(now_s, ", ".join(f"{s.name} ({s.silent_s:.0f} s)" for s in silent))
            return
        if self._noticed_s is not None:
            log.warning("it goes on after %.0f s", now_s - self._noticed_s)
            self._noticed_s = None
        self._notify.tell(WATCHDOG=1)

    def _miss(self, now_s: float, what: str) -> None:
        """No feed; the first time with the stacks, after PATIENCE the end."""
        if self._noticed_s is None:
            self._noticed_s = now_s
            log.error("no sign of life: %s; the stacks of all threads follow", what)
            self._notify.tell(STATUS=f"hangs: {what}")
            self._dump()
        elif now_s - self._noticed_s >= PATIENCE * self.watchdog_s:
            log.error("still no sign of life: %s; ending, to be started anew", what)
            logging.shutdown()
            self._leave(FAILED)


def _arm(seconds: float | None) -> None:
    if seconds is None:
        faulthandler.cancel_dump_traceback_later()
    else:
        faulthandler.dump_traceback_later(seconds, exit=True, file=STDERR)
