"""Figures for Prometheus, read from the database when they are asked for, and the log of notifications.

The endpoint of `rasd up` and `rasd serve` answers ``GET /metrics`` and ``GET /health``, and takes
``POST /notify`` from the Prefect server's automations: each becomes a line of ``notifications.jsonl``.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from db.engine import create_engine
from db.operations import figures
from flows.errors import UserError
from flows.settings import Inbox

log = logging.getLogger("rasd.notify")

LOOK = 2.0  # seconds that counting an inbox may take; beyond, the number is a lower bound
FRESH = 30.0  # seconds that a count of the inboxes is good for
_LIMIT = 64 * 1024  # bytes of a notification


def waiting(inbox: Inbox, since: datetime | None, limit: float = LOOK) -> tuple[int, bool]:
    """Files of a local inbox that changed since its last whole run, and whether all were looked at.

    A hint from names and times: what is inside archives and on remote storage is not counted, and neither is
    a file that was moved in with an older time.
    """
    root = Path(inbox.location)
    if "://" in inbox.path or not root.is_dir():
        return 0, False
    border = since.timestamp() if since is not None else 0.0
    end = time.monotonic() + limit
    files = 0
    folders = [str(root)]
    while folders:
        try:
            entries = os.scandir(folders.pop())
        except OSError:
            continue  # gone or closed: the next run says so
        with entries:
            for entry in entries:
                if time.monotonic() > end:
                    return files, False
                if entry.name.startswith("."):
                    continue
                try:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif entry.name.endswith((".txt", ".text")) and entry.stat().st_mtime >= border:
                        files += 1
                except OSError:
                    continue
    return files, True


class RasdCollector(Collector):
    """Asks the database at every scrape; says that it is down where it is."""

    def __init__(self, engine: sa.Engine, inboxes: Iterable[Inbox] = ()) -> None:
        self.engine = engine
        self.inboxes = tuple(inboxes)
        self._counted: tuple[float, list[tuple[str, int]]] = (-FRESH, [])
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("rasd_database_up", "Whether the database answers")
        try:
            with self.engine.connect() as connection:
                found = figures(connection)
                backlog = self._backlog(found["last_started"])
        except sa.exc.DBAPIError as error:
            log.warning("metrics: %s", str(error.orig).strip().splitlines()[0])
            up.add_metric([], 0.0)
            yield up
            return
        up.add_metric([], 1.0)
        yield up
        yield from _families(found)
        files = GaugeMetricFamily(
            "rasd_backlog_files", "Files that changed since the inbox's last whole run", labels=["inbox"]
        )
        for inbox, number in backlog:
            files.add_metric([inbox], number)
        yield files

    def _backlog(self, started: dict[str, datetime]) -> list[tuple[str, int]]:
        with self._lock:
            when, counted = self._counted
            if time.monotonic() - when >= FRESH:
                counted = [(i.label, waiting(i, started.get(i.label))[0]) for i in self.inboxes]
                self._counted = (time.monotonic(), counted)
            return counted


def _families(found: dict[str, Any]) -> Iterator[Metric]:
    runs = CounterMetricFamily("rasd_runs", "Runs by kind and how they ended", labels=["kind", "state"])
    seconds = CounterMetricFamily("rasd_run_seconds", "Time that runs took", labels=["kind"])
    files = CounterMetricFamily("rasd_files", "Files that ingest runs looked at", labels=["outcome"])
    for kind, state, number in found["runs"]:
        runs.add_metric([kind, state], number)
    for kind, total in found["seconds"]:
        seconds.add_metric([kind], total)
    for outcome, number in found["files"].items():
        files.add_metric([outcome], number)
    yield from (runs, seconds, files)
    labels = ["kind", "inbox"]
    last = GaugeMetricFamily(
        "rasd_last_run_timestamp_seconds", "End of the last run that ended well", labels=labels
    )
    took = GaugeMetricFamily("rasd_last_run_seconds", "Time that the last run took", labels=labels)
    rate = GaugeMetricFamily(
        "rasd_last_run_articles_per_second",
        "Articles a second of the last run that loaded some",
        labels=labels,
    )
    missed = GaugeMetricFamily(
        "rasd_last_run_expectations_missed", "Expectations that the last run missed", labels=labels
    )
    for kind, inbox, ended, duration, speed, misses in found["last"]:
        key = [kind, inbox or ""]
        if ended is not None:
            last.add_metric(key, ended.timestamp())
        if duration is not None:
            took.add_metric(key, duration)
        if speed is not None:
            rate.add_metric(key, speed)
        missed.add_metric(key, misses)
    yield from (last, took, rate, missed)
    rejections = GaugeMetricFamily(
        "rasd_rejections_open", "Files that could not be loaded", labels=["stage", "cause"]
    )
    for stage, cause, number in found["rejections"]:
        rejections.add_metric([stage, cause], number)
    queue = GaugeMetricFamily("rasd_backlog_extractions", "Extractions that the next refresh has to read")
    queue.add_metric([], found["queue"])
    articles = GaugeMetricFamily("rasd_articles", "Articles in the database, as the server estimates")
    articles.add_metric([], found["articles"])
    yield from (rejections, queue, articles)


@contextmanager
def collecting(url: str, inboxes: Iterable[Inbox] = ()) -> Iterator[Callable[[], bytes]]:
    """A function that gives the figures in Prometheus' text format."""
    engine = create_engine(
        url, application_name="rasd metrics", statement_timeout="5s", pool_size=1, max_overflow=2
    )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(RasdCollector(engine, inboxes))
    try:
        yield lambda: generate_latest(registry)
    finally:
        engine.dispose()


# ---------------------------------------------------------------------------------------- endpoint


@contextmanager
def endpoint(host: str, port: int, text: Callable[[], bytes], notifications: Path) -> Iterator[int]:
    """Serve metrics and take notifications in a thread; yields the port.

    Raises UserError when the port is taken.
    """
    handler = _handler(text, notifications)
    try:
        server = ThreadingHTTPServer((host, port), handler)
    except OSError as error:
        raise UserError(
            f"metrics: cannot listen on {host}:{port} ({error.strerror}); RASD_METRICS_PORT chooses another"
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def _handler(text: Callable[[], bytes], notifications: Path) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, text(), CONTENT_TYPE_PLAIN_0_0_4)
            elif self.path == "/health":
                self._answer(200, b"ok\n", "text/plain")
            else:
                self._answer(404, b"/metrics or /health\n", "text/plain")

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != "/notify" or not length.isdigit() or int(length) > _LIMIT:
                self._answer(400, b"POST /notify takes at most 64 kB\n", "text/plain")
                return
            note = notification(self.rfile.read(int(length)))
            line = json.dumps(note, ensure_ascii=False)
            log.warning("%s", line)
            with lock, notifications.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
            self._answer(204, b"", "text/plain")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            log.debug(format, *args)

    return Handler


def notification(body: bytes) -> dict[str, Any]:
    """What came, with the time; text that is no JSON object under ``message``."""
    text = body.decode("utf-8", "replace")
    try:
        # a message with a line break in it is not worth losing the rest
        note = json.loads(text, strict=False)
    except ValueError:
        note = text
    if not isinstance(note, dict):
        note = {"message": note}
    return {"at": datetime.now(UTC).isoformat(timespec="seconds"), **note}
