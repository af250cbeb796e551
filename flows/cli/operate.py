"""Running it: up, down, serve, status, metrics, config, backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once it is ready; `rasd down` stops it.")
    ] = False,
) -> None:
    """Start the database, a Prefect server and the scheduled runs; Ctrl-C stops them.

    Schedules come from the [[inbox]] tables of rasd.toml.  State is kept in RASD_HOME: after a restart
    everything goes on, and what was missed meanwhile is made up for by one run.

    Example:

        rasd up --detach
    """
    from flows.commands.operate import up_command

    raise typer.Exit(up_command(detach=detach))


@app.command()
def down() -> None:
    """Stop what `rasd up` started.  Runs under way are stopped; the next ones go on from there.

    Example:

        rasd down
    """
    from flows.commands.operate import down_command

    raise typer.Exit(down_command())


@app.command()
def serve() -> None:
    """Serve the scheduled runs to the Prefect server at PREFECT_API_URL (a worker of its own).

    Example:

        PREFECT_API_URL=http://prefect:4200/api rasd serve
    """
    from flows.commands.operate import serve_command

    raise typer.Exit(serve_command())


@app.command()
def status(json: Json = False) -> None:
    """Say how things stand: parts, schedules, last runs, what waits, what was refused.

    Exit status: 0 when all parts are ready, 1 otherwise.

    Example:

        rasd status --json
    """
    from flows.commands.operate import status_command

    raise typer.Exit(status_command(as_json=json))


@app.command()
def metrics(
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="Serve them on this port (0: any) instead of printing them once."
        ),
    ] = None,
) -> None:
    """Print figures in Prometheus' text format: runs, files, rates, backlog, rejections.

    `rasd up` serves the same at http://127.0.0.1:9464/metrics.

    Example:

        rasd metrics
    """
    from flows.commands.operate import metrics_command

    raise typer.Exit(metrics_command(port))


@app.command()
def config(json: Json = False) -> None:
    """Print the effective settings and where each comes from, with secrets masked.

    Example:

        rasd config
    """
    from flows.commands.operate import config_command

    raise typer.Exit(config_command(as_json=json))


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="File to write.", metavar="FILE")]) -> None:
    """Write the database to one file (pg_dump's custom format); runs may go on meanwhile.

    Example:

        rasd backup rasd.dump
    """
    from flows.commands.operate import backup_command

    raise typer.Exit(backup_command(file))


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="File of `rasd backup`.", metavar="FILE")]) -> None:
    """Read a backup into an empty database, and bring its schema to the newest revision.

    Example:

        RASD_HOME=/srv/rasd-restored rasd restore rasd.dump
    """
    from flows.commands.operate import restore_command

    raise typer.Exit(restore_command(file))
