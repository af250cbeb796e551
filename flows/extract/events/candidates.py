"""Words of an article that may evoke an event: lexicon readings whose conditions hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flows.extract.events.context import View, variants, words
from flows.extract.events.inflection import Form
from flows.extract.events.lexicon import Entry, Reading, readings
from flows.records import TokenKind

_VERBAL = Form.PERFECT | Form.IMPERFECT | Form.JUSSIVE
_VERB_WINDOW = 11
_NOUN_WINDOW = 5
_LIGHT_WINDOW = 6


class Candidate(NamedTuple):
    """One token read as evoking one entry's event."""

    token: int
    entry: Entry
    form: int
    verbal: bool  # finite verb or adverbial participle; else a noun
    required: int  # token that met the entry's condition, -1 without one
    light: int  # token of the light verb before a verbal noun (تم توقيع), -1 without one
    suffix: str  # the pronoun that was cut off


def candidates(view: View) -> Iterator[Candidate]:
    """All readings with their conditions met, by token; several of one token are alternatives."""
    kinds = view.article.tokens
    folded = view.words
    word_kind = TokenKind.WORD
    never = words().never
    for t, word in enumerate(folded):
        if kinds[t].kind is not word_kind or view.date_of[t] >= 0:
            continue
        if word in never:
            continue
        if word.endswith("احداث") and "أ" in view.article.text.text[kinds[t].start : kinds[t].end]:
            continue  # أحداث are happenings, إحداث is founding; folding has made them one
        found = readings(word)
        if not found:
            continue
        found = tuple(r for r in found if not r.form & _VERBAL or _verb_fits(view, t, r))
        if view.entity_of[t] >= 0 and not _inside_name_allowed(view, t):
            continue
        yield from _at(view, t, found)


def _inside_name_allowed(view: View, token: int) -> bool:
    """Names of tournaments and conferences may evoke their holding with their first word."""
    kind = view.kind(token)
    return kind is not None and kind.value == "NAMED_EVENT" and token in view.entity_end


def _at(view: View, t: int, found: tuple[Reading, ...]) -> Iterator[Candidate]:
    as_noun = noun_reading(view, t, found)
    for reading in found:
        form = reading.form
        verb = bool(form & _VERBAL)
        noun = bool(form & Form.NOUN)
        part = bool(form & Form.PARTICIPLE)
        if verb and noun:
            verb, noun = not as_noun, as_noun
        elif (verb and as_noun and any(r.form & Form.NOUN for r in found)) or (
            noun and not as_noun and any(r.form & _VERBAL for r in found)
        ):
            continue
        if part and not verb and not noun and not _adverbial(view, t, form):
            continue
        entry = reading.entry
        required = -1
        window = _NOUN_WINDOW if noun else _VERB_WINDOW
        if entry.requires:
            required = _find(view, t, window, entry.requires)
            if required < 0:
                continue
        if entry.forbids and _find(view, t, min(window, 4), entry.forbids) >= 0:
            continue
        if entry.before and not _stands_before(view, t, entry.before):
            continue
        light = _light_verb(view, t) if noun else -1
        yield Candidate(t, entry, form, not noun, required, light, reading.suffix)


def noun_reading(view: View, t: int, found: tuple[Reading, ...]) -> bool:
    """Whether an unvowelled word that may be verb or noun (قتل, دعم, حكم) is the noun here."""
    if any(r.form & (Form.DEFINITE | Form.CLITIC) and r.form & Form.NOUN for r in found):
        return True
    if view.article.text.text[view.article.tokens[t].end - 1] == "ة":
        return True
    first = view.sentence(t).first
    k = t - 1
    while k >= first and view.words[k] in ('"', "'", "("):
        k -= 1
    if k < first:
        # headlines and sentences start with a verb or with a noun; the word after decides
        nxt = view.words[t + 1] if t + 1 < len(view.words) else ""
        if nxt.endswith("ون"):
            return False  # فتح مسلحون النار: a nominative is a subject, no genitive
        imperfect = any(r.form & Form.IMPERFECT for r in found)
        return not imperfect and bool(nxt) and not nxt.startswith("ال") and view.entity_of[t + 1] < 0
    previous = view.words[k]
    if previous in words().prepositions or previous in words().same_words:
        return True
    if previous in _BEFORE_VERBS or view.article.tokens[k].kind is not TokenKind.WORD:
        return False
    if previous in words().light_verbs:
        return True
    # a bare noun right before makes a genitive (عملية قتل); after a definite noun or a name a verb follows
    return not (previous.startswith(("ال", "وال", "لل", "بال")) or view.entity_of[k] >= 0)


_BEFORE_VERBS = frozenset({
    "ان", "قد", "وقد", "لم", "لن", "لا", "الذي", "التي", "الذين", "سوف", "كما", "حيث", "ما", "ولم",
    "ولن", "عندما", "بعدما", "انه", "انها", "فقد", "كان", "كانت", "ثم", "و", "حين", "والذي",
    "والتي",
})  # fmt: skip


def _verb_fits(view: View, t: int, reading: Reading) -> bool:
    """Jussives stand behind لم or لا; a final ة is no object pronoun."""
    if reading.form & Form.NOUN and not reading.suffix:
        return True
    if reading.form & Form.JUSSIVE and (t == 0 or view.words[t - 1] not in _BEFORE_JUSSIVE):
        return False
    end = view.article.tokens[t].end
    return not (reading.suffix == "ه" and view.article.text.text[end - 1] == "ة")


_BEFORE_JUSSIVE = frozenset({"لم", "ولم", "فلم", "الم"})


def _adverbial(view: View, t: int, form: int) -> bool:
    """Participles count where they are predicates: indefinite accusative, or behind a comma."""
    word = view.words[t]
    if form & (Form.DEFINITE | Form.CLITIC):
        return False
    if word.endswith("ا"):
        return True
    return t > 0 and (view.comma[t - 1] or view.hard[t - 1])


def _find(view: View, t: int, window: int, wanted: frozenset[str]) -> int:
    """The first token within ``window`` behind t, inside the clause, that is one of ``wanted``."""
    last = view.sentence(t).last
    stop = min(last, t + 1 + window)
    for k in range(t + 1, stop):
        if view.hard[k]:
            return -1
        for variant in variants(view.words[k]):
            if variant in wanted:
                return k
        first = view.words[k][:1]
        if first in "بل" and first in wanted and len(view.words[k]) > 3 and view.entity_of[k] >= 0:
            return k
    return -1


def _stands_before(view: View, t: int, wanted: frozenset[str]) -> bool:
    first = view.sentence(t).first
    return any(variant in wanted for k in range(max(first, t - 5), t) for variant in variants(view.words[k]))


def _light_verb(view: View, t: int) -> int:
    """The light verb that governs a verbal noun (تم توقيع, قام بزيارة), -1 without one."""
    light = words().light_verbs
    first = max(view.sentence(t).first, t - _LIGHT_WINDOW)
    for k in range(t - 1, first - 1, -1):
        if view.hard[k] or view.comma[k]:
            return -1
        word = view.words[k]
        if word in light or (word[:1] in "وف" and word[1:] in light):
            return k
    return -1
