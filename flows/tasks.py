"""The only task wrappers (one a batch), and what a run shows in Prefect: artifacts, progress, state."""

from __future__ import annotations

import errno
import logging
import pickle
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from prefect import task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.logging import get_run_logger
from prefect.runtime import deployment, flow_run
from prefect.settings import get_current_settings
from prefect.tasks import Task, exponential_backoff
from sqlalchemy.exc import InterfaceError, OperationalError

from db.operations import Miss
from flows.batches import Batch, BatchResult, run_batch
from flows.runs import LISTENER, RUNTIME, Summary, run_refresh
from flows.terminal import Listener, isolated

T = TypeVar("T")
# Storage that is away for the moment: networks, remote folders.  A full disk or a missing right stays.
_PASSING = {
    getattr(errno, name)
    for name in ("EIO", "EAGAIN", "ESTALE", "ETIMEDOUT", "ENETDOWN", "ENETUNREACH", "EHOSTUNREACH")
    if hasattr(errno, name)
}
# columns of the table of sources that hold numbers
_NUMBERS = {"articles", "dated", "titled", "Arabic", "names an article", "events an article", "ms an article"}
WAITS = (2.0, 10.0, 30.0)  # seconds before the second, third and fourth try of what a flow itself does


def passing(error: object) -> bool:
    """Whether another try may help: the database or the storage is away or refuses for the moment."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    return isinstance(error, OSError) and error.errno in _PASSING


async def _may_pass(_task: Task[..., object], _run: TaskRun, state: State[object]) -> bool:
    return passing(await state.aresult(raise_on_failure=False))


def persistently(work: Callable[[], T], waits: tuple[float, ...] = WAITS) -> T:
    """``work`` again after each of ``waits`` while it fails with passing errors; anything else is raised."""
    for seconds in waits:
        try:
            return work()
        except Exception as error:
            if not passing(error):
                raise
            get_run_logger().warning("%s; tried again in %g s", error, seconds)
            time.sleep(seconds)
    return work()


# What is refused for the moment is tried again; results are counts and stay with the run.
_OPTIONS: dict[str, Any] = {
    "retries": 5,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": _may_pass,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


@task(name="load-batch", task_run_name="batch-{batch.number}", **_OPTIONS)
def load_batch(batch: Batch) -> BatchResult:
    """Extract and load one batch in one transaction."""
    return _logged(run_batch(batch, RUNTIME.get()))


@task(name="load-batch", task_run_name="batch-{number}", **_OPTIONS)
def load_batch_elsewhere(number: int, run: str, batch: bytes) -> BatchResult:
    """The same on a Dask worker that was told of the run; ``batch`` is pickled."""
    from flows.cluster import loading_of

    return _logged(run_batch(pickle.loads(batch), loading_of(run)))


def _logged(result: BatchResult) -> BatchResult:
    context = {
        "batch": result.number,
        "seen": result.seen,
        "loaded": result.loaded,
        "known": result.known,
        "rejected": sum(files for _, _, files in result.rejections),
        "seconds": round(result.seconds, 3),
    }
    words = ", ".join(f"{name} {value}" for name, value in context.items())
    get_run_logger().info("%s", words, extra={"rasd": context})
    return result


@task(name="refresh", **_OPTIONS)
def refresh_derived() -> dict[str, int]:
    """Bring what is derived across articles up to date; rows changed by table."""
    return run_refresh()


# ---------------------------------------------------------------------------------------- progress


@dataclass(slots=True)
class ProgressListener:
    """Passes on what it hears and keeps a progress artifact in Prefect up to date, every few seconds."""

    inner: Listener | None
    key: str
    every: float = 5.0
    _id: UUID | None = None
    _files: int = 0
    _done: int = 0
    _last: float = field(default_factory=time.monotonic)

    def total(self, files: int) -> None:
        self._files = files
        if self.inner is not None:
            self.inner.total(files)

    def advance(self, files: int) -> None:
        self._done += files
        if self.inner is not None:
            self.inner.advance(files)
        now = time.monotonic()
        if self._files and now - self._last >= self.every:
            self._last = now
            self.show(100.0 * min(1.0, self._done / self._files))

    def show(self, percent: float) -> None:
        if self._id is None:
            made = create_progress_artifact(
                percent, key=f"{self.key}-progress", description="files looked at"
            )
            assert isinstance(made, UUID)
            self._id = made
        else:
            update_progress_artifact(self._id, percent)

    def finish(self) -> None:
        """The end of a run that was long enough to show progress."""
        if self._id is not None:
            self.show(100.0)

    def line(self, text: str) -> None:
        if self.inner is not None:
            self.inner.line(text)


# --------------------------------------------------------------------------------------- artifacts


def artifact_key(kind: str, inbox: str | None) -> str:
    """Key under which Prefect keeps the reports of one inbox as versions of one another."""
    return re.sub(r"[^a-z0-9]+", "-", f"{kind} {inbox or ''}".lower()).strip("-")


def publish(summary: Summary, kind: str, inbox: str | None = None) -> None:
    """A markdown report and a table of sources that say what the run did."""
    key = artifact_key(kind, inbox)
    title = f"{kind} run {summary.run_id}" + (f" over {inbox}" if inbox else "")
    create_markdown_artifact(markdown(summary, kind, inbox, _links()), key=key, description=title)
    if summary.sources:
        create_table_artifact(source_rows(summary), key=f"{key}-sources", description=f"sources, {title}")


def _links() -> dict[str, str]:
    """Pages of the Prefect UI that belong to this run."""
    ui = get_current_settings().ui_url
    if not ui or flow_run.id is None:
        return {}
    run = f"{ui}/runs/flow-run/{flow_run.id}"
    links = {"this run": run, "its log": f"{run}?tab=Logs"}
    if deployment.id is not None:
        links["its schedule"] = f"{ui}/deployments/deployment/{deployment.id}"
    return links


def source_rows(summary: Summary) -> list[dict[str, Any]]:
    """One row a source with its quality indicators and what it missed."""
    missed: dict[str, list[str]] = {}
    for miss in summary.misses:
        missed.setdefault(miss.source, []).append(miss.expectation)
    return [
        {
            "source": row.source or "(unknown)",
            "articles": row.articles,
            "dated": f"{row.dated / row.articles:.0%}",
            "titled": f"{row.titled / row.articles:.0%}",
            "Arabic": f"{row.arabic / row.articles:.0%}",
            "names an article": round(row.names / row.articles, 1),
            "events an article": round(row.events / row.articles, 1),
            "ms an article": round(1000 * row.seconds / row.articles, 1),
            "missed": ", ".join(missed.get(row.source, [])) or "none",
        }
        for row in sorted(summary.sources.values(), key=lambda row: (-row.articles, row.source))
        if row.articles
    ]


def markdown(
    summary: Summary, kind: str, inbox: str | None = None, links: dict[str, str] | None = None
) -> str:
    """What a run did, for people: what went wrong comes before what is of interest only sometimes."""
    rate = summary.loaded / summary.seconds if summary.seconds else 0.0
    lines = [
        f"# {kind.capitalize()} run {summary.run_id}" + (f": {inbox}" if inbox else ""),
        "",
        *([" · ".join(f"[{what}]({link})" for what, link in links.items()), ""] if links else []),
        "| files | number |",
        "|---|---:|",
        f"| seen | {summary.seen:,} |",
        f"| loaded | {summary.loaded:,} |",
        f"| already known | {summary.known:,} |",
        f"| rejected | {summary.rejected.total():,} |",
        "",
        f"{summary.seconds:,.1f} seconds, {rate:,.1f} articles a second",
    ]
    if summary.misses:
        lines += ["", "## Expectations missed", ""]
        lines += [f"- **{_cell(miss.expectation)}** {_cell(said(miss))}" for miss in summary.misses]
    if summary.rejected:
        lines += ["", "## Rejected", "", "| stage | cause | files |", "|---|---|---:|"]
        lines += [f"| {stage} | {cause} | {n:,} |" for (stage, cause), n in summary.rejected.most_common()]
        lines += ["", *(f"- {_cell(example)}" for example in summary.examples)]
    if rows := source_rows(summary):
        align = "|".join("---:" if name in _NUMBERS else "---" for name in rows[0])
        lines += ["", "## Sources", "", f"| {' | '.join(rows[0])} |", f"|{align}|"]
        lines += ["| " + " | ".join(_cell(str(value)) for value in row.values()) + " |" for row in rows]
    if summary.slowest:
        lines += ["", "## Slowest files", "", "| seconds | file |", "|---:|---|"]
        lines += [f"| {seconds:.2f} | {_link(uri)} |" for seconds, uri in summary.slowest]
    for title, counts in (("Rows written", summary.rows), ("Rows derived", summary.derived)):
        if any(counts.values()):
            lines += ["", f"## {title}", "", "| table | rows |", "|---|---:|"]
            lines += [f"| {table} | {rows:,} |" for table, rows in sorted(counts.items()) if rows]
    return "\n".join(lines) + "\n"


def said(miss: Miss) -> str:
    """A missed expectation in words: the numbers after an outlet's Arabic name keep their place."""
    return f"{isolated(miss.source)}{miss.message.removeprefix(miss.source)}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _link(uri: str) -> str:
    """A file's URI, as a link where a browser can follow it."""
    if uri.startswith(("https://", "http://")) and "::" not in uri:
        return f"[{_cell(uri)}]({quote(uri, safe=':/?&=%#')})"
    return f"`{_cell(uri)}`"


def log_summary(summary: Summary, inbox: str | None) -> None:
    """One line with the run's counts; as an object where log lines are JSON."""
    context = {"inbox": inbox, "run": summary.run_id, **summary.counts()}
    level = logging.WARNING if summary.misses or summary.rejected else logging.INFO
    text = f"seen {summary.seen}, loaded {summary.loaded}, known {summary.known}"
    text += f", rejected {summary.rejected.total()}, {summary.seconds:.1f} s"
    get_run_logger().log(level, "%s", text, extra={"rasd": context})
    for miss in summary.misses:
        get_run_logger().warning("expectation missed: %s", said(miss), extra={"rasd": miss._asdict()})


def reported(kind: str, inbox: str | None, work: Callable[[], Summary]) -> Summary:
    """A run inside a flow: tried again where that helps, with progress, log line and artifacts."""
    listener = ProgressListener(LISTENER.get(), artifact_key(kind, inbox))
    token = LISTENER.set(listener)
    try:
        summary = persistently(work)
    finally:
        LISTENER.reset(token)
    log_summary(summary, inbox)
    try:
        listener.finish()
        publish(summary, kind, inbox)
    except Exception as error:
        # everything is loaded and the run's row says so: a report that could not be delivered is no failure
        get_run_logger().warning("the run's artifacts could not be published: %s", error)
    return summary
