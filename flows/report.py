"""`rasd report`: what is in the database, for a person at a terminal."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.text import Text

from flows.terminal import isolate, key_value_table

TOTALS = """
SELECT (SELECT count(*) FROM report.article) AS articles,
       (SELECT count(*) FROM report.article WHERE language <> 'ar') AS "not Arabic",
       (SELECT count(*) FROM report.mention) AS mentions,
       (SELECT count(DISTINCT entity_id) FROM report.mention) AS entities,
       (SELECT count(*) FROM report.event_report) AS events,
       (SELECT count(*) FROM public.rejection WHERE resolved_at IS NULL) AS rejections
"""
ARTICLES = """
SELECT published_from, published_to, source, coalesce(title, left(body, 80) || ' …') AS title, copies
FROM report.article
ORDER BY published_to DESC NULLS LAST, loaded_at DESC, article_id DESC
LIMIT :limit
"""
NAMED = """
SELECT name, articles, mentions FROM report.entity
WHERE kind = :kind ORDER BY articles DESC, mentions DESC, name COLLATE "C" LIMIT :limit
"""
EVENTS = """
SELECT type, status, actors, recipients, place, date_from, date_to, date_precision, sentence, trigger,
       source, published_from, confidence, uri
FROM report.event_report
WHERE confidence >= 0.5
ORDER BY least(coalesce(date_to, published_to), published_to) DESC NULLS LAST, confidence DESC,
         article_id DESC, event_n
LIMIT :limit
"""


def print_report(engine: sa.Engine, limit: int, out: Console) -> None:
    """Newest articles, most named people and organisations, latest events with their sentence."""

    def arabic(text: str | None) -> str:
        return isolate(text or "-", terminal=out.is_terminal)

    with engine.connect() as connection:

        def rows(query: str, **values: Any) -> list[Any]:
            return list(connection.execute(sa.text(query), values))

        totals = rows(TOTALS)[0]._mapping
        out.print(key_value_table("in the database", dict(totals)))
        if not totals["articles"]:
            return
        out.print("\n[bold]newest articles[/bold]")
        for row in rows(ARTICLES, limit=limit):
            out.print(
                Text(f"{_days(row.published_from, row.published_to):<24} {row.source or '-'}"), style="dim"
            )
            out.print(Text("  " + arabic(row.title)))
        for kind, heading in (
            ("PERSON", "people"),
            ("ORGANIZATION", "organisations"),
            ("LOCATION", "places"),
        ):
            out.print(f"\n[bold]most named {heading}[/bold]  [dim](articles, mentions)[/dim]")
            for row in rows(NAMED, kind=kind, limit=limit):
                out.print(Text(f"{row.articles:>6,} {row.mentions:>6,}  {arabic(row.name)}"))
        out.print("\n[bold]latest events[/bold]  [dim](confidence 0.5 and more)[/dim]")
        for row in rows(EVENTS, limit=limit):
            _print_event(out, row, arabic)


def _print_event(out: Console, row: Any, arabic: Any) -> None:
    when = _days(row.date_from, row.date_to) if row.date_from else "undated"
    head = Text(f"{row.type} ", style="bold")
    head.append(f"{row.status}  {when}  confidence {row.confidence:.2f}", style="not bold")
    out.print(head)
    for label, value in (
        ("actors", "، ".join(row.actors)),
        ("recipients", "، ".join(row.recipients)),
        ("place", row.place),
    ):
        if value:
            out.print(Text(f"  {label:<11}{arabic(value)}"))
    out.print(Text(f"  {'sentence':<11}{arabic(row.sentence)}"))
    out.print(Text(f"  {'file':<11}{row.uri}"), style="dim")


def _days(first: Any, last: Any) -> str:
    if first is None and last is None:
        return "undated"
    return str(first) if first == last else f"{first} .. {last}"
