"""An inventory CSV as its owner saved it: read tolerantly, written back in its own format.

Nothing is guessed: a cell that is not plainly a value is an error that names file, line,
column, value and what is expected.
"""

import contextlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from operator import itemgetter
from types import MappingProxyType

from storeguard.books.rows import (
    BARCODE,
    COUNT,
    KOREAN,
    NAME,
    OTHERS,
    PRICE,
    REQUIRED,
    SHELF,
    TOLERANCE,
    WEIGHT,
    BookFile,
    Layout,
    Row,
    plain_number,
    render,
    unquoted,
)
from storeguard.books.texts import Language, say
from storeguard.errors import BookMalformed

LARGEST_BYTES = 1024 * 1024
MOST_ROWS = 10_000
MOST_TOLD = 20
"""Mistakes of a file; where there are more, it is another file."""

LARGEST = {COUNT: 999_999, PRICE: 99_999_999, WEIGHT: 999_999, TOLERANCE: 999_999}
"""A barcode that slipped into another column is no count."""

UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
CELL = re.compile(r'[ \t]*"(?:[^"]|"")*"[ \t]*(?=,|$)|[^,]*')
_WHOLE = r"[0-9]+"
_DECIMAL = r"[0-9]+(?:\.[0-9]{1,3})?"
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_EXCEL_DATE = re.compile(
    rf"\d{{1,2}}월 ?\d{{1,2}}일|\d{{1,2}}-({_MONTHS})|({_MONTHS})-\d{{2}}", re.IGNORECASE
)
_EXCEL_NUMBER = re.compile(r"\d+(\.\d+)?E\+?\d+", re.IGNORECASE)
_NO_BARCODES: Mapping[str, str] = MappingProxyType({})

Line = tuple[int, str]
"""Line number from 1, and its text without the line end."""


def read(
    content: bytes,
    name: str,
    *,
    language: Language = "ko",
    barcodes: Mapping[str, str] = _NO_BARCODES,
) -> BookFile:
    """The book in `content`, or BookMalformed with the first thing that is wrong, and the others.

    `name` stands in the messages; `barcodes` are the known ones (product → barcode), to say
    what a cell was before Excel changed it.
    """
    return _Reader(name, language, barcodes).read(content)


def write(book: BookFile) -> bytes:
    """The file's bytes, in the encoding and line end that it had.

    A name that cp949 does not have turns the file into UTF-8 with BOM, which Excel reads.
    """
    text = render(book)
    try:
        encoded = text.encode(book.layout.encoding)
    except UnicodeEncodeError:
        return UTF8_BOM + text.encode()
    return UTF8_BOM + encoded if book.layout.bom else encoded


class _Reader:
    def __init__(self, name: str, language: Language, barcodes: Mapping[str, str]) -> None:
        self._name = name
        self._language = language
        self._barcodes = barcodes
        self._notes: list[str] = []
        self._wrong: list[tuple[int, str]] = []

    def read(self, content: bytes) -> BookFile:
        if len(content) > LARGEST_BYTES:
            raise self._error("too_large", got=f"{len(content):,} B", expected="1 MiB")
        text, encoding = self._decoded(content)
        lines = list(_lines(text))
        number, header = self._header(lines)
        layout = Layout(
            header=header,
            encoding=encoding,
            bom=content.startswith(UTF8_BOM),
            newline=_newline(text),
            ends_with_newline=text.endswith(("\n", "\r")),
        )
        self._check_columns(layout, number)
        body = [line for line in lines if line[0] > number]
        return self._book(body, layout)

    def _decoded(self, content: bytes) -> tuple[str, str]:
        """The text and its encoding: the header decides, for its words are known."""
        if not content.strip(b"\0 \t\r\n") or content == UTF8_BOM:
            raise self._error("empty")
        if content.startswith(_UTF16_BOMS) or b"\0" in content:
            raise self._error("not_csv", 1, found="'유니코드 텍스트'(UTF-16)")
        content = content.removeprefix(UTF8_BOM)
        encoding = encoding_of(content)
        if encoding == "cp949":
            self._note("cp949")
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise self._error("undecodable", line, found=encoding) from error

    def _header(self, lines: list[Line]) -> tuple[int, tuple[str, ...]]:
        if not lines:
            raise self._error("empty")
        number, text = lines[0]
        if "," not in text:
            for sign, found in ((";", "';'"), ("\t", "'유니코드 텍스트'(tab)")):
                if sign in text:
                    raise self._error("not_csv", number, found=found)
        return number, self._cells(number, text)

    def _check_columns(self, layout: Layout, line: int) -> None:
        places = layout.places
        for place in REQUIRED:
            if place not in places:
                found = ", ".join(unquoted(cell) for cell in layout.header)
                column = KOREAN[place]
                raise self._error("column", line, column, column=column, found=_shown(found))
        for place, column in KOREAN.items():
            if places.count(place) > 1:
                raise self._error("column_twice", line, column, column=column)

    def _book(self, body: list[Line], layout: Layout) -> BookFile:
        typed: dict[int, tuple[str, ...]] = {}
        for number, text in body:
            with self._going_on(number):
                cells = self._padded(number, text, layout, body)
                if any(map(unquoted, cells)):
                    typed[number] = cells
        if len(typed) > MOST_ROWS:
            raise self._error("too_large", got=f"{len(typed):,}행", expected=f"{MOST_ROWS:,}행")
        rows = self._rows(typed, layout)
        return BookFile(rows, _with_gap(layout, typed), tuple(self._notes))

    def _padded(self, number: int, text: str, layout: Layout, body: list[Line]) -> tuple[str, ...]:
        """The line's cells. Excel leaves out empty optional cells at the end of a line."""
        cells = self._cells(number, text)
        got, expected = len(cells), len(layout.header)
        is_whole = layout.ends_with_newline or number != body[-1][0]
        left_out = layout.places[got:]
        if got > expected or (left_out and not (is_whole and set(left_out).isdisjoint(REQUIRED))):
            raise self._error("ragged", number, got=got, expected=expected)
        return cells + ("",) * len(left_out)

    def _cells(self, number: int, text: str) -> tuple[str, ...]:
        """The line's cells as typed, quotes and blanks included."""
        cells: list[str] = []
        start = 0
        while start <= len(text):
            match = CELL.match(text, start)
            assert match is not None
            cell = match[0]
            if cell.lstrip().startswith('"') and (len(cell.strip()) < 2 or cell.strip()[-1] != '"'):
                raise self._error("open_quote", number, value=_shown(text[start:]))
            cells.append(cell)
            start = match.end() + 1
        return tuple(cells)

    def _rows(self, typed: Mapping[int, tuple[str, ...]], layout: Layout) -> tuple[Row, ...]:
        table = {line: _known_cells(cells, layout) for line, cells in typed.items()}
        first: dict[str, int] = {}
        numbers: dict[int, dict[int, float | None]] = {}
        for line, cells in table.items():
            with self._going_on(line):
                self._check_name(line, cells[NAME], first)
            numbers[line] = self._numbers(line, cells)
            with self._going_on(line):
                self._check_barcode(line, cells)
        if self._wrong:
            raise self._all_wrong()
        others = [at for at, place in enumerate(layout.places) if place == OTHERS]
        return tuple(
            _row(table[line], numbers[line], cells, others) for line, cells in typed.items()
        )

    def _check_name(self, line: int, name: str, first: dict[str, int]) -> None:
        if not name or _EXCEL_DATE.fullmatch(name):
            what = "excel" if name else "no_name"
            raise self._error(what, line, KOREAN[NAME], value=_shown(name), before="")
        if name in first:
            places = {"value": _shown(name), "first": first[name], "second": line}
            raise self._error("twice", line, KOREAN[NAME], **places)
        first[name] = line
        if name[0] in "=+-@":
            self._note("formula", value=_shown(name), sign=name[0])

    def _numbers(self, line: int, cells: Mapping[int, str]) -> dict[int, float | None]:
        """Of each column of numbers; None where a tolerance is left out."""
        found: dict[int, float | None] = {}
        for place in LARGEST:
            with self._going_on(line):
                found[place] = self._number(line, cells[place], place)
        return found

    def _number(self, line: int, value: str, place: int) -> float | None:
        plain = plain_number(value)
        if not plain and place == TOLERANCE:
            return None
        shape = _WHOLE if place in (COUNT, PRICE) else _DECIMAL
        if re.fullmatch(shape, plain) is None or float(plain) > LARGEST[place]:
            raise self._no_number(line, value, place)
        return float(plain)

    def _no_number(self, line: int, value: str, place: int) -> BookMalformed:
        if _EXCEL_DATE.fullmatch(value):
            return self._error("excel", line, KOREAN[place], value=_shown(value), before="")
        kind = "whole" if place in (COUNT, PRICE) else "decimal"
        expected = say(kind, self._language, most=f"{LARGEST[place]:,}")
        return self._error("number", line, KOREAN[place], value=_shown(value), expected=expected)

    def _check_barcode(self, line: int, cells: Mapping[int, str]) -> None:
        code = cells[BARCODE]
        if _EXCEL_NUMBER.fullmatch(code) or _EXCEL_DATE.fullmatch(code):
            known = self._barcodes.get(cells[NAME])
            before = say("excel_before", self._language, value=_shown(known)) if known else ""
            raise self._error("excel", line, KOREAN[BARCODE], value=_shown(code), before=before)

    @contextlib.contextmanager
    def _going_on(self, line: int) -> Iterator[None]:
        """What is wrong with one cell or line is remembered, and the others are read too."""
        try:
            yield
        except BookMalformed as wrong:
            self._wrong.append((line, str(wrong)))
        if len(self._wrong) == MOST_TOLD:
            raise self._all_wrong()

    def _all_wrong(self) -> BookMalformed:
        first, *others = (what for _, what in sorted(self._wrong, key=itemgetter(0)))
        return BookMalformed(first, others=tuple(others))

    def _note(self, what: str, **values: object) -> None:
        self._notes.append(f"{self._name}: {say(what, self._language, **values)}")

    def _error(
        self, what: str, line: object = None, where: str = "", **values: object
    ) -> BookMalformed:
        place = self._name if line is None else f"{self._name}:{line}"
        column = f" {where}" if where else ""
        return BookMalformed(f"{place}{column}: {say(what, self._language, **values)}")


def encoding_of(content: bytes) -> str:
    """Of a CSV without its BOM: the words of its header decide, else what decodes."""
    header = re.split(rb"[\r\n]", content.lstrip(b"\r\n"), maxsplit=1)[0]
    if not header.isascii():
        return "cp949" if not _decodes(header, "utf-8") or _says_more_in_cp949(header) else "utf-8"
    return "cp949" if not _decodes(content, "utf-8") and _decodes(content, "cp949") else "utf-8"


def _says_more_in_cp949(header: bytes) -> bool:
    return _decodes(header, "cp949") and _known(header, "cp949") > _known(header, "utf-8")


def _known(header: bytes, encoding: str) -> int:
    layout = Layout(header=tuple(header.decode(encoding).split(",")))
    return sum(place != OTHERS for place in layout.places)


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _lines(text: str) -> Iterator[Line]:
    """The lines that are not blank. Only real line ends end a line, not all of Unicode's."""
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line.strip():
            yield number, line


def _newline(text: str) -> str:
    match = re.search(r"\r\n|\n|\r", text)
    return match[0] if match else "\n"


def _with_gap(layout: Layout, typed: Mapping[int, tuple[str, ...]]) -> Layout:
    first = next(iter(typed.values()), ("",))
    has_gap = len(first) > 1 and all(cell.startswith(" ") for cell in first[1:])
    gap = " " if has_gap else ""
    return Layout(
        layout.header, layout.encoding, layout.bom, layout.newline, gap, layout.ends_with_newline
    )


def _known_cells(cells: tuple[str, ...], layout: Layout) -> dict[int, str]:
    """A line's cells by place; what the file has no column for is empty."""
    known = dict.fromkeys((SHELF, BARCODE, TOLERANCE), "")
    for place, cell in zip(layout.places, cells, strict=True):
        if place != OTHERS:
            known[place] = unicodedata.normalize("NFC", unquoted(cell))
    return known


def _row(
    known: Mapping[int, str],
    numbers: Mapping[int, float | None],
    cells: tuple[str, ...],
    others: list[int],
) -> Row:
    count, price = (int(numbers[place] or 0) for place in (COUNT, PRICE))
    values = [known[NAME], count, price, numbers[WEIGHT], known[SHELF] or None]
    rest = tuple(unquoted(cells[at]) for at in others)
    return Row.of([*values, known[BARCODE] or None, numbers[TOLERANCE], rest], cells)


def _shown(value: str) -> str:
    """The owner's value in quotes, fit for one line."""
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in value)
    return f"'{text[:40]}…'" if len(text) > 40 else f"'{text}'"
