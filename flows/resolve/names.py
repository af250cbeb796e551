"""Which names can stand for one thing, judged by the names alone.

Everything here is a function of the keys (flows.resolve.identity.entity_key), so that it never changes for a
name that is in the database.  What the articles say about the two names, that they use both for one person or
name both beside the same people, is added by the caller: ``Comparison.needs`` says what has to confirm.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import DamerauLevenshtein, Indel

from flows.extract.gazetteer import gazetteer
from flows.extract.name_lexicon import name_context, name_units
from flows.resolve.lexicon import identity_words

__all__ = ["Comparison", "Need", "blocks", "compare", "excludes", "generic", "name_parts", "skeleton"]

_LATIN = re.compile("[a-z]")
_ARABIC_LETTER = re.compile("[\u0621-\u064a\u0671-\u06d3]")
_LONG = str.maketrans("", "", "اوي")


class Need(StrEnum):
    """What has to confirm that two names stand for one thing."""

    NOTHING = "nothing"
    LINK = "link"  # an article uses both names for one thing
    EITHER = "either"  # such an article, or a context that both share
    CONTEXT = "context"  # a context that both share, whatever single articles say


class Comparison(NamedTuple):
    rule: str
    score: float  # 0 to 1, once confirmed
    needs: Need
    beside: int = 2  # bodies and places named beside both that make a context; a person alone always does


class Parts(NamedTuple):
    """A name in units: words, halves of compounds joined, articles off."""

    units: tuple[str, ...]
    latin: bool
    king: bool  # محمد السادس: the ordinal tells the bearers apart


# ---------------------------------------------------------------------------------------- units


@lru_cache(maxsize=1 << 16)
def skeleton(text: str) -> str:
    """The consonants of a name in classes that Arabic and Latin spellings share.

    >>> skeleton("lerner") == skeleton("ليرنر") == "lrnr"
    True
    """
    words = identity_words()
    if _LATIN.search(text):
        out = []
        i = 0
        while i < len(text):
            for sequence, sounds in words.latin:
                if text.startswith(sequence, i):
                    out.append(sounds)
                    i += len(sequence)
                    break
            else:
                i += 1
        sounds = "".join(out)
    else:
        sounds = "".join(words.arabic.get(ord(letter), "") for letter in text)
    return re.sub(r"(.)\1+", r"\1", sounds)


@lru_cache(maxsize=1 << 16)
def name_parts(key: str) -> Parts:
    """Units of a person's key."""
    units = tuple(_unit(word) for word in key.split(" "))
    ordinals = name_context().ordinals
    latin = bool(_LATIN.search(key)) and not _ARABIC_LETTER.search(key)
    king = len(units) > 1 and any(w in ordinals or "ال" + w in ordinals for w in key.split(" ")[1:])
    return Parts(units, latin, king)


def _unit(word: str) -> str:
    if word.startswith("ال") and len(word) > 4:
        word = word[2:]
    return identity_words().variants.get(word, word)


@lru_cache(maxsize=1 << 16)
def _known(unit: str) -> bool:
    units = name_units()
    return unit in units or "ال" + unit in units


@lru_cache(maxsize=1 << 17)
def _alike(a: str, b: str) -> bool:
    """Whether two units can be spellings of one name.  Two names that the lists know are two names."""
    if a == b:
        return True
    latin_a, latin_b = bool(_LATIN.search(a)), bool(_LATIN.search(b))
    if latin_a != latin_b:
        sounds_a, sounds_b = skeleton(a), skeleton(b)
        if min(len(sounds_a), len(sounds_b)) < 2:
            return False
        return sounds_a == sounds_b or (
            min(len(sounds_a), len(sounds_b)) >= 3 and Indel.normalized_similarity(sounds_a, sounds_b) >= 0.85
        )
    shorter = min(len(a), len(b))
    if shorter < 4 or a[0] != b[0]:
        return False
    vowels_only = a.translate(_LONG) == b.translate(_LONG)
    if _known(a) and _known(b):
        return vowels_only and shorter >= 6 and not a.startswith("عبد")
    if vowels_only and len(a.translate(_LONG)) >= 3:
        return True
    return shorter >= 5 and DamerauLevenshtein.distance(a, b, score_cutoff=1) <= 1


def _same_units(a: Parts, b: Parts) -> bool:
    return len(a.units) == len(b.units) and all(map(_alike, a.units, b.units))


def _inside(full: tuple[str, ...], short: tuple[str, ...]) -> bool:
    """Whether the units of the short name stand in the full one in order, beginning with its first."""
    if not _alike(full[0], short[0]):
        return False
    at = 1
    for unit in short[1:]:
        while at < len(full) and not _alike(full[at], unit):
            at += 1
        if at == len(full):
            return False
        at += 1
    return True


# ---------------------------------------------------------------------------------------- things


@lru_cache(maxsize=1 << 16)
def _gazetteer_identity(kind: str, key: str) -> str:
    for name in (key, "ال" + key):
        entry = gazetteer().by_name.get(name)
        if entry is not None and entry.kind.value == kind and not entry.flags:
            return entry.identity
    return ""


@lru_cache(maxsize=1 << 16)
def generic(kind: str, key: str) -> bool:
    """Whether a name says little about the people named beside it: countries, and single words for people."""
    if kind == "PERSON":
        return len(key.split(" ")) < 2
    if kind == "LOCATION":
        return _gazetteer_identity(kind, key).startswith("country:")
    return len(key) < 4


def _core(kind: str, key: str) -> str:
    """The name without its head, "" where it has none: حركة النهضة -> نهضة."""
    words = key.split(" ")
    heads = identity_words().place_heads if kind == "LOCATION" else identity_words().naming_heads
    if len(words) < 2 or words[0] not in heads:
        return ""
    return _without_article(words[1:])


def _without_article(words: list[str]) -> str:
    first = words[0].removeprefix("ال") if len(words[0]) > 4 else words[0]
    return " ".join([first, *words[1:]])


# ---------------------------------------------------------------------------------------- blocks


def blocks(kind: str, key: str) -> tuple[str, ...]:
    """Values that spellings of one name share; only names that share one are compared.

    Each value is shared by few names, so that comparing costs about as much as there are names.
    """
    found: set[str] = set()
    if kind == "PERSON":
        parts = name_parts(key)
        if len(parts.units) < 2:
            return ()
        first, last = parts.units[0], parts.units[-1]
        sounds = skeleton(first), skeleton(last)
        if all(sounds):
            found.add(f"s:{sounds[0]}|{sounds[1]}")
        if not parts.latin:
            found.add(f"b:{first}|{last[:4]}")
            found.add(f"e:{first}|{last[-4:]}")
            found.add(f"g:{first[:4]}|{last}")
            if len(parts.units) > 2:
                found.add(f"b:{first}|{parts.units[1][:4]}")
            if first in identity_words().leading and len(parts.units) > 2:
                found.add(f"b:{parts.units[1]}|{last[:4]}")
        return tuple(f"{kind[0]}{value}" for value in sorted(found))
    identity = _gazetteer_identity(kind, key)
    if identity:
        found.add(f"i:{identity}")
    if kind in ("ORGANIZATION", "LOCATION"):
        words = key.split(" ")
        core = _core(kind, key)
        if len(words) <= 4:
            found.add(f"h:{_without_article(words)}")
        if core:
            found.add(f"h:{core}")
    if kind != "LOCATION" and key.count(" ") >= 1:
        found.add(f"s:{skeleton(key)}")
    return tuple(f"{kind[0]}{value}" for value in sorted(found))


# ---------------------------------------------------------------------------------------- comparing


def compare(kind: str, a: str, b: str) -> Comparison | None:
    """How two different keys of one kind can stand for one thing; None where they cannot.

    Symmetric; ``linked`` names (an article uses both) and names that share a block are worth asking for.
    """
    if kind == "PERSON":
        return _compare_people(name_parts(a), name_parts(b))
    if kind in ("ORGANIZATION", "LOCATION"):
        first, second = _gazetteer_identity(kind, a), _gazetteer_identity(kind, b)
        if first and second:
            return Comparison("gazetteer", 0.97, Need.NOTHING) if first == second else None
        if _latin(a) != _latin(b):
            latin, arabic = (a, b) if _latin(a) else (b, a)
            if kind == "ORGANIZATION" and (_acronym(latin) or _sounds_like(latin, arabic)):
                return Comparison("script", 0.93, Need.LINK)
            return None
        cores = _core(kind, a), _core(kind, b)
        heads = identity_words().naming_heads
        head_a, head_b = (heads.get(key.split(" ", 1)[0]) for key in (a, b))
        if cores[0] == cores[1] != "" and head_a == head_b:
            return Comparison("head", 0.85, Need.CONTEXT)
        for core, other in zip(cores, (b, a), strict=True):
            if core and core == _without_article(other.split(" ")):
                return Comparison("head", 0.85, Need.CONTEXT)
    if kind == "LOCATION":
        return None
    words_a, words_b = a.split(" "), b.split(" ")
    if len(words_a) == len(words_b) >= 2:
        bare = [(_unit(x), _unit(y)) for x, y in zip(words_a, words_b, strict=True)]
        if all(x == y for x, y in bare):
            return Comparison("article", 0.9, Need.CONTEXT)
        if all(x == y or _misspelt(x, y) for x, y in bare):
            return Comparison("spelling", 0.85, Need.CONTEXT)
    return None


def _acronym(latin: str) -> bool:
    return " " not in latin and 2 <= len(latin) <= 7


def _sounds_like(latin: str, arabic: str) -> bool:
    return Indel.normalized_similarity(skeleton(latin), skeleton(arabic)) >= 0.6


def _latin(key: str) -> bool:
    return bool(_LATIN.search(key)) and not _ARABIC_LETTER.search(key)


def _misspelt(a: str, b: str) -> bool:
    """One letter in a long word that both cannot be names of people for."""
    return min(len(a), len(b)) >= 6 and DamerauLevenshtein.distance(a, b, score_cutoff=1) <= 1


def _compare_people(a: Parts, b: Parts) -> Comparison | None:
    if len(a.units) < 2 or len(b.units) < 2:
        return None
    if a.latin != b.latin:
        if _same_units(a, b):
            return Comparison("script", 0.93, Need.EITHER)
        # Veaux sounds like ڤو to those who know; that an article ties the two has to say it
        sounds = [skeleton("".join(n.units)) for n in (a, b)]
        near = Indel.normalized_similarity(*sounds)
        return Comparison("script", 0.93, Need.LINK) if near >= 0.7 else None
    if a.king != b.king or (a.king and a.units[-1] != b.units[-1]):
        return None
    if len(a.units) == len(b.units):
        if a.units == b.units:
            return Comparison("article", 0.97, Need.NOTHING)
        return (
            Comparison("spelling", 0.9, Need.EITHER, max(_rarity(a), _rarity(b)))
            if _same_units(a, b)
            else None
        )
    full, short = (a, b) if len(a.units) > len(b.units) else (b, a)
    if not identity_words().tells_apart.isdisjoint(set(full.units) ^ set(short.units)):
        return None
    # a father's name may be left out, but not to name the grandfather: خالد بن سلمان, خالد بن عبد العزيز
    if all(n.units[1].startswith("بن") for n in (a, b)) and not _alike(a.units[1], b.units[1]):
        return None
    if full.units[0] in identity_words().leading and full.units[1:] == short.units:
        return Comparison("leading", 0.85, Need.EITHER if len(short.units) > 2 else Need.CONTEXT)
    if not _inside(full.units, short.units):
        return None
    if _alike(full.units[-1], short.units[-1]):
        return Comparison("middle", 0.88, Need.EITHER, max(_rarity(a), _rarity(b)))
    return Comparison("beginning", 0.8, Need.CONTEXT, max(_rarity(a), _rarity(b)))


def _rarity(name: Parts) -> int:
    """How much a name has to share with another spelling: the rarer it is, the less."""
    return 2 if name.units[0] in identity_words().common_given else 1


def excludes(kind: str, a: str, b: str) -> bool:
    """Whether two names cannot stand for one thing, whatever third names both resemble.

    People: two full names of which neither holds the other.  Bodies: two long forms in one script.
    """
    if a == b:
        return False
    if kind == "PERSON":
        one, other = name_parts(a), name_parts(b)
        if len(one.units) < 2 or len(other.units) < 2:
            return False
        return _compare_people(one, other) is None
    if kind == "ORGANIZATION":
        return _latin(a) == _latin(b) and compare(kind, a, b) is None
    if kind == "LOCATION":
        first, second = _gazetteer_identity(kind, a), _gazetteer_identity(kind, b)
        return bool(first) and bool(second) and first != second
    return False
