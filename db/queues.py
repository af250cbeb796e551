"""Queues that triggers and loaders append to and that a refresh takes from."""

from __future__ import annotations

from db.session import Raw

__all__ = ["FIRST", "drop_repeated", "take"]

# The first rows of a queue, by where they end and not by their ids: its statistics are mostly those
# of an empty table, with which joining it with itself becomes a loop over all pairs.
FIRST = "id <= (SELECT max(id) FROM (SELECT id FROM {queue} ORDER BY id LIMIT %s) AS first)"


def take(raw: Raw, queue: str, column: str, limit: int) -> list[int]:
    """Take the first rows off a queue: what their column holds, sorted, each once; empty at the queue's end.

    Rows that appear while this runs stay for the next time.
    """
    statement = f"DELETE FROM {queue} WHERE {FIRST.format(queue=queue)} RETURNING {column}"
    return sorted({row[0] for row in raw.execute(statement.encode(), [limit]).fetchall()})


def drop_repeated(raw: Raw, queue: str, column: str) -> None:
    """Of several rows that say the same only the last stays."""
    early = raw.execute(
        f"SELECT array_agg(id) FROM (SELECT id, lead(id) OVER (PARTITION BY {column} ORDER BY id) AS later"
        f" FROM {queue}) AS q WHERE later IS NOT NULL".encode()
    ).fetchone()
    if early and early[0]:
        raw.execute(f"DELETE FROM {queue} WHERE id = ANY(%s)".encode(), [early[0]])
