"""Files that could not be loaded: list, retry, resolve."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True)
