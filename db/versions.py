"""Pipeline versions: what each one left, what one says that another does not, and what may go."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from db.identity import lock
from db.session import Raw, ids, transaction

__all__ = ["Change", "Prunable", "Version", "diff", "find_version", "prunable", "prune", "versions"]

_STEP = 500  # extractions a transaction


class Version(NamedTuple):
    id: int
    digest: str
    created: datetime
    description: dict[str, Any]
    extractions: int
    current: int


class Change(NamedTuple):
    """What differs in one kind; examples: (article's URI, was, is, sentence)."""

    kind: str
    added: int
    removed: int
    changed: int
    same: int
    examples: dict[str, list[tuple[str, str | None, str | None, str | None]]]


class Prunable(NamedTuple):
    extractions: int
    mentions: int
    events: int
    versions: tuple[tuple[int, int], ...]  # version, extractions


def versions(connection: Connection) -> list[Version]:
    """All versions, the newest first."""
    with transaction(connection) as raw:
        return [
            Version(*row)
            for row in raw.execute(
                """
                SELECT p.id, encode(p.digest, 'hex'), p.created_at, p.description,
                       count(e.id), count(e.id) FILTER (WHERE e.is_current)
                FROM pipeline_version AS p LEFT JOIN extraction AS e ON e.pipeline_version_id = p.id
                GROUP BY p.id ORDER BY p.id DESC
                """
            )
        ]


def find_version(connection: Connection, name: str) -> int:
    """The version of that number, or whose digest begins like that.  Raises LookupError."""
    with transaction(connection) as raw:
        found = ids(
            raw.execute(
                "SELECT id FROM pipeline_version WHERE id::text = %(n)s"
                " OR (length(%(n)s) >= 4 AND starts_with(encode(digest, 'hex'), lower(%(n)s)))",
                {"n": name},
            ).fetchall()
        )
    if len(found) != 1:
        raise LookupError(f"{'no' if not found else 'more than one'} pipeline version is called {name}")
    return found[0]


# ------------------------------------------------------------------------------------- difference

# kind -> SELECT of what an extraction says: where (raw characters), what it is, what is said of it.  Raw
# positions, because cleaning may differ between versions.
_SAYS = {
    "article": """
        SELECT e.id AS extraction_id, 0 AS raw_start, 0 AS raw_end, '' AS what, NULL::int AS clean_start,
               concat_ws(' | ', e.title, e.published_start || '..' || e.published_end, e.source, md5(e.text))
               AS value
        FROM extraction AS e WHERE e.pipeline_version_id = {version}""",
    "name": """
        SELECT m.extraction_id, m.raw_start, m.raw_end, '', m.clean_start, n.kind || ' ' || n.name
        FROM mention AS m JOIN extraction AS e ON e.id = m.extraction_id
        JOIN article_entity AS n ON n.extraction_id = m.extraction_id AND n.n = m.entity_n
        WHERE e.pipeline_version_id = {version}""",
    "office": """
        SELECT o.extraction_id, o.raw_start, o.raw_end, p.name, o.clean_start,
               concat_ws(' | ', p.name, o.title, g.name, o.tenure)
        FROM office AS o JOIN extraction AS e ON e.id = o.extraction_id
        JOIN article_entity AS p ON p.extraction_id = o.extraction_id AND p.n = o.person_n
        LEFT JOIN article_entity AS g ON g.extraction_id = o.extraction_id AND g.n = o.organization_n
        WHERE e.pipeline_version_id = {version}""",
    "date": """
        SELECT d.extraction_id, d.raw_start, d.raw_end, '', d.clean_start,
               concat_ws(' ', d.surface, '=', d.value_start, '..', d.value_end, d.precision)
        FROM date_expression AS d JOIN extraction AS e ON e.id = d.extraction_id
        WHERE e.pipeline_version_id = {version}""",
    "event": """
        SELECT v.extraction_id, t.raw_start, t.raw_end, v.type, t.clean_start,
               concat_ws(' | ', v.type, v.mode, v.status,
                   (SELECT string_agg(q.role || ' ' || coalesce(w.name, q.text), ', ' ORDER BY q.ordinal)
                    FROM event_participant AS q
                    LEFT JOIN article_entity AS w ON w.extraction_id = q.extraction_id AND w.n = q.entity_n
                    WHERE q.extraction_id = v.extraction_id AND q.event_n = v.n),
                   l.name, d.value_start || '..' || d.value_end)
        FROM event AS v JOIN extraction AS e ON e.id = v.extraction_id
        JOIN event_trigger AS t ON t.extraction_id = v.extraction_id AND t.event_n = v.n AND t.ordinal = 0
        LEFT JOIN article_entity AS l ON l.extraction_id = v.extraction_id AND l.n = v.location_n
        LEFT JOIN date_expression AS d ON d.extraction_id = v.extraction_id AND d.n = v.date_n
        WHERE e.pipeline_version_id = {version}""",
    "quotation": """
        SELECT q.extraction_id, q.raw_start, q.raw_end, '', q.clean_start,
               q.speaker || CASE WHEN q.direct THEN ' «' ELSE ' ' END || left(q.surface, 80)
        FROM quotation AS q JOIN extraction AS e ON e.id = q.extraction_id
        WHERE e.pipeline_version_id = {version}""",
}


def diff(connection: Connection, old: int, new: int, examples: int = 3) -> list[Change]:
    """What version ``new`` says of the articles that both read, and ``old`` does not, and the reverse."""
    with transaction(connection) as raw:
        return [_diff(raw, kind, old, new, examples) for kind in _SAYS]


def _diff(raw: Raw, kind: str, old: int, new: int, examples: int) -> Change:
    says = _SAYS[kind]
    rows = raw.execute(
        f"""
        WITH both_read AS (
            SELECT a.id AS was, b.id AS now, a.article_id
            FROM extraction AS a
            JOIN extraction AS b USING (article_id, metadata_hash)
            WHERE a.pipeline_version_id = {old:d} AND b.pipeline_version_id = {new:d}
        ), first AS (
            SELECT b.article_id, s.*, row_number() OVER w AS ordinal
            FROM both_read AS b
            JOIN ({says.format(version=f"{old:d}")}) AS s (
                extraction_id, raw_start, raw_end, what, clean_start, value) ON s.extraction_id = b.was
            WINDOW w AS (PARTITION BY b.was, s.raw_start, s.raw_end, s.what ORDER BY s.value)
        ), second AS (
            SELECT b.article_id, s.*, row_number() OVER w AS ordinal
            FROM both_read AS b
            JOIN ({says.format(version=f"{new:d}")}) AS s (
                extraction_id, raw_start, raw_end, what, clean_start, value) ON s.extraction_id = b.now
            WINDOW w AS (PARTITION BY b.now, s.raw_start, s.raw_end, s.what ORDER BY s.value)
        ), compared AS (
            SELECT article_id, raw_start, o.value AS was, n.value AS now,
                   coalesce(n.extraction_id, o.extraction_id) AS extraction_id,
                   coalesce(n.clean_start, o.clean_start) AS clean_start,
                   CASE WHEN o.value IS NULL THEN 'added' WHEN n.value IS NULL THEN 'removed'
                        WHEN o.value <> n.value THEN 'changed' ELSE 'same' END AS verdict
            FROM first AS o FULL JOIN second AS n USING (article_id, raw_start, raw_end, what, ordinal)
        ), ranked AS (
            SELECT *, count(*) OVER (PARTITION BY verdict) AS total,
                   row_number() OVER (PARTITION BY verdict ORDER BY article_id, raw_start, was, now) AS place
            FROM compared
        )
        SELECT r.verdict, r.total, r.was, r.now,
               (SELECT min(l.uri COLLATE "C") FROM location AS l JOIN article AS a USING (raw_file_id)
                WHERE a.id = r.article_id),
               (SELECT substr(e.text, s.clean_start + 1, s.clean_end - s.clean_start)
                FROM sentence AS s JOIN extraction AS e ON e.id = s.extraction_id
                WHERE s.extraction_id = r.extraction_id AND s.clean_start <= r.clean_start
                    AND r.clean_start < s.clean_end)
        FROM ranked AS r WHERE r.place <= greatest(%s, 1) ORDER BY r.verdict, r.place
        """.encode(),
        [examples],
    ).fetchall()
    totals = {verdict: total for verdict, total, *_ in rows}
    shown: dict[str, list[tuple[str, str | None, str | None, str | None]]] = defaultdict(list)
    for verdict, _, was, now, uri, sentence in rows:
        if verdict != "same" and len(shown[verdict]) < examples:
            shown[verdict].append((uri or "", was, now, sentence))
    added, removed, changed, same = (totals.get(v, 0) for v in ("added", "removed", "changed", "same"))
    return Change(kind, added, removed, changed, same, dict(shown))


# ------------------------------------------------------------------------------------- pruning

# Never what is current; and what the derived tables still speak of only after they were refreshed.
_MAY_GO = """
    NOT e.is_current
    AND (%(keep)s::int IS NULL OR e.pipeline_version_id NOT IN (
        SELECT id FROM pipeline_version ORDER BY id DESC LIMIT %(keep)s))
    AND (%(age)s::interval IS NULL OR e.created_at < now() - %(age)s::interval)
    AND NOT EXISTS (SELECT FROM article_story AS s WHERE s.extraction_id = e.id)
    AND NOT EXISTS (SELECT FROM occurrence_event AS o WHERE o.extraction_id = e.id)
    AND NOT EXISTS (SELECT FROM identity AS i WHERE i.extraction_id = e.id)
    AND NOT EXISTS (SELECT FROM counted_lines AS c WHERE c.extraction_id = e.id)
"""


def prunable(connection: Connection, keep: int | None, older_than: timedelta | None) -> Prunable:
    """What ``prune`` would delete."""
    with transaction(connection) as raw:
        rows = raw.execute(
            f"""
            SELECT e.pipeline_version_id, count(*),
                   coalesce(sum((SELECT count(*) FROM mention AS m WHERE m.extraction_id = e.id)), 0)::int,
                   coalesce(sum((SELECT count(*) FROM event AS v WHERE v.extraction_id = e.id)), 0)::int
            FROM extraction AS e WHERE {_MAY_GO}
            GROUP BY e.pipeline_version_id ORDER BY e.pipeline_version_id
            """.encode(),
            {"keep": keep, "age": older_than},
        ).fetchall()
    return Prunable(
        sum(row[1] for row in rows),
        sum(row[2] for row in rows),
        sum(row[3] for row in rows),
        tuple((row[0], row[1]) for row in rows),
    )


def prune(connection: Connection, keep: int | None, older_than: timedelta | None) -> int:
    """Delete superseded extractions by policy, in small transactions; how many.

    keep: extractions of this many newest versions stay; older_than: younger ones stay.  At least one of the
    two must be given (ValueError), and where both are, both must let an extraction go.  Current extractions,
    raw files, articles and judgements are never touched.
    """
    if keep is None and older_than is None:
        raise ValueError("a policy is needed: how many versions stay, or how old extractions must be")
    total = 0
    while True:
        with transaction(connection) as raw:
            # a refresh under way may be about to write what it read of one
            lock(raw)
            gone = raw.execute(
                f"""
                DELETE FROM extraction WHERE id IN (
                    SELECT e.id FROM extraction AS e WHERE {_MAY_GO} ORDER BY e.id LIMIT %(step)s
                    FOR UPDATE SKIP LOCKED
                )
                """.encode(),
                {"keep": keep, "age": older_than, "step": _STEP},
            ).rowcount
        if not gone:
            return total
        total += gone
