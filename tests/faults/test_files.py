"""Files that change, shrink, vanish and lie about their age while they are read; several runs at once."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from db.engine import create_engine
from tests.db.snapshot import Rows
from tests.faults.place import TEMPLATES, Place, picture
from tests.flows.rasd import table

pytestmark = pytest.mark.faults


@pytest.fixture
def original(here: Place, tmp_path: Path) -> Iterator[Path]:
    """A copy of the inbox, which is put back at the end."""
    kept = tmp_path / "kept"
    shutil.copytree(here.inbox, kept)
    yield kept
    _put_back(here, kept)


def _put_back(here: Place, kept: Path) -> None:
    for path in here.inbox.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for path in kept.iterdir():
        shutil.copy(path, here.inbox)


@pytest.mark.parametrize("count", [2, 8])
def test_runs_at_once(here: Place, count: int) -> None:
    url = here.database(TEMPLATES["ingest"])
    runs = [here.start("ingest", url) for _ in range(count)]
    ended = [run.end(900) for run in runs]
    assert [one.status for one in ended] == [3] * count, ended
    loaded = sum(int(table(one.out)["loaded"]) for one in ended)
    assert loaded == len(here.expected["ingest"]["extraction"])
    here.same_rows("ingest", url)
    here.nothing_left(url)
    here.drop_databases()


@pytest.mark.parametrize("seed", range(6))
def test_files_change_while_they_are_read(here: Place, original: Path, seed: int) -> None:
    rng = random.Random(seed)
    names = sorted(path.name for path in here.inbox.glob("*.txt"))
    over = threading.Event()

    def disturb() -> None:
        while not over.is_set():
            path = here.inbox / rng.choice(names)
            data = (original / path.name).read_bytes()
            if path.is_dir():
                path.rmdir()
            elif path.exists() or path.is_symlink():
                path.unlink()
            match rng.randrange(7):
                case 0:
                    path.write_bytes(data[: rng.randint(0, len(data))])
                case 1:
                    path.write_bytes(data + "\nوأضاف البلاغ أن الأشغال انتهت.\n".encode())
                case 2:
                    path.mkdir()
                case 3:
                    os.mkfifo(path)
                case 4:
                    path.symlink_to("/etc/passwd")
                case 5:
                    path.write_bytes(data)
            time.sleep(rng.uniform(0.0, 0.05))

    url = here.database(TEMPLATES["ingest"])
    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        ended = here.run("ingest", url)
    finally:
        over.set()
        thread.join()
    assert ended.status in (0, 3), ended
    _put_back(here, original)
    again = here.run("ingest", url)
    assert again.status == 3, again
    here.nothing_left(url)
    # what the files say now is there, whatever they said in between
    got, wanted = picture(url), here.expected["ingest"]
    for name in ("raw_file", "article", "sentence", "article_entity", "mention", "event", "quotation"):
        assert set(map(repr, wanted[name])) <= set(map(repr, got[name])), name
    engine = create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        question = (
            "SELECT l.uri, encode(r.sha256, 'hex') FROM location l JOIN raw_file r ON r.id = l.raw_file_id"
        )
        held = {Path(uri).name: digest for uri, digest in connection.execute(sa.text(question))}
        open_cases = connection.scalars(sa.text("SELECT uri FROM rejection WHERE resolved_at IS NULL")).all()
    engine.dispose()
    rejected = {Path(uri).name for uri in open_cases}
    for path in original.glob("*.txt"):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert held.get(path.name) == digest or path.name in rejected, path.name
    assert rejected == _open(wanted), "a file that is read again is no rejection any more"
    here.drop_databases()


def _open(rows: Rows) -> set[str]:
    return {Path(dict(row)["uri"]).name for row in rows["rejection"]}


@pytest.mark.parametrize("when", [-(2.0**31), 0.0, 2.0**31 + 5, 4_000_000_000.0])
def test_times_of_files_far_away(here: Place, original: Path, when: float) -> None:
    """A clock that stood wrong when the files were written."""
    assert original.is_dir()
    for path in here.inbox.iterdir():
        os.utime(path, (when, when))
    url = here.database(TEMPLATES["ingest"])
    assert here.run("ingest", url).status == 3
    here.same_rows("ingest", url)
    here.repeat("ingest", url)
    here.drop_databases()


def test_a_change_under_an_old_time_is_seen(here: Place, original: Path) -> None:
    """Same size, same time of change: as after a clock that was put back."""
    url = here.database(TEMPLATES["ingest"])
    assert here.run("ingest", url).status == 3
    path = here.inbox / "economy-bank.txt"
    state, data = path.stat(), path.read_bytes()
    changed = data.replace("البنك".encode(), "المصر".encode())
    assert changed != data and len(changed) == len(data)
    path.write_bytes(changed)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    again = here.run("ingest", url)
    assert table(again.out)["loaded"] == "1"
    here.drop_databases()
    assert original.is_dir()


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
@pytest.mark.parametrize("jump", ["-400d", "+20y"])
def test_the_clock_jumps(here: Place, jump: str) -> None:
    """A run in another year than the one before it, and the usual one after."""
    preload = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
    if not preload.exists():
        pytest.skip(f"no {preload}")
    url = here.database(TEMPLATES["ingest"])
    ended = here.run("ingest", url, LD_PRELOAD=str(preload), FAKETIME=jump, FAKETIME_DONT_FAKE_MONOTONIC="1")
    assert ended.status == 3, ended
    here.repeat("ingest", url)
    here.drop_databases()
