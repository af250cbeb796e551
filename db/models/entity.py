"""Names in one article, the offices people hold there, and canonical things across articles."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy import text as sa_text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, BigId, BigRef, Moment, Position, Real, one_of, share, span
from db.models.vocabulary import ENTITY_KINDS, TENURES


class ArticleEntity(Base):
    __tablename__ = "article_entity"

    extraction_id: Mapped[BigRef] = mapped_column(
        ForeignKey("extraction.id", ondelete="CASCADE"), comment="The extraction"
    )
    n: Mapped[int] = mapped_column(comment="Number in the article, from 0")
    kind: Mapped[str] = mapped_column(comment="PERSON, ORGANIZATION, LOCATION or NAMED_EVENT")
    name: Mapped[str] = mapped_column(comment="Its fullest form in the article, clean spelling")
    name_folded: Mapped[str] = mapped_column(comment="The name in the search layer's spelling")
    key: Mapped[str] = mapped_column(
        comment="One key for all spellings of the name; with kind it leads to entity, and is never rewritten"
    )

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "n"),
        CheckConstraint("n >= 0", name="n_sign"),
        CheckConstraint("name <> '' AND key <> ''", name="name_not_empty"),
        one_of("kind", ENTITY_KINDS),
        # from an entity to the articles that name it
        Index(None, "key", "kind"),
        {"comment": "Named things of one article: one row for all mentions of one of them"},
    )


class Mention(Base):
    __tablename__ = "mention"

    extraction_id: Mapped[BigRef] = mapped_column(
        ForeignKey("extraction.id", ondelete="CASCADE"), comment="The extraction"
    )
    n: Mapped[int] = mapped_column(comment="Number in the article, from 0, by position")
    entity_n: Mapped[int] = mapped_column(comment="What it names: article_entity.n")
    clean_start: Mapped[Position] = mapped_column(comment="First character in extraction.text")
    clean_end: Mapped[Position] = mapped_column(comment="One past the last character in extraction.text")
    raw_start: Mapped[Position] = mapped_column(comment="First character in the decoded file")
    raw_end: Mapped[Position] = mapped_column(comment="One past the last character in the decoded file")
    surface: Mapped[str] = mapped_column(comment="The raw letters of the span")
    confidence: Mapped[Real] = mapped_column(comment="How sure, 0 to 1")
    method: Mapped[str] = mapped_column(comment="The engine or rule that found it")

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "n"),
        ForeignKeyConstraint(
            ["extraction_id", "entity_n"],
            ["article_entity.extraction_id", "article_entity.n"],
            ondelete="CASCADE",
        ),
        CheckConstraint("n >= 0", name="n_sign"),
        span("clean"),
        span("raw"),
        share("confidence"),
        {"comment": "Every place where an article names something, attached clitics left outside the span"},
    )


class Office(Base):
    __tablename__ = "office"

    extraction_id: Mapped[BigRef] = mapped_column(
        ForeignKey("extraction.id", ondelete="CASCADE"), comment="The extraction"
    )
    n: Mapped[int] = mapped_column(comment="Number in the article, from 0")
    person_n: Mapped[int] = mapped_column(comment="Who holds it: article_entity.n")
    organization_n: Mapped[int | None] = mapped_column(comment="Where: article_entity.n; NULL if unnamed")
    title: Mapped[str] = mapped_column(comment="The office as written, clean spelling")
    tenure: Mapped[str] = mapped_column(comment="current, former, acting or elect, as of the article")
    clean_start: Mapped[Position] = mapped_column(comment="First character of the title in extraction.text")
    clean_end: Mapped[Position] = mapped_column(comment="One past its last character in extraction.text")
    raw_start: Mapped[Position] = mapped_column(comment="First character of the title in the decoded file")
    raw_end: Mapped[Position] = mapped_column(comment="One past its last character in the decoded file")
    surface: Mapped[str] = mapped_column(comment="The raw letters of the span")
    confidence: Mapped[Real] = mapped_column(comment="How sure, 0 to 1")

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "n"),
        ForeignKeyConstraint(
            ["extraction_id", "person_n"],
            ["article_entity.extraction_id", "article_entity.n"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["extraction_id", "organization_n"],
            ["article_entity.extraction_id", "article_entity.n"],
            ondelete="CASCADE",
        ),
        CheckConstraint("n >= 0", name="n_sign"),
        CheckConstraint("title <> ''", name="title_not_empty"),
        one_of("tenure", TENURES),
        span("clean"),
        span("raw"),
        share("confidence"),
        {"comment": "Offices that an article says people hold"},
    )


class Entity(Base):
    __tablename__ = "entity"

    id: Mapped[BigId] = mapped_column(comment="Identity; stable, never reused")
    kind: Mapped[str] = mapped_column(comment="PERSON, ORGANIZATION, LOCATION or NAMED_EVENT")
    key: Mapped[str] = mapped_column(comment="One key for all spellings of the name (article_entity.key)")
    sense: Mapped[str] = mapped_column(
        server_default="",
        comment="Empty for the name itself; for another bearer of it SHA-256 of an article about that one",
    )
    name: Mapped[str] = mapped_column(
        comment="The spelling of most articles, the longest of several; Arabic first"
    )
    canonical_id: Mapped[int | None] = mapped_column(
        ForeignKey("entity.id"),
        type_=BigInteger,
        comment="The entity that it is one with; NULL where it stands for itself",
    )
    created_at: Mapped[Moment] = mapped_column(comment="When it was named first")

    __table_args__ = (
        UniqueConstraint("kind", "key", "sense"),
        one_of("kind", ENTITY_KINDS),
        CheckConstraint("name <> '' AND key <> ''", name="name_not_empty"),
        CheckConstraint("canonical_id <> id", name="canonical_other"),
        # a name as it stands in a question; of any length
        Index("ix_entity_name", "name", postgresql_using="hash"),
        # what was merged into an entity
        Index(None, "canonical_id", postgresql_where=sa_text("canonical_id IS NOT NULL")),
        {"comment": "Named things across articles: a row a name, redirected to another where they are one"},
    )


class EntityAlias(Base):
    __tablename__ = "entity_alias"

    entity_id: Mapped[BigRef] = mapped_column(
        ForeignKey("entity.id", ondelete="CASCADE"), comment="The entity"
    )
    surface: Mapped[str] = mapped_column(comment="A spelling of its name, clean")
    folded: Mapped[str] = mapped_column(comment="The spelling in the search layer's letters")
    articles: Mapped[int] = mapped_column(server_default="0", comment="How many current articles write it so")

    __table_args__ = (
        PrimaryKeyConstraint("entity_id", "surface"),
        CheckConstraint("articles >= 0", name="articles_sign"),
        Index(
            "ix_entity_alias_folded_trgm",
            "folded",
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
        {"comment": "Spellings under which an entity was named"},
    )


class EntityQueue(Base):
    __tablename__ = "entity_queue"

    # Only ever appended to, like story_queue: a loader that found its extraction queued and added nothing
    # would lose its switch to a refresh that takes the row before it sees the loader's rows.
    id: Mapped[BigId] = mapped_column(comment="Order of arrival")
    extraction_id: Mapped[BigRef] = mapped_column(
        comment="An extraction that came, or came or ceased to be current; may stand here several times"
    )

    __table_args__ = (
        {"comment": "Extractions that refresh_entities has still to read; the load adds to it"},
    )
