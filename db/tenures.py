"""Dated offices: who was seen holding which office when, added up from what articles say.

A row belongs to a name (or to a further bearer of it), not to what it is one with today: so merging and
splitting people leaves the rows alone, and `office_tenure` and `office_holders` put them together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from db.names import Name, columns
from db.session import Raw

__all__ = ["add_tenures", "count_again", "offices_of"]

_HOLDS = frozenset({"current", "acting"})

# Office rows of names in current articles, an article once.
_OFFICES = """
    SELECT DISTINCT n.kind, n.key, encode(r.sha256, 'hex'), f.title, b.id, f.tenure,
           coalesce(v.first_day, x.published_first_day), coalesce(v.last_day, x.published_last_day)
    FROM {start}
    JOIN identity AS i ON i.extraction_id = n.extraction_id AND i.n = n.n
    JOIN office AS f ON f.extraction_id = n.extraction_id AND f.person_n = n.n
    JOIN extraction AS x ON x.id = n.extraction_id
    JOIN article AS a ON a.id = x.article_id
    JOIN raw_file AS r ON r.id = a.raw_file_id
    LEFT JOIN article_entity AS o ON o.extraction_id = f.extraction_id AND o.n = f.organization_n
    LEFT JOIN entity AS b ON b.kind = o.kind AND b.key = o.key AND b.sense = ''
    -- where the day of publication is not known: the latest day on which something happened that it reports
    LEFT JOIN LATERAL (
        SELECT d.first_day, d.last_day
        FROM event AS e JOIN date_expression AS d ON d.extraction_id = e.extraction_id AND d.n = e.date_n
        WHERE e.extraction_id = x.id AND e.status IN ('occurred', 'ongoing')
            AND (
                x.published_first_day IS NULL OR x.published_last_day IS NULL
                OR (
                    x.published_last_day - x.published_first_day > 31
                    AND d.first_day >= x.published_first_day AND d.last_day <= x.published_last_day
                )
            )
            AND d.last_day - d.first_day < 31
        ORDER BY d.last_day DESC, d.first_day DESC LIMIT 1
    ) AS v ON true
    WHERE n.kind = 'PERSON'
"""
_OF_NAMES = _OFFICES.format(
    start="unnest(%s::text[], %s::text[]) AS t (kind, key)"
    " JOIN article_entity AS n ON n.kind = t.kind AND n.key = t.key"
)
_OF_ARTICLES = _OFFICES.format(start="article_entity AS n") + " AND n.extraction_id = ANY(%s)"


@dataclass(slots=True)
class _Seen:
    title: str = ""
    first: date | None = None
    last: date | None = None
    certain_from: date | None = None
    certain_to: date | None = None
    former: date | None = None
    articles: set[str] | None = None
    former_articles: set[str] | None = None


def add_tenures(raw: Raw, office: Callable[[str], str], extractions: Sequence[int]) -> int:
    """Add what these extractions, not counted before, say; rows that changed."""
    found = raw.execute(_OF_ARTICLES.encode(), [list(extractions)]).fetchall()
    rows: dict[Name, int] = {
        (kind, key): number
        for kind, key, number in raw.execute(
            "SELECT e.kind, e.key, e.id FROM unnest(%s::text[], %s::text[]) AS t (kind, key)"
            " JOIN entity AS e ON e.kind = t.kind AND e.key = t.key AND e.sense = ''",
            columns({(row[0], row[1]) for row in found}),
        ).fetchall()
    }
    return _add(raw, _sum(found, office, lambda name, _: rows[name]))


def count_again(
    raw: Raw,
    office: Callable[[str], str],
    names: Iterable[Name],
    holders: Mapping[tuple[str, str, str], int] | None = None,
) -> int:
    """Count the offices of these names anew; rows written.

    holders: (kind, key, article) -> row of entity, for articles that mean another bearer of the name.
    """
    listed = set(names)
    if not listed:
        return 0
    rows = raw.execute(
        "SELECT e.kind, e.key, e.sense, e.id FROM unnest(%s::text[], %s::text[]) AS t (kind, key)"
        " JOIN entity AS e ON e.kind = t.kind AND e.key = t.key",
        columns(listed),
    ).fetchall()
    raw.execute("DELETE FROM tenure WHERE person_id = ANY(%s)", [[row[3] for row in rows]])
    own = {(kind, key): number for kind, key, sense, number in rows if not sense}
    further = holders or {}
    found = raw.execute(_OF_NAMES.encode(), columns(listed)).fetchall()
    return _add(raw, _sum(found, office, lambda name, article: further.get((*name, article), own[name])))


def _least(a: date | None, b: date | None) -> date | None:
    return min(a, b) if a and b else a or b


def _most(a: date | None, b: date | None) -> date | None:
    return max(a, b) if a and b else a or b


def _sum(
    found: Iterable[tuple[Any, ...]], office: Callable[[str], str], row_of: Callable[[Name, str], int]
) -> dict[tuple[int, int | None, str], _Seen]:
    seen: dict[tuple[int, int | None, str], _Seen] = defaultdict(_Seen)
    for kind, key, article, title, organization, tenure, first, last in found:
        name = office(title)
        if not name or tenure not in ("current", "acting", "former"):
            continue
        one = seen[row_of((kind, key), article), organization, name]
        one.title = min(one.title or title, title, key=lambda t: (len(t), t))
        if tenure in _HOLDS:
            one.articles = (one.articles or set()) | {article}
            one.first, one.last = _least(one.first, first), _most(one.last, last)
            one.certain_from, one.certain_to = _least(one.certain_from, last), _most(one.certain_to, first)
        else:
            one.former_articles = (one.former_articles or set()) | {article}
            one.former = _least(one.former, last)
    return seen


def _add(raw: Raw, seen: Mapping[tuple[int, int | None, str], _Seen]) -> int:
    if not seen:
        return 0
    ordered = sorted(seen.items(), key=lambda item: (item[0][0], item[0][1] or 0, item[0][2]))
    rows = [
        (
            person,
            organization,
            office,
            one.title,
            one.first,
            one.last,
            one.certain_from,
            one.certain_to,
            one.former,
            len(one.articles or ()),
            len(one.former_articles or ()),
        )
        for (person, organization, office), one in ordered
    ]
    return raw.execute(
        """
        INSERT INTO tenure AS t (person_id, organization_id, office, title, first_seen, last_seen,
                                 certain_from, certain_to, former_seen, articles, former_articles)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::date[], %s::date[],
                             %s::date[], %s::date[], %s::date[], %s::int[], %s::int[])
        ON CONFLICT (person_id, organization_id, office) DO UPDATE SET
            title = CASE
                WHEN (length(excluded.title), excluded.title COLLATE "C")
                    < (length(t.title), t.title COLLATE "C")
                THEN excluded.title ELSE t.title END,
            first_seen = least(t.first_seen, excluded.first_seen),
            last_seen = greatest(t.last_seen, excluded.last_seen),
            certain_from = least(t.certain_from, excluded.certain_from),
            certain_to = greatest(t.certain_to, excluded.certain_to),
            former_seen = least(t.former_seen, excluded.former_seen),
            articles = t.articles + excluded.articles,
            former_articles = t.former_articles + excluded.former_articles
        """,
        [list(column) for column in zip(*rows, strict=True)],
    ).rowcount


def offices_of(raw: Raw, names: Iterable[Name]) -> dict[Name, set[str]]:
    """The offices that current articles give to each name, as keys."""
    found: dict[Name, set[str]] = defaultdict(set)
    for kind, key, title in raw.execute(
        """
        SELECT DISTINCT e.kind, e.key, t.office FROM unnest(%s::text[], %s::text[]) AS n (kind, key)
        JOIN entity AS e ON e.kind = n.kind AND e.key = n.key
        JOIN tenure AS t ON t.person_id = e.id
        """,
        columns(names),
    ).fetchall():
        found[kind, key].add(title)
    return found
