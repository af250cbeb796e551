"""What the verbs about sources and learned lines do; each returns its exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.commands.common import OK, database_errors, effective_settings
from flows.errors import UserError

if TYPE_CHECKING:
    from db.reading import SourceCount
    from flows.read.sources import Source


def list_command() -> int:
    from rich.table import Table
    from rich.text import Text

    from db.reading import source_counts
    from flows.connection import reading_engine
    from flows.read.sources import load_all
    from flows.terminal import console, isolate

    out = console()
    with database_errors(), reading_engine(effective_settings()) as engine, engine.connect() as connection:
        counted = {count.source: count for count in source_counts(connection)}
    described = load_all()
    table = Table(title="sources", title_justify="left", box=None, pad_edge=False)
    for column in ("source", "described", "country"):
        table.add_column(column)
    for column in ("articles", "learned lines"):
        table.add_column(column, justify="right")
    table.add_column("published")
    for name in [*counted, *sorted(described.keys() - counted.keys())]:
        source, count = _description(name), counted.get(name)
        table.add_row(
            Text(isolate(name, terminal=out.is_terminal)),
            "yes" if source else "no",
            (source.country if source else None) or "",
            f"{count.articles:,}" if count else "0",
            f"{count.learned:,}" if count else "0",
            _period(count),
        )
    out.print(table)
    return OK


def _period(count: SourceCount | None) -> str:
    return "" if count is None or count.first_day is None else f"{count.first_day} .. {count.last_day}"


def _description(name: str) -> Source | None:
    from flows.clean.normalize import fold
    from flows.read.sources import by_name

    return by_name().get(fold(name))


def _stored_names(name: str, counts: list[SourceCount]) -> list[str]:
    """Under which names the database has a source: metadata may write the same outlet in several ways."""
    from flows.clean.normalize import fold

    described = _description(name)
    names = {fold(name)}
    if described is not None:
        names |= {fold(n) for n in (described.slug, *described.names)}
    return [count.source for count in counts if fold(count.source) in names]


def show_command(name: str, least: int) -> int:
    from rich.table import Table
    from rich.text import Text

    from db.reading import lines_of, source_counts
    from flows.connection import reading_engine
    from flows.terminal import console, isolate, key_value_table

    out = console()
    with database_errors(), reading_engine(effective_settings()) as engine, engine.connect() as connection:
        counts = source_counts(connection)
        stored = _stored_names(name, counts)
        lines = {found: lines_of(connection, found, least) for found in stored or [name]}
    described = _description(name)
    if described is None and not stored and not any(lines.values()):
        raise UserError(f"no source {name!r}: neither described nor loaded; see `rasd sources list`")
    if described is not None:
        out.print(key_value_table(f"{described.slug}: described", _described_rows(described)))
    else:
        out.print(f"{name}: not described, read by the generic rules", markup=False)
    for count in (c for c in counts if c.source in stored):
        rows = {
            "articles": count.articles,
            "with a title": count.titled,
            "with the day of publication": count.dated,
            "published": _period(count),
            "learned lines in force": count.learned,
        }
        out.print(key_value_table(f"{count.source}: loaded", rows))
        if described is not None:
            _print_unmet(out.print, described, count)
    for found, recurring in lines.items():
        if not recurring:
            out.print(f"{found}: no line recurs in {least} articles or more", markup=False)
            continue
        table = Table(title=f"{found}: recurring lines", title_justify="left", box=None, pad_edge=False)
        table.add_column("articles", justify="right")
        table.add_column("boilerplate")
        table.add_column("line", overflow="fold")
        table.add_column("example", overflow="fold")
        for line in recurring:
            state = line.judgement or ("learned" if line.in_force else "no")
            text = isolate(line.line, terminal=out.is_terminal)
            table.add_row(f"{line.articles:,}", state, Text(text), Text(line.example or ""))
        out.print(table)
    return OK


def _described_rows(source: Source) -> dict[str, object]:
    plate = source.boilerplate
    rules = [len(plate.lines), len(plate.patterns), len(plate.heads), len(plate.tails)]
    expected = source.expectations
    return {
        "names": "، ".join(source.names),
        "country": source.country or "",
        "time zone": source.timezone,
        "months": source.months,
        "encoding": source.encoding or "by evidence",
        "file patterns": len(source.files),
        "boilerplate rules": sum(rules),
        "least articles a run": expected.minimum_articles,
        "least share with a date": expected.minimum_dated_share,
        "least share with a title": expected.minimum_titled_share,
    }


def _print_unmet(say: object, source: Source, count: SourceCount) -> None:
    """Expectations about shares that what is loaded does not meet."""
    assert callable(say)
    for what, share, least in (
        ("a date", count.dated / count.articles, source.expectations.minimum_dated_share),
        ("a title", count.titled / count.articles, source.expectations.minimum_titled_share),
    ):
        if share < least:
            say(f"expected: {least:.0%} of the articles with {what}; there are {share:.0%}")


def judge_command(name: str, line: str, judgement: str | None) -> int:
    from db.reading import judge_line, source_counts
    from flows.clean.normalize import fold
    from flows.connection import migrated_engine

    folded = fold(line)
    if not folded or "\n" in folded:
        raise UserError("a line is wanted: some words without a line end")
    described = _description(name)
    with database_errors(), migrated_engine(effective_settings()) as engine, engine.connect() as connection:
        stored = _stored_names(name, source_counts(connection))
        if not stored and described is None and judgement is not None:
            raise UserError(f"no source {name!r}: neither described nor loaded; see `rasd sources list`")
        names = stored or [described.slug if described is not None else name]
        changed = [judge_line(connection, found, folded, judgement) for found in names]
    done = {"pinned": "boilerplate from the next run on", "forgotten": "never boilerplate", None: "undone"}
    print(done[judgement] if any(changed) else "nothing changed: that is how it was")
    return OK


def relearn_command() -> int:
    from db.reading import new_generation, recount_lines
    from flows.connection import migrated_engine
    from flows.terminal import console, key_value_table

    with database_errors(), migrated_engine(effective_settings()) as engine, engine.connect() as connection:
        counts = recount_lines(connection)
        number, lines = new_generation(connection)
    rows = {"articles counted": counts["lines_of_articles"], "learned lines in force": lines}
    console().print(key_value_table(f"relearned, generation {number}", rows))
    print("every file counts as unread now: run `rasd ingest` over the same paths again")
    return OK
