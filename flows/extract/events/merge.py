"""One happening, one event: joins the mentions that speak of the same thing.

Mentions are read in order; each joins the event that it most likely continues, or begins its own.  How likely
two mentions of one type speak of one happening is a logistic regression over ``pair_features``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flows.extract.events.candidates import Candidate
from flows.extract.events.context import View, strip, words
from flows.extract.events.inflection import Form
from flows.extract.events.roles import Roles
from flows.records import EventStatus, EventType


@dataclass(slots=True)
class Mention:
    """A candidate with what its clause says."""

    candidate: Candidate
    roles: Roles
    status: EventStatus
    cue: str
    probability: float


@dataclass(slots=True)
class Cluster:
    type: EventType
    mentions: list[Mention] = field(default_factory=list)


_REAL = frozenset({EventStatus.OCCURRED, EventStatus.ONGOING})


def lemma_of(c: Candidate) -> str:
    return c.entry.lemma


def _named(m: Mention) -> set[int]:
    return {e for e, _ in (*m.roles.actors, *m.roles.recipients) if e >= 0}


def pair_features(view: View, a: Mention, b: Mention) -> list[str]:
    """Feature names that are on for mention ``b`` behind mention ``a`` of the same type."""
    ca, cb = a.candidate, b.candidate
    type_ = cb.entry.type.value
    out = [f"type={type_}"]
    lemma = lemma_of(ca) == lemma_of(cb)
    if lemma:
        out += ["lemma", f"lemmatype={type_}"]
        if view.words[ca.token] == view.words[cb.token]:
            out.append("word")
    if lemma and strip(_next(view, ca.token)) == strip(_next(view, cb.token)):
        out.append("samenext")
    gap = view.sentence_of[cb.token] - view.sentence_of[ca.token]
    title = view.title[0] <= ca.token < view.title[1]
    out.append("gap=title" if title and gap else f"gap={min(gap, 4)}")
    if gap == 0:
        distance = cb.token - ca.token
        between = range(ca.token + 1, cb.token)
        comma = any(view.comma[k] or view.hard[k] for k in between)
        out.append(f"near={min(distance, 12) // 3}")
        out.append("comma" if comma else "nocomma")
        if not comma and ca.verbal and not cb.verbal:
            out += ["verbnoun", f"verbnountype={type_}"]
        if view.words[cb.token][:1] == "و" and len(view.words[cb.token]) > 3:
            out.append("and")
    state = _state(cb)
    out += [f"state={state}", f"statetype={type_}:{state}", f"statelemma={lemma}:{state}"]
    if cb.token and view.words[cb.token - 1] in words().same_words:
        out.append("this")
    na, nb = _named(a), _named(b)
    shared = len(na & nb)
    if na and nb:
        out.append("share" if shared else "differ")
        out.append(f"sharelemma={bool(shared)}:{lemma}")
        if na == nb:
            out.append("equal")
    elif not na and not nb:
        out.append("nonames")
    else:
        out.append("onenamed")
    out.append(f"status={a.status is b.status}")
    if a.status is not b.status:
        out.append(f"statuses={min(a.status.value, b.status.value)}:{max(a.status.value, b.status.value)}")
    if a.roles.date >= 0 and b.roles.date >= 0:
        out.append(f"date={view.dates[a.roles.date].value == view.dates[b.roles.date].value}")
    if a.roles.location >= 0 and b.roles.location >= 0:
        out.append(f"place={a.roles.location == b.roles.location}")
    if cb.form & Form.PLURAL and not ca.form & Form.PLURAL:
        out.append("plural")
    return out


def _next(view: View, t: int) -> str:
    return view.words[t + 1] if t + 1 < len(view.words) else ""


def _state(c: Candidate) -> str:
    if c.verbal:
        return "verb"
    if c.form & Form.DEFINITE:
        return "definite"
    return "owned" if c.form & Form.OWNED else "bare"


def compatible(view: View, a: Mention, b: Mention) -> bool:
    """What two mentions of one happening cannot have.

    Dates apart, different visitors of one host, or one told as done and the other as planned in other words.
    """
    statuses = {a.status, b.status}
    planned_and_real = EventStatus.PLANNED in statuses and bool(statuses & _REAL)
    if planned_and_real and lemma_of(a.candidate) != lemma_of(b.candidate):
        return False
    if a.roles.date >= 0 and b.roles.date >= 0 and a.roles.date != b.roles.date:
        x, y = view.dates[a.roles.date].value, view.dates[b.roles.date].value
        if x.start and y.start:
            n = min(len(x.start), len(y.start))
            if (x.end or x.start)[:n] < y.start[:n] or (y.end or y.start)[:n] < x.start[:n]:
                return False
    if a.roles.split or b.roles.split:
        return not (a.roles.split and b.roles.split) and bool(_actors(a) & _actors(b))
    if (
        a.candidate.entry.frame.name == b.candidate.entry.frame.name == "visit"
        and a.roles.firm
        and b.roles.firm
    ):
        return bool(_actors(a) & _actors(b))
    return True


def _same_visit(view: View, a: Mention, b: Mention) -> bool:
    """A visitor's reception and the visit told of him, one meeting or one planned journey told twice."""
    frames = {a.candidate.entry.frame.name, b.candidate.entry.frame.name}
    settled = a.status is b.status and frames <= {"host", "visit", "meet"}
    if a.roles.split:
        return settled and bool(_actors(a) & _actors(b))
    if frames == {"host", "visit"} and _guest_who_came(view, a, b):
        return True
    told = {a.status, b.status} <= _REAL and frames <= {"host", "meet"}
    if told and len(_named(a)) > 1 and _named(a) == _named(b):
        return True  # the same two met: ناقشا tells what they spoke of
    planned = a.status is b.status is EventStatus.PLANNED and frames == {"visit"}
    return planned and a.roles.location == b.roles.location >= 0 and bool(_actors(a) & _actors(b))


def _guest_who_came(view: View, host: Mention, visit: Mention) -> bool:
    """استقبل فلانا الذي حل بالمملكة: the visit is told of the guest in a relative clause."""
    t = visit.candidate.token
    return (
        host.candidate.entry.frame.name == "host"
        and not host.roles.host  # its own clause has not found the guest
        and visit.candidate.verbal
        and view.sentence_of[t] == view.sentence_of[host.candidate.token]
        and t > 0
        and view.words[t - 1] in words().relatives
    )


def _actors(m: Mention) -> set[int]:
    return {e for e, _ in m.roles.actors if e >= 0}


def merge(
    view: View, mentions: list[Mention], likely: Callable[[Mention, Mention], float], threshold: float
) -> list[Cluster]:
    """Clusters in order of their first mention; ``likely`` says how likely two mentions are one happening."""
    clusters: list[Cluster] = []
    for m in mentions:
        best, score = None, threshold
        for cluster in clusters:
            if cluster.type is not m.candidate.entry.type:
                continue
            if not all(compatible(view, x, m) for x in cluster.mentions):
                continue
            links = [1.0 if _same_visit(view, x, m) else likely(x, m) for x in cluster.mentions]
            value = 0.6 * max(links) + 0.4 * sum(links) / len(links)
            if value >= score:
                best, score = cluster, value
        if best is None:
            clusters.append(Cluster(m.candidate.entry.type, [m]))
        else:
            best.mentions.append(m)
    return clusters
