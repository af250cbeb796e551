"""The ``accurate`` engine: a compact transformer with 8-bit weights (onnxruntime) and the ``fast`` chain.

The two err differently (one knows contexts, the other the gazetteers and how labels follow each other): the
weighted sum of their log-probabilities is two to six points better than either, for a fiftieth of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from flows.extract.engines import EngineError, NameEngine, TokenLabel
from flows.extract.engines.clitics import pick_clitic, settle_clitic
from flows.extract.engines.decode import best_paths, transitions
from flows.extract.engines.fast import FastEngine, load_fast
from flows.extract.engines.features import fold_word
from flows.extract.engines.pieces import Pieces
from flows.extract.engines.store import read_model
from flows.extract.engines.windows import Window, pack

Floats = NDArray[np.float32]
_BATCH = 1200  # pieces given to the network at once, padding included


class Head(msgspec.Struct, frozen=True):
    """One convention's columns of the network's output."""

    labels: list[str]
    column: int
    temperature: float
    combined: float = 1.0  # temperature of the sum with the chain


class AccurateModel(msgspec.Struct, frozen=True):
    """``accurate.json``: everything but the network."""

    version: int
    bos: int
    eos: int
    pad: int
    heads: dict[str, Head]
    clitic_column: int
    clitic_columns: int
    clitic_temperature: float
    tokenizer: str
    chain_share: float = 0.0  # weight of the chain's log-probabilities, 0..1; the network has the rest


class AccurateEngine:
    """``NameEngine`` over one head of the network.

    Calls are thread-safe as far as onnxruntime's are; the memory of words is not, so one engine a thread.
    """

    def __init__(
        self,
        model: AccurateModel,
        network: bytes,
        *,
        scheme: str,
        threads: int,
        chain: FastEngine | None = None,
    ) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self.name = "accurate"
        self._model = model
        self._head = model.heads[scheme]
        self._chain = chain if model.chain_share > 0 else None
        self._pieces = Pieces(Tokenizer.from_str(model.tokenizer))
        self._step, self._start = transitions(self._head.labels)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # a worker process shares the machine with others: waiting threads must sleep, not spin
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                network,
                options,
                providers=["CPUExecutionProvider"],
                # its fused residual norm is slower than the two nodes it replaces
                disabled_optimizers=["SkipLayerNormFusion"],
            )
        except Exception as exc:  # onnxruntime's own exception types are not part of its interface
            raise EngineError(f"accurate.onnx: {exc}") from exc

    def label(self, sentences: Sequence[Sequence[str]]) -> list[list[TokenLabel]]:
        lengths = [len(s) for s in sentences]
        words = [w for s in sentences for w in s]
        if not words:
            return [[] for _ in sentences]
        logits = self.logits(words, lengths)
        head, model = self._head, self._model
        scores = self.combine(logits, sentences)
        best = best_paths(scores, lengths, self._step, self._start)
        sure = np.exp(log_softmax(scores / np.float32(head.combined if self._chain else 1.0)))
        probability = sure[np.arange(len(words)), best].tolist()
        clitics = logits[:, model.clitic_column : model.clitic_column + model.clitic_columns]
        clitics = clitics / np.float32(model.clitic_temperature)
        result: list[list[TokenLabel]] = []
        names = head.labels
        chosen = best.tolist()
        at = 0
        for length in lengths:
            row = []
            for i in range(at, at + length):
                label = names[chosen[i]]
                clitic, clitic_sure = 0, 1.0
                if label[0] == "B":
                    folded = fold_word(words[i])
                    clitic, clitic_sure = settle_clitic(pick_clitic(clitics[i], folded), folded, label)
                row.append(TokenLabel(label, probability[i], clitic, clitic_sure))
            at += length
            result.append(row)
        return result

    def combine(self, logits: Floats, sentences: Sequence[Sequence[str]]) -> Floats:
        """Scores (words, labels): the network's log-probabilities, or their weighted sum with the chain's."""
        head = self._head
        columns = logits[:, head.column : head.column + len(head.labels)]
        scores = log_softmax(columns / np.float32(head.temperature))
        if self._chain is None:
            return scores
        share = np.float32(self._model.chain_share)
        posterior = self._chain.posteriors(sentences)
        return np.asarray((1 - share) * scores + share * np.log(posterior + np.float32(1e-6)), np.float32)

    def logits(self, words: list[str], lengths: Sequence[int]) -> Floats:
        """The network's output for an article's words, (words, columns)."""
        model = self._model
        windows = pack(self._pieces.encode(words), lengths, bos=model.bos, eos=model.eos)
        windows.sort(key=lambda w: len(w.ids))
        result: Floats | None = None
        at = 0
        while at < len(windows):
            n = 1
            while at + n < len(windows) and len(windows[at + n].ids) * (n + 1) <= _BATCH:
                n += 1
            batch = windows[at : at + n]
            at += n
            out = self._run(batch)
            if result is None:
                result = np.zeros((len(words), out.shape[1]), np.float32)
            result[[w.place for window in batch for w in window.words]] = out
        assert result is not None
        return result

    def _run(self, batch: Sequence[Window]) -> Floats:
        longest = max(len(w.ids) for w in batch)
        ids = np.full((len(batch), longest), self._model.pad, np.int64)
        for row, window in enumerate(batch):
            ids[row, : len(window.ids)] = window.ids
        first = [row * longest + w.first for row, window in enumerate(batch) for w in window.words]
        last = [row * longest + w.last for row, window in enumerate(batch) for w in window.words]
        (logits,) = self._session.run(
            None,
            {
                "ids": ids,
                "lengths": np.array([len(w.ids) for w in batch], np.int32),
                "first": np.array(first, np.int64),
                "last": np.array(last, np.int64),
            },
        )
        return np.asarray(logits, np.float32)


def log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), np.float32)


def load_accurate(
    *, scheme: str, threads: int, folder: Path | None = None, alone: bool = False
) -> NameEngine:
    """Read and check the shipped model; ``alone`` leaves the chain out.

    Raises EngineError when a file is missing, damaged or of another version.
    """
    try:
        model = msgspec.json.decode(read_model("accurate.json", folder), type=AccurateModel)
    except msgspec.DecodeError as exc:
        raise EngineError(f"accurate.json: {exc}") from exc
    if model.version != 1 or scheme not in model.heads:
        raise EngineError(f"accurate.json: version {model.version} without scheme {scheme!r}")
    chain = None if alone or not model.chain_share else load_fast(scheme=scheme, folder=folder)
    network = read_model("accurate.onnx", folder)
    return AccurateEngine(model, network, scheme=scheme, threads=threads, chain=chain)
