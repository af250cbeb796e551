"""Who did it and to whom: the arguments of a trigger's clause, mapped to roles by its frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from flows.extract.events.candidates import Candidate
from flows.extract.events.context import View, variants, words
from flows.extract.events.inflection import Form
from flows.extract.events.lexicon import readings
from flows.records import EntityKind, EventType, Participant, Role, TokenKind

_VERBAL = Form.PERFECT | Form.IMPERFECT | Form.JUSSIVE
_REACH = 32


@dataclass(slots=True)
class Slot:
    """One argument: its preposition ('' for a bare one), the token of its head and the names in it."""

    preposition: str
    head: int
    end: int
    entities: list[tuple[int, int]] = field(default_factory=list)  # (entity, token)
    offices: list[int] = field(default_factory=list)  # entities known by their title only


@dataclass(slots=True)
class Roles:
    """What the clause says; entity -1 with a token stands for an unnamed participant."""

    actors: list[tuple[int, int]] = field(default_factory=list)
    recipients: list[tuple[int, int]] = field(default_factory=list)
    location: int = -1
    date: int = -1
    carried: bool = False


@cache
def _attached() -> frozenset[str]:
    return frozenset("بلك")


def ends_clause(view: View, t: int) -> bool:
    """Whether a new clause begins at ``t``: hard mark, subordinator, relative pronoun or finite verb."""
    if view.hard[t]:
        return True
    word = view.words[t]
    classes = words()
    if word in classes.subordinators or word in classes.relatives:
        return True
    if word in classes.reporting or word in classes.auxiliaries:
        return view.entity_of[t] < 0
    return is_verb(view, t)


def is_verb(view: View, t: int) -> bool:
    """Whether the token is a finite verb of the event lexicon and nothing else."""
    if view.entity_of[t] >= 0 or view.date_of[t] >= 0:
        return False
    found = readings(view.words[t])
    if not found:
        return _future(view.words[t])
    if any(r.form & Form.NOUN for r in found):
        return False
    return any(r.form & _VERBAL for r in found)


def _future(word: str) -> bool:
    return len(word) > 4 and word[:2] in ("سي", "ست") and not word.endswith("ه")


def arguments(view: View, start: int, reach: int = _REACH) -> list[Slot]:
    """The argument slots from ``start`` to the end of the clause, in order."""
    slots: list[Slot] = []
    last = min(view.sentence(start).last, start + reach) if start < len(view.words) else start
    classes = words()
    current: Slot | None = None
    preposition = ""
    coordinated = False
    t = start
    while t < last:
        if view.date_of[t] >= 0:
            t += 1
            continue
        if view.hard[t] and view.words[t] not in '"':
            break
        word = view.words[t]
        if view.comma[t]:
            nxt = t + 1
            if nxt < last and not _continues(view, nxt, current):
                current, preposition = None, ""
            t = nxt
            continue
        if view.article.tokens[t].kind is TokenKind.PUNCTUATION:
            t += 1
            continue
        entity = view.entity_of[t]
        if entity >= 0:
            end = view.entity_end.get(t, t + 1)
            clitic = view.clitic(t)
            joins = clitic.startswith("و") or coordinated
            bare = clitic.lstrip("وف")
            if bare:
                current, preposition = None, bare
            if current is None or (
                not joins and _separate(view, current, entity) and not bare and not preposition_open(current)
            ):
                current = Slot(preposition, t, end)
                slots.append(current)
            current.entities.append((entity, t))
            current.end = end
            coordinated = False
            preposition = current.preposition
            t = end
            continue
        if word in classes.subordinators or word in classes.relatives or word in classes.reporting:
            break
        if is_verb(view, t):
            break
        conjoined = word[:1] == "و" and len(word) > 2
        if word == "و":
            coordinated = True
            t += 1
            continue
        plain = word[1:] if conjoined and word[1:] in classes.prepositions else word
        if plain in classes.prepositions:
            current, preposition = None, plain
            t += 1
            continue
        if (
            word[:1] in _attached()
            and len(word) > 3
            and word.startswith(("بال", "لل", "ب", "ل"))
            and _noun_after(word)
        ):
            current, preposition = None, word[0]
            current = Slot(preposition, t, t + 1)
            slots.append(current)
            _title(view, t, current)
            t += 1
            continue
        if current is None:
            current = Slot(preposition, t, t + 1)
            slots.append(current)
        elif not preposition_open(current) and _new_argument(view, current, t):
            current = Slot("", t, t + 1)
            slots.append(current)
        _title(view, t, current)
        current.end = t + 1
        t += 1
    return slots


def preposition_open(slot: Slot) -> bool:
    """A prepositional slot without a name yet still takes the words that follow."""
    return bool(slot.preposition) and not slot.entities


def _noun_after(word: str) -> bool:
    return word.startswith(("بال", "لل")) or any(
        v in words().person_heads or v in words().body_heads for v in variants(word)
    )


def _title(view: View, t: int, slot: Slot) -> None:
    for office in view.persons_by_office.get(t, ()):
        slot.offices.append(view.offices[office].person)


def _continues(view: View, t: int, current: Slot | None) -> bool:
    """Behind a comma: does the argument before it go on (apposition or list)?"""
    if current is None:
        return False
    return view.words[t][:1] == "و" and view.entity_of[t] >= 0


def _separate(view: View, slot: Slot, entity: int) -> bool:
    """Two names without a conjunction are two arguments unless one explains the other."""
    if not slot.entities:
        return False
    before = view.entities[slot.entities[-1][0]].kind
    after = view.entities[entity].kind
    if before is EntityKind.LOCATION and after is EntityKind.PERSON:
        return False  # رئيس فرنسا ماكرون
    return not (before is EntityKind.ORGANIZATION and after is not EntityKind.ORGANIZATION)


def _new_argument(view: View, slot: Slot, t: int) -> bool:
    """A definite title noun behind a complete name starts the next argument (subject, then object)."""
    word = view.words[t]
    classes = words()
    if not slot.entities:
        return False
    return (
        any(
            v in classes.person_heads or v in classes.body_heads or v in classes.collective_heads
            for v in variants(word)
        )
        and word[:1] != "و"
    )


def names(view: View, slot: Slot) -> list[tuple[int, int]]:
    """The participants of a slot: persons before the bodies and places that only qualify them."""
    found = slot.entities
    if not found:
        if slot.offices:
            return [(p, slot.head) for p in dict.fromkeys(slot.offices)]
        head = view.words[slot.head]
        if any(v in words().non_participants for v in variants(head)):
            return []
        return [(-1, slot.head)]
    head_is_name = slot.head == found[0][1]
    out: list[tuple[int, int]] = []
    persons = [x for x in found if view.entities[x[0]].kind is EntityKind.PERSON]
    if persons and not head_is_name:
        return persons
    if not head_is_name and slot.offices:
        return [(p, slot.head) for p in dict.fromkeys(slot.offices)]
    previous: tuple[int, int] | None = None
    for item in found:
        kind = view.entities[item[0]].kind
        if kind is EntityKind.LOCATION and previous is not None and not _conjoined(view, item[1]):
            continue
        out.append(item)
        previous = item
    if not head_is_name and out and view.entities[out[0][0]].kind is EntityKind.LOCATION:
        head = view.words[slot.head]
        if any(v in words().non_participants for v in variants(head)):
            return out
        if any(v in _PLACE_HEADS for v in variants(head)):
            return out
        return [(-1, slot.head)]
    return out


_PLACE_HEADS = frozenset(
    {"مدينه", "دوله", "جمهوريه", "مملكه", "منطقه", "اقليم", "جهه", "بلاد", "عاصمه", "ولايه", "محافظه", "قريه"}
)


def _conjoined(view: View, t: int) -> bool:
    return view.clitic(t).startswith("و") or (t > 0 and view.words[t - 1] == "و")


def subject_before(view: View, t: int) -> tuple[list[tuple[int, int]], int]:
    """Names of a subject that stands before its verb (SVO), and the token where it begins."""
    first = view.sentence(t).first
    k = t - 1
    end = t
    while k >= first and k > t - 24:
        if view.hard[k]:
            break
        word = view.words[k]
        if word in words().relatives and view.entity_of[k] < 0:
            break
        if word in words().subordinators and view.entity_of[k] < 0:
            break
        if is_verb(view, k) or word in words().reporting:
            break
        if view.comma[k] and k < t - 1 and not (view.entity_of[k + 1] >= 0 and _conjoined(view, k + 1)):
            break
        end = k
        k -= 1
    slots = arguments_between(view, end, t)
    for slot in slots:
        if not slot.preposition:
            return names(view, slot), slot.head
    return [], -1


def arguments_between(view: View, a: int, b: int) -> list[Slot]:
    return [s for s in arguments(view, a, b - a) if s.head < b] if a < b else []


def resolve(view: View, c: Candidate) -> Roles:
    """Actors, recipients, place and date of a candidate from its own clause."""
    roles = Roles()
    t = c.token
    slots = arguments(view, t + 1)
    frame = c.entry.frame
    bare = [s for s in slots if not s.preposition]
    filled: dict[str, list[tuple[int, int]]] = {}
    if c.verbal:
        passive = bool(c.form & Form.PASSIVE)
        relative = _relative_subject(view, t)
        before: list[tuple[int, int]] = []
        if relative is not None:
            before = relative
        elif not bare or c.form & (Form.PARTICIPLE) or _svo(view, t):
            before, _ = subject_before(view, t)
        if before:
            filled["subject"] = before
            if bare:
                filled["object"] = names(view, bare[0])
        else:
            if bare:
                filled["subject"] = names(view, bare[0])
            if len(bare) > 1:
                filled["object"] = names(view, bare[1])
        if passive:
            filled["object"] = filled.pop("subject", [])
    else:
        own = [s for s in bare if s.head <= t + 3 and not c.suffix]
        if own:
            filled["genitive"] = names(view, own[0])
            if len(bare) > 1:
                filled["object"] = names(view, bare[1])
        if c.light >= 0:
            between = arguments_between(view, c.light + 1, t)
            agent = [s for s in between if not s.preposition]
            if agent and view.words[c.light] not in _PASSIVE_LIGHT:
                filled["subject"] = names(view, agent[0])
            elif view.words[c.light] not in _PASSIVE_LIGHT:
                before, _ = subject_before(view, c.light)
                filled["subject"] = before
    for slot in slots:
        if slot.preposition:
            filled.setdefault(slot.preposition, []).extend(names(view, slot))
    _assign(view, c, frame.roles, filled, roles)
    _where(view, slots, roles, c)
    roles.date = _when(view, t)
    return roles


_PASSIVE_LIGHT = frozenset(
    {"تم", "تمت", "يتم", "تتم", "جري", "جرت", "يجري", "تجري", "سيتم", "ستتم", "وتم", "وتمت"}
)
_AGENTS = ("من طرف", "من قبل")


def _svo(view: View, t: int) -> bool:
    """A subject before the verb: the verb follows a noun phrase that opens the clause or the title."""
    first = view.sentence(t).first
    if t == first:
        return False
    previous = view.words[t - 1]
    if view.hard[t - 1] or view.comma[t - 1]:
        return False
    classes = words()
    if previous in classes.relatives:
        return True
    if view.words[t][:1] == "و" and len(view.words[t]) > 3:
        return False
    if previous in classes.subordinators or previous in {
        "قد",
        "وقد",
        "لم",
        "لن",
        "لا",
        "ان",
        "سوف",
        "كما",
        "و",
    }:
        return previous in {"قد", "لم", "لن", "لا", "سوف"} and t - 2 >= first and view.entity_of[t - 2] >= 0
    return True


def _relative_subject(view: View, t: int) -> list[tuple[int, int]] | None:
    """The antecedent of a relative clause whose verb stands right behind الذي / التي."""
    first = view.sentence(t).first
    k = t - 1
    if k >= first and view.words[k] in {"قد", "لم", "لن", "لا", "سوف"}:
        k -= 1
    if k < first or view.words[k] not in words().relatives:
        return None
    if view.words[k] in {"ما", "مما"}:
        return None
    k -= 1
    while k >= first and (view.comma[k] or view.date_of[k] >= 0):
        k -= 1
    # the nearest name before the pronoun, together with what is coordinated with it
    j = k
    while j >= first and j > k - 8:
        if view.entity_of[j] >= 0:
            start = j
            while start > first and view.entity_of[start - 1] == view.entity_of[j]:
                start -= 1
            return [(view.entity_of[start], start)]
        if view.hard[j] or is_verb(view, j):
            break
        j -= 1
    return [(-1, k)] if k >= first and view.article.tokens[k].kind is TokenKind.WORD else []


def _assign(
    view: View, c: Candidate, table: object, filled: dict[str, list[tuple[int, int]]], roles: Roles
) -> None:
    frame = c.entry.frame
    for key, names in filled.items():
        role = frame.role(key)
        if role is None:
            continue
        target = roles.actors if role is Role.ACTOR else roles.recipients
        for name in names:
            if key not in {"subject", "object", "genitive"} and name[0] < 0 and role is Role.ACTOR:
                continue
            if name[0] < 0 and any(v in words().non_participants for v in variants(view.words[name[1]])):
                continue
            if name not in target and all(n[0] != name[0] or name[0] < 0 for n in target):
                target.append(name)
    used = {e for e, _ in roles.actors if e >= 0}
    roles.recipients = [r for r in roles.recipients if r[0] < 0 or r[0] not in used]


def _where(view: View, slots: list[Slot], roles: Roles, c: Candidate) -> None:
    """The place that في or ب governs in the clause."""
    for slot in slots:
        if slot.preposition in {"في", "ب", "داخل", "وسط", "قرب"}:
            for entity, _ in slot.entities:
                if view.entities[entity].kind is EntityKind.LOCATION:
                    roles.location = entity
                    roles.recipients = [
                        r for r in roles.recipients if r[0] != entity or c.entry.frame.name == "visit"
                    ]
                    return
    if c.entry.frame.name == "visit":
        for entity, _ in roles.recipients:
            if entity >= 0 and view.entities[entity].kind is EntityKind.LOCATION:
                roles.location = entity
                return
    first = view.sentence(c.token).first
    for k in range(c.token - 1, max(first, c.token - 12) - 1, -1):
        if view.hard[k]:
            return
        if (
            view.entity_of[k] >= 0
            and view.kind(k) is EntityKind.LOCATION
            and k in view.entity_end
            and (
                view.clitic(k).endswith("ب") or (k > first and view.words[k - 1] in {"في", "بمدينه", "مدينه"})
            )
        ):
            roles.location = view.entity_of[k]
            return


def _when(view: View, t: int) -> int:
    """The date nearest to the trigger within its sentence's clauses; behind it before in front of it."""
    sentence = view.sentence(t)
    for k in range(t + 1, sentence.last):
        if view.hard[k] or view.words[k] in words().subordinators or (k > t + 3 and is_verb(view, k)):
            break
        if view.date_of[k] >= 0:
            return view.date_of[k]
    for k in range(t - 1, sentence.first - 1, -1):
        if view.hard[k] or view.words[k] in words().subordinators or is_verb(view, k):
            break
        if view.date_of[k] >= 0:
            return view.date_of[k]
    return -1


def participant(view: View, role: Role, item: tuple[int, int]) -> Participant:
    """A record from (entity, token); the head noun's clean spelling without clitics where no name stands."""
    entity, token = item
    tok = view.article.tokens[token]
    if entity >= 0:
        end = view.article.tokens[view.entity_end.get(token, token + 1) - 1].end
        return Participant(role, entity, view.entities[entity].name, (tok.start, end))
    start, end = tok.start, tok.end
    word = view.words[token]
    if (word[:1] in "بل" and len(word) > 4 and (word[1:3] == "ال" or word.startswith("لل"))) or (
        word[:1] == "و" and len(word) > 3
    ):
        start += 1
    return Participant(role, None, view.article.text.text[start:end], (start, end))


def event_kinds_without_recipient(kind: EventType) -> bool:
    """Types for which the annotation gives no recipient."""
    return kind in {EventType.HOLD, EventType.DIE, EventType.VOTE}
