"""One ingest run without an orchestrator: discover -> batches -> workers -> load -> refresh.

`flows.ingest` puts Prefect around it; `rasd ingest --direct` calls it as it is.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from dataclasses import asdict, dataclass, field
from heapq import nlargest
from itertools import chain
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import sqlalchemy as sa

from db.occurrences import rebuild_occurrences, refresh_occurrences
from db.operations import Miss, SourceCounts
from db.reading import generation, learned_lines, refresh_lines
from db.reports import noted, refresh_reports
from db.rows import ArticleRows
from db.runs import ensure_pipeline, finish_run, mark_crashed, start_run
from db.statistics import analyze_grown, take_in_words
from db.stories import rebuild_stories, refresh_stories
from flows.across import REPORTS, TEXTS
from flows.batches import BY_HAND, EXAMPLES, SLOWEST, Batch, BatchResult, Loading, Origin, batches, run_batch
from flows.connection import migrated_engine
from flows.errors import UserError
from flows.expectations import judge
from flows.identities import rebuild_identities, refresh_entities
from flows.inbox import Inbox, open_inbox
from flows.pipeline import Options, version
from flows.read.discover import Found, discover
from flows.read.document import Learned
from flows.reference import refresh_reference
from flows.rows import article_rows, pipeline_row
from flows.settings import Settings
from flows.terminal import Listener
from flows.workers import Workers


@dataclass(slots=True)
class Summary:
    """What a run did."""

    run_id: int
    seen: int = 0
    known: int = 0
    loaded: int = 0
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    derived: dict[str, int] = field(default_factory=dict)  # rows that the refresh changed, by table
    seconds: float = 0.0
    sources: dict[str, SourceCounts] = field(default_factory=dict)
    slowest: list[tuple[float, str]] = field(default_factory=list)  # of the whole run, slowest first
    misses: list[Miss] = field(default_factory=list)  # expectations that the run missed

    def counts(self) -> dict[str, object]:
        """The run's row in the database."""
        return {
            "seen": self.seen,
            "loaded": self.loaded,
            "known": self.known,
            "rejected": {f"{stage}: {cause}": n for (stage, cause), n in sorted(self.rejected.items())},
            "rows": dict(sorted(self.rows.items())),
            "derived": self.derived,
            "missed": len(self.misses),
            "seconds": round(self.seconds, 3),
        }

    def add(self, result: BatchResult) -> None:
        self.seen += result.seen
        self.known += result.known
        self.loaded += result.loaded
        for stage, cause, files in result.rejections:
            self.rejected[stage, cause] += files
        self.examples += result.examples[: EXAMPLES - len(self.examples)]
        for table, rows in result.rows:
            self.rows[table] += rows
        for counts in result.sources:
            before = self.sources.get(counts.source)
            self.sources[counts.source] = counts if before is None else before + counts
        self.slowest = nlargest(SLOWEST, [*self.slowest, *result.slowest])


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime(Loading):
    """What the run itself has beside; for its thread alone."""

    connection: sa.Connection  # holds the run's lock
    inbox: Inbox
    options: Options
    learned: Learned


RUNTIME: ContextVar[Runtime] = ContextVar("rasd_runtime")
# Set by the command before a run starts; contexts are handed on to Prefect's task threads.
LISTENER: ContextVar[Listener | None] = ContextVar("rasd_listener", default=None)
UNDER_WAY = 3  # batches at a time: one extracts while another loads; memory stays bounded


class Pending(Protocol):
    """A batch under way: a Prefect future or a thread's."""

    def result(self) -> BatchResult: ...


class Place(Protocol):
    """Where batches run."""

    def open(self, runtime: Runtime) -> None:
        """Get ready for the batches of a run."""

    def submit(self, batch: Batch) -> Pending: ...

    def under_way(self) -> int:
        """How many batches may be started and unfinished; asked again for each batch."""

    def close(self) -> None:
        """The run ends: what has not begun is not begun any more."""


@dataclass(slots=True)
class Here:
    """Threads of this process, Prefect's where ``starts`` starts a task, else our own."""

    starts: Callable[[Batch], Pending] | None = None
    _pool: ThreadPoolExecutor | None = None

    def open(self, runtime: Runtime) -> None:
        if self.starts is None:
            self._pool = ThreadPoolExecutor(UNDER_WAY)

    def submit(self, batch: Batch) -> Pending:
        if self.starts is not None:
            return self.starts(batch)
        assert self._pool is not None
        return self._pool.submit(copy_context().run, run_batch, batch, RUNTIME.get())

    def under_way(self) -> int:
        return UNDER_WAY

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _open_runtime(
    kind: str, chosen: Settings, parameters: Mapping[str, object], origin: Origin, paths: Sequence[str]
) -> Iterator[Runtime]:
    with migrated_engine(chosen, progress=_say) as engine:
        with engine.connect() as connection:
            options = Options(chosen.names_engine, learned=generation(connection))
            learned = learned_lines(connection)
        pipeline = pipeline_row(version(options), {"options": asdict(options)})
        workers: Workers[ArticleRows] = Workers(
            article_rows, chosen.workers, options, chosen.file_seconds, learned
        )
        try:
            with engine.connect() as connection:
                pipeline_id = ensure_pipeline(connection, pipeline)
                mark_crashed(connection)
                run_id = start_run(connection, kind, {**parameters, "pipeline": pipeline.digest.hex()})
                # where files leave the inbox, one that is still there was not put away: look at it again
                recheck = chosen.recheck_runs if origin.after_load == "keep" else 1
                inbox = open_inbox(connection, pipeline_id, run_id, recheck, origin.source)
                yield Runtime(
                    engine=engine,
                    workers=workers,
                    settings=chosen,
                    pipeline=pipeline,
                    run_id=run_id,
                    origin=origin,
                    paths=tuple(map(str, paths)),
                    connection=connection,
                    inbox=inbox,
                    options=options,
                    learned=learned,
                )
        finally:
            workers.close()


def _say(line: str) -> None:
    listener = LISTENER.get()
    if listener is not None:
        listener.line(line)


def run_ingest(
    paths: Sequence[str],
    chosen: Settings,
    *,
    submit: Callable[[Batch], Pending] | None = None,
    refresh_with: Callable[[], Mapping[str, int]] | None = None,
    origin: Origin = BY_HAND,
    more: Sequence[Found] = (),
    place: Place | None = None,
) -> Summary:
    """Load what is new under ``paths``, and the files in ``more``.

    ``submit`` starts a batch as a Prefect task; without it threads of this process run the batches, unless
    ``place`` says where else.
    One file that cannot be read becomes a rejection; an error here (database gone, disk full) fails the run,
    leaves what was loaded, and is recorded in the run's row where the database still answers.
    """

    refuse_passwords(paths)

    def cut(runtime: Runtime) -> Iterator[Batch]:
        listener, inbox = LISTENER.get(), runtime.inbox
        _count_in_background(paths, listener)
        if listener is not None:
            inbox.advance = listener.advance
        found = discover(
            paths,
            settle_seconds=chosen.settle_seconds,
            max_bytes=chosen.max_file_bytes,
            unchanged=inbox.archive_unchanged,
        )
        return batches(chain(more, inbox.fresh(found)), chosen.batch_files, chosen.batch_bytes)

    def loaded(runtime: Runtime, summary: Summary) -> None:
        summary.seen += runtime.inbox.skipped
        summary.known += runtime.inbox.skipped
        runtime.inbox.settle_archives(runtime.connection)

    parameters = {"paths": [str(p) for p in paths], **origin.parameters()}
    return run(
        "ingest",
        parameters,
        chosen,
        cut,
        loaded=loaded,
        submit=submit,
        refresh_with=refresh_with,
        origin=origin,
        paths=paths,
        place=place,
    )


def refuse_passwords(paths: Iterable[str]) -> None:
    """Raises UserError for an address with a password: addresses are kept with every article, and shown."""
    for path in paths:
        address = urlsplit(str(path)) if "://" in str(path) else None
        if address is not None and "@" in address.netloc and ":" in address.netloc.rpartition("@")[0]:
            raise UserError(
                f"{address.scheme}://{address.netloc.rpartition('@')[2]}: addresses are kept with articles,"
                " so they may hold no password; drivers take credentials from their own variables or files"
            )


def run(
    kind: str,
    parameters: Mapping[str, object],
    chosen: Settings,
    cut: Callable[[Runtime], Iterable[Batch]],
    *,
    loaded: Callable[[Runtime, Summary], None] = lambda _runtime, _summary: None,
    submit: Callable[[Batch], Pending] | None = None,
    refresh_with: Callable[[], Mapping[str, int]] | None = None,
    origin: Origin = BY_HAND,
    paths: Sequence[str] = (),
    place: Place | None = None,
) -> Summary:
    """One run of any kind: its row, its batches, the refresh, what is expected of it.

    ``cut`` gives the batches; ``loaded`` is called when all of them are in.
    """
    began = time.monotonic()
    parameters = {**parameters, "workers": chosen.workers, "engine": chosen.names_engine}
    with _open_runtime(kind, chosen, parameters, origin, paths) as runtime:
        summary = Summary(runtime.run_id)
        token = RUNTIME.set(runtime)
        try:
            listener = LISTENER.get()
            for result in _results(runtime, cut(runtime), place or Here(submit)):
                summary.add(result)
                if listener is not None:
                    listener.advance(result.seen)
            loaded(runtime, summary)
            if listener is not None:
                listener.total(summary.seen)
            summary.derived.update((refresh_with or run_refresh)())
            summary.misses += judge(
                runtime.connection, runtime.run_id, tuple(summary.sources.values()), origin.source
            )
        except BaseException as error:
            _finish(runtime, summary, "failed" if isinstance(error, Exception) else "cancelled", began, error)
            raise
        finally:
            RUNTIME.reset(token)
        _finish(runtime, summary, "partial" if summary.rejected else "completed", began, None)
    return summary


def _finish(
    runtime: Runtime, summary: Summary, state: str, began: float, error: BaseException | None
) -> None:
    summary.seconds = time.monotonic() - began
    message = None if error is None else f"{type(error).__name__}: {error}"
    try:
        finish_run(runtime.connection, runtime.run_id, state, summary.counts(), message)
    except sa.exc.DBAPIError:
        # the server is gone; the error that ended the run matters more than its row
        if error is None:
            raise


def _results(runtime: Runtime, cut: Iterable[Batch], place: Place) -> Iterator[BatchResult]:
    """Run batches with a bounded number of them started and unfinished; the inbox remembers what they did."""
    pending: deque[tuple[Batch, Pending]] = deque()

    def oldest() -> BatchResult:
        batch, under_way = pending.popleft()
        result = under_way.result()
        runtime.inbox.settle(runtime.connection, batch.files, result.refused)
        return result

    try:
        place.open(runtime)
        for batch in cut:
            pending.append((batch, place.submit(batch)))
            while len(pending) >= place.under_way():
                yield oldest()
        while pending:
            yield oldest()
    except BaseException:
        # No batch outlives the run: workers first, so that those under way end soon, one way or the other.
        runtime.workers.close()
        place.close()
        while pending:
            with suppress(Exception):
                oldest()
        raise
    finally:
        place.close()


def _count_in_background(paths: Sequence[str], listener: Listener | None) -> None:
    """Tell the listener how many files there are, so that it knows the time left.

    A quick estimate by names: archives and URLs are not opened for it, and then no total is told.
    """
    if listener is None:
        return

    def count() -> None:
        files = 0
        for path in map(Path, paths):
            if path.is_dir():
                for _, _, names in os.walk(path):
                    files += sum(name.endswith(".txt") for name in names)
            elif path.is_file() and path.suffix == ".txt":
                files += 1
            else:
                return
        listener.total(files)

    threading.Thread(target=count, daemon=True, name="count-files").start()


def refresh(engine: sa.Engine) -> dict[str, int]:
    """Bring what is derived across articles up to date; rows that changed, by table.  Safe to repeat."""
    with engine.connect() as connection:
        analyze_grown(connection)
        with noted(connection, "entities"):
            done = refresh_lines(connection) | refresh_entities(connection) | refresh_reference(connection)
        with noted(connection, "stories"):
            done |= refresh_stories(connection, TEXTS)
        with noted(connection, "events"):
            done |= refresh_occurrences(connection, REPORTS)
        analyze_grown(connection)
        take_in_words(connection)
        return done | refresh_reports(connection)


def rebuild(engine: sa.Engine) -> dict[str, int]:
    """Derive entities, stories and occurrences anew, as rules that changed since see them; then ``refresh``.

    What people judged stays, and so do the ids of entities; stories and occurrences get new ids.  Killed half
    way, the next refresh goes on.
    """
    with engine.connect() as connection:
        done = rebuild_identities(connection)
        rebuild_stories(connection)
        rebuild_occurrences(connection)
    return done | refresh(engine)


def run_refresh() -> dict[str, int]:
    """``refresh`` inside a run."""
    return refresh(RUNTIME.get().engine)
