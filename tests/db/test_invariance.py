"""The database is the same, apart from ids and clock times, however its articles came in.

In any order of files, by one worker or four, in one run or in many, after runs killed at random instants, and
after a full rebuild of everything derived.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db import embedded
from db.engine import create_engine
from flows.runs import rebuild, refresh, run_ingest
from flows.settings import Settings
from tests.db.servers import create_database, drop_database
from tests.db.snapshot import Rows, differences, snapshot

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
SAMPLES = sorted((ROOT / "tests" / "samples").glob("*.txt"))
# the archive is only opened where it is there: all of the corpus would take hours
ARCHIVE_PART = 300

CHILD = """
import sys
from flows.pipeline import Options, warm_up
from flows.runs import run_ingest
from flows.settings import Settings
chosen = Settings(DATABASE_URL=sys.argv[1], names_engine="fast", workers=int(sys.argv[2]), batch_files=2)
warm_up(Options(names_engine="fast"))
print("ready", flush=True)
run_ingest(sys.argv[3:], chosen)
"""


def files(*, everything: bool, tmp: Path) -> list[str]:
    """The project's own samples; or seeds, dev and a part of the archive as well, where they are there."""
    if not everything:
        return [str(path) for path in SAMPLES]
    if not SHARED.is_dir():
        pytest.skip("../shared is not there")
    import zipfile

    from_archive = tmp / "ant"
    from_archive.mkdir()
    with zipfile.ZipFile(SHARED / "news" / "ant.zip") as archive:
        members = sorted(name for name in archive.namelist() if name.endswith(".txt"))
        for member in random.Random(1).sample(members, ARCHIVE_PART):
            (from_archive / Path(member).name).write_bytes(archive.read(member))
    listed = [*SAMPLES, *sorted(from_archive.glob("*.txt"))]
    listed += [*sorted((SHARED / "gold" / "dev").glob("*.txt")), *sorted((SHARED / "seeds").glob("*.txt"))]
    return [str(path) for path in listed]


@pytest.fixture
def fresh(server: embedded.Server, template: str) -> Iterator[Callable[[], str]]:
    """Makes migrated databases; they are dropped at the end."""
    made: list[str] = []

    def make() -> str:
        made.append(f"invariant_{os.urandom(4).hex()}")
        return create_database(server, made[-1], template)

    yield make
    for name in made:
        drop_database(server, name)


def ingest(url: str, paths: Sequence[str], workers: int = 1, batch_files: int = 64) -> None:
    chosen = Settings(DATABASE_URL=url, names_engine="fast", workers=workers, batch_files=batch_files)
    summary = run_ingest(paths, chosen)
    assert not summary.rejected


def picture(url: str) -> Rows:
    engine = create_engine(url, poolclass=sa.NullPool)
    try:
        return snapshot(engine)
    finally:
        engine.dispose()


def in_many_runs(url: str, paths: Sequence[str], runs: int, seed: int) -> None:
    """In random order, by one or four workers, in small batches."""
    rng = random.Random(seed)
    shuffled = rng.sample(list(paths), len(paths))
    step = -(-len(shuffled) // runs)
    for place in range(0, len(shuffled), step):
        # a file of an earlier run comes again
        again = rng.sample(shuffled[:place], min(2, place))
        ingest(url, [*shuffled[place : place + step], *again], rng.choice((1, 4)), rng.choice((1, 3, 50)))


def killed_runs(url: str, paths: Sequence[str], kills: int, seed: int) -> int:
    """Start runs and kill each at a random instant, then let one end; how many were killed under way."""
    rng = random.Random(seed)
    under_way = 0
    longest = 4.0
    for _ in range(kills):
        child = start(url, paths, rng.choice((1, 2)))
        time.sleep(rng.uniform(0.05, longest))
        under_way += child.poll() is None
        stop(child)
    child = start(url, paths, 2)
    assert child.wait() == 0
    return under_way


def start(url: str, paths: Sequence[str], workers: int) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(workers), *paths],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def stop(child: subprocess.Popen[str]) -> None:
    """The process and its workers, without a chance to tidy up."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert child.stdout is not None
    child.stdout.close()


def rebuilt(url: str) -> Rows:
    engine = create_engine(url, poolclass=sa.NullPool)
    try:
        rebuild(engine)
        return snapshot(engine)
    finally:
        engine.dispose()


def check(fresh: Callable[[], str], paths: Sequence[str], runs: int, kills: int) -> None:
    url = fresh()
    ingest(url, paths)
    expected = picture(url)
    assert len(expected["occurrence"]) > 10
    assert len(expected["identity"]) > 10
    assert differences(expected, rebuilt(url)) == [], "a full rebuild"
    several = fresh()
    in_many_runs(several, paths, runs, seed=runs)
    assert differences(expected, picture(several)) == [], "many runs in another order"
    broken = fresh()
    under_way = killed_runs(broken, paths, kills, seed=kills)
    print(f"{len(paths)} files, {runs} runs, {kills} kills of which {under_way} under way")
    assert under_way, "every run was over before it was killed"
    assert differences(expected, picture(broken)) == [], "killed runs"


def test_however_the_samples_came(fresh: Callable[[], str], tmp_path: Path) -> None:
    check(fresh, files(everything=False, tmp=tmp_path)[:10], runs=3, kills=2)


@pytest.mark.slow
@pytest.mark.shared
def test_however_the_articles_came(fresh: Callable[[], str], tmp_path: Path) -> None:
    check(fresh, files(everything=True, tmp=tmp_path), runs=20, kills=50)


def test_a_snapshot_tells_databases_apart(database: Engine) -> None:
    """The comparison itself sees a row more, a row less and a changed value."""
    from db.load import load_batch
    from tests.db.articles import batch, many

    with database.connect() as connection:
        load_batch(connection, batch(many(0, 3)))
    refresh(database)
    before = snapshot(database)
    for statement in (
        "UPDATE mention SET surface = surface || 'x' WHERE n = 0",
        "DELETE FROM date_expression WHERE extraction_id = (SELECT min(id) FROM extraction)",
        "UPDATE article_story SET story_id = (SELECT min(id) FROM story)",
        "UPDATE occurrence SET confidence = 0.123 WHERE id = (SELECT min(id) FROM occurrence)",
    ):
        with database.connect() as connection:
            connection.execute(sa.text("SET session_replication_role = replica"))
            connection.execute(sa.text(statement))
            connection.commit()
        after = snapshot(database)
        assert differences(before, after) != [], statement
        before = after
