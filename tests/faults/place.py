"""A place for faults: a server that may be killed, an inbox, databases, and what must hold after."""

# ruff: noqa: PTH208  (of /proc and /dev/shm the names are wanted)

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
import sqlalchemy as sa

from db import embedded
from db.engine import create_engine, upgrade
from db.models import Base
from flows.runs import run_ingest
from flows.settings import Settings
from tests.db.servers import FAST, create_database, drop_database, make_home, plain, wait_until
from tests.db.snapshot import Rows, differences, snapshot

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "tests" / "samples"
# short ones; the run is to be killed in every part of it, not only while it extracts
CHOSEN = (
    "culture-festival",
    "dz-floods",
    "economy-bank",
    "kw-cabinet",
    "latin-names",
    "ma-security-meeting",
    "ma-security-wire",
    "ma-visit-held",
    "tn-transport-strike",
    "tn-transport-strike-copy",
)
BAD = {"empty.txt": b"", "noise.txt": random.Random(5).randbytes(3_000)}
OPERATIONS: dict[str, tuple[str, ...]] = {
    "first ingest": ("ingest", "--direct", "{inbox}"),
    "ingest": ("ingest", "--direct", "{inbox}"),
    "backfill": ("backfill", "--direct"),
    "refresh": ("refresh",),
}
PATIENCE = 240.0  # seconds for any one command; they take two or three on a quiet machine


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int  # negative: the signal
    out: str
    err: str


@dataclass
class Place:
    """Everything in one temporary folder: RASD_HOME of the server, an inbox, a folder for temporary files."""

    home: Path
    inbox: Path
    temporary: Path
    zygote: subprocess.Popen[str]
    expected: dict[str, Rows] = field(default_factory=dict)  # by operation, of an undisturbed run
    seconds: dict[str, float] = field(default_factory=dict)  # that it took
    shared_memory: Path | None = None  # /dev/shm of the commands, where they have one of their own
    count: int = 0

    # -------------------------------------------------------------------------------- the server

    def server(self) -> embedded.Server:
        """The server, started where it is down: its supervisor gives up after five crashes in a row."""
        return embedded.start(self.home, settings=FAST)

    def database(self, template: str) -> str:
        """A copy of a template, under a name of its own."""
        self.count += 1
        server = self.server()
        url = create_database(server, f"fault_{self.count}", template)
        # The copy of a sequence says that numbers ahead of it are in the log already, which holds for the
        # template only: PostgreSQL would give them out twice after a crash before the next checkpoint.
        with psycopg.connect(plain(server.url), autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        return url

    def drop_databases(self) -> None:
        server = self.server()
        for number in range(max(1, self.count - 3), self.count + 1):
            drop_database(server, f"fault_{number}")

    # ------------------------------------------------------------------------------ commands

    def _ask(self, **what: Any) -> int:
        assert self.zygote.stdin is not None and self.zygote.stdout is not None
        self.zygote.stdin.write(json.dumps(what) + "\n")
        self.zygote.stdin.flush()
        return int(self.zygote.stdout.readline())

    def environment(self, url: str, **more: str) -> dict[str, str]:
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("RASD_", "PREFECT_", "DATABASE_URL"))
        }
        return kept | {
            "RASD_HOME": str(self.home),
            "DATABASE_URL": url,
            "RASD_NAMES_ENGINE": "rules",
            "RASD_WORKERS": "1",
            "RASD_BATCH_FILES": "3",
            "TMPDIR": str(self.temporary),
            "COLUMNS": "160",
            **more,
        }

    def start(self, operation: str, url: str, **environment: str) -> Running:
        """Start an operation on a database."""
        words = [word.format(inbox=self.inbox) for word in OPERATIONS[operation]]
        return self.start_command(words, self.environment(url, **environment))

    def start_command(self, words: Sequence[str], environment: Mapping[str, str]) -> Running:
        self.count += 1
        out, err = (self.home / f"{kind}.{self.count}" for kind in ("out", "err"))
        for path in (out, err):
            path.touch()  # it may be killed before it has opened them
        pid = self._ask(run=list(words), env=dict(environment), out=str(out), err=str(err))
        return Running(self, psutil.Process(pid), out, err)

    def run(self, operation: str, url: str, **environment: str) -> Ended:
        return self.start(operation, url, **environment).end()

    # ------------------------------------------------------------------------ what must hold

    def repeat(self, operation: str, url: str) -> None:
        """An undisturbed run after a disturbed one: the same rows, and nothing of either left behind."""
        self.server()  # takes connections again, after its recovery
        again = self.run(operation, url)
        assert again.status == (3 if operation in REJECTING else 0), again
        self.same_rows(operation, url)
        self.nothing_left(url)

    def same_rows(self, operation: str, url: str) -> None:
        assert differences(self.expected[operation], picture(url)) == []

    def nothing_left(self, url: str) -> None:
        """No lock, no connection, no run that seems to be running, no process, no temporary file."""
        name = url.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(plain(self.server().url), autocommit=True) as connection:
            question = "SELECT pid, state, query FROM pg_stat_activity WHERE datname = %s"
            assert wait_until(lambda: not connection.execute(question, [name]).fetchall()), (
                connection.execute(question, [name]).fetchall()
            )
            locks = connection.execute("SELECT * FROM pg_locks WHERE locktype = 'advisory'").fetchall()
            assert not locks
        engine = create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            states = connection.scalars(sa.text("SELECT state FROM run")).all()
            assert "running" not in states
            queued = connection.scalars(sa.text("SELECT count(*) FROM entity_queue")).one()
            assert queued == 0, "the refresh left nothing to be done"
        engine.dispose()
        assert wait_until(lambda: not processes(self.temporary)), processes(self.temporary)
        assert sorted(self.temporary.rglob("*")) == []
        assert wait_until(lambda: not self._forgotten_memory()), self._forgotten_memory()
        parts = {".part", ".tmp", ".lock"}
        assert [p for p in self.inbox.rglob("*") if p.suffix in parts] == []

    def _forgotten_memory(self) -> list[str]:
        """Semaphores and shared memory that are left, once no command runs."""
        return [] if self.shared_memory is None else sorted(os.listdir(self.shared_memory))


def _own_shared_memory() -> list[str]:
    """A prefix of commands that get a /dev/shm of their own; none where that is not allowed."""
    script = 'mount -t tmpfs -o mode=1777 rasd-test /dev/shm && exec "$@"'
    prefix = ["unshare", "--mount", "sh", "-c", script, "sh"]
    try:
        allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    return prefix if allowed else []


@dataclass
class Running:
    """A command under way."""

    place: Place
    process: psutil.Process
    out: Path
    err: Path
    began: float = field(default_factory=time.monotonic)

    def alive(self) -> bool:
        with suppress(psutil.NoSuchProcess):
            return self.process.status() != psutil.STATUS_ZOMBIE
        return False

    def workers(self) -> list[psutil.Process]:
        """Its worker processes, as multiprocessing starts them."""
        with suppress(psutil.NoSuchProcess):
            return [child for child in self.process.children() if _is_worker(child)]
        return []

    def until(self, instant: float) -> bool:
        """Wait until so many seconds after its start; whether it is still under way."""
        time.sleep(max(0.0, self.began + instant - time.monotonic()))
        return self.alive()

    def kill(self) -> None:
        with suppress(psutil.NoSuchProcess):
            self.process.send_signal(signal.SIGKILL)

    def end(self, seconds: float = PATIENCE, *, tracebacks: bool = False) -> Ended:
        """Wait for its end; one that hangs is killed, with what it said."""
        hung = not wait_until(lambda: not self.alive(), seconds)
        if hung:
            self.kill()
        status = self.place._ask(wait=self.process.pid)
        ended = Ended(
            status, *(p.read_text(encoding="utf-8", errors="replace") for p in (self.out, self.err))
        )
        for path in (self.out, self.err):
            path.unlink()
        assert not hung, f"still running after {seconds:g} s: {ended}"
        assert tracebacks or "Traceback" not in ended.err, ended.err
        return ended


def _is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "spawn_main" in " ".join(process.cmdline())
    return False


def processes(temporary: Path) -> list[str]:
    """Living processes that were started with this folder for temporary files, with their commands."""
    ours = f"TMPDIR={temporary}".encode()
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if ours in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.append(f"{pid} {Path(f'/proc/{pid}/cmdline').read_text()}")
    return found


def picture(url: str) -> Rows:
    engine = create_engine(url, poolclass=sa.NullPool)
    try:
        # the spellings of the reference places are many, and go with the places in one transaction
        return snapshot(engine, Base.metadata.tables.keys() - {"reference_name"})
    finally:
        engine.dispose()


@contextmanager
def place() -> Iterator[Place]:
    """A place with databases to start from, made by undisturbed runs."""
    home = make_home()
    for name in ("inbox", "temporary"):
        (home / name).mkdir()
    for name in CHOSEN:
        for path in SAMPLES.glob(f"{name}.*"):
            shutil.copy(path, home / "inbox")
    for name, data in BAD.items():
        (home / "inbox" / name).write_bytes(data)
    apart = _own_shared_memory()
    zygote = subprocess.Popen(
        [*apart, sys.executable, "-m", "tests.faults.zygote"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert zygote.stdout is not None
    assert zygote.stdout.readline() == "ready\n"
    memory = Path(f"/proc/{zygote.pid}/root/dev/shm") if apart else None
    made = Place(home, home / "inbox", home / "temporary", zygote, shared_memory=memory)
    try:
        _make_templates(made)
        yield made
    finally:
        assert zygote.stdin is not None
        zygote.stdin.close()
        zygote.wait()
        embedded.destroy(home)
        shutil.rmtree(home)


def _make_templates(made: Place) -> None:
    server = made.server()
    upgrade(create_database(server, "bare"))
    empty = create_database(server, "empty", "bare")
    assert made.run("refresh", empty).status == 0
    stale = create_database(server, "stale", "empty")
    run_ingest([str(made.inbox)], _settings(made, stale), refresh_with=dict)
    loaded = create_database(server, "loaded", "stale")
    assert made.run("refresh", loaded).status == 0
    with psycopg.connect(plain(loaded), autocommit=True) as connection:
        # as if another version of the code had loaded them
        connection.execute("UPDATE pipeline_version SET digest = '\\x00'")
    for operation, template in TEMPLATES.items():
        url = made.database(template)
        began = time.monotonic()
        ended = made.run(operation, url)
        made.seconds[operation] = time.monotonic() - began
        assert ended.status in (0, 3), ended
        made.expected[operation] = picture(url)
        made.nothing_left(url)
    made.drop_databases()


# `bare` has no reference places yet, which the first refresh loads
TEMPLATES = {"first ingest": "bare", "ingest": "empty", "backfill": "loaded", "refresh": "stale"}
REJECTING = {"first ingest", "ingest"}  # they meet the bad files


def _settings(made: Place, url: str) -> Settings:
    return Settings(home=made.home).changed(database_url=url, names_engine="rules", workers=1)
