"""Pages of the journal for the console: newest first, a page at a time. Blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from storeguard.books import tables as t
from storeguard.books.journal import Change, IssueRecord, Journal, Sale, Visit


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which issues. `among` None: any; `product`: a part of a name; `limit` and `offset` rows."""

    limit: int
    offset: int = 0
    product: str = ""
    among: Sequence[str] | None = None
    without: Sequence[str] = ()


def issues(journal: Journal, wanted: Wanted) -> tuple[tuple[IssueRecord, ...], int]:
    """One page, and how many there are in all."""
    columns = t.issues.c
    where: list[sa.ColumnElement[bool]] = []
    if wanted.product:
        pattern = f"%{_escaped(wanted.product)}%"
        where.append(sa.cast(columns.lines, sa.Text).like(pattern, escape="\\"))
    if wanted.among is not None:
        where.append(columns.id.in_(wanted.among))
    if wanted.without:
        where.append(columns.id.not_in(wanted.without))
    offset, seen = wanted.offset, list(where)
    if offset and not where:
        # The index of the times alone is walked: rows with all their JSON would be slow.
        times = select(columns.at_utc).order_by(columns.at_utc.desc())
        seen.append(columns.at_utc <= times.limit(1).offset(offset).scalar_subquery())
        offset = 0
    newest = select(t.issues).where(*seen).order_by(columns.at_utc.desc(), columns.id.desc())
    rows = journal.rows(newest.limit(wanted.limit).offset(offset))
    [count] = journal.rows(select(sa.func.count().label("n")).select_from(t.issues).where(*where))
    return tuple(_issue(row) for row in rows), int(count["n"])


def issue(journal: Journal, issue_id: str) -> IssueRecord | None:
    rows = journal.rows(select(t.issues).where(t.issues.c.id == issue_id))
    return _issue(rows[0]) if rows else None


def sales_between(journal: Journal, start: datetime, end: datetime) -> tuple[Sale, ...]:
    """Oldest first."""
    at = t.sales.c.at_utc
    found = select(t.sales).where(at >= start, at <= end).order_by(at, t.sales.c.id)
    return tuple(Sale(**row) for row in journal.rows(found))


def visits(journal: Journal, limit: int, offset: int) -> tuple[tuple[Visit, ...], int]:
    """One page of the judged visits, and how many there are."""
    columns = t.visits.c
    judged = columns.judged_utc.is_not(None)
    newest = select(t.visits).where(judged).order_by(columns.started_utc.desc(), columns.id.desc())
    [count] = journal.rows(select(sa.func.count().label("n")).select_from(t.visits).where(judged))
    rows = journal.rows(newest.limit(limit).offset(offset))
    return tuple(Visit(**row) for row in rows), int(count["n"])


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, with its won (0 for a visit)."""

    at_utc: datetime
    won: int


def sales_since(journal: Journal, since: datetime) -> list[Moment]:
    columns = t.sales.c
    rows = journal.rows(select(columns.at_utc, columns.won).where(columns.at_utc >= since))
    return [Moment(row["at_utc"], row["won"]) for row in rows]


def visits_since(journal: Journal, since: datetime) -> list[Moment]:
    at = t.visits.c.started_utc
    return [Moment(row["started_utc"], 0) for row in journal.rows(select(at).where(at >= since))]


def losses_since(journal: Journal, since: datetime) -> list[tuple[str, Moment]]:
    """Issue id, and what its lines come to."""
    columns = t.issues.c
    rows = journal.rows(
        select(columns.id, columns.at_utc, columns.lines).where(columns.at_utc >= since)
    )
    return [(row["id"], Moment(row["at_utc"], loss_of(row["lines"]))) for row in rows]


def loss_of(lines: Sequence[Any]) -> int:
    return sum(int(line.get("loss", 0)) for line in lines)


def history(journal: Journal, product: str, limit: int) -> tuple[Change, ...]:
    """A product's changes in both books, newest first."""
    return journal.recent_changes(product, limit)


def _issue(row: dict[str, Any]) -> IssueRecord:
    lists = {name: tuple(row[name]) for name in ("lines", "amendments")}
    return IssueRecord(**{**row, **lists})


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
