"""Who said what: direct speech in quotation marks and speech reported with أن / إن."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from flows.clean.normalize import fold
from flows.extract.events import clauses, reference, view_of
from flows.extract.events.context import View
from flows.extract.events.inflection import Form, conjugate, participle
from flows.extract.resources import read_yaml
from flows.records import Article, Entity, Office, Quotation, Span, TokenKind

__all__ = ["find_quotations"]

_SHORTEST = 3  # words of a direct quotation; fewer is a name or a term in quotation marks
_REACH = 14  # tokens between the verb and what it introduces


class _Verb(msgspec.Struct, forbid_unknown_fields=True):
    v: str
    i: str | None = None
    n: str | None = None


class _Data(msgspec.Struct, forbid_unknown_fields=True):
    verbs: list[_Verb]
    complementisers: frozenset[str]
    documents: frozenset[str]
    according: frozenset[str]


@cache
def _data() -> tuple[Mapping[str, int], frozenset[str]]:
    """Folded spellings of the verbs, and the folded complementisers."""
    data = read_yaml("quotation_verbs.yaml", _Data)
    forms: dict[str, int] = {}
    for verb in data.verbs:
        for spelling, form in conjugate(verb.v, verb.i).items():
            if not form & Form.JUSSIVE:  # يجب is "must", not the jussive of أجاب
                forms.setdefault(spelling, form)
        active = participle(verb.v, verb.i)
        if active:
            stem = active.removesuffix("ي")
            for spelling in (active + "ا", active + "ه", stem + "ين"):
                forms.setdefault(spelling, Form.PARTICIPLE)
    for spelling in ("قايلا", "قايله", "قايلين", "ذاكرا", "ذاكره", "كاتبا", "كاشفا", "كاشفه"):
        forms.setdefault(spelling, Form.PARTICIPLE)
    return forms, frozenset(map(fold, data.complementisers))


def find_quotations(
    article: Article, entities: Sequence[Entity], offices: Sequence[Office]
) -> tuple[Quotation, ...]:
    """Quotations in text order; ``quote`` spans exclude the marks.  Speakers that the clause does not name
    are carried over from the quotation before (وأضاف أن ...)."""
    view = view_of(article, entities, offices, ())
    memo = reference.memory(view)
    forms, complementisers = _data()
    out: list[Quotation] = []
    last_speaker: tuple[int | None, str] | None = None
    covered = -1
    for t in range(len(view.words)):
        if t < covered or view.entity_of[t] >= 0 or view.quoted[t]:
            continue
        form = _verb_form(view.words[t], forms)
        if form is None:
            continue
        opened = _opening(view, t, complementisers)
        if opened is None:
            continue
        start, end, direct = opened
        if end - start < _SHORTEST:
            continue
        speaker = _speaker(view, t, start, form, memo) or last_speaker
        if speaker is None:
            continue
        last_speaker = speaker
        tokens = article.tokens
        out.append(
            Quotation(
                speaker=speaker[0],
                speaker_text=speaker[1],
                verb=(tokens[t].start, tokens[t].end),
                quote=(tokens[start].start, tokens[end - 1].end),
                direct=direct,
            )
        )
        covered = start
    return tuple(out)


def _verb_form(word: str, forms: Mapping[str, int]) -> int | None:
    found = forms.get(word)
    if found is None and len(word) > 3 and word[0] in "وف":
        found = forms.get(word[1:])
    return found


def _opening(view: View, t: int, complementisers: frozenset[str]) -> tuple[int, int, bool] | None:
    """First and last token of what the verb at ``t`` introduces, and whether it is word for word."""
    sentence = view.sentence(t)
    for k in range(t + 1, min(sentence.last, t + 1 + _REACH)):
        word = view.words[k]
        if word == '"':
            end = _closing(view, k + 1)
            return None if end is None else (k + 1, end, True)
        if word in complementisers:
            begin = k + 1
            if begin < sentence.last and view.words[begin] == '"':
                end = _closing(view, begin + 1)
                if end is not None:
                    return begin + 1, end, True
            return k, _clause_end(view, k, sentence.last), False
        if word in {".", "!", "?", ";"}:
            return None
    return None


def _closing(view: View, start: int) -> int | None:
    """The token of the closing mark, which may stand some sentences on, or None without one."""
    last = (
        view.article.sentences[min(view.sentence_of[start] + 3, len(view.article.sentences) - 1)].last
        if start < len(view.words)
        else start
    )
    for k in range(start, last):
        if view.words[k] == '"':
            return k if k > start else None
    return None


def _clause_end(view: View, start: int, last: int) -> int:
    end = last
    while end > start and view.article.tokens[end - 1].kind is TokenKind.PUNCTUATION:
        end -= 1
    return end


def _speaker(
    view: View, t: int, start: int, form: int, memo: reference.Memory
) -> tuple[int | None, str] | None:
    """Entity (None without a name) and text of the verb's subject."""
    if not form & Form.PARTICIPLE:
        for slot in clauses.arguments(view, t + 1, start):
            if not slot.preposition:
                named = _first(view, reference.names(view, slot, memo))
                if named:
                    return named
    if t > view.sentence(t).first and not form & Form.PARTICIPLE:
        for slot in clauses.subject_before(view, t):
            named = _first(view, reference.names(view, slot, memo))
            if named:
                return named
    return None


def _first(view: View, names: Sequence[tuple[int, int]]) -> tuple[int | None, str] | None:
    for entity, token in names:
        if entity >= 0:
            return entity, view.entities[entity].name
        span: Span = (view.article.tokens[token].start, view.article.tokens[token].end)
        return None, view.article.text.text[span[0] : span[1]]
    return None
