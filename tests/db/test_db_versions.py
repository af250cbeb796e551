"""Comparing versions, pruning old ones, and closing rejections; spans checked by the database itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from db.load import load_batch, record_rejections
from db.occurrences import refresh_occurrences
from db.reading import recount_lines, refresh_lines
from db.rejections import close, rejections, stored
from db.rows import Batch, RejectionRow
from db.stories import refresh_stories
from db.versions import diff, find_version, prunable, prune, versions
from flows.across import REPORTS, TEXTS
from flows.identities import rebuild_identities, refresh_entities
from flows.records import EventStatus, Extraction
from flows.rows import article_rows
from flows.runs import refresh
from tests.db.articles import NEWER, PIPELINE, batch, extract, many
from tests.db.snapshot import counts, differences, snapshot


def scalar(connection: Connection, question: str) -> object:
    return connection.execute(sa.text(question)).scalar_one()


def changed(extraction: Extraction) -> Extraction:
    """As a newer pipeline might see it: the meeting is planned, a name and the quotation are gone."""
    events = tuple(replace(event, status=EventStatus.PLANNED) for event in extraction.events)
    entities = extraction.entities
    last = len(entities) - 1
    cut = entities[last]
    kept = (*entities[:last], replace(cut, mentions=cut.mentions[:1])) if len(cut.mentions) > 1 else entities
    return replace(extraction, events=events, entities=kept, quotations=())


@pytest.fixture
def two_versions(database: Engine) -> Engine:
    with database.connect() as connection:
        load_batch(connection, batch(many(0, 6)))
        rows = tuple(article_rows(changed(extract(raw))) for raw in many(0, 5))
        load_batch(connection, Batch(NEWER, None, rows))
    return database


def test_versions_are_listed_and_found(two_versions: Engine) -> None:
    with two_versions.connect() as connection:
        listed = versions(connection)
        assert [(v.digest, v.extractions, v.current) for v in listed] == [
            (NEWER.digest.hex(), 5, 5),
            (PIPELINE.digest.hex(), 6, 1),
        ]
        assert find_version(connection, str(listed[0].id)) == listed[0].id
        assert find_version(connection, NEWER.digest.hex()[:6]) == listed[0].id
        with pytest.raises(LookupError, match="no pipeline version is called 999"):
            find_version(connection, "999")


def test_diff_counts_and_shows_what_changed(two_versions: Engine) -> None:
    with two_versions.connect() as connection:
        new, old = (v.id for v in versions(connection))
        found = {change.kind: change for change in diff(connection, old, new, examples=2)}
        back = {change.kind: change for change in diff(connection, new, old, examples=2)}
    event = found["event"]
    assert (event.added, event.removed, event.changed, event.same) == (0, 0, 5, 0)
    uri, was, now, sentence = event.examples["changed"][0]
    assert uri == "/news/0.txt"
    assert was is not None
    assert now is not None
    assert sentence is not None
    assert "occurred" in was
    assert now == was.replace("occurred", "planned")
    assert "استقبل" in sentence
    assert len(event.examples["changed"]) == 2
    quotation = found["quotation"]
    assert (quotation.added, quotation.removed, quotation.changed, quotation.same) == (0, 5, 0, 0)
    assert found["name"].removed > 0
    assert found["name"].same > 0
    assert (found["article"].same, found["article"].changed) == (5, 0), "only what both versions read"
    for kind, change in found.items():
        mirrored = back[kind]
        assert (change.added, change.removed, change.changed, change.same) == (
            mirrored.removed,
            mirrored.added,
            mirrored.changed,
            mirrored.same,
        )


def test_prune_leaves_what_is_current_and_what_people_decided(two_versions: Engine) -> None:
    refresh(two_versions)
    with two_versions.connect() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO judgement"
                " (kind, left_key, right_key, verdict, score, basis, decided_by, automatic)"
                " VALUES ('PERSON', 'a', 'b', 'same', 1, 'asked', 'somebody', false)"
            )
        )
        connection.commit()
    before = snapshot(two_versions)
    rows = counts(two_versions)
    with two_versions.connect() as connection:
        assert prunable(connection, 2, None).extractions == 0
        assert prunable(connection, 1, timedelta(days=1)).extractions == 0
        going = prunable(connection, 1, None)
        assert going.extractions == 5
        assert going.mentions > 0
        assert going.events == 5
        with pytest.raises(ValueError, match="policy"):
            prune(connection, None, None)
        assert prune(connection, 1, None) == 5
        assert prune(connection, 1, None) == 0
        assert scalar(connection, "SELECT count(*) FROM extraction WHERE is_current") == 6
        assert scalar(connection, "SELECT count(*) FROM extraction") == 6
    after = counts(two_versions)
    for table in ("judgement", "article", "raw_file", "location_version", "occurrence", "story", "identity"):
        assert after[table] == rows[table], table
    derived = ["article_story", "story", "occurrence", "occurrence_event", "judgement", "identity", "entity"]
    assert differences({t: before[t] for t in derived}, snapshot(two_versions, derived)) == []
    refresh(two_versions)
    assert differences({t: before[t] for t in derived}, snapshot(two_versions, derived)) == []


def test_prune_waits_until_the_derived_tables_have_moved_on(database: Engine) -> None:
    with database.connect() as connection:
        load_batch(connection, batch(many(0, 3)))
    refresh(database)
    with database.connect() as connection:
        load_batch(connection, batch(many(0, 3), NEWER))
        assert prune(connection, 1, None) == 0
    refresh(database)
    with database.connect() as connection:
        assert prune(connection, 1, None) == 3


def test_prune_waits_until_the_lines_were_counted_again(database: Engine) -> None:
    with database.connect() as connection:
        load_batch(connection, batch(many(0, 3)))
    refresh(database)
    with database.connect() as connection:
        load_batch(connection, batch(many(0, 3), NEWER))
        refresh_entities(connection)
        refresh_stories(connection, TEXTS)
        refresh_occurrences(connection, REPORTS)
        assert prune(connection, 1, None) == 0, "the counts of lines still speak of the old ones"
        refresh_lines(connection)
        assert prune(connection, 1, None) == 3
        assert scalar(connection, "SELECT count(*) FROM counted_lines") == 3


def test_a_switch_beside_a_refresh_is_not_lost(database: Engine) -> None:
    with database.connect() as connection:
        load_batch(connection, batch(many(0, 3)))
    with database.connect() as loader:
        with loader.begin():
            rows = tuple(article_rows(changed(extract(raw))) for raw in many(0, 3))
            load_batch(loader, Batch(NEWER, None, rows))
            refresh(database)  # finds the first extractions queued and current still
        refresh(database)
        for table in ("identity", "counted_lines", "article_story", "report.appearance"):
            stale = f"SELECT count(*) FROM {table} AS t JOIN extraction AS e ON e.id = t.extraction_id"
            assert scalar(loader, f"{stale} WHERE NOT e.is_current") == 0, table
            assert scalar(loader, f"{stale} WHERE e.is_current") != 0, table
    derived = ["identity", "entity_alias", "name_link", "recurring_line", "reading_source", "counted_lines"]
    beside = snapshot(database, derived)
    with database.connect() as connection:
        rebuild_identities(connection)
        recount_lines(connection)
    assert differences(snapshot(database, derived), beside) == []


# ------------------------------------------------------------------------------------- rejections


def refused(uri: str, stage: str = "read", cause: str = "empty", sha256: bytes | None = None) -> RejectionRow:
    return RejectionRow(uri, stage, cause, "in words", sha256, 0)


def test_rejections_by_filter_and_when_they_are_due(database: Engine) -> None:
    with database.connect() as connection:
        record_rejections(
            connection, None, [refused("/a/1.txt"), refused("/b/2.txt", "extract", "timed_out")]
        )
        assert {case.uri for case in rejections(connection)} == {"/a/1.txt", "/b/2.txt"}
        assert [case.uri for case in rejections(connection, stage="extract")] == ["/b/2.txt"]
        assert [case.uri for case in rejections(connection, cause="empty")] == ["/a/1.txt"]
        assert [case.uri for case in rejections(connection, source="/b/")] == ["/b/2.txt"]
        assert len(rejections(connection, limit=1)) == 1
        assert rejections(connection, due=True) == []
        waits = []
        for _ in range(14):
            case = rejections(connection, source="/a/")[0]
            waits.append((case.next_try - case.last_seen).total_seconds() / 60)
            record_rejections(connection, None, [refused("/a/1.txt")])
        assert [round(wait) for wait in waits[:5]] == [10, 20, 40, 80, 160]
        assert round(waits[-1]) == 7 * 24 * 60, "a week at most"
        connection.execute(sa.text("UPDATE rejection SET next_try_at = now() WHERE uri = '/a/1.txt'"))
        connection.commit()
        assert [case.uri for case in rejections(connection, due=True)] == ["/a/1.txt"]


def test_a_case_closed_by_hand_stays_closed_until_the_file_fails_again(database: Engine) -> None:
    with database.connect() as connection:
        record_rejections(connection, None, [refused("/a/1.txt")])
        (case,) = rejections(connection)
        assert close(connection, [case.id], "no news") == 1
        assert close(connection, [case.id], "again") == 0
        assert rejections(connection) == []
        assert [c.resolution for c in rejections(connection, closed=True)] == ["no news"]
        record_rejections(connection, None, [refused("/a/1.txt")])
        assert [c.attempts for c in rejections(connection)] == [1]
        assert len(rejections(connection, closed=True)) == 2


def test_stored_bytes_come_back_with_what_was_said_beside_them(database: Engine) -> None:
    (raw,) = many(0, 1)
    with database.connect() as connection:
        load_batch(connection, batch([raw]))
        found = stored(connection, bytes.fromhex(raw.sha256), raw.uri)
        assert found is not None
        assert bytes(found[0]) == raw.data
        assert found[1] == {"source": "test"}
        assert stored(connection, b"\0" * 32, raw.uri) is None


# ------------------------------------------------------------------------------------- wrong rows


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mention SET clean_end = 1000000 WHERE n = 0",
        "UPDATE sentence SET raw_end = 1000000 WHERE n = 0",
        "UPDATE event SET attribution_clean_start = 1, attribution_clean_end = 1000000",
        "UPDATE quotation SET verb_raw_end = 1000000",
        "INSERT INTO event_trigger SELECT extraction_id, event_n, 9, 5, 1000000, 5, 6, 'x'"
        " FROM event_trigger",
        "UPDATE extraction SET text = 'x'",
        "UPDATE date_expression SET last_day = first_day - 1",
        "INSERT INTO mention SELECT extraction_id + 100, n, entity_n, 0, 1, 0, 1, 'x', 1, 'x' FROM mention",
        "INSERT INTO story_pair VALUES (2, 1, 0.5)",
        "UPDATE story SET articles = 0",
        "UPDATE occurrence SET last_day = first_day - 1",
        "UPDATE occurrence SET stories = reports + 1",
        "UPDATE article_story SET story_id = 1000000",
        "UPDATE occurrence_event SET score = 'NaN'",
    ],
)
def test_wrong_rows_are_refused(database: Engine, statement: str) -> None:
    with database.connect() as connection:
        load_batch(connection, batch(many(0, 2)))
    refresh(database)
    with database.connect() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(sa.text(statement))


def test_a_batch_with_a_span_behind_its_text_is_refused_and_the_rest_is_loaded(database: Engine) -> None:
    from db.load import load

    good, bad = batch(many(0, 2)).articles
    wrong = bad._replace(mentions=(bad.mentions[0]._replace(clean_end=10**6), *bad.mentions[1:]))
    counted, refusals = load(database, Batch(PIPELINE, None, (good, wrong)))
    assert counted.extraction == 1
    assert [r.cause for r in refusals] == ["refused"]
    assert "behind the text" in refusals[0].message


def test_ids_are_never_reused(database: Engine) -> None:
    """All ids come from identity columns that nobody sets by hand and no delete winds back."""
    with database.connect() as connection:
        odd = connection.execute(
            sa.text(
                "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
                " AND column_name = 'id' AND data_type = 'bigint'"
                " AND (is_identity = 'NO' OR identity_generation <> 'ALWAYS' OR identity_cycle = 'YES')"
            )
        ).all()
        assert odd == []
        load_batch(connection, batch(many(0, 1)))
        first = scalar(connection, "SELECT max(id) FROM extraction")
        connection.execute(sa.text("DELETE FROM extraction"))
        connection.commit()
        load_batch(connection, batch(many(0, 1)))
        assert scalar(connection, "SELECT min(id) > :first FROM extraction".replace(":first", str(first)))
