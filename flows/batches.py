"""A batch of files: read, extracted and loaded in one transaction.

Here a file meets worker processes and the database; `flows.runs` finds the files and keeps the account.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from heapq import nlargest
from itertools import chain
from typing import Protocol

import sqlalchemy as sa

from db.load import known
from db.load import load as load_rows
from db.operations import SourceCounts
from db.rows import ArticleRows, PipelineRow
from db.rows import Batch as LoadBatch
from flows.after_load import AfterLoad, put_away
from flows.expectations import counted
from flows.read.discover import Found
from flows.read.discover import load as load_file
from flows.records import RawFile, Rejection
from flows.rows import file_key, rejection_row
from flows.settings import Settings
from flows.storable import storable_uri

SLOWEST = 10  # files named in the report
EXAMPLES = 10  # rejections named in the summary; all are in the table `rejection`
PART_SHARE = 4  # a batch that holds more than so many times `batch_bytes` is loaded in parts


@dataclass(frozen=True, slots=True)
class Batch:
    """Files that are loaded in one transaction, in the order in which they were found."""

    number: int
    files: tuple[Found, ...]
    rejections: tuple[Rejection, ...] = ()  # what discovery itself refused
    stored: tuple[RawFile, ...] = ()  # what comes from the database's own bytes; then there are no files


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Keys and counts only: this is what an orchestrator may keep."""

    number: int
    seen: int
    known: int
    loaded: int
    rejections: tuple[tuple[str, str, int], ...]  # stage, cause, files
    examples: tuple[str, ...]  # a few rejections in words
    rows: tuple[tuple[str, int], ...]  # table, rows
    seconds: float
    sources: tuple[SourceCounts, ...] = ()  # what was loaded, by outlet
    slowest: tuple[tuple[float, str], ...] = ()  # seconds of extraction, URI
    refused: frozenset[str] = frozenset()  # storable addresses of what was rejected


@dataclass(frozen=True, slots=True)
class Origin:
    """For whom a run works; what Prefect and the metrics know it by."""

    inbox: str | None = None  # name of the inbox, None for paths given by hand
    source: str | None = None  # outlet of files that do not say theirs
    after_load: AfterLoad = "keep"
    archive: str | None = None  # folder for after_load = archive
    flow_run: str | None = None  # Prefect's id of the run

    def parameters(self) -> dict[str, str]:
        """What of it the run's row keeps."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "keep")}


BY_HAND = Origin()  # for nobody in particular


class Extractors(Protocol):
    """What makes rows of files: processes of their own, or this one."""

    def run(self, raws: Sequence[RawFile]) -> list[ArticleRows | Rejection]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """What the batches of one run share; threads of one process only."""

    engine: sa.Engine
    workers: Extractors
    settings: Settings
    pipeline: PipelineRow
    run_id: int
    origin: Origin = BY_HAND
    paths: tuple[str, ...] = ()


def batches(found: Iterable[Found | Rejection], files: int, size: int) -> Iterator[Batch]:
    """Cut a stream of findings into batches of at most ``files`` files and about ``size`` bytes."""
    number, held_bytes = 0, 0
    held: list[Found] = []
    refused: list[Rejection] = []
    for item in found:
        if isinstance(item, Rejection):
            refused.append(item)
        else:
            item_bytes = item.size or 0
            if held and held_bytes + item_bytes > size:
                yield Batch(number, tuple(held), tuple(refused))
                number, held, refused, held_bytes = number + 1, [], [], 0
            held.append(item)
            held_bytes += item_bytes
        if len(held) + len(refused) >= files:
            yield Batch(number, tuple(held), tuple(refused))
            number, held, refused, held_bytes = number + 1, [], [], 0
    if held or refused:
        yield Batch(number, tuple(held), tuple(refused))


def run_batch(batch: Batch, loading: Loading) -> BatchResult:
    """Read, skip what is known, extract, load: one transaction.

    Compressed files may turn out many times larger than their listing; such a batch is loaded in parts, so
    that memory stays bounded.
    """
    began = time.monotonic()
    results = [_run_part(part, batch.number, loading) for part in _read(batch, loading)]
    return replace(_joined(results), seconds=time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class _Part:
    """Files of a batch with their bytes, and what was refused among them."""

    files: Sequence[Found]
    raws: Sequence[RawFile]
    refused: Sequence[Rejection]
    stored: bool


def _read(batch: Batch, loading: Loading) -> Iterator[_Part]:
    """The batch's files, read: as one part, unless they hold several times ``batch_bytes``."""
    first, held = 0, 0
    raws, refused = list(batch.stored), list(batch.rejections)
    for place, found in enumerate(batch.files):
        raw = load_file(found, max_bytes=loading.settings.max_file_bytes)
        if isinstance(raw, Rejection):
            refused.append(raw)
            continue
        raws.append(_of_source(raw, loading.origin.source))
        held += len(raw.data)
        if held > PART_SHARE * loading.settings.batch_bytes:
            yield _Part(batch.files[first : place + 1], raws, refused, stored=bool(batch.stored))
            first, held, raws, refused = place + 1, 0, [], []
    if raws or refused or not first:
        yield _Part(batch.files[first:], raws, refused, stored=bool(batch.stored))


def _run_part(part: _Part, number: int, loading: Loading) -> BatchResult:
    refused = list(part.refused)
    keys = [file_key(raw) for raw in part.raws]
    with loading.engine.connect() as connection:
        there = known(connection, keys, loading.pipeline.digest, stored=part.stored)
    fresh = [raw for raw, key in zip(part.raws, keys, strict=True) if key.uri not in there]
    articles: list[ArticleRows] = []
    for outcome in loading.workers.run(fresh):
        if isinstance(outcome, Rejection):
            refused.append(outcome)
        else:
            articles.append(outcome)
    counts, more = load_rows(
        loading.engine,
        LoadBatch(
            loading.pipeline,
            loading.run_id,
            tuple(articles),
            tuple(map(rejection_row, refused)),
            stored=part.stored,
        ),
    )
    failed = {storable_uri(r.uri) for r in refused} | {storable_uri(r.uri) for r in more}
    put_away(
        (found for found in part.files if storable_uri(found.uri) not in failed),
        loading.origin.after_load,
        loading.origin.archive,
        loading.paths,
    )
    rejected = Counter((r.stage, r.cause) for r in refused) + Counter((r.stage, r.cause) for r in more)
    return BatchResult(
        number=number,
        seen=len(part.raws) + len(part.refused),
        known=len(part.raws) - counts.extraction - (len(fresh) - len(articles)) - len(more),
        loaded=counts.extraction,
        rejections=tuple((stage, cause, files) for (stage, cause), files in rejected.items()),
        examples=tuple(
            [f"{r.uri}: {r.stage}: {r.message}" for r in refused]
            + [f"{r.uri}: {r.stage}: {r.message}" for r in more]
        )[:EXAMPLES],
        rows=tuple((name, value) for name, value in asdict(counts).items() if value),
        seconds=0.0,
        sources=counted(articles),
        slowest=tuple(nlargest(SLOWEST, ((a.extraction.seconds, a.file.uri) for a in articles))),
        refused=frozenset(failed),
    )


def _joined(results: Sequence[BatchResult]) -> BatchResult:
    """The parts of a batch as one result."""
    if len(results) == 1:
        return results[0]
    rejected: Counter[tuple[str, str]] = Counter()
    rows: Counter[str] = Counter()
    for result in results:
        for stage, cause, files in result.rejections:
            rejected[stage, cause] += files
        rows.update(dict(result.rows))
    return BatchResult(
        number=results[0].number,
        seen=sum(result.seen for result in results),
        known=sum(result.known for result in results),
        loaded=sum(result.loaded for result in results),
        rejections=tuple((stage, cause, files) for (stage, cause), files in rejected.items()),
        examples=tuple(chain.from_iterable(result.examples for result in results))[:EXAMPLES],
        rows=tuple(rows.items()),
        seconds=0.0,
        sources=tuple(chain.from_iterable(result.sources for result in results)),
        slowest=tuple(nlargest(SLOWEST, chain.from_iterable(result.slowest for result in results))),
        refused=frozenset().union(*(result.refused for result in results)),
    )


def _of_source(raw: RawFile, source: str | None) -> RawFile:
    """The file with its inbox's outlet, where neither it nor its address says another."""
    if source is None or raw.metadata.source or raw.metadata.url:
        return raw
    return replace(raw, metadata=replace(raw.metadata, source=source))
