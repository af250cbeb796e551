"""Labels that the trigger network learns from, and that what is written says what was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.extract import events
from flows.extract.events import choice_model, choices, trigger_model
from flows.extract.events.candidates import candidates
from flows.extract.events.choices import Question
from flows.extract.events.trigger_model import HIDDEN, STATUSES, TYPES
from flows.extract.training.events_gold import Annotated
from flows.records import EventStatus, EventType
from tests.unit.test_events_examples import article_of

pytest.importorskip("torch", reason="the extra `train` is not installed")

from flows.extract.training import events_choices, events_triggers, events_words
from flows.extract.training.events_roles import Row

TEXT = "وقّع الوزير اتفاقية للتوقيع عليها لاحقا، ثم أُطلق سراح السجين."


def _annotated() -> Annotated:
    gold: dict[str, Any] = {
        "id": "own",
        "entities": [],
        "events": [
            {"type": "SUPPORT", "triggers": ["وقّع"], "status": "occurred"},
            {"type": "RETREAT", "triggers": ["أُطلق سراح"], "status": "planned"},
        ],
    }
    return Annotated(gold, article_of(TEXT), TEXT, (), (), ())


def _label(word: str) -> tuple[int, int]:
    item = _annotated()
    view = events.view_of(item.article, (), (), ())
    types, status = events_words.labels(item, view)
    at = view.words.index(word)
    return int(types[at]), int(status[at])


def test_triggers_carry_type_and_status_and_the_rest_none() -> None:
    assert _label("وقع") == (1 + TYPES.index(EventType.SUPPORT), STATUSES.index(EventStatus.OCCURRED))
    assert _label("اطلق") == (1 + TYPES.index(EventType.RETREAT), STATUSES.index(EventStatus.PLANNED))
    assert _label("سراح") == _label("اطلق")
    assert _label("السجين") == (0, events_words.IGNORE)


def test_punctuation_is_left_open() -> None:
    assert _label(",")[0] == events_words.IGNORE


def test_every_article_is_in_one_fold() -> None:
    item = _annotated()
    view = events.view_of(item.article, (), (), ())
    empty = np.zeros((len(view.words), HIDDEN), np.float32)
    one = events_triggers.lesson(item, (empty, empty))
    many = [events_triggers.Lesson(str(k), one.states, one.marks, one.types, one.status) for k in range(10)]
    folds = events_triggers.folds_of(many, events_triggers.Recipe())
    assert sorted(x.id for fold in folds for x in fold) == sorted(x.id for x in many)


def test_what_is_written_says_what_was_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item = _annotated()
    view = events.view_of(item.article, (), (), ())
    states = np.random.default_rng(3).normal(size=(len(view.words), HIDDEN)).astype(np.float32)
    one = events_triggers.lesson(item, (states, states))
    recipe = events_triggers.Recipe(epochs=40, width=16)
    network = events_triggers.train([one], recipe, lambda line: None)
    events_triggers.write_network(network, tmp_path)
    trigger_model._weights.cache_clear()
    monkeypatch.setattr(trigger_model, "read_model", lambda name: (tmp_path / name).read_bytes())
    try:
        said = trigger_model.scores(view, list(candidates(view)), states)
    finally:
        trigger_model._weights.cache_clear()
    wanted = events_triggers.predict(network, [one])["own"]
    assert np.allclose(said.types, wanted.types, atol=0.02)
    assert np.allclose(said.status, wanted.status, atol=0.02)
    trigger = view.words.index("وقع")
    assert TYPES[int(said.types[trigger].argmax())] is EventType.SUPPORT
    assert said.types[trigger].sum() > 0.5 > said.types[view.words.index("السجين")].sum()


def test_a_choice_is_learned_from_features_and_from_states() -> None:
    """Half of the rows are decided by a feature, half by whether the two states agree."""
    rng = np.random.default_rng(5)
    signs = rng.choice([-1.0, 1.0], size=(400, 2))
    noise = rng.normal(scale=0.05, size=(800, HIDDEN)).astype(np.float32)
    states = noise.copy()
    states[0::2, 0] += signs[:, 0]
    states[1::2, 0] += signs[:, 1]
    rows = []
    for k, (a, b) in enumerate(signs):
        told = k % 2 == 0
        yes = k % 4 == 0 if told else a == b
        names = ["bias", "told:yes" if yes else "told:no"] if told else ["bias", "open"]
        rows.append(Row(Question(names, 2 * k, 2 * k + 1), "yes" if yes else "no", 1.0, "own"))
    net = events_choices.train_choice(
        "date", rows, {"own": (states, states)}, events_choices.Recipe(epochs=60, rows=64)
    )
    nets = choice_model.Nets({"date": net}, events_choices.THRESHOLDS)
    said = choice_model.Sight(nets, choices.linear(), states).dates([row.question for row in rows])
    right = [(p > 0.5) == (row.label == "yes") for p, row in zip(said, rows, strict=True)]
    assert sum(right[0::2]) / 200 > 0.97
    assert sum(right[1::2]) / 200 > 0.9
    again = events_choices.train_choice(
        "date", rows, {"own": (states, states)}, events_choices.Recipe(epochs=1)
    )
    once = events_choices.train_choice(
        "date", rows, {"own": (states, states)}, events_choices.Recipe(epochs=1)
    )
    assert np.array_equal(again.bag, once.bag), "the same seed gives the same weights"
