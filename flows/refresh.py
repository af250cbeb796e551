"""The flow `refresh`: what is derived across articles, brought up to date."""

from __future__ import annotations

import time

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.runtime import flow_run

from db.runs import finish_run, mark_crashed, start_run
from flows.connection import migrated_engine
from flows.ingest import moment
from flows.runs import refresh as bring_up_to_date
from flows.settings import settings
from flows.tasks import persistently


def run_name() -> str:
    return f"refresh until {moment()}"


@flow(
    name="refresh",
    description="Bring what is derived across articles up to date: who is who, stories, reports.",
    flow_run_name=run_name,
    persist_result=False,
)
def refresh() -> dict[str, int]:
    """Bring what is derived across articles up to date.  Every ingest run does so at its end; this one
    catches up after runs that were killed.  Safe to repeat and beside other runs.
    """
    changed = persistently(recorded_refresh)
    rows = "\n".join(f"| {table} | {number:,} |" for table, number in sorted(changed.items()))
    create_markdown_artifact(f"# Refresh\n\n| table | rows changed |\n|---|---:|\n{rows}\n", key="refresh")
    get_run_logger().info("%s", changed, extra={"rasd": changed})
    return changed


def recorded_refresh() -> dict[str, int]:
    """A refresh with its row in the table run."""
    began = time.monotonic()
    flow_run_id = flow_run.id
    with migrated_engine(settings()) as engine, engine.connect() as connection:
        mark_crashed(connection)
        run_id = start_run(connection, "refresh", {"flow_run": str(flow_run_id)} if flow_run_id else {})
        try:
            changed = bring_up_to_date(engine)
        except BaseException as error:
            state = "failed" if isinstance(error, Exception) else "cancelled"
            finish_run(connection, run_id, state, {}, f"{type(error).__name__}: {error}")
            raise
        seconds = round(time.monotonic() - began, 3)
        finish_run(connection, run_id, "completed", {"derived": changed, "seconds": seconds})
    return changed


scheduled = refresh.with_options(timeout_seconds=settings().run_seconds)
