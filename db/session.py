"""Transactions on the driver's connection, COPY, and errors in SQLAlchemy's terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import Connection

from db.engine import driver

Raw = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def transaction(connection: Connection) -> Iterator[Raw]:
    """A transaction of its own, or a savepoint inside the caller's; yields the driver's connection.

    The driver's errors come out as SQLAlchemy's (OperationalError, IntegrityError, ...), as from a statement
    that SQLAlchemy ran itself.
    """
    begin = connection.begin_nested() if connection.in_transaction() else connection.begin()
    try:
        with begin:
            raw = driver(connection)
            try:
                yield cast(Raw, raw)
            except psycopg.Error as error:
                broken = raw.closed or raw.broken
                raise _translated(error, broken=broken) from error
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated and not connection.invalidated and not connection.closed:
            connection.invalidate(error)
        raise


def _translated(error: psycopg.Error, *, broken: bool) -> sa.exc.DBAPIError:
    kind: type[sa.exc.DBAPIError] = sa.exc.DBAPIError
    for base in type(error).__mro__:
        candidate = getattr(sa.exc, base.__name__, None)
        if isinstance(candidate, type) and issubclass(candidate, sa.exc.DBAPIError):
            kind = candidate
            break
    return kind(None, None, error, connection_invalidated=broken)


@contextmanager
def by_key(raw: Raw) -> Iterator[None]:
    """Plans that look a few hundred keys up in indexes, also where statistics are missing or old.

    Staged rows have no statistics, and a database that grows fast has stale ones; a hash join would read
    whole tables for every batch.
    """
    # a way that is off and must be gone nevertheless looks dear enough to be compiled or spread over workers
    ways = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "jit")
    raw.execute("; ".join(f"SET LOCAL {way} = off" for way in ways).encode())
    raw.execute("SET LOCAL max_parallel_workers_per_gather = 0")
    yield
    # an error takes the settings back with the transaction or savepoint
    for way in (*ways, "max_parallel_workers_per_gather"):
        raw.execute(f"SET LOCAL {way} TO DEFAULT".encode())


def copy_rows(
    raw: Raw, table: str, columns: Sequence[str], types: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        write = copy.write_row
        for row in rows:
            write(row)


def ids(rows: Iterable[tuple[Any, ...]]) -> list[int]:
    return [row[0] for row in rows]
