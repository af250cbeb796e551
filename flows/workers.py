"""Worker processes for the CPU work of a batch: raw files in, database rows or rejections out.

A file that hangs is given up after ``Settings.file_seconds``; a file that kills its worker (memory, a fault
in native code) is found by running its chunk again one file at a time, and becomes a rejection.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Generic, TypeVar

from flows.pipeline import Options, extract, warm_up
from flows.records import Extraction, RawFile, Rejection
from flows.settings import worker_environment

CHUNK_FILES = 16  # files a hand-over: large enough to hide pickling, small enough to share out evenly

T = TypeVar("T")  # what a worker makes of an extraction: database rows, a line of JSON


class _FileTimeoutError(Exception):
    pass


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise _FileTimeoutError inside the block after ``seconds``; does nothing where there is no SIGALRM."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(_number: int, _frame: FrameType | None) -> None:
        raise _FileTimeoutError

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class WorkerError(RuntimeError):
    """Worker processes cannot be started at all; no file is to blame."""


def _start() -> None:
    # Ctrl-C reaches the whole process group; the parent decides what happens to the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A worker must not outlive a parent that was killed.
    _follow_parent(os.getppid())


def _follow_parent(parent: int) -> None:
    def watch() -> None:
        waiter = threading.Event()
        while not waiter.wait(1.0):
            if os.getppid() != parent:
                os._exit(1)

    threading.Thread(target=watch, daemon=True, name="follow-parent").start()


def process(
    raws: Sequence[RawFile], finish: Callable[[Extraction], T], options: Options, file_seconds: float
) -> list[T | Rejection]:
    """Extract each file and finish it; one outcome a file, in order."""
    return [process_one(raw, finish, options, file_seconds) for raw in raws]


def process_one(
    raw: RawFile, finish: Callable[[Extraction], T], options: Options, file_seconds: float
) -> T | Rejection:
    """What the pipeline makes of one file; a defect of ours becomes a rejection that says where it is."""
    try:
        with _time_limit(file_seconds):
            extraction = extract(raw, options)
            return extraction if isinstance(extraction, Rejection) else finish(extraction)
    except _FileTimeoutError:
        return _rejection(raw, "timed_out", f"took longer than {file_seconds:g} s")
    except Exception as exc:
        where = traceback.extract_tb(exc.__traceback__)[-1]
        message = (
            f"{type(exc).__name__}: {exc} ({where.name}, {os.path.basename(where.filename)}:{where.lineno})"  # noqa: PTH119
        )
        return _rejection(raw, "defect", message)


def _rejection(raw: RawFile, cause: str, message: str) -> Rejection:
    return Rejection(raw.uri, "extract", cause, message, raw.sha256, len(raw.data))


@dataclass(slots=True)
class Workers(Generic[T]):
    """A pool that survives the death of its processes.  Safe to share between threads.

    ``finish`` runs in the worker and must be a module's function, so that it can be sent there.
    """

    finish: Callable[[Extraction], T]
    count: int
    options: Options
    file_seconds: float
    _pool: ProcessPoolExecutor | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def _executor(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                worker_environment()
                # spawn: Prefect runs threads in this process, and a fork would copy their locks
                pool = ProcessPoolExecutor(
                    self.count, mp_context=multiprocessing.get_context("spawn"), initializer=_start
                )
                try:
                    # A model that is missing or broken shows here, with its own error, and not file by file.
                    pool.submit(warm_up, self.options).result()
                except BrokenProcessPool as error:
                    raise WorkerError("worker processes die at their start (out of memory?)") from error
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
                self._pool = pool
            return self._pool

    def _drop(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is broken:
                self._pool = None
        broken.shutdown(wait=False, cancel_futures=True)

    def run(self, raws: Sequence[RawFile]) -> list[T | Rejection]:
        """Outcomes of ``raws``, in order."""
        chunks = [raws[i : i + CHUNK_FILES] for i in range(0, len(raws), CHUNK_FILES)]
        pool = self._executor()
        pending = [(chunk, self._submit(pool, chunk)) for chunk in chunks]
        outcomes: list[T | Rejection] = []
        for chunk, future in pending:
            try:
                if future is None:
                    raise BrokenProcessPool
                outcomes += future.result()
            except BrokenProcessPool:
                self._drop(pool)
                for raw in chunk:
                    outcomes.append(self._run_alone(raw))
        return outcomes

    def _submit(
        self, pool: ProcessPoolExecutor, chunk: Sequence[RawFile]
    ) -> Future[list[T | Rejection]] | None:
        try:
            return pool.submit(process, chunk, self.finish, self.options, self.file_seconds)
        except BrokenProcessPool:
            return None

    def _run_alone(self, raw: RawFile) -> T | Rejection:
        """One file in a process of its own, so that its death is its own."""
        alone = Workers(self.finish, 1, self.options, self.file_seconds)
        pool = alone._executor()
        try:
            return pool.submit(process, [raw], self.finish, self.options, self.file_seconds).result()[0]
        except BrokenProcessPool:
            return _rejection(
                raw, "worker_died", "the worker process died on this file (memory or native fault)"
            )
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
