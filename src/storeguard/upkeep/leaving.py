"""When a makeshift ends itself so that a normal start is tried."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

LOOK_EVERY_S = 1.0

log = logging.getLogger("storeguard")
Mark = tuple[int, int, int] | None


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
