"""What a statistical engine proposes, as candidates beside those of lists and rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flows.extract.engines import NameEngine, TokenLabel
from flows.extract.gazetteer import gazetteer
from flows.extract.name_lexicon import name_context, name_units, rule_words
from flows.extract.name_words import Words, clitic_lengths
from flows.extract.noun_phrases import nisbas, organization_heads
from flows.extract.people import OfficeTokens
from flows.extract.places import place_words
from flows.records import EntityKind

_KINDS = {k.value: k for k in EntityKind}


class Candidate(NamedTuple):
    """A possible name; ``start`` leaves clitics out, tokens first..last hold it."""

    first: int
    last: int
    start: int
    end: int
    kind: EntityKind
    score: float
    method: str


def engine_candidates(words: Words, engine: NameEngine) -> list[Candidate]:
    """The engine's names with the mean probability of their words as score."""
    article = words.article
    text = article.text.text
    sentences = [s for s in article.sentences if s.last > s.first]
    tokens = [[text[words.start[i] : words.end[i]] for i in range(s.first, s.last)] for s in sentences]
    found: list[Candidate] = []
    for sentence, labels in zip(sentences, engine.label(tokens), strict=True):
        found += _spans(words, sentence.first, labels, engine.name)
    return found


def _spans(words: Words, offset: int, labels: Sequence[TokenLabel], method: str) -> list[Candidate]:
    found: list[Candidate] = []
    i = 0
    while i < len(labels):
        if labels[i].label == "O":
            i += 1
            continue
        kind = labels[i].label[2:]
        j = i + 1
        while j < len(labels) and labels[j].label == "I-" + kind:
            j += 1
        first, last = offset + i, offset + j - 1
        score = sum(label.probability for label in labels[i:j]) / (j - i)
        while first < last and not words.is_word[first] and words.text[first] in _QUOTES:
            first += 1
        while last > first and not words.is_word[last] and words.text[last] in _QUOTES:
            last -= 1
        for head, tail in _by_script(words, first, last):
            clitic = _clitic(words, head, tail, labels[i] if head == offset + i else None)
            if words.end[head] - words.start[head] > clitic and _is_name(words, head, tail, clitic, kind):
                span = words.span(head, tail, clitic)
                found.append(Candidate(head, tail, *span, _KINDS[kind], score, method))
        i = j
    return found


_QUOTES = frozenset("\"'()[]-,.:")


def _by_script(words: Words, first: int, last: int) -> list[tuple[int, int]]:
    """نيكولا لورنر | Nicolas Lerner: one name in Arabic and then in Latin letters is two mentions."""
    for k in range(first + 1, last + 1):
        if words.text[k][0].isascii() and words.text[k][0].isalpha() and not words.text[k - 1].isascii():
            return [(first, k - 1), (k, last)]
    return [(first, last)]


def _is_name(words: Words, first: int, last: int, clitic: int, kind: str) -> bool:
    """A head word, a title or a function word is no name by itself, whatever the engine says; an office is no
    body."""
    word = words.text[first][clitic:]
    if kind == "ORGANIZATION" and (word in rule_words("directors") or word in rule_words("no_body")):
        return False
    if first < last:
        return not (kind == "ORGANIZATION" and _agrees_with_plural(words, first, last))
    if not words.is_word[first]:
        return False
    entry = gazetteer().by_name.get(word)
    if entry is not None and not entry.flags:
        return True
    context = name_context()
    if kind == "PERSON":
        return word not in context.honorifics and (word not in context.stops or word in name_units())
    return (
        word not in place_words().heads | context.stops and word not in organization_heads() and len(word) > 1
    )


def _agrees_with_plural(words: Words, first: int, last: int) -> bool:
    """مصالح | الأمن الداخلي المغربية: the nationality is that of the services, the rest is no name."""
    if first == 0 or words.break_before[first]:
        return False
    before = words.text[first - 1].lstrip("وفبل")
    final = words.text[last]
    return (
        before in rule_words("plural_services")
        and final.endswith("ه")
        and final in nisbas()
        and not any(words.text[i].endswith(("ه", "ات")) for i in range(first, last))
    )


def _clitic(words: Words, first: int, last: int, label: TokenLabel | None) -> int:
    """Letters to leave out: what the engine says, unless the lists know better."""
    word = words.text[first]
    said = label.clitic if label is not None else 0
    lengths = clitic_lengths(word)
    lists = gazetteer().by_name
    rest = words.article.text.search[words.end[first] : words.end[last]]
    known = [n for n in lengths if word[n:] + rest in lists]
    if known:
        return known[0]
    if last == first or word[:1] in "وفبلك":
        units = name_units()
        listed = [n for n in lengths if word[n:] in units]
        if listed:
            return said if said in listed else listed[0]
    if word.startswith(("لل", "ولل", "فلل")):
        return word.index("ل") + 1
    heads = organization_heads()
    if said and word in heads and word[said:] not in heads:
        return 0  # لجنة is no ل + جنة
    return said if said in lengths else 0


# Least probability at which a name that only the engine sees counts.
_LEAST = {
    EntityKind.PERSON: 0.45,
    EntityKind.LOCATION: 0.6,
    EntityKind.ORGANIZATION: 0.62,
    EntityKind.NAMED_EVENT: 0.5,
}


# The chain alone is surer of them than it is right.
_LEAST_ALONE = _LEAST | {EntityKind.ORGANIZATION: 0.8, EntityKind.PERSON: 0.7}


def combine(
    words: Words, rules: list[Candidate], proposed: list[Candidate], offices: OfficeTokens
) -> list[Candidate]:
    """Both sources in one list whose scores can be compared, by how each errs.

    Lists beat the engine on boundaries and on clubs that are called like cities; the engine beats them on
    people who are called like a place, and rules for people on everything that it calls something else.
    """
    lost: set[Candidate] = set()
    agreed: set[Candidate] = set()
    for c in proposed:
        for rule in rules:
            if rule.start >= c.end or rule.end <= c.start:
                continue
            if (rule.start, rule.end, rule.kind) == (c.start, c.end, c.kind):
                agreed.add(rule)
                lost.add(c)
            else:
                lost.add(c if _rule_wins(words, rule, c) else rule)
    found = []
    for rule in rules:
        if rule in agreed:
            found.append(rule._replace(score=max(rule.score, 0.88) + 0.08))
        elif rule not in lost and not (rule.kind is EntityKind.PERSON and rule.score < 0.6):
            found.append(rule)
    for c in proposed:
        alone = c.method == "fast" and not (c.kind is EntityKind.PERSON and offices.before(c.first))
        least = _LEAST_ALONE if alone else _LEAST
        if c not in lost and c.score >= least[c.kind]:
            found.append(c._replace(score=0.45 + 0.5 * c.score))
    return found


def _rule_wins(words: Words, rule: Candidate, c: Candidate) -> bool:
    if rule.method == "latin":  # فلان (Name): the name before the bracket says what it is
        return True
    longer = c.start <= rule.start and rule.end <= c.end and c.score >= _SURE_OF_MORE
    if rule.method == "list":
        if longer and rule.kind is EntityKind.LOCATION and c.kind is EntityKind.ORGANIZATION:
            return not _one_body(words, c)
        return not (rule.kind is EntityKind.LOCATION and c.kind is EntityKind.PERSON and c.score >= 0.5)
    if rule.kind is EntityKind.PERSON:
        return c.score < (0.8 if c.kind is EntityKind.PERSON else 0.5)
    if rule.kind is c.kind:
        return not (longer and rule.method == "head" and c.kind is EntityKind.ORGANIZATION)
    return c.score < 0.8


# Least probability at which the engine's longer name of a body beats one that a rule cut shorter.
_SURE_OF_MORE = 0.7


def _one_body(words: Words, c: Candidate) -> bool:
    """Whether a name begins with a body's head word and is one phrase: no و or في stands alone in it."""
    first = words.text[c.first][c.start - words.start[c.first] :]
    return first in organization_heads() and not any(
        words.text[i] in ("و", "في") for i in range(c.first + 1, c.last + 1)
    )
