"""Any number of invented articles as database rows, for tests of size.

The rows are what the loader takes, so that COPY, constraints and triggers are those of a real load; only
reading and extraction are left out.  Article n is a function of n alone: parts of a database can be made in
any order and by several processes.

What is like real news: names by Zipf's law (a few are everywhere, most appear once), forty outlets of very
unequal size, two decades of dates, two or three articles about the same happening, one article in ten a copy
of another with or without changed words, three events an article, a title, sentences with names in them.

    nice python -m tests.benchmarks.generate 1000000 --home FOLDER
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import itertools
import json
import math
import multiprocessing
import random
import sys
import time
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from db.models.vocabulary import EVENT_TYPES
from db.rows import (
    ArticleRows,
    Batch,
    DateRow,
    EntityRow,
    EventRow,
    ExtractionRow,
    FileKey,
    MentionRow,
    OfficeRow,
    ParticipantRow,
    QuotationRow,
    SentenceRow,
    TriggerRow,
)
from flows.clean.normalize import fold, pack_alignment
from flows.records import CleanText, EntityKind
from flows.resolve.identity import entity_key
from flows.rows import pipeline_row

PIPELINE = pipeline_row("9e" * 8, {"version": "generated"})
FIRST_DAY = date(2004, 1, 1)
PER_DAY = 137  # articles; a million fill two decades
SOURCES = 40
_WORDS = 30_000  # of the vocabulary
_LETTERS = "بتثجحخدذرزسشصضطظعغفقكلمنهوي"
_SIZES = {  # how many different names there are
    EntityKind.PERSON: 300_000,
    EntityKind.ORGANIZATION: 40_000,
    EntityKind.LOCATION: 6_000,
    EntityKind.NAMED_EVENT: 2_000,
}
_KINDS = (
    *[EntityKind.PERSON] * 4,
    *[EntityKind.ORGANIZATION] * 3,
    *[EntityKind.LOCATION] * 4,
    EntityKind.NAMED_EVENT,
)
_STATUSES = (*["occurred"] * 14, *["planned"] * 3, "ongoing", "called_for", "denied", "cancelled")
_OFFICES = ("وزير", "مدير", "رئيس", "سفير", "ناطق")
_MONTHS = (
    *("جانفي", "فيفري", "مارس", "افريل", "ماي", "جوان", "جويلية", "اوت", "سبتمبر", "اكتوبر"),
    *("نوفمبر", "ديسمبر"),
)


class Name(NamedTuple):
    kind: EntityKind
    name: str


class Happening(NamedTuple):
    """What two or three articles report."""

    type: str
    status: str
    actor: Name
    recipient: Name
    place: Name
    day: date


@functools.lru_cache(1 << 17)
def _word(number: int) -> str:
    """The pseudo-word of a number: three to five letters that folding leaves alone."""
    size = len(_LETTERS)
    first, rest = number % size, number // size
    second, rest = rest % size, rest // size
    third, rest = rest % size, rest // size
    tail = _LETTERS[(rest * 7) % size] if rest else ""
    return f"{_LETTERS[first]}{_LETTERS[second]}ا{_LETTERS[third]}{tail}"


@functools.cache
def _weights(count: int) -> list[float]:
    """Cumulated weights of Zipf's law."""
    return list(itertools.accumulate(1 / rank for rank in range(1, count + 1)))


def _zipf(rng: random.Random, count: int) -> int:
    weights = _weights(count)
    return min(bisect(weights, rng.random() * weights[-1]), count - 1)


@functools.cache
def _vocabulary() -> list[str]:
    return [_word(number) for number in range(_WORDS)]


@functools.lru_cache(1 << 17)
def _name(kind: EntityKind, number: int) -> Name:
    if kind is EntityKind.PERSON:
        return Name(kind, f"{_word(number % 700)} {_word(1000 + number)}")
    if kind is EntityKind.ORGANIZATION:
        return Name(kind, f"هيئة {_word(3 + number * 5)} {_word(11 + number % 97)}")
    if kind is EntityKind.LOCATION:
        return Name(kind, f"{_word(500_000 + number)}")
    return Name(kind, f"مهرجان {_word(900_000 + number)}")


@functools.lru_cache(1 << 17)
def _entity(name: Name) -> tuple[str, str, str, str]:
    return (name.kind.value, name.name, fold(name.name), entity_key(name.kind, name.name))


def _pick(rng: random.Random, kind: EntityKind) -> Name:
    return _name(kind, _zipf(rng, _SIZES[kind]))


@functools.lru_cache(1 << 12)
def _happening(number: int) -> Happening:
    rng = random.Random(f"happening {number}")
    day = FIRST_DAY + timedelta(days=int(number * 2.5) // PER_DAY)
    return Happening(
        EVENT_TYPES[_zipf(rng, len(EVENT_TYPES))],
        rng.choice(_STATUSES),
        _pick(rng, EntityKind.PERSON if rng.random() < 0.6 else EntityKind.ORGANIZATION),
        _pick(rng, EntityKind.PERSON if rng.random() < 0.5 else EntityKind.ORGANIZATION),
        _pick(rng, EntityKind.LOCATION),
        day - timedelta(days=rng.randint(0, 2)),
    )


class _Writer:
    """A text in the making, with the spans of what was written."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.at = 0
        self.mentions: list[tuple[int, int, Name]] = []

    def write(self, text: str) -> tuple[int, int]:
        start = self.at
        self.parts.append(text)
        self.at += len(text)
        return start, self.at

    def name(self, name: Name) -> tuple[int, int]:
        start, end = self.write(name.name)
        self.mentions.append((start, end, name))
        return start, end


class _Found(NamedTuple):
    type: str
    status: str
    actor: tuple[Name, tuple[int, int]]
    recipient: tuple[Name, tuple[int, int]] | None
    place: Name | None
    trigger: tuple[int, int]
    date: tuple[int, int, date] | None
    sentence: int


def article(n: int) -> ArticleRows:
    """All rows of the n-th article."""
    rng = random.Random(2 * n)
    # a copy takes words and happenings of an article shortly before it, and brings its own outlet and day
    copied = rng.random()
    origin = n - rng.randint(1, 3) if copied < 0.1 and n > 3 else n
    change = 0.03 if copied < 0.06 else 0.0
    own = random.Random(2 * origin + 1)
    published = FIRST_DAY + timedelta(days=n // PER_DAY)
    happening = _happening(int(origin / 2.5))
    out = _Writer()

    def filler(words: int) -> None:
        chosen = own.choices(_vocabulary(), cum_weights=_weights(_WORDS), k=words)
        if change:
            chosen = [_word(rng.randrange(_WORDS)) if rng.random() < change else word for word in chosen]
        out.write(" ".join(chosen) + " ")

    out.name(happening.actor)
    out.write(" ")
    filler(5)
    title = out.write(_word(own.randrange(_WORDS)))[1]
    out.write("\n")
    sentences: list[tuple[int, int]] = [(0, title)]
    events: list[_Found] = []
    offices: list[tuple[Name, str, tuple[int, int], Name]] = []
    quotations: list[tuple[Name, tuple[int, int], tuple[int, int]]] = []
    reported = max(1, min(8, round(own.gauss(3, 1.5))))
    count = max(reported, round(own.gauss(8, 2)))
    for number in range(count):
        start = out.at
        if number < reported:
            if number == 0:
                what = happening
            else:
                what = Happening(
                    EVENT_TYPES[_zipf(own, len(EVENT_TYPES))],
                    own.choice(_STATUSES),
                    _pick(own, own.choice(_KINDS[:7])),
                    _pick(own, own.choice(_KINDS[:7])),
                    _pick(own, EntityKind.LOCATION),
                    happening.day - timedelta(days=own.randint(0, 30)),
                )
            trigger = out.write(_word(EVENT_TYPES.index(what.type) + 40))
            out.write(" ")
            if own.random() < 0.2:
                office = out.write(own.choice(_OFFICES))
                out.write(" ")
                body = _pick(own, EntityKind.ORGANIZATION)
                out.name(body)
                out.write(" ")
                offices.append((what.actor, "".join(out.parts[-4:-3]), office, body))
            actor = out.name(what.actor)
            out.write(" ")
            filler(4)
            recipient = None
            if number == 0 or own.random() < 0.6:
                recipient = (what.recipient, out.name(what.recipient))
                out.write(" ")
            filler(6)
            place = None
            if number == 0 or own.random() < 0.5:
                out.write("في ")
                out.name(what.place)
                out.write(" ")
                place = what.place
            when = None
            if own.random() < 0.6:
                when = (*out.write(f"{what.day.day} {_MONTHS[what.day.month - 1]} {what.day.year}"), what.day)
                out.write(" ")
            filler(4)
            events.append(
                _Found(
                    *(what.type, what.status, (what.actor, actor), recipient, place, trigger, when),
                    len(sentences),
                )
            )
        else:
            filler(9)
            out.name(_pick(own, own.choice(_KINDS)))
            out.write(" ")
            filler(9)
            if own.random() < 0.2:
                speaker = happening.actor
                verb = out.write("قال")
                out.write(" ")
                out.name(speaker)
                out.write(" ان ")
                quoted = out.at
                filler(8)
                quotations.append((speaker, verb, (quoted, out.at - 1)))
        out.write(".")
        sentences.append((start, out.at))
        out.write("\n" if number == count - 1 else " ")
    text = "".join(out.parts).rstrip("\n")
    source = f"صحيفة {_word(2_000 + _zipf(rng, SOURCES))}"
    return _rows(
        n,
        text,
        title=title,
        source=source,
        published=published,
        out=out,
        sentences=sentences,
        events=events,
        offices=offices,
        quotations=quotations,
    )


def _rows(
    n: int,
    text: str,
    *,
    title: int,
    source: str,
    published: date,
    out: _Writer,
    sentences: Sequence[tuple[int, int]],
    events: Sequence[_Found],
    offices: Sequence[tuple[Name, str, tuple[int, int], Name]],
    quotations: Sequence[tuple[Name, tuple[int, int], tuple[int, int]]],
) -> ArticleRows:
    numbers: dict[Name, int] = {}
    for _, _, name in out.mentions:
        numbers.setdefault(name, len(numbers))
    # the outlet's name keeps the bytes of copies apart, as a byline does; it is boilerplate
    data = f"{text}\n{source} {n}".encode()
    day = published.isoformat()
    metadata = json.dumps({"published": day, "source": source}, ensure_ascii=False, separators=(",", ":"))

    def seen(span: tuple[int, int]) -> tuple[int, int, int, int, str]:
        return (*span, *span, text[span[0] : span[1]])

    dated = [e.date for e in events if e.date is not None]
    date_numbers = {span[0]: i for i, span in enumerate(dated)}
    last = len(text)
    blocks = [["title", 0, title], ["paragraph", title + 1, last]]
    return ArticleRows(
        file=FileKey(
            f"/generated/{published.year}/{n:09d}.txt",
            hashlib.sha256(data).digest(),
            hashlib.blake2b(metadata.encode(), digest_size=16).digest(),
            metadata,
            datetime(published.year, published.month, published.day, 12, tzinfo=UTC),
        ),
        size=len(data),
        data=data,
        extraction=ExtractionRow(
            title=text[:title],
            text=text,
            alignment=pack_alignment(_aligned(last)),
            blocks=json.dumps(blocks),
            boilerplate=json.dumps([[last + 1, last + 1 + len(source)]]),
            faults="[]",
            encoding="utf-8",
            encoding_basis="utf-8",
            encoding_confidence=1.0,
            language="ar",
            arabic_share=1.0,
            source=source,
            published_start=day,
            published_end=day,
            published_first_day=published,
            published_last_day=published,
            published_precision="day",
            published_basis="metadata",
            published_rule="metadata",
            seconds=0.004,
            terms=_terms(text),
        ),
        sentences=tuple(SentenceRow(i, *span, *span) for i, span in enumerate(sentences)),
        entities=tuple(EntityRow(i, *_entity(name)) for name, i in numbers.items()),
        mentions=tuple(
            MentionRow(i, numbers[name], *seen((start, end)), 0.9, "generated")
            for i, (start, end, name) in enumerate(out.mentions)
        ),
        offices=tuple(
            OfficeRow(i, numbers[person], numbers[body], title_, "current", *seen(span), 0.9)
            for i, (person, title_, span, body) in enumerate(offices)
        ),
        dates=tuple(
            DateRow(
                *(i, *seen((start, end)), value.isoformat(), value.isoformat(), value, value),
                *("day", "gregorian", "text", "day-month-year", [], None),
            )
            for i, (start, end, value) in enumerate(dated)
        ),
        events=tuple(
            EventRow(
                *(i, e.type, None, e.status, None if e.place is None else numbers[e.place]),
                *(None if e.date is None else date_numbers[e.date[0]], e.sentence),
                *(None, None, None, None, 0.8, "generated"),
            )
            for i, e in enumerate(events)
        ),
        triggers=tuple(TriggerRow(i, 0, *seen(e.trigger)) for i, e in enumerate(events)),
        participants=tuple(
            ParticipantRow(i, place, role, numbers[name], name.name, *seen(span))
            for i, e in enumerate(events)
            for place, (role, (name, span)) in enumerate(
                [("actor", e.actor)] + ([] if e.recipient is None else [("recipient", e.recipient)])
            )
        ),
        quotations=tuple(
            QuotationRow(i, numbers[speaker], speaker.name, False, *verb, *verb, *seen(quote))
            for i, (speaker, verb, quote) in enumerate(quotations)
        ),
    )


@functools.lru_cache(1 << 12)
def _aligned(size: int) -> CleanText:
    places = np.arange(size + 1, dtype=np.int32)
    return CleanText(" " * size, " " * size, places[:-1], places[1:])


def _terms(text: str) -> str:
    """As flows.clean.terms makes them, without stems: the words are no Arabic ones."""
    places: dict[str, str] = {}
    for place, word in enumerate(text.replace(".", " ").split(), 1):
        places[word] = f"{places[word]},{place}" if word in places else f"'{word}':{place}"
    return " ".join(places.values())


def articles(first: int, count: int) -> Iterator[ArticleRows]:
    """Articles first .. first + count - 1."""
    return map(article, range(first, first + count))


def batches(first: int, count: int, size: int = 500) -> Iterator[Batch]:
    """The same in batches for ``db.load.load_batch``."""
    rows: Iterable[ArticleRows] = articles(first, count)
    for _ in range(math.ceil(count / size)):
        yield Batch(PIPELINE, None, tuple(itertools.islice(rows, size)))


# ------------------------------------------------------------------------------------- as a command


def _load(arguments: tuple[str, int, int]) -> int:
    """Load a part on a connection of its own; how many articles."""
    import sqlalchemy as sa

    from db.engine import create_engine
    from db.load import load_batch

    url, first, count = arguments
    engine = create_engine(url, poolclass=sa.NullPool)
    loaded = 0
    with engine.connect() as connection:
        for batch in batches(first, count):
            loaded += load_batch(connection, batch).extraction
    engine.dispose()
    return loaded


def fill(url: str, count: int, processes: int = 2, part: int = 5_000) -> Iterator[int]:
    """Load articles 0 .. count - 1 by several processes; yields how many are in after each part."""
    import sqlalchemy as sa

    from db.engine import create_engine
    from db.runs import ensure_pipeline

    engine = create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        ensure_pipeline(connection, PIPELINE)
    engine.dispose()
    parts = [(url, first, min(part, count - first)) for first in range(0, count, part)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from itertools.accumulate(pool.imap_unordered(_load, parts))


def main() -> None:
    from db import embedded, engine

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("articles", type=int)
    parser.add_argument("--home", type=Path, required=True, help="folder of the embedded server")
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    chosen.home.mkdir(parents=True, exist_ok=True)
    settings = {"fsync": "off", "synchronous_commit": "off", "max_wal_size": "8GB"}
    server = embedded.start(chosen.home, persistent=True, settings=settings)
    engine.upgrade(server.url)
    began = time.monotonic()
    for loaded in fill(server.url, chosen.articles, chosen.processes):
        rate = loaded / (time.monotonic() - began)
        print(f"{loaded:,} articles, {rate:,.0f} a second", file=sys.stderr, flush=True)
    print(server.url)


if __name__ == "__main__":
    main()
