"""Tables of articles, what was extracted from them, runs; views for reports.

Revision ID: 0001
Revises:
Create Date: 2026-11-22 20:10:25.393815
"""

# ruff: noqa: E501  (constraints and comments as the models have them)
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a trusted extension: the database's owner may create it
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "entity",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Identity; stable, never reused",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="PERSON, ORGANIZATION, LOCATION or NAMED_EVENT"),
        sa.Column(
            "key",
            sa.Text(),
            nullable=False,
            comment="One key for all spellings of the name (article_entity.key)",
        ),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="The longest spelling, first by code point of several"
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was named first",
        ),
        sa.CheckConstraint(
            "kind IN ('PERSON', 'ORGANIZATION', 'LOCATION', 'NAMED_EVENT')", name=op.f("ck_entity_kind_known")
        ),
        sa.CheckConstraint("name <> '' AND key <> ''", name=op.f("ck_entity_name_not_empty")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_entity_kind_key")),
        comment="Named things across articles, derived from article_entity by kind and key",
    )
    op.create_table(
        "pipeline_version",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Identity; a greater one is a newer version",
        ),
        sa.Column(
            "digest", sa.LargeBinary(), nullable=False, comment="Hash over code, lexicons, model and settings"
        ),
        sa.Column(
            "description",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What the digest is made of",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was used first",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_version")),
        sa.UniqueConstraint("digest", name=op.f("uq_pipeline_version_digest")),
        comment="Versions of the whole pipeline: code, lexicons, model, settings",
    )
    op.create_table(
        "raw_file",
        sa.Column(
            "id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Identity of the content"
        ),
        sa.Column("sha256", sa.LargeBinary(), nullable=False, comment="SHA-256 of the bytes"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="Length in bytes"),
        sa.Column("data", sa.LargeBinary(), nullable=False, comment="The bytes as they came; never changed"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When these bytes came first",
        ),
        sa.CheckConstraint("octet_length(data) = size", name=op.f("ck_raw_file_size_is_length")),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_raw_file_sha256_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw_file")),
        sa.UniqueConstraint("sha256", name=op.f("uq_raw_file_sha256")),
        comment="Distinct contents of files; the same bytes under two names are one row",
    )
    op.create_table(
        "run",
        sa.Column(
            "id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Identity of the run"
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="What was run: ingest, backfill, refresh, ..."),
        sa.Column(
            "state",
            sa.Text(),
            server_default="running",
            nullable=False,
            comment="running, completed, partial (some files rejected), failed, crashed or cancelled",
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it began",
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it ended; NULL while it runs",
        ),
        sa.Column(
            "parameters",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What it was asked to do: paths, options, pipeline version",
        ),
        sa.Column(
            "counts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What it did: files seen, loaded, known, rejected, rows by table",
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="Why it failed, for people"),
        sa.CheckConstraint(
            "(state = 'running') = (finished_at IS NULL)", name=op.f("ck_run_finished_when_over")
        ),
        sa.CheckConstraint(
            "state IN ('running', 'completed', 'partial', 'failed', 'crashed', 'cancelled')",
            name=op.f("ck_run_state_known"),
        ),
        sa.CheckConstraint("finished_at >= started_at", name=op.f("ck_run_times_ordered")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        comment="One row for every run of a flow",
    )
    op.create_table(
        "article",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Identity of the article; stable, never reused",
        ),
        sa.Column("raw_file_id", sa.BigInteger(), nullable=False, comment="Its bytes"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was read first",
        ),
        sa.ForeignKeyConstraint(
            ["raw_file_id"], ["raw_file.id"], name=op.f("fk_article_raw_file_id_raw_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("raw_file_id", name=op.f("uq_article_raw_file_id")),
        comment="Raw files that could be read as an article; what they say is in extraction",
    )
    op.create_table(
        "entity_alias",
        sa.Column("entity_id", sa.BigInteger(), nullable=False, comment="The entity"),
        sa.Column("surface", sa.Text(), nullable=False, comment="A spelling of its name, clean"),
        sa.Column("folded", sa.Text(), nullable=False, comment="The spelling in the search layer's letters"),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name=op.f("fk_entity_alias_entity_id_entity"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entity_id", "surface", name=op.f("pk_entity_alias")),
        comment="Spellings under which an entity was named",
    )
    op.create_index(
        "ix_entity_alias_folded_trgm",
        "entity_alias",
        ["folded"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
    )
    op.create_table(
        "location",
        sa.Column(
            "id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Identity of the place"
        ),
        sa.Column(
            "uri",
            sa.Text(),
            nullable=False,
            comment="Absolute path or URL; members of archives as archive::member; undecodable bytes as \\xNN",
        ),
        sa.Column("raw_file_id", sa.BigInteger(), nullable=False, comment="The bytes that it holds now"),
        sa.Column(
            "metadata_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the metadata that stands beside them now",
        ),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="Ordinal of its newest version in location_version",
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_location_version_positive")),
        sa.ForeignKeyConstraint(
            ["raw_file_id"], ["raw_file.id"], name=op.f("fk_location_raw_file_id_raw_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
        sa.UniqueConstraint("uri", name=op.f("uq_location_uri")),
        comment="Where files were seen, and what they hold now",
    )
    op.create_index(op.f("ix_location_raw_file_id"), "location", ["raw_file_id"], unique=False)
    op.create_table(
        "rejection",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Identity of the rejection",
        ),
        sa.Column("run_id", sa.BigInteger(), nullable=True, comment="The run that saw it last"),
        sa.Column(
            "uri",
            sa.Text(),
            nullable=False,
            comment="The file: absolute path or URL, members as archive::member",
        ),
        sa.Column(
            "stage",
            sa.Text(),
            nullable=False,
            comment="Where it failed: discover, read, decode, layout, load, ...",
        ),
        sa.Column(
            "cause", sa.Text(), nullable=False, comment="A stable short code: empty, binary, too_large, ..."
        ),
        sa.Column("message", sa.Text(), nullable=False, comment="The cause in words"),
        sa.Column("sha256", sa.LargeBinary(), nullable=True, comment="SHA-256 of the bytes, where readable"),
        sa.Column("size", sa.BigInteger(), nullable=True, comment="The file's size in bytes, where known"),
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default=sa.text("1"),
            nullable=False,
            comment="How often it was tried in vain",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it failed first",
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it failed last",
        ),
        sa.Column(
            "resolved_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the file could be loaded after all, or a person closed the case; NULL while open",
        ),
        sa.Column(
            "resolution", sa.Text(), nullable=True, comment="How it was resolved: loaded, dismissed, ..."
        ),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolution IS NULL)", name=op.f("ck_rejection_resolution_whole")
        ),
        sa.CheckConstraint("attempts >= 1", name=op.f("ck_rejection_attempts_positive")),
        sa.CheckConstraint("last_seen_at >= first_seen_at", name=op.f("ck_rejection_times_ordered")),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_rejection_sha256_length")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_rejection_size_sign")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_rejection_run_id_run"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejection")),
        comment="Files that could not be turned into articles; one open row a file and stage",
    )
    op.create_index(
        "uq_rejection_open",
        "rejection",
        ["uri", "stage"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "extraction",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Identity of the extraction",
        ),
        sa.Column("article_id", sa.BigInteger(), nullable=False, comment="The article"),
        sa.Column(
            "pipeline_version_id",
            sa.BigInteger(),
            nullable=False,
            comment="The pipeline version that made it",
        ),
        sa.Column(
            "metadata_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the metadata that it was made with",
        ),
        sa.Column(
            "is_current",
            sa.Boolean(),
            nullable=False,
            comment="Whether reports read this one: newest pipeline version, metadata of the first location",
        ),
        sa.Column("run_id", sa.BigInteger(), nullable=True, comment="The run that made it"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was loaded",
        ),
        sa.Column("title", sa.Text(), nullable=True, comment="The title, clean; NULL where none was found"),
        sa.Column(
            "text",
            sa.Text(),
            nullable=False,
            comment="Clean text, blocks separated by a newline, title first; clean spans count in it from 0",
        ),
        sa.Column(
            "alignment",
            sa.LargeBinary(),
            nullable=False,
            comment="Way from clean to raw characters: run lengths (flows.clean.normalize.unpack_alignment)",
        ),
        sa.Column(
            "blocks",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="[kind, clean start, clean end] of each block",
        ),
        sa.Column(
            "boilerplate",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="[raw start, raw end] of removed parts",
        ),
        sa.Column(
            "faults",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="[kind, byte offset, length, note] of what reading survived",
        ),
        sa.Column(
            "encoding",
            sa.Text(),
            nullable=False,
            comment="Python codec that turns raw_file.data into the raw text",
        ),
        sa.Column(
            "encoding_basis",
            sa.Text(),
            nullable=False,
            comment="How it was chosen: bom, utf-8, statistics, declared",
        ),
        sa.Column("encoding_confidence", sa.REAL(), nullable=False, comment="How sure, 0 to 1"),
        sa.Column("language", sa.Text(), nullable=False, comment="ISO 639-1 code, or und"),
        sa.Column(
            "arabic_share", sa.REAL(), nullable=False, comment="Arabic letters among all letters, 0 to 1"
        ),
        sa.Column("source", sa.Text(), nullable=True, comment="The outlet"),
        sa.Column(
            "published_start", sa.Text(), nullable=True, comment="Published from: YYYY, YYYY-MM or YYYY-MM-DD"
        ),
        sa.Column(
            "published_end", sa.Text(), nullable=True, comment="Published to: YYYY, YYYY-MM or YYYY-MM-DD"
        ),
        sa.Column("published_first_day", sa.Date(), nullable=True, comment="First day of the interval"),
        sa.Column("published_last_day", sa.Date(), nullable=True, comment="Last day of the interval"),
        sa.Column("published_precision", sa.Text(), nullable=False, comment="day, month, year, ..., unknown"),
        sa.Column(
            "published_basis", sa.Text(), nullable=False, comment="Its origin: metadata, text, inferred, none"
        ),
        sa.Column(
            "published_rule", sa.Text(), server_default="", nullable=False, comment="The rule that found it"
        ),
        sa.Column("seconds", sa.REAL(), nullable=False, comment="Computing time of the extraction"),
        sa.Column(
            "terms",
            postgresql.TSVECTOR(),
            nullable=True,
            comment="Folded words and light stems with positions, made by the worker; for search",
        ),
        sa.CheckConstraint(
            "published_basis IN ('metadata', 'text', 'inferred', 'none')",
            name=op.f("ck_extraction_published_basis_known"),
        ),
        sa.CheckConstraint(
            "published_precision IN ('day', 'week', 'month', 'season', 'quarter', 'year', 'interval', 'unknown')",
            name=op.f("ck_extraction_published_precision_known"),
        ),
        sa.CheckConstraint("text <> ''", name=op.f("ck_extraction_text_not_empty")),
        sa.CheckConstraint(
            "arabic_share >= 0 AND arabic_share <= 1", name=op.f("ck_extraction_arabic_share_share")
        ),
        sa.CheckConstraint(
            "encoding_confidence >= 0 AND encoding_confidence <= 1",
            name=op.f("ck_extraction_encoding_confidence_share"),
        ),
        sa.CheckConstraint(
            "published_last_day >= published_first_day", name=op.f("ck_extraction_published_ordered")
        ),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_extraction_seconds_sign")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_extraction_article_id_article"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["pipeline_version_id"],
            ["pipeline_version.id"],
            name=op.f("fk_extraction_pipeline_version_id_pipeline_version"),
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_extraction_run_id_run"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extraction")),
        sa.UniqueConstraint(
            "article_id",
            "pipeline_version_id",
            "metadata_hash",
            name=op.f("uq_extraction_article_id_pipeline_version_id_metadata_hash"),
        ),
        comment="What one pipeline version says about one article with one set of metadata",
    )
    op.create_index(
        "uq_extraction_current",
        "extraction",
        ["article_id"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "location_version",
        sa.Column("location_id", sa.BigInteger(), nullable=False, comment="The place"),
        sa.Column(
            "ordinal", sa.Integer(), nullable=False, comment="1 for what was seen there first, 2 for the next"
        ),
        sa.Column("raw_file_id", sa.BigInteger(), nullable=False, comment="The bytes that it held"),
        sa.Column(
            "metadata_hash", sa.LargeBinary(), nullable=False, comment="Hash of the metadata beside them"
        ),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Title, published, url, source and more as sidecar or manifest say",
        ),
        sa.Column(
            "modified_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="The file's own time of change; a hint only",
        ),
        sa.Column("run_id", sa.BigInteger(), nullable=True, comment="The run that saw it first"),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was seen first",
        ),
        sa.CheckConstraint("ordinal >= 1", name=op.f("ck_location_version_ordinal_positive")),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["location.id"],
            name=op.f("fk_location_version_location_id_location"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["raw_file_id"], ["raw_file.id"], name=op.f("fk_location_version_raw_file_id_raw_file")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_location_version_run_id_run"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("location_id", "ordinal", name=op.f("pk_location_version")),
        comment="The succession of contents and metadata seen at each location; append-only",
    )
    op.create_index(
        op.f("ix_location_version_raw_file_id"), "location_version", ["raw_file_id"], unique=False
    )
    op.create_table(
        "article_entity",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("n", sa.Integer(), nullable=False, comment="Number in the article, from 0"),
        sa.Column("kind", sa.Text(), nullable=False, comment="PERSON, ORGANIZATION, LOCATION or NAMED_EVENT"),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="Its fullest form in the article, clean spelling"
        ),
        sa.Column(
            "name_folded", sa.Text(), nullable=False, comment="The name in the search layer's spelling"
        ),
        sa.Column(
            "key",
            sa.Text(),
            nullable=False,
            comment="One key for all spellings of the name; with kind it leads to entity, and is never rewritten",
        ),
        sa.CheckConstraint(
            "kind IN ('PERSON', 'ORGANIZATION', 'LOCATION', 'NAMED_EVENT')",
            name=op.f("ck_article_entity_kind_known"),
        ),
        sa.CheckConstraint("name <> '' AND key <> ''", name=op.f("ck_article_entity_name_not_empty")),
        sa.CheckConstraint("n >= 0", name=op.f("ck_article_entity_n_sign")),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_article_entity_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "n", name=op.f("pk_article_entity")),
        comment="Named things of one article: one row for all mentions of one of them",
    )
    op.create_index(op.f("ix_article_entity_key_kind"), "article_entity", ["key", "kind"], unique=False)
    op.create_table(
        "date_expression",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("n", sa.Integer(), nullable=False, comment="Number in the article, from 0"),
        sa.Column("clean_start", sa.Integer(), nullable=False, comment="First character in extraction.text"),
        sa.Column(
            "clean_end",
            sa.Integer(),
            nullable=False,
            comment="One past the last character in extraction.text",
        ),
        sa.Column("raw_start", sa.Integer(), nullable=False, comment="First character in the decoded file"),
        sa.Column(
            "raw_end", sa.Integer(), nullable=False, comment="One past the last character in the decoded file"
        ),
        sa.Column("surface", sa.Text(), nullable=False, comment="The raw letters of the span"),
        sa.Column(
            "value_start",
            sa.Text(),
            nullable=True,
            comment="From: ISO 8601 as precise as the text (YYYY, YYYY-MM, YYYY-MM-DD); NULL where open",
        ),
        sa.Column("value_end", sa.Text(), nullable=True, comment="To: in the same form"),
        sa.Column("first_day", sa.Date(), nullable=True, comment="First day that value_start can mean"),
        sa.Column("last_day", sa.Date(), nullable=True, comment="Last day that value_end can mean"),
        sa.Column(
            "precision", sa.Text(), nullable=False, comment="day, week, month, season, quarter, year, ..."
        ),
        sa.Column(
            "calendar",
            sa.Text(),
            nullable=False,
            comment="The calendar that the text uses: gregorian or hijri",
        ),
        sa.Column(
            "basis",
            sa.Text(),
            nullable=False,
            comment="What decided the value: metadata, text, inferred, none",
        ),
        sa.Column("rule", sa.Text(), nullable=False, comment="The rule that resolved it"),
        sa.Column(
            "candidates",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="What remains possible where the value is open",
        ),
        sa.Column(
            "conflict", sa.Text(), nullable=True, comment="What the text says against it, such as a weekday"
        ),
        sa.CheckConstraint(
            "basis IN ('metadata', 'text', 'inferred', 'none')", name=op.f("ck_date_expression_basis_known")
        ),
        sa.CheckConstraint(
            "calendar IN ('gregorian', 'hijri')", name=op.f("ck_date_expression_calendar_known")
        ),
        sa.CheckConstraint(
            "precision IN ('day', 'week', 'month', 'season', 'quarter', 'year', 'interval', 'unknown')",
            name=op.f("ck_date_expression_precision_known"),
        ),
        sa.CheckConstraint(
            "clean_start >= 0 AND clean_end > clean_start", name=op.f("ck_date_expression_clean_span")
        ),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_date_expression_interval_ordered")),
        sa.CheckConstraint("n >= 0", name=op.f("ck_date_expression_n_sign")),
        sa.CheckConstraint(
            "raw_start >= 0 AND raw_end > raw_start", name=op.f("ck_date_expression_raw_span")
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_date_expression_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "n", name=op.f("pk_date_expression")),
        comment="Temporal expressions of an article and the interval that each one means",
    )
    op.create_table(
        "entity_queue",
        sa.Column(
            "extraction_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="An extraction whose names are not in entity yet",
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_entity_queue_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", name=op.f("pk_entity_queue")),
        comment="Extractions that refresh_entities has still to read; the load adds to it",
    )
    op.create_table(
        "sentence",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("n", sa.Integer(), nullable=False, comment="Number in the article, from 0"),
        sa.Column("clean_start", sa.Integer(), nullable=False, comment="First character in extraction.text"),
        sa.Column(
            "clean_end",
            sa.Integer(),
            nullable=False,
            comment="One past the last character in extraction.text",
        ),
        sa.Column("raw_start", sa.Integer(), nullable=False, comment="First character in the decoded file"),
        sa.Column(
            "raw_end", sa.Integer(), nullable=False, comment="One past the last character in the decoded file"
        ),
        sa.CheckConstraint(
            "clean_start >= 0 AND clean_end > clean_start", name=op.f("ck_sentence_clean_span")
        ),
        sa.CheckConstraint("n >= 0", name=op.f("ck_sentence_n_sign")),
        sa.CheckConstraint("raw_start >= 0 AND raw_end > raw_start", name=op.f("ck_sentence_raw_span")),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_sentence_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "n", name=op.f("pk_sentence")),
        comment="Sentences of an article; their text is substr(extraction.text, clean_start + 1, ...)",
    )
    op.create_table(
        "event",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("n", sa.Integer(), nullable=False, comment="Number in the article, from 0"),
        sa.Column(
            "type",
            sa.Text(),
            nullable=False,
            comment="One of PLOVER's sixteen types or of the six civil ones",
        ),
        sa.Column("mode", sa.Text(), nullable=True, comment="PLOVER's mode, such as visit or phone"),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="occurred, ongoing, planned, called_for, denied, cancelled, hypothetical",
        ),
        sa.Column("location_n", sa.Integer(), nullable=True, comment="Where: article_entity.n"),
        sa.Column("date_n", sa.Integer(), nullable=True, comment="When: date_expression.n; NULL if unsaid"),
        sa.Column(
            "sentence_n", sa.Integer(), nullable=True, comment="The sentence of its first trigger: sentence.n"
        ),
        sa.Column(
            "attribution_clean_start",
            sa.Integer(),
            nullable=True,
            comment="Who says so: first clean character",
        ),
        sa.Column(
            "attribution_clean_end", sa.Integer(), nullable=True, comment="Who says so: one past the last one"
        ),
        sa.Column(
            "attribution_raw_start", sa.Integer(), nullable=True, comment="Who says so: first raw character"
        ),
        sa.Column(
            "attribution_raw_end", sa.Integer(), nullable=True, comment="Who says so: one past the last one"
        ),
        sa.Column("confidence", sa.REAL(), nullable=False, comment="How sure, 0 to 1"),
        sa.Column("rule", sa.Text(), nullable=False, comment="The rule that made it"),
        sa.CheckConstraint(
            "status IN ('occurred', 'ongoing', 'planned', 'called_for', 'denied', 'cancelled', 'hypothetical')",
            name=op.f("ck_event_status_known"),
        ),
        sa.CheckConstraint(
            "type IN ('CONSULT', 'AGREE', 'SUPPORT', 'CONCEDE', 'COOPERATE', 'AID', 'RETREAT', 'REQUEST', 'ACCUSE', 'REJECT', 'THREATEN', 'PROTEST', 'SANCTION', 'MOBILIZE', 'COERCE', 'ASSAULT', 'APPOINT', 'VOTE', 'ACCIDENT', 'DIE', 'HOLD', 'LAUNCH')",
            name=op.f("ck_event_type_known"),
        ),
        sa.CheckConstraint(
            "(attribution_clean_start IS NULL) = (attribution_clean_end IS NULL) AND (attribution_clean_start IS NULL OR (attribution_clean_start >= 0 AND attribution_clean_end > attribution_clean_start))",
            name=op.f("ck_event_attribution_clean_span"),
        ),
        sa.CheckConstraint(
            "(attribution_raw_start IS NULL) = (attribution_raw_end IS NULL) AND (attribution_raw_start IS NULL OR (attribution_raw_start >= 0 AND attribution_raw_end > attribution_raw_start))",
            name=op.f("ck_event_attribution_raw_span"),
        ),
        sa.CheckConstraint("confidence >= 0 AND confidence <= 1", name=op.f("ck_event_confidence_share")),
        sa.CheckConstraint("n >= 0", name=op.f("ck_event_n_sign")),
        sa.ForeignKeyConstraint(
            ["extraction_id", "date_n"],
            ["date_expression.extraction_id", "date_expression.n"],
            name=op.f("fk_event_extraction_id_date_n_date_expression"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id", "location_n"],
            ["article_entity.extraction_id", "article_entity.n"],
            name=op.f("fk_event_extraction_id_location_n_article_entity"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id", "sentence_n"],
            ["sentence.extraction_id", "sentence.n"],
            name=op.f("fk_event_extraction_id_sentence_n_sentence"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_event_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "n", name=op.f("pk_event")),
        comment="Events as one article reports them",
    )
    op.create_table(
        "mention",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("n", sa.Integer(), nullable=False, comment="Number in the article, from 0, by position"),
        sa.Column("entity_n", sa.Integer(), nullable=False, comment="What it names: article_entity.n"),
        sa.Column("clean_start", sa.Integer(), nullable=False, comment="First character in extraction.text"),
        sa.Column(
            "clean_end",
            sa.Integer(),
            nullable=False,
            comment="One past the last character in extraction.text",
        ),
        sa.Column("raw_start", sa.Integer(), nullable=False, comment="First character in the decoded file"),
        sa.Column(
            "raw_end", sa.Integer(), nullable=False, comment="One past the last character in the decoded file"
        ),
        sa.Column("surface", sa.Text(), nullable=False, comment="The raw letters of the span"),
        sa.Column("confidence", sa.REAL(), nullable=False, comment="How sure, 0 to 1"),
        sa.Column("method", sa.Text(), nullable=False, comment="The engine or rule that found it"),
        sa.CheckConstraint(
            "clean_start >= 0 AND clean_end > clean_start", name=op.f("ck_mention_clean_span")
        ),
        sa.CheckConstraint("confidence >= 0 AND confidence <= 1", name=op.f("ck_mention_confidence_share")),
        sa.CheckConstraint("n >= 0", name=op.f("ck_mention_n_sign")),
        sa.CheckConstraint("raw_start >= 0 AND raw_end > raw_start", name=op.f("ck_mention_raw_span")),
        sa.ForeignKeyConstraint(
            ["extraction_id", "entity_n"],
            ["article_entity.extraction_id", "article_entity.n"],
            name=op.f("fk_mention_extraction_id_entity_n_article_entity"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_mention_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "n", name=op.f("pk_mention")),
        comment="Every place where an article names something, attached clitics left outside the span",
    )
    op.create_table(
        "office",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("n", sa.Integer(), nullable=False, comment="Number in the article, from 0"),
        sa.Column("person_n", sa.Integer(), nullable=False, comment="Who holds it: article_entity.n"),
        sa.Column(
            "organization_n", sa.Integer(), nullable=True, comment="Where: article_entity.n; NULL if unnamed"
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="The office as written, clean spelling"),
        sa.Column(
            "tenure", sa.Text(), nullable=False, comment="current, former, acting or elect, as of the article"
        ),
        sa.Column(
            "clean_start",
            sa.Integer(),
            nullable=False,
            comment="First character of the title in extraction.text",
        ),
        sa.Column(
            "clean_end",
            sa.Integer(),
            nullable=False,
            comment="One past its last character in extraction.text",
        ),
        sa.Column(
            "raw_start",
            sa.Integer(),
            nullable=False,
            comment="First character of the title in the decoded file",
        ),
        sa.Column(
            "raw_end", sa.Integer(), nullable=False, comment="One past its last character in the decoded file"
        ),
        sa.Column("surface", sa.Text(), nullable=False, comment="The raw letters of the span"),
        sa.Column("confidence", sa.REAL(), nullable=False, comment="How sure, 0 to 1"),
        sa.CheckConstraint(
            "tenure IN ('current', 'former', 'acting', 'elect')", name=op.f("ck_office_tenure_known")
        ),
        sa.CheckConstraint("title <> ''", name=op.f("ck_office_title_not_empty")),
        sa.CheckConstraint("clean_start >= 0 AND clean_end > clean_start", name=op.f("ck_office_clean_span")),
        sa.CheckConstraint("confidence >= 0 AND confidence <= 1", name=op.f("ck_office_confidence_share")),
        sa.CheckConstraint("n >= 0", name=op.f("ck_office_n_sign")),
        sa.CheckConstraint("raw_start >= 0 AND raw_end > raw_start", name=op.f("ck_office_raw_span")),
        sa.ForeignKeyConstraint(
            ["extraction_id", "organization_n"],
            ["article_entity.extraction_id", "article_entity.n"],
            name=op.f("fk_office_extraction_id_organization_n_article_entity"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id", "person_n"],
            ["article_entity.extraction_id", "article_entity.n"],
            name=op.f("fk_office_extraction_id_person_n_article_entity"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_office_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "n", name=op.f("pk_office")),
        comment="Offices that an article says people hold",
    )
    op.create_table(
        "quotation",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("n", sa.Integer(), nullable=False, comment="Number in the article, from 0"),
        sa.Column(
            "speaker_n", sa.Integer(), nullable=True, comment="Who: article_entity.n; NULL where unnamed"
        ),
        sa.Column("speaker", sa.Text(), nullable=False, comment="The speaker as written"),
        sa.Column(
            "direct", sa.Boolean(), nullable=False, comment="Whether the words stand in quotation marks"
        ),
        sa.Column(
            "verb_clean_start", sa.Integer(), nullable=False, comment="Verb of saying: first clean character"
        ),
        sa.Column(
            "verb_clean_end", sa.Integer(), nullable=False, comment="Verb of saying: one past the last one"
        ),
        sa.Column(
            "verb_raw_start", sa.Integer(), nullable=False, comment="Verb of saying: first raw character"
        ),
        sa.Column(
            "verb_raw_end", sa.Integer(), nullable=False, comment="Verb of saying: one past the last one"
        ),
        sa.Column(
            "clean_start", sa.Integer(), nullable=False, comment="What was said: first clean character"
        ),
        sa.Column(
            "clean_end",
            sa.Integer(),
            nullable=False,
            comment="What was said: one past the last clean character",
        ),
        sa.Column("raw_start", sa.Integer(), nullable=False, comment="What was said: first raw character"),
        sa.Column(
            "raw_end", sa.Integer(), nullable=False, comment="What was said: one past the last raw character"
        ),
        sa.Column("surface", sa.Text(), nullable=False, comment="What was said: the raw letters"),
        sa.CheckConstraint(
            "clean_start >= 0 AND clean_end > clean_start", name=op.f("ck_quotation_clean_span")
        ),
        sa.CheckConstraint("n >= 0", name=op.f("ck_quotation_n_sign")),
        sa.CheckConstraint("raw_start >= 0 AND raw_end > raw_start", name=op.f("ck_quotation_raw_span")),
        sa.CheckConstraint(
            "verb_clean_start >= 0 AND verb_clean_end > verb_clean_start",
            name=op.f("ck_quotation_verb_clean_span"),
        ),
        sa.CheckConstraint(
            "verb_raw_start >= 0 AND verb_raw_end > verb_raw_start", name=op.f("ck_quotation_verb_raw_span")
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id", "speaker_n"],
            ["article_entity.extraction_id", "article_entity.n"],
            name=op.f("fk_quotation_extraction_id_speaker_n_article_entity"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_quotation_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "n", name=op.f("pk_quotation")),
        comment="Who said what",
    )
    op.create_table(
        "event_participant",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("event_n", sa.Integer(), nullable=False, comment="The event: event.n"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="Number in the event, from 0"),
        sa.Column(
            "role",
            sa.Text(),
            nullable=False,
            comment="actor (of a visit: the visitor) or recipient (the host)",
        ),
        sa.Column(
            "entity_n", sa.Integer(), nullable=True, comment="Who: article_entity.n; NULL where unnamed"
        ),
        sa.Column(
            "text",
            sa.Text(),
            nullable=False,
            comment="The entity's name, or the noun phrase's head as written",
        ),
        sa.Column(
            "clean_start",
            sa.Integer(),
            nullable=True,
            comment="First character in extraction.text, where named",
        ),
        sa.Column(
            "clean_end", sa.Integer(), nullable=True, comment="One past the last character in extraction.text"
        ),
        sa.Column(
            "raw_start",
            sa.Integer(),
            nullable=True,
            comment="First character in the decoded file, where named",
        ),
        sa.Column(
            "raw_end", sa.Integer(), nullable=True, comment="One past the last character in the decoded file"
        ),
        sa.Column("surface", sa.Text(), nullable=True, comment="The raw letters of the span, where named"),
        sa.CheckConstraint("role IN ('actor', 'recipient')", name=op.f("ck_event_participant_role_known")),
        sa.CheckConstraint("text <> ''", name=op.f("ck_event_participant_text_not_empty")),
        sa.CheckConstraint(
            "(clean_start IS NULL) = (clean_end IS NULL) AND (clean_start IS NULL OR (clean_start >= 0 AND clean_end > clean_start))",
            name=op.f("ck_event_participant_clean_span"),
        ),
        sa.CheckConstraint(
            "(clean_start IS NULL) = (raw_start IS NULL) AND (raw_start IS NULL) = (surface IS NULL)",
            name=op.f("ck_event_participant_spans_together"),
        ),
        sa.CheckConstraint(
            "(raw_start IS NULL) = (raw_end IS NULL) AND (raw_start IS NULL OR (raw_start >= 0 AND raw_end > raw_start))",
            name=op.f("ck_event_participant_raw_span"),
        ),
        sa.CheckConstraint("ordinal >= 0", name=op.f("ck_event_participant_ordinal_sign")),
        sa.ForeignKeyConstraint(
            ["extraction_id", "entity_n"],
            ["article_entity.extraction_id", "article_entity.n"],
            name=op.f("fk_event_participant_extraction_id_entity_n_article_entity"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id", "event_n"],
            ["event.extraction_id", "event.n"],
            name=op.f("fk_event_participant_extraction_id_event_n_event"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "event_n", "ordinal", name=op.f("pk_event_participant")),
        comment="Who did it and to or with whom; spans are NULL where carried over from elsewhere",
    )
    op.create_table(
        "event_trigger",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("event_n", sa.Integer(), nullable=False, comment="The event: event.n"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="0 for the trigger that decided"),
        sa.Column("clean_start", sa.Integer(), nullable=False, comment="First character in extraction.text"),
        sa.Column(
            "clean_end",
            sa.Integer(),
            nullable=False,
            comment="One past the last character in extraction.text",
        ),
        sa.Column("raw_start", sa.Integer(), nullable=False, comment="First character in the decoded file"),
        sa.Column(
            "raw_end", sa.Integer(), nullable=False, comment="One past the last character in the decoded file"
        ),
        sa.Column("surface", sa.Text(), nullable=False, comment="The raw letters of the span"),
        sa.CheckConstraint(
            "clean_start >= 0 AND clean_end > clean_start", name=op.f("ck_event_trigger_clean_span")
        ),
        sa.CheckConstraint("ordinal >= 0", name=op.f("ck_event_trigger_ordinal_sign")),
        sa.CheckConstraint("raw_start >= 0 AND raw_end > raw_start", name=op.f("ck_event_trigger_raw_span")),
        sa.ForeignKeyConstraint(
            ["extraction_id", "event_n"],
            ["event.extraction_id", "event.n"],
            name=op.f("fk_event_trigger_extraction_id_event_n_event"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "event_n", "ordinal", name=op.f("pk_event_trigger")),
        comment="The words that report an event",
    )
    op.execute(sql.read("0001_report.sql"))


def downgrade() -> None:
    op.execute("DROP SCHEMA report CASCADE")
    op.drop_table("event_trigger")
    op.drop_table("event_participant")
    op.drop_table("quotation")
    op.drop_table("office")
    op.drop_table("mention")
    op.drop_table("event")
    op.drop_table("sentence")
    op.drop_table("entity_queue")
    op.drop_table("date_expression")
    op.drop_index(op.f("ix_article_entity_key_kind"), table_name="article_entity")
    op.drop_table("article_entity")
    op.drop_index(op.f("ix_location_version_raw_file_id"), table_name="location_version")
    op.drop_table("location_version")
    op.drop_index("uq_extraction_current", table_name="extraction", postgresql_where=sa.text("is_current"))
    op.drop_table("extraction")
    op.drop_index(
        "uq_rejection_open", table_name="rejection", postgresql_where=sa.text("resolved_at IS NULL")
    )
    op.drop_table("rejection")
    op.drop_index(op.f("ix_location_raw_file_id"), table_name="location")
    op.drop_table("location")
    op.drop_index(
        "ix_entity_alias_folded_trgm",
        table_name="entity_alias",
        postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
    )
    op.drop_table("entity_alias")
    op.drop_table("article")
    op.drop_table("run")
    op.drop_table("raw_file")
    op.drop_table("pipeline_version")
    op.drop_table("entity")
