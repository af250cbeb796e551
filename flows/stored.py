"""Backfill: articles of the database read once more, from the bytes that were kept.

Needs no files.  What is at the asked pipeline version already is skipped, so a backfill that was stopped at
any instant goes on where it was; each batch is one transaction as in any other run.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from db.reading import generation, learned_lines
from db.stored import Selection, StoredFile, Totals, measured_rate, said, stored_files, totals
from flows.batches import Batch, Origin
from flows.connection import reading_engine
from flows.pipeline import Options, extract, version
from flows.read.listing import name_of
from flows.records import Extraction, RawFile, Rejection
from flows.rows import stated_metadata
from flows.runs import LISTENER, Pending, Runtime, Summary, run
from flows.settings import Settings

BY_HAND = Origin()
SAMPLE = 5  # articles that a dry run reads
POLITE = 10  # niceness: scheduled runs beside it come first


@dataclass(frozen=True, slots=True)
class Change:
    """What another reading adds to one article or takes from it: kind of row, sign, the row in words."""

    uri: str
    kind: str
    sign: str  # + or -
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a backfill would do."""

    totals: Totals
    articles_per_second: float | None  # as the last runs went; None where none tells
    sampled: int
    changes: tuple[Change, ...]

    @property
    def waiting(self) -> int:
        """Articles that are not at the asked version yet."""
        return self.totals.articles - self.totals.newest

    def seconds(self, workers: int) -> float:
        """How long it takes, by the rate of earlier runs, else by the computing time of the extractions."""
        if self.articles_per_second:
            return self.waiting / self.articles_per_second
        share = self.waiting / self.totals.articles if self.totals.articles else 0.0
        return self.totals.seconds * share / workers


def raw_file(stored: StoredFile) -> RawFile:
    """The file as a run would have read it at its address."""
    return RawFile(
        uri=stored.uri,
        name=name_of(stored.uri),
        data=stored.data,
        sha256=stored.sha256.hex(),
        metadata=stated_metadata(stored.metadata),
        modified=None if stored.modified_at is None else stored.modified_at.timestamp(),
    )


def run_backfill(
    chosen: Settings,
    selection: Selection,
    *,
    max_rate: float | None = None,
    polite: bool = True,
    submit: Callable[[Batch], Pending] | None = None,
    refresh_with: Callable[[], Mapping[str, int]] | None = None,
    origin: Origin = BY_HAND,
) -> Summary:
    """Extract the selected articles again with the pipeline of ``chosen``.

    ``max_rate`` is in articles a second; ``polite`` lets everything else on the machine go first.  Raises as
    flows.runs.run_ingest does.
    """
    if polite:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, POLITE)

    def cut(runtime: Runtime) -> Iterator[Batch]:
        listener = LISTENER.get()
        with runtime.engine.connect() as connection:
            if listener is not None:
                listener.total(totals(connection, selection, runtime.pipeline.digest).files)
        files = chosen.batch_files if max_rate is None else max(1, min(chosen.batch_files, int(2 * max_rate)))
        with runtime.engine.connect() as connection:
            yield from paced(
                _batches(stored_files(connection, selection), files, chosen.batch_bytes), max_rate
            )

    parameters = {
        "selection": {name: str(v) for name, v in asdict(selection).items() if v is not None},
        "max_rate": max_rate,
        **origin.parameters(),
    }
    return run("backfill", parameters, chosen, cut, submit=submit, refresh_with=refresh_with, origin=origin)


def left_to_the_next() -> dict[str, int]:
    """Instead of a refresh: the next run, of any kind, finds what was extracted and derives from it."""
    return {}


def _batches(stored: Iterable[StoredFile], files: int, size: int) -> Iterator[Batch]:
    number, held_bytes = 0, 0
    held: list[RawFile] = []
    for one in stored:
        if held and (len(held) == files or held_bytes + len(one.data) > size):
            yield Batch(number, (), stored=tuple(held))
            number, held, held_bytes = number + 1, [], 0
        held.append(raw_file(one))
        held_bytes += len(one.data)
    if held:
        yield Batch(number, (), stored=tuple(held))


def paced(batches: Iterable[Batch], max_rate: float | None) -> Iterator[Batch]:
    """The batches, no faster than ``max_rate`` files a second."""
    if max_rate is None:
        yield from batches
        return
    due = time.monotonic()
    for batch in batches:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic()) + (len(batch.stored) + len(batch.files)) / max_rate
        yield batch


# ------------------------------------------------------------------------------------------ dry run


def plan(chosen: Settings, selection: Selection, sample: int = SAMPLE) -> Plan:
    """What a backfill would do: counts, pace, and what changes in a few of the articles.  Writes nothing."""
    with reading_engine(chosen) as engine, engine.connect() as connection:
        options = Options(chosen.names_engine, learned=generation(connection))
        digest = bytes.fromhex(version(options))
        counts = totals(connection, selection, digest)
        rate = measured_rate(connection, chosen.names_engine)
        learned = learned_lines(connection)
        changes: list[Change] = []
        files = list(stored_files(connection, selection, sample=sample))
        for stored in files:
            outcome = extract(raw_file(stored), options, learned)
            changes += _changes(connection, stored, outcome)
    return Plan(counts, rate, len(files), tuple(changes))


def _changes(
    connection: sa.Connection, stored: StoredFile, outcome: Extraction | Rejection
) -> Iterator[Change]:
    if isinstance(outcome, Rejection):
        yield Change(stored.uri, "article", "-", f"{outcome.stage}: {outcome.message}")
        return
    now = Counter(_said(outcome))
    before = Counter(said(connection, stored.sha256, stored.metadata_hash))
    for sign, rows in (("-", before - now), ("+", now - before)):
        for kind, text in sorted(rows):
            yield Change(stored.uri, kind, sign, text)


def _said(extraction: Extraction) -> Iterator[tuple[str, str]]:
    """The rows of an extraction in words, as db.stored.said gives those of the database."""
    for entity in extraction.entities:
        yield entity.kind.value, entity.name
    for date in extraction.dates:
        yield "date", f"{extraction.surface(date.span)} = {date.value.start or '?'}..{date.value.end or '?'}"
    for event in extraction.events:
        yield "event", f"{event.type.value} {event.status.value} «{extraction.surface(event.triggers[0])}»"
