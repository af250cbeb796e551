"""The chain's own arithmetic against crfsuite's, and the engine around it."""

from __future__ import annotations

import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest

from flows.extract.engines import EngineError, TokenLabel, load_engine
from flows.extract.engines.fast import (
    Chain,
    ChainWeights,
    ClusterTable,
    FastEngine,
    FastModel,
    load_fast,
    marginals,
)
from flows.extract.engines.features import (
    Knowledge,
    fold_word,
    light,
    pair_features,
    word_facts,
    word_features,
)
from flows.extract.engines.store import write_model
from flows.extract.training.chain import CLITICS, ChainRecipe, sentence_features, train_chain

LABELS = ("O", "B-PERSON", "I-PERSON", "B-LOCATION", "I-LOCATION")
TEXTS = [
    ("زارت سلمى العلوي مدينة فاس أمس", "O B-PERSON I-PERSON B-LOCATION I-LOCATION O", "-1 0 -1 0 -1 -1"),
    ("قال سعد بنعمر لسلمى العلوي", "O B-PERSON I-PERSON B-PERSON I-PERSON", "-1 0 -1 1 -1"),
    ("وصل الوفد بفاس", "O O B-LOCATION", "-1 -1 1"),
    ("سعد بنعمر غادر فاس", "B-PERSON I-PERSON O B-LOCATION", "0 -1 -1 0"),
    ("لا جديد", "O O", "-1 -1"),
]
KNOWLEDGE = Knowledge({"فاس": (1, 1, 2), "قال": (2, 1, 1)}, {"سلمي": "g", "سعد": "gw"})


def _data() -> tuple[list[tuple[list[str], list[str]]], list[tuple[list[str], list[int]]]]:
    rows = [(a.split(), b.split(), [int(x) for x in c.split()]) for a, b, c in TEXTS]
    return [(a, b) for a, b, _ in rows], [(a, c) for a, _, c in rows]


@pytest.fixture(scope="module")
def weights() -> ChainWeights:
    data, clitics = _data()
    return train_chain(data, clitics * 2, LABELS, KNOWLEDGE, ChainRecipe(iterations=60, c1=0.01))


def test_scores_are_sums_of_the_features_weights(weights: ChainWeights) -> None:
    chain = Chain(weights, KNOWLEDGE)
    table = np.frombuffer(weights.weights, np.float16).astype(np.float32).reshape(len(weights.features), -1)
    row = {f: i for i, f in enumerate(weights.features)}
    sentences = [text.split() for text, _, _ in TEXTS]
    got = chain.scores([[fold_word(w) for w in s] for s in sentences])
    expected = [
        sum((table[row[f]] for f in features if f in row), np.zeros(len(LABELS) + CLITICS))
        for s in sentences
        for features in sentence_features(s, KNOWLEDGE)
    ]
    np.testing.assert_allclose(got, np.array(expected), atol=1e-4)
    # and again, from memory
    np.testing.assert_allclose(chain.scores([[fold_word(w) for w in s] for s in sentences]), got, atol=1e-6)


def test_marginals_are_those_of_all_paths() -> None:
    rng = np.random.default_rng(1)
    n, lengths = 3, [3, 1, 4]
    scores = rng.normal(size=(sum(lengths), n)).astype(np.float32)
    step = rng.normal(size=(n, n)).astype(np.float32)
    start = np.array([0, 0, -1e4], np.float32)
    best, posterior = marginals(scores, lengths, step, start)
    at = 0
    for length in lengths:
        paths = np.array(np.meshgrid(*[range(n)] * length, indexing="ij")).reshape(length, -1).T
        value = np.array(
            [
                start[p[0]]
                + sum(scores[at + i, k] for i, k in enumerate(p))
                + sum(step[a, b] for a, b in itertools.pairwise(p))
                for p in paths
            ]
        )
        share = np.exp(value - value.max())
        share /= share.sum()
        assert tuple(best[at : at + length]) == tuple(paths[value.argmax()])
        for i in range(length):
            expected = [share[paths[:, i] == k].sum() for k in range(n)]
            np.testing.assert_allclose(posterior[at + i], expected, atol=1e-5)
        at += length


def test_the_chain_learns_names_and_clitics(weights: ChainWeights) -> None:
    engine = FastEngine(Chain(weights, KNOWLEDGE))
    (first, empty, second) = engine.label([TEXTS[0][0].split(), [], TEXTS[1][0].split()])
    assert empty == []
    assert [x.label for x in first] == TEXTS[0][1].split()
    assert [x.label for x in second] == TEXTS[1][1].split()
    assert second[3].clitic == 1
    assert all(0.0 <= x.probability <= 1.0 and 0.0 <= x.clitic_probability <= 1.0 for x in first)
    assert engine.label([]) == []
    assert engine.label([[], []]) == [[], []]


def test_labels_never_break_iob2() -> None:
    engine = load_engine("fast")
    words = ["قال", "عبد", "الله", "بن", "عمر", "في", "باريس", "ولندن", "إن", "وزارة", "الصحة"]
    for row in engine.label([words, words[::-1], words[3:]]):
        before = "O"
        for token in row:
            assert isinstance(token, TokenLabel)
            if token.label[0] == "I":
                assert before[2:] == token.label[2:]
            if token.label[0] != "B":
                assert token.clitic == 0
            before = token.label


def test_a_model_of_another_version_is_refused(tmp_path: Path) -> None:
    model = FastModel(99, ClusterTable([], [], [], []), {})
    write_model("fast.msgpack", msgspec.msgpack.encode(model), tmp_path)
    with pytest.raises(EngineError, match="version 99"):
        load_fast(scheme="guide", folder=tmp_path)
    write_model("fast.msgpack", b"\x00nonsense", tmp_path)
    with pytest.raises(EngineError, match=r"fast\.msgpack"):
        load_fast(scheme="guide", folder=tmp_path)


@pytest.mark.parametrize(
    ("word", "stem"), [("والرباط", "رباط"), ("للامن", "امن"), ("محمد", "محمد"), ("في", "في")]
)
def test_light_stems(word: str, stem: str) -> None:
    assert light(word) == stem


def test_features_say_what_the_lists_know() -> None:
    salma, and_salma, fes, saad = (word_facts(w, KNOWLEDGE) for w in ("سلمي", "وسلمي", "فاس", "سعد"))
    assert "0:g=g" in word_features(salma, 0)
    assert "1:g=+g" in word_features(and_salma, 1)
    assert "2:c=1" in word_features(fes, 2)
    assert "gg=gw|g" in pair_features(saad, salma)
