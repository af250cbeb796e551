"""Stories: which articles carry the same text, kept up to date with what is loaded.

Triggers queue articles whose current extraction changed or whose bytes came to a location or left one.  Each
step takes some off the queue, signs their texts, compares new texts with those that share a band with them
and regroups the stories that this touches.  All others stay as they are, so the cost follows what is new.

The pure parts (what is compared, how alike two texts are) come from the caller as ``Comparison``: they belong
to flows.resolve, which this package must not know.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol

from sqlalchemy.engine import Connection

from db.queues import take
from db.session import Raw, by_key, copy_rows, ids, transaction

__all__ = ["STEP", "Comparison", "rebuild_stories", "refresh_stories"]

STEP = 1_000  # articles a transaction
LOCK = 0x73746F72  # "stor": one regrouping at a time; loaders do not wait for it


class SignedText(Protocol):
    """What is kept of a text (flows.resolve.stories.Signed)."""

    @property
    def hash(self) -> bytes: ...
    @property
    def words(self) -> int: ...
    @property
    def signature(self) -> bytes: ...
    @property
    def bands(self) -> list[int]: ...


class Comparison(NamedTuple):
    """How texts are compared."""

    words: Callable[[str, Sequence[Sequence[Any]]], list[str]]  # clean text and blocks -> words of the body
    sign: Callable[[Sequence[Sequence[str]]], Sequence[SignedText]]
    may_resemble: Callable[[bytes, bytes], bool]  # of two signatures
    shingles: Callable[[Sequence[str]], Any]
    similarity: Callable[[Any, Any], float]
    threshold: float
    components: Callable[[Iterable[int], Iterable[tuple[int, int]]], list[list[int]]]


class _Member(NamedTuple):
    article: int
    extraction: int
    body: int
    story: int | None  # before
    first: date | None
    last: date | None
    content: bytes  # sha256: the order among articles of one day


def refresh_stories(connection: Connection, how: Comparison) -> dict[str, int]:
    """Bring the stories up to date; articles read, stories and memberships changed.

    Idempotent; the grouping does not depend on the order of the articles; several may run at once, one after
    another works.
    """
    total: Counter[str] = Counter({"stories_read": 0, "story": 0, "article_story": 0})
    while True:
        with transaction(connection) as raw:
            raw.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            queued = take(raw, "story_queue", "article_id", STEP)
            if not queued:
                return dict(total)
            with by_key(raw):
                total.update(_step(raw, queued, how))


def rebuild_stories(connection: Connection) -> None:
    """Forget all stories and queue every article; ``refresh_stories`` then builds them anew, with new ids."""
    with transaction(connection) as raw:
        raw.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        raw.execute("DELETE FROM article_story")
        raw.execute("DELETE FROM story")
        raw.execute("DELETE FROM story_body")
        raw.execute("INSERT INTO story_queue (article_id) SELECT id FROM article ORDER BY id")


def _step(raw: Raw, articles: list[int], how: Comparison) -> dict[str, int]:
    now: dict[int, tuple[int, str, list[Any]]] = {
        article: (extraction, text, blocks)
        for article, extraction, text, blocks in raw.execute(
            """
            SELECT e.article_id, e.id, e.text, e.blocks
            FROM unnest(%s::bigint[]) AS q (id)
            JOIN extraction AS e ON e.article_id = q.id AND e.is_current
            JOIN article AS a ON a.id = q.id
            WHERE EXISTS (SELECT FROM location AS l WHERE l.raw_file_id = a.raw_file_id)
            """,
            [articles],
        )
    }
    before: dict[int, tuple[int, int, int]] = {
        article: (extraction, body, story)
        for article, extraction, body, story in raw.execute(
            "SELECT article_id, extraction_id, body_id, story_id FROM article_story"
            " WHERE article_id = ANY(%s)",
            [articles],
        )
    }
    changed = [
        article
        for article in articles
        if (now[article][0] if article in now else None)
        != (before[article][0] if article in before else None)
    ]
    if not changed:
        return {"stories_read": len(articles)}
    texts = {article: how.words(*now[article][1:]) for article in changed if article in now}
    bodies, fresh = _bodies(raw, texts, how)
    neighbours = _compare(raw, fresh, how)
    left = {before[article][1] for article in changed if article in before}
    stories = {before[article][2] for article in changed if article in before}
    stories |= set(
        ids(
            raw.execute(
                "SELECT DISTINCT story_id FROM article_story WHERE body_id = ANY(%s)",
                [sorted(neighbours | set(bodies.values()))],
            ).fetchall()
        )
    )
    gone = [article for article in changed if article not in now]
    raw.execute("DELETE FROM article_story WHERE article_id = ANY(%s)", [gone])
    words = {body: listed for body, (listed, _) in fresh.items()}
    counts = _regroup(raw, {a: (now[a][0], bodies[a]) for a in texts}, stories, words, how)
    raw.execute(
        "DELETE FROM story_body AS b WHERE b.id = ANY(%s)"
        " AND NOT EXISTS (SELECT FROM article_story AS m WHERE m.body_id = b.id)",
        [sorted(left)],
    )
    return {"stories_read": len(articles), **counts, "article_story": counts["article_story"] + len(gone)}


def _bodies(
    raw: Raw, texts: Mapping[int, list[str]], how: Comparison
) -> tuple[dict[int, int], dict[int, tuple[list[str], SignedText]]]:
    """The body's id of each article, made where missing; and the new ones with words and signature."""
    signed = dict(zip(texts, how.sign(list(texts.values())), strict=True))
    by_hash = {s.hash: article for article, s in signed.items()}
    # a text that nobody has any more is not kept in step with the others
    raw.execute(
        "DELETE FROM story_body AS b WHERE b.hash = ANY(%s)"
        " AND NOT EXISTS (SELECT FROM article_story AS m WHERE m.body_id = b.id)",
        [list(by_hash)],
    )
    known: dict[bytes, int] = dict(
        raw.execute("SELECT hash, id FROM story_body WHERE hash = ANY(%s)", [list(by_hash)]).fetchall()
    )
    new = sorted(h for h in by_hash if h not in known)
    made = ids(
        raw.execute(
            "SELECT nextval(pg_get_serial_sequence('story_body', 'id')) FROM generate_series(1, %s)",
            [len(new)],
        ).fetchall()
    )
    rows = dict(zip(new, made, strict=True))
    if rows:
        copy_rows(
            raw,
            "story_body",
            ("id", "hash", "words", "signature", "bands"),
            ("int8", "bytea", "int4", "bytea", "int8[]"),
            ((rows[h], h, *signed[by_hash[h]][1:]) for h in new),  # type: ignore[index]
        )
    found = known | rows
    return (
        {article: found[s.hash] for article, s in signed.items()},
        {rows[h]: (texts[by_hash[h]], signed[by_hash[h]]) for h in new},
    )


def _compare(raw: Raw, fresh: Mapping[int, tuple[list[str], SignedText]], how: Comparison) -> set[int]:
    """Write the pairs of new bodies with all others; the ids of those others."""
    candidates: set[tuple[int, int]] = set()
    signatures = {body: signed.signature for body, (_, signed) in fresh.items()}
    for body, other, signature in raw.execute(
        """
        SELECT n.id, o.id, o.signature
        FROM story_body AS n
        CROSS JOIN LATERAL (
            SELECT b.id, b.signature FROM story_body AS b WHERE b.bands && n.bands AND b.id <> n.id
        ) AS o
        WHERE n.id = ANY(%s) AND cardinality(n.bands) > 0
        """,
        [list(fresh)],
    ):
        signatures[other] = signature
        if how.may_resemble(signatures[body], signature):
            candidates.add((min(body, other), max(body, other)))
    if not candidates:
        return set()
    words = {body: text for body, (text, _) in fresh.items()}
    missing = sorted({body for pair in candidates for body in pair} - set(words))
    words |= _words(raw, missing, how)
    shingles = {
        body: how.shingles(words[body])
        for body in sorted({b for pair in candidates for b in pair} & set(words))
    }
    pairs = [
        (low, high, similarity)
        for low, high in sorted(candidates)
        if low in shingles
        and high in shingles
        and (similarity := how.similarity(shingles[low], shingles[high])) >= how.threshold
    ]
    copy_rows(raw, "story_pair", ("low_id", "high_id", "similarity"), ("int8", "int8", "float4"), pairs)
    return {body for low, high, _ in pairs for body in (low, high)} - set(fresh)


def _words(raw: Raw, bodies: Sequence[int], how: Comparison) -> dict[int, list[str]]:
    """Words of bodies that are there, from the text of some article that has them."""
    return {
        body: how.words(text, blocks)
        for body, text, blocks in raw.execute(
            """
            SELECT DISTINCT ON (m.body_id) m.body_id, e.text, e.blocks
            FROM article_story AS m JOIN extraction AS e ON e.id = m.extraction_id
            WHERE m.body_id = ANY(%s)
            ORDER BY m.body_id, m.extraction_id
            """,
            [list(bodies)],
        )
    }


# ------------------------------------------------------------------------------------- grouping


def _regroup(
    raw: Raw,
    new: Mapping[int, tuple[int, int]],
    stories: set[int],
    words: Mapping[int, list[str]],
    how: Comparison,
) -> dict[str, int]:
    """Settle the stories of new memberships (article -> extraction, body) and of touched stories.

    words: those of the bodies that no article has yet.
    """
    there = raw.execute(
        "SELECT article_id, extraction_id, body_id, story_id, similarity, kind FROM article_story"
        " WHERE story_id = ANY(%s)",
        [sorted(stories)],
    ).fetchall()
    standing = {row[0]: row[1:] for row in there}
    placed = {article: (row[0], row[1], row[2]) for article, row in standing.items()}
    for article, (extraction, body) in new.items():
        placed[article] = (extraction, body, standing[article][2] if article in standing else None)
    members = _members(raw, placed)
    by_body: dict[int, list[_Member]] = defaultdict(list)
    for member in members:
        by_body[member.body].append(member)
    pairs = raw.execute(
        "SELECT low_id, high_id, similarity FROM story_pair"
        " WHERE low_id = ANY(%(b)s) OR high_id = ANY(%(b)s)",
        {"b": list(by_body)},
    ).fetchall()
    near = {(low, high): similarity for low, high, similarity in pairs if low in by_body and high in by_body}
    groups = [
        [member for body in group for member in by_body[body]] for group in how.components(by_body, near)
    ]
    numbers = _story_ids(raw, groups)
    rows: list[tuple[int, int, int, int, float, str]] = []
    summaries: list[tuple[int, int, int, date | None, date | None]] = []
    similar = _similarities(
        raw, [(min(group, key=_order).body, m.body) for group in groups for m in group], near, words, how
    )
    for number, group in zip(numbers, groups, strict=True):
        original = min(group, key=_order)
        for member in group:
            alike = 1.0 if member.body == original.body else similar[_ordered(original.body, member.body)]
            kind = "original" if member is original else "exact" if member.body == original.body else "near"
            rows.append((member.article, member.extraction, member.body, number, alike, kind))
        days = [day for member in group for day in (member.first, member.last) if day is not None]
        summaries.append(
            (
                number,
                len(group),
                len({m.body for m in group}),
                min(days, default=None),
                max(days, default=None),
            )
        )
    changed = _write(raw, summaries, rows, standing)
    empty = stories - set(numbers)
    raw.execute("DELETE FROM story WHERE id = ANY(%s)", [sorted(empty)])
    return changed


def _order(member: _Member) -> tuple[bool, date, bytes]:
    """The original comes first: the earliest published, of one day the first by content."""
    return member.first is None, member.first or date.max, member.content


def _members(raw: Raw, placed: Mapping[int, tuple[int, int, int | None]]) -> list[_Member]:
    facts = {
        extraction: (first, last, content)
        for extraction, first, last, content in raw.execute(
            """
            SELECT e.id, e.published_first_day, e.published_last_day, r.sha256
            FROM unnest(%s::bigint[]) AS q (id)
            JOIN extraction AS e ON e.id = q.id
            JOIN article AS a ON a.id = e.article_id
            JOIN raw_file AS r ON r.id = a.raw_file_id
            """,
            [[extraction for extraction, _, _ in placed.values()]],
        )
    }
    return [
        _Member(article, extraction, body, story, *facts[extraction])
        for article, (extraction, body, story) in sorted(placed.items())
    ]


def _story_ids(raw: Raw, groups: Sequence[Sequence[_Member]]) -> list[int]:
    """An id for each group: that of the story most of its members come from, if it is not another group's."""
    claims = sorted(
        (
            (-count, story, place)
            for place, group in enumerate(groups)
            for story, count in Counter(m.story for m in group if m.story is not None).items()
        ),
    )
    taken: dict[int, int] = {}
    used: set[int] = set()
    for _, story, place in claims:
        if place not in taken and story not in used:
            taken[place] = story
            used.add(story)
    made = iter(
        ids(
            raw.execute(
                "SELECT nextval(pg_get_serial_sequence('story', 'id')) FROM generate_series(1, %s)",
                [len(groups) - len(taken)],
            ).fetchall()
        )
    )
    return [taken[place] if place in taken else next(made) for place in range(len(groups))]


def _ordered(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)


def _similarities(
    raw: Raw,
    pairs: Iterable[tuple[int, int]],
    near: Mapping[tuple[int, int], float],
    words: Mapping[int, list[str]],
    how: Comparison,
) -> dict[tuple[int, int], float]:
    """Similarity of bodies of one story: the pair's, or computed where only others link them."""
    wanted = {_ordered(*pair) for pair in pairs if pair[0] != pair[1]} - set(near)
    listed = dict(words) | _words(raw, sorted({body for p in wanted for body in p} - set(words)), how)
    shingles = {body: how.shingles(listed[body]) for body in {body for p in wanted for body in p}}
    return dict(near) | {p: how.similarity(shingles[p[0]], shingles[p[1]]) for p in wanted}


def _write(
    raw: Raw,
    summaries: Sequence[tuple[int, int, int, date | None, date | None]],
    rows: Sequence[tuple[int, int, int, int, float, str]],
    standing: Mapping[int, tuple[Any, ...]],
) -> dict[str, int]:
    """Write what differs."""
    stories = raw.execute(
        """
        INSERT INTO story (id, articles, texts, first_published, last_published) OVERRIDING SYSTEM VALUE
        SELECT * FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::date[], %s::date[]) AS s
        ON CONFLICT (id) DO UPDATE SET
            articles = excluded.articles, texts = excluded.texts,
            first_published = excluded.first_published, last_published = excluded.last_published
        WHERE (story.articles, story.texts, story.first_published, story.last_published)
            IS DISTINCT FROM
            (excluded.articles, excluded.texts, excluded.first_published, excluded.last_published)
        """,
        [[row[i] for row in summaries] for i in range(5)],
    ).rowcount
    changed = [row for row in rows if standing.get(row[0]) != row[1:]]
    members = raw.execute(
        """
        INSERT INTO article_story (article_id, extraction_id, body_id, story_id, similarity, kind)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::real[], %s::text[])
        ON CONFLICT (article_id) DO UPDATE SET
            extraction_id = excluded.extraction_id, body_id = excluded.body_id, story_id = excluded.story_id,
            similarity = excluded.similarity, kind = excluded.kind
        WHERE (article_story.extraction_id, article_story.body_id, article_story.story_id,
               article_story.similarity, article_story.kind)
            IS DISTINCT FROM
            (excluded.extraction_id, excluded.body_id, excluded.story_id, excluded.similarity, excluded.kind)
        """,
        [[row[i] for row in changed] for i in range(6)],
    ).rowcount
    return {"story": stories, "article_story": members}
