"""Reference data: countries, regions and cities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)
reference = typer.Typer(no_args_is_help=True, help="Reference places: load, list, show, remove.")
app.add_typer(reference, name="reference")


@reference.command("load")
def load(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="JSON Lines file of further places; without it, what ships with Rasd.", metavar="FILE"
        ),
    ] = None,
    licence: Annotated[str, typer.Option(help="Whose the data are, kept beside them.")] = "unknown",
) -> None:
    """Load reference places and decide anew which of them the articles name.

    `rasd ingest` and `rasd refresh` load what ships with Rasd by themselves.  A file has a line a place, with
    the fields id, names (Arabic, the usual one first), and optionally kind, country, latitude, longitude,
    population, capital, name_latin, parent.

    Examples:

        rasd reference load

        rasd reference load wikidata-places.jsonl --licence "Wikidata, CC0"
    """
    from flows.commands.reference import load_command

    raise typer.Exit(load_command(path, licence))


@reference.command("list")
def list_() -> None:
    """Say which reference data are loaded, with their licences.

    Example:

        rasd reference list
    """
    from flows.commands.reference import list_command

    raise typer.Exit(list_command())


@reference.command("show")
def show(name: Annotated[str, typer.Argument(help="An Arabic name.")]) -> None:
    """Show the places that bear a name.

    Example:

        rasd reference show طرابلس
    """
    from flows.commands.reference import show_command

    raise typer.Exit(show_command(name))


@reference.command("remove")
def remove(
    source: Annotated[str, typer.Argument(help="Its name as `rasd reference list` shows it.")],
) -> None:
    """Take out the places of a file that was loaded.

    Example:

        rasd reference remove wikidata-places
    """
    from flows.commands.reference import remove_command

    raise typer.Exit(remove_command(source))
