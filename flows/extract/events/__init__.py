"""Events of an article: who did what to whom, when and where, with status and evidence."""

from __future__ import annotations

from collections.abc import Sequence

from flows.extract.events import (
    choice_model,
    choices,
    clauses,
    confidence,
    context,
    merge,
    participants,
    placing,
    reference,
    roles,
    status,
    trigger_model,
)
from flows.extract.events.attribution import attribution
from flows.extract.events.candidates import Candidate, candidates
from flows.extract.events.choices import Chooser, Question
from flows.extract.events.context import View, is_function_word
from flows.extract.events.merge import Cluster, Mention
from flows.extract.events.participants import Positions
from flows.extract.events.trigger_model import Floats, Scores
from flows.records import (
    Article,
    DateMention,
    Entity,
    EntityKind,
    Event,
    EventStatus,
    EventType,
    Office,
    Participant,
    Role,
    Span,
)

__all__ = ["View", "candidates_of", "event_of", "find_events", "mentions_of", "status_question", "view_of"]


def view_of(
    article: Article, entities: Sequence[Entity], offices: Sequence[Office], dates: Sequence[DateMention]
) -> View:
    """The article as this stage sees it: words, names, dates, clause borders and verbs by token."""
    view = context.build(article, entities, offices, dates)
    clauses.mark_verbs(view)
    return view


def find_events(
    article: Article,
    entities: Sequence[Entity],
    offices: Sequence[Office],
    dates: Sequence[DateMention],
    states: Floats | None = None,
) -> tuple[Event, ...]:
    """Events in order of their first trigger; indices point into ``entities`` and ``dates``.

    ``states``: what the names encoder makes of the words (``trigger_model.hidden_states``), None without one.
    ``confidence`` is the calibrated probability of the event; unlikely ones are left out.
    """
    view = view_of(article, entities, offices, dates)
    found = list(candidates(view))
    said = None if states is None else trigger_model.scores(view, found, states)
    net = said is not None
    model = confidence.model(net)
    scored = [
        (c, confidence.mention_probability(f, said is not None and bool(said.read[c.token])))
        for c, f in candidates_of(view, said, found)
    ]
    mentions = mentions_of(view, [x for x in scored if x[1] >= model.mention_threshold])
    clusters = merge.merge(
        view, mentions, lambda a, b: confidence.pair_probability(view, a, b, net), model.pair_threshold
    )
    out = []
    where = participants.positions(view)
    chooser: Chooser = choices.linear()
    if states is not None:
        chooser = choice_model.Sight(choice_model.shipped(), choices.linear(), states)
    for cluster in clusters:
        p = confidence.event_probability(confidence.event_features(view, cluster, len(clusters)), net)
        if p >= model.event_threshold:
            out.append(event_of(view, cluster, p, where, chooser))
    return tuple(out)


def candidates_of(
    view: View, said: Scores | None = None, found: Sequence[Candidate] | None = None
) -> list[tuple[Candidate, confidence.Features]]:
    """Every candidate with the features that its probability is made of.

    ``said``: the network's scores; ``found``: the lexicon's candidates where they are known already.
    """
    found = list(candidates(view)) if found is None else found
    if said is None:
        total = confidence.counts(view, found)
        return [(c, confidence.mention_features(view, c, total)) for c in found]
    found = [*found, *trigger_model.proposed(view, found, said)]
    total = confidence.counts(view, found)
    plain = ((c, confidence.mention_features(view, c, total)) for c in found)
    return [
        (c, dict.fromkeys(names, 1.0) | trigger_model.trigger_features(c, said))
        if said.read[c.token]
        else (c, names)
        for c, names in plain
    ]


def mentions_of(view: View, scored: Sequence[tuple[Candidate, float]]) -> list[Mention]:
    """The likeliest reading of each token, with its roles and status, in text order."""
    best: dict[int, tuple[Candidate, float]] = {}
    for c, p in scored:
        old = best.get(c.token)
        if old is None or p > old[1]:
            best[c.token] = (c, p)
    taken = {c.required: c for c, _ in best.values() if c.verbal and c.required >= 0}
    memo = reference.memory(view)
    out: list[Mention] = []
    for t, (c, p) in sorted(best.items()):
        if t in taken and taken[t].entry.type is c.entry.type:
            continue
        reference.catch_up(view, memo, t)
        state, cue = status.status(view, c)
        if out and cue == "default":
            state, cue = status.inherited(view, out[-1].candidate, out[-1].status, c)
        found = roles.resolve(view, c, memo)
        out.extend(Mention(c, each, state, cue, p) for each in roles.distributed(view, c, found, memo))
    return out


# Grammar that no weight outvotes: the trigger is in the future (سيحتضن), or its clause is (زيارة سيقوم بها).
_DECISIVE = frozenset({"future", "performed"})


def _status(view: View, cluster: Cluster, chooser: Chooser) -> EventStatus:
    head = by_weight(cluster)[0]
    return head.status if head.cue in _DECISIVE else chooser.status(status_question(view, cluster))


def status_question(view: View, cluster: Cluster) -> Question:
    """What decides the status of a merged event."""
    ordered = by_weight(cluster)
    date = next((m.roles.date for m in ordered if m.roles.date >= 0), -1)
    items = [(m.candidate, m.cue, m.status) for m in ordered]
    names = status.status_features(view, cluster.type, items, date)
    return Question(names, ordered[0].candidate.token, ordered[min(1, len(ordered) - 1)].candidate.token)


def _known(view: View, date: int) -> bool:
    """Whether a clause's date has a value."""
    return date >= 0 and view.dates[date].value.start is not None


def by_weight(cluster: Cluster) -> list[Mention]:
    """The likeliest mention first, the others in text order."""
    head = max(cluster.mentions, key=lambda m: m.probability)
    return [head, *(m for m in cluster.mentions if m is not head)]


def event_of(view: View, cluster: Cluster, probability: float, where: Positions, chooser: Chooser) -> Event:
    """The record of a merged event: evidence, participants, place, date and status."""
    ordered = by_weight(cluster)
    head = ordered[0]
    least = chooser.thresholds
    triggers: list[Span] = []
    for m in ordered:
        c = m.candidate
        for t in (c.token, c.light, c.required):
            # at the edge of a phrase that tells the event the network marks such words too; they show nothing
            if t >= 0 and not (triggers and is_function_word(view.words[t])):
                tok = view.article.tokens[t]
                if (tok.start, tok.end) not in triggers:
                    triggers.append((tok.start, tok.end))
    settled = participants.settled(ordered)
    scene = participants.Scene(view, ordered, where, participants.said_by(ordered))
    filled = frozenset(settled.values())
    alone = any(m.roles.split for m in ordered)  # one of several visitors: the others have their own events
    near = participants.candidates_for(view, ordered, where)
    if alone:
        near = [item for item in near if item[0] in settled]
    open_ = [item for item in near if item[0] not in settled]
    asked = chooser.roles([participants.participant_question(scene, item) for item in open_])
    said = scene.said.everywhere
    chosen = {
        item: choices.role(shares, least, filled, participants.rule_of(said, item))
        for item, shares in zip(open_, asked, strict=True)
    }
    people: list[Participant] = []
    for item in near:
        role = settled.get(item[0]) or chosen[item]
        if role != "none":
            people.append(roles.participant(view, Role(role), item))
    people = participants.once(people)
    choice = placing.options(scene)
    location: int | None = None
    best = least.place
    places = [
        e
        for e, tokens in enumerate(where.entities)
        if tokens and view.entities[e].kind is EntityKind.LOCATION
    ]
    for e, p in zip(
        places, chooser.places([placing.place_question(scene, choice, e) for e in places]), strict=True
    ):
        if p > best:
            location, best = e, p
    goal = next((m.roles.location for m in ordered if roles.is_journey(m) and m.roles.location >= 0), -1)
    if goal >= 0:
        location = goal
    hosts = roles.host_places(view, ordered) if cluster.type is EventType.HOLD else []
    if hosts:
        location = hosts[0] if len(hosts) == 1 else None
    date = next((m.roles.date for m in ordered if m.roles.firm and _known(view, m.roles.date)), None)
    if date is None:
        best = least.date
        dates = [d for d, token in enumerate(where.dates) if token >= 0]
        for d, p in zip(
            dates, chooser.dates([placing.date_question(scene, choice, d) for d in dates]), strict=True
        ):
            if p > best:
                date, best = d, p
    return Event(
        type=cluster.type,
        status=_status(view, cluster, chooser),
        triggers=tuple(triggers),
        participants=tuple(people),
        location=location,
        date=date,
        mode=head.candidate.entry.mode,
        attribution=attribution(view, head.candidate.token),
        confidence=probability,
        rule=f"{head.candidate.entry.key} {head.cue}",
    )
