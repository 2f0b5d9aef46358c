"""Loops that run until they are told to stop, and end one after the other."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

log = logging.getLogger("storeguard")
Loop = Callable[[], Coroutine[Any, Any, None]]


async def run_until(stop: asyncio.Event, loops: Mapping[str, Loop]) -> None:
    """Runs all until `stop` is set, then ends them in their order; a bug in any ends them all."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(loop(), name=name) for name, loop in loops.items()]
            await stop.wait()
            for task in tasks:
                task.cancel()
                await asyncio.wait([task])
    except ExceptionGroup as group:
        raise _sole(group) from None


def _sole(error: Exception) -> Exception:
    """The one error in a group of groups; a group of several stays one."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def stop_on_signals() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT; the second one ends the process where it stands."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():
            log.warning("%s again: ending at once", number.name)
            os._exit(128 + number)
        log.info("%s: ending; once more ends at once", number.name)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    return stop
