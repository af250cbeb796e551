"""Loading: idempotent, versioned, safe in parallel, never half a batch; every span leads to its letters."""

from __future__ import annotations

import itertools
import pickle
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.entities import rebuild_queue
from db.load import (
    LoadCounts,
    ensure_pipeline,
    finish_run,
    known,
    load,
    load_batch,
    record_rejections,
    start_run,
)
from db.models import Base, vocabulary
from db.reports import refresh_reports
from db.rows import Batch, RejectionRow
from flows import records
from flows.clean.normalize import unpack_alignment
from flows.identities import refresh_entities
from flows.read.decode import redecode
from flows.records import Metadata, RawFile
from flows.rows import article_rows, file_key, storable
from tests.db.articles import NEWER, PIPELINE, batch, extract, many, raw_file, text
from tests.db.servers import python, wait_until

NOTHING = LoadCounts()


def put(engine: Engine, raws: Sequence[RawFile], **options: Any) -> LoadCounts:
    with engine.connect() as connection:
        return load_batch(connection, batch(raws, **options))


def rows(engine: Engine, question: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(question))]


def scalar(engine: Engine, question: str) -> Any:
    return rows(engine, question)[0][0]


def everything(engine: Engine, leave_out: frozenset[str] = frozenset()) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, with the physical place of each: an update that changes nothing shows, too."""
    return {
        table.name: sorted(rows(engine, f"SELECT ctid::text, xmin::text, * FROM {table.name}"), key=repr)
        for table in Base.metadata.sorted_tables
        if table.name not in leave_out
    }


def portrait(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """What the database says, without ids and clock times: equal for equal input in any order."""
    keyed = "encode(r.sha256, 'hex'), encode(e.metadata_hash, 'hex'), encode(p.digest, 'hex')"
    up = (
        "JOIN article AS a ON a.id = e.article_id JOIN raw_file AS r ON r.id = a.raw_file_id"
        " JOIN pipeline_version AS p ON p.id = e.pipeline_version_id"
    )
    dropped = "ARRAY['id','article_id','pipeline_version_id','run_id','created_at','seconds']"
    picture = {
        table.name: rows(
            engine,
            f"SELECT {keyed}, to_jsonb(c) - 'extraction_id' FROM {table.name} AS c"
            f" JOIN extraction AS e ON e.id = c.extraction_id {up}",
        )
        for table in Base.metadata.sorted_tables
        if "extraction_id" in table.columns and table.name not in {"identity", "occurrence_queue"}
    }
    # an entity by all the names that it stands for
    picture["identity"] = rows(
        engine,
        f"SELECT {keyed}, i.n, ("
        " SELECT array_agg(jsonb_build_array(m.kind, m.key) ORDER BY m.kind, m.key) FROM entity AS m"
        " WHERE coalesce(m.canonical_id, m.id) = i.entity_id) FROM identity AS i"
        f" JOIN extraction AS e ON e.id = i.extraction_id {up}",
    )
    picture["extraction"] = rows(engine, f"SELECT {keyed}, to_jsonb(e) - {dropped} FROM extraction AS e {up}")
    for listed in picture.values():
        listed.sort(key=repr)
    picture["location"] = rows(
        engine,
        "SELECT l.uri, encode(r.sha256, 'hex'), l.version FROM location AS l"
        ' JOIN raw_file AS r ON r.id = l.raw_file_id ORDER BY l.uri COLLATE "C"',
    )
    picture["entity"] = rows(engine, "SELECT kind, key, name FROM entity ORDER BY kind, key")
    picture["entity_alias"] = rows(
        engine,
        "SELECT e.kind, e.key, a.surface, a.folded"
        " FROM entity_alias AS a JOIN entity AS e ON e.id = a.entity_id ORDER BY 1, 2, 3",
    )
    return picture


# ------------------------------------------------------------------------------------- vocabulary


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (vocabulary.ENTITY_KINDS, records.EntityKind),
        (vocabulary.EVENT_TYPES, records.EventType),
        (vocabulary.EVENT_STATUSES, records.EventStatus),
        (vocabulary.ROLES, records.Role),
        (vocabulary.BASES, records.Basis),
        (vocabulary.PRECISIONS, records.Precision),
    ],
)
def test_constraints_know_the_values_of_the_records(here: Sequence[str], there: type[Any]) -> None:
    assert set(here) == {member.value for member in there}


# ------------------------------------------------------------------------------------- idempotence


def test_first_load_fills_all_tables(database: Engine) -> None:
    counts = put(database, many(0, 5))
    assert counts.raw_file == counts.article == counts.extraction == counts.location == 5
    assert all(
        value for name, value in counts.as_dict().items() if name not in {"switched", "rejection", "resolved"}
    )
    for table, value in counts.as_dict().items():
        if table not in {"switched", "resolved"}:
            assert scalar(database, f'SELECT count(*) FROM "{table}"') == value, table
    assert scalar(database, "SELECT bool_and(is_current) FROM extraction")


def test_second_load_changes_no_row(database: Engine) -> None:
    put(database, many(0, 5))
    before = everything(database)
    assert put(database, many(0, 5)) == NOTHING
    with database.connect() as connection:
        files = [file_key(raw) for raw in many(0, 5)]
        assert known(connection, files, PIPELINE.digest) == {file.uri for file in files}
    assert everything(database) == before


def test_known_tells_new_files_from_loaded_ones(database: Engine) -> None:
    put(database, many(0, 3))
    changed = replace(many(1, 1)[0], metadata=Metadata(title="عنوان آخر"))
    files = [file_key(raw) for raw in (many(0, 1)[0], changed, many(9, 1)[0])]
    with database.connect() as connection:
        assert known(connection, files, PIPELINE.digest) == {"/news/0.txt"}
        assert known(connection, files, NEWER.digest) == set()
        assert known(connection, [], PIPELINE.digest) == set()


def test_the_same_file_twice_in_a_batch(database: Engine) -> None:
    counts = put(database, [*many(0, 1), *many(0, 1), raw_file(text(0), "/news/copy.txt")])
    assert (counts.article, counts.extraction, counts.location) == (1, 1, 2)


# ------------------------------------------------------------------------------------- versions


def test_same_bytes_under_another_name_add_a_location_only(database: Engine) -> None:
    put(database, many(0, 1))
    copy = raw_file(text(0), "/elsewhere/copy.txt")
    expected = replace(NOTHING, location=1, location_version=1)
    assert put(database, [copy]) == expected
    # and when the copy is noticed before it is extracted
    third = raw_file(text(0), "/elsewhere/third.txt")
    with database.connect() as connection:
        assert known(connection, [file_key(third)], PIPELINE.digest) == {third.uri}
    assert scalar(database, "SELECT count(*) FROM location") == 3
    assert rows(database, "SELECT copies, uri FROM report.article") == [(3, "/elsewhere/copy.txt")]


def test_a_file_changed_in_place_makes_a_new_version(database: Engine) -> None:
    put(database, [raw_file(text(1), "/news/a.txt")])
    counts = put(database, [raw_file(text(2), "/news/a.txt")])
    assert (counts.article, counts.location, counts.location_version) == (1, 0, 1)
    history = rows(
        database,
        "SELECT v.ordinal, l.version, l.raw_file_id = v.raw_file_id"
        " FROM location_version AS v JOIN location AS l ON l.id = v.location_id ORDER BY 1",
    )
    assert history == [(1, 2, False), (2, 2, True)]
    # the first article is kept, but nobody holds its bytes now
    assert scalar(database, "SELECT count(*) FROM article") == 2
    assert [title for (title,) in rows(database, "SELECT title FROM report.article")] == [
        text(2).split("\n")[0]
    ]
    # back to the first content: a third version, no new article
    counts = put(database, [raw_file(text(1), "/news/a.txt")])
    assert counts == replace(NOTHING, location_version=1)
    assert [title for (title,) in rows(database, "SELECT title FROM report.article")] == [
        text(1).split("\n")[0]
    ]


def test_changed_metadata_make_a_new_extraction_that_becomes_current(database: Engine) -> None:
    raw = raw_file(text(1), "/news/a.txt", Metadata(source="أول"))
    put(database, [raw])
    counts = put(database, [replace(raw, metadata=Metadata(source="ثان"))])
    assert (counts.article, counts.extraction, counts.location_version, counts.switched) == (0, 1, 1, 2)
    assert rows(database, "SELECT source, is_current FROM extraction ORDER BY id") == [
        ("أول", False),
        ("ثان", True),
    ]
    # back again: nothing to extract, but the first extraction is current again
    with database.connect() as connection:
        assert known(connection, [file_key(raw)], PIPELINE.digest) == {raw.uri}
    assert rows(database, "SELECT source, is_current FROM extraction ORDER BY id") == [
        ("أول", True),
        ("ثان", False),
    ]


def test_a_newer_pipeline_takes_over_and_an_older_one_does_not(database: Engine) -> None:
    put(database, many(0, 2))
    counts = put(database, many(0, 2), pipeline=NEWER)
    assert (counts.article, counts.extraction, counts.switched, counts.location_version) == (0, 2, 4, 0)
    current = (
        "SELECT count(*) FROM extraction AS e JOIN pipeline_version AS p ON p.id = e.pipeline_version_id"
    )
    assert scalar(database, f"{current} WHERE is_current AND p.digest = '\\x{NEWER.digest.hex()}'") == 2
    put(database, many(0, 3))
    assert scalar(database, f"{current} WHERE is_current AND p.digest = '\\x{PIPELINE.digest.hex()}'") == 1
    assert scalar(database, "SELECT count(*) FROM report.article") == 3


def test_the_result_does_not_depend_on_order_or_on_batches(database: Engine, empty_url: str) -> None:
    files = [
        *many(0, 6),
        raw_file(text(3), "/copies/b.txt", Metadata(source="ناسخ")),
        raw_file(text(3), "/copies/a.txt", Metadata(source="ناسخ آخر")),
        raw_file(text(4), "/zz/a.txt"),
    ]
    put(database, files)
    with database.connect() as connection:
        refresh_entities(connection)
    expected = portrait(database)

    from db.engine import create_engine, upgrade

    upgrade(empty_url)
    other = create_engine(empty_url, poolclass=sa.NullPool)
    for raw in reversed(files):
        put(other, [raw])
        with other.connect() as connection:
            refresh_entities(connection)
    assert portrait(other) == expected
    with other.connect() as connection:
        rebuild_queue(connection)
        again = refresh_entities(connection)
        assert {name for name, changed in again.items() if changed} == {"extractions"}
    other.dispose()
    # of one content with three sets of metadata the first location's counts
    assert [uri for (uri,) in rows(database, "SELECT uri FROM report.article WHERE copies = 3")] == [
        "/copies/a.txt"
    ]
    assert scalar(database, "SELECT source FROM report.article WHERE copies = 3") == "ناسخ آخر"


# ------------------------------------------------------------------------------------- provenance


def walk(engine: Engine) -> int:
    """Compare every stored span with the letters of the file; how many spans."""
    checked = 0
    with engine.connect() as connection:
        extractions = connection.execute(
            sa.text(
                "SELECT e.id, e.text, e.title, e.alignment, e.encoding, r.data FROM extraction AS e"
                " JOIN article AS a ON a.id = e.article_id JOIN raw_file AS r ON r.id = a.raw_file_id"
            )
        ).all()
        for extraction in extractions:
            raw = storable(redecode(bytes(extraction.data), extraction.encoding))
            start, end = unpack_alignment(bytes(extraction.alignment))
            assert len(start) == len(extraction.text)
            for table in Base.metadata.sorted_tables:
                if "extraction_id" not in table.columns:
                    continue
                prefixes = [
                    c.name.removesuffix("raw_start") for c in table.columns if c.name.endswith("raw_start")
                ]
                found = connection.execute(
                    sa.select(table).where(table.c.extraction_id == extraction.id)
                ).mappings()
                for row, prefix in itertools.product(found, prefixes):
                    if row[f"{prefix}raw_start"] is None:
                        continue
                    clean = (row[f"{prefix}clean_start"], row[f"{prefix}clean_end"])
                    span = (row[f"{prefix}raw_start"], row[f"{prefix}raw_end"])
                    assert (start[clean[0]], end[clean[1] - 1]) == span, (table.name, row)
                    if prefix == "" and "surface" in row:
                        assert raw[span[0] : span[1]] == row["surface"], (table.name, row)
                    checked += 1
    return checked


def test_every_stored_span_leads_to_its_letters(database: Engine) -> None:
    files = [
        *many(0, 4),
        raw_file(text(11).encode("utf-16"), "/enc/utf16.txt"),
        raw_file(text(12).encode("utf-8-sig"), "/enc/bom.txt"),
        raw_file(text(13).replace("\n", "\r\n").encode(), "/enc/crlf.txt"),
        raw_file(
            "".join(c for c in text(14) if c not in "\u064e\u064f\u064b").encode("cp1256", "ignore"),
            "/enc/1256.txt",
        ),
    ]
    counts = put(database, files)
    assert counts.article == len(files)
    assert walk(database) >= counts.mention + counts.sentence + counts.date_expression + counts.event_trigger
    assert scalar(database, "SELECT count(*) FROM extraction WHERE title IS NOT NULL") >= 4
    assert (
        scalar(database, "SELECT count(*) FROM extraction WHERE title <> substr(text, 1, length(title))") == 0
    )
    surfaces = rows(database, "SELECT surface FROM mention WHERE surface <> ''")
    assert len(surfaces) == counts.mention


def test_raw_letters_with_nul_and_marks_inside_a_name(database: Engine) -> None:
    extraction = extract(raw_file(text(5)))
    # the decoder may refuse NUL in a file; a mention whose raw letters hold one must still be storable
    decoded = replace(
        extraction.decoded, text=extraction.decoded.text.replace("ي", "\0").replace("ب", "\ud800")
    )
    row = article_rows(replace(extraction, decoded=decoded))
    with database.connect() as connection:
        counts = load_batch(connection, Batch(PIPELINE, None, (row,)))
    assert counts.mention > 0
    assert scalar(database, "SELECT count(*) FROM mention WHERE surface LIKE '%\ufffd%'") > 0


def test_hostile_metadata_and_names_of_files(database: Engine) -> None:
    strange = [
        raw_file(text(1), "/news/\udcff\udcfe.txt", Metadata(title="a\0b", extra={"k\0": "\ud800"})),
        raw_file(text(2), "/news/\udcff\udcfd.txt", Metadata(source="x\0y")),
        raw_file(text(3), "/" + "م" * 5_000 + "1.txt"),
        raw_file(text(4), "/" + "م" * 5_000 + "2.txt"),
        raw_file(text(5), "/news/'; DROP TABLE article; --\t\\N.txt"),
    ]
    counts = put(database, strange)
    assert (counts.article, counts.location) == (5, 5), "different names stay different"
    assert put(database, strange) == NOTHING


# ------------------------------------------------------------------------------------- views


def test_who_met_whom_where_and_when_is_one_select(database: Engine) -> None:
    put(database, many(0, 40))
    with database.connect() as connection:
        refresh_entities(connection)
        refresh_reports(connection)
    found = rows(
        database,
        "SELECT actors, recipients, place, date_from, sentence, uri, raw_start, raw_end"
        " FROM report.event_report WHERE type = 'CONSULT' AND status = 'occurred' AND place = 'الرباط'"
        " ORDER BY uri",
    )
    assert found
    for actors, recipients, place, day, sentence, uri, start, end in found:
        content = text(int(uri.removeprefix("/news/").removesuffix(".txt")))
        title = content.split("\n")[0]
        assert title.startswith(f"{recipients[0]} يستقبل {actors[0]} في {place}")
        assert str(day.year) in sentence
        assert sentence == content[start:end]
    assert rows(database, "SELECT count(*) FROM report.mention") == rows(
        database, "SELECT count(*) FROM mention"
    )
    assert (
        scalar(database, "SELECT count(*) FROM report.mention WHERE entity_id IS NULL OR sentence IS NULL")
        == 0
    )
    person, office = rows(database, "SELECT person, title FROM report.office LIMIT 1")[0]
    assert person
    assert office == "رئيس"
    assert scalar(database, "SELECT sum(mentions) FROM report.entity") == scalar(
        database, "SELECT count(*) FROM mention"
    )


# ------------------------------------------------------------------------------------- rejections, runs


def refusal(uri: str, stage: str = "decode", cause: str = "binary") -> RejectionRow:
    return RejectionRow(uri, stage, cause, "not a text", b"\1" * 32, 5)


def test_rejections_are_counted_up_and_closed_when_the_file_loads(database: Engine) -> None:
    uri = "/news/0.txt"
    with database.connect() as connection:
        run = start_run(connection, "ingest", {"paths": ["/news\0"]})
        assert record_rejections(connection, run, [refusal(uri), refusal("/b"), refusal(uri)]) == 2
        assert record_rejections(connection, run, [refusal(uri, cause="truncated")]) == 0
        assert record_rejections(connection, run, []) == 0
        finish_run(connection, run, "partial", {"rejected": 2})
    assert rows(database, f"SELECT cause, attempts FROM rejection WHERE uri = '{uri}'") == [("truncated", 2)]
    counts = put(database, many(0, 1))
    assert counts.resolved == 1
    assert rows(database, "SELECT uri, resolution FROM rejection WHERE resolved_at IS NOT NULL") == [
        (uri, "loaded")
    ]
    # a later failure opens a new case
    with database.connect() as connection:
        assert record_rejections(connection, None, [refusal(uri)]) == 1
        assert known(connection, [file_key(many(0, 1)[0])], PIPELINE.digest) == {uri}
    assert scalar(database, "SELECT count(*) FROM rejection WHERE resolved_at IS NULL") == 1
    assert rows(database, "SELECT state, finished_at IS NOT NULL FROM run") == [("partial", True)]


def test_an_article_that_the_database_refuses_does_not_stop_the_others(database: Engine) -> None:
    full = batch(many(0, 5))
    broken = full.articles[3]
    broken = broken._replace(mentions=(broken.mentions[0]._replace(entity_n=999), *broken.mentions[1:]))
    spoiled = full._replace(
        articles=(*full.articles[:3], broken, full.articles[4]), rejections=(refusal("/x"),)
    )
    counts, refused = load(database, spoiled)
    assert counts.article == 4
    assert [(r.uri, r.stage, r.cause) for r in refused] == [("/news/3.txt", "load", "refused")]
    assert rows(database, "SELECT uri, stage, attempts FROM rejection ORDER BY uri") == [
        ("/news/3.txt", "load", 1),
        ("/x", "decode", 1),
    ]
    counts, refused = load(database, full)
    assert (counts.article, counts.resolved, refused) == (1, 1, ())


def test_errors_come_in_the_terms_of_sqlalchemy(database: Engine) -> None:
    full = batch(many(0, 1))
    wrong = full.articles[0]._replace(sentences=(full.articles[0].sentences[0]._replace(clean_end=0),))
    with database.connect() as connection, pytest.raises(sa.exc.IntegrityError, match="clean_span"):
        load_batch(connection, full._replace(articles=(wrong,)))
    assert scalar(database, "SELECT count(*) FROM raw_file") == 0
    with database.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        connection.rollback()
        pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        with database.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(sa.exc.OperationalError) as caught:
            load_batch(connection, full)
        assert caught.value.connection_invalidated


def test_a_batch_inside_a_transaction_of_the_caller(database: Engine) -> None:
    with database.connect() as connection:
        with connection.begin():
            assert load_batch(connection, batch(many(0, 2))).article == 2
            assert load_batch(connection, batch(many(1, 2))).article == 1
        with connection.begin() as transaction:
            load_batch(connection, batch(many(7, 1)))
            transaction.rollback()
    assert scalar(database, "SELECT count(*) FROM article") == 3


# ------------------------------------------------------------------------------------- in parallel, killed

LOADER = """
import pickle, random, sys
from db.engine import create_engine
from db.load import load_batch
url, path, seed, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with open(path, "rb") as file:
    whole = pickle.load(file)
articles = list(whole.articles)
random.Random(seed).shuffle(articles)
engine = create_engine(url)
print("ready", flush=True)
sys.stdin.readline()
with engine.connect() as connection:
    for i in range(0, len(articles), size):
        load_batch(connection, whole._replace(articles=tuple(articles[i : i + size])))
        print("loaded", flush=True)
"""


def loader(url: str, rows: Path, seed: int, size: int) -> subprocess.Popen[str]:
    process = python(LOADER, url, str(rows), str(seed), str(size))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_parallel_loaders_neither_duplicate_nor_deadlock(
    database: Engine, database_url: str, tmp_path: Path
) -> None:
    whole = batch(many(0, 60))
    (tmp_path / "rows").write_bytes(pickle.dumps(whole))
    loaders = [loader(database_url, tmp_path / "rows", seed, size=6) for seed in range(3)]
    for process in loaders:
        go(process)
    for process in loaders:
        process.communicate(timeout=60)
        assert process.returncode == 0, "deadlocks would be errors"
    for table in ("raw_file", "article", "extraction", "location", "location_version"):
        assert scalar(database, f"SELECT count(*) FROM {table}") == 60, table
    assert scalar(database, "SELECT count(*) FROM extraction WHERE is_current") == 60
    with database.connect() as connection:
        assert load_batch(connection, whole) == NOTHING


def test_a_killed_loader_leaves_whole_batches_only(
    database: Engine, database_url: str, tmp_path: Path
) -> None:
    size, files = 5, 200
    whole = batch(many(0, files))
    (tmp_path / "rows").write_bytes(pickle.dumps(whole))
    process = loader(database_url, tmp_path / "rows", 1, size)
    go(process)
    assert process.stdout is not None
    for _ in range(5):
        assert process.stdout.readline() == "loaded\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    open_sessions = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert wait_until(lambda: scalar(database, open_sessions) == 0)
    there = scalar(database, "SELECT count(*) FROM article")
    assert there % size == 0
    assert 5 * size <= there < files
    complete = scalar(
        database,
        "SELECT count(*) FROM extraction AS e WHERE is_current"
        " AND EXISTS (SELECT FROM quotation AS q WHERE q.extraction_id = e.id)"
        " AND EXISTS (SELECT FROM location AS l JOIN article AS a ON a.raw_file_id = l.raw_file_id"
        " WHERE a.id = e.article_id)",
    )
    assert complete == there
    with database.connect() as connection:
        assert load_batch(connection, whole).article == files - there
    assert scalar(database, "SELECT count(*) FROM article") == files


def test_pipeline_versions_are_registered_once(database: Engine) -> None:
    with database.connect() as connection:
        first = ensure_pipeline(connection, PIPELINE)
        assert ensure_pipeline(connection, NEWER) > first
        assert ensure_pipeline(connection, PIPELINE) == first


def test_refresh_is_incremental_and_repeatable(database: Engine) -> None:
    put(database, many(0, 30))
    with database.connect() as connection:
        first = refresh_entities(connection)
        before = everything(database)
        assert not any(refresh_entities(connection).values())
        assert everything(database) == before
    assert first["extractions"] == 30
    assert first["entity"] == scalar(database, "SELECT count(DISTINCT (kind, key)) FROM article_entity")
    put(database, many(30, 1))
    with database.connect() as connection:
        assert refresh_entities(connection)["extractions"] == 1
