"""Time and memory of looking at an inbox in which nothing changed (``uv run pytest -m slow ...``).

RASD_SCAN_FILES sets the number of files.  1,000,000 take some minutes to write, so RASD_SCAN_FOLDER may
name an empty folder where they are written and left, or one that holds them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from db import hints
from flows.inbox import Inbox, open_inbox
from flows.read.discover import Found, discover

pytestmark = pytest.mark.slow

FILES = int(os.environ.get("RASD_SCAN_FILES", "1000000"))
FOLDER = 1000  # files a folder
SECONDS, MEGABYTES = 60.0, 300.0  # for a million
TEXT = "افتتحت بلدية الواحة مكتبة رقم {n} في حي الزيتون يوم 3 ماي 2023.\n"

# What a run does before its first batch: the hints, then the walk; another process, for its peak memory.
SCAN = """
import sys, time
from pathlib import Path
from db.engine import create_engine
from flows.inbox import open_inbox
from flows.read.discover import discover
engine = create_engine(sys.argv[1])
began = time.perf_counter()
with engine.connect() as connection:
    inbox = open_inbox(connection, int(sys.argv[3]), 1, 0, None)
    held = time.perf_counter() - began
    fresh = sum(1 for _ in inbox.fresh(discover([sys.argv[2]], unchanged=inbox.archive_unchanged)))
seconds = time.perf_counter() - began
# not getrusage: its peak is inherited from the process that started this one
status = Path("/proc/self/status").read_text()
print(fresh, inbox.skipped, held, seconds, int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""


@pytest.fixture(scope="module")
def inbox() -> Iterator[Path]:
    """FILES files in folders of FOLDER."""
    kept = os.environ.get("RASD_SCAN_FOLDER")
    if kept and any(Path(kept).iterdir()):
        yield Path(kept)
        return
    folder = Path(kept or tempfile.mkdtemp(prefix="rasd-scan-"))
    for n in range(FILES):
        if n % FOLDER == 0:
            here = folder / f"{n // FOLDER:05d}"
            here.mkdir()
        with open(f"{here}/{n:08d}.txt", "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow
            file.write(TEXT.format(n=n))
    yield folder
    if not kept:
        shutil.rmtree(folder)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_an_unchanged_inbox(database: sa.Engine, database_url: str, inbox: Path) -> None:
    with database.connect() as connection:
        version = connection.scalar(
            sa.text("INSERT INTO pipeline_version (digest, description) VALUES ('\\x00', '{}') RETURNING id")
        )
        connection.commit()
        assert isinstance(version, int)
        before = open_inbox(connection, version, 1, 0, None)
        before.began = time.time() + 10.0  # the files are old enough
        _remember(connection, before, inbox)
    result = subprocess.run(
        [sys.executable, "-c", SCAN, database_url, str(inbox), str(version)],
        capture_output=True,
        text=True,
        check=True,
    )
    fresh, skipped, held, seconds, megabytes = map(float, result.stdout.split())
    print(f"\n{FILES:,} files: {seconds:.1f} s, of them {held:.1f} s for the hints; {megabytes:.0f} MB")
    assert (fresh, skipped) == (0, FILES)
    share = max(FILES / 1_000_000, 0.1)  # starting Python is not in the seconds, imports are in the memory
    assert seconds < SECONDS * share
    assert megabytes < MEGABYTES


def _remember(connection: sa.Connection, inbox: Inbox, folder: Path) -> None:
    """What the batches of a first run leave behind, without loading the articles."""
    batch: list[Found] = []
    for item in discover([str(folder)]):
        assert isinstance(item, Found)
        batch.append(item)
        if len(batch) == 10_000:
            inbox.settle(connection, batch, set())
            batch.clear()
    inbox.settle(connection, batch, set())
    assert len(hints.hints(connection, inbox.pipeline_version_id)) == FILES
