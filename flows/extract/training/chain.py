"""Train the ``fast`` engine's chain with crfsuite and turn it into arrays."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pycrfsuite

from flows.extract.engines.fast import ChainWeights
from flows.extract.engines.features import (
    OFFSETS,
    Knowledge,
    fold_word,
    pair_features,
    word_facts,
    word_features,
)

CLITICS = 3


@dataclass(frozen=True, slots=True)
class ChainRecipe:
    iterations: int = 100
    c1: float = 0.15  # L1, keeps the model small
    c2: float = 0.01
    least: float = 0.01  # weights below are dropped


def sentence_features(words: Sequence[str], knowledge: Knowledge) -> list[list[str]]:
    """Features of each word of one sentence, as ``engines.fast.Chain`` sums them."""
    facts = [word_facts(fold_word(w), knowledge) for w in words]
    n = len(facts)
    rows: list[list[str]] = []
    for i in range(n):
        features = ["bias"]
        if i == 0:
            features.append("first")
        if i == n - 1:
            features.append("last")
        for offset in OFFSETS:
            if 0 <= i + offset < n:
                features += word_features(facts[i + offset], offset)
        if i:
            features += pair_features(facts[i - 1], facts[i])
        rows.append(features)
    return rows


def train_chain(
    data: Iterable[tuple[Sequence[str], Sequence[str]]],
    clitics: Iterable[tuple[Sequence[str], Sequence[int]]],
    labels: Sequence[str],
    knowledge: Knowledge,
    recipe: ChainRecipe,
) -> ChainWeights:
    """``data``: (words, labels) of sentences; ``clitics``: (words, clitic lengths or -1) of sentences."""
    info = _crfsuite(
        ((sentence_features(words, knowledge), list(tags)) for words, tags in data),
        {"c1": recipe.c1, "c2": recipe.c2, "max_iterations": recipe.iterations},
    )
    column = {label: i for i, label in enumerate(labels)}
    step = np.zeros((len(labels), len(labels)), np.float32)
    for (a, b), weight in info.transitions.items():
        step[column[a], column[b]] = weight
    table: dict[str, list[float]] = {}
    width = len(labels) + CLITICS
    for (feature, label), weight in info.state_features.items():
        if abs(weight) >= recipe.least:
            table.setdefault(feature, [0.0] * width)[column[label]] = weight
    for feature, row in _clitic_weights(clitics, knowledge).items():
        table.setdefault(feature, [0.0] * width)[len(labels) :] = row
    features = sorted(table)
    weights = np.array([table[f] for f in features], np.float16)
    return ChainWeights(list(labels), CLITICS, features, weights.tobytes(), step.tobytes())


def _crfsuite(data: Iterable[tuple[list[list[str]], list[str]]], settings: dict[str, float]) -> Any:
    """Train and give back crfsuite's dump: ``transitions`` and ``state_features``."""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({**settings, "feature.possible_transitions": True})
    for features, tags in data:
        trainer.append(pycrfsuite.ItemSequence(features), tags)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "chain")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        info = tagger.info()
        tagger.close()
    return info


def _clitic_weights(
    data: Iterable[tuple[Sequence[str], Sequence[int]]], knowledge: Knowledge
) -> dict[str, list[float]]:
    """A maximum-entropy classifier of the clitic length over the same features (chains of one word)."""
    items: list[tuple[list[list[str]], list[str]]] = []
    for words, clitics in data:
        wanted = [i for i, c in enumerate(clitics) if c >= 0]
        if wanted:
            features = sentence_features(words, knowledge)
            items += [([features[i]], [str(min(clitics[i], CLITICS - 1))]) for i in wanted]
    if not items:
        return {}
    info = _crfsuite(items, {"c1": 0.0, "c2": 0.5, "max_iterations": 200})
    result: dict[str, list[float]] = {}
    for (feature, length), weight in info.state_features.items():
        result.setdefault(feature, [0.0] * CLITICS)[int(length)] = weight
    unseen = set(range(CLITICS)) - {int(tags[0]) for _, tags in items}
    for length in unseen:
        result.setdefault("bias", [0.0] * CLITICS)[length] = -8.0
    return result
