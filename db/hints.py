"""Fingerprints of files that are loaded and have not changed since."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from sqlalchemy.engine import Connection

from db.session import transaction

STEP = 50_000  # rows fetched at a time
VERSIONS = 2  # pipeline versions whose hints are kept, so that two engines can take turns


def hints(connection: Connection, pipeline_version_id: int) -> array[int]:
    """The fingerprints of one pipeline version, ascending; 8 bytes each."""
    found = array("q")
    with transaction(connection) as raw, raw.cursor(name="rasd_hints", binary=True) as cursor:
        cursor.itersize = STEP
        cursor.execute(
            "SELECT fingerprint FROM file_hint WHERE pipeline_version_id = %s ORDER BY fingerprint",
            [pipeline_version_id],
        )
        found.extend(row[0] for row in cursor)
    return found


def remember(connection: Connection, pipeline_version_id: int, fingerprints: Iterable[int]) -> None:
    """Add fingerprints; what is there already stays."""
    listed = sorted(set(fingerprints))
    if not listed:
        return
    with transaction(connection) as raw:
        raw.execute(
            "INSERT INTO file_hint (pipeline_version_id, fingerprint)"
            " SELECT %s, unnest(%s::bigint[]) ON CONFLICT DO NOTHING",
            [pipeline_version_id, listed],
        )


def forget_old(connection: Connection, pipeline_version_id: int) -> int:
    """Drop the hints of versions that nobody uses any more; how many."""
    with transaction(connection) as raw:
        return raw.execute(
            """
            DELETE FROM file_hint WHERE pipeline_version_id <> %s AND pipeline_version_id NOT IN (
                SELECT id FROM pipeline_version WHERE id <> %s ORDER BY id DESC LIMIT %s
            )
            """,
            [pipeline_version_id, pipeline_version_id, VERSIONS - 1],
        ).rowcount


def forget_all(connection: Connection) -> int:
    """Drop every hint, so that the next run reads every file; how many."""
    with transaction(connection) as raw:
        return raw.execute("DELETE FROM file_hint").rowcount
