"""The lexicons of personal names, loaded once a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import msgspec

from flows.clean.normalize import fold
from flows.extract.resources import read_text, read_yaml


class _Context(msgspec.Struct, forbid_unknown_fields=True):
    honorifics: str
    occupations: str
    verbs: str


class _Particles(msgspec.Struct, forbid_unknown_fields=True):
    connectors: str
    starters: str
    servant: str
    ordinals: str
    compound_ends: str
    prefixes: str
    doubtful: str
    stops: str


@dataclass(frozen=True, slots=True)
class NameContext:
    """Folded words beside and inside personal names."""

    honorifics: frozenset[str]
    occupations: frozenset[str]
    verbs: frozenset[str]
    connectors: frozenset[str]
    starters: frozenset[str]
    ordinals: frozenset[str]
    compound_ends: frozenset[str]
    prefixes: tuple[str, ...]
    doubtful: frozenset[str]
    stops: frozenset[str]


def folded_words(text: str) -> frozenset[str]:
    return frozenset(fold(text).split())


@cache
def name_context() -> NameContext:
    context = read_yaml("names_context.yaml", _Context)
    parts = read_yaml("names_particles.yaml", _Particles)
    return NameContext(
        honorifics=folded_words(context.honorifics),
        occupations=folded_words(context.occupations),
        verbs=folded_words(context.verbs),
        connectors=folded_words(parts.connectors),
        starters=folded_words(parts.starters),
        ordinals=folded_words(parts.ordinals),
        compound_ends=folded_words(parts.compound_ends),
        prefixes=tuple(fold(parts.prefixes).split()),
        doubtful=folded_words(parts.doubtful),
        stops=folded_words(parts.stops),
    )


@cache
def _rules() -> dict[str, frozenset[str]]:
    return {key: folded_words(words) for key, words in read_yaml("names_rules.yaml", dict[str, str]).items()}


def rule_words(name: str) -> frozenset[str]:
    """The folded words of one list of names_rules.yaml."""
    return _rules()[name]


@cache
def name_units() -> dict[str, str]:
    """Folded name unit -> flags: g given, s surname, w also an ordinary word."""
    units: dict[str, str] = {}
    for line in read_text("names_units.tsv").splitlines():
        if not line.startswith("#"):
            flags, words = line.split("\t")
            units.update(dict.fromkeys(words.split(" "), flags))
    return units


@cache
def common_words() -> frozenset[str]:
    """Ordinary words of news Arabic, folded."""
    lines = read_text("names_common.tsv").splitlines()
    return frozenset(w for line in lines if not line.startswith("#") for w in line.split(" "))


_PROCLITICS = ("وال", "بال", "فال", "كال", "لل", "ال", "و", "ف", "ب", "ل", "ك", "س")
_ENDINGS = ("هما", "ها", "هم", "نا", "ات", "ون", "ين", "ان", "يه", "تين", "ه", "ي", "ا")


def is_ordinary(word: str, _cache: dict[str, bool] = {}) -> bool:  # noqa: B006 - a process-wide memo
    """Whether a folded word, or the word without its clitics and endings, is an ordinary one.

    >>> is_ordinary("وبالمدينه")
    True
    """
    known = _cache.get(word)
    if known is not None:
        return known
    answer = _is_ordinary(word)
    if len(_cache) < 200_000:
        _cache[word] = answer
    return answer


def _is_ordinary(word: str) -> bool:
    return has_ordinary_stem(word, common_words())


def has_ordinary_stem(word: str, common: frozenset[str]) -> bool:
    """Whether ``common`` has the folded word, or the word without its clitics and endings."""
    if word in common or "ال" + word in common:
        return True
    for prefix in _PROCLITICS:
        if word.startswith(prefix) and len(word) - len(prefix) >= 3:
            rest = word[len(prefix) :]
            if rest in common or "ال" + rest in common:
                return True
            if any(
                rest.endswith(e) and len(rest) - len(e) >= 3 and rest[: -len(e)] in common for e in _ENDINGS
            ):
                return True
    return any(word.endswith(e) and len(word) - len(e) >= 3 and word[: -len(e)] in common for e in _ENDINGS)
