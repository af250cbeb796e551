"""Two people of one name stay two when what the articles say about them does not go together.

The articles that name somebody are linked where they name the same other people, bodies or places beside him;
articles so linked mean one person.  Two such circles are two people only if their offices contradict each
other: another field of life (a coach, a minister) or public office in other countries.  Silence never splits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from flows.clean.normalize import fold
from flows.extract.noun_phrases import nisbas
from flows.extract.office_words import office_heads
from flows.resolve.lexicon import identity_words

_PRESIDENT = fold("رئيس")

__all__ = ["Sighting", "contradict", "office_key", "office_traits", "senses"]


class Sighting(NamedTuple):
    """A name in one article."""

    article: str  # SHA-256 of the file, hex
    traits: frozenset[str]  # office_traits of the offices the article gives to the name
    beside: frozenset[str]  # what else the article names and what says something about a person


@lru_cache(maxsize=1 << 14)
def office_key(title: str) -> str:
    """One key for the spellings of an office: folded words without articles, adjectives of countries as ids.

    Words about the holder (السابق, الجديد) are left out; a woman's office is the man's.  "" where nothing
    is left.

    >>> office_key("وزيرة الخارجية الأمريكية") == office_key("وزير الخارجية الأميركي السابق")
    True
    """
    lexicon = identity_words()
    adjectives = nisbas()
    out: list[str] = []
    feminine = False
    words = [w for w in fold(title).replace("،", " ").split() if w not in lexicon.office_marks]
    for place, word in enumerate(words):
        country = adjectives.get(word, "")
        if country:
            out.append(country)
            continue
        if out and word in lexicon.states and adjectives.get("".join(words[place + 1 : place + 2])):
            continue
        bare = word[2:] if word.startswith(("لل", "ال")) and len(word) > 4 else word
        if bare.endswith("ه"):
            if not out and bare[:-1] in office_heads():
                feminine, bare = True, bare[:-1]
            elif feminine and len(out) == 1 and bare[:-1] in lexicon.ranks:
                bare = bare[:-1]
        out.append(bare)
    return " ".join(out)


@lru_cache(maxsize=1 << 14)
def office_traits(office: str) -> frozenset[str]:
    """Field of life and country of an office_key: {"field:state", "country:FR"}; or nothing."""
    words = office.split()
    found = {word for word in words if word.startswith("country:")}
    domains = identity_words().domains
    field = domains.get(" ".join(words[:2])) or domains.get(words[0] if words else "")
    if words[:1] == [_PRESIDENT] and words[1:2] and words[1].startswith("country:"):
        field = "field:state"
    return frozenset({*found, field} if field else found)


def contradict(a: Iterable[str], b: Iterable[str]) -> bool:
    """Whether the traits of two sets of articles speak of two people."""
    fields_a, fields_b = ({t for t in traits if t.startswith("field:")} for traits in (a, b))
    if not fields_a or not fields_b:
        return False
    if not fields_a & fields_b:
        return all(frozenset((x, y)) in identity_words().apart for x in fields_a for y in fields_b)
    countries_a, countries_b = ({t for t in traits if t.startswith("country:")} for traits in (a, b))
    public = {"field:state"}
    return fields_a == fields_b == public and bool(
        countries_a and countries_b and not countries_a & countries_b
    )


def senses(sightings: Sequence[Sighting]) -> dict[str, str]:
    """Article -> the person it means: "" for the one most articles mean, else the least article of his.

    A function of the set of sightings; articles that tell nothing mean the first.
    """
    circles = _circles(sightings)
    people: list[list[Sighting]] = []
    traits: list[set[str]] = []
    for circle in circles:
        own = set().union(*(s.traits for s in circle))
        for person, known in zip(people, traits, strict=True):
            if not contradict(known, own):
                person += circle
                known |= own
                break
        else:
            people.append(list(circle))
            traits.append(own)
    out: dict[str, str] = {}
    for number, person in enumerate(people):
        label = "" if number == 0 else min(s.article for s in person)
        out.update({s.article: label for s in person})
    return out


def _circles(sightings: Sequence[Sighting]) -> list[list[Sighting]]:
    """Articles linked by what they name beside the person; those with offices first, then by size."""
    parent: dict[str, str] = {}

    def root(x: str) -> str:
        while parent.setdefault(x, x) != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for s in sightings:
        first = root("article " + s.article)
        for name in s.beside:
            other = root(name)
            if other != first:
                parent[other] = first
    circles: Mapping[str, list[Sighting]] = defaultdict(list)
    for s in sorted(sightings):
        circles[root("article " + s.article)].append(s)
    return sorted(
        circles.values(),
        key=lambda c: (not any(s.traits for s in c), -len(c), min(s.article for s in c)),
    )
