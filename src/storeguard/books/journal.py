"""The SQL journal: what happened, for good.

SQLite in WAL mode by default, any SQLAlchemy URL else. Every method is one transaction, durable
when it returns; it blocks, may be called from any thread, and raises JournalFault when the
database does not take it.
"""

import errno
import json
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Table, event, insert, select
from sqlalchemy.exc import SQLAlchemyError

from storeguard import durable
from storeguard.books import issueindex, schema
from storeguard.books import tables as t
from storeguard.books.entries import Change as Change
from storeguard.books.entries import IssueRecord as IssueRecord
from storeguard.books.entries import JsonObject as JsonObject
from storeguard.books.entries import Sale as Sale
from storeguard.books.entries import StepRecord as StepRecord
from storeguard.books.entries import VersionRecord as VersionRecord
from storeguard.books.entries import Visit as Visit
from storeguard.domain import loss
from storeguard.domain.issue import issue_id
from storeguard.errors import JournalDamaged, JournalFault


class Journal:
    """One connection behind one lock.

    `fsync=False` is for results that nobody has to find after a power cut (a replay).
    """

    def __init__(self, url: str, *, fsync: bool = True) -> None:
        self._url = sa.make_url(url)
        self._fsync = fsync
        self._turn = threading.Lock()
        self._engine: Engine | None = None

    @classmethod
    def in_folder(cls, state: Path, *, fsync: bool = True) -> "Journal":
        """The embedded default, `storeguard.db` in the state folder."""
        url = sa.URL.create("sqlite", database=str(state / "storeguard.db"))
        return cls(url.render_as_string(hide_password=False), fsync=fsync)

    def open(self) -> None:
        """Creates or migrates the tables. Raises JournalTooNew before anything is touched."""
        with self._translated():
            self._engine = self._connected()
            try:
                with self._engine.begin() as connection:
                    schema.migrate(connection, self._where)
            except BaseException:
                self.close()
                raise
            self._settle_folder()

    def close(self) -> None:
        """Waits for whoever is at it: SQLite crashes where a connection is closed under a query.

        May be called twice.
        """
        with self._turn:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    # Books

    def versions(self, book: str) -> tuple[VersionRecord, ...]:
        """Oldest first; the first one is a whole book."""
        of_book = select(t.book_versions).where(t.book_versions.c.book == book)
        found = self.rows(of_book.order_by(t.book_versions.c.version))
        return tuple(VersionRecord(**row) for row in found)

    def add_version(
        self, record: VersionRecord, changes: Sequence[Change] = (), key: str | None = None
    ) -> None:
        """The version, its changes and its key in one transaction."""
        with self._transaction() as connection:
            connection.execute(insert(t.book_versions), asdict(record))
            if changes:
                connection.execute(insert(t.stock_changes), [asdict(change) for change in changes])
            if key is not None:
                applied = {"book": record.book, "key": key, "at_utc": record.at_utc}
                connection.execute(insert(t.applied_keys), applied)

    def is_applied(self, book: str, key: str) -> bool:
        keys = t.applied_keys.c
        return bool(self.rows(select(keys.key).where(keys.book == book, keys.key == key)))

    def prune_versions(self, book: str, before_utc: datetime) -> None:
        """Forgets versions that are no longer needed to tell the book since `before_utc`."""
        columns = t.book_versions.c
        whole = select(sa.func.max(columns.version)).where(
            columns.book == book, columns.rows.is_not(None), columns.at_utc <= before_utc
        )
        with self._transaction() as connection:
            first = connection.execute(whole).scalar()
            if first is not None:
                old = (columns.book == book) & (columns.version < first)
                connection.execute(t.book_versions.delete().where(old))

    def record_change(self, change: Change) -> None:
        """Only for a change that no book makes: a book records its own."""
        self._insert(t.stock_changes, asdict(change))

    def recent_changes(self, product: str | None = None, limit: int = 100) -> tuple[Change, ...]:
        """Newest first."""
        columns = t.stock_changes.c
        query = select(*(c for c in columns if c is not columns.id))
        query = query if product is None else query.where(columns.product == product)
        newest = query.order_by(columns.id.desc()).limit(limit)
        return tuple(Change(**row) for row in self.rows(newest))

    # Sales and visits

    def record_sale(self, sale: Sale) -> bool:
        """False when a sale of this key is already there; nothing is changed then."""
        return self.record_sales([sale])

    def record_sales(self, sales: Sequence[Sale]) -> bool:
        """All in one transaction, for each costs the disk a write; False: none was new."""
        columns = t.sales.c
        with self._transaction() as connection:
            keys = select(columns.key).where(columns.key.in_([sale.key for sale in sales]))
            known = set(connection.execute(keys).scalars())
            new = [asdict(sale) for sale in sales if sale.key not in known]
            if new:
                connection.execute(insert(t.sales), new)
            return bool(new)

    def find_sale(self, key: str) -> Sale | None:
        found = self.rows(select(t.sales).where(t.sales.c.key == key))
        return Sale(**found[0]) if found else None

    def recent_sales(self, limit: int = 100) -> tuple[Sale, ...]:
        """Newest first."""
        newest = select(t.sales).order_by(t.sales.c.at_utc.desc(), t.sales.c.id.desc())
        return tuple(Sale(**row) for row in self.rows(newest.limit(limit)))

    def open_visit(self, visit_id: str, started_utc: datetime, taken: Collection[str] = ()) -> str:
        """Notes it under the first of `visit_id`, `visit_id-2` … that is free, and returns that."""
        ids = t.visits.c.id
        with self._transaction() as connection:
            known = set(taken)
            while (free := issue_id(visit_id, known)) and connection.execute(
                select(ids).where(ids == free)
            ).first():
                known.add(free)
            connection.execute(insert(t.visits), {"id": free, "started_utc": started_utc})
            return free

    def close_visit(
        self,
        visit_id: str,
        ended_utc: datetime | None,
        judged_utc: datetime,
        judgement: JsonObject,
        *,
        started_utc: datetime | None = None,
    ) -> None:
        """`judgement` is JSON, the end of one cut short None; `started_utc`: by the end's clock."""
        judged = {"ended_utc": ended_utc, "judged_utc": judged_utc, "judgement": {**judgement}}
        started = {} if started_utc is None else {"started_utc": started_utc}
        of_visit = t.visits.update().where(t.visits.c.id == visit_id)
        with self._transaction() as connection:
            connection.execute(of_visit.values({**judged, **started}))

    def open_visits(self) -> tuple[Visit, ...]:
        """Visits that a stop cut short, oldest first."""
        unjudged = select(t.visits).where(t.visits.c.judged_utc.is_(None))
        return tuple(Visit(**row) for row in self.rows(unjudged.order_by(t.visits.c.started_utc)))

    def recent_visits(self, limit: int = 100) -> tuple[Visit, ...]:
        """Newest first."""
        newest = select(t.visits).order_by(t.visits.c.started_utc.desc(), t.visits.c.id.desc())
        return tuple(Visit(**row) for row in self.rows(newest.limit(limit)))

    def record_step(self, step: StepRecord) -> None:
        self._insert(t.steps, asdict(step))

    # Issues, deliveries, faults

    def record_issue(self, issue: IssueRecord) -> bool:
        """False when this issue is already there; nothing is changed then."""
        values = {**asdict(issue), "lines": [*issue.lines], "amendments": [*issue.amendments]}
        with self._transaction() as connection:
            known = connection.execute(select(t.issues.c.id).where(t.issues.c.id == issue.id))
            if known.first() is not None:
                return False
            connection.execute(insert(t.issues), values)
            issueindex.add(connection, issue.id, issue.at_utc, issue.lines)
            return True

    def amend_issue(self, issue_id: str, product: str, count: int, sale_id: str) -> bool:
        """Notes a late payment; False when it is noted already, or there is no such issue."""
        column = t.issues.c
        with self._transaction() as connection:
            known = connection.execute(
                select(column.amendments).where(column.id == issue_id).with_for_update()
            ).scalar()
            amendment = {"product": product, "count": count, "sale_id": sale_id}
            if known is None or amendment in known:
                return False
            values = {"amendments": [*known, amendment]}
            connection.execute(t.issues.update().where(column.id == issue_id).values(values))
            return True

    def settle_issue(self, issue_id: str, confirmed: Mapping[str, int]) -> bool:
        """Notes what the empty store has taken back of a provisional issue, product → units left.

        False when that is noted already, nothing was taken back, or there is no such issue.
        """
        column = t.issues.c
        with self._transaction() as connection:
            of_issue = select(column.lines, column.amendments).where(column.id == issue_id)
            known = connection.execute(of_issue.with_for_update()).first()
            if known is None or loss.TAKEN_BACK in [one["sale_id"] for one in known.amendments]:
                return False
            taken_back = loss.taken_back(known.lines, confirmed)
            if taken_back:
                values = {"amendments": [*known.amendments, *taken_back]}
                connection.execute(t.issues.update().where(column.id == issue_id).values(values))
            return bool(taken_back)

    def count_issues(self) -> int:
        with self._transaction() as connection:
            count = connection.execute(select(sa.func.count()).select_from(t.issues)).scalar()
            return int(count or 0)

    def recent_issues(self, limit: int = 100) -> tuple[IssueRecord, ...]:
        """Newest first."""
        newest = select(t.issues).order_by(t.issues.c.at_utc.desc(), t.issues.c.id.desc())
        return tuple(_issue(row) for row in self.rows(newest.limit(limit)))

    def record_delivery(self, issue_id: str, state: str, at_utc: datetime, detail: str) -> None:
        """A stage of a delivery: uploaded, confirmed, refused."""
        values = {"issue_id": issue_id, "state": state, "at_utc": at_utc, "detail": detail}
        self._insert(t.deliveries, values)

    def deliveries_of(self, issue_id: str) -> tuple[JsonObject, ...]:
        """Oldest first; state, at_utc and detail."""
        columns = t.deliveries.c
        query = select(columns.state, columns.at_utc, columns.detail)
        return self.rows(query.where(columns.issue_id == issue_id).order_by(columns.id))

    def record_fault(self, device: str, why: str, started_utc: datetime) -> None:
        self._insert(t.faults, {"device": device, "why": why, "started_utc": started_utc})

    def close_fault(self, device: str, ended_utc: datetime) -> None:
        """Ends every open fault of the device; never before its start, should the clock say so."""
        started = t.faults.c.started_utc
        is_open = (t.faults.c.device == device) & t.faults.c.ended_utc.is_(None)
        ended = sa.case((started > ended_utc, started), else_=sa.literal(ended_utc, t.Utc()))
        with self._transaction() as connection:
            connection.execute(t.faults.update().where(is_open).values(ended_utc=ended))

    def open_faults(self) -> tuple[JsonObject, ...]:
        """Oldest first; device, why and started_utc."""
        columns = t.faults.c
        query = select(columns.device, columns.why, columns.started_utc)
        return self.rows(query.where(columns.ended_utc.is_(None)).order_by(columns.id))

    # The database

    @property
    def _where(self) -> str:
        return self._url.render_as_string(hide_password=True)

    def rows(self, query: sa.Select[Any]) -> tuple[dict[str, Any], ...]:
        with self._transaction() as connection:
            return tuple(dict(row) for row in connection.execute(query).mappings())

    def _insert(self, table: Table, values: Mapping[str, Any]) -> None:
        self.change(insert(table).values(**values))

    def change(self, *statements: sa.UpdateBase) -> None:
        with self._transaction() as connection:
            for statement in statements:
                connection.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._turn, self._translated():
            if self._engine is None:
                raise JournalFault(f"journal {self._where}: is closed; call open() first")
            with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            orig = getattr(error, "orig", None)
            reason = str(orig or error).splitlines()[0]
            fault = (JournalDamaged if _is_damage(orig) else JournalFault)(
                f"journal {self._where}: {reason}; check the disk and the database"
            )
            if getattr(orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                fault.errno = errno.ENOSPC
            raise fault from error
        except (ValueError, TypeError) as error:  # a cell that is not what its column says
            raise JournalDamaged(
                f"journal {self._where}: a cell cannot be read ({error}); see storeguard restore"
            ) from error

    def _connected(self) -> Engine:
        is_sqlite = self._url.get_backend_name() == "sqlite"
        if is_sqlite and self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        pool: dict[str, Any] = (
            {"poolclass": sa.StaticPool, "connect_args": {"check_same_thread": False}}
            if is_sqlite
            else {"pool_pre_ping": True}
        )
        engine = sa.create_engine(self._url, json_serializer=_json, **pool)
        if is_sqlite:
            event.listen(engine, "connect", self._prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _prepare_sqlite(self, connection: Any, record: object) -> None:
        # Python's sqlite3 would commit before each change of a table; we begin ourselves.
        connection.isolation_level = None
        for pragma in (
            "busy_timeout = 5000",
            "journal_mode = WAL",
            f"synchronous = {'FULL' if self._fsync else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @property
    def _file(self) -> Path | None:
        name = self._url.database
        return None if name in (None, "", ":memory:") else Path(str(name))

    def _settle_folder(self) -> None:
        is_file = self._url.get_backend_name() == "sqlite" and self._file is not None
        if is_file and self._fsync:
            assert self._file is not None
            durable.fsync_folder(self._file.parent)


def _is_damage(error: object) -> bool:
    """Says SQLite that the file is none, or Python (without a code) that a text is no UTF-8?"""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, sqlite3.OperationalError)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _issue(row: dict[str, Any]) -> IssueRecord:
    lists = {name: tuple(row[name]) for name in ("lines", "amendments")}
    return IssueRecord(**{**row, **lists})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
