"""What people see: tables, progress and Arabic on a terminal."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

# First Strong Isolate .. Pop Directional Isolate: on terminals that order right-to-left text themselves, an
# Arabic cell keeps its own direction and does not drag the neighbouring cells and numbers along.
_ISOLATE, _POP = "\u2068", "\u2069"
_ARABIC = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


def console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False, soft_wrap=not sys.stdout.isatty())


def isolate(text: str, *, terminal: bool) -> str:
    """Arabic text that keeps its direction inside a mixed line; plain text for files and pipes."""
    return f"{_ISOLATE}{text}{_POP}" if terminal else text


def isolated(text: str) -> str:
    """Text that keeps its direction where lines run from left to right, as on Prefect's pages."""
    return isolate(text, terminal=_ARABIC.search(text) is not None)


def key_value_table(title: str, rows: Mapping[str, Any]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right", overflow="fold")
    for name, value in rows.items():
        table.add_row(name, _number(value))
    return table


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


class Listener(Protocol):
    """Hears how a run goes on."""

    def total(self, files: int) -> None: ...
    def advance(self, files: int) -> None: ...
    def line(self, text: str) -> None: ...


@dataclass(slots=True)
class PlainListener:
    """Lines for pipes and logs, at most one every ``every`` seconds."""

    out: Console
    every: float = 5.0
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    _total: int = 0
    _last: float = 0.0

    def total(self, files: int) -> None:
        self._total = files

    def advance(self, files: int) -> None:
        self.done += files
        now = time.monotonic()
        if now - self._last >= self.every:
            self._last = now
            rate = self.done / max(now - self.began, 1e-9)
            self.out.print(
                f"{self.done:,} of {max(self._total, self.done):,} files, {rate:,.0f} files/s", markup=False
            )

    def line(self, text: str) -> None:
        self.out.print(text, markup=False)


@dataclass(slots=True)
class BarListener:
    """A bar with rate and time left."""

    progress: Progress
    task: Any

    def total(self, files: int) -> None:
        self.progress.update(self.task, total=files, description="ingest")

    def advance(self, files: int) -> None:
        self.progress.advance(self.task, files)
        task = self.progress.tasks[0]
        if task.finished_speed or task.speed:
            self.progress.update(self.task, rate=f"{task.finished_speed or task.speed:,.0f} files/s")

    def line(self, text: str) -> None:
        self.progress.console.print(text, markup=False)


@contextmanager
def listener(out: Console) -> Iterator[Listener]:
    """A progress bar on a terminal, plain lines otherwise."""
    if not out.is_terminal:
        yield PlainListener(out)
        return
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out) as progress:
        yield BarListener(progress, progress.add_task("starting", total=None, rate=""))


def reasons_table(reasons: Sequence[tuple[str, str, int]]) -> Table:
    """(stage, cause, count) of what was rejected."""
    table = Table(title="rejected", title_justify="left", box=None, pad_edge=False)
    table.add_column("stage")
    table.add_column("cause")
    table.add_column("files", justify="right")
    for stage, cause, count in reasons:
        table.add_row(stage, cause, f"{count:,}")
    return table
