"""report.search stays quick for words of every frequency.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


NEWEST = ("published_last_day DESC NULLS LAST", "article_id DESC")


def _index(*columns: str) -> None:
    op.drop_index("ix_extraction_published", table_name="extraction")
    op.create_index(
        "ix_extraction_published",
        "extraction",
        [sa.text(column) for column in columns],
        postgresql_where=sa.text("is_current"),
    )


def upgrade() -> None:
    _index(*NEWEST, "published_first_day")
    op.execute(sql.read("0011_search.sql"))


def downgrade() -> None:
    op.execute(sql.read("0011_down.sql"))
    _index(*NEWEST)
