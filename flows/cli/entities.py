"""Who is who: search, merge, split, judge, undo."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)
entities = typer.Typer(
    no_args_is_help=True, help="Who is who across articles: search, show, judge, merge, split, undo."
)
app.add_typer(entities, name="entities")


class Kind(StrEnum):
    PERSON = "person"
    ORGANIZATION = "organization"
    LOCATION = "location"
    NAMED_EVENT = "named_event"


class Verdict(StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


KindOption = Annotated[Kind | None, typer.Option("--kind", "-k", help="Only entities of this kind.")]
By = Annotated[str | None, typer.Option(help="Who decides. Default: the account's name.")]
Note = Annotated[str, typer.Option(help="On what grounds.")]
Entity = Annotated[str, typer.Argument(help="An entity: its id or a name.", metavar="ENTITY")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Rows.")]


def _kind(kind: Kind | None) -> str | None:
    return None if kind is None else kind.value.upper()


@entities.command("search")
def search(
    name: Annotated[str, typer.Argument(help="A name or a part of it, in any spelling.")],
    kind: KindOption = None,
    limit: Limit = 20,
) -> None:
    """Find entities by a name or a part of it, misspelt ones too.

    Example:

        rasd entities search حموشي
    """
    from flows.commands.entities import search_command

    raise typer.Exit(search_command(name, _kind(kind), limit))


@entities.command("show")
def show(entity: Entity, kind: KindOption = None, limit: Limit = 10) -> None:
    """Show an entity: its spellings, offices with dates, articles, and the judgements that made it.

    Example:

        rasd entities show "عبد اللطيف حموشي"
    """
    from flows.commands.entities import show_command

    raise typer.Exit(show_command(entity, _kind(kind), limit))


@entities.command("same")
def same(one: Entity, other: Entity, kind: KindOption = None, by: By = None, note: Note = "") -> None:
    """Judge that two entities are one.

    Example:

        rasd entities same 12 57 --note "one man, two spellings"
    """
    from flows.commands.entities import judge_command

    raise typer.Exit(judge_command("same", [one, other], _kind(kind), by, note))


@entities.command("different")
def different(one: Entity, other: Entity, kind: KindOption = None, by: By = None, note: Note = "") -> None:
    """Judge that two names are not one, whatever the rules say.

    Example:

        rasd entities different "محمد بن عيسى" "محمد عيسى"
    """
    from flows.commands.entities import judge_command

    raise typer.Exit(judge_command("different", [one, other], _kind(kind), by, note))


@entities.command("merge")
def merge(
    listed: Annotated[
        list[str], typer.Argument(help="Two entities and more: ids or names.", metavar="ENTITY...")
    ],
    kind: KindOption = None,
    by: By = None,
    note: Note = "",
) -> None:
    """Judge that several entities are one.

    Example:

        rasd entities merge 12 57 103
    """
    from flows.commands.entities import judge_command

    raise typer.Exit(judge_command("same", listed, _kind(kind), by, note))


@entities.command("split")
def split(
    entity: Entity,
    articles: Annotated[
        list[int], typer.Argument(help="Ids of articles that mean another one.", metavar="ARTICLE...")
    ],
    kind: KindOption = None,
    by: By = None,
    note: Note = "",
) -> None:
    """Judge that some articles mean another bearer of the name; `show` lists article ids.

    Example:

        rasd entities split 12 345 346
    """
    from flows.commands.entities import split_command

    raise typer.Exit(split_command(entity, articles, _kind(kind), by, note))


@entities.command("undo")
def undo(
    judgements: Annotated[list[int], typer.Argument(help="Ids of judgements.", metavar="JUDGEMENT...")],
    by: By = None,
) -> None:
    """Revoke judgements, people's or rules'; what was merged gets its own id back.

    Example:

        rasd entities undo 9
    """
    from flows.commands.entities import undo_command

    raise typer.Exit(undo_command(judgements, by))


@entities.command("judgements")
def judgements(
    verdict: Annotated[Verdict | None, typer.Option(help="Only these.")] = None,
    people: Annotated[bool, typer.Option("--people", help="Only what people decided.")] = False,
    undone: Annotated[bool, typer.Option("--undone", help="Those that were undone instead.")] = False,
    limit: Limit = 20,
) -> None:
    """List judgements with their grounds; `--verdict unsure` is what waits for a person.

    Example:

        rasd entities judgements --verdict unsure
    """
    from flows.commands.entities import judgements_command

    raise typer.Exit(judgements_command(None if verdict is None else verdict.value, people, undone, limit))


@entities.command("office")
def office(
    title: Annotated[str, typer.Argument(help="An office, in any spelling.")],
    day: Annotated[datetime, typer.Argument(help="A day.", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")],
    organization: Annotated[
        str | None, typer.Option("--organization", "-o", help="Of this body: id or name.")
    ] = None,
) -> None:
    """Say who held an office on a day.

    Example:

        rasd entities office "المدير العام للأمن الداخلي الفرنسي" 2024-05-01
    """
    from flows.commands.entities import office_command

    raise typer.Exit(office_command(title, day.date(), organization))
