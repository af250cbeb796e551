"""Disks that are full: the database's, and the one that is written to.  Needs the right to mount."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from db import embedded
from db.engine import upgrade
from tests.db.servers import create_database, make_home
from tests.faults.place import SAMPLES, Place
from tests.flows.rasd import ROOT, Rasd

pytestmark = pytest.mark.faults


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A folder on a file system of its own."""
    folder = make_home()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "rasd-test", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        folder.rmdir()
        pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def fill(folder: Path, leave: int) -> Path:
    """A file that leaves so many bytes free."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        while (free := shutil.disk_usage(folder).free) > leave:
            with suppress(OSError):
                file.write(bytes(min(1 << 20, free - leave)))
                file.flush()
    return ballast


def ingest(place: Place, url: str) -> subprocess.CompletedProcess[str]:
    """Not by the zygote, which does not see what was mounted after its start."""
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", "ingest", "--direct", str(place.inbox)],
        env=place.environment(url),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.mark.parametrize("leave", [0, 1_500_000, 6_000_000])
def test_the_database_s_disk_is_full(here: Place, leave: int) -> None:
    with small_disk(700) as folder:
        there = replace(here, home=folder, count=0)
        server = there.server()
        url = create_database(server, "full")
        upgrade(url)
        ballast = fill(folder, leave)
        ended = ingest(there, url)
        assert ended.returncode == 1, ended
        assert "Traceback" not in ended.stderr
        (said,) = (line for line in ended.stderr.splitlines() if line.startswith("rasd: "))
        assert any(words in said for words in ("No space left", "disk", "connect", "recovery")), said
        ballast.unlink()
        there.server()
        again = ingest(there, url)
        assert again.returncode == 3, again
        there.same_rows("first ingest", url)
        there.nothing_left(url)
        embedded.destroy(folder)


def test_the_folder_that_is_written_to_is_full() -> None:
    home = make_home()
    with small_disk(1) as folder:
        fill(folder, 4096)
        rasd = Rasd(home, {"RASD_NAMES_ENGINE": "rules"})
        done = rasd("extract", str(SAMPLES), "-o", str(folder / "out.jsonl"))
        assert done.returncode == 1
        assert done.stderr.strip().splitlines()[-1].startswith("rasd: ")
        assert "No space left" in done.stderr
        assert "Traceback" not in done.stderr
        assert [path.name for path in folder.iterdir()] == ["ballast"], "no half of a file is left"
    shutil.rmtree(home)


def test_no_room_for_a_database_at_all() -> None:
    with small_disk(50) as folder:
        done = subprocess.run(
            [sys.executable, "-m", "flows.cli", "ingest", "--direct", str(SAMPLES)],
            env=Rasd(folder, {}).env(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 1
        assert "is full" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        embedded.destroy(folder)
