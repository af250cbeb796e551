"""Trained choices about a merged event: its status, who takes part, where and when.

Two choosers answer the same questions.  ``Linear`` sums weights of features that are on or off (``status``,
``participants``, ``placing``); ``choice_model.Sight`` also looks at the states of the words in the names
encoder, where the names engine has them.  ``rasd train events`` writes the weights of both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple, Protocol

import msgspec

from flows.extract.engines.store import read_model
from flows.records import EventStatus

FILE = "events_roles.json"


class Question(NamedTuple):
    """One option of a choice: its features, and the tokens of the trigger and of the option."""

    names: Sequence[str]
    trigger: int
    candidate: int


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Least probabilities."""

    participant: float
    settled: float  # for a role that the clause has filled by itself
    place: float
    date: float


class Chooser(Protocol):
    """What answers the questions about an event."""

    @property
    def thresholds(self) -> Thresholds: ...

    def status(self, question: Question) -> EventStatus:
        """The likeliest status; ``candidate`` is the event's second trigger, or its only one."""
        ...

    def roles(self, questions: Sequence[Question]) -> list[Mapping[str, float]]:
        """Probabilities of 'actor', 'recipient' and 'none' for each."""
        ...

    def places(self, questions: Sequence[Question]) -> list[float]:
        """Probability of each that it is where the event took place."""
        ...

    def dates(self, questions: Sequence[Question]) -> list[float]:
        """Probability of each that it is the event's date."""
        ...


class Model(msgspec.Struct, forbid_unknown_fields=True):
    """Weights by class and feature name, in hundredths."""

    status: dict[str, dict[str, int]]
    participant: dict[str, dict[str, int]]
    place: dict[str, int]
    date: dict[str, int]
    thresholds: Thresholds


class Table(NamedTuple):
    """Weights of several classes by feature: feature -> one weight a class, in the order of ``classes``."""

    classes: tuple[str, ...]
    weights: Mapping[str, tuple[int, ...]]

    def scores(self, names: Iterable[str]) -> list[float]:
        """The sum of the weights of the features that are on, one a class."""
        get = self.weights.get
        rows = [row for row in map(get, names) if row is not None]
        if not rows:
            return [0.0] * len(self.classes)
        return [sum(column) / 100 for column in zip(*rows, strict=True)]

    def shares(self, names: Iterable[str]) -> dict[str, float]:
        """Probabilities of the classes."""
        scores = self.scores(names)
        top = max(scores)
        weights = [math.exp(s - top) for s in scores]
        total = sum(weights)
        return {c: w / total for c, w in zip(self.classes, weights, strict=True)}


def table(by_class: Mapping[str, Mapping[str, int]]) -> Table:
    """Weights by class turned into weights by feature."""
    classes = tuple(by_class)
    names = {n for weights in by_class.values() for n in weights}
    return Table(classes, {n: tuple(by_class[c].get(n, 0) for c in classes) for n in names})


class Linear:
    """``Chooser`` by logistic regressions."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._status = table(model.status)
        self._participant = table(model.participant)

    @property
    def thresholds(self) -> Thresholds:
        return self._model.thresholds

    def status(self, question: Question) -> EventStatus:
        shares = self.statuses(question)
        return EventStatus(max(shares, key=shares.__getitem__))

    def statuses(self, question: Question) -> Mapping[str, float]:
        """Probabilities of the statuses."""
        return self._status.shares(question.names)

    def roles(self, questions: Sequence[Question]) -> list[Mapping[str, float]]:
        return [self._participant.shares(q.names) for q in questions]

    def places(self, questions: Sequence[Question]) -> list[float]:
        return [sigmoid(_sum(self._model.place, q.names)) for q in questions]

    def dates(self, questions: Sequence[Question]) -> list[float]:
        return [sigmoid(_sum(self._model.date, q.names)) for q in questions]


@cache
def linear() -> Linear:
    """The shipped weights (flows/extract/models/events_roles.json).

    Raises EngineError when the file is missing or damaged.
    """
    return Linear(msgspec.json.decode(read_model(FILE), type=Model))


_SAID = 0.8  # of a threshold, for the role that the trigger's own clause gives


def role(
    shares: Mapping[str, float],
    thresholds: Thresholds,
    filled: frozenset[str] = frozenset(),
    said: str = "none",
) -> str:
    """'actor', 'recipient' or 'none' for a participant with these probabilities.

    ``filled``: roles that the clause fills by itself; a further participant then has to be surer.
    ``said``: the role that the rules of the clause give; it need not be quite as sure.
    """
    share, best = max((s, c) for c, s in shares.items() if c != "none")
    least = thresholds.settled if best in filled else thresholds.participant
    return best if share >= (_SAID * least if best == said else least) else "none"


def _sum(weights: Mapping[str, int], names: Iterable[str]) -> float:
    return sum(filter(None, map(weights.get, names))) / 100


def sigmoid(x: float) -> float:
    """The probability of log-odds."""
    return 1 / (1 + math.exp(-x)) if x > -30 else 0.0
