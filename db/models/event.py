"""Events that an article reports, with their evidence and participants, and what people said."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, BigRef, Position, Real, one_of, share, span
from db.models.vocabulary import EVENT_STATUSES, EVENT_TYPES, ROLES


class Event(Base):
    __tablename__ = "event"

    extraction_id: Mapped[BigRef] = mapped_column(
        ForeignKey("extraction.id", ondelete="CASCADE"), comment="The extraction"
    )
    n: Mapped[int] = mapped_column(comment="Number in the article, from 0")
    type: Mapped[str] = mapped_column(comment="One of PLOVER's sixteen types or of the six civil ones")
    mode: Mapped[str | None] = mapped_column(comment="PLOVER's mode, such as visit or phone")
    status: Mapped[str] = mapped_column(
        comment="occurred, ongoing, planned, called_for, denied, cancelled, hypothetical"
    )
    location_n: Mapped[int | None] = mapped_column(comment="Where: article_entity.n")
    date_n: Mapped[int | None] = mapped_column(comment="When: date_expression.n; NULL if unsaid")
    sentence_n: Mapped[int | None] = mapped_column(comment="The sentence of its first trigger: sentence.n")
    attribution_clean_start: Mapped[int | None] = mapped_column(comment="Who says so: first clean character")
    attribution_clean_end: Mapped[int | None] = mapped_column(comment="Who says so: one past the last one")
    attribution_raw_start: Mapped[int | None] = mapped_column(comment="Who says so: first raw character")
    attribution_raw_end: Mapped[int | None] = mapped_column(comment="Who says so: one past the last one")
    confidence: Mapped[Real] = mapped_column(comment="How sure, 0 to 1")
    rule: Mapped[str] = mapped_column(comment="The rule that made it")

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "n"),
        ForeignKeyConstraint(
            ["extraction_id", "location_n"],
            ["article_entity.extraction_id", "article_entity.n"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["extraction_id", "date_n"],
            ["date_expression.extraction_id", "date_expression.n"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["extraction_id", "sentence_n"], ["sentence.extraction_id", "sentence.n"], ondelete="CASCADE"
        ),
        CheckConstraint("n >= 0", name="n_sign"),
        one_of("type", EVENT_TYPES),
        one_of("status", EVENT_STATUSES),
        span("attribution_clean", optional=True),
        span("attribution_raw", optional=True),
        share("confidence"),
        {"comment": "Events as one article reports them"},
    )


class EventTrigger(Base):
    __tablename__ = "event_trigger"

    extraction_id: Mapped[BigRef] = mapped_column(comment="The extraction")
    event_n: Mapped[int] = mapped_column(comment="The event: event.n")
    ordinal: Mapped[int] = mapped_column(comment="0 for the trigger that decided")
    clean_start: Mapped[Position] = mapped_column(comment="First character in extraction.text")
    clean_end: Mapped[Position] = mapped_column(comment="One past the last character in extraction.text")
    raw_start: Mapped[Position] = mapped_column(comment="First character in the decoded file")
    raw_end: Mapped[Position] = mapped_column(comment="One past the last character in the decoded file")
    surface: Mapped[str] = mapped_column(comment="The raw letters of the span")

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "event_n", "ordinal"),
        ForeignKeyConstraint(
            ["extraction_id", "event_n"], ["event.extraction_id", "event.n"], ondelete="CASCADE"
        ),
        CheckConstraint("ordinal >= 0", name="ordinal_sign"),
        span("clean"),
        span("raw"),
        {"comment": "The words that report an event"},
    )


class EventParticipant(Base):
    __tablename__ = "event_participant"

    extraction_id: Mapped[BigRef] = mapped_column(comment="The extraction")
    event_n: Mapped[int] = mapped_column(comment="The event: event.n")
    ordinal: Mapped[int] = mapped_column(comment="Number in the event, from 0")
    role: Mapped[str] = mapped_column(comment="actor (of a visit: the visitor) or recipient (the host)")
    entity_n: Mapped[int | None] = mapped_column(comment="Who: article_entity.n; NULL where unnamed")
    text: Mapped[str] = mapped_column(comment="The entity's name, or the noun phrase's head as written")
    clean_start: Mapped[int | None] = mapped_column(comment="First character in extraction.text, where named")
    clean_end: Mapped[int | None] = mapped_column(comment="One past the last character in extraction.text")
    raw_start: Mapped[int | None] = mapped_column(comment="First character in the decoded file, where named")
    raw_end: Mapped[int | None] = mapped_column(comment="One past the last character in the decoded file")
    surface: Mapped[str | None] = mapped_column(comment="The raw letters of the span, where named")

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "event_n", "ordinal"),
        ForeignKeyConstraint(
            ["extraction_id", "event_n"], ["event.extraction_id", "event.n"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["extraction_id", "entity_n"],
            ["article_entity.extraction_id", "article_entity.n"],
            ondelete="CASCADE",
        ),
        CheckConstraint("ordinal >= 0", name="ordinal_sign"),
        CheckConstraint("text <> ''", name="text_not_empty"),
        CheckConstraint(
            "(clean_start IS NULL) = (raw_start IS NULL) AND (raw_start IS NULL) = (surface IS NULL)",
            name="spans_together",
        ),
        one_of("role", ROLES),
        span("clean", optional=True),
        span("raw", optional=True),
        {"comment": "Who did it and to or with whom; spans are NULL where carried over from elsewhere"},
    )


class Quotation(Base):
    __tablename__ = "quotation"

    extraction_id: Mapped[BigRef] = mapped_column(
        ForeignKey("extraction.id", ondelete="CASCADE"), comment="The extraction"
    )
    n: Mapped[int] = mapped_column(comment="Number in the article, from 0")
    speaker_n: Mapped[int | None] = mapped_column(comment="Who: article_entity.n; NULL where unnamed")
    speaker: Mapped[str] = mapped_column(comment="The speaker as written")
    direct: Mapped[bool] = mapped_column(comment="Whether the words stand in quotation marks")
    verb_clean_start: Mapped[Position] = mapped_column(comment="Verb of saying: first clean character")
    verb_clean_end: Mapped[Position] = mapped_column(comment="Verb of saying: one past the last one")
    verb_raw_start: Mapped[Position] = mapped_column(comment="Verb of saying: first raw character")
    verb_raw_end: Mapped[Position] = mapped_column(comment="Verb of saying: one past the last one")
    clean_start: Mapped[Position] = mapped_column(comment="What was said: first clean character")
    clean_end: Mapped[Position] = mapped_column(comment="What was said: one past the last clean character")
    raw_start: Mapped[Position] = mapped_column(comment="What was said: first raw character")
    raw_end: Mapped[Position] = mapped_column(comment="What was said: one past the last raw character")
    surface: Mapped[str] = mapped_column(comment="What was said: the raw letters")

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "n"),
        ForeignKeyConstraint(
            ["extraction_id", "speaker_n"],
            ["article_entity.extraction_id", "article_entity.n"],
            ondelete="CASCADE",
        ),
        CheckConstraint("n >= 0", name="n_sign"),
        span("verb_clean"),
        span("verb_raw"),
        span("clean"),
        span("raw"),
        {"comment": "Who said what"},
    )
