"""Extraction -> database rows.  Pure, run in the worker processes: the loading process only copies.

What the database's constraints demand is checked here: a result that breaks them raises ValueError in the
worker, where it becomes the rejection of one file, instead of refusing a whole batch later.
"""

from __future__ import annotations

import calendar
import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from db.rows import (
    ArticleRows,
    DateRow,
    EntityRow,
    EventRow,
    ExtractionRow,
    FileKey,
    MentionRow,
    OfficeRow,
    ParticipantRow,
    PipelineRow,
    QuotationRow,
    RejectionRow,
    SentenceRow,
    ShortLineRow,
    TriggerRow,
)
from flows.clean.normalize import fold, pack_alignment
from flows.clean.terms import tsvector_literal
from flows.records import Extraction, Metadata, RawFile, Rejection, Span
from flows.resolve.identity import entity_key
from flows.storable import storable, storable_json, storable_uri

__all__ = ["article_rows", "file_key", "pipeline_row", "rejection_row"]

_TERMS_LIMIT = 100_000  # letters; a tsvector has an end (1 MB) and keeps no positions behind word 16,383

_fold = lru_cache(maxsize=1 << 14)(fold)


def _json(value: object) -> str:
    return storable_json(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


# ------------------------------------------------------------------------------------- keys


def file_key(raw: RawFile) -> FileKey:
    """What decides whether a file has to be loaded: where it is, its bytes, its metadata."""
    stated = _metadata_json(raw.metadata)
    return FileKey(
        uri=storable_uri(raw.uri),
        sha256=bytes.fromhex(raw.sha256),
        metadata_hash=hashlib.blake2b(stated.encode(), digest_size=16).digest(),
        metadata=stated,
        modified=None if raw.modified is None else _moment(raw.modified),
    )


def _moment(seconds: float) -> datetime | None:
    """None for what a file system or archive says that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _metadata_json(metadata: Metadata) -> str:
    stated = {
        "title": metadata.title,
        "published": metadata.published,
        "url": metadata.url,
        "source": metadata.source,
        "extra": dict(sorted(metadata.extra.items())) or None,
    }
    return _json({name: value for name, value in stated.items() if value is not None})


def stated_metadata(stored: Mapping[str, Any]) -> Metadata:
    """The metadata that location_version.metadata holds: what ``_metadata_json`` wrote, read back."""
    fields = {name: stored.get(name) for name in ("title", "published", "url", "source")}
    extra = stored.get("extra")
    return Metadata(
        **{name: value for name, value in fields.items() if isinstance(value, str)},
        extra={str(k): str(v) for k, v in extra.items()} if isinstance(extra, dict) else {},
    )


def pipeline_row(version: str, description: dict[str, object]) -> PipelineRow:
    """version: hex digest, as flows.pipeline.version gives it."""
    return PipelineRow(bytes.fromhex(version), _json(description))


def rejection_row(rejection: Rejection) -> RejectionRow:
    return RejectionRow(
        uri=storable_uri(rejection.uri),
        stage=rejection.stage,
        cause=rejection.cause,
        message=storable(rejection.message),
        sha256=None if rejection.sha256 is None else bytes.fromhex(rejection.sha256),
        size=rejection.size,
    )


# ------------------------------------------------------------------------------------- dates


@lru_cache(maxsize=1 << 12)
def day(iso: str | None, *, last: bool) -> date | None:
    """First or last day that YYYY, YYYY-MM or YYYY-MM-DD can mean; None for None.

    Raises ValueError on anything else.
    """
    if iso is None:
        return None
    year, month, dom = [*map(int, iso.split("-")), 0, 0][:3]
    if iso.count("-") == 2:
        return date(year, month, dom)
    if iso.count("-") == 1:
        return date(year, month, calendar.monthrange(year, month)[1] if last else 1)
    return date(year, 12, 31) if last else date(year, 1, 1)


def _interval(start: str | None, end: str | None) -> tuple[date | None, date | None]:
    first, final = day(start, last=False), day(end, last=True)
    if first is not None and final is not None and final < first:
        raise ValueError(f"interval {start} .. {end} runs backwards")
    return first, final


def _share(value: float, what: str) -> float:
    if not 0 <= value <= 1:  # NaN too
        raise ValueError(f"{what} {value} is not between 0 and 1")
    return float(value)


# ------------------------------------------------------------------------------------- rows


def article_rows(extraction: Extraction) -> ArticleRows:
    """All rows of one article.

    Raises ValueError when spans are empty or out of the text, indices point nowhere, intervals run backwards
    or confidences leave [0, 1].
    """
    article = extraction.article
    text = article.text.text
    if not text:
        raise ValueError("an article without text")
    # lists: one element at a time is what numpy is slow at
    starts, ends = article.text.start.tolist(), article.text.end.tolist()
    length = len(text)
    raw_text = storable(extraction.decoded.text)

    def both(span: Span) -> tuple[int, int, int, int]:
        a, b = span
        if not 0 <= a < b <= length:
            raise ValueError(f"span {span} outside a text of {length} characters")
        raw_start, raw_end = starts[a], ends[b - 1]
        if not 0 <= raw_start < raw_end <= len(raw_text):
            raise ValueError(f"span {span} leads to the raw span ({raw_start}, {raw_end})")
        return a, b, raw_start, raw_end

    def seen(span: Span) -> tuple[int, int, int, int, str]:
        a, b, raw_start, raw_end = both(span)
        return a, b, raw_start, raw_end, raw_text[raw_start:raw_end]

    entities = [
        EntityRow(n, e.kind.value, e.name, _fold(e.name), entity_key(e.kind, e.name))
        for n, e in enumerate(extraction.entities)
    ]
    named = sorted((m.span, n, m) for n, e in enumerate(extraction.entities) for m in e.mentions)

    def entity(index: int | None) -> int | None:
        if index is not None and not 0 <= index < len(entities):
            raise ValueError(f"entity {index} of {len(entities)}")
        return index

    dates = []
    for n, mention in enumerate(extraction.dates):
        value = mention.value
        first, final = _interval(value.start, value.end)
        dates.append(
            DateRow(
                n,
                *seen(mention.span),
                value.start,
                value.end,
                first,
                final,
                value.precision.value,
                value.calendar,
                value.basis.value,
                value.rule,
                list(value.candidates),
                value.conflict,
            )
        )
    events, triggers, participants = _events(extraction, both, seen, entity)
    return ArticleRows(
        file=file_key(extraction.raw),
        size=len(extraction.raw.data),
        data=extraction.raw.data,
        extraction=_extraction_row(extraction),
        sentences=tuple(SentenceRow(n, *both((s.start, s.end))) for n, s in enumerate(article.sentences)),
        entities=tuple(entities),
        mentions=tuple(
            MentionRow(n, owner, *seen(span), _share(m.confidence, "confidence"), m.method)
            for n, (span, owner, m) in enumerate(named)
        ),
        offices=tuple(
            OfficeRow(
                n,
                _present(entity(o.person)),
                entity(o.organization),
                o.title,
                o.tenure,
                *seen(o.span),
                _share(o.confidence, "confidence"),
            )
            for n, o in enumerate(extraction.offices)
        ),
        dates=tuple(dates),
        events=events,
        triggers=triggers,
        participants=participants,
        quotations=tuple(
            QuotationRow._make(
                (n, entity(q.speaker), storable(q.speaker_text), q.direct, *both(q.verb), *seen(q.quote))
            )
            for n, q in enumerate(extraction.quotations)
        ),
        short_lines=tuple(
            ShortLineRow(n, storable(line.folded), line.edge) for n, line in enumerate(article.short_lines)
        ),
    )


def _present(index: int | None) -> int:
    if index is None:
        raise ValueError("an office without a person")
    return index


def _events(
    extraction: Extraction,
    both: Callable[[Span], tuple[int, int, int, int]],
    seen: Callable[[Span], tuple[int, int, int, int, str]],
    entity: Callable[[int | None], int | None],
) -> tuple[tuple[EventRow, ...], tuple[TriggerRow, ...], tuple[ParticipantRow, ...]]:
    events, triggers, participants = [], [], []
    sentences = extraction.article.sentences
    sentence_starts = [s.start for s in sentences]
    nowhere = (None, None, None, None)
    for n, event in enumerate(extraction.events):
        if not event.triggers:
            raise ValueError("an event without a trigger")
        if event.date is not None and not 0 <= event.date < len(extraction.dates):
            raise ValueError(f"date {event.date} of {len(extraction.dates)}")
        events.append(
            EventRow._make(
                (
                    n,
                    event.type.value,
                    event.mode,
                    event.status.value,
                    entity(event.location),
                    event.date,
                    _sentence(sentences, sentence_starts, event.triggers[0][0]),
                    *(nowhere if event.attribution is None else both(event.attribution)),
                    _share(event.confidence, "confidence"),
                    event.rule,
                )
            )
        )
        triggers += [TriggerRow(n, i, *seen(span)) for i, span in enumerate(event.triggers)]
        participants += [
            ParticipantRow(
                n,
                i,
                p.role.value,
                entity(p.entity),
                storable(p.text),
                *((None,) * 5 if p.span is None else seen(p.span)),
            )
            for i, p in enumerate(event.participants)
        ]
    return tuple(events), tuple(triggers), tuple(participants)


def _sentence(
    sentences: Sequence[tuple[int, int, int, int]], starts: Sequence[int], place: int
) -> int | None:
    n = bisect_right(starts, place) - 1
    return n if n >= 0 and place < sentences[n][1] else None


def _extraction_row(extraction: Extraction) -> ExtractionRow:
    article = extraction.article
    published = article.published
    first, final = _interval(published.start, published.end)
    title = article.title_span
    text = article.text.text
    return ExtractionRow(
        title=None if title is None else text[title[0] : title[1]],
        text=text,
        alignment=pack_alignment(article.text),
        blocks=_json([[b.kind.value, *b.span] for b in article.blocks]),
        boilerplate=_json([list(span) for span in article.boilerplate]),
        faults=_json([[f.kind, f.offset, f.length, f.note] for f in extraction.decoded.faults]),
        encoding=extraction.decoded.encoding,
        encoding_basis=extraction.decoded.basis,
        encoding_confidence=_share(extraction.decoded.confidence, "encoding confidence"),
        language=article.language,
        arabic_share=_share(article.arabic_share, "share of Arabic"),
        source=None if article.source is None else storable(article.source),
        published_start=published.start,
        published_end=published.end,
        published_first_day=first,
        published_last_day=final,
        published_precision=published.precision.value,
        published_basis=published.basis.value,
        published_rule=published.rule,
        seconds=extraction.seconds,
        terms=tsvector_literal(text[:_TERMS_LIMIT], 0 if title is None else title[1]) or None,
    )
