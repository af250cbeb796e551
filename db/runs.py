"""Runs, pipeline versions and rejections: rows that go with a load."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from db.rows import PipelineRow, RejectionRow
from db.session import Raw, transaction

# as in flows.storable, which nothing here may import; a test holds the two together
_REFUSED = re.compile("[\0\ud800-\udfff]")
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
# Advisory locks have one number space a database: "Rasd" in the upper half, the run in the lower.
_LOCKS = 0x52617364 << 32


def start_run(connection: Connection, kind: str, parameters: Mapping[str, Any]) -> int:
    """Open a run row (its own transaction) and return its id.

    The connection's session holds an advisory lock that tells other runs that this one lives: keep the
    connection open until ``finish_run``.
    """
    with transaction(connection) as raw:
        row = raw.execute(
            "INSERT INTO run (kind, parameters) VALUES (%s, %s::jsonb) RETURNING id",
            [kind, to_json(parameters)],
        ).fetchone()
        assert row is not None
        # before others can see the row
        raw.execute("SELECT pg_advisory_lock(%s)", [_LOCKS + int(row[0])])
    return int(row[0])


def mark_crashed(connection: Connection) -> int:
    """Close the rows of runs whose process is gone (SIGKILL, power); how many."""
    with transaction(connection) as raw:
        return raw.execute(
            "UPDATE run SET state = 'crashed', finished_at = greatest(clock_timestamp(), started_at),"
            " error = 'the process ended without a word'"
            " WHERE state = 'running' AND pg_try_advisory_xact_lock(%s + id)",
            [_LOCKS],
        ).rowcount


def finish_run(
    connection: Connection, run_id: int, state: str, counts: Mapping[str, Any], error: str | None = None
) -> None:
    """Close a run row; state: completed, partial, failed, crashed or cancelled."""
    with transaction(connection) as raw:
        raw.execute("SELECT pg_advisory_unlock_all()")
        raw.execute(
            "UPDATE run SET state = %s, counts = %s::jsonb, error = %s,"
            " finished_at = greatest(clock_timestamp(), started_at) WHERE id = %s",
            [state, to_json(counts), None if error is None else _REFUSED.sub("\ufffd", error), run_id],
        )


def to_json(value: Mapping[str, Any]) -> str:
    # jsonb refuses the escaped NUL, and UTF-8 the halves that stand for bytes of a name that is none
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _REFUSED.sub("\ufffd", _ESCAPED_NUL.sub("\\1\ufffd", text))


def ensure_pipeline(connection: Connection, pipeline: PipelineRow) -> int:
    """The id of a pipeline version, registered where new.

    Best called once at the start of a run, in a transaction of its own: parallel loaders would wait for the
    first batch to commit otherwise.
    """
    with transaction(connection) as raw:
        return pipeline_id(raw, pipeline)


def pipeline_id(raw: Raw, pipeline: PipelineRow) -> int:
    for _attempt in range(2):
        row = raw.execute("SELECT id FROM pipeline_version WHERE digest = %s", [pipeline.digest]).fetchone()
        if row is not None:
            return int(row[0])
        raw.execute(
            "INSERT INTO pipeline_version (digest, description) VALUES (%s, %s::jsonb)"
            " ON CONFLICT (digest) DO NOTHING",
            [pipeline.digest, pipeline.description],
        )
    row = raw.execute("SELECT id FROM pipeline_version WHERE digest = %s", [pipeline.digest]).fetchone()
    assert row is not None
    return int(row[0])


def record_rejections(connection: Connection, run_id: int | None, rejections: Sequence[RejectionRow]) -> int:
    """Write rejections: one open row a file and stage, counted up when it fails again.

    Returns how many are new.  Within one transaction with a batch, pass them in the batch instead.
    """
    with transaction(connection) as raw:
        return reject(raw, run_id, rejections)


def resolve(raw: Raw, uris: Sequence[str]) -> int:
    """Close the open rejections of files that could be loaded."""
    if not uris:
        return 0
    return raw.execute(
        """
        WITH open AS (
            SELECT id FROM rejection WHERE uri = ANY(%s) AND resolved_at IS NULL
            ORDER BY uri COLLATE "C", stage FOR NO KEY UPDATE
        )
        UPDATE rejection AS r
        SET resolved_at = greatest(clock_timestamp(), r.last_seen_at), resolution = 'loaded'
        FROM open WHERE r.id = open.id
        """,
        [list(uris)],
    ).rowcount


def reject(raw: Raw, run_id: int | None, rejections: Sequence[RejectionRow]) -> int:
    if not rejections:
        return 0
    rows = {(row.uri, row.stage): row for row in rejections}
    new = raw.execute(
        """
        INSERT INTO rejection (run_id, uri, stage, cause, message, sha256, size, next_try_at)
        SELECT %s, s.*, clock_timestamp() + interval '10 minutes'
        FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bytea[], %s::bigint[])
            AS s (uri, stage, cause, message, sha256, size)
        ORDER BY s.uri COLLATE "C", s.stage
        ON CONFLICT (uri, stage) WHERE resolved_at IS NULL DO UPDATE SET
            run_id = excluded.run_id, cause = excluded.cause, message = excluded.message,
            sha256 = excluded.sha256, size = excluded.size, attempts = rejection.attempts + 1,
            last_seen_at = greatest(clock_timestamp(), rejection.first_seen_at),
            next_try_at = clock_timestamp() + least(
                interval '10 minutes' * 2 ^ least(rejection.attempts, 20), interval '7 days')
        RETURNING attempts
        """,
        [run_id, *([row[i] for row in rows.values()] for i in range(6))],
    ).fetchall()
    return sum(1 for (attempts,) in new if attempts == 1)
