"""The outlets: what is known of each, learned boilerplate, spelling suggestions."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)
sources = typer.Typer(
    no_args_is_help=True, help="The outlets: what is known of each, and the boilerplate learned from it."
)
app.add_typer(sources, name="sources")

Name = Annotated[str, typer.Argument(help="The source, by slug or by any of its names.", metavar="NAME")]
Line = Annotated[str, typer.Argument(help="The line, in any spelling.", metavar="LINE")]


@sources.command("list")
def sources_list() -> None:
    """List the sources that are described or loaded, with articles, period and learned lines.

    Example:

        rasd sources list
    """
    from flows.commands.sources import list_command

    raise typer.Exit(list_command())


@sources.command("show")
def sources_show(
    name: Name,
    least: Annotated[
        int, typer.Option("--least", min=2, help="Show lines that stand in this many articles or more.")
    ] = 5,
) -> None:
    """Show what is known of a source: its description, its counts, and its recurring lines with an example.

    Example:

        rasd sources show hespress
    """
    from flows.commands.sources import show_command

    raise typer.Exit(show_command(name, least))


@sources.command("pin")
def sources_pin(name: Name, line: Line) -> None:
    """Take a line of a source for boilerplate from the next run on, however often it was seen.

    Example:

        rasd sources pin hespress "تابعوا هسبريس على منصتها"
    """
    from flows.commands.sources import judge_command

    raise typer.Exit(judge_command(name, line, "pinned"))


@sources.command("forget")
def sources_forget(name: Name, line: Line) -> None:
    """Never take a line of a source for boilerplate, however often it recurs.

    Example:

        rasd sources forget hespress "هذا الخبر من سلسلة"
    """
    from flows.commands.sources import judge_command

    raise typer.Exit(judge_command(name, line, "forgotten"))


@sources.command("undo")
def sources_undo(name: Name, line: Line) -> None:
    """Take `pin` or `forget` back: the counts decide again.

    Example:

        rasd sources undo hespress "هذا الخبر من سلسلة"
    """
    from flows.commands.sources import judge_command

    raise typer.Exit(judge_command(name, line, None))


@sources.command("relearn")
def sources_relearn() -> None:
    """Count all recurring lines anew and let every file be read again with what is known now.

    Files that are loaded already are not read again merely because a line was learned since.  This command
    makes a new pipeline version, so that the next `rasd ingest` over the same paths does read them.

    Example:

        rasd sources relearn
    """
    from flows.commands.sources import relearn_command

    raise typer.Exit(relearn_command())
