"""The shipped weights of the choices about events, and what sums of weights mean."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

from flows.extract.events import choices
from flows.extract.events.choices import Table

MODELS = files("flows.extract.models")


def test_the_weights_are_those_of_the_checksums_and_small() -> None:
    data = MODELS.joinpath("events_roles.json").read_bytes()
    known = json.loads(MODELS.joinpath("checksums.json").read_text(encoding="utf-8"))
    assert hashlib.sha256(data).hexdigest() == known["events_roles.json"]
    assert len(data) < 200_000


def test_classes_are_the_records_own() -> None:
    model = choices.model()
    assert set(model.participant) == {"actor", "recipient", "none"}
    assert "occurred" in model.status and "planned" in model.status
    assert all(0 < t < 1 for t in (model.place_threshold, model.date_threshold, model.participant_threshold))


def test_scores_sum_the_weights_of_known_features() -> None:
    table = Table(("a", "b"), {"x": (100, -50), "y": (10, 5)})
    assert table.scores(["x", "y", "unknown"]) == [1.1, -0.45]
    assert table.scores(["unknown"]) == [0.0, 0.0]


def test_a_settled_role_asks_for_more() -> None:
    names = ["bias"]
    free, bound = choices.participant_role(names), choices.participant_role(names, frozenset({"actor"}))
    assert free in {"actor", "recipient", "none"}
    assert bound in {free, "none", "recipient"}
    assert choices.place_probability(["no such feature"]) == 0.5
