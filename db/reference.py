"""Reference places in the database, and which of them the places named in articles are.

The decision itself is the caller's (flows.resolve.places); this module brings names and rows together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.engine import Connection

from db.checks import DatabaseError
from db.session import Raw, by_key, copy_rows, ids, transaction

STEP = 1_000  # extractions a transaction
_LOCK = 0x52415344_504C  # serialises loads of reference data


class ReferenceRow(NamedTuple):
    """A row of reference_place with its names: (name, folded)."""

    id: str
    kind: str
    country_code: str | None
    parent_id: str | None
    latitude: float | None
    longitude: float | None
    population: int
    is_capital: bool
    name_ar: str
    name_latin: str
    names: tuple[tuple[str, str], ...]


class NamedPlace(NamedTuple):
    """A LOCATION of an article: number, folded name, first clean characters of its mentions."""

    n: int
    folded: str
    positions: tuple[int, ...]


class PlaceRow(NamedTuple):
    """A row of article_place, but for the extraction."""

    n: int
    reference_place_id: str | None
    country_code: str | None
    latitude: float | None
    longitude: float | None
    basis: str
    confidence: float


# the places of one article and its source -> what they are
Decide = Callable[[Sequence[NamedPlace], str | None], Iterable[PlaceRow]]


def reference_digest(connection: Connection, source: str) -> bytes | None:
    """Digest of the data that were loaded as ``source``; None where they were not."""
    with transaction(connection) as raw:
        row = raw.execute("SELECT digest FROM reference_source WHERE id = %s", [source]).fetchone()
    return None if row is None else bytes(row[0])


def load_reference(
    connection: Connection, source: str, digest: bytes, licence: str, rows: Sequence[ReferenceRow]
) -> dict[str, int]:
    """Bring the places of one source up to date; nothing happens when the digest is the one loaded.

    Places that the data no longer hold go; articles are decided anew by the next refresh.  Returns rows by
    what was done.  Raises DatabaseError when another source holds one of the ids.
    """
    with transaction(connection) as raw:
        raw.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        known = raw.execute("SELECT digest FROM reference_source WHERE id = %s", [source]).fetchone()
        if known is not None and bytes(known[0]) == digest:
            return {"reference_place": 0, "removed": 0, "queued": 0}
        raw.execute(
            "INSERT INTO reference_source (id, digest, licence) VALUES (%s, %s, %s)"
            " ON CONFLICT (id) DO UPDATE"
            " SET digest = excluded.digest, licence = excluded.licence, loaded_at = now()",
            [source, digest, licence],
        )
        raw.execute(
            "CREATE TEMP TABLE stage_place ON COMMIT DROP AS SELECT * FROM reference_place WITH NO DATA"
        )
        raw.execute(
            "CREATE TEMP TABLE stage_name ON COMMIT DROP AS SELECT * FROM reference_name WITH NO DATA"
        )
        columns = list(ReferenceRow._fields[:-1])
        types = ["text"] * 4 + ["float8", "float8", "int8", "bool", "text", "text"]
        copy_rows(raw, "stage_place", columns, types, (row[:-1] for row in rows))
        names = ((row.id, name, folded) for row in rows for name, folded in row.names)
        copy_rows(raw, "stage_name", ["place_id", "name", "folded"], ["text"] * 3, names)
        taken = raw.execute(
            "SELECT p.id, p.source_id FROM reference_place AS p JOIN stage_place AS s USING (id)"
            " WHERE p.source_id <> %s ORDER BY p.id LIMIT 1",
            [source],
        ).fetchone()
        if taken is not None:
            raise DatabaseError(f"place {taken[0]} belongs to the reference data {taken[1]} already")
        removed = raw.execute(
            "DELETE FROM reference_place WHERE source_id = %s AND id NOT IN (SELECT id FROM stage_place)",
            [source],
        ).rowcount
        listed = ", ".join(columns)
        changed = ", ".join(f"{c} = excluded.{c}" for c in columns[1:])
        written = raw.execute(
            f"INSERT INTO reference_place (source_id, {listed})"
            f" SELECT %s, {listed} FROM stage_place ORDER BY id"
            f" ON CONFLICT (id) DO UPDATE SET {changed}",
            [source],
        ).rowcount
        raw.execute(
            "DELETE FROM reference_name AS r USING reference_place AS p"
            " WHERE p.id = r.place_id AND p.source_id = %s",
            [source],
        )
        raw.execute(
            "INSERT INTO reference_name (place_id, name, folded)"
            " SELECT DISTINCT n.place_id, n.name, n.folded FROM stage_name AS n"
            " JOIN reference_place AS p ON p.id = n.place_id AND p.source_id = %s",
            [source],
        )
        queued = _queue_all(raw)
    return {"reference_place": written, "removed": removed, "queued": queued}


def remove_reference(connection: Connection, source: str) -> int:
    """Take out the places of one source; articles are decided anew by the next refresh.  Places removed."""
    with transaction(connection) as raw:
        raw.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        removed = raw.execute("DELETE FROM reference_place WHERE source_id = %s", [source]).rowcount
        if raw.execute("DELETE FROM reference_source WHERE id = %s", [source]).rowcount:
            _queue_all(raw)
    return removed


def reference_rows(connection: Connection) -> list[ReferenceRow]:
    """All reference places with their names."""
    with transaction(connection) as raw:
        found = raw.execute(
            """
            SELECT p.id, p.kind, p.country_code, p.parent_id, p.latitude, p.longitude, p.population,
                   p.is_capital, p.name_ar, p.name_latin,
                   array_agg(r.name ORDER BY r.name COLLATE "C"),
                   array_agg(r.folded ORDER BY r.name COLLATE "C")
            FROM reference_place AS p JOIN reference_name AS r ON r.place_id = p.id
            GROUP BY p.id ORDER BY p.id COLLATE "C"
            """
        ).fetchall()
    return [ReferenceRow._make((*row[:-2], tuple(zip(row[-2], row[-1], strict=True)))) for row in found]


def reference_sources(connection: Connection) -> list[tuple[str, int, datetime, str]]:
    """(name, places, loaded at, licence) of what is loaded."""
    with transaction(connection) as raw:
        return raw.execute(
            """
            SELECT s.id, count(p.id), s.loaded_at, s.licence
            FROM reference_source AS s LEFT JOIN reference_place AS p ON p.source_id = s.id
            GROUP BY s.id ORDER BY s.id
            """
        ).fetchall()


def places_waiting(connection: Connection) -> bool:
    """Whether refresh_places has something to do."""
    with transaction(connection) as raw:
        return raw.execute("SELECT 1 FROM place_queue LIMIT 1").fetchone() is not None


def refresh_places(connection: Connection, decide: Decide) -> dict[str, int]:
    """Decide the places of the extractions that wait.

    The cost follows what is new.  Idempotent; several may run at once; each article is decided by itself, so
    the order does not matter.  Returns extractions read and rows written.
    """
    total = {"extractions": 0, "article_place": 0}
    while True:
        with transaction(connection) as raw, by_key(raw):
            read, written = _step(raw, decide)
        if not read:
            return total
        total["extractions"] += read
        total["article_place"] += written


def _queue_all(raw: Raw) -> int:
    return raw.execute(
        "INSERT INTO place_queue SELECT id FROM extraction WHERE is_current ORDER BY id"
        " ON CONFLICT DO NOTHING"
    ).rowcount


def _step(raw: Raw, decide: Decide) -> tuple[int, int]:
    batch = ids(
        raw.execute(
            "DELETE FROM place_queue WHERE extraction_id IN ("
            " SELECT extraction_id FROM place_queue ORDER BY extraction_id LIMIT %s FOR UPDATE SKIP LOCKED"
            ") RETURNING extraction_id",
            [STEP],
        ).fetchall()
    )
    if not batch:
        return 0, 0
    named: dict[int, tuple[str | None, list[NamedPlace]]] = {}
    for extraction, source, n, folded, positions in raw.execute(
        """
        SELECT n.extraction_id, e.source, n.n, n.name_folded, p.positions
        FROM article_entity AS n
        JOIN extraction AS e ON e.id = n.extraction_id
        CROSS JOIN LATERAL (
            SELECT array_agg(m.clean_start ORDER BY m.clean_start) AS positions
            FROM mention AS m WHERE m.extraction_id = n.extraction_id AND m.entity_n = n.n
        ) AS p
        WHERE n.extraction_id = ANY(%s) AND n.kind = 'LOCATION'
        ORDER BY n.extraction_id, n.n
        """,
        [batch],
    ):
        place = NamedPlace(n, folded, tuple(positions or ()))
        named.setdefault(extraction, (source, []))[1].append(place)
    raw.execute("DELETE FROM article_place WHERE extraction_id = ANY(%s)", [batch])
    rows = [
        (extraction, *row) for extraction, (source, places) in named.items() for row in decide(places, source)
    ]
    copy_rows(
        raw,
        "article_place",
        ["extraction_id", *PlaceRow._fields],
        ["int8", "int4", "text", "text", "float8", "float8", "text", "float4"],
        rows,
    )
    return len(batch), len(rows)
