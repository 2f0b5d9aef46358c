"""Books, sales, visits, steps, issues, deliveries, faults."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_UTC = sa.String(27)
_NAME = sa.String(200)
_ID = sa.String(64)


def upgrade() -> None:
    _books()
    _shop()
    _outbox()


def _books() -> None:
    op.create_table(
        "book_versions",
        sa.Column("book", sa.String(32), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at_utc", _UTC, nullable=False, index=True),
        sa.Column("edited", sa.Boolean, nullable=False),
        sa.Column("rows", sa.JSON),
        sa.Column("counts", sa.JSON),
    )
    op.create_table(
        "applied_keys",
        sa.Column("book", sa.String(32), primary_key=True),
        sa.Column("key", _NAME, primary_key=True),
        sa.Column("at_utc", _UTC, nullable=False),
    )
    op.create_table(
        "stock_changes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at_utc", _UTC, nullable=False, index=True),
        sa.Column("book", sa.String(32), nullable=False),
        sa.Column("product", _NAME, nullable=False, index=True),
        sa.Column("before", sa.Integer, nullable=False),
        sa.Column("after", sa.Integer, nullable=False),
        sa.Column("why", _ID, nullable=False),
    )


def _shop() -> None:
    op.create_table(
        "sales",
        sa.Column("id", _NAME, primary_key=True),
        sa.Column("key", _NAME, nullable=False),
        sa.Column("product", _NAME, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("won", sa.Integer, nullable=False),
        sa.Column("at_utc", _UTC, nullable=False, index=True),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("visit_id", _ID, index=True),
        sa.UniqueConstraint("key", name="uq_sales_key"),
    )
    op.create_table(
        "visits",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("started_utc", _UTC, nullable=False, index=True),
        sa.Column("ended_utc", _UTC),
        sa.Column("judged_utc", _UTC),
        sa.Column("judgement", sa.JSON),
    )
    op.create_table(
        "steps",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("scale", _ID, nullable=False),
        sa.Column("started_utc", _UTC, nullable=False, index=True),
        sa.Column("ended_utc", _UTC, nullable=False),
        sa.Column("grams", sa.Float, nullable=False),
        sa.Column("level_g", sa.Float, nullable=False),
        sa.Column("noise_g", sa.Float, nullable=False),
        sa.Column("visit_id", _ID, index=True),
    )


def _outbox() -> None:
    op.create_table(
        "issues",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("at_utc", _UTC, nullable=False, index=True),
        sa.Column("visit_id", _ID, index=True),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("amendments", sa.JSON, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("issue_id", _ID, nullable=False, index=True),
        sa.Column("at_utc", _UTC, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "faults",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("device", sa.String(128), nullable=False, index=True),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("started_utc", _UTC, nullable=False),
        sa.Column("ended_utc", _UTC),
    )
