"""uvicorn inside the daemon's own event loop."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from storeguard.errors import AddressUnavailable

GRACE_S = 1
"""How long answers under way (a clip to a slow phone) may go on after `stop()`."""


@dataclass(frozen=True, slots=True)
class Serving:
    """Where, and how: https with a certificate of one's own, or behind a proxy that has one."""

    host: str
    port: int
    certificate: str | None = None
    key: str | None = None
    behind_proxy: bool = False


class WebServer:
    """Serves one application. `bind()`, then `run()` as a task, then `stop()`.

    `bind()` raises AddressUnavailable when the address cannot be had; from then on `port` is
    the real one, also for port 0. `run()` ends after `stop()`, or when it is cancelled, and
    leaves no socket and no task behind. Signals stay with the daemon. `on_round`: called ten
    times a second while it serves.
    """

    def __init__(
        self, app: FastAPI, serving: Serving, on_round: Callable[[], None] = lambda: None
    ) -> None:
        self._app = app
        self._serving = serving
        self._host = serving.host
        self._port = serving.port
        self._socket: socket.socket | None = None
        self._ended = asyncio.Event()
        self._ended.set()
        self._server = _Server(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=serving.behind_proxy,
                forwarded_allow_ips="127.0.0.1",
                ssl_certfile=serving.certificate,
                ssl_keyfile=serving.key,
                server_header=False,
                timeout_graceful_shutdown=2 * GRACE_S,
                limit_concurrency=200,
            ),
            on_round,
        )

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        """The address to open in a browser on this machine."""
        host = "127.0.0.1" if self._host in ("0.0.0.0", "::") else self._host
        scheme = "https" if self._serving.certificate else "http"
        return (
            f"{scheme}://[{host}]:{self._port}"
            if ":" in host
            else f"{scheme}://{host}:{self._port}"
        )

    def bind(self) -> None:
        _refuse_unusable(self._serving)
        try:
            self._socket = _bound(self._host, self._port)
        except OSError as error:
            raise AddressUnavailable(_explain(self._host, self._port, error)) from error
        self._port = self._socket.getsockname()[1]

    async def run(self) -> None:
        if self._socket is None:
            raise RuntimeError("WebServer.run() before bind(): there is no socket to serve on")
        self._ended.clear()
        try:
            if not self._app.state.closing.is_set():
                await self._server.serve(sockets=[self._socket])
        except asyncio.CancelledError:
            self._app.state.closing.set()
            await self._server.shutdown(sockets=[self._socket])
            raise
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Ends `run()` and the open event streams; returns when all is closed. May be repeated."""
        self._app.state.closing.set()
        self._server.should_exit = True
        await self._ended.wait()
        self.unbind()

    def unbind(self) -> None:
        """Gives the port back; nothing where it was not had."""
        if self._socket is not None:
            self._socket.close()


class _Server(uvicorn.Server):
    """Leaves the signal handlers alone, and ends in bounded time."""

    def __init__(self, config: uvicorn.Config, on_round: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_round = on_round

    async def on_tick(self, counter: int) -> bool:
        self._on_round()
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes the connections that still send after GRACE_S, instead of cancelling tasks."""
        abort = asyncio.get_running_loop().call_later(GRACE_S, self._abort)
        try:
            await super().shutdown(sockets)
        finally:
            abort.cancel()

    def _abort(self) -> None:
        for connection in tuple(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(128)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


def _refuse_unusable(serving: Serving) -> None:
    """Raises AddressUnavailable for a certificate that cannot be used, before anybody asks."""
    if serving.certificate is None or serving.key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(serving.certificate, serving.key)
    except OSError as error:  # ssl.SSLError is one
        raise AddressUnavailable(
            f"web: {serving.certificate} and {serving.key} are no certificate and key "
            f"({error.strerror or error}); see web.tls_certificate"
        ) from error


def _explain(host: str, port: int, error: OSError) -> str:
    where = f"web: port {port} on {host}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"{where} is used by another program; end that program, "
            "or set web.port in the configuration to another one (0 takes a free one)"
        )
    if error.errno == errno.EACCES:
        return f"{where} is reserved for the system; set web.port to 1024 or more, such as 8080"
    return (
        f"{where} cannot be opened: {error.strerror}; set web.host to an address of this "
        "machine (127.0.0.1: only here, 0.0.0.0: the shop's network)"
    )
