"""How long every recipe of the README and every function of schema report takes on a database.

    nice python -m tests.benchmarks.report_speed URL [--plans FOLDER] [--json FILE]

Each question is asked once to warm up and three times after that; the middle one counts.  The names, days
and words that the README's recipes speak of are exchanged for those of the database: what is named most,
something that is named now and then, and the busiest month.  Ends with status 1 where a question is too
slow: 300 ms, or 5 s for those that the README calls heavy.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import tuple_row

README = Path(__file__).resolve().parents[2] / "README.md"
QUICK, HEAVY = 0.3, 5.0  # seconds
ROUNDS = 3
TIME_OUT = 120_000  # milliseconds


class Case(NamedTuple):
    """A question: its name, the statement, whether the README calls it heavy."""

    name: str
    statement: str
    heavy: bool


class Found(NamedTuple):
    """What the questions are about, by how often it is in the news."""

    person: str
    rare_person: str
    latin: str
    place: str
    first_day: str
    last_day: str
    year: str  # the last one begins
    word: str
    rare_word: str
    phrase: str
    event: int


def recipes() -> dict[str, str]:
    """Name -> statement of the README's recipes and panels on schema report."""
    text = README.read_text(encoding="utf-8")
    found = re.findall(r"<!-- sql: ([\w-]+) -->\n```sql\n(.*?)```", text, re.DOTALL)
    return {name: statement for name, statement in found if "report." in statement}


def heavy() -> frozenset[str]:
    """Names of the recipes that the README calls heavy."""
    text = re.sub(r"\s+", " ", README.read_text(encoding="utf-8"))
    stated = re.search(r"Heavy on a million articles[^:]*: (.*?)\.(?: |$)", text)
    return frozenset(re.findall(r"`([\w-]+)`", stated[1])) if stated else frozenset()


def look(connection: psycopg.Connection[Any]) -> Found:
    def one(statement: str, *values: object) -> Any:
        row = connection.execute(statement.encode(), values).fetchone()
        if row is None:
            raise SystemExit(f"the database is too small for: {statement}")
        return row[0]

    named = (
        "SELECT e.name FROM report.entity_total AS t JOIN public.entity AS e ON e.id = t.entity_id"
        " WHERE t.kind = %s ORDER BY t.stories DESC, t.entity_id OFFSET %s LIMIT 1"
    )
    person = one(named, "PERSON", 0)
    place = one(named, "LOCATION", 0)
    month = one(
        "SELECT date_trunc('month', day)::date FROM report.source_volume WHERE day IS NOT NULL"
        " GROUP BY 1 ORDER BY sum(articles) DESC LIMIT 1"
    )
    last = one("SELECT (%s::date + interval '1 month - 1 day')::date", month)
    words = connection.execute(
        "SELECT word, ndoc FROM ts_stat("
        "$$SELECT terms FROM extraction WHERE is_current ORDER BY id LIMIT 2000$$) AS s(word, ndoc, nentry)"
        " WHERE length(word) > 3 AND word ~ '^[ء-ي]+$' ORDER BY ndoc DESC, word"
    ).fetchall()
    title = one("SELECT title FROM extraction WHERE is_current AND title ~ ' ' ORDER BY id LIMIT 1")
    return Found(
        person=person,
        rare_person=one(named, "PERSON", 2000)
        if one("SELECT count(*) FROM report.entity_total WHERE kind = 'PERSON'") > 2000
        else person,
        latin="Mathieu Vanderlin",
        place=place,
        first_day=str(month),
        last_day=str(last),
        year=str(one("SELECT max(day) - 365 FROM report.source_volume")),
        word=words[0][0],
        rare_word=next((word for word, documents in reversed(words) if documents <= 2), words[-1][0]),
        phrase=" ".join(re.findall(r"\w+", title)[:2]),
        event=one("SELECT id FROM occurrence ORDER BY reports DESC, id LIMIT 1"),
    )


def cases(found: Found) -> Iterator[Case]:
    known = heavy()
    for name, statement in recipes().items():
        asked = (
            statement.replace("'الزاكوري'", _quoted(found.person))
            .replace("'الرباط'", _quoted(found.place))
            .replace("'2023-12-31'", _quoted(found.last_day))
            .replace("'2023-12-01'", _quoted(found.first_day))
            .replace("'2023-01-01'", _quoted(found.year))
            .replace("'2024-12-31'", _quoted(found.last_day))
            .replace("المباحثات الأمنية OR الشرطة", f"{found.rare_word} OR {found.word}".replace("'", ""))
        )
        yield Case(name, asked.strip().rstrip(";"), name in known)
    person, rare = _quoted(found.person), _quoted(found.rare_person)
    yield from (
        Case("search(a frequent word)", f"SELECT * FROM report.search({_quoted(found.word)})", False),
        Case("search(a rare word)", f"SELECT * FROM report.search({_quoted(found.rare_word)})", False),
        Case(
            "search(two words)",
            f"SELECT * FROM report.search({_quoted(f'{found.word} {found.rare_word}')})",
            False,
        ),
        Case(
            "search(a phrase)",
            "SELECT * FROM report.search({})".format(_quoted(f'"{found.phrase}"')),
            False,
        ),
        Case("search(prefix*)", f"SELECT * FROM report.search({_quoted(found.rare_word[:3] + '*')})", False),
        Case(
            "search(word, one month)",
            f"SELECT * FROM report.search({_quoted(found.word)}, 20, {_quoted(found.first_day)},"
            f" {_quoted(found.last_day)})",
            False,
        ),
        Case("entity(the most named)", f"SELECT * FROM report.entity({person})", False),
        Case(
            "entity(a part of the name)",
            f"SELECT * FROM report.entity({_quoted(found.person.split()[-1])})",
            False,
        ),
        Case("entity(Latin letters)", f"SELECT * FROM report.entity({_quoted(found.latin)})", False),
        Case("entity(nobody)", "SELECT * FROM report.entity('زخرفيل القنطفاوي')", False),
        Case("timeline(the most named)", f"SELECT * FROM report.timeline({person})", "timeline" in known),
        Case(
            "timeline(the most named, one month)",
            f"SELECT * FROM report.timeline({person}, {_quoted(found.first_day)}, {_quoted(found.last_day)})",
            False,
        ),
        Case("timeline(seldom named)", f"SELECT * FROM report.timeline({rare})", False),
        Case(
            "who_met(the most named, one month)",
            f"SELECT * FROM report.who_met({person}, {_quoted(found.first_day)}, {_quoted(found.last_day)})",
            False,
        ),
        Case("who_met(the most named)", f"SELECT * FROM report.who_met({person})", "who_met" in known),
        Case("who_met(seldom named)", f"SELECT * FROM report.who_met({rare})", False),
        Case("evidence(the most reported)", f"SELECT * FROM report.evidence({found.event})", False),
        Case("article(newest)", "SELECT * FROM report.article ORDER BY article_id DESC LIMIT 20", False),
        Case(
            "event(one month)",
            f"SELECT * FROM report.event WHERE date_from >= {_quoted(found.first_day)}"
            f" AND date_to <= {_quoted(found.last_day)} LIMIT 100",
            False,
        ),
        Case(
            "person(most named)",
            "SELECT * FROM report.person ORDER BY stories DESC LIMIT 20",
            False,
        ),
        Case("source_freshness", "SELECT * FROM report.source_freshness", False),
    )
    from db import search as questions

    values: dict[str, object] = {
        "since": found.first_day,
        "until": found.last_day,
        "types": ["CONSULT"],
        "place": found.place,
        "status": None,
        "confidence": 0.5,
        "limit": 20,
    }
    yield Case("rasd events --from --to --type --place", _filled(questions.EVENTS, values), False)
    yield Case(
        "rasd events --limit 20",
        _filled(questions.EVENTS, dict.fromkeys(values) | {"confidence": 0.5, "limit": 20}),
        False,
    )


def _filled(statement: str, values: dict[str, object]) -> str:
    """A statement with its :names filled in, as the driver would."""

    def literal(match: re.Match[str]) -> str:
        value = values[match[1]]
        if value is None:
            return "NULL"
        if isinstance(value, list):
            return "ARRAY[" + ", ".join(_quoted(str(one)) for one in value) + "]"
        return _quoted(value) if isinstance(value, str) else str(value)

    return re.sub(r"(?<!:):([a-z_]+)", literal, statement)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class Timed(NamedTuple):
    """Seconds warm (the middle of three) and cold (the first); rows; what went wrong."""

    name: str
    heavy: bool
    first: float
    warm: float
    rows: int
    fault: str | None

    @property
    def slow(self) -> bool:
        return self.fault is not None or self.warm > (HEAVY if self.heavy else QUICK)


def measure(connection: psycopg.Connection[Any], case: Case) -> Timed:
    seconds: list[float] = []
    rows = 0
    try:
        for _ in range(ROUNDS + 1):
            began = time.perf_counter()
            rows = len(connection.execute(case.statement.encode()).fetchall())
            seconds.append(time.perf_counter() - began)
    except psycopg.errors.QueryCanceled:
        return Timed(case.name, case.heavy, TIME_OUT / 1000, TIME_OUT / 1000, 0, "timed out")
    return Timed(case.name, case.heavy, seconds[0], statistics.median(seconds[1:]), rows, None)


def plan(connection: psycopg.Connection[Any], case: Case) -> str:
    explained = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS) {case.statement}".encode()).fetchall()
    return "\n".join(line for (line,) in explained)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url")
    parser.add_argument("--plans", type=Path, help="folder for the plans of what is too slow")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--only", help="regular expression of names")
    given = parser.parse_args()
    url = given.url.replace("postgresql+psycopg://", "postgresql://")
    results: list[Timed] = []
    with psycopg.connect(url, autocommit=True, row_factory=tuple_row) as connection:
        connection.execute(f"SET statement_timeout = {TIME_OUT}".encode())
        connection.execute("SET TIME ZONE 'UTC'")
        row = connection.execute("SELECT count(*) FROM article").fetchone()
        found = look(connection)
        print(f"{row[0] if row else 0:,} articles; {found}")
        print(f"{'':<42}{'first ms':>10}{'warm ms':>10}{'rows':>9}")
        for case in cases(found):
            if given.only and not re.search(given.only, case.name):
                continue
            timed = measure(connection, case)
            results.append(timed)
            remark = timed.fault or ("heavy" if timed.heavy else "")
            print(
                f"{timed.name:<42}{timed.first * 1000:>10.0f}{timed.warm * 1000:>10.1f}{timed.rows:>9,}"
                f" {'SLOW ' if timed.slow else ''}{remark}",
                flush=True,
            )
            if given.plans and timed.slow and timed.fault is None:
                given.plans.mkdir(parents=True, exist_ok=True)
                name = re.sub(r"\W+", "-", timed.name).strip("-")
                (given.plans / f"{name}.txt").write_text(plan(connection, case), encoding="utf-8")
    if given.json:
        given.json.write_text(json.dumps([r._asdict() for r in results], indent=1), encoding="utf-8")
    slow = [r.name for r in results if r.slow]
    print(
        f"{len(results) - len(slow)} of {len(results)} quick enough"
        + (f"; not: {', '.join(slow)}" if slow else "")
    )
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
