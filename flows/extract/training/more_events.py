"""Read the project's own marks of events in newswire (ANERcorp) and in articles written for this project.

``data/aner_events.json`` holds no text: an article is a stretch ``[first, last)`` of the corpus's tokens
(lines of ``train.conll`` that are not blank), its text these tokens joined by blanks, its names the corpus's
own marks.  The marks are the project's own work (CC0); ANERcorp itself is CC BY-SA 4.0.
``data/own_events.json`` holds texts too: both are the project's own (CC0); happenings are
invented, but for some well-known ones in our own words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec

from flows.extract.conll import chunks, read_conll
from flows.extract.training.ant_events import MarkedEvent, MarksError, Namer, gold_record, refuse_twice
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
    refuse_twice([w.id for w in found])
    return [
        gold_record(namer(w.id, w.text, w.published), w.events, w.published, OWN_SOURCE, w.id) for w in found
    ]


def read_aner_events(json_path: Path, conll: Path) -> list[dict[str, Any]]:
    """The marked stretches in the shape of gold/train.json with ``text`` added; nobody dated them.

    Raises MarksError where a stretch is marked twice, lies outside the corpus or is not the text that was
    marked, and as ``gold_record`` does.
    """
    tokens = [(row[0], row[-1]) for rows in read_conll(conll) for row in rows]
    marked = stretches(json_path)
    refuse_twice([m.id for m in marked])
    out = []
    for m in marked:
        if not 0 <= m.first < m.last <= len(tokens):
            raise MarksError(f"{m.id}: the corpus has {len(tokens)} tokens")
        article = _article(m.id, tokens[m.first : m.last])
        if (digest := hashlib.sha256(article.text.encode()).hexdigest()) != m.sha256:
            raise MarksError(f"{m.id}: sha256 {digest}, marked was {m.sha256}")
        out.append(gold_record(article, m.events, None, ANER_SOURCE, m.id))
    return out


def _article(article_id: str, tokens: Sequence[tuple[str, str]]) -> OwnArticle:
    """Words and labels (B-PERS, I-LOC, O) as a text and its names; other classes than ours are left out."""
    words, labels = zip(*tokens, strict=True)
    starts = [0, *accumulate(len(word) + 1 for word in words)]
    names = sorted(chunks(labels))
    return OwnArticle(
        article_id,
        " ".join(words),
        tuple((starts[a], starts[b] - 1, LABELS[kind]) for a, b, kind in names if kind in LABELS),
    )
