"""Reference data: load, list, look up."""

from __future__ import annotations

from pathlib import Path

from flows.commands.common import OK, database_errors, effective_settings
from flows.errors import UserError


def load_command(path: Path | None, licence: str) -> int:
    from flows.connection import migrated_engine
    from flows.reference import load_file, refresh_reference
    from flows.terminal import console, key_value_table

    with database_errors(), migrated_engine(effective_settings()) as engine, engine.connect() as connection:
        done = load_file(connection, path, licence) if path is not None else {}
        decided = refresh_reference(connection)
        console().print(key_value_table("reference data", done | decided))
    return OK


def list_command() -> int:
    from rich.table import Table

    from db.reference import reference_sources
    from flows.connection import reading_engine
    from flows.terminal import console

    table = Table(box=None, pad_edge=False)
    for name in ("source", "places", "loaded", "licence"):
        table.add_column(name, justify="right" if name == "places" else "left", overflow="fold")
    with database_errors(), reading_engine(effective_settings()) as engine, engine.connect() as connection:
        for source, places, loaded, licence in reference_sources(connection):
            table.add_row(source, f"{places:,}", f"{loaded:%Y-%m-%d %H:%M}", licence)
    console().print(table)
    return OK


def show_command(name: str) -> int:
    from rich.table import Table

    from flows.connection import reading_engine
    from flows.reference import find_places
    from flows.terminal import console, isolate

    out = console()
    with database_errors(), reading_engine(effective_settings()) as engine, engine.connect() as connection:
        places = find_places(connection, name)
    if not places:
        raise UserError(f"no reference place bears the name {name}")
    table = Table(box=None, pad_edge=False)
    for column in ("id", "name", "latin", "kind", "country", "latitude", "longitude", "population"):
        table.add_column(
            column, justify="right" if column in ("latitude", "longitude", "population") else "left"
        )
    for place in sorted(places, key=lambda p: (-p.population, p.id)):
        point = ["" if v is None else f"{v:.4f}" for v in (place.latitude, place.longitude)]
        shown = isolate(place.names[0], terminal=out.is_terminal)
        table.add_row(
            place.id,
            shown,
            place.name_latin,
            place.kind,
            place.country or "",
            *point,
            f"{place.population:,}",
        )
    out.print(table)
    return OK


def remove_command(source: str) -> int:
    from db.reference import remove_reference
    from flows.connection import migrated_engine
    from flows.reference import SHIPPED, refresh_reference
    from flows.terminal import console

    if source == SHIPPED:
        raise UserError("what ships with Rasd is loaded again by the next refresh; it cannot be removed")
    with database_errors(), migrated_engine(effective_settings()) as engine, engine.connect() as connection:
        removed = remove_reference(connection, source)
        if not removed:
            raise UserError(f"no reference data named {source}; `rasd reference list` shows what there is")
        refresh_reference(connection)
    console().print(f"{removed:,} places removed", markup=False)
    return OK
