"""An export of another maker's kiosk: CSV or the first sheet of an .xlsx, columns by the config.

A row is a sale, or an amount where the export names no products. The same row in the next export,
which often holds the whole day again, has the same key: the receipt's number where there is one,
else what the row says; and which of equal rows it is.
"""

import hashlib
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from storeguard.books.csvfile import UTF8_BOM, encoding_of
from storeguard.books.rows import plain_number
from storeguard.books.workbook import MOST_COLUMNS, first_sheet
from storeguard.errors import BookMalformed

_DATE = re.compile(r"^(\d{4})[-./](\d{2})[-./](\d{2})")
MOST_ROWS = 50_000
MOST_UNITS = 999
_EXCELS_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001 - the caller's zone


@dataclass(frozen=True, slots=True)
class Columns:
    """Headers in the export; None where it has none."""

    time: str
    count: str
    product: str | None
    barcode: str | None
    receipt: str | None
    amount: str | None = None

    @property
    def wanted(self) -> tuple[str, str]:
        """Of the time, and of what a row counts: units, or won."""
        return self.time, self.count if self.amount is None else self.amount


@dataclass(frozen=True, slots=True)
class ExportedSale:
    """`name` is the product's, or its barcode; `line` stands in messages.

    `won` is an amount that names no product; name and count are '' and 0 then.
    """

    line: int
    key: str
    name: str
    count: int
    sold_at: datetime
    won: int = 0


def read(
    content: bytes,
    file: str,
    columns: Columns,
    zone: ZoneInfo,
    *,
    time_format: str | None = None,
    barcodes: Mapping[str, str] | None = None,
) -> tuple[ExportedSale, ...]:
    """`barcodes`: barcode → product. Raises BookMalformed with file, line and column."""
    rows = first_sheet(content, file) if content.startswith(b"PK") else _csv_rows(content, file)
    return _Reader(file, columns, zone, time_format, barcodes or {}).sales(rows)


def _csv_rows(content: bytes, file: str) -> list[list[str]]:
    content = content.removeprefix(UTF8_BOM)
    text = content.decode(encoding_of(content), "replace")
    separator = max(",;\t", key=text[:2000].count)
    if not text.strip():
        return []
    # Imported here: 29 MB and half a second that a store without such exports does not need.
    import pandas as pd

    widest = max(line.count(separator) for line in text.splitlines()) + 1
    if widest > MOST_COLUMNS:
        raise BookMalformed(f"{file}: {widest} columns, expected at most {MOST_COLUMNS}")
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            names=range(widest),
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            index_col=False,
        )
    except pd.errors.ParserError as error:
        raise BookMalformed(f"{file}: no readable CSV ({error})") from None
    rows: list[list[str]] = frame.fillna("").to_numpy().tolist()
    return rows


def _key(seen: Counter[str], *said: str) -> str:
    """Of a row by what it says; equal rows are counted in `seen`."""
    seen["\0".join(said)] += 1
    digest = hashlib.sha256("\0".join((*said, str(seen["\0".join(said)]))).encode())
    return f"pos-{digest.hexdigest()[:32]}"


class _Reader:
    def __init__(
        self,
        file: str,
        columns: Columns,
        zone: ZoneInfo,
        time_format: str | None,
        barcodes: Mapping[str, str],
    ) -> None:
        self._file = file
        self._columns = columns
        self._zone = zone
        self._time_format = time_format
        self._barcodes = barcodes

    def sales(self, rows: Sequence[Sequence[str]]) -> tuple[ExportedSale, ...]:
        header_at, places = self._header(rows)
        seen: Counter[str] = Counter()
        found = []
        for number, row in enumerate(rows[header_at + 1 :], header_at + 2):
            cells = {name: row[at].strip() for name, at in places.items() if at < len(row)}
            if any(cells.values()):
                found.append(self._sale(number, cells, seen))
        return tuple(one for one in found if one is not None)

    def _header(self, rows: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]]:
        """The first row with the headers of time and count, or amount: a title may stand above."""
        wanted = self._columns
        if len(rows) > MOST_ROWS:
            raise BookMalformed(f"{self._file}: {len(rows):,} rows, expected at most {MOST_ROWS:,}")
        cells = ({cell.strip(): place for place, cell in enumerate(row)} for row in rows[:20])
        found = ((at, one) for at, one in enumerate(cells) if {*wanted.wanted} <= {*one})
        at, places = next(found, (-1, dict[str, int]()))
        if at < 0:
            raise BookMalformed(
                f"{self._file}: no row with the headers '{wanted.time}' and '{wanted.wanted[1]}'; "
                "see pos.columns in the configuration"
            )
        if wanted.amount is None and not {wanted.product, wanted.barcode} & set(places):
            raise BookMalformed(
                f"{self._file}:{at + 1}: neither '{wanted.product}' nor '{wanted.barcode}'; "
                "see pos.columns in the configuration"
            )
        return at, places

    def _sale(self, line: int, cells: Mapping[str, str], seen: Counter[str]) -> ExportedSale | None:
        """None for a line without time or count: a sum below the table. And for no income."""
        wanted = self._columns
        time, count = (cells.get(header, "") for header in wanted.wanted)
        if not time or not count:
            return None
        if wanted.amount is not None:
            return self._amount(line, cells, seen)
        barcode = cells.get(wanted.barcode or "", "")
        name = self._barcodes.get(barcode) or cells.get(wanted.product or "", "") or barcode
        key = _key(seen, cells.get(wanted.receipt or "", "") or time, name, count)
        return ExportedSale(line, key, name, self._count(line, count), self._time(line, time))

    def _amount(
        self, line: int, cells: Mapping[str, str], seen: Counter[str]
    ) -> ExportedSale | None:
        """None for what was paid out, or back: it pays for nothing."""
        time, typed = (cells[header] for header in self._columns.wanted)
        won = self._won(line, typed)
        if won <= 0:
            return None
        key = _key(seen, cells.get(self._columns.receipt or "", "") or time, "", str(won))
        return ExportedSale(line, key, "", 0, self._time(line, time), won)

    def _won(self, line: int, typed: str) -> int:
        plain = plain_number(typed.removesuffix("원")).removesuffix(".0")
        try:
            return int(plain)
        except ValueError:
            raise self._error(line, self._columns.wanted[1], typed, "whole won") from None

    def _count(self, line: int, typed: str) -> int:
        plain = plain_number(typed).removesuffix(".0")
        try:
            count = int(plain)
        except ValueError:
            count = 0
        if not 1 <= abs(count) <= MOST_UNITS:
            raise self._error(
                line, self._columns.count, typed, f"a whole number up to {MOST_UNITS}"
            )
        return count

    def _time(self, line: int, typed: str) -> datetime:
        try:
            return self._parsed(typed).replace(tzinfo=self._zone)
        except (ValueError, OverflowError):
            expected = self._time_format or "2026-11-20 22:21:04; see pos.time_format"
            raise self._error(line, self._columns.time, typed, expected) from None

    def _parsed(self, typed: str) -> datetime:
        if self._time_format is not None:
            return datetime.strptime(typed, self._time_format)  # noqa: DTZ007 - the caller's zone
        if typed.replace(".", "", 1).isdigit():  # Excel's days since 1900
            return _EXCELS_DAY_0 + timedelta(seconds=round(float(typed) * 86_400))
        return datetime.fromisoformat(_DATE.sub(r"\1-\2-\3", typed))

    def _error(self, line: int, column: str, typed: str, expected: str) -> BookMalformed:
        shown = "".join(sign if sign.isprintable() else "?" for sign in typed[:40])
        return BookMalformed(f"{self._file}:{line} {column}: got '{shown}', expected {expected}")
