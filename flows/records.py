"""Frozen dataclasses that pass between the stages.

Coordinates
-----------
Every ``Span`` is ``(start, end)``, half open, in code points.  Stages after cleaning speak of positions in
``Article.text`` (the *clean* and the *search* layer have the same length, so one span serves both).
``CleanText.raw_span`` leads back to the decoded raw text, ``DecodedText`` from there to the file's bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]


class EntityKind(StrEnum):
    PERSON = "PERSON"
    ORGANIZATION = "ORGANIZATION"
    LOCATION = "LOCATION"
    NAMED_EVENT = "NAMED_EVENT"


class EventType(StrEnum):
    """PLOVER 2.0's sixteen types, then six civil ones."""

    CONSULT = "CONSULT"
    AGREE = "AGREE"
    SUPPORT = "SUPPORT"
    CONCEDE = "CONCEDE"
    COOPERATE = "COOPERATE"
    AID = "AID"
    RETREAT = "RETREAT"
    REQUEST = "REQUEST"
    ACCUSE = "ACCUSE"
    REJECT = "REJECT"
    THREATEN = "THREATEN"
    PROTEST = "PROTEST"
    SANCTION = "SANCTION"
    MOBILIZE = "MOBILIZE"
    COERCE = "COERCE"
    ASSAULT = "ASSAULT"
    APPOINT = "APPOINT"
    VOTE = "VOTE"
    ACCIDENT = "ACCIDENT"
    DIE = "DIE"
    HOLD = "HOLD"
    LAUNCH = "LAUNCH"


class EventStatus(StrEnum):
    OCCURRED = "occurred"
    ONGOING = "ongoing"
    PLANNED = "planned"
    CALLED_FOR = "called_for"
    DENIED = "denied"
    CANCELLED = "cancelled"
    HYPOTHETICAL = "hypothetical"


class Role(StrEnum):
    ACTOR = "actor"
    RECIPIENT = "recipient"


class Basis(StrEnum):
    """Where a date comes from."""

    METADATA = "metadata"  # the sidecar or manifest says so
    TEXT = "text"  # the text says so in full
    INFERRED = "inferred"  # the text's expressions together leave one value
    NONE = "none"


class Precision(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    SEASON = "season"
    QUARTER = "quarter"
    YEAR = "year"
    INTERVAL = "interval"  # several days, months or years from .. to
    UNKNOWN = "unknown"


class TokenKind(StrEnum):
    WORD = "word"
    NUMBER = "number"
    PUNCTUATION = "punctuation"
    URL = "url"  # addresses, e-mail, handles


class BlockKind(StrEnum):
    TITLE = "title"
    DATELINE = "dateline"
    BYLINE = "byline"
    PARAGRAPH = "paragraph"


# --------------------------------------------------------------------------------------------- read


@dataclass(frozen=True, slots=True)
class Metadata:
    """What came beside the text: sidecar, manifest, front matter, command line."""

    title: str | None = None
    published: str | None = None  # as written there; flows.read.metadata parses it
    url: str | None = None
    source: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file's bytes and where they were seen."""

    uri: str  # absolute path or URL; members of archives as archive::member
    name: str  # the file's name without its last suffix: the article's id in `rasd extract`
    data: bytes
    sha256: str  # hex
    metadata: Metadata
    modified: float | None = None  # seconds since the epoch, as the file system says; a hint only


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in the input that reading survived."""

    kind: str  # truncated | invalid_bytes | nul | lone_surrogate | control | mojibake | ...
    offset: int  # in bytes of the file
    length: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The raw layer: the bytes decoded once, line ends as they are, without a byte-order mark."""

    text: str
    encoding: str  # Python codec name; decoding the same bytes with it again gives the same text
    confidence: float  # 0..1
    basis: str  # bom | utf-8 | statistics | declared
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class CleanText:
    """Clean and search layer with their way back to raw.

    ``text`` and ``search`` have the same length n; clean character i comes from
    ``raw[start[i]:end[i]]``, int32 arrays of shape (n,), both non-decreasing inside a block.
    """

    text: str
    search: str
    start: NDArray[np.int32]
    end: NDArray[np.int32]

    def raw_span(self, span: Span) -> Span:
        """Clean [start, end) -> raw [start, end); empty spans are refused."""
        a, b = span
        if not 0 <= a < b <= len(self.text):
            raise ValueError(f"span {span} outside a text of {len(self.text)} characters")
        return int(self.start[a]), int(self.end[b - 1])


@dataclass(frozen=True, slots=True)
class Block:
    kind: BlockKind
    span: Span


class ShortLine(NamedTuple):
    """A short line that no rule calls boilerplate: if many articles of the source have it, it is."""

    folded: str
    edge: bool  # among the first or last few lines, but not the first


# -------------------------------------------------------------------------------------------- clean


class Token(NamedTuple):
    start: int
    end: int
    kind: TokenKind


class Sentence(NamedTuple):
    """Characters [start, end) and tokens [first, last) of the article."""

    start: int
    end: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class DateValue:
    """An interval with its precision.  start and end are ISO 8601 as precise as the text: YYYY, YYYY-MM
    or YYYY-MM-DD; None where the text leaves it open (then ``candidates`` holds what remains possible)."""

    start: str | None = None
    end: str | None = None
    precision: Precision = Precision.UNKNOWN
    calendar: str = "gregorian"  # gregorian | hijri
    basis: Basis = Basis.NONE
    rule: str = ""
    candidates: tuple[str, ...] = ()
    conflict: str | None = None  # e.g. the stated weekday that the date does not fall on


@dataclass(frozen=True, slots=True)
class Article:
    """A document ready for extraction: boilerplate gone, title first, blocks separated by one newline."""

    id: str
    text: CleanText
    blocks: tuple[Block, ...]
    tokens: tuple[Token, ...]
    sentences: tuple[Sentence, ...]
    published: DateValue
    language: str  # "ar", another ISO 639-1 code, or "und"
    arabic_share: float  # Arabic letters among all letters, 0..1
    source: str | None
    metadata: Metadata
    boilerplate: tuple[Span, ...] = ()  # in raw text
    short_lines: tuple[ShortLine, ...] = ()  # whether removed as learned boilerplate or not

    @property
    def title_span(self) -> Span | None:
        return next((b.span for b in self.blocks if b.kind is BlockKind.TITLE), None)


# ------------------------------------------------------------------------------------------ extract


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in the text, attached clitics (و ف ب ل ك س) left outside the span."""

    span: Span
    kind: EntityKind
    confidence: float
    method: str  # the engine or rule that found it
    elided: bool = False  # ل swallowed the alif of ال (للأمن): the name is "ا" + the letters of the span


@dataclass(frozen=True, slots=True)
class Entity:
    """All mentions of one named thing in one article."""

    name: str  # fullest form, clean spelling
    kind: EntityKind
    mentions: tuple[Mention, ...]  # by position


@dataclass(frozen=True, slots=True)
class Office:
    """entities[person] holds the office ``title``."""

    person: int
    title: str  # as written, clean spelling
    organization: int | None  # entities[organization]
    span: Span  # of the title
    tenure: str = "current"  # current | former | acting | elect
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class DateMention:
    span: Span
    value: DateValue


@dataclass(frozen=True, slots=True)
class Participant:
    role: Role
    entity: int | None  # entities[entity], or None for an unnamed participant
    text: str  # the entity's name, or the noun phrase's head as written
    span: Span | None = None  # where this clause names it; None when carried over


@dataclass(frozen=True, slots=True)
class Event:
    type: EventType
    status: EventStatus
    triggers: tuple[Span, ...]  # at least one; the first is the one that decided
    participants: tuple[Participant, ...] = ()
    location: int | None = None  # entities[location]
    date: int | None = None  # dates[date]
    mode: str | None = None  # PLOVER's, or what the office's lexicon says
    attribution: Span | None = None  # who says so: ذكر بلاغ, بحسب مصدر
    confidence: float = 0.5
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Quotation:
    """Who said what."""

    speaker: int | None  # entities[speaker]
    speaker_text: str
    verb: Span
    quote: Span
    direct: bool


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything that the pipeline says about one article."""

    raw: RawFile
    decoded: DecodedText
    article: Article
    entities: tuple[Entity, ...] = ()
    offices: tuple[Office, ...] = ()
    dates: tuple[DateMention, ...] = ()
    events: tuple[Event, ...] = ()
    quotations: tuple[Quotation, ...] = ()
    seconds: float = 0.0

    def raw_span(self, span: Span) -> Span:
        return self.article.text.raw_span(span)

    def surface(self, span: Span) -> str:
        """The letters of the raw text behind a clean span."""
        start, end = self.raw_span(span)
        return self.decoded.text[start:end]

    def clean(self, span: Span) -> str:
        return self.article.text.text[span[0] : span[1]]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A file that could not be turned into an article."""

    uri: str
    stage: str  # discover | read | decode | metadata | layout | clean | extract | load
    cause: str  # a stable short code: empty, binary, too_large, unreadable, not_a_file, dangling_link, ...
    message: str  # for people
    sha256: str | None = None
    size: int | None = None
