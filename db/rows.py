"""What the loader takes: one NamedTuple a row, without the extraction's id, which the loader knows first.

Plain tuples, so that worker processes can make them, pickle them cheaply and COPY can write them as they are.
Text holds neither NUL nor lone surrogates (PostgreSQL refuses both); JSON comes as text.
Field order is column order.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple


class PipelineRow(NamedTuple):
    """A pipeline version: digest of all that decides an extraction, and what it is made of (JSON)."""

    digest: bytes
    description: str


class FileKey(NamedTuple):
    """A file as it was found, by what decides whether it has to be loaded."""

    uri: str
    sha256: bytes
    metadata_hash: bytes
    metadata: str  # JSON
    modified: datetime | None


class ExtractionRow(NamedTuple):
    title: str | None
    text: str
    alignment: bytes
    blocks: str  # JSON
    boilerplate: str  # JSON
    faults: str  # JSON
    encoding: str
    encoding_basis: str
    encoding_confidence: float
    language: str
    arabic_share: float
    source: str | None
    published_start: str | None
    published_end: str | None
    published_first_day: date | None
    published_last_day: date | None
    published_precision: str
    published_basis: str
    published_rule: str
    seconds: float
    terms: str | None  # in tsvector syntax


class SentenceRow(NamedTuple):
    n: int
    clean_start: int
    clean_end: int
    raw_start: int
    raw_end: int


class EntityRow(NamedTuple):
    n: int
    kind: str
    name: str
    name_folded: str
    key: str


class MentionRow(NamedTuple):
    n: int
    entity_n: int
    clean_start: int
    clean_end: int
    raw_start: int
    raw_end: int
    surface: str
    confidence: float
    method: str


class OfficeRow(NamedTuple):
    n: int
    person_n: int
    organization_n: int | None
    title: str
    tenure: str
    clean_start: int
    clean_end: int
    raw_start: int
    raw_end: int
    surface: str
    confidence: float


class DateRow(NamedTuple):
    n: int
    clean_start: int
    clean_end: int
    raw_start: int
    raw_end: int
    surface: str
    value_start: str | None
    value_end: str | None
    first_day: date | None
    last_day: date | None
    precision: str
    calendar: str
    basis: str
    rule: str
    candidates: list[str]
    conflict: str | None


class EventRow(NamedTuple):
    n: int
    type: str
    mode: str | None
    status: str
    location_n: int | None
    date_n: int | None
    sentence_n: int | None
    attribution_clean_start: int | None
    attribution_clean_end: int | None
    attribution_raw_start: int | None
    attribution_raw_end: int | None
    confidence: float
    rule: str


class TriggerRow(NamedTuple):
    event_n: int
    ordinal: int
    clean_start: int
    clean_end: int
    raw_start: int
    raw_end: int
    surface: str


class ParticipantRow(NamedTuple):
    event_n: int
    ordinal: int
    role: str
    entity_n: int | None
    text: str
    clean_start: int | None
    clean_end: int | None
    raw_start: int | None
    raw_end: int | None
    surface: str | None


class QuotationRow(NamedTuple):
    n: int
    speaker_n: int | None
    speaker: str
    direct: bool
    verb_clean_start: int
    verb_clean_end: int
    verb_raw_start: int
    verb_raw_end: int
    clean_start: int
    clean_end: int
    raw_start: int
    raw_end: int
    surface: str


class ShortLineRow(NamedTuple):
    n: int
    folded: str
    edge: bool


class ArticleRows(NamedTuple):
    """Everything that one file gives."""

    file: FileKey
    size: int
    data: bytes
    extraction: ExtractionRow
    sentences: tuple[SentenceRow, ...]
    entities: tuple[EntityRow, ...]
    mentions: tuple[MentionRow, ...]
    offices: tuple[OfficeRow, ...]
    dates: tuple[DateRow, ...]
    events: tuple[EventRow, ...]
    triggers: tuple[TriggerRow, ...]
    participants: tuple[ParticipantRow, ...]
    quotations: tuple[QuotationRow, ...]
    short_lines: tuple[ShortLineRow, ...] = ()


class RejectionRow(NamedTuple):
    """A file that could not be turned into an article."""

    uri: str
    stage: str
    cause: str
    message: str
    sha256: bytes | None
    size: int | None


class Batch(NamedTuple):
    """What is loaded in one transaction."""

    pipeline: PipelineRow
    run_id: int | None
    articles: tuple[ArticleRows, ...]
    rejections: tuple[RejectionRow, ...] = ()
    stored: bool = False  # read from stored bytes: says nothing about what stands at an address now
