"""Connections: engines, migrations run in process, and checks of a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url

from db.checks import DatabaseError, check_trigrams

__all__ = [
    "DatabaseError",
    "alembic_config",
    "check",
    "create_engine",
    "current_revision",
    "downgrade",
    "driver",
    "head_revision",
    "normalise_url",
    "upgrade",
]

if TYPE_CHECKING:
    from alembic.config import Config

LOCK_TIMEOUT = "60s"  # a batch waits for another one that loads the same files
STATEMENT_TIMEOUT = "10min"
# A server whose machine or network is gone says nothing; the kernel's own patience is two hours.
_KEEPALIVE = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 4,
    "tcp_user_timeout": 90_000,
}


def normalise_url(url: str) -> URL:
    """Any spelling of a PostgreSQL address as a SQLAlchemy URL with the psycopg 3 driver.

    Raises DatabaseError for addresses of other databases.
    """
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
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
        connect_args={"application_name": application_name, "connect_timeout": 20, **_KEEPALIVE},
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
    from alembic.config import Config

    import migrations

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.attributes["url"] = normalise_url(url)
    return config


def upgrade(url: str, revision: str = "head") -> tuple[str | None, str | None]:
    """Migrate the database; returns the revisions before and after.

    Safe to call from several processes: migrations/env.py takes an advisory lock.
    """
    from alembic import command

    check(url)
    before = current_revision(url)
    command.upgrade(alembic_config(url), revision)
    return before, current_revision(url)


def downgrade(url: str, revision: str) -> None:
    """Go back to ``revision`` ("base" for nothing at all)."""
    from alembic import command

    command.downgrade(alembic_config(url), revision)


def current_revision(url: str) -> str | None:
    """The database's revision; None for an empty one."""
    from alembic.runtime.migration import MigrationContext

    engine = create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def head_revision() -> str | None:
    """The newest revision that this Rasd knows."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config("postgresql://")).get_current_head()
