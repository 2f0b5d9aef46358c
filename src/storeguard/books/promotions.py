"""`promotions.csv` (행사): what the owner declares, read as tolerantly as the books.

A line a promotion: 행사명, 행사 (`1+1`, `10개 10,000원`, `세트 5,000원`), 상품, 시작, 끝. A cell
that is not plainly a value is an error with file, line, column and value: nothing is guessed.
"""

import codecs
import csv
import logging
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from storeguard import durable
from storeguard.books.csvfile import LARGEST_BYTES, MOST_ROWS
from storeguard.books.ownerfile import OwnerFile
from storeguard.books.rows import heading, plain_number, unquoted
from storeguard.books.texts import OK, BookStatus, Language, say
from storeguard.domain.promotions import Bonus, Bundle, Package, Period, Promotion
from storeguard.errors import BookMalformed, JournalFault

FILE = "promotions.csv"
LAST_GOOD = "promotions.last-good.csv"
"""In the state folder: a start finds what was in force, whatever the owner's file says."""

SETTLED_S = 0.3
GRACE_S = 10.0
_ROUNDING_S = 1e-6

NAME, KIND, PRODUCTS, STARTS, ENDS, OTHERS = range(6)
COLUMNS: Mapping[str, int] = {
    "행사명": NAME,
    "행사": KIND,
    "종류": KIND,
    "상품": PRODUCTS,
    "시작": STARTS,
    "끝": ENDS,
    "종료": ENDS,
    "name": NAME,
    "promotion": KIND,
    "products": PRODUCTS,
    "from": STARTS,
    "until": ENDS,
}
REQUIRED = (NAME, KIND, PRODUCTS)
KOREAN = {NAME: "행사명", KIND: "행사", PRODUCTS: "상품", STARTS: "시작", ENDS: "끝"}

_BONUS = re.compile(r"([1-9]\d?)\s*\+\s*([1-9]\d?)")
_PRICE = r"(?:([\d,]+)\s*(?:원|won)?)?"
_BUNDLE = re.compile(rf"([1-9]\d{{0,2}})\s*(?:개|for)\s*{_PRICE}", re.IGNORECASE)
_SET = re.compile(rf"(?:세트|set)\s*{_PRICE}", re.IGNORECASE)
_UNITS = re.compile(r"(.+?)\s*(?:[*x×]\s*([1-9]\d?)|\s([1-9]\d?)\s*개)")
_DATE = re.compile(r"(\d{4})\s*[-./]\s*(\d{1,2})\s*[-./]\s*(\d{1,2})\.?")
_SEPARATORS = (r",", r"/", r";", r"·", r"\+", r"[,/;·+\n]")

log = logging.getLogger(__name__)


def read(
    content: bytes, name: str, products: Collection[str], *, language: Language = "ko"
) -> tuple[Promotion, ...]:
    """The promotions in `content`, or BookMalformed with the first thing that is wrong.

    `name` stands in the messages; `products` are those of the kiosk book.
    """
    return _Reader(name, products, language).read(content)


class PromotionsFile:
    """What is in force by the owner's file, which he may replace at any moment. Blocks.

    A file that cannot be read leaves the last good one in force, over a restart too; without
    a file there are no promotions.
    """

    def __init__(
        self, inventory: Path, state: Path, *, language: Language = "ko", fsync: bool = True
    ) -> None:
        self.promotions: tuple[Promotion, ...] = ()
        self.status = OK
        self._file = OwnerFile(inventory / FILE, fsync=fsync)
        self._kept = state / LAST_GOOD
        self._language = language
        self._fsync = fsync
        self._taken: tuple[bytes, tuple[str, ...]] | None = None
        self._pending: tuple[bytes, float] | None = None
        self._missing_since_s: float | None = None

    def load(self, products: Sequence[str]) -> None:
        """Takes what was in force before the start, then the file. Raises JournalFault."""
        for path in (self._kept, self._file.path):
            try:
                self._take(path.read_bytes(), tuple(products))
            except FileNotFoundError:
                continue
            except OSError as error:
                self._say(self._unreadable(error))

    def poll(self, products: Sequence[str], now_s: float) -> None:
        """Looks at the file; an edit counts once two looks agree. Raises JournalFault."""
        try:
            seen = self._file.look()
        except OSError as error:
            self._say(self._unreadable(error))
            return
        if seen is None:
            self._vanished(now_s)
            return
        self._missing_since_s = None
        if self._taken == (seen.content, tuple(products)):
            self._pending = None
        elif self._pending is None or self._pending[0] != seen.content:
            self._pending = (seen.content, now_s)
        elif now_s - self._pending[1] >= SETTLED_S - _ROUNDING_S:
            self._pending = None
            self._take(seen.content, tuple(products))

    def _vanished(self, now_s: float) -> None:
        """Excel deletes the file before it renames its copy."""
        self._pending = None
        if self._missing_since_s is None:
            self._missing_since_s = now_s
        if self._taken is None or now_s - self._missing_since_s < GRACE_S - _ROUNDING_S:
            return
        log.warning("promotions: %s is gone, none is in force", self._file.path)
        self.promotions, self._taken = (), None
        self._say(OK)
        self._kept.unlink(missing_ok=True)

    def _unreadable(self, error: OSError) -> BookStatus:
        why = say("unreadable", self._language, why=error.strerror)
        return BookStatus("malformed", f"{self._file.path.name}: {why}")

    def _take(self, content: bytes, products: tuple[str, ...]) -> None:
        self._taken = (content, products)
        try:
            found = read(content, self._file.path.name, products, language=self._language)
        except BookMalformed as malformed:
            self._say(BookStatus("malformed", str(malformed)))
            return
        if found != self.promotions:
            log.info("promotions: in force now: %s", ", ".join(p.name for p in found) or "none")
        self.promotions = found
        self._say(OK)
        self._keep(content)

    def _keep(self, content: bytes) -> None:
        try:
            if not self._kept.exists() or self._kept.read_bytes() != content:
                durable.publish(self._kept, content, fsync=self._fsync)
        except OSError as error:
            raise JournalFault(
                f"{self._kept}: cannot be written: {error.strerror}; see the disk"
            ) from error

    def _say(self, status: BookStatus) -> None:
        if status != self.status and status.kind != "ok":
            log.warning("promotions: %s", status.text)
        elif status != self.status:
            log.info("promotions: the file is in order again")
        self.status = status


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the file, its known cells by column."""

    number: int
    cells: Mapping[int, str]

    def __getitem__(self, column: int) -> str:
        return self.cells.get(column, "")


class _Reader:
    def __init__(self, name: str, products: Collection[str], language: Language) -> None:
        self._name = name
        self._products = products
        self._language = language

    def read(self, content: bytes) -> tuple[Promotion, ...]:
        if len(content) > LARGEST_BYTES:
            raise self._error("too_large", got=f"{len(content):,} B", expected="1 MiB")
        lines = list(_lines(self._decoded(content)))
        if not lines:
            raise self._error("promotion_empty")
        if len(lines) > MOST_ROWS:
            raise self._error("too_large", got=f"{len(lines):,}행", expected=f"{MOST_ROWS:,}행")
        (number, header), *body = [(number, self._cells(number, text)) for number, text in lines]
        columns = self._columns(number, header)
        read = [self._line(number, cells, columns) for number, cells in body if any(cells)]
        self._check_names(read)
        return tuple(self._promotion(line) for line in read)

    def _decoded(self, content: bytes) -> str:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content:
            raise self._error("not_csv", 1, found="'유니코드 텍스트'(UTF-16)")
        content = content.removeprefix(codecs.BOM_UTF8)
        for encoding in ("utf-8", "cp949"):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                bad = error
        line = content.count(b"\n", 0, bad.start) + 1
        raise self._error("undecodable", line, found="UTF-8, CP949") from bad

    def _cells(self, number: int, text: str) -> list[str]:
        try:
            cells = next(csv.reader([text], strict=True, skipinitialspace=True))
        except csv.Error:
            raise self._error("open_quote", number, value=_shown(text)) from None
        return [unicodedata.normalize("NFC", unquoted(cell)) for cell in cells]

    def _columns(self, number: int, header: Sequence[str]) -> list[int]:
        if len(header) == 1:
            for sign, found in ((";", "';'"), ("\t", "'유니코드 텍스트'(tab)")):
                if sign in header[0]:
                    raise self._error("not_csv", number, found=found)
        columns = [COLUMNS.get(heading(cell), OTHERS) for cell in header]
        for column in REQUIRED:
            if column not in columns:
                said = {"column": KOREAN[column], "found": _shown(", ".join(header))}
                raise self._error("promotion_column", number, KOREAN[column], **said)
        for column in KOREAN:
            if columns.count(column) > 1:
                raise self._error("column_twice", number, column=KOREAN[column])
        return columns

    def _line(self, number: int, cells: list[str], columns: Sequence[int]) -> _Line:
        """Excel leaves out empty cells at the end of a line, and adds some."""
        while len(cells) > len(columns) and not cells[-1]:
            cells = cells[:-1]
        left_out = columns[len(cells) :]
        if len(cells) > len(columns) or not set(left_out).isdisjoint(REQUIRED):
            raise self._error("promotion_ragged", number, got=len(cells), expected=len(columns))
        return _Line(number, dict(zip(columns, cells, strict=False)))

    def _check_names(self, lines: Sequence[_Line]) -> None:
        first: dict[str, int] = {}
        for line in lines:
            if not line[NAME]:
                raise self._error("promotion_no_name", line.number, KOREAN[NAME])
            if line[NAME] in first:
                places = {"first": first[line[NAME]], "second": line.number}
                value = _shown(line[NAME])
                raise self._error("twice", line.number, KOREAN[NAME], value=value, **places)
            first[line[NAME]] = line.number

    def _promotion(self, line: _Line) -> Promotion:
        kind = unicodedata.normalize("NFKC", line[KIND])
        period = self._period(line)
        if match := _BONUS.fullmatch(kind):
            buy, free = int(match[1]), int(match[2])
            return Bonus(line[NAME], self._mixed(line), buy, free, period)
        if (match := _BUNDLE.fullmatch(kind)) and int(match[1]) > 1:
            price_won = self._price(line, match[2])
            return Bundle(line[NAME], self._mixed(line), int(match[1]), price_won, period)
        if match := _SET.fullmatch(kind):
            price_won = self._price(line, match[1])
            return Package(line[NAME], self._contents(line), price_won, period)
        raise self._error("promotion_kind", line.number, KOREAN[KIND], value=_shown(line[KIND]))

    def _price(self, line: _Line, typed: str | None) -> int | None:
        plain = plain_number(typed or "")
        if plain and not plain.isdigit():
            raise self._error("promotion_kind", line.number, KOREAN[KIND], value=_shown(line[KIND]))
        return int(plain) if plain else None

    def _mixed(self, line: _Line) -> tuple[str, ...]:
        return tuple(name for name, _ in self._items(line, lambda item: (item, 1)))

    def _contents(self, line: _Line) -> tuple[tuple[str, int], ...]:
        return self._items(line, self._counted)

    def _counted(self, item: str) -> tuple[str, int]:
        """`초코바`, `초코바*2`, `초코바 2개`."""
        match = None if item in self._products else _UNITS.fullmatch(item)
        return (match[1], int(match[2] or match[3])) if match else (item, 1)

    def _items(
        self, line: _Line, read: Callable[[str], tuple[str, int]]
    ) -> tuple[tuple[str, int], ...]:
        """Separated by whatever leaves only known products: a name may hold a sign itself."""
        cell = line[PRODUCTS]
        items = [read(cell)]
        for separator in _SEPARATORS:
            if all(product in self._products for product, _ in items):
                break
            items = [read(part.strip()) for part in re.split(separator, cell) if part.strip()]
        self._check_products(line, [product for product, _ in items])
        return tuple(items)

    def _check_products(self, line: _Line, names: Sequence[str]) -> None:
        column, known = KOREAN[PRODUCTS], _shown(", ".join(self._products) or "-")
        for name in names or [""]:
            if name not in self._products:
                said = {"value": _shown(name), "known": known}
                raise self._error("promotion_product", line.number, column, **said)
            if names.count(name) > 1:
                value = _shown(name)
                raise self._error("promotion_product_twice", line.number, column, value=value)

    def _period(self, line: _Line) -> Period:
        starts, ends = self._day(line, STARTS), self._day(line, ENDS)
        if starts and ends and ends < starts:
            said = {"starts": starts, "ends": ends}
            raise self._error("promotion_period", line.number, KOREAN[ENDS], **said)
        return Period(starts, ends)

    def _day(self, line: _Line, column: int) -> date | None:
        typed = unicodedata.normalize("NFKC", line[column])
        if not typed:
            return None
        match = _DATE.fullmatch(typed)
        try:
            return date(*map(int, match.groups())) if match else date.fromisoformat(typed)
        except ValueError:
            value = _shown(line[column])
            raise self._error("promotion_date", line.number, KOREAN[column], value=value) from None

    def _error(
        self, what: str, line: object = None, where: str = "", **values: object
    ) -> BookMalformed:
        place = self._name if line is None else f"{self._name}:{line}"
        column = f" {where}" if where else ""
        return BookMalformed(f"{place}{column}: {say(what, self._language, **values)}")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered from 1, blank ones left out. A cell has no line end in it."""
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line.strip():
            yield number, line


def _shown(value: str) -> str:
    """The owner's value in quotes, fit for one line."""
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in value)
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"
