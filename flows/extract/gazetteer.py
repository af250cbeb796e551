"""Listed names in a text: one automaton over the search layer, checked against word borders and clitics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import ahocorasick_rs

from flows.extract.name_words import CONJUNCTIONS, PREPOSITIONS, Words
from flows.extract.resources import read_text
from flows.records import EntityKind

_FILES = (("gazetteer_organizations.tsv", None), ("gazetteer_places.tsv", EntityKind.LOCATION))
_CLITICS = frozenset(["", *CONJUNCTIONS, *PREPOSITIONS, *(c + p for c in CONJUNCTIONS for p in PREPOSITIONS)])


class Entry(NamedTuple):
    """``flags`` tells when the name counts.

    "" always; "w" (it is an ordinary word, too) only where the article has it in another, full form; "p" (an
    adjective, too) also after a preposition; "i" after صحيفة and the like; "t:TOPIC" where the article speaks
    of that topic.
    """

    kind: EntityKind
    identity: str  # the same for all names of one thing: country:FR
    flags: str


class Hit(NamedTuple):
    start: int
    end: int
    entry: Entry
    clitic: int  # letters of the word before ``start``
    elided: bool  # ل has swallowed the alif of ال: للأمن


@dataclass(frozen=True, slots=True)
class Gazetteer:
    automaton: ahocorasick_rs.AhoCorasick
    entries: list[Entry]  # parallel to the automaton's patterns
    elided: list[bool]
    by_name: dict[str, Entry]


@cache
def gazetteer() -> Gazetteer:
    kinds = {k.value: k for k in EntityKind}
    by_name: dict[str, Entry] = {}
    others: list[tuple[str, Entry]] = []  # a name of two things: المغرب is a country and a newspaper
    for name, kind in _FILES:
        for line in read_text(name).splitlines():
            if line.startswith("#"):
                continue
            if kind is None:
                key, label, identity, flags = line.split("\t")
                entry = Entry(kinds[label], identity, flags)
            else:
                key, identity, flags = line.split("\t")
                entry = Entry(kind, identity, flags)
            known = by_name.get(key)
            if known is None:
                by_name[key] = entry
            elif known.kind is not entry.kind:
                if known.flags and not entry.flags:
                    by_name[key], entry = entry, known
                others.append((key, entry))
    patterns: list[str] = []
    entries: list[Entry] = []
    elided: list[bool] = []
    for key, entry in (*by_name.items(), *others):
        patterns.append(key)
        entries.append(entry)
        elided.append(False)
        if key.startswith("ال"):
            # للأمن: the span keeps the second ل, the first is the preposition
            patterns.append(key[2:] if key.startswith("الل") else key[1:])
            entries.append(entry)
            elided.append(True)
    automaton = ahocorasick_rs.AhoCorasick(
        patterns, matchkind=ahocorasick_rs.MatchKind.Standard, store_patterns=False,
        implementation=ahocorasick_rs.Implementation.ContiguousNFA,
    )  # fmt: skip
    return Gazetteer(automaton, entries, elided, by_name)


def find_hits(words: Words) -> list[Hit]:
    """Every listed name that begins at a word (after its clitics) and ends with one, overlaps included."""
    lists = gazetteer()
    search = words.article.text.search
    starts = set(words.start)
    ends = set(words.end)
    hits: list[Hit] = []
    for number, start, end in lists.automaton.find_matches_as_indexes(search, overlapping=True):
        if end not in ends:
            continue
        elided = lists.elided[number]
        if elided:
            # the pattern begins with the ل that is left of ال; another ل must stand before it
            if start == 0 or search[start - 1] != "ل":
                continue
            token = words.at(start)
            clitic = start - words.start[token]
            if search[words.start[token] : start] in ("ل", "ول", "فل"):
                hits.append(Hit(start, end, lists.entries[number], clitic, True))
            continue
        if start in starts:
            hits.append(Hit(start, end, lists.entries[number], 0, False))
            continue
        token = words.at(start)
        clitic = start - words.start[token]
        if not 0 < clitic <= 2 or words.end[token] - start < 3:
            continue
        before = search[words.start[token] : start]
        entry = lists.entries[number]
        if before not in _CLITICS or (before[-1] == "ك" and not entry.identity.startswith("country:")):
            continue  # كورونا is not like a place called ورونا
        hits.append(Hit(start, end, entry, clitic, False))
    return hits
