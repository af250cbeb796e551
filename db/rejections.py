"""Rejections: what is open, what is due for another try, and closing a case by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.engine import Connection

from db.session import transaction

__all__ = ["RejectionCase", "close", "rejections", "stored"]


class RejectionCase(NamedTuple):
    id: int
    uri: str
    stage: str
    cause: str
    message: str
    sha256: bytes | None
    size: int | None
    attempts: int
    first_seen: datetime
    last_seen: datetime
    next_try: datetime
    resolved: datetime | None
    resolution: str | None


_COLUMNS = (
    "j.id, j.uri, j.stage, j.cause, j.message, j.sha256, j.size, j.attempts, j.first_seen_at, j.last_seen_at,"
    " j.next_try_at, j.resolved_at, j.resolution"
)


def rejections(
    connection: Connection,
    *,
    numbers: Sequence[int] | None = None,
    stage: str | None = None,
    cause: str | None = None,
    source: str | None = None,
    closed: bool = False,
    due: bool = False,
    limit: int | None = None,
) -> list[RejectionCase]:
    """Cases by filter, the last seen first.

    source: a part of the file's address, or the outlet that its metadata named when it could be read;
    closed: closed cases too; due: only those whose next try has come.
    """
    with transaction(connection) as raw:
        return [
            RejectionCase(*row)
            for row in raw.execute(
                f"""
                SELECT {_COLUMNS} FROM rejection AS j
                WHERE (%(numbers)s::bigint[] IS NULL OR j.id = ANY(%(numbers)s))
                    AND (%(stage)s::text IS NULL OR j.stage = %(stage)s)
                    AND (%(cause)s::text IS NULL OR j.cause = %(cause)s)
                    AND (%(source)s::text IS NULL OR strpos(j.uri, %(source)s) > 0 OR EXISTS (
                        SELECT FROM location AS l JOIN location_version AS v ON v.location_id = l.id
                        WHERE l.uri = j.uri AND v.metadata ->> 'source' = %(source)s))
                    AND (%(closed)s OR j.resolved_at IS NULL)
                    AND (NOT %(due)s OR j.next_try_at <= now())
                ORDER BY j.last_seen_at DESC, j.id DESC LIMIT %(limit)s
                """.encode(),
                {
                    "numbers": None if numbers is None else list(numbers),
                    "stage": stage,
                    "cause": cause,
                    "source": source,
                    "closed": closed,
                    "due": due,
                    "limit": limit,
                },
            )
        ]


def close(connection: Connection, numbers: Sequence[int], resolution: str) -> int:
    """Close open cases; how many.  A file that fails again opens a new one."""
    with transaction(connection) as raw:
        return raw.execute(
            "UPDATE rejection SET resolved_at = greatest(clock_timestamp(), last_seen_at), resolution = %s"
            " WHERE id = ANY(%s) AND resolved_at IS NULL",
            [resolution, list(numbers)],
        ).rowcount


def stored(connection: Connection, sha256: bytes, uri: str) -> tuple[bytes, dict[str, object]] | None:
    """Bytes that were loaded once and the metadata last seen at that address; None where unknown."""
    with transaction(connection) as raw:
        return raw.execute(
            """
            SELECT r.data, coalesce((
                SELECT v.metadata FROM location AS l
                JOIN location_version AS v ON v.location_id = l.id AND v.ordinal = l.version
                WHERE l.uri = %s
            ), '{}')
            FROM raw_file AS r WHERE r.sha256 = %s
            """,
            [uri, sha256],
        ).fetchone()
