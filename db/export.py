"""Rows of report views as streams: constant memory, one snapshot, nothing written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from sqlalchemy.engine import Connection

from db.checks import DatabaseError
from db.session import Raw, transaction

SCHEMA = "report"
STEP = 2_000  # rows fetched at a time


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a view: its name and PostgreSQL's name of its type (text, int8, _text, date, ...)."""

    name: str
    type: str


def view_names(connection: Connection) -> list[tuple[str, str]]:
    """(name, comment) of the views that can be exported."""
    with transaction(connection) as raw:
        return raw.execute(
            """
            SELECT c.relname::text, coalesce(obj_description(c.oid), '')
            FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace
            WHERE s.nspname = %s AND c.relkind IN ('v', 'm', 'r') ORDER BY c.relname
            """,
            [SCHEMA],
        ).fetchall()


def columns(raw: Raw, view: str) -> list[Column]:
    """The columns of a report view.  Raises DatabaseError where there is no such view."""
    found = raw.execute(
        """
        SELECT a.attname, t.typname
        FROM pg_attribute AS a
        JOIN pg_class AS c ON c.oid = a.attrelid
        JOIN pg_namespace AS s ON s.oid = c.relnamespace
        JOIN pg_type AS t ON t.oid = a.atttypid
        WHERE s.nspname = %s AND c.relname = %s AND c.relkind IN ('v', 'm', 'r')
          AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum
        """,
        [SCHEMA, view],
    )
    listed = [Column(str(name), str(kind)) for name, kind in found]
    if not listed:
        raise DatabaseError(f"there is no view report.{view}; `rasd export --list` shows what there is")
    return listed


@contextmanager
def snapshot(connection: Connection) -> Iterator[Raw]:
    """A read-only transaction that sees one state of the database."""
    with transaction(connection) as raw:
        raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield raw


def stream(raw: Raw, query: sql.SQL | sql.Composed, values: Sequence[Any] = ()) -> Iterator[Any]:
    """Rows of a query, ``STEP`` of them in memory at a time."""
    with raw.cursor(name="rasd_export") as cursor:
        cursor.itersize = STEP
        cursor.execute(query, values)
        yield from cursor


def whole_view(view: str) -> sql.Composed:
    return sql.SQL("SELECT * FROM {}").format(sql.Identifier(SCHEMA, view))


def csv_stream(raw: Raw, view: str) -> Iterator[bytes]:
    """The view as PostgreSQL writes CSV (UTF-8, header line), in pieces."""
    query = sql.SQL("COPY ({}) TO STDOUT (FORMAT CSV, HEADER, ENCODING 'UTF8')").format(whole_view(view))
    with raw.cursor() as cursor, cursor.copy(query) as copy:
        for piece in copy:
            yield bytes(piece)
