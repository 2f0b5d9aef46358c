"""`storeguard run`: the store, its pages and the signals, in one process and one loop."""

import asyncio
import functools
import json
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from storeguard import __version__, allocator, durable, hardware
from storeguard.app import Store
from storeguard.clock import SystemClock
from storeguard.config import Config
from storeguard.errors import AddressUnavailable
from storeguard.narrating import narrate
from storeguard.shopview import ShopView
from storeguard.web.app import build
from storeguard.web.server import WebServer

ENDPOINT = "daemon.json"
"""In the state folder: where `storeguard sell` finds the running daemon."""

log = logging.getLogger("storeguard")
Loops = dict[str, Callable[[], Coroutine[Any, Any, None]]]


def run_daemon(
    config: Config,
    base: Path,
    *,
    record_to: Path | None = None,
    make_hardware: hardware.MakeHardware | None = None,
) -> int:
    """Runs until SIGTERM or SIGINT; returns the exit code. A second signal kills."""
    allocator.give_large_blocks_back()
    make = make_hardware or functools.partial(hardware.from_config, base=base)
    return asyncio.run(_run(Store(config, base, SystemClock(), make, record_to=record_to)))


async def _run(store: Store) -> int:
    stop = stop_on_signals()
    try:
        await store.open()
        if stop.is_set():  # while it was starting: nothing has begun that would have to end
            return 0
        store.bus.subscribe(narrate)
        view, web = serve(store)
        log.info("%s", summary(store, web))
        await store.run(stop, page_loops(store, view, web))
    finally:
        await store.close()
    log.info("storeguard has ended")
    return 0


def serve(store: Store) -> tuple[ShopView, WebServer | None]:
    """The pages; without them the daemon goes on, and says why they are missing."""
    endpoint = store.folders.state / ENDPOINT
    endpoint.unlink(missing_ok=True)  # of a daemon that was killed: its port may be anybody's now
    view = ShopView(store)
    web = WebServer(build(view), store.config.web.host, store.config.web.port)
    try:
        web.bind()
    except AddressUnavailable as unavailable:
        log.warning("no pages: %s", unavailable)
        return view, None
    address = json.dumps({"pid": os.getpid(), "url": web.url})
    durable.publish(endpoint, address.encode(), fsync=False)
    return view, web


def summary(store: Store, web: WebServer | None) -> str:
    """One line: what is guarded, with which devices, where it is shown and sent."""
    config, weighed = store.config, {c.id: c.product for c in store.weighing.channels}
    cameras = [f"{camera.id} ({camera.backend})" for camera in config.cameras]
    scales = [
        f"{scale.id} {product.name if (product := weighed[scale.id]) else '-'} ({scale.backend})"
        for scale in config.scales
    ]
    detectors = dict.fromkeys(eye.detector.name for eye in store.watching.eyes)
    parts = {
        "cameras": ", ".join(cameras),
        "scales": ", ".join(scales),
        "detector": ", ".join(detectors),
        "upload": f"s3://{config.upload.bucket}" if config.upload.bucket else "",
        "pages": f"{web.url} and {web.url}/kiosk" if web else "",
    }
    said = "; ".join(f"{part}: {value or 'none'}" for part, value in parts.items())
    return f"storeguard {__version__} guards '{config.store.name}'; {said}"


def page_loops(store: Store, view: ShopView, web: WebServer | None) -> Loops:
    """The loops that the pages need, the server last."""
    loops: Loops = {"view": view.run}
    if web is not None:
        loops["web"] = functools.partial(_serve_until_cancelled, web, store)
    return loops


async def _serve_until_cancelled(web: WebServer, store: Store) -> None:
    try:
        await web.run()
    finally:
        await web.stop()
        (store.folders.state / ENDPOINT).unlink(missing_ok=True)


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
