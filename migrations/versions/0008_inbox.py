"""Hints that spare reading unchanged files.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_hint",
        sa.Column(
            "pipeline_version_id",
            sa.BigInteger(),
            nullable=False,
            comment="The pipeline version that has read it",
        ),
        sa.Column(
            "fingerprint",
            sa.BigInteger(),
            nullable=False,
            comment="Hash of address, size, times and stated metadata of a file that is loaded",
        ),
        sa.ForeignKeyConstraint(
            ["pipeline_version_id"],
            ["pipeline_version.id"],
            name=op.f("fk_file_hint_pipeline_version_id_pipeline_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pipeline_version_id", "fingerprint", name=op.f("pk_file_hint")),
        comment="Files that need not be read again while their listing stays the same; a hint only",
    )


def downgrade() -> None:
    op.drop_table("file_hint")
