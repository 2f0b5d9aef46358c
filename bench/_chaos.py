"""A line that misbehaves: an HTTP proxy that resets, hangs, lies and loses answers."""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Mapping

PORTAL = b"<html><body>Please log in to this network</body></html>"

FAULTS: Mapping[str, float] = {
    "reset": 0.10,
    "answer_lost": 0.05,
    "hang": 0.02,
    "truncated": 0.02,
    "delayed": 0.03,
    "portal": 0.02,
    "slow_down": 0.05,
    "throttled": 0.01,
    "moved": 0.005,
    "denied": 0.005,
}
"""Share of the requests that each befalls; three in ten of all (reliability P4, and more)."""

HUNG_S = 60.0
"""Nobody waits for that."""


def _said(status: str, code: str) -> bytes:
    body = f"<Error><Code>{code}</Code><Message>by the proxy</Message></Error>".encode()
    return _answer(status, body, "application/xml")


def _answer(status: str, body: bytes, kind: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


ANSWERS = {
    "portal": _answer("200 OK", PORTAL, "text/html"),
    "slow_down": _said("503 Slow Down", "SlowDown"),
    "throttled": _said("429 Too Many Requests", "TooManyRequests"),
    "moved": _said("301 Moved Permanently", "PermanentRedirect"),
    "denied": _said("403 Forbidden", "AccessDenied"),
}


class ChaosProxy:
    """Listens on loopback in a thread of its own; `suffered` counts what befell requests."""

    def __init__(self, upstream_port: int, seed: int, faults: Mapping[str, float] = FAULTS) -> None:
        self._upstream = upstream_port
        self._chance = random.Random(seed)
        self._faults = faults
        self.suffered: Counter[str] = Counter()
        self.port = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="chaos")

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False when the connection is over."""
        head = await reader.readuntil(b"\r\n\r\n")
        fault = self._drawn()
        if fault == "reset":
            return False
        fields = _fields(head)
        if fields.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        if fault in ANSWERS:
            writer.write(ANSWERS[fault])
            await writer.drain()
            writer.close()
            await asyncio.sleep(0.05)
            return False
        if fault == "delayed":
            await asyncio.sleep(self._chance.uniform(0.1, 0.5))
        if fault == "hang":
            await asyncio.sleep(HUNG_S)
            return False
        answer = await self._forwarded(head, body)
        if fault == "answer_lost":
            return False
        writer.write(answer[: len(answer) // 2] if fault == "truncated" else answer)
        await writer.drain()
        return fault != "truncated" and b"connection: close" not in answer[:2000].lower()

    def _drawn(self) -> str:
        point = self._chance.random()
        for fault, share in self._faults.items():
            if point < share:
                self.suffered[fault] += 1
                return fault
            point -= share
        self.suffered["none"] += 1
        return "none"

    async def _forwarded(self, head: bytes, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(HOP_BY_HOP)]
        lines[-2:-2] = [b"Connection: close"]
        writer.write(b"\r\n".join(lines) + body)
        await writer.drain()
        answer = await reader.read(-1)
        writer.close()
        return _kept_open(answer)


HOP_BY_HOP = (b"expect:", b"connection:")


def _fields(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _kept_open(answer: bytes) -> bytes:
    """Upstream closes after each answer; the client's connection stays, where a length is said."""
    head, mark, body = answer.partition(b"\r\n\r\n")
    if b"content-length:" not in head.lower():
        return answer
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join(kept) + mark + body
