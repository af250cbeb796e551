"""Raw files, where they were seen, articles and what each pipeline version extracted from them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy import text as sa_text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, BigId, BigRef, Json, Moment, Position, Real, Strings, one_of, share, span
from db.models.vocabulary import BASES, CALENDARS, PRECISIONS


class RawFile(Base):
    __tablename__ = "raw_file"

    id: Mapped[BigId] = mapped_column(comment="Identity of the content")
    sha256: Mapped[bytes] = mapped_column(comment="SHA-256 of the bytes")
    size: Mapped[int] = mapped_column(BigInteger, comment="Length in bytes")
    data: Mapped[bytes] = mapped_column(comment="The bytes as they came; never changed")
    created_at: Mapped[Moment] = mapped_column(comment="When these bytes came first")

    __table_args__ = (
        UniqueConstraint("sha256"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256_length"),
        CheckConstraint("octet_length(data) = size", name="size_is_length"),
        {"comment": "Distinct contents of files; the same bytes under two names are one row"},
    )


class Location(Base):
    __tablename__ = "location"

    id: Mapped[BigId] = mapped_column(comment="Identity of the place")
    uri: Mapped[str] = mapped_column(
        comment="Absolute path or URL; members of archives as archive::member; undecodable bytes as \\xNN"
    )
    raw_file_id: Mapped[BigRef] = mapped_column(
        ForeignKey("raw_file.id"), comment="The bytes that it holds now"
    )
    metadata_hash: Mapped[bytes] = mapped_column(comment="Hash of the metadata that stands beside them now")
    version: Mapped[int] = mapped_column(comment="Ordinal of its newest version in location_version")

    __table_args__ = (
        UniqueConstraint("uri"),
        CheckConstraint("version >= 1", name="version_positive"),
        # which locations hold these bytes now: asked for every article shown and on every load
        Index(None, "raw_file_id"),
        {"comment": "Where files were seen, and what they hold now"},
    )


class LocationVersion(Base):
    __tablename__ = "location_version"

    location_id: Mapped[BigRef] = mapped_column(
        ForeignKey("location.id", ondelete="CASCADE"), comment="The place"
    )
    ordinal: Mapped[int] = mapped_column(comment="1 for what was seen there first, 2 for the next")
    raw_file_id: Mapped[BigRef] = mapped_column(ForeignKey("raw_file.id"), comment="The bytes that it held")
    metadata_hash: Mapped[bytes] = mapped_column(comment="Hash of the metadata beside them")
    # `metadata` is taken on declarative classes
    metadata_: Mapped[Json] = mapped_column(
        "metadata", comment="Title, published, url, source and more as sidecar or manifest say"
    )
    modified_at: Mapped[datetime | None] = mapped_column(comment="The file's own time of change; a hint only")
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("run.id", ondelete="SET NULL"), type_=BigInteger, comment="The run that saw it first"
    )
    seen_at: Mapped[Moment] = mapped_column(comment="When it was seen first")

    __table_args__ = (
        PrimaryKeyConstraint("location_id", "ordinal"),
        CheckConstraint("ordinal >= 1", name="ordinal_positive"),
        # all places and times at which these bytes were seen
        Index(None, "raw_file_id"),
        {"comment": "The succession of contents and metadata seen at each location; append-only"},
    )


class Article(Base):
    __tablename__ = "article"

    id: Mapped[BigId] = mapped_column(comment="Identity of the article; stable, never reused")
    raw_file_id: Mapped[BigRef] = mapped_column(ForeignKey("raw_file.id"), comment="Its bytes")
    created_at: Mapped[Moment] = mapped_column(comment="When it was read first")

    __table_args__ = (
        UniqueConstraint("raw_file_id"),
        {"comment": "Raw files that could be read as an article; what they say is in extraction"},
    )


class PipelineVersion(Base):
    __tablename__ = "pipeline_version"

    id: Mapped[BigId] = mapped_column(comment="Identity; a greater one is a newer version")
    digest: Mapped[bytes] = mapped_column(comment="Hash over code, lexicons, model and settings")
    description: Mapped[Json] = mapped_column(comment="What the digest is made of")
    created_at: Mapped[Moment] = mapped_column(comment="When it was used first")

    __table_args__ = (
        UniqueConstraint("digest"),
        {"comment": "Versions of the whole pipeline: code, lexicons, model, settings"},
    )


class Extraction(Base):
    __tablename__ = "extraction"

    id: Mapped[BigId] = mapped_column(comment="Identity of the extraction")
    article_id: Mapped[BigRef] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), comment="The article"
    )
    pipeline_version_id: Mapped[BigRef] = mapped_column(
        ForeignKey("pipeline_version.id"), comment="The pipeline version that made it"
    )
    metadata_hash: Mapped[bytes] = mapped_column(comment="Hash of the metadata that it was made with")
    is_current: Mapped[bool] = mapped_column(
        comment="Whether reports read this one: newest pipeline version, metadata of the first location"
    )
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("run.id", ondelete="SET NULL"), type_=BigInteger, comment="The run that made it"
    )
    created_at: Mapped[Moment] = mapped_column(comment="When it was loaded")
    title: Mapped[str | None] = mapped_column(comment="The title, clean; NULL where none was found")
    text: Mapped[str] = mapped_column(
        comment="Clean text, blocks separated by a newline, title first; clean spans count in it from 0"
    )
    alignment: Mapped[bytes] = mapped_column(
        comment="Way from clean to raw characters: run lengths (flows.clean.normalize.unpack_alignment)"
    )
    blocks: Mapped[list[Any]] = mapped_column(JSONB, comment="[kind, clean start, clean end] of each block")
    boilerplate: Mapped[list[Any]] = mapped_column(JSONB, comment="[raw start, raw end] of removed parts")
    faults: Mapped[list[Any]] = mapped_column(
        JSONB, comment="[kind, byte offset, length, note] of what reading survived"
    )
    encoding: Mapped[str] = mapped_column(comment="Python codec that turns raw_file.data into the raw text")
    encoding_basis: Mapped[str] = mapped_column(comment="How it was chosen: bom, utf-8, statistics, declared")
    encoding_confidence: Mapped[Real] = mapped_column(comment="How sure, 0 to 1")
    language: Mapped[str] = mapped_column(comment="ISO 639-1 code, or und")
    arabic_share: Mapped[Real] = mapped_column(comment="Arabic letters among all letters, 0 to 1")
    source: Mapped[str | None] = mapped_column(comment="The outlet")
    published_start: Mapped[str | None] = mapped_column(comment="Published from: YYYY, YYYY-MM or YYYY-MM-DD")
    published_end: Mapped[str | None] = mapped_column(comment="Published to: YYYY, YYYY-MM or YYYY-MM-DD")
    published_first_day: Mapped[date | None] = mapped_column(comment="First day of the interval")
    published_last_day: Mapped[date | None] = mapped_column(comment="Last day of the interval")
    published_precision: Mapped[str] = mapped_column(comment="day, month, year, ..., unknown")
    published_basis: Mapped[str] = mapped_column(comment="Its origin: metadata, text, inferred, none")
    published_rule: Mapped[str] = mapped_column(comment="The rule that found it", server_default="")
    seconds: Mapped[Real] = mapped_column(comment="Computing time of the extraction")
    terms: Mapped[str | None] = mapped_column(
        TSVECTOR, comment="Folded words and light stems with positions, made by the worker; for search"
    )

    __table_args__ = (
        UniqueConstraint("article_id", "pipeline_version_id", "metadata_hash"),
        Index("uq_extraction_current", "article_id", unique=True, postgresql_where=sa_text("is_current")),
        # report.search: the words, and the newest articles that hold frequent ones
        Index("ix_extraction_terms", "terms", postgresql_using="gin", postgresql_where=sa_text("is_current")),
        Index(
            "ix_extraction_published",
            sa_text("published_last_day DESC NULLS LAST"),
            sa_text("article_id DESC"),
            # not to look at each article of a year for those of a month
            "published_first_day",
            postgresql_where=sa_text("is_current"),
        ),
        # what an outlet published on a day: report.source_volume
        Index(
            "ix_extraction_source", "source", "published_first_day", postgresql_where=sa_text("is_current")
        ),
        one_of("published_precision", PRECISIONS),
        one_of("published_basis", BASES),
        CheckConstraint("published_last_day >= published_first_day", name="published_ordered"),
        CheckConstraint("text <> ''", name="text_not_empty"),
        CheckConstraint("seconds >= 0", name="seconds_sign"),
        share("arabic_share"),
        share("encoding_confidence"),
        {"comment": "What one pipeline version says about one article with one set of metadata"},
    )


class Sentence(Base):
    __tablename__ = "sentence"

    extraction_id: Mapped[BigRef] = mapped_column(
        ForeignKey("extraction.id", ondelete="CASCADE"), comment="The extraction"
    )
    n: Mapped[int] = mapped_column(comment="Number in the article, from 0")
    clean_start: Mapped[Position] = mapped_column(comment="First character in extraction.text")
    clean_end: Mapped[Position] = mapped_column(comment="One past the last character in extraction.text")
    raw_start: Mapped[Position] = mapped_column(comment="First character in the decoded file")
    raw_end: Mapped[Position] = mapped_column(comment="One past the last character in the decoded file")

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "n"),
        CheckConstraint("n >= 0", name="n_sign"),
        span("clean"),
        span("raw"),
        {"comment": "Sentences of an article; their text is substr(extraction.text, clean_start + 1, ...)"},
    )


class DateExpression(Base):
    __tablename__ = "date_expression"

    extraction_id: Mapped[BigRef] = mapped_column(
        ForeignKey("extraction.id", ondelete="CASCADE"), comment="The extraction"
    )
    n: Mapped[int] = mapped_column(comment="Number in the article, from 0")
    clean_start: Mapped[Position] = mapped_column(comment="First character in extraction.text")
    clean_end: Mapped[Position] = mapped_column(comment="One past the last character in extraction.text")
    raw_start: Mapped[Position] = mapped_column(comment="First character in the decoded file")
    raw_end: Mapped[Position] = mapped_column(comment="One past the last character in the decoded file")
    surface: Mapped[str] = mapped_column(comment="The raw letters of the span")
    value_start: Mapped[str | None] = mapped_column(
        comment="From: ISO 8601 as precise as the text (YYYY, YYYY-MM, YYYY-MM-DD); NULL where open"
    )
    value_end: Mapped[str | None] = mapped_column(comment="To: in the same form")
    first_day: Mapped[date | None] = mapped_column(comment="First day that value_start can mean")
    last_day: Mapped[date | None] = mapped_column(comment="Last day that value_end can mean")
    precision: Mapped[str] = mapped_column(comment="day, week, month, season, quarter, year, ...")
    calendar: Mapped[str] = mapped_column(comment="The calendar that the text uses: gregorian or hijri")
    basis: Mapped[str] = mapped_column(comment="What decided the value: metadata, text, inferred, none")
    rule: Mapped[str] = mapped_column(comment="The rule that resolved it")
    candidates: Mapped[Strings] = mapped_column(comment="What remains possible where the value is open")
    conflict: Mapped[str | None] = mapped_column(comment="What the text says against it, such as a weekday")

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "n"),
        CheckConstraint("n >= 0", name="n_sign"),
        span("clean"),
        span("raw"),
        one_of("precision", PRECISIONS),
        one_of("calendar", CALENDARS),
        one_of("basis", BASES),
        CheckConstraint("last_day >= first_day", name="interval_ordered"),
        {"comment": "Temporal expressions of an article and the interval that each one means"},
    )
