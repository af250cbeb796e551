"""Who is who, for people at a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from flows.commands.common import OK, database_errors, effective_settings
from flows.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text
    from sqlalchemy.engine import Connection

    from db.judgements import EntityRow


def _key(kind: str, name: str) -> str:
    from flows.records import EntityKind
    from flows.resolve.identity import entity_key

    return entity_key(EntityKind(kind), name)


@contextmanager
def _session(*, writing: bool = False) -> Iterator[Connection]:
    """A connection; what cannot be recorded ends as one line."""
    from db.judgements import JudgementError
    from flows.connection import migrated_engine, reading_engine

    opened = migrated_engine if writing else reading_engine
    try:
        with database_errors(), opened(effective_settings()) as engine, engine.connect() as connection:
            yield connection
    except JudgementError as error:
        raise UserError(str(error)) from error


def _console() -> tuple[Console, Callable[[str | None], str]]:
    from flows.terminal import console, isolate

    out = console()
    return out, lambda text: isolate(text or "-", terminal=out.is_terminal)


def _line(*parts: str) -> Text:
    from rich.text import Text

    return Text("  ".join(parts))


def _entity_line(row: EntityRow, arabic: Callable[[str | None], str]) -> Text:
    return _line(f"{row.id:>8}", f"{row.kind:<12}", f"{row.articles:>6,} articles", arabic(row.name))


# ---------------------------------------------------------------------------------------- questions


def search_command(name: str, kind: str | None, limit: int) -> int:
    from db.judgements import find_entities
    from flows.clean.normalize import fold

    out, arabic = _console()
    folded = fold(name)
    if not folded:
        raise UserError("an empty name finds nothing")
    with _session() as connection:
        found = find_entities(connection, folded, kind, limit)
    if not found:
        raise UserError(f"nothing is called {name} or the like")
    for row in found:
        out.print(_entity_line(row, arabic))
    return OK


def show_command(asked: str, kind: str | None, limit: int) -> int:
    from db.judgements import show_entity

    out, arabic = _console()
    with _session() as connection:
        known = show_entity(connection, _key, asked, kind, limit)
    out.print(_entity_line(known["entity"], arabic), style="bold")
    if known["merged"]:
        out.print(_line("  also known by the ids", ", ".join(map(str, known["merged"]))))
    out.print(_line("spellings"))
    for name, articles in known["spellings"][:limit]:
        out.print(_line(f"  {articles:>6,}", arabic(name)))
    if known["offices"]:
        out.print(_line("offices seen"))
    for title, body, first, last, former, articles, formerly in known["offices"]:
        seen = f"{first or '?'} .. {last or '?'}" if articles else "not in office"
        more = f", former since {former or '?'} or before" if formerly else ""
        where = f" ({arabic(body)})" if body and body not in title else ""
        out.print(_line(f"  {articles:>6,}", f"{seen}{more}", arabic(title) + where))
    out.print(_line("articles"))
    for article, day, source, title in known["articles"]:
        out.print(_line(f"  {article:>8}", f"{day or 'undated'}", source or "-", arabic(title)))
    if known["judgements"]:
        out.print(_line("judgements"))
    for row in known["judgements"]:
        out.print(_judgement_line(row, arabic))
    return OK


def _judgement_line(row: tuple[Any, ...], arabic: Callable[[str | None], str]) -> Text:
    (
        number,
        kind,
        left,
        left_article,
        right,
        right_article,
        verdict,
        score,
        basis,
        by,
        automatic,
        decided,
    ) = row[:12]
    ends = [
        arabic(name) + (f" in article {article}" if article else "")
        for name, article in ((left, left_article), (right, right_article))
    ]
    who = f"rule {by}" if automatic else by
    undone = f"; undone {row[12]:%Y-%m-%d} by {row[13]}" if row[12] else ""
    return _line(
        f"{number:>8}",
        f"{verdict:<9}",
        f"{score:.2f}",
        f"{kind:<12}",
        " | ".join(ends),
        f"{who}, {decided:%Y-%m-%d}: {basis}{undone}",
    )


def judgements_command(verdict: str | None, people: bool, undone: bool, limit: int) -> int:
    from db.judgements import list_judgements

    out, arabic = _console()
    with _session() as connection:
        found = list_judgements(connection, verdict=verdict, people=people, undone=undone, limit=limit)
    if not found:
        out.print("no such judgement")
    for row in found:
        out.print(_judgement_line(row, arabic))
    return OK


def office_command(title: str, day: date, organization: str | None) -> int:
    from db.judgements import office_on
    from flows.resolve.senses import office_key

    out, arabic = _console()
    office = office_key(title)
    if not office:
        raise UserError(f"{title} names no office")
    with _session() as connection:
        found = office_on(connection, _key, office, organization, day)
    if not found:
        raise UserError(f"nobody was seen as {title}; `rasd entities show PERSON` lists offices as written")
    for person, name, certainty, first, last, articles in found:
        out.print(
            _line(
                f"{person:>8}",
                f"{certainty:<9}",
                f"seen {first} .. {last}",
                f"{articles:,} articles",
                arabic(name),
            )
        )
    return OK


# ---------------------------------------------------------------------------------------- judgements


def judge_command(verdict: str, asked: Sequence[str], kind: str | None, by: str | None, note: str) -> int:
    from db.judgements import judge
    from flows.identities import RULES

    if len(asked) < 2:
        raise UserError("two entities at least")
    out, arabic = _console()
    with _session(writing=True) as connection:
        made, after = judge(connection, RULES, _key, verdict, asked, by=by, note=note, kind=kind)
    for row in {row.id: row for row in after}.values():
        out.print(_entity_line(row, arabic))
    _say_undo(out, made)
    return OK


def split_command(asked: str, articles: Sequence[int], kind: str | None, by: str | None, note: str) -> int:
    from db.judgements import split
    from flows.identities import RULES

    out, arabic = _console()
    with _session(writing=True) as connection:
        made, entity = split(connection, RULES, _key, asked, articles, by=by, note=note, kind=kind)
    out.print(_entity_line(entity, arabic))
    _say_undo(out, made)
    return OK


def _say_undo(out: Console, made: Sequence[int]) -> None:
    out.print(_line(f"to undo: rasd entities undo {' '.join(map(str, made))}"))


def undo_command(numbers: Sequence[int], by: str | None) -> int:
    from db.judgements import undo
    from flows.identities import RULES

    out, _ = _console()
    with _session(writing=True) as connection:
        undone = undo(connection, RULES, list(dict.fromkeys(numbers)), by=by)
    out.print(_line(f"undone: {undone}"))
    return OK
