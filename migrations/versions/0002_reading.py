"""What reading learns: recurring lines, spelling suggestions.

Revision ID: 0002
Revises: 0001
"""

# ruff: noqa: E501  (constraints and comments as the models have them)
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "learned_generation",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Greater than those before; part of the pipeline version",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When `rasd sources relearn` was called",
        ),
        sa.Column("lines", sa.Integer(), nullable=False, comment="Learned lines in force then"),
        sa.CheckConstraint("lines >= 0", name=op.f("ck_learned_generation_lines_sign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learned_generation")),
        comment="Each row makes a new pipeline version, so that every file is read again",
    )
    op.create_table(
        "reading_source",
        sa.Column("source", sa.Text(), nullable=False, comment="The outlet, as extraction.source has it"),
        sa.Column(
            "articles", sa.Integer(), nullable=False, comment="Its articles whose short lines are counted"
        ),
        sa.CheckConstraint("articles >= 0", name=op.f("ck_reading_source_articles_sign")),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_reading_source")),
        comment="How many articles of a source were looked at for recurring lines",
    )
    op.create_table(
        "line_queue",
        sa.Column(
            "article_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="An article whose short lines are not counted, or not as they are now",
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_line_queue_article_id_article"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_line_queue")),
        comment="Articles that refresh_lines has still to count; the load adds to it",
    )
    op.create_table(
        "recurring_line",
        sa.Column("source", sa.Text(), nullable=False, comment="The outlet, as extraction.source has it"),
        sa.Column("digest", sa.Uuid(), nullable=False, comment="MD5 of the folded line"),
        sa.Column(
            "line",
            sa.Text(),
            nullable=True,
            comment="The line in the search layer's spelling; NULL while few articles have it",
        ),
        sa.Column("articles", sa.Integer(), nullable=False, comment="Articles that have it"),
        sa.Column("edges", sa.Integer(), nullable=False, comment="Of these, how many have it at their edge"),
        sa.Column("example_article_id", sa.BigInteger(), nullable=True, comment="One of them"),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was counted first",
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was counted last",
        ),
        sa.Column(
            "judgement",
            sa.Text(),
            nullable=True,
            comment="What a person said: pinned (always boilerplate), forgotten (never); NULL: the counts decide",
        ),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True, comment="When they said so"),
        sa.CheckConstraint(
            "judgement IN ('pinned', 'forgotten')", name=op.f("ck_recurring_line_judgement_known")
        ),
        sa.CheckConstraint(
            "(judgement IS NULL) = (judged_at IS NULL)", name=op.f("ck_recurring_line_judgement_whole")
        ),
        sa.CheckConstraint(
            "articles >= 0 AND edges >= 0 AND edges <= articles",
            name=op.f("ck_recurring_line_counts_ordered"),
        ),
        sa.CheckConstraint(
            "judgement IS NULL OR line IS NOT NULL", name=op.f("ck_recurring_line_judged_is_named")
        ),
        sa.ForeignKeyConstraint(
            ["example_article_id"],
            ["article.id"],
            name=op.f("fk_recurring_line_example_article_id_article"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("source", "digest", name=op.f("pk_recurring_line")),
        comment="How many articles of a source have the same short line: learned boilerplate",
    )
    op.create_index(
        op.f("ix_recurring_line_example_article_id"), "recurring_line", ["example_article_id"], unique=False
    )
    op.create_index(
        "ix_recurring_line_named",
        "recurring_line",
        ["source", "articles"],
        unique=False,
        postgresql_where=sa.text("line IS NOT NULL"),
    )
    op.create_table(
        "counted_lines",
        sa.Column("article_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The article"),
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="Whose short lines were counted"),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_counted_lines_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_counted_lines_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_counted_lines")),
        comment="Which extraction of an article stands in recurring_line: each article counts once",
    )
    op.create_index(op.f("ix_counted_lines_extraction_id"), "counted_lines", ["extraction_id"], unique=False)
    op.create_table(
        "short_line",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("n", sa.Integer(), nullable=False, comment="Number in the article, from 0"),
        sa.Column("folded", sa.Text(), nullable=False, comment="The line in the search layer's spelling"),
        sa.Column(
            "edge",
            sa.Boolean(),
            nullable=False,
            comment="It stands among the first or last lines, but is not the first",
        ),
        sa.CheckConstraint("folded <> ''", name=op.f("ck_short_line_folded_not_empty")),
        sa.CheckConstraint("n >= 0", name=op.f("ck_short_line_n_sign")),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_short_line_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "n", name=op.f("pk_short_line")),
        comment="Short lines that are boilerplate if many articles of the source have them",
    )
    op.create_table(
        "spelling_suggestion",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("clean_start", sa.Integer(), nullable=False, comment="First character in extraction.text"),
        sa.Column(
            "clean_end",
            sa.Integer(),
            nullable=False,
            comment="One past the last character in extraction.text",
        ),
        sa.Column("word", sa.Text(), nullable=False, comment="The word as it stands there"),
        sa.Column("suggestion", sa.Text(), nullable=False, comment="What it was probably meant to be"),
        sa.Column("confidence", sa.REAL(), nullable=False, comment="How sure, 0 to 1"),
        sa.Column(
            "edit", sa.Text(), nullable=False, comment="What parts the two: substitution, transposition, ..."
        ),
        sa.Column(
            "word_count", sa.Integer(), nullable=False, comment="How often the word stands in all articles"
        ),
        sa.Column(
            "suggestion_count",
            sa.Integer(),
            nullable=False,
            comment="How often the suggestion stands in all articles",
        ),
        sa.CheckConstraint(
            "edit IN ('substitution', 'transposition', 'insertion', 'deletion')",
            name=op.f("ck_spelling_suggestion_edit_known"),
        ),
        sa.CheckConstraint(
            "word <> suggestion AND suggestion <> ''", name=op.f("ck_spelling_suggestion_differs")
        ),
        sa.CheckConstraint(
            "clean_start >= 0 AND clean_end > clean_start", name=op.f("ck_spelling_suggestion_clean_span")
        ),
        sa.CheckConstraint(
            "confidence >= 0 AND confidence <= 1", name=op.f("ck_spelling_suggestion_confidence_share")
        ),
        sa.CheckConstraint(
            "word_count >= 1 AND suggestion_count >= 1", name=op.f("ck_spelling_suggestion_counts_sign")
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_spelling_suggestion_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "clean_start", name=op.f("pk_spelling_suggestion")),
        comment="Words that look misspelt and what was probably meant; stored text is never changed",
    )
    op.create_index(op.f("ix_spelling_suggestion_word"), "spelling_suggestion", ["word"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_spelling_suggestion_word"), table_name="spelling_suggestion")
    op.drop_table("spelling_suggestion")
    op.drop_table("short_line")
    op.drop_index(op.f("ix_counted_lines_extraction_id"), table_name="counted_lines")
    op.drop_table("counted_lines")
    op.drop_index(
        "ix_recurring_line_named", table_name="recurring_line", postgresql_where=sa.text("line IS NOT NULL")
    )
    op.drop_index(op.f("ix_recurring_line_example_article_id"), table_name="recurring_line")
    op.drop_table("recurring_line")
    op.drop_table("line_queue")
    op.drop_table("reading_source")
    op.drop_table("learned_generation")
