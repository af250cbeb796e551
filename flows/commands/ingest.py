"""Runs that load: `rasd ingest`, `rasd backfill`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from flows.commands.common import INTERRUPTED, OK, REJECTED, database_errors, effective_settings
from flows.errors import UserError
from flows.settings import Settings, configure_prefect, prefect_is_configured, use_prefect_database

if TYPE_CHECKING:
    from db.stored import Selection
    from flows.runs import Summary
    from flows.stored import Plan

CHANGES_SHOWN = 30


def ingest_command(
    paths: Sequence[str],
    *,
    direct: bool,
    workers: int | None,
    engine: str | None,
    settle: float | None,
    reread: bool,
    runner: str = "threads",
    address: str | None = None,
) -> int:
    on_dask = runner == "dask"
    if address is not None and not on_dask:
        raise UserError("--address is the Dask scheduler's: it goes with --runner dask")
    if on_dask and direct:
        raise UserError("--runner dask is Prefect's: it does not go with --direct")
    if address is not None and workers is not None:
        raise UserError("--workers is for this machine: how many the cluster has is its own affair")
    if on_dask:
        _require_dask()
    from flows.runs import refuse_passwords

    refuse_passwords(paths)  # before Prefect keeps them as a run's parameters
    chosen = effective_settings(
        workers=workers,
        names_engine=engine,
        settle_seconds=settle,
        recheck_runs=1 if reread else None,
    )

    def here() -> Summary:
        from flows.runs import run_ingest

        return run_ingest(paths, chosen)

    def flow(**options: Any) -> Summary:
        from flows.ingest import ingest

        return ingest.with_options(**options)(
            [str(path) for path in paths],
            workers=chosen.workers,
            names_engine=chosen.names_engine,
            settle_seconds=chosen.settle_seconds,
            recheck_runs=chosen.recheck_runs,
        )

    def with_prefect() -> Summary:
        if not on_dask:
            return flow()
        from flows.cluster import cluster_runner

        with cluster_runner(address, chosen.workers) as tasks:
            return flow(task_runner=tasks)

    return _loading("ingest", chosen, here if direct else None, with_prefect)


def backfill_command(
    *,
    selection: dict[str, Any],
    dry_run: bool,
    refresh: bool = True,
    max_rate: float | None,
    direct: bool,
    workers: int | None,
    engine: str | None,
) -> int:
    from db.stored import Selection

    chosen = effective_settings(workers=workers, names_engine=engine)
    days = ("published_from", "published_to", "loaded_from", "loaded_to")
    selection = {n: _day(n, v) if n in days and v is not None else v for n, v in selection.items()}
    narrowed = Selection(**selection)
    if dry_run:
        return _dry_run(chosen, narrowed)
    if narrowed.where is not None:
        _try_condition(chosen, narrowed)

    def here() -> Summary:
        from flows.stored import left_to_the_next, run_backfill

        derive = None if refresh else left_to_the_next
        return run_backfill(chosen, narrowed, max_rate=max_rate, refresh_with=derive)

    def with_prefect() -> Summary:
        from flows.backfill import backfill

        return backfill(  # type: ignore[no-any-return]  # Prefect's flow hides it
            **selection,
            refresh=refresh,
            max_rate=max_rate,
            workers=chosen.workers,
            names_engine=chosen.names_engine,
        )

    return _loading("backfill", chosen, here if direct else None, with_prefect)


def _try_condition(chosen: Settings, selection: Selection) -> None:
    """A wrong --where shows now, in one line, and not in a run that failed."""
    from sqlalchemy.exc import DataError, ProgrammingError

    from db.stored import totals
    from flows.connection import reading_engine

    with database_errors(), reading_engine(chosen) as engine, engine.connect() as connection:
        try:
            totals(connection, selection, b"")
        except (DataError, ProgrammingError) as error:
            raise UserError(f"--where: {str(error.orig).strip().splitlines()[0]}") from error


def _require_dask() -> None:
    missing = [name for name in ("distributed", "prefect_dask") if find_spec(name) is None]
    if missing:
        raise UserError(f"--runner dask wants {' and '.join(missing)}: uv sync --extra dask")


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"--{name.replace('_', '-')}: {text} is no day such as 2023-12-31") from error


def _loading(
    what: str, chosen: Settings, here: Callable[[], Summary] | None, with_prefect: Callable[[], Summary]
) -> int:
    """A run with its progress and its summary; ``here`` runs it without Prefect."""
    from flows.terminal import console, listener

    # systemd and cron end a run with SIGTERM: wind up as after Ctrl-C
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with database_errors(), listener(console(stderr=True)) as heard:
            from flows.runs import LISTENER

            if here is not None:
                LISTENER.set(heard)
                summary = here()
            else:
                summary = _with_prefect(chosen, heard, with_prefect)
    except KeyboardInterrupt:
        print("rasd: interrupted; what was loaded stays, the next run goes on from there", file=sys.stderr)
        return INTERRUPTED
    _print_summary(what, summary)
    return REJECTED if summary.rejected else OK


def _with_prefect(chosen: Settings, heard: Any, flow: Callable[[], Summary]) -> Summary:
    from flows.connection import migrated_engine, prefect_database_url
    from flows.runs import LISTENER
    from flows.up import api_url

    configure_prefect(chosen)
    # a database that is not there shows now, in one line, and not after a server was started for nothing
    with migrated_engine(chosen, progress=heard.line):
        running = None if prefect_is_configured() else api_url(chosen.home)
        if running is not None:
            os.environ["PREFECT_API_URL"] = running
        url = prefect_database_url(chosen)
        if url is not None:
            use_prefect_database(url)
        from flows.ingest import server_in_use, tagged

        heard.line(server_in_use() + (", of `rasd up`" if running else ""))
        LISTENER.set(heard)
        with _prefect_errors(), tagged("ad-hoc"):
            return flow()


@contextmanager
def _prefect_errors() -> Iterator[None]:
    """A Prefect server that does not answer, or no longer, as one line."""
    import httpx

    try:
        yield
    except (httpx.TransportError, RuntimeError) as error:
        # that the server it started has ended Prefect tells by words alone
        if isinstance(error, RuntimeError) and "Prefect API server" not in str(error):
            raise
        said = str(error) or type(error).__name__
        raise UserError(
            f"the Prefect server does not answer ({said}); what was loaded stays, the next run goes on from"
            " there; --direct runs without Prefect"
        ) from error


def _print_summary(what: str, summary: Summary) -> None:
    from flows.storable import storable_uri
    from flows.terminal import console, key_value_table, reasons_table

    out = console()
    rate = summary.loaded / summary.seconds if summary.seconds else 0.0
    rows: dict[str, Any] = {
        "files seen": summary.seen,
        "loaded": summary.loaded,
        "already known": summary.known,
        "rejected": summary.rejected.total(),
        "articles": summary.rows["article"],
        "mentions": summary.rows["mention"],
        "entities": summary.rows["article_entity"],
        "events": summary.rows["event"],
        "seconds": summary.seconds,
        "articles a second": rate,
    }
    out.print(key_value_table(f"{what}, run {summary.run_id}", rows))
    if summary.rejected:
        out.print(reasons_table([(s, c, n) for (s, c), n in sorted(summary.rejected.items())]))
        for line in summary.examples:
            out.print(storable_uri(line), markup=False)


def _dry_run(chosen: Settings, selection: Selection) -> int:
    from flows.stored import plan
    from flows.terminal import console, key_value_table

    out = console()
    with database_errors():
        found = plan(chosen, selection)
    seconds = found.seconds(chosen.workers)
    rows = {
        "articles selected": found.totals.articles,
        "at the newest version already": found.totals.newest,
        "to be extracted": found.waiting,
        "megabytes": found.totals.bytes / 1e6,
        "seconds, about": seconds,
    }
    out.print(key_value_table("backfill, dry run", rows))
    _print_changes(out, found)
    return OK


def _print_changes(out: Any, found: Plan) -> None:
    from flows.terminal import isolate

    if not found.sampled:
        return
    out.print(f"\nchanges in a sample of {found.sampled} articles: {len(found.changes):,}")
    for change in found.changes[:CHANGES_SHOWN]:
        shown = isolate(change.text, terminal=out.is_terminal)
        out.print(f"{change.sign} {change.kind:<13} {shown}  {change.uri}", markup=False)
    if len(found.changes) > CHANGES_SHOWN:
        out.print(f"... and {len(found.changes) - CHANGES_SHOWN:,} more")
