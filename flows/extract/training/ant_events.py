"""Read the project's own marks of events in Tunisian news, joined with the articles and their names.

``data/ant_events_*.json`` hold no text.  Triggers, participants and places are ``[start, end]`` in code
points of the article's file decoded as UTF-8, clitics outside (where ل meets the article ال only the first
lam stands outside).  Names are those of ``ant_names``; articles that have none there take what an engine
finds.  The marks are the project's own work (CC0).
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from flows.clean.normalize import clean, fold
from flows.extract.clitics import restore, written
from flows.extract.gazetteer import gazetteer
from flows.extract.linking import link_entities
from flows.extract.training.ant_names import ANT_NAMES, FOLDER, read_ant_names
from flows.extract.training.own_news import OwnArticle
from flows.records import (
    Article,
    CleanText,
    DateValue,
    Entity,
    EntityKind,
    EventStatus,
    EventType,
    Mention,
    Metadata,
    Span,
)

ANT_EVENTS = tuple(Path(__file__).parent / "data" / f"ant_events_{part}.json" for part in "abc")
SOURCE = "jawharafm.net"

_DAY = r"\d{4}-\d{2}-\d{2}"
_SWALLOWED = re.compile(r"(?:^|\W)[وف]?ل$")  # before a name: the ل that may have swallowed the alif of ال


Namer = Callable[
    [str, str, str | None], OwnArticle
]  # id, text and day of publication -> the names of the text


class MarksError(ValueError):
    """The marks, the names and the texts do not belong together."""


class MarkedEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event: spans in code points of the raw text; dates YYYY-MM-DD, YYYY-MM or YYYY."""

    type: EventType
    status: EventStatus
    triggers: tuple[tuple[int, int], ...]
    actors: tuple[tuple[int, int], ...]
    recipients: tuple[tuple[int, int], ...]
    location: tuple[int, int] | None
    start: str | None
    end: str | None

    @property
    def spans(self) -> tuple[Span, ...]:
        """All marks of the event, the place last."""
        return (*self.triggers, *self.actors, *self.recipients, *([self.location] if self.location else []))


class MarkedEvents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One article's events (an empty tuple: read, and none found) and the digest of the bytes read."""

    file: str
    sha256: str
    published: str
    events: tuple[MarkedEvent, ...]

    @property
    def id(self) -> str:
        """As the gold set names articles of this corpus."""
        return f"ant-{self.file.removesuffix('.txt')}"


class _Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    note: str
    articles: tuple[MarkedEvents, ...]


def marked_events(json_path: Path) -> tuple[MarkedEvents, ...]:
    """The marks as stored, without text; raises msgspec.ValidationError for a file not in this format."""
    return msgspec.json.decode(json_path.read_bytes(), type=_Marks).articles


def read_ant_events(
    json_paths: Sequence[Path], ant_zip: Path, names_path: Path = ANT_NAMES, namer: Namer | None = None
) -> list[dict[str, Any]]:
    """The marked articles in the shape of gold/train.json with ``text`` added, in the order of the files.

    ``namer`` finds the names of articles that ``names_path`` does not mark.  Boilerplate, offices and dates
    were not marked and are empty.

    Raises MarksError, naming the article, where one is marked twice, has no names' marks and no ``namer`` to
    find some, is missing from the archive or differs from the bytes that were marked, and as ``gold_record``
    does.  ValueErrors of ``read_ant_names`` pass through.
    """
    names = {article.id: article for article in read_ant_names(names_path, ant_zip)}
    articles = [marked for path in json_paths for marked in marked_events(path)]
    refuse_twice([marked.file for marked in articles])
    out: list[dict[str, Any]] = []
    with zipfile.ZipFile(ant_zip) as archive:
        for marked in articles:
            article = names.get(marked.id)
            if article is None and namer is None:
                raise MarksError(f"{marked.file}: its names are not marked")
            data = archive.read(FOLDER + marked.file)
            if (digest := hashlib.sha256(data).hexdigest()) != marked.sha256:
                raise MarksError(f"{marked.file}: sha256 {digest}, marked was {marked.sha256}")
            if not re.fullmatch(_DAY, marked.published):
                raise MarksError(f"{marked.file}: published {marked.published!r}")
            if article is None and namer is not None:
                article = namer(marked.id, data.decode("utf-8"), marked.published)
            assert article is not None
            out.append(gold_record(article, marked.events, marked.published, SOURCE, marked.file))
    return out


def refuse_twice(names: Iterable[str]) -> None:
    """Raises MarksError, naming it, where an article was marked twice."""
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise MarksError(f"{min(twice)}: marked twice")


def _verify(events: Sequence[MarkedEvent], text: str, file: str) -> None:
    for number, event in enumerate(events):
        if not event.triggers:
            raise MarksError(f"{file}: event {number} has no trigger")
        for start, end in event.spans:
            if not 0 <= start < end <= len(text):
                raise MarksError(f"{file}: event {number}, mark [{start}, {end}) of {len(text)} characters")
        for date in (event.start, event.end):
            if date is not None and not re.fullmatch(rf"{_DAY}|\d{{4}}(-\d{{2}})?", date):
                raise MarksError(f"{file}: event {number}, date {date!r}")


def gold_record(
    article: OwnArticle, events: Sequence[MarkedEvent], published: str | None, source: str, file: str
) -> dict[str, Any]:
    """An article with marked names and events in the shape of gold/train.json, ``text`` added.

    ``entities`` are the names linked by the project's own rules, so that a participant stands under its
    entity's fullest form.  Raises MarksError, naming ``file``, where a mark is empty or outside the text, an
    event has no trigger or a date is not written as a date.
    """
    text = article.text
    _verify(events, text, file)
    names = {(start, end): _name(article, start, end, kind) for start, end, kind in article.mentions}
    entities, owner = _entities(article, names, published, source, file)

    def named(span: Span) -> str:
        wanted = names.get(span) or _words(article, span)
        return owner.get(span) or owner.get(wanted) or wanted

    return {
        "id": article.id,
        "source": source,
        "published": published,
        "text": text,
        "boilerplate": [],
        "entities": entities,
        "offices": [],
        "dates": [],
        "events": [
            {
                "type": event.type.value,
                "status": event.status.value,
                "triggers": _distinct(_words(article, span) for span in event.triggers),
                "actors": _distinct(map(named, event.actors)),
                "recipients": _distinct(map(named, event.recipients)),
                "location": named(event.location) if event.location else None,
                "start": event.start,
                "end": event.end,
            }
            for event in events
        ],
    }


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


# ------------------------------------------------------------------------------------ strings out of spans


def _words(article: OwnArticle, span: Span) -> str:
    """The marked words as the guide writes them: للأمن is الأمن; blanks folded."""
    surface = " ".join(article.text[slice(*span)].split())
    return restore(surface) if _follows_lam(article.text, span) else surface


def _follows_lam(text: str, span: Span) -> bool:
    return text[span[0]] == "ل" and bool(_SWALLOWED.search(text[max(0, span[0] - 3) : span[0]]))


def _name(article: OwnArticle, start: int, end: int, kind: EntityKind) -> str:
    surface = " ".join(article.text[start:end].split())
    return restore(surface) if _elided(article, (start, end), kind) else surface


def _elided(article: OwnArticle, span: Span, kind: EntityKind) -> bool:
    """Whether the lam a name begins with is that of the article: للأمن, but not لليبيا or للورينزو."""
    text = article.text
    if not _follows_lam(text, span):
        return False
    surface = text[slice(*span)]
    if re.search(rf"(?<!\w)[وف]?[بك]?ا{re.escape(surface)}(?!\w)", text):
        return True
    marked = (other[:2] for other in article.mentions if text[slice(*other[:2])] == surface)
    if kind is EntityKind.PERSON or any(not _follows_lam(text, other) for other in marked):
        return False
    return fold(surface) not in gazetteer().by_name


# --------------------------------------------------------------------------------- names, grouped as in gold


def _entities(
    article: OwnArticle, names: dict[Span, str], published: str | None, source: str, file: str
) -> tuple[list[dict[str, Any]], dict[Span | str, str]]:
    """Gold's list of entities, and the entity's name by raw span of a mention and by surface."""
    cleaned = clean(article.text)
    raw: dict[Span, Span] = {}
    mentions = []
    for start, end, kind in article.mentions:
        span = _clean_span(cleaned, (start, end), file)
        raw[span] = (start, end)
        elided = _elided(article, (start, end), kind)
        mentions.append(Mention(span, kind, 1.0, "annotation", elided=elided))
    stub = Article(
        id=article.id,
        text=cleaned,
        blocks=(),
        tokens=(),
        sentences=(),
        published=DateValue(start=published),
        language="ar",
        arabic_share=1.0,
        source=source,
        metadata=Metadata(),
    )
    entities: list[dict[str, Any]] = []
    owner: dict[Span | str, str] = {}
    for entity in link_entities(stub, tuple(mentions)):
        surfaces = [names[raw[m.span]] for m in entity.mentions]
        name = _fullest(stub, entity, surfaces)
        # the letters as they stand too: a reader who looks for اللجنة does not find it in للجنة
        bare = (" ".join(article.text[slice(*raw[m.span])].split()) for m in entity.mentions)
        doubled = [form for form, full in zip(bare, surfaces, strict=True) if full == "ال" + form]
        forms = _distinct([*surfaces, *doubled])
        entities.append({"name": name, "kind": entity.kind.value, "surfaces": forms})
        owner.update({raw[m.span]: name for m in entity.mentions})
        for surface in surfaces:
            owner.setdefault(surface, name)
    return entities, owner


def _fullest(article: Article, entity: Entity, surfaces: Sequence[str]) -> str:
    """The entity's name in the raw spelling that the text has most often."""
    forms = zip(entity.mentions, surfaces, strict=True)
    raw = Counter(surface for mention, surface in forms if written(article, mention) == entity.name)
    return raw.most_common(1)[0][0]


def _clean_span(cleaned: CleanText, span: Span, file: str) -> Span:
    """The clean stretch made of the raw letters of ``span``."""
    start = int(np.searchsorted(cleaned.start, span[0], side="left"))
    end = int(np.searchsorted(cleaned.end, span[1], side="right"))
    if start >= end:
        raise MarksError(f"{file}: nothing is left of {span} after cleaning")
    return start, end
