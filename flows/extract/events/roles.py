"""Who did it and to whom, where and when: a trigger's clause mapped to roles by its frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flows.clean.normalize import fold
from flows.extract.events.candidates import Candidate
from flows.extract.events.clauses import (
    REACH,
    Slot,
    arguments,
    breaks,
    is_verb,
    subject_before,
    verb_before,
)
from flows.extract.events.context import View, is_bound, variants, words
from flows.extract.events.inflection import Form
from flows.extract.events.reference import Item, Memory, by_nisba, names, owner
from flows.records import EntityKind, EventType, Participant, Role, TokenKind

if TYPE_CHECKING:
    from flows.extract.events.merge import Mention

_AGENT_PREPOSITIONS = frozenset({"من طرف", "من قبل", "علي يد", "بواسطه", "من جانب"})
_PASSIVE_LIGHT = frozenset({"تم", "تمت", "يتم", "تتم", "سيتم", "ستتم"})


@dataclass(slots=True)
class Roles:
    """What the clause says; entity -1 with a token stands for an unnamed participant."""

    actors: list[Item] = field(default_factory=list)
    recipients: list[Item] = field(default_factory=list)
    location: int = -1
    date: int = -1
    carried: bool = False
    firm: bool = False  # the clause itself names who does it
    host: bool = False  # a reception with both sides named: who visits whom is settled
    split: bool = False  # one of several visitors that one sentence lists


def resolve(view: View, c: Candidate, memo: Memory) -> Roles:
    """Actors, recipients, place and date of a candidate; updates the memory."""
    roles = Roles()
    t = c.token
    after = arguments(view, t + 1, t + 1 + REACH, commas=c.verbal)
    filled = _verb(view, c, after, memo, roles) if c.verbal else _noun(view, c, after, memo, roles)
    for slot in after:
        # التعاون بين البلدين behind a verb belongs to the noun before it
        if slot.preposition and (slot.preposition != "بين" or slot.head < t + (3 if c.verbal else 5)):
            filled.setdefault(slot.preposition, []).extend(names(view, slot, memo))
    agent = _agent(view, t, after, memo)
    if agent:
        filled["subject"] = agent
    _pronouns(view, c, filled)
    _assign(view, c, filled, roles)
    if c.verbal and filled.get("subject"):
        memo.note_subject(filled["subject"], view.sentence_of[t])
    if c.entry.type in (EventType.CONSULT, EventType.AGREE):
        memo.note_pair(roles.actors + roles.recipients)
    place = _where(view, after, roles, c)
    if roles.location < 0 or (place >= 0 and c.entry.frame.name != "visit"):
        roles.location = place
    roles.date = _when(view, c)
    sides = [any(e >= 0 for e, _ in items) for items in (roles.actors, roles.recipients)]
    roles.host = c.entry.frame.name == "host" and c.verbal and all(sides)
    return roles


def distributed(view: View, c: Candidate, roles: Roles, memo: Memory) -> list[Roles]:
    """استقبل مسؤولين، الأول هو X، أما الثاني فهو Y: one event for each of those listed."""
    if c.entry.frame.name != "host" or not c.verbal or any(e >= 0 for e, _ in roles.actors):
        return [roles]
    hosts = {e for e, _ in roles.recipients}
    last = view.sentence(c.token).last
    listed: list[Item] = []
    for k in range(c.token + 1, last):
        if view.words[k] not in _ORDINALS or view.entity_of[k] >= 0:
            continue
        for j in range(k + 1, min(last, k + 16)):
            entity = view.entity_of[j]
            if j in view.entity_end and view.kind(j) is EntityKind.PERSON and entity not in hosts:
                if all(e != entity for e, _ in listed):
                    listed.append((entity, j))
                break
    if len(listed) < 2:
        return [roles]
    memo.listed = listed
    return [
        Roles([x], roles.recipients, roles.location, roles.date, host=bool(hosts), split=True) for x in listed
    ]


_ORDINALS = frozenset({"الاول", "الاولي", "الثاني", "الثانيه", "الثالث", "الثالثه", "اولهما", "ثانيهما"})


def is_journey(m: Mention) -> bool:
    """A visit whose own clause says who goes, and so where to."""
    return m.candidate.entry.frame.name == "visit" and m.roles.firm


def host_places(view: View, mentions: Sequence[Mention]) -> list[int]:
    """باريس احتضنت: the places that are themselves the hosts of an event."""
    for m in mentions:
        if m.candidate.verbal and m.candidate.entry.frame.name == "hold":
            places = [e for e, _ in m.roles.actors if e >= 0 and view.entities[e].kind is EntityKind.LOCATION]
            if places:
                return places
    return []


def _agent(view: View, t: int, after: list[Slot], memo: Memory) -> list[Item]:
    """من طرف, من قبل, على يد: the agent of a passive."""
    for slot in after:
        before = view.words[slot.head - 1] if slot.head else ""
        two = f"{view.words[slot.head - 2]} {before}" if slot.head > 1 else before
        if two in _AGENT_PREPOSITIONS or before == "بواسطه":
            return names(view, slot, memo)
        agent = slot.preposition in ("من", "علي") and view.words[slot.head] in ("طرف", "قبل", "يد", "جانب")
        if agent and slot.entities:
            return names(view, slot, memo)
    return []


_PREPOSITIONS = {
    "الي": "الي", "علي": "علي", "ل": "ل", "من": "من", "مع": "مع", "ب": "ب", "ضد": "ضد", "عن": "عن",
    "بحق": "بحق", "حق": "في حق", "تجاه": "تجاه",
}  # fmt: skip
_PRONOUNS = {p + s: (key, s) for p, key in _PREPOSITIONS.items() for s in ("ه", "ها", "هم", "هما")}


def _pronouns(view: View, c: Candidate, filled: dict[str, list[Item]]) -> None:
    """طلبوا منه, الاستماع إليهم: who a pronoun behind a preposition of the frame stands for."""
    t = c.token
    for k in range(t + 1, min(view.sentence(t).last, t + _PRONOUN_REACH)):
        if view.hard[k] or (k > t + 1 and view.entity_of[k] < 0 and breaks(view, k)):
            return
        found = _PRONOUNS.get(view.words[k]) if view.entity_of[k] < 0 else None
        if found is None or c.entry.frame.role(found[0]) is None or filled.get(found[0]):
            continue
        subject = {e for e, _ in filled.get("subject", ()) if e >= 0}
        meant = [x for x in owner(view, t, found[1]) if x[0] < 0 or x[0] not in subject]
        if meant:
            filled[found[0]] = meant


_PRONOUN_REACH = 6


def _verb(view: View, c: Candidate, after: list[Slot], memo: Memory, roles: Roles) -> dict[str, list[Item]]:
    """Subject and object of a finite verb or adverbial participle."""
    t = c.token
    bare = [s for s in after if not s.preposition]
    resolved = [(s, names(view, s, memo)) for s in bare]
    people = [items for _, items in resolved if items]
    filled: dict[str, list[Item]] = {}
    subject: list[Item] = []
    relative = _antecedent(view, t)
    if relative is not None:
        subject = relative
    elif c.form & Form.PARTICIPLE:
        subject = memo.subject if memo.subject_sentence == view.sentence_of[t] else []
        roles.carried = bool(subject)
    elif _fronted(view, t):
        for slot in subject_before(view, t):
            subject = names(view, slot, memo)
            if subject:
                break
    if c.form & Form.FIRST and not subject and view.sentence_of[t] - memo.subject_sentence <= 2:
        subject, roles.carried = memo.subject, True  # نطالب, نثمن: who is quoted
    if subject:
        if people:
            filled["object"] = people[0]
    else:
        first_is_person = bool(resolved) and bool(resolved[0][1]) and resolved[0][0].head <= t + 12
        if first_is_person:
            subject = people[0]
            if len(people) > 1:
                filled["object"] = people[1]
        else:
            if people:
                filled["object"] = people[0]
            if c.form & Form.DUAL and memo.pair:
                subject = list(memo.pair)
            elif not c.form & Form.PASSIVE:
                subject = memo.subject if view.sentence_of[t] - memo.subject_sentence <= 1 else []
                roles.carried = bool(subject)
    if c.suffix:
        held = owner(view, t, c.suffix)
        if relative is not None or not held:
            filled.setdefault("object", [])
        else:
            filled["object"] = [h for h in held if h not in subject]
    if c.form & Form.PASSIVE:
        filled["object"] = subject or filled.get("object", [])
        filled.pop("subject", None)
        return filled
    filled["subject"] = subject
    roles.firm = bool(subject) and not roles.carried and any(e >= 0 for e, _ in subject)
    return filled


def _antecedent(view: View, t: int) -> list[Item] | None:
    """What a relative clause's verb right behind الذي / التي says it of, None outside relative clauses."""
    first = view.sentence(t).first
    k = t - 1
    while k >= first and view.words[k] in ("قد", "لم", "لن", "لا", "سوف", "كان", "كانت"):
        k -= 1
    if k < first or view.entity_of[k] >= 0 or view.words[k] not in words().relatives:
        return None
    if view.words[k] in ("ما", "مما"):
        return None
    if view.words[k].startswith("وال"):  # والذي حل: said of what the relative before it speaks of
        earlier = next((j for j in range(k - 1, first, -1) if view.words[j] == view.words[k][1:]), -1)
        k = earlier if earlier > first else k
    k -= 1
    while k >= first and (view.comma[k] or view.date_of[k] >= 0 or view.words[k] in '")'):
        k -= 1
    j = k
    while j >= first and j > k - 5:
        if view.entity_of[j] >= 0:
            entity = view.entity_of[j]
            while j > first and view.entity_of[j - 1] == entity:
                j -= 1
            if view.entities[entity].kind == EntityKind.NAMED_EVENT:
                return []
            return [(entity, j)]
        if view.hard[j] or is_verb(view, j):
            break
        j -= 1
    # the verb's subject follows inside the clause: الجلسة التي عقدها المجلس
    return None


_OWN_WAW = ("وص", "وق", "وع", "وا", "وج", "فا", "فت")  # وصل, وقّع, وعد, واصل, وجّه, فاز, فتح


def _fronted(view: View, t: int) -> bool:
    """A subject stands before the verb: it follows a noun phrase without و or a conjunction."""
    first = view.sentence(t).first
    if t == first:
        return False
    word = view.words[t]
    # وقد, فقد aside a verb with a conjunction opens its own clause
    conjoined = word[:1] in "وف" and len(word) > 3 and word not in words().verbs and view.words[t - 1] != "قد"
    if conjoined and (view.comma[t - 1] or not word.startswith(_OWN_WAW)):
        return False
    k = t - 1
    while k > first and view.words[k] in ("قد", "لم", "لن", "لا", "سوف", "كان", "كانت", "ايضا", "بدوره"):
        k -= 1
    if view.hard[k] or view.words[k] in words().particles or view.words[k] in words().subordinators:
        return False
    return not is_verb(view, k)


def _noun(view: View, c: Candidate, after: list[Slot], memo: Memory, roles: Roles) -> dict[str, list[Item]]:
    """Arguments of a verbal noun: its genitive, its owner, and the subject of the verb that governs it."""
    t = c.token
    filled: dict[str, list[Item]] = {}
    bare = [s for s in after if not s.preposition]
    genitive: list[Item] = []
    if c.suffix or c.form & Form.OWNED:
        genitive = owner(view, t, c.suffix or _owner_suffix(view.words[t]))
    elif bare and not c.form & Form.DEFINITE:
        genitive = names(view, bare[0], memo)
        bare = bare[1:]
    if not genitive and not c.suffix and c.entry.frame.role("genitive") is Role.ACTOR:
        genitive = by_nisba(view, t)
    elif c.entry.frame.role("genitive") is Role.RECIPIENT:
        filled["subject"] = by_nisba(view, t)
    performer = performs(view, t)
    if performer >= 0:
        for slot in arguments(view, performer + 2, performer + 2 + REACH):
            items = names(view, slot, memo)
            if not slot.preposition and items and "subject" not in filled:
                filled["subject"] = items
                roles.firm = any(e >= 0 for e, _ in items)
            elif slot.preposition and items:
                filled.setdefault(slot.preposition, []).extend(items)
    verb = verb_before(view, t)
    agent: list[Item] = []
    if verb >= 0 and _governs(view, verb, t):
        between = [s for s in arguments(view, verb + 1, t) if not s.preposition]
        for slot in between:
            agent = names(view, slot, memo)
            if agent:
                break
        antecedent = _antecedent(view, verb)
        if not agent and antecedent:
            agent = antecedent
            roles.firm = any(e >= 0 for e, _ in agent)
        if not agent and view.words[verb].lstrip("وف") not in _PASSIVE_LIGHT:
            for slot in subject_before(view, verb) if _fronted(view, verb) else []:
                agent = names(view, slot, memo)
                if agent:
                    break
            if not agent and 0 <= view.sentence_of[t] - memo.subject_sentence <= 1 and verb > t - 4:
                agent = memo.subject
        if c.entry.frame.name == "match":
            filled["object"] = agent
        elif agent and not filled.get("subject"):
            filled["subject"] = agent
    if genitive:
        if (
            c.entry.frame.name == "visit"
            and all(e >= 0 and view.entities[e].kind is EntityKind.LOCATION for e, _ in genitive)
        ) or (
            filled.get("subject") and c.entry.frame.role("genitive") is Role.ACTOR and not c.form & Form.OWNED
        ):
            filled["object"] = genitive
        else:
            filled["genitive"] = genitive
    if bare:
        items = names(view, bare[0], memo)
        if items and "object" not in filled:
            filled["object"] = items
    return filled


def performs(view: View, t: int) -> int:
    """زيارة سيقوم بها, مباحثات أجراها: the verb behind the noun that says who does it, -1 without one."""
    for k in range(t + 1, min(view.sentence(t).last - 1, t + 5)):
        if view.hard[k] or view.comma[k]:
            return -1
        if view.words[k + 1] in ("بها", "به", "بهما") and is_verb(view, k):
            return k
    return -1


_ADJUNCTS = frozenset({
    "بعد", "قبل", "خلال", "عقب", "اثر", "منذ", "حول", "بشان", "بسبب", "اثناء", "رغم", "عن", "مع",
    "ضد", "اطار", "خلفيه", "بمناسبه", "هامش", "الي", "علي", "دون",
})  # fmt: skip


def _governs(view: View, verb: int, t: int) -> bool:
    """Whether the verb's subject also does what the noun says: قام بزيارة, تمكن من توقيف, نظّم وقفة."""
    if _calls(view, verb):
        return False
    word = view.words[verb]
    plain = word[1:] if word[0] in "وف" and len(word) > 3 else word
    if plain in words().reporting:
        return False
    previous = view.words[t - 1]
    light = plain in words().light_verbs
    if previous in _ADJUNCTS and not (light and previous == "علي"):
        return False
    return not (previous in ("في", "من") and not light)


def _owner_suffix(word: str) -> str:
    for suffix in ("هما", "ها", "هم", "ه"):
        if word.endswith(suffix):
            return suffix
    return ""


def _calls(view: View, verb: int) -> bool:
    """Verbs that ask for what follows: their subject is not the agent of it."""
    return any(v in words().called_verbs for v in variants(view.words[verb]))


def _assign(view: View, c: Candidate, filled: dict[str, list[Item]], roles: Roles) -> None:
    frame = c.entry.frame
    inner = ("subject", "object", "genitive")
    for key in (*inner, *(k for k in filled if k not in inner)):
        role = frame.role(key)
        if role is None:
            continue
        target = roles.actors if role is Role.ACTOR else roles.recipients
        for item in filled.get(key, ()):
            if item[0] >= 0 and view.entities[item[0]].kind is EntityKind.NAMED_EVENT and key not in inner:
                continue
            if (
                frame.name == "hold"
                and key == "genitive"
                and (item[0] < 0 or view.entities[item[0]].kind is EntityKind.LOCATION)
            ):
                continue
            if (
                key not in inner
                and item[0] >= 0
                and key in ("ب", "في")
                and view.entities[item[0]].kind is EntityKind.LOCATION
            ) and frame.name != "visit":
                continue
            if item not in target and all(n[0] != item[0] or item[0] < 0 for n in target):
                target.append(item)
    if frame.name == "match" and len(roles.actors) < 2:
        _opponents(view, c, roles)
    if frame.name == "visit":  # who goes to a city visits nobody; a country is its government
        roles.recipients = [
            r
            for r in roles.recipients
            if r[0] < 0
            or view.entities[r[0]].kind is not EntityKind.LOCATION
            or fold(view.entities[r[0]].name) in words().countries
            or _goal(roles, r[0])
        ]
    used = {e for e, _ in roles.actors if e >= 0}
    tokens = {k for _, k in roles.actors}
    roles.recipients = [r for r in roles.recipients if r[1] not in tokens and (r[0] < 0 or r[0] not in used)]


def _goal(roles: Roles, entity: int) -> bool:
    """Keep the goal of a journey as its place although it is nobody's government."""
    if roles.location < 0:
        roles.location = entity
    return False


def _opponents(view: View, c: Candidate, roles: Roles) -> None:
    """The sides of a match that the clause leaves to its sentence: the first two bodies named there."""
    sentence = view.sentence(c.token)
    for k in range(sentence.first, sentence.last):
        if len(roles.actors) >= 2:
            return
        if k in view.entity_end and view.kind(k) is EntityKind.ORGANIZATION:
            entity = view.entity_of[k]
            if all(e != entity for e, _ in roles.actors):
                roles.actors.append((entity, k))


def _where(view: View, after: list[Slot], roles: Roles, c: Candidate) -> int:
    """The place that في or ب governs in the clause, else in the sentence, else the goal of a visit."""
    for slot in after:
        if slot.preposition in ("في", "ب", "داخل", "وسط", "قرب"):
            for entity, _ in slot.entities:
                if view.entities[entity].kind is EntityKind.LOCATION:
                    return entity
    if c.entry.frame.name == "visit":
        for entity, _ in roles.recipients:
            if entity >= 0 and view.entities[entity].kind is EntityKind.LOCATION:
                return entity
    sentence = view.sentence(c.token)
    best, distance = -1, 10_000
    for k in range(sentence.first, sentence.last):
        if k in view.entity_end and view.kind(k) is EntityKind.LOCATION and governed(view, k):
            gap = abs(k - c.token) * (2 if k < c.token else 1)
            if gap < distance:
                best, distance = view.entity_of[k], gap
    return best


def governed(view: View, k: int) -> bool:
    """Whether the place at ``k`` stands behind في or ب, a common noun of places in between allowed."""
    if view.clitic(k).endswith("ب"):
        return True
    for j in range(k - 1, max(-1, k - 4), -1):
        word = view.words[j]
        if word in ("في", "وفي", "ب", "داخل"):
            return True
        bare = word[1:] if word[0] == "ب" else word
        if word[0] == "ب" and any(v in words().place_heads for v in variants(bare)):
            return True
        if not any(v in words().place_heads for v in variants(word)):
            return False
    return False


def _when(view: View, c: Candidate) -> int:
    """The date of the governing clause: the nearest one behind the trigger, else before it."""
    t = c.token
    sentence = view.sentence(t)
    for k in range(t + 1, sentence.last):
        if view.date_of[k] >= 0 and not is_bound(view, view.date_of[k]):
            return view.date_of[k]
        if view.hard[k] or (view.entity_of[k] < 0 and view.words[k] in words().subordinators):
            break
        if k > t + 2 and is_verb(view, k):
            break
    for k in range(t - 1, sentence.first - 1, -1):
        if view.date_of[k] >= 0 and not is_bound(view, view.date_of[k]):
            return view.date_of[k]
        if view.hard[k] or (view.entity_of[k] < 0 and view.words[k] in words().subordinators):
            break
        if k < t - 1 and is_verb(view, k) and c.verbal:
            break
    return -1


def participant(view: View, role: Role, item: Item) -> Participant:
    """A record from (entity, token); the head noun as written, clitics off, where no name stands."""
    entity, token = item
    tok = view.article.tokens[token]
    if entity >= 0:
        end = view.article.tokens[view.entity_end.get(token, token + 1) - 1].end
        return Participant(role, entity, view.entities[entity].name, (tok.start, end))
    end = _noun_phrase(view, token)
    text = view.article.text.text
    written = text[tok.start : end]
    word = view.words[token]
    if len(word) > 4 and word[0] in "وف" and not words().humans & {word, word.removeprefix("ال")}:
        written, word = written[1:], word[1:]
    if word.startswith("لل"):
        written = "ال" + written[2:]
    elif len(word) > 4 and word[0] in "بل" and word[1:3] == "ال":
        written = written[1:]
    return Participant(role, None, written, (tok.start, end))


def _noun_phrase(view: View, token: int) -> int:
    """Character behind the head noun and the adjectives and genitives that narrow it, three words at most."""
    tokens = view.article.tokens
    classes = words()
    end = token
    for k in range(token + 1, min(view.sentence(token).last, token + 4)):
        word = view.words[k]
        if tokens[k].kind is not TokenKind.WORD or view.date_of[k] >= 0:
            break
        if word in classes.prepositions or word in classes.adverbs or (word[0] in "وفبل" and len(word) > 3):
            break
        narrows = word.startswith("ال") or view.entity_of[k] >= 0 or word.endswith(("ي", "يه", "يين", "يون"))
        if not narrows or (view.entity_of[k] < 0 and breaks(view, k)):
            break
        end = k
    return tokens[end].end
