"""The ``accurate`` engine: a compact transformer with 8-bit weights (onnxruntime) and the ``fast`` chain.

The two err differently (one knows contexts, the other the gazetteers and how labels follow each other): the
weighted sum of their log-probabilities is two to six points better than either, for a fiftieth of the time.

The chain goes first; sentences of which it is sure from the first word to the last are not shown to the
network at all, which saves a third of the work and no name.
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
from flows.extract.engines.fast import ChainReading, FastEngine, load_fast
from flows.extract.engines.features import fold_word
from flows.extract.engines.pieces import Pieces
from flows.extract.engines.store import read_model
from flows.extract.engines.windows import Window, pack

Floats = NDArray[np.float32]
_BATCH = 1200  # pieces given to the network at once, padding included
_PADDING = 1.08  # longest window of a batch by its shortest
_LITTLE = np.float32(1e-6)
_SENTENCES = 400  # sentences whose hidden states are remembered, those of one article as a rule


class Head(msgspec.Struct, frozen=True):
    """One convention's columns of the network's output."""

    labels: list[str]
    column: int
    temperature: float
    combined: float = 1.0  # temperature of the sum with the chain
    doubt: float = 0.0  # least probability that the chain gives away in a sentence which the network sees


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
    hidden_layer: int = 0  # layers behind the states of ``hidden``
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
        self._only_asked = onnxruntime.RunOptions()
        self._only_asked.only_execute_path_to_fetches = True
        self._seen: dict[tuple[str, ...], Floats] = {}  # hidden states of the article at hand
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
        shapes = {o.name: o.shape for o in self._session.get_outputs()}
        if not {"logits", "hidden"} <= shapes.keys():
            raise EngineError(f"accurate.onnx: outputs {sorted(shapes)} instead of logits and hidden")
        self._size: int = shapes["hidden"][1]

    def label(self, sentences: Sequence[Sequence[str]]) -> list[list[TokenLabel]]:
        lengths = [len(s) for s in sentences]
        words = [w for s in sentences for w in s]
        self._seen.clear()
        if not words:
            return [[] for _ in sentences]
        head, model = self._head, self._model
        reading = None if self._chain is None else self._chain.read(sentences)
        if reading is None:
            logits = self.logits(words, lengths)
            scores, clitics = self.combine(logits, None), self._clitics(logits)
        else:
            scores = np.log(reading.posterior + _LITTLE)
            clitics = reading.clitics[:, : model.clitic_columns].copy()
            places, asked = self._doubtful(sentences, reading)
            if len(places):
                logits = self.logits([words[i] for i in places], [len(s) for s in asked])
                scores[places] = self.combine(logits, reading.posterior[places])
                clitics[places] = self._clitics(logits)
        best = best_paths(scores, lengths, self._step, self._start)
        sure = np.exp(log_softmax(scores / np.float32(head.combined if self._chain else 1.0)))
        probability = sure[np.arange(len(words)), best].tolist()
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

    def _doubtful(
        self, sentences: Sequence[Sequence[str]], reading: ChainReading
    ) -> tuple[NDArray[np.intp], list[Sequence[str]]]:
        """Places of the words in sentences that the network has to see, and these sentences."""
        unsure = (1.0 - reading.posterior.max(axis=1)) >= self._head.doubt
        places: list[NDArray[np.intp]] = []
        asked: list[Sequence[str]] = []
        at = 0
        for sentence in sentences:
            end = at + len(sentence)
            if unsure[at:end].any():
                places.append(np.arange(at, end))
                asked.append(sentence)
            at = end
        return np.concatenate(places) if places else np.zeros(0, np.intp), asked

    def _clitics(self, logits: Floats) -> Floats:
        model = self._model
        columns = logits[:, model.clitic_column : model.clitic_column + model.clitic_columns]
        return np.asarray(columns / np.float32(model.clitic_temperature), np.float32)

    def combine(self, logits: Floats, posterior: Floats | None) -> Floats:
        """Scores (words, labels): the network's log-probabilities, or their weighted sum with the chain's."""
        head = self._head
        columns = logits[:, head.column : head.column + len(head.labels)]
        scores = log_softmax(columns / np.float32(head.temperature))
        if posterior is None:
            return scores
        share = np.float32(self._model.chain_share)
        return np.asarray((1 - share) * scores + share * np.log(posterior + _LITTLE), np.float32)

    def chain_posterior(self, sentences: Sequence[Sequence[str]]) -> Floats | None:
        """What the chain says, (words, labels); None where there is none."""
        return None if self._chain is None else self._chain.read(sentences).posterior

    def logits(self, words: Sequence[str], lengths: Sequence[int]) -> Floats:
        """The network's output for an article's words, (words, columns)."""
        logits, hidden = self._network(words, lengths, ("logits", "hidden"))
        at = 0
        for length in lengths:
            if length and len(self._seen) < _SENTENCES:
                self._seen[tuple(words[at : at + length])] = hidden[at : at + length]
            at += length
        return logits

    def hidden(self, sentences: Sequence[Sequence[str]]) -> list[Floats]:
        """States (words, size) of each sentence's words after the layer that the model names, float32.

        A word's state is that of its first piece.  Sentences which the last ``label`` showed to the network
        cost nothing; the others are run now, as far as that layer.
        """
        wanted = [tuple(s) for s in sentences]
        missing = [s for s in dict.fromkeys(wanted) if s and s not in self._seen]
        if missing:
            lengths = [len(s) for s in missing]
            (states,) = self._network([w for s in missing for w in s], lengths, ("hidden",))
            at = 0
            for sentence, length in zip(missing, lengths, strict=True):
                self._seen[sentence] = states[at : at + length]
                at += length
        nothing = np.zeros((0, self._size), np.float32)
        return [self._seen[s] if s else nothing for s in wanted]

    def _network(
        self, words: Sequence[str], lengths: Sequence[int], outputs: tuple[str, ...]
    ) -> list[Floats]:
        """``outputs`` of the network for each word, in the order of the words."""
        model = self._model
        windows = pack(self._pieces.encode(words), lengths, bos=model.bos, eos=model.eos)
        windows.sort(key=lambda w: len(w.ids))
        result: list[Floats] = []
        at = 0
        while at < len(windows):
            n = 1
            least = len(windows[at].ids)
            while at + n < len(windows):
                length = len(windows[at + n].ids)
                if length * (n + 1) > _BATCH or length > _PADDING * least:
                    break
                n += 1
            batch = windows[at : at + n]
            at += n
            found = self._run(batch, outputs)
            if not result:
                result = [np.zeros((len(words), out.shape[1]), np.float32) for out in found]
            places = [w.place for window in batch for w in window.words]
            for whole, out in zip(result, found, strict=True):
                whole[places] = out
        return result

    def _run(self, batch: Sequence[Window], outputs: tuple[str, ...]) -> list[Floats]:
        longest = max(len(w.ids) for w in batch)
        ids = np.full((len(batch), longest), self._model.pad, np.int64)
        for row, window in enumerate(batch):
            ids[row, : len(window.ids)] = window.ids
        first = [row * longest + w.first for row, window in enumerate(batch) for w in window.words]
        last = [row * longest + w.last for row, window in enumerate(batch) for w in window.words]
        found: list[Floats] = self._session.run(
            outputs,
            {
                "ids": ids,
                "lengths": np.array([len(w.ids) for w in batch], np.int32),
                "first": np.array(first, np.int64),
                "last": np.array(last, np.int64),
            },
            self._only_asked,
        )
        return found


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
    if model.version != 2 or scheme not in model.heads:
        raise EngineError(f"accurate.json: version {model.version} without scheme {scheme!r}")
    chain = None if alone or not model.chain_share else load_fast(scheme=scheme, folder=folder)
    network = read_model("accurate.onnx", folder)
    return AccurateEngine(model, network, scheme=scheme, threads=threads, chain=chain)
