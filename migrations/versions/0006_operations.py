"""Incremental runs and expectations.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_source",
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="The run"),
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            comment="Slug of the outlet, or its name in the metadata where nobody described it; '' unknown",
        ),
        sa.Column("articles", sa.Integer(), nullable=False, comment="Articles loaded"),
        sa.Column("dated", sa.Integer(), nullable=False, comment="Of these, with a publication date"),
        sa.Column("titled", sa.Integer(), nullable=False, comment="Of these, with a title"),
        sa.Column("arabic", sa.Integer(), nullable=False, comment="Of these, in Arabic"),
        sa.Column("names", sa.Integer(), nullable=False, comment="Names found in them, each once an article"),
        sa.Column("events", sa.Integer(), nullable=False, comment="Events found in them"),
        sa.Column("seconds", sa.REAL(), nullable=False, comment="Computing time of their extraction"),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the run had loaded them",
        ),
        sa.CheckConstraint(
            "articles >= 0 AND names >= 0 AND events >= 0", name=op.f("ck_run_source_counts_sign")
        ),
        sa.CheckConstraint("dated >= 0 AND dated <= articles", name=op.f("ck_run_source_dated_share")),
        sa.CheckConstraint("titled >= 0 AND titled <= articles", name=op.f("ck_run_source_titled_share")),
        sa.CheckConstraint("arabic >= 0 AND arabic <= articles", name=op.f("ck_run_source_arabic_share")),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_run_source_seconds_sign")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_run_source_run_id_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "source", name=op.f("pk_run_source")),
        comment="What a run brought from each source: the history that expectations compare with",
    )
    op.create_index(op.f("ix_run_source_source_run_id"), "run_source", ["source", "run_id"])
    op.create_table(
        "expectation_miss",
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="The run"),
        sa.Column(
            "source", sa.Text(), nullable=False, comment="Slug of the outlet, or its name in the metadata"
        ),
        sa.Column(
            "expectation",
            sa.Text(),
            nullable=False,
            comment="What was expected: minimum_articles, minimum_dated_share, usual_names, ...",
        ),
        sa.Column(
            "expected", sa.REAL(), nullable=False, comment="The bound that was set or that history gives"
        ),
        sa.Column("observed", sa.REAL(), nullable=False, comment="What the run brought"),
        sa.Column("message", sa.Text(), nullable=False, comment="The miss in words"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_expectation_miss_run_id_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "source", "expectation", name=op.f("pk_expectation_miss")),
        comment="Expectations on a source that a run missed (flows/read/sources/*.yaml and history)",
    )


def downgrade() -> None:
    op.drop_table("expectation_miss")
    op.drop_table("run_source")
