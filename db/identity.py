"""The canonical entity of each name in an article, derived from judgements.

What is derived is a function of the current extractions and of people's judgements, whatever the order in
which they came: edges between names depend on the articles of the two names only, and groups of names on the
edges of their connected part.  So a step looks at the names that its articles bring, compares them with those
that share a block or an article with them, and groups the connected parts around them anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from db.contexts import Asked, shared
from db.names import Name, Pair, columns
from db.session import Raw
from db.tenures import count_again, offices_of

__all__ = ["ADVISORY_LOCK", "Rules", "lock", "regroup", "update_edges"]

ADVISORY_LOCK = 0x69646E74  # "idnt": one derives at a time

Node = tuple[str, str, str]  # kind, key, SHA-256 of a file (hex) or ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What db may not import: the rules of flows.resolve, as functions of plain values."""

    blocks: Callable[[str, str], tuple[str, ...]]  # kind, key
    # kind, keys -> rule, score, need, bodies and places beside both that make a context
    compare: Callable[[str, str, str], tuple[str, float, str, int] | None]
    generic: Callable[[str, str], bool]  # whether a name says little about what is named beside it
    link: Callable[[str, str, str], str]  # kind, key, another form as written -> its key, "" if of no use
    groups: Callable[[Iterable[Node], Iterable[tuple[Any, ...]]], list[list[Node]]]
    senses: Callable[[Sequence[tuple[str, frozenset[str], frozenset[str]]]], dict[str, str]]
    office: Callable[[str], str]  # title -> key, "" if nothing is left
    traits: Callable[[str], frozenset[str]]  # office key -> what it tells about its holder
    contradict: Callable[[Iterable[str], Iterable[str]], bool]


class _Edge(NamedTuple):
    left: Node
    right: Node
    verdict: str
    score: float
    automatic: bool
    rank: int
    support: int
    rule: str


class _Row(NamedTuple):
    """A row of entity."""

    id: int
    kind: str
    key: str
    sense: str
    canonical_id: int | None


def lock(raw: Raw) -> None:
    """Wait for others that derive; until the transaction ends."""
    raw.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])


# ---------------------------------------------------------------------------------------- edges


def update_edges(
    raw: Raw, rules: Rules, touched: set[Name], lost: set[Name], extractions: Sequence[int]
) -> int:
    """Bring the rules' judgements about the touched names up to date; how many changed.

    lost: those of them that lost articles, whose judgements have to be found anew; extractions: those that
    came, all others have been looked at.
    """
    pairs = _candidates(raw, rules, touched)
    known = {
        (kind, left, right): (rule, verdict)
        for kind, left, right, rule, verdict in raw.execute(
            "SELECT j.kind, j.left_key, j.right_key, j.decided_by, j.verdict"
            " FROM unnest(%s::text[], %s::text[]) AS t (kind, key)"
            " JOIN judgement AS j ON j.kind = t.kind AND (j.left_key = t.key OR j.right_key = t.key)"
            " WHERE j.automatic",
            columns(touched),
        ).fetchall()
    }
    verdicts: dict[Pair, tuple[str, float, str]] = {}  # verdict, score, rule
    open_pairs: dict[Pair, Asked] = {}
    for (kind, left, right), linked in pairs.items():
        found = rules.compare(kind, left, right)
        if found is None:
            continue
        rule, score, need, bodies = found
        pair = (kind, left, right)
        kept = (kind, left) not in lost and (kind, right) not in lost
        settled = known.get(pair) == (rule, "same") and kept
        if settled or need == "nothing" or (linked and need in ("link", "either")):
            verdicts[pair] = ("same", score, rule)
        else:
            verdicts[pair] = ("unsure", score, rule)
            if need in ("either", "context"):
                open_pairs[pair] = Asked(bodies, again=known.get(pair) == (rule, "unsure") and kept)
    for pair in _confirmed(raw, rules, open_pairs, extractions):
        _, score, rule = verdicts[pair]
        verdicts[pair] = ("same", score, rule)
    stale = [pair for pair, (rule, _) in known.items() if verdicts.get(pair, ("", 0, ""))[2] != rule]
    changed = 0
    if stale:
        # what a person revoked stays, so that no rule brings it back
        changed += raw.execute(
            "DELETE FROM judgement AS j USING unnest(%s::text[], %s::text[], %s::text[]) AS s (kind, l, r)"
            " WHERE j.automatic AND j.revoked_at IS NULL"
            " AND j.kind = s.kind AND j.left_key = s.l AND j.right_key = s.r",
            [list(column) for column in zip(*stale, strict=True)],
        ).rowcount
    fresh = [
        (*pair, verdict, score, _BASIS[rule], rule)
        for pair, (verdict, score, rule) in sorted(verdicts.items())
        if known.get(pair) != (rule, verdict)
    ]
    if fresh:
        changed += raw.execute(
            """
            INSERT INTO judgement (kind, left_key, right_key, verdict, score, basis, decided_by, automatic)
            SELECT *, true FROM unnest(
                %s::text[], %s::text[], %s::text[], %s::text[], %s::real[], %s::text[], %s::text[])
            ON CONFLICT (kind, left_key, right_key, decided_by) WHERE automatic
            DO UPDATE SET verdict = excluded.verdict WHERE judgement.revoked_at IS NULL
            """,
            [list(column) for column in zip(*fresh, strict=True)],
        ).rowcount
    return changed


_BASIS = {
    "gazetteer": "the list of places and bodies has both names for one",
    "article": "the names differ in articles or in a listed spelling only",
    "spelling": "the names differ in spelling only",
    "script": "Arabic and Latin spelling of one name",
    "middle": "one name leaves out what stands in the middle of the other",
    "leading": "one name leaves out the other's first",
    "beginning": "one name is the beginning of the other",
    "head": "one name leaves out the word for what it is",
}


def block_columns(rules: Rules, names: Iterable[Name]) -> list[list[str]]:
    """Kind, key and block of each block of the names: name_block is asked by block."""
    rows = [(kind, key, block) for kind, key in sorted(names) for block in rules.blocks(kind, key)]
    return [[row[i] for row in rows] for i in range(3)]


def _candidates(raw: Raw, rules: Rules, touched: set[Name]) -> dict[Pair, bool]:
    """Pairs of names worth comparing, ends in order; whether an article uses both for one thing."""
    pairs: dict[Pair, bool] = {}
    for kind, left, right in raw.execute(
        """
        SELECT DISTINCT e.kind, least(e.key COLLATE "C", o.key COLLATE "C"),
               greatest(e.key COLLATE "C", o.key COLLATE "C")
        FROM unnest(%s::text[], %s::text[], %s::text[]) AS t (kind, key, block)
        JOIN entity AS e ON e.kind = t.kind AND e.key = t.key AND e.sense = ''
        -- its own row: names that no article has any more have none
        JOIN name_block AS b ON b.block = t.block AND b.entity_id = e.id
        JOIN name_block AS c ON c.block = t.block AND c.entity_id <> e.id
        JOIN entity AS o ON o.id = c.entity_id
        """,
        block_columns(rules, touched),
    ).fetchall():
        pairs[kind, left, right] = False
    for kind, left, right in raw.execute(
        """
        SELECT DISTINCT l.kind, least(l.key COLLATE "C", l.other COLLATE "C"),
               greatest(l.key COLLATE "C", l.other COLLATE "C")
        FROM unnest(%s::text[], %s::text[]) AS t (kind, key)
        JOIN name_link AS l ON l.kind = t.kind AND (l.key = t.key OR l.other = t.key)
        WHERE EXISTS (
            SELECT FROM article_entity AS n JOIN identity AS i USING (extraction_id, n)
            WHERE n.kind = l.kind AND n.key = l.other
        )
        """,
        columns(touched),
    ).fetchall():
        pairs[kind, left, right] = True
    return pairs


def _confirmed(raw: Raw, rules: Rules, pairs: Mapping[Pair, Asked], extractions: Sequence[int]) -> set[Pair]:
    """Pairs whose articles share a context: an office, a person, or so many bodies and places beside them."""
    offices = offices_of(raw, {(kind, key) for kind, left, right in pairs for key in (left, right)})
    confirmed = {
        (kind, left, right)
        for kind, left, right in pairs
        if any(rules.traits(office) for office in offices[kind, left] & offices[kind, right])
    }
    others = {pair: asked for pair, asked in pairs.items() if pair not in confirmed}
    return confirmed | shared(raw, others, extractions, rules.generic)


# ---------------------------------------------------------------------------------------- groups


def regroup(raw: Raw, rules: Rules, touched: set[Name]) -> int:
    """Group the connected parts around the touched names anew; identities that changed."""
    names, edges = _part(raw, touched)
    if not names:
        return 0
    rows = [
        _Row(*row)
        for row in raw.execute(
            "SELECT e.id, e.kind, e.key, e.sense, e.canonical_id"
            " FROM unnest(%s::text[], %s::text[]) AS t (kind, key)"
            " JOIN entity AS e ON e.kind = t.kind AND e.key = t.key ORDER BY e.id",
            columns(names),
        ).fetchall()
    ]
    bearers = _bearers(raw, rules, rows, edges)
    nodes: set[Node] = {(kind, key, "") for kind, key in names}
    place: dict[tuple[str, str, str], Node] = {}  # name and article -> its node
    ends = {end for edge in edges for end in (edge.left, edge.right) if end[2]}
    attached: list[_Edge] = []
    for name, articles in bearers.items():
        for article, sense in articles.items():
            # "~": somebody else of that name; not to be confused with the name in that one article
            node = (*name, f"~{sense}" if sense else "")
            nodes.add(node)
            if (*name, article) in ends:
                attached.append(_Edge((*name, article), node, "same", 1.0, True, 0, 0, "name"))
                node = (*name, article)
            place[*name, article] = node
    groups = rules.groups(nodes, [*edges, *attached])
    return _write(raw, rules, rows, groups, place)


def _part(raw: Raw, touched: set[Name]) -> tuple[set[Name], list[_Edge]]:
    """The names that judgements in force connect with the touched ones, and all edges among them."""
    names: set[Name] = set()
    waiting = set(touched)
    found: dict[int, tuple[Any, ...]] = {}
    while waiting:
        names |= waiting
        rows = raw.execute(
            "SELECT j.id, j.kind, j.left_key, encode(j.left_sha256, 'hex'), j.right_key,"
            " encode(j.right_sha256, 'hex'), j.verdict, j.score, j.automatic, j.decided_by"
            " FROM unnest(%s::text[], %s::text[]) AS t (kind, key)"
            " JOIN judgement AS j ON j.kind = t.kind AND (j.left_key = t.key OR j.right_key = t.key)"
            " WHERE j.revoked_at IS NULL AND j.verdict <> 'unsure'",
            columns(waiting),
        ).fetchall()
        waiting = set()
        for row in rows:
            found[row[0]] = row
            if row[6] == "same":
                waiting |= {(row[1], row[2]), (row[1], row[4])} - names
    inside = [row for row in found.values() if {(row[1], row[2]), (row[1], row[4])} <= names]
    support = _support(raw, {(row[1], key) for row in inside if row[8] for key in (row[2], row[4])})
    edges = [
        _Edge(
            (kind, left, left_article or ""),
            (kind, right, right_article or ""),
            verdict,
            score,
            automatic,
            0 if automatic else number,
            support.get((kind, left, right), 0) if automatic else 0,
            rule if automatic else "",
        )
        for (
            number,
            kind,
            left,
            left_article,
            right,
            right_article,
            verdict,
            score,
            automatic,
            rule,
        ) in inside
    ]
    return names, edges


def _support(raw: Raw, names: set[Name]) -> dict[tuple[str, str, str], int]:
    """How many articles use both names for one thing; ends in order."""
    if not names:
        return {}
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for kind, key, other, articles in raw.execute(
        "SELECT l.kind, l.key, l.other, count(*) FROM unnest(%s::text[], %s::text[]) AS t (kind, key)"
        " JOIN name_link AS l ON l.kind = t.kind AND l.key = t.key GROUP BY 1, 2, 3",
        columns(names),
    ).fetchall():
        found[kind, *sorted((key, other))] += articles
    return found


def _bearers(
    raw: Raw, rules: Rules, rows: Sequence[_Row], edges: Sequence[_Edge]
) -> dict[Name, dict[str, str]]:
    """Of names that may stand for several things: article -> "" or the sense it means.

    These are names of which a person judged single articles, and people whose offices contradict each other.
    """
    several = {end[:2] for edge in edges for end in (edge.left, edge.right) if end[2]}
    several |= {(row.kind, row.key) for row in rows if row.sense}
    traits: dict[Name, list[frozenset[str]]] = defaultdict(list)
    people = {row.id: (row.kind, row.key) for row in rows if row.kind == "PERSON"}
    for person, office in raw.execute(
        "SELECT DISTINCT person_id, office FROM tenure WHERE person_id = ANY(%s)", [sorted(people)]
    ).fetchall():
        traits[people[person]].append(rules.traits(office))
    torn = {
        name
        for name, found in traits.items()
        if any(rules.contradict(a, b) for i, a in enumerate(found) for b in found[i + 1 :])
    }
    several |= torn
    if not several:
        return {}
    beside: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for kind, key, article, other_kind, other in raw.execute(
        """
        SELECT DISTINCT t.kind, t.key, encode(r.sha256, 'hex'), o.kind, o.key
        FROM unnest(%s::text[], %s::text[]) AS t (kind, key)
        JOIN article_entity AS n ON n.kind = t.kind AND n.key = t.key
        JOIN identity AS i ON i.extraction_id = n.extraction_id AND i.n = n.n
        JOIN extraction AS x ON x.id = n.extraction_id
        JOIN article AS a ON a.id = x.article_id
        JOIN raw_file AS r ON r.id = a.raw_file_id
        LEFT JOIN article_entity AS o ON o.extraction_id = n.extraction_id AND o.n <> n.n
        """,
        columns(several),
    ).fetchall():
        names = beside[kind, key, article]
        if (kind, key) in torn and other and not rules.generic(other_kind, other):
            names.add(f"{other_kind} {other}")
    offices: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for name, article, office in _offices_by_article(raw, rules, torn):
        offices[*name, article] |= rules.traits(office)
    found_senses: dict[Name, dict[str, str]] = {}
    for name in several:
        own = sorted(article for kind, key, article in beside if (kind, key) == name)
        if name in torn:
            found_senses[name] = rules.senses(
                [(a, frozenset(offices[*name, a]), frozenset(beside[*name, a])) for a in own]
            )
        else:
            found_senses[name] = dict.fromkeys(own, "")
    return found_senses


def _offices_by_article(raw: Raw, rules: Rules, names: set[Name]) -> list[tuple[Name, str, str]]:
    return [
        ((kind, key), article, rules.office(title))
        for kind, key, article, title in raw.execute(
            """
            SELECT DISTINCT n.kind, n.key, encode(r.sha256, 'hex'), f.title
            FROM unnest(%s::text[], %s::text[]) AS t (kind, key)
            JOIN article_entity AS n ON n.kind = t.kind AND n.key = t.key
            JOIN identity AS i ON i.extraction_id = n.extraction_id AND i.n = n.n
            JOIN office AS f ON f.extraction_id = n.extraction_id AND f.person_n = n.n
            JOIN extraction AS x ON x.id = n.extraction_id
            JOIN article AS a ON a.id = x.article_id
            JOIN raw_file AS r ON r.id = a.raw_file_id
            """,
            columns(names),
        ).fetchall()
    ]


# ---------------------------------------------------------------------------------------- writing


def _write(
    raw: Raw,
    rules: Rules,
    rows: Sequence[_Row],
    groups: list[list[Node]],
    place: Mapping[tuple[str, str, str], Node],
) -> int:
    group_of = {node: number for number, group in enumerate(groups) for node in group}
    several = {(kind, key) for kind, key, _ in place}
    owners: dict[int, list[int]] = defaultdict(list)  # group -> rows of entity
    sense_row: dict[tuple[Name, int], int] = {}
    row_group: dict[int, int] = {}
    for row in rows:
        node = place.get((row.kind, row.key, row.sense)) if row.sense else (row.kind, row.key, "")
        if node is None:
            continue  # the article that stood for this bearer no longer names him: the id is retired
        group = group_of[node]
        owners[group].append(row.id)
        row_group[row.id] = group
        if row.sense:
            sense_row.setdefault(((row.kind, row.key), group), row.id)
    # a bearer of a name who is not the name's main one has a row of his own, which keeps his id
    home = {name: group_of[(*name, "")] for name in several}
    articles: dict[tuple[Name, int], list[str]] = defaultdict(list)
    for (kind, key, article), node in place.items():
        articles[(kind, key), group_of[node]].append(article)
    for (name, group), listed in sorted(articles.items()):
        if group != home[name] and (name, group) not in sense_row:
            made = raw.execute(
                "INSERT INTO entity (kind, key, sense, name) SELECT kind, key, %s, name FROM entity"
                " WHERE kind = %s AND key = %s AND sense = '' RETURNING id",
                [min(listed), *name],
            ).fetchone()
            assert made is not None, "an article's name has a row"
            sense_row[name, group] = made[0]
            owners[group].append(made[0])
            row_group[made[0]] = group
    canonical = {group: min(ids) for group, ids in owners.items()}
    _redirect(raw, rows, row_group, canonical)
    old = {(row.kind, row.key): row.canonical_id or row.id for row in rows if not row.sense}
    moved = [
        (kind, key, canonical[group_of[kind, key, ""]])
        for kind, key in old
        if (kind, key) not in several and old[kind, key] != canonical[group_of[kind, key, ""]]
    ]
    changed = 0
    if moved:
        changed += raw.execute(
            "UPDATE identity AS i SET entity_id = m.id"
            " FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS m (kind, key, id)"
            " JOIN article_entity AS n ON n.kind = m.kind AND n.key = m.key"
            " WHERE i.extraction_id = n.extraction_id AND i.n = n.n AND i.entity_id <> m.id",
            [list(column) for column in zip(*moved, strict=True)],
        ).rowcount
    if place:
        target = sorted(
            (kind, key, article, canonical[group_of[node]]) for (kind, key, article), node in place.items()
        )
        changed += raw.execute(
            "UPDATE identity AS i SET entity_id = m.id"
            " FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[]) AS m (kind, key, article, id)"
            " JOIN article_entity AS n ON n.kind = m.kind AND n.key = m.key"
            " JOIN extraction AS x ON x.id = n.extraction_id JOIN article AS a ON a.id = x.article_id"
            " JOIN raw_file AS r ON r.id = a.raw_file_id AND r.sha256 = decode(m.article, 'hex')"
            " WHERE i.extraction_id = n.extraction_id AND i.n = n.n AND i.entity_id <> m.id",
            [list(column) for column in zip(*target, strict=True)],
        ).rowcount
        holders = {
            (kind, key, article): sense_row[(kind, key), group_of[node]]
            for (kind, key, article), node in place.items()
            if kind == "PERSON" and group_of[node] != home[kind, key]
        }
        count_again(raw, rules.office, {name for name in several if name[0] == "PERSON"}, holders)
    return changed


def _redirect(
    raw: Raw, rows: Sequence[_Row], row_group: Mapping[int, int], canonical: Mapping[int, int]
) -> None:
    """Write what each row stands for, and the name of each group on all of its rows."""
    listed = sorted(row_group)
    leads = [None if canonical[row_group[i]] == i else canonical[row_group[i]] for i in listed]
    raw.execute(
        "UPDATE entity AS e SET canonical_id = m.to_id"
        " FROM unnest(%s::bigint[], %s::bigint[]) AS m (id, to_id)"
        " WHERE e.id = m.id AND e.canonical_id IS DISTINCT FROM m.to_id",
        [listed, leads],
    )
    # Arabic before Latin, then what most articles write, the longest of several
    best: dict[int, str] = dict(
        raw.execute(
            """
            SELECT DISTINCT ON (m.lead) m.lead, a.surface
            FROM unnest(%s::bigint[], %s::bigint[]) AS m (id, lead)
            JOIN entity AS e ON e.id = m.id
            JOIN entity AS named ON named.kind = e.kind AND named.key = e.key AND named.sense = ''
            JOIN entity_alias AS a ON a.entity_id = named.id
            ORDER BY m.lead, a.folded !~ '[ء-ي]', a.articles DESC, length(a.surface) DESC,
                a.surface COLLATE "C"
            """,
            [listed, [canonical[row_group[i]] for i in listed]],
        ).fetchall()
    )
    raw.execute(
        "UPDATE entity AS e SET name = m.name FROM unnest(%s::bigint[], %s::text[]) AS m (id, name)"
        " WHERE e.id = m.id AND e.name <> m.name",
        [listed, [best.get(canonical[row_group[i]]) for i in listed]],
    )
