"""A scheduled run beside a backfill: it waits for less than one of the backfill's batches."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
import sqlalchemy as sa

from db.engine import create_engine
from flows.runs import run_ingest
from flows.settings import Settings
from tests.db.servers import make_home, wait_until
from tests.flows.rasd import ROOT, Rasd, table
from tests.flows.test_backfill_killed import PEOPLE, PLACES, TEXT

pytestmark = pytest.mark.slow

FILES = int(os.environ.get("RASD_BESIDE_FILES", "3000"))
RUNS = 3
NEWEST = "SELECT count(*) FROM extraction WHERE is_current AND pipeline_version_id > 1"


@pytest.fixture
def home() -> Iterator[Path]:
    folder = make_home()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def article(n: int) -> str:
    return TEXT.format(
        person=PEOPLE[n % 5], other=PEOPLE[(n // 5) % 5], place=PLACES[n % 6], day=n % 28 + 1, n=n
    )


class Watch(threading.Thread):
    """When the backfill committed: moments at which the number of newest extractions grew."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.engine = create_engine(url, poolclass=sa.NullPool)
        self.moments: list[float] = []
        self.ended = threading.Event()

    def run(self) -> None:
        before = 0
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not self.ended.wait(0.05):
                # what the scheduled runs load is of the older version
                if (now := int(connection.scalar(sa.text(NEWEST)) or 0)) > before:
                    before = now
                    self.moments.append(time.monotonic())
        self.engine.dispose()

    def batches(self) -> list[float]:
        """Seconds from one commit to the next."""
        return [later - sooner for sooner, later in zip(self.moments, self.moments[1:], strict=False)]


def test_a_scheduled_run_is_delayed_by_less_than_a_batch(database_url: str, home: Path) -> None:
    stored, inbox = home / "stored", home / "inbox"
    stored.mkdir()
    inbox.mkdir()
    for n in range(FILES):
        (stored / f"{n}.txt").write_text(article(n), encoding="utf-8")
    run_ingest(
        [str(stored)], Settings(home=home).changed(database_url=database_url, names_engine="rules", workers=2)
    )
    scheduled = Rasd(home, {"DATABASE_URL": database_url, "RASD_NAMES_ENGINE": "rules", "RASD_WORKERS": "1"})
    number = iter(range(FILES, FILES + 100))

    def once() -> float:
        """Seconds of a run that finds one new file; the run's own, as its process starts before it."""
        (inbox / f"{(n := next(number))}.txt").write_text(article(n), encoding="utf-8")
        done = scheduled("ingest", "--direct", str(inbox), timeout=600)
        assert table(done.stdout).get("loaded") == "1", done.stdout + done.stderr
        return float(table(done.stdout)["seconds"])

    once()
    alone = [once() for _ in range(RUNS)]
    watch = Watch(database_url)
    watch.start()
    with subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "backfill", "--direct", "--engine", "fast", "--workers", "1"],
        env=scheduled.env(),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    ) as backfill:
        try:
            assert wait_until(lambda: len(watch.moments) > 1, 300)
            beside = []
            while len(beside) < RUNS:
                beside.append(once())
                assert backfill.poll() is None, "the backfill went on all the while: raise RASD_BESIDE_FILES"
        finally:
            backfill.terminate()
    watch.ended.set()
    watch.join()
    batch, delay = median(watch.batches()), median(beside) - median(alone)
    print(f"\nalone {alone} s, beside {beside} s: {delay:+.1f} s; a batch of 256 takes {batch:.1f} s")
    assert delay < batch
