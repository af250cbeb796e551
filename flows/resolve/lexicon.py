"""The words that matching names needs, loaded once a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import msgspec

from flows.clean.normalize import fold
from flows.extract.resources import read_yaml


class _Identity(msgspec.Struct, forbid_unknown_fields=True):
    arabic: dict[str, str]
    latin: list[tuple[str, str]]
    variants: list[str]
    leading: str
    common_given: str
    naming_heads: list[str]
    tells_apart: str
    place_heads: str
    domains: dict[str, str]
    apart: list[tuple[str, str]]
    ranks: str
    states: str
    office_marks: str


@dataclass(frozen=True, slots=True)
class IdentityWords:
    """Folded words."""

    arabic: dict[int, str]  # letter -> consonant class, for str.translate; other letters go
    latin: tuple[tuple[str, str], ...]  # sequence -> classes, longest first
    variants: dict[str, str]  # name unit -> the spelling that stands for all of its spellings
    common_given: frozenset[str]
    leading: frozenset[str]  # first names that are often left out before the one used
    naming_heads: dict[str, int]  # head -> the set of heads that can stand for it
    tells_apart: frozenset[str]
    place_heads: frozenset[str]
    domains: dict[str, str]  # one or two words without articles -> field of life
    apart: frozenset[frozenset[str]]  # fields between which careers hardly lead
    ranks: frozenset[str]
    states: frozenset[str]
    office_marks: frozenset[str]


@cache
def identity_words() -> IdentityWords:
    """The lexicon; raises ResourceError where the file does not fit its schema."""
    raw = read_yaml("identity.yaml", _Identity)
    variants: dict[str, str] = {}
    for line in raw.variants:
        spellings = [_bare(word) for word in fold(line).split()]
        variants.update(dict.fromkeys(spellings, min(spellings)))
    return IdentityWords(
        arabic={ord(letter): sound for sound, letters in raw.arabic.items() for letter in letters.split()},
        latin=tuple(sorted(raw.latin, key=lambda pair: -len(pair[0]))),
        variants=variants,
        common_given=frozenset(map(_bare, fold(raw.common_given).split())),
        leading=frozenset(fold(raw.leading).split()),
        naming_heads={h: n for n, heads in enumerate(raw.naming_heads) for h in fold(heads).split()},
        tells_apart=frozenset(fold(raw.tells_apart).split()),
        place_heads=frozenset(fold(raw.place_heads).split()),
        domains={
            " ".join(map(_bare, fold(word.replace("_", " ")).split())): f"field:{domain}"
            for domain, words in raw.domains.items()
            for word in words.split()
        },
        apart=frozenset(frozenset((f"field:{a}", f"field:{b}")) for a, b in raw.apart),
        ranks=frozenset(fold(raw.ranks).split()),
        states=frozenset(fold(raw.states).split()),
        office_marks=frozenset(fold(raw.office_marks).split()),
    )


def _bare(word: str) -> str:
    return word.removeprefix("ال") if len(word) > 4 else word
