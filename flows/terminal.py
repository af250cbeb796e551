"""What people see: tables, progress and Arabic on a terminal."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.table import Table

# First Strong Isolate .. Pop Directional Isolate: on terminals that order right-to-left text themselves, an
# Arabic cell keeps its own direction and does not drag the neighbouring cells and numbers along.
_ISOLATE, _POP = "\u2068", "\u2069"
_ARABIC = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# What files and their names may hold to make a terminal do or show something else: control characters (escape
# sequences move the cursor, set the title, answer as if typed) and marks that turn the text's direction.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TURNS = re.compile("[\u202a-\u202e\u2066\u2067]")
_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """``text`` as a terminal may get it: control characters as their pictures (``␛``), no turns of direction.

    Lines and tabs stay, and so do the isolates that ``isolate`` sets.
    """
    if _TURNS.search(text):
        text = _TURNS.sub("", text)
    return _COMMANDS.sub(_picture, text) if _COMMANDS.search(text) else text


def _picture(found: re.Match[str]) -> str:
    code = ord(found.group())
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"


class _Console(Console):
    """What it prints as text stays text: files are written by strangers."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text = segment.text
            yield segment if segment.control or text.isprintable() else segment._replace(text=harmless(text))


def console(*, stderr: bool = False) -> Console:
    return _Console(stderr=stderr, highlight=False, soft_wrap=not sys.stdout.isatty())


def isolate(text: str, *, terminal: bool) -> str:
    """Arabic text that keeps its direction inside a mixed line; plain text for files and pipes."""
    return f"{_ISOLATE}{_MARKS.sub('', text)}{_POP}" if terminal else text


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
