"""Issues are found by product and verdict through indexes."""

import json
from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_UTC = sa.String(27)
_ID = sa.String(64)
AT_ONCE = 2000


def upgrade() -> None:
    op.add_column(
        "issues", sa.Column("verdict", sa.String(16), nullable=False, server_default="open")
    )
    op.create_index("ix_issues_verdict_at", "issues", ["verdict", "at_utc", "id"])
    op.create_index("ix_issues_at_verdict", "issues", ["at_utc", "id", "verdict"])
    products = op.create_table(
        "issue_products",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("issues", sa.Integer, nullable=False),
        sa.UniqueConstraint("name", name="uq_issue_products_name"),
    )
    lines = op.create_table(
        "issue_lines",
        sa.Column("product_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at_utc", _UTC, primary_key=True),
        sa.Column("issue_id", _ID, primary_key=True),
    )
    op.create_index("ix_issue_lines_issue", "issue_lines", ["issue_id", "product_id"])
    _fill(products, lines)


def _fill(products: sa.Table, lines: sa.Table) -> None:
    """From what each issue says of its lines, a part at a time: a Pi has little memory."""
    connection, after = op.get_bind(), ""
    ids: dict[str, int] = {}
    counts: Counter[str] = Counter()
    known = sa.table("issues", sa.column("id"), sa.column("at_utc"), sa.column("lines"))
    query = sa.select(known).order_by(known.c.id).limit(AT_ONCE)
    while rows := connection.execute(query.where(known.c.id > after)).fetchall():
        named = [(row[0], row[1], name) for row in rows for name in sorted(_names(row[2]))]
        for _, _, name in named:
            ids[name] = ids.get(name) or _added(connection, products, name)
            counts[name] += 1
        found = [
            {"product_id": ids[name], "at_utc": at, "issue_id": one} for one, at, name in named
        ]
        if found:
            connection.execute(lines.insert(), found)
        after = rows[-1][0]
    for name, count in counts.items():
        connection.execute(products.update().where(products.c.name == name).values(issues=count))


def _added(connection: sa.Connection, products: sa.Table, name: str) -> int:
    connection.execute(products.insert().values(name=name, issues=0))
    made = sa.select(products.c.id).where(products.c.name == name)
    return int(connection.execute(made).scalar_one())


def _names(said: Any) -> set[str]:
    content = json.loads(said) if isinstance(said, str | bytes) else said
    return {str(line["product"]) for line in content or () if line.get("product")}
