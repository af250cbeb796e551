"""People's judgements about who is who: recorded, never deleted, undone by id.

After each one the part of the names that it touches is derived anew, in the same transaction.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.engine import Connection

from db.identity import Rules, lock, regroup
from db.names import Name
from db.session import Raw, transaction

__all__ = [
    "EntityRow",
    "JudgementError",
    "find_entities",
    "judge",
    "list_judgements",
    "office_on",
    "show_entity",
    "split",
    "undo",
]


KeyOf = Callable[[str, str], str]  # kind, name -> key


class JudgementError(ValueError):
    """What was asked for cannot be recorded; the message is one line for people."""


@dataclass(frozen=True, slots=True)
class EntityRow:
    id: int
    kind: str
    name: str
    articles: int


_ENTITY = """
    SELECT e.id, e.kind, e.name,
           (SELECT count(DISTINCT i.extraction_id) FROM identity AS i WHERE i.entity_id = e.id)
    FROM entity AS e
"""


def find_entities(
    connection: Connection, folded: str, kind: str | None = None, limit: int = 20
) -> list[EntityRow]:
    """Entities that have a spelling which contains or resembles ``folded``, the most named first."""
    with transaction(connection) as raw:
        rows = raw.execute(
            """
            WITH hit AS (
                SELECT coalesce(e.canonical_id, e.id) AS id, max(similarity(a.folded, %(folded)s)) AS near,
                       bool_or(a.folded LIKE %(inside)s) AS inside
                FROM entity_alias AS a
                JOIN entity AS o ON o.id = a.entity_id
                JOIN entity AS e ON e.kind = o.kind AND e.key = o.key
                WHERE (a.folded LIKE %(inside)s OR a.folded %% %(folded)s)
                    AND (%(kind)s::text IS NULL OR e.kind = %(kind)s)
                GROUP BY 1
            )
            SELECT e.id, e.kind, e.name, c.articles
            FROM hit AS h JOIN entity AS e ON e.id = h.id
            CROSS JOIN LATERAL (
                SELECT count(DISTINCT i.extraction_id) AS articles FROM identity AS i WHERE i.entity_id = e.id
            ) AS c
            WHERE c.articles > 0
            ORDER BY h.inside DESC, c.articles DESC, h.near DESC, e.id LIMIT %(limit)s
            """,
            {
                "folded": folded,
                "inside": "%" + folded.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%",
                "kind": kind,
                "limit": limit,
            },
        ).fetchall()
    return [EntityRow(*row) for row in rows]


def resolve_entity(raw: Raw, asked: str, key_of: KeyOf, kind: str | None = None) -> EntityRow:
    """The entity that a person means: an id, or a name whose key one entity alone has.

    key_of(kind, name) -> key.  Raises JudgementError, naming the candidates where there are several.
    """
    if asked.strip().isdigit():
        row = raw.execute(
            (
                _ENTITY + " WHERE e.id = (SELECT coalesce(canonical_id, id) FROM entity WHERE id = %s)"
            ).encode(),
            [int(asked)],
        ).fetchone()
        if row is None:
            raise JudgementError(f"there is no entity {asked}")
        return EntityRow(*row)
    kinds = [kind] if kind else ["PERSON", "ORGANIZATION", "LOCATION", "NAMED_EVENT"]
    rows = raw.execute(
        (
            _ENTITY + " WHERE e.id IN ("
            " SELECT coalesce(o.canonical_id, o.id) FROM unnest(%s::text[], %s::text[]) AS t (kind, key)"
            " JOIN entity AS o ON o.kind = t.kind AND o.key = t.key) ORDER BY e.id"
        ).encode(),
        [kinds, [key_of(k, asked) for k in kinds]],
    ).fetchall()
    found = [EntityRow(*row) for row in rows]
    named = [row for row in found if row.articles] or found
    if not named:
        raise JudgementError(f"no entity is called {asked}; `rasd entities search` finds similar names")
    if len(named) > 1:
        listed = ", ".join(f"{row.id} ({row.kind}, {row.articles} articles)" for row in named)
        raise JudgementError(f"{asked} can mean several entities, give an id: {listed}")
    return named[0]


# ---------------------------------------------------------------------------------------- nodes


_Node = tuple[str, bytes | None]  # key, SHA-256 of a file


def _node(raw: Raw, entity: EntityRow, asked: str, key_of: KeyOf) -> _Node:
    """What stands for an entity in a judgement: the name it was asked for by, else the name of its id, or, of
    a further bearer of a name, one article."""
    if not asked.strip().isdigit():
        key = key_of(entity.kind, asked)
        row = raw.execute(
            "SELECT FROM entity WHERE kind = %s AND key = %s AND sense = ''"
            " AND coalesce(canonical_id, id) = %s",
            [entity.kind, key, entity.id],
        ).fetchone()
        if row is not None:
            return key, None
    row = raw.execute(
        "SELECT e.key FROM entity AS e WHERE coalesce(e.canonical_id, e.id) = %s AND e.sense = ''"
        " ORDER BY e.id <> %s, e.id LIMIT 1",
        [entity.id, entity.id],
    ).fetchone()
    if row is not None:
        return row[0], None
    row = raw.execute(
        "SELECT n.key, r.sha256 FROM identity AS i"
        " JOIN article_entity AS n USING (extraction_id, n) JOIN extraction AS x ON x.id = i.extraction_id"
        " JOIN article AS a ON a.id = x.article_id JOIN raw_file AS r ON r.id = a.raw_file_id"
        " WHERE i.entity_id = %s ORDER BY r.sha256, n.key LIMIT 1",
        [entity.id],
    ).fetchone()
    if row is None:
        raise JudgementError(f"no current article names entity {entity.id}")
    return row[0], bytes(row[1])


def _record(
    raw: Raw, kind: str, ends: tuple[_Node, _Node], verdict: str, *, by: str, basis: str
) -> tuple[int, set[Name]]:
    left, right = sorted(ends, key=lambda node: (node[0].encode(), node[1] or b""))
    row = raw.execute(
        "INSERT INTO judgement (kind, left_key, left_sha256, right_key, right_sha256, verdict, score, basis,"
        " decided_by, automatic) VALUES (%s, %s, %s, %s, %s, %s, 1, %s, %s, false) RETURNING id",
        [kind, *left, *right, verdict, basis, by],
    ).fetchone()
    assert row is not None
    return row[0], {(kind, left[0]), (kind, right[0])}


def _person(by: str | None) -> str:
    if by:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return "somebody"


# ---------------------------------------------------------------------------------------- judging


def judge(
    connection: Connection,
    rules: Rules,
    key_of: KeyOf,
    verdict: str,
    asked: Sequence[str],
    *,
    by: str | None = None,
    note: str = "",
    kind: str | None = None,
) -> tuple[list[int], list[EntityRow]]:
    """Record that the first entity is (``same``), is not (``different``) or may be each of the others.

    Returns the ids of the judgements and the entities afterwards.  Raises JudgementError.
    """
    with transaction(connection) as raw:
        lock(raw)
        entities = [resolve_entity(raw, text, key_of, kind) for text in asked]
        first = entities[0]
        made: list[int] = []
        touched: set[Name] = set()
        for text, other in zip(asked[1:], entities[1:], strict=True):
            if other.kind != first.kind:
                raise JudgementError(
                    f"{first.id} is a {first.kind} and {other.id} a {other.kind}: only one kind can be judged"
                )
            one, two = _node(raw, first, asked[0], key_of), _node(raw, other, text, key_of)
            if other.id == first.id:
                if verdict == "same":
                    raise JudgementError(f"{asked[0]} and {text} are one entity already: {first.id}")
                keys = [key_of(first.kind, name) for name in (asked[0], text)]
                if keys[0] == keys[1] or any(name.strip().isdigit() for name in (asked[0], text)):
                    raise JudgementError(
                        f"{asked[0]} and {text} are one entity: {first.id}; give the two names that are not"
                        " one, or take articles off it with `rasd entities split`"
                    )
                one, two = (keys[0], None), (keys[1], None)
            number, names = _record(
                raw, first.kind, (one, two), verdict, by=_person(by), basis=note or "judged by a person"
            )
            made.append(number)
            touched |= names
        regroup(raw, rules, touched)
        after = [resolve_entity(raw, str(row.id), key_of) for row in entities]
    return made, after


def split(
    connection: Connection,
    rules: Rules,
    key_of: KeyOf,
    asked: str,
    articles: Sequence[int],
    *,
    by: str | None = None,
    note: str = "",
    kind: str | None = None,
) -> tuple[list[int], EntityRow]:
    """Record that these articles (article ids) mean somebody or something else, together.

    Returns the ids of the judgements and the new entity.  Raises JudgementError.
    """
    with transaction(connection) as raw:
        lock(raw)
        entity = resolve_entity(raw, asked, key_of, kind)
        nodes: list[_Node] = []
        for article in articles:
            found = raw.execute(
                "SELECT DISTINCT n.key, r.sha256 FROM extraction AS x"
                " JOIN identity AS i ON i.extraction_id = x.id AND i.entity_id = %s"
                " JOIN article_entity AS n ON n.extraction_id = i.extraction_id AND n.n = i.n"
                " JOIN article AS a ON a.id = x.article_id JOIN raw_file AS r ON r.id = a.raw_file_id"
                " WHERE x.article_id = %s AND x.is_current ORDER BY n.key",
                [entity.id, article],
            ).fetchall()
            if not found:
                raise JudgementError(f"article {article} does not name {entity.name} ({entity.id})")
            nodes += [(key, bytes(sha256)) for key, sha256 in found]
        made: list[int] = []
        touched: set[Name] = set()
        who, basis = _person(by), note or "another bearer of the name"
        edges: list[tuple[_Node, _Node, str]] = [
            ((key, sha256), (key, None), "different") for key, sha256 in nodes
        ]
        edges += [(nodes[0], node, "same") for node in nodes[1:]]
        for one, other, verdict in edges:
            number, names = _record(raw, entity.kind, (one, other), verdict, by=who, basis=basis)
            made.append(number)
            touched |= names
        regroup(raw, rules, touched)
        row = raw.execute(
            "SELECT i.entity_id FROM raw_file AS r JOIN article AS a ON a.raw_file_id = r.id"
            " JOIN extraction AS x ON x.article_id = a.id AND x.is_current"
            " JOIN article_entity AS n ON n.extraction_id = x.id AND n.kind = %s AND n.key = %s"
            " JOIN identity AS i ON i.extraction_id = x.id AND i.n = n.n WHERE r.sha256 = %s LIMIT 1",
            [entity.kind, nodes[0][0], nodes[0][1]],
        ).fetchone()
        assert row is not None
        return made, resolve_entity(raw, str(row[0]), key_of)


def undo(connection: Connection, rules: Rules, numbers: Sequence[int], *, by: str | None = None) -> int:
    """Revoke judgements, people's or rules'; how many.  A rule does not bring back what a person revoked."""
    with transaction(connection) as raw:
        lock(raw)
        touched: set[Name] = set()
        for number in numbers:
            row = raw.execute(
                "SELECT kind, left_key, right_key, revoked_at, revoked_by FROM judgement WHERE id = %s",
                [number],
            ).fetchone()
            if row is None:
                raise JudgementError(f"there is no judgement {number}")
            if row[3] is not None:
                raise JudgementError(f"judgement {number} was undone already, by {row[4]}")
            raw.execute(
                "UPDATE judgement SET revoked_at = now(), revoked_by = %s WHERE id = %s",
                [_person(by), number],
            )
            touched |= {(row[0], row[1]), (row[0], row[2])}
        regroup(raw, rules, touched)
    return len(numbers)


# ---------------------------------------------------------------------------------------- showing


def show_entity(
    connection: Connection, key_of: KeyOf, asked: str, kind: str | None = None, limit: int = 10
) -> dict[str, Any]:
    """What is known of an entity: spellings, offices, articles, judgements, former ids."""
    with transaction(connection) as raw:
        entity = resolve_entity(raw, asked, key_of, kind)
        members = [
            row[0]
            for row in raw.execute(
                "SELECT id FROM entity WHERE coalesce(canonical_id, id) = %s ORDER BY id", [entity.id]
            ).fetchall()
        ]
        spellings = raw.execute(
            "SELECT n.name, count(DISTINCT i.extraction_id) FROM identity AS i"
            " JOIN article_entity AS n USING (extraction_id, n) WHERE i.entity_id = %s"
            ' GROUP BY n.name ORDER BY 2 DESC, n.name COLLATE "C"',
            [entity.id],
        ).fetchall()
        offices = raw.execute(
            "SELECT t.title, e.name, t.first_seen, t.last_seen, t.former_seen, t.articles, t.former_articles"
            " FROM office_tenure AS t LEFT JOIN entity AS e ON e.id = t.organization_id"
            ' WHERE t.person_id = %s ORDER BY t.articles DESC, t.first_seen, t.title COLLATE "C" LIMIT %s',
            [entity.id, limit],
        ).fetchall()
        articles = raw.execute(
            "SELECT x.article_id, x.published_first_day, x.source, coalesce(x.title, left(x.text, 80))"
            " FROM (SELECT DISTINCT extraction_id FROM identity WHERE entity_id = %s) AS i"
            " JOIN extraction AS x ON x.id = i.extraction_id"
            " ORDER BY x.published_first_day DESC NULLS LAST, x.article_id LIMIT %s",
            [entity.id, limit],
        ).fetchall()
        keys = raw.execute("SELECT DISTINCT kind, key FROM entity WHERE id = ANY(%s)", [members]).fetchall()
        judgements = _judgements(raw, [(k, key) for k, key in keys], limit=limit)
    return {
        "entity": entity,
        "merged": [number for number in members if number != entity.id],
        "spellings": spellings,
        "offices": offices,
        "articles": articles,
        "judgements": judgements,
    }


def office_on(
    connection: Connection, key_of: KeyOf, office: str, organization: str | None, day: date
) -> list[tuple[int, str, str, date, date, int]]:
    """Who held an office (an office key) on a day: person id, name, certainty, days seen, articles.

    Raises JudgementError for an organisation that is not known.
    """
    with transaction(connection) as raw:
        body = resolve_entity(raw, organization, key_of, "ORGANIZATION").id if organization else None
        return raw.execute(
            "SELECT h.person_id, e.name, h.certainty, h.first_seen, h.last_seen, h.articles"
            " FROM office_holders(%s, %s, %s) AS h JOIN entity AS e ON e.id = h.person_id"
            " ORDER BY h.certainty, h.articles DESC, h.person_id",
            [office, body, day],
        ).fetchall()


def list_judgements(
    connection: Connection,
    *,
    verdict: str | None = None,
    people: bool = False,
    undone: bool = False,
    limit: int = 20,
) -> list[tuple[Any, ...]]:
    """Judgements in force (or undone), people's first and the newest of them first.

    Rows (id, kind, left name, left article, right name, right article, verdict, score, basis, decided by,
    automatic, decided at, revoked at, revoked by).
    """
    with transaction(connection) as raw:
        return _judgements(raw, None, verdict=verdict, people=people, undone=undone, limit=limit)


def _judgements(
    raw: Raw,
    names: list[Name] | None,
    *,
    verdict: str | None = None,
    people: bool = False,
    undone: bool = False,
    limit: int,
) -> list[tuple[Any, ...]]:
    listed = names or []
    return raw.execute(
        """
        SELECT j.id, j.kind, coalesce(l.surface, j.left_key), la.id, coalesce(r.surface, j.right_key), ra.id,
               j.verdict, j.score, j.basis, j.decided_by, j.automatic, j.decided_at,
               j.revoked_at, j.revoked_by
        FROM judgement AS j
        LEFT JOIN LATERAL (
            SELECT a.surface FROM entity AS e JOIN entity_alias AS a ON a.entity_id = e.id
            WHERE e.kind = j.kind AND e.key = j.left_key AND e.sense = ''
            ORDER BY a.articles DESC, length(a.surface) DESC, a.surface COLLATE "C" LIMIT 1
        ) AS l ON true
        LEFT JOIN LATERAL (
            SELECT a.surface FROM entity AS e JOIN entity_alias AS a ON a.entity_id = e.id
            WHERE e.kind = j.kind AND e.key = j.right_key AND e.sense = ''
            ORDER BY a.articles DESC, length(a.surface) DESC, a.surface COLLATE "C" LIMIT 1
        ) AS r ON true
        LEFT JOIN raw_file AS lf ON lf.sha256 = j.left_sha256
        LEFT JOIN article AS la ON la.raw_file_id = lf.id
        LEFT JOIN raw_file AS rf ON rf.sha256 = j.right_sha256
        LEFT JOIN article AS ra ON ra.raw_file_id = rf.id
        WHERE (%(verdict)s::text IS NULL OR j.verdict = %(verdict)s)
            AND (NOT %(people)s OR NOT j.automatic)
            AND (j.revoked_at IS NOT NULL) = %(undone)s
            AND (
                %(all)s
                OR (j.kind, j.left_key) IN (SELECT * FROM unnest(%(kinds)s::text[], %(keys)s::text[]))
                OR (j.kind, j.right_key) IN (SELECT * FROM unnest(%(kinds)s::text[], %(keys)s::text[]))
            )
        ORDER BY j.automatic, j.id DESC LIMIT %(limit)s
        """,
        {
            "verdict": verdict,
            "people": people,
            "undone": undone,
            "all": names is None,
            "kinds": [kind for kind, _ in listed],
            "keys": [key for _, key in listed],
            "limit": limit,
        },
    ).fetchall()
