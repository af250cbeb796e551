"""Names of places that begin with a word such as مدينة, شارع, مطار."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import msgspec

from flows.extract.name_lexicon import folded_words, is_ordinary, name_context, name_units, rule_words
from flows.extract.name_words import Words, clitic_lengths
from flows.extract.noun_phrases import Known, nisbas, phrase_words
from flows.extract.resources import read_yaml


class _Places(msgspec.Struct, forbid_unknown_fields=True):
    heads: str
    careful: str
    definite: str
    adjectives: str


@dataclass(frozen=True, slots=True)
class PlaceWords:
    heads: frozenset[str]
    careful: frozenset[str]
    definite: frozenset[str]
    adjectives: frozenset[str]


@cache
def place_words() -> PlaceWords:
    data = read_yaml("names_places.yaml", _Places)
    return PlaceWords(*(folded_words(t) for t in (data.heads, data.careful, data.definite, data.adjectives)))


def find_places(words: Words, known: Known) -> list[tuple[int, int, int, float]]:
    """(first token, last token, letters left out, confidence) of places with their head word."""
    listed = place_words()
    found: list[tuple[int, int, int, float]] = []
    n = len(words)
    for i in range(n - 1):
        if not words.is_word[i] or words.break_before[i + 1]:
            continue
        for clitic in clitic_lengths(words.text[i]):
            head = words.text[i][clitic:]
            if head not in listed.heads:
                continue
            last = _end(words, i + 1, known, head, listed)
            if last is not None:
                found.append((i, last, clitic, _score(words, i, last, known)))
            break
    return found


def _score(words: Words, i: int, last: int, known: Known) -> float:
    if i + 1 in known.places:
        return 0.85
    return 0.9 if last > i + 1 and words.text[i + 1] in rule_words("royal_titles") else 0.6


def _end(words: Words, j: int, known: Known, head: str, listed: PlaceWords) -> int | None:
    n = len(words)
    if j in known.places:
        last = known.places[j]
    elif j in known.names and head in rule_words("named_after_people"):
        last = known.names[j]
    elif (
        head in rule_words("named_after_people")
        and words.text[j] in rule_words("royal_titles")
        and j + 1 < n
        and not words.break_before[j + 1]
    ):
        last = known.names.get(j + 1, j + 1)
    elif head in listed.careful:
        return None
    else:
        word = words.text[j]
        if word in name_context().stops or word in phrase_words().stop or word in phrase_words().loose:
            return None
        if word in nisbas() or not words.is_word[j]:
            return None
        ordinary = is_ordinary(word)
        if ordinary and not (head in listed.definite and word.startswith("ال")):
            return None
        last = j
        if not ordinary and j + 1 < n and not words.break_before[j + 1]:
            follower = words.text[j + 1]
            if (
                not is_ordinary(follower)
                and follower not in name_units()
                and follower not in name_context().stops
                and len(follower) > 2
            ):
                last = j + 1
    while last + 1 < n and not words.break_before[last + 1] and words.text[last + 1] in listed.adjectives:
        last += 1
    return last
