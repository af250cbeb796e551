"""The database that the settings name: a user's own server, or the embedded one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from db import embedded
from db import engine as engines
from flows.settings import Settings, prefect_is_configured

PREFECT_DATABASE = "prefect"


@contextmanager
def database_url(
    chosen: Settings, progress: Callable[[str], None] | None = None, *, persistent: bool = False
) -> Iterator[str]:
    """SQLAlchemy URL of a server that takes connections; the embedded one runs at least as long as the block.

    Raises db.engine.DatabaseError or db.embedded.EmbeddedError with one line for people.
    """
    if chosen.database_url is not None:
        engines.check(chosen.database_url)
        yield chosen.database_url
    elif persistent:
        yield embedded.database_url(embedded.start(chosen.home, persistent=True, progress=progress))
    else:
        with embedded.running(chosen.home, progress=progress) as server:
            yield embedded.database_url(server)


def prefect_database_url(chosen: Settings) -> str | None:
    """Where an ephemeral Prefect server of this process keeps its state: a database beside Rasd's own.

    SQLite locks when several processes write; PostgreSQL does not.  None where Prefect needs none from us: a
    server is running already, it has its own database configured, or PostgreSQL is not the embedded one (then
    Prefect keeps SQLite in its home).
    """
    if chosen.database_url is not None or prefect_is_configured():
        return None
    # until this process ends, and not only the run: the ephemeral server writes its last words at exit
    server = embedded.start(chosen.home)
    create_database(embedded.database_url(server), PREFECT_DATABASE)
    url = embedded.database_url(server, PREFECT_DATABASE, tcp=True)
    return url.replace("postgresql+psycopg://", "postgresql+asyncpg://", 1)


def create_database(url: str, name: str) -> None:
    engine = engines.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            there = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
            if connection.scalar(there, {"name": name}) is None:
                # a parallel run may have made it in between
                with suppress(sa.exc.ProgrammingError, sa.exc.IntegrityError):
                    connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    finally:
        engine.dispose()


@contextmanager
def migrated_engine(chosen: Settings, progress: Callable[[str], None] | None = None) -> Iterator[sa.Engine]:
    """An engine on the database, its schema at the newest revision."""
    with database_url(chosen, progress) as url:
        engines.upgrade(url)
        engine = engines.create_engine(url)
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def reading_engine(chosen: Settings) -> Iterator[sa.Engine]:
    """An engine for questions; raises DatabaseError where nothing was ever loaded."""
    with database_url(chosen) as url:
        if engines.current_revision(url) is None:
            raise engines.DatabaseError("the database is empty: load something first with `rasd ingest PATH`")
        engine = engines.create_engine(url)
        try:
            yield engine
        finally:
            engine.dispose()
