"""Connections: engines, migrations run in process, and checks of a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL, Connection, Engine, make_url

LOCK_TIMEOUT = "60s"  # a batch waits for another one that loads the same files
STATEMENT_TIMEOUT = "10min"


class DatabaseError(RuntimeError):
    """The database is not usable as it is; the message is one line for people."""


def normalise_url(url: str) -> URL:
    """Any spelling of a PostgreSQL address as a SQLAlchemy URL with the psycopg 3 driver.

    Raises DatabaseError for addresses of other databases.
    """
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError as error:
        raise DatabaseError("DATABASE_URL is no address of a database") from error
    if parsed.drivername not in {"postgres", "postgresql", "postgresql+psycopg", "postgresql+asyncpg"}:
        raise DatabaseError(f"DATABASE_URL names {parsed.drivername}; Rasd needs PostgreSQL")
    return parsed.set(drivername="postgresql+psycopg")


def create_engine(
    url: str,
    *,
    application_name: str = "rasd",
    lock_timeout: str = LOCK_TIMEOUT,
    statement_timeout: str = STATEMENT_TIMEOUT,
    **options: Any,
) -> Engine:
    """An engine whose sessions have a name, time-outs (PostgreSQL notation, "0" for none) and UTC.

    options go to sqlalchemy.create_engine.
    """
    parsed = normalise_url(url)
    # set per session rather than by the `options` parameter, which poolers such as pgbouncer refuse
    engine = sa.create_engine(
        parsed,
        connect_args={"application_name": application_name, "connect_timeout": 20},
        pool_pre_ping=True,
        **options,
    )

    @sa.event.listens_for(engine, "connect")
    def _session(connection: psycopg.Connection[Any], _record: object) -> None:
        before, connection.autocommit = connection.autocommit, True
        connection.execute(
            "SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', %s, false),"
            " set_config('timezone', 'UTC', false)",
            [lock_timeout, statement_timeout],
        )
        connection.autocommit = before

    return engine


def check_trigrams(connection: psycopg.Connection[Any]) -> None:
    """Create pg_trgm where missing and refuse a database whose locale makes it blind to Arabic."""
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            "the extension pg_trgm is missing and this user may not create it: "
            "let the database's owner run CREATE EXTENSION pg_trgm"
        ) from error
    except psycopg.errors.FeatureNotSupported as error:
        raise DatabaseError("this server has no extension pg_trgm (postgresql-contrib)") from error
    row = connection.execute("SELECT cardinality(show_trgm('الرياض'))").fetchone()
    if not row or not row[0]:
        raise DatabaseError(
            "the database's LC_CTYPE knows no Arabic letters (show_trgm('الرياض') is empty): "
            "create it with LOCALE 'C.UTF-8' ENCODING 'UTF8' TEMPLATE template0"
        )


def check(url: str) -> str:
    """See that the server is there, speaks UTF-8 and knows Arabic; returns its version.

    Raises DatabaseError with one line for people.
    """
    engine = create_engine(url, application_name="rasd check", poolclass=sa.NullPool)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            raw = driver(connection)
            encoding, version = raw.execute(
                "SELECT current_setting('server_encoding'), current_setting('server_version')"
            ).fetchone() or ("", "")
            if encoding != "UTF8":
                raise DatabaseError(f"the database's encoding is {encoding}; Rasd needs UTF8")
            if int(str(version).split(".", 1)[0]) < 15:
                raise DatabaseError(f"PostgreSQL {version} is too old; Rasd needs 15 or newer")
            check_trigrams(raw)
            return str(version)
    except sa.exc.OperationalError as error:
        raise DatabaseError(f"cannot connect: {str(error.orig).strip().splitlines()[0]}") from error
    finally:
        engine.dispose()


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """The psycopg connection under a SQLAlchemy one, in the same transaction."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


# --------------------------------------------------------------------------------------- migrations


def alembic_config(url: str) -> Config:
    """Alembic's configuration without a file: an installed Rasd has no pyproject.toml beside it."""
    import migrations

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.attributes["url"] = normalise_url(url)
    return config


def upgrade(url: str, revision: str = "head") -> tuple[str | None, str | None]:
    """Migrate the database; returns the revisions before and after.

    Safe to call from several processes: migrations/env.py takes an advisory lock.
    """
    check(url)
    before = current_revision(url)
    command.upgrade(alembic_config(url), revision)
    return before, current_revision(url)


def downgrade(url: str, revision: str) -> None:
    """Go back to ``revision`` ("base" for nothing at all)."""
    command.downgrade(alembic_config(url), revision)


def current_revision(url: str) -> str | None:
    """The database's revision; None for an empty one."""
    engine = create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def head_revision() -> str | None:
    """The newest revision that this Rasd knows."""
    return ScriptDirectory.from_config(alembic_config("postgresql://")).get_current_head()
