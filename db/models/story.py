"""Copies of one text, and reports of one happening: derived from current extractions, rebuilt at will."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, BigId, BigRef, Moment, Real, one_of, share
from db.models.vocabulary import COPIES, EVENT_STATUSES, EVENT_TYPES, PRECISIONS

BigInts = Annotated[list[int], mapped_column(ARRAY(BigInteger))]


class StoryQueue(Base):
    __tablename__ = "story_queue"

    # Only ever appended to: with a key on the article a loader that finds it queued would add nothing, while
    # a refresh that does not see the loader's rows yet takes it off.
    id: Mapped[BigId] = mapped_column(comment="Order of arrival")
    article_id: Mapped[BigRef] = mapped_column(
        comment="An article whose current extraction or whose place changed; may stand here several times"
    )

    __table_args__ = ({"comment": "Articles that refresh_stories has still to read; triggers add to it"},)


class StoryBody(Base):
    __tablename__ = "story_body"

    id: Mapped[BigId] = mapped_column(comment="Identity of the text")
    hash: Mapped[bytes] = mapped_column(comment="Hash of the words of the body in the search layer's letters")
    words: Mapped[int] = mapped_column(comment="How many words it has")
    signature: Mapped[bytes] = mapped_column(comment="MinHash of its word shingles (flows.resolve.stories)")
    bands: Mapped[BigInts] = mapped_column(comment="Keys under which texts that resemble each other meet")

    __table_args__ = (
        UniqueConstraint("hash"),
        CheckConstraint("octet_length(hash) = 16", name="hash_length"),
        CheckConstraint("words >= 0", name="words_sign"),
        # what resembles a new text; each key is looked up, so the index must not let entries wait
        Index(None, "bands", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        {"comment": "Distinct texts of current articles, titles and bylines left out, with their signatures"},
    )


class StoryPair(Base):
    __tablename__ = "story_pair"

    low_id: Mapped[BigRef] = mapped_column(
        ForeignKey("story_body.id", ondelete="CASCADE"), comment="One text: the smaller id"
    )
    high_id: Mapped[BigRef] = mapped_column(
        ForeignKey("story_body.id", ondelete="CASCADE"), comment="The other text"
    )
    similarity: Mapped[Real] = mapped_column(comment="Share of word shingles in common (Jaccard), 0 to 1")

    __table_args__ = (
        PrimaryKeyConstraint("low_id", "high_id"),
        CheckConstraint("low_id < high_id", name="ordered"),
        share("similarity"),
        # the pairs of a text from its other side
        Index(None, "high_id"),
        {"comment": "Texts that are near copies of each other; stories are the groups that these link"},
    )


class Story(Base):
    __tablename__ = "story"

    id: Mapped[BigId] = mapped_column(comment="Identity; stays with the group, never reused")
    articles: Mapped[int] = mapped_column(comment="How many articles carry it")
    texts: Mapped[int] = mapped_column(comment="How many distinct texts these have")
    first_published: Mapped[date | None] = mapped_column(comment="First day on which one was published")
    last_published: Mapped[date | None] = mapped_column(comment="Last day on which one was published")
    created_at: Mapped[Moment] = mapped_column(comment="When it was seen first")

    __table_args__ = (
        CheckConstraint("articles >= texts AND texts >= 1", name="counts_sign"),
        CheckConstraint("last_published >= first_published", name="published_ordered"),
        {"comment": "Texts told once and printed once or many times; every current article has one"},
    )


class ArticleStory(Base):
    __tablename__ = "article_story"

    article_id: Mapped[BigRef] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="The article",
    )
    extraction_id: Mapped[BigRef] = mapped_column(
        ForeignKey("extraction.id", ondelete="CASCADE"), comment="The extraction whose text was compared"
    )
    body_id: Mapped[BigRef] = mapped_column(ForeignKey("story_body.id"), comment="Its text")
    story_id: Mapped[BigRef] = mapped_column(ForeignKey("story.id"), comment="Its story")
    similarity: Mapped[Real] = mapped_column(comment="Share of word shingles in common with the original")
    kind: Mapped[str] = mapped_column(
        comment="original: the first published (by content where days are equal), exact: the same words, near"
    )

    __table_args__ = (
        UniqueConstraint("extraction_id"),
        one_of("kind", COPIES),
        share("similarity"),
        # the copies of a story; whether a text is still in use
        Index(None, "story_id"),
        Index(None, "body_id"),
        {"comment": "Which story an article tells; articles whose bytes no location holds have none"},
    )


class OccurrenceQueue(Base):
    __tablename__ = "occurrence_queue"

    id: Mapped[BigId] = mapped_column(comment="Order of arrival")
    extraction_id: Mapped[BigRef] = mapped_column(
        comment="An extraction whose story or identities changed; may stand here several times"
    )

    __table_args__ = (
        {"comment": "Extractions whose events refresh_occurrences has still to compare; triggers add to it"},
    )


class Occurrence(Base):
    __tablename__ = "occurrence"

    id: Mapped[BigId] = mapped_column(comment="Identity; stays with the group, never reused")
    type: Mapped[str] = mapped_column(comment="One of PLOVER's sixteen types or of the six civil ones")
    mode: Mapped[str | None] = mapped_column(comment="Kind within the type: the one most reports give")
    status: Mapped[str] = mapped_column(comment="occurred where one report says so, else as most reports say")
    place_id: Mapped[int | None] = mapped_column(
        ForeignKey("entity.id", ondelete="SET NULL"),
        type_=BigInteger,
        comment="Where: the place that most reports name",
    )
    first_day: Mapped[date | None] = mapped_column(
        comment="First day that all dated reports allow; where they conflict the first that one gives"
    )
    last_day: Mapped[date | None] = mapped_column(
        comment="Last day that all dated reports allow; where they conflict the last that one gives"
    )
    date_precision: Mapped[str] = mapped_column(
        comment="day, week, month, ...; interval where dates conflict"
    )
    date_conflict: Mapped[bool] = mapped_column(comment="Whether reports give days that exclude each other")
    reports: Mapped[int] = mapped_column(comment="How many articles report it")
    stories: Mapped[int] = mapped_column(comment="How many independent ones: copies count once")
    first_reported: Mapped[date | None] = mapped_column(comment="First day on which a report was published")
    last_reported: Mapped[date | None] = mapped_column(comment="Last day on which a report was published")
    confidence: Mapped[Real] = mapped_column(comment="How sure, 0 to 1: independent reports add up")
    created_at: Mapped[Moment] = mapped_column(comment="When it was seen first")

    __table_args__ = (
        one_of("type", EVENT_TYPES),
        one_of("status", EVENT_STATUSES),
        one_of("date_precision", PRECISIONS),
        CheckConstraint("last_day >= first_day", name="interval_ordered"),
        CheckConstraint("(first_day IS NULL) = (last_day IS NULL)", name="interval_whole"),
        CheckConstraint("last_reported >= first_reported", name="reported_ordered"),
        CheckConstraint("reports >= stories AND stories >= 1", name="counts_sign"),
        share("confidence"),
        # what happened in a place; and an entity that goes must not scan for its places
        Index(None, "place_id", "first_day", postgresql_where=sql("place_id IS NOT NULL")),
        # what happened when
        Index(None, "first_day", "type"),
        # the newest, those without a date by their first report
        Index(
            "ix_occurrence_day", sql("coalesce(first_day, first_reported) DESC NULLS LAST"), sql("id DESC")
        ),
        # what was between two days
        Index(
            "ix_occurrence_days",
            sql("daterange(coalesce(first_day, first_reported), coalesce(last_day, first_reported), '[]')"),
            postgresql_using="gist",
        ),
        # what is due, and what was announced last
        Index(None, "status", "last_day"),
        Index(None, "status", "first_reported"),
        # what most outlets report
        Index(
            "ix_occurrence_attested",
            sql("stories DESC"),
            sql("confidence DESC"),
            postgresql_where=sql("reports > 1"),
        ),
        {"comment": "Happenings across articles: reports of one and the same joined, none deleted"},
    )


class OccurrenceEvent(Base):
    __tablename__ = "occurrence_event"

    extraction_id: Mapped[BigRef] = mapped_column(comment="The extraction")
    event_n: Mapped[int] = mapped_column(comment="The report: event.n")
    occurrence_id: Mapped[BigRef] = mapped_column(
        ForeignKey("occurrence.id"), comment="The happening that it reports"
    )
    score: Mapped[Real] = mapped_column(
        comment="How well it fits the report it fits best, 0 to 1; 1 where it stands alone"
    )
    blocks: Mapped[BigInts] = mapped_column(comment="Keys under which reports of one happening meet")

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "event_n"),
        ForeignKeyConstraint(
            ["extraction_id", "event_n"], ["event.extraction_id", "event.n"], ondelete="CASCADE"
        ),
        share("score"),
        Index(None, "occurrence_id"),
        # which reports can mean the same as a new one
        Index(None, "blocks", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        {"comment": "Which happening an event of a current article reports"},
    )


class OccurrencePair(Base):
    __tablename__ = "occurrence_pair"

    low_extraction_id: Mapped[BigRef] = mapped_column(comment="One report: its extraction, the smaller id")
    low_n: Mapped[int] = mapped_column(comment="One report: event.n")
    high_extraction_id: Mapped[BigRef] = mapped_column(comment="The other report: its extraction")
    high_n: Mapped[int] = mapped_column(comment="The other report: event.n")
    score: Mapped[Real] = mapped_column(comment="How well they fit, 0 to 1")
    joins: Mapped[bool] = mapped_column(
        comment="Whether they mean one happening; otherwise one announces or denies what the other reports"
    )

    __table_args__ = (
        PrimaryKeyConstraint("low_extraction_id", "low_n", "high_extraction_id", "high_n"),
        ForeignKeyConstraint(
            ["low_extraction_id", "low_n"],
            ["occurrence_event.extraction_id", "occurrence_event.event_n"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["high_extraction_id", "high_n"],
            ["occurrence_event.extraction_id", "occurrence_event.event_n"],
            ondelete="CASCADE",
        ),
        CheckConstraint("low_extraction_id < high_extraction_id", name="ordered"),
        share("score"),
        # the pairs of a report from its other side
        Index("ix_occurrence_pair_high", "high_extraction_id", "high_n"),
        {"comment": "Reports of different articles that fit each other; occurrences are made of these"},
    )


class OccurrenceLink(Base):
    __tablename__ = "occurrence_link"

    announced_id: Mapped[BigRef] = mapped_column(
        ForeignKey("occurrence.id", ondelete="CASCADE"), comment="What was planned, called for or denied"
    )
    happened_id: Mapped[BigRef] = mapped_column(
        ForeignKey("occurrence.id", ondelete="CASCADE"), comment="What took place"
    )
    score: Mapped[Real] = mapped_column(comment="How well they fit, 0 to 1")

    __table_args__ = (
        PrimaryKeyConstraint("announced_id", "happened_id"),
        share("score"),
        # what was announced of something that took place
        Index(None, "happened_id"),
        {"comment": "A plan, call, denial or cancellation beside the happening that it speaks of"},
    )
