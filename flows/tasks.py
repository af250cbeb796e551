"""The only task wrappers (one a batch) and the run's artifact."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task, exponential_backoff
from sqlalchemy.exc import InterfaceError, OperationalError

from flows.runs import Batch, BatchResult, Summary, run_batch, run_refresh


async def _is_database_error(_task: Task[..., object], _run: TaskRun, state: State[object]) -> bool:
    """Only a database that went away or refused for the moment is worth another try."""
    failure = await state.aresult(raise_on_failure=False)
    return isinstance(failure, OperationalError | InterfaceError)


# What the database refused for the moment is tried again; results are counts and stay with the run.
_ON_DATABASE: dict[str, Any] = {
    "retries": 5,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": _is_database_error,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


@task(name="load-batch", task_run_name="batch-{batch.number}", **_ON_DATABASE)
def load_batch(batch: Batch) -> BatchResult:
    """Extract and load one batch in one transaction."""
    return run_batch(batch)


@task(name="refresh", **_ON_DATABASE)
def refresh_derived() -> dict[str, int]:
    """Bring what is derived across articles up to date; rows changed by table."""
    return run_refresh()


def publish(summary: Summary) -> None:
    """A markdown artifact that says what the run did."""
    create_markdown_artifact(markdown(summary), key="ingest", description=f"run {summary.run_id}")


def markdown(summary: Summary) -> str:
    rate = summary.loaded / summary.seconds if summary.seconds else 0.0
    lines = [
        f"# Ingest run {summary.run_id}",
        "",
        "| | |",
        "|---|---:|",
        f"| files seen | {summary.seen:,} |",
        f"| loaded | {summary.loaded:,} |",
        f"| already known | {summary.known:,} |",
        f"| rejected | {summary.rejected.total():,} |",
        *(f"| {table} | {rows:,} |" for table, rows in sorted(summary.rows.items())),
        f"| seconds | {summary.seconds:,.1f} |",
        f"| articles a second | {rate:,.1f} |",
    ]
    if summary.rejected:
        lines += ["", "## Rejected", "", "| stage | cause | files |", "|---|---|---:|"]
        lines += [f"| {stage} | {cause} | {n:,} |" for (stage, cause), n in sorted(summary.rejected.items())]
    return "\n".join(lines) + "\n"
