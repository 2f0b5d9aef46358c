"""Answers of the commands as a person reads them in a terminal: Korean is two columns wide."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from storeguard.books.decisions import OPEN
from storeguard.messages import text

GAP = "  "
WIDE = frozenset("WF")


def width(cell: str) -> int:
    """Columns in a terminal."""
    shown = (char for char in cell if not unicodedata.combining(char))
    return sum(2 if unicodedata.east_asian_width(char) in WIDE else 1 for char in shown)


def cut(line: str, columns: int) -> str:
    """What fits into so many columns."""
    while width(line) > columns:
        line = line[:-1]
    return line


def columns(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> Iterator[str]:
    """The rows as lines with aligned columns; those in `right` stand at their right edge."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            _padded(cell, wanted, is_right=i in right)
            for i, (cell, wanted) in enumerate(zip(row, widths, strict=True))
        ]
        yield GAP.join(cells).rstrip()


def _padded(cell: str, wanted: int, *, is_right: bool) -> str:
    blanks = " " * (wanted - width(cell))
    return blanks + cell if is_right else cell + blanks


def sales(sold: Iterable[Mapping[str, Any]], language: str) -> Iterator[str]:
    """`sell`."""
    for one in sold:
        if "product" not in one:
            yield text(language, "sale.received", won=f"{one['won']:,}")
            continue
        said = text(language, "sale.done", **{**one, "won": f"{one['won']:,}"})
        left = one["left"]
        yield said if left is None else f"{said} ({text(language, 'sale.left', left=left)})"


def issues(rows: Iterable[Mapping[str, Any]], loss_today_won: int, language: str) -> Iterator[str]:
    """`issues list`, and what today's come to."""
    table = [
        (
            f"#{row['number']}",
            row["id"],
            f"{row['loss_won']:,} won",
            with_verdict(row["state"], row["verdict"]),
            _missing(row),
        )
        for row in rows
    ]
    yield from columns(table, right=(0, 2)) if table else ("no issues",)
    if table:
        yield text(language, "issues.today", won=f"{loss_today_won:,}")


def with_verdict(state: str, verdict: str) -> str:
    """How far its delivery is, and what the owner has decided."""
    return state if verdict == OPEN else f"{state}, {verdict}"


def _missing(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{product} {count}" for product, count in row["missing"].items())


def issue(manifest: Mapping[str, Any], state: str, language: str) -> Iterator[str]:
    """`issues show`."""
    yield f"#{manifest['number']}  {manifest['id']}  {manifest['store']['name']}  ({state})"
    for line in manifest["lines"]:
        yield (
            f"  {line['product']}: missing {line['missing']} "
            f"(shelf {line['shelf']}, kiosk {line['kiosk']}), "
            f"{line['loss']:,} won, certainty {line['certainty']:.0%}"
        )
    for sentence in manifest.get("why", {}).get(language, ()):
        yield f"  {sentence}"
    files = [(f"  {file['name']}", f"{file['bytes']:,} B") for file in manifest["files"]]
    yield from columns(files, right=(1,)) if files else ()


def networks(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """`models list`."""
    table = [
        (
            row["name"],
            row["state"],
            f"{row['bytes']:,} B" if row["path"] else "",
            row["path"] or f"run: storeguard models pull {row['name']}",
        )
        for row in rows
    ]
    yield from columns(table, right=(2,))


def remarks(problems: Sequence[str], notes: Sequence[str], name: str) -> Iterator[str]:
    """`check-config`."""
    yield from problems
    yield from (f"note: {note}" for note in notes)
    if not problems:
        yield f"{name}: in order"


def codes(rows: Iterable[dict[str, Any]], language: str) -> Iterator[str]:
    """The one-time code, and where it is entered."""
    for row in rows:
        yield text(language, "people.code" if row["url"] else "people.code_nowhere", **row)
