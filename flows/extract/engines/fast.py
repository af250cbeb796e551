"""The ``fast`` engine: a linear-chain CRF, trained by crfsuite, run here on its weights alone.

crfsuite's own tagger is left out at run time: with the weights in arrays a word's part of the scores is
summed once and remembered, which is several times faster, gives the marginals in the same pass and reads no
native file format that a damaged file could crash.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from flows.extract.engines import EngineError, TokenLabel
from flows.extract.engines.clitics import pick_clitic
from flows.extract.engines.features import OFFSETS, Knowledge, fold_word, pair_features, word_features
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
        self._table = table
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
        self._pairs: dict[tuple[str, str], Floats | None] = {}
        self._edges = self._edge_rows()

    def _sum(self, features: Sequence[str]) -> Floats:
        rows = [r for r in map(self._row.get, features) if r is not None]
        if not rows:
            return np.zeros(self.width, np.float32)
        return self._table[rows].sum(axis=0)  # type: ignore[no-any-return]

    def _edge_rows(self) -> tuple[Floats, Floats, Floats]:
        return self._sum(["bias"]), self._sum(["first"]), self._sum(["last"])

    def _remember(self, folded: str) -> int:
        if len(self._index) >= _CACHE:
            self._index.clear()
            self._pairs.clear()
        k = self._index[folded] = len(self._index)
        if k >= len(self._memory):
            self._memory = np.concatenate([self._memory, np.zeros_like(self._memory)])
        for o, offset in enumerate(OFFSETS):
            self._memory[k, o] = self._sum(word_features(folded, offset, self._knowledge))
        return k

    def _pair(self, left: str, right: str) -> Floats | None:
        key = (left, right)
        if key not in self._pairs:
            rows = [
                r for r in map(self._row.get, pair_features(left, right, self._knowledge)) if r is not None
            ]
            self._pairs[key] = self._table[rows].sum(axis=0) if rows else None
        return self._pairs[key]

    def scores(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """Folded words -> (words, width), sentences one after another."""
        flat = [w for s in sentences for w in s]
        if len(self._index) + len(flat) >= _CACHE:  # never forget rows that this article still needs
            self._index.clear()
            self._pairs.clear()
        index = self._index
        ids = np.fromiter((index[w] if w in index else self._remember(w) for w in flat), np.int64, len(flat))
        rows = self._memory[ids]
        bias, first, last = self._edges
        out = rows[:, OFFSETS.index(0)] + bias
        at = 0
        for s in sentences:
            n = len(s)
            end = at + n
            for o, offset in enumerate(OFFSETS):
                if offset < 0 and n > -offset:
                    out[at - offset : end] += rows[at : end + offset, o]
                elif offset > 0 and n > offset:
                    out[at : end - offset] += rows[at + offset : end, o]
            for i in range(1, n):
                pair = self._pair(s[i - 1], s[i])
                if pair is not None:
                    out[at + i] += pair
            if n:
                out[at] += first
                out[end - 1] += last
            at = end
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
    step = np.exp(transitions)
    # forward and Viterbi together, in probabilities scaled at every place
    shift = grid.max(axis=2, keepdims=True)
    local = np.exp(grid - shift)
    alpha = np.zeros_like(grid)
    back = np.zeros((longest, s, n), np.int64)
    alpha[0] = local[0] * np.exp(start)
    alpha[0] /= alpha[0].sum(axis=1, keepdims=True)
    finals = grid[0] + start
    for t in range(1, longest):
        a = active[t]
        x = (alpha[t - 1, :a] @ step) * local[t, :a]
        alpha[t, :a] = x / x.sum(axis=1, keepdims=True)
        options = finals[:a, :, None] + transitions[None]
        back[t, :a] = options.argmax(axis=1)
        finals[:a] = options.max(axis=1) + grid[t, :a]
    beta = np.ones((s, n), np.float32)
    posterior = np.zeros_like(grid)
    for t in range(longest - 1, -1, -1):
        a = active[t]
        x = alpha[t, :a] * beta[:a]
        posterior[t, :a] = x / x.sum(axis=1, keepdims=True)
        y = (local[t, :a] * beta[:a]) @ step.T
        beta[:a] = y / y.max(axis=1, keepdims=True)
    best = np.zeros(len(scores), np.int64)
    probability = np.zeros_like(scores)
    label = finals.argmax(axis=1)
    for t in range(longest - 1, -1, -1):
        a = active[t]
        best[offsets[:a] + t] = label[:a]
        probability[offsets[:a] + t] = posterior[t, :a]
        if t:
            label[:a] = back[t, np.arange(a), label[:a]]
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
