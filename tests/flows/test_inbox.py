"""A second look at an inbox reads only what is new; and nothing that changed is missed."""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from flows import batches
from flows.runs import Summary, run_ingest
from flows.settings import Settings

TEXT = (
    "أعلنت بلدية الواحة اليوم عن افتتاح مكتبة جديدة رقم {n} في حي الزيتون.\n"
    "وقال رئيس البلدية إن المكتبة تضم آلاف الكتب.\n"
)


def write(path: Path, n: int, *, age: float = 100.0) -> Path:
    path.write_text(TEXT.format(n=n), encoding="utf-8")
    then = time.time() - age
    os.utime(path, (then, then))
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Addresses of the files that a run reads, counted around the real function."""
    seen: list[str] = []
    real = batches.load_file

    def counted(found: object, **options: object) -> object:
        seen.append(found.uri.rpartition("/")[2])  # type: ignore[attr-defined]
        return real(found, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(batches, "load_file", counted)
    yield seen


@pytest.fixture
def ingest(database: Engine, tmp_path: Path) -> Iterator[object]:
    url = database.url.render_as_string(hide_password=False)
    base = Settings(home=tmp_path / "home").changed(
        database_url=url, names_engine="rules", workers=1, recheck_runs=0
    )

    def run(path: Path, **changes: object) -> Summary:
        return run_ingest([str(path)], base.changed(**changes))

    yield run


def articles(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(sa.text("SELECT count(*) FROM article")) or 0)


def test_only_what_is_new_is_read(database: Engine, ingest, reads: list[str], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for n in range(5):
        write(inbox / f"{n}.txt", n)
    assert (ingest(inbox).loaded, len(reads)) == (5, 5)
    reads.clear()
    second = ingest(inbox)
    assert (second.seen, second.known, second.loaded, reads) == (5, 5, 0, [])

    write(inbox / "5.txt", 5)
    write(inbox / "1.txt", 77)  # other text
    os.utime(inbox / "2.txt", (time.time() - 50, time.time() - 50))  # touched, same bytes
    (inbox / "3.txt").unlink()
    reads.clear()
    third = ingest(inbox)
    assert sorted(reads) == ["1.txt", "2.txt", "5.txt"]
    assert (third.seen, third.known, third.loaded) == (5, 3, 2)
    assert articles(database) == 7, "what is gone from the inbox stays in the database"


def test_the_times_of_a_file_do_not_hide_a_change(ingest, reads: list[str], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Same size, same modification time, other bytes: the inode's time of change tells."""
    path = write(tmp_path / "a.txt", 1)
    ingest(tmp_path)
    state = path.stat()
    path.write_text(TEXT.format(n=2), encoding="utf-8")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert path.stat().st_size == state.st_size
    reads.clear()
    assert ingest(tmp_path).loaded == 1
    assert reads == ["a.txt"]


def test_a_sidecar_that_changes_is_seen(ingest, reads: list[str], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / "a.txt", 1)
    write(tmp_path / "b.txt", 2)
    sidecar = tmp_path / "a.meta.json"
    sidecar.write_text('{"published": "2024-05-01"}', encoding="utf-8")
    ingest(tmp_path)
    reads.clear()
    sidecar.write_text('{"published": "2024-05-02"}', encoding="utf-8")
    assert ingest(tmp_path).loaded == 1
    assert reads == ["a.txt"]


def test_files_of_the_last_moments_and_of_the_future_are_read_again(
    ingest, reads: list[str], tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / "now.txt", 1, age=0)
    write(tmp_path / "future.txt", 2, age=-86_400)
    write(tmp_path / "old.txt", 3)
    ingest(tmp_path)
    reads.clear()
    assert ingest(tmp_path).known == 3
    assert sorted(reads) == ["future.txt", "now.txt"]


def test_a_moved_inbox_is_known_by_its_bytes(database: Engine, ingest, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for n in range(3):
        write(inbox / f"{n}.txt", n)
    ingest(inbox)
    moved = Path(shutil.move(inbox, tmp_path / "elsewhere"))
    again = ingest(moved)
    assert (again.seen, again.loaded, again.known, articles(database)) == (3, 0, 3, 3)


def test_rejected_files_are_tried_again(ingest, reads: list[str], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / "good.txt", 1)
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"")
    os.utime(bad, (1e9, 1e9))
    ingest(tmp_path)
    reads.clear()
    assert ingest(tmp_path).rejected.total() == 1
    assert reads == ["bad.txt"]


def test_a_new_pipeline_version_reads_all(ingest, reads: list[str], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / "a.txt", 1)
    ingest(tmp_path)
    reads.clear()
    assert ingest(tmp_path, names_engine="fast").loaded == 1
    assert reads == ["a.txt"]
    reads.clear()
    ingest(tmp_path), ingest(tmp_path, names_engine="fast")
    assert reads == [], "two engines that take turns keep both their hints"


def test_known_files_are_checked_now_and_then(ingest, reads: list[str], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for n in range(12):
        write(tmp_path / f"{n}.txt", n)
    ingest(tmp_path)
    reads.clear()
    for _ in range(3):
        assert ingest(tmp_path, recheck_runs=3).known == 12
    assert sorted(reads) == sorted(f"{n}.txt" for n in range(12)), "each once in three runs"


def test_an_archive_is_opened_once(ingest, reads: list[str], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(3):
            archive.writestr(f"{n}.txt", TEXT.format(n=n))
    assert ingest(tmp_path).loaded == 3
    reads.clear()
    assert (ingest(tmp_path).seen, reads) == (0, [])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("3.txt", TEXT.format(n=3))
        archive.writestr("4.txt", "")
    assert (ingest(tmp_path).loaded, len(reads)) == (1, 5)
    reads.clear()
    assert ingest(tmp_path).rejected.total() == 1
    assert len(reads) == 5, "an archive with a rejected member is opened again"
