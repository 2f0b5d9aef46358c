"""A recorded trace: the format of its folder, read into memory.

A trace is a folder: `config.yaml`, `inventory/*.csv`, `scales.csv` (t_s, scale, raw; empty:
a failed reading), `people.csv` (t_s, people; holds until the next row, empty: nobody could be
seen), `sales.csv` (t_s, product, count), optional `edits.csv` (t_s, book, product, count),
`restock.csv` (t_s, mode, who: restock mode goes on as somebody's, or off) and `video.mp4`. Times
are seconds from the start. People in `people.csv` beat the video.

Where sales are told late: `late_sales.csv` (t_s, product, count, told_t_s), in the order of
being told, and `sales_complete.csv` (t_s, until_t_s): from `t_s` on all sales before `until_t_s`
are told; an empty `until_t_s` says that each is told at once, as without the file.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

from storeguard.devices.opencv import video_frames
from storeguard.domain.restock import WHO, Who, as_who
from storeguard.domain.scalerules import HIGHEST_RAW, LOWEST_RAW
from storeguard.errors import CameraFault, TraceInvalid
from storeguard.ports import Reading

FAILED = "failed reading in the trace"
MOST_S = 366 * 86_400
"""Milliseconds since 1970 are no seconds from the start: the replay would never end."""

MOST_PEOPLE, MOST_SOLD, MOST_BOOKED = 1000, 999, 999_999
LONGEST_SHOWN = 60

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class TraceSale:
    """`told_s`: when the store hears of it; None at once."""

    t_s: float
    product: str
    count: int
    told_s: float | None = None


@dataclass(frozen=True, slots=True)
class TraceComplete:
    """From `t_s` on all sales before `until_s` are told; None: each at once."""

    t_s: float
    until_s: float | None


@dataclass(frozen=True, slots=True)
class TraceEdit:
    """The owner sets a count; `book` is `shelf` or `kiosk`."""

    t_s: float
    book: str
    product: str
    count: int


@dataclass(frozen=True, slots=True)
class TraceRestock:
    """Somebody switches restock mode on as his; `who` is None: off."""

    t_s: float
    who: Who | None


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace in memory. `people` is None when the video has to be looked at."""

    folder: Path
    readings: dict[str, list[Reading]] = field(default_factory=dict)
    people: tuple[tuple[float, int | None], ...] | None = None
    sales: tuple[TraceSale, ...] = ()
    late_sales: tuple[TraceSale, ...] = ()
    complete: tuple[TraceComplete, ...] = ()
    edits: tuple[TraceEdit, ...] = ()
    restock: tuple[TraceRestock, ...] = ()
    video: Path | None = None

    @property
    def ends_s(self) -> float:
        """The last moment of which the CSVs say something; a video may last longer."""
        last = [rows[-1].t_s for rows in self.readings.values() if rows]
        tables = (self.sales, self.complete, self.edits, self.restock)
        last += [rows[-1].t_s for rows in tables if rows]
        last += [self.late_sales[-1].told_s or 0.0] if self.late_sales else []
        last += [self.people[-1][0]] if self.people else []
        return max(last, default=0.0)

    @property
    def ends_occupied(self) -> bool:
        return bool(self.people and self.people[-1][1])


def load_trace(folder: Path) -> Trace:
    """Reads all CSVs of the trace, or raises TraceInvalid with file, line and what is expected."""
    if not folder.is_dir():
        raise TraceInvalid(f"{folder}: no such folder; a trace is a folder with config.yaml in it")
    video = folder / "video.mp4"
    people = folder / "people.csv"
    return Trace(
        folder,
        _readings(folder / "scales.csv"),
        tuple(_ordered(people, _people_row)) if people.exists() else None,
        tuple(_ordered(folder / "sales.csv", _sale_row)),
        tuple(_ordered(folder / "late_sales.csv", _late_sale_row)),
        tuple(_ordered(folder / "sales_complete.csv", _complete_row)),
        tuple(_ordered(folder / "edits.csv", _edit_row)),
        tuple(_ordered(folder / "restock.csv", _restock_row)),
        video if video.exists() else None,
    )


def check_video(path: Path) -> None:
    """Raises TraceInvalid for a file without a picture: nobody would ever be seen on it."""
    try:
        found = next(iter(video_frames(path)), None)
    except CameraFault as fault:
        raise TraceInvalid(str(fault)) from fault
    if found is None:
        raise TraceInvalid(f"{path}: there is no picture in it, expected a video")


def _readings(path: Path) -> dict[str, list[Reading]]:
    """Hand-written loop: a day of six scales has five million rows."""
    readings: dict[str, list[Reading]] = {}
    for number, (typed_s, scale, typed) in _rows(path, _SCALES):
        try:
            t_s, raw = float(typed_s), int(typed) if typed else None
            if not (0 <= t_s <= MOST_S and (raw is None or LOWEST_RAW <= raw <= HIGHEST_RAW)):
                raise ValueError(typed_s, typed)
        except ValueError:
            raise _wrong(path, number, _shown([typed_s, scale, typed]), _SCALES.cells) from None
        channel = readings.get(scale)
        if channel is None:
            channel = readings[scale] = []
        elif t_s < channel[-1].t_s:
            before = f"times that do not run back (before: {channel[-1].t_s})"
            raise _wrong(path, number, typed_s, before)
        channel.append(Reading(t_s, raw, "" if typed else FAILED))
    return readings


def _ordered(path: Path, parse: Callable[[list[str]], tuple[float, Row]]) -> Iterator[Row]:
    before_s, table = float("-inf"), _TABLES[path.name]
    for number, cells in _rows(path, table):
        try:
            t_s, row = parse(cells)
        except ValueError:
            raise _wrong(path, number, _shown(cells), table.cells) from None
        if t_s < before_s:
            raise _wrong(path, number, f"{t_s}", f"times that do not run back (before: {before_s})")
        before_s = t_s
        yield row


@dataclass(frozen=True, slots=True)
class _Table:
    """Its columns, and what is expected in them."""

    columns: tuple[str, ...]
    cells: str


_SECONDS = f"seconds from the start (0 to {MOST_S})"
_UNITS = f"units (1 to {MOST_SOLD}, or -1 to -{MOST_SOLD}: given back)"
_SCALES = _Table(
    ("t_s", "scale", "raw"),
    f"{_SECONDS}, scale, counts ({LOWEST_RAW} to {HIGHEST_RAW}; empty: a failed reading)",
)
_TABLES = {
    "people.csv": _Table(
        ("t_s", "people"),
        f"{_SECONDS}, people (0 to {MOST_PEOPLE}; empty: nobody could be seen)",
    ),
    "sales.csv": _Table(("t_s", "product", "count"), f"{_SECONDS}, product, {_UNITS}"),
    "late_sales.csv": _Table(
        ("t_s", "product", "count", "told_t_s"),
        f"{_SECONDS}, product, {_UNITS}, when it is told (seconds, not before it was sold)",
    ),
    "sales_complete.csv": _Table(
        ("t_s", "until_t_s"), f"{_SECONDS}, until when all is told (not later; empty: at once)"
    ),
    "edits.csv": _Table(
        ("t_s", "book", "product", "count"),
        f"{_SECONDS}, shelf or kiosk, product, units (0 to {MOST_BOOKED})",
    ),
    "restock.csv": _Table(
        ("t_s", "mode", "who"), f"{_SECONDS}, on or off, {', '.join(WHO)} (off: empty)"
    ),
}
_BOOKS = {
    "shelf": "shelf",
    "weight": "shelf",
    "inventory_weight": "shelf",
    "inventory_weight.csv": "shelf",
    "kiosk": "kiosk",
    "store": "kiosk",
    "inventory_store": "kiosk",
    "inventory_store.csv": "kiosk",
}


def _seconds(cell: str) -> float:
    """From the start; neither before it nor never."""
    t_s = float(cell)
    if not 0 <= t_s <= MOST_S:
        raise ValueError(cell)
    return t_s


def _people_row(cells: list[str]) -> tuple[float, tuple[float, int | None]]:
    t_s, people = _seconds(cells[0]), int(cells[1]) if cells[1] else None
    if people is not None and not 0 <= people <= MOST_PEOPLE:
        raise ValueError(people)
    return t_s, (t_s, people)


def _sold(cell: str) -> int:
    units = int(cell)
    if not 1 <= abs(units) <= MOST_SOLD:
        raise ValueError(cell)
    return units


def _sale_row(cells: list[str]) -> tuple[float, TraceSale]:
    sale = TraceSale(_seconds(cells[0]), cells[1], _sold(cells[2]))
    return sale.t_s, sale


def _late_sale_row(cells: list[str]) -> tuple[float, TraceSale]:
    t_s, told_s = _seconds(cells[0]), _seconds(cells[3])
    if told_s < t_s:
        raise ValueError(told_s)
    return told_s, TraceSale(t_s, cells[1], _sold(cells[2]), told_s)


def _complete_row(cells: list[str]) -> tuple[float, TraceComplete]:
    t_s, until_s = _seconds(cells[0]), _seconds(cells[1]) if cells[1] else None
    if until_s is not None and until_s > t_s:
        raise ValueError(until_s)
    return t_s, TraceComplete(t_s, until_s)


def _edit_row(cells: list[str]) -> tuple[float, TraceEdit]:
    if cells[1] not in _BOOKS:
        raise ValueError(cells[1])
    edit = TraceEdit(_seconds(cells[0]), _BOOKS[cells[1]], cells[2], int(cells[3]))
    if not 0 <= edit.count <= MOST_BOOKED:
        raise ValueError(edit.count)
    return edit.t_s, edit


def _restock_row(cells: list[str]) -> tuple[float, TraceRestock]:
    t_s, mode, who = _seconds(cells[0]), cells[1], cells[2]
    if mode not in ("on", "off") or (mode == "off" and who):
        raise ValueError(mode)
    return t_s, TraceRestock(t_s, as_who(who) if mode == "on" else None)


def _rows(path: Path, table: _Table) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells; a missing file has no rows. Extra columns are left out."""
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except FileNotFoundError:
        return
    with file:
        reader = csv.reader(file)
        try:
            wanted, width = _layout(path, next(reader, None), table.columns)
            for cells in reader:
                if len(cells) == width or (len(cells) > width and not any(cells[width:])):
                    yield reader.line_num, [*map(str.strip, wanted(cells))]
                elif cells:
                    raise _wrong(path, reader.line_num, _shown(cells), table.cells)
        except UnicodeDecodeError:
            raise TraceInvalid(f"{path}: is not UTF-8; save it as 'CSV UTF-8'") from None
        except csv.Error as error:
            raise TraceInvalid(f"{path}:{reader.line_num}: is no CSV: {error}") from None


def _layout(
    path: Path, typed: list[str] | None, columns: Sequence[str]
) -> tuple[Callable[[list[str]], tuple[str, ...]], int]:
    """What takes the columns out of a row, and how many cells a row has."""
    expected = f"the columns {', '.join(columns)}"
    if typed is None:
        raise TraceInvalid(f"{path}: is empty, expected {expected}")
    header = [cell.strip() for cell in typed]
    if any(name not in header for name in columns):
        raise _wrong(path, 1, _shown(header), expected)
    return itemgetter(*(header.index(name) for name in columns)), len(header)


def _shown(cells: Sequence[str]) -> str:
    """On one line: behind a quote that is not closed the rest of the file is one cell."""
    text = " ".join(",".join(cells).split())
    return f"'{text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + '…'}'"


def _wrong(path: Path, number: int, got: str, expected: str) -> TraceInvalid:
    return TraceInvalid(f"{path}:{number}: got {got}, expected {expected}")
