"""How fast articles get into the database, as ratios of things done in turns in one run.

    uv run pytest -m slow tests/benchmarks/test_load_speed.py -s

RASD_LARGE_URL names a database of many generated articles (tests.benchmarks.multiply) that is compared with
an empty and a small one; without it those tests are skipped.  It is as before afterwards, but for dead rows.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from db.engine import create_engine, upgrade
from db.load import _CHILDREN, _TYPES, load_batch
from db.runs import ensure_pipeline
from db.session import copy_rows, transaction
from db.statistics import take_in_words
from flows.across import REPORTS, TEXTS
from flows.identities import refresh_entities
from flows.reference import refresh_reference
from tests.benchmarks.generate import PIPELINE, batches
from tests.db.servers import plain

pytestmark = pytest.mark.slow

ARTICLES, SIZE = 10_000, 500
NEW = 1_000  # articles of an incremental refresh
FRESH = 50_000_000  # number of the first article that no database holds
LARGE = os.environ.get("RASD_LARGE_URL", "")
large = pytest.mark.skipif(not LARGE, reason="RASD_LARGE_URL names no large database")
COPY, GROWTH, REFRESH = 0.7, 1.3, 2.0  # what the ratios have to reach, or may


def _create(url: sa.URL) -> Engine:
    """An empty database beside that of ``url``, made anew; with the schema and a pipeline version."""
    _drop(url)
    with psycopg.connect(plain(_text(url.set(database="postgres"))), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{url.database}" TEMPLATE template0'.encode())
    upgrade(_text(url))
    engine = create_engine(_text(url))
    with engine.connect() as connection:
        ensure_pipeline(connection, PIPELINE)
    return engine


def _drop(url: sa.URL) -> None:
    with psycopg.connect(plain(_text(url.set(database="postgres"))), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{url.database}" WITH (FORCE)'.encode())


def _text(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Engine]]:
    """Empty databases by name, on the server of the large one where there is one."""
    beside = sa.make_url(LARGE or request.getfixturevalue("server").url)
    made: list[Engine] = []

    def create(name: str) -> Engine:
        made.append(_create(beside.set(database=name)))
        return made[-1]

    yield create
    for engine in made:
        engine.dispose()
        _drop(engine.url)


class Spent:
    """Seconds by the clock of what ran inside ``with spent.counted()``; garbage collection left out."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def counted(self) -> Iterator[None]:
        gc.collect()
        gc.disable()
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began
            gc.enable()


# ------------------------------------------------------------------------------------- beside a bare COPY

_PARENTS = (("raw_file", "id"), ("article", "id"), ("location", "id"), ("location_version", "location_id"))


def _written(
    raw: psycopg.Connection[tuple[object, ...]], before: dict[str, int]
) -> dict[str, list[tuple[object, ...]]]:
    """Rows of all tables that came after ``before``; what COPY takes as text is text."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for table, key in (*_PARENTS, ("extraction", "id")):
        columns = raw.execute(
            "SELECT string_agg(CASE WHEN data_type IN ('jsonb', 'tsvector') THEN column_name || '::text'"
            " ELSE column_name END, ', ' ORDER BY ordinal_position) FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = %s",
            [table],
        ).fetchone()
        assert columns is not None
        found[table] = raw.execute(
            f"SELECT {columns[0]} FROM {table} WHERE {key} > %s ORDER BY 1".encode(), [before.get(table, 0)]
        ).fetchall()
    for table, row, _ in _CHILDREN:
        listed = ", ".join(("extraction_id", *row._fields))
        found[table] = raw.execute(
            f"SELECT {listed} FROM {table} WHERE extraction_id > %s ORDER BY 1, 2".encode(),
            [before.get("extraction", 0)],
        ).fetchall()
    for table, _ in (*_PARENTS, ("extraction", "id")):
        if found[table]:
            before[table] = max(int(str(r[0])) for r in found[table])
    return found


def _copy(raw: psycopg.Connection[tuple[object, ...]], rows: dict[str, list[tuple[object, ...]]]) -> None:
    for table, _ in (*_PARENTS, ("extraction", "id")):
        with raw.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
            for row in rows[table]:
                copy.write_row(row)
    for table, kind, _ in _CHILDREN:
        if rows[table]:
            columns = kind._fields
            types = ("int8", *(_TYPES[column] for column in columns))
            copy_rows(raw, table, ("extraction_id", *columns), types, rows[table])
    new = [row[0] for row in rows["extraction"]]
    for queue in ("entity_queue", "place_queue"):
        copy_rows(raw, queue, ("extraction_id",), ("int8",), [(number,) for number in new])
    copy_rows(raw, "line_queue", ("article_id",), ("int8",), [(row[1],) for row in rows["extraction"]])


def test_loading_beside_a_bare_copy_of_the_same_rows(make: Callable[[str], Engine]) -> None:
    loaded, copied = make("load_speed_load"), make("load_speed_copy")
    load_time, copy_time = Spent(), Spent()
    before: dict[str, int] = {}
    with loaded.connect() as one, psycopg.connect(plain(_text(copied.url))) as other:
        reader = psycopg.connect(plain(_text(loaded.url)), autocommit=True)
        for number, batch in enumerate(batches(0, ARTICLES, SIZE)):
            with load_time.counted():
                load_batch(one, batch)
            rows = _written(reader, before)
            with copy_time.counted():
                _copy(other, rows)
                other.commit()
            if number == 0:  # plans are made, caches filled
                load_time.seconds = copy_time.seconds = 0.0
        reader.close()
        tables = [table for table, _ in _PARENTS] + ["extraction"] + [table for table, *_ in _CHILDREN]
        for table in (*tables, "entity_queue", "story_queue", "place_queue", "line_queue"):
            count = f"SELECT count(*) FROM {table}"
            row = other.execute(count.encode()).fetchone()
            assert row is not None
            assert one.execute(sa.text(count)).scalar_one() == row[0] or table == "story_queue", table
    ratio = copy_time.seconds / load_time.seconds
    print(
        f"\nload {load_time.seconds:.1f} s, bare COPY {copy_time.seconds:.1f} s, rate {ratio:.2f} of it"
        f" ({(ARTICLES - SIZE) / load_time.seconds:.0f} articles a second)"
    )
    assert ratio >= COPY


# ------------------------------------------------------------------------------------- into a large database


@contextmanager
def _undone(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        outer = connection.begin()
        yield connection
        outer.rollback()


@large
def test_loading_into_a_large_database_takes_as_long_as_into_an_empty_one(
    make: Callable[[str], Engine],
) -> None:
    empty, full = make("load_speed_empty"), create_engine(LARGE)
    small_time, large_time = Spent(), Spent()
    with _undone(empty) as one, _undone(full) as other:
        articles = other.execute(sa.text("SELECT count(*) FROM article")).scalar_one()
        for number, batch in enumerate(batches(FRESH, ARTICLES + SIZE, SIZE)):
            turns = [(small_time, one), (large_time, other)]
            for spent, connection in turns if number % 2 else reversed(turns):
                with spent.counted():
                    load_batch(connection, batch)
            if number == 0:
                small_time.seconds = large_time.seconds = 0.0
        for spent, connection in ((small_time, one), (large_time, other)):
            with spent.counted():
                take_in_words(connection)
    full.dispose()
    ratio = large_time.seconds / small_time.seconds
    print(
        f"\n{ARTICLES:,} into none {small_time.seconds:.1f} s,"
        f" into {articles:,} {large_time.seconds:.1f} s: {ratio:.2f}"
    )

    assert ratio <= GROWTH


def _refresh(connection: Connection) -> dict[str, float]:
    """Seconds of each step of a refresh."""
    from db.occurrences import refresh_occurrences
    from db.reading import refresh_lines
    from db.reports import refresh_reports
    from db.stories import refresh_stories

    steps: dict[str, Callable[[Connection], object]] = {
        "lines": refresh_lines,
        "identities": refresh_entities,
        "places": refresh_reference,
        "stories": lambda c: refresh_stories(c, TEXTS),
        "occurrences": lambda c: refresh_occurrences(c, REPORTS),
        "reports": refresh_reports,
    }
    seconds = {}
    for name, step in steps.items():
        spent = Spent()
        with spent.counted():
            step(connection)
        seconds[name] = spent.seconds
    return seconds


def _load(connection: Connection, first: int, count: int) -> None:
    for batch in batches(first, count, SIZE):
        load_batch(connection, batch)


@large
def test_a_refresh_costs_what_is_new(make: Callable[[str], Engine]) -> None:
    small, full = make("refresh_speed"), create_engine(LARGE)
    with small.connect() as connection:
        _load(connection, 0, ARTICLES)
        _refresh(connection)
        with transaction(connection) as raw:
            raw.execute("ANALYZE")
    found: dict[int, dict[str, float]] = {}
    for engine in (small, full):
        with _undone(engine) as connection:
            articles = connection.execute(sa.text("SELECT count(*) FROM article")).scalar_one()
            # the copies of tests.benchmarks.multiply were never compared with each other: the first names
            # that come settle what an archive that grew article by article had settled long before
            _load(connection, FRESH, NEW)
            _refresh(connection)
            _load(connection, FRESH + NEW, NEW)
            found[articles] = _refresh(connection)
    full.dispose()
    for articles, seconds in sorted(found.items()):
        listed = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())
        print(f"\n{NEW:,} new beside {articles:,}: {sum(seconds.values()):.1f} s ({listed})")
    least, most = (sum(found[articles].values()) for articles in sorted(found))
    assert most <= REFRESH * least
