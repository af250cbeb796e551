"""What runs brought from each source, the expectations that they missed, and how things stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from db.runs import mark_crashed
from db.session import transaction

HISTORY = 30  # earlier runs of a source that usual values are taken from


class SourceCounts(NamedTuple):
    """What a run loaded from one source; columns of run_source."""

    source: str  # '' where unknown
    articles: int = 0
    dated: int = 0
    titled: int = 0
    arabic: int = 0
    names: int = 0
    events: int = 0
    seconds: float = 0.0

    def __add__(self, other: tuple[Any, ...]) -> SourceCounts:
        return SourceCounts(self.source, *(a + b for a, b in zip(self[1:], other[1:], strict=True)))


class Miss(NamedTuple):
    """An expectation that a run missed; columns of expectation_miss."""

    source: str
    expectation: str
    expected: float
    observed: float
    message: str


def record_sources(connection: Connection, run_id: int, counts: Sequence[SourceCounts]) -> None:
    """Write what a run brought; once a run."""
    with transaction(connection) as raw, raw.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO run_source"
            " (run_id, source, articles, dated, titled, arabic, names, events, seconds)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [(run_id, *row) for row in counts],
        )


def record_misses(connection: Connection, run_id: int, misses: Sequence[Miss]) -> None:
    """Write the expectations that a run missed; once a run."""
    with transaction(connection) as raw, raw.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO expectation_miss (run_id, source, expectation, expected, observed, message)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [(run_id, *miss) for miss in misses],
        )


def history(connection: Connection, run_id: int, source: str, least: int) -> list[SourceCounts]:
    """The last HISTORY runs before ``run_id`` that loaded at least ``least`` articles, newest first."""
    with transaction(connection) as raw:
        rows = raw.execute(
            "SELECT source, articles, dated, titled, arabic, names, events, seconds FROM run_source"
            " WHERE source = %s AND run_id < %s AND articles >= %s ORDER BY run_id DESC LIMIT %s",
            [source, run_id, least, HISTORY],
        ).fetchall()
    return [SourceCounts(*row) for row in rows]


def articles_within(connection: Connection, source: str, hours: float) -> tuple[int, bool]:
    """Articles loaded from a source within the last ``hours``, and whether its history goes back that far."""
    with transaction(connection) as raw:
        row = raw.execute(
            "SELECT coalesce(sum(articles) FILTER (WHERE finished_at >= now() - %s * interval '1 hour'), 0),"
            " coalesce(min(finished_at) < now() - %s * interval '1 hour', false)"
            " FROM run_source WHERE source = %s",
            [hours, hours, source],
        ).fetchone()
    assert row is not None
    return int(row[0]), bool(row[1])


class RunState(NamedTuple):
    """A row of the table run, for people."""

    id: int
    kind: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, Any]
    error: str | None
    inbox: str | None
    misses: int


_RUNS = """
    SELECT r.id, r.kind, r.state, r.started_at, r.finished_at, r.counts, r.error, r.parameters ->> 'inbox',
           (SELECT count(*) FROM expectation_miss AS m WHERE m.run_id = r.id)
    FROM run AS r
"""


def last_runs(connection: Connection, limit: int = 5) -> list[RunState]:
    """The newest runs first."""
    with transaction(connection) as raw:
        return [RunState(*row) for row in raw.execute(f"{_RUNS} ORDER BY r.id DESC LIMIT {limit:d}".encode())]


def last_started(connection: Connection) -> dict[str, datetime]:
    """Inbox -> start of the last run over it that ended with all files looked at."""
    with transaction(connection) as raw:
        rows = raw.execute(
            "SELECT parameters ->> 'inbox', max(started_at) FROM run"
            " WHERE kind = 'ingest' AND state IN ('completed', 'partial') AND parameters ? 'inbox'"
            " GROUP BY 1"
        ).fetchall()
    return {str(inbox): moment for inbox, moment in rows if inbox is not None}


def open_rejections(connection: Connection) -> list[tuple[str, str, int]]:
    """(stage, cause, files) of what could not be loaded and is not settled, most frequent first."""
    with transaction(connection) as raw:
        return [
            (str(stage), str(cause), int(files))
            for stage, cause, files in raw.execute(
                "SELECT stage, cause, count(*) FROM rejection WHERE resolved_at IS NULL"
                " GROUP BY stage, cause ORDER BY 3 DESC, 1, 2"
            )
        ]


def live_flow_runs(connection: Connection) -> set[str]:
    """Prefect's ids of the flow runs whose process lives; rows of those that are gone are closed first."""
    mark_crashed(connection)
    with transaction(connection) as raw:
        rows = raw.execute("SELECT parameters ->> 'flow_run' FROM run WHERE state = 'running'").fetchall()
    return {str(key) for (key,) in rows if key}


def figures(connection: Connection) -> dict[str, Any]:
    """What metrics show: runs, seconds, files, last, rejections, queue, articles, last_started.

    Cheap whatever the size of the database: counts come from the runs' own rows, the number of articles from
    the server's statistics.
    """
    with transaction(connection) as raw:
        runs = raw.execute("SELECT kind, state, count(*) FROM run GROUP BY 1, 2 ORDER BY 1, 2").fetchall()
        seconds = raw.execute(
            "SELECT kind, extract(epoch FROM sum(finished_at - started_at))::float8 FROM run"
            " WHERE finished_at IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).fetchall()
        files = raw.execute(
            "SELECT coalesce(sum((counts ->> 'loaded')::bigint), 0),"
            " coalesce(sum((counts ->> 'known')::bigint), 0),"
            " coalesce(sum((SELECT sum(v.value::bigint) FROM jsonb_each_text("
            "  CASE jsonb_typeof(counts -> 'rejected') WHEN 'object' THEN counts -> 'rejected' ELSE '{}' END"
            " ) AS v)), 0)"
            " FROM run WHERE kind = 'ingest' AND counts ? 'loaded'"
        ).fetchone()
        last = raw.execute(
            """
            WITH newest AS (
                SELECT kind, parameters ->> 'inbox' AS inbox, max(id) AS id,
                    max(finished_at) FILTER (WHERE state IN ('completed', 'partial')) AS ended,
                    max(id) FILTER (WHERE (counts ->> 'loaded')::bigint > 0) AS busy
                FROM run WHERE finished_at IS NOT NULL GROUP BY 1, 2
            )
            SELECT n.kind, n.inbox, n.ended, extract(epoch FROM r.finished_at - r.started_at)::float8,
                (b.counts ->> 'loaded')::float8 / nullif((b.counts ->> 'seconds')::float8, 0),
                (SELECT count(*) FROM expectation_miss AS m WHERE m.run_id = n.id)
            FROM newest AS n JOIN run AS r ON r.id = n.id LEFT JOIN run AS b ON b.id = n.busy
            ORDER BY n.kind, n.inbox
            """
        ).fetchall()
        sizes = raw.execute(
            "SELECT (SELECT count(*) FROM entity_queue),"
            " greatest((SELECT reltuples FROM pg_class WHERE oid = 'article'::regclass), 0)::bigint"
        ).fetchone()
    assert files is not None
    assert sizes is not None
    return {
        "runs": runs,
        "seconds": seconds,
        "files": {"loaded": int(files[0]), "known": int(files[1]), "rejected": int(files[2])},
        "last": last,
        "rejections": open_rejections(connection),
        "queue": int(sizes[0]),
        "articles": int(sizes[1]),
        "last_started": last_started(connection),
    }
