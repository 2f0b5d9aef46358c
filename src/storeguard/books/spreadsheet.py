"""A CSV for a spreadsheet program, which runs cells that look like formulas, and back again.

`=HYPERLINK(…)` as a product's name would run on the owner's PC: such a cell gets a `'` before it
in what is downloaded (OWASP ASVS 5.0, 1.2.10), and loses it where that file comes in again. The
owner's own files are never touched.
"""

import re
from collections.abc import Callable

from storeguard.books.csvfile import CELL, UTF8_BOM, encoding_of

_SIGNS = r"\s*[=+\-@＝＋－＠\t]"
_RUNS = re.compile(rf"'*{_SIGNS}")
_MADE_SAFE = re.compile(rf"'+{_SIGNS}")
"""A cell that had its own `'` gets another one, so that each comes back as it was."""

_QUOTED = re.compile(r'([ \t]*")(.*)', re.DOTALL)
_LINE_END = re.compile(r"(\r\n|\r|\n)")


def made_safe(content: bytes) -> bytes:
    """`content` with no cell that a spreadsheet would run; all else byte for byte."""
    return _with_cells(content, lambda inner: f"'{inner}" if _RUNS.match(inner) else inner)


def taken_back(content: bytes) -> bytes:
    """What `made_safe` was given; the same from a spreadsheet that has saved it anew."""
    return _with_cells(content, lambda inner: inner[1:] if _MADE_SAFE.match(inner) else inner)


def _with_cells(content: bytes, change: Callable[[str], str]) -> bytes:
    """What is no text of a CSV (UTF-16) stays as it is: no book is made of it."""
    if b"\0" in content:
        return content
    bare = content.removeprefix(UTF8_BOM)
    encoding = encoding_of(bare)
    text = bare.decode(encoding, "surrogateescape")
    changed = "".join(
        CELL.sub(lambda cell: _changed(cell[0], change), part) for part in _LINE_END.split(text)
    )
    lead = content[: len(content) - len(bare)]
    return lead + changed.encode(encoding, "surrogateescape")


def _changed(cell: str, change: Callable[[str], str]) -> str:
    """Inside of the quotes, where there are any; a tab before them would be a sign too."""
    quoted = _QUOTED.fullmatch(cell)
    if quoted is None:
        return change(cell)
    return quoted[1].replace("\t", " ") + change(quoted[2])
