"""What the verbs about pipeline versions do; each returns its exit status."""

from __future__ import annotations

from datetime import timedelta

from flows.commands.common import OK, database_errors, effective_settings
from flows.errors import UserError

VERDICTS = ("added", "removed", "changed")


def list_command() -> int:
    from rich.table import Table

    from db.versions import versions
    from flows.connection import reading_engine
    from flows.terminal import console

    with database_errors(), reading_engine(effective_settings()) as engine, engine.connect() as connection:
        listed = versions(connection)
    table = Table(title="pipeline versions", title_justify="left", box=None, pad_edge=False)
    for column in ("version", "digest", "since", "options"):
        table.add_column(column)
    for column in ("extractions", "current"):
        table.add_column(column, justify="right")
    for one in listed:
        options = one.description.get("options")
        said = ", ".join(f"{k}={v}" for k, v in options.items()) if isinstance(options, dict) else ""
        table.add_row(
            *(str(one.id), one.digest, f"{one.created:%Y-%m-%d %H:%M}", said),
            *(f"{one.extractions:,}", f"{one.current:,}"),
        )
    console().print(table)
    return OK


def diff_command(old: str, new: str, examples: int) -> int:
    from rich.table import Table
    from rich.text import Text

    from db.versions import diff, find_version
    from flows.connection import reading_engine
    from flows.terminal import console, isolate

    out = console()
    with database_errors(), reading_engine(effective_settings()) as engine, engine.connect() as connection:
        try:
            numbers = (find_version(connection, old), find_version(connection, new))
        except LookupError as error:
            raise UserError(f"{error.args[0]}; `rasd versions list` names them") from error
        changes = diff(connection, *numbers, examples)
    title = f"version {numbers[1]} against version {numbers[0]}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("kind")
    for column in (*VERDICTS, "the same"):
        table.add_column(column, justify="right")
    for change in changes:
        table.add_row(
            change.kind,
            *(f"{n:,}" for n in (change.added, change.removed, change.changed, change.same)),
        )
    out.print(table)

    def shown(text: str | None) -> str:
        return isolate(text or "", terminal=out.is_terminal)

    for change in changes:
        for verdict in VERDICTS:
            for uri, was, now, sentence in change.examples.get(verdict, ()):
                out.print(Text(f"{change.kind} {verdict}: {uri}", style="bold"))
                if was is not None:
                    out.print(Text(f"  - {shown(was)}"))
                if now is not None:
                    out.print(Text(f"  + {shown(now)}"))
                if sentence:
                    out.print(Text(f"    {shown(sentence)}", style="dim"))
    return OK


def prune_command(keep: int | None, older_than: int | None, *, yes: bool) -> int:
    from db.versions import prunable, prune
    from flows.connection import migrated_engine
    from flows.runs import refresh
    from flows.terminal import console, key_value_table

    if keep is None and older_than is None:
        raise UserError("say what stays: --keep N newest versions, --older-than DAYS, or both")
    age = None if older_than is None else timedelta(days=older_than)
    with database_errors(), migrated_engine(effective_settings()) as engine:
        # what the derived tables still speak of does not go: let them speak of what is current
        refresh(engine)
        with engine.connect() as connection:
            going = prunable(connection, keep, age)
            rows = {
                "extractions": going.extractions,
                "mentions": going.mentions,
                "events": going.events,
                **{f"of version {version}": number for version, number in going.versions},
            }
            if not yes:
                console().print(key_value_table("would be deleted; --yes deletes", rows))
                return OK
            rows["extractions"] = prune(connection, keep, age)
    console().print(key_value_table("deleted", rows))
    return OK
