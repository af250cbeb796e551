"""Batches on Dask workers, on this machine or on others: `rasd ingest --runner dask`.

One task is one batch.  The run's own process finds the files, cuts the batches, remembers what was loaded and
refreshes what is derived; a worker process reads, extracts and loads.  It gets what it needs for that once a
run, has one connection to the database, and extracts in child processes, as many as Dask gave it threads.

Dask starts workers as daemons unless told otherwise, and daemons may have no children: such a worker extracts
in its own process, one file at a time.  Then a file that hangs is not given up after
``Settings.file_seconds``, and one that kills the process costs Dask a worker.  ``dask worker --no-nanny`` or
DASK_DISTRIBUTED__WORKER__DAEMON=False avoid it; the cluster that Rasd starts itself is not concerned.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import dask.config
import httpx
import sqlalchemy as sa
from distributed import Client, KilledWorker, LocalCluster, Worker, get_worker
from distributed.diagnostics.plugin import WorkerPlugin
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings
from prefect.task_runners import TaskRunner
from prefect_dask.task_runners import DaskTaskRunner

from db.engine import create_engine
from db.rows import ArticleRows, PipelineRow
from flows.batches import Batch, BatchResult, Extractors, Loading, Origin
from flows.errors import UserError
from flows.pipeline import Options, version
from flows.read.document import Learned
from flows.rows import article_rows
from flows.runs import Pending, Runtime
from flows.settings import Settings, worker_environment
from flows.workers import InProcess, Workers, sigint_blocked

CONNECT_SECONDS = 10
CONNECTION_WAIT = 3600.0  # seconds that a batch waits for its process' one connection
log = logging.getLogger("rasd.cluster")


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker process has to know of a run."""

    url: str  # of the database
    settings: Settings
    pipeline: PipelineRow
    options: Options
    learned: Learned
    run_id: int
    origin: Origin
    paths: tuple[str, ...]


class RunOnWorker(WorkerPlugin):
    """One run in one worker process; also in those that join or start again while it lasts."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.name = f"rasd-{job.pipeline.digest.hex()}-{job.run_id}"

    def setup(self, worker: Worker) -> None:
        self._threads = worker.state.nthreads
        self._lock = threading.Lock()
        self._loading: Loading | None = None
        self._closed = False

    async def teardown(self, worker: Worker) -> None:
        # not in the worker's event loop: processes finish what they are at
        await asyncio.to_thread(self._close)
        await asyncio.to_thread(_tell_prefect)

    def loading(self) -> Loading:
        """What batches need, made when the first of them comes.  Raises RuntimeError when the run is over."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the run has ended")
            if self._loading is None:
                self._loading = self._make()
            return self._loading

    def _make(self) -> Loading:
        job = self.job
        if version(job.options) != job.pipeline.digest.hex():
            raise RuntimeError("this Dask worker has another version of Rasd, or other models, than the run")
        worker_environment()
        return Loading(
            engine=create_engine(
                job.url,
                application_name="rasd dask",
                pool_size=1,
                max_overflow=0,
                pool_timeout=CONNECTION_WAIT,
            ),
            workers=self._extractors(),
            settings=job.settings,
            pipeline=job.pipeline,
            run_id=job.run_id,
            origin=job.origin,
            paths=job.paths,
        )

    def _extractors(self) -> Extractors:
        job = self.job
        if not multiprocessing.current_process().daemon:
            return Workers(
                article_rows, self._threads, job.options, job.settings.file_seconds, dict(job.learned)
            )
        log.warning("this Dask worker is a daemon: files are extracted without a time limit")
        return InProcess[ArticleRows](article_rows, job.options, dict(job.learned))

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            loading, self._loading = self._loading, None
        if loading is not None:
            loading.workers.close()
            loading.engine.dispose()


def _tell_prefect() -> None:
    """Deliver events and log lines while the run's Prefect server is there.

    A worker that still had some would wait for that server when it is asked to stop, for ever.
    """
    for service in (EventsWorker, APILogWorker):
        service.drain_all(timeout=CONNECT_SECONDS, at_exit=False)


def loading_of(name: str) -> Loading:
    """What batches of a run need, inside a Dask worker."""
    plugin = get_worker().plugins[name]
    assert isinstance(plugin, RunOnWorker)
    return plugin.loading()


@dataclass(frozen=True, slots=True)
class _Remote:
    """A batch under way on some worker."""

    future: Any  # PrefectDaskFuture[BatchResult]

    def result(self) -> BatchResult:
        try:
            result = self.future.result()
        except KilledWorker as error:
            raise UserError(f"Dask workers died on a batch again and again: {error}") from error
        except asyncio.CancelledError as error:
            raise UserError("the Dask scheduler is gone, or the batch was cancelled there") from error
        assert isinstance(result, BatchResult)
        return result

    def cancel(self) -> None:
        self.future.wrapped_future.cancel()


@dataclass(slots=True)
class Cluster:
    """Dask workers as the place where a run's batches run.

    ``start`` submits a Prefect task: number of the batch, name of the run's plugin, the batch pickled (what
    Prefect cannot look into, it does not search for futures).
    """

    runner: DaskTaskRunner
    start: Callable[[int, str, bytes], Any]
    _plugin: str | None = None
    _started: list[_Remote] = field(default_factory=list)

    def open(self, runtime: Runtime) -> None:
        """Tell all workers of the run.  Raises UserError where one of them cannot take part."""
        # processes started from here inherit the mask: Ctrl-C is ours, and we end them in order
        with sigint_blocked():
            client = self.runner.client
        job = Job(
            url=runtime.engine.url.render_as_string(hide_password=False),
            settings=runtime.settings.model_copy(update={"prefect_database_url": None, "notify_url": None}),
            pipeline=runtime.pipeline,
            options=runtime.options,
            learned=runtime.learned,
            run_id=runtime.run_id,
            origin=runtime.origin,
            paths=runtime.paths,
        )
        _check_workers(client, job)
        plugin = RunOnWorker(job)
        self._plugin = plugin.name
        client.register_plugin(plugin)

    def submit(self, batch: Batch) -> Pending:
        assert self._plugin is not None
        remote = _Remote(self.start(batch.number, self._plugin, pickle.dumps(batch)))
        self._started = [one for one in self._started if not one.future.wrapped_future.done()]
        self._started.append(remote)
        return remote

    def under_way(self) -> int:
        """One batch a thread, and one a process that waits there already."""
        threads: dict[str, int] = self.runner.client.nthreads()  # type: ignore[no-untyped-call]
        return max(2, sum(threads.values()) + len(threads))

    def close(self) -> None:
        plugin, self._plugin = self._plugin, None
        if plugin is None:
            return
        # a scheduler that is gone has nothing to be told, and the error that ended the run matters more
        with suppress(Exception):
            for one in self._started:
                one.cancel()
            self.runner.client.unregister_worker_plugin(plugin)  # type: ignore[no-untyped-call]


def probe(url: str, api: str | None, options: Options) -> tuple[str, str]:
    """On a worker: (digest of its pipeline, what is wrong with it in words or nothing)."""
    engine = create_engine(url, application_name="rasd probe", poolclass=sa.NullPool)
    try:
        with engine.connect():
            pass
        if api:
            httpx.get(f"{api.rstrip('/')}/health", timeout=CONNECT_SECONDS).raise_for_status()
    except sa.exc.OperationalError as error:
        return "", f"cannot reach the database: {str(error.orig).strip().splitlines()[0]}"
    except httpx.HTTPError as error:
        return "", f"cannot reach the Prefect server at {api}: {error}"
    finally:
        engine.dispose()
    return version(options), ""


def _check_workers(client: Client, job: Job) -> None:
    try:
        found: dict[str, tuple[str, str]] = client.run(
            probe, job.url, get_current_settings().api.url, job.options
        )
    except ImportError as error:
        raise UserError(f"a Dask worker has no Rasd: {error}") from error
    for address, (digest, wrong) in sorted(found.items()):
        if wrong:
            raise UserError(f"Dask worker {address} {wrong}")
        if digest != job.pipeline.digest.hex():
            raise UserError(f"Dask worker {address} has another version of Rasd, or other models, than this")


def place_of(runner: TaskRunner[Any], start: Callable[[int, str, bytes], Any]) -> Cluster | None:
    """The cluster of a flow's task runner; None where it is another one."""
    return Cluster(runner, start) if isinstance(runner, DaskTaskRunner) else None


@contextmanager
def cluster_runner(address: str | None, workers: int) -> Iterator[DaskTaskRunner]:
    """A task runner for the scheduler at ``address``, or for a cluster here that ends with the run.

    A Prefect server runs while the block does, at an address that the workers get to know.  Raises UserError
    where no scheduler answers or it has no workers.
    """
    if address is not None:
        _check_address(address)
        runner = DaskTaskRunner(address=address)
    else:
        local = {"n_workers": workers, "threads_per_worker": 1, "memory_limit": None}
        local |= {"dashboard_address": None, "silence_logs": logging.ERROR}
        runner = DaskTaskRunner(cluster_class=LocalCluster, cluster_kwargs=local)
    # comings and goings of workers are no news to who waits for a run
    logging.getLogger("distributed").setLevel(logging.ERROR)
    with dask.config.set({"distributed.worker.daemon": False}):
        if get_current_settings().api.url:
            yield runner
            return
        # without an address each worker process would start a server for itself; ends with this process
        server = SubprocessASGIServer()
        server.start()
        with temporary_settings({PREFECT_API_URL: server.api_url}):
            yield runner


def _check_address(address: str) -> None:
    try:
        with _client(address) as client:
            if not client.nthreads():
                raise UserError(f"the Dask scheduler at {address} has no workers")
    except (OSError, ValueError) as error:
        raise UserError(f"no Dask scheduler answers at {address}: {error}") from error


def _client(address: str) -> Client:
    return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
