"""`storeguard run`: the store, its pages, the signals and the vigil, in one process."""

import asyncio
import functools
import logging
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storeguard import __version__, allocator, hardware
from storeguard.app import Store
from storeguard.checking import config_file
from storeguard.clock import SystemClock
from storeguard.config import Config
from storeguard.desks import desks_of
from storeguard.devices.machine import Machine
from storeguard.devices.power import throttled
from storeguard.domain.occupancy import Presence
from storeguard.errors import RestartNeeded
from storeguard.mode import DAEMON, SAFE
from storeguard.narrating import Narrator
from storeguard.notify import addresses
from storeguard.orderly import Loop, stop_on_signals
from storeguard.pages import ENDPOINT, Pages
from storeguard.services.powering import PoweringService
from storeguard.shopview import ShopView
from storeguard.upkeep.leaving import AGAIN, Restart
from storeguard.vigil import Vigil

__all__ = ["ENDPOINT", "Duty", "page_loops", "run_daemon", "serve", "stop_on_signals", "summary"]

RESTART = 1
"""The exit code that asks systemd for a new process."""

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class Duty:
    """What a run is beside its configuration.

    `banner`: sentences above the owner's page. `status`: what the service manager shows, when
    it is not simply what is guarded. `guards`: watches, weighs and judges. `good_after_s`:
    `on_good` is called once when everything has run for so long; it may block. `leave`: a loop
    that may set the event it is given, which ends the run in good order. `path`: the owner's
    configuration, where a page may change it.
    """

    banner: tuple[str, ...] = ()
    status: str | None = None
    guards: bool = True
    good_after_s: float = 60.0
    on_good: Callable[[], None] = lambda: None
    leave: Callable[[asyncio.Event], Coroutine[Any, Any, None]] | None = None
    path: Path | None = None


def run_daemon(
    config: Config,
    base: Path,
    *,
    record_to: Path | None = None,
    make_hardware: hardware.MakeHardware | None = None,
    duty: Duty | None = None,
) -> int:
    """Runs until SIGTERM or SIGINT; returns the exit code. A second signal kills.

    RESTART where a new process is needed: end at once then, a driver's thread may hang. AGAIN
    where the owner wants one, with what has changed.
    """
    allocator.keep_little()
    addresses.add_to(os.environ, base)
    make = make_hardware or functools.partial(hardware.from_config, base=base)
    duty = duty or Duty()
    mode = DAEMON if duty.guards else SAFE
    store = Store(config, base, SystemClock(), make, mode=mode, record_to=record_to)
    try:
        with Vigil.of_process(store.clock) as vigil:
            return asyncio.run(_run(store, vigil, duty))
    except RestartNeeded as needed:
        log.critical("%s", needed)
        return RESTART


async def _run(store: Store, vigil: Vigil, duty: Duty) -> int:
    stop, restart = stop_on_signals(), Restart(is_possible=duty.path is not None)
    try:
        await store.open()
        if stop.is_set():  # while it was starting: nothing has begun that would have to end
            return 0
        vigil.watch(store.health)
        store.bus.subscribe(Narrator(store.clock, store.config.store.timezone).narrate)
        view, pages = serve(store, duty.banner, duty.path, restart)
        said = summary(store, pages)
        log.info("%s", said)
        loops = page_loops(store, view, pages) | vigil.loops(
            stop, duty.status or said, duty.good_after_s, duty.on_good
        )
        loops["powering"] = PoweringService(lambda: throttled(Machine()), store.health).run
        loops["restarting"] = functools.partial(restart.run, stop, lambda: _is_occupied(store))
        if duty.leave is not None:
            loops["leaving"] = functools.partial(duty.leave, stop)
        await store.run(stop, loops)
    finally:
        await store.close()
    log.info("storeguard has ended")
    return AGAIN if restart.is_wanted else 0


def _is_occupied(store: Store) -> bool:
    return store.watching.occupancy.presence is Presence.OCCUPIED


def serve(
    store: Store,
    banner: tuple[str, ...] = (),
    path: Path | None = None,
    restart: Restart | None = None,
) -> tuple[ShopView, Pages | None]:
    """The pages; without them the daemon goes on, and says why they are missing."""
    file = None if path is None else config_file(path)
    view = ShopView(store, banner)
    pages = Pages(
        view,
        store.config.web,
        store.folders.state,
        store.clock,
        store.health,
        desks=desks_of(store, file, restart or Restart()),
    )
    return view, pages if pages.open() else None


def summary(store: Store, pages: Pages | None) -> str:
    """One line: what is guarded, with which devices, where it is shown and sent."""
    config, weighed = store.config, {c.id: c.products for c in store.weighing.channels}
    cameras = [f"{camera.id} ({camera.backend})" for camera in config.cameras]
    scales = [
        f"{scale.id} {'+'.join(p.name for p in weighed[scale.id]) or '-'} ({scale.backend})"
        for scale in config.scales
    ]
    detectors = dict.fromkeys(eye.sight.detector.name for eye in store.watching.eyes)
    parts = {
        "cameras": ", ".join(cameras),
        "scales": ", ".join(scales),
        "detector": ", ".join(detectors),
        "upload": f"s3://{config.upload.bucket}" if config.upload.bucket else "",
        "pages": f"{pages.url} and {pages.kiosk_url}" if pages else "",
    }
    said = "; ".join(f"{part}: {value or 'none'}" for part, value in parts.items())
    return f"storeguard {__version__} guards '{config.store.name}'; {said}"


def page_loops(store: Store, view: ShopView, pages: Pages | None) -> dict[str, Loop]:
    """The loops that the pages need, the server last."""
    return {"view": view.run, **(pages.loops if pages else {})}
