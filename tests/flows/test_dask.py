"""Batches on Dask workers: the same rows as in one process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.engine import create_engine
from flows.batches import BatchResult, run_batch
from flows.commands import ingest as command
from flows.errors import UserError
from flows.pipeline import Options
from flows.runs import run_ingest
from flows.settings import Settings
from flows.workers import InProcess, process
from tests.db.servers import create_database, drop_database, make_home, wait_until
from tests.db.snapshot import differences, snapshot
from tests.flows.rasd import ROOT, SAMPLES, Rasd, table

distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")

ARTICLES = len(list(SAMPLES.glob("*.txt")))
USUAL: dict[str, Any] = {"direct": False, "workers": None, "engine": None, "settle": None, "reread": False}


@pytest.fixture
def other(server: Any, template: str) -> Iterator[Callable[[], Engine]]:
    """Further databases like the fixture ``database``."""
    made: list[tuple[str, Engine]] = []

    def make() -> Engine:
        name = f"other_{os.urandom(4).hex()}"
        engine = create_engine(create_database(server, name, template), poolclass=sa.NullPool)
        made.append((name, engine))
        return engine

    yield make
    for name, engine in made:
        engine.dispose()
        drop_database(server, name)


def url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def chosen(engine: Engine, home: Path) -> Settings:
    return Settings(home=home).changed(
        database_url=url(engine), names_engine="rules", workers=1, batch_files=6
    )


@dataclass
class Future:
    """As Prefect wraps Dask's."""

    wrapped_future: Any

    def result(self) -> BatchResult:
        return self.wrapped_future.result()


@dataclass
class Runner:
    client: Any


def _on_worker(run: str, batch: bytes) -> BatchResult:
    import pickle

    from flows.cluster import loading_of

    return run_batch(pickle.loads(batch), loading_of(run))


@pytest.fixture
def place() -> Iterator[Any]:
    """A cluster of two workers inside this process, without Prefect."""
    from flows.cluster import Cluster

    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, memory_limit=None
    )
    with cluster, distributed.Client(cluster, set_as_default=False) as client:

        def start(_number: int, run: str, batch: bytes) -> Future:
            return Future(client.submit(_on_worker, run, batch, pure=False))

        yield Cluster(Runner(client), start)  # type: ignore[arg-type]


def test_the_same_rows_and_the_same_memory(
    database: Engine, other: Callable[[], Engine], place: Any, tmp_path: Path
) -> None:
    run_ingest([str(SAMPLES)], chosen(database, tmp_path))
    there = other()
    summary = run_ingest([str(SAMPLES)], chosen(there, tmp_path), place=place)
    assert (summary.loaded, summary.rejected.total()) == (ARTICLES, 0)
    assert place.under_way() == 4, "one a thread and one a process that waits there"
    assert differences(snapshot(database), snapshot(there)) == []
    again = run_ingest([str(SAMPLES)], chosen(there, tmp_path).changed(recheck_runs=0), place=place)
    assert (again.loaded, again.known) == (0, ARTICLES)
    with there.connect() as connection:
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rasd dask'"
        assert wait_until(lambda: connection.scalar(sa.text(count)) == 0), "connections end with the run"


def test_a_worker_of_another_version_is_refused(
    database: Engine, place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.cluster.version", lambda _options: "0123456789abcdef")
    with pytest.raises(UserError, match="another version of Rasd"):
        run_ingest([str(SAMPLES)], chosen(database, tmp_path), place=place)
    with database.connect() as connection:
        assert connection.scalar(sa.text("SELECT state FROM run")) == "failed"


def test_the_processes_of_a_daemon_are_itself(tmp_path: Path) -> None:
    from flows.read.discover import Found, discover, load
    from flows.records import RawFile

    found = [item for item in discover([str(SAMPLES)]) if isinstance(item, Found)]
    raws = [raw for raw in map(load, found[:4]) if isinstance(raw, RawFile)]
    options = Options("rules")
    here = InProcess[Any](_text, options)
    assert here.run(raws) == process(raws, _text, options, 60.0)
    here.close()
    with pytest.raises(RuntimeError, match="ended"):
        here.run(raws)


def _text(extraction: Any) -> str:
    return f"{extraction.raw.uri} {extraction.article.text} {extraction.events}"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"address": "tcp://127.0.0.1:1"}, "goes with --runner dask"),
        ({"runner": "dask", "direct": True}, "does not go with --direct"),
        ({"runner": "dask", "address": "tcp://127.0.0.1:1", "workers": 2}, "--workers is for this machine"),
    ],
)
def test_options_that_contradict_each_other(options: dict[str, Any], words: str) -> None:
    usual: dict[str, Any] = {
        "direct": False,
        "workers": None,
        "engine": None,
        "settle": None,
        "reread": False,
    }
    with pytest.raises(UserError, match=words):
        command.ingest_command([str(SAMPLES)], **{**usual, **options})


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda _name: None)
    with pytest.raises(UserError, match="uv sync --extra dask"):
        command.ingest_command([str(SAMPLES)], **{**USUAL, "runner": "dask"})


# ---------------------------------------------------------------------- as users run it, with real processes


@pytest.fixture
def home() -> Iterator[Path]:
    folder = make_home()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def scheduler(home: Path) -> Iterator[Callable[..., str]]:
    """Start a scheduler and two workers on loopback as their own programs; the scheduler's address."""
    processes: list[subprocess.Popen[str]] = []

    def dask(*arguments: str) -> None:
        environment = Rasd(home, {"DASK_LOGGING__DISTRIBUTED": "error"}).env()
        processes.append(
            subprocess.Popen([sys.executable, "-m", "dask", *arguments], cwd=ROOT, env=environment, text=True)
        )

    def start(*options: str) -> str:
        file = home / "scheduler.json"
        dask(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)
        )
        # it exists before it is written
        assert wait_until(lambda: file.exists() and file.read_text(encoding="utf-8").endswith("}"), 120)
        address = str(json.loads(file.read_text(encoding="utf-8"))["address"])
        for _ in range(2):
            dask("worker", address, "--nthreads", "1", "--no-dashboard", *options)
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)
        return address

    yield start
    # workers first: one whose scheduler is gone looks for it for a while
    for process_ in reversed(processes):
        process_.send_signal(signal.SIGTERM)
        try:
            process_.wait(60)
        except subprocess.TimeoutExpired:
            process_.kill()
            process_.wait()


@pytest.mark.slow
@pytest.mark.parametrize("cluster", ["local", "explicit", "daemons"])
def test_the_command_loads_the_same_rows(
    database: Engine,
    other: Callable[[], Engine],
    home: Path,
    scheduler: Callable[..., str],
    cluster: str,
) -> None:
    run_ingest([str(SAMPLES)], chosen(database, home))
    there = other()
    rasd = Rasd(home, {"DATABASE_URL": url(there), "RASD_NAMES_ENGINE": "rules", "RASD_BATCH_FILES": "6"})
    where = ["--workers", "2"]
    if cluster != "local":
        where = ["--address", scheduler(*(["--no-nanny"] if cluster == "explicit" else []))]
    result = rasd("ingest", str(SAMPLES), "--runner", "dask", *where, timeout=400)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "distributed." not in result.stderr
    assert table(result.stdout)["loaded"] == str(ARTICLES)
    assert differences(snapshot(database), snapshot(there)) == []
