"""`storeguard run` as a service (NOTIFY_SOCKET is set): nobody reads its error and tries again.

It counts failed starts, goes on with the last good configuration while the owner's file is
broken, and ends in safe mode rather than in a circle. At a terminal an error stays an error.
"""

import asyncio
import faulthandler
import functools
import logging
from collections.abc import Callable
from pathlib import Path

from storeguard import config as cfg
from storeguard.clock import SystemClock
from storeguard.errors import ConfigInvalid
from storeguard.lock import refuse_second
from storeguard.messages import text
from storeguard.upkeep import lastgood
from storeguard.upkeep.leaving import AGAIN, leave_when_changed
from storeguard.upkeep.starts import GOOD_AFTER_S, StartsFile, boot_id

STATE = cfg.Paths().state
"""Beside the configuration: what a start needs before any configuration could be read."""

STDERR = 2

log = logging.getLogger("storeguard")


def run_service(path: Path, *, record_to: Path | None = None) -> int:
    """Runs until SIGTERM, or until a normal start is worth a try; returns the exit code.

    Raises what ended a normal start, once it is counted, and AlreadyRunning before anything.
    """
    faulthandler.enable(STDERR)  # systemd's watchdog kills with SIGABRT
    base = path.parent.resolve()
    refuse_second(cfg.Folders.of(_read(path), base).state)
    starts = StartsFile(base / STATE / "starts.json", SystemClock(), boot_id())
    is_safe = starts.begin()
    with starts.counted():
        if not is_safe:
            return _run_normally(path, base, starts, record_to)
        from storeguard import safemode

        errors = [failure.why for failure in starts.failures]
        return safemode.run(path, base, base / STATE, errors, starts.depth)


def _read(path: Path) -> cfg.Config:
    """The owner's configuration, or the defaults while it cannot be read."""
    try:
        return cfg.load(path)
    except ConfigInvalid:
        return cfg.Config()


def _run_normally(path: Path, base: Path, starts: StartsFile, record_to: Path | None) -> int:
    choice = lastgood.choose(path, base / STATE)
    if choice.config is None:
        assert choice.invalid is not None
        raise choice.invalid
    from storeguard.daemon import Duty, run_daemon

    def grow_good() -> None:
        starts.grow_good()
        lastgood.keep(choice.text, base / STATE)

    duty = Duty(good_after_s=GOOD_AFTER_S, on_good=grow_good, path=path)
    if choice.invalid is not None:
        log.warning("K701 the last good configuration is used: %s", _first_line(choice.invalid))
        duty = Duty(
            banner=_banner(choice.config.store.language, choice.invalid),
            good_after_s=GOOD_AFTER_S,
            on_good=grow_good,
            leave=functools.partial(_leave, path, functools.partial(lastgood.is_usable, path)),
            path=path,
        )
    code = run_daemon(choice.config, base, record_to=record_to, duty=duty)
    return 0 if code == AGAIN else code  # systemd starts it again after any end


async def _leave(path: Path, is_usable: Callable[[], bool], stop: asyncio.Event) -> None:
    if await asyncio.to_thread(is_usable):  # mended while this start was made
        stop.set()
    await leave_when_changed(stop, path, is_worth_it=is_usable)


def _banner(language: str, invalid: ConfigInvalid) -> tuple[str, ...]:
    return (text(language, "safe.last_good", problem=_first_line(invalid)),)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
