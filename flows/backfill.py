"""The flows that read old material again: `backfill` from stored bytes, `retry_rejections`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from prefect import flow, get_run_logger
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from db.stored import Selection
from flows.batches import Batch, BatchResult, Origin
from flows.ingest import moment
from flows.rejected import Retried, retry
from flows.runs import Summary
from flows.settings import ENGINE, settings
from flows.stored import left_to_the_next, run_backfill
from flows.tasks import load_batch, persistently, refresh_derived, reported


def run_name() -> str:
    """What is selected: «okaz 2023-01-01..2023-12-31 at 2026-11-22 10:10»."""
    asked = flow_run.parameters
    words = [asked.get("source"), asked.get("where")]
    for first, last in (("published_from", "published_to"), ("loaded_from", "loaded_to")):
        if asked.get(first) or asked.get(last):
            words.append(f"{asked.get(first) or ''}..{asked.get(last) or ''}")
    return f"{' '.join(str(w) for w in words if w) or 'all articles'} at {moment()}"


@flow(
    name="backfill",
    description="Extract stored articles again, from the bytes in the database.",
    flow_run_name=run_name,
    task_runner=ThreadPoolTaskRunner(max_workers=4),  # type: ignore[arg-type]
    persist_result=False,
    validate_parameters=True,
)
def backfill(
    *,
    source: str | None = None,
    published_from: date | None = None,
    published_to: date | None = None,
    loaded_from: date | None = None,
    loaded_to: date | None = None,
    older_than: Annotated[int | None, Field(ge=1)] = None,
    uri: str | None = None,
    where: str | None = None,
    refresh: bool = True,
    max_rate: Annotated[float | None, Field(gt=0)] = None,
    workers: Annotated[int | None, Field(ge=1, le=256)] = None,
    names_engine: Annotated[str | None, Field(pattern=ENGINE, examples=["fast"])] = None,
) -> Summary:
    """Extract the selected articles again; those at the newest pipeline version already are skipped.

    Args:
        source: outlet
        published_from: first day of publication
        published_to: last day of publication
        loaded_from: first day of loading
        loaded_to: last day of loading
        older_than: only what a pipeline version with a smaller number extracted
        uri: beginning of the files' addresses
        where: SQL condition over the columns of report.article
        refresh: bring what is derived up to date at the end; otherwise the next run does
        max_rate: articles a second at most
        workers: worker processes; one a core by default
        names_engine: fast, accurate, rules or transformers:/path
    """
    chosen = settings().changed(workers=workers, names_engine=names_engine)
    selection = Selection(
        source, published_from, published_to, loaded_from, loaded_to, older_than, uri, where
    )
    origin = Origin(flow_run=str(flow_run.id) if flow_run.id else None)

    def submit(batch: Batch) -> PrefectFuture[BatchResult]:
        return load_batch.submit(batch)

    derive = refresh_derived if refresh else left_to_the_next
    return reported(
        "backfill",
        None,
        lambda: run_backfill(
            chosen, selection, max_rate=max_rate, submit=submit, refresh_with=derive, origin=origin
        ),
    )


@flow(
    name="retry-rejections",
    description="Try files again that could not be loaded.",
    flow_run_name=lambda: f"rejections at {moment()}",
    task_runner=ThreadPoolTaskRunner(max_workers=4),  # type: ignore[arg-type]
    persist_result=False,
    validate_parameters=True,
)
def retry_rejections(
    *,
    stage: str | None = None,
    cause: str | None = None,
    source: str | None = None,
    everything: bool = False,
) -> Retried:
    """Try rejected files again; without conditions those whose next try is due.

    Args:
        stage: only what failed there: discover, read, decode, ...
        cause: only this cause, such as unreadable
        source: only files of this outlet
        everything: also those whose next try is not due yet
    """

    def submit(batch: Batch) -> PrefectFuture[BatchResult]:
        return load_batch.submit(batch)

    done = persistently(
        lambda: retry(
            settings(),
            stage=stage,
            cause=cause,
            source=source,
            everything=everything,
            submit=submit,
            refresh_with=refresh_derived,
        )
    )
    get_run_logger().info("rejections: %s", done)
    return done
