"""Named things across articles, derived from the names of the articles; these are never rewritten."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from db.identity import Rules, block_columns, lock, regroup, update_edges
from db.names import Name, columns
from db.queues import take
from db.session import Raw, by_key, transaction
from db.statistics import analyze_added
from db.tenures import add_tenures, count_again

__all__ = ["rebuild_entities", "rebuild_queue", "refresh_entities"]

STEP = 2_000  # extractions a transaction
_LONGEST = 500  # letters of a spelling that is worth an alias; an index row has an end
_COUNTS = ("extractions", "entity", "entity_alias", "identity", "judgement")


def refresh_entities(connection: Connection, rules: Rules) -> dict[str, int]:
    """Bring entities, identities and tenures up to date with the extractions that came or went.

    The cost follows what is new.  Idempotent; the result does not depend on the order of the articles;
    several may run at once, one waits for the other.  Returns extractions read and rows added or changed.
    """
    total = dict.fromkeys(_COUNTS, 0)
    while True:
        with transaction(connection) as raw:
            lock(raw)
            with by_key(raw):
                step = _step(raw, rules)
        if step["extractions"] == 0:
            return total
        for name, rows in step.items():
            total[name] += rows


def rebuild_queue(connection: Connection) -> int:
    """Queue every extraction again; how many."""
    with transaction(connection) as raw:
        return _queue_all(raw)


def rebuild_entities(connection: Connection, rules: Rules) -> dict[str, int]:
    """Derive everything anew in one transaction; ids and people's judgements stay.

    Readers see the old state until it is done.
    """
    total = dict.fromkeys(_COUNTS, 0)
    with transaction(connection) as raw:
        lock(raw)
        for table in ("identity", "name_link", "name_block", "tenure"):
            raw.execute(f"DELETE FROM {table}".encode())
        raw.execute("DELETE FROM judgement WHERE automatic AND revoked_at IS NULL")
        raw.execute("UPDATE entity SET canonical_id = NULL WHERE canonical_id IS NOT NULL")
        raw.execute("UPDATE entity_alias SET articles = 0 WHERE articles > 0")
        _queue_all(raw)
        with by_key(raw):
            while (step := _step(raw, rules))["extractions"]:
                for name, rows in step.items():
                    total[name] += rows
    return total


def _queue_all(raw: Raw) -> int:
    return raw.execute(
        "INSERT INTO entity_queue (extraction_id) SELECT id FROM extraction ORDER BY id"
    ).rowcount


def _step(raw: Raw, rules: Rules) -> dict[str, int]:
    counts = dict.fromkeys(_COUNTS, 0)
    batch = take(raw, "entity_queue", "extraction_id", STEP)
    if not batch:
        return counts
    counts["extractions"] = len(batch)
    lost = _withdraw(raw, batch)
    counts["entity"], counts["entity_alias"] = _entities(raw, batch)
    analyze_added(raw, entity=counts["entity"], entity_alias=counts["entity_alias"])
    fresh = raw.execute(
        """
        INSERT INTO identity (extraction_id, n, entity_id)
        SELECT n.extraction_id, n.n, coalesce(e.canonical_id, e.id)
        FROM article_entity AS n
        JOIN extraction AS x ON x.id = n.extraction_id AND x.is_current
        JOIN entity AS e ON e.kind = n.kind AND e.key = n.key AND e.sense = ''
        WHERE n.extraction_id = ANY(%s)
            AND NOT EXISTS (SELECT FROM identity AS i WHERE i.extraction_id = n.extraction_id AND i.n = n.n)
        ORDER BY n.extraction_id, n.n
        RETURNING extraction_id, n
        """,
        [batch],
    ).fetchall()
    counts["identity"] = len(fresh)
    analyze_added(raw, identity=len(fresh))
    extractions = sorted({extraction for extraction, _ in fresh})
    named = {
        (kind, key)
        for kind, key in raw.execute(
            "SELECT DISTINCT kind, key FROM article_entity WHERE extraction_id = ANY(%s)", [extractions]
        ).fetchall()
    }
    new = _without_articles(raw, named)
    _count_spellings(raw, fresh, 1)
    _links(raw, rules, extractions)
    analyze_added(raw, name_block=_blocks(raw, rules, new))
    gone = lost - named
    if gone:
        _forget(raw, rules, gone)
    count_again(raw, rules.office, {name for name in lost if name[0] == "PERSON"} - named)
    again = {name for name in lost & named if name[0] == "PERSON"}
    add_tenures(raw, rules.office, extractions)
    count_again(raw, rules.office, again)
    touched = named | lost
    counts["judgement"] = update_edges(raw, rules, touched, lost, extractions)
    regroup(raw, rules, touched)
    return counts


def _withdraw(raw: Raw, batch: list[int]) -> set[Name]:
    """Take back what extractions said that are no longer current; the names they named."""
    gone = raw.execute(
        """
            WITH link AS (
                DELETE FROM name_link AS l USING extraction AS x
                WHERE x.id = l.extraction_id AND x.id = ANY(%(batch)s) AND NOT x.is_current
            )
            DELETE FROM identity AS i USING extraction AS x
            WHERE x.id = i.extraction_id AND x.id = ANY(%(batch)s) AND NOT x.is_current
            RETURNING i.extraction_id, i.n
        """,
        {"batch": batch},
    ).fetchall()
    if not gone:
        return set()
    _count_spellings(raw, gone, -1)
    return {
        (kind, key)
        for kind, key in raw.execute(
            "SELECT DISTINCT n.kind, n.key FROM unnest(%s::bigint[], %s::int[]) AS g (extraction_id, n)"
            " JOIN article_entity AS n USING (extraction_id, n)",
            [list(column) for column in zip(*gone, strict=True)],
        ).fetchall()
    }


def _count_spellings(raw: Raw, names: list[tuple[int, int]], sign: int) -> None:
    """How many current articles write a name so, one more or one less for each of these names."""
    if names:
        raw.execute(
            """
            UPDATE entity_alias AS a SET articles = a.articles + s.articles
            FROM (
                SELECT e.id, n.name, (%s * count(DISTINCT n.extraction_id))::int AS articles
                FROM unnest(%s::bigint[], %s::int[]) AS g (extraction_id, n)
                JOIN article_entity AS n USING (extraction_id, n)
                JOIN entity AS e ON e.kind = n.kind AND e.key = n.key AND e.sense = ''
                GROUP BY e.id, n.name
            ) AS s
            WHERE a.entity_id = s.id AND a.surface = s.name
            """,
            [sign, *(list(column) for column in zip(*names, strict=True))],
        )


def _entities(raw: Raw, batch: list[int]) -> tuple[int, int]:
    """Rows for new names and new spellings; how many of each."""
    new = raw.execute(
        """
        INSERT INTO entity (kind, key, name)
        SELECT DISTINCT ON (kind, key) kind, key, name
        FROM article_entity WHERE extraction_id = ANY(%s)
        ORDER BY kind, key, length(name) DESC, name COLLATE "C"
        ON CONFLICT (kind, key, sense) DO NOTHING
        """,
        [batch],
    ).rowcount
    aliases = raw.execute(
        """
        INSERT INTO entity_alias (entity_id, surface, folded)
        SELECT DISTINCT e.id, n.name, n.name_folded
        FROM article_entity AS n JOIN entity AS e ON e.kind = n.kind AND e.key = n.key AND e.sense = ''
        WHERE n.extraction_id = ANY(%(batch)s) AND length(n.name) <= %(longest)s
        ORDER BY 1, 2
        ON CONFLICT DO NOTHING
        """,
        {"batch": batch, "longest": _LONGEST},
    ).rowcount
    return new, aliases


def _links(raw: Raw, rules: Rules, extractions: list[int]) -> None:
    """Other forms that an article uses for one thing."""
    rows = set()
    for extraction, n, kind, key, surface in raw.execute(
        """
        SELECT DISTINCT n.extraction_id, n.n, n.kind, n.key, m.surface
        FROM mention AS m JOIN article_entity AS n ON n.extraction_id = m.extraction_id AND n.n = m.entity_n
        WHERE m.extraction_id = ANY(%s) AND m.surface <> n.name AND length(m.surface) <= %s
            AND (n.kind = 'PERSON' AND m.surface LIKE '%% %%'
                OR n.kind = 'ORGANIZATION' AND m.surface ~ '[A-Za-z]')
        """,
        [extractions, _LONGEST],
    ).fetchall():
        other = rules.link(kind, key, surface)
        if other:
            rows.add((extraction, n, kind, key, other))
    if rows:
        raw.execute(
            "INSERT INTO name_link (extraction_id, n, kind, key, other)"
            " SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[])"
            " ON CONFLICT DO NOTHING",
            [list(column) for column in zip(*sorted(rows), strict=True)],
        )


def _without_articles(raw: Raw, names: set[Name]) -> set[Name]:
    """Those of the names that no article had until now, and those whose articles are not counted."""
    if not names:
        return set()
    return {
        (kind, key)
        for kind, key in raw.execute(
            "SELECT t.kind, t.key FROM unnest(%s::text[], %s::text[]) AS t (kind, key)"
            " JOIN entity AS e ON e.kind = t.kind AND e.key = t.key AND e.sense = ''"
            " LEFT JOIN entity_alias AS a ON a.entity_id = e.id"
            " GROUP BY 1, 2 HAVING coalesce(max(a.articles), 0) = 0",
            columns(names),
        ).fetchall()
    }


def _blocks(raw: Raw, rules: Rules, named: set[Name]) -> int:
    return raw.execute(
        "INSERT INTO name_block (entity_id, block)"
        " SELECT e.id, b.block FROM unnest(%s::text[], %s::text[], %s::text[]) AS b (kind, key, block)"
        " JOIN entity AS e ON e.kind = b.kind AND e.key = b.key AND e.sense = '' ON CONFLICT DO NOTHING",
        block_columns(rules, named),
    ).rowcount


def _forget(raw: Raw, rules: Rules, names: set[Name]) -> None:
    """Names that no current article has any more are not compared with others."""
    raw.execute(
        """
        DELETE FROM name_block AS b
        USING unnest(%s::text[], %s::text[], %s::text[]) AS t (kind, key, block)
        JOIN entity AS e ON e.kind = t.kind AND e.key = t.key
        WHERE b.block = t.block AND b.entity_id = e.id
            AND NOT EXISTS (
                SELECT FROM article_entity AS n JOIN identity AS i USING (extraction_id, n)
                WHERE n.kind = t.kind AND n.key = t.key
            )
        """,
        block_columns(rules, names),
    )
