"""By which products and verdicts issues are found: tables beside them, kept in step.

A search for a part of a name looks through the names that issues ever had, a few hundred, and
then walks an index; the issues themselves are read for the page that is shown alone.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, insert, select

from storeguard.books import tables as t


def add(
    connection: Connection, issue_id: str, at_utc: datetime, lines: Iterable[Mapping[str, Any]]
) -> None:
    """With the issue's own row, in one transaction."""
    names = {str(line["product"]) for line in lines if line.get("product")}
    ids = _ids(connection, names)
    rows = [
        {"product_id": ids[name], "at_utc": at_utc, "issue_id": issue_id} for name in sorted(names)
    ]
    if rows:
        connection.execute(insert(t.issue_lines), rows)
        counted = t.issue_products.c
        one_more = t.issue_products.update().values(issues=counted.issues + 1)
        connection.execute(one_more.where(counted.id.in_(ids.values())))


def _ids(connection: Connection, names: Collection[str]) -> dict[str, int]:
    columns = t.issue_products.c
    known = select(columns.name, columns.id).where(columns.name.in_(names))
    ids = {row.name: row.id for row in connection.execute(known)}
    new = [{"name": name, "issues": 0} for name in sorted(set(names) - ids.keys())]
    if not new:
        return ids
    connection.execute(insert(t.issue_products), new)
    return {row.name: row.id for row in connection.execute(known)}


def named(part: str) -> sa.Select[Any]:
    """Products with `part` in their name, capitals or not; `issues` is how many have them."""
    columns, typed = t.issue_products.c, _escaped(part.lower())
    name = sa.func.lower(columns.name)
    return select(columns.id, columns.issues).where(name.like(f"%{typed}%", escape="\\"))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
