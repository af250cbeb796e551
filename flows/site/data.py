"""What the pages show, read from one snapshot of the database in a few set-based queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, LiteralString, NamedTuple

from db.session import Raw

NEIGHBOURS = 12  # others in the network of an entity
TIMELINE = 200  # events and
ARTICLES = 30  # articles and
QUOTATIONS = 6  # quotations on the page of an entity


class Place(NamedTuple):
    """A point on a map: degrees north and east, and how much it weighs."""

    name: str
    latitude: float
    longitude: float
    weight: int
    entity_id: int | None


@dataclass(frozen=True, slots=True)
class Entity:
    id: int
    kind: str
    name: str
    articles: int
    stories: int
    mentions: int
    first: date | None
    last: date | None
    spellings: tuple[tuple[str, int], ...] = ()


class Party(NamedTuple):
    """One who takes part in an event."""

    role: str
    entity_id: int | None
    text: str
    reports: int


@dataclass(frozen=True, slots=True)
class Event:
    """A happening, in short."""

    id: int
    type: str
    mode: str | None
    status: str
    place_id: int | None
    place: str | None
    first_day: date | None
    last_day: date | None
    precision: str
    conflict: bool
    reports: int
    stories: int
    first_reported: date | None
    last_reported: date | None
    confidence: float
    sentence: str | None
    parties: tuple[Party, ...]

    @property
    def day(self) -> date | None:
        """Where it stands in a list: when it happened, else when it was first reported."""
        return self.first_day or self.first_reported

    @property
    def actors(self) -> list[Party]:
        return [p for p in self.parties if p.role == "actor"]

    @property
    def recipients(self) -> list[Party]:
        return [p for p in self.parties if p.role == "recipient"]

    @property
    def others(self) -> list[Party]:
        """Recipients whom no report names as an actor: of two who meet, either may be said to come."""
        known = {p.entity_id for p in self.actors if p.entity_id is not None}
        return [p for p in self.recipients if p.entity_id not in known]


@dataclass(frozen=True, slots=True)
class Report:
    """What one article says about an event; positions count in the sentence."""

    article_id: int
    event_n: int
    title: str | None
    source: str | None
    published: date | None
    published_to: date | None
    sentence: str
    triggers: tuple[tuple[int, int], ...]
    attribution: str | None
    confidence: float


class Quotation(NamedTuple):
    """What somebody said, and where it was reported."""

    article_id: int
    title: str | None
    source: str | None
    published: date | None
    direct: bool
    text: str


@dataclass(slots=True)
class Article:
    id: int
    title: str | None
    text: str
    blocks: list[tuple[str, int, int]]
    source: str | None
    published: date | None
    published_to: date | None
    url: str | None
    uri: str
    language: str
    story_id: int | None
    # (start, end, kind, name, entity, number of the name in the article)
    mentions: list[tuple[int, int, str, str, int | None, int]] = field(default_factory=list)
    # (start, end, first day, last day, precision)
    dates: list[tuple[int, int, date | None, date | None, str]] = field(default_factory=list)
    # (start, end, event number in the article, type, event)
    triggers: list[tuple[int, int, int, str, int | None]] = field(default_factory=list)
    siblings: list[tuple[int, str | None, str | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class World:
    """What every page may link to: things with a page of their own, and all events."""

    entities: dict[int, Entity]
    events: dict[int, Event]
    points: dict[int, tuple[float, float]]
    least: int
    as_of: datetime | None
    article_ids: tuple[int, ...]
    articles: frozenset[int]  # the same; what no location holds any more has no page


def rows(raw: Raw, query: LiteralString, **values: Any) -> list[Any]:
    return raw.execute(query, values).fetchall()


def _grouped(found: Iterable[Sequence[Any]]) -> defaultdict[int, list[Any]]:
    """Rows by their first column, which is left out."""
    groups: defaultdict[int, list[Any]] = defaultdict(list)
    for first, *rest in found:
        groups[first].append(tuple(rest))
    return groups


def read_world(raw: Raw, least: int) -> World:
    """Entities named at least ``least`` times, all events, and points of places."""
    spellings = _grouped(
        rows(
            raw,
            """SELECT s.entity_id, s.name, s.articles FROM report.spelling AS s
            JOIN report.entity_total AS t USING (entity_id) WHERE t.mentions >= %(least)s
            ORDER BY s.entity_id, s.articles DESC, s.name COLLATE "C" """,
            least=least,
        )
    )
    entities = {
        row[0]: Entity(*(*row, tuple(spellings.get(row[0], ()))))
        for row in rows(
            raw,
            """SELECT t.entity_id, t.kind, e.name, t.articles, t.stories, t.mentions, t.first_published,
                t.last_published
            FROM report.entity_total AS t JOIN public.entity AS e ON e.id = t.entity_id
            WHERE t.mentions >= %(least)s ORDER BY t.stories DESC, t.mentions DESC, t.entity_id""",
            least=least,
        )
    }
    parties: defaultdict[int, list[Any]] = _grouped(
        rows(
            raw,
            """SELECT p.event_id, p.role, p.entity_id, coalesce(e.name, p.text), p.reports
            FROM report.participation AS p LEFT JOIN public.entity AS e ON e.id = p.entity_id
            ORDER BY p.event_id, p.role, p.ordinal""",
        )
    )
    events = {
        row[0]: Event(*(*row, tuple(Party(*p) for p in parties.get(row[0], ()))))
        for row in rows(
            raw,
            """SELECT o.id, o.type, o.mode, o.status, o.place_id, w.name, o.first_day, o.last_day,
                o.date_precision, o.date_conflict, o.reports, o.stories, o.first_reported, o.last_reported,
                o.confidence, substr(x.text, s.clean_start + 1, s.clean_end - s.clean_start)
            FROM public.occurrence AS o
            LEFT JOIN public.entity AS w ON w.id = o.place_id
            LEFT JOIN report.best_report AS b ON b.event_id = o.id
            LEFT JOIN public.extraction AS x ON x.id = b.extraction_id
            LEFT JOIN public.event AS v ON v.extraction_id = b.extraction_id AND v.n = b.event_n
            LEFT JOIN public.sentence AS s ON s.extraction_id = v.extraction_id AND s.n = v.sentence_n
            ORDER BY o.id""",
        )
    }
    points = {
        n: (latitude, longitude)
        for n, latitude, longitude in rows(
            raw,
            "SELECT entity_id, latitude, longitude FROM report.coordinates"
            " WHERE latitude IS NOT NULL AND longitude IS NOT NULL",
        )
    }
    as_of = rows(raw, "SELECT max(last_loaded) FROM report.source_volume")[0][0]
    ids = tuple(n for (n,) in rows(raw, "SELECT article_id FROM report.article ORDER BY article_id"))
    return World(entities, events, points, least, as_of, ids, frozenset(ids))


# ------------------------------------------------------------------------------------------ articles


def read_articles(raw: Raw, low: int, high: int) -> Iterator[Article]:
    """Articles with an id from ``low`` to ``high``, by id, with what was found in them."""
    between = {"low": low, "high": high}
    articles = {
        row[0]: Article(*row)
        for row in rows(
            raw,
            """SELECT a.article_id, a.title, a.text, e.blocks, a.source, a.published_from, a.published_to,
                a.url, a.uri, a.language, a.story_id
            FROM report.article AS a JOIN public.extraction AS e ON e.id = a.extraction_id
            WHERE a.article_id BETWEEN %(low)s AND %(high)s ORDER BY a.article_id""",
            **between,
        )
    }
    mentions = rows(
        raw,
        """SELECT e.article_id, m.clean_start, m.clean_end, n.kind, n.name, i.entity_id, m.entity_n
        FROM public.extraction AS e JOIN public.mention AS m ON m.extraction_id = e.id
        JOIN public.article_entity AS n ON n.extraction_id = e.id AND n.n = m.entity_n
        LEFT JOIN public.identity AS i ON i.extraction_id = e.id AND i.n = m.entity_n
        WHERE e.is_current AND e.article_id BETWEEN %(low)s AND %(high)s ORDER BY e.article_id, m.n""",
        **between,
    )
    dates = rows(
        raw,
        """SELECT e.article_id, d.clean_start, d.clean_end, d.first_day, d.last_day, d.precision
        FROM public.extraction AS e JOIN public.date_expression AS d ON d.extraction_id = e.id
        WHERE e.is_current AND e.article_id BETWEEN %(low)s AND %(high)s ORDER BY e.article_id, d.n""",
        **between,
    )
    triggers = rows(
        raw,
        """SELECT e.article_id, t.clean_start, t.clean_end, v.n, v.type, b.occurrence_id
        FROM public.extraction AS e JOIN public.event AS v ON v.extraction_id = e.id
        JOIN public.event_trigger AS t ON t.extraction_id = e.id AND t.event_n = v.n
        LEFT JOIN public.occurrence_event AS b ON b.extraction_id = e.id AND b.event_n = v.n
        WHERE e.is_current AND e.article_id BETWEEN %(low)s AND %(high)s
        ORDER BY e.article_id, v.n, t.ordinal""",
        **between,
    )
    siblings = rows(
        raw,
        """SELECT a.article_id, b.article_id, x.title, x.source
        FROM public.article_story AS a JOIN public.article_story AS b USING (story_id)
        JOIN public.extraction AS x ON x.id = b.extraction_id
        JOIN public.story AS s ON s.id = a.story_id
        WHERE s.articles > 1 AND b.article_id <> a.article_id
            AND a.article_id BETWEEN %(low)s AND %(high)s ORDER BY a.article_id, b.article_id""",
        **between,
    )
    for name, found in (
        ("mentions", mentions),
        ("dates", dates),
        ("triggers", triggers),
        ("siblings", siblings),
    ):
        for number, *rest in found:
            if (article := articles.get(number)) is not None:
                getattr(article, name).append(tuple(rest))
    yield from articles.values()


# ------------------------------------------------------------------------------------------ events


def read_reports(raw: Raw, low: int, high: int) -> dict[int, list[Report]]:
    """The reports of events with an id from ``low`` to ``high``, surest first."""
    found: dict[int, list[Report]] = {}
    query: LiteralString = """
        SELECT b.occurrence_id, e.article_id, v.n, e.title, e.source, e.published_first_day,
            e.published_last_day,
            coalesce(substr(e.text, s.clean_start + 1, s.clean_end - s.clean_start), ''), s.clean_start,
            array_agg(ARRAY[t.clean_start, t.clean_end] ORDER BY t.ordinal),
            substr(e.text, v.attribution_clean_start + 1,
                v.attribution_clean_end - v.attribution_clean_start),
            v.confidence
        FROM public.occurrence_event AS b
        JOIN public.event AS v ON v.extraction_id = b.extraction_id AND v.n = b.event_n
        JOIN public.extraction AS e ON e.id = b.extraction_id
        JOIN public.event_trigger AS t ON t.extraction_id = v.extraction_id AND t.event_n = v.n
        LEFT JOIN public.sentence AS s ON s.extraction_id = v.extraction_id AND s.n = v.sentence_n
        WHERE b.occurrence_id BETWEEN %(low)s AND %(high)s AND e.is_current
        GROUP BY b.occurrence_id, e.id, v.extraction_id, v.n, s.extraction_id, s.n
        ORDER BY b.occurrence_id, v.confidence DESC, e.article_id, v.n"""
    for event, article, n, title, source, first, last, sentence, start, spans, who, sure in rows(
        raw, query, low=low, high=high
    ):
        inside = [(a - start, z - start) for a, z in spans if start is not None]
        triggers = tuple((a, z) for a, z in inside if 0 <= a < z <= len(sentence))
        found.setdefault(event, []).append(
            Report(article, n, title, source, first, last, sentence, triggers, who, sure)
        )
    return found


def read_links(raw: Raw) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """(event -> what happened of it, event -> what had announced it)."""
    happened: defaultdict[int, list[int]] = defaultdict(list)
    announced: defaultdict[int, list[int]] = defaultdict(list)
    for plan, fact in rows(
        raw, "SELECT announced_id, happened_id FROM public.occurrence_link ORDER BY score DESC, 1, 2"
    ):
        happened[plan].append(fact)
        announced[fact].append(plan)
    return happened, announced


# ------------------------------------------------------------------------------------------ entities


@dataclass(frozen=True, slots=True)
class Around:
    """What surrounds entities: who is named with each, when, in which articles, and offices."""

    neighbours: dict[int, list[tuple[int, int]]]  # entity -> (other, stories), most first
    places: dict[int, list[tuple[int, int]]]  # entity -> (place, stories), most first
    days: dict[int, list[tuple[date, int]]]  # entity -> (day, articles)
    articles: dict[int, list[tuple[int, str | None, str | None, date | None]]]
    held: dict[int, list[tuple[Any, ...]]]  # person -> offices
    staff: dict[int, list[tuple[Any, ...]]]  # organisation -> offices
    quotations: dict[int, list[Quotation]]  # who said it -> newest first


_TENURE: LiteralString = """
    SELECT {0}, t.person_id, p.name, t.title, t.organization_id, o.name, t.first_seen, t.last_seen,
        t.articles, t.former_articles
    FROM public.tenure AS t JOIN public.entity AS p ON p.id = t.person_id
    LEFT JOIN public.entity AS o ON o.id = t.organization_id
    WHERE {0} IS NOT NULL ORDER BY {0}, t.last_seen DESC NULLS LAST, t.articles DESC, t.id"""


def read_around(raw: Raw, least: int) -> Around:
    """For all entities named at least ``least`` times."""
    pairs = rows(
        raw,
        """WITH named AS MATERIALIZED (
            SELECT a.extraction_id, a.entity_id, a.story_id, t.kind
            FROM report.appearance AS a JOIN report.entity_total AS t USING (entity_id)
            WHERE t.mentions >= %(least)s
        )
        SELECT entity_id, other, stories, is_place FROM (
            SELECT p.*, row_number() OVER (
                PARTITION BY entity_id, is_place ORDER BY stories DESC, articles DESC, other) AS rank
            FROM (
                SELECT a.entity_id, b.entity_id AS other, b.kind = 'LOCATION' AS is_place,
                    count(DISTINCT a.story_id) AS stories, count(*) AS articles
                FROM named AS a JOIN named AS b USING (extraction_id)
                WHERE a.entity_id <> b.entity_id GROUP BY 1, 2, 3
            ) AS p
        ) AS r WHERE rank <= %(most)s ORDER BY entity_id, rank""",
        most=NEIGHBOURS * 2,
        least=least,
    )
    neighbours: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    places: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for one, other, stories, is_place in pairs:
        if is_place:
            places[one].append((other, stories))
        elif len(neighbours[one]) < NEIGHBOURS:
            neighbours[one].append((other, stories))
    articles = rows(
        raw,
        """SELECT entity_id, article_id, title, source, published_first_day FROM (
            SELECT a.entity_id, e.article_id, e.title, e.source, e.published_first_day, row_number() OVER (
                PARTITION BY a.entity_id ORDER BY e.published_first_day DESC NULLS LAST, e.article_id) AS rank
            FROM report.appearance AS a JOIN report.entity_total AS t USING (entity_id)
            JOIN public.extraction AS e ON e.id = a.extraction_id AND e.is_current
            WHERE t.mentions >= %(least)s
        ) AS r WHERE rank <= %(most)s ORDER BY entity_id, rank""",
        most=ARTICLES,
        least=least,
    )
    days = rows(
        raw,
        """SELECT m.entity_id, m.day, m.articles FROM report.mentions_by_day AS m
        JOIN report.entity_total AS t USING (entity_id)
        WHERE t.mentions >= %(least)s AND m.day IS NOT NULL ORDER BY m.entity_id, m.day""",
        least=least,
    )
    quotations: defaultdict[int, list[Quotation]] = defaultdict(list)
    for speaker, *rest in rows(
        raw,
        """SELECT r.entity_id, x.article_id, x.title, x.source, x.published_first_day, r.direct,
            substr(x.text, r.clean_start + 1, r.clean_end - r.clean_start)
        FROM (
            SELECT i.entity_id, q.extraction_id, q.direct, q.clean_start, q.clean_end, row_number() OVER (
                PARTITION BY i.entity_id
                ORDER BY e.published_first_day DESC NULLS LAST, e.article_id DESC, q.n) AS rank
            FROM public.quotation AS q
            JOIN public.identity AS i ON i.extraction_id = q.extraction_id AND i.n = q.speaker_n
            JOIN report.entity_total AS t ON t.entity_id = i.entity_id AND t.mentions >= %(least)s
            JOIN public.extraction AS e ON e.id = q.extraction_id AND e.is_current
            LEFT JOIN public.article_story AS s ON s.article_id = e.article_id
            WHERE coalesce(s.kind, 'original') = 'original'
        ) AS r JOIN public.extraction AS x ON x.id = r.extraction_id
        WHERE r.rank <= %(most)s ORDER BY r.entity_id, r.rank""",
        most=QUOTATIONS,
        least=least,
    ):
        quotations[speaker].append(Quotation(*rest))
    return Around(
        neighbours,
        places,
        _grouped(days),
        _grouped(articles),
        _grouped(rows(raw, _TENURE.format("t.person_id"))),
        _grouped(rows(raw, _TENURE.format("t.organization_id"))),
        quotations,
    )


# ------------------------------------------------------------------------------------------ overview


@dataclass(frozen=True, slots=True)
class Totals:
    volume: list[tuple[str | None, date | None, int]]  # outlet, day, articles
    # outlet, articles, copies, first and last day of publication, when the last one was read
    freshness: list[tuple[str | None, int, int, date | None, date | None, datetime]]
    articles: int
    kinds: dict[str, int]  # how many things of each kind are named at all
    derived: list[tuple[str, int, datetime | None]]  # what, changes that wait, when it was brought up to date


def read_totals(raw: Raw) -> Totals:
    volume = rows(
        raw,
        'SELECT source, day, articles FROM report.source_volume ORDER BY source COLLATE "C" NULLS LAST, day',
    )
    freshness = rows(
        raw,
        """SELECT source, articles, articles - originals, first_published, last_published, last_loaded
        FROM report.source_freshness ORDER BY articles DESC, source COLLATE "C" NULLS LAST""",
    )
    kinds = dict(rows(raw, "SELECT kind, count(*) FROM report.entity_total GROUP BY kind"))
    derived = rows(raw, "SELECT what, backlog, refreshed_at AT TIME ZONE 'UTC' FROM report.freshness")
    return Totals(volume, freshness, sum(row[2] for row in volume), kinds, derived)


def read_titles(raw: Raw) -> list[tuple[int, str | None, str | None, date | None]]:
    """(article, title, outlet, day), newest first."""
    return rows(
        raw,
        """SELECT article_id, title, source, published_from FROM report.article
        ORDER BY published_from DESC NULLS LAST, article_id DESC""",
    )
