"""The tables of the journal. `migrations/` makes them; a test holds the two together."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

REVISIONS = ("0001", "0002", "0003")
"""Every migration, oldest first; the journal's Alembic version is the last one."""

HEAD = REVISIONS[-1]


class Utc(TypeDecorator[datetime]):
    """An aware moment, kept as `2026-11-20T13:21:04.123456Z`: exact and sorting in every SQL."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = datetime.fromisoformat(value)
        # Ends of faults were once written without their Z.
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


metadata = MetaData()

_NAME = String(200)
_KEY = String(200)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


book_versions = Table(
    "book_versions",
    metadata,
    Column("book", String(32), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at_utc", Utc, nullable=False, index=True),
    Column("edited", Boolean, nullable=False),
    # A whole book, or only the counts that changed since the version before.
    Column("rows", JSON(none_as_null=True)),
    Column("counts", JSON(none_as_null=True)),
)

applied_keys = Table(
    "applied_keys",
    metadata,
    Column("book", String(32), primary_key=True),
    Column("key", _KEY, primary_key=True),
    Column("at_utc", Utc, nullable=False),
)

stock_changes = Table(
    "stock_changes",
    metadata,
    _id(),
    Column("at_utc", Utc, nullable=False, index=True),
    Column("book", String(32), nullable=False),
    Column("product", _NAME, nullable=False, index=True),
    Column("before", Integer, nullable=False),
    Column("after", Integer, nullable=False),
    Column("why", String(64), nullable=False),
)

sales = Table(
    "sales",
    metadata,
    Column("id", _KEY, primary_key=True),
    Column("key", _KEY, nullable=False),
    Column("product", _NAME, nullable=False),
    Column("count", Integer, nullable=False),
    Column("won", Integer, nullable=False),
    Column("at_utc", Utc, nullable=False, index=True),
    Column("source", String(32), nullable=False),
    Column("visit_id", String(64), index=True),
    UniqueConstraint("key", name="uq_sales_key"),
)

# Baskets, by the key that begins the ids of their sales, that nobody was seen to pay.
unseen_sales = Table(
    "unseen_sales",
    metadata,
    Column("sale_id", _KEY, primary_key=True),
    Column("at_utc", Utc, nullable=False, index=True),
)

visits = Table(
    "visits",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("started_utc", Utc, nullable=False, index=True),
    Column("ended_utc", Utc),
    Column("judged_utc", Utc),
    Column("judgement", JSON(none_as_null=True)),
)

steps = Table(
    "steps",
    metadata,
    _id(),
    Column("scale", String(64), nullable=False),
    Column("started_utc", Utc, nullable=False, index=True),
    Column("ended_utc", Utc, nullable=False),
    Column("grams", Float, nullable=False),
    Column("level_g", Float, nullable=False),
    Column("noise_g", Float, nullable=False),
    Column("visit_id", String(64), index=True),
)

issues = Table(
    "issues",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("at_utc", Utc, nullable=False, index=True),
    Column("visit_id", String(64), index=True),
    Column("lines", JSON, nullable=False),
    Column("amendments", JSON, nullable=False),
    # What the owner has decided, as state/decisions.json says it: here it can be searched.
    Column("verdict", String(16), nullable=False, server_default="open"),
    Index("ix_issues_verdict_at", "verdict", "at_utc", "id"),
    Index("ix_issues_at_verdict", "at_utc", "id", "verdict"),
)

issue_products = Table(
    "issue_products",
    metadata,
    _id(),
    Column("name", _NAME, nullable=False),
    # How many issues have it: how a search goes about it depends on that.
    Column("issues", Integer, nullable=False),
    UniqueConstraint("name", name="uq_issue_products_name"),
)

issue_lines = Table(
    "issue_lines",
    metadata,
    Column("product_id", Integer, primary_key=True, autoincrement=False),
    Column("at_utc", Utc, primary_key=True),
    Column("issue_id", String(64), primary_key=True),
    Index("ix_issue_lines_issue", "issue_id", "product_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    Column("issue_id", String(64), nullable=False, index=True),
    Column("at_utc", Utc, nullable=False),
    Column("state", String(32), nullable=False),
    Column("detail", Text, nullable=False),
)

faults = Table(
    "faults",
    metadata,
    _id(),
    Column("device", String(128), nullable=False, index=True),
    Column("why", Text, nullable=False),
    Column("started_utc", Utc, nullable=False),
    Column("ended_utc", Utc),
)
