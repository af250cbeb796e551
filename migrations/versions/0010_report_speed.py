"""Indexes and a function with which questions stay quick on a million articles.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_occurrence_day",
        "occurrence",
        [sa.text("coalesce(first_day, first_reported) DESC NULLS LAST"), sa.text("id DESC")],
    )
    op.create_index(
        "ix_occurrence_attested",
        "occurrence",
        [sa.text("stories DESC"), sa.text("confidence DESC")],
        postgresql_where=sa.text("reports > 1"),
    )
    op.create_index(op.f("ix_occurrence_status_last_day"), "occurrence", ["status", "last_day"])
    op.create_index(op.f("ix_occurrence_status_first_reported"), "occurrence", ["status", "first_reported"])
    op.create_index("ix_entity_name", "entity", ["name"], postgresql_using="hash")
    op.execute(sql.read("0010_functions.sql"))


def downgrade() -> None:
    op.execute(sql.read("0010_down.sql"))
    op.drop_index("ix_entity_name", table_name="entity")
    op.drop_index(op.f("ix_occurrence_status_first_reported"), table_name="occurrence")
    op.drop_index(op.f("ix_occurrence_status_last_day"), table_name="occurrence")
    op.drop_index("ix_occurrence_attested", table_name="occurrence")
    op.drop_index("ix_occurrence_day", table_name="occurrence")
