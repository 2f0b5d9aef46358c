"""One inventory: its versions in the journal, its CSV, which the owner edits at any moment.

The journal is the truth for counts. The CSV follows it, and is what the owner edits: an edit
is merged into the version in force as soon as the file holds still.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from storeguard.books import csvfile
from storeguard.books.history import History
from storeguard.books.journal import Journal
from storeguard.books.merge import guard, merge
from storeguard.books.ownerfile import OwnerFile, Replaced, Seen
from storeguard.books.rows import BookFile, Layout, Rows, adopted, counts_changed, counts_of
from storeguard.books.textlog import TextLog
from storeguard.books.texts import OK, BookStatus, Language, say
from storeguard.clock import Clock
from storeguard.domain.events import BookEdited
from storeguard.domain.product import Product, Stock
from storeguard.errors import BookFault, BookHeld, BookMissing, SaleRefused

SETTLED_S = 0.3
"""Two equal reads that far apart: the file is not being saved just now."""

GRACE_S = 10.0
"""Excel deletes the file before it renames its copy; over a share that takes a while."""

_ROUNDING_S = 1e-6

log = logging.getLogger(__name__)
T = TypeVar("T")


class CsvBook:
    """A Book over a CSV file. `fsync=False` is for a replay.

    `changes`: the text log that gets a block for every count that changes.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        journal: Journal,
        clock: Clock,
        *,
        changes: TextLog | None = None,
        language: Language = "ko",
        fsync: bool = True,
    ) -> None:
        self._name = name
        self._file = OwnerFile(path, fsync=fsync)
        self._history = History(name, journal, clock, changes)
        self._clock = clock
        self._language = language
        self._turn = asyncio.Lock()
        # A cancelled caller leaves its thread running: the next one waits here.
        self._thread_turn = threading.Lock()
        self._layout = Layout()
        self._status = OK
        self._known: bytes | None = None
        self._lags = False
        self._refused: tuple[bytes, BookStatus] | None = None
        self._pending: tuple[Seen, float] | None = None
        self._missing_since_s: float | None = None
        self._noted: set[str] = set()
        self._edits: deque[BookEdited] = deque()
        self._show()

    @property
    def name(self) -> str:
        return self._name

    @property
    def products(self) -> tuple[Product, ...]:
        return self._products

    @property
    def counts(self) -> Stock:
        return self._counts

    @property
    def status(self) -> BookStatus:
        return self._status

    async def load(self) -> BookEdited | None:
        """Takes up the journal's last version and the file, with what was edited meanwhile.

        Without a journal the file as it stands is version 1; then BookMissing and
        BookMalformed are raised. An edit needs two reads, 0.3 s apart.
        """
        await self._in_turn(self._load)
        if self._pending is None:
            return self._next_edit()
        await asyncio.sleep(SETTLED_S)
        return await self.poll(self._clock.now_s())

    async def add(self, changes: Mapping[str, int], *, why: str, key: str | None = None) -> bool:
        """Adds to the counts, never below 0. Raises SaleRefused for an unknown product.

        False: this key has been applied before, nothing is changed.
        """
        return await self._in_turn(self._add, changes, why, key)

    async def set(self, product: str, count: int, *, why: str, key: str | None = None) -> bool:
        """Sets one count. Raises SaleRefused for an unknown product.

        False: this key has been applied before, or the count is that already.
        """
        return await self._in_turn(self._set, product, count, why, key)

    async def adopt_products(self, products: Iterable[Product]) -> bool:
        """Takes over prices, unit weights and new rows (count 0) of the kiosk book.

        False: there was nothing to take over.
        """
        return await self._in_turn(self._adopt, tuple(products))

    async def poll(self, now_s: float) -> BookEdited | None:
        """Looks at the file; returns an edit that was merged. Call it every 0.3 s or so."""
        return await self._in_turn(self._poll, now_s)

    async def confirm(self) -> BookEdited | None:
        """The owner says that what is held is right. None: nothing is held (any more)."""
        return await self._in_turn(self._confirm)

    async def close(self) -> None:
        """May be called twice."""
        await self._in_turn(self._file.close)

    async def _in_turn(self, work: Callable[..., T], *args: object) -> T:
        async with self._turn:
            return await asyncio.to_thread(self._alone, work, *args)

    def _alone(self, work: Callable[..., T], *args: object) -> T:
        with self._thread_turn:
            return work(*args)

    # From here on everything runs in a worker thread.

    def _load(self) -> None:
        layout = self._history.load()
        seen = self._file.look()
        if layout is None:
            self._begin(seen)
            return
        self._layout = layout
        is_ours = seen is not None and seen.content == self._rendered()
        self._show()
        self._take_leftovers()
        if seen is not None and is_ours:
            self._known, self._lags = seen.content, True
            self._publish()
        elif seen is not None:
            self._pending = (seen, self._clock.now_s())
        else:
            self._vanished(self._clock.now_s())

    def _take_leftovers(self) -> None:
        """A kill between our swap and our look leaves the owner's save under a temporary name."""
        ours = [self._rendered(version.rows) for version in self._history.versions]
        for leftover in self._file.leftovers(ours):
            self._file.put_away(leftover, is_merged=self._take_overtaken(leftover.content))

    def _begin(self, seen: Seen | None) -> None:
        if seen is None:
            raise BookMissing(
                f"{self._file.path}: no such file; write it with the header "
                "'상품명, 개수, 가격, 무게' and a row a product"
            )
        book = self._read(seen.content)
        self._layout = book.layout
        self._history.begin(book)
        self._known = seen.content
        self._show()

    def _add(self, changes: Mapping[str, int], why: str, key: str | None) -> bool:
        if self._history.is_applied(key):
            return False
        counts = {name: self._count(name) + change for name, change in changes.items()}
        self._change(counts, why, key)
        return True

    def _set(self, product: str, count: int, why: str, key: str | None) -> bool:
        if self._history.is_applied(key) or self._count(product) == count:
            return False
        self._change({product: count}, why, key)
        return True

    def _count(self, product: str) -> int:
        if product not in self._counts:
            raise SaleRefused(
                f"{self._name} book: no product {product!r}; known: {', '.join(self._counts)}"
            )
        return self._counts[product]

    def _change(self, counts: Mapping[str, int], why: str, key: str | None) -> None:
        rows = tuple(
            row.with_count(max(0, counts.get(row.name, row.count))) for row in self._history.rows
        )
        self._commit(rows, why, key)

    def _adopt(self, products: tuple[Product, ...]) -> bool:
        rows = adopted(self._history.rows, products, self._layout)
        if rows == self._history.rows:
            return False
        self._commit(rows, "adopt")
        return True

    def _commit(self, rows: Rows, why: str, key: str | None = None) -> None:
        self._history.commit(rows, self._layout, why=why, key=key)
        self._lags = True
        self._show()
        self._publish()

    def _poll(self, now_s: float) -> BookEdited | None:
        try:
            seen = self._file.look()
        except OSError as error:
            self._say(BookStatus("malformed", self._text("unreadable", why=error.strerror)))
            return None
        if seen is None:
            self._vanished(now_s)
        else:
            self._missing_since_s = None
            self._found(seen, now_s)
        return self._next_edit()

    def _found(self, seen: Seen, now_s: float) -> None:
        if self._pending is not None and self._pending[0].inode != seen.inode:
            self._take_overtaken(self._pending[0].content)
        if seen.content == self._known:
            self._settled()
        elif self._refused is not None and seen.content == self._refused[0]:
            self._pending = None
            self._say(self._refused[1])
        elif self._pending is None or self._pending[0].content != seen.content:
            self._pending = (seen, now_s)
        elif now_s - self._pending[1] >= SETTLED_S - _ROUNDING_S:
            self._pending = None
            self._take(seen.content)

    def _settled(self) -> None:
        """The file is the one that we know: ours, or the owner's last edit."""
        self._pending = self._refused = None
        if self._status.kind != "unwritable":
            self._say(OK)
        self._publish()

    def _take(self, content: bytes, *, is_confirmed: bool = False) -> None:
        self._file.settle()
        try:
            book = self._read(content)
            self._merge(book, is_confirmed=is_confirmed)
        except BookFault as fault:
            status = BookStatus("held" if isinstance(fault, BookHeld) else "malformed", str(fault))
            self._refused = (content, status)
            self._say(status)
            return
        self._known, self._refused, self._lags = content, None, True
        self._file.close()
        self._say(OK)
        self._publish()

    def _take_overtaken(self, content: bytes) -> bool:
        """Merges a save that a newer one has replaced, which may not know of it. False: cannot."""
        self._pending = None
        try:
            if content != self._known:
                self._merge(self._read(content))
        except BookFault as fault:
            log.warning("%s book: a replaced save is left out: %s", self._name, fault)
            return False
        return True

    def _merge(self, book: BookFile, *, is_confirmed: bool = False) -> None:
        if self._file.is_unread():
            self._history.was_not_read()
        before = self._history.rows
        merged = merge(self._history.versions, book)
        if not is_confirmed:
            self._guard(before, merged.rows)
        if merged.rows == before and book.layout == self._layout:
            self._history.retype(merged.rows)
            return
        self._layout = book.layout
        self._history.commit(merged.rows, book.layout, why="edit", saved=book.rows)
        self._lags = True
        self._show()
        self._report(before, merged.rows)
        log.info("%s book: the file was edited, from version %d", self._name, merged.base)

    def _guard(self, before: Rows, after: Rows) -> None:
        try:
            guard(before, after, self._language)
        except BookHeld as held:
            raise BookHeld(f"{self._file.path.name}: {held}") from None

    def _confirm(self) -> BookEdited | None:
        seen = self._file.look()
        held = (seen.content, self._status) if seen is not None else None
        if self._status.kind == "held" and self._refused == held and seen is not None:
            self._take(seen.content, is_confirmed=True)
        return self._next_edit()

    def _vanished(self, now_s: float) -> None:
        if self._missing_since_s is None:
            self._missing_since_s = now_s
            self._status = BookStatus("missing", self._text("missing"))
        if now_s - self._missing_since_s >= GRACE_S - _ROUNDING_S:
            self._restore()

    def _restore(self) -> None:
        if self._pending is not None:
            self._take_overtaken(self._pending[0].content)
        content = self._rendered()
        try:
            is_back = not self._file.restore(content)
        except OSError as error:
            self._say(BookStatus("missing", self._text("unwritable", why=error.strerror)))
            return
        if not is_back:
            log.warning("%s; written again", self._text("missing"))
            self._refused = self._missing_since_s = None
            self._published(content)

    def _publish(self) -> None:
        """Writes the version in force, unless the file holds something that is not merged."""
        if not self._lags or self._known is None or self._pending is not None:
            return
        if self._status.kind not in ("ok", "unwritable"):
            return
        content = self._rendered()
        try:
            if content == self._known:
                self._published(content)
            else:
                self._replaced(content, self._file.replace(content, self._known))
        except OSError as error:
            self._say(BookStatus("unwritable", self._text("unwritable", why=error.strerror)))

    def _replaced(self, content: bytes, replaced: Replaced) -> None:
        for overtaken in replaced.overtaken:
            self._take_overtaken(overtaken)
        if replaced.is_unread:
            self._history.was_not_read()
        if replaced.done:
            self._published(content)
        elif replaced.found is not None:
            self._pending = (replaced.found, self._clock.now_s())

    def _published(self, content: bytes) -> None:
        self._known = content
        self._lags = False
        self._history.put_on_disk()
        self._say(OK)

    def _rendered(self, rows: Rows | None = None) -> bytes:
        return csvfile.write(BookFile(rows or self._history.rows, self._layout))

    def _read(self, content: bytes) -> BookFile:
        codes = {p.name: p.barcode for p in self._products if p.barcode is not None}
        book = csvfile.read(content, self._file.path.name, language=self._language, barcodes=codes)
        for note in set(book.notes) - self._noted:
            log.info(note)
        self._noted.update(book.notes)
        return book

    def _report(self, before: Rows, after: Rows) -> None:
        is_new = {row.product for row in before} != {row.product for row in after}
        counts = counts_changed(before, after)
        self._edits.append(BookEdited(self._clock.now_s(), self._name, counts, is_new))

    def _next_edit(self) -> BookEdited | None:
        return self._edits.popleft() if self._edits else None

    def _show(self) -> None:
        """Makes the version in force visible to the event loop's thread, at once."""
        rows = self._history.rows
        self._products = tuple(row.product for row in rows)
        self._counts: Stock = MappingProxyType(counts_of(rows))

    def _say(self, status: BookStatus) -> None:
        if status == self._status:
            return
        if status.kind != "ok":
            log.warning("%s book: %s", self._name, status.text)
        elif self._status.kind != "missing":
            log.info("%s book: the file is in order again", self._name)
        self._status = status

    def _text(self, what: str, **values: object) -> str:
        return f"{self._file.path.name}: {say(what, self._language, **values)}"
