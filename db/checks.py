"""What a server must be able to do; needs the driver only, so that a start stays quick."""

from __future__ import annotations

from typing import Any

import psycopg


class DatabaseError(RuntimeError):
    """The database is not usable as it is; the message is one line for people."""


def check_trigrams(connection: psycopg.Connection[Any]) -> None:
    """Create pg_trgm where missing and refuse a database whose locale makes it blind to Arabic.

    The connection must be in autocommit mode.
    """
    try:
        if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'").fetchone() is None:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except (psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject):
        pass  # somebody else made it at the same moment; IF NOT EXISTS looks, but does not lock
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
