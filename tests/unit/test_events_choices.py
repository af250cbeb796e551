"""The shipped weights of the choices about events, and what sums of weights and states mean."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

import numpy as np
import pytest

from flows.extract.engines import EngineError
from flows.extract.engines.store import write_model
from flows.extract.events import choice_model, choices, participants
from flows.extract.events.choice_model import CLASSES, MEET, WIDTH, Net, Nets, Sight, in_bytes
from flows.extract.events.choices import Question, Table, Thresholds
from flows.extract.events.trigger_model import HIDDEN
from flows.records import EventStatus, Participant, Role

MODELS = files("flows.extract.models")
SOME = Thresholds(participant=0.25, settled=0.5, place=0.1, date=0.4)


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("events_roles.json", 1_300_000),
        ("events_choices.npz", 5_000_000),
        ("events_triggers.npz", 1_000_000),
        ("events_filter.json", 800_000),
        ("events_filter_net.json", 1_200_000),
    ],
)
def test_the_weights_are_those_of_the_checksums_and_small(name: str, most: int) -> None:
    data = MODELS.joinpath(name).read_bytes()
    known = json.loads(MODELS.joinpath("checksums.json").read_text(encoding="utf-8"))
    assert hashlib.sha256(data).hexdigest() == known[name]
    assert len(data) < most


def test_both_choosers_answer_in_the_records_classes() -> None:
    states = np.zeros((3, HIDDEN), np.float32)
    question = Question(["bias"], 0, 2)
    for chooser in (choices.linear(), Sight(choice_model.shipped(), choices.linear(), states)):
        assert isinstance(chooser.status(question), EventStatus)
        (shares,) = chooser.roles([question])
        assert set(shares) == {"actor", "recipient", "none"} and abs(sum(shares.values()) - 1) < 1e-5
        (place,), (date,) = chooser.places([question]), chooser.dates([question])
        assert 0 < place < 1 and 0 < date < 1
        assert chooser.roles([]) == [] and chooser.places([]) == [] and chooser.dates([]) == []


def test_scores_sum_the_weights_of_known_features() -> None:
    table = Table(("a", "b"), {"x": (100, -50), "y": (10, 5)})
    assert table.scores(["x", "y", "unknown"]) == [1.1, -0.45]
    assert table.scores(["unknown"]) == [0.0, 0.0]


def test_a_filled_role_asks_for_more() -> None:
    shares = {"none": 0.5, "actor": 0.4, "recipient": 0.1}
    assert choices.role(shares, SOME) == "actor"
    assert choices.role(shares, SOME, frozenset({"actor"})) == "none"
    assert choices.role(shares, SOME, frozenset({"recipient"})) == "actor"
    assert choices.role({"none": 0.9, "actor": 0.05, "recipient": 0.05}, SOME) == "none"


def test_the_role_that_the_clause_gives_need_not_be_as_sure() -> None:
    shares = {"none": 0.77, "actor": 0.01, "recipient": 0.22}
    assert choices.role(shares, SOME) == "none"
    assert choices.role(shares, SOME, said="recipient") == "recipient"
    assert choices.role(shares, SOME, said="actor") == "none"
    assert choices.role(shares, SOME, frozenset({"recipient"}), "recipient") == "none"


def _net(classes: int, **given: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Net:
    """Weights of nothing but what is given; ``bag`` in the network's own 8 bits."""
    shapes = {
        "bag": (2, classes + WIDTH),
        "trigger": (HIDDEN, WIDTH),
        "candidate": (HIDDEN, WIDTH),
        "bias": (WIDTH,),
        "out": (WIDTH, classes),
        "out_bias": (classes,),
        "query": (HIDDEN, classes * MEET),
        "query_bias": (classes * MEET,),
        "key": (HIDDEN, MEET),
        "key_bias": (MEET,),
    }
    arrays = {name: given.get(name, np.zeros(shape, np.float32)) for name, shape in shapes.items()}
    bag, scale = in_bytes(arrays.pop("bag"))
    return Net({"bias": 0, "near": 1}, bag, scale, **arrays)


def _nets(participant: Net) -> Nets:
    plain = {name: _net(len(classes)) for name, classes in CLASSES.items()}
    return Nets(plain | {"participant": participant}, SOME)


def test_features_and_states_both_count() -> None:
    bag = np.zeros((2, 3 + WIDTH), np.float32)
    bag[1, 1] = 2  # the feature speaks for the actor
    query = np.zeros((HIDDEN, 3 * MEET), np.float32)
    query[0, 2 * MEET] = 6  # the trigger's state asks, for the recipient,
    key = np.zeros((HIDDEN, MEET), np.float32)
    key[1, 0] = 4  # for the candidate's
    nets = _nets(_net(3, bag=bag, query=query, key=key))
    states = np.zeros((3, HIDDEN), np.float32)
    states[0, 0] = states[2, 1] = 1
    questions = [
        Question(["bias"], 1, 1),
        Question(["bias", "near", "unknown"], 1, 1),
        Question(["bias"], 0, 2),
    ]
    sight = Sight(nets, choices.linear(), states)
    plain, near, met = sight.shares("participant", questions)
    assert abs(plain[1] - 1 / 3) < 1e-6
    assert abs(near[1] - np.exp(2) / (np.exp(2) + 2)) < 1e-6
    assert abs(met[2] - np.exp(4) / (np.exp(4) + 2)) < 1e-6
    for seen, said, both in zip(
        (plain, near, met), choices.linear().roles(questions), sight.roles(questions), strict=True
    ):
        assert abs(both["actor"] - (seen[1] + said["actor"]) / 2) < 1e-6


def test_a_status_is_the_likeliest_by_both(monkeypatch: pytest.MonkeyPatch) -> None:
    linear = choices.linear()
    sight = Sight(_nets(_net(3)), linear, np.zeros((1, HIDDEN), np.float32))
    monkeypatch.setattr(linear, "statuses", lambda _: {"planned": 0.6, "occurred": 0.4})
    assert sight.status(Question(["bias"], 0, 0)) is EventStatus.PLANNED


def test_questions_are_answered_one_by_one() -> None:
    """What stands beside a question does not change its answer."""
    states = np.random.default_rng(1).normal(size=(4, HIDDEN)).astype(np.float32)
    sight = Sight(choice_model.shipped(), choices.linear(), states)
    questions = [
        Question(["bias", "kind=PERSON"], 0, 1),
        Question(["bias"], 2, 3),
        Question(["bias", "title"], 1, 0),
    ]
    together = sight.shares("participant", questions)
    alone = np.concatenate([sight.shares("participant", [q]) for q in questions])
    assert np.allclose(together, alone, atol=1e-5)


def test_a_question_of_nothing_known_is_refused() -> None:
    blank = np.zeros((1, HIDDEN), np.float32)
    with pytest.raises(ValueError, match="without a known feature"):
        Sight(_nets(_net(3)), choices.linear(), blank).roles([Question(["unknown"], 0, 0)])


def test_what_is_written_is_read_again() -> None:
    nets = choice_model.shipped()
    again = choice_model.decode(choice_model.encode(nets))
    assert again.thresholds == nets.thresholds
    for name, net in nets.nets.items():
        assert list(again.nets[name].known) == list(net.known)
        assert again.nets[name].bag.dtype == np.int8
        assert np.array_equal(again.nets[name].bag, net.bag)
        assert np.array_equal(again.nets[name].scale, net.scale)


def test_features_in_eight_bits_lose_little() -> None:
    bag = np.random.default_rng(2).normal(size=(50, 7)).astype(np.float32)
    bag[:, 3] = 0
    short, scale = in_bytes(bag)
    assert np.abs(short * scale - bag).max() <= scale.max() / 2 + 1e-6


def test_a_damaged_file_is_refused(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    from flows.extract.engines import store

    folder = Path(str(tmp_path))
    write_model(choice_model.NETWORK, choice_model.encode(choice_model.shipped()), folder)
    file = folder / choice_model.NETWORK
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(store, "models_folder", lambda: folder)
    choice_model.shipped.cache_clear()
    try:
        with pytest.raises(EngineError, match="SHA-256"):
            choice_model.shipped()
    finally:
        choice_model.shipped.cache_clear()


def _unnamed(text: str, start: int, role: Role = Role.ACTOR) -> Participant:
    return Participant(role, None, text, (start, start + len(text)))


def test_a_participant_inside_another_is_no_other() -> None:
    whole, part = _unnamed("عناصر الشرطة", 10), _unnamed("الشرطة", 16)
    apart = _unnamed("المتظاهرين", 40, Role.RECIPIENT)
    assert participants.once([whole, part, apart]) == [whole, apart]
    assert participants.once([part, apart]) == [part, apart]
