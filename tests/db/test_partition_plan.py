"""Nothing in the design forbids partitioning: tried on generated rows, as the README describes it."""

from __future__ import annotations

import os

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.engine import create_engine
from db.load import load_batch
from db.models import Base
from tests.benchmarks.generate import batches

# what grows with the articles' contents, parents first; all hang under an extraction
PARTED = ("article_entity", "date_expression", "sentence", "mention", "event", "event_participant")


def test_every_key_of_what_hangs_under_an_extraction_begins_with_it() -> None:
    """A unique key of a partitioned table must hold the partition key."""
    for table in Base.metadata.sorted_tables:
        inherits = any(
            key.columns.keys()[0] == "extraction_id" for key in [table.primary_key] if len(key.columns) > 1
        )
        if not inherits:
            continue
        for constraint in table.constraints:
            if isinstance(constraint, sa.UniqueConstraint):
                assert "extraction_id" in constraint.columns, f"{table.name}: {constraint.name}"
        for index in table.indexes:
            assert not index.unique or "extraction_id" in index.columns, f"{table.name}: {index.name}"


@pytest.mark.parametrize("table", PARTED)
def test_a_table_moves_into_partitions_and_reads_only_the_one_it_needs(database: Engine, table: str) -> None:
    with database.connect() as connection:
        for batch in batches(0, 60, 20):
            load_batch(connection, batch)
    with database.begin() as connection:
        low, middle, high = connection.execute(
            sa.text("SELECT min(id), min(id) + 30, max(id) + 1 FROM extraction")
        ).one()
        before = connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY 1, 2, 3")).all()
        assert len(before) > 60
        run = connection.exec_driver_sql
        key = ", ".join(column.name for column in Base.metadata.tables[table].primary_key.columns)
        run(
            f"CREATE TABLE {table}_parted (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS"
            " INCLUDING COMMENTS) PARTITION BY RANGE (extraction_id)"
        )
        run(f"ALTER TABLE {table}_parted ADD PRIMARY KEY ({key})")
        run(
            f"ALTER TABLE {table}_parted"
            " ADD FOREIGN KEY (extraction_id) REFERENCES extraction ON DELETE CASCADE"
        )
        run(f"CREATE TABLE {table}_1 PARTITION OF {table}_parted FOR VALUES FROM ({low}) TO ({middle})")
        run(f"CREATE TABLE {table}_2 PARTITION OF {table}_parted FOR VALUES FROM ({middle}) TO ({high})")
        run(f"INSERT INTO {table}_parted SELECT * FROM {table}")
        assert connection.execute(sa.text(f"SELECT * FROM {table}_parted ORDER BY 1, 2, 3")).all() == before
        plan = connection.execute(
            sa.text(f"EXPLAIN (COSTS OFF) SELECT * FROM {table}_parted WHERE extraction_id = {low}")
        ).all()
        assert f"{table}_1" in str(plan)
        assert f"{table}_2" not in str(plan)
        # a month that is not wanted any more leaves without a DELETE
        run(f"ALTER TABLE {table}_parted DETACH PARTITION {table}_1")
        left = connection.execute(sa.text(f"SELECT min(extraction_id) FROM {table}_parted")).scalar_one()
        assert left >= middle


LARGE = os.environ.get("RASD_LARGE_URL", "")


@pytest.mark.slow
@pytest.mark.skipif(not LARGE, reason="RASD_LARGE_URL names no large database (tests.benchmarks.multiply)")
def test_a_table_of_a_million_articles_moves_into_partitions() -> None:
    """In one transaction that is rolled back: a partition of each twentieth of the ids."""
    engine = create_engine(LARGE)
    with engine.connect() as connection, connection.begin() as transaction:
        run = connection.exec_driver_sql
        run("SET LOCAL statement_timeout = 0")
        edges = [
            row[0]
            for row in run(
                "SELECT min(id) FROM (SELECT id, ntile(20) OVER (ORDER BY id) AS part FROM extraction) AS e"
                " GROUP BY part ORDER BY 1"
            )
        ]
        run("CREATE TABLE office_parted (LIKE office) PARTITION BY RANGE (extraction_id)")
        run("ALTER TABLE office_parted ADD PRIMARY KEY (extraction_id, n)")
        for number, (low, high) in enumerate(zip(edges, [*edges[1:], 2**62], strict=True)):
            run(
                f"CREATE TABLE office_{number} PARTITION OF office_parted FOR VALUES FROM ({low}) TO ({high})"
            )
        moved = run("INSERT INTO office_parted SELECT * FROM office").rowcount
        assert moved == run("SELECT count(*) FROM office").scalar_one()
        asked = edges[7]
        plan = str(
            run(f"EXPLAIN (COSTS OFF) SELECT * FROM office_parted WHERE extraction_id = {asked}").all()
        )
        assert "office_7" in plan
        assert "office_6" not in plan
        run("ALTER TABLE office_parted DETACH PARTITION office_0")
        assert run("SELECT min(extraction_id) FROM office_parted").scalar_one() >= edges[1]
        print(f"{moved:,} rows moved into {len(edges)} partitions")
        transaction.rollback()
    engine.dispose()
