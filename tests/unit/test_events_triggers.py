"""What the network on the encoder's states adds to the lexicon's candidates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from flows.extract import events
from flows.extract.events import trigger_model
from flows.extract.events.candidates import candidates
from flows.extract.events.context import is_function_word
from flows.extract.events.inflection import Form
from flows.extract.events.trigger_model import STATUSES, TYPES, Floats, Scores
from flows.records import EventType
from tests.unit.test_events_examples import article_of, entities_of

TEXT = "باشرت الشركة طلاء القنطرة القديمة، واستقبل الوزير سامي الكرمي يوم الاثنين."


def _view(example: dict[str, list[str]] | None = None) -> events.View:
    return events.view_of(article_of(TEXT), entities_of(TEXT, example or {}), (), ())


def _scores(view: events.View, sure: dict[str, tuple[EventType, float]]) -> Scores:
    """Scores that give the words of ``sure`` a type with a probability, the others nothing."""
    n = len(view.words)
    kinds = np.zeros((n, len(TYPES)), np.float32)
    for word, (type_, p) in sure.items():
        kinds[view.words.index(word), TYPES.index(type_)] = p
    return Scores(kinds, np.full((n, len(STATUSES)), 1 / len(STATUSES), np.float32), np.ones(n, bool))


def test_a_word_without_a_reading_becomes_a_candidate_where_the_network_is_sure() -> None:
    view = _view()
    found = list(candidates(view))
    word = "طلاء"
    token = view.words.index(word)
    assert all(c.token != token for c in found)
    (c,) = trigger_model.proposed(view, found, _scores(view, {word: (EventType.LAUNCH, 0.7)}))
    assert (c.token, c.entry.type, c.entry.lemma) == (token, EventType.LAUNCH, word)
    assert c.form & Form.NOUN and not c.verbal
    assert not list(trigger_model.proposed(view, found, _scores(view, {word: (EventType.LAUNCH, 0.05)})))


def test_a_reading_of_another_type_keeps_its_form_and_frame() -> None:
    view = _view()
    found = list(candidates(view))
    word = "واستقبل"
    own = next(c for c in found if view.words[c.token] == word)
    proposals = list(trigger_model.proposed(view, found, _scores(view, {word: (EventType.HOLD, 0.6)})))
    assert [(c.token, c.entry.type) for c in proposals] == [(own.token, EventType.HOLD)]
    assert proposals[0].form == own.form and proposals[0].entry.frame == own.entry.frame
    same = _scores(view, {word: (own.entry.type, 0.9)})
    assert not list(trigger_model.proposed(view, found, same))


def test_names_are_no_triggers() -> None:
    view = _view({"persons": ["سامي الكرمي"]})
    found = list(candidates(view))
    assert not list(trigger_model.proposed(view, found, _scores(view, {"سامي": (EventType.HOLD, 0.9)})))


def test_the_networks_certainty_raises_its_features() -> None:
    view = _view()
    found = list(candidates(view))
    c = next(c for c in found if view.words[c.token] == "واستقبل")
    low, high = (
        trigger_model.trigger_features(c, _scores(view, {"واستقبل": (c.entry.type, p)})) for p in (0.1, 0.9)
    )
    assert low["net"] < 0 < high["net"]
    assert low[f"net={c.entry.type.value}"] < high[f"net={c.entry.type.value}"]


def test_logits_become_probabilities_and_none_is_left_out() -> None:
    kinds = np.zeros((2, 1 + len(TYPES)), np.float32)
    kinds[0, 0] = 20  # no event
    kinds[1, 1 + TYPES.index(EventType.VOTE)] = 20
    said = trigger_model.from_logits(kinds, np.zeros((2, len(STATUSES)), np.float32))
    assert said.types.shape == (2, len(TYPES))
    assert said.types[0].sum() < 1e-6
    assert said.type(1, EventType.VOTE) > 0.999
    assert np.allclose(said.status.sum(axis=1), 1)


class _Engine:
    """Shows the length of each word as its state."""

    def hidden(self, sentences: Sequence[Sequence[str]]) -> list[Floats]:
        return [
            np.array([[len(w)] * trigger_model.HIDDEN for w in s], np.float32).reshape(
                -1, trigger_model.HIDDEN
            )
            for s in sentences
        ]


def test_states_stand_at_their_tokens() -> None:
    article = article_of(TEXT)
    states = trigger_model.hidden_states(article, _Engine())
    assert states is not None and states.shape == (len(article.tokens), trigger_model.HIDDEN)
    assert [int(x) for x in states[:, 0]] == [t.end - t.start for t in article.tokens]


@pytest.mark.parametrize("engine", [None, object()])
def test_engines_without_states_are_left_alone(engine: object) -> None:
    assert trigger_model.hidden_states(article_of(TEXT), engine) is None


def test_marks_say_what_lists_and_names_know() -> None:
    view = _view({"persons": ["سامي الكرمي"]})
    found = list(candidates(view))
    known = trigger_model.marks(view, found)
    assert known.shape == (len(view.words), trigger_model.MARKS)
    person = known[view.words.index("سامي")]
    assert person.sum() == 1
    trigger = known[view.words.index("واستقبل")]
    assert trigger[TYPES.index(EventType.CONSULT)] == 1


def test_words_that_mean_nothing_by_themselves_are_no_evidence() -> None:
    text = "وقع الوزير سامي الكرمي يوم الاثنين على اتفاقية مع الشركة، وأحالت الشرطة المتهم إلى المحكمة."
    view = events.view_of(article_of(text), entities_of(text, {}), (), ())
    assert "الي" in {view.words[c.required] for c in candidates(view) if c.required >= 0}  # folded
    found = events.find_events(view.article, (), (), (), None)
    shown = [text[start:end] for event in found for start, end in event.triggers]
    assert shown
    assert not {"على", "إلى", "مع"} & set(shown)
    assert [w for w in ("بها", "بينهم", "هذا", "وخلال", "بيان", "لقاء") if is_function_word(w)] == [
        "بها",
        "بينهم",
        "هذا",
        "وخلال",
    ]
