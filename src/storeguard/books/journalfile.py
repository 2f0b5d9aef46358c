"""The journal's SQLite file from outside: is it newer, is it whole, a copy while it is in use.

Looking changes no byte of it: connections are read-only, so that nothing is checkpointed.
"""

import json
import logging
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from storeguard import durable
from storeguard.books.decisions import OPEN
from storeguard.books.history import History
from storeguard.books.journal import Journal
from storeguard.books.journalurl import open_by_url
from storeguard.books.schema import too_new
from storeguard.books.tables import REVISIONS, issues
from storeguard.clock import SystemClock
from storeguard.errors import JournalDamaged, JournalFault
from storeguard.statefile import set_aside

FILE, WAL, INDEX = "storeguard.db", "storeguard.db-wal", "storeguard.db-shm"
BOOKS = ("kiosk", "shelf")

BUSY_TIMEOUT_S = 5.0
LOOKED_AT = 1000
"""So many of the newest rows are read when it is opened: a cell may be damaged in a whole file."""

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
"""SQLITE_ERROR: "unsupported file format"; the queries here have no errors of their own."""

WAL_HEADER_BYTES, FRAME_HEADER_BYTES = 32, 24
MX_FRAME_AT = 16
"""Where the -shm file tells how many frames SQLite takes for whole (sqlite.org/walformat)."""

FRESH = (
    "a new journal begins: the books start from their CSVs, earlier sales and visits are only in "
    "the kept file; to go back to a backup: storeguard restore FILE"
)

log = logging.getLogger("storeguard")


def refuse_newer(state: Path) -> None:
    """Raises JournalTooNew before anything is touched; what cannot be read is not newer."""
    try:
        version = version_of(state / FILE)
    except JournalFault:
        return
    if version is not None and version not in REVISIONS:
        raise too_new(version, str(state / FILE))


def open_journal(state: Path, *, fsync: bool = True, url: str | None = None) -> Journal:
    """The journal, opened and migrated; a damaged one is kept aside and a fresh one made.

    `url`: a database server has it instead, see `journalurl`.

    Raises JournalTooNew, and JournalFault where the disk refuses. Only for the lock's holder.
    """
    if url is not None:
        return open_by_url(url)
    refuse_newer(state)
    try:
        _refuse_damaged(state)
        return _opened(state, fsync=fsync)
    except JournalDamaged as damaged:
        _set_aside(state, damaged)
    return _opened(state, fsync=fsync)


def version_of(path: Path) -> str | None:
    """The Alembic revision; None where there is no journal yet. Raises JournalFault."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    with _read_only(path) as database:
        return _version(database)


def sold_since(state: Path, at_label: str) -> tuple[int, int]:
    """(sales, won) that were recorded after that UTC label. Raises JournalFault."""
    with _read_only(state / FILE) as database:
        if not _names(database, "sales"):
            return 0, 0
        query = "SELECT count(*), coalesce(sum(won), 0) FROM sales WHERE at_utc > ?"
        count, won = database.execute(query, (at_label,)).fetchone()
    return int(count), int(won)


def amendments(state: Path, url: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Issue id → its amendments (product, count, sale_id). Raises JournalFault."""
    said = _of_issues(state, url, "amendments")
    found = ((one, json.loads(it) if isinstance(it, str) else it) for one, it in said.items())
    return {issue: amended for issue, amended in found if amended}


def verdicts(state: Path, url: str | None = None) -> dict[str, str]:
    """Issue id → what the owner has decided, of those that he has. Raises JournalFault."""
    said = _of_issues(state, url, "verdict")
    return {issue: verdict for issue, verdict in said.items() if verdict != OPEN}


def _of_issues(state: Path, url: str | None, column: str) -> dict[str, Any]:
    """Issue id → that column, as the database has it; nothing where there is none yet."""
    if url is not None:
        return _in_database(open_by_url(url), column)
    if not (state / FILE).exists():
        return {}
    with _read_only(state / FILE) as database:
        if not _has_column(database, "issues", column):
            return {}
        return dict(database.execute(f"SELECT id, {column} FROM issues").fetchall())


def _in_database(journal: Journal, column: str) -> dict[str, Any]:
    try:
        rows = journal.rows(select(issues.c.id, issues.c[column]))
        return {row["id"]: row[column] for row in rows}
    finally:
        journal.close()


def snapshot(state: Path, copy: Path) -> str | None:
    """A whole, consistent copy, also while a daemon writes; its revision. Raises JournalFault."""
    with _read_only(state / FILE) as database, closing(sqlite3.connect(copy)) as target:
        target.execute("PRAGMA journal_mode = MEMORY")  # no second file beside the copy
        database.backup(target)
        _check(target)
        return _version(target)


def _refuse_damaged(state: Path) -> None:
    path, wal = state / FILE, state / WAL
    has_wal = wal.exists() and wal.stat().st_size > 0
    if not path.exists() and not has_wal:
        return
    if not path.exists() or path.stat().st_size == 0:
        raise JournalDamaged("it is empty" if path.exists() else "it is gone, its -wal is there")
    with path.open("rb") as file:
        header = file.read(20)
    if not {*header[18:20]} <= {1, 2}:  # else SQLite would only read it, without a word
        raise JournalDamaged("its header is no journal's")
    with _read_only(path) as database:
        _check(database)
        if has_wal:
            _look_at_wal(wal, state / INDEX)


def units_sold(state: Path) -> dict[str, int]:
    """Product → units, less refunds, of all sales that the file still has; nothing without it."""
    if not (state / FILE).exists():
        return {}
    query = "SELECT product, SUM(count) FROM sales WHERE product <> '' GROUP BY product"
    try:
        with _read_only(state / FILE) as database:
            return {str(name): int(units) for name, units in database.execute(query) if units > 0}
    except JournalFault:  # another check says what is wrong with it
        return {}


def _check(database: sqlite3.Connection) -> None:
    [[found], *_] = database.execute("PRAGMA quick_check(1)").fetchall()
    if found != "ok":
        raise JournalDamaged(" ".join(str(found).split()))


def _opened(state: Path, *, fsync: bool) -> Journal:
    journal = Journal.in_folder(state, fsync=fsync)
    journal.open()
    try:
        for book in BOOKS:
            History(book, journal, SystemClock(), None).load()
        journal.open_visits()
        journal.recent_sales(LOOKED_AT)
        journal.recent_visits(LOOKED_AT)
        journal.recent_issues(LOOKED_AT)
        journal.open_faults()
    except BaseException:
        journal.close()
        raise
    return journal


def _set_aside(state: Path, why: JournalDamaged) -> None:
    (state / INDEX).unlink(missing_ok=True)  # SQLite's own index of the -wal, made anew
    # The database first: without it, the next start knows its -wal for a damaged journal's.
    for name, meaning in ((FILE, FRESH), (WAL, "it belongs to the damaged journal")):
        if (state / name).exists():
            set_aside(state / name, why, meaning)


def _look_at_wal(wal: Path, index: Path) -> None:
    """SQLite leaves out without a word what follows a damaged frame: a copy is kept."""
    content = wal.read_bytes()
    with index.open("rb") as file:
        file.seek(MX_FRAME_AT)
        [whole] = struct.unpack("=I", file.read(4))
    try:
        written = _committed_frames(content)
    except ValueError as error:
        _keep_wal(wal, content, str(error))
        return
    if whole < written:
        _keep_wal(wal, content, f"{written} frames were committed, {whole} can be read")


def _keep_wal(wal: Path, content: bytes, why: str) -> None:
    kept = durable.aside_name(wal, "corrupt")
    durable.publish(kept, content)
    log.warning(
        "D307 %s is damaged (%s); kept as %s; sales of the last minutes before the damage may be "
        "missing in the journal: compare the kiosk book; or: storeguard restore FILE",
        wal,
        why,
        kept,
    )


def _committed_frames(wal: bytes) -> int:
    """How many frames belong to this -wal up to its last commit, whole or not."""
    header = wal[:WAL_HEADER_BYTES]
    if len(header) < WAL_HEADER_BYTES or _checksum(header[:24]) != header[24:]:
        raise ValueError("its header is damaged")
    [page_bytes] = struct.unpack(">I", header[8:12])
    frame_bytes = FRAME_HEADER_BYTES + page_bytes
    committed = 0
    for number, at in enumerate(range(WAL_HEADER_BYTES, len(wal) - 23, frame_bytes), 1):
        _, commit, salt = struct.unpack(">II8s", wal[at : at + 16])
        if salt == header[16:24] and commit:
            committed = number
    return committed


def _checksum(header: bytes) -> bytes:
    order = ">" if header[3] & 1 else "<"
    words = struct.unpack(f"{order}6I", header)
    first = second = 0
    for x, y in zip(words[::2], words[1::2], strict=True):
        first = (first + x + second) & 0xFFFFFFFF
        second = (second + y + first) & 0xFFFFFFFF
    return struct.pack(">II", first, second)


def _version(database: sqlite3.Connection) -> str | None:
    if not _names(database, "alembic_version"):
        return None
    found = database.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if found is None else str(found[0])


def _names(database: sqlite3.Connection, table: str) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return database.execute(query, (table,)).fetchone() is not None


def _has_column(database: sqlite3.Connection, table: str, column: str) -> bool:
    query = "SELECT 1 FROM pragma_table_info(?) WHERE name = ?"
    return database.execute(query, (table, column)).fetchone() is not None


@contextmanager
def _read_only(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        address = f"{path.resolve().as_uri()}?mode=ro"
        opened = sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S)
        with closing(opened) as database:
            yield database
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        # An error without a code is Python's: text that is no UTF-8.
        kind = JournalDamaged if code in (0, *DAMAGED) else JournalFault
        raise kind(f"journal {path}: {error}; check the disk and the database") from error
