"""What leaves the database: exports."""

from __future__ import annotations

from flows.commands.common import OK, database_errors, effective_settings
from flows.errors import UserError


def export_command(view: str | None, path: str, kind: str | None) -> int:
    from flows.connection import reading_engine
    from flows.export import chosen_format, export, export_ftm
    from flows.terminal import console

    chosen = chosen_format(path, kind)
    if (view is None) != (chosen == "ftm"):
        raise UserError(
            "FollowTheMoney is written whole, without naming a view"
            if view
            else "name a view; `rasd export --list` shows what there is"
        )
    with database_errors(), reading_engine(effective_settings()) as engine:
        rows = export(engine, view, path, chosen) if view is not None else export_ftm(engine, path)
    if path != "-":
        console(stderr=True).print(f"{path}: {rows:,} rows", markup=False)
    return OK


def list_views_command() -> int:
    from rich.table import Table

    from db.export import view_names
    from flows.connection import reading_engine
    from flows.terminal import console

    table = Table(box=None, pad_edge=False)
    table.add_column("view")
    table.add_column("what it holds", overflow="fold")
    with database_errors(), reading_engine(effective_settings()) as engine, engine.connect() as connection:
        for name, comment in view_names(connection):
            table.add_row(name, comment)
    console().print(table)
    return OK
