"""A database of generated articles made many times as large inside the server.

Generating and loading a million articles takes hours of one core; copying rows with other ids, letters and
days takes minutes.  Round k holds the same articles with the letters exchanged by a permutation of its own:
texts, names, shingles and terms are new, and every span stays right.  All days are later by the length of the
archive and all ids greater by ``STRIDE``.  Derived tables are copied alike.  Only the files' bytes stay as
they are: nothing reads them.

    nice python -m tests.benchmarks.multiply URL 49
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterable, Sequence

import psycopg

from db.models import Base
from tests.benchmarks.generate import _LETTERS

STRIDE = 10_000_000
# what does not belong to articles
LEFT_OUT = frozenset({"pipeline_version", "run", "rejection"})
_ISO = frozenset({"published_start", "published_end", "value_start", "value_end"})
_SHARED = frozenset({"pipeline_version_id", "run_id"})
_HASHES = frozenset({"sha256", "hash", "metadata_hash"})


def tables() -> list[str]:
    """Tables that grow with the articles, parents first."""
    return [
        table.name
        for table in Base.metadata.sorted_tables
        if table.name not in LEFT_OUT
        and not table.name.endswith("_queue")
        and not table.name.startswith("reference_")
    ]


def _value(name: str, kind: str, shared: frozenset[str]) -> str:
    """SQL of a column's value in another round; parameters: shift, round, letters, days."""
    if kind == "bigint" and (name == "id" or name.endswith("_id")) and name not in shared:
        return f"{name} + %(shift)s"
    if name in _HASHES:
        return f"substr(sha256({name} || convert_to(%(round)s::text, 'UTF8')), 1, octet_length({name}))"
    if name in _ISO:
        return f"to_char({name}::date + %(days)s::int, 'YYYY-MM-DD')"
    if kind == "date":
        return f"{name} + %(days)s::int"
    if kind == "bigint[]":
        return f"ARRAY(SELECT b # (%(round)s::bigint << 40) FROM unnest({name}) AS b)"
    if name == "key":
        return f"translate({name}, %(old)s, %(new)s) || ' ' || %(round)s"
    if name == "uri":
        return f"'/round/' || %(round)s || {name}"
    if kind == "text":
        return f"translate({name}, %(old)s, %(new)s)"
    if kind == "tsvector":
        return f"translate({name}::text, %(old)s, %(new)s)::tsvector"
    return name


def multiply(url: str, rounds: Iterable[int], names: Sequence[str] | None = None) -> None:
    """Add rounds (numbers from 1) of the articles that are there, in the given tables or in all."""
    with psycopg.connect(url, autocommit=True) as connection:
        first, last = connection.execute(
            "SELECT min(published_first_day), max(published_last_day) FROM extraction WHERE id < %s", [STRIDE]
        ).fetchone() or (None, None)
        assert first is not None
        assert last is not None
        # no triggers and no look-ups of parents: the rows are copies of rows that passed them
        connection.execute("SET session_replication_role = replica")
        for number in rounds:
            letters = list(_LETTERS)
            random.Random(number).shuffle(letters)
            began = time.monotonic()
            with connection.transaction():
                for table in names or tables():
                    _copy(connection, table, number, "".join(letters), number * ((last - first).days + 1))
            print(f"round {number}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
        for table, column in connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND is_identity = 'YES'"
        ).fetchall():
            connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"  # type: ignore[arg-type]
                f" greatest((SELECT max({column}) FROM {table}), 1))"
            )


def _copy(
    connection: psycopg.Connection[tuple[object, ...]], table: str, number: int, new: str, days: int
) -> None:
    columns: list[tuple[str, str]] = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
        " ORDER BY attnum",
        [table],
    ).fetchall()  # type: ignore[assignment]
    key = next(name for name, kind in columns if kind == "bigint" and (name == "id" or name.endswith("_id")))
    listed = ", ".join(name for name, _ in columns)
    values = ", ".join(_value(name, kind, _SHARED) for name, kind in columns)
    connection.execute(
        f"INSERT INTO {table} ({listed}) OVERRIDING SYSTEM VALUE"  # type: ignore[arg-type]
        f" SELECT {values} FROM {table} WHERE {key} < {STRIDE} ORDER BY {key}",
        {"shift": number * STRIDE, "round": number, "old": _LETTERS, "new": new, "days": days},
    )


if __name__ == "__main__":
    multiply(
        sys.argv[1].replace("postgresql+psycopg://", "postgresql://"),
        range(1, int(sys.argv[2]) + 1),
        sys.argv[3].split(",") if len(sys.argv) > 3 else None,
    )
