"""Who is named beside what very many stories name: report.companion, at a cost that follows what is new.

For most names the view ``report.co_mention`` counts when it is asked: their articles are few.  What is named
in every fifth article would take seconds, so its pairs are counted as articles come.
"""

from __future__ import annotations

from db.session import Raw


def refresh_companions(raw: Raw, often: int) -> int:
    """Add the difference between old_appearance and new_appearance to the pairs that are kept; rows written.

    Both hold all articles of every story that changed, so stories are counted by the difference too.  To be
    called when ``report.entity_total`` is up to date and still has the rows of what nothing names any more.
    """
    written = _add_difference(raw)
    raw.execute(
        """
        WITH rare AS (
            UPDATE report.entity_total SET companions_kept = false
            WHERE companions_kept AND stories < %s AND entity_id IN (SELECT entity_id FROM difference)
            RETURNING entity_id
        )
        DELETE FROM report.companion WHERE entity_id IN (SELECT entity_id FROM rare)
        """,
        [often],
    )
    frequent = raw.execute(
        """
        UPDATE report.entity_total SET companions_kept = true
        WHERE NOT companions_kept AND stories >= %s AND entity_id IN (SELECT entity_id FROM difference)
        RETURNING entity_id
        """,
        [often],
    ).fetchall()
    for (entity,) in frequent:  # one by one: each has very many rows to sort
        written += raw.execute(
            """
            INSERT INTO report.companion
                (entity_id, other_id, stories, articles, first_published, last_published)
            SELECT a.entity_id, b.entity_id, count(DISTINCT a.story_id), count(*), min(a.day), max(a.day)
            FROM report.appearance AS a
            JOIN report.appearance AS b ON b.extraction_id = a.extraction_id AND b.entity_id <> a.entity_id
            WHERE a.entity_id = %s
            GROUP BY a.entity_id, b.entity_id
            """,
            [entity],
        ).rowcount
    return written


def _add_difference(raw: Raw) -> int:
    """Bring the pairs of changed articles up to date; rows written."""
    raw.execute(
        """
        CREATE TEMP TABLE pair_difference ON COMMIT DROP AS
        WITH kept AS MATERIALIZED (
            SELECT entity_id FROM report.entity_total
            WHERE companions_kept AND entity_id IN (
                SELECT entity_id FROM new_appearance UNION SELECT entity_id FROM old_appearance
            )
        ), pair AS (
            SELECT true AS is_new, a.entity_id, b.entity_id AS other_id, a.story_id, a.day
            FROM kept JOIN new_appearance AS a USING (entity_id)
            JOIN new_appearance AS b ON b.extraction_id = a.extraction_id AND b.entity_id <> a.entity_id
            UNION ALL
            SELECT false, a.entity_id, b.entity_id, a.story_id, a.day
            FROM kept JOIN old_appearance AS a USING (entity_id)
            JOIN old_appearance AS b ON b.extraction_id = a.extraction_id AND b.entity_id <> a.entity_id
        )
        SELECT * FROM (
            SELECT
                entity_id, other_id,
                count(*) FILTER (WHERE is_new) - count(*) FILTER (WHERE NOT is_new) AS articles,
                count(DISTINCT story_id) FILTER (WHERE is_new)
                    - count(DISTINCT story_id) FILTER (WHERE NOT is_new) AS stories,
                min(day) FILTER (WHERE is_new) AS first_day, max(day) FILTER (WHERE is_new) AS last_day,
                min(day) FILTER (WHERE NOT is_new) AS old_first_day,
                max(day) FILTER (WHERE NOT is_new) AS old_last_day
            FROM pair
            GROUP BY entity_id, other_id
        ) AS d
        WHERE (articles, stories) <> (0, 0)
            OR (first_day, last_day) IS DISTINCT FROM (old_first_day, old_last_day)
        """
    )
    raw.execute("ANALYZE pair_difference")
    written = raw.execute(
        """
        INSERT INTO report.companion AS c
            (entity_id, other_id, stories, articles, first_published, last_published)
        SELECT entity_id, other_id, stories, articles, first_day, last_day FROM pair_difference
        ON CONFLICT (entity_id, other_id) DO UPDATE SET
            stories = c.stories + excluded.stories, articles = c.articles + excluded.articles,
            first_published = least(c.first_published, excluded.first_published),
            last_published = greatest(c.last_published, excluded.last_published)
        """
    ).rowcount
    raw.execute(
        "DELETE FROM report.companion AS c USING pair_difference AS d"
        " WHERE c.entity_id = d.entity_id AND c.other_id = d.other_id AND c.articles = 0"
    )
    # where the first or the last article named them and no longer does, all are asked again
    raw.execute(
        """
        WITH outdated AS MATERIALIZED (
            SELECT c.entity_id, c.other_id
            FROM pair_difference AS d JOIN report.companion AS c USING (entity_id, other_id)
            WHERE (d.old_first_day <= c.first_published AND (d.first_day <= d.old_first_day) IS NOT TRUE)
                OR (d.old_last_day >= c.last_published AND (d.last_day >= d.old_last_day) IS NOT TRUE)
        ), days AS (
            SELECT o.entity_id, o.other_id, min(a.day) AS first_day, max(a.day) AS last_day
            FROM outdated AS o
            JOIN report.appearance AS b ON b.entity_id = o.other_id
            JOIN report.appearance AS a ON a.extraction_id = b.extraction_id AND a.entity_id = o.entity_id
            GROUP BY o.entity_id, o.other_id
        )
        UPDATE report.companion AS c SET first_published = d.first_day, last_published = d.last_day
        FROM days AS d WHERE c.entity_id = d.entity_id AND c.other_id = d.other_id
        """
    )
    raw.execute("DROP TABLE pair_difference")
    return written
