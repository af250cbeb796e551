"""How likely a candidate is an event: a logistic regression over its words, position and arguments.

The weights are JSON files that ``python -m flows.extract.training.events_filter`` writes, one for articles
with the names encoder's states (``trigger_model``), one for those without; inference is a sum over the few
dozen features that a candidate has.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import msgspec

from flows.extract.engines.store import read_model
from flows.extract.events.candidates import Candidate
from flows.extract.events.choices import sigmoid
from flows.extract.events.context import View, strip, words
from flows.extract.events.inflection import Form
from flows.extract.events.merge import Cluster, Mention, lemma_of, pair_features
from flows.records import EntityKind, EventStatus

FILTERS = ("events_filter.json", "events_filter_net.json")  # without and with the network's scores

Features = Sequence[str] | Mapping[str, float]  # names that are on, or values by name


class Model(msgspec.Struct, forbid_unknown_fields=True):
    """Weights by feature name; ``threshold`` in probability."""

    mention_bias: float
    mention: dict[str, float]
    pair_bias: float
    pair: dict[str, float]
    event_bias: float
    event: dict[str, float]
    mention_threshold: float
    pair_threshold: float
    event_threshold: float


@cache
def model(net: bool = False) -> Model:
    """The shipped weights (flows/extract/models/); ``net``: those that go with the network's scores.

    Raises EngineError when the file is missing or damaged.
    """
    return msgspec.json.decode(read_model(FILTERS[net]), type=Model)


class Counts(NamedTuple):
    """What the whole article says about a lemma and a type."""

    lemma: Mapping[str, int]
    type: Mapping[str, int]
    sentences: int
    sport: bool  # a report of matches: لقاء and مقابلة are games there


_SPORT = 4  # words of sport that make an article a report of matches


def counts(view: View, found: Iterable[Candidate]) -> Counts:
    lemma: dict[str, int] = {}
    kind: dict[str, int] = {}
    seen: set[tuple[int, str]] = set()
    for c in found:
        key = lemma_of(c)
        if (c.token, key) not in seen:
            seen.add((c.token, key))
            lemma[key] = lemma.get(key, 0) + 1
        if (c.token, c.entry.type) not in seen:
            seen.add((c.token, c.entry.type))
            kind[c.entry.type] = kind.get(c.entry.type, 0) + 1
    sport = sum(1 for w in view.words if w in words().sport)
    return Counts(lemma, kind, len(view.article.sentences), sport >= _SPORT)


def _bucket(n: int) -> str:
    return str(n) if n < 3 else "3-4" if n < 5 else "5-8" if n < 9 else "9+"


def mention_features(view: View, c: Candidate, total: Counts) -> list[str]:
    """Feature names that are on for a candidate; its roles are not looked at, so that few need them."""
    t = c.token
    form = c.form
    type_ = c.entry.type.value
    sentence = view.sentence(t)
    order = view.sentence_of[t]
    pos = "verb" if c.verbal and not form & Form.PARTICIPLE else "part" if c.verbal else "noun"
    out = [
        f"key={c.entry.key}",
        f"lemma={lemma_of(c)}",
        f"type={type_}",
        f"pos={pos}",
        f"typepos={type_}:{pos}",
    ]
    out.append(f"lemmapos={lemma_of(c)}:{pos}")
    out += [f"sport={total.sport}:{type_}", f"sport={total.sport}:{c.entry.key}"]
    if c.entry.loose:
        out.append("loose")
    if c.entry.strong:
        out += ["strong", f"strongpos={pos}"]
    if c.required >= 0:
        out.append("required")
        out.append(f"required={c.entry.key}:{strip(view.words[c.required])}")
    title = view.title[0] <= t < view.title[1]
    place = "title" if title else _bucket(order - (1 if view.title[1] else 0))
    out += [f"place={place}", f"placelemma={lemma_of(c)}:{place}"]
    if order > total.sentences * 0.6:
        out.append("late")
    if pos == "verb":
        tense = "perfect" if form & Form.PERFECT else "imperfect"
        out.append(f"tense={tense}")
        if form & Form.FUTURE:
            out.append("future")
        if form & Form.FIRST:
            out.append("first")
        if form & Form.CLITIC:
            out.append("purpose")
        if form & Form.PASSIVE:
            out.append("passive")
        if form & Form.CONJOINED:
            out.append("conjoined")
        if t == sentence.first:
            out.append("opens")
        out.append(f"tenselemma={lemma_of(c)}:{tense}")
    elif pos == "noun":
        state = (
            "definite" if form & Form.DEFINITE else "owned" if form & Form.OWNED else "accusative"
            if form & Form.INDEFINITE_ACCUSATIVE else "bare"
        )  # fmt: skip
        out += [f"state={state}", f"statetype={type_}:{state}", f"statekey={c.entry.key}:{state}"]
        if form & Form.PLURAL:
            out.append("plural")
            out.append(f"pluraltype={type_}")
        if form & Form.CLITIC:
            out.append("clitic")
        out.append(f"light={view.words[c.light]}" if c.light >= 0 else "nolight")
    classes = words()
    first, last = sentence.first, sentence.last
    before = view.words[t - 1] if t > first else "^"
    after = view.words[t + 1] if t + 1 < last else "$"
    out += [f"prev={before}", f"prevstem={strip(before)}", f"nextstem={strip(after)}"]
    out += [f"prevtype={type_}:{strip(before)}", f"nexttype={type_}:{strip(after)}"]
    if t - 1 > first:
        out.append(f"prev2={view.words[t - 2]}")
    if t + 2 < last:
        out.append(f"next2={strip(view.words[t + 2])}")
    for k in range(max(first, t - 3), t):
        w = view.words[k]
        if w in classes.generic_governors or strip(w) in classes.generic_governors:
            out.append("generic")
            break
    for k in range(max(first, t - 8), t):
        if view.words[k] in classes.reporting:
            out.append("reported")
            break
    if view.quoted[t]:
        out.append("quoted")
    if t + 1 < last and view.entity_of[t + 1] >= 0:
        out.append(f"nextkind={view.kind(t + 1)}")
        out.append(f"nextkindpos={pos}:{view.kind(t + 1)}")
    if t > first and view.entity_of[t - 1] >= 0:
        out.append(f"prevkind={view.kind(t - 1)}")
    out.append(f"repeat={_bucket(total.lemma.get(lemma_of(c), 0))}")
    out.append(f"typerepeat={_bucket(total.type.get(c.entry.type, 0))}")
    names = sum(1 for k in range(first, last) if k in view.entity_end)
    out.append(f"names={_bucket(names)}")
    length = last - first
    out.append(f"length={'short' if length < 15 else 'middle' if length < 40 else 'long'}")
    if view.entity_of[t] >= 0:
        out.append("inname")
    return out


def event_features(view: View, cluster: Cluster, clusters: int) -> dict[str, float]:
    """Feature values of a merged event."""
    ps = sorted((m.probability for m in cluster.mentions), reverse=True)
    logits = [math.log(max(1e-4, p) / max(1e-4, 1 - p)) for p in ps]
    out = {
        "top": logits[0],
        "second": logits[1] if len(logits) > 1 else -4.0,
        "sum": math.log1p(sum(ps)),
        "mentions": math.log(len(ps)),
        f"type={cluster.type.value}": 1.0,
        f"count={_bucket(len(ps))}": 1.0,
        f"clusters={_bucket(clusters // 2)}": 1.0,
    }
    if any(view.title[0] <= m.candidate.token < view.title[1] for m in cluster.mentions):
        out["title"] = 1.0
    actors = {e for m in cluster.mentions for e, _ in m.roles.actors if e >= 0}
    recipients = {e for m in cluster.mentions for e, _ in m.roles.recipients if e >= 0}
    out[f"actors={min(len(actors), 2)}"] = 1.0
    out[f"recipients={min(len(recipients), 2)}"] = 1.0
    if any(view.entities[e].kind is EntityKind.PERSON for e in actors):
        out["person"] = 1.0
    status = cluster.mentions[0].status
    out[f"status={status.value}"] = 1.0
    if any(m.roles.date >= 0 for m in cluster.mentions):
        out["dated"] = 1.0
    if any(m.roles.location >= 0 for m in cluster.mentions):
        out["located"] = 1.0
    if status is EventStatus.OCCURRED and any(m.candidate.light >= 0 for m in cluster.mentions):
        out["light"] = 1.0
    return out


def mention_probability(names: Features, net: bool = False) -> float:
    """Probability that a mention with these features evokes an event of its type."""
    return sigmoid(model(net).mention_bias + _score(model(net).mention, names))


def pair_probability(view: View, a: Mention, b: Mention, net: bool = False) -> float:
    """Probability that two mentions of one type, ``a`` before ``b``, speak of one happening."""
    return sigmoid(model(net).pair_bias + _score(model(net).pair, pair_features(view, a, b)))


def event_probability(values: Mapping[str, float], net: bool = False) -> float:
    """Calibrated probability that a merged event is right."""
    return sigmoid(model(net).event_bias + _score(model(net).event, values))


def _score(weights: Mapping[str, float], names: Features) -> float:
    total = 0.0
    get = weights.get
    if isinstance(names, Mapping):
        return sum(get(name, 0.0) * value for name, value in names.items())
    for name in names:
        w = get(name)
        if w is not None:
            total += w
    return total
