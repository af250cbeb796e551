"""`rasd up` with a real Prefect server; backups; what happens to files after their load."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from db import embedded
from flows import up
from flows.after_load import put_away
from flows.read.discover import discover
from tests.db.servers import make_home
from tests.flows.rasd import ROOT, SAMPLES, Rasd, table


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def home() -> Iterator[Path]:
    folder = make_home()
    yield folder
    if up.kept(folder):
        up.down(folder)
    embedded.destroy(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def operated(home: Path, tmp_path: Path) -> Rasd:
    """A home with one inbox of two articles, looked at every few seconds."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name in ("ma-security-meeting.txt", "ma-security-wire.txt"):
        shutil.copy(SAMPLES / name, inbox)
    (home / "rasd.toml").write_text(
        f'prefect_port = {free_port()}\nmetrics_port = {free_port()}\ntimezone = "Africa/Tunis"\n'
        f'names_engine = "rules"\nworkers = 1\n'
        f'[[inbox]]\npath = "{inbox}"\nname = "desk"\nsource = "hespress"\ninterval = 5\n'
    )
    return Rasd(home, {})


def api(rasd: Rasd, path: str, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(
        up.state(rasd.home)["api"] + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="GET" if body is None else "POST",
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def runs(rasd: Rasd, state: str) -> list[dict[str, Any]]:
    body = {"flow_runs": {"state": {"name": {"any_": [state]}}}, "sort": "EXPECTED_START_TIME_ASC"}
    found: list[dict[str, Any]] = api(rasd, "/flow_runs/filter", body)
    return found


def eventually(what: Callable[[], Any], seconds: float = 240.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.5)
    raise AssertionError("it did not happen")


def test_a_scheduled_run_fires_and_is_shown(operated: Rasd) -> None:
    started = operated("up", "--detach", timeout=400)
    assert started.returncode == 0, started.stderr
    assert "Prefect UI" in started.stdout
    again = operated("up")
    assert again.returncode == 1
    assert "already" in again.stderr
    # an interval of seconds fires by itself, under a name that says source and time
    first = eventually(lambda: runs(operated, "Completed"))[0]
    assert first["name"].startswith("desk until 20")
    assert {"rasd", "ingest", "source:hespress", "auto-scheduled"} <= set(first["tags"])
    assert operated.sql("SELECT count(*) FROM report.article") == [["2"]]
    assert operated.sql("SELECT DISTINCT source FROM run_source WHERE articles > 0")
    artifacts = api(operated, "/artifacts/filter", {"sort": "CREATED_DESC"})
    report = next(a["data"] for a in artifacts if a["key"] == "ingest-desk" and "| loaded | 2 |" in a["data"])
    assert "## Sources" in report
    assert "## Slowest files" in report
    assert f"/runs/flow-run/{first['id']}" in report
    assert any(a["key"] == "ingest-desk-sources" and a["type"] == "table" for a in artifacts)
    # the form of the pages knows what may be given
    deployments = api(operated, "/deployments/filter", {})
    assert {d["name"] for d in deployments} >= {"desk", "on-demand", "nightly"}
    form = next(d for d in deployments if d["name"] == "desk")["parameter_openapi_schema"]["properties"]
    assert "worker processes" in form["workers"]["description"]
    # a run by hand joins the same server, and says so
    by_hand = operated("ingest", str(SAMPLES / "dz-floods.txt"))
    assert by_hand.returncode == 0, by_hand.stderr
    assert "of `rasd up`" in by_hand.stderr
    assert table(by_hand.stdout)["loaded"] == "1"
    # a failed run is told by the automation
    wrong = next(d for d in deployments if d["name"] == "on-demand" and "ingest" in d["tags"])
    api(
        operated,
        f"/deployments/{wrong['id']}/create_flow_run",
        {
            "parameters": {
                "paths": [str(SAMPLES / "tn-transport-strike.txt")],
                "names_engine": "transformers:/none",
            }
        },
    )
    notes = operated.home / "logs" / "notifications.jsonl"

    def told() -> list[dict[str, Any]]:
        lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
        return [note for note in map(json.loads, lines) if note["state"] == "Failed"]

    note = eventually(told)[0]
    assert note["what"] == "run failed"
    assert note["id"] in note["url"]
    shown = json.loads(operated("status", "--json").stdout)
    assert shown["healthy"]
    assert {part["name"] for part in shown["parts"]} == {
        "rasd up",
        "database",
        "prefect server",
        "deployments",
        "metrics",
    }
    assert next(s for s in shown["schedules"] if s["name"] == "ingest/desk")["last_state"]
    with urllib.request.urlopen(up.state(operated.home)["metrics"], timeout=30) as response:
        assert b'rasd_runs_total{kind="ingest",state="completed"}' in response.read()
    down = operated("down")
    assert down.returncode == 0, down.stderr
    stopped = operated("status", "--json")
    assert stopped.returncode == 1
    assert json.loads(stopped.stdout)["parts"][0]["state"] == "stopped"
    assert json.loads(stopped.stdout)["runs"]


@pytest.mark.slow
def test_schedules_go_on_after_everything_was_killed(operated: Rasd) -> None:
    """SIGKILL to the keeper and its parts: the next start fires again, and only once for what was missed."""
    assert operated("up", "--detach", timeout=400).returncode == 0
    eventually(lambda: runs(operated, "Completed"))
    state = up.state(operated.home)
    for part in state["parts"].values():
        os.kill(part["pid"], signal.SIGKILL)
    os.kill(state["pid"], signal.SIGKILL)
    time.sleep(20)
    assert operated("up", "--detach", timeout=400).returncode == 0
    restarted = time.time()
    before = {run["id"] for run in runs(operated, "Completed")}
    eventually(lambda: [run for run in runs(operated, "Completed") if run["id"] not in before])
    started = [r for r in runs(operated, "Completed") if r["id"] not in before]
    assert len(started) <= 2 + (time.time() - restarted) / 5, "missed runs are made up for by one"
    assert not runs(operated, "Late")
    # a part that dies alone is started again
    os.kill(up.state(operated.home)["parts"]["deployments"]["pid"], signal.SIGKILL)
    eventually(lambda: up.state(operated.home)["parts"]["deployments"]["restarts"] == 1)
    before = {run["id"] for run in runs(operated, "Completed")}
    eventually(lambda: [run for run in runs(operated, "Completed") if run["id"] not in before])


@pytest.mark.slow
def test_ctrl_c_before_it_is_ready_leaves_nothing_behind(operated: Rasd) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "up"],
        env=operated.env(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,  # noqa: PLW1509
    )
    eventually(lambda: up.state(operated.home).get("parts"), 120)
    pids = [part["pid"] for part in up.state(operated.home)["parts"].values()]
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert not up.kept(operated.home)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids if pid)


@pytest.mark.slow
def test_what_was_missed_and_what_failed_is_told(operated: Rasd) -> None:
    """A webhook of the operator's own hears of a missed expectation and of a failure within a minute."""
    inbox = operated.home.parent / f"{operated.home.name}-undated"
    inbox.mkdir()
    for n in range(24):
        text = f"الوزير يزور المدينة رقم {n}\n\nزار الوزير أحمد بن صالح المدينة واطلع على {n} مشاريع.\n"
        (inbox / f"{n}.txt").write_text(text, encoding="utf-8")
    (operated.home / "rasd.toml").write_text(
        (operated.home / "rasd.toml").read_text(encoding="utf-8")
        + f'[[inbox]]\npath = "{inbox}"\nname = "undated"\nsource = "hespress"\ninterval = 3600\n',
        encoding="utf-8",
    )
    notes: list[dict[str, Any]] = []
    with webhook(notes) as url:
        rasd = Rasd(operated.home, {"RASD_NOTIFY_URL": url})
        assert rasd("up", "--detach", timeout=400).returncode == 0
        on_demand = {
            d["name"]: d["id"] for d in api(rasd, "/deployments/filter", {}) if "ingest" in d["tags"]
        }
        now = {"state": {"type": "SCHEDULED"}}
        api(rasd, f"/deployments/{on_demand['undated']}/create_flow_run", now)
        (run, *_) = eventually(lambda: runs(rasd, "ExpectationsMissed"))
        assert run["state_type"] == "COMPLETED", "all was loaded"
        (note,) = eventually(lambda: [n for n in notes if n["what"] == "expectations missed"], 60)
        assert note["state"] == "ExpectationsMissed"
        assert note["run"].startswith("undated until ")
        assert note["message"] == "hespress: 0% have a publication date, expected 90%"
        assert note["url"].endswith(f"/runs/flow-run/{run['id']}")
        wrong = {"paths": [str(SAMPLES / "dz-floods.txt")], "names_engine": "transformers:/none"}
        api(rasd, f"/deployments/{on_demand['on-demand']}/create_flow_run", {"parameters": wrong, **now})
        (note,) = eventually(lambda: [n for n in notes if n["what"] == "run failed"], 120)
        assert note["state"] == "Failed"
        assert "transformers" in note["message"]
        # runs on a short interval end within seconds of their being scheduled: none is taken for dead
        eventually(lambda: len(runs(rasd, "Completed")) > 2)
        time.sleep(110)
        events = {"filter": {"event": {"name": ["prefect.automation.action.failed"]}}}
        assert api(rasd, "/events/filter", events)["total"] == 0
    shutil.rmtree(inbox)


@contextmanager
def webhook(notes: list[dict[str, Any]]) -> Iterator[str]:
    """A server on the loopback interface that keeps the JSON that is POSTed to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            notes.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])), strict=False))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/told"
    finally:
        server.shutdown()
        server.server_close()


def test_a_taken_port_is_named(operated: Rasd) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = Rasd(operated.home, {"RASD_PREFECT_PORT": str(port)})("up")
    assert result.returncode == 1
    assert f"port {port} is taken" in result.stderr
    assert "RASD_PREFECT_PORT" in result.stderr


@pytest.mark.slow
def test_backup_and_restore(home: Path, tmp_path: Path) -> None:
    rasd = Rasd(home, {})
    assert rasd("db", "start").returncode == 0
    loaded = rasd("ingest", "--direct", "--engine", "rules", str(SAMPLES / "ma-security-meeting.txt"))
    assert loaded.returncode == 0, loaded.stderr
    dump = tmp_path / "rasd.dump"
    assert rasd("backup", str(dump)).returncode == 0
    refused = rasd("restore", str(dump))
    assert refused.returncode == 1
    assert "not empty" in refused.stderr
    content = (
        "SELECT title, md5(text), (SELECT count(*) FROM mention), (SELECT count(*) FROM report.event)"
        " FROM extraction"
    )
    other = make_home()
    try:
        copy = Rasd(other, {})
        restored = copy("restore", str(dump))
        assert restored.returncode == 0, restored.stderr
        assert copy.sql(content) == rasd.sql(content)
        # it is a database to work on: the same file is known there, and the next run loads what is new
        again = copy("ingest", "--direct", "--engine", "rules", str(SAMPLES / "ma-security-meeting.txt"))
        assert table(again.stdout)["already known"] == "1"
    finally:
        embedded.destroy(other)
        shutil.rmtree(other, ignore_errors=True)


def test_files_are_kept_moved_or_deleted(tmp_path: Path) -> None:
    inbox, archive = tmp_path / "inbox", tmp_path / "old"
    (inbox / "day").mkdir(parents=True)
    (inbox / "day" / "a.txt").write_text("نص")
    (inbox / "day" / "a.meta.json").write_text('{"title": "x"}')
    (inbox / "b.txt").write_text("نص")
    found = [item for item in discover([str(inbox)]) if not hasattr(item, "cause")]
    assert put_away(found, "keep", None, [str(inbox)]) == 0  # type: ignore[arg-type]
    (inbox / "b.txt").write_text("changed meanwhile")
    assert put_away(found, "archive", str(archive), [str(inbox)]) == 1  # type: ignore[arg-type]
    assert sorted(p.name for p in (archive / "day").iterdir()) == ["a.meta.json", "a.txt"]
    assert (inbox / "b.txt").exists()
    # the same name again does not replace what is there
    (inbox / "day" / "a.txt").write_text("نص آخر")
    again = [item for item in discover([str(inbox / "day")]) if not hasattr(item, "cause")]
    assert put_away(again, "archive", str(archive), [str(inbox)]) == 1  # type: ignore[arg-type]
    assert sorted(p.name for p in (archive / "day").iterdir()) == ["a.meta.json", "a.txt", "a.txt.1"]
    last = [item for item in discover([str(inbox)]) if not hasattr(item, "cause")]
    assert put_away(last, "delete", None, [str(inbox)]) == 1  # type: ignore[arg-type]
    assert not (inbox / "b.txt").exists()
