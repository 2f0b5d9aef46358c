"""Both inventory CSVs from the console: an edit there is an edit of the file, with its checks.

The file is written as its owner would; the daemon takes it within 2 s and merges it, so that no
sale meanwhile is lost.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from storeguard import durable
from storeguard.books import album, csvfile, spreadsheet
from storeguard.books.journal import Journal
from storeguard.books.rows import COUNT, NAME, PRICE, WEIGHT, BookFile, Row
from storeguard.recovery import KIOSK_CSV, SHELF_CSV
from storeguard.web.desks import BookName, ChangeRow, Shelves
from storeguard.web.workdesks import EditRow

FILES: Mapping[BookName, str] = {"kiosk": KIOSK_CSV, "shelf": SHELF_CSV}
EDITED = {COUNT: "count", PRICE: "price", WEIGHT: "weight"}
SHOWN_CHANGES = 200


class InventoryDesk:
    """Implements web.desks.InventoryDesk. Everything blocks."""

    def __init__(self, folder: Path, journal: Journal, timezone: str) -> None:
        self._folder = folder
        self._journal = journal
        self._zone = ZoneInfo(timezone)

    def books(self) -> Mapping[BookName, Shelves]:
        return {name: self._shelves(name) for name in FILES}

    def save(self, name: BookName, rows: Sequence[EditRow]) -> None:
        """Raises BookMalformed with file, line, column, value and what is expected; OSError."""
        self._write(name, _edited(self._file(name), rows))

    def put(self, name: BookName, content: bytes) -> None:
        """A whole file, as `content` gave it or as the owner saved it. Raises as `save`."""
        self._write(name, spreadsheet.taken_back(content))

    def content(self, name: BookName) -> bytes:
        """For a spreadsheet: it runs no cell of it."""
        return spreadsheet.made_safe(self._read(name))

    def _read(self, name: BookName) -> bytes:
        return (self._folder / FILES[name]).read_bytes()

    def _write(self, name: BookName, content: bytes) -> None:
        csvfile.read(content, FILES[name])
        durable.publish(self._folder / FILES[name], content)

    def history(self, product: str) -> Sequence[ChangeRow]:
        found = album.history(self._journal, product, SHOWN_CHANGES)
        return [
            ChangeRow(
                f"{one.at_utc.astimezone(self._zone):%m-%d %H:%M:%S}",
                one.book,
                one.before,
                one.after,
                one.why,
            )
            for one in found
        ]

    def _shelves(self, name: BookName) -> Shelves:
        book = self._file(name)
        rows = tuple(
            EditRow(
                one.name,
                str(one.count),
                str(one.product.price_won),
                f"{one.product.unit_weight_g:g}",
            )
            for one in book.rows
        )
        return Shelves(name, FILES[name], rows)

    def _file(self, name: BookName) -> BookFile:
        return csvfile.read(self._read(name), FILES[name])


def _typed(row: Row) -> EditRow:
    product = row.product
    return EditRow(row.name, str(row.count), str(product.price_won), f"{product.unit_weight_g:g}")


def _edited(book: BookFile, rows: Sequence[EditRow]) -> bytes:
    """The file with these rows' counts, prices and weights; a name that is new becomes a row."""
    header = book.layout.header
    places = {cell: at for at, cell in enumerate(book.layout.places)}
    known = {row.name: list(row.source) for row in book.rows}
    for row in rows:
        cells = known.setdefault(row.name, [""] * len(header))
        cells[places[NAME]] = row.name
        for column, field in EDITED.items():
            cells[places[column]] = getattr(row, field).strip()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=book.layout.newline)
    text.write(",".join(header) + book.layout.newline)
    writer.writerows(known.values())
    return text.getvalue().encode("utf-8-sig" if book.layout.bom else book.layout.encoding)
