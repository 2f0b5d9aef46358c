"""A sale through CsvBook and the journal; a protocol as in protocols.py."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from storeguard import durable
from storeguard.books import csvfile
from storeguard.books.book import CsvBook
from storeguard.books.journal import Journal
from storeguard.books.rows import counts_of
from storeguard.books.textlog import TextLog
from storeguard.clock import LoopClock, SimLoop
from storeguard.errors import BookFault

HEADER = "상품명, 개수, 가격, 무게\n"
PRODUCT = "바나나우유"
OTHERS = "".join(f"상품{n},7,1500,95\n" for n in range(60))
STARTED = datetime(2026, 11, 20, 13, 21, tzinfo=UTC)


class SaleBook:
    """The version is the count of one product, which each write makes one more."""

    def __init__(self, here: Path, way: str) -> None:
        self._inventory, self._state = here / "inventory", here / "state"
        self._csv = self._inventory / "inventory_store.csv"
        self._loop = SimLoop()
        self._runner = asyncio.Runner(loop_factory=lambda: self._loop)
        self._opened = None

    def prepare(self) -> None:
        self._inventory.mkdir()
        self._csv.write_text(f"{HEADER}{PRODUCT},0,1700,95\n{OTHERS}", encoding="utf-8")
        self._runner.run(self._settled())

    def ready(self, version: int) -> None:
        """Takes up the journal, once."""
        if self._opened is None:
            self._opened = self._book()
            self._runner.run(self._opened.load())

    def write(self, version: int) -> None:
        self._runner.run(self._add(version))

    def close(self) -> None:
        if self._opened is not None:
            self._runner.run(self._opened.close())
            self._journal.close()
            self._opened = None

    def newest(self) -> int | None:
        """What the CSV says, or the book that starts on it, whichever is less."""
        shown = self.shown()
        try:
            settled = self._runner.run(self._settled())
        except BookFault:
            return None
        return min(shown, settled) if settled == self.shown() and shown is not None else None

    def shown(self) -> int | None:
        """What the CSV says as it lies there."""
        try:
            return self._count()
        except BookFault:
            return None

    def _count(self) -> int:
        return counts_of(csvfile.read(self._csv.read_bytes(), self._csv.name).rows)[PRODUCT]

    async def _add(self, version: int) -> None:
        await self._opened.add({PRODUCT: 1}, why="sale", key=f"s{version}")
        await self._opened.poll(self._loop.time())
        if self._opened.status.kind != "ok":
            raise BookFault(self._opened.status.text)

    async def _settled(self) -> int:
        """The count after a start and three looks at the file."""
        durable.sweep([self._inventory, self._state])
        async with self._started() as book:
            for _ in range(3):
                await asyncio.sleep(0.4)
                await book.poll(self._loop.time())
            return book.counts[PRODUCT]

    @asynccontextmanager
    async def _started(self):
        book = self._book()
        try:
            await book.load()
            yield book
        finally:
            await book.close()
            self._journal.close()

    def _book(self) -> CsvBook:
        self._journal = Journal.in_folder(self._state)
        self._journal.open()
        log = TextLog(self._inventory / "store_log.txt", "Asia/Seoul")
        clock = LoopClock(self._loop, STARTED)
        return CsvBook("kiosk", self._csv, self._journal, clock, changes=log)
