"""Events of an article: who did what to whom, when and where, with status and evidence."""

from __future__ import annotations

from collections.abc import Sequence

from flows.extract.events import context, merge, roles, status
from flows.extract.events.candidates import Candidate, candidates
from flows.records import Article, DateMention, Entity, Event, Office, Participant, Role, Span

__all__ = ["find_events"]


def find_events(
    article: Article, entities: Sequence[Entity], offices: Sequence[Office], dates: Sequence[DateMention]
) -> tuple[Event, ...]:
    """Events in order of their first trigger; indices point into ``entities`` and ``dates``."""
    view = context.build(article, entities, offices, dates)
    found = [c for c in candidates(view) if not c.entry.loose]
    best: dict[int, Candidate] = {}
    for c in found:
        old = best.get(c.token)
        if old is None or (c.required >= 0) > (old.required >= 0):
            best[c.token] = c
    mentions = []
    for c in best.values():
        s, cue = status.status(view, c)
        mentions.append(merge.Mention(c, roles.resolve(view, c), s, cue, 0.5))
    return tuple(_event(view, cluster) for cluster in merge.merge(mentions))


def _event(view: context.View, cluster: merge.Cluster) -> Event:
    head = cluster.mentions[0]
    triggers: list[Span] = []
    participants: list[Participant] = []
    seen: set[tuple[Role, int, str]] = set()
    location = date = -1
    for m in cluster.mentions:
        c = m.candidate
        for t in (c.token, c.light, c.required):
            if t >= 0:
                tok = view.article.tokens[t]
                if (tok.start, tok.end) not in triggers:
                    triggers.append((tok.start, tok.end))
        for role, items in ((Role.ACTOR, m.roles.actors), (Role.RECIPIENT, m.roles.recipients)):
            for item in items:
                p = roles.participant(view, role, item)
                key = (role, item[0], "" if item[0] >= 0 else p.text)
                if key not in seen:
                    seen.add(key)
                    participants.append(p)
        location = location if location >= 0 else m.roles.location
        date = date if date >= 0 else m.roles.date
    return Event(
        type=cluster.type,
        status=head.status,
        triggers=tuple(triggers),
        participants=tuple(participants),
        location=None if location < 0 else location,
        date=None if date < 0 else date,
        mode=head.candidate.entry.mode,
        confidence=head.probability,
        rule=head.candidate.entry.key,
    )
