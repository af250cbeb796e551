"""Any Hugging Face token-classification model as an engine (extra: torch and transformers).

Such models know nothing of the guide's clitics: how many letters stand before a name is asked of the ``fast``
model, whose classifier looks at words only.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from flows.extract.engines import EngineError, NameEngine, TokenLabel
from flows.extract.engines.decode import best_paths, transitions
from flows.extract.engines.fast import load_fast
from flows.extract.engines.windows import pack

_GUIDE = {
    "PER": "PERSON",
    "PERS": "PERSON",
    "PERSON": "PERSON",
    "ORG": "ORGANIZATION",
    "ORGANIZATION": "ORGANIZATION",
    "ORGANISATION": "ORGANIZATION",
    "LOC": "LOCATION",
    "LOCATION": "LOCATION",
    "GPE": "LOCATION",
    "FAC": "LOCATION",
    "EVENT": "NAMED_EVENT",
    "NAMED_EVENT": "NAMED_EVENT",
}
_SHORT = {"PERSON": "PER", "ORGANIZATION": "ORG", "LOCATION": "LOC", "NAMED_EVENT": "MISC"}
_NEWSWIRE = {**{name: _SHORT[kind] for name, kind in _GUIDE.items()}, "MISC": "MISC"}


def translate_labels(own: Sequence[str], scheme: str) -> list[str]:
    """A model's labels in the scheme's names; classes that the scheme does not have become "O"."""
    table = _GUIDE if scheme == "guide" else _NEWSWIRE
    result = []
    for label in own:
        prefix, _, kind = label.partition("-")
        if not kind and label.upper() in table:  # models without B- and I-
            prefix, kind = "I", label
        kind = table.get(kind.upper(), "")
        result.append(f"{prefix}-{kind}" if kind and prefix in {"B", "I"} else "O")
    return result


class HuggingEngine:
    """``NameEngine`` over a transformers model."""

    def __init__(self, path: str, *, scheme: str, threads: int) -> None:
        try:
            import torch

            transformers: Any = import_module("transformers")
        except ModuleNotFoundError as exc:
            raise EngineError("a transformers: engine needs the packages torch and transformers") from exc
        torch.set_num_threads(threads)
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(path)
            self._network: Any = transformers.AutoModelForTokenClassification.from_pretrained(path)
        except (OSError, ValueError) as exc:
            raise EngineError(f"transformers:{path}: {exc}") from exc
        self._network.eval()
        self.name = f"transformers:{path}"
        own = self._network.config.id2label
        translated = translate_labels([own[i] for i in range(len(own))], scheme)
        self._labels = list(dict.fromkeys(["O", *translated]))
        # one column a label of the scheme: classes that fall together add their probabilities
        self._sums = np.zeros((len(translated), len(self._labels)), np.float32)
        for i, label in enumerate(translated):
            self._sums[i, self._labels.index(label)] = 1.0
        begins = any(label.startswith("B-") for label in self._labels)
        self._step, self._start = transitions(self._labels)
        if not begins:  # the model has no B-: every label may follow every other
            self._step[:] = 0.0
            self._start[:] = 0.0
        self._clitics = load_fast(scheme="guide")
        special = self._tokenizer
        self._bos = next((i for i in (special.cls_token_id, special.bos_token_id) if i is not None), None)
        self._eos = next((i for i in (special.sep_token_id, special.eos_token_id) if i is not None), None)
        self._unknown = special.unk_token_id if special.unk_token_id is not None else 0

    def label(self, sentences: Sequence[Sequence[str]]) -> list[list[TokenLabel]]:
        words = [w for s in sentences for w in s]
        lengths = [len(s) for s in sentences]
        if not words:
            return [[] for _ in sentences]
        scores = np.log(self._probabilities(words, lengths) @ self._sums + 1e-9)
        best = best_paths(scores, lengths, self._step, self._start)
        clitics = self._clitics.clitic_choices(sentences)
        result: list[list[TokenLabel]] = []
        at = 0
        for length in lengths:
            row: list[TokenLabel] = []
            before = "O"
            for i in range(at, at + length):
                label = self._labels[best[i]]
                if label[0] == "I" and before[2:] != label[2:]:
                    label = "B" + label[1:]
                clitic, sure = clitics[i] if label[0] == "B" else (0, 1.0)
                row.append(TokenLabel(label, float(np.exp(scores[i, best[i]])), clitic, sure))
                before = label
            at += length
            result.append(row)
        return result

    def _probabilities(self, words: Sequence[str], lengths: Sequence[int]) -> Any:
        import torch

        pieces = [
            self._tokenizer(w, add_special_tokens=False)["input_ids"][:16] or [self._unknown] for w in words
        ]
        result = np.zeros((len(words), len(self._sums)), np.float32)
        for window in pack(pieces, lengths, bos=self._bos or 0, eos=self._eos or 0):
            ids = torch.tensor([window.ids])
            with torch.inference_mode():
                p = torch.softmax(self._network(input_ids=ids).logits[0], dim=-1).numpy()
            for word in window.words:
                result[word.place] = p[word.first]
        return result


def load_hugging(path: str, *, scheme: str, threads: int) -> NameEngine:
    """Load a model folder or hub name.  Raises EngineError without the packages or where nothing loads."""
    return HuggingEngine(path, scheme=scheme, threads=threads)
