"""Exports of another maker's kiosk → sales at the desk; until when they are complete → visits.

A file is taken once two looks agree; the same one, or one that holds its rows again, sells
nothing twice. One with a row that cannot be read, or a product that nobody knows, is a fault
until it is mended, and says nothing about until when sales are complete.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from storeguard.books import posexport
from storeguard.books.posexport import Columns, ExportedSale
from storeguard.errors import BookMalformed, JournalFault, SaleRefused
from storeguard.health import LONGEST_SILENCE_S, Health
from storeguard.ports import Book
from storeguard.services.awaiting import SalesSources
from storeguard.services.selling import Desk

SOURCE = "pos"
ROUND_S = 2.0
KINDS = (".csv", ".txt", ".xlsx")
LARGEST_BYTES = 16 * 1024 * 1024

Signature = tuple[int, int]
"""Bytes and time of a file."""


@dataclass(frozen=True, slots=True)
class ExportRule:
    """How exports read, and until when one is complete."""

    folder: Path
    columns: Columns
    zone: ZoneInfo
    time_format: str | None
    by_newest: bool
    margin: timedelta


class PosBridge:
    """Looks into the folder every two seconds."""

    def __init__(
        self, rule: ExportRule, desk: Desk, kiosk: Book, sales: SalesSources, health: Health
    ) -> None:
        self._rule = rule
        self._desk = desk
        self._kiosk = kiosk
        self._sales = sales
        self._health = health
        self._pending: dict[Path, Signature] = {}
        self._taken: dict[Path, object] = {}
        self._problems: dict[Path, str] = {}

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps a file from being taken, one line each."""
        return tuple(self._problems.values())

    async def run(self) -> None:
        self._sales.declare(SOURCE)
        part = self._health.part("pos", longest_s=LONGEST_SILENCE_S)
        while True:
            try:
                await self.run_once()
                if self.problems:
                    part.failed("; ".join(self.problems))
                else:
                    part.ok()
                await asyncio.sleep(ROUND_S)
            except (JournalFault, OSError) as fault:
                part.failed(fault)
                await asyncio.sleep(part.backoff_s())

    async def run_once(self) -> None:
        """One look at all the files, the oldest first."""
        found = await asyncio.to_thread(_files, self._rule.folder)
        self._problems = {path: why for path, why in self._problems.items() if path in found}
        before, self._pending = self._pending, found
        for path, signature in found.items():
            known = (signature, self._kiosk.products)  # a product that is new may mend it
            if before.get(path) == signature and self._taken.get(path) != known:
                self._taken[path] = known
                await self._take(path, signature)

    async def _take(self, path: Path, signature: Signature) -> None:
        self._problems.pop(path, None)
        try:
            sales = await asyncio.to_thread(self._read, path)
            for sale in sales:
                await self._sell(path, sale)
        except (BookMalformed, SaleRefused) as problem:
            self._problems[path] = str(problem)
            return
        until = self._complete_until(sales, signature)
        if until is not None:
            self._sales.complete_until(SOURCE, until)

    def _read(self, path: Path) -> tuple[ExportedSale, ...]:
        if path.stat().st_size > LARGEST_BYTES:
            raise BookMalformed(f"{path.name}: larger than {LARGEST_BYTES:,} bytes")
        return posexport.read(
            path.read_bytes(),
            path.name,
            self._rule.columns,
            self._rule.zone,
            time_format=self._rule.time_format,
            barcodes={p.barcode: p.name for p in self._kiosk.products if p.barcode is not None},
        )

    async def _sell(self, path: Path, sale: ExportedSale) -> None:
        try:
            if sale.won:
                await self._desk.report_amount(sale.won, sale.key, SOURCE, sale.sold_at)
                return
            basket = [(sale.name, sale.count)]
            await self._desk.report_sale(basket, sale.key, SOURCE, sale.sold_at)
        except SaleRefused as refusal:
            raise SaleRefused(f"{path.name}:{sale.line}: {refusal}") from None

    def _complete_until(
        self, sales: tuple[ExportedSale, ...], signature: Signature
    ) -> datetime | None:
        if not self._rule.by_newest:
            written = datetime.fromtimestamp(signature[1] / 1e9, UTC)
            return written - self._rule.margin
        newest = max((sale.sold_at for sale in sales), default=None)
        return None if newest is None else newest.astimezone(UTC) - self._rule.margin


def _files(folder: Path) -> dict[Path, Signature]:
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for path in sorted(folder.iterdir(), key=lambda one: one.name):
        if path.suffix.lower() in KINDS and not path.name.startswith(("~", ".")):
            status = path.stat()
            found[path] = (status.st_size, status.st_mtime_ns)
    return dict(sorted(found.items(), key=lambda one: one[1][1]))
