"""The flow `ingest`: files in, rows out."""

from __future__ import annotations

import httpx
from prefect import flow, get_run_logger
from prefect.futures import PrefectFuture
from prefect.settings import get_current_settings
from prefect.task_runners import ThreadPoolTaskRunner

from flows.errors import UserError
from flows.runs import Batch, BatchResult, Summary, run_ingest
from flows.settings import settings
from flows.tasks import load_batch, publish, refresh_derived


@flow(
    name="ingest",
    description="Load Arabic news articles from files, folders, globs, archives or URLs.",
    task_runner=ThreadPoolTaskRunner(max_workers=4),  # type: ignore[arg-type]
    persist_result=False,
    validate_parameters=True,
)
def ingest(
    paths: list[str],
    workers: int | None = None,
    names_engine: str | None = None,
    settle_seconds: float | None = None,
) -> Summary:
    """Load what is new under ``paths``; files that are known are skipped.

    Args:
        paths: files, folders, globs, archives or fsspec URLs
        workers: worker processes; one a core by default
        names_engine: fast, accurate, rules or transformers:/path
        settle_seconds: leave files modified within the last N seconds for the next run
    """
    chosen = settings().changed(workers=workers, names_engine=names_engine, settle_seconds=settle_seconds)

    def submit(batch: Batch) -> PrefectFuture[BatchResult]:
        return load_batch.submit(batch)

    summary = run_ingest(paths, chosen, submit=submit, refresh_with=refresh_derived)
    try:
        publish(summary)
    except Exception as error:
        # everything is loaded and the run's row says so: a report that could not be delivered is no failure
        get_run_logger().warning("the run's artifact could not be published: %s", error)
    return summary


def server_in_use() -> str:
    """Which Prefect server a run will report to, in words.  Raises UserError when it is not there."""
    url = get_current_settings().api.url
    if not url:
        return "Prefect server: none running, an ephemeral one is started"
    try:
        httpx.get(f"{url.rstrip('/')}/health", timeout=10).raise_for_status()
    except httpx.HTTPError as error:
        raise UserError(
            f"no Prefect server answers at PREFECT_API_URL {url} ({error}); start it, or unset the variable,"
            " or use --direct"
        ) from error
    return f"Prefect server: {url}"
