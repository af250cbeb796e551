"""What leaves the database: exports, the site."""

from __future__ import annotations

from pathlib import Path

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


def site_command(out: Path, mentions: int, workers: int | None) -> int:
    import time

    from flows.connection import reading_engine
    from flows.site.build import build
    from flows.terminal import console

    start = time.monotonic()
    with database_errors(), reading_engine(effective_settings()) as engine:
        built = build(engine, out, least=mentions, workers=workers)
    console(stderr=True).print(
        f"{out}: {built.pages:,} pages, {built.size / 1e6:.1f} MB in {time.monotonic() - start:.1f} s;"
        f" {built.changed:,} files new or changed, {built.removed:,} removed;"
        f" largest {built.largest}, {built.largest_size / 1e3:.0f} kB",
        markup=False,
        highlight=False,
    )
    return OK
