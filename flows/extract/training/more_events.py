"""Read the project's own marks of events in newswire (ANERcorp) and in articles written for this project.

``data/aner_events.json`` holds no text: an article is a stretch ``[first, last)`` of the corpus's tokens
(lines of ``train.conll`` that are not blank), its text these tokens joined by blanks, its names the corpus's
own marks.  The marks are the project's own work (CC0); ANERcorp itself is CC BY-SA 4.0.
``data/own_events.json`` holds texts too: both are the project's own (CC0); happenings are
invented, but for some well-known ones in our own words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from flows.extract.conll import read_conll
from flows.extract.training.ant_events import MarkedEvent, MarksError, Namer, gold_record
from flows.extract.training.own_news import LABELS, OwnArticle

ANER_EVENTS = Path(__file__).parent / "data" / "aner_events.json"
OWN_EVENTS = Path(__file__).parent / "data" / "own_events.json"
ANER_SOURCE, OWN_SOURCE = "anercorp", "own"


class Stretch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events of the tokens ``first`` to ``last`` and the digest of their text in UTF-8."""

    first: int
    last: int
    sha256: str
    events: tuple[MarkedEvent, ...]

    @property
    def id(self) -> str:
        return f"aner-{self.first}-{self.last}"


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An article of our own and its events."""

    id: str
    published: str | None
    text: str
    events: tuple[MarkedEvent, ...]


class _Stretches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    note: str
    articles: tuple[Stretch, ...]


class _Writings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    note: str
    articles: tuple[Written, ...]


def stretches(json_path: Path = ANER_EVENTS) -> tuple[Stretch, ...]:
    """The marks as stored, without text; raises msgspec.ValidationError for a file not in this format."""
    return msgspec.json.decode(json_path.read_bytes(), type=_Stretches).articles


def writings(json_path: Path = OWN_EVENTS) -> tuple[Written, ...]:
    """The project's own articles; raises msgspec.ValidationError for a file not in this format."""
    return msgspec.json.decode(json_path.read_bytes(), type=_Writings).articles


def read_own_events(json_path: Path, namer: Namer) -> list[dict[str, Any]]:
    """The project's own articles in the shape of gold/train.json with ``text`` added.

    Raises MarksError where an id stands twice and as ``gold_record`` does.
    """
    found = writings(json_path)
    _once([w.id for w in found])
    return [
        gold_record(namer(w.id, w.text, w.published), w.events, w.published, OWN_SOURCE, w.id) for w in found
    ]


def read_aner_events(json_path: Path, conll: Path) -> list[dict[str, Any]]:
    """The marked stretches in the shape of gold/train.json with ``text`` added; nobody dated them.

    Raises MarksError where a stretch is marked twice, lies outside the corpus or is not the text that was
    marked, and as ``gold_record`` does.
    """
    tokens = [_Token(row[0], row[-1]) for rows in read_conll(conll) for row in rows]
    marked = stretches(json_path)
    _once([m.id for m in marked])
    out = []
    for m in marked:
        if not 0 <= m.first < m.last <= len(tokens):
            raise MarksError(f"{m.id}: the corpus has {len(tokens)} tokens")
        article = _article(m.id, tokens[m.first : m.last])
        if (digest := hashlib.sha256(article.text.encode()).hexdigest()) != m.sha256:
            raise MarksError(f"{m.id}: sha256 {digest}, marked was {m.sha256}")
        out.append(gold_record(article, m.events, None, ANER_SOURCE, m.id))
    return out


def _once(ids: Sequence[str]) -> None:
    twice = {i for i in ids if ids.count(i) > 1}
    if twice:
        raise MarksError(f"{min(twice)}: marked twice")


class _Token(NamedTuple):
    word: str
    label: str  # B-PERS, I-LOC, O


def _article(article_id: str, tokens: Sequence[_Token]) -> OwnArticle:
    return OwnArticle(
        article_id,
        " ".join(t.word for t in tokens),
        tuple((start, end, LABELS[label]) for start, end, label in _names(tokens) if label in LABELS),
    )


def _names(tokens: Sequence[_Token]) -> Iterator[tuple[int, int, str]]:
    """Spans of the names in the joined text with the corpus's labels (PERS as PER)."""
    at = 0
    open_: tuple[int, int, str] | None = None
    for word, label in tokens:
        begins, _, kind = label.partition("-")
        kind = kind.replace("PERS", "PER")
        if open_ and begins == "I" and kind == open_[2]:
            open_ = (open_[0], at + len(word), kind)
        else:
            if open_:
                yield open_
            open_ = (at, at + len(word), kind) if kind else None
        at += len(word) + 1
    if open_:
        yield open_
