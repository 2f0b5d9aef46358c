"""Pages of the journal for the console: newest first, a page at a time. Blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from storeguard.books import issueindex
from storeguard.books import tables as t
from storeguard.books.decisions import DISMISSED, OPEN, VERDICTS
from storeguard.books.journal import Change, IssueRecord, Journal, Sale, Visit
from storeguard.domain.loss import left_won, stand_of

DELETED = "deleted"
FEW = 500
"""Issues of a search that are sorted; where there are more, they are met soon by going back in
time from the newest."""

Where = list[sa.ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which issues: `verdict` None: all but the deleted; `product`: a part of a name.

    `older_than`, `newer_than`: the id of the issue beside which the page lies. In place of `offset`
    it is as quick on the last page as on the first; an unknown id is none.
    """

    limit: int
    offset: int = 0
    product: str = ""
    verdict: str | None = None
    older_than: str = ""
    newer_than: str = ""


def issues(journal: Journal, wanted: Wanted) -> tuple[tuple[IssueRecord, ...], int]:
    """One page, and how many there are in all; over `FEW`, at most how many.

    None of it reads more rows than it shows, but from an index, or of a search with few matches.
    """
    verdict = t.issues.c.verdict
    is_meant = verdict != DELETED if wanted.verdict is None else verdict == wanted.verdict
    if not wanted.product:
        return _page(journal, wanted, [is_meant]), _count(journal, wanted.verdict)
    products = journal.rows(issueindex.named(wanted.product))
    ids, most = [row["id"] for row in products], sum(row["issues"] for row in products)
    if not ids:
        return (), 0
    lines = t.issue_lines.c
    if most > FEW:
        # "+ 0": else each issue would be asked for every one of the products.
        has_it = (lines.product_id + 0).in_(ids) & (lines.issue_id == t.issues.c.id)
        there = sa.exists().where(has_it)
        most = most if wanted.verdict is None else min(most, _count(journal, wanted.verdict))
        return _page(journal, wanted, [is_meant, there]), most
    found = select(lines.issue_id).where(lines.product_id.in_(ids)).distinct().subquery()
    meant = select(t.issues.c.id).join(found, found.c.issue_id == t.issues.c.id).where(is_meant)
    known = [row["id"] for row in journal.rows(meant.order_by(*_newest()))]
    return _read(journal, known[wanted.offset :][: wanted.limit]), len(known)


def _page(journal: Journal, wanted: Wanted, where: Where) -> tuple[IssueRecord, ...]:
    """Rows with all their JSON would be slow to go past: an index is walked for their ids."""
    columns = t.issues.c
    ids = select(columns.id).where(*where)
    beside = wanted.older_than or wanted.newer_than
    place = journal.rows(select(columns.at_utc).where(columns.id == beside)) if beside else ()
    if not place:
        ids = ids.order_by(*_newest()).offset(wanted.offset)
    elif wanted.older_than:
        ids = ids.where(*_older(place[0]["at_utc"], beside)).order_by(*_newest())
    else:
        ids = ids.where(*_newer(place[0]["at_utc"], beside)).order_by(columns.at_utc, columns.id)
    rows = journal.rows(ids.limit(wanted.limit))
    return _read(journal, [row["id"] for row in rows])


def _older(at_utc: datetime, issue_id: str) -> Where:
    """The first condition alone is what an index can be entered by."""
    at, known = t.issues.c.at_utc, t.issues.c.id
    return [at <= at_utc, (at < at_utc) | (known < issue_id)]


def _newer(at_utc: datetime, issue_id: str) -> Where:
    at, known = t.issues.c.at_utc, t.issues.c.id
    return [at >= at_utc, (at > at_utc) | (known > issue_id)]


def _read(journal: Journal, ids: Sequence[str]) -> tuple[IssueRecord, ...]:
    rows = journal.rows(select(t.issues).where(t.issues.c.id.in_(ids)).order_by(*_newest()))
    return tuple(_issue(row) for row in rows)


def _newest() -> tuple[sa.UnaryExpression[Any], ...]:
    return t.issues.c.at_utc.desc(), t.issues.c.id.desc()


def _count(journal: Journal, verdict: str | None) -> int:
    """What is open is what is left: SQLite counts a whole table at once, a verdict row by row."""
    if verdict not in (None, OPEN):
        return _counted(journal, t.issues.c.verdict == verdict)
    others = [DELETED] if verdict is None else [*VERDICTS]
    decided = (_counted(journal, t.issues.c.verdict == other) for other in others)
    return _counted(journal) - sum(decided)


def _counted(journal: Journal, *where: sa.ColumnElement[bool]) -> int:
    count = select(sa.func.count().label("n")).select_from(t.issues).where(*where)
    return int(journal.rows(count)[0]["n"])


def decide(journal: Journal, issue_id: str, verdict: str) -> None:
    journal.change(t.issues.update().where(t.issues.c.id == issue_id).values(verdict=verdict))


def follow(journal: Journal, verdicts: Mapping[str, str]) -> None:
    """Brings the journal in step with the decisions: after a stop between the two, or a new
    journal. Issue id → verdict of those that have one."""
    columns = t.issues.c
    noted = select(columns.id, columns.verdict).where(columns.verdict != OPEN)
    known = {row["id"]: row["verdict"] for row in journal.rows(noted)}
    changed = {one: v for one, v in verdicts.items() if known.get(one) != v}
    journal.change(
        *(
            t.issues.update().where(columns.id == one).values(verdict=v)
            for one, v in changed.items()
        )
    )


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


def issues_of(journal: Journal, visit_ids: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """Visit → issue id → the owner's verdict, or how it stands without one; oldest first."""
    issues = t.issues.c
    columns = (issues.visit_id, issues.id, issues.verdict, issues.lines, issues.amendments)
    query = select(*columns).where(issues.visit_id.in_(visit_ids))
    found: dict[str, dict[str, str]] = {}
    for row in journal.rows(query.order_by(issues.at_utc, issues.id)):
        stand = stand_of(row["lines"], row["amendments"])
        verdict = stand if row["verdict"] == OPEN else row["verdict"]
        found.setdefault(row["visit_id"], {})[row["id"]] = verdict
    return found


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
    """Issue id, and what it comes to now; without those that the owner has dismissed."""
    issues = t.issues.c
    columns = (issues.id, issues.at_utc, issues.lines, issues.amendments)
    counted = (issues.at_utc >= since, issues.verdict != DISMISSED)
    rows = journal.rows(select(*columns).where(*counted))
    return [
        (row["id"], Moment(row["at_utc"], left_won(row["lines"], row["amendments"])))
        for row in rows
    ]


def history(journal: Journal, product: str, limit: int) -> tuple[Change, ...]:
    """A product's changes in both books, newest first."""
    return journal.recent_changes(product, limit)


def _issue(row: dict[str, Any]) -> IssueRecord:
    lists = {name: tuple(row[name]) for name in ("lines", "amendments")}
    return IssueRecord(**{**row, **lists})
