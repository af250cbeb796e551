"""The flow `ingest`: files in, rows out."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import httpx
from prefect import flow, tags
from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.settings import get_current_settings
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows.batches import Batch, BatchResult, Origin
from flows.errors import UserError
from flows.runs import Place, Summary, run_ingest
from flows.settings import ENGINE, Settings, settings
from flows.tasks import load_batch, load_batch_elsewhere, refresh_derived, reported, said

MISSED = "ExpectationsMissed"  # the state of a run that loaded everything and missed an expectation


def run_name() -> str:
    """What is read and up to when: «okaz until 2026-11-22 10:10»."""
    parameters = flow_run.parameters
    paths = [str(path) for path in parameters.get("paths") or []]
    what = parameters.get("inbox") or ", ".join(Path(path).name or path for path in paths[:3])
    if len(paths) > 3:
        what += f" and {len(paths) - 3} more"
    return f"{what} until {moment()}"


def moment() -> str:
    scheduled = flow_run.scheduled_start_time or datetime.now(UTC)
    return f"{scheduled.astimezone(ZoneInfo(settings().timezone)):%Y-%m-%d %H:%M:%S}"


@flow(
    name="ingest",
    description="Load Arabic news articles from files, folders, globs, archives or URLs.",
    flow_run_name=run_name,
    task_runner=ThreadPoolTaskRunner(max_workers=4),  # type: ignore[arg-type]
    persist_result=False,
    validate_parameters=True,
)
def ingest(
    paths: Annotated[list[str], Field(min_length=1)],
    *,
    inbox: str | None = None,
    source: str | None = None,
    workers: Annotated[int | None, Field(ge=1, le=256)] = None,
    names_engine: Annotated[str | None, Field(pattern=ENGINE, examples=["fast"])] = None,
    settle_seconds: Annotated[float | None, Field(ge=0)] = None,
    recheck_runs: Annotated[int | None, Field(ge=0)] = None,
    after_load: Literal["keep", "archive", "delete"] = "keep",
    archive: str | None = None,
) -> Summary:
    """Load what is new under the paths; files that are known are skipped.

    Args:
        paths: files, folders, globs, archives or fsspec URLs, as the machine of the worker sees them
        inbox: name of the inbox that the paths belong to; part of the run's name and of its reports
        source: outlet of the files that do not say theirs
        workers: worker processes; one a core by default
        names_engine: fast, accurate, rules or transformers:/path
        settle_seconds: leave files modified within the last N seconds for the next run
        recheck_runs: read files that look unchanged once in N runs; 1 reads all of them now
        after_load: keep local files that were loaded, move them to the archive folder, or delete them
        archive: the folder that after_load = archive moves files to
    """
    chosen = settings().changed(
        workers=workers,
        names_engine=names_engine,
        settle_seconds=settle_seconds,
        recheck_runs=recheck_runs,
    )
    return _load(paths, chosen, Origin(inbox, source, after_load, archive))


def _load(paths: list[str], chosen: Settings, origin: Origin) -> Summary:
    """The flow's work; not in the flow itself, which is sent to Dask workers with all that it names."""
    origin = replace(origin, flow_run=str(flow_run.id) if flow_run.id else None)

    def submit(batch: Batch) -> PrefectFuture[BatchResult]:
        return load_batch.submit(batch)

    summary = reported(
        "ingest",
        origin.inbox,
        lambda: run_ingest(
            paths,
            chosen,
            submit=submit,
            refresh_with=refresh_derived,
            origin=origin,
            place=_elsewhere(),
        ),
    )
    if summary.misses:
        words = "; ".join(map(said, summary.misses))
        # a state of type Completed under a name of its own, which automations can match
        return Completed(name=MISSED, message=words, data=summary)  # type: ignore[return-value]
    return summary


def _elsewhere() -> Place | None:
    """Where the batches run, if not in this process."""
    context = FlowRunContext.get()
    if context is None or isinstance(context.task_runner, ThreadPoolTaskRunner):
        return None
    from flows.cluster import place_of  # needs an extra

    return place_of(context.task_runner, load_batch_elsewhere.submit)


# The deployments' flow: the same under a time limit, which a run by hand does not need.  The setting is read
# here, on import, as Prefect reads its own.
scheduled = ingest.with_options(timeout_seconds=settings().run_seconds)


def tagged(*more: str) -> AbstractContextManager[set[str]]:
    """Runs started inside carry these tags."""
    return tags("rasd", "ingest", *more)


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
