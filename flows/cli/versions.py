"""Pipeline versions: compare, prune."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)
versions = typer.Typer(no_args_is_help=True, help="Pipeline versions: what each one extracted.")
app.add_typer(versions, name="versions")


@versions.command("list")
def versions_list() -> None:
    """List the pipeline versions in the database: number, digest, since when, extractions, current ones.

    Example:

        rasd versions list
    """
    from flows.commands.versions import list_command

    raise typer.Exit(list_command())


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A version's number, or the start of its digest.", metavar="V1")],
    new: Annotated[str, typer.Argument(help="The version to compare with it.", metavar="V2")],
    examples: Annotated[
        int, typer.Option("--examples", "-n", min=0, max=1000, help="Examples of each kind of change.")
    ] = 3,
) -> None:
    """Tell what two pipeline versions say differently of the articles that both read, with examples.

    Compared by the place in the file: names, offices, dates, events, quotations, and the article's own facts.

    Example:

        rasd diff 1 2
    """
    from flows.commands.versions import diff_command

    raise typer.Exit(diff_command(old, new, examples))


@app.command()
def prune(
    keep: Annotated[
        int | None, typer.Option(min=1, help="Keep the extractions of the N newest pipeline versions.")
    ] = None,
    older_than: Annotated[
        int | None, typer.Option("--older-than", min=0, metavar="DAYS", help="Keep younger extractions.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it only tell what would go.")] = False,
) -> None:
    """Delete superseded extractions by policy; tells what would go unless --yes is given.

    Current extractions, files, articles and judgements always stay.

    Example:

        rasd prune --keep 2 --older-than 30
    """
    from flows.commands.versions import prune_command

    raise typer.Exit(prune_command(keep, older_than, yes=yes))
