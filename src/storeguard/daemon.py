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

from storeguard import durable, hardware
from storeguard.app import Store
from storeguard.clock import SystemClock
from storeguard.config import Config
from storeguard.errors import AddressUnavailable
from storeguard.shopview import ShopView
from storeguard.web.app import build
from storeguard.web.server import WebServer

ENDPOINT = "daemon.json"
"""In the state folder: where `storeguard sell` finds the running daemon."""

log = logging.getLogger("storeguard")
Loops = dict[str, Callable[[], Coroutine[Any, Any, None]]]


def run_daemon(config: Config, base: Path, *, record_to: Path | None = None) -> int:
    """Runs until SIGTERM or SIGINT; returns the exit code. A second signal kills."""
    return asyncio.run(_run(config, base, record_to))


async def _run(config: Config, base: Path, record_to: Path | None) -> int:
    make = functools.partial(hardware.from_config, base=base)
    store = Store(config, base, SystemClock(), make, record_to=record_to)
    stop = stop_on_signals()
    try:
        await store.open()
        loops = page_loops(store, *serve(store))
        log.info("storeguard guards '%s'", config.store.name)
        await store.run(stop, loops)
    finally:
        await store.close()
    log.info("storeguard has ended")
    return 0


def serve(store: Store) -> tuple[ShopView, WebServer | None]:
    """The pages; without them the daemon goes on, and says why they are missing."""
    view = ShopView(store)
    web = WebServer(build(view), store.config.web.host, store.config.web.port)
    try:
        web.bind()
    except AddressUnavailable as unavailable:
        log.warning("no pages: %s", unavailable)
        return view, None
    log.info("pages: %s and %s/kiosk", web.url, web.url)
    endpoint = json.dumps({"pid": os.getpid(), "url": web.url})
    durable.publish(store.folders.state / ENDPOINT, endpoint.encode(), fsync=False)
    return view, web


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
