"""Recurring lines: counted as articles come, each article once; and what follows from the counts.

The counts are those of the current extractions and of nothing else, so they depend neither on the order of
the articles nor on how often a file was read.  What is in force for a run is what the counts say at its start
(``learned_lines``): a line that becomes boilerplate later applies to files that are read later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from db.queues import take
from db.session import Raw, copy_rows, ids, transaction

__all__ = [
    "LearnedLine",
    "SourceCount",
    "current_texts",
    "generation",
    "judge_line",
    "learned_lines",
    "lines_of",
    "name_spans",
    "new_generation",
    "recount_lines",
    "refresh_lines",
    "replace_suggestions",
    "source_counts",
]

STEP = 2_000  # articles a transaction
_LOCK = 0x4C494E45 << 32  # "LINE": advisory locks have one number space a database
NAMED = 5  # articles from which on a line's letters are kept

# From how many articles a line is boilerplate, and from which share of its source's articles.  A slug or an
# appeal stands at the edge and is no sentence.  What ends like a sentence, is as long as one, or stands among
# paragraphs or in the title's place, must come in so many articles that no news can be in it.
LEAST, SHARE = 20, 0.01
PROSE_LEAST, PROSE_SHARE = 50, 0.2
_IN_FORCE = r"""
    l.line IS NOT NULL AND l.judgement IS DISTINCT FROM 'forgotten' AND (
        l.judgement = 'pinned'
        OR (
            l.articles >= %(least)s AND l.articles >= %(share)s * s.articles AND l.edges >= 0.8 * l.articles
            AND length(l.line) <= 80 AND l.line !~ '[.!?:,;]["'')]*$'
        )
        OR (l.articles >= %(prose_least)s AND l.articles >= %(prose_share)s * s.articles)
    )
"""
_LIMITS = {"least": LEAST, "share": SHARE, "prose_least": PROSE_LEAST, "prose_share": PROSE_SHARE}


@dataclass(frozen=True, slots=True)
class LearnedLine:
    """A recurring line of a source.  ``example`` is the URI of a file that has it."""

    line: str
    articles: int
    in_force: bool
    judgement: str | None  # pinned | forgotten
    example: str | None


@dataclass(frozen=True, slots=True)
class SourceCount:
    """What the database holds of a source."""

    source: str
    articles: int
    first_day: str | None  # earliest and latest publication, ISO
    last_day: str | None
    dated: int  # articles whose day of publication is known
    titled: int
    learned: int  # lines in force


# ------------------------------------------------------------------------------------------ counting


def refresh_lines(connection: Connection) -> dict[str, int]:
    """Bring recurring_line in line with the articles queued since the last time.

    The cost follows what is new.  Idempotent; the result does not depend on the order of the articles; where
    several run at once, they take turns.  Returns articles counted and lines touched.
    """
    total = {"lines_of_articles": 0, "recurring_line": 0}
    while True:
        with transaction(connection) as raw:
            articles, lines = _step(raw)
        if not articles:
            return total
        total["lines_of_articles"] += articles
        total["recurring_line"] += lines


def recount_lines(connection: Connection) -> dict[str, int]:
    """Forget all counts, keep what people said, and count every article again."""
    with transaction(connection) as raw:
        raw.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        raw.execute("DELETE FROM recurring_line WHERE judgement IS NULL")
        raw.execute("UPDATE recurring_line SET articles = 0, edges = 0, example_article_id = NULL")
        raw.execute("DELETE FROM reading_source")
        raw.execute("DELETE FROM counted_lines")
        raw.execute("INSERT INTO line_queue (article_id) SELECT id FROM article ORDER BY id")
    return refresh_lines(connection)


def _step(raw: Raw) -> tuple[int, int]:
    # two at the same lines would wait for each other in a circle
    raw.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    batch = take(raw, "line_queue", "article_id", STEP)
    if not batch:
        return 0, 0
    changes = raw.execute(
        """
        SELECT a.id, old.extraction_id, new.id
        FROM unnest(%s::bigint[]) AS a (id)
        LEFT JOIN counted_lines AS old ON old.article_id = a.id
        LEFT JOIN extraction AS new ON new.article_id = a.id AND new.is_current
        WHERE old.extraction_id IS DISTINCT FROM new.id
        """,
        [batch],
    ).fetchall()
    gone = [old for _, old, _ in changes if old is not None]
    come = [new for _, _, new in changes if new is not None]
    raw.execute("DELETE FROM counted_lines WHERE article_id = ANY(%s)", [[a for a, _, _ in changes]])
    raw.execute("INSERT INTO counted_lines SELECT article_id, id FROM extraction WHERE id = ANY(%s)", [come])
    raw.execute(
        "UPDATE reading_source AS s SET articles = s.articles - x.articles FROM ("
        " SELECT source, count(*)::int AS articles FROM extraction WHERE id = ANY(%s) GROUP BY source"
        ") AS x WHERE x.source = s.source",
        [gone],
    )
    raw.execute(
        "INSERT INTO reading_source AS s (source, articles)"
        " SELECT source, count(*)::int FROM extraction WHERE id = ANY(%s) AND source IS NOT NULL"
        " GROUP BY source"
        " ON CONFLICT (source) DO UPDATE SET articles = s.articles + excluded.articles",
        [come],
    )
    lines = raw.execute(
        f"{_SEEN} UPDATE recurring_line AS r"
        " SET articles = r.articles - seen.articles, edges = r.edges - seen.edges FROM seen"
        " WHERE r.source = seen.source AND r.digest = seen.digest".encode(),
        {"extractions": gone},
    ).rowcount
    if gone:
        raw.execute("DELETE FROM recurring_line WHERE articles = 0 AND judgement IS NULL")
    written = lines + _add(raw, come)
    if gone:
        _other_examples(raw, gone)
    return len(batch), written


def _other_examples(raw: Raw, gone: Sequence[int]) -> None:
    """Find another article for lines whose example had them in one of these extractions and has no longer.

    An example is the article of the least content, so that the order in which articles came has no say.
    """
    raw.execute(
        """
        WITH bare AS (
            SELECT r.source, r.digest
            FROM extraction AS o
            JOIN short_line AS s ON s.extraction_id = o.id
            JOIN recurring_line AS r ON r.source = o.source AND r.digest = md5(s.folded)::uuid
                AND r.example_article_id = o.article_id
            WHERE o.id = ANY(%s) AND NOT EXISTS (
                SELECT FROM counted_lines AS c JOIN extraction AS n ON n.id = c.extraction_id
                JOIN short_line AS l ON l.extraction_id = n.id
                WHERE c.article_id = o.article_id AND n.source = r.source AND l.folded = s.folded
            )
        ), found AS (
            SELECT DISTINCT ON (e.source, l.digest) e.source, l.digest, e.article_id
            FROM (SELECT source, array_agg(DISTINCT digest) AS digests FROM bare GROUP BY source) AS q
            JOIN extraction AS e ON e.source = q.source AND e.is_current
            JOIN counted_lines AS c ON c.extraction_id = e.id
            JOIN article AS a ON a.id = e.article_id
            JOIN raw_file AS f ON f.id = a.raw_file_id
            CROSS JOIN LATERAL (
                SELECT md5(s.folded)::uuid AS digest FROM short_line AS s WHERE s.extraction_id = e.id
            ) AS l
            WHERE l.digest = ANY(q.digests)
            ORDER BY e.source, l.digest, f.sha256
        )
        UPDATE recurring_line AS r SET example_article_id = f.article_id
        FROM bare AS b LEFT JOIN found AS f USING (source, digest)
        WHERE r.source = b.source AND r.digest = b.digest
        """,
        [list(gone)],
    )


_SEEN = """
    WITH seen AS (
        SELECT e.source, md5(l.folded)::uuid AS digest, min(l.folded) AS line,
               count(*)::int AS articles, count(*) FILTER (WHERE l.edge)::int AS edges,
               (array_agg(e.article_id ORDER BY f.sha256))[1] AS article_id
        FROM short_line AS l JOIN extraction AS e ON e.id = l.extraction_id
        JOIN article AS a ON a.id = e.article_id JOIN raw_file AS f ON f.id = a.raw_file_id
        WHERE e.id = ANY(%(extractions)s::bigint[]) AND e.source IS NOT NULL
        GROUP BY e.source, l.folded
    )
"""


def _add(raw: Raw, extractions: Sequence[int]) -> int:
    """Count the short lines of extractions; how many lines that were."""
    return raw.execute(
        f"""
        {_SEEN}
        INSERT INTO recurring_line AS r (source, digest, line, articles, edges, example_article_id)
        SELECT source, digest, CASE WHEN articles >= %(named)s THEN line END, articles, edges, article_id
        FROM seen
        ON CONFLICT (source, digest) DO UPDATE SET
            articles = r.articles + excluded.articles,
            edges = r.edges + excluded.edges,
            line = coalesce(r.line, CASE WHEN r.articles + excluded.articles >= %(named)s THEN (
                SELECT seen.line FROM seen
                WHERE seen.source = excluded.source AND seen.digest = excluded.digest
            ) END),
            last_seen_at = now(),
            example_article_id = (
                SELECT a.id FROM article AS a JOIN raw_file AS f ON f.id = a.raw_file_id
                WHERE a.id IN (r.example_article_id, excluded.example_article_id)
                ORDER BY f.sha256 LIMIT 1
            )
        """.encode(),
        {"extractions": list(extractions), "named": NAMED},
    ).rowcount


# ------------------------------------------------------------------------------------------ what follows


def learned_lines(connection: Connection) -> dict[str, frozenset[str]]:
    """source -> folded lines that are boilerplate there, as the counts and people say now."""
    found: dict[str, set[str]] = {}
    with transaction(connection) as raw:
        rows = raw.execute(
            "SELECT l.source, l.line FROM recurring_line AS l LEFT JOIN reading_source AS s USING (source)"
            f" WHERE {_IN_FORCE}".encode(),
            _LIMITS,
        ).fetchall()
    for source, line in rows:
        found.setdefault(source, set()).add(line)
    return {source: frozenset(lines) for source, lines in found.items()}


def lines_of(connection: Connection, source: str, least: int = NAMED) -> list[LearnedLine]:
    """Recurring lines of a source: those in force, judged ones, and others of ``least`` articles or more."""
    with transaction(connection) as raw:
        rows: list[tuple[Any, ...]] = raw.execute(
            f"""
            SELECT l.line, l.articles, coalesce({_IN_FORCE}, false) AS in_force, l.judgement,
                   (
                       SELECT min(p.uri COLLATE "C") FROM article AS a
                       JOIN location AS p ON p.raw_file_id = a.raw_file_id
                       WHERE a.id = l.example_article_id
                   )
            FROM recurring_line AS l LEFT JOIN reading_source AS s USING (source)
            WHERE l.source = %(source)s AND l.line IS NOT NULL
                AND (l.articles >= %(lowest)s OR l.judgement IS NOT NULL)
            ORDER BY in_force DESC, l.articles DESC, l.line COLLATE "C"
            """.encode(),
            {**_LIMITS, "source": source, "lowest": least},
        ).fetchall()
    return [LearnedLine(*row) for row in rows]


def judge_line(connection: Connection, source: str, line: str, judgement: str | None) -> bool:
    """Pin or forget a folded line of a source, or (None) let the counts decide again.

    Returns whether anything changed.  A pinned or forgotten line need not have been seen yet.
    """
    with transaction(connection) as raw:
        if judgement is None:
            changed = raw.execute(
                "UPDATE recurring_line SET judgement = NULL, judged_at = NULL"
                " WHERE source = %s AND digest = md5(%s)::uuid AND judgement IS NOT NULL",
                [source, line],
            ).rowcount
            raw.execute(
                "DELETE FROM recurring_line WHERE source = %s AND digest = md5(%s)::uuid AND articles = 0"
                " AND judgement IS NULL",
                [source, line],
            )
            return changed > 0
        return (
            raw.execute(
                """
                INSERT INTO recurring_line AS r
                    (source, digest, line, articles, edges, judgement, judged_at)
                VALUES (%(source)s, md5(%(line)s)::uuid, %(line)s, 0, 0, %(judgement)s, now())
                ON CONFLICT (source, digest) DO UPDATE
                SET judgement = excluded.judgement, judged_at = excluded.judged_at, line = excluded.line
                WHERE r.judgement IS DISTINCT FROM excluded.judgement
                """,
                {"source": source, "line": line, "judgement": judgement},
            ).rowcount
            > 0
        )


def source_counts(connection: Connection) -> list[SourceCount]:
    """Every source that current extractions name, by articles."""
    with transaction(connection) as raw:
        rows: list[tuple[Any, ...]] = raw.execute(
            f"""
            SELECT e.source, count(*), min(e.published_first_day)::text, max(e.published_last_day)::text,
                   count(*) FILTER (WHERE e.published_precision = 'day'), count(e.title),
                   (
                       SELECT count(*) FROM recurring_line AS l LEFT JOIN reading_source AS s USING (source)
                       WHERE l.source = e.source AND {_IN_FORCE}
                   )
            FROM extraction AS e WHERE e.is_current AND e.source IS NOT NULL
            GROUP BY e.source ORDER BY count(*) DESC, e.source
            """.encode(),
            _LIMITS,
        ).fetchall()
    return [SourceCount(*row) for row in rows]


# ------------------------------------------------------------------------------------------ generations


def generation(connection: Connection) -> int:
    """How many times everything was asked to be read again with what was learned; part of the pipeline
    version."""
    with transaction(connection) as raw:
        row = raw.execute("SELECT coalesce(max(id), 0) FROM learned_generation").fetchone()
    assert row is not None
    return int(row[0])


def new_generation(connection: Connection) -> tuple[int, int]:
    """(its number, learned lines in force): from now on every file counts as not read yet."""
    lines = sum(map(len, learned_lines(connection).values()))
    with transaction(connection) as raw:
        row = raw.execute(
            "INSERT INTO learned_generation (lines) VALUES (%s) RETURNING id", [lines]
        ).fetchone()
    assert row is not None
    return int(row[0]), lines


# ------------------------------------------------------------------------------------------ spelling


def current_texts(connection: Connection) -> Iterator[list[tuple[int, str]]]:
    """(extraction, clean text) of the current Arabic extractions, some hundreds at a time, by id."""
    last = 0
    while True:
        with transaction(connection) as raw:
            rows = raw.execute(
                "SELECT id, text FROM extraction WHERE is_current AND language = 'ar' AND id > %s"
                " ORDER BY id LIMIT 500",
                [last],
            ).fetchall()
        if not rows:
            return
        yield [(row[0], row[1]) for row in rows]
        last = rows[-1][0]


def name_spans(connection: Connection, extractions: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    """extraction -> where names stand in its clean text."""
    found: dict[int, list[tuple[int, int]]] = {}
    with transaction(connection) as raw:
        rows = raw.execute(
            "SELECT extraction_id, clean_start, clean_end FROM mention WHERE extraction_id = ANY(%s)",
            [list(extractions)],
        ).fetchall()
    for extraction, start, end in rows:
        found.setdefault(extraction, []).append((start, end))
    return found


def replace_suggestions(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
    """Replace all suggestions; how many stand then.

    ``rows``: extraction, clean start, clean end, word, suggestion, confidence, edit, word_count,
    suggestion_count; those of extractions that are gone meanwhile are left out.
    """
    columns = (
        *("extraction_id", "clean_start", "clean_end", "word", "suggestion", "confidence", "edit"),
        *("word_count", "suggestion_count"),
    )
    types = ("int8", "int4", "int4", "text", "text", "float4", "text", "int4", "int4")
    with transaction(connection) as raw:
        raw.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK + 1])
        raw.execute("DELETE FROM spelling_suggestion")
        there = set(
            ids(
                raw.execute(
                    "SELECT id FROM extraction WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE",
                    [sorted({row[0] for row in rows})],
                ).fetchall()
            )
        )
        kept = [row for row in rows if row[0] in there]
        copy_rows(raw, "spelling_suggestion", columns, types, kept)
    return len(kept)
