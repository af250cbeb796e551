"""What the choices about events (status, participants, place, date) learn from, and the linear chooser.

The rows come from the mentions that the annotation confirms, so that these models do not depend on the ones
that choose the mentions.  ``events_choices`` trains the networks on the same rows.
Needs scikit-learn (extra ``train``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from flows.extract import events
from flows.extract.engines.store import write_model
from flows.extract.events import choices, participants, placing, trigger_model
from flows.extract.events.candidates import candidates
from flows.extract.events.choices import Chooser, Question, Thresholds
from flows.extract.events.context import View
from flows.extract.events.merge import Cluster, Mention
from flows.extract.training.events_gold import Annotated, events_evoked, same_name
from flows.extract.training.events_words import labels
from flows.records import EntityKind

RARE = {"status": 2, "participant": 5, "place": 3, "date": 3}
STRENGTH = {"status": 0.3, "participant": 0.07, "place": 0.1, "date": 0.1}
THRESHOLDS = Thresholds(participant=0.25, settled=0.45, place=0.07, date=0.3)
SMALLEST = 4  # hundredths: weights below are left out


class Row(NamedTuple):
    """One option of one choice and what it should be: a class of ``choice_model.CLASSES``."""

    question: Question
    label: str
    weight: float
    article: str


Rows = dict[str, list[Row]]  # by choice


Confirmed = tuple[View, list[tuple[Any, list[Mention]]]]


def confirmed(item: Annotated) -> Confirmed:
    """The article's annotated events, each with the mentions whose word is one of its triggers.

    Triggers that the lexicon does not have are taken in the form that the network's proposals have.
    """
    view = events.view_of(item.article, item.entities, item.offices, item.dates)

    def owners(token: int, type_: str) -> list[int]:
        return events_evoked(item, item.surface(item.article.tokens[token][:2]), type_)

    found = list(candidates(view))
    types, _ = labels(item, view)
    wanted = np.zeros((len(types), len(trigger_model.TYPES)), np.float32)
    for token in np.nonzero(types > 0)[0]:
        wanted[token, types[token] - 1] = 1
    said = trigger_model.Scores(wanted, np.zeros((len(types), 0), np.float32), types > 0)
    found += list(trigger_model.proposed(view, found, said))
    right = [(c, 1.0) for c in found if owners(c.token, c.entry.type.value)]
    own: dict[int, list[Mention]] = {}
    for m in events.mentions_of(view, right):
        owner = owners(m.candidate.token, m.candidate.entry.type.value)
        if len(owner) == 1:
            own.setdefault(owner[0], []).append(m)
    return view, [(item.gold["events"][k], group) for k, group in own.items()]


def rows_of(item: Annotated, known: Confirmed) -> Rows:
    """Training rows of an article; an event with several mentions is also seen from its second."""
    rows: Rows = {name: [] for name in STRENGTH}
    view, found = known
    where = participants.positions(view)
    for gold, group in found:
        starts = min(2, len(group))
        for first in range(starts):
            mentions = group[first:]
            for order, m in enumerate(mentions):
                m.probability = 1 - order * 0.01
            scene = participants.Scene(view, mentions, where, participants.said_by(mentions))
            _describe(rows, item, gold, scene, item.weight / starts)
    return rows


def _describe(rows: Rows, item: Annotated, gold: Any, scene: participants.Scene, weight: float) -> None:
    view, mentions, where, _ = scene
    article = item.gold["id"]

    def note(choice: str, question: Question, label: str) -> None:
        rows[choice].append(Row(question, label, weight, article))

    cluster = Cluster(mentions[0].candidate.entry.type, list(mentions))
    note("status", events.status_question(view, cluster), gold["status"])
    for candidate in participants.candidates_for(view, mentions, where):
        entity, token = candidate
        name = (
            item.entities[entity].name
            if entity >= 0
            else item.surface(item.article.tokens[token][:2])
        )  # fmt: skip
        role = next(
            (
                r
                for r in ("actor", "recipient")
                if any(same_name(item.gold, a, name) for a in gold[r + "s"])
            ),
            "none",
        )  # fmt: skip
        note("participant", participants.participant_question(scene, candidate), role)
    choice = placing.options(scene)
    for e, tokens in enumerate(where.entities):
        if tokens and item.entities[e].kind is EntityKind.LOCATION:
            wanted = gold["location"]
            right = bool(wanted) and same_name(item.gold, wanted, item.entities[e].name)
            note("place", placing.place_question(scene, choice, e), "yes" if right else "no")
    for d, token in enumerate(where.dates):
        if token >= 0:
            value = item.dates[d].value
            right = bool(gold["start"]) and (value.start, value.end) == (gold["start"], gold["end"])
            note("date", placing.date_question(scene, choice, d), "yes" if right else "no")


def fit(rows: Sequence[Row], strength: float, rare: int) -> dict[str, dict[str, int]]:
    """Weights in hundredths by class; two classes give one entry, that of the last."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    seen = Counter(n for row in rows for n in set(row.question.names))
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform({n: 1.0 for n in row.question.names if seen[n] >= rare} for row in rows)
    model = LogisticRegression(C=strength, max_iter=400, fit_intercept=False)
    model.fit(matrix, [row.label for row in rows], sample_weight=[row.weight for row in rows])
    classes = [str(c) for c in model.classes_][-model.coef_.shape[0] :]
    return {
        c: {
            n: round(100 * w)
            for n, w in zip(vectorizer.feature_names_, weights, strict=True)
            if abs(100 * w) >= SMALLEST
        }
        for c, weights in zip(classes, model.coef_, strict=True)
    }


def joined(many: Iterable[Rows]) -> Rows:
    """The rows of several articles together."""
    out: Rows = {name: [] for name in STRENGTH}
    for rows in many:
        for name, some in rows.items():
            out[name] += some
    return out


def trained(rows: Rows) -> choices.Model:
    """The linear chooser's weights."""
    weights = {name: fit(rows[name], STRENGTH[name], RARE[name]) for name in STRENGTH}
    return choices.Model(
        status=weights["status"],
        participant=weights["participant"],
        place=weights["place"]["yes"],
        date=weights["date"]["yes"],
        thresholds=THRESHOLDS,
    )


def write(model: choices.Model, folder: Path) -> None:
    """The linear chooser's file with its hash."""
    text = json.dumps(msgspec.to_builtins(model), ensure_ascii=False, separators=(",", ":"))
    write_model(choices.FILE, text.encode(), folder)


def check(item: Annotated, known: Confirmed, chooser: Chooser, count: Counter[str]) -> None:
    """Count what a chooser gets right on the annotated events of an article."""
    view, found = known
    where = participants.positions(view)
    for gold, mentions in found:
        for order, m in enumerate(mentions):
            m.probability = 1 - order * 0.01
        cluster = Cluster(mentions[0].candidate.entry.type, mentions)
        event = events.event_of(view, cluster, 1.0, where, chooser)
        count["events"] += 1
        count["status"] += event.status.value == gold["status"]
        value = None if event.date is None else item.dates[event.date].value
        count["when"] += (gold["start"], gold["end"]) == ((value.start, value.end) if value else (None, None))
        if gold["location"]:
            count["places"] += 1
            place = None if event.location is None else item.entities[event.location].name
            count["where"] += place is not None and same_name(item.gold, gold["location"], place)
        elif event.location is not None:
            count["placed"] += 1
        for role in ("actor", "recipient"):
            left = [p.text for p in event.participants if p.role.value == role]
            for wanted in gold[role + "s"]:
                hit = next((x for x in left if same_name(item.gold, wanted, x)), None)
                if hit is None:
                    count["missed"] += 1
                else:
                    left.remove(hit)
                    count["right"] += 1
            count["wrong"] += len(left)


def figures(count: Counter[str]) -> str:
    """Percent right of the annotation's own events: status, when, where, and F1 of participants."""
    f1 = 2 * count["right"] / max(1, 2 * count["right"] + count["wrong"] + count["missed"])
    n = max(1, count["events"])
    return (
        f"{count['events']} events: status {100 * count['status'] / n:.1f} %, "
        f"when {100 * count['when'] / n:.1f} %, "
        f"where {100 * count['where'] / max(1, count['places']):.1f} % of those with a place "
        f"({count['placed']} places where none is annotated), participants F1 {100 * f1:.1f}"
    )
