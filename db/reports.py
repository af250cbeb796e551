"""What reports count, brought up to date at a cost that follows what is new.

Triggers queue what changed: an extraction whose names stand for something else now, a story whose articles
changed, an event whose reports changed.  A refresh takes the queue, writes the rows of ``report.appearance``
anew for these extractions, and adds the difference to everything that is a sum of them.  Readers see the
state before or after, never one in between.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection

from db.companions import refresh_companions
from db.queues import FIRST
from db.session import Raw, transaction
from db.statistics import analyze_grown

STEP = 200_000  # queued changes a transaction
_FIRST = FIRST.format(queue="report.refresh_queue")
ADVISORY_LOCK = 0x72617365  # one refresh at a time: sums are added to
_AGREEMENT = 0.75  # share of the articles that must mean the same place by a name
OFTEN = 10_000  # stories: from here on it is counted beforehand who is named beside somebody
_COUNTED = ("appearance", "mentions_by_day", "entity_total", "companion", "spelling", "participation")
_OTHERS = ("source_volume", "best_report", "place_vote", "place_decision")


def refresh_reports(connection: Connection, often: int = OFTEN) -> dict[str, int]:
    """Bring the tables of schema report up to date; changes read and rows written by table.

    Of what at least ``often`` stories name, ``report.companion`` keeps who is named beside it.

    Idempotent; several may run at once, one after the other does the work.
    """
    total: dict[str, int] = {}
    began = time.monotonic()
    while True:
        with transaction(connection) as raw:
            step = _step(raw, often)
            _add(total, step)
            if not step["report changes"]:
                _record(raw, "reports", time.monotonic() - began, total["report changes"])
                break
    if total["report changes"]:
        with transaction(connection) as raw:
            # else the server would count what was just written a second late
            raw.execute("SELECT pg_stat_force_next_flush()")
        analyze_grown(connection)
    return total


def rebuild_reports(connection: Connection, often: int = OFTEN) -> dict[str, int]:
    """Make the tables of schema report anew from everything; the result is that of all the refreshes before.

    One transaction: readers see the old rows until it is done.
    """
    total: dict[str, int] = {}
    began = time.monotonic()
    with transaction(connection) as raw:
        raw.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        for table in (*_COUNTED, *_OTHERS, "refresh_queue"):
            raw.execute(f"DELETE FROM report.{table}".encode())
        raw.execute(
            "INSERT INTO report.refresh_queue (extraction_id) SELECT id FROM extraction WHERE is_current"
        )
        raw.execute(
            "INSERT INTO report.refresh_queue (event_id) SELECT DISTINCT occurrence_id FROM occurrence_event"
        )
        while (step := _step(raw, often))["report changes"]:
            _add(total, step)
        _record(raw, "reports", time.monotonic() - began, total.get("report changes", 0))
    _analyze(connection)
    return total


def _add(total: dict[str, int], step: dict[str, int]) -> None:
    for name, rows in step.items():
        total[name] = total.get(name, 0) + rows


def _analyze(connection: Connection) -> None:
    """Without it the next question's plan would be made for empty tables; reads samples only."""
    with transaction(connection) as raw:
        for table in _COUNTED:
            raw.execute(f"ANALYZE report.{table}".encode())


@contextmanager
def noted(connection: Connection, what: str) -> Iterator[None]:
    """Write down for report.freshness when a step of the refresh was done, how long it took, what waited."""
    with transaction(connection) as raw:
        row = raw.execute("SELECT backlog FROM report.freshness WHERE what = %s", [what]).fetchone()
    began = time.monotonic()
    yield
    with transaction(connection) as raw:
        _record(raw, what, time.monotonic() - began, int(row[0]) if row else 0)


def _record(raw: Raw, what: str, seconds: float, changes: int) -> None:
    """A step that found nothing to do keeps the figures of the last one that did."""
    raw.execute(
        "INSERT INTO report.refreshed (what, at, seconds, changes) VALUES (%s, now(), %s, %s)"
        " ON CONFLICT (what) DO UPDATE SET at = excluded.at,"
        " seconds = CASE WHEN excluded.changes > 0 THEN excluded.seconds ELSE refreshed.seconds END,"
        " changes = CASE WHEN excluded.changes > 0 THEN excluded.changes ELSE refreshed.changes END",
        [what, seconds, changes],
    )


def _step(raw: Raw, often: int) -> dict[str, int]:
    raw.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
    changes = _take(raw)
    if not changes:
        return {"report changes": 0}
    counts = {"report changes": changes, **_appearances(raw, often)}
    counts["source_volume"] = _volumes(raw)
    counts["participation"] = _participations(raw)
    raw.execute("DROP TABLE changed_extraction, changed_event, old_appearance, new_appearance")
    return counts


def _take(raw: Raw) -> int:
    """Take changes off the queue into changed_extraction and changed_event; how many.

    Later statements see everything that was committed before this one, so no change that was taken is missed.
    """
    raw.execute(
        f"""
        CREATE TEMP TABLE taken ON COMMIT DROP AS
        WITH gone AS (
            DELETE FROM report.refresh_queue WHERE {_FIRST}
            RETURNING extraction_id, story_id, event_id
        )
        SELECT * FROM gone
        """.replace("%s", str(STEP)).encode()
    )
    row = raw.execute("SELECT count(*) FROM taken").fetchone()
    taken = int(row[0]) if row else 0
    if not taken:
        raw.execute("DROP TABLE taken")
        return 0
    # who is first in a story can change for all of its articles
    raw.execute(
        """
        CREATE TEMP TABLE changed_extraction ON COMMIT DROP AS
        WITH named AS (
            SELECT extraction_id, story_id FROM taken WHERE extraction_id IS NOT NULL
        ), stories AS (
            SELECT story_id FROM named WHERE story_id IS NOT NULL
            UNION
            SELECT s.story_id FROM named JOIN article_story AS s USING (extraction_id)
        )
        SELECT extraction_id FROM named
        UNION
        SELECT s.extraction_id FROM stories JOIN article_story AS s USING (story_id)
        """
    )
    raw.execute("ANALYZE changed_extraction")
    raw.execute(
        """
        CREATE TEMP TABLE changed_event ON COMMIT DROP AS
        SELECT event_id FROM taken WHERE event_id IS NOT NULL
        UNION
        SELECT o.occurrence_id FROM changed_extraction JOIN occurrence_event AS o USING (extraction_id)
        """
    )
    raw.execute("ANALYZE changed_event")
    raw.execute("DROP TABLE taken")
    return taken


def _appearances(raw: Raw, often: int) -> dict[str, int]:
    """Rewrite the appearances of changed extractions and add the difference to the sums over them."""
    raw.execute(
        """
        CREATE TEMP TABLE old_appearance ON COMMIT DROP AS
        WITH gone AS (
            DELETE FROM report.appearance
            WHERE extraction_id IN (SELECT extraction_id FROM changed_extraction) RETURNING *
        )
        SELECT * FROM gone
        """
    )
    raw.execute(
        """
        CREATE TEMP TABLE new_appearance ON COMMIT DROP AS
        WITH fresh AS (
            INSERT INTO report.appearance
                (extraction_id, entity_id, article_id, story_id, day, mentions, leads, names,
                 reference_place_id, country_code)
            SELECT
                x.extraction_id, x.entity_id, x.article_id, x.story_id, x.day, x.mentions,
                row_number() OVER (
                    PARTITION BY x.story_id, x.entity_id ORDER BY x.day NULLS LAST, x.article_id
                ) = 1,
                x.names, x.reference_place_id, x.country_code
            FROM (
                SELECT
                    e.id AS extraction_id, i.entity_id, e.article_id,
                    -- until its story is known, an article is one by itself
                    coalesce(s.story_id, -e.article_id) AS story_id,
                    e.published_first_day AS day,
                    sum(m.mentions)::integer AS mentions,
                    array_agg(DISTINCT n.name ORDER BY n.name) AS names,
                    min(p.reference_place_id COLLATE "C") AS reference_place_id,
                    min(p.country_code COLLATE "C") AS country_code
                FROM changed_extraction AS c
                JOIN extraction AS e ON e.id = c.extraction_id AND e.is_current
                JOIN article AS a ON a.id = e.article_id
                LEFT JOIN article_story AS s ON s.extraction_id = e.id
                JOIN identity AS i ON i.extraction_id = e.id
                JOIN article_entity AS n ON n.extraction_id = i.extraction_id AND n.n = i.n
                LEFT JOIN article_place AS p ON p.extraction_id = i.extraction_id AND p.n = i.n
                CROSS JOIN LATERAL (
                    SELECT count(*) AS mentions FROM mention AS m
                    WHERE m.extraction_id = i.extraction_id AND m.entity_n = i.n
                ) AS m
                WHERE EXISTS (SELECT FROM location AS l WHERE l.raw_file_id = a.raw_file_id)
                GROUP BY e.id, i.entity_id, s.story_id
            ) AS x
            RETURNING *
        )
        SELECT * FROM fresh
        """
    )
    raw.execute("ANALYZE old_appearance, new_appearance")
    raw.execute(
        """
        CREATE TEMP TABLE difference ON COMMIT DROP AS
        SELECT entity_id, day, sum(articles) AS articles, sum(stories) AS stories, sum(mentions) AS mentions
        FROM (
            SELECT entity_id, day, 1 AS articles, leads::integer AS stories, mentions FROM new_appearance
            UNION ALL
            SELECT entity_id, day, -1, -leads::integer, -mentions FROM old_appearance
        ) AS d
        GROUP BY entity_id, day
        HAVING sum(articles) <> 0 OR sum(stories) <> 0 OR sum(mentions) <> 0
        """
    )
    raw.execute("ANALYZE difference")
    days = raw.execute(
        """
        INSERT INTO report.mentions_by_day AS m (entity_id, day, articles, stories, mentions)
        SELECT entity_id, day, articles, stories, mentions FROM difference
        ON CONFLICT (entity_id, day) DO UPDATE SET
            articles = m.articles + excluded.articles, stories = m.stories + excluded.stories,
            mentions = m.mentions + excluded.mentions
        """
    ).rowcount
    raw.execute(
        "DELETE FROM report.mentions_by_day AS m USING difference AS d"
        " WHERE m.entity_id = d.entity_id AND m.day IS NOT DISTINCT FROM d.day AND m.articles = 0"
    )
    entities = raw.execute(
        """
        INSERT INTO report.entity_total AS t
            (entity_id, kind, articles, stories, mentions, first_published, last_published)
        SELECT
            d.entity_id, e.kind, d.articles, d.stories, d.mentions,
            (SELECT min(m.day) FROM report.mentions_by_day AS m WHERE m.entity_id = d.entity_id),
            (SELECT max(m.day) FROM report.mentions_by_day AS m WHERE m.entity_id = d.entity_id)
        FROM (
            SELECT entity_id, sum(articles) AS articles, sum(stories) AS stories, sum(mentions) AS mentions
            FROM difference GROUP BY entity_id
        ) AS d
        JOIN entity AS e ON e.id = d.entity_id
        ON CONFLICT (entity_id) DO UPDATE SET
            articles = t.articles + excluded.articles, stories = t.stories + excluded.stories,
            mentions = t.mentions + excluded.mentions,
            first_published = excluded.first_published, last_published = excluded.last_published
        """
    ).rowcount
    companions = refresh_companions(raw, often)
    raw.execute(
        "DELETE FROM report.entity_total"
        " WHERE articles = 0 AND entity_id IN (SELECT entity_id FROM difference)"
    )
    spellings = raw.execute(
        """
        INSERT INTO report.spelling AS s (entity_id, name, folded, key, skeleton, articles)
        SELECT
            d.entity_id, d.name, report.fold(d.name), report.name_key(d.name), report.skeleton(d.name),
            d.articles
        FROM (
            SELECT entity_id, left(name, 500) AS name, sum(articles) AS articles
            FROM (
                SELECT entity_id, unnest(names) AS name, 1 AS articles FROM new_appearance
                UNION ALL
                SELECT entity_id, unnest(names), -1 FROM old_appearance
            ) AS n
            GROUP BY 1, 2
            HAVING sum(articles) <> 0
        ) AS d
        ON CONFLICT (entity_id, name) DO UPDATE SET articles = s.articles + excluded.articles
        """
    ).rowcount
    raw.execute(
        "DELETE FROM report.spelling WHERE articles = 0"
        " AND entity_id IN (SELECT entity_id FROM old_appearance)"
    )
    _places(raw)
    row = raw.execute("SELECT count(*) FROM new_appearance").fetchone()
    raw.execute("DROP TABLE difference")
    return {
        "appearance": int(row[0]) if row else 0,
        "mentions_by_day": days,
        "entity_total": entities,
        "companion": companions,
        "spelling": spellings,
    }


def _places(raw: Raw) -> None:
    """What articles agree on about the places that the changed extractions name."""
    raw.execute(
        """
        CREATE TEMP TABLE changed_place ON COMMIT DROP AS
        SELECT entity_id, reference_place_id, country_code, sum(articles) AS articles
        FROM (
            SELECT entity_id, reference_place_id, country_code, 1 AS articles FROM new_appearance
            UNION ALL
            SELECT entity_id, reference_place_id, country_code, -1 FROM old_appearance
        ) AS v
        WHERE reference_place_id IS NOT NULL OR country_code IS NOT NULL
        GROUP BY entity_id, reference_place_id, country_code
        HAVING sum(articles) <> 0
        """
    )
    raw.execute(
        """
        INSERT INTO report.place_vote AS v (entity_id, reference_place_id, country_code, articles)
        SELECT entity_id, reference_place_id, country_code, articles FROM changed_place
        ON CONFLICT (entity_id, reference_place_id, country_code)
        DO UPDATE SET articles = v.articles + excluded.articles
        """
    )
    changed = "entity_id IN (SELECT entity_id FROM changed_place)"
    raw.execute(f"DELETE FROM report.place_vote WHERE articles = 0 AND {changed}".encode())
    raw.execute(f"DELETE FROM report.place_decision WHERE {changed}".encode())
    raw.execute(
        f"""
        INSERT INTO report.place_decision (entity_id, reference_place_id, country_code, agreement)
        SELECT DISTINCT ON (entity_id)
            entity_id,
            CASE WHEN articles >= {_AGREEMENT} * total THEN reference_place_id END,
            CASE WHEN in_country >= {_AGREEMENT} * total THEN country_code END,
            articles / total
        FROM (
            SELECT
                entity_id, reference_place_id, country_code, articles::real AS articles,
                sum(articles) OVER (PARTITION BY entity_id, country_code)::real AS in_country,
                sum(articles) OVER (PARTITION BY entity_id)::real AS total
            FROM report.place_vote WHERE {changed}
        ) AS v
        ORDER BY entity_id, articles DESC, reference_place_id COLLATE "C" NULLS LAST, country_code COLLATE "C"
        """.encode()
    )
    raw.execute("DROP TABLE changed_place")


def _volumes(raw: Raw) -> int:
    """Count the days of outlets anew on which a changed extraction was published; how many."""
    raw.execute(
        """
        CREATE TEMP TABLE changed_day ON COMMIT DROP AS
        SELECT DISTINCT e.source, e.published_first_day AS day
        FROM changed_extraction AS c JOIN extraction AS e ON e.id = c.extraction_id
        """
    )
    raw.execute("ANALYZE changed_day")
    # way by way: an index knows no IS NOT DISTINCT FROM
    rows = 0
    for source, day in (
        ("=", "= d.day"),
        ("=", "IS NULL AND d.day IS NULL"),
        (None, "= d.day"),
        (None, "IS NULL AND d.day IS NULL"),
    ):
        same = "{0}.source = d.source" if source else "{0}.source IS NULL AND d.source IS NULL"
        raw.execute(
            "DELETE FROM report.source_volume AS v USING changed_day AS d"
            f" WHERE {same.format('v')} AND v.day {day}".encode()
        )
        rows += raw.execute(
            f"""
            -- step by step: planned as a whole, a day with many articles is joined in loops over all pairs
            WITH chosen AS MATERIALIZED (
                SELECT
                    d.source, d.day, e.id, e.article_id, e.language, e.faults <> '[]' AS faulty, e.created_at
                FROM changed_day AS d
                JOIN extraction AS e ON {same.format("e")} AND e.published_first_day {day}
                    AND e.is_current
            ), listed AS MATERIALIZED (
                SELECT c.*, coalesce(s.kind, 'original') = 'original' AS original
                FROM chosen AS c
                JOIN article AS a ON a.id = c.article_id
                LEFT JOIN article_story AS s ON s.extraction_id = c.id
                WHERE EXISTS (SELECT FROM location AS l WHERE l.raw_file_id = a.raw_file_id)
            )
            INSERT INTO report.source_volume
                (source, day, articles, originals, other_languages, faulty, nameless, events, undated_events,
                 last_loaded)
            SELECT
                c.source, c.day, count(*), count(*) FILTER (WHERE c.original),
                count(*) FILTER (WHERE c.language <> 'ar'), count(*) FILTER (WHERE c.faulty),
                count(*) FILTER (WHERE c.language = 'ar' AND NOT n.named),
                coalesce(sum(v.events), 0), coalesce(sum(v.undated), 0), max(c.created_at)
            FROM listed AS c
            CROSS JOIN LATERAL (
                SELECT EXISTS (SELECT FROM article_entity AS a WHERE a.extraction_id = c.id) AS named
            ) AS n
            CROSS JOIN LATERAL (
                SELECT count(*) AS events, count(*) FILTER (WHERE date_n IS NULL) AS undated
                FROM event WHERE extraction_id = c.id
            ) AS v
            GROUP BY c.source, c.day
            """.encode()
        ).rowcount
    raw.execute("DROP TABLE changed_day")
    return rows


def _participations(raw: Raw) -> int:
    """Write the participants and the surest report of changed events anew; rows of participants."""
    for table in ("participation", "best_report"):
        raw.execute(
            f"DELETE FROM report.{table} WHERE event_id IN (SELECT event_id FROM changed_event)".encode()
        )
    raw.execute(
        """
        INSERT INTO report.best_report (event_id, extraction_id, event_n)
        SELECT DISTINCT ON (c.event_id) c.event_id, v.extraction_id, v.n
        FROM changed_event AS c
        JOIN occurrence_event AS o ON o.occurrence_id = c.event_id
        JOIN event AS v ON v.extraction_id = o.extraction_id AND v.n = o.event_n
        JOIN extraction AS e ON e.id = v.extraction_id
        ORDER BY c.event_id, v.confidence DESC, e.published_first_day NULLS LAST, e.article_id, v.n
        """
    )
    return raw.execute(
        """
        INSERT INTO report.participation (event_id, role, ordinal, entity_id, text, reports)
        SELECT
            event_id, role,
            row_number() OVER (
                PARTITION BY event_id, role ORDER BY reports DESC, first_ordinal, text COLLATE "C", entity_id
            ) - 1,
            entity_id, text, reports
        FROM (
            SELECT
                c.event_id, p.role, i.entity_id,
                -- those without a name meet in the letters of the search layer
                CASE WHEN i.entity_id IS NULL THEN report.fold(p.text) END AS folded,
                min(p.text COLLATE "C") AS text,
                count(DISTINCT p.extraction_id) AS reports,
                min(p.ordinal) AS first_ordinal
            FROM changed_event AS c
            JOIN occurrence_event AS o ON o.occurrence_id = c.event_id
            JOIN event_participant AS p ON p.extraction_id = o.extraction_id AND p.event_n = o.event_n
            LEFT JOIN identity AS i ON i.extraction_id = p.extraction_id AND i.n = p.entity_n
            GROUP BY c.event_id, p.role, i.entity_id, folded
        ) AS x
        """
    ).rowcount
