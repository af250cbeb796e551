"""One happening, one event: joins the mentions that speak of the same thing."""

from __future__ import annotations

from dataclasses import dataclass, field

from flows.extract.events.candidates import Candidate
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
    attribution: tuple[int, int] | None = None


@dataclass(slots=True)
class Cluster:
    type: EventType
    mentions: list[Mention] = field(default_factory=list)


def _named(items: list[tuple[int, int]]) -> set[int]:
    return {e for e, _ in items if e >= 0}


def merge(mentions: list[Mention]) -> list[Cluster]:
    """Clusters in order of their first mention; mentions come in text order."""
    clusters: list[Cluster] = []
    for m in mentions:
        for cluster in clusters:
            if cluster.type is m.candidate.entry.type and _same(cluster, m):
                cluster.mentions.append(m)
                break
        else:
            clusters.append(Cluster(m.candidate.entry.type, [m]))
    return clusters


_OPEN = frozenset({EventStatus.OCCURRED, EventStatus.ONGOING})


def _same(cluster: Cluster, m: Mention) -> bool:
    head = cluster.mentions[0]
    a = set().union(*(_named(x.roles.actors) | _named(x.roles.recipients) for x in cluster.mentions))
    b = _named(m.roles.actors) | _named(m.roles.recipients)
    statuses = {x.status for x in cluster.mentions}
    if m.status not in statuses and not (m.status in _OPEN and statuses & _OPEN):
        return False
    same_lemma = any(
        x.candidate.entry.key.split("+")[0].split(":")[0] == m.candidate.entry.key.split("+")[0].split(":")[0]
        for x in cluster.mentions
    )
    dates = {x.roles.date for x in cluster.mentions if x.roles.date >= 0}
    if m.roles.date >= 0 and dates and m.roles.date not in dates:
        return False
    if a and b:
        return bool(a & b)
    del head
    return same_lemma or cluster.type not in {EventType.HOLD, EventType.LAUNCH, EventType.VOTE}
