"""The process that owns an embedded server: `python -m db.supervisor HOME TOKEN [PORT] [NAME=VALUE...]`.

It outlives whoever started it.  It starts PostgreSQL as its child, starts it again after a crash, and stops
it when no lease is left: every user of the server keeps a lease file with its pid and start time, and a lease
whose process is gone counts as given back, whether the process ended well, by SIGTERM or by SIGKILL.
If the supervisor itself is killed, the kernel sends PostgreSQL SIGINT (Linux), and the next start adopts what
still runs (elsewhere).  Locks are flocks: the kernel gives them back whatever happens.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from db import cluster as clusters
from db import locks
from db.cluster import Cluster, EmbeddedError

POLL = 0.2  # seconds
LINGER = 0.5  # seconds without a lease before the server stops: commands in a row share one
FAST_STOP = 300.0  # seconds for a clean stop with its checkpoint before an immediate one
CRASHES = 5  # crashes in a row, each within CRASH_WINDOW of the start, before giving up
CRASH_WINDOW = 60.0
LOG_LIMIT = 16 * 1024 * 1024
PERSISTENT = "persistent"
ALREADY_THERE = 3  # exit status when another supervisor lives

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "jit": "off",  # costs more than it gives on queries of this size
    "log_checkpoints": "off",
    "lc_messages": "C",  # messages are matched in db.cluster.explain
    "timezone": "UTC",
}

# Loading 10,000 articles beside 1,000,000 takes 1.7 times as long as into an empty database with 256 MB, 1.2
# times with 3 GB: the pages of its indexes that are touched at random fit.  What is not used is not taken.
CACHE_SHARE = 8  # of the machine's memory
CACHE_MEGABYTES = (128, 4096)  # least and most
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container


def memory() -> int:
    """Bytes of memory that this machine, or the container that this is, has."""
    total = psutil.virtual_memory().total
    for path in _LIMITS:
        # not there on other systems; "max" where nothing is limited
        with contextlib.suppress(OSError, ValueError):
            total = min(total, int(Path(path).read_text(encoding="ascii")))
    return total


def memory_settings(total: int) -> dict[str, str]:
    """Settings that follow a memory of ``total`` bytes."""
    least, most = CACHE_MEGABYTES
    return {"shared_buffers": f"{min(max(total // CACHE_SHARE // 2**20, least), most)}MB"}


# ------------------------------------------------------------------------------------------- leases


def lease_folder(home: Path) -> Path:
    return clusters.control_folder(home) / "leases"


def process_started(pid: int) -> float | None:
    """Start time of a living process in seconds since the epoch; None when it is gone or a zombie."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.create_time()
    except psutil.NoSuchProcess:
        return None


def live_leases(home: Path) -> list[str]:
    """Names of the leases that still hold; files of processes that are gone are removed."""
    held = []
    with contextlib.suppress(FileNotFoundError):
        for path in lease_folder(home).iterdir():
            if path.name == PERSISTENT:
                held.append(path.name)
                continue
            if path.name.startswith("."):
                continue  # being written
            try:
                lease = json.loads(path.read_text(encoding="utf-8"))
                started = process_started(lease["pid"])
            except FileNotFoundError:
                continue
            except (ValueError, KeyError, TypeError):
                started = None
            # the clock that start times are derived from may be adjusted; a pid comes back much later
            if started is not None and abs(started - lease["started"]) < 2:
                held.append(path.name)
            else:
                path.unlink(missing_ok=True)
    return held


def hold(home: Path) -> int | None:
    """Take the supervisor's lock; None while a supervisor lives.  Closing the descriptor gives it back."""
    return locks.take(clusters.control_folder(home) / "supervisor.lock")


# ------------------------------------------------------------------------------------------- server


class Postmaster:
    """The server process: a child of ours, or one adopted from a supervisor that was killed."""

    def __init__(
        self, cluster: Cluster, process: psutil.Process, child: subprocess.Popen[bytes] | None
    ) -> None:
        self.cluster = cluster
        self.process = process
        self.child = child

    def alive(self) -> bool:
        if self.child is not None:
            return self.child.poll() is None
        return process_started(self.process.pid) is not None

    def status(self) -> str:
        """Line 8 of postmaster.pid: starting, ready, stopping; empty while there is none of this process."""
        lines = _pid_file(self.cluster)
        return lines[7].strip() if len(lines) > 7 and lines[0].strip() == str(self.process.pid) else ""

    def stop(self) -> None:
        """Fast stop (connections are cut, a checkpoint is written); after FAST_STOP an immediate one."""
        for number, patience in ((signal.SIGINT, FAST_STOP), (signal.SIGQUIT, 30.0), (signal.SIGKILL, 30.0)):
            with contextlib.suppress(psutil.NoSuchProcess):
                self.process.send_signal(number)
            end = time.monotonic() + patience
            while self.alive() and time.monotonic() < end:
                time.sleep(0.02)
            if not self.alive():
                return


def _pid_file(cluster: Cluster) -> list[str]:
    try:
        return (cluster.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _running(cluster: Cluster) -> psutil.Process | None:
    """A server that runs on this cluster without us."""
    lines = _pid_file(cluster)
    if len(lines) < 8:
        return None
    try:
        process = psutil.Process(int(lines[0]))
        # a pid may have gone to somebody else: the postmaster works in its data folder
        ours = process.name().startswith("postgres") and Path(process.cwd()) == cluster.data.resolve()
    except (psutil.Error, ValueError, OSError):
        return None
    return process if ours and process_started(process.pid) is not None else None


def _workers(cluster: Cluster) -> list[int]:
    """Pids of living PostgreSQL processes that work in this cluster's data folder."""
    data = str(cluster.data.resolve())
    found = []
    for process in psutil.process_iter(["name", "cwd", "status"]):
        seen = process.info
        if (
            (seen["name"] or "").startswith("postgres")
            and seen["cwd"] == data
            and seen["status"] != psutil.STATUS_ZOMBIE
        ):
            found.append(process.pid)
    return found


def _clear_stale(cluster: Cluster) -> None:
    """Remove the pid file of a server that is no more.

    PostgreSQL refuses to start while the pid in it exists at all: as a zombie that nobody collects (usual in
    containers) or as some other program that got the number after a reboot.  We hold the supervisor's lock
    and see that no process works in the folder, which is more than it can know.
    """
    lines = _pid_file(cluster)
    if lines and not _workers(cluster):
        (cluster.data / "postmaster.pid").unlink(missing_ok=True)


def _die_with_parent() -> None:
    """In the child, after the change of account and before exec: SIGINT when the supervisor is gone."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGINT)


def launch(cluster: Cluster, home: Path, port: int, settings: dict[str, str]) -> Postmaster:
    """Start PostgreSQL on ``port`` as our child; it is not ready yet."""
    if cluster.log.exists() and cluster.log.stat().st_size > LOG_LIMIT:
        cluster.log.replace(cluster.log.with_suffix(".log.1"))
    folder = clusters.socket_folder(cluster, home, port)
    arguments = [
        str(cluster.binaries / "postgres"),
        "-D",
        str(cluster.data),
        "-p",
        str(port),
        "-k",
        str(folder),
    ]
    for name, value in settings.items():
        arguments += ["-c", f"{name}={value}"]
    try:
        with cluster.log.open("ab") as log:
            cluster.log.chmod(0o600)
            child = subprocess.Popen(
                arguments,
                cwd=cluster.data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  (no threads here)
                env={**os.environ, "LC_ALL": "C.UTF-8", "PGDATA": str(cluster.data)},
                **cluster.as_account(),
            )
    except OSError as error:
        raise EmbeddedError(f"cannot start {arguments[0]}: {error.strerror or error}") from error
    return Postmaster(cluster, psutil.Process(child.pid), child)


class Supervisor:
    """State of the one supervisor of a home; ``run`` returns when the server is stopped."""

    def __init__(self, home: Path, token: str, port: int | None, settings: dict[str, str]) -> None:
        self.home = home
        self.token = token
        self.wanted_port = port
        self.settings = SETTINGS | memory_settings(memory()) | settings
        self.control = clusters.control_folder(home)
        self.stopping = False
        self.port = 0
        self.version = ""

    def say(self, phase: str, **more: Any) -> None:
        """Publish the state; ``phase`` is starting, ready, failed or stopped."""
        state = {"phase": phase, "token": self.token, "supervisor": os.getpid(), "port": self.port, **more}
        clusters.write_private(self.control / "state.json", json.dumps(state))

    def choose_port(self) -> int:
        if self.wanted_port is not None:
            if clusters.free_port(self.wanted_port) != self.wanted_port:
                raise EmbeddedError(f"port {self.wanted_port} is taken; choose another or leave it open")
            return self.wanted_port
        last = self.control / "port"
        remembered = int(last.read_text()) if last.is_file() and last.read_text().isdigit() else None
        port = clusters.free_port(self.port or remembered)
        clusters.write_private(last, str(port))
        return port

    def bring_up(self, cluster: Cluster) -> Postmaster:
        """Start or adopt the server and wait until it takes connections, however long recovery lasts."""
        while (process := _running(cluster)) is not None:
            lines = _pid_file(cluster)
            if len(lines) > 7 and lines[7].strip() == "ready":
                self.port = int(lines[3])
                server = Postmaster(cluster, process, None)
                self.announce(server, Path(lines[4].strip()))
                return server
            time.sleep(POLL)  # it is on its way up or down
        attempts = 0
        while True:
            attempts += 1
            self.port = self.choose_port()
            _clear_stale(cluster)
            begin = cluster.log.stat().st_size if cluster.log.exists() else 0
            server = launch(cluster, self.home, self.port, self.settings)
            self.say("starting", log=str(cluster.log))
            while server.alive() and server.status() != "ready":
                if self.stopping:
                    server.stop()
                    raise EmbeddedError("stopped while it was starting")
                time.sleep(0.02)
            if server.alive():
                self.announce(server, clusters.socket_folder(cluster, self.home, self.port))
                return server
            with cluster.log.open(encoding="utf-8", errors="replace") as log:
                log.seek(begin)
                output = log.read()
            # backends of a killed server take a moment to notice; a free port may be snatched before bind
            passing = any(sign in output for sign in ("pre-existing shared memory", "lock file")) or (
                self.wanted_port is None and "could not bind" in output
            )
            if not passing or attempts >= 50:
                raise EmbeddedError(clusters.explain(output, cluster.base, "PostgreSQL does not start"))
            time.sleep(POLL)

    def announce(self, server: Postmaster, folder: Path) -> None:
        self.say(
            "ready",
            pid=server.process.pid,
            data=str(server.cluster.data),
            socket=str(folder),
            log=str(server.cluster.log),
            binaries=str(server.cluster.binaries),
            version=self.version,
        )

    def run(self) -> None:
        cluster = clusters.place(self.home)
        self.version = clusters.version(cluster.binaries)
        clusters.initialise(
            cluster, clusters.password(self.home), durable=self.settings.get("fsync") != "off"
        )
        server = self.bring_up(cluster)
        try:
            self.watch(cluster, server)
        finally:
            # nothing that goes wrong here may leave a server behind
            if (left := _running(cluster)) is not None:
                Postmaster(cluster, left, None).stop()
            folder = clusters.socket_folder(cluster, self.home, self.port)
            if not folder.is_relative_to(cluster.base):
                shutil.rmtree(folder, ignore_errors=True)

    def watch(self, cluster: Cluster, server: Postmaster) -> None:
        start_lock = FileLock(self.control / "start.lock")
        crashes, up_since = 0, time.monotonic()
        idle_since: float | None = None
        while True:
            if self.stopping:
                server.stop()
                self.say("stopped")
                return
            if not server.alive():
                crashes = crashes + 1 if time.monotonic() - up_since < CRASH_WINDOW else 1
                if crashes > CRASHES:
                    raise EmbeddedError(f"PostgreSQL crashed {crashes} times in a row; see {cluster.log}")
                if live_leases(self.home):
                    server = self.bring_up(cluster)
                    up_since = time.monotonic()
            if live_leases(self.home):
                idle_since = None
            elif idle_since is None:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since >= LINGER:
                # nobody may take a lease between the last look and the stop
                with contextlib.suppress(Timeout), start_lock.acquire(timeout=0):
                    if not live_leases(self.home):
                        if server.alive():
                            server.stop()
                        self.say("stopped")
                        return
            time.sleep(POLL)


def main(arguments: list[str]) -> int:
    home, token = Path(arguments[0]), arguments[1]
    port = int(arguments[2]) if len(arguments) > 2 and arguments[2] else None
    settings = dict(pair.split("=", 1) for pair in arguments[3:])
    if hold(home) is None:
        return ALREADY_THERE
    # From here on a daemon.  The lock goes along: a flock belongs to the open file, which both processes
    # share until the parent leaves.
    if os.fork() > 0:
        os._exit(0)
    supervisor = Supervisor(home, token, port, settings)

    def stop(_number: int, _frame: object) -> None:
        supervisor.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        supervisor.run()
    except EmbeddedError as error:
        supervisor.say("failed", error=str(error))
        return 1
    except Exception as error:
        supervisor.say("failed", error=f"the supervisor failed: {error!r}")
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
