"""Files that could not be loaded: list, show, retry, resolve."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)
rejections = typer.Typer(no_args_is_help=True, help="Files that could not be loaded.")
app.add_typer(rejections, name="rejections")

Stage = Annotated[str | None, typer.Option(help="Only those that failed there: read, decode, extract, ...")]
Cause = Annotated[str | None, typer.Option(help="Only those with this cause: empty, binary, too_large, ...")]
Source = Annotated[
    str | None, typer.Option(help="Only files with this in their address, or of this outlet where known.")
]
Numbers = Annotated[list[int], typer.Argument(help="Numbers of rejections.", metavar="NUMBER...")]


@rejections.command("list")
def rejections_list(
    stage: Stage = None,
    cause: Cause = None,
    source: Source = None,
    closed: Annotated[bool, typer.Option("--closed", help="Also those that are resolved.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Rows at most.")] = 50,
) -> None:
    """List files that could not be loaded: where it failed, why, how often, and when the next try is due.

    Example:

        rasd rejections list --cause empty
    """
    from flows.commands.rejections import list_command

    raise typer.Exit(list_command(stage, cause, source, closed=closed, limit=limit))


@rejections.command("show")
def rejections_show(numbers: Numbers) -> None:
    """Show everything that is known of rejections.

    Example:

        rasd rejections show 1
    """
    from flows.commands.rejections import show_command

    raise typer.Exit(show_command(numbers))


@rejections.command("retry")
def rejections_retry(
    numbers: Annotated[
        list[int] | None, typer.Argument(help="Numbers of rejections.", metavar="[NUMBER...]")
    ] = None,
    stage: Stage = None,
    cause: Cause = None,
    source: Source = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those whose next try is not due yet.")
    ] = False,
) -> None:
    """Load rejected files again, from where they were seen or, where they are gone, from the stored bytes.

    Without numbers those whose next try is due: ten minutes after the first failure, twice as long after each
    further one, a week at most.
    Exit status: 0 all were loaded, 3 some were rejected again or are gone, 1 the run failed.

    Example:

        rasd rejections retry --stage extract
    """
    from flows.commands.rejections import retry_command

    raise typer.Exit(retry_command(numbers, stage, cause, source, everything=everything))


@rejections.command("resolve")
def rejections_resolve(
    numbers: Numbers,
    resolution: Annotated[str, typer.Option("--as", help="How it was resolved.")] = "dismissed",
) -> None:
    """Close cases by hand; a file that fails again opens a new one.

    Example:

        rasd rejections resolve 1 2 --as "no news, a menu"
    """
    from flows.commands.rejections import resolve_command

    raise typer.Exit(resolve_command(numbers, resolution))
