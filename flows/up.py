"""`rasd up`: database, Prefect server and served deployments as one thing that is started and stopped.

One process, the *keeper*, holds a lock in ``<home>/up`` for as long as it lives, starts the parts as its
children, starts again what dies, and publishes how things stand in ``state.json``.  All that has to outlive a
restart is in the home: the database's cluster (with Prefect's own database in it), Prefect's files, logs.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from db import embedded, locks
from db import engine as engines
from db.cluster import EmbeddedError, free_port, write_private
from flows.connection import PREFECT_DATABASE, create_database, database_url
from flows.errors import UserError
from flows.settings import Settings, configure_prefect

PATIENCE = 180.0  # seconds for a part to become ready
WIND_UP = 60.0  # seconds that a part has to end by itself
CRASHES = 5  # ends in a row, each within CRASH_WINDOW of its start, before giving up
CRASH_WINDOW = 60.0
LOG_LIMIT = 16 * 1024 * 1024
Say = Callable[[str], None]


# ------------------------------------------------------------------------------------------- state


def folder(home: Path) -> Path:
    return home / "up"


def _lock(home: Path) -> int | None:
    """Take the keeper's lock; None while a keeper lives."""
    folder(home).mkdir(parents=True, exist_ok=True)
    return locks.take(folder(home) / "lock")


def kept(home: Path) -> bool:
    """Whether a keeper lives; creates nothing."""
    return locks.is_taken(folder(home) / "lock")


def state(home: Path) -> dict[str, Any]:
    """What the keeper said last; {} where none ever ran."""
    try:
        found: dict[str, Any] = json.loads((folder(home) / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def api_url(home: Path) -> str | None:
    """The Prefect API of the server that `rasd up` runs over this home; None where none is ready."""
    if not kept(home):
        return None
    found = state(home)
    return str(found["api"]) if found.get("phase") == "ready" else None


# ------------------------------------------------------------------------------------------- parts


@dataclass(slots=True)
class Part:
    """A child process that is kept running."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    ready: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    ends: int = 0  # in a row, each soon after the start
    restarts: int = 0
    not_before: float = field(default=0.0)

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                # a Ctrl-C on the terminal is for the keeper, which ends its parts in order
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
            )
        self.since = time.monotonic()

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, patience: float = WIND_UP) -> None:
        """SIGTERM, and SIGKILL for the whole session after ``patience`` seconds."""
        if self.process is None:
            return
        if self.alive():
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        # whatever it left behind in its session
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def tail(self) -> str:
        """The last line of its log that says something."""
        try:
            lines = self.log.read_bytes()[-8192:].decode("utf-8", "replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _die_with_parent() -> None:
    """In the child, before exec: SIGTERM when the keeper is gone, however it ended."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGTERM)


def answers(url: str) -> bool:
    """Whether a server of ours says that it is well; cheap, as it is asked again and again."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def taken(port: int) -> bool:
    """Whether somebody listens on this port of the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0 or free_port(port) != port


# ------------------------------------------------------------------------------------------ keeper


class Keeper:
    """Starts the parts, watches them, ends them; ``run`` returns when asked to stop."""

    def __init__(self, chosen: Settings, say: Say) -> None:
        self.chosen = chosen
        self.home = chosen.home
        self.say = say
        self.stopping = threading.Event()
        self.ready_file = folder(chosen.home) / "served"
        self.api = f"http://127.0.0.1:{chosen.prefect_port}/api"
        self.parts: list[Part] = []
        self.began = time.time()
        self.ready: Callable[[dict[str, Any]], None] = lambda found: None

    def publish(self, phase: str, **more: Any) -> None:
        parts = {
            part.name: {
                "pid": part.process.pid if part.process else None,
                "started": process_started(part.process.pid) if part.process and part.alive() else None,
                "restarts": part.restarts,
                "log": str(part.log),
            }
            for part in self.parts
        }
        metrics = self.chosen.metrics_port
        found = {
            "phase": phase,
            "pid": os.getpid(),
            "started": process_started(os.getpid()),
            "began": self.began,
            "api": self.api,
            "ui": self.api.removesuffix("/api"),
            "metrics": f"http://127.0.0.1:{metrics}/metrics" if metrics else None,
            "parts": parts,
            **more,
        }
        write_private(folder(self.home) / "state.json", json.dumps(found))

    def run(self) -> None:
        """Raises UserError, EmbeddedError or DatabaseError when something does not start."""
        descriptor = _lock(self.home)
        if descriptor is None:
            raise UserError(f"`rasd up` runs over {self.home} already (pid {state(self.home).get('pid')})")
        try:
            self._end_leftovers()
            for port, name in (
                (self.chosen.prefect_port, "RASD_PREFECT_PORT"),
                (self.chosen.metrics_port, "RASD_METRICS_PORT"),
            ):
                if port and taken(port):
                    raise UserError(f"port {port} is taken by another program: choose another with {name}")
            self.publish("starting")
            with database_url(self.chosen, self.say) as url:
                self.parts = [self._server(), self._served()]
                try:
                    self._start(url)
                    self._watch()
                finally:
                    self.publish("stopping")
                    for part in reversed(self.parts):
                        part.stop()
            self.publish("stopped")
        except BaseException as error:
            self.publish("failed", error=str(error) or type(error).__name__)
            raise
        finally:
            os.close(descriptor)

    def _end_leftovers(self) -> None:
        """Parts of a keeper that was killed where the kernel does not tell them (macOS)."""
        for part in state(self.home).get("parts", {}).values():
            began = process_started(part["pid"]) if part.get("pid") else None
            if began is not None and part.get("started") and abs(began - part["started"]) < 2:
                with contextlib.suppress(psutil.Error):
                    process = psutil.Process(part["pid"])
                    process.terminate()
                    process.wait(WIND_UP)

    def _environment(self) -> dict[str, str]:
        configure_prefect(self.chosen, served=True)
        inherited = {k: v for k, v in os.environ.items() if k not in {"PREFECT_API_URL", "PREFECT_PROFILE"}}
        return {**inherited, "RASD_HOME": str(self.home), "PYTHONUNBUFFERED": "1"}

    def _server(self) -> Part:
        port = self.chosen.prefect_port
        environment = self._environment() | {
            "PREFECT_SERVER_API_HOST": "127.0.0.1",
            "PREFECT_SERVER_API_PORT": str(port),
            # the pages ask the API where the browser finds it
            "PREFECT_SERVER_UI_API_URL": self.api,
            "PREFECT_UI_URL": self.api.removesuffix("/api"),  # in notifications
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            "PREFECT__SERVER_FINAL": "1",
            # events and flow runs of 90 days; the table `run` keeps all
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
            "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "flows.event_order",
        }
        url = prefect_server_database(self.chosen)
        if url is not None:
            environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = url
        command = [
            *(sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"),
            *("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"),
            *("--timeout-keep-alive", "5", "--timeout-graceful-shutdown", "5"),
        ]
        log = self.chosen.logs / "prefect-server.log"
        return Part("prefect server", command, environment, log, lambda: answers(f"{self.api}/health"))

    def _served(self) -> Part:
        environment = self._environment() | {
            "PREFECT_API_URL": self.api,
            "RASD_SERVE_READY": str(self.ready_file),
        }
        command = [sys.executable, "-m", "flows.cli", "serve"]
        return Part(
            "deployments", command, environment, self.chosen.logs / "deployments.log", self.ready_file.exists
        )

    def _start(self, url: str) -> None:
        """All at once: our schema is brought up to date while the server sets up its own."""
        self.ready_file.unlink(missing_ok=True)
        for part in self.parts:
            part.start()
        self.publish("starting")
        engines.upgrade(url)
        end = time.monotonic() + PATIENCE
        waiting = list(self.parts)
        while waiting and not self.stopping.is_set():
            for part in list(waiting):
                if part.ready():
                    waiting.remove(part)
                elif not part.alive():
                    raise UserError(f"the {part.name} ended at its start: {part.tail()} (see {part.log})")
            if time.monotonic() > end:
                names = " and ".join(part.name for part in waiting)
                raise UserError(
                    f"the {names} did not become ready within {PATIENCE:g} s; see {self.chosen.logs}"
                )
            self.stopping.wait(0.1)
        if not self.stopping.is_set():
            self.publish("ready", seconds=round(time.time() - self.began, 1))
            self.ready(state(self.home))

    def _watch(self) -> None:
        last_look = time.monotonic()
        while not self.stopping.wait(0.5):
            for part in self.parts:
                self._keep(part)
            if time.monotonic() - last_look > 10:
                last_look = time.monotonic()
                self._keep_database()

    def _keep(self, part: Part) -> None:
        now = time.monotonic()
        if part.alive() or now < part.not_before:
            return
        if part.not_before <= part.since:  # it just ended
            part.ends = part.ends + 1 if now - part.since < CRASH_WINDOW else 1
            if part.ends > CRASHES:
                raise UserError(f"the {part.name} ended {part.ends} times in a row: {part.tail()}")
            part.not_before = now + min(30.0, 2.0**part.ends)
            self.say(
                f"the {part.name} ended ({part.tail()}); it starts again in {part.not_before - now:.0f} s"
            )
            part.stop()
            return
        part.start()
        part.restarts += 1
        self.publish("ready")

    def _keep_database(self) -> None:
        """The embedded server's supervisor was killed: start it again; connections come back."""
        if self.chosen.database_url is None and embedded.status(self.home).phase in {"stopped", "failed"}:
            self.say("the database server is gone; it starts again")
            with contextlib.suppress(EmbeddedError):
                embedded.start(self.home)


def process_started(pid: int) -> float | None:
    """Start time of a living process; None when it is gone."""
    from db.supervisor import process_started as started

    return started(pid)


def prefect_server_database(chosen: Settings) -> str | None:
    """asyncpg URL of Prefect's own database, made where it is missing; None for SQLite in its home."""
    if chosen.prefect_database_url is not None:
        url = engines.normalise_url(chosen.prefect_database_url.get_secret_value())
        return url.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
    if chosen.database_url is not None:
        return None
    server = embedded.start(chosen.home)
    create_database(embedded.database_url(server), PREFECT_DATABASE)
    url = engines.normalise_url(embedded.database_url(server, PREFECT_DATABASE, tcp=True))
    return url.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


# ------------------------------------------------------------------------------------------- verbs


def detach(chosen: Settings) -> dict[str, Any]:
    """Start a keeper that outlives this process and wait until it is ready; returns its state.

    Raises UserError with what the keeper said when it does not come up.
    """
    if kept(chosen.home):
        raise UserError(f"`rasd up` runs over {chosen.home} already (pid {state(chosen.home).get('pid')})")
    chosen.logs.mkdir(parents=True, exist_ok=True)
    log = chosen.logs / "up.log"
    with log.open("wb") as out:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "up"],
            env={**os.environ, "RASD_HOME": str(chosen.home)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    while True:
        found = state(chosen.home)
        if found.get("pid") == keeper.pid and found.get("phase") == "ready":
            return found
        if keeper.poll() is not None:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise UserError((lines[-1] if lines else "it did not start").removeprefix("rasd: "))
        time.sleep(0.1)


def down(home: Path, patience: float = 2 * WIND_UP + 30) -> bool:
    """Ask the keeper to end and wait for it; False where none ran."""
    if not kept(home):
        return False
    found = state(home)
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(found["pid"]), signal.SIGTERM)
    end = time.monotonic() + patience
    while kept(home):
        if time.monotonic() > end:
            raise UserError(f"process {found['pid']} does not end; see {home / 'logs'}")
        time.sleep(0.1)
    return True


@contextlib.contextmanager
def interruptible(keeper: Keeper) -> Iterator[None]:
    """SIGTERM, SIGINT and SIGHUP ask the keeper to stop."""

    def stop(_number: int, _frame: object) -> None:
        keeper.stopping.set()

    before = {n: signal.signal(n, stop) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
