"""Events of an article: who did what to whom, when and where, with status and evidence."""

from __future__ import annotations

from collections.abc import Sequence

from flows.extract.events import confidence, context, merge, reference, roles, status
from flows.extract.events.candidates import candidates
from flows.extract.events.context import View
from flows.extract.events.merge import Cluster, Mention
from flows.records import Article, DateMention, Entity, Event, Office, Participant, Role, Span

__all__ = ["clusters_of", "find_events", "mentions_of", "view_of"]

view_of = context.build


def find_events(
    article: Article, entities: Sequence[Entity], offices: Sequence[Office], dates: Sequence[DateMention]
) -> tuple[Event, ...]:
    """Events in order of their first trigger; indices point into ``entities`` and ``dates``.

    ``confidence`` is the calibrated probability of the event; unlikely ones are left out.
    """
    view = context.build(article, entities, offices, dates)
    model = confidence.model()
    mentions = []
    for m, features in mentions_of(view):
        m.probability = confidence.mention_probability(features)
        if m.probability >= model.mention_threshold:
            mentions.append(m)
    clusters = clusters_of(mentions)
    out = []
    for cluster in clusters:
        p = confidence.event_probability(confidence.event_features(view, cluster, len(clusters)))
        if p >= model.event_threshold:
            out.append(_event(view, cluster, p))
    return tuple(out)


def mentions_of(view: View) -> list[tuple[Mention, list[str]]]:
    """Every candidate with roles, status and features, before any is thrown out."""
    found = list(candidates(view))
    total = confidence.counts(view, found)
    memo = reference.memory(view)
    out = []
    for c in found:
        state, cue = status.status(view, c)
        m = Mention(c, roles.resolve(view, c, memo), state, cue, 0.5)
        out.append((m, confidence.mention_features(view, m, total)))
    return out


def clusters_of(mentions: Sequence[Mention]) -> list[Cluster]:
    """One reading a token, then one event a happening."""
    best: dict[int, Mention] = {}
    for m in mentions:
        old = best.get(m.candidate.token)
        if old is None or m.probability > old.probability:
            best[m.candidate.token] = m
    taken = {
        m.candidate.required: m for m in best.values() if m.candidate.verbal and m.candidate.required >= 0
    }
    kept = [
        m
        for t, m in sorted(best.items())
        if t not in taken or taken[t].candidate.entry.type is not m.candidate.entry.type
    ]
    return merge.merge(kept)


def _event(view: View, cluster: Cluster, probability: float) -> Event:
    head = max(cluster.mentions, key=lambda m: m.probability)
    triggers: list[Span] = []
    participants: list[Participant] = []
    seen: set[tuple[Role, int, str]] = set()
    location = date = -1
    for m in [head, *(m for m in cluster.mentions if m is not head)]:
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
        confidence=probability,
        rule=f"{head.candidate.entry.key} {head.cue}",
    )
