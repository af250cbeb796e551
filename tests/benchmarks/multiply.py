"""A database of generated articles made many times as large inside the server.

Generating, loading and comparing a million articles takes hours of one core; copying rows with other ids,
letters and days takes minutes.  Round k holds the articles again with a few letters exchanged, two pairs of
its own: about two words in three and one name in three stay what they were, so rounds share entities and
vocabulary as the years of an archive do, and every span stays right.  All days are later by the length of
the archive, all ids greater by ``STRIDE``.  What was derived is copied alike, so that a million articles need
not be compared; entities with one key become one, and what adds up over articles is added up.  The bytes of
files stay what they were: nothing reads them.

Tables are emptied and written in one transaction without indexes and constraints, which come back afterwards
unchecked: under ``wal_level=minimal`` nothing of this goes through the log.  For databases that can be made
anew, of a server of their own.

    nice python -m tests.benchmarks.multiply URL 49
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import psycopg

from db.models import Base
from flows.resolve.names import blocks
from tests.benchmarks.generate import _LETTERS

STRIDE = 10_000_000
# what does not grow with the articles, or is made from what does
LEFT_OUT = frozenset(
    {
        *("pipeline_version", "run", "run_source", "rejection", "expectation_miss", "learned_generation"),
        *("recurring_line", "file_hint", "inbox", "inbox_state", "judgement", "spelling_suggestion"),
    }
)
_OWN = ("entity", "entity_alias", "identity", "name_block", "tenure", "occurrence", "reading_source")
_ISO = frozenset({"published_start", "published_end", "value_start", "value_end"})
_SHARED = frozenset({"pipeline_version_id", "run_id"})
_HASHES = frozenset({"sha256", "hash", "metadata_hash"})
_UNCHANGED = frozenset({"source", "rule", "basis", "method", "reference_place_id", "country_code"})
# of an entity's rows and of what adds up, by (round, row of the first round)
_MAP = "JOIN round_entity AS {0} ON {0}.round = r.round AND {0}.id = b.{1}"

Connection = psycopg.Connection[tuple[object, ...]]


def tables() -> list[str]:
    """Tables that grow with the articles and are copied row by row."""
    return [
        table.name
        for table in Base.metadata.sorted_tables
        if table.name not in LEFT_OUT
        and table.name not in _OWN
        and not table.name.endswith("_queue")
        and not table.name.startswith("reference_")
    ]


def _value(name: str, kind: str) -> str:
    """SQL of a column's value in round ``r`` of row ``b``."""
    if kind == "bigint" and (name == "id" or name.endswith("_id")) and name not in _SHARED:
        return f"b.{name} + r.round * {STRIDE}::bigint"
    if name in _HASHES:
        other = f"substr(sha256(b.{name} || r.mark), 1, octet_length(b.{name}))"
        return f"CASE r.round WHEN 0 THEN b.{name} ELSE {other} END"
    if name in _ISO:
        return f"to_char(b.{name}::date + r.days, 'YYYY-MM-DD')"
    if kind == "date":
        return f"b.{name} + r.days"
    if kind == "bigint[]":
        return f"ARRAY(SELECT x # (r.round::bigint << 40) FROM unnest(b.{name}) AS x)"
    if name == "uri":
        return "CASE r.round WHEN 0 THEN b.uri ELSE '/round/' || r.round || b.uri END"
    if kind == "text" and name not in _UNCHANGED:
        return _letters(f"b.{name}")
    if kind == "tsvector":
        return f"CASE r.round WHEN 0 THEN b.{name} ELSE {_letters(f'b.{name}::text')}::tsvector END"
    return f"b.{name}"


def _letters(value: str) -> str:
    return f"translate({value}, r.old, r.new)"


def multiply(url: str, rounds: int) -> None:
    """Add rounds of the articles that are there."""
    with psycopg.connect(url, autocommit=True) as connection:
        run = connection.execute
        first, last = run(
            "SELECT min(published_first_day), max(published_last_day) FROM extraction"
        ).fetchone() or (
            None,
            None,
        )
        assert isinstance(first, date)
        assert isinstance(last, date)
        run("SET work_mem = '512MB'")
        run("SET maintenance_work_mem = '1GB'")
        run("SET max_parallel_workers_per_gather = 0")
        run("SET max_parallel_maintenance_workers = 0")
        # no triggers: the rows are copies of rows that passed them
        run("SET session_replication_role = replica")
        run("CREATE TEMP TABLE round (round int, old text, new text, days int, mark bytea)")
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO round VALUES (%s, %s, %s, %s, %s)",
                [
                    (k, *_exchange(k), k * ((last - first).days + 1), str(k).encode())
                    for k in range(rounds + 1)
                ],
            )
        copied = tables()
        with _bare(connection, [*copied, *_OWN]):
            _entities(connection)
            for table in copied:
                listed = _columns(connection, table)
                _rewrite(
                    connection,
                    table,
                    [name for name, _ in listed],
                    [_value(name, kind) for name, kind in listed],
                )
            _with_entities(connection)
        for table, column in run(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND is_identity = 'YES'"
        ).fetchall():
            run(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"
                f" greatest((SELECT max({column}) FROM {table}), 1))".encode()
            )


def _exchange(number: int) -> tuple[str, str]:
    """Letters and what they become in a round."""
    if number == 0:
        return "", ""
    a, b, c, d = random.Random(number).sample([x for x in _LETTERS if x != "ا"], 4)
    return a + b + c + d, b + a + d + c


@contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)


@contextmanager
def _bare(connection: Connection, names: Sequence[str]) -> Iterator[None]:
    """Without the tables' indexes and constraints; they come back unchecked."""
    run = connection.execute
    constraints = run(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype::text"
        " FROM pg_constraint"
        " WHERE contype IN ('f', 'c', 'p', 'u')"
        " AND (conrelid = ANY(%(t)s::regclass[]) OR confrelid = ANY(%(t)s::regclass[]))"
        # foreign keys go first and come last
        " ORDER BY contype <> 'f', conrelid::regclass::text, conname",
        {"t": list(names)},
    ).fetchall()
    indexes = run(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index AS i"
        " WHERE i.indrelid = ANY(%s::regclass[])"
        " AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)"
        " ORDER BY i.indrelid, 1",
        [list(names)],
    ).fetchall()
    for table, name, *_ in constraints:
        run(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'.encode())
    for name, _ in indexes:
        run(f"DROP INDEX {name}".encode())
    yield
    for table, name, definition, kind in reversed(constraints):
        with _timed(f"{table} {name}"):
            unchecked = "" if kind in ("p", "u") else " NOT VALID"
            run(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}{unchecked}'.encode())
    run("UPDATE pg_constraint SET convalidated = true WHERE NOT convalidated")
    for name, definition in indexes:
        with _timed(str(name)):
            run(str(definition).encode())
    for table in names:
        with _timed(f"statistics of {table}"):
            run(f"VACUUM (ANALYZE, FREEZE) {table}".encode())


def _columns(connection: Connection, table: str) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
        " ORDER BY attnum",
        [table],
    ).fetchall()  # type: ignore[return-value]


def _rewrite(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    values: Sequence[str],
    *,
    source: str = "round AS r CROSS JOIN base AS b",
    tail: str = "",
) -> None:
    """Write a table anew from its rows (``base AS b``) in all rounds."""
    with _timed(table), connection.transaction():
        run = connection.execute
        run(f"CREATE TEMP TABLE base ON COMMIT DROP AS SELECT * FROM {table} ORDER BY 1".encode())
        run("ANALYZE base")
        run(f"TRUNCATE {table}".encode())
        run(
            f"INSERT INTO {table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE"
            f" SELECT {', '.join(values)} FROM {source} {tail}".encode()
        )


def _entities(connection: Connection) -> None:
    """Entities of all rounds, those with one key once, and which of them each became in each round."""
    run = connection.execute
    with _timed("entity"), connection.transaction():
        key = f'{_letters("b.key")} COLLATE "C"'
        run(
            f"""
            CREATE TEMP TABLE round_entity AS
            SELECT round, old_id AS id,
                   first_value(CASE round WHEN 0 THEN old_id ELSE {STRIDE}::bigint + n END) OVER (
                       PARTITION BY kind, key, sense ORDER BY round, old_id
                   ) AS new_id
            FROM (
                SELECT r.round, b.id AS old_id, row_number() OVER () AS n, b.kind, {key} AS key,
                       CASE b.sense WHEN '' THEN '' ELSE b.sense || r.round END AS sense
                FROM round AS r CROSS JOIN entity AS b
            ) AS x
            """.encode()
        )
        run("ANALYZE round_entity")
        run(
            f"""
            INSERT INTO entity (id, kind, key, sense, name, canonical_id) OVERRIDING SYSTEM VALUE
            SELECT m.new_id, b.kind, {key}, CASE b.sense WHEN '' THEN '' ELSE b.sense || r.round END,
                   {_letters("b.name")}, c.new_id
            FROM round_entity AS m JOIN round AS r USING (round) JOIN entity AS b ON b.id = m.id
            LEFT JOIN round_entity AS c ON c.round = m.round AND c.id = b.canonical_id
            WHERE m.round > 0 AND m.new_id > {STRIDE}
                AND NOT EXISTS (
                    SELECT FROM round_entity AS e
                    WHERE e.new_id = m.new_id AND (e.round, e.id) < (m.round, m.id)
                )
            ORDER BY m.new_id
            """.encode()
        )


def _with_entities(connection: Connection) -> None:
    """Tables whose rows name entities."""
    run = connection.execute
    both = "round AS r CROSS JOIN base AS b "
    own = both + _MAP.format("m", "entity_id")
    _rewrite(
        connection,
        "identity",
        ["extraction_id", "n", "entity_id"],
        [f"b.extraction_id + r.round * {STRIDE}::bigint", "b.n", "m.new_id"],
        source=own,
    )
    _rewrite(
        connection,
        "entity_alias",
        ["entity_id", "surface", "folded", "articles"],
        ["m.new_id", f"{_letters('b.surface')} AS x", f"min({_letters('b.folded')})", "sum(b.articles)"],
        source=own,
        tail="GROUP BY m.new_id, x",
    )
    listed = _columns(connection, "occurrence")
    _rewrite(
        connection,
        "occurrence",
        [name for name, _ in listed],
        ["m.new_id" if name == "place_id" else _value(name, kind) for name, kind in listed],
        source=both + "LEFT " + _MAP.format("m", "place_id"),
        tail="ORDER BY b.id + r.round * 10000000::bigint",
    )
    listed = [(name, kind) for name, kind in _columns(connection, "tenure") if name != "id"]
    sums = {"articles": "sum", "former_articles": "sum", "last_seen": "max", "certain_to": "max"}
    made = {
        "person_id": "m.new_id",
        "organization_id": "o.new_id",
        "office": f"{_letters('b.office')} AS office_x",
    }
    _rewrite(
        connection,
        "tenure",
        [name for name, _ in listed],
        [made.get(n) or f"{sums.get(n, 'min')}({_value(n, k)})" for n, k in listed],
        source=both + _MAP.format("m", "person_id") + " LEFT " + _MAP.format("o", "organization_id"),
        tail="GROUP BY m.new_id, o.new_id, office_x",
    )
    with _timed("reading_source"), connection.transaction():
        run("TRUNCATE reading_source")
        run(
            "INSERT INTO reading_source (source, articles) SELECT source, count(*) FROM extraction"
            " WHERE is_current AND source IS NOT NULL GROUP BY source"
        )
    with _timed("name_block"), connection.transaction():
        run("TRUNCATE name_block")
        rows = run("SELECT id, kind, key FROM entity WHERE sense = ''").fetchall()
        with connection.cursor().copy(
            "COPY name_block (entity_id, block) FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.set_types(["int8", "text"])
            for number, kind, key in rows:
                for block in blocks(str(kind), str(key)):
                    copy.write_row((number, block))


if __name__ == "__main__":
    multiply(sys.argv[1].replace("postgresql+psycopg://", "postgresql://"), int(sys.argv[2]))
