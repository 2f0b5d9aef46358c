"""A line that breaks: it resets every connection whenever so many bytes have gone up."""

import asyncio
import threading
from contextlib import suppress
from typing import Self


class BreakingLine:
    """Carries bytes to moto and back; resets all connections after so many bytes upwards."""

    def __init__(self, upstream: int, carries: int) -> None:
        self._upstream, self._carries = upstream, carries
        self.sent, self.breaks, self.port = 0, 0, 0
        self._left = carries
        self._lose = b""
        self._mute: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="line")

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def lose_the_answer_to(self, request: bytes) -> None:
        """The next one whose first line holds this is carried up, and its answer is not."""
        self._lose = request

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()
        self._reset()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        self._open |= {writer, up_writer}
        try:
            with suppress(OSError):
                await asyncio.gather(
                    self._up(reader, up_writer, writer), self._down(up_reader, writer)
                )
        finally:
            for one in (writer, up_writer):
                one.transport.abort()
                self._open.discard(one)

    async def _up(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, down: asyncio.StreamWriter
    ) -> None:
        while piece := await reader.read(65_536):
            self.sent += len(piece)
            self._left -= len(piece)
            if self._left < 0:
                self.breaks, self._left = self.breaks + 1, self._carries
                self._reset()
                return
            if self._lose and self._lose in piece.partition(b"\r\n")[0]:
                self._lose = b""
                self._mute.add(down)
            writer.write(piece)
            await writer.drain()
        writer.write_eof()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            if writer in self._mute:
                self._reset()
                return
            writer.write(piece)
            await writer.drain()
        writer.transport.abort()

    def _reset(self) -> None:
        for one in self._open:
            one.transport.abort()
