"""The ``fast`` engine: a linear-chain CRF, trained by crfsuite, run here on its weights alone.

crfsuite's own tagger is left out at run time: with the weights in arrays a word's part of the scores is
summed once and remembered, which is several times faster, gives the marginals in the same pass and reads no
native file format that a damaged file could crash.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from flows.extract.engines import EngineError, TokenLabel
from flows.extract.engines.clitics import pick_clitic
from flows.extract.engines.features import (
    OFFSETS,
    Knowledge,
    WordFacts,
    fold_word,
    pair_features,
    word_facts,
    word_features,
)
from flows.extract.engines.store import read_model

Floats = NDArray[np.float32]
_CACHE = 150_000
_IMPOSSIBLE = -1e4


class ClusterTable(msgspec.Struct, frozen=True):
    """Columns of the words' clusters: fine, coarse, rank bucket."""

    words: list[str]
    fine: list[int]
    coarse: list[int]
    rank: list[int]

    def mapping(self) -> dict[str, tuple[int, int, int]]:
        return dict(zip(self.words, zip(self.fine, self.coarse, self.rank, strict=True), strict=True))


class ChainWeights(msgspec.Struct, frozen=True):
    """One scheme's CRF and clitic classifier.

    ``weights`` is float16 (features, labels + clitics) row by row, ``transitions`` float32 (labels, labels).
    """

    labels: list[str]
    clitics: int
    features: list[str]
    weights: bytes
    transitions: bytes
    temperature: float = 1.0
    clitic_bias: list[float] = []


class FastModel(msgspec.Struct, frozen=True):
    """What ``fast.msgpack`` holds."""

    version: int
    clusters: ClusterTable
    schemes: dict[str, ChainWeights]
    lexicon: dict[str, str] = {}  # code -> its words, separated by blanks

    def knowledge(self) -> Knowledge:
        lexicon = {word: code for code, words in self.lexicon.items() for word in words.split(" ")}
        return Knowledge(self.clusters.mapping(), lexicon)


class Chain:
    """Scores of words from remembered rows.  Columns: labels, then clitic lengths."""

    def __init__(self, weights: ChainWeights, knowledge: Knowledge) -> None:
        n = len(weights.labels)
        self.labels = weights.labels
        self.temperature = weights.temperature
        self.width = n + weights.clitics
        table = np.frombuffer(weights.weights, np.float16).astype(np.float32).reshape(-1, self.width)
        if len(table) != len(weights.features):
            raise EngineError("the fast model's features and weights differ in number")
        # the last row is of zeros: features that the model does not know
        self._table = np.concatenate([table, np.zeros((1, self.width), np.float32)])
        self._row = dict(zip(weights.features, range(len(table)), strict=True))
        self.transitions = np.frombuffer(weights.transitions, np.float32).reshape(n, n).copy()
        self.start = np.zeros(n, np.float32)
        for j, after in enumerate(weights.labels):
            if after.startswith("I-"):
                self.start[j] = _IMPOSSIBLE
                for i, before in enumerate(weights.labels):
                    if before not in (f"B-{after[2:]}", after):
                        self.transitions[i, j] = _IMPOSSIBLE
        self._knowledge = knowledge
        self._index: dict[str, int] = {}
        self._memory = np.zeros((4096, len(OFFSETS), self.width), np.float32)
        self._facts: list[WordFacts] = []  # by the index of the word
        self._edges = self._edge_rows()

    def _sum(self, features: Sequence[str]) -> Floats:
        rows = [r for r in map(self._row.get, features) if r is not None]
        if not rows:
            return np.zeros(self.width, np.float32)
        return self._table[rows].sum(axis=0)  # type: ignore[no-any-return]

    def _edge_rows(self) -> tuple[Floats, Floats, Floats]:
        return self._sum(["bias"]), self._sum(["first"]), self._sum(["last"])

    def _indices(self, words: Sequence[str]) -> list[int]:
        """Places of the folded words' rows in the memory; rows of new words are summed here, all at once."""
        if len(self._index) + len(words) >= _CACHE:  # never forget rows that this article still needs
            self._index.clear()
            self._facts.clear()
        index = self._index
        held = len(index)
        rows: list[int] = []
        cuts: list[int] = []
        get, unknown = self._row.get, len(self._table) - 1
        for word in words:
            if word in index:
                continue
            facts = word_facts(word, self._knowledge)
            index[word] = len(index)
            self._facts.append(facts)
            for offset in OFFSETS:
                cuts.append(len(rows))
                rows += [get(feature, unknown) for feature in word_features(facts, offset)]
        if cuts:
            if len(index) > len(self._memory):
                more = np.zeros((max(len(self._memory), len(index)), *self._memory.shape[1:]), np.float32)
                self._memory = np.concatenate([self._memory, more])
            sums = np.add.reduceat(self._table[rows], cuts, axis=0)
            self._memory[held : len(index)] = sums.reshape(-1, len(OFFSETS), self.width)
        return [index[word] for word in words]

    def scores(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """Folded words -> (words, width), sentences one after another."""
        places = self._indices([w for s in sentences for w in s])
        rows = self._memory[places]
        bias, first, last = self._edges
        out = rows[:, OFFSETS.index(0)] + bias
        get, unknown = self._row.get, len(self._table) - 1
        pairs: list[int] = []
        at = 0
        for s in sentences:
            n = len(s)
            end = at + n
            for o, offset in enumerate(OFFSETS):
                if offset < 0 and n > -offset:
                    out[at - offset : end] += rows[at : end + offset, o]
                elif offset > 0 and n > offset:
                    out[at : end - offset] += rows[at + offset : end, o]
            if n:
                out[at] += first
                out[end - 1] += last
                facts = [self._facts[place] for place in places[at:end]]
                pairs += (unknown, unknown, unknown)  # the first word has none before it
                for left, right in pairwise(facts):
                    pairs += [get(feature, unknown) for feature in pair_features(left, right)]
            at = end
        out += self._table[pairs].reshape(len(places), -1, self.width).sum(axis=1)
        return out


def marginals(
    scores: Floats, lengths: Sequence[int], transitions: Floats, start: Floats
) -> tuple[NDArray[np.int64], Floats]:
    """Best labels (words,) and posterior probabilities (words, labels) of all sentences at once."""
    lens = np.asarray(lengths, np.int64)
    order = np.argsort(-lens, kind="stable")
    lens_sorted = lens[order]
    offsets = np.concatenate([[0], np.cumsum(lens)[:-1]])[order]
    s, longest, n = len(lens), int(lens.max()), scores.shape[1]
    grid = np.zeros((longest, s, n), np.float32)
    for k in range(s):
        grid[: lens_sorted[k], k] = scores[offsets[k] : offsets[k] + lens_sorted[k]]
    active = [
        int(np.searchsorted(-lens_sorted, -t, side="left")) for t in range(longest)
    ]  # sentences with > t words
    step = np.exp(transitions.astype(np.float64))
    back_step = np.ascontiguousarray(step.T)
    into = np.ascontiguousarray(transitions.T)  # (label, label before)
    # Forward and backward in probabilities: a place's largest score is 1, and 8 places further no sum has
    # left what a float64 holds.  Scaling alpha or beta of a place does not change its posterior.
    local = np.exp((grid - grid.max(axis=2, keepdims=True)).astype(np.float64))
    alpha = np.zeros_like(local)
    alpha[0] = local[0] * np.exp(start)
    finals = np.zeros_like(grid)  # score of the best path to each label
    finals[0] = grid[0] + start
    for t in range(1, longest):
        a = active[t]
        before = alpha[t - 1, :a]
        if t % 8 == 0:
            before = before / before.sum(axis=1, keepdims=True)
        alpha[t, :a] = (before @ step) * local[t, :a]
        finals[t, :a] = (finals[t - 1, :a, None] + into).max(axis=2) + grid[t, :a]
    beta = np.ones_like(local)
    for t in range(longest - 2, -1, -1):
        a = active[t + 1]
        after = local[t + 1, :a] * beta[t + 1, :a]
        if t % 8 == 0:
            after /= after.sum(axis=1, keepdims=True)
        beta[t, :a] = after @ back_step
    posterior = alpha * beta
    posterior /= np.maximum(posterior.sum(axis=2, keepdims=True), np.finfo(np.float64).tiny)
    best = np.zeros(len(scores), np.int64)
    probability = np.zeros_like(scores)
    label = np.zeros(s, np.int64)
    for t in range(longest - 1, -1, -1):
        a, going_on = active[t], active[t + 1] if t + 1 < longest else 0
        # where the sentence goes on, the label that led to the one after; else the best of all
        reached = finals[t, :a].copy()
        reached[:going_on] += into[label[:going_on]]
        label[:a] = reached.argmax(axis=1)
        best[offsets[:a] + t] = label[:a]
        probability[offsets[:a] + t] = posterior[t, :a]
    return best, probability


class ChainReading(NamedTuple):
    """What a chain makes of sentences, one row a word."""

    posterior: Floats  # (words, labels)
    clitics: Floats  # (words, clitic lengths)


class FastEngine:
    """``NameEngine`` over one scheme's chain."""

    def __init__(self, chain: Chain) -> None:
        self.name = "fast"
        self._chain = chain

    def label(self, sentences: Sequence[Sequence[str]]) -> list[list[TokenLabel]]:
        chain = self._chain
        folded = [[fold_word(w) for w in s] for s in sentences]
        filled = [s for s in folded if s]
        if not filled:
            return [[] for _ in sentences]
        scores = chain.scores(filled)
        n = len(chain.labels)
        best, posterior = marginals(
            scores[:, :n] / np.float32(chain.temperature),
            [len(s) for s in filled],
            chain.transitions / np.float32(chain.temperature),
            chain.start,
        )
        probabilities = posterior[np.arange(len(best)), best].tolist()
        clitic_scores = scores[:, n:]
        result: list[list[TokenLabel]] = []
        at = 0
        names = chain.labels
        chosen = best.tolist()
        for s in folded:
            row = []
            for i, word in enumerate(s, start=at):
                label = names[chosen[i]]
                clitic, sure = 0, 1.0
                if label[0] == "B" and clitic_scores.shape[1]:
                    clitic, sure = pick_clitic(clitic_scores[i], word)
                row.append(TokenLabel(label, probabilities[i], clitic, sure))
            at += len(s)
            result.append(row)
        return result

    def read(self, sentences: Sequence[Sequence[str]]) -> ChainReading:
        """Probabilities as the chain gives them, not calibrated, and scores of clitic letters."""
        chain = self._chain
        folded = [[fold_word(w) for w in s] for s in sentences if len(s)]
        n = len(chain.labels)
        if not folded:
            return ChainReading(np.zeros((0, n), np.float32), np.zeros((0, chain.width - n), np.float32))
        scores = chain.scores(folded)
        posterior = marginals(scores[:, :n], [len(s) for s in folded], chain.transitions, chain.start)[1]
        return ChainReading(posterior, scores[:, n:])

    def clitic_choices(self, sentences: Sequence[Sequence[str]]) -> list[tuple[int, float]]:
        """For every word, were it to begin a name: clitic letters before the name and their probability."""
        words = (fold_word(w) for s in sentences for w in s)
        return [pick_clitic(row, w) for row, w in zip(self.read(sentences).clitics, words, strict=True)]


def load_fast(*, scheme: str, folder: Path | None = None) -> FastEngine:
    """Read and check the shipped model.

    Raises EngineError when it is missing, damaged or of another version.
    """
    try:
        model = msgspec.msgpack.decode(read_model("fast.msgpack", folder), type=FastModel)
    except msgspec.DecodeError as exc:
        raise EngineError(f"fast.msgpack: {exc}") from exc
    if model.version != 1 or scheme not in model.schemes:
        raise EngineError(f"fast.msgpack: version {model.version} without scheme {scheme!r}")
    return FastEngine(Chain(model.schemes[scheme], model.knowledge()))
