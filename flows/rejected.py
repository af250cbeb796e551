"""Files that could not be loaded, tried again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from db.rejections import RejectionCase, rejections, stored
from flows.batches import Batch
from flows.connection import migrated_engine
from flows.errors import UserError
from flows.read.listing import Found, name_of
from flows.rows import stated_metadata
from flows.runs import Pending, run_ingest
from flows.settings import Settings

_MEMBER = "::"  # archive::member
_URL = "://"


@dataclass(frozen=True, slots=True)
class Retried:
    """Cases: tried, of these from stored bytes, loaded, rejected again; and gone with their bytes."""

    tried: int
    stored: int
    loaded: int
    rejected: int
    gone: int


def retry(
    chosen: Settings,
    *,
    numbers: Sequence[int] | None = None,
    stage: str | None = None,
    cause: str | None = None,
    source: str | None = None,
    everything: bool = False,
    submit: Callable[[Batch], Pending] | None = None,
    refresh_with: Callable[[], Mapping[str, int]] | None = None,
) -> Retried:
    """Try rejected files again, from where they stand or from stored bytes.

    Without ``numbers`` those whose next try is due, or ``everything``.  Raises UserError for a number that is
    no open rejection, and what flows.runs.run_ingest raises.
    """
    with migrated_engine(chosen) as engine, engine.connect() as connection:
        cases = rejections(
            connection,
            numbers=numbers,
            stage=stage,
            cause=cause,
            source=source,
            due=not everything and not numbers,
        )
        absent = sorted(set(numbers or ()) - {case.id for case in cases})
        if absent:
            raise UserError(f"no open rejection has the number {', '.join(map(str, absent))}")
        paths, kept, gone = _where(engine, cases)
    if not paths and not kept:
        return Retried(0, 0, 0, 0, len(gone))
    run_ingest(paths, chosen, more=kept, submit=submit, refresh_with=refresh_with)
    with migrated_engine(chosen) as engine, engine.connect() as connection:
        left = len(rejections(connection, numbers=[case.id for case in cases])) - len(gone)
    tried = len(cases) - len(gone)
    return Retried(tried, len(kept), tried - left, left, len(gone))


def _where(
    engine: sa.Engine, cases: Sequence[RejectionCase]
) -> tuple[list[str], list[Found], list[RejectionCase]]:
    """Paths to read again, files whose bytes are stored, and cases with neither."""
    paths: set[str] = set()
    kept: list[Found] = []
    gone: list[RejectionCase] = []
    with engine.connect() as connection:
        for case in cases:
            place = case.uri.split(_MEMBER, 1)[0]
            if _URL in place or os.path.lexists(place):
                paths.add(place)
                continue
            found = None if case.sha256 is None else stored(connection, case.sha256, case.uri)
            if found is None:
                gone.append(case)
                continue
            data, said = found
            raw = bytes(data)
            kept.append(Found(case.uri, name_of(case.uri), len(raw), None, stated_metadata(said), data=raw))
    return sorted(paths), kept, gone
