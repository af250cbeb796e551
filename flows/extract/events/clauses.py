"""Clauses and their argument slots: what stands behind (or before) a trigger, by preposition."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from flows.extract.events.context import View, names_people, running, variants, words
from flows.extract.events.inflection import Form
from flows.extract.events.lexicon import readings
from flows.records import EntityKind, TokenKind

_VERBAL = Form.PERFECT | Form.IMPERFECT | Form.JUSSIVE
REACH = 34  # tokens behind a trigger that may still be its arguments


_MANNER = frozenset({"بشكل", "بصفه", "بصوره", "بطريقه", "بكيفيه"})
AUXILIARIES = frozenset({"قد", "لم", "لن", "لا", "سوف", "كان", "كانت", "ايضا", "بدوره", "بدورها", "قدما"})


@dataclass(slots=True)
class Slot:
    """One argument: its preposition ('' for a bare one), the token of its head and the names in it."""

    preposition: str
    head: int
    end: int
    entities: list[tuple[int, int]] = field(default_factory=list)  # (entity, token)
    offices: list[int] = field(default_factory=list)  # persons whose title stands here
    heads: list[int] = field(default_factory=list)  # coordinated nouns without a name, the head included


def is_verb(view: View, t: int) -> bool:
    """Whether the token is a finite verb (of the lexicon or a closed class) and can be nothing else."""
    return view.verbs[t]


def mark_verbs(view: View) -> None:
    """Fill ``view.verbs`` and ``view.verbs_before``."""
    view.verbs = [
        e < 0 and d < 0 and _only_verb(w)
        for e, d, w in zip(view.entity_of, view.date_of, view.words, strict=True)
    ]
    view.verbs_before = running(view.verbs)


@lru_cache(maxsize=1 << 16)
def _only_verb(word: str) -> bool:
    classes = words()
    plain = word[1:] if len(word) > 3 and word[0] in "وف" else word
    if word in classes.verbs or plain in classes.verbs:
        return True
    found = readings(word)
    if not found:
        return _future(plain)
    if any(r.form & (Form.NOUN | Form.PARTICIPLE) for r in found):
        return False
    return any(r.form & _VERBAL for r in found)


def _future(word: str) -> bool:
    return len(word) > 4 and word[:2] in ("سي", "ست") and word[-1] not in "هة"


def opens_phrase(view: View, t: int) -> bool:
    """An adverbial participle that begins a clause of its own: مشيدا, معتبرة."""
    word = view.words[t]
    if word in words().participles:
        return True
    if t == 0 or not view.comma[t - 1]:
        return False
    return any(r.form & Form.PARTICIPLE and not r.form & (Form.DEFINITE | Form.NOUN) for r in readings(word))


def breaks(view: View, t: int) -> bool:
    """Whether a clause ends before ``t``: subordinator, relative pronoun, verb or adverbial participle."""
    if view.entity_of[t] >= 0:
        return False
    word = view.words[t]
    classes = words()
    return (
        word in classes.subordinators
        or word in classes.relatives
        or is_verb(view, t)
        or opens_phrase(view, t)
    )


def arguments(view: View, start: int, stop: int, *, commas: bool = True) -> list[Slot]:
    """The argument slots of tokens [start, stop), up to the end of the clause.

    ``commas``: a comma does not end the clause (a verb may wait for its object behind an adverbial).
    """
    slots: list[Slot] = []
    if start >= len(view.words):
        return slots
    stop = min(stop, view.sentence(start).last)
    classes = words()
    current: Slot | None = None
    preposition = ""
    coordinated = quantified = False
    depth = crossed = 0
    t = start
    while t < stop:
        word = view.words[t]
        if view.article.tokens[t].kind is TokenKind.PUNCTUATION:
            if word == "(":
                depth += 1
            elif word == ")":
                depth = max(0, depth - 1)
            elif view.hard[t]:
                break
            elif view.comma[t]:
                goes_on = t + 1 < stop and _list_goes_on(view, t + 1, current)
                if not goes_on:
                    crossed += 1
                    if not commas or crossed > 2:
                        break
                    current, preposition = None, ""
            t += 1
            continue
        if depth or view.date_of[t] >= 0:
            t += 1
            continue
        entity = view.entity_of[t]
        if entity >= 0:
            end = view.entity_end.get(t, t + 1)
            clitic = view.clitic(t)
            joins = coordinated or clitic[:1] in ("و", "ف")
            bare = clitic.lstrip("وف")
            if not clitic and view.kind(t) is EntityKind.PERSON and _behind_title(view, slots):
                current = slots[-2]  # السفير لدى فرنسا فلان: the name explains the title
                current.entities.append((entity, t))
                current.end = end
                coordinated = quantified = False
                preposition = ""
                t = end
                continue
            if bare and current is not None and _complements_title(view, current, entity, bare):
                current.end = end
                t = end
                continue
            if bare:
                current = Slot(bare, t, end)
                slots.append(current)
            elif current is None or (
                not joins and (_separate(view, current, entity) or _closed(view, current, t))
            ):
                current = Slot(preposition, t, end)
                slots.append(current)
            current.entities.append((entity, t))
            current.end = end
            coordinated = quantified = False
            preposition = ""
            t = end
            continue
        if t > start and breaks(view, t):
            break
        if t == start and (word in classes.subordinators or word in classes.relatives):
            break
        if word in ("و", "او", "ام"):
            coordinated = True
            t += 1
            continue
        plain = word[1:] if word[0] in "وف" and word[1:] in classes.prepositions else word
        if plain in classes.prepositions:
            if not (quantified and plain == "من"):
                current, preposition = None, plain
            t += 1
            continue
        if (
            any(v in classes.quantifiers for v in variants(word))
            or view.article.tokens[t].kind is TokenKind.NUMBER
        ):
            quantified = True
            letter = word[0]
            if letter in "بل" and len(word) > 3 and word[1:] in classes.quantifiers:
                current, preposition = None, letter
            t += 1
            continue
        if word in _MANNER:
            t += 2  # بشكل مشترك
            continue
        if word in classes.adverbs or any(v in classes.adverbs for v in variants(word)):
            t += 1
            continue
        if word[0] == "ب" and len(word) > 4 and t + 1 < stop and _deed(word):
            current, preposition = None, "ب"  # أشاد بمساهمة فلان: whose deed it is counts
            t += 1
            continue
        attached = _attached(word)
        if attached == "ل" and current is not None and not current.entities and _titled(view, current):
            current.end = t + 1  # المديرة العامة للأمن الداخلي
            t += 1
            continue
        if attached:
            current = Slot(attached, t, t + 1, heads=[t])
            slots.append(current)
            preposition = ""
        elif current is None:
            current = Slot(preposition, t, t + 1, heads=[t])
            slots.append(current)
            preposition = ""
        elif (coordinated or (word[0] == "و" and len(word) > 3)) and human(view, t):
            current.heads.append(t)
        elif not current.preposition and current.entities and human(view, t):
            current = Slot("", t, t + 1, heads=[t])
            slots.append(current)
        behind = t + 1
        for office in view.persons_by_office.get(t, ()):
            current.offices.append(view.offices[office].person)
            behind = max(behind, min(stop, view.office_end[office]))
        current.end = behind
        coordinated = quantified = False
        t = behind
    return slots


def _complements_title(view: View, slot: Slot, entity: int, preposition: str) -> bool:
    """الأمين العام للحزب, السفير بباريس: a body or place that belongs to the title before it."""
    if preposition not in ("ل", "ب") or view.entities[entity].kind is EntityKind.PERSON or slot.entities:
        return False
    return _titled(view, slot)


def _behind_title(view: View, slots: list[Slot]) -> bool:
    """Whether the last slot is the body or place that a title without a name before it belongs to."""
    if len(slots) < 2:
        return False
    title, last = slots[-2:]
    return (
        last.preposition in _OF_TITLES
        and not title.entities
        and bool(last.entities)
        and view.entities[last.entities[-1][0]].kind is not EntityKind.PERSON
        and view.marks_before[last.end] == view.marks_before[title.head]
        and (human(view, title.head) or (not title.preposition and view.words[title.head].startswith("ال")))
    )


_OF_TITLES = frozenset({"لدي", "ل", "ب", "في", "علي", "عن"})


def _titled(view: View, slot: Slot) -> bool:
    """Whether the slot begins with the noun of an office: المدير, وزير."""
    heads = words().person_heads
    return any(v in heads for v in variants(view.words[slot.head]))


@lru_cache(maxsize=1 << 14)
def _deed(word: str) -> bool:
    """Whether the word is بـ with a verbal noun of the lexicon."""
    return any(r.prefix == "ب" and r.form & Form.NOUN and not r.form & Form.OWNED for r in readings(word))


def _attached(word: str) -> str:
    """The preposition written onto a common noun: بـ, لـ before the article or before a human noun."""
    if len(word) > 4 and word.startswith(("بال", "لل")):
        return word[0]
    if len(word) > 4 and word[0] in "بل" and names_people(word[1:]):
        return word[0]
    return ""


def _list_goes_on(view: View, t: int, current: Slot | None) -> bool:
    """Behind a comma: does the list or apposition before it go on with وَ or a name?"""
    if current is None:
        return False
    if view.words[t][:1] == "و" and (view.entity_of[t] >= 0 or human(view, t)):
        return True
    if view.entity_of[t] >= 0 and not view.clitic(t):
        # رئيس الحكومة، فلان: a name that explains; or the next of a list of names
        kind = view.kind(t)
        return not current.entities or view.entities[current.entities[-1][0]].kind is kind
    return human(view, t) and bool(current.entities) and t in view.persons_by_office


def _separate(view: View, slot: Slot, entity: int) -> bool:
    """Two names without a conjunction are two arguments unless one explains the other."""
    if not slot.entities:
        return False
    before = view.entities[slot.entities[-1][0]].kind
    after = view.entities[entity].kind
    if after is EntityKind.LOCATION:
        return before is EntityKind.PERSON
    if after is EntityKind.PERSON:
        # رئيس حكومة فرنسا فلان: places and bodies before a person belong to the title
        return before is EntityKind.PERSON or slot.head == slot.entities[0][1]
    return before is not EntityKind.LOCATION


def _closed(view: View, slot: Slot, t: int) -> bool:
    """Whether the common noun before a place or body cannot govern it: it is definite or keeps its ن."""
    if slot.entities or slot.preposition or view.kind(t) is EntityKind.PERSON:
        return False
    word = view.words[t - 1]
    if view.entity_of[t - 1] >= 0 or not human(view, slot.head) or _titled(view, slot):
        return False
    return word.startswith(("ال", "وال")) or (len(word) > 5 and word.endswith(("ون", "ين")))


def human(view: View, t: int) -> bool:
    """Whether the token is a common noun of people or of a body that can act."""
    return names_people(view.words[t])


def subject_before(view: View, t: int) -> list[Slot]:
    """The slots of the noun phrase that stands before the verb at ``t`` (SVO), nearest clause only."""
    first = view.sentence(t).first
    begin = t
    k = t - 1
    while k >= first and view.words[k] in AUXILIARIES:
        k -= 1
    begin = stop = k + 1
    while k >= first and k > t - 26:
        if view.hard[k] or (view.article.tokens[k].kind is TokenKind.PUNCTUATION and view.words[k] == "-"):
            break
        if view.entity_of[k] < 0 and (breaks(view, k) or view.words[k] in words().particles):
            break
        begin = k
        k -= 1
    if begin == stop:
        return []
    slots = arguments(view, begin, stop)
    return [s for s in slots if not s.preposition and s.head < stop]


def verb_before(view: View, t: int, reach: int = 12) -> int:
    """The finite verb that governs the noun at ``t`` from inside the clause, -1 without one."""
    first = max(view.sentence(t).first, t - reach)
    for k in range(t - 1, first - 1, -1):
        if view.hard[k]:
            return -1
        if view.entity_of[k] >= 0:
            continue
        word = view.words[k]
        if word in words().relatives or word in words().subordinators:
            return -1
        if (
            is_verb(view, k)
            or word in words().light_verbs
            or (word[:1] in "وف" and word[1:] in words().light_verbs)
        ):
            return k
    return -1
