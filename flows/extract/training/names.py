"""``rasd train names``: from the corpora to the shipped models, with fixed seeds, on a CPU.

``accurate``: E5 fine-tuned for a while on all corpora -> from there a longer run on ANERcorp and gold -> the
clitic head fitted to it -> 8-bit ONNX.  (A last run that adds the project's own marked articles gained half a
point on ANERcorp and lost as much on gold/dev; they only teach the chains of ``crossval``.)
``fast``: word clusters of the news -> the news labelled by that network -> one chain a convention.
Then the chain gets its share in what ``accurate`` says.

Everything slow is kept in a work folder and taken up again after a stop.  Development data (gold/dev, the
last tenth of ANERcorp) choose and calibrate; nothing is trained on them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from flows.extract.engines import SCHEMES, NameEngine
from flows.extract.training.corpora import (
    UNKNOWN_CLITIC,
    Document,
    Labelled,
    read_conll_corpus,
    read_gold,
    read_news,
    split_last_tenth,
)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """One training run: its mixture and its schedule."""

    name: str
    seed: int
    epochs: int  # the rate falls to zero over so many
    stop_after: int  # epochs really trained
    rate: float
    frozen_layers: int
    gold: int  # how often gold/train comes in an epoch
    aqmar: int
    head_rate: float = 5e-4
    warm_up: float = 0.08


@dataclass(frozen=True, slots=True)
class Plan:
    """The recipe of the shipped models."""

    base: Run = Run("base", 7, epochs=5, stop_after=1, rate=1.2e-4, frozen_layers=2, gold=2, aqmar=1)
    main: Run = Run(
        "main",
        32,
        epochs=4,
        stop_after=4,
        rate=1.1e-4,
        frozen_layers=4,
        gold=2,
        aqmar=0,
        head_rate=4e-4,
        warm_up=0.04,
    )
    layers: tuple[int, ...] = tuple(range(12))
    noise_newswire: float = 0.10  # share of windows with hamza, ى and ة folded away
    noise_gold: float = 0.15
    clitic_windows: int = 150
    fast_silver_articles: int = 1000
    fast_gold: int = 4
    fast_newswire: int = 2
    fast_iterations: int = 70
    chain_share: float = 0.35  # of the fast chain in what accurate says
    doubt: float = (
        0.1  # what the chain must give away at some word for the network to see the sentence (guide)
    )


@dataclass(frozen=True, slots=True)
class Data:
    """Everything to learn from and to choose by."""

    anercorp: Document
    anercorp_dev: Document
    aqmar: Document
    gold: list[Document]
    gold_dev: list[Document]
    news: Path
    files: dict[str, Path]

    @property
    def annotated_news(self) -> frozenset[str]:
        """Stems of news members that are gold articles: never labelled by a machine."""
        return frozenset(
            d.id.removeprefix("ant-") for d in [*self.gold, *self.gold_dev] if d.id.startswith("ant-")
        )


def load_data(folder: Path) -> Data:
    """Read the corpora below ``folder`` (the one that holds corpora/, gold/ and news/, or its corpora/).

    Raises FileNotFoundError naming what is missing.
    """
    root = folder if (folder / "corpora").is_dir() else folder.parent
    files = {
        "ANERcorp": root / "corpora/anercorp/train.conll",
        "AQMAR": root / "corpora/aqmar/all.conll",
        "gold/train": root / "gold/train.json",
        "gold/dev": root / "gold/dev.json",
        "ANT news": root / "news/ant.zip",
    }
    missing = [str(p) for p in files.values() if not p.exists()]
    if missing:
        raise FileNotFoundError(f"corpora missing: {', '.join(missing)}")
    train, dev = split_last_tenth(read_conll_corpus(files["ANERcorp"], "anercorp"))
    gold, gold_dev = read_gold(root / "gold", "train"), read_gold(root / "gold", "dev")
    return Data(
        train,
        dev,
        read_conll_corpus(files["AQMAR"], "aqmar"),
        gold,
        gold_dev,
        files["ANT news"],
        files,
    )


def train_names(
    engine: str,
    corpora: Path,
    out: Path,
    *,
    work: Path | None = None,
    plan: Plan | None = None,
    say: Say = print,
) -> None:
    """Train ``engine`` ("accurate", "fast" or "all") and write its files, their hashes and the card to
    ``out``.

    ``work`` keeps checkpoints (default: ``out``/work) and is safe to delete afterwards.  ``fast`` learns from
    what the ``accurate`` of ``out`` (or, where there is none, the installed one) says about news.
    """
    if engine not in {"accurate", "fast", "all"}:
        raise ValueError(f"unknown engine {engine!r}: accurate, fast or all")
    data = load_data(corpora)
    plan = plan or Plan()
    work = work or out / "work"
    work.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    if engine in {"accurate", "all"}:
        from flows.extract.training.accurate import train_accurate

        train_accurate(data, plan, work, out, say)
    if engine in {"fast", "all"}:
        from flows.extract.training.fast import train_fast

        train_fast(data, plan, work, out, say)
    if (out / "accurate.json").exists() and (out / "fast.msgpack").exists():
        from flows.extract.training.join import join_models

        join_models(data, plan, out, say)
    describe(data, plan, out)


def describe(data: Data, plan: Plan, out: Path) -> None:
    """Measure the models in ``out`` and write their card."""
    from flows.extract.engines.accurate import load_accurate
    from flows.extract.engines.fast import load_fast
    from flows.extract.training.card import build_card, write_card

    engines: dict[str, dict[str, NameEngine]] = {}
    if (out / "accurate.json").exists():
        engines["accurate"] = {s: load_accurate(scheme=s, threads=1, folder=out) for s in SCHEMES}
    if (out / "fast.msgpack").exists():
        engines["fast"] = {s: load_fast(scheme=s, folder=out) for s in SCHEMES}
    card = build_card(
        engines, data.gold_dev, data.anercorp_dev, files=data.files, plan=plan_json(plan), out=out
    )
    write_card(card, out)


# ---------------------------------------------------------------------------------------- shared pieces


def word_counts(data: Data) -> Counter[str]:
    """Words of the news and of the training corpora: what the vocabulary has to spell well."""
    counts: Counter[str] = Counter()
    for article in read_news(data.news, count=100_000):
        for sentence in article:
            counts.update(sentence)
    for document in (data.anercorp, data.aqmar, *data.gold):
        for labelled in document.sentences:
            counts.update(labelled.words)
    return counts


def unlabelled(data: Data, count: int) -> list[Document]:
    """News articles as documents without labels, those annotated elsewhere left out."""
    return [
        Document(
            f"news-{i}",
            tuple(Labelled(tuple(s), ("",) * len(s), (UNKNOWN_CLITIC,) * len(s)) for s in article),
        )
        for i, article in enumerate(read_news(data.news, count=count, skip=data.annotated_news))
    ]


NOISE = str.maketrans("أإآىة", "ااايه")


def plan_json(plan: Plan) -> dict[str, object]:
    """The recipe for the card."""
    raw: dict[str, object] = json.loads(msgspec.json.encode(plan))
    return raw
