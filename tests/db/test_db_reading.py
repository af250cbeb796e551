"""Recurring lines: counted once an article, in whatever order they come; what people say wins."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.load import load_batch
from db.models import Base
from db.reading import (
    generation,
    judge_line,
    learned_lines,
    lines_of,
    new_generation,
    recount_lines,
    refresh_lines,
    source_counts,
)
from flows.clean.normalize import fold
from flows.read.document import read_document
from flows.records import Metadata, RawFile
from tests.db.articles import NEWER, batch, raw_file, text

APPEAL = "حملوا تطبيق جريدة المرفأ على هواتفكم"
HEADING = "كيف جرى اللقاء خطوة خطوة؟"
OUTLET = "المرفأ"


def article(n: int, tail: str = APPEAL, source: str | None = OUTLET) -> RawFile:
    """An article with a line behind its last paragraph."""
    return raw_file(f"{text(n)}\n{tail}", f"/news/{n}.txt", Metadata(source=source))


def put(engine: Engine, raws: Sequence[RawFile], refresh: bool = True, **options: object) -> None:
    with engine.connect() as connection:
        load_batch(connection, batch(raws, **options))  # type: ignore[arg-type]
        if refresh:
            refresh_lines(connection)


def counts(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [
            tuple(row)
            for row in connection.execute(
                sa.text(
                    "SELECT source, line, articles, edges, judgement FROM recurring_line"
                    " ORDER BY source, digest"
                )
            )
        ]


def learned(engine: Engine) -> dict[str, frozenset[str]]:
    with engine.connect() as connection:
        return learned_lines(connection)


def test_a_line_of_many_articles_becomes_boilerplate(database: Engine) -> None:
    put(database, [article(n) for n in range(19)])
    assert learned(database) == {}
    put(database, [article(19)])
    lines = learned(database)
    assert lines == {OUTLET: frozenset({fold(APPEAL)})}
    read = read_document(article(20), learned=lines)
    assert isinstance(read, tuple)
    assert APPEAL not in read[1].text.text and text(20).splitlines()[-1] in read[1].text.text
    a, b = read[1].boilerplate[-1]
    assert read[0].text[a:b] == APPEAL
    other = read_document(article(20, source="منبر آخر"), learned=lines)
    assert isinstance(other, tuple) and APPEAL in other[1].text.text


def test_what_is_removed_still_counts(database: Engine) -> None:
    """Otherwise the counts would depend on when the line was learned."""
    read = read_document(article(1), learned={OUTLET: frozenset({fold(APPEAL)})})
    plain = read_document(article(1))
    assert isinstance(read, tuple) and isinstance(plain, tuple)
    assert read[1].short_lines == plain[1].short_lines and read[1].text.text != plain[1].text.text


def test_news_is_not_learned(database: Engine) -> None:
    """A heading among paragraphs, a sentence, a title and a place recur, too."""
    lines = ["وقال الناطق إن العمل مستمر.", HEADING, "مكناس"]
    put(database, [article(n, lines[n % 3]) for n in range(90)])
    daily = [
        raw_file(f"أسعار السمك في أسواق الجملة\n\n{text(n)}", f"/fish/{n}.txt", Metadata(source=OUTLET))
        for n in range(100, 125)
    ]
    put(database, daily)
    found = learned(database).get(OUTLET, frozenset())
    assert fold("أسعار السمك في أسواق الجملة") not in found
    assert "مكناس" not in found


def test_the_order_does_not_matter(database: Engine) -> None:
    raws = [article(n, APPEAL if n % 3 else HEADING, OUTLET if n % 2 else "آخر") for n in range(60)]
    put(database, raws)
    first = counts(database)
    with database.connect() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
        connection.commit()
    random.Random(4).shuffle(raws)
    for i in range(0, 60, 7):
        put(database, raws[i : i + 7], refresh=i % 2 == 0)
    with database.connect() as connection:
        refresh_lines(connection)
    assert counts(database) == first


def test_each_article_counts_once(database: Engine) -> None:
    raws = [article(n) for n in range(6)]
    put(database, raws)
    first = counts(database)
    put(database, raws)  # known
    put(database, raws, pipeline=NEWER)  # read again by a newer version
    put(database, [replace(raw, uri=f"/copy{raw.uri}") for raw in raws])  # the same bytes elsewhere
    assert counts(database) == first
    with database.connect() as connection:
        assert refresh_lines(connection) == {"lines_of_articles": 0, "recurring_line": 0}
        assert connection.scalar(sa.text("SELECT articles FROM reading_source")) == 6


def test_an_article_that_changes_its_source_is_counted_anew(database: Engine) -> None:
    raws = [article(n) for n in range(6)]
    put(database, raws)
    moved = [replace(raw, metadata=Metadata(source="آخر")) for raw in raws]
    put(database, moved, pipeline=NEWER)
    assert {row[0] for row in counts(database)} == {"آخر"}
    with database.connect() as connection:
        found = dict(connection.execute(sa.text("SELECT source, articles FROM reading_source")).all())
    assert found == {OUTLET: 0, "آخر": 6}


def test_people_have_the_last_word(database: Engine) -> None:
    put(database, [article(n) for n in range(25)])
    with database.connect() as connection:
        assert judge_line(connection, OUTLET, fold(APPEAL), "forgotten")
        assert not judge_line(connection, OUTLET, fold(APPEAL), "forgotten")
        assert learned_lines(connection) == {}
        assert judge_line(connection, OUTLET, "سطر لم يره احد", "pinned")
        assert learned_lines(connection) == {OUTLET: frozenset({"سطر لم يره احد"})}
        shown = lines_of(connection, OUTLET)
        assert [(line.line, line.judgement, line.in_force) for line in shown] == [
            ("سطر لم يره احد", "pinned", True),
            (fold(APPEAL), "forgotten", False),
        ]
        assert str(shown[1].example).startswith("/news/") and shown[1].articles == 25
        recount_lines(connection)
        assert lines_of(connection, OUTLET) == shown
        assert judge_line(connection, OUTLET, fold(APPEAL), None)
        assert judge_line(connection, OUTLET, "سطر لم يره احد", None)
        assert learned_lines(connection) == {OUTLET: frozenset({fold(APPEAL)})}


def test_counting_again_changes_nothing(database: Engine) -> None:
    put(database, [article(n, APPEAL if n % 2 else HEADING) for n in range(12)])
    first = counts(database)
    with database.connect() as connection:
        assert recount_lines(connection)["lines_of_articles"] == 12
    assert counts(database) == first


def test_generations_and_counts_of_sources(database: Engine) -> None:
    put(database, [article(n) for n in range(21)] + [article(99, source=None)])
    with database.connect() as connection:
        assert generation(connection) == 0
        number, lines = new_generation(connection)
        assert (generation(connection), lines) == (number, 1)
        (count,) = source_counts(connection)
    assert (count.source, count.articles, count.titled, count.dated, count.learned) == (OUTLET, 21, 21, 21, 1)
    assert (count.first_day, count.last_day) == ("2024-01-15", "2024-01-15")


def test_the_digest_is_that_of_the_line(database: Engine) -> None:
    import hashlib

    put(database, [article(1)])
    with database.connect() as connection:
        found = set(connection.scalars(sa.text("SELECT digest FROM recurring_line")))
    assert uuid.UUID(hashlib.md5(fold(APPEAL).encode()).hexdigest()) in found


@pytest.mark.parametrize("which", [["short_line", "folded"], ["recurring_line", "line"]])
def test_letters_are_kept_only_of_lines_that_recur(database: Engine, which: list[str]) -> None:
    table, column = which
    put(database, [article(n) for n in range(3)])
    with database.connect() as connection:
        kept = connection.scalar(sa.text(f"SELECT count({column}) FROM {table}"))
    assert (kept > 0) == (table == "short_line")
