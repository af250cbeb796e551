"""Runs, and the files that could not be turned into articles."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, BigId, Json, Moment, one_of
from db.models.vocabulary import RUN_STATES


class Run(Base):
    __tablename__ = "run"

    id: Mapped[BigId] = mapped_column(comment="Identity of the run")
    kind: Mapped[str] = mapped_column(comment="What was run: ingest, backfill, refresh, ...")
    state: Mapped[str] = mapped_column(
        comment="running, completed, partial (some files rejected), failed, crashed or cancelled",
        server_default="running",
    )
    started_at: Mapped[Moment] = mapped_column(comment="When it began")
    finished_at: Mapped[datetime | None] = mapped_column(comment="When it ended; NULL while it runs")
    parameters: Mapped[Json] = mapped_column(
        comment="What it was asked to do: paths, options, pipeline version", server_default=sql("'{}'")
    )
    counts: Mapped[Json] = mapped_column(
        comment="What it did: files seen, loaded, known, rejected, rows by table", server_default=sql("'{}'")
    )
    error: Mapped[str | None] = mapped_column(comment="Why it failed, for people")

    __table_args__ = (
        one_of("state", RUN_STATES),
        CheckConstraint("(state = 'running') = (finished_at IS NULL)", name="finished_when_over"),
        CheckConstraint("finished_at >= started_at", name="times_ordered"),
        {"comment": "One row for every run of a flow"},
    )


class Rejection(Base):
    __tablename__ = "rejection"

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), primary_key=True, comment="Identity of the rejection"
    )
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("run.id", ondelete="SET NULL"), type_=BigInteger, comment="The run that saw it last"
    )
    uri: Mapped[str] = mapped_column(comment="The file: absolute path or URL, members as archive::member")
    stage: Mapped[str] = mapped_column(comment="Where it failed: discover, read, decode, layout, load, ...")
    cause: Mapped[str] = mapped_column(comment="A stable short code: empty, binary, too_large, ...")
    message: Mapped[str] = mapped_column(comment="The cause in words")
    sha256: Mapped[bytes | None] = mapped_column(comment="SHA-256 of the bytes, where readable")
    size: Mapped[int | None] = mapped_column(BigInteger, comment="The file's size in bytes, where known")
    attempts: Mapped[int] = mapped_column(
        Integer, comment="How often it was tried in vain", server_default=sql("1")
    )
    first_seen_at: Mapped[Moment] = mapped_column(comment="When it failed first")
    last_seen_at: Mapped[Moment] = mapped_column(comment="When it failed last")
    next_try_at: Mapped[Moment] = mapped_column(
        comment="When `rasd rejections retry` takes it up again: later after each failure, a week at most"
    )
    resolved_at: Mapped[datetime | None] = mapped_column(
        comment="When the file could be loaded after all, or a person closed the case; NULL while open"
    )
    resolution: Mapped[str | None] = mapped_column(comment="How it was resolved: loaded, dismissed, ...")

    __table_args__ = (
        CheckConstraint("octet_length(sha256) = 32", name="sha256_length"),
        CheckConstraint("size >= 0", name="size_sign"),
        CheckConstraint("attempts >= 1", name="attempts_positive"),
        CheckConstraint("last_seen_at >= first_seen_at", name="times_ordered"),
        CheckConstraint("(resolved_at IS NULL) = (resolution IS NULL)", name="resolution_whole"),
        Index(
            "uq_rejection_open",
            "uri",
            "stage",
            unique=True,
            postgresql_where=sql("resolved_at IS NULL"),
        ),
        {"comment": "Files that could not be turned into articles; one open row a file and stage"},
    )
