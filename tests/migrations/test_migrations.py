"""Migrations: there and back, in step with the models, safe to run at once, commented throughout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from db import engine as engines
from db.checks import DatabaseError
from db.models import Base
from tests.db.servers import python

CATALOGUE = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
               pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
    """,
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    """,
    "comments": """
        SELECT relname, obj_description(oid) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
    """,
}


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    engine = engines.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(statement))]
    finally:
        engine.dispose()


def catalogue(url: str) -> dict[str, list[tuple[Any, ...]]]:
    return {what: sorted(query(url, statement), key=repr) for what, statement in CATALOGUE.items()}


def leftovers(url: str) -> list[tuple[Any, ...]]:
    """Everything in the database beside the extension, the server's own and Alembic's table."""
    return query(
        url,
        "SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname NOT LIKE 'pg_%' AND n.nspname <> 'information_schema'"
        " AND c.relname NOT LIKE 'alembic_version%'"
        " UNION ALL SELECT nspname, NULL FROM pg_namespace"
        " WHERE nspname NOT LIKE 'pg_%' AND nspname NOT IN ('information_schema', 'public')",
    )


def test_up_down_up(empty_url: str) -> None:
    assert engines.upgrade(empty_url) == (None, engines.head_revision())
    first = catalogue(empty_url)
    assert engines.upgrade(empty_url) == (engines.head_revision(), engines.head_revision())
    engines.downgrade(empty_url, "base")
    assert leftovers(empty_url) == []
    assert engines.current_revision(empty_url) is None
    engines.upgrade(empty_url)
    assert catalogue(empty_url) == first


def test_each_revision_down_and_up(empty_url: str) -> None:
    script = ScriptDirectory.from_config(engines.alembic_config(empty_url))
    assert len(script.get_heads()) == 1
    for revision in reversed(list(script.walk_revisions())):
        engines.upgrade(empty_url, revision.revision)
        engines.downgrade(empty_url, "-1")
        engines.upgrade(empty_url, revision.revision)


def test_models_ask_for_no_further_migration(database_url: str) -> None:
    command.check(engines.alembic_config(database_url))


def test_a_database_made_from_the_models_is_the_same(database_url: str, empty_url: str) -> None:
    """What autogenerate does not compare: CHECKs, index methods and predicates, the names of everything."""
    engines.check(empty_url)
    engine = engines.create_engine(empty_url, poolclass=sa.NullPool)
    Base.metadata.create_all(engine)
    engine.dispose()
    migrated, modelled = catalogue(database_url), catalogue(empty_url)
    for what, listed in modelled.items():
        assert migrated[what] == listed, what


def test_every_table_and_column_has_a_comment(database_url: str) -> None:
    bare = query(
        database_url,
        "SELECT n.nspname, c.relname, a.attname FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname IN ('public', 'report')"
        " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relkind IN ('r', 'v', 'm', 'p') AND c.relname <> 'alembic_version'"
        " AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)",
    )
    assert bare == []


def test_names_follow_the_convention(database_url: str) -> None:
    prefixes = {"p": "pk_", "f": "fk_", "u": "uq_", "c": "ck_"}
    # a NOT NULL is named by the server (contype n)
    for kind, name, table in query(
        database_url,
        "SELECT contype::text, conname, conrelid::regclass::text FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
    ):
        if table != "alembic_version":
            assert re.match(rf"{prefixes[kind]}{table}", name), name
            assert len(name) < 63, "longer names are cut by the server"


def test_upgrades_at_once_wait_for_each_other(empty_url: str) -> None:
    code = "import sys; from db.engine import upgrade; print(upgrade(sys.argv[1])[1])"
    processes = [python(code, empty_url) for _ in range(2)]
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert (process.returncode, output.strip()) == (0, engines.head_revision())


def test_a_migration_gives_up_rather_than_queue_for_a_lock(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = catalogue(database_url)
    monkeypatch.setenv("RASD_MIGRATION_LOCK_TIMEOUT", "200ms")
    engine = engines.create_engine(database_url, poolclass=sa.NullPool)
    with engine.connect() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM article")
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            engines.downgrade(database_url, "base")
    engine.dispose()
    # each revision is a transaction of its own: those above the one that had to wait are undone, it is not
    engines.upgrade(database_url)
    assert catalogue(database_url) == before, "nothing half done"


def test_upgrade_needs_no_project_folder(empty_url: str, tmp_path: Path) -> None:
    """As from an installed wheel: no pyproject.toml in sight."""
    root = str(Path(engines.__file__).parents[1])
    subprocess.run(
        [sys.executable, "-c", "import sys; from db.engine import upgrade; upgrade(sys.argv[1])", empty_url],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        check=True,
    )
    assert engines.current_revision(empty_url) == engines.head_revision()


def test_the_alembic_command_of_the_project(database_url: str) -> None:
    root = Path(engines.__file__).parents[1]
    if not (root / "pyproject.toml").is_file():
        pytest.skip("not run from the work tree")
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "check"],
        cwd=root,
        env={**os.environ, "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "No new upgrade operations" in done.stdout + done.stderr


def test_addresses_of_databases() -> None:
    for spelling in ("postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d"):
        assert engines.normalise_url(spelling).drivername == "postgresql+psycopg"
    with pytest.raises(DatabaseError, match="sqlite"):
        engines.normalise_url("sqlite:///x.db")
    with pytest.raises(DatabaseError, match="no address"):
        engines.normalise_url("rubbish")
    with pytest.raises(DatabaseError, match=r"^cannot connect: [^\n]+$"):
        engines.check("postgresql://nobody@127.0.0.1:1/none")


def test_a_database_blind_to_arabic_is_refused(server: Any) -> None:
    from db.embedded import database_url as address
    from tests.db.servers import drop_database, plain

    with sa.create_engine(server.url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE blind TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'")
    try:
        with pytest.raises(DatabaseError, match=r"show_trgm[^\n]*C\.UTF-8"):
            engines.check(plain(address(server, "blind")))
    finally:
        drop_database(server, "blind")
