"""An owner's edit joined with what has happened to the book since its owner opened it.

By row and cell. The base is that version of the last 24 hours which explains the file with
the fewest changed cells, for Excel may have opened an old one. An edited count is a
difference to that base and is added to today's count; what else was edited is taken as it
stands; what was not edited stays as it is today. So no sale and no edit is lost.

Where two versions explain the file equally well (a product both sold and edited), and where
a file takes an earlier edit back, the rules are at `_base` and `_today`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from storeguard.books.rows import COUNT, NAME, OTHERS, BookFile, Row, Rows, counts_of, render
from storeguard.books.texts import Language, say
from storeguard.errors import BookHeld


@dataclass(frozen=True, slots=True)
class Version:
    """A state of the book.

    `saved`: the owner's file that led to it; None: our own change. `unread`: known never to
    have been opened by anybody while it was on disk.
    """

    number: int
    at_utc: datetime
    rows: Rows
    saved: Rows | None = None
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """The book after the edit. `base`: the number of the version that was edited."""

    rows: Rows
    base: int


@dataclass(frozen=True, slots=True)
class _Base:
    """What the owner may have had open: `versions[at]`, as we wrote it or as saved before."""

    at: int
    rows: Rows
    is_saved: bool
    is_unread: bool
    changed: int
    edits_since: int

    @property
    def rank(self) -> tuple[int, ...]:
        """The least is the likeliest."""
        return self.is_unread, self.changed, self.edits_since, self.is_saved, -self.at


def merge(versions: Sequence[Version], edited: BookFile) -> Merged:
    """The book in force when `edited` is found in the file.

    `versions`: those of the last 24 h, oldest first; the last one is in force.
    """
    torn = _half_saved(versions, edited)
    known = versions if torn is None else versions[:torn]
    base = _base(known, edited.rows)
    today = _today(versions, base, torn)
    return Merged(_three_way(base.rows, today, edited.rows), versions[base.at].number)


def guard(before: Rows, after: Rows, language: Language = "ko") -> None:
    """Raises BookHeld when half of the rows, or half of the stock, would be gone."""
    old, new = _by_name(before), _by_name(after)
    kept = len(old.keys() & new.keys()) + len(_renames(old, new))
    _hold(len(before), kept, "rows_lost", language)
    _hold(_stock(before), _stock(after), "stock_lost", language)


def _hold(before: int, after: int, what: str, language: Language) -> None:
    if before > 0 and after * 2 <= before:
        raise BookHeld(say(what, language, before=before, after=after))


def _base(versions: Sequence[Version], edited: Rows) -> _Base:
    """The version with the fewest changed cells that the file does not contradict.

    Not one that nobody has opened. Of equals: the one with the fewest edits since, as we
    wrote it rather than as it was saved, the newest.
    """
    file = _by_name(edited)
    ranked = sorted(_candidates(versions, file), key=lambda base: base.rank)
    return next(base for base in ranked if not _follows_a_later_edit(base, versions, file))


def _candidates(versions: Sequence[Version], file: Mapping[str, Row]) -> Iterator[_Base]:
    count = _Comparison(file).changed
    edits_since = sum(version.saved is not None for version in versions)
    for at, version in enumerate(versions):
        rows, saved = version.rows, version.saved
        edits_since -= saved is not None
        is_unread = version.unread and saved != rows
        yield _Base(at, rows, False, is_unread, count(rows), edits_since)
        if saved is not None and saved != rows:
            yield _Base(at, saved, True, False, count(saved), edits_since)


class _Comparison:
    """Counts changed cells. Versions share most of their rows: each row is compared once."""

    def __init__(self, file: Mapping[str, Row]) -> None:
        self._file = file
        self._costs: dict[int, int | None] = {}

    def changed(self, rows: Rows) -> int:
        """How many cells the owner would have changed; a new or deleted row counts as one."""
        costs = [self._cost(row) for row in rows]
        gone = costs.count(None)
        new = gone + len(self._file) - len(rows)
        renamed = len(_renames(_by_name(rows), self._file)) if gone and new else 0
        return sum(filter(None, costs)) + gone + new - renamed

    def _cost(self, row: Row) -> int | None:
        """Changed cells of a row; None when it is gone."""
        if id(row) not in self._costs:
            other = self._file.get(row.name)
            self._costs[id(row)] = None if other is None else len(_differences(row, other))
        return self._costs[id(row)]


def _differences(one: Row, other: Row) -> list[int]:
    pairs = zip(one.cells, other.cells, strict=True)
    return [place for place, (a, b) in enumerate(pairs) if a != b]


def _follows_a_later_edit(
    base: _Base, versions: Sequence[Version], file: Mapping[str, Row]
) -> bool:
    """Whether the file has what only an edit after this base can have put there.

    Then the same person went on editing: taking the old base would count that edit twice.
    """
    before = _by_name(base.rows)
    later = range(base.at + 1, len(versions))
    return any(_has_edit_of(versions[at - 1], versions[at], before, file) for at in later)


def _has_edit_of(
    previous: Version, edit: Version, base: Mapping[str, Row], file: Mapping[str, Row]
) -> bool:
    if edit.saved is None:
        return False
    was, now, typed = _by_name(previous.rows), _by_name(edit.rows), _by_name(edit.saved)
    names = was.keys() ^ now.keys()
    if any((name in file) == (name in now) != (name in base) for name in names):
        return True
    return any(
        _cell(file, name, place) == _cell(typed, name, place) != _cell(base, name, place)
        for name in was.keys() & now.keys() & file.keys()
        if now[name] is not was[name]
        for place in _differences(was[name], now[name])
    )


def _cell(rows: Mapping[str, Row], name: str, place: int) -> object:
    row = rows.get(name)
    return row and row.cells[place]


def _half_saved(versions: Sequence[Version], edited: BookFile) -> int | None:
    """Where among the versions the beginning of this very file was taken for an edit."""
    at = next((i for i in reversed(range(1, len(versions))) if versions[i].saved is not None), None)
    if at is None:
        return None
    half = versions[at].saved
    before = {row.name for row in versions[at - 1].rows}
    assert half is not None
    tail = {row.name for row in edited.rows[len(half) :]}
    # New products at the end are an edit of their own, not the rest of the file.
    is_half = half != edited.rows and tail <= before and _begins(half, edited)
    return at if is_half else None


def _begins(half: Rows, edited: BookFile) -> bool:
    """Whether the text of the file goes on where `half` ends, in mid-cell or after a row."""
    layout = replace(edited.layout, ends_with_newline=False)
    whole, beginning = (
        render(BookFile(tuple(replace(row, source=()) for row in rows), layout))
        for rows in (edited.rows, half)
    )
    return whole.startswith(beginning)


def _today(versions: Sequence[Version], base: _Base, torn: int | None) -> Rows:
    """What the edit is added to: the book in force, less what the file takes back.

    Taken back are a half-saved file now that the whole is there, and the edits since a
    version that the file equals in every cell (the owner's undo, or a restored copy).
    Sales are never taken back.
    """
    if torn is not None:
        return _replayed(versions, torn - 1, undone=range(torn, torn + 1))
    if base.changed == 0:
        return _replayed(versions, base.at, undone=range(base.at + 1, len(versions)))
    return versions[-1].rows


def _replayed(versions: Sequence[Version], start: int, undone: range) -> Rows:
    """The book at `start` with every later change of it, except the undone edits."""
    rows = versions[start].rows
    for at in range(start + 1, len(versions)):
        if at not in undone or versions[at].saved is None:
            rows = _three_way(versions[at - 1].rows, rows, versions[at].rows)
    return rows


def _three_way(base: Rows, today: Rows, edited: Rows) -> Rows:
    """`today` with every cell that differs between `base` and `edited` changed likewise."""
    old, now, file = _by_name(base), _by_name(today), _by_name(edited)
    renames = _renames(old, file)
    rows = [
        _joined(old.get(was), now.get(was), row)
        for row, was in ((row, renames.get(row.name, row.name)) for row in edited)
        if not _stays_deleted(old.get(was), now.get(was), row)
    ]
    added = (row for row in today if row.name not in old and row.name not in file)
    return (*rows, *added)


def _stays_deleted(base: Row | None, today: Row | None, edited: Row) -> bool:
    """Whether somebody else deleted the row, and this edit did not touch it."""
    return today is None and base == edited


def _joined(base: Row | None, today: Row | None, edited: Row) -> Row:
    if base is None or today is None or today == base:
        return edited
    cells = [
        theirs if theirs != old or place == OTHERS else ours
        for place, (old, ours, theirs) in enumerate(
            zip(base.cells, today.cells, edited.cells, strict=True)
        )
    ]
    cells[COUNT] = max(0, today.count + edited.count - base.count)
    return Row.of(cells, edited.source)


def _renames(base: Mapping[str, Row], edited: Mapping[str, Row]) -> dict[str, str]:
    """New name → old name, of rows that differ in nothing but the name."""
    gone = _by_rest([row for name, row in base.items() if name not in edited])
    new = _by_rest([row for name, row in edited.items() if name not in base])
    return {
        new[rest][0]: gone[rest][0]
        for rest in gone.keys() & new.keys()
        if len(gone[rest]) == len(new[rest]) == 1
    }


def _by_rest(rows: Sequence[Row]) -> dict[tuple[object, ...], list[str]]:
    found: dict[tuple[object, ...], list[str]] = {}
    for row in rows:
        found.setdefault(row.cells[NAME + 1 :], []).append(row.name)
    return found


def _by_name(rows: Rows) -> dict[str, Row]:
    return {row.name: row for row in rows}


def _stock(rows: Rows) -> int:
    return sum(counts_of(rows).values())
