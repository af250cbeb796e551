"""``rasd evaluate crossval``: the honest figure for names, articles judged by models that never saw them.

The articles of gold/train and gold/dev are dealt into folds.  For each fold a chain learns from the other
folds and the project's own marked articles; then the whole names stage runs over the fold: engine, lists,
rules, linking.  What is not held out: lists and rules, which people wrote with gold/train before them, and
the thresholds that gold/dev chose.
The fold chains learn from no machine-labelled news, for the labelling model has seen gold: figures come out
a little lower than those of the shipped chain on unseen articles.  An encoder a fold would take hours; what
``accurate`` does on gold/dev, of which it has learnt nothing, stands in the model card.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from flows.clean.normalize import fold
from flows.extract.engines import NameEngine
from flows.extract.engines.fast import Chain, ChainWeights, FastEngine, FastModel
from flows.extract.engines.store import read_model
from flows.extract.linking import link_entities
from flows.extract.names import find_names
from flows.extract.training.chain import ChainRecipe, train_chain
from flows.extract.training.corpora import Document, read_gold
from flows.extract.training.labels import GUIDE_LABELS
from flows.extract.training.marked import read_marked
from flows.extract.training.names import Say
from flows.read.discover import discover, load
from flows.read.document import read_document
from flows.records import Article, DecodedText, Entity, Rejection

FOLDS = 5
_WORD = re.compile(r"[^\W_]+")
Surface = tuple[str, str]  # kind, folded words


@dataclass(frozen=True, slots=True)
class Annotated:
    """One annotated article: what the models learn from, what the pipeline reads, what must come out."""

    document: Document
    decoded: DecodedText
    article: Article
    wanted: frozenset[Surface]


@dataclass(frozen=True, slots=True)
class Figure:
    """Counts of surface forms of one kind, or of all."""

    found: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return 100 * self.found / max(1, self.found + self.wrong)

    @property
    def recall(self) -> float:
        return 100 * self.found / max(1, self.found + self.missed)

    @property
    def f1(self) -> float:
        return 200 * self.found / max(1, 2 * self.found + self.wrong + self.missed)


def cross_validate(
    corpora: Path, *, engine: str = "fast", folds: int = FOLDS, say: Say = print
) -> dict[str, Figure]:
    """Exact scores of surface forms by kind, and under "all", over all annotated articles of ``corpora``.

    ``engine`` is "rules" or "fast".  Raises ValueError for another one and FileNotFoundError where a corpus
    is missing.
    """
    if engine not in {"rules", "fast"}:
        raise ValueError(f"engine {engine!r} cannot be trained a fold at a time: rules or fast")
    gold = [*annotated(corpora / "gold", "train"), *annotated(corpora / "gold", "dev")]
    marked: list[Document] = []
    if engine != "rules":
        skip = frozenset(a.document.id for a in gold)
        marked = read_marked(corpora / "news" / "ant.zip", skip=skip)
    deal = dealt(gold, folds)
    counts: Counter[tuple[str, str]] = Counter()
    for number, held in enumerate(deal, start=1):
        judge: NameEngine | None = None
        if engine == "fast":
            others = [a.document for other in deal if other is not held for a in other]
            judge = FastEngine(fold_chain(others, marked))
        mine: Counter[tuple[str, str]] = Counter()
        for a in held:
            mine += outcome(a.wanted, surfaces(a, link_entities(a.article, find_names(a.article, judge))))
        say(f"fold {number}: {len(held)} articles, F1 {figures(mine)['all'].f1:.1f}")
        counts += mine
    return figures(counts)


def annotated(folder: Path, part: str) -> list[Annotated]:
    """The articles of gold/``part``.json as documents and as the pipeline reads them."""
    records: list[dict[str, Any]] = json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))
    read: dict[str, tuple[DecodedText, Article]] = {}
    for file in discover([str(folder / part)]):
        raw = file if isinstance(file, Rejection) else load(file)
        result = raw if isinstance(raw, Rejection) else read_document(raw)
        if isinstance(result, Rejection):
            raise ValueError(f"{result.uri}: {result.message}")
        read[result[1].id] = result
    return [
        Annotated(document, *read[record["id"]], wanted=_wanted(record["entities"]))
        for document, record in zip(read_gold(folder, part), records, strict=True)
    ]


def dealt(gold: Sequence[Annotated], folds: int) -> list[list[Annotated]]:
    """Articles dealt round in the order of their ids: every outlet is in every fold."""
    ordered = sorted(gold, key=lambda a: a.document.id)
    return [ordered[k::folds] for k in range(folds)]


def fold_chain(gold: Sequence[Document], marked: Sequence[Document]) -> Chain:
    """A chain for the guide's convention from these articles alone, with the shipped clusters and lists."""
    shipped = msgspec.msgpack.decode(read_model("fast.msgpack"), type=FastModel)
    knowledge = shipped.knowledge()
    sentences = [s for d in [*gold, *gold, *marked] for s in d.sentences]
    weights: ChainWeights = train_chain(
        [(s.words, [x or "O" for x in s.labels]) for s in sentences],
        [(s.words, s.clitics) for s in sentences],
        GUIDE_LABELS,
        knowledge,
        ChainRecipe(iterations=70),
    )
    temperature = shipped.schemes["guide"].temperature
    return Chain(msgspec.structs.replace(weights, temperature=temperature), knowledge)


# ---------------------------------------------------------------------------------------------- scores


def _wanted(entities: Iterable[dict[str, Any]]) -> frozenset[Surface]:
    return frozenset(
        (e["kind"], folded) for e in entities for s in e["surfaces"] or [e["name"]] if (folded := _fold(s))
    )


def _fold(surface: str) -> str:
    return " ".join(_WORD.findall(fold(surface).lower()))


def surfaces(a: Annotated, entities: Iterable[Entity]) -> frozenset[Surface]:
    """The distinct written forms of an article's entities."""
    text = a.article.text
    found = set()
    for entity in entities:
        # an elided name (الأمن in للأمن) stands in the output only where it is never spelled out
        for mention in [m for m in entity.mentions if not m.elided] or entity.mentions:
            start, end = text.raw_span(mention.span)
            if folded := _fold(a.decoded.text[start:end]):
                found.add((entity.kind.value, folded))
    return frozenset(found)


def outcome(wanted: frozenset[Surface], got: frozenset[Surface]) -> Counter[tuple[str, str]]:
    """Counts by (kind, "found" | "wrong" | "missed")."""
    counts: Counter[tuple[str, str]] = Counter()
    for name, some in (("found", wanted & got), ("wrong", got - wanted), ("missed", wanted - got)):
        counts.update((kind, name) for kind, _ in some)
    return counts


def figures(counts: Counter[tuple[str, str]]) -> dict[str, Figure]:
    """By kind, and of all kinds together under "all"."""
    kinds = sorted({kind for kind, _ in counts})
    result = {k: Figure(*(counts[k, what] for what in ("found", "wrong", "missed"))) for k in kinds}
    result["all"] = Figure(*(sum(counts[k, w] for k in kinds) for w in ("found", "wrong", "missed")))
    return result
