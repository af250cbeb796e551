"""Canonical entities, derived from the names of the articles; mentions are never rewritten."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from db.session import Raw, ids, transaction

STEP = 2_000  # extractions a transaction
_LONGEST = 500  # letters of a spelling that is worth an alias; an index row has an end


def refresh_entities(connection: Connection) -> dict[str, int]:
    """Bring entity and entity_alias up to date with the extractions loaded since the last time.

    The cost follows what is new.  Idempotent; the result does not depend on the order of the articles;
    several may run at once.  Returns extractions read and rows added by table.
    """
    total = {"extractions": 0, "entity": 0, "entity_alias": 0, "identity": 0}
    while True:
        with transaction(connection) as raw:
            step = _step(raw)
        if step["extractions"] == 0:
            return total
        for name, rows in step.items():
            total[name] += rows


def rebuild_queue(connection: Connection) -> int:
    """Queue every extraction again, for a rebuild in full; how many."""
    with transaction(connection) as raw:
        return raw.execute(
            "INSERT INTO entity_queue SELECT id FROM extraction ORDER BY id ON CONFLICT DO NOTHING"
        ).rowcount


def _step(raw: Raw) -> dict[str, int]:
    batch = ids(
        raw.execute(
            "DELETE FROM entity_queue WHERE extraction_id IN ("
            " SELECT extraction_id FROM entity_queue ORDER BY extraction_id LIMIT %s FOR UPDATE SKIP LOCKED"
            ") RETURNING extraction_id",
            [STEP],
        ).fetchall()
    )
    if not batch:
        return {"extractions": 0, "entity": 0, "entity_alias": 0, "identity": 0}
    # sorted, because another refresh may be at the same names
    made = raw.execute(
        """
        INSERT INTO entity (kind, key, name)
        SELECT DISTINCT ON (kind, key) kind, key, name
        FROM article_entity WHERE extraction_id = ANY(%s)
        ORDER BY kind, key, length(name) DESC, name COLLATE "C"
        ON CONFLICT (kind, key, sense) DO UPDATE SET name = excluded.name
        WHERE (length(entity.name), excluded.name COLLATE "C")
            < (length(excluded.name), entity.name COLLATE "C")
        RETURNING xmax = 0
        """,
        [batch],
    ).fetchall()
    aliases = raw.execute(
        """
        INSERT INTO entity_alias (entity_id, surface, folded)
        SELECT DISTINCT e.id, n.name, n.name_folded
        FROM article_entity AS n JOIN entity AS e ON e.kind = n.kind AND e.key = n.key AND e.sense = ''
        WHERE n.extraction_id = ANY(%s) AND length(n.name) <= %s
        ORDER BY e.id, n.name
        ON CONFLICT DO NOTHING
        """,
        [batch, _LONGEST],
    ).rowcount
    raw.execute(
        "DELETE FROM identity AS i USING extraction AS x"
        " WHERE x.id = i.extraction_id AND x.id = ANY(%s) AND NOT x.is_current",
        [batch],
    )
    identities = raw.execute(
        """
        INSERT INTO identity (extraction_id, n, entity_id)
        SELECT n.extraction_id, n.n, coalesce(e.canonical_id, e.id)
        FROM article_entity AS n
        JOIN extraction AS x ON x.id = n.extraction_id AND x.is_current
        JOIN entity AS e ON e.kind = n.kind AND e.key = n.key AND e.sense = ''
        WHERE n.extraction_id = ANY(%s)
        ORDER BY n.extraction_id, n.n
        ON CONFLICT DO NOTHING
        """,
        [batch],
    ).rowcount
    new = sum(1 for (fresh,) in made if fresh)
    return {"extractions": len(batch), "entity": new, "entity_alias": aliases, "identity": identities}
