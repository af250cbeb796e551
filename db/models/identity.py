"""Who is who across articles: judgements, the entity of each name in an article, dated offices."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
)
from sqlalchemy import text as sa_text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, BigId, BigRef, Moment, Real, one_of, share
from db.models.vocabulary import ENTITY_KINDS, VERDICTS


class Identity(Base):
    __tablename__ = "identity"

    extraction_id: Mapped[BigRef] = mapped_column(comment="The extraction; only current ones have rows")
    n: Mapped[int] = mapped_column(comment="The name in the article: article_entity.n")
    entity_id: Mapped[BigRef] = mapped_column(ForeignKey("entity.id"), comment="What it stands for")

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "n"),
        ForeignKeyConstraint(
            ["extraction_id", "n"], ["article_entity.extraction_id", "article_entity.n"], ondelete="CASCADE"
        ),
        # from an entity to the articles that name it
        Index(None, "entity_id"),
        {"comment": "The canonical entity of each name of each current article; derived, made anew at will"},
    )


class Judgement(Base):
    """An edge between two nodes.

    A node is a name, (kind, key), or that name in one article, (kind, key, sha256 of the file): values that
    neither a new extraction nor a merge changes.
    """

    __tablename__ = "judgement"

    id: Mapped[BigId] = mapped_column(comment="Identity; `rasd entities undo` takes it")
    kind: Mapped[str] = mapped_column(comment="Kind of both nodes")
    left_key: Mapped[str] = mapped_column(comment="One node: article_entity.key")
    left_sha256: Mapped[bytes | None] = mapped_column(comment="Only in this file; NULL for the name anywhere")
    right_key: Mapped[str] = mapped_column(comment="The other node: article_entity.key")
    right_sha256: Mapped[bytes | None] = mapped_column(
        comment="Only in this file; NULL for the name anywhere"
    )
    verdict: Mapped[str] = mapped_column(comment="same, different or unsure")
    score: Mapped[Real] = mapped_column(comment="How sure, 0 to 1; of a person's judgement 1")
    basis: Mapped[str] = mapped_column(comment="On what grounds, in words")
    decided_by: Mapped[str] = mapped_column(comment="The rule's name, or the person's")
    automatic: Mapped[bool] = mapped_column(
        Boolean, comment="Whether a rule decided; a person outranks rules"
    )
    decided_at: Mapped[Moment] = mapped_column(comment="When")
    revoked_at: Mapped[datetime | None] = mapped_column(
        comment="When it was undone; NULL while it is in force"
    )
    revoked_by: Mapped[str | None] = mapped_column(comment="Who undid it")

    __table_args__ = (
        one_of("kind", ENTITY_KINDS),
        one_of("verdict", VERDICTS),
        share("score"),
        CheckConstraint("left_key <> '' AND right_key <> '' AND decided_by <> ''", name="not_empty"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revocation_whole"),
        CheckConstraint(
            "octet_length(left_sha256) = 32 AND octet_length(right_sha256) = 32", name="sha256_length"
        ),
        # one direction only, and no node with itself
        CheckConstraint(
            "(left_key COLLATE \"C\", coalesce(left_sha256, ''::bytea))"
            " < (right_key COLLATE \"C\", coalesce(right_sha256, ''::bytea))",
            name="ends_ordered",
        ),
        # what a rule found is one row, also after a person revoked it: the rule does not bring it back
        Index(
            "uq_judgement_automatic",
            "kind",
            "left_key",
            "right_key",
            "decided_by",
            unique=True,
            postgresql_where=sa_text("automatic"),
        ),
        CheckConstraint(
            "NOT automatic OR (left_sha256 IS NULL AND right_sha256 IS NULL)", name="automatic_on_names"
        ),
        # the edges of a name
        Index(None, "left_key", "kind"),
        Index(None, "right_key", "kind"),
        {"comment": "Judgements whether two names stand for one thing; people's are never deleted"},
    )


class NameBlock(Base):
    __tablename__ = "name_block"

    entity_id: Mapped[BigRef] = mapped_column(
        ForeignKey("entity.id", ondelete="CASCADE"), comment="The row of the name"
    )
    block: Mapped[str] = mapped_column(comment="A value that spellings of one name share")

    __table_args__ = (
        PrimaryKeyConstraint("block", "entity_id"),
        {"comment": "Names that are worth comparing: those that share a block"},
    )


class NameLink(Base):
    __tablename__ = "name_link"

    extraction_id: Mapped[BigRef] = mapped_column(comment="The extraction; only current ones have rows")
    n: Mapped[int] = mapped_column(comment="The name in the article: article_entity.n")
    kind: Mapped[str] = mapped_column(comment="Kind of both names")
    key: Mapped[str] = mapped_column(comment="Key of the fullest form: article_entity.key")
    other: Mapped[str] = mapped_column(comment="Key of another form that the article uses for it")

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "n", "other"),
        ForeignKeyConstraint(
            ["extraction_id", "n"], ["article_entity.extraction_id", "article_entity.n"], ondelete="CASCADE"
        ),
        CheckConstraint("key <> other", name="two_names"),
        one_of("kind", ENTITY_KINDS),
        # which names an article ever tied to this one, from either end
        Index(None, "key", "kind"),
        Index(None, "other", "kind"),
        {"comment": "Two names that one article uses for one thing: full and short, Arabic and Latin"},
    )


class Tenure(Base):
    __tablename__ = "tenure"

    id: Mapped[BigId] = mapped_column(comment="Identity of the row")
    person_id: Mapped[BigRef] = mapped_column(
        ForeignKey("entity.id"),
        comment="Who: the row of the name, or of a further bearer of it; entity.canonical_id leads on",
    )
    organization_id: Mapped[int | None] = mapped_column(
        ForeignKey("entity.id"),
        type_=BigInteger,
        comment="Where: the row of the body's name; NULL if unnamed",
    )
    office: Mapped[str] = mapped_column(comment="The office in folded letters without articles")
    title: Mapped[str] = mapped_column(comment="The office as written, the shortest spelling")
    first_seen: Mapped[date | None] = mapped_column(
        comment="First day on which an article can have been published that calls the person its holder"
    )
    last_seen: Mapped[date | None] = mapped_column(
        comment="Last day on which such an article can have been published"
    )
    certain_from: Mapped[date | None] = mapped_column(
        comment="Day by which the first such article had been published; first_seen where its day is known"
    )
    certain_to: Mapped[date | None] = mapped_column(
        comment="Day on which the last such article was not out yet; last_seen where its day is known"
    )
    former_seen: Mapped[date | None] = mapped_column(
        comment="Day by which an article had first called the person its former holder"
    )
    articles: Mapped[int] = mapped_column(comment="Articles that call the person its holder")
    former_articles: Mapped[int] = mapped_column(comment="Articles that call the person its former holder")

    __table_args__ = (
        CheckConstraint("last_seen >= first_seen", name="seen_ordered"),
        CheckConstraint("certain_from >= first_seen AND certain_to <= last_seen", name="certain_inside"),
        CheckConstraint("articles >= 0 AND former_articles >= 0", name="articles_sign"),
        CheckConstraint("office <> '' AND title <> ''", name="office_not_empty"),
        Index(
            "uq_tenure",
            "person_id",
            "organization_id",
            "office",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        # who held this office
        Index(None, "office", "organization_id"),
        Index(None, "organization_id"),
        {"comment": "Offices that articles give to a name; view office_tenure adds up a person's names"},
    )
