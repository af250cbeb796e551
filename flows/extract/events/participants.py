"""Which names of the article take part in a merged event: what a trained choice looks at.

The rules of ``roles`` say what a trigger's clause says; the choice weighs that together with where else a
name stands (distance, side, preposition, prominence).  Features are names that are on or off.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flows.clean.normalize import fold
from flows.extract.events.choices import Question
from flows.extract.events.context import View, strip, words
from flows.extract.events.inflection import Form
from flows.extract.events.merge import Mention
from flows.extract.events.reference import by_nisba, gender
from flows.records import EntityKind, EventType, Participant, Span, TokenKind

Item = tuple[int, int]  # (entity or -1, token)


Key = int | tuple[str, int]  # an entity, or the token of an unnamed participant


class Said(NamedTuple):
    """What the rules say about an event's participants."""

    everywhere: Mapping[Key, str]
    head: Mapping[Key, str]  # by the first mention alone
    carried: frozenset[Key]  # subjects taken over from the sentence before
    places: frozenset[int]
    actor: bool  # some mention has an actor


@dataclass(frozen=True, slots=True)
class Positions:
    """Tokens at which each entity and each date is mentioned, and how prominent the entity is."""

    entities: tuple[tuple[int, ...], ...]
    dates: tuple[int, ...]  # first token of each date, -1 where none
    rank: tuple[int, ...]  # 0 for the most often named person or body
    first: tuple[int, ...]  # rank by first mention


class Scene(NamedTuple):
    """A merged event in its article: what every choice about it looks at."""

    view: View
    mentions: Sequence[Mention]  # the head first
    where: Positions
    said: Said


def positions(view: View) -> Positions:
    """Mentions by token; one pass over the article."""
    places: list[list[int]] = [[] for _ in view.entities]
    for token in view.entity_end:
        places[view.entity_of[token]].append(token)
    dates = [-1] * len(view.dates)
    for t, d in enumerate(view.date_of):
        if d >= 0 and dates[d] < 0:
            dates[d] = t
    order = sorted(range(len(places)), key=lambda e: -len(places[e]))
    rank = [0] * len(places)
    for r, e in enumerate(order):
        rank[e] = r
    order = sorted(range(len(places)), key=lambda e: min(places[e], default=10**6))
    first = [0] * len(places)
    for r, e in enumerate(order):
        first[e] = r
    return Positions(tuple(tuple(sorted(p)) for p in places), tuple(dates), tuple(rank), tuple(first))


def said_by(mentions: Sequence[Mention]) -> Said:
    """The rules' roles of an event's mentions, the first mention that says something deciding."""
    everywhere: dict[Key, str] = {}
    carried: set[Key] = set()
    head: Mapping[Key, str] = {}
    for order, m in enumerate(mentions):
        for name, items in (("actor", m.roles.actors), ("recipient", m.roles.recipients)):
            for item in items:
                everywhere.setdefault(_key(item), name)
                if m.roles.carried:
                    carried.add(_key(item))
        if order == 0:
            head = dict(everywhere)
    places = frozenset(m.roles.location for m in mentions)
    return Said(everywhere, head, frozenset(carried), places, any(m.roles.actors for m in mentions))


def candidates_for(view: View, mentions: Sequence[Mention], where: Positions) -> list[Item]:
    """Entities near the triggers or prominent in the article, then common nouns of people near them."""
    near = {view.sentence_of[m.candidate.token] for m in mentions}
    out: list[Item] = []
    said = {e for m in mentions for e, _ in (*m.roles.actors, *m.roles.recipients)}
    for e, tokens in enumerate(where.entities):
        if not tokens or (
            view.entities[e].kind is EntityKind.NAMED_EVENT
            and mentions[0].candidate.entry.type is not EventType.HOLD
        ):
            continue
        if (
            e in said
            or where.first[e] < 2
            or where.rank[e] < 1
            or any(view.sentence_of[t] in near for t in tokens)
        ):
            out.append((e, closest(tokens, mentions)[0]))
    seen: set[str] = set()
    for m in mentions:
        for item in (*m.roles.actors, *m.roles.recipients):
            if item[0] < 0 and view.words[item[1]] not in seen:
                seen.add(view.words[item[1]])
                out.append(item)
    for m in mentions[:3]:
        t = m.candidate.token
        sentence = view.sentence(t)
        for k in range(max(sentence.first, t - _SIGHT), min(sentence.last, t + _SIGHT)):
            if k != t and view.people[k] and view.words[k] not in seen:
                seen.add(view.words[k])
                out.append((-1, k))
    return out


_SIGHT = 14  # tokens around a trigger in which a common noun may be a participant


def settled(mentions: Sequence[Mention]) -> dict[int, str]:
    """Roles that no weighing may change: visitor and host of a reception, the sides that a clause names."""
    out: dict[int, str] = {}
    for m in mentions:
        if m.roles.host:
            out.update({e: "actor" for e, _ in m.roles.actors if e >= 0})
            out.update({e: "recipient" for e, _ in m.roles.recipients if e >= 0})
    clear = next((m for m in mentions if m.roles.firm), None)
    if not out and clear is not None:
        out.update({e: "recipient" for e, _ in clear.roles.recipients if e >= 0})
        out.update({e: "actor" for e, _ in clear.roles.actors if e >= 0})
    return out


def closest(tokens: Sequence[int], mentions: Sequence[Mention]) -> tuple[int, Mention]:
    """The mention of the entity that lies nearest to a trigger, and that trigger's mention."""
    best, chosen, gap = tokens[0], mentions[0], 10**6
    for m in mentions:
        t = m.candidate.token
        k = bisect_left(tokens, t)
        for token in tokens[max(0, k - 1) : k + 1]:
            distance = token - t if token > t else 2 * (t - token)
            if distance < gap:
                best, chosen, gap = token, m, distance
    return best, chosen


def participant_question(scene: Scene, item: Item) -> Question:
    """What ``item`` looks like as a participant of the event."""
    view, mentions, where, said = scene
    entity, token = item
    type_ = mentions[0].candidate.entry.type.value
    if entity >= 0:
        token, m = closest(where.entities[entity], mentions)
        kind = view.entities[entity].kind.value
    else:
        _, m = closest((token,), mentions)
        kind = "UNNAMED"
    c = m.candidate
    form = "verb" if c.verbal else "noun"
    if c.form & Form.PASSIVE:
        form = "passive"
    frame = c.entry.frame.name
    out = ["bias", f"kind={kind}", f"typekind={type_}:{kind}"]
    rule = rule_of(said.everywhere, item)
    head = rule_of(said.head, item)
    out += [f"rule={rule}", f"ruletype={type_}:{rule}", f"rulekind={kind}:{rule}", f"head={head}"]
    if _key(item) in said.carried:
        out.append(f"carried={rule}")
    t = c.token
    gap = view.sentence_of[token] - view.sentence_of[t]
    if gap == 0:
        side = "after" if token > t else "before"
        distance = abs(token - t)
        bucket = distance if distance < 4 else 4 if distance < 7 else 7 if distance < 12 else 12
        low, high = min(t, token) + 1, max(t, token)
        marks = view.marks_before[high] - view.marks_before[low]
        names = view.names_before[high] - view.names_before[low]
        verbs = view.verbs_before[high] - view.verbs_before[low]
        relative = f"{form}:{side}"
        prep = preposition(view, token)
        lemma = c.entry.lemma
        out += [
            f"lemmaprep={lemma}:{prep}:{side}", f"lemmakind={lemma}:{kind}",
            f"lemmaside={lemma}:{relative}", f"lemmarule={lemma}:{rule}",
            f"relative={type_}:{relative}:{prep}",
            f"side={relative}", f"sidetype={type_}:{relative}", f"distance={side}:{bucket}",
            f"marks={side}:{min(marks, 2)}", f"names={side}:{min(names, 3)}", f"prep={prep}:{side}",
            f"prepframe={frame}:{form}:{prep}:{side}", f"preptype={type_}:{prep}:{side}",
            f"near={relative}:{min(names, 2)}:{min(marks, 1)}", f"verbs={relative}:{min(verbs, 2)}",
            f"kindside={kind}:{relative}",
        ]  # fmt: skip
    else:
        out += [
            f"gap={max(-3, min(3, gap))}",
            f"gapkind={kind}:{max(-2, min(2, gap))}",
            f"gaptype={type_}:{gap < 0}",
        ]
    if c.verbal and gap == 0 and not c.form & Form.PASSIVE:
        sex = gender(view, entity, token) if entity >= 0 else "f" if view.words[token].endswith("ه") else "m"
        out.append(f"agreement={_feminine_verb(view.words[t])}:{sex}:{token > t}")
    sentences = {view.sentence_of[x.candidate.token] for x in mentions}
    if entity >= 0:
        together = len(sentences & {view.sentence_of[k] for k in where.entities[entity]})
        out += [
            f"together={min(together, 3)}",
            f"share={together == len(sentences)}:{min(len(sentences), 3)}",
            f"before={_before(view, token)}",
            f"after={_after(view, view.entity_end.get(token, token + 1))}",
            f"headtype={type_}:{strip(view.words[token])}",
            f"headside={strip(view.words[token])}:{gap == 0 and token > t}",
            f"beside={kind}:{_beside(view, token)}",
        ]
        if kind == "LOCATION" and fold(view.entities[entity].name) in words().countries:
            out += ["country", f"country={type_}"]
        out.append(f"rank={min(where.rank[entity], 4)}")
        out.append(f"rankkind={kind}:{min(where.rank[entity], 2)}")
        out.append(f"first={min(where.first[entity], 4)}")
        tokens = where.entities[entity]
        out.append(f"count={min(len(tokens), 4)}")
        if any(view.title[0] <= k < view.title[1] for k in tokens):
            out += ["title", f"titlekind={kind}"]
        if entity in said.places:
            out += ["place", f"placetype={type_}"]
        if not c.verbal and any(e == entity for e, _ in by_nisba(view, t)):
            out += ["nisba", f"nisbatype={type_}"]
        conjoined = view.clitic(token).startswith("و") or (token > 0 and view.words[token - 1] == "و")
        if conjoined:
            before = next(
                (
                    view.entity_of[k]
                    for k in range(token - 1, max(-1, token - 10), -1)
                    if view.entity_of[k] >= 0
                ),
                -1,
            )
            out.append(f"and={rule_of(said.everywhere, (before, -1)) if before >= 0 else 'none'}")
    else:
        word = view.words[token]
        out += [
            f"word={strip(word)}",
            f"wordtype={type_}:{strip(word)}",
            f"wordside={strip(word)}:{gap == 0 and token > t}",
            f"together={len(sentences & {view.sentence_of[token]})}",
            f"before={_before(view, token)}",
            f"after={_after(view, token + 1)}",
        ]
        ending = "nominative" if word.endswith("ون") else "accusative" if word.endswith(("ين", "ا")) else "-"
        out.append(f"case={ending}:{form}")
        bare = word.startswith(("ال", "وال", "لل", "بال"))
        out.append(f"definite={bare}")
        if token + 1 < len(view.words) and view.entity_of[token + 1] >= 0:
            out.append(f"beforename={view.kind(token + 1)}")
        if gap == 0 and token == t + 1:
            out.append(f"adjacent={frame}:{form}")
        quantity = view.words[token - 1] if token else ""
        if view.article.tokens[token - 1].kind is TokenKind.NUMBER or quantity in words().quantifiers:
            out.append(f"quantity={type_}")
    if not said.actor:
        out.append("noactor")
    return Question(out, t, token)


def _before(view: View, token: int) -> str:
    """The word before a name, its particles off; ``^`` at the beginning of a sentence, ``@`` for a name."""
    if token == view.sentence(token).first:
        return "^"
    return "@" if view.entity_of[token - 1] >= 0 else strip(view.words[token - 1])


def _after(view: View, token: int) -> str:
    """The word behind a name, ``$`` at the end of a sentence, ``@`` for another name."""
    if token >= len(view.words) or token == view.sentence(token - 1).last:
        return "$"
    return "@" if view.entity_of[token] >= 0 else strip(view.words[token])


def _beside(view: View, token: int) -> str:
    """Kinds of the names that touch a name: a body before a person's name belongs to the person's office."""
    before = view.kind(token - 1) if token and view.entity_of[token - 1] >= 0 else None
    end = view.entity_end.get(token, token + 1)
    after = view.kind(end) if end < len(view.words) and view.entity_of[end] >= 0 else None
    return f"{before}:{after}"


def _feminine_verb(word: str) -> bool:
    """استقبلت, تستقبل, وستستقبل: the verb agrees with a woman, a body or a plural of things."""
    return word.endswith("ت") or word.startswith(("ت", "وت", "ست", "فت", "وست"))


def rule_of(said: Mapping[Key, str], item: Item) -> str:
    return said.get(_key(item), "none")


def _key(item: Item) -> Key:
    return item[0] if item[0] >= 0 else ("token", item[1])


def preposition(view: View, token: int) -> str:
    """What governs the name: the clitic in front of it, else the word before it if it is short."""
    clitic = view.clitic(token).lstrip("وف")
    if clitic:
        return clitic
    if token and view.entity_of[token - 1] < 0 and len(view.words[token - 1]) < 5:
        return view.words[token - 1]
    return "-"


def once(people: Sequence[Participant]) -> list[Participant]:
    """Each unnamed participant once: not مستوطنون beside المستوطنين, nor الفريق beside فريق الأمل, nor the
    الشرطة of عناصر الشرطة beside these."""
    known = {(p.role, _lemma(w)) for p in people if p.entity is not None for w in fold(p.text).split()}
    spans = [p.span for p in people if p.span is not None]
    out: list[Participant] = []
    for p in people:
        if p.entity is None:
            if p.span is not None and any(_inside(p.span, other) for other in spans):
                continue
            key = (p.role, _lemma(fold(p.text).split(" ", 1)[0]))
            if key in known:
                continue
            known.add(key)
        out.append(p)
    return out


def _inside(span: Span, other: Span) -> bool:
    return span != other and other[0] <= span[0] and span[1] <= other[1]


def _lemma(word: str) -> str:
    """A rough stem: article and endings of case, number and gender off."""
    bare = strip(word)
    for ending in ("ون", "ين", "ات", "ان", "ه", "ا"):
        if bare.endswith(ending) and len(bare) - len(ending) >= 3:
            return bare[: -len(ending)]
    return bare
