"""Worker processes for the CPU work of a batch: raw files in, database rows or rejections out.

A file that hangs is given up after ``Settings.file_seconds``; a file that kills its worker (memory, a fault
in native code) is found by running its chunk again, as a whole and then file by file, and is rejected.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import FrameType
from typing import Generic, TypeVar

from flows.pipeline import Options, extract, warm_up
from flows.read.document import NOTHING_LEARNED, Learned
from flows.records import Extraction, RawFile, Rejection
from flows.settings import worker_environment

CHUNK_FILES = 16  # files a hand-over: large enough to hide pickling, small enough to share out evenly

NO_LIMIT = 0.0  # as setitimer has it
_INSIST_SECONDS = 1.0  # between alarms, after the first

T = TypeVar("T")  # what a worker makes of an extraction: database rows, a line of JSON


class _FileTimeoutError(BaseException):
    """Not an Exception: no handler on the way may take it for its own."""


def _within(seconds: float, work: Callable[[], T]) -> T:
    """What ``work`` returns; raises _FileTimeoutError out of it after ``seconds``.

    There is no limit where there is no SIGALRM, outside the main thread, and with NO_LIMIT.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return work()
    armed = True

    def expire(_number: int, _frame: FrameType | None) -> None:
        if armed:
            raise _FileTimeoutError

    before = signal.signal(signal.SIGALRM, expire)
    try:
        # The alarm rings until it is heard: what is raised inside a finalizer or a callback of a weak
        # reference is printed and forgotten by Python.
        signal.setitimer(signal.ITIMER_REAL, seconds, _INSIST_SECONDS if seconds else 0.0)
        return work()
    finally:
        armed = False  # before any call, which is where Python looks for signals
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class WorkerError(RuntimeError):
    """Worker processes cannot be started at all; no file is to blame."""


# What this process leaves out as learned boilerplate: the same for a whole run, so it is sent only once.
_LEARNED: ContextVar[Learned] = ContextVar("rasd_learned", default=NOTHING_LEARNED)


def _start(learned: dict[str, frozenset[str]], parent: int) -> None:
    _LEARNED.set(learned)
    # Ctrl-C reaches the whole process group; the parent decides what happens to the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _follow_parent(parent)


def _follow_parent(parent: int) -> None:
    """A worker must not outlive a parent that was killed, be it before the worker had started."""

    def watch() -> None:
        waiter = threading.Event()
        while os.getppid() == parent:
            waiter.wait(1.0)
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

    def work() -> T | Rejection:
        extraction = extract(raw, options, _LEARNED.get())
        return extraction if isinstance(extraction, Rejection) else finish(extraction)

    try:
        return _within(file_seconds, work)
    except _FileTimeoutError:
        return _rejection(raw, "timed_out", f"took longer than {file_seconds:g} s")
    except MemoryError:
        return _rejection(raw, "out_of_memory", "the worker process had not enough memory for this file")
    except Exception as exc:
        where = traceback.extract_tb(exc.__traceback__)[-1]
        message = (
            f"{type(exc).__name__}: {exc} ({where.name}, {os.path.basename(where.filename)}:{where.lineno})"  # noqa: PTH119
        )
        return _rejection(raw, "defect", message)


def _rejection(raw: RawFile, cause: str, message: str) -> Rejection:
    return Rejection(raw.uri, "extract", cause, message, raw.sha256, len(raw.data))


def _start_pool(count: int, options: Options, learned: Learned) -> ProcessPoolExecutor:
    """A pool whose processes run and have loaded models and lexicons.

    Raises WorkerError when processes die at their start, and what is wrong with a model or lexicon as itself:
    no file is to blame for either.
    """
    worker_environment()
    # spawn: Prefect runs threads in this process, and a fork would copy their locks
    pool = ProcessPoolExecutor(
        count,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(dict(learned), os.getpid()),
    )
    try:
        # The children inherit the mask: a Ctrl-C must not kill them before they ignore it themselves.
        with sigint_blocked():
            ready = [pool.submit(warm_up, options) for _ in range(count)]
        for future in ready:
            future.result()
    except (BrokenProcessPool, BrokenPipeError, MemoryError) as error:  # a pipe: before it took its orders
        pool.shutdown(wait=False, cancel_futures=True)
        raise WorkerError("worker processes die at their start (out of memory?)") from error
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return pool


@contextmanager
def sigint_blocked() -> Iterator[None]:
    """Threads and processes started inside do not hear Ctrl-C until they unblock it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(slots=True)
class Workers(Generic[T]):
    """A pool that survives the death of its processes.  Safe to share between threads.

    ``finish`` runs in the worker and must be a module's function, so that it can be sent there.
    """

    finish: Callable[[Extraction], T]
    count: int
    options: Options
    file_seconds: float
    learned: Learned = field(default_factory=dict)  # recurring lines of each source
    _pool: ProcessPoolExecutor | None = None
    _closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, raws: Sequence[RawFile]) -> list[T | Rejection]:
        """Outcomes of ``raws``, in order.  Raises WorkerError when the workers are closed."""
        if not raws:
            return []
        chunks = [raws[i : i + CHUNK_FILES] for i in range(0, len(raws), CHUNK_FILES)]
        pool = self._executor()
        pending = [(chunk, self._submit(pool, chunk)) for chunk in chunks]
        outcomes: list[T | Rejection] = []
        with _Alone(self) as alone:
            for chunk, future in pending:
                try:
                    outcomes += future.result()
                except (BrokenProcessPool, CancelledError):
                    self._drop(pool)
                    outcomes += alone.run(chunk)
        return outcomes

    def close(self) -> None:
        """Wait for what the processes are at, drop what waits, and start nothing any more."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def _executor(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._closed:
                raise WorkerError("the run has ended")
            if self._pool is None:
                self._pool = _start_pool(self.count, self.options, self.learned)
            return self._pool

    def _drop(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._closed:
                raise WorkerError("the run has ended")
            if self._pool is broken:
                self._pool = None
        broken.shutdown(wait=False, cancel_futures=True)

    def _submit(self, pool: ProcessPoolExecutor, chunk: Sequence[RawFile]) -> Future[list[T | Rejection]]:
        try:
            return pool.submit(process, chunk, self.finish, self.options, self.file_seconds)
        except (BrokenProcessPool, RuntimeError) as error:  # RuntimeError: shut down in between
            failed: Future[list[T | Rejection]] = Future()
            failed.set_exception(BrokenProcessPool(str(error)))
            return failed


@dataclass(slots=True)
class _Alone(Generic[T]):
    """Chunks whose pool died, again in one process: as a whole, then file by file to find the culprit."""

    workers: Workers[T]
    _pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> _Alone[T]:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, chunk: Sequence[RawFile]) -> list[T | Rejection]:
        outcomes = self._try(chunk)
        if outcomes is not None:
            return outcomes
        found: list[T | Rejection] = []
        for raw in chunk:
            message = "the worker process died on this file (memory or a fault in native code)"
            found += self._try([raw]) or [_rejection(raw, "worker_died", message)]
        return found

    def _try(self, chunk: Sequence[RawFile]) -> list[T | Rejection] | None:
        """The outcomes, or None when the process died."""
        if self._pool is None:
            self._pool = _start_pool(1, self.workers.options, self.workers.learned)
        try:
            return self.workers._submit(self._pool, chunk).result()
        except BrokenProcessPool:
            self._pool = None
            return None


@dataclass(slots=True)
class InProcess(Generic[T]):
    """Extraction in this process, one file at a time, for processes that may have no children.

    Files have no time limit, unless the main thread runs them, and one that kills the process kills this one.
    """

    finish: Callable[[Extraction], T]
    options: Options
    learned: Learned = field(default_factory=dict)
    _warm: bool = False
    _closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, raws: Sequence[RawFile]) -> list[T | Rejection]:
        """Outcomes of ``raws``, in order.  Raises WorkerError when closed, and what is wrong with a model."""
        return [self._one(raw) for raw in raws]

    def close(self) -> None:
        self._closed = True

    def _one(self, raw: RawFile) -> T | Rejection:
        with self._lock:
            if self._closed:
                raise WorkerError("the run has ended")
            if not self._warm:
                warm_up(self.options)
                self._warm = True
            token = _LEARNED.set(self.learned)
            try:
                return process_one(raw, self.finish, self.options, NO_LIMIT)
            finally:
                _LEARNED.reset(token)
