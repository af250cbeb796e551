"""What Prefect costs: the same articles with a running server and with `--direct`, in pairs.

    RASD_OVERHEAD_ARTICLES=10154 uv run pytest -m slow -s tests/benchmarks/test_prefect_overhead.py

The order within a pair changes from pair to pair.  Time is that of the whole command, its start included; CPU
time is that of its processes, of PostgreSQL and of the Prefect server together.  A database of its own for
each run, all on one server.  RASD_OVERHEAD_PAIRS, RASD_OVERHEAD_ENGINE and RASD_OVERHEAD_WORKERS say how.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
import pytest

from db import embedded, engine
from flows import up
from tests.benchmarks.ant import ARCHIVE, ant
from tests.db.servers import create_database, drop_database, make_home
from tests.flows.rasd import ROOT, Rasd, table

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ARCHIVE.exists(), reason="the articles in ../shared are absent"),
    pytest.mark.skipif(not hasattr(os, "wait4"), reason="CPU time of processes is read with wait4"),
]
ARTICLES = int(os.environ.get("RASD_OVERHEAD_ARTICLES", "1000"))
PAIRS = int(os.environ.get("RASD_OVERHEAD_PAIRS", "3"))
ENGINE = os.environ.get("RASD_OVERHEAD_ENGINE", "fast")
WORKERS = os.environ.get("RASD_OVERHEAD_WORKERS")
BOUND = 0.08  # of the direct run, for the 10,154 articles
START = 8.0  # CPU seconds that importing Prefect and telling a server may take, however few the articles


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    cpu: float  # of the command, PostgreSQL and the Prefect server
    command: float  # of the command alone


@pytest.fixture
def operated() -> Iterator[Rasd]:
    """`rasd up` without schedules."""
    home = make_home()
    ports = f"prefect_port = {_free_port()}\nmetrics_port = 0\nrefresh_cron = ''\n"
    (home / "rasd.toml").write_text(ports, encoding="utf-8")
    rasd = Rasd(home, {"RASD_NAMES_ENGINE": ENGINE} | ({"RASD_WORKERS": WORKERS} if WORKERS else {}))
    try:
        started = rasd("up", "--detach", timeout=600)
        assert started.returncode == 0, started.stderr
        yield rasd
    finally:
        up.down(home)
        embedded.destroy(home)
        shutil.rmtree(home, ignore_errors=True)


def test_overhead_of_prefect(operated: Rasd, tmp_path: Path) -> None:
    articles = ant(ARTICLES, tmp_path)
    state = up.state(operated.home)
    costs: dict[str, list[Cost]] = {"direct": [], "prefect": []}
    rows: set[str] = set()
    with embedded.running(operated.home) as server:
        engine.upgrade(create_database(server, "overhead_template"))
        watched = [psutil.Process(pid) for pid in (server.pid, state["parts"]["prefect server"]["pid"])]
        for pair in range(PAIRS):
            # the second of two runs may find the machine warmer
            for way in ("direct", "prefect") if pair % 2 == 0 else ("prefect", "direct"):
                url = create_database(server, "overhead", "overhead_template")
                cost, loaded = _run(operated, way, url, state["api"], articles, watched)
                drop_database(server, "overhead")
                costs[way].append(cost)
                rows.add(loaded)
                print(
                    f"\n{way}: {cost.seconds:.1f} s, CPU {cost.cpu:.1f} s, the command's {cost.command:.1f} s"
                )
    assert len(rows) == 1, f"the runs did not load the same: {rows}"
    wall, cpu, command = (
        median(getattr(p, what) / getattr(d, what) for d, p in zip(*costs.values(), strict=True)) - 1
        for what in ("seconds", "cpu", "command")
    )
    print(
        f"{ARTICLES:,} articles, {ENGINE}: Prefect costs {wall:+.1%} of wall time,"
        f" {cpu:+.1%} of all CPU time, {command:+.1%} of the command's (medians of {PAIRS} pairs)"
    )
    more = median(p.cpu - d.cpu for d, p in zip(*costs.values(), strict=True))
    assert more <= START + BOUND * median(cost.cpu for cost in costs["direct"])
    if ARTICLES >= 10_000:
        assert wall <= BOUND


def _run(
    operated: Rasd, way: str, url: str, api: str, articles: Path, watched: list[psutil.Process]
) -> tuple[Cost, str]:
    """One command: what it cost, and the rows that it says it loaded."""
    environment = operated.env() | {"DATABASE_URL": url}
    options = ["--direct"] if way == "direct" else []
    if way == "prefect":
        environment["PREFECT_API_URL"] = api
    before, began = sum(map(_cpu, watched)), time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "ingest", str(articles), *options],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    assert process.returncode in {0, 3}, printed  # 3: a few files are rejected
    time.sleep(3)  # what the server still does with the run's events belongs to the run
    command = usage.ru_utime + usage.ru_stime
    told = table(printed)
    rows = ", ".join(f"{name} {told[name]}" for name in ("loaded", "rejected", "mentions", "events"))
    return Cost(seconds, command + sum(map(_cpu, watched)) - before, command), rows


def _cpu(process: psutil.Process) -> float:
    """CPU seconds of a process, its living children, and those of its children that ended."""
    times = [process.cpu_times()]
    for child in process.children(recursive=True):
        try:
            times.append(child.cpu_times())
        except psutil.Error:
            continue
    return sum(t.user + t.system for t in times) + times[0].children_user + times[0].children_system


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
