"""Annotated articles as the event stage sees them: names, offices and dates taken from the annotation.

So events can be trained and measured apart from the stages before them.  The annotation's format is that of
../shared/gold (GUIDE.md); matching of triggers follows its score.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flows.clean import segment
from flows.clean.normalize import clean, fold
from flows.records import (
    Article,
    Basis,
    Block,
    BlockKind,
    DateMention,
    DateValue,
    Entity,
    EntityKind,
    Mention,
    Metadata,
    Office,
    Span,
)

LONGEST_TITLE = 170  # characters of a first line that may be a headline
GUIDE_WEIGHT = 2.0  # of an article of the gold set beside one whose marks were added to it
STOP_WORDS = frozenset(
    ["في", "من", "علي", "عن", "الي", "مع", "و", "ان", "بن", "ال", "عبد", "ابو", "يوم", "السيد", "تم"]
)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Annotated:
    """One article with its annotation (``gold``, as in train.json) and the records built from it."""

    gold: Mapping[str, Any]
    article: Article
    raw: str
    entities: tuple[Entity, ...]
    offices: tuple[Office, ...]
    dates: tuple[DateMention, ...]

    @property
    def weight(self) -> float:
        """How much a choice of this article counts in training: the guide's own annotators count more."""
        return 1.0 if self.gold.get("added") else GUIDE_WEIGHT

    def surface(self, span: Span) -> str:
        """The raw letters behind a clean span."""
        start, end = self.article.text.raw_span(span)
        return self.raw[start:end]


def load(folder: Path, part: str) -> Iterator[Annotated]:
    """The articles of ``folder``/``part``.json with their texts in ``folder``/``part``/."""
    for gold in json.loads((folder / f"{part}.json").read_text(encoding="utf-8")):
        text = (folder / part / f"{gold['id']}.txt").read_bytes().decode("utf-8-sig")
        for line in gold["boilerplate"]:
            if len(line) > 2:
                text = text.replace(line, " ")
        article = _article(gold, text)
        yield Annotated(gold, article, text, *_records(gold, article.text.search))


def _article(gold: Mapping[str, Any], raw: str) -> Article:
    text = clean(raw)
    blocks: list[Block] = []
    position = 0
    for line in text.text.split("\n"):
        if line.strip():
            blocks.append(Block(BlockKind.PARAGRAPH, (position, position + len(line))))
        position += len(line) + 1
    first = text.text[slice(*blocks[0].span)]
    if len(blocks) > 1 and len(first) < LONGEST_TITLE and not first.rstrip().endswith("."):
        blocks[0] = Block(BlockKind.TITLE, blocks[0].span)
    tokens = segment.tokenize(text.text)
    return Article(
        id=gold["id"],
        text=text,
        blocks=tuple(blocks),
        tokens=tokens,
        sentences=segment.sentences(text.text, tokens, blocks),
        published=DateValue(start=(gold.get("published") or "")[:10] or None),
        language="ar",
        arabic_share=1.0,
        source=gold.get("source"),
        metadata=Metadata(),
    )


def _occurrences(search: str, surface: str) -> list[Span]:
    folded = fold(clean(surface).text).strip()
    if not folded:
        return []
    out = [m.span(1) for m in re.finditer(rf"(?<!\w)[وفبلك]{{0,2}}({re.escape(folded)})(?!\w)", search)]
    if folded.startswith("ال"):
        joined = re.finditer(rf"(?<!\w)و?لل({re.escape(folded[2:])})(?!\w)", search)
        out += [(m.start(1) - 1, m.end(1)) for m in joined]
    return out


def _longest_first(found: list[tuple[Span, int]]) -> dict[int, list[Span]]:
    """Spans by owner, none overlapping another."""
    taken: list[Span] = []
    out: dict[int, list[Span]] = {}
    for span, owner in sorted(found, key=lambda x: (x[0][0] - x[0][1], x[0])):
        if all(span[1] <= a or b <= span[0] for a, b in taken):
            taken.append(span)
            out.setdefault(owner, []).append(span)
    return out


def _records(
    gold: Mapping[str, Any], search: str
) -> tuple[tuple[Entity, ...], tuple[Office, ...], tuple[DateMention, ...]]:
    found = [
        (span, k)
        for k, e in enumerate(gold["entities"])
        for name in {*e["surfaces"], e["name"]}
        for span in _occurrences(search, name)
    ]
    spans = _longest_first(found)
    entities: list[Entity] = []
    index: dict[str, int] = {}
    for k, e in enumerate(gold["entities"]):
        if k in spans:
            kind = EntityKind(e["kind"])
            index[e["name"]] = len(entities)
            mentions = tuple(Mention(s, kind, 1.0, "annotation") for s in sorted(spans[k]))
            entities.append(Entity(e["name"], kind, mentions))
    offices = tuple(
        Office(index[o["person"]], o["title"], index.get(o["organization"]), span)
        for o in gold["offices"]
        if o["person"] in index
        for span in _occurrences(search, o["title"])[:3]
    )
    found = [(s, k) for k, d in enumerate(gold["dates"]) for s in _occurrences(search, d["surface"])]
    dates = [
        DateMention(s, _date(gold["dates"][k])) for k, many in _longest_first(found).items() for s in many
    ]
    return tuple(entities), offices, tuple(sorted(dates, key=lambda d: d.span))


def _date(gold: Mapping[str, Any]) -> DateValue:
    basis = Basis.TEXT if gold["start"] else Basis.NONE
    return DateValue(start=gold["start"], end=gold["end"], basis=basis)


# ----------------------------------------------------------------------------- matching as score.py does


def _stem(word: str) -> str:
    for prefix in ("وال", "بال", "فال", "كال", "لل", "ال", "سي", "ست"):
        if word.startswith(prefix) and len(word) - len(prefix) >= 3:
            return word[len(prefix) :]
    return word[1:] if len(word) > 4 and word[0] in "وفبلك" else word


@lru_cache(maxsize=1 << 18)
def content(text: str) -> frozenset[str]:
    """The stemmed content words of a text."""
    stems = (_stem(w) for w in _WORD.findall(fold(clean(text).text).lower()))
    return frozenset(w for w in stems if w not in STOP_WORDS and len(w) > 1)


def related(a: str, b: str) -> bool:
    """Whether two triggers are forms of one word as far as the score can see."""
    wa, wb = content(a), content(b)
    return bool(wa & wb) or any(x[:4] == y[:4] for x in wa for y in wb if len(x) >= 4 and len(y) >= 4)


def same_name(gold: Mapping[str, Any], wanted: str, got: str) -> bool:
    """Whether ``got`` names the participant ``wanted`` of the annotation."""
    for e in gold["entities"]:
        names = {fold(n) for n in (*e["surfaces"], e["name"])}
        if fold(wanted) in names and fold(got) in names:
            return True
    a, b = content(wanted), content(got)
    return bool(a and b) and (a <= b or b <= a)


def events_evoked(item: Annotated, word: str, type_: str) -> list[int]:
    """Indices of the annotated events of a type that have a trigger related to ``word``."""
    events: Sequence[Mapping[str, Any]] = item.gold["events"]
    return [
        k for k, e in enumerate(events) if e["type"] == type_ and any(related(word, t) for t in e["triggers"])
    ]
