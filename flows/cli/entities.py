"""Who is who: search, merge, split, judge, undo."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True)
