"""What reading learns from many articles: lines that recur, spellings that look wrong."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, BigId, BigRef, Moment, Position, Real, one_of, share, span

LINE_JUDGEMENTS = ("pinned", "forgotten")


class ShortLine(Base):
    __tablename__ = "short_line"

    extraction_id: Mapped[BigRef] = mapped_column(
        ForeignKey("extraction.id", ondelete="CASCADE"), comment="The extraction"
    )
    n: Mapped[int] = mapped_column(comment="Number in the article, from 0")
    folded: Mapped[str] = mapped_column(comment="The line in the search layer's spelling")
    edge: Mapped[bool] = mapped_column(
        comment="It stands among the first or last lines, but is not the first"
    )

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "n"),
        CheckConstraint("n >= 0", name="n_sign"),
        CheckConstraint("folded <> ''", name="folded_not_empty"),
        {"comment": "Short lines that are boilerplate if many articles of the source have them"},
    )


class LineQueue(Base):
    __tablename__ = "line_queue"

    # only ever appended to (EntityQueue)
    id: Mapped[BigId] = mapped_column(comment="Order of arrival")
    article_id: Mapped[BigRef] = mapped_column(
        comment="An article whose short lines are not counted, or not as they are now; may stand here often"
    )

    __table_args__ = ({"comment": "Articles that refresh_lines has still to count; the load adds to it"},)


class CountedLines(Base):
    __tablename__ = "counted_lines"

    article_id: Mapped[BigRef] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="The article",
    )
    extraction_id: Mapped[BigRef] = mapped_column(
        ForeignKey("extraction.id", ondelete="CASCADE"), comment="Whose short lines were counted"
    )

    __table_args__ = (
        Index(None, "extraction_id"),
        {"comment": "Which extraction of an article stands in recurring_line: each article counts once"},
    )


class ReadingSource(Base):
    __tablename__ = "reading_source"

    source: Mapped[str] = mapped_column(primary_key=True, comment="The outlet, as extraction.source has it")
    articles: Mapped[int] = mapped_column(Integer, comment="Its articles whose short lines are counted")

    __table_args__ = (
        CheckConstraint("articles >= 0", name="articles_sign"),
        {"comment": "How many articles of a source were looked at for recurring lines"},
    )


class RecurringLine(Base):
    __tablename__ = "recurring_line"

    source: Mapped[str] = mapped_column(comment="The outlet, as extraction.source has it")
    digest: Mapped[uuid.UUID] = mapped_column(Uuid, comment="MD5 of the folded line")
    line: Mapped[str | None] = mapped_column(
        comment="The line in the search layer's spelling; NULL while few articles have it"
    )
    articles: Mapped[int] = mapped_column(Integer, comment="Articles that have it")
    edges: Mapped[int] = mapped_column(Integer, comment="Of these, how many have it at their edge")
    example_article_id: Mapped[int | None] = mapped_column(
        ForeignKey("article.id", ondelete="SET NULL"),
        type_=BigInteger,
        comment="One of them",
    )
    first_seen_at: Mapped[Moment] = mapped_column(comment="When it was counted first")
    last_seen_at: Mapped[Moment] = mapped_column(comment="When it was counted last")
    judgement: Mapped[str | None] = mapped_column(
        comment="What a person said: pinned (always boilerplate), forgotten (never); NULL: the counts decide"
    )
    judged_at: Mapped[datetime | None] = mapped_column(comment="When they said so")

    __table_args__ = (
        PrimaryKeyConstraint("source", "digest"),
        CheckConstraint("articles >= 0 AND edges >= 0 AND edges <= articles", name="counts_ordered"),
        CheckConstraint("(judgement IS NULL) = (judged_at IS NULL)", name="judgement_whole"),
        CheckConstraint("judgement IS NULL OR line IS NOT NULL", name="judged_is_named"),
        one_of("judgement", LINE_JUDGEMENTS),
        # the few that a run asks for, among the many that stand in one article
        Index("ix_recurring_line_named", "source", "articles", postgresql_where=sql("line IS NOT NULL")),
        Index(None, "example_article_id"),
        {"comment": "How many articles of a source have the same short line: learned boilerplate"},
    )


class LearnedGeneration(Base):
    __tablename__ = "learned_generation"

    id: Mapped[BigId] = mapped_column(comment="Greater than those before; part of the pipeline version")
    created_at: Mapped[Moment] = mapped_column(comment="When `rasd sources relearn` was called")
    lines: Mapped[int] = mapped_column(Integer, comment="Learned lines in force then")

    __table_args__ = (
        CheckConstraint("lines >= 0", name="lines_sign"),
        {"comment": "Each row makes a new pipeline version, so that every file is read again"},
    )


class SpellingSuggestion(Base):
    __tablename__ = "spelling_suggestion"

    extraction_id: Mapped[BigRef] = mapped_column(
        ForeignKey("extraction.id", ondelete="CASCADE"), comment="The extraction"
    )
    clean_start: Mapped[Position] = mapped_column(comment="First character in extraction.text")
    clean_end: Mapped[Position] = mapped_column(comment="One past the last character in extraction.text")
    word: Mapped[str] = mapped_column(comment="The word as it stands there")
    suggestion: Mapped[str] = mapped_column(comment="What it was probably meant to be")
    confidence: Mapped[Real] = mapped_column(comment="How sure, 0 to 1")
    edit: Mapped[str] = mapped_column(comment="What parts the two: substitution, transposition, ...")
    word_count: Mapped[int] = mapped_column(Integer, comment="How often the word stands in all articles")
    suggestion_count: Mapped[int] = mapped_column(
        Integer, comment="How often the suggestion stands in all articles"
    )

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "clean_start"),
        Index(None, "word"),
        span("clean"),
        share("confidence"),
        one_of("edit", ("substitution", "transposition", "insertion", "deletion")),
        CheckConstraint("word <> suggestion AND suggestion <> ''", name="differs"),
        CheckConstraint("word_count >= 1 AND suggestion_count >= 1", name="counts_sign"),
        {"comment": "Words that look misspelt and what was probably meant; stored text is never changed"},
    )
