"""Train the ``fast`` engine's chain with crfsuite and turn it into arrays."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pycrfsuite

from flows.extract.engines.fast import ChainWeights
from flows.extract.engines.features import OFFSETS, Clusters, fold_word, pair_features, word_features

CLITICS = 3


@dataclass(frozen=True, slots=True)
class ChainRecipe:
    iterations: int = 100
    c1: float = 0.15  # L1, keeps the model small
    c2: float = 0.01
    least: float = 0.01  # weights below are dropped


def sentence_features(words: Sequence[str], clusters: Clusters) -> list[list[str]]:
    """Features of each word of one sentence, as ``engines.fast.Chain`` sums them."""
    folded = [fold_word(w) for w in words]
    n = len(folded)
    rows: list[list[str]] = []
    for i in range(n):
        features = ["bias"]
        if i == 0:
            features.append("first")
        if i == n - 1:
            features.append("last")
        for offset in OFFSETS:
            if 0 <= i + offset < n:
                features += word_features(folded[i + offset], offset, clusters)
        if i:
            features += pair_features(folded[i - 1], folded[i], clusters)
        rows.append(features)
    return rows


def train_chain(
    data: Iterable[tuple[Sequence[str], Sequence[str]]],
    clitics: Iterable[tuple[Sequence[str], Sequence[int]]],
    labels: Sequence[str],
    clusters: Clusters,
    recipe: ChainRecipe,
) -> ChainWeights:
    """``data``: (words, labels) of sentences; ``clitics``: (words, clitic lengths or -1) of sentences."""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(
        {
            "c1": recipe.c1,
            "c2": recipe.c2,
            "max_iterations": recipe.iterations,
            "feature.possible_transitions": True,
            "feature.minfreq": 1,
        }
    )
    for words, tags in data:
        trainer.append(pycrfsuite.ItemSequence(sentence_features(words, clusters)), list(tags))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "chain")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        info = tagger.info()
        tagger.close()
    column = {label: i for i, label in enumerate(labels)}
    step = np.zeros((len(labels), len(labels)), np.float32)
    for (a, b), weight in info.transitions.items():
        step[column[a], column[b]] = weight
    table: dict[str, list[float]] = {}
    width = len(labels) + CLITICS
    for (feature, label), weight in info.state_features.items():
        if abs(weight) >= recipe.least:
            table.setdefault(feature, [0.0] * width)[column[label]] = weight
    for feature, row in _clitic_weights(clitics, clusters).items():
        table.setdefault(feature, [0.0] * width)[len(labels) :] = row
    features = sorted(table)
    weights = np.array([table[f] for f in features], np.float16)
    return ChainWeights(list(labels), CLITICS, features, weights.tobytes(), step.tobytes())


def _clitic_weights(
    data: Iterable[tuple[Sequence[str], Sequence[int]]], clusters: Clusters
) -> dict[str, list[float]]:
    """A maximum-entropy classifier of the clitic length over the same features."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    rows: list[list[str]] = []
    lengths: list[int] = []
    for words, clitics in data:
        wanted = [i for i, c in enumerate(clitics) if c >= 0]
        if not wanted:
            continue
        features = sentence_features(words, clusters)
        rows += [features[i] for i in wanted]
        lengths += [min(clitics[i], CLITICS - 1) for i in wanted]
    if len(set(lengths)) < 2:
        return {}
    vectorizer = CountVectorizer(analyzer=lambda x: x, min_df=2, binary=True)
    matrix = vectorizer.fit_transform(rows)
    model = LogisticRegression(C=1.0, max_iter=300)
    model.fit(matrix, lengths)
    names = vectorizer.get_feature_names_out()
    columns = np.zeros((CLITICS, len(names)))
    bias = np.zeros(CLITICS)
    if len(model.classes_) == 2:
        columns[model.classes_[1]] = model.coef_[0]
        bias[model.classes_[1]] = model.intercept_[0]
    else:
        for k, length in enumerate(model.classes_):
            columns[length], bias[length] = model.coef_[k], model.intercept_[k]
    for length in set(range(CLITICS)) - set(model.classes_.tolist()):
        bias[length] = -8.0
    result = {str(n): columns[:, i].tolist() for i, n in enumerate(names)}
    base = np.array(result.get("bias", [0.0] * CLITICS)) + bias
    result["bias"] = base.tolist()
    return result
