"""Whether two names share a context: what current articles name beside both.

The answer is that of reading all articles of both names.  A name in every fifth article of an archive makes
that too much, so only the articles of the rarer one are read, some at a time, until they suffice, and of
what stands there it is asked whether it ever stands beside the other.  Names that were compared before can
only share something more through the articles that came now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from db.names import Name, Pair, columns
from db.session import Raw

__all__ = ["Asked", "shared"]

FEW = 64  # articles that are read rather than asked for each name


class Asked(NamedTuple):
    """What a pair of names needs."""

    bodies: int  # so many names of any kind beside both are a context; one person always is
    again: bool  # looked at before, with all articles but those that came now


def shared(
    raw: Raw,
    pairs: Mapping[Pair, Asked],
    extractions: Sequence[int],
    generic: Callable[[str, str], bool],
    few: int = FEW,
) -> set[Pair]:
    """Those of the pairs that share a context.

    extractions: those that came now; generic: whether a name (kind, key) says little about what is beside it;
    few: articles of a name that are all read.
    """
    if not pairs:
        return set()
    articles = _articles(raw, {name for pair in pairs for name in _ends(pair)})
    contexts = _Contexts(raw, generic, articles, few)
    found: set[Pair] = set()
    whole = {pair for pair, asked in pairs.items() if not asked.again}
    fresh = _fresh(raw, extractions, generic, {n for p in pairs.keys() - whole for n in _ends(p)})
    tries = {
        pair: {
            (other, against)
            for name, against in (_ends(pair), _ends(pair)[::-1])
            for other in fresh[name] - _own(pair)
        }
        for pair in pairs.keys() - whole
    }
    for pair, common in contexts.common(tries, quick=False).items():
        if _enough(common, pairs[pair].bodies):
            found.add(pair)
        elif common:
            whole.add(pair)  # one more may have been there before
    gathered: dict[Pair, set[Name]] = defaultdict(set)
    asked_for: dict[Pair, set[Name]] = defaultdict(set)
    for size in (few, 16 * few, None):
        rarer = {pair: min(_ends(pair), key=lambda name: (articles[name], name)) for pair in whole}
        beside = _beside(raw, generic, set(rarer.values()), size)
        tries = {}
        for pair, name in rarer.items():
            left, right = _ends(pair)
            new = beside[name] - asked_for[pair] - _own(pair)
            asked_for[pair] |= new
            tries[pair] = {(other, right if name == left else left) for other in new}
        # most pairs that share something share it in any of their articles
        for quick in (True, False):
            for pair, common in contexts.common(tries, quick=quick).items():
                gathered[pair] |= common
                if _enough(gathered[pair], pairs[pair].bodies):
                    found.add(pair)
            tries = {pair: listed for pair, listed in tries.items() if pair not in found}
        whole = {pair for pair in whole - found if size is not None and articles[rarer[pair]] > size}
    return found


def _ends(pair: Pair) -> tuple[Name, Name]:
    kind, left, right = pair
    return (kind, left), (kind, right)


def _own(pair: Pair) -> set[Name]:
    kind, left, right = pair
    return {(kind, left), (kind, right), ("PERSON", left), ("PERSON", right)}


def _enough(common: set[Name], bodies: int) -> bool:
    return len(common) >= bodies or any(kind == "PERSON" for kind, _ in common)


class _Contexts:
    """What stands beside what."""

    def __init__(
        self, raw: Raw, generic: Callable[[str, str], bool], articles: dict[Name, float], few: int
    ) -> None:
        self._raw = raw
        self._generic = generic
        self._articles = articles
        self._few = few
        self._some: dict[Name, set[Name]] = {}  # what a few articles name beside each
        self._all: dict[Name, set[Name]] = {}

    def common(self, tries: Mapping[Pair, set[tuple[Name, Name]]], *, quick: bool) -> dict[Pair, set[Name]]:
        """Of each pair the first names of those tries whose names some current article names together.

        quick: only a few articles of each name are read; what is found is right, but not all.
        """
        wanted = {one for listed in tries.values() for one in listed}
        against = {name for _, name in wanted}
        self._some |= _beside(self._raw, self._generic, against - self._some.keys(), self._few)
        met = {(other, name) for other, name in wanted if other in self._some[name]}
        if not quick:
            met |= self._together({one for one in wanted - met if self._articles[one[1]] > self._few})
        return {pair: {one[0] for one in listed if one in met} for pair, listed in tries.items()}

    def _together(self, wanted: set[tuple[Name, Name]]) -> set[tuple[Name, Name]]:
        """Those of the wanted that stand together, by reading the articles of one or of the other."""
        if not wanted:
            return set()
        unknown = {other for other, _ in wanted} - self._articles.keys()
        self._articles |= _articles(self._raw, unknown)
        cost: dict[Name, float] = defaultdict(float)
        for other, name in wanted:
            cost[name] += min(self._articles[other], self._articles[name])
        large = {name for name, articles in cost.items() if articles >= self._articles[name]}
        self._all |= _beside(self._raw, self._generic, large - self._all.keys(), None)
        met = {(other, name) for other, name in wanted if name in self._all and other in self._all[name]}
        return met | self._asked({one for one in wanted if one[1] not in self._all})

    def _asked(self, wanted: set[tuple[Name, Name]]) -> set[tuple[Name, Name]]:
        listed = sorted(wanted)
        ways = [sorted(one, key=lambda name: (self._articles[name], name)) for one in listed]
        rows = self._raw.execute(
            """
            SELECT q.i
            FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[])
                AS q (i, kind, key, other_kind, other)
            -- by the articles of the rarer one, and by what stands in them: never by those of the other
            WHERE (
                SELECT true
                FROM article_entity AS a
                JOIN identity AS i ON i.extraction_id = a.extraction_id AND i.n = a.n
                CROSS JOIN LATERAL (
                    SELECT b.kind, b.key FROM article_entity AS b
                    WHERE b.extraction_id = a.extraction_id OFFSET 0
                ) AS b
                WHERE a.kind = q.kind AND a.key = q.key AND b.kind = q.other_kind AND b.key = q.other
                LIMIT 1
            )
            """,
            [
                list(range(len(listed))),
                *([way[end][part] for way in ways] for end in (0, 1) for part in (0, 1)),
            ],
        ).fetchall()
        return {listed[place] for (place,) in rows}


def _articles(raw: Raw, names: set[Name]) -> dict[Name, float]:
    """In how many current articles each name stands; infinite where that is not counted."""
    found = dict.fromkeys(names, float("inf"))
    for kind, key, articles in raw.execute(
        "SELECT t.kind, t.key, sum(a.articles) FROM unnest(%s::text[], %s::text[]) AS t (kind, key)"
        " JOIN entity AS e ON e.kind = t.kind AND e.key = t.key AND e.sense = ''"
        " JOIN entity_alias AS a ON a.entity_id = e.id GROUP BY 1, 2",
        columns(names),
    ).fetchall():
        found[kind, key] = articles or float("inf")
    return found


def _beside(
    raw: Raw, generic: Callable[[str, str], bool], names: set[Name], limit: int | None
) -> dict[Name, set[Name]]:
    """What up to ``limit`` current articles name beside each name, without what says little."""
    rows: list[tuple[Any, ...]] = []
    if names:
        rows = raw.execute(
            """
            SELECT DISTINCT t.kind, t.key, o.kind, o.key
            FROM unnest(%s::text[], %s::text[]) AS t (kind, key)
            CROSS JOIN LATERAL (
                SELECT n.extraction_id, n.n
                FROM article_entity AS n JOIN identity AS i ON i.extraction_id = n.extraction_id AND i.n = n.n
                WHERE n.kind = t.kind AND n.key = t.key LIMIT %s
            ) AS n
            JOIN article_entity AS o ON o.extraction_id = n.extraction_id AND o.n <> n.n
            """,
            [*columns(names), limit],
        ).fetchall()
    found: dict[Name, set[Name]] = {name: set() for name in names}
    for kind, key, other_kind, other in rows:
        if not generic(other_kind, other):
            found[kind, key].add((other_kind, other))
    return found


def _fresh(
    raw: Raw, extractions: Sequence[int], generic: Callable[[str, str], bool], names: set[Name]
) -> dict[Name, set[Name]]:
    """What these extractions name beside each name."""
    found: dict[Name, set[Name]] = {name: set() for name in names}
    if not names:
        return found
    named: dict[int, set[Name]] = defaultdict(set)
    for extraction, kind, key in raw.execute(
        "SELECT extraction_id, kind, key FROM article_entity WHERE extraction_id = ANY(%s)",
        [list(extractions)],
    ).fetchall():
        named[extraction].add((kind, key))
    for listed in named.values():
        telling = {name for name in listed if not generic(*name)}
        for name in listed & names:
            found[name] |= telling - {name}
    return found
