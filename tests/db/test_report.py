"""What people ask: search, names, meetings, evidence, counts; and what an analyst may not do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db import embedded
from db import engine as engines
from db.load import load_batch
from db.occurrences import refresh_occurrences
from db.reports import OFTEN, rebuild_reports, refresh_reports
from db.stories import refresh_stories
from flows.across import REPORTS, TEXTS
from flows.identities import refresh_entities
from flows.records import Metadata
from flows.runs import refresh as refresh_all
from migrations import sql
from tests.db.articles import batch, many, raw_file, text
from tests.db.servers import create_database, drop_database, plain

COUNTED = (
    "appearance", "mentions_by_day", "entity_total", "spelling", "source_volume", "participation",
    "best_report", "place_vote", "place_decision", "companion",
)  # fmt: skip
PARAGRAPHS = (
    "زيارة إلى فرنسا\n\nوصل الوفد إلى باريس، وفرنسا ترحب به، وعاد من باريس ليلا.",
    "رحلة لفرنسا\n\nسافر التلاميذ في رحلة لفرنسا وإسبانيا مع وزير التربية.",
    "مباحثات في الرباط\n\nجرت المباحثات الأمنية في الرباط وحضرها مجلس النواب.",
    "مباحثة قصيرة\n\nجرت مباحثات أمنيه قصيرة في المجلس يوم ٣٤ من العام الدراسي.",
    "كتاب عن الجنة\n\nصدر كتاب عن الجنة في ڤيينا وعاد النقاش إلى لجنة القراءة.",
)


def load(engine: Engine, raws: list[Any], often: int = OFTEN) -> None:
    with engine.connect() as connection:
        load_batch(connection, batch(raws))
    refresh(engine, often)


def refresh(engine: Engine, often: int = OFTEN) -> None:
    with engine.connect() as connection:
        refresh_entities(connection)
        refresh_stories(connection, TEXTS)
        refresh_occurrences(connection, REPORTS)
        refresh_reports(connection, often)


def rows(engine: Engine, statement: str, /, **values: object) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement), values)]


def one(engine: Engine, statement: str, /, **values: object) -> Any:
    ((value,),) = rows(engine, statement, **values)
    return value


def made(server: embedded.Server, template: str, raws: list[Any]) -> Iterator[Engine]:
    """A database with these files, for several tests that only read."""
    name = f"report_{os.urandom(4).hex()}"
    engine = engines.create_engine(create_database(server, name, template), poolclass=sa.NullPool)
    with engine.begin() as connection:
        # rights on a database are not copied from its template
        connection.execute(sa.text(sql.read("0007_grants.sql")))
    load(engine, raws)
    yield engine
    engine.dispose()
    drop_database(server, name)


@pytest.fixture(scope="module")
def texts(server: embedded.Server, template: str) -> Iterator[Engine]:
    yield from made(server, template, [raw_file(t, f"/t/{n}.txt") for n, t in enumerate(PARAGRAPHS)])


@pytest.fixture(scope="module")
def news(server: embedded.Server, template: str) -> Iterator[Engine]:
    yield from made(server, template, many(0, 30))


def found(engine: Engine, query: str) -> set[int]:
    answer = rows(
        engine,
        "SELECT a.uri FROM report.search(:query) AS s JOIN report.article AS a USING (article_id)",
        query=query,
    )
    return {int(uri.removeprefix("/t/").removesuffix(".txt")) for (uri,) in answer}


# ------------------------------------------------------------------------------------------ search


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("فرنسا", {0, 1}),
        ("وفرنسا", {0, 1}),
        ("لفرنسا", {0, 1}),
        ("المباحثات", {2, 3}),
        ("مباحثات", {2, 3}),
        ("مباحثة", {2, 3}),
        ("أمنية", {2, 3}),
        ("امنيه", {2, 3}),
        ("ڤيينا", {4}),
        ("فيينا", {4}),
        ("34", {3}),
        ("٣٤", {3}),
        ("إلى", {0, 4}),
        ("الي", {0, 4}),
        ("فرنسا باريس", {0}),
        ("فرنسا -باريس", {1}),
        ("باريس OR إسبانيا", {0, 1}),
        ("باريس أو إسبانيا", {0, 1}),
        ('"مجلس النواب"', {2}),
        ('"النواب مجلس"', set()),
        ('المباحثات -"مجلس النواب"', {3}),
        ("باري*", {0}),
        ("المباح*", {2, 3}),
        ("الرباط وحضرها", {2}),
        ("لجنة", {4}),
        ("غير موجود", set()),
    ],
)
def test_search(texts: Engine, query: str, wanted: set[int]) -> None:
    assert found(texts, query) == wanted


def test_what_was_typed_comes_first(texts: Engine) -> None:
    answer = rows(texts, "SELECT exact, rank FROM report.search('مباحثة')")
    assert [exact for exact, _ in answer] == sorted((exact for exact, _ in answer), reverse=True)


def test_marked_words_stand_where_the_spans_say(texts: Engine) -> None:
    for query in ("فرنسا", "المباحثات", "كتاب"):
        answer = rows(
            texts,
            "SELECT s.snippet, s.spans, a.text FROM report.search(:query) AS s"
            " JOIN report.article AS a USING (article_id)",
            query=query,
        )
        assert answer
        for snippet, spans, whole in answer:
            words = [whole[span.lower : span.upper] for span in spans]
            assert words
            assert all(len(word.split()) == 1 for word in words)
            assert any(f"<b>{word}</b>" in snippet for word in words)
            plain_text = snippet.replace("<b>", "").replace("</b>", "").strip("… ")
            assert plain_text in whole.replace("\n", " ")


@pytest.mark.parametrize("query", ["", "  ", "-فرنسا", '""', "؟!", "OR"])
def test_a_query_without_words_is_refused(texts: Engine, query: str) -> None:
    with pytest.raises(sa.exc.DataError, match="nothing to look for"):
        found(texts, query)


def test_no_query_breaks_out(texts: Engine) -> None:
    for query in (
        "فرنسا' OR '1'='1",
        "فرنسا \\ %s :x",
        "'; DROP SCHEMA report; --",
        '"',
        "a" * 5000,
        "فرنسا:*",
    ):
        try:
            found(texts, query)
        except sa.exc.DataError as error:
            assert "nothing to look for" in str(error)
    assert found(texts, "فرنسا") == {0, 1}


# ------------------------------------------------------------------------------------------ names, events


def test_any_spelling_leads_to_the_entity(news: Engine) -> None:
    name, entity = rows(
        news, "SELECT name, person_id FROM report.person WHERE name LIKE 'عبد اللطيف %' LIMIT 1"
    )[0]
    first, family = name.rsplit(" ", 1)
    assert first == "عبد اللطيف"
    for spelling in (
        name,
        f"عبداللطيف {family}",
        f"عبد اللطيف {family.removeprefix('ال')}",
        name.replace("ي", "ى"),
        f" {name} ",
    ):
        assert one(news, "SELECT report.entity_id(:name)", name=spelling) == entity, spelling


@pytest.mark.parametrize(
    ("arabic", "latin"),
    [
        ("عبد اللطيف حموشي", "Abdellatif Hammouchi"),
        ("إيمانويل ماكرون", "Emmanuel Macron"),
        ("نيكولا ليرنر", "Nicolas Lerner"),
        ("سيلين بيرتون", "Céline Berthon"),
        ("قيس سعيد", "Kais Saïed"),
        ("خالد الغنوشي", "Khaled Ghannouchi"),
    ],
)
def test_latin_spellings_lead_to_arabic_names(database: Engine, arabic: str, latin: str) -> None:
    with database.begin() as connection:
        connection.execute(
            sa.text(
                "WITH made AS (INSERT INTO entity (kind, key, name) VALUES ('PERSON', :name, :name)"
                " RETURNING id),"
                " counted AS (INSERT INTO report.entity_total SELECT id, 'PERSON', 1, 1, 1 FROM made)"
                " INSERT INTO report.spelling SELECT id, :name, report.fold(:name), report.name_key(:name),"
                " report.skeleton(:name), 1 FROM made"
            ),
            {"name": arabic},
        )
    assert rows(database, "SELECT name FROM report.entity(:name)", name=latin) == [(arabic,)]


def test_meetings_have_visitor_and_host(news: Engine) -> None:
    actors, recipients, event, article = rows(
        news,
        "SELECT actors, recipients, event_id, article_id FROM report.event WHERE type = 'CONSULT' LIMIT 1",
    )[0]
    (meeting,) = rows(
        news, "SELECT visitor, host, visitor_id FROM report.meeting WHERE event_id = :event", event=event
    )
    assert ([meeting[0]], [meeting[1]]) == (actors, recipients)
    met = rows(news, "SELECT other, entity_was, event_id FROM report.who_met(:entity)", entity=meeting[2])
    assert (meeting[1], "visitor", event) in met
    by_name = rows(news, "SELECT other, entity_was, event_id FROM report.who_met(:name)", name=meeting[0])
    assert by_name == met
    line = rows(
        news, "SELECT event_id, others FROM report.timeline(:entity) WHERE what = 'event'", entity=meeting[2]
    )
    assert (event, recipients) in line
    assert article


def test_evidence_is_in_the_file(news: Engine) -> None:
    events = rows(news, "SELECT event_id FROM report.event ORDER BY event_id LIMIT 10")
    assert events
    for (event,) in events:
        for sentence, trigger, letters, span, article in rows(
            news,
            "SELECT sentence, trigger, letters, bytes, article_id FROM report.evidence(:event)",
            event=event,
        ):
            assert f"<b>{trigger}</b>" in sentence
            data = one(
                news,
                "SELECT data FROM raw_file JOIN article ON raw_file_id = raw_file.id"
                " WHERE article.id = :article",
                article=article,
            )
            raw = data.decode()
            assert data[span.lower : span.upper].decode() == raw[letters.lower : letters.upper]
            assert trigger in data[span.lower : span.upper].decode()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1256"]
)
def test_bytes_of_letters_in_every_encoding(database: Engine, encoding: str) -> None:
    extra = "" if encoding == "cp1256" else " \U0001f600 عدد"
    content = text(7) + extra
    load(database, [raw_file(content.encode(encoding), "/e/1.txt", Metadata(source="test"))])
    extraction, named = rows(database, "SELECT id, encoding FROM extraction")[0]
    for surface, first, last in rows(database, "SELECT surface, raw_start, raw_end FROM mention"):
        span = one(database, "SELECT report.byte_range(:x, :a, :b)", x=extraction, a=first, b=last)
        data = content.encode(encoding)
        bare = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}.get(encoding, encoding)
        assert data[span.lower : span.upper].decode(bare) == surface, (encoding, named)


def test_invalid_bytes_count_one_letter_each(database: Engine) -> None:
    content = text(7).encode()
    at = content.index(b"\n")
    broken = content[:at] + b"\xff\xd8" + content[at:]
    load(database, [raw_file(broken, "/e/2.txt")])
    extraction = one(database, "SELECT id FROM extraction")
    mentions = rows(database, "SELECT surface, raw_start, raw_end FROM mention")
    assert mentions
    for surface, first, last in mentions:
        span = one(database, "SELECT report.byte_range(:x, :a, :b)", x=extraction, a=first, b=last)
        assert broken[span.lower : span.upper].decode() == surface


# ------------------------------------------------------------------------------------------ refresh


def state(engine: Engine) -> dict[str, list[str]]:
    """Rows of the counted tables as text, without ids of stories."""
    out = {}
    for table in COUNTED:
        listed = rows(engine, f"SELECT to_jsonb(t) - 'story_id' - 'last_loaded' FROM report.{table} AS t")
        out[table] = sorted(str(row) for row in listed)
    return out


def test_refreshing_step_by_step_gives_what_a_rebuild_gives(database: Engine) -> None:
    often = 2
    raws = many(0, 24)
    kept = []
    for start, end in ((0, 5), (5, 6), (6, 20), (20, 24)):
        load(database, raws[start:end], often)
        kept.append(one(database, "SELECT count(*) FROM report.entity_total WHERE companions_kept"))
        assert companions_are_right(database)
    assert 0 < kept[0] < kept[-1]
    # a copy elsewhere, and files that change in place: among them the first that named some
    load(
        database,
        [raw_file(text(3), "/copy/3.txt", Metadata(source="other")), raw_file(text(99), "/news/4.txt")],
        often,
    )
    load(database, [raw_file(text(100 + n), f"/news/{n}.txt") for n in (0, 1, 22, 23)], often)
    assert companions_are_right(database)
    stepwise = state(database)
    assert all(stepwise[table] for table in COUNTED if not table.startswith("place_")), stepwise.keys()
    with database.connect() as connection:
        assert refresh_reports(connection, often)["report changes"] == 0
        rebuild_reports(connection, often)
    assert state(database) == stepwise
    assert companions_are_right(database)
    # what is no longer named often is counted when somebody asks
    load(database, [raw_file(PARAGRAPHS[0], f"/news/{n}.txt") for n in range(24)], often)
    assert one(database, "SELECT count(*) FROM report.entity_total WHERE companions_kept") < kept[-1]
    assert companions_are_right(database)


def companions_are_right(engine: Engine) -> bool:
    """Whether report.co_mention says of all pairs what the articles say, whichever of them are kept."""
    asked = """
        SELECT a.entity_id, b.entity_id, count(DISTINCT a.story_id), count(*), min(a.day), max(a.day)
        FROM report.appearance AS a
        JOIN report.appearance AS b ON b.extraction_id = a.extraction_id AND b.entity_id <> a.entity_id
        GROUP BY 1, 2 ORDER BY 1, 2
    """
    counted = rows(engine, asked)
    return bool(counted) and counted == rows(engine, "SELECT * FROM report.co_mention ORDER BY 1, 2")


def test_counts_are_what_the_tables_say(news: Engine) -> None:
    assert one(news, "SELECT sum(mentions) FROM report.entity") == one(news, "SELECT count(*) FROM mention")
    assert (
        rows(
            news,
            "SELECT entity_id, count(*), count(DISTINCT story_id) FROM report.appearance GROUP BY 1"
            " EXCEPT SELECT entity_id, articles, stories FROM report.entity_total",
        )
        == []
    )
    assert (
        rows(
            news,
            "SELECT entity_id, sum(articles), sum(stories), sum(mentions)"
            " FROM report.mentions_by_day GROUP BY 1"
            " EXCEPT SELECT entity_id, articles, stories, mentions FROM report.entity_total",
        )
        == []
    )


def test_freshness_tells_what_waits(database: Engine) -> None:
    load(database, many(0, 3))
    assert {stale for (stale,) in rows(database, "SELECT stale FROM report.freshness")} == {False}
    with database.connect() as connection:
        load_batch(connection, batch(many(3, 2)))
    waiting = dict(rows(database, "SELECT what, stale FROM report.freshness"))
    assert waiting["entities"] and waiting["stories"]
    refresh_all(database)
    assert {stale for (stale,) in rows(database, "SELECT stale FROM report.freshness")} == {False}
    done = rows(database, "SELECT what, refreshed_at IS NOT NULL, changes FROM report.freshness")
    assert {what for what, _, _ in done} == {"entities", "stories", "events", "reports"}
    assert all(at and changes > 0 for _, at, changes in done), done


def test_every_view_answers(news: Engine) -> None:
    views = rows(
        news,
        "SELECT relname FROM pg_class WHERE relnamespace = 'report'::regnamespace AND relkind IN ('v', 'r')",
    )
    assert len(views) > 30
    for (view,) in views:
        rows(news, f'SELECT * FROM report."{view}" LIMIT 5')


# ------------------------------------------------------------------------------------------ roles


@pytest.fixture
def analyst(news: Engine) -> Iterator[psycopg.Connection[Any]]:
    """A session that can do what rasd_analyst can."""
    with psycopg.connect(
        plain(news.url.render_as_string(hide_password=False)), autocommit=True
    ) as connection:
        connection.execute("SET SESSION AUTHORIZATION rasd_analyst")
        yield connection


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM report.event",
        "SELECT * FROM report.article",
        "SELECT * FROM report.search('الرباط')",
        "SELECT * FROM report.entity('الرباط')",
        "SELECT * FROM report.timeline('الرباط')",
        "SELECT * FROM report.who_met('الرباط')",
        "SELECT e.* FROM report.event AS v, report.evidence(v.event_id) AS e",
        "SELECT * FROM report.freshness",
    ],
)
def test_an_analyst_reads_reports(analyst: psycopg.Connection[Any], question: str) -> None:
    assert analyst.execute(question.encode()).fetchall() or "who_met" in question or "timeline" in question


@pytest.mark.parametrize(
    "forbidden",
    [
        "SELECT * FROM public.raw_file",
        "SELECT * FROM public.extraction",
        "INSERT INTO report.refreshed VALUES ('x', now(), 0, 0)",
        "DELETE FROM report.appearance",
        "UPDATE report.event SET type = 'AID'",
        "TRUNCATE report.appearance",
        "CREATE TABLE report.mine (x int)",
        "CREATE TABLE public.mine (x int)",
        "CREATE TEMP TABLE mine (x int)",
        "CREATE SCHEMA mine",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT lo_create(0)",
        "SELECT nextval('public.run_id_seq')",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_switch_wal()",
        "COPY report.refreshed TO PROGRAM 'true'",
        "ALTER ROLE rasd_analyst CREATEDB",
    ],
)
def test_an_analyst_changes_nothing(analyst: psycopg.Connection[Any], news: Engine, forbidden: str) -> None:
    # also where the analyst takes back what the role has as its default
    analyst.execute("SET default_transaction_read_only = off")
    with pytest.raises(psycopg.Error):
        analyst.execute(forbidden.encode())
    assert one(news, "SELECT count(*) FROM report.appearance") > 0


def test_the_roles_have_limits(news: Engine) -> None:
    settings = dict(
        rows(
            news,
            "SELECT split_part(x, '=', 1), split_part(x, '=', 2) FROM pg_db_role_setting"
            " JOIN pg_roles ON pg_roles.oid = setrole, unnest(setconfig) AS x WHERE rolname = 'rasd_analyst'",
        )
    )
    assert settings["statement_timeout"] == "30s"
    assert settings["default_transaction_read_only"] == "on"
    assert rows(
        news,
        "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname LIKE 'rasd\\_%'"
        " AND rolname IN ('rasd_loader', 'rasd_analyst')",
    ) == [(False,), (False,)]


def test_a_loader_loads_and_changes_no_schema(database: Engine) -> None:
    engine = sa.create_engine(database.url, poolclass=sa.StaticPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("SET SESSION AUTHORIZATION rasd_loader")
        connection.commit()
    load(engine, many(0, 5))
    refresh(engine)
    with (
        engine.connect() as connection,
        pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"),
    ):
        connection.exec_driver_sql("DROP TABLE article CASCADE")
    engine.dispose()
    assert one(database, "SELECT count(*) FROM report.article") == 5
    assert one(database, "SELECT count(*) FROM report.entity") > 0


def test_a_server_that_gives_no_roles(empty_url: str, server: Any) -> None:
    """A managed server: the schema comes, the roles are left to an administrator, and the log says so."""
    with psycopg.connect(plain(server.url), autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS plain_owner")
        connection.execute("CREATE ROLE plain_owner LOGIN PASSWORD 'x'")
        name = sa.make_url(empty_url).database
        connection.execute(f'ALTER DATABASE "{name}" OWNER TO plain_owner'.encode())
    url = sa.make_url(empty_url).set(username="plain_owner", password="x")
    try:
        engines.upgrade(url.render_as_string(hide_password=False))
        assert engines.current_revision(empty_url) == engines.head_revision()
    finally:
        with psycopg.connect(plain(empty_url), autocommit=True) as connection:
            connection.execute("REASSIGN OWNED BY plain_owner TO CURRENT_USER")
            connection.execute("DROP OWNED BY plain_owner")
            connection.execute("DROP ROLE plain_owner")
