"""What the verbs of the `rasd` command do; each returns its exit status."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from flows.commands.common import (
    FAILED,
    OK,
    REJECTED,
    database_errors,
    effective_settings,
    pipeline_errors,
)
from flows.errors import UserError
from flows.settings import Settings

if TYPE_CHECKING:
    from flows.records import Rejection

# From this many files on, worker processes are worth their start.
PARALLEL_FILES = 100


# ------------------------------------------------------------------------------------------ extract


def extract_command(paths: Sequence[str], output: Path | None, engine: str | None) -> int:
    from flows.pipeline import Options
    from flows.storable import storable, storable_uri
    from flows.terminal import harmless

    chosen = effective_settings(names_engine=engine)
    rejected = written = 0
    _end_with_the_pipe()
    with pipeline_errors(), _writer(output) as out:
        for outcome in _extracted(paths, chosen, Options(names_engine=chosen.names_engine)):
            if isinstance(outcome, str):
                out.write(outcome + "\n")
                written += 1
            else:
                rejected += 1
                where = storable_uri(outcome.uri)
                print(
                    harmless(f"rejected: {where}: {outcome.stage}: {storable(outcome.message)}"),
                    file=sys.stderr,
                )
    if not rejected:
        return OK
    return REJECTED if written else FAILED


@contextlib.contextmanager
def _writer(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears whole or not at all."""
    if output is None:
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        yield sys.stdout
        return
    output = output.resolve()  # a link is followed, not replaced
    special = output.exists() and not output.is_file()  # a pipe, /dev/null
    part = output if special else output.with_name(output.name + ".part")
    try:
        file = part.open("w", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {output}: {error.strerror}") from error
    try:
        with file:
            yield file
        if not special:
            part.replace(output)
    except BaseException:
        if not special:
            part.unlink(missing_ok=True)
        raise


def _extracted(paths: Sequence[str], chosen: Settings, options: Any) -> Iterator[str | Rejection]:
    """A line of JSON or a rejection for each file, in the order of discovery."""
    from itertools import chain, islice

    from flows.output import to_line
    from flows.pipeline import warm_up
    from flows.workers import CHUNK_FILES, Workers, process_one

    warm_up(options)
    stream = _loaded(paths, chosen)
    first = list(islice(stream, PARALLEL_FILES))
    if len(first) < PARALLEL_FILES or chosen.workers == 1:
        for item in chain(first, stream):
            yield item if not _is_raw(item) else process_one(item, to_line, options, chosen.file_seconds)
        return
    workers: Workers[str] = Workers(to_line, chosen.workers, options, chosen.file_seconds)
    try:
        everything = chain(first, stream)
        while group := list(islice(everything, CHUNK_FILES * 4 * chosen.workers)):
            outcomes = iter(workers.run([item for item in group if _is_raw(item)]))
            for item in group:
                yield next(outcomes) if _is_raw(item) else item
    finally:
        workers.close()


def _end_with_the_pipe() -> None:
    """`rasd extract … | head` ends quietly, like other filters; only for verbs that hold no connection."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def _is_raw(item: object) -> bool:
    from flows.records import RawFile

    return isinstance(item, RawFile)


def _loaded(paths: Sequence[str], chosen: Settings) -> Iterator[Any]:
    from flows.read.discover import discover, load
    from flows.records import Rejection

    limit = chosen.max_file_bytes
    for found in discover(paths, settle_seconds=chosen.settle_seconds, max_bytes=limit):
        yield found if isinstance(found, Rejection) else load(found, max_bytes=limit)


# ---------------------------------------------------------------------------------- report, refresh


def report_command(limit: int) -> int:
    from flows.connection import reading_engine
    from flows.report import print_report
    from flows.terminal import console

    with database_errors(), reading_engine(effective_settings()) as engine:
        print_report(engine, limit, console())
    return OK


def refresh_command(*, spelling: bool = False, anew: bool = False) -> int:
    from flows.connection import migrated_engine
    from flows.runs import rebuild, refresh
    from flows.terminal import console, key_value_table

    with database_errors(), migrated_engine(effective_settings()) as engine:
        done = rebuild(engine) if anew else refresh(engine)
        if spelling:
            from flows.spelling.refresh import refresh_spelling

            done |= refresh_spelling(engine)
        console().print(key_value_table("refreshed", done))
    return OK


# -------------------------------------------------------------------------------------------- dates


def dates_command(text: str, published: str | None) -> int:
    from rich.text import Text

    from flows.extract.dates import explain
    from flows.terminal import console, isolate

    out = console()
    try:
        found = explain(text, published)
    except ValueError as error:
        raise UserError(str(error)) from error
    if not any(item.accepted for item in found):
        out.print("no date found")
    for item in found:
        out.print(Text(isolate(item.surface, terminal=out.is_terminal), style="bold"))
        if not item.accepted:
            out.print(f"  no date    {item.reason}", markup=False)
            continue
        value = item.value
        out.print(f"  value      {value.start or '?'} .. {value.end or '?'}  ({value.precision.value})")
        out.print(f"  basis      {value.basis.value}, {value.calendar} calendar, rule {value.rule or '-'}")
        out.print(f"  why        {item.reason}", markup=False)
        if value.candidates:
            out.print(f"  candidates {', '.join(value.candidates)}")
        if value.conflict:
            out.print(f"  conflict   {value.conflict}", markup=False)
    return OK


# ------------------------------------------------------------------------------------------ explain


def explain_command(path: str, engine: str | None) -> int:
    from flows.explain import print_explanation
    from flows.pipeline import Options, extract
    from flows.records import Rejection
    from flows.terminal import console

    chosen = effective_settings(names_engine=engine)
    raw = next(_loaded([path], chosen), None)
    if raw is None:
        raise UserError(f"{path}: no article there")
    with pipeline_errors():
        options = Options(names_engine=chosen.names_engine)
        outcome = raw if isinstance(raw, Rejection) else extract(raw, options)
    if isinstance(outcome, Rejection):
        raise UserError(f"{outcome.uri}: {outcome.stage}: {outcome.message}")
    print_explanation(outcome, console())
    return OK


# -------------------------------------------------------------------------------------------- names


def tag_command(conll: Path, output: Path, scheme: str, engine: str | None) -> int:
    from flows.extract.conll import tag_conll

    try:
        with pipeline_errors():
            tag_conll(conll, output, scheme=scheme, engine=engine or effective_settings().names_engine)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from error
    return OK


def evaluate_names_command(conll: Path) -> int:
    from flows.extract.conll import evaluate_conll
    from flows.terminal import console

    try:
        report = evaluate_conll(conll)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from error
    out = console()
    out.print(f"{report.tokens:,} tokens, accuracy {report.accuracy:.2f} %")
    out.print(f"{'class':<14}{'precision':>10}{'recall':>8}{'F1':>8}{'gold':>8}")
    for name, score in [*sorted(report.classes.items()), ("all", report.overall)]:
        figures = f"{score.precision:>10.2f}{score.recall:>8.2f}{score.f1:>8.2f}{score.gold:>8,}"
        out.print(f"{name:<14}{figures}", markup=False)
    return OK


def evaluate_crossval_command(corpora: Path, engine: str) -> int:
    from flows.terminal import console

    try:
        from flows.extract.training.crossval import cross_validate
    except ImportError as error:
        raise UserError(f"{error}; training needs the extra: uv sync --extra train") from error
    out = console()
    try:
        found = cross_validate(corpora, engine=engine, say=partial(out.print, markup=False))
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from error
    out.print(f"{'class':<14}{'precision':>10}{'recall':>8}{'F1':>8}{'gold':>8}")
    for name, figure in found.items():
        columns = f"{figure.precision:>10.1f}{figure.recall:>8.1f}{figure.f1:>8.1f}"
        out.print(f"{name:<14}{columns}{figure.found + figure.missed:>8,}", markup=False)
    return OK


def train_names_command(engine: str, corpora: Path, output: Path | None) -> int:
    try:
        from flows.extract import models
        from flows.extract.training.names import train_names
    except ImportError as error:
        raise UserError(f"{error}; training needs the extra: uv sync --extra train") from error
    train_names(engine, corpora, output or Path(models.__file__).parent)
    return OK


def train_events_command(corpora: Path, output: Path | None) -> int:
    try:
        from flows.extract.engines.store import models_folder
        from flows.extract.training.events_train import train_events
    except ImportError as error:
        raise UserError(f"{error}; training needs the extra: uv sync --extra train") from error
    missing = [p for p in (corpora / "gold/train.json", corpora / "news/ant.zip") if not p.exists()]
    if missing:
        raise UserError(f"missing: {', '.join(map(str, missing))}")
    train_events(corpora, output or models_folder())
    return OK


# ----------------------------------------------------------------------------------------- database


def db_start_command() -> int:
    from db import embedded

    chosen = effective_settings()
    if chosen.database_url is not None:
        raise UserError("DATABASE_URL names a server of your own; only the embedded one is started from here")
    with database_errors():
        server = embedded.start(
            chosen.home, persistent=True, progress=lambda line: print(line, file=sys.stderr)
        )
    print(f"PostgreSQL {server.version} runs on 127.0.0.1:{server.port}, data in {server.data}")
    return OK


def db_stop_command() -> int:
    from db import embedded

    with database_errors():
        users = embedded.stop(effective_settings().home)
    if users:
        pids = ", ".join(map(str, users))
        print(f"still in use by process {pids}: the server stops when they end")
    else:
        print("stopped")
    return OK


def db_status_command() -> int:
    from db import embedded, engine
    from flows.connection import database_url
    from flows.terminal import console, key_value_table

    chosen = effective_settings()
    out = console()
    with database_errors():
        if chosen.database_url is not None:
            version = engine.check(chosen.database_url)
            rows = {"server": "your own (DATABASE_URL)", "version": version}
            running = True
        else:
            state = embedded.status(chosen.home)
            rows = {
                "server": f"embedded, {state.phase}",
                "data": str(state.data or "-"),
                "port": str(state.port or "-"),
                "log": str(state.log or "-"),
                "kept running": "yes" if state.persistent else "no",
                "in use by": ", ".join(map(str, state.users)) or "-",
            }
            if state.error:
                rows["error"] = state.error
            running = state.phase == "ready"
        if running:
            with database_url(chosen) as url:
                revision = engine.current_revision(url)
            head = engine.head_revision()
            rows["schema"] = f"{revision or 'none'}" + ("" if revision == head else f" (newest: {head})")
        out.print(key_value_table("database", rows))
    return OK if running else FAILED


def db_url_command() -> int:
    from flows.connection import database_url

    with database_errors(), database_url(effective_settings(), persistent=True) as url:
        print(url.replace("postgresql+psycopg://", "postgresql://"))
    return OK


def db_upgrade_command() -> int:
    from db import engine
    from flows.connection import database_url

    with database_errors(), database_url(effective_settings()) as url:
        before, after = engine.upgrade(url)
    print(f"schema {after}" + (" already" if before == after else f", before: {before or 'none'}"))
    return OK


def db_shell_command(command: str | None) -> int:
    from db import embedded

    chosen = effective_settings()
    arguments = ["-c", command] if command else []
    with database_errors():
        if chosen.database_url is not None:
            url = chosen.database_url.replace("postgresql+psycopg://", "postgresql://")
            return _psql(["psql", *arguments, url], {})
        with embedded.running(chosen.home) as server:
            program, environment = embedded.psql_command(server)
            return _psql([*program, *arguments], environment)


def _psql(command: list[str], environment: dict[str, str]) -> int:
    # Ctrl-C cancels psql's query and is no business of ours; SIG_IGN would be inherited by psql
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode
    except FileNotFoundError as error:
        raise UserError(f"{command[0]} is not on this machine") from error
    finally:
        signal.signal(signal.SIGINT, before)
