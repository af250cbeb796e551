"""What makes questions quick again after much was loaded: statistics, and the search index."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from db.session import Raw, transaction

__all__ = ["analyze_added", "analyze_grown", "take_in_words"]

LEAST = 1_000  # changed rows
SHARE = 0.5  # of the rows there are


def analyze_grown(connection: Connection) -> list[str]:
    """ANALYZE the tables of which much changed since the last time; their names.

    The server does so by itself, but a minute later, and what is derived right after a large load would be
    planned for tables as they were.  The cost follows the growth.
    """
    with transaction(connection) as raw:
        grown = raw.execute(
            "SELECT format('%%I.%%I', schemaname, relname) FROM pg_stat_user_tables"
            " WHERE schemaname IN ('public', 'report') AND n_mod_since_analyze > %s"
            " AND n_mod_since_analyze > %s * n_live_tup"
            # without the right to do so the server warns and goes on
            " AND has_table_privilege(relid, 'SELECT') ORDER BY 1",
            [LEAST, SHARE],
        ).fetchall()
        tables = [str(name) for (name,) in grown]
        if tables:
            raw.execute(f"ANALYZE (SKIP_LOCKED) {', '.join(tables)}".encode())
    return tables


def analyze_added(raw: Raw, **added: int) -> None:
    """ANALYZE those of the tables to which the transaction at hand added much; rows by table.

    Statements of the same transaction would be planned for the few rows that there were before it: joins
    become loops over all pairs.
    """
    grown = raw.execute(
        "SELECT a.name FROM unnest(%s::text[], %s::int[]) AS a (name, rows)"
        " JOIN pg_class AS c ON c.oid = to_regclass('public.' || a.name)"
        " WHERE a.rows > %s AND a.rows > %s * c.reltuples ORDER BY 1",
        [list(added), list(added.values()), LEAST, SHARE],
    ).fetchall()
    if grown:
        raw.execute(f"ANALYZE (SKIP_LOCKED) {', '.join(str(name) for (name,) in grown)}".encode())


def take_in_words(connection: Connection) -> None:
    """Put the words of new articles into the search index; until then each search reads them one by one.

    Only who owns the index may; for others the server does it by itself in the end.
    """
    with transaction(connection) as raw:
        raw.execute(
            "SELECT gin_clean_pending_list(oid) FROM pg_class"
            " WHERE oid = to_regclass('public.ix_extraction_terms') AND pg_has_role(relowner, 'USAGE')"
        )
