"""Old material, read again."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.command("backfill")
def backfill(
    source: Annotated[str | None, typer.Option(help="Only articles of this outlet.")] = None,
    published_from: Annotated[str | None, typer.Option(help="First day of publication.")] = None,
    published_to: Annotated[str | None, typer.Option(help="Last day of publication.")] = None,
    loaded_from: Annotated[str | None, typer.Option(help="First day of loading.")] = None,
    loaded_to: Annotated[str | None, typer.Option(help="Last day of loading.")] = None,
    older_than: Annotated[
        int | None,
        typer.Option(min=1, help="Only what an older pipeline version extracted (`rasd versions list`)."),
    ] = None,
    uri: Annotated[str | None, typer.Option(help="Only files whose address begins so.")] = None,
    where: Annotated[str | None, typer.Option(help="SQL condition over report.article.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how much, how long and what changes; write nothing.")
    ] = False,
    refresh: Annotated[
        bool, typer.Option(help="Bring what is derived up to date at the end, else the next run does.")
    ] = True,
    max_rate: Annotated[float | None, typer.Option(min=0.01, help="Articles a second at most.")] = None,
    direct: Annotated[bool, typer.Option("--direct", help="Run the same stages without Prefect.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes. Default: one a core.")] = None,
    engine: Annotated[str | None, typer.Option(help="Names engine.")] = None,
) -> None:
    """Extract stored articles again with the present pipeline, from the bytes in the database.

    What is at the present version already is skipped: stopped at any instant, the same command goes on from
    there.  It runs at low priority beside the scheduled runs.  Old files that were never loaded are a matter
    of `rasd ingest PATH`, and who is who, stories and reports alone of `rasd refresh`.

    Examples:

        rasd backfill --dry-run

        rasd backfill --source hespress.com --published-from 2023-01-01 --published-to 2023-12-31

        rasd backfill --where "language = 'ar' AND copies > 1" --max-rate 20
    """
    from flows.commands.ingest import backfill_command

    raise typer.Exit(
        backfill_command(
            selection={
                "source": source,
                "published_from": published_from,
                "published_to": published_to,
                "loaded_from": loaded_from,
                "loaded_to": loaded_to,
                "older_than": older_than,
                "uri": uri,
                "where": where,
            },
            dry_run=dry_run,
            refresh=refresh,
            max_rate=max_rate,
            direct=direct,
            workers=workers,
            engine=engine,
        )
    )
