"""Rows into the database: one transaction a batch, idempotent, safe beside other loaders.

No loader waits for another in a circle, because all take their locks in one order: pipeline version, contents
by sha256, locations by uri, articles (new ones by sha256, then all by id), rejections by uri and stage.  What
belongs to an extraction hangs under a row that this transaction made, so it is copied straight to its table.

Which extraction of an article is current follows from what is in the tables, never from the order in which
files came: newest pipeline version, then the metadata of the first location (by code point) that holds the
bytes now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from db.rows import (
    ArticleRows,
    Batch,
    DateRow,
    EntityRow,
    EventRow,
    ExtractionRow,
    FileKey,
    MentionRow,
    OfficeRow,
    ParticipantRow,
    QuotationRow,
    RejectionRow,
    SentenceRow,
    ShortLineRow,
    TriggerRow,
)
from db.runs import ensure_pipeline, finish_run, pipeline_id, record_rejections, reject, resolve, start_run
from db.session import Raw, by_key, copy_rows, ids, transaction

__all__ = [
    "LoadCounts",
    "ensure_pipeline",
    "finish_run",
    "known",
    "load",
    "load_batch",
    "record_rejections",
    "start_run",
]


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """Rows that a batch added or changed."""

    raw_file: int = 0
    location: int = 0  # new ones
    location_version: int = 0  # first and later ones
    article: int = 0
    extraction: int = 0
    switched: int = 0  # extractions that became current or ceased to be, beside the new articles' ones
    sentence: int = 0
    article_entity: int = 0
    mention: int = 0
    office: int = 0
    date_expression: int = 0
    event: int = 0
    event_trigger: int = 0
    event_participant: int = 0
    quotation: int = 0
    short_line: int = 0
    rejection: int = 0  # new open ones
    resolved: int = 0  # rejections closed because the file could be loaded

    def __add__(self, other: LoadCounts) -> LoadCounts:
        return LoadCounts(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    def as_dict(self) -> dict[str, int]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


# Columns of the children of an extraction and their PostgreSQL types, in the order of the row tuples.
_TYPES = {
    "n": "int4", "entity_n": "int4", "kind": "text", "name": "text", "name_folded": "text", "key": "text",
    "clean_start": "int4", "clean_end": "int4", "raw_start": "int4", "raw_end": "int4", "surface": "text",
    "confidence": "float4", "method": "text", "person_n": "int4", "organization_n": "int4", "title": "text",
    "tenure": "text", "value_start": "text", "value_end": "text", "first_day": "date", "last_day": "date",
    "precision": "text", "calendar": "text", "basis": "text", "rule": "text", "candidates": "text[]",
    "conflict": "text", "type": "text", "mode": "text", "status": "text", "location_n": "int4",
    "date_n": "int4", "sentence_n": "int4", "attribution_clean_start": "int4",
    "attribution_clean_end": "int4", "attribution_raw_start": "int4", "attribution_raw_end": "int4",
    "event_n": "int4", "ordinal": "int4", "role": "text", "text": "text", "speaker_n": "int4",
    "speaker": "text", "direct": "bool", "verb_clean_start": "int4", "verb_clean_end": "int4",
    "verb_raw_start": "int4", "verb_raw_end": "int4", "folded": "text", "edge": "bool",
}  # fmt: skip

# table, row class, field of ArticleRows; parents before children
_CHILDREN: tuple[tuple[str, Any, str], ...] = (
    ("sentence", SentenceRow, "sentences"),
    ("article_entity", EntityRow, "entities"),
    ("mention", MentionRow, "mentions"),
    ("office", OfficeRow, "offices"),
    ("date_expression", DateRow, "dates"),
    ("event", EventRow, "events"),
    ("event_trigger", TriggerRow, "triggers"),
    ("event_participant", ParticipantRow, "participants"),
    ("quotation", QuotationRow, "quotations"),
    ("short_line", ShortLineRow, "short_lines"),
)

# Of the staged columns these are text on the way and something else in the table.
_CASTS = {"blocks": "jsonb", "boilerplate": "jsonb", "faults": "jsonb", "terms": "tsvector"}
_EXTRACTION_TYPES = {
    "alignment": "bytea", "encoding_confidence": "float4", "arabic_share": "float4", "seconds": "float4",
    "published_first_day": "date", "published_last_day": "date",
}  # fmt: skip

# No COLLATE on the URI: a comparison under another collation than that of location's index reads all of it.
_STAGES = (
    """CREATE TEMP TABLE stage_file (
        uri text, sha256 bytea, metadata_hash bytea, metadata text, modified_at timestamptz
    ) ON COMMIT DELETE ROWS""",
    "CREATE TEMP TABLE stage_article (i int4, sha256 bytea, metadata_hash bytea, size int8, data bytea, "
    + ", ".join(f"{name} {_EXTRACTION_TYPES.get(name, 'text')}" for name in ExtractionRow._fields)
    + ") ON COMMIT DELETE ROWS",
)


def _stage(raw: Raw) -> None:
    """Temporary tables, made once a session and emptied at each commit."""
    if raw.execute("SELECT to_regclass('pg_temp.stage_article')").fetchone() == (None,):
        for statement in _STAGES:
            raw.execute(statement.encode())
    else:
        # two batches in one transaction of the caller's
        raw.execute("TRUNCATE stage_file, stage_article")


# ------------------------------------------------------------------------------------- what is known


def known(
    connection: Connection, files: Sequence[FileKey], digest: bytes, *, stored: bool = False
) -> set[str]:
    """URIs of the files that need no extraction: these bytes with this metadata are loaded at this version.

    A known file under a new name, or one that took the place of other bytes, gets its location row here;
    where nothing changed nothing is written.  Open rejections of known files are closed.  Files that are
    ``stored`` come from the database itself: locations are not touched.
    """
    if not files:
        return set()
    unique = {file.uri: file for file in files}
    items = list(unique.values())
    with transaction(connection) as raw, by_key(raw):
        found = raw.execute(
            """
            SELECT s.uri,
                   (
                       SELECT true FROM location AS l
                       WHERE l.uri = s.uri
                           AND l.raw_file_id = e.raw_file_id AND l.metadata_hash = s.metadata_hash
                       LIMIT 1
                   ) IS TRUE AS settled,
                   (
                       SELECT true FROM rejection AS j WHERE j.uri = s.uri AND j.resolved_at IS NULL LIMIT 1
                   ) IS TRUE AS rejected
            FROM unnest(%s::text[], %s::bytea[], %s::bytea[]) AS s (uri, sha256, metadata_hash)
            CROSS JOIN LATERAL (
                SELECT r.id AS raw_file_id FROM raw_file AS r
                JOIN article AS a ON a.raw_file_id = r.id
                JOIN extraction AS x ON x.article_id = a.id AND x.metadata_hash = s.metadata_hash
                JOIN pipeline_version AS p ON p.id = x.pipeline_version_id AND p.digest = %s
                WHERE r.sha256 = s.sha256
                LIMIT 1
            ) AS e
            """,
            [
                [file.uri for file in items],
                [file.sha256 for file in items],
                [file.metadata_hash for file in items],
                digest,
            ],
        ).fetchall()
        moved = [] if stored else [unique[uri] for uri, settled, _ in found if not settled]
        if moved:
            _stage(raw)
            _stage_files(raw, moved)
            _, _, left = _locations(raw, None)
            contents = ids(raw.execute("SELECT id FROM raw_file JOIN stage_file USING (sha256)").fetchall())
            _queue(raw, sorted(_switch(raw, _lock_articles(raw, {*contents, *left}))))
        if any(rejected for _, _, rejected in found):
            resolve(raw, [uri for uri, _, rejected in found if rejected])
    return {uri for uri, _, _ in found}


# ------------------------------------------------------------------------------------- loading


def load_batch(connection: Connection, batch: Batch) -> LoadCounts:
    """Load a batch in one transaction (a savepoint inside a transaction of the caller's).

    Files that are there already change nothing.  Raises SQLAlchemy's DBAPIError subclasses; then nothing of
    the batch is in the database.
    """
    with transaction(connection) as raw, by_key(raw):
        # words wait in front of the search index and go in many at a time: one by one each would look up a
        # page of its own; a refresh takes in what is left (db.statistics)
        raw.execute("SET LOCAL gin_pending_list_limit = '32MB'")
        return _load(raw, batch)


def load(engine: Engine, batch: Batch) -> tuple[LoadCounts, tuple[RejectionRow, ...]]:
    """``load_batch`` on a connection of its own; an article that the database refuses becomes a rejection.

    The workers check what the constraints demand, so a refusal is a defect of ours; it must still not stop
    the articles beside it.  The batch is halved until the culprit stands alone.  Operational errors (server
    gone, deadlock, disk full) are raised.
    """
    try:
        with engine.connect() as connection:
            return load_batch(connection, batch), ()
    except (sa.exc.DataError, sa.exc.IntegrityError, sa.exc.ProgrammingError) as error:
        if not batch.articles:
            raise
        if len(batch.articles) == 1:
            article = batch.articles[0]
            refusal = RejectionRow(
                article.file.uri,
                "load",
                "refused",
                str(error.orig).strip().splitlines()[0],
                article.file.sha256,
                article.size,
            )
            with engine.connect() as connection:
                return load_batch(
                    connection, batch._replace(articles=(), rejections=(*batch.rejections, refusal))
                ), (refusal,)
        middle = len(batch.articles) // 2
        first, refused_first = load(engine, batch._replace(articles=batch.articles[:middle]))
        second, refused_second = load(engine, batch._replace(articles=batch.articles[middle:], rejections=()))
        return first + second, refused_first + refused_second


def _load(raw: Raw, batch: Batch) -> LoadCounts:
    counts = LoadCounts()
    if batch.articles:
        version = pipeline_id(raw, batch.pipeline)
        # the last word counts where a file came twice
        files = {article.file.uri: article.file for article in batch.articles}
        articles = list({(a.file.sha256, a.file.metadata_hash): a for a in batch.articles}.values())
        _stage(raw)
        # what was read from stored bytes may have been overtaken at its address in the meantime
        _stage_files(raw, () if batch.stored else files.values())
        _stage_articles(raw, articles)
        raw_files = raw.execute(
            """
            INSERT INTO raw_file (sha256, size, data)
            SELECT DISTINCT ON (sha256) sha256, size, data FROM stage_article ORDER BY sha256
            ON CONFLICT (sha256) DO NOTHING
            """
        ).rowcount
        new_places, versions, left = _locations(raw, batch.run_id)
        new_articles = raw.execute(
            """
            INSERT INTO article (raw_file_id)
            SELECT r.id FROM raw_file AS r
            WHERE r.sha256 IN (SELECT sha256 FROM stage_article) ORDER BY r.sha256
            ON CONFLICT (raw_file_id) DO NOTHING
            """
        ).rowcount
        contents = ids(
            raw.execute(
                "SELECT id FROM raw_file WHERE sha256 IN (SELECT sha256 FROM stage_article)"
            ).fetchall()
        )
        touched = _lock_articles(raw, {*contents, *left})
        fresh = _extractions(raw, version, batch.run_id, articles)
        switched = _switch(raw, touched)
        children = {table: _children(raw, table, kind, name, fresh) for table, kind, name in _CHILDREN}
        new = [i for i, _ in fresh]
        if new:
            raw.execute("INSERT INTO place_queue SELECT unnest(%s::bigint[]) ON CONFLICT DO NOTHING", [new])
        _queue(raw, sorted({*switched, *new}))
        counts = LoadCounts(
            raw_file=raw_files,
            location=new_places,
            location_version=versions,
            article=new_articles,
            extraction=len(fresh),
            switched=len(switched),
            **children,
        )
    resolved = resolve(raw, [article.file.uri for article in batch.articles])
    return replace(counts, resolved=resolved, rejection=reject(raw, batch.run_id, batch.rejections))


def _stage_files(raw: Raw, files: Iterable[FileKey]) -> None:
    copy_rows(
        raw,
        "stage_file",
        ("uri", "sha256", "metadata_hash", "metadata", "modified_at"),
        ("text", "bytea", "bytea", "text", "timestamptz"),
        files,
    )


def _stage_articles(raw: Raw, articles: Sequence[ArticleRows]) -> None:
    copy_rows(
        raw,
        "stage_article",
        ("i", "sha256", "metadata_hash", "size", "data", *ExtractionRow._fields),
        (
            *("int4", "bytea", "bytea", "int8", "bytea"),
            *(_EXTRACTION_TYPES.get(name, "text") for name in ExtractionRow._fields),
        ),
        (
            (i, a.file.sha256, a.file.metadata_hash, a.size, a.data, *a.extraction)
            for i, a in enumerate(articles)
        ),
    )


def _locations(raw: Raw, run_id: int | None) -> tuple[int, int, list[int]]:
    """Bring locations in line with stage_file.

    Returns new locations, new versions and the ids of the contents that a location held before.
    """
    new = raw.execute(
        """
        WITH fresh AS (
            INSERT INTO location (uri, raw_file_id, metadata_hash, version)
            SELECT s.uri, r.id, s.metadata_hash, 1
            FROM stage_file AS s JOIN raw_file AS r USING (sha256)
            ORDER BY s.uri COLLATE "C"
            ON CONFLICT (uri) DO NOTHING
            RETURNING id, uri, raw_file_id, metadata_hash
        )
        INSERT INTO location_version
            (location_id, ordinal, raw_file_id, metadata_hash, metadata, modified_at, run_id)
        SELECT f.id, 1, f.raw_file_id, f.metadata_hash, s.metadata::jsonb, s.modified_at, %s
        FROM fresh AS f JOIN stage_file AS s USING (uri)
        """,
        [run_id],
    ).rowcount
    # Waiting for the lock re-reads the row: what a parallel loader wrote in the meantime is seen.
    changed = raw.execute(
        """
        SELECT l.id, l.version + 1, r.id, s.metadata_hash, s.metadata, s.modified_at, l.raw_file_id
        FROM stage_file AS s
        JOIN raw_file AS r USING (sha256)
        JOIN location AS l USING (uri)
        WHERE (l.raw_file_id, l.metadata_hash) IS DISTINCT FROM (r.id, s.metadata_hash)
        ORDER BY s.uri COLLATE "C"
        FOR NO KEY UPDATE OF l
        """
    ).fetchall()
    if changed:
        with raw.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO location_version"
                " (location_id, ordinal, raw_file_id, metadata_hash, metadata, modified_at, run_id)"
                " VALUES (%s, %s, %s, %s, %s::jsonb, %s, %s)",
                [(*row[:6], run_id) for row in changed],
            )
            cursor.executemany(
                "UPDATE location SET version = %s, raw_file_id = %s, metadata_hash = %s WHERE id = %s",
                [(row[1], row[2], row[3], row[0]) for row in changed],
            )
    return new, new + len(changed), [row[6] for row in changed]


def _lock_articles(raw: Raw, contents: set[int]) -> list[int]:
    """Lock the articles of these contents, so that one loader at a time decides what is current."""
    return ids(
        raw.execute(
            "SELECT id FROM article WHERE raw_file_id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [sorted(contents)],
        ).fetchall()
    )


def _extractions(
    raw: Raw, version: int, run_id: int | None, articles: Sequence[ArticleRows]
) -> list[tuple[int, ArticleRows]]:
    """Insert the extractions that are not there; (id, rows) of those."""
    columns = ", ".join(ExtractionRow._fields)
    values = ", ".join(
        f"s.{name}::{_CASTS[name]}" if name in _CASTS else f"s.{name}" for name in ExtractionRow._fields
    )
    # An article without a current extraction gets it right away (most are new); _switch settles the rest.
    statement = f"""
        INSERT INTO extraction (article_id, pipeline_version_id, metadata_hash, run_id, is_current, {columns})
        SELECT a.id, %s, s.metadata_hash, %s,
               row_number() OVER (PARTITION BY a.id ORDER BY s.i) = 1
               AND NOT EXISTS (SELECT FROM extraction AS c WHERE c.article_id = a.id AND c.is_current),
               {values}
        FROM stage_article AS s
        JOIN raw_file AS r USING (sha256)
        JOIN article AS a ON a.raw_file_id = r.id
        WHERE NOT EXISTS (
            SELECT FROM extraction AS c
            WHERE c.article_id = a.id AND c.pipeline_version_id = %s AND c.metadata_hash = s.metadata_hash
        )
        ORDER BY a.id
        RETURNING id, article_id, metadata_hash
    """
    made = raw.execute(statement.encode(), [version, run_id, version]).fetchall()
    if not made:
        return []
    places: dict[bytes, int] = dict(
        raw.execute(
            "SELECT r.sha256, a.id FROM article AS a JOIN raw_file AS r ON r.id = a.raw_file_id"
            " WHERE a.id = ANY(%s)",
            [[row[1] for row in made]],
        ).fetchall()
    )
    by_place = {(places[a.file.sha256], a.file.metadata_hash): a for a in articles if a.file.sha256 in places}
    return [(i, by_place[article_id, metadata_hash]) for i, article_id, metadata_hash in made]


def _switch(raw: Raw, articles: Sequence[int]) -> set[int]:
    """Make the right extraction of each (locked) article the current one; those that came or ceased to be.

    The caller queues them (``_queue``): what is derived from an extraction comes and goes with it.
    """
    if not articles:
        return set()
    chosen = ids(
        raw.execute(
            """
            SELECT DISTINCT ON (e.article_id) e.id
            FROM extraction AS e
            JOIN article AS a ON a.id = e.article_id
            LEFT JOIN LATERAL (
                SELECT min(l.uri COLLATE "C") AS uri FROM location AS l
                WHERE l.raw_file_id = a.raw_file_id AND l.metadata_hash = e.metadata_hash
            ) AS l ON true
            WHERE e.article_id = ANY(%s)
            ORDER BY e.article_id, e.pipeline_version_id DESC, l.uri NULLS LAST, e.metadata_hash
            """,
            [articles],
        ).fetchall()
    )
    # two statements: the unique index on the current one is looked at row by row
    down = ids(
        raw.execute(
            "UPDATE extraction SET is_current = false"
            " WHERE article_id = ANY(%s) AND is_current AND id <> ALL(%s) RETURNING id",
            [articles, chosen],
        ).fetchall()
    )
    up = ids(
        raw.execute(
            "UPDATE extraction SET is_current = true WHERE id = ANY(%s) AND NOT is_current RETURNING id",
            [chosen],
        ).fetchall()
    )
    return {*down, *up}


def _queue(raw: Raw, extractions: Sequence[int]) -> None:
    """Have names and short lines counted of extractions that came, or came or ceased to be current."""
    if extractions:
        raw.execute("INSERT INTO entity_queue (extraction_id) SELECT unnest(%s::bigint[])", [extractions])
        raw.execute(
            "INSERT INTO line_queue (article_id) SELECT DISTINCT article_id FROM extraction"
            " WHERE id = ANY(%s) ORDER BY article_id",
            [extractions],
        )


def _children(raw: Raw, table: str, kind: Any, name: str, fresh: Sequence[tuple[int, ArticleRows]]) -> int:
    """COPY one kind of children of the new extractions; how many."""
    columns = kind._fields
    rows = [(i, *row) for i, article in fresh for row in getattr(article, name)]
    if rows:
        copy_rows(
            raw,
            table,
            ("extraction_id", *columns),
            ("int8", *(_TYPES[column] for column in columns)),
            rows,
        )
    return len(rows)
