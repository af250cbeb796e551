"""Occurrences: reports of one happening in different articles, joined; kept up to date with what changes.

Triggers queue extractions whose story or identities changed.  Each step takes some off the queue, compares
their events with those that share a block with them and regroups what this touches.  The members stay as they
are: an occurrence is a row beside them that can be made anew at any time.

How reports are compared comes from the caller as ``Matching``: it belongs to flows.resolve, which this
package must not know.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from db.queues import drop_repeated, take
from db.session import Raw, by_key, copy_rows, ids, transaction

__all__ = ["STEP", "Matching", "rebuild_occurrences", "refresh_occurrences"]

STEP = 1_000
_HAPPENED = frozenset({"occurred", "ongoing"})
LOCK = 0x6F636375  # "occu": one regrouping at a time; loaders do not wait for it

Key = tuple[int, int]  # extraction, number of the event


class Matching(NamedTuple):
    """How reports are compared (flows.resolve.occurrences)."""

    report: Callable[..., Any]
    blocks: Callable[[Any], list[int]]
    candidates: Callable[[Iterable[tuple[Key, Sequence[int]]]], Iterator[tuple[Key, Key]]]
    match: Callable[[Any, Any], Any]  # of two reports: None, or score and whether they are one
    group: Callable[[Mapping[Key, Any], Mapping[tuple[Key, Key], Any]], list[list[Key]]]
    summarise: Callable[[Sequence[Any]], Any]
    found: Callable[[float, bool], Any]  # a match from its row


def refresh_occurrences(connection: Connection, how: Matching, step: int = STEP) -> dict[str, int]:
    """Bring the occurrences up to date; extractions read, occurrences and memberships changed.

    Idempotent; the grouping does not depend on the order of the articles; several may run at once, one after
    another works.  Stories and identities must be up to date.  ``step``: queued extractions a transaction.
    """
    total: Counter[str] = Counter({"reports_read": 0, "occurrence": 0, "occurrence_event": 0})
    with transaction(connection) as raw:
        raw.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        # an article that came is queued for its names and again for its story; its last place will do
        drop_repeated(raw, "occurrence_queue", "extraction_id")
    while True:
        with transaction(connection) as raw:
            raw.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            queued = take(raw, "occurrence_queue", "extraction_id", step)
            if not queued:
                return dict(total)
            with by_key(raw):
                total.update(_step(raw, queued, how))


def rebuild_occurrences(connection: Connection) -> None:
    """Forget all occurrences and queue every extraction; ``refresh_occurrences`` then makes them anew."""
    with transaction(connection) as raw:
        raw.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        raw.execute("DELETE FROM occurrence_event")
        raw.execute("DELETE FROM occurrence")
        raw.execute(
            "INSERT INTO occurrence_queue (extraction_id) SELECT extraction_id FROM article_story ORDER BY 1"
        )


def _step(raw: Raw, extractions: list[int], how: Matching) -> dict[str, int]:
    reports = _reports(
        raw,
        "unnest(%s::bigint[]) AS q (x) JOIN event AS v ON v.extraction_id = q.x",
        [extractions],
        how,
    )
    before: dict[Key, int] = {
        (extraction, n): occurrence
        for extraction, n, occurrence in raw.execute(
            "SELECT extraction_id, event_n, occurrence_id FROM occurrence_event"
            " WHERE extraction_id = ANY(%s)",
            [extractions],
        )
    }
    pairs = raw.execute(
        "DELETE FROM occurrence_pair WHERE low_extraction_id = ANY(%(e)s) OR high_extraction_id = ANY(%(e)s)"
        " RETURNING low_extraction_id, low_n, high_extraction_id, high_n, joins",
        {"e": extractions},
    ).fetchall()
    # what one announces and another reports is linked, not grouped: it brings nothing to the groups
    touched = {end for row in pairs if row[4] for end in ((row[0], row[1]), (row[2], row[3]))}
    blocks = {key: how.blocks(report) for key, report in reports.items()}
    new = _compare(raw, reports, blocks, extractions, how)
    for pair, found in new.items():
        if found.joins:
            touched.update(pair)
    gone = [key for key in before if key not in reports]
    _leave(raw, gone)
    nodes, standing, stored = _closure(raw, (touched | set(reports)) - set(gone), set(before.values()), new)
    known = _known(raw, nodes - set(reports), how) | reports
    # what an extraction that is being deleted leaves behind
    known = {key: report for key, report in known.items() if key in nodes}
    # neighbours whose extraction was replaced and is queued behind this step: the occurrence may end before
    _leave(raw, [key for key in standing if key not in known])
    matches = {pair: how.found(*found) for pair, found in stored.items()} | new
    counts = _regroup(
        raw, known, matches, standing=standing, touched=set(before.values()), blocks=blocks, how=how
    )
    copy_rows(
        raw,
        "occurrence_pair",
        ("low_extraction_id", "low_n", "high_extraction_id", "high_n", "score", "joins"),
        ("int8", "int4", "int8", "int4", "float4", "bool"),
        [(*low, *high, found.score, found.joins) for (low, high), found in sorted(new.items())],
    )
    return {"reports_read": len(extractions), **counts}


def _leave(raw: Raw, keys: list[Key]) -> None:
    """End the membership of events."""
    raw.execute(
        "DELETE FROM occurrence_event AS m USING unnest(%s::bigint[], %s::int[]) AS g (extraction_id, n)"
        " WHERE m.extraction_id = g.extraction_id AND m.event_n = g.n",
        [[key[0] for key in keys], [key[1] for key in keys]],
    )


# ------------------------------------------------------------------------------------- reading


def _reports(raw: Raw, start: str, parameters: list[Any], how: Matching) -> dict[Key, Any]:
    """Events of current extractions with all that comparing them takes; start: FROM which ``event AS v``."""
    statement = f"""
        SELECT v.extraction_id, v.n, encode(r.sha256, 'hex'), s.article_id, s.story_id, s.kind = 'original',
               v.type, v.mode, v.status, v.confidence,
               i.entity_id,
               d.first_day, d.last_day, coalesce(d.precision, 'unknown'),
               e.published_first_day, e.published_last_day, coalesce(t.surface, ''),
               w.roles, w.entities, w.kinds, w.texts
        FROM {start}
        JOIN extraction AS e ON e.id = v.extraction_id
        JOIN article_story AS s ON s.extraction_id = e.id
        JOIN article AS a ON a.id = s.article_id
        JOIN raw_file AS r ON r.id = a.raw_file_id
        LEFT JOIN identity AS i ON i.extraction_id = e.id AND i.n = v.location_n
        LEFT JOIN date_expression AS d ON d.extraction_id = e.id AND d.n = v.date_n
        LEFT JOIN event_trigger AS t ON t.extraction_id = e.id AND t.event_n = v.n AND t.ordinal = 0
        CROSS JOIN LATERAL (
            SELECT array_agg(p.role ORDER BY p.ordinal) AS roles,
                   array_agg(k.entity_id ORDER BY p.ordinal) AS entities,
                   array_agg(c.kind ORDER BY p.ordinal) AS kinds,
                   array_agg(p.text ORDER BY p.ordinal) AS texts
            FROM event_participant AS p
            LEFT JOIN identity AS k ON k.extraction_id = p.extraction_id AND k.n = p.entity_n
            LEFT JOIN article_entity AS c ON c.extraction_id = p.extraction_id AND c.n = p.entity_n
            WHERE p.extraction_id = v.extraction_id AND p.event_n = v.n
        ) AS w
    """
    found = {}
    for row in raw.execute(statement.encode(), parameters):
        key = (row[0], row[1])
        found[key] = how.report(
            key,
            order=f"{row[2]} {row[1]:06d}",
            article=row[3],
            story=row[4],
            original=row[5],
            what=row[6:10],
            place=row[10],
            days=row[11:14],
            published=row[14:16],
            trigger=row[16],
            participants=list(zip(*(listed or [] for listed in row[17:21]), strict=True)),
        )
    return found


def _known(raw: Raw, keys: Iterable[Key], how: Matching) -> dict[Key, Any]:
    listed = sorted(keys)
    if not listed:
        return {}
    return _reports(
        raw,
        # from the keys: a join with them afterwards compares each with every event of their articles
        "unnest(%s::bigint[], %s::int[]) AS q (x, n) JOIN event AS v ON v.extraction_id = q.x AND v.n = q.n",
        [[k[0] for k in listed], [k[1] for k in listed]],
        how,
    )


def _compare(
    raw: Raw,
    reports: Mapping[Key, Any],
    blocks: Mapping[Key, list[int]],
    extractions: list[int],
    how: Matching,
) -> dict[tuple[Key, Key], Any]:
    """Fitting pairs of the queued reports, with each other and with those that are there."""
    rows = [(key, listed) for key, listed in blocks.items()]
    others: dict[Key, list[Key]] = defaultdict(list)
    for n, extraction, event_n in raw.execute(
        """
        SELECT q.n, m.extraction_id, m.event_n
        FROM unnest(%s::int[], %s::text[]) AS q (n, blocks)
        CROSS JOIN LATERAL (
            SELECT o.extraction_id, o.event_n FROM occurrence_event AS o WHERE o.blocks && q.blocks::bigint[]
        ) AS m
        WHERE m.extraction_id <> ALL(%s)
        """,
        [list(range(len(rows))), ["{" + ",".join(map(str, listed)) + "}" for _, listed in rows], extractions],
    ):
        others[rows[n][0]].append((extraction, event_n))
    known = _known(raw, {key for listed in others.values() for key in listed}, how) | dict(reports)
    wanted = list(how.candidates(rows))
    wanted += [(key, other) for key, listed in others.items() for other in listed if other in known]
    found = {}
    for one, other in wanted:
        result = how.match(known[one], known[other])
        if result is not None:
            found[min(one, other), max(one, other)] = result
    return found


def _closure(
    raw: Raw, start: set[Key], occurrences: set[int], new: Mapping[tuple[Key, Key], Any]
) -> tuple[set[Key], dict[Key, tuple[int, float]], dict[tuple[Key, Key], Any]]:
    """All reports that hang together with some: by pairs that join, or by being one occurrence so far.

    Returns them, the memberships that stand, and the pairs that are stored, those to reports beyond as well.
    """
    nodes, standing = set(start), {}
    stored: dict[tuple[Key, Key], Any] = {}
    fresh, open_occurrences, seen = set(start), set(occurrences), set(occurrences)
    while fresh or open_occurrences:
        listed = sorted(fresh)
        parameters = {
            "x": [key[0] for key in listed],
            "n": [key[1] for key in listed],
            "o": sorted(open_occurrences),
        }
        members = raw.execute(
            """
            SELECT m.extraction_id, m.event_n, m.occurrence_id, m.score
            FROM unnest(%(x)s::bigint[], %(n)s::int[]) AS q (extraction_id, event_n)
            JOIN occurrence_event AS m USING (extraction_id, event_n)
            UNION
            SELECT extraction_id, event_n, occurrence_id, score FROM occurrence_event
            WHERE occurrence_id = ANY(%(o)s)
            """,
            parameters,
        ).fetchall()
        pairs = raw.execute(
            """
            SELECT p.* FROM unnest(%(x)s::bigint[], %(n)s::int[]) AS q (x, n)
            JOIN occurrence_pair AS p ON p.low_extraction_id = q.x AND p.low_n = q.n
            UNION
            SELECT p.* FROM unnest(%(x)s::bigint[], %(n)s::int[]) AS q (x, n)
            JOIN occurrence_pair AS p ON p.high_extraction_id = q.x AND p.high_n = q.n
            """,
            parameters,
        ).fetchall()
        fresh, open_occurrences = set(), set()
        for extraction, n, occurrence, score in members:
            standing[extraction, n] = (occurrence, score)
            fresh.add((extraction, n))
            if occurrence not in seen:
                open_occurrences.add(occurrence)
        for low_x, low_n, high_x, high_n, score, joins in pairs:
            stored[(low_x, low_n), (high_x, high_n)] = (score, joins)
            if joins:
                fresh.update(((low_x, low_n), (high_x, high_n)))
        seen |= open_occurrences
        fresh -= nodes
        nodes |= fresh
    return nodes, standing, stored


# ------------------------------------------------------------------------------------- writing


def _regroup(
    raw: Raw,
    reports: Mapping[Key, Any],
    pairs: Mapping[tuple[Key, Key], Any],
    *,
    standing: Mapping[Key, tuple[int, float]],
    touched: set[int],
    blocks: Mapping[Key, list[int]],
    how: Matching,
) -> dict[str, int]:
    joining = {
        pair: found
        for pair, found in pairs.items()
        if found.joins and pair[0] in reports and pair[1] in reports
    }
    groups = how.group(reports, joining)
    numbers = _numbers(raw, groups, standing)
    place = {key: number for number, group in zip(numbers, groups, strict=True) for key in group}
    score: dict[Key, float] = {}
    for (one, other), found in joining.items():
        if place[one] == place[other]:
            for key in (one, other):
                score[key] = max(score.get(key, 0.0), found.score)
    links = _links(raw, reports, {pair: found for pair, found in pairs.items() if not found.joins}, place)
    changed = _write_occurrences(
        raw, [(n, *how.summarise([reports[k] for k in g])) for n, g in zip(numbers, groups, strict=True)]
    )
    rows = [
        (*key, place[key], score.get(key, 1.0), blocks.get(key))
        for key in reports
        if key in blocks
        or standing.get(key, (None,))[0] != place[key]
        or score.get(key, 1.0) != standing[key][1]
    ]
    members = _write_members(raw, rows)
    mine = sorted(set(numbers) | touched | {occurrence for occurrence, _ in standing.values()})
    raw.execute(
        "DELETE FROM occurrence_link WHERE announced_id = ANY(%(o)s) OR happened_id = ANY(%(o)s)", {"o": mine}
    )
    copy_rows(
        raw,
        "occurrence_link",
        ("announced_id", "happened_id", "score"),
        ("int8", "int8", "float4"),
        [(*link, value) for link, value in sorted(links.items())],
    )
    raw.execute("DELETE FROM occurrence WHERE id = ANY(%s)", [sorted(set(mine) - set(numbers))])
    return {"occurrence": changed, "occurrence_event": members}


def _links(
    raw: Raw,
    reports: Mapping[Key, Any],
    pairs: Mapping[tuple[Key, Key], Any],
    place: Mapping[Key, int],
) -> dict[tuple[int, int], float]:
    """Occurrences of which one announces or denies the other, best score of their reports' pairs."""
    beyond = sorted({end for pair in pairs for end in pair} - set(place))
    statuses = {key: report.status for key, report in reports.items()}
    homes = dict(place)
    for extraction, n, occurrence, status in raw.execute(
        # a report whose extraction was replaced and is queued behind this step brings no link
        "SELECT m.extraction_id, m.event_n, m.occurrence_id, v.status"
        " FROM unnest(%s::bigint[], %s::int[]) AS q (x, n)"
        " JOIN article_story AS s ON s.extraction_id = q.x"
        " JOIN occurrence_event AS m ON m.extraction_id = q.x AND m.event_n = q.n"
        " JOIN event AS v ON v.extraction_id = m.extraction_id AND v.n = m.event_n",
        [[key[0] for key in beyond], [key[1] for key in beyond]],
    ):
        homes[extraction, n] = occurrence
        statuses[extraction, n] = status
    links: dict[tuple[int, int], float] = {}
    for (one, other), found in pairs.items():
        if one in homes and other in homes:
            ahead = statuses[other] in _HAPPENED and statuses[one] not in _HAPPENED
            link = (homes[one], homes[other]) if ahead else (homes[other], homes[one])
            links[link] = max(links.get(link, 0.0), found.score)
    return links


def _numbers(
    raw: Raw, groups: Sequence[Sequence[Key]], standing: Mapping[Key, tuple[int, float]]
) -> list[int]:
    """An id for each group: that of the occurrence most of its reports come from, if it is not another's."""
    claims = sorted(
        (-count, occurrence, place)
        for place, group in enumerate(groups)
        for occurrence, count in Counter(standing[key][0] for key in group if key in standing).items()
    )
    taken: dict[int, int] = {}
    used: set[int] = set()
    for _, occurrence, place in claims:
        if place not in taken and occurrence not in used:
            taken[place] = occurrence
            used.add(occurrence)
    made = iter(
        ids(
            raw.execute(
                "SELECT nextval(pg_get_serial_sequence('occurrence', 'id')) FROM generate_series(1, %s)",
                [len(groups) - len(taken)],
            ).fetchall()
        )
    )
    return [taken[place] if place in taken else next(made) for place in range(len(groups))]


_COLUMNS = {
    "id": "bigint", "type": "text", "mode": "text", "status": "text", "place_id": "bigint",
    "first_day": "date", "last_day": "date", "date_precision": "text", "date_conflict": "bool",
    "reports": "int", "stories": "int", "first_reported": "date", "last_reported": "date",
    "confidence": "real",
}  # fmt: skip


def _write_occurrences(raw: Raw, rows: Sequence[Sequence[Any]]) -> int:
    """Write what differs; how many rows."""
    names = list(_COLUMNS)
    arrays = ", ".join(f"%s::{kind}[]" for kind in _COLUMNS.values())
    assigned = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    old, new = (", ".join(f"{table}.{name}" for name in names[1:]) for table in ("occurrence", "excluded"))
    statement = (
        f"INSERT INTO occurrence ({', '.join(names)}) OVERRIDING SYSTEM VALUE"
        f" SELECT * FROM unnest({arrays}) ON CONFLICT (id) DO UPDATE SET {assigned}"
        f" WHERE ({old}) IS DISTINCT FROM ({new})"
    )
    return raw.execute(statement.encode(), [[row[i] for row in rows] for i in range(len(names))]).rowcount


def _write_members(raw: Raw, rows: Sequence[tuple[int, int, int, float, list[int] | None]]) -> int:
    """New and changed memberships; blocks are None where they stay as they are."""
    return raw.execute(
        """
        INSERT INTO occurrence_event (extraction_id, event_n, occurrence_id, score, blocks)
        SELECT q.x, q.n, q.o, q.s, coalesce(q.b::bigint[], m.blocks)
        FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::real[], %s::text[]) AS q (x, n, o, s, b)
        LEFT JOIN occurrence_event AS m ON m.extraction_id = q.x AND m.event_n = q.n
        ON CONFLICT (extraction_id, event_n) DO UPDATE SET
            occurrence_id = excluded.occurrence_id, score = excluded.score, blocks = excluded.blocks
        WHERE (occurrence_event.occurrence_id, occurrence_event.score, occurrence_event.blocks)
            IS DISTINCT FROM (excluded.occurrence_id, excluded.score, excluded.blocks)
        """,
        [
            *([row[i] for row in rows] for i in range(4)),
            [None if row[4] is None else "{" + ",".join(map(str, row[4])) + "}" for row in rows],
        ],
    ).rowcount
