"""Who is named beside what very many stories name is counted beforehand; events are found by their days.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import sql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

DAYS = "daterange(coalesce(first_day, first_reported), coalesce(last_day, first_reported), '[]')"


def upgrade() -> None:
    op.create_index("ix_occurrence_days", "occurrence", [sa.text(DAYS)], postgresql_using="gist")
    op.execute("ANALYZE occurrence")  # how many days lie in a range is known from then on
    op.execute(sql.read("0012_companion.sql"))
    op.execute(sql.read("0012_functions.sql"))
    op.execute(sql.read("0012_event.sql"))


def downgrade() -> None:
    op.execute(sql.read("0012_down.sql"))
    op.drop_index("ix_occurrence_days", table_name="occurrence")
