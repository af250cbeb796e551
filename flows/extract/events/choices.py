"""Trained choices about a merged event: its status, who takes part, where and when.

Logistic regressions over features that are on or off (``status``, ``participants``, ``placing``); the weights
are a JSON file that ``python -m flows.extract.training.events_roles`` writes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec

from flows.records import EventStatus

_MODEL = "events_roles.json"


class Model(msgspec.Struct, forbid_unknown_fields=True):
    """Weights by class and feature name, in hundredths; thresholds in probability."""

    status: dict[str, dict[str, int]]
    participant: dict[str, dict[str, int]]
    place: dict[str, int]
    date: dict[str, int]
    participant_threshold: float
    settled_threshold: float  # for a role that the clause has filled by itself
    place_threshold: float
    date_threshold: float


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


@cache
def model() -> Model:
    """The shipped weights (flows/extract/models/events_roles.json)."""
    data = files("flows.extract.models").joinpath(_MODEL).read_bytes()
    return msgspec.json.decode(data, type=Model)


def _table(by_class: Mapping[str, Mapping[str, int]]) -> Table:
    classes = tuple(by_class)
    names = {n for weights in by_class.values() for n in weights}
    return Table(classes, {n: tuple(by_class[c].get(n, 0) for c in classes) for n in names})


@cache
def _tables() -> tuple[Table, Table]:
    return _table(model().status), _table(model().participant)


def likeliest_status(names: Sequence[str], beside: Mapping[str, float] | None = None) -> EventStatus:
    """The status with the highest score for an event with these features.

    ``beside``: scores by status from another source, added.
    """
    table = _tables()[0]
    scores = table.scores(names)
    if beside is not None:
        scores = [s + beside[c] for s, c in zip(scores, table.classes, strict=True)]
    return EventStatus(table.classes[scores.index(max(scores))])


def participant_role(names: Sequence[str], settled: frozenset[str] = frozenset()) -> str:
    """'actor', 'recipient' or 'none' for a participant with these features.

    ``settled``: roles that the clause fills by itself; a further participant then has to be sure.
    """
    table = _tables()[1]
    scores = table.scores(names)
    top = max(scores)
    shares = [math.exp(s - top) for s in scores]
    total = sum(shares)
    share, best = max((s / total, c) for s, c in zip(shares, table.classes, strict=True) if c != "none")
    needed = model().settled_threshold if best in settled else model().participant_threshold
    return best if share >= needed else "none"


def place_probability(names: Iterable[str]) -> float:
    """Probability that a place with these features is where the event took place."""
    return _sigmoid(_sum(model().place, names))


def date_probability(names: Iterable[str]) -> float:
    """Probability that a date with these features is the event's."""
    return _sigmoid(_sum(model().date, names))


def _sum(weights: Mapping[str, int], names: Iterable[str]) -> float:
    return sum(filter(None, map(weights.get, names))) / 100


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -30 else 0.0
