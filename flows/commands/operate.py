"""Running it: what the verbs up, down, serve, status, metrics, config, backup and restore do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flows.commands.common import FAILED, OK, database_errors, effective_settings
from flows.errors import UserError
from flows.settings import Settings, configure_prefect

_CLOCK = "%Y-%m-%d %H:%M:%S"


def up_command(*, detach: bool) -> int:
    from flows import up

    chosen = effective_settings()
    if detach:
        found = up.detach(chosen)
        _where_to_look(chosen, found)
        print("stop it with `rasd down`")
        return OK
    print("rasd: starting the database, the Prefect server and the deployments", file=sys.stderr)
    keeper = up.Keeper(chosen, lambda line: print(f"rasd: {line}", file=sys.stderr, flush=True))
    keeper.ready = lambda found: _where_to_look(chosen, found)
    with database_errors(), up.interruptible(keeper):
        keeper.run()
    print("rasd: stopped", file=sys.stderr)
    return OK


def _where_to_look(chosen: Settings, found: dict[str, Any]) -> None:
    inboxes = ", ".join(f"{inbox.label} ({inbox.path})" for inbox in chosen.inbox)
    print(f"ready after {found['seconds']} s")
    print(f"Prefect UI    {found['ui']}")
    if found["metrics"]:
        print(f"metrics       {found['metrics']}")
    print(f"inboxes       {inboxes or 'none: add [[inbox]] tables to rasd.toml (see the README)'}")
    print(f"logs          {chosen.logs}")
    sys.stdout.flush()


def down_command() -> int:
    from flows import up

    chosen = effective_settings()
    print("stopped" if up.down(chosen.home) else "nothing was running")
    return OK


def serve_command() -> int:
    """The deployments, with the metrics endpoint beside them, until SIGTERM."""
    chosen = effective_settings()
    api = os.environ.get("PREFECT_API_URL")
    if not api:
        raise UserError("`rasd serve` needs PREFECT_API_URL; `rasd up` brings a server of its own")
    configure_prefect(chosen, served=True)
    from contextlib import ExitStack

    from flows.connection import database_url
    from flows.logs import to_stream
    from flows.metrics import collecting, endpoint

    chosen.logs.mkdir(parents=True, exist_ok=True)
    with database_errors(), ExitStack() as stack:
        url = stack.enter_context(database_url(chosen))
        if chosen.metrics_port:
            text = stack.enter_context(collecting(url, chosen.inbox))
            notifications = chosen.logs / "notifications.jsonl"
            stack.enter_context(endpoint(chosen.metrics_host, chosen.metrics_port, text, notifications))
        from flows import serve  # Prefect's import takes seconds; the endpoint answers meanwhile

        to_stream(chosen)
        _await_server(api)
        ready = os.environ.pop("RASD_SERVE_READY", None)

        def registered(names: list[str]) -> None:
            if ready:
                Path(ready).write_text("\n".join(names), encoding="utf-8")
            print(f"rasd: serving {', '.join(names)}", file=sys.stderr, flush=True)

        serve.run(chosen, registered)
    return OK


def _await_server(api: str, patience: float = 180.0) -> None:
    """Wait until the server answers.  Raises UserError when it does not."""
    import time

    from flows.up import answers

    end = time.monotonic() + patience
    while not answers(f"{api.rstrip('/')}/health"):
        if time.monotonic() > end:
            raise UserError(f"no Prefect server answers at {api}")
        time.sleep(0.2)


# ------------------------------------------------------------------------------------------ status


def status_command(*, as_json: bool) -> int:
    from flows.status import status

    chosen = effective_settings()
    with database_errors():
        found = status(chosen)
    if as_json:
        print(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
    else:
        _print_status(found, ZoneInfo(chosen.timezone))
    return OK if found.healthy else FAILED


def _print_status(found: Any, zone: ZoneInfo) -> None:
    """Times are in the zone of the schedules, as in the runs' names."""
    from flows.terminal import console, reasons_table

    def clock(moment: str | None) -> str:
        return "-" if moment is None else f"{datetime.fromisoformat(moment).astimezone(zone):{_CLOCK}}"

    out = console()
    table = _table("rasd", "part", "state", "")
    for part in found.parts:
        table.add_row(part.name, part.state, part.detail)
    out.print(table)
    if found.schedules:
        table = _table(f"schedules ({zone.key})", "deployment", "last run", "ended as", "next run", "late")
        for item in found.schedules:
            following = "paused" if item.paused else clock(item.next_start)
            table.add_row(
                item.name, clock(item.last_start), item.last_state or "-", following, str(item.late or "-")
            )
        out.print(table)
    if found.runs:
        table = _table(
            "last runs", "run", "kind", "inbox", "state", "started", "seconds", "loaded", "rejected"
        )
        for run in found.runs:
            missed = (
                f", {run['expectations_missed']} expectations missed" if run["expectations_missed"] else ""
            )
            seconds = "-" if run["seconds"] is None else f"{run['seconds']:,.1f}"
            counts = ("-" if run[name] is None else f"{run[name]:,}" for name in ("loaded", "rejected"))
            state, started = run["state"] + missed, clock(run["started"])
            table.add_row(str(run["id"]), run["kind"], run["inbox"] or "-", state, started, seconds, *counts)
        out.print(table)
    if found.backlog:
        table = _table("waiting", "inbox", "files changed since the last run")
        for item in found.backlog:
            table.add_row(item.inbox, f"{item.files:,}" if item.exact else f"at least {item.files:,}")
        out.print(table)
    if found.rejections:
        rows = [(r["stage"], r["cause"], r["files"]) for r in found.rejections]
        table = reasons_table(rows)
        table.title = "open rejections"
        out.print(table)
    for problem in found.problems:
        out.print(f"problem: {problem}", markup=False)


def _table(title: str, *columns: str) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


# --------------------------------------------------------------------------------- metrics, config


def metrics_command(port: int | None) -> int:
    """Print the figures once, or serve them."""
    import threading

    from flows.connection import database_url
    from flows.logs import to_stream
    from flows.metrics import collecting, endpoint

    chosen = effective_settings(metrics_port=port)
    with database_errors(), database_url(chosen) as url, collecting(url, chosen.inbox) as text:
        if port is None:
            print(text().decode(), end="")
            return OK
        to_stream(chosen)
        chosen.logs.mkdir(parents=True, exist_ok=True)
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        with endpoint(chosen.metrics_host, port, text, chosen.logs / "notifications.jsonl") as bound:
            print(f"http://{chosen.metrics_host}:{bound}/metrics", flush=True)
            stop.wait()
    return OK


def config_command(*, as_json: bool) -> int:
    from flows.settings import origins, shown, variable
    from flows.terminal import console

    chosen = effective_settings()
    origin = origins(chosen)
    rows = [
        {
            "setting": name,
            "variable": variable(name),
            "value": shown(getattr(chosen, name)),
            "origin": origin[name],
        }
        for name in type(chosen).model_fields
    ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return OK
    table = _table("settings", "variable", "value", "from")
    for row in rows:
        table.add_row(row["variable"], row["value"], row["origin"])
    console().print(table)
    return OK


# --------------------------------------------------------------------------------- backup, restore


def backup_command(file: Path) -> int:
    """The database as one file of pg_dump's custom format, which appears whole or not at all."""
    part = file.with_name(file.name + ".part")
    try:
        _postgres("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={part}")
        part.replace(file)
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    print(f"{file}: {file.stat().st_size:,} bytes")
    return OK


def restore_command(file: Path) -> int:
    """Into an empty database, in one transaction."""
    from db import engine as engines
    from flows.connection import database_url

    if not file.is_file():
        raise UserError(f"{file}: no such file")
    with file.open("rb") as dump:
        if dump.read(5) != b"PGDMP":
            raise UserError(f"{file} is no file of `rasd backup`, nor of pg_dump --format=custom")
    with database_errors(), database_url(effective_settings()) as url:
        if (there := engines.current_revision(url)) is not None:
            raise UserError(
                f"the database is not empty (schema {there}): restore into a new RASD_HOME or database"
            )
        _postgres(
            "pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--dbname", str(file)
        )
        revision = engines.current_revision(url)
        before, after = engines.upgrade(url)
    print(f"restored, schema {revision}" + ("" if before == after else f", upgraded to {after}"))
    return OK


def _postgres(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on the database.  Raises UserError with what it complains about."""
    import shutil

    from db import embedded
    from db.cluster import find_binaries
    from db.engine import normalise_url
    from flows.connection import database_url

    chosen = effective_settings()
    with database_errors(), database_url(chosen) as url:
        if chosen.database_url is None:
            with embedded.running(chosen.home) as server:
                environment = embedded.psql_command(server)[1]
                path = str(server.binaries / program)
        else:
            address = normalise_url(url)
            names = {"PGHOST": address.host, "PGPORT": address.port, "PGUSER": address.username}
            names |= {"PGPASSWORD": address.password, "PGDATABASE": address.database}
            environment = {name: str(value) for name, value in names.items() if value is not None}
            path = shutil.which(program) or str(find_binaries() / program)
        # pg_restore takes the database's name, pg_dump finds it in the environment
        filled = [
            *(f"--dbname={environment['PGDATABASE']}" if a == "--dbname" else a for a in arguments),
        ]
        done = subprocess.run(
            [path, *filled], env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        words = lines[0].removeprefix(f"{program}: error: ") if lines else f"status {done.returncode}"
        raise UserError(f"{program}: {words}")
