"""How things stand: the parts of `rasd up`, schedules, runs, what waits and what was refused.

Starts nothing but, where only the database's cluster is there, its server for the length of the questions.
Asks the Prefect server over HTTP rather than with Prefect's client, whose import takes seconds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from db import embedded
from db import engine as engines
from db.checks import DatabaseError
from db.cluster import EmbeddedError, control_folder
from db.operations import RunState, last_runs, last_started, open_rejections
from flows import up
from flows.connection import database_url
from flows.metrics import waiting
from flows.settings import Settings, masked

RUNS = 5


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    state: str  # ready | starting | stopped | failed | not answering
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A deployment with its last and next run."""

    name: str
    paused: bool
    last_state: str | None = None
    last_start: str | None = None
    next_start: str | None = None
    late: int = 0  # runs that are due and not under way


@dataclass(frozen=True, slots=True)
class Backlog:
    inbox: str
    files: int
    exact: bool  # otherwise at least that many


@dataclass(slots=True)
class Status:
    healthy: bool = False
    parts: list[Part] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    backlog: list[Backlog] = field(default_factory=list)
    rejections: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def status(chosen: Settings) -> Status:
    """Everything that can be said now; what cannot be asked becomes a problem in words."""
    found = Status()
    kept, state = up.kept(chosen.home), up.state(chosen.home)
    phase = str(state.get("phase", "starting")) if kept else "stopped"
    detail = f"pid {state['pid']}, UI {state['ui']}" if kept and state else str(state.get("error", ""))
    found.parts.append(Part("rasd up", phase, detail))
    _database(chosen, found)
    api = str(state["api"]) if kept and state else None
    found.parts.append(_prefect(api, found))
    if kept:
        child = state.get("parts", {}).get("deployments", {})
        pid = child.get("pid")
        alive = pid is not None and up.process_started(pid) is not None
        restarts = child.get("restarts", 0)
        words = f"pid {pid}" + (f", started again {restarts} times" if restarts else "")
        found.parts.append(Part("deployments", phase if alive else "stopped", words))
        if (metrics := state.get("metrics")) is not None:
            answers = _get(str(metrics).removesuffix("/metrics") + "/health") is not None
            found.parts.append(Part("metrics", "ready" if answers else "not answering", str(metrics)))
    found.healthy = all(part.state == "ready" for part in found.parts)
    return found


def _database(chosen: Settings, found: Status) -> None:
    """Part, runs, backlog and rejections."""
    if chosen.database_url is None:
        server = embedded.status(chosen.home)
        if server.phase != "ready" and not (control_folder(chosen.home) / "state.json").exists():
            found.parts.append(Part("database", "stopped", "embedded; nothing was ever loaded"))
            return
        phase, detail = server.phase, f"embedded, port {server.port}" if server.port else "embedded"
    else:
        phase, detail = "ready", masked(chosen.database_url)
    try:
        with database_url(chosen) as url:
            revision, head = engines.current_revision(url), engines.head_revision()
            if revision != head:
                found.problems.append(f"schema {revision or 'none'}, newest is {head}: `rasd db upgrade`")
            else:
                _ask(url, chosen, found)
    except (DatabaseError, EmbeddedError) as error:
        phase, detail = "failed", str(error)
    found.parts.append(Part("database", phase, detail))


def _ask(url: str, chosen: Settings, found: Status) -> None:
    engine = engines.create_engine(url, application_name="rasd status", statement_timeout="20s")
    try:
        with engine.connect() as connection:
            found.runs = [_run(run) for run in last_runs(connection, RUNS)]
            found.rejections = [
                {"stage": stage, "cause": cause, "files": files}
                for stage, cause, files in open_rejections(connection)
            ]
            started = last_started(connection)
    finally:
        engine.dispose()
    for inbox in chosen.inbox:
        files, exact = waiting(inbox, started.get(inbox.label))
        found.backlog.append(Backlog(inbox.label, files, exact))


def _run(run: RunState) -> dict[str, Any]:
    rejected = run.counts.get("rejected") or {}
    return {
        "id": run.id,
        "kind": run.kind,
        "inbox": run.inbox,
        "state": run.state,
        "started": run.started_at.isoformat(timespec="seconds"),
        "seconds": (run.finished_at - run.started_at).total_seconds() if run.finished_at else None,
        "loaded": run.counts.get("loaded"),
        "known": run.counts.get("known"),
        "rejected": sum(rejected.values()) if isinstance(rejected, dict) else None,
        "expectations_missed": run.misses,
        "error": run.error,
    }


def _get(url: str) -> httpx.Response | None:
    try:
        return httpx.get(url, timeout=5).raise_for_status()
    except httpx.HTTPError:
        return None


def _prefect(api: str | None, found: Status) -> Part:
    if api is None:
        return Part("prefect server", "stopped", "`rasd up` starts it")
    if _get(f"{api}/health") is None:
        return Part("prefect server", "not answering", api)
    try:
        with httpx.Client(base_url=api, timeout=10) as client:
            found.schedules = _schedules(client)
    except (httpx.HTTPError, KeyError, ValueError) as error:
        found.problems.append(f"prefect server: {error}")
    return Part("prefect server", "ready", api)


def _schedules(client: httpx.Client) -> list[Schedule]:
    def post(path: str, body: dict[str, Any]) -> Any:
        return client.post(path, json=body).raise_for_status().json()

    ours = {"tags": {"all_": ["rasd"]}}
    made = []
    flows = {flow["id"]: flow["name"] for flow in post("/flows/filter", {"limit": 200})}
    now = datetime.now(UTC)
    for deployment in post("/deployments/filter", {"deployments": ours, "sort": "NAME_ASC", "limit": 200}):
        of = {"deployments": {"id": {"any_": [deployment["id"]]}}}
        waiting_runs = {"state": {"type": {"any_": ["SCHEDULED"]}}}
        started = {
            "state": {"type": {"not_any_": ["SCHEDULED", "PENDING", "CANCELLED"]}},
            "start_time": {"is_null_": False},
        }
        last = post("/flow_runs/filter", {**of, "flow_runs": started, "sort": "START_TIME_DESC", "limit": 1})
        planned = post(
            "/flow_runs/filter",
            {**of, "flow_runs": waiting_runs, "sort": "EXPECTED_START_TIME_ASC", "limit": 200},
        )
        starts = sorted(run["expected_start_time"] for run in planned if run["expected_start_time"])
        due = [start for start in starts if datetime.fromisoformat(start) < now]
        coming = [start for start in starts if start not in due]
        made.append(
            Schedule(
                f"{flows.get(deployment['flow_id'], '?')}/{deployment['name']}",
                bool(deployment["paused"]),
                last[0]["state_name"] if last else None,
                last[0]["start_time"] if last else None,
                coming[0] if coming else None,
                len(due),
            )
        )
    return made
