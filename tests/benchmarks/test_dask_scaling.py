"""Batches on Dask: the same rows as one process, what a task costs, how much quicker two workers are.

    RASD_DASK_ARTICLES=10154 uv run pytest -m slow -s tests/benchmarks/test_dask_scaling.py

Each way loads the articles into a database of its own: one process and then two without Dask, a LocalCluster
of two, and a scheduler with two workers on the loopback interface.  Seconds are the runs' own, so that a
cluster that has to be started first does not count.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from db import embedded
from db.engine import create_engine
from tests.benchmarks.ant import ARCHIVE, ARTICLES, ant
from tests.db.servers import create_database, drop_database
from tests.db.snapshot import differences, snapshot
from tests.flows.rasd import Rasd, table
from tests.flows.test_dask import home, scheduler

__all__ = ["home", "scheduler"]  # fixtures

pytest.importorskip("distributed", reason="the extra dask is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ARCHIVE.exists(), reason="the articles in ../shared are absent"),
]
NUMBER = int(os.environ.get("RASD_DASK_ARTICLES", "1000"))
ENGINE = os.environ.get("RASD_DASK_ENGINE", "fast")
BATCH = 256 if NUMBER >= ARTICLES else max(1, NUMBER // 8)


def test_dask_loads_the_same_and_quicker(
    server: embedded.Server, template: str, home: Path, scheduler: Callable[..., str], tmp_path: Path
) -> None:
    articles = ant(NUMBER, tmp_path)
    ways = {
        "one process": ["--direct", "--workers", "1"],
        "two processes": ["--direct", "--workers", "2"],
        "LocalCluster of 2": ["--runner", "dask", "--workers", "2"],
        "scheduler and 2 workers": ["--runner", "dask", "--address", scheduler("--no-nanny")],
    }
    seconds: dict[str, float] = {}
    expected = None
    for number, (way, options) in enumerate(ways.items()):
        name = f"scaling_{number}"
        url = create_database(server, name, template)
        rasd = Rasd(home, {"DATABASE_URL": url, "RASD_NAMES_ENGINE": ENGINE, "RASD_BATCH_FILES": str(BATCH)})
        done = rasd("ingest", str(articles), *options, timeout=7200)
        assert done.returncode in {0, 3}, done.stdout + done.stderr  # 3: a few files are rejected
        seconds[way] = float(table(done.stdout)["seconds"].replace(",", ""))
        engine = create_engine(url, poolclass=sa.NullPool)
        rows = snapshot(engine)
        engine.dispose()
        drop_database(server, name)
        expected = expected or rows
        assert differences(expected, rows) == [], way
        print(f"\n{way}: {seconds[way]:.1f} s, {seconds['one process'] / seconds[way]:.2f} times as quick")
    tasks = math.ceil(NUMBER / BATCH)
    for way in list(ways)[2:]:
        print(f"{way}: {(seconds[way] - seconds['two processes']) / tasks:+.2f} s a task, {tasks} tasks")
