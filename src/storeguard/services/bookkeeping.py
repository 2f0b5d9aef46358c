"""Owner's edits → books and promotions: looks at the CSVs, tells the others what has changed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from storeguard.books.book import CsvBook
from storeguard.books.texts import BookStatus, Language, say
from storeguard.clock import Clock
from storeguard.domain.events import BookEdited
from storeguard.domain.product import Product
from storeguard.errors import JournalFault
from storeguard.health import LONGEST_SILENCE_S, Health
from storeguard.services.bus import Bus
from storeguard.services.promoting import PromotionBoard

CONFIRMED = "confirm-books"
"""A file in the state folder by which `books confirm` speaks to the daemon."""

BOOKS = ("kiosk book", "shelf book")
"""Their faults have no code: the owner's own file explains itself, in his words."""

ROUND_S = 0.4
"""An edit is taken when two looks 0.3 s apart agree, and within 2 s."""


class BookkeepingService:
    """Polls both books. The kiosk book's products are the shelf book's too.

    `carried`: product → the scale on which the configuration puts it.
    """

    def __init__(
        self,
        kiosk: CsvBook,
        shelf: CsvBook,
        promotions: PromotionBoard,
        bus: Bus,
        clock: Clock,
        health: Health,
        *,
        on_products: Callable[[Sequence[Product]], None],
        state: Path,
        carried: Mapping[str, str],
        language: Language,
    ) -> None:
        self._kiosk = kiosk
        self._shelf = shelf
        self._promotions = promotions
        self._bus = bus
        self._clock = clock
        self._health = health
        self._on_products = on_products
        self._confirmed = state / CONFIRMED
        self._carried = carried
        self._language: Language = language

    async def run(self) -> None:
        part = self._health.part("bookkeeping", longest_s=LONGEST_SILENCE_S)
        while True:
            try:
                await self.run_once()
                part.ok()
                await asyncio.sleep(ROUND_S)
            except JournalFault as fault:
                part.failed(fault)
                await asyncio.sleep(part.backoff_s())

    async def run_once(self) -> None:
        """One look at all the files."""
        is_confirmed = await asyncio.to_thread(self._take_confirmation)
        for book in (self._kiosk, self._shelf):
            edit = await book.poll(self._clock.now_s())
            if book.status.kind == "held" and is_confirmed:
                edit = await book.confirm()
            self._report(f"{book.name} book", self._judged(book))
            if edit is not None:
                await self._take(book, edit)
        await self._promotions.poll([product.name for product in self._kiosk.products])
        self._report("promotions", self._promotions.status)

    def _take_confirmation(self) -> bool:
        is_there = self._confirmed.exists()
        self._confirmed.unlink(missing_ok=True)
        return is_there

    def _judged(self, book: CsvBook) -> BookStatus:
        """A row may have gone of a product that the configuration puts on a scale."""
        lost = sorted(self._carried.keys() - book.counts.keys())
        if book is not self._kiosk or book.status.kind != "ok" or not lost:
            return book.status
        scale, value = self._carried[lost[0]], f"'{lost[0]}'"
        return BookStatus("malformed", say("carried", self._language, scale=scale, value=value))

    def _report(self, name: str, status: BookStatus) -> None:
        part = self._health.part(name)
        # A file that Excel has deleted for a moment is no fault yet.
        if status.kind in ("ok", "missing"):
            part.ok()
        else:
            part.failed(status.text, is_said=True)

    async def _take(self, book: CsvBook, edit: BookEdited) -> None:
        if edit.products_changed and book is self._kiosk:
            await self._shelf.adopt_products(self._kiosk.products)
            self._on_products(self._kiosk.products)
        self._bus.publish(edit)
