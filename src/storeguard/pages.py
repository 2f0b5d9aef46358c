"""The web pages of a process: bound, served, and found by `storeguard sell`."""

import contextlib
import json
import logging
import os
from pathlib import Path

from storeguard import durable
from storeguard.config import Web
from storeguard.errors import AddressUnavailable
from storeguard.health import LONGEST_SILENCE_S, Health
from storeguard.web.app import build
from storeguard.web.server import WebServer
from storeguard.web.view import ShopView

ENDPOINT = "daemon.json"
"""In the state folder: where `storeguard sell` finds the running daemon."""

log = logging.getLogger("storeguard")


class Pages:
    """`open()`, then `run()` until it is cancelled. Without an address nothing is served."""

    def __init__(self, view: ShopView, wanted: Web, endpoint: Path | None, health: Health) -> None:
        """`endpoint`: the file that says where the pages are; None where it cannot be kept."""
        self._endpoint = endpoint
        self._part = health.part("web")
        self._health = health
        self._web = WebServer(build(view), wanted.host, wanted.port, self._part.ok)
        self.url: str | None = None

    def open(self) -> bool:
        """Has it an address? Why not is in the log: the rest goes on without pages. Blocks."""
        self._forget()  # of a daemon that was killed: its port may be anybody's now
        try:
            self._web.bind()
        except AddressUnavailable as unavailable:
            log.warning("no pages: %s", unavailable)
            return False
        self.url = self._web.url
        if self._endpoint is not None:
            address = json.dumps({"pid": os.getpid(), "url": self.url})
            durable.publish(self._endpoint, address.encode(), fsync=False)
        return True

    async def run(self) -> None:
        self._health.part("web", longest_s=LONGEST_SILENCE_S)
        try:
            await self._web.run()
        finally:
            self._part.ended()
            await self._web.stop()
            self._forget()

    def _forget(self) -> None:
        if self._endpoint is not None:
            with contextlib.suppress(OSError):  # a disk that fails must not undo the end
                self._endpoint.unlink()
