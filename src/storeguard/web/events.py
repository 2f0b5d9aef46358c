"""Server-sent events: `changed` whenever a page should ask for the new data."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

KEEP_ALIVE_S = 15.0
"""Proxies and phones drop a connection that is silent for a minute."""


class EventStream(Response):
    """Ends when the browser leaves, when `closing` is set, or when the changes end.

    It owns its tasks: a streaming response would notice a browser that left only at the
    next change.
    """

    media_type = "text/event-stream"

    def __init__(
        self, subscribe: Callable[[], AsyncGenerator[str, None]], closing: asyncio.Event
    ) -> None:
        super().__init__()
        self._subscribe = subscribe
        self._closing = closing
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        # Sent at once, so that the browser knows that it is connected; 2 s between attempts.
        await _write(send, "retry: 2000\n\n")
        await _until_first(self._tell(send), _keep_alive(send), _left(receive), _set(self._closing))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send) -> None:
        async with aclosing(self._subscribe()) as changes:
            async for change in changes:
                await _write(send, f"event: {change}\ndata:\n\n")


async def _until_first(*works: Coroutine[Any, Any, None]) -> None:
    """Runs all until one of them ends, then ends the others; its error is raised."""
    tasks = [asyncio.create_task(work, name="events") for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _keep_alive(send: Send) -> None:
    while True:
        await asyncio.sleep(KEEP_ALIVE_S)
        await _write(send, ": still here\n\n")


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _set(closing: asyncio.Event) -> None:
    await closing.wait()


async def _write(send: Send, lines: str) -> None:
    await send({"type": "http.response.body", "body": lines.encode(), "more_body": True})
