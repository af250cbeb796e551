"""Answers to questions about what is loaded; each command returns its exit status.

Status 1 where nothing was found, like grep, so that scripts can ask.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from db.search import EVENTS, NAMED_BESIDE, NAMES, OFFICES, SEARCH, TIMELINE, WHO_MET
from flows.commands.common import FAILED, OK, database_errors, effective_settings
from flows.errors import UserError

Row = Mapping[str, Any]


def search_command(
    query: str, limit: int, *, since: str | None, until: str | None, source: str | None, form: str
) -> int:
    values = {"query": query, "limit": limit, "since": since, "until": until, "source": source}
    return _answer(SEARCH, values, form, _print_found)


def timeline_command(
    name: str, limit: int, *, since: str | None, until: str | None, confidence: float, form: str
) -> int:
    values = {"name": name, "limit": limit, "since": since, "until": until, "confidence": confidence}
    if form != "table":
        return _answer(TIMELINE, values, form, _print_events)
    with database_errors(), _connection() as connection:
        found = _rows(connection, NAMES, {"name": name, "limit": 4})
        rows = _rows(connection, TIMELINE, values)
    if not found:
        return _nothing()
    _print_chosen(found)
    if not rows:
        return _nothing()
    _print_events(rows)
    return OK


def events_command(
    *,
    since: str | None,
    until: str | None,
    types: Sequence[str],
    place: str | None,
    status: str | None,
    confidence: float,
    limit: int,
    form: str,
) -> int:
    from flows.records import EventStatus, EventType

    kinds = [kind.upper() for kind in types]
    for kind in kinds:
        if kind not in list(EventType):
            raise UserError(f"{kind} is no type of events; there are {', '.join(EventType)}")
    if status is not None and status not in list(EventStatus):
        raise UserError(f"{status} is no status of events; there are {', '.join(EventStatus)}")
    values = {
        "since": since,
        "until": until,
        "types": kinds or None,
        "place": place,
        "status": status,
        "confidence": confidence,
        "limit": limit,
    }
    return _answer(EVENTS, values, form, _print_events)


def who_command(name: str, limit: int, since: str | None, until: str | None, form: str) -> int:
    if form != "table":
        return _answer(NAMES, {"name": name, "limit": limit}, form, _print_names)
    with database_errors(), _connection() as connection:
        found = _rows(connection, NAMES, {"name": name, "limit": limit})
        if not found:
            return _nothing()
        _print_names(found)
        values = {"entity": found[0]["entity_id"], "since": since, "until": until, "limit": limit}
        for heading, query, show in (
            ("offices", OFFICES, _print_offices),
            ("met", WHO_MET, _print_met),
            ("named beside", NAMED_BESIDE, _print_beside),
        ):
            rows = _rows(connection, query, values)
            if rows:
                _out().print(f"\n[bold]{heading}[/bold]")
                show(rows)
    return OK


# ------------------------------------------------------------------------------------------- asking


def _connection() -> Any:
    from contextlib import contextmanager

    from flows.connection import reading_engine

    @contextmanager
    def opened() -> Any:
        with reading_engine(effective_settings()) as engine, engine.connect() as connection:
            yield connection

    return opened()


def _rows(connection: sa.Connection, query: str, values: Mapping[str, Any]) -> list[Row]:
    return [dict(row) for row in connection.execute(sa.text(query), dict(values)).mappings()]


def _answer(query: str, values: Mapping[str, Any], form: str, show: Callable[[Sequence[Row]], None]) -> int:
    with database_errors(), _connection() as connection:
        rows = _rows(connection, query, values)
    if form == "json":
        _write_json(rows)
    elif form == "csv":
        _write_csv(rows)
    elif rows:
        show(rows)
    else:
        return _nothing()
    return OK if rows else FAILED


def _nothing() -> int:
    print("nothing found", file=sys.stderr)
    return FAILED


def _plain(value: Any) -> Any:
    """JSON has no dates and no ranges."""
    from psycopg.types.range import Range

    if isinstance(value, Range):
        return [value.lower, value.upper]
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, float):
        return round(value, 4)
    return str(value)


def _write_json(rows: Sequence[Row]) -> None:
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for row in rows:
        shown = {name: _plain(value) for name, value in row.items()}
        print(json.dumps(shown, ensure_ascii=False))


def _write_csv(rows: Sequence[Row]) -> None:
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    writer = csv.writer(sys.stdout)
    for place, row in enumerate(rows):
        if place == 0:
            writer.writerow(row.keys())
        writer.writerow(
            [
                "; ".join(map(str, plain)) if isinstance(plain := _plain(value), list) else plain
                for value in row.values()
            ]
        )


# ------------------------------------------------------------------------------------------ showing


def _out() -> Any:
    from flows.terminal import console

    return console()


def _arabic(out: Any, text: str | None) -> str:
    from flows.terminal import isolate

    return isolate(text or "-", terminal=out.is_terminal)


def _days(first: Any, last: Any) -> str:
    if first is None and last is None:
        return "undated"
    return str(first) if first == last else f"{first or '?'} .. {last or '?'}"


def _print_found(rows: Sequence[Row]) -> None:
    from rich.text import Text

    out = _out()
    for row in rows:
        out.print(Text(f"{row['published_from'] or 'undated'}  {row['source'] or '-'}", style="dim"))
        out.print(Text("  " + _arabic(out, row["title"]), style="bold"))
        # the marks of the database become bold letters on a terminal, and brackets in a file
        if row["snippet"]:
            opening, closing = _arabic(out, " ").split(" ")  # the marks that keep its direction
            snippet = Text("  " + opening)
            for place, part in enumerate(re.split("</?b>", row["snippet"])):
                marked = place % 2 == 1
                shown = part if out.is_terminal or not marked else f"[{part}]"
                snippet.append(shown, style="bold reverse" if marked else "")
            out.print(snippet.append(closing))
        out.print(Text(f"  {row['uri']}"), style="dim")


def _stories(row: Row) -> str:
    return f"{row['stories']:>6,} {'story  ' if row['stories'] == 1 else 'stories'}"


def _print_chosen(rows: Sequence[Row]) -> None:
    """Whose timeline it is, and who else the name can mean."""
    from rich.text import Text

    out = _out()
    line = Text(_arabic(out, rows[0]["name"]), style="bold")
    line.append(f"  {rows[0]['kind']}", style="not bold dim")
    out.print(line)
    if len(rows) > 1:
        others = "، ".join(str(row["name"]) for row in rows[1:])
        out.print(Text(f"  not: {_arabic(out, others)}", style="dim"))


def _print_names(rows: Sequence[Row]) -> None:
    from rich.text import Text

    out = _out()
    for row in rows:
        line = Text(f"{row['kind']:<13}{_stories(row)}  score {row['score']:.2f}  ", style="dim")
        line.append(_arabic(out, row["name"]), style="bold not dim")
        out.print(line)
        others = [spelling for spelling in row["spellings"] or () if spelling != row["name"]]
        if others:
            out.print(Text("  " + _arabic(out, "، ".join(others[:8]))))


def _print_offices(rows: Sequence[Row]) -> None:
    from rich.text import Text

    out = _out()
    for row in rows:
        where = f"، {row['organization']}" if row["organization"] else ""
        days = _days(row["first_seen"], row["last_seen"])
        out.print(Text(f"{days:<26}{_arabic(out, row['title'] + where)}"))


def _print_met(rows: Sequence[Row]) -> None:
    from rich.text import Text

    out = _out()
    for row in rows:
        where = f"، {row['place']}" if row["place"] else ""
        days = _days(row["date_from"], row["date_to"])
        out.print(Text(f"{days:<26}{row['status']:<10}{_arabic(out, row['other'] + where)}"))


def _print_beside(rows: Sequence[Row]) -> None:
    from rich.text import Text

    out = _out()
    for row in rows:
        out.print(Text(f"{_stories(row)}  {_arabic(out, row['name'])}"))


def _print_events(rows: Sequence[Row]) -> None:
    from rich.text import Text

    out = _out()
    for row in rows:
        head = Text(f"{row['type'] or 'OFFICE'} ", style="bold")
        sure = "" if row["confidence"] is None else f"  confidence {row['confidence']:.2f}"
        days = _days(row["date_from"], row["date_to"])
        count = row["independent_reports"]
        reports = f"  {count:,} {'report' if count == 1 else 'reports'}" if count else ""
        head.append(f"{row['status']}  {days}{sure}{reports}", style="not bold")
        out.print(head)
        for label in ("actors", "recipients", "others"):
            if row.get(label):
                out.print(Text(f"  {label:<11}{_arabic(out, '، '.join(row[label]))}"))
        if row["place"]:
            out.print(Text(f"  {'place':<11}{_arabic(out, row['place'])}"))
        if row["text"]:
            out.print(Text(f"  {'sentence':<11}{_arabic(out, row['text'])}"))
