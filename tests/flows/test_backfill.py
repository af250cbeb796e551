"""Backfill: from stored bytes, resumable, narrowed, and silent about what stands at an address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.stored import Selection
from flows.batches import Batch, run_batch
from flows.runs import RUNTIME, Summary, run_ingest
from flows.settings import Settings
from flows.stored import left_to_the_next, paced, plan, run_backfill

TEXT = (
    "التقى وزير النقل سمير الورغي بنظيره هالة قاسم في {place} يوم 3 ماي 2023.\n"
    "وقال الوزير إن اللقاء كان مثمرا.\n"
)
PLACES = ("تونس", "الرباط", "وهران", "صفاقس", "مكناس")


@pytest.fixture
def chosen(database: Engine, tmp_path: Path) -> Settings:
    url = database.url.render_as_string(hide_password=False)
    return Settings(home=tmp_path / "home").changed(
        database_url=url, names_engine="rules", workers=1, batch_files=2
    )


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    for n, place in enumerate(PLACES):
        (folder / f"{n}.txt").write_text(TEXT.format(place=place), encoding="utf-8")
        (folder / f"{n}.meta.json").write_text(
            f'{{"source": "{"a" if n < 2 else "b"}.example.org",'
            f' "published": "2023-05-0{n + 1}", "desk": "x"}}',
            encoding="utf-8",
        )
    return folder


def rows(engine: Engine, question: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(question))]


Again = Callable[..., Summary]
EVERYTHING = Selection()


@pytest.fixture
def again(chosen: Settings) -> Again:
    """A backfill with another engine, which is another pipeline version."""

    def run(selection: Selection = EVERYTHING, **options: object) -> Summary:
        return run_backfill(chosen.changed(names_engine="fast"), selection, polite=False, **options)  # type: ignore[arg-type]

    return run


def test_stored_bytes_are_enough(database: Engine, chosen: Settings, inbox: Path, again: Again) -> None:
    run_ingest([str(inbox)], chosen)
    places = "SELECT uri, raw_file_id, metadata_hash, version FROM location ORDER BY uri"
    before = rows(database, places)
    for path in inbox.iterdir():
        path.unlink()
    first = again()
    assert (first.seen, first.loaded, first.known) == (5, 5, 0)
    assert (again().loaded, again().known) == (0, 5), "what is at the newest version is skipped"
    assert rows(database, places) == before, "locations are not touched"
    assert rows(database, "SELECT count(*), count(DISTINCT article_id) FROM extraction WHERE is_current") == [
        (5, 5)
    ]
    versions = rows(database, "SELECT pipeline_version_id, count(*) FROM extraction GROUP BY 1 ORDER BY 1")
    assert [count for _, count in versions] == [5, 5], "the old extractions stay beside the new ones"


def test_the_same_rows_as_from_files(database: Engine, chosen: Settings, inbox: Path, again: Again) -> None:
    """Bytes and metadata of the database give what the files give."""
    run_ingest([str(inbox)], chosen)
    again()
    summary = run_ingest([str(inbox)], chosen.changed(names_engine="fast"))
    assert (summary.loaded, summary.known) == (0, 5)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(source="a.example.org"), 2),
        (Selection(published_from=date(2023, 5, 2), published_to=date(2023, 5, 4)), 3),
        (Selection(loaded_from=date(2000, 1, 1)), 5),
        (Selection(loaded_to=date(2000, 1, 1)), 0),
        (Selection(where="title LIKE '%الرباط%' OR body LIKE '%الرباط%'"), 1),
        (Selection(older_than=1), 0),
    ],
)
def test_selections(chosen: Settings, inbox: Path, again: Again, selection: Selection, expected: int) -> None:
    run_ingest([str(inbox)], chosen)
    assert plan(chosen.changed(names_engine="fast"), selection).waiting == expected
    assert again(selection).loaded == expected


def test_a_dry_run_tells_and_writes_nothing(database: Engine, chosen: Settings, inbox: Path) -> None:
    run_ingest([str(inbox)], chosen)
    before = rows(database, "SELECT count(*), max(id) FROM extraction") + rows(
        database, "SELECT count(*) FROM run"
    )
    found = plan(chosen, Selection())
    assert (found.totals.articles, found.waiting, found.changes) == (5, 0, ()), "the same pipeline, no change"
    other = plan(chosen.changed(names_engine="fast"), Selection())
    assert (other.waiting, other.sampled) == (5, 5)
    assert other.seconds(1) > 0
    assert (
        rows(database, "SELECT count(*), max(id) FROM extraction")
        + rows(database, "SELECT count(*) FROM run")
        == before
    )


def test_a_file_that_changed_meanwhile_keeps_its_place(
    database: Engine, chosen: Settings, inbox: Path
) -> None:
    """Selected, then overwritten by the crawler: the backfill must not bring the old bytes back."""
    run_ingest([str(inbox)], chosen)

    def overtaken(batch: Batch) -> object:
        from concurrent.futures import Future

        if batch.number == 0:
            (inbox / "0.txt").write_text(TEXT.format(place="بنزرت"), encoding="utf-8")
            run_ingest([str(inbox)], chosen)
        done: Future[object] = Future()
        done.set_result(run_batch(batch, RUNTIME.get()))
        return done

    run_backfill(chosen.changed(names_engine="fast"), Selection(), polite=False, submit=overtaken)  # type: ignore[arg-type]
    now = rows(
        database,
        "SELECT convert_from(r.data, 'UTF8'), l.version"
        " FROM location AS l JOIN raw_file AS r ON r.id = l.raw_file_id"
        " WHERE l.uri LIKE '%/0.txt'",
    )
    assert now == [(TEXT.format(place="بنزرت"), 2)]


def test_what_is_derived_may_wait(database: Engine, chosen: Settings, inbox: Path, again: Again) -> None:
    """Left to the next run, and then the same as if it had not been."""
    run_ingest([str(inbox)], chosen)
    waiting = "SELECT count(*) FROM entity_queue"
    assert again(refresh_with=left_to_the_next).derived == {}
    assert rows(database, waiting) != [(0,)]
    run_ingest([str(inbox)], chosen)
    assert rows(database, waiting) == [(0,)]


def test_the_pace_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import stored

    clock = [100.0]
    monkeypatch.setattr(stored.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(stored.time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    batch = Batch(0, (), stored=(None,) * 10)  # type: ignore[arg-type]
    at = [clock[0] for _ in paced([batch] * 4, max_rate=5.0)]
    assert at == [100.0, 102.0, 104.0, 106.0]
