"""The web pages of a process: bound, served, and found by `storeguard sell`."""

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path

from storeguard import durable
from storeguard.books.accounts import AccountFiles
from storeguard.clock import Clock
from storeguard.configweb import Web
from storeguard.errors import AddressUnavailable, StoreguardError
from storeguard.health import LONGEST_SILENCE_S, Health
from storeguard.orderly import Loop
from storeguard.web.app import BOTH, CONSOLE, KIOSK, Part, build
from storeguard.web.desks import Desks
from storeguard.web.door import POS_TOKEN_VARIABLE, Door
from storeguard.web.server import Serving, WebServer
from storeguard.web.view import ShopView

ENDPOINT = "daemon.json"
"""In the state folder: where `storeguard sell` finds the running daemon, and its token."""

SHORTEST_POS_TOKEN = 16
FIRST_CODE_FOR = timedelta(days=1)
ONLY_US = 0o600

log = logging.getLogger("storeguard")


class Pages:
    """`open()`, then `run()` until it is cancelled. Without an address nothing is served."""

    def __init__(
        self,
        view: ShopView,
        wanted: Web,
        state: Path,
        clock: Clock,
        health: Health,
        *,
        is_daemon: bool = True,
        desks: Desks | None = None,
    ) -> None:
        """`state`: where the accounts are; `is_daemon`: commands may find it there too."""
        self._endpoint = state / ENDPOINT if is_daemon else None
        self._part = health.part("web")
        self._health = health
        self.door = Door(AccountFiles(state), clock, pos_token=_pos_token())
        self._desks = desks
        self._servers = [
            self._server(view, wanted, port, parts, clock) for port, parts in _ports(wanted)
        ]
        self.url: str | None = None

    def _server(
        self, view: ShopView, wanted: Web, port: int, parts: Collection[Part], clock: Clock
    ) -> WebServer:
        app = build(
            view, self.door, clock.now_s, hosts=wanted.allowed_hosts, parts=parts, desks=self._desks
        )
        serving = Serving(
            wanted.host, port, wanted.tls_certificate, wanted.tls_key, wanted.behind_proxy
        )
        return WebServer(app, serving, self._part.ok)

    @property
    def loops(self) -> Mapping[str, Loop]:
        """What has to run for the pages, the server last."""
        return {**(self._desks.loops if self._desks else {}), "web": self.run}

    @property
    def kiosk_url(self) -> str:
        """Where the kiosk is; only after `open()`."""
        return f"{self._servers[-1].url}/kiosk"

    def open(self) -> bool:
        """Has it an address? Why not is in the log: the rest goes on without pages. Blocks."""
        self._forget()  # of a daemon that was killed: its port may be anybody's now
        try:
            for server in self._servers:
                server.bind()
        except AddressUnavailable as unavailable:
            log.warning("no pages: %s", unavailable)
            for server in self._servers:
                server.unbind()
            return False
        self.url = self._servers[0].url
        if self._endpoint is not None:
            said = {"pid": os.getpid(), "url": self.url, "token": self.door.machine_token}
            durable.publish(self._endpoint, json.dumps(said).encode(), fsync=False, mode=ONLY_US)
        return True

    async def run(self) -> None:
        self._health.part("web", longest_s=LONGEST_SILENCE_S)
        await self._say_code()
        try:
            async with asyncio.TaskGroup() as group:
                for server in self._servers:
                    group.create_task(server.run(), name="web")
        finally:
            self._part.ended()
            for server in self._servers:
                await server.stop()
            self._forget()

    async def _say_code(self) -> None:
        """Until there is an owner, each start offers a code; it stands in the log only."""
        try:
            code = await self.door.offer_code(FIRST_CODE_FOR)
        except StoreguardError as fault:
            log.warning("no one-time code: %s", fault)
            return
        if code is not None:
            log.warning(
                "no owner yet: open %s/login/code and enter the one-time code %s within a day; "
                "storeguard people code makes a new one",
                self.url,
                code,
            )

    def _forget(self) -> None:
        if self._endpoint is not None:
            with contextlib.suppress(OSError):  # a disk that fails must not undo the end
                self._endpoint.unlink()


def _ports(wanted: Web) -> list[tuple[int, Collection[Part]]]:
    if wanted.kiosk_port is None:
        return [(wanted.port, BOTH)]
    return [(wanted.port, CONSOLE), (wanted.kiosk_port, KIOSK)]


def _pos_token() -> str:
    token = os.environ.get(POS_TOKEN_VARIABLE, "")
    if token and len(token) < SHORTEST_POS_TOKEN:
        log.warning(
            "%s: expected %d signs or more; no POS may sell", POS_TOKEN_VARIABLE, SHORTEST_POS_TOKEN
        )
        return ""
    return token
