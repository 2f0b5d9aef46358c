"""When a process ends itself, so that a new one begins."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

LOOK_EVERY_S = 1.0
SHOWN_FOR_S = 2.0
"""So long the page that waits for the new process has to be fetched from this one."""


log = logging.getLogger("storeguard")
AGAIN = 75
"""The exit code of a process that wants to be started anew."""

Mark = tuple[int, int, int] | None


class Restart:
    """What the owner has changed needs a new process; it waits until nobody is inside.

    `is_possible`: somebody starts it.
    """

    def __init__(self, *, is_possible: bool = False) -> None:
        self._is_possible = is_possible
        self._wanted = asyncio.Event()

    @property
    def is_wanted(self) -> bool:
        return self._wanted.is_set()

    def ask(self) -> bool:
        if self._is_possible:
            self._wanted.set()
        return self._is_possible

    async def run(self, stop: asyncio.Event, is_occupied: Callable[[], bool]) -> None:
        """Sets `stop` once it is wanted."""
        await self._wanted.wait()
        await asyncio.sleep(SHOWN_FOR_S)
        while True:
            if stop.is_set() or not is_occupied():
                break
            await asyncio.sleep(LOOK_EVERY_S)
        log.warning("the settings have changed: ending, to be started anew with them")
        stop.set()


async def leave_when_changed(
    stop: asyncio.Event,
    path: Path,
    *,
    after_s: float | None = None,
    is_worth_it: Callable[[], bool] = lambda: True,
) -> None:
    """Sets `stop` when the file has changed and `is_worth_it()`, or after `after_s` in any case."""
    before, waited_s = await asyncio.to_thread(_mark, path), 0.0
    while not stop.is_set():
        await asyncio.sleep(LOOK_EVERY_S)
        waited_s += LOOK_EVERY_S
        now = await asyncio.to_thread(_mark, path)
        if now != before and await asyncio.to_thread(is_worth_it):
            log.warning("%s has changed: ending, to be started anew with it", path)
            stop.set()
        elif after_s is not None and waited_s >= after_s:
            log.warning("ending after %.0f s, so that a normal start is tried", waited_s)
            stop.set()
        before = now


def _mark(path: Path) -> Mark:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
