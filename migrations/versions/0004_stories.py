"""Copies, stories, occurrences; when rejections are tried again; spans inside their texts.

Revision ID: 0004
Revises: 0003
"""

# ruff: noqa: E501  (constraints and comments as the models have them)
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "occurrence_queue",
        sa.Column(
            "id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Order of arrival"
        ),
        sa.Column(
            "extraction_id",
            sa.BigInteger(),
            nullable=False,
            comment="An extraction whose story or identities changed; may stand here several times",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence_queue")),
        comment="Extractions whose events refresh_occurrences has still to compare; triggers add to it",
    )
    op.create_table(
        "story",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Identity; stays with the group, never reused",
        ),
        sa.Column("articles", sa.Integer(), nullable=False, comment="How many articles carry it"),
        sa.Column("texts", sa.Integer(), nullable=False, comment="How many distinct texts these have"),
        sa.Column(
            "first_published", sa.Date(), nullable=True, comment="First day on which one was published"
        ),
        sa.Column("last_published", sa.Date(), nullable=True, comment="Last day on which one was published"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was seen first",
        ),
        sa.CheckConstraint("articles >= texts AND texts >= 1", name=op.f("ck_story_counts_sign")),
        sa.CheckConstraint("last_published >= first_published", name=op.f("ck_story_published_ordered")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
        comment="Texts told once and printed once or many times; every current article has one",
    )
    op.create_table(
        "story_body",
        sa.Column(
            "id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Identity of the text"
        ),
        sa.Column(
            "hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the words of the body in the search layer's letters",
        ),
        sa.Column("words", sa.Integer(), nullable=False, comment="How many words it has"),
        sa.Column(
            "signature",
            sa.LargeBinary(),
            nullable=False,
            comment="MinHash of its word shingles (flows.resolve.stories)",
        ),
        sa.Column(
            "bands",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Keys under which texts that resemble each other meet",
        ),
        sa.CheckConstraint("octet_length(hash) = 16", name=op.f("ck_story_body_hash_length")),
        sa.CheckConstraint("words >= 0", name=op.f("ck_story_body_words_sign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story_body")),
        sa.UniqueConstraint("hash", name=op.f("uq_story_body_hash")),
        comment="Distinct texts of current articles, titles and bylines left out, with their signatures",
    )
    op.create_index(
        op.f("ix_story_body_bands"),
        "story_body",
        ["bands"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_table(
        "story_queue",
        sa.Column(
            "id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Order of arrival"
        ),
        sa.Column(
            "article_id",
            sa.BigInteger(),
            nullable=False,
            comment="An article whose current extraction or whose place changed; may stand here several times",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story_queue")),
        comment="Articles that refresh_stories has still to read; triggers add to it",
    )
    op.create_table(
        "occurrence",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Identity; stays with the group, never reused",
        ),
        sa.Column(
            "type",
            sa.Text(),
            nullable=False,
            comment="One of PLOVER's sixteen types or of the six civil ones",
        ),
        sa.Column(
            "mode", sa.Text(), nullable=True, comment="Kind within the type: the one most reports give"
        ),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="occurred where one report says so, else as most reports say",
        ),
        sa.Column(
            "place_id", sa.BigInteger(), nullable=True, comment="Where: the place that most reports name"
        ),
        sa.Column(
            "first_day",
            sa.Date(),
            nullable=True,
            comment="First day that all dated reports allow; where they conflict the first that one gives",
        ),
        sa.Column(
            "last_day",
            sa.Date(),
            nullable=True,
            comment="Last day that all dated reports allow; where they conflict the last that one gives",
        ),
        sa.Column(
            "date_precision",
            sa.Text(),
            nullable=False,
            comment="day, week, month, ...; interval where dates conflict",
        ),
        sa.Column(
            "date_conflict",
            sa.Boolean(),
            nullable=False,
            comment="Whether reports give days that exclude each other",
        ),
        sa.Column("reports", sa.Integer(), nullable=False, comment="How many articles report it"),
        sa.Column(
            "stories", sa.Integer(), nullable=False, comment="How many independent ones: copies count once"
        ),
        sa.Column(
            "first_reported", sa.Date(), nullable=True, comment="First day on which a report was published"
        ),
        sa.Column(
            "last_reported", sa.Date(), nullable=True, comment="Last day on which a report was published"
        ),
        sa.Column(
            "confidence", sa.REAL(), nullable=False, comment="How sure, 0 to 1: independent reports add up"
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was seen first",
        ),
        sa.CheckConstraint(
            "date_precision IN ('day', 'week', 'month', 'season', 'quarter', 'year', 'interval', 'unknown')",
            name=op.f("ck_occurrence_date_precision_known"),
        ),
        sa.CheckConstraint(
            "status IN ('occurred', 'ongoing', 'planned', 'called_for', 'denied', 'cancelled', 'hypothetical')",
            name=op.f("ck_occurrence_status_known"),
        ),
        sa.CheckConstraint(
            "type IN ('CONSULT', 'AGREE', 'SUPPORT', 'CONCEDE', 'COOPERATE', 'AID', 'RETREAT', 'REQUEST', 'ACCUSE', 'REJECT', 'THREATEN', 'PROTEST', 'SANCTION', 'MOBILIZE', 'COERCE', 'ASSAULT', 'APPOINT', 'VOTE', 'ACCIDENT', 'DIE', 'HOLD', 'LAUNCH')",
            name=op.f("ck_occurrence_type_known"),
        ),
        sa.CheckConstraint(
            "(first_day IS NULL) = (last_day IS NULL)", name=op.f("ck_occurrence_interval_whole")
        ),
        sa.CheckConstraint(
            "confidence >= 0 AND confidence <= 1", name=op.f("ck_occurrence_confidence_share")
        ),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_occurrence_interval_ordered")),
        sa.CheckConstraint("last_reported >= first_reported", name=op.f("ck_occurrence_reported_ordered")),
        sa.CheckConstraint("reports >= stories AND stories >= 1", name=op.f("ck_occurrence_counts_sign")),
        sa.ForeignKeyConstraint(
            ["place_id"], ["entity.id"], name=op.f("fk_occurrence_place_id_entity"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        comment="Happenings across articles: reports of one and the same joined, none deleted",
    )
    op.create_index(op.f("ix_occurrence_first_day_type"), "occurrence", ["first_day", "type"], unique=False)
    op.create_index(
        op.f("ix_occurrence_place_id_first_day"),
        "occurrence",
        ["place_id", "first_day"],
        unique=False,
        postgresql_where=sa.text("place_id IS NOT NULL"),
    )
    op.create_table(
        "story_pair",
        sa.Column("low_id", sa.BigInteger(), nullable=False, comment="One text: the smaller id"),
        sa.Column("high_id", sa.BigInteger(), nullable=False, comment="The other text"),
        sa.Column(
            "similarity",
            sa.REAL(),
            nullable=False,
            comment="Share of word shingles in common (Jaccard), 0 to 1",
        ),
        sa.CheckConstraint("low_id < high_id", name=op.f("ck_story_pair_ordered")),
        sa.CheckConstraint(
            "similarity >= 0 AND similarity <= 1", name=op.f("ck_story_pair_similarity_share")
        ),
        sa.ForeignKeyConstraint(
            ["high_id"], ["story_body.id"], name=op.f("fk_story_pair_high_id_story_body"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["low_id"], ["story_body.id"], name=op.f("fk_story_pair_low_id_story_body"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("low_id", "high_id", name=op.f("pk_story_pair")),
        comment="Texts that are near copies of each other; stories are the groups that these link",
    )
    op.create_index(op.f("ix_story_pair_high_id"), "story_pair", ["high_id"], unique=False)
    op.create_table(
        "occurrence_link",
        sa.Column(
            "announced_id", sa.BigInteger(), nullable=False, comment="What was planned, called for or denied"
        ),
        sa.Column("happened_id", sa.BigInteger(), nullable=False, comment="What took place"),
        sa.Column("score", sa.REAL(), nullable=False, comment="How well they fit, 0 to 1"),
        sa.CheckConstraint("score >= 0 AND score <= 1", name=op.f("ck_occurrence_link_score_share")),
        sa.ForeignKeyConstraint(
            ["announced_id"],
            ["occurrence.id"],
            name=op.f("fk_occurrence_link_announced_id_occurrence"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["happened_id"],
            ["occurrence.id"],
            name=op.f("fk_occurrence_link_happened_id_occurrence"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("announced_id", "happened_id", name=op.f("pk_occurrence_link")),
        comment="A plan, call, denial or cancellation beside the happening that it speaks of",
    )
    op.create_index(op.f("ix_occurrence_link_happened_id"), "occurrence_link", ["happened_id"], unique=False)
    op.create_table(
        "article_story",
        sa.Column("article_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The article"),
        sa.Column(
            "extraction_id", sa.BigInteger(), nullable=False, comment="The extraction whose text was compared"
        ),
        sa.Column("body_id", sa.BigInteger(), nullable=False, comment="Its text"),
        sa.Column("story_id", sa.BigInteger(), nullable=False, comment="Its story"),
        sa.Column(
            "similarity",
            sa.REAL(),
            nullable=False,
            comment="Share of word shingles in common with the original",
        ),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="original: the first published (by content where days are equal), exact: the same words, near",
        ),
        sa.CheckConstraint("kind IN ('original', 'exact', 'near')", name=op.f("ck_article_story_kind_known")),
        sa.CheckConstraint(
            "similarity >= 0 AND similarity <= 1", name=op.f("ck_article_story_similarity_share")
        ),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_article_story_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["body_id"], ["story_body.id"], name=op.f("fk_article_story_body_id_story_body")
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_article_story_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_article_story_story_id_story")),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_article_story")),
        sa.UniqueConstraint("extraction_id", name=op.f("uq_article_story_extraction_id")),
        comment="Which story an article tells; articles whose bytes no location holds have none",
    )
    op.create_index(op.f("ix_article_story_body_id"), "article_story", ["body_id"], unique=False)
    op.create_index(op.f("ix_article_story_story_id"), "article_story", ["story_id"], unique=False)
    op.create_table(
        "occurrence_event",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("event_n", sa.Integer(), nullable=False, comment="The report: event.n"),
        sa.Column("occurrence_id", sa.BigInteger(), nullable=False, comment="The happening that it reports"),
        sa.Column(
            "score",
            sa.REAL(),
            nullable=False,
            comment="How well it fits the report it fits best, 0 to 1; 1 where it stands alone",
        ),
        sa.Column(
            "blocks",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Keys under which reports of one happening meet",
        ),
        sa.CheckConstraint("score >= 0 AND score <= 1", name=op.f("ck_occurrence_event_score_share")),
        sa.ForeignKeyConstraint(
            ["extraction_id", "event_n"],
            ["event.extraction_id", "event.n"],
            name=op.f("fk_occurrence_event_extraction_id_event_n_event"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_occurrence_event_occurrence_id_occurrence")
        ),
        sa.PrimaryKeyConstraint("extraction_id", "event_n", name=op.f("pk_occurrence_event")),
        comment="Which happening an event of a current article reports",
    )
    op.create_index(
        op.f("ix_occurrence_event_blocks"),
        "occurrence_event",
        ["blocks"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index(
        op.f("ix_occurrence_event_occurrence_id"), "occurrence_event", ["occurrence_id"], unique=False
    )
    op.create_table(
        "occurrence_pair",
        sa.Column(
            "low_extraction_id",
            sa.BigInteger(),
            nullable=False,
            comment="One report: its extraction, the smaller id",
        ),
        sa.Column("low_n", sa.Integer(), nullable=False, comment="One report: event.n"),
        sa.Column(
            "high_extraction_id", sa.BigInteger(), nullable=False, comment="The other report: its extraction"
        ),
        sa.Column("high_n", sa.Integer(), nullable=False, comment="The other report: event.n"),
        sa.Column("score", sa.REAL(), nullable=False, comment="How well they fit, 0 to 1"),
        sa.Column(
            "joins",
            sa.Boolean(),
            nullable=False,
            comment="Whether they mean one happening; otherwise one announces or denies what the other reports",
        ),
        sa.CheckConstraint("low_extraction_id < high_extraction_id", name=op.f("ck_occurrence_pair_ordered")),
        sa.CheckConstraint("score >= 0 AND score <= 1", name=op.f("ck_occurrence_pair_score_share")),
        sa.ForeignKeyConstraint(
            ["high_extraction_id", "high_n"],
            ["occurrence_event.extraction_id", "occurrence_event.event_n"],
            name=op.f("fk_occurrence_pair_high_extraction_id_high_n_occurrence_event"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["low_extraction_id", "low_n"],
            ["occurrence_event.extraction_id", "occurrence_event.event_n"],
            name=op.f("fk_occurrence_pair_low_extraction_id_low_n_occurrence_event"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "low_extraction_id", "low_n", "high_extraction_id", "high_n", name=op.f("pk_occurrence_pair")
        ),
        comment="Reports of different articles that fit each other; occurrences are made of these",
    )
    op.create_index(
        "ix_occurrence_pair_high", "occurrence_pair", ["high_extraction_id", "high_n"], unique=False
    )
    op.add_column(
        "rejection",
        sa.Column(
            "next_try_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When `rasd rejections retry` takes it up again: later after each failure, a week at most",
        ),
    )
    op.execute(sql.read("0004_triggers.sql"))


def downgrade() -> None:
    op.execute(sql.read("0004_down.sql"))
    op.drop_column("rejection", "next_try_at")
    op.drop_index("ix_occurrence_pair_high", table_name="occurrence_pair")
    op.drop_table("occurrence_pair")
    op.drop_index(op.f("ix_occurrence_event_occurrence_id"), table_name="occurrence_event")
    op.drop_index(
        op.f("ix_occurrence_event_blocks"),
        table_name="occurrence_event",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.drop_table("occurrence_event")
    op.drop_index(op.f("ix_article_story_story_id"), table_name="article_story")
    op.drop_index(op.f("ix_article_story_body_id"), table_name="article_story")
    op.drop_table("article_story")
    op.drop_index(op.f("ix_occurrence_link_happened_id"), table_name="occurrence_link")
    op.drop_table("occurrence_link")
    op.drop_index(op.f("ix_story_pair_high_id"), table_name="story_pair")
    op.drop_table("story_pair")
    op.drop_index(
        op.f("ix_occurrence_place_id_first_day"),
        table_name="occurrence",
        postgresql_where=sa.text("place_id IS NOT NULL"),
    )
    op.drop_index(op.f("ix_occurrence_first_day_type"), table_name="occurrence")
    op.drop_table("occurrence")
    op.drop_table("story_queue")
    op.drop_index(
        op.f("ix_story_body_bands"),
        table_name="story_body",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.drop_table("story_body")
    op.drop_table("story")
    op.drop_table("occurrence_queue")
