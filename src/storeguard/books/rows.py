"""What an inventory CSV holds: rows, and the way its owner writes them.

Layout and rows know how to become text again; reading the text is `csvfile`'s.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from storeguard.domain.product import Product

NAME, COUNT, PRICE, WEIGHT, SHELF, BARCODE, TOLERANCE, OTHERS = range(8)
"""Places of a row's cells, as `Row.cells` has them."""

COLUMNS: Mapping[str, int] = {
    "상품명": NAME,
    "개수": COUNT,
    "가격": PRICE,
    "무게": WEIGHT,
    "선반": SHELF,
    "바코드": BARCODE,
    "허용오차": TOLERANCE,
    "name": NAME,
    "count": COUNT,
    "price": PRICE,
    "weight": WEIGHT,
    "shelf": SHELF,
    "barcode": BARCODE,
    "tolerance": TOLERANCE,
}
"""Header → cell. English headers count whatever their case."""

REQUIRED = (NAME, COUNT, PRICE, WEIGHT)
KOREAN = {cell: header for header, cell in COLUMNS.items() if not header.isascii()}

_FULL_WIDTH = {0xFF10 + digit: str(digit) for digit in range(10)} | {0xFF0C: ","}
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Row:
    """One product of a book.

    `others` are the cells of columns that we do not know, in the owner's order; `source`
    are all cells as typed, empty for a row that no file has shown.
    """

    product: Product
    count: int
    others: tuple[str, ...] = ()
    source: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.product.name

    @property
    def cells(self) -> tuple[Any, ...]:
        """By NAME, COUNT, … OTHERS."""
        p = self.product
        numbers = (self.count, p.price_won, p.unit_weight_g)
        return (p.name, *numbers, p.scale, p.barcode, p.tolerance_g, self.others)

    @classmethod
    def of(cls, cells: Sequence[Any], source: tuple[str, ...] = ()) -> "Row":
        name, count, price, weight, shelf, barcode, tolerance, others = cells
        product = Product(name, price, weight, shelf, barcode, tolerance)
        return cls(product, count, tuple(others), source)

    def with_count(self, count: int) -> "Row":
        return self if count == self.count else replace(self, count=count)


Rows = tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the file is written. `header` is as typed; `gap` stands after a row's commas."""

    header: tuple[str, ...] = ("상품명", " 개수", " 가격", " 무게")
    encoding: str = "utf-8"
    bom: bool = False
    newline: str = "\n"
    gap: str = ""
    ends_with_newline: bool = True

    @property
    def places(self) -> tuple[int, ...]:
        """Each column's cell; OTHERS for a column that we do not know."""
        return tuple(COLUMNS.get(heading(text), OTHERS) for text in self.header)


@dataclass(frozen=True, slots=True)
class BookFile:
    """A whole inventory CSV. `notes` is what the owner may want to know about it."""

    rows: Rows
    layout: Layout = Layout()
    notes: tuple[str, ...] = ()


def counts_of(rows: Rows) -> dict[str, int]:
    return {row.name: row.count for row in rows}


def counts_changed(before: Rows, after: Rows) -> dict[str, tuple[int, int]]:
    """Product → count before and after; one that is not there counts 0."""
    old, new = counts_of(before), counts_of(after)
    pairs = {name: (old.get(name, 0), new.get(name, 0)) for name in old | new}
    return {name: (was, now) for name, (was, now) in pairs.items() if was != now}


def fitted(rows: Rows, layout: Layout) -> Rows:
    """The rows without what the file has no column for."""
    missing = {SHELF, BARCODE, TOLERANCE} - set(layout.places)
    width = layout.places.count(OTHERS)
    return tuple(_fit(row, missing, width) for row in rows)


def adopted(rows: Rows, products: Iterable[Product], layout: Layout) -> Rows:
    """The rows with the prices and unit weights of `products`; unknown ones added, count 0."""
    theirs = {product.name: product for product in products}
    known = tuple(_priced(row, theirs.pop(row.name, None)) for row in rows)
    return known + fitted(tuple(Row(product, 0) for product in theirs.values()), layout)


def reweighed(book: BookFile, name: str, unit_g: float, tolerance_g: float) -> BookFile:
    """The file with one product's unit weight and tolerance; all else is as its owner typed it.

    A file that has no column for tolerances gets one at its end.
    """
    book = _with_tolerances(book)
    weighed = (
        replace(row, product=replace(row.product, unit_weight_g=unit_g, tolerance_g=tolerance_g))
        if row.name == name
        else row
        for row in book.rows
    )
    return replace(book, rows=tuple(weighed))


def _with_tolerances(book: BookFile) -> BookFile:
    layout = book.layout
    if TOLERANCE in layout.places:
        return book
    last = layout.header[-1]
    blank = last[: len(last) - len(last.lstrip())]
    word = (
        "tolerance" if heading(layout.header[layout.places.index(WEIGHT)]).isascii() else "허용오차"
    )
    header = (*layout.header, blank + word)
    rows = (replace(row, source=(*row.source, layout.gap)) for row in book.rows)
    return replace(book, rows=tuple(rows), layout=replace(layout, header=header))


def _priced(row: Row, product: Product | None) -> Row:
    if product is None:
        return row
    price_won, unit_weight_g = product.price_won, product.unit_weight_g
    own = replace(row.product, price_won=price_won, unit_weight_g=unit_weight_g)
    return row if own == row.product else replace(row, product=own)


def _fit(row: Row, missing: set[int], width: int) -> Row:
    cells = list(row.cells)
    for place in missing:
        cells[place] = None
    cells[OTHERS] = (*row.others, *("",) * width)[:width]
    return row if tuple(cells) == row.cells else Row.of(cells)


def heading(text: str) -> str:
    """A header cell as it stands in COLUMNS."""
    return unicodedata.normalize("NFC", unquoted(text)).lower()


def unquoted(raw: str) -> str:
    """The cell without the blanks around it and without its quotes."""
    text = raw.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('""', '"').strip()
    return text


def plain_number(text: str) -> str:
    """Full-width digits and thousands separators as plain digits; all else unchanged.

    No more than that: `int()` would take Arabic digits and signs, NFKC the `²`.
    """
    text = text.translate(_FULL_WIDTH)
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def render(book: BookFile) -> str:
    """The text of the file; cells whose values are still the typed ones stay as typed."""
    layout = book.layout
    places = layout.places
    lines = [",".join(layout.header), *(_line(row, places, layout.gap) for row in book.rows)]
    return layout.newline.join(lines) + (layout.newline if layout.ends_with_newline else "")


def _line(row: Row, places: tuple[int, ...], gap: str) -> str:
    texts = _texts(row, places)
    if len(row.source) != len(places):
        return f",{gap}".join(_quoted(text) for text in texts)
    typed = zip(row.source, texts, places, strict=True)
    return ",".join(
        source if source == text else _retyped(source, text, place) for source, text, place in typed
    )


def _texts(row: Row, places: tuple[int, ...]) -> list[str]:
    others = iter(row.others)
    cells = row.cells
    return [next(others, "") if place == OTHERS else _text(cells[place]) for place in places]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _retyped(source: str, text: str, place: int) -> str:
    """`text` in the place of `source`, with its blanks and quotes; `source` if that says it."""
    if _same(unquoted(source), text, place):
        return source
    bare = source.strip()
    lead, tail = source[: len(source) - len(source.lstrip())], source[len(source.rstrip()) :]
    quoted = f'"{_escaped(text)}"' if bare.startswith('"') else _quoted(text)
    return f"{lead}{quoted}{tail if bare else ''}"


def _same(typed: str, text: str, place: int) -> bool:
    if place in (COUNT, PRICE, WEIGHT, TOLERANCE) and typed and text:
        return float(plain_number(typed)) == float(text)
    return unicodedata.normalize("NFC", typed) == text


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"' if "," in text or text.startswith('"') else text


def _escaped(text: str) -> str:
    return text.replace('"', '""')


def to_json(rows: Rows) -> list[list[Any]]:
    return [[*row.cells] for row in rows]


def from_json(rows: Sequence[Sequence[Any]]) -> Rows:
    return tuple(Row.of(cells) for cells in rows)
