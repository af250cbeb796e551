"""Choices about an event that also look at what the names encoder makes of the words.

A small network a choice: the linear model of ``choices`` beside a hidden layer over the same features and the
states of two words (the trigger and the candidate), and a product of the two states for each class.  Status
and participants go by the mean of its probabilities and the linear model's; where an event took place is left
to the linear model alone, as the states made that choice no better.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from flows.extract.engines.store import read_model
from flows.extract.events.choices import Linear, Question, Thresholds
from flows.extract.events.trigger_model import STATUSES, Floats, gelu, softmax
from flows.records import EventStatus

NETWORK = "events_choices.npz"
CLASSES: Mapping[str, tuple[str, ...]] = {
    "status": tuple(s.value for s in STATUSES),
    "participant": ("none", "actor", "recipient"),
    "date": ("no", "yes"),
}
WIDTH = 96  # of the hidden layer
MEET = 32  # of the product of the two states, a class
SCALE = 6.0  # what the product is divided by


class Net(NamedTuple):
    """Weights of one choice."""

    known: Mapping[str, int]  # feature -> row of ``bag``
    bag: NDArray[np.int8]  # (features, classes + WIDTH): the linear part, then what enters the hidden layer
    scale: Floats  # (classes + WIDTH,): what a column of ``bag`` is multiplied by
    trigger: Floats  # (HIDDEN, WIDTH)
    candidate: Floats  # (HIDDEN, WIDTH)
    bias: Floats  # (WIDTH,)
    out: Floats  # (WIDTH, classes)
    out_bias: Floats  # (classes,)
    query: Floats  # (HIDDEN, classes * MEET), of the trigger
    query_bias: Floats
    key: Floats  # (HIDDEN, MEET), of the candidate
    key_bias: Floats


class Nets(NamedTuple):
    """All choices."""

    nets: Mapping[str, Net]
    thresholds: Thresholds


ARRAYS = Net._fields[1:]
_EXACT = ("bag", "scale")  # kept as they are, the rest in 16 bits


def in_bytes(bag: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Rows of features in 8 bits and the scale of each column."""
    scale = np.maximum(np.abs(bag).max(axis=0), 1e-6) / 127
    return np.rint(bag / scale).astype(np.int8), np.asarray(scale, np.float32)


def encode(nets: Nets) -> bytes:
    """The file's bytes: arrays in 8 and 16 bits, the features' names as JSON text in bytes."""
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {}
    for name, net in nets.nets.items():
        for field in ARRAYS:
            array = getattr(net, field)
            arrays[f"{name}/{field}"] = array if field in _EXACT else array.astype(np.float16)
        arrays[f"{name}/known"] = np.frombuffer(msgspec.json.encode(list(net.known)), np.uint8)
    arrays["thresholds"] = np.frombuffer(msgspec.json.encode(nets.thresholds), np.uint8)
    data = io.BytesIO()
    np.savez(data, allow_pickle=False, **arrays)
    return data.getvalue()


def decode(data: bytes) -> Nets:
    """The networks of a file that ``encode`` made."""
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        nets = {}
        for name in CLASSES:
            names = msgspec.json.decode(kept[f"{name}/known"].tobytes(), type=list[str])
            bag = kept[f"{name}/bag"]
            arrays = {field: kept[f"{name}/{field}"].astype(np.float32) for field in ARRAYS[1:]}
            nets[name] = Net({f: k for k, f in enumerate(names)}, bag, **arrays)
        thresholds = msgspec.json.decode(kept["thresholds"].tobytes(), type=Thresholds)
    return Nets(nets, thresholds)


@cache
def shipped() -> Nets:
    """The shipped weights (flows/extract/models/events_choices.npz).

    Raises EngineError when the file is missing or damaged.
    """
    return decode(read_model(NETWORK))


class Sight:
    """``Chooser`` for one article whose words' states are known."""

    def __init__(self, nets: Nets, plain: Linear, states: Floats) -> None:
        self._nets = nets.nets
        self._thresholds = nets.thresholds
        self._plain = plain
        self._states = states  # (tokens, HIDDEN)

    @property
    def thresholds(self) -> Thresholds:
        return self._thresholds

    def status(self, question: Question) -> EventStatus:
        seen = dict(zip(CLASSES["status"], self.shares("status", [question])[0].tolist(), strict=True))
        both = _mean(seen, self._plain.statuses(question))
        return EventStatus(max(both, key=both.__getitem__))

    def roles(self, questions: Sequence[Question]) -> list[Mapping[str, float]]:
        classes = CLASSES["participant"]
        seen = [
            dict(zip(classes, row, strict=True)) for row in self.shares("participant", questions).tolist()
        ]
        return [_mean(a, b) for a, b in zip(seen, self._plain.roles(questions), strict=True)]

    def places(self, questions: Sequence[Question]) -> list[float]:
        return self._plain.places(questions)

    def dates(self, questions: Sequence[Question]) -> list[float]:
        return [float(p) for p in self.shares("date", questions)[:, 1]]

    def shares(self, choice: str, questions: Sequence[Question]) -> Floats:
        """Probabilities (questions, classes of the choice)."""
        net = self._nets[choice]
        classes = len(CLASSES[choice])
        if not questions:
            return np.zeros((0, classes), np.float32)
        rows: list[int] = []
        starts: list[int] = []
        known = net.known
        for question in questions:
            starts.append(len(rows))
            rows.extend(k for k in map(known.get, set(question.names)) if k is not None)
            if len(rows) == starts[-1]:
                raise ValueError("a question without a known feature; 'bias' always is one")
        sums = np.add.reduceat(net.bag[rows], starts, axis=0, dtype=np.int32) * net.scale
        trigger = self._states[[q.trigger for q in questions]]
        candidate = self._states[[q.candidate for q in questions]]
        x = sums[:, classes:] + trigger @ net.trigger + candidate @ net.candidate + net.bias
        query = (trigger @ net.query + net.query_bias).reshape(len(questions), classes, MEET)
        key = candidate @ net.key + net.key_bias
        met = (query @ key[:, :, None])[:, :, 0] / SCALE
        logits: Floats = np.asarray(sums[:, :classes] + gelu(x) @ net.out + net.out_bias + met, np.float32)
        return softmax(logits)


def _mean(seen: Mapping[str, float], plain: Mapping[str, float]) -> dict[str, float]:
    """The mean of the network's probabilities and the linear model's, which may not know every class."""
    return {c: (p + plain.get(c, 0.0)) / 2 for c, p in seen.items()}
