"""Labels that the trigger network learns from, and that what is written says what was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.extract import events
from flows.extract.events import trigger_model
from flows.extract.events.candidates import candidates
from flows.extract.events.trigger_model import HIDDEN, STATUSES, TYPES
from flows.extract.training.events_gold import Annotated
from flows.records import EventStatus, EventType
from tests.unit.test_events_examples import article_of

pytest.importorskip("torch", reason="the extra `train` is not installed")

from flows.extract.training import events_triggers

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
    types, status = events_triggers.labels(item, view)
    at = view.words.index(word)
    return int(types[at]), int(status[at])


def test_triggers_carry_type_and_status_and_the_rest_none() -> None:
    assert _label("وقع") == (1 + TYPES.index(EventType.SUPPORT), STATUSES.index(EventStatus.OCCURRED))
    assert _label("اطلق") == (1 + TYPES.index(EventType.RETREAT), STATUSES.index(EventStatus.PLANNED))
    assert _label("سراح") == _label("اطلق")
    assert _label("السجين") == (0, events_triggers.IGNORE)


def test_punctuation_is_left_open() -> None:
    assert _label(",")[0] == events_triggers.IGNORE


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
