"""Questions: search, who, timeline, events."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


class Form(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


Output = Annotated[
    Form,
    typer.Option("--format", "-f", help="table for people, json (one object a line) or csv for programs."),
]
Rows = Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="At most so many rows.")]
Since = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.", metavar="YYYY-MM-DD")
]
Until = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.", metavar="YYYY-MM-DD")
]
Confidence = Annotated[
    float, typer.Option("--confidence", min=0, max=1, help="Leave out what is less sure than this.")
]


@app.command()
def search(
    query: Annotated[
        list[str], typer.Argument(help='Words, "a phrase", OR, -without, prefix*.', metavar="QUERY...")
    ],
    *,
    limit: Rows = 10,
    since: Since = None,
    until: Until = None,
    source: Annotated[str | None, typer.Option(help="Only articles of this outlet.")] = None,
    form: Output = Form.TABLE,
) -> None:
    """Find articles by their words, in any spelling: فرنسا finds وفرنسا and لفرنسا, المباحثات finds مباحثات.

    Write -- before a query that begins with a minus.

    Examples:

        rasd search بلجيكا الأمن

        rasd search '"مدير عام" -تونس' --from 2023-12-01 --format json
    """
    from flows.commands.query import search_command

    raise typer.Exit(
        search_command(
            " ".join(query), limit, since=_day(since), until=_day(until), source=source, form=form.value
        )
    )


@app.command()
def who(
    name: Annotated[
        list[str], typer.Argument(help="A name in any spelling, Arabic or Latin.", metavar="NAME...")
    ],
    limit: Rows = 10,
    since: Since = None,
    until: Until = None,
    form: Output = Form.TABLE,
) -> None:
    """Say who or what a name stands for: spellings, offices, whom they met, who is named beside them.

    With --format json or csv: the candidates, likeliest first.

    Examples:

        rasd who الزاكوري

        rasd who "Béji Caïd Essebsi" --format json
    """
    from flows.commands.query import who_command

    raise typer.Exit(who_command(" ".join(name), limit, _day(since), _day(until), form.value))


@app.command()
def timeline(
    name: Annotated[
        list[str], typer.Argument(help="A name in any spelling, Arabic or Latin.", metavar="NAME...")
    ],
    *,
    limit: Rows = 100,
    since: Since = None,
    until: Until = None,
    confidence: Confidence = 0.5,
    form: Output = Form.TABLE,
) -> None:
    """Print what a person, body or place did and held over time.

    Example:

        rasd timeline الزاكوري --from 2023-01-01
    """
    from flows.commands.query import timeline_command

    raise typer.Exit(
        timeline_command(
            " ".join(name),
            limit,
            since=_day(since),
            until=_day(until),
            confidence=confidence,
            form=form.value,
        )
    )


@app.command()
def events(
    *,
    since: Since = None,
    until: Until = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="CONSULT, PROTEST, ...; may be given several times.")
    ] = None,
    place: Annotated[str | None, typer.Option(help="A place, in any spelling.")] = None,
    status: Annotated[str | None, typer.Option(help="occurred, planned, denied, ...")] = None,
    confidence: Confidence = 0.5,
    limit: Rows = 50,
    form: Output = Form.TABLE,
) -> None:
    """Print events: one row a happening, however many articles report it.

    Examples:

        rasd events --from 2023-12-01 --to 2023-12-31 --type CONSULT --place الرباط

        rasd events --status planned --format csv
    """
    from flows.commands.query import events_command

    raise typer.Exit(
        events_command(
            since=_day(since),
            until=_day(until),
            types=types or [],
            place=place,
            status=status,
            confidence=confidence,
            limit=limit,
            form=form.value,
        )
    )


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else moment.date().isoformat()
