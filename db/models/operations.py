"""What each run brought from each source, and which expectations it missed."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, BigRef, Moment, Real


class RunSource(Base):
    __tablename__ = "run_source"

    run_id: Mapped[BigRef] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), comment="The run")
    source: Mapped[str] = mapped_column(
        comment="Slug of the outlet, or its name in the metadata where nobody described it; '' unknown"
    )
    articles: Mapped[int] = mapped_column(comment="Articles loaded")
    dated: Mapped[int] = mapped_column(comment="Of these, with a publication date")
    titled: Mapped[int] = mapped_column(comment="Of these, with a title")
    arabic: Mapped[int] = mapped_column(comment="Of these, in Arabic")
    names: Mapped[int] = mapped_column(comment="Names found in them, each once an article")
    events: Mapped[int] = mapped_column(comment="Events found in them")
    seconds: Mapped[Real] = mapped_column(comment="Computing time of their extraction")
    finished_at: Mapped[Moment] = mapped_column(comment="When the run had loaded them")

    __table_args__ = (
        PrimaryKeyConstraint("run_id", "source"),
        CheckConstraint("articles >= 0 AND names >= 0 AND events >= 0", name="counts_sign"),
        CheckConstraint("dated >= 0 AND dated <= articles", name="dated_share"),
        CheckConstraint("titled >= 0 AND titled <= articles", name="titled_share"),
        CheckConstraint("arabic >= 0 AND arabic <= articles", name="arabic_share"),
        CheckConstraint("seconds >= 0", name="seconds_sign"),
        # the history of a source
        Index(None, "source", "run_id"),
        {"comment": "What a run brought from each source: the history that expectations compare with"},
    )


class ExpectationMiss(Base):
    __tablename__ = "expectation_miss"

    run_id: Mapped[BigRef] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), comment="The run")
    source: Mapped[str] = mapped_column(comment="Slug of the outlet, or its name in the metadata")
    expectation: Mapped[str] = mapped_column(
        comment="What was expected: minimum_articles, minimum_dated_share, usual_names, ..."
    )
    expected: Mapped[Real] = mapped_column(comment="The bound that was set or that history gives")
    observed: Mapped[Real] = mapped_column(comment="What the run brought")
    message: Mapped[str] = mapped_column(comment="The miss in words")

    __table_args__ = (
        PrimaryKeyConstraint("run_id", "source", "expectation"),
        {"comment": "Expectations on a source that a run missed (flows/read/sources/*.yaml and history)"},
    )
