"""What leaves the database: exports, the site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.command("export")
def export(
    view: Annotated[str | None, typer.Argument(help="A view of the schema report.", metavar="VIEW")] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="File to write; - for standard output.")
    ] = "-",
    kind: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", help="csv, jsonl, parquet, geojson or ftm. Default: by the file's ending."
        ),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the views.")] = False,
) -> None:
    """Write a report view to a file, streaming: CSV, JSON Lines, Parquet, GeoJSON; or all as FollowTheMoney.

    Examples:

        rasd export --list

        rasd export event -o events.csv

        rasd export event -o events.geojson

        rasd export --format ftm -o rasd.ftm
    """
    from flows.commands.publish import export_command, list_views_command

    raise typer.Exit(list_views_command() if list_ else export_command(view, output, kind))


@app.command("site")
def site(
    out_dir: Annotated[Path, typer.Argument(help="Folder to write; empty, or of an earlier build.")],
    mentions: Annotated[
        int, typer.Option(min=1, help="How often something must be named to get a page of its own.")
    ] = 3,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. Default: one a core.")] = None,
) -> None:
    """Write the database as a static web site: overview, events, people, places, marked articles, search.

    It needs no server and loads nothing from elsewhere; the same database gives the same bytes.

    Examples:

        rasd site public/

        rasd site public/ --mentions 5
    """
    from flows.commands.publish import site_command

    raise typer.Exit(site_command(out_dir, mentions, workers))
