"""Sales that were made while nobody was seen."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "unseen_sales",
        sa.Column("sale_id", sa.String(200), primary_key=True),
        sa.Column("at_utc", sa.String(27), nullable=False),
    )
    op.create_index("ix_unseen_sales_at_utc", "unseen_sales", ["at_utc"])
