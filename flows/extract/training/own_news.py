"""Read the project's own news-like training text, with names marked inline.

The file (``data/own_news.txt``) is UTF-8: comment lines start with ``#``, an article starts with a line
``=== id ===``, and every name stands as ``[PER:...]``, ``[ORG:...]``, ``[LOC:...]`` or ``[EVT:...]`` with
attached clitics before the bracket.  Where ل meets the article ال only the first lam stands outside
(``ل[ORG:لأمن الوطني]``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from flows.records import EntityKind

OWN_NEWS = Path(__file__).parent / "data" / "own_news.txt"

LABELS = {
    "PER": EntityKind.PERSON,
    "ORG": EntityKind.ORGANIZATION,
    "LOC": EntityKind.LOCATION,
    "EVT": EntityKind.NAMED_EVENT,
}

_HEADER = re.compile(r"=== (\S+) ===")
_MARK = re.compile(r"\[([A-Z]+):([^\[\]\n]*)\]")


@dataclass(frozen=True, slots=True)
class OwnArticle:
    """One article: plain text and its mentions as (start, end, kind), character offsets, in text order."""

    id: str
    text: str
    mentions: tuple[tuple[int, int, EntityKind], ...]


def parse_marked(article_id: str, marked: str) -> OwnArticle:
    """Take the marks out of one article.

    Raises ValueError, naming the article, for an unknown label, an empty or padded name, or a stray bracket.
    """
    plain: list[str] = []
    mentions: list[tuple[int, int, EntityKind]] = []
    length = 0
    last = 0
    for mark in _MARK.finditer(marked):
        label, name = mark[1], mark[2]
        if label not in LABELS:
            raise ValueError(f"{article_id}: unknown label {label!r} of {name!r}")
        if not name or name != name.strip():
            raise ValueError(f"{article_id}: empty or padded name {mark[0]!r}")
        before = _outside(article_id, marked[last : mark.start()])
        start = length + len(before)
        length = start + len(name)
        mentions.append((start, length, LABELS[label]))
        plain += (before, name)
        last = mark.end()
    plain.append(_outside(article_id, marked[last:]))
    return OwnArticle(article_id, "".join(plain), tuple(mentions))


def _outside(article_id: str, text: str) -> str:
    if "[" in text or "]" in text:
        raise ValueError(f"{article_id}: bracket without a mark in {text!r}")
    return text


def read_own_news(path: Path = OWN_NEWS) -> list[OwnArticle]:
    """All articles of the file, in order.

    Raises ValueError for text before the first header, an article without text, an id used twice, or a bad
    mark.
    """
    bodies: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if header := _HEADER.fullmatch(line.strip()):
            if header[1] in bodies:
                raise ValueError(f"{header[1]}: id used twice")
            lines = bodies[header[1]] = []
        elif lines is not None:
            lines.append(line)
        elif line.strip():
            raise ValueError(f"text before the first article: {line!r}")
    articles = []
    for article_id, body in bodies.items():
        if not (marked := "\n".join(body).strip()):
            raise ValueError(f"{article_id}: no text")
        articles.append(parse_marked(article_id, marked))
    return articles
