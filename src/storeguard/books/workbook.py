"""The first sheet of an .xlsx as rows of text: all that an export of sales needs.

Seventy lines instead of openpyxl: no package more on the Pi, nothing that runs formulas, links
or macros, and a bound on what a packed file may unpack to.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from storeguard.errors import BookMalformed

LARGEST_PART_BYTES = 32 * 1024 * 1024
MOST_COLUMNS = 200
_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_CELL = re.compile(r"([A-Z]{1,3})\d+")


def first_sheet(content: bytes, file: str) -> list[list[str]]:
    """Raises BookMalformed for what is no workbook. Formulas give their last value."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            names = sorted(n for n in packed.namelist() if n.startswith("xl/worksheets/sheet"))
            shared = _shared(packed) if "xl/sharedStrings.xml" in packed.namelist() else []
            return [list(_cells(row, shared)) for row in _root(packed, names[0]).iter(f"{_NS}row")]
    except (zipfile.BadZipFile, ElementTree.ParseError, LookupError, ValueError) as error:
        why = str(error) or type(error).__name__
        raise BookMalformed(f"{file}: no readable workbook ({why}); export it as CSV") from None


def _shared(packed: zipfile.ZipFile) -> list[str]:
    root = _root(packed, "xl/sharedStrings.xml")
    return ["".join(t.text or "" for t in si.iter(f"{_NS}t")) for si in root.iter(f"{_NS}si")]


def _root(packed: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if packed.getinfo(name).file_size > LARGEST_PART_BYTES:
        raise ValueError(f"{name} is larger than {LARGEST_PART_BYTES} bytes")
    with packed.open(name) as part:
        xml = part.read(LARGEST_PART_BYTES)
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:  # no workbook has entities; a bomb has
        raise ValueError(f"{name} declares entities")
    return ElementTree.fromstring(xml)


def _cells(row: ElementTree.Element, shared: list[str]) -> Iterator[str]:
    """Text of each cell from A on; cells that are left out are empty."""
    filled = 0
    for cell in row.iter(f"{_NS}c"):
        place = _place(cell.get("r", ""), filled)
        yield from [""] * (place - filled)
        yield _text(cell, shared)
        filled = place + 1


def _place(reference: str, following: int) -> int:
    match = _CELL.fullmatch(reference)
    if match is None:
        return following
    place = 0
    for letter in match[1]:
        place = place * 26 + ord(letter) - ord("A") + 1
    if not following < place <= MOST_COLUMNS:
        raise ValueError(f"cell {reference} is out of order, or beyond column {MOST_COLUMNS}")
    return place - 1


def _text(cell: ElementTree.Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(t.text or "" for t in cell.iter(f"{_NS}t"))
    value = cell.find(f"{_NS}v")
    said = "" if value is None else value.text or ""
    return shared[int(said)] if cell.get("t") == "s" and said else said
