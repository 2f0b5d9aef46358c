"""The server inside the daemon's loop: its port, its event streams, its end."""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from storeguard.clock import SystemClock
from storeguard.errors import AddressUnavailable, StoreguardError
from storeguard.web.app import build
from storeguard.web.door import Door
from storeguard.web.server import Serving, WebServer
from storeguard.web.view import Changes

pytestmark = pytest.mark.anyio

SOON_S = 5
"""A limit for what hangs when it is broken, not a figure."""


def server_of(shop: Any, host: str, port: int) -> WebServer:
    door = Door(None, SystemClock())
    shop.token = door.machine_token
    return WebServer(build(shop, door, SystemClock().now_s), Serving(host, port))


@asynccontextmanager
async def serving(shop: Any) -> AsyncGenerator[WebServer, None]:
    """A running server; afterwards no task of it may be left."""
    before = asyncio.all_tasks()
    server = server_of(shop, "127.0.0.1", 0)
    server.bind()
    running = asyncio.create_task(server.run(), name="web")
    try:
        yield server
    finally:
        async with asyncio.timeout(SOON_S):
            await server.stop()
            await running
    gc.collect()  # an unclosed socket or generator would warn here
    assert asyncio.all_tasks() == before


@asynccontextmanager
async def listening(server: WebServer) -> AsyncGenerator[AsyncGenerator[str, None], None]:
    """The lines of an event stream that is open."""
    async with (
        httpx.AsyncClient(base_url=server.url) as client,
        client.stream("GET", "/events") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-length" not in answer.headers
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        assert await anext(lines) == ""
        yield lines


async def subscribed(shop: Any, count: int = 1) -> None:
    async with asyncio.timeout(SOON_S):
        while shop.changes.subscribers != count:  # noqa: ASYNC110 - the shop tells nobody
            await asyncio.sleep(0)


async def test_the_free_port_that_it_took_is_reported(shop: Any):
    async with serving(shop) as server:
        assert server.port > 0
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{server.url}/healthz")
        assert answer.json()["status"] == "ok"


def test_a_port_in_use_is_one_line_that_says_what_to_do(shop: Any):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(AddressUnavailable) as refusal:
            server_of(shop, "127.0.0.1", port).bind()
    line = str(refusal.value)
    assert isinstance(refusal.value, StoreguardError)
    assert "\n" not in line
    assert f"port {port} on 127.0.0.1 is used by another program" in line
    assert "set web.port" in line


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_of_another_machine_is_one_line(shop: Any, host: str):
    with pytest.raises(AddressUnavailable, match=r"cannot be opened: .*; set web\.host"):
        server_of(shop, host, 0).bind()


async def test_it_can_be_restarted_on_its_port_at_once(shop: Any):
    async with serving(shop) as first, httpx.AsyncClient() as client:
        await client.get(f"{first.url}/healthz")
    second = server_of(shop, "127.0.0.1", first.port)
    second.bind()
    await second.stop()


async def test_a_change_is_told_to_every_open_page(shop: Any):
    async with serving(shop) as server, listening(server) as one, listening(server) as other:
        await subscribed(shop, 2)
        shop.changes.announce()
        async with asyncio.timeout(SOON_S):
            assert await anext(one) == "event: changed"
            assert await anext(other) == "event: changed"


async def test_a_page_that_leaves_is_forgotten_at_once(shop: Any):
    async with serving(shop) as server:
        async with listening(server):
            await subscribed(shop)
        await subscribed(shop, 0)


async def test_a_silent_stream_is_kept_alive(shop: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("storeguard.web.events.KEEP_ALIVE_S", 0.001)
    async with serving(shop) as server, listening(server) as lines, asyncio.timeout(SOON_S):
        assert await anext(lines) == ": still here"


async def test_it_stops_while_pages_listen_and_ends_their_streams(shop: Any):
    async with serving(shop) as server, listening(server) as lines:
        await subscribed(shop)
        async with asyncio.timeout(SOON_S):
            await server.stop()
            assert [line async for line in lines] == []


async def test_it_stops_although_a_slow_phone_is_still_loading_a_clip(
    shop: Any, caplog: pytest.LogCaptureFixture
):
    (shop.folder / "issue").mkdir()
    (shop.folder / "issue" / "clip.mp4").write_bytes(bytes(32_000_000))
    async with serving(shop) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        writer.write(b"GET /issues/issue/clip.mp4 HTTP/1.1\r\nHost: shop\r\n")
        writer.write(f"Authorization: Bearer {shop.token}\r\n\r\n".encode())
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        async with asyncio.timeout(SOON_S):
            await server.stop()
        writer.close()
    assert "Traceback" not in caplog.text


async def test_it_stops_although_a_client_never_finishes_its_request(shop: Any):
    async with serving(shop) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /api/v1/sales HTTP/1.1\r\nHost: shop\r\ncontent-length: 900\r\n\r\n{")
        await writer.drain()
        async with asyncio.timeout(SOON_S):
            await server.stop()
        writer.close()


async def test_cancelling_it_leaves_nothing_behind(shop: Any):
    before = asyncio.all_tasks()
    server = server_of(shop, "127.0.0.1", 0)
    server.bind()
    running = asyncio.create_task(server.run())
    async with listening(server):
        await subscribed(shop)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(SOON_S):
                await running
    await server.stop()
    assert asyncio.all_tasks() == before
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_stopping_twice_or_before_the_start_is_harmless(shop: Any):
    server = server_of(shop, "127.0.0.1", 0)
    server.bind()
    await server.stop()
    await server.stop()
    await server.run()


async def test_the_daemons_signal_handlers_stay(shop: Any):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    async with serving(shop) as server, httpx.AsyncClient() as client:
        await client.get(f"{server.url}/healthz")
        assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)] == before


async def test_a_burst_of_changes_is_told_once():
    changes = Changes()
    told = changes.subscribe()
    first = asyncio.create_task(anext(told))
    await asyncio.sleep(0)
    for _ in range(100):
        changes.announce()
    assert await first == "changed"
    second = asyncio.create_task(anext(told))
    await asyncio.sleep(0)
    assert not second.done()
    changes.announce()
    await second
    await told.aclose()
    assert changes.subscribers == 0


async def test_many_pages_are_told_one_after_the_other_and_the_first_at_once():
    changes = Changes()
    told = [changes.subscribe() for _ in range(5)]
    order: list[int] = []

    async def listen(number: int) -> None:
        await anext(told[number])
        order.append(number)

    tasks = [asyncio.create_task(listen(number)) for number in range(5)]
    await asyncio.sleep(0)
    changes.announce()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == [0]
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]
    for one in told:
        await one.aclose()
    assert (changes.subscribers, changes.told) == (0, 1)
