"""Train the choices about events (status, participants, place, date): flows/extract/models/events_roles.json.

    python -m flows.extract.training.events_roles CORPUS [--check GOLD]

CORPUS is the joint folder of ``events_corpus``.  The rows come from the mentions that the annotation
confirms, so that this model does not depend on the one that chooses the mentions.  ``--check`` prints, for
the part ``dev`` of GOLD, how often each choice is right on the events of the annotation; nothing is fitted
to it.
Needs scikit-learn (extra ``train``).
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from flows.extract import events
from flows.extract.events import participants, placing
from flows.extract.events.context import View
from flows.extract.events.merge import Cluster, Mention
from flows.extract.training.events_gold import Annotated, events_evoked, load, same_name
from flows.records import EntityKind

MODELS = Path(__file__).parent.parent / "models"
OUT = MODELS / "events_roles.json"
RARE = {"status": 2, "participant": 3, "place": 3, "date": 3}
STRENGTH = {"status": 0.3, "participant": 0.07, "place": 0.1, "date": 0.1}
THRESHOLDS = {
    "participant_threshold": 0.3,
    "settled_threshold": 0.5,
    "place_threshold": 0.1,
    "date_threshold": 0.3,
}
SMALLEST = 4  # hundredths: weights below are left out

Row = tuple[list[str], Any, float]  # features, label, weight


class Rows(NamedTuple):
    status: list[Row]
    participant: list[Row]
    place: list[Row]
    date: list[Row]


def confirmed(item: Annotated) -> tuple[View, list[tuple[Any, list[Mention]]]]:
    """The article's annotated events, each with the mentions whose word is one of its triggers."""
    view = events.view_of(item.article, item.entities, item.offices, item.dates)

    def owners(token: int, type_: str) -> list[int]:
        return events_evoked(item, item.surface(item.article.tokens[token][:2]), type_)

    right = [
        (c, 1.0) for c, _ in events.candidates_of(view) if owners(c.token, c.entry.type.value)
    ]  # fmt: skip
    own: dict[int, list[Mention]] = {}
    for m in events.mentions_of(view, right):
        owner = owners(m.candidate.token, m.candidate.entry.type.value)
        if len(owner) == 1:
            own.setdefault(owner[0], []).append(m)
    return view, [(item.gold["events"][k], group) for k, group in own.items()]


def rows_of(items: Iterator[Annotated]) -> Rows:
    """Training rows of all articles; an event with several mentions is also seen from its second."""
    rows = Rows([], [], [], [])
    for item in items:
        view, found = confirmed(item)
        where = participants.positions(view)
        for gold, group in found:
            starts = min(2, len(group))
            for first in range(starts):
                mentions = group[first:]
                for order, m in enumerate(mentions):
                    m.probability = 1 - order * 0.01
                scene = participants.Scene(view, mentions, where, participants.said_by(mentions))
                _describe(rows, item, gold, scene, 1 / starts)
    return rows


def _describe(rows: Rows, item: Annotated, gold: Any, scene: participants.Scene, weight: float) -> None:
    view, mentions, where, _ = scene
    cluster = Cluster(mentions[0].candidate.entry.type, list(mentions))
    rows.status.append((events.status_input(view, cluster), gold["status"], weight))
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
        features = participants.participant_features(scene, candidate)
        rows.participant.append((features, role, weight))
    choice = placing.options(scene)
    for e, tokens in enumerate(where.entities):
        if tokens and item.entities[e].kind is EntityKind.LOCATION:
            wanted = gold["location"]
            right = bool(wanted) and same_name(item.gold, wanted, item.entities[e].name)
            rows.place.append((placing.place_features(scene, choice, e), right, weight))
    for d, token in enumerate(where.dates):
        if token >= 0:
            value = item.dates[d].value
            right = bool(gold["start"]) and (value.start, value.end) == (gold["start"], gold["end"])
            rows.date.append((placing.date_features(scene, choice, d), right, weight))


def fit(rows: Sequence[Row], strength: float, rare: int) -> dict[str, dict[str, int]]:
    """Weights in hundredths by class; two classes give one entry, 'True'."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    seen = Counter(n for f, _, _ in rows for n in set(f))
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform({n: 1.0 for n in f if seen[n] >= rare} for f, _, _ in rows)
    model = LogisticRegression(C=strength, max_iter=400, fit_intercept=False)
    model.fit(matrix, [y for _, y, _ in rows], sample_weight=[w for _, _, w in rows])
    classes = [str(c) for c in model.classes_][-model.coef_.shape[0] :]
    return {
        c: {
            n: round(100 * w)
            for n, w in zip(vectorizer.feature_names_, row, strict=True)
            if abs(100 * w) >= SMALLEST
        }
        for c, row in zip(classes, model.coef_, strict=True)
    }


def trained(rows: Rows) -> dict[str, Any]:
    """All weights in the form that ``choices.Model`` reads."""
    weights = {name: fit(getattr(rows, name), STRENGTH[name], RARE[name]) for name in STRENGTH}
    return {
        "status": weights["status"],
        "participant": weights["participant"],
        "place": weights["place"]["True"],
        "date": weights["date"]["True"],
        **THRESHOLDS,
    }


def write(weights: dict[str, Any]) -> None:
    """The file and its SHA-256 in checksums.json."""
    data = json.dumps(weights, ensure_ascii=False, separators=(",", ":")).encode()
    OUT.write_bytes(data)
    sums = MODELS / "checksums.json"
    known = json.loads(sums.read_text(encoding="utf-8"))
    known[OUT.name] = hashlib.sha256(data).hexdigest()
    sums.write_text(json.dumps(dict(sorted(known.items())), indent=2) + "\n", encoding="utf-8")


def check(items: Iterator[Annotated]) -> dict[str, float]:
    """Percent right on the annotation's own events: status, when, where, and F1 of participants."""
    count: Counter[str] = Counter()
    for item in items:
        view, found = confirmed(item)
        where = participants.positions(view)
        for gold, mentions in found:
            cluster = Cluster(mentions[0].candidate.entry.type, mentions)
            event = events.event_of(view, cluster, 1.0, where)
            count["events"] += 1
            count["status"] += event.status.value == gold["status"]
            value = None if event.date is None else item.dates[event.date].value
            count["when"] += (gold["start"], gold["end"]) == (
                (value.start, value.end) if value else (None, None)
            )
            if gold["location"]:
                count["places"] += 1
                place = None if event.location is None else item.entities[event.location].name
                count["where"] += place is not None and same_name(item.gold, gold["location"], place)
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
    f1 = 2 * count["right"] / (2 * count["right"] + count["wrong"] + count["missed"])
    n = count["events"]
    return {
        "status": 100 * count["status"] / n,
        "when": 100 * count["when"] / n,
        "where": 100 * count["where"] / count["places"],
        "participants": 100 * f1,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--check", type=Path, help="folder of annotated articles that are not learned from")
    arguments = parser.parse_args()
    write(trained(rows_of(load(arguments.corpus, "train"))))
    if arguments.check:
        for name, percent in check(load(arguments.check, "dev")).items():
            print(f"{name} {percent:.1f}")


if __name__ == "__main__":
    main()
