"""Articles in the database, to be read once more from their stored bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from psycopg import sql
from sqlalchemy.engine import Connection

from db.session import transaction

STEP = 200  # articles fetched at a time: their bytes are in memory together


@dataclass(frozen=True, slots=True)
class Selection:
    """Which articles; what is None does not narrow.  Days are included."""

    source: str | None = None
    published_from: date | None = None
    published_to: date | None = None
    loaded_from: date | None = None
    loaded_to: date | None = None
    older_than: int | None = None  # pipeline_version.id
    uri: str | None = None  # beginning of an address
    where: str | None = None  # SQL over the columns of report.article


class StoredFile(NamedTuple):
    """A file as a location holds it now, with the bytes that were kept."""

    uri: str
    data: bytes
    sha256: bytes
    metadata_hash: bytes
    metadata: dict[str, Any]
    modified_at: datetime | None


class Totals(NamedTuple):
    """What a selection holds."""

    articles: int
    files: int
    bytes: int
    seconds: float  # computing time that their current extractions took
    newest: int  # articles whose current extraction is of the asked pipeline version already


def _narrowed(chosen: Selection) -> tuple[sql.Composed, list[Any]]:
    tests: list[sql.Composable] = [sql.SQL("true")]
    values: list[Any] = []
    for test, value in (
        ("e.source = %s", chosen.source),
        ("e.published_last_day >= %s", chosen.published_from),
        ("e.published_first_day <= %s", chosen.published_to),
        ("a.created_at >= %s", chosen.loaded_from),
        ("a.created_at < %s::date + 1", chosen.loaded_to),
        ("e.pipeline_version_id < %s", chosen.older_than),
        ("starts_with(l.uri, %s)", chosen.uri),
    ):
        if value is not None:
            tests.append(sql.SQL(test))
            values.append(value)
    if chosen.where is not None:
        # the operator's own condition, run in a read-only transaction
        condition = sql.SQL(chosen.where.replace("%", "%%"))
        tests.append(sql.SQL("a.id IN (SELECT article_id FROM report.article WHERE ({}))").format(condition))
    return sql.SQL(" AND ").join(tests), values


_FROM = """
FROM article AS a
JOIN extraction AS e ON e.article_id = a.id AND e.is_current
JOIN location AS l ON l.raw_file_id = a.raw_file_id
"""


def totals(connection: Connection, chosen: Selection, digest: bytes) -> Totals:
    """Counts of a selection; ``digest`` names the pipeline version that is to read it.

    Raises sqlalchemy's ProgrammingError where the SQL condition is wrong.
    """
    tests, values = _narrowed(chosen)
    query = sql.SQL(
        """
        SELECT count(*), coalesce(sum(files), 0)::bigint, coalesce(sum(size), 0)::bigint,
               coalesce(sum(seconds), 0)::float8, count(*) FILTER (WHERE newest)
        FROM (
            SELECT a.id, count(*) AS files, max(r.size) AS size, max(e.seconds) AS seconds,
                   bool_or(p.digest = %s) AS newest
            {}
            JOIN raw_file AS r ON r.id = a.raw_file_id
            JOIN pipeline_version AS p ON p.id = e.pipeline_version_id
            WHERE {} GROUP BY a.id
        ) AS s
        """
    ).format(sql.SQL(_FROM), tests)
    with transaction(connection) as raw:
        raw.execute("SET TRANSACTION READ ONLY")
        row = raw.execute(query, [digest, *values]).fetchone()
    assert row is not None
    return Totals(*row)


def stored_files(
    connection: Connection, chosen: Selection, *, sample: int | None = None
) -> Iterator[StoredFile]:
    """The files of a selection, article by article in the order of their ids; one for each set of metadata.

    ``sample`` picks so many articles, spread over the selection and the same at every call.  Each step reads
    in a transaction of its own, so nothing is held while the caller works.
    """
    tests, values = _narrowed(chosen)
    with transaction(connection) as raw:
        raw.execute("SET TRANSACTION READ ONLY")
        order = sql.SQL("md5(a.id::text) LIMIT %s" if sample is not None else "a.id")
        found = raw.execute(
            sql.SQL("SELECT a.id {} WHERE {} GROUP BY a.id ORDER BY {}").format(sql.SQL(_FROM), tests, order),
            values + ([sample] if sample is not None else []),
        )
        articles = sorted(row[0] for row in found)
    for start in range(0, len(articles), STEP):
        with transaction(connection) as raw:
            rows = raw.execute(
                """
                SELECT DISTINCT ON (a.id, l.metadata_hash)
                       l.uri, r.data, r.sha256, l.metadata_hash, v.metadata, v.modified_at
                FROM article AS a
                JOIN raw_file AS r ON r.id = a.raw_file_id
                JOIN location AS l ON l.raw_file_id = a.raw_file_id
                JOIN location_version AS v ON v.location_id = l.id AND v.ordinal = l.version
                WHERE a.id = ANY(%s)
                ORDER BY a.id, l.metadata_hash, l.uri COLLATE "C"
                """,
                [articles[start : start + STEP]],
            ).fetchall()
        yield from (StoredFile(*row) for row in rows)


def measured_rate(connection: Connection, engine: str) -> float | None:
    """Articles a second in the middle one of the last runs that loaded fifty and more with a names engine."""
    with transaction(connection) as raw:
        row = raw.execute(
            """
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY rate) FROM (
                SELECT (counts ->> 'loaded')::float8 / nullif((counts ->> 'seconds')::float8, 0) AS rate
                FROM run
                WHERE parameters ->> 'engine' = %s AND (counts ->> 'loaded')::int >= 50
                ORDER BY id DESC LIMIT 5
            ) AS r
            """,
            [engine],
        ).fetchone()
    return None if row is None or row[0] is None else float(row[0])


def said(connection: Connection, sha256: bytes, metadata_hash: bytes) -> list[tuple[str, str]]:
    """(kind, words) of the entities, dates and events of a file's newest extraction, to compare readings."""
    with transaction(connection) as raw:
        return raw.execute(
            """
            WITH newest AS (
                SELECT x.id FROM extraction AS x
                JOIN article AS a ON a.id = x.article_id
                JOIN raw_file AS r ON r.id = a.raw_file_id
                WHERE r.sha256 = %s AND x.metadata_hash = %s ORDER BY x.pipeline_version_id DESC LIMIT 1
            )
            SELECT n.kind, n.name FROM article_entity AS n JOIN newest AS x ON x.id = n.extraction_id
            UNION ALL
            SELECT 'date',
                   d.surface || ' = ' || coalesce(d.value_start, '?') || '..' || coalesce(d.value_end, '?')
            FROM date_expression AS d JOIN newest AS x ON x.id = d.extraction_id
            UNION ALL
            SELECT 'event', v.type || ' ' || v.status || ' «' || t.surface || '»'
            FROM event AS v JOIN newest AS x ON x.id = v.extraction_id
            JOIN event_trigger AS t ON t.extraction_id = v.extraction_id AND t.event_n = v.n AND t.ordinal = 0
            """,
            [sha256, metadata_hash],
        ).fetchall()
