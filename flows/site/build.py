"""Writes the site: the same database gives the same bytes, and a file that stays the same is not touched.

Many pages are shared out over processes, each with a connection of its own on one exported snapshot.
"""

from __future__ import annotations

import multiprocessing
import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from db.engine import create_engine
from db.export import snapshot
from db.session import Raw, transaction
from flows.errors import UserError
from flows.site import charts, search, words
from flows.site.data import (
    ARTICLES,
    NEIGHBOURS,
    TIMELINE,
    Around,
    Event,
    Place,
    World,
    read_around,
    read_articles,
    read_links,
    read_reports,
    read_titles,
    read_totals,
    read_world,
    rows,
)
from flows.site.pages import KIND_LISTS, Pages, day, interval, listed, month, path

MARKER = ".rasd-site"  # stands in every folder that this wrote, so that nothing else is ever overwritten
FOLDERS = ("article", "entity", "event", "list", "search", "static")
LEAST_MENTIONS = 3
_CHUNK = 1_000  # pages of one job
_ALONE = 3_000  # pages below which processes cost more than they bring
_LINES = 200  # events and
_NAMES = 500  # names and headlines of one page of a list
_OUTLETS = 6  # shown apart in the chart
_PRESENCE = 130  # height of the chart of an entity
_OFFICES = 12  # shown at once


@dataclass(frozen=True, slots=True)
class Built:
    """What was written: pages and other files, bytes in all, the largest file and its bytes."""

    files: int
    pages: int
    changed: int
    removed: int
    size: int
    largest: str
    largest_size: int


@dataclass(frozen=True, slots=True)
class _Written:
    path: str
    size: int
    changed: bool


class _Site:
    """One process's view of the world, and where it writes."""

    def __init__(self, raw: Raw, out: Path, least: int) -> None:
        self.raw, self.out = raw, out
        self.world = read_world(raw, least)
        self.pages = Pages(self.world)
        self.written: list[_Written] = []
        self._folders: set[Path] = set()
        self._around: Around | None = None
        self._links: tuple[dict[int, list[int]], dict[int, list[int]]] | None = None
        self._of_entity: dict[int, list[Event]] | None = None

    def write(self, target: str, content: bytes) -> None:
        """Write a file unless it has this content already."""
        file = self.out / target
        if file.parent not in self._folders:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(file.parent)
        try:
            same = file.stat().st_size == len(content) and file.read_bytes() == content
            if not same:
                # on ext4 a file that is cut to nothing and filled again waits for the disk; a new one not
                file.unlink()
        except FileNotFoundError:
            same = False
        if not same:
            file.write_bytes(content)
        self.written.append(_Written(target, len(content), not same))

    # -------------------------------------------------------------------------------------- jobs

    def articles(self, low: int, high: int) -> None:
        for article in read_articles(self.raw, low, high):
            self.write(path("article", article.id), self.pages.article(article))

    def happenings(self, low: int, high: int) -> None:
        if self._links is None:
            self._links = read_links(self.raw)
        happened, announced = self._links
        reports = read_reports(self.raw, low, high)
        ids = list(self.world.events)
        for number in ids[bisect_left(ids, low) : bisect_left(ids, high + 1)]:
            event = self.world.events[number]
            target = path("event", number)
            root = "../" * target.count("/")
            chart = self._map([(event.place_id, event.place or "", 1)], root, "where", 300)[1]
            page = self.pages.event(
                event, reports.get(number, ()), happened.get(number, ()), announced.get(number, ()), chart
            )
            self.write(target, page)

    def things(self, low: int, high: int) -> None:
        if self._around is None:
            self._around = read_around(self.raw, self.world.least)
        around, of_entity = self._around, self._events_by_entity()
        pairs = {(min(a, b), max(a, b)): n for a, some in around.neighbours.items() for b, n in some}
        ids = sorted(self.world.entities)
        for number in ids[bisect_left(ids, low) : bisect_left(ids, high + 1)]:
            entity = self.world.entities[number]
            target = path("entity", number)
            root = "../" * target.count("/")
            events = of_entity.get(number, [])
            near = [
                (
                    n,
                    self.world.entities[n].name,
                    self.world.entities[n].kind,
                    stories,
                    root + path("entity", n),
                )
                for n, stories in around.neighbours.get(number, ())[:NEIGHBOURS]
                if n in self.world.entities
            ]
            inner = {n for n, *_ in near}
            ties = {pair: n for a in inner for b in inner if a < b and (n := pairs.get(pair := (a, b)))}
            spots = [
                (n, self.world.entities[n].name, stories)
                for n, stories in around.places.get(number, ())
                if n in self.world.entities
            ]
            if entity.kind == "LOCATION":
                spots.insert(0, (number, entity.name, max([entity.stories, *(s[2] for s in spots)])))
            points, chart = self._map(spots, root, "entity_map")
            days = around.days.get(number, [])
            bins = charts.bins([d for d, _ in days])
            held = around.held.get(number, [])
            offices, once = _offices(held or around.staff.get(number, []))
            self.write(
                target,
                self.pages.render(
                    "entity.html",
                    target,
                    entity=entity,
                    event_count=len(events),
                    timeline=events[:TIMELINE],
                    around=near,
                    network=charts.network(entity.name, near, ties, "network"),
                    held=bool(held),
                    office=_main_office(held),
                    offices=offices,
                    offices_once=once,
                    quotations=around.quotations.get(number, []),
                    presence=charts.bars(
                        bins, [("", charts.count(days, bins))], "mentions_over_time", _PRESENCE
                    )
                    if len(bins.starts) > 3
                    else "",
                    unit=bins.unit,
                    points=points,
                    map=chart,
                    articles=around.articles.get(number, [])[:ARTICLES],
                ),
            )

    def rest(self) -> None:
        """The overview, the lists, the search index, and what pages share."""
        events = _newest_first(self.world.events.values())
        titles = read_titles(self.raw)
        self._overview(events)
        self._lists(events, titles)
        self._search(events, titles)
        self.write("search.html", self.pages.render("search.html", "search.html"))
        self.write("static/words.js", words.script().encode())
        self.write("static/fold.js", search.fold_script().encode())
        for file in sorted(files("flows.site").joinpath("static").iterdir(), key=lambda f: f.name):
            self.write(f"static/{file.name}", file.read_bytes())

    # -------------------------------------------------------------------------------------- parts

    def _map(
        self, spots: Sequence[tuple[int | None, str, int]], root: str, about: str, pixels: int = 560
    ) -> tuple[list[Place], Any]:
        """The places that have coordinates, and a map of them."""
        points = [
            Place(name, *self.world.points[n], weight, n)
            for n, name, weight in spots
            if n is not None and n in self.world.points
        ]
        addresses = {
            p.entity_id: root + path("entity", p.entity_id)
            for p in points
            if p.entity_id in self.world.entities
        }
        return points, charts.map_of(points, root, about, addresses, pixels)

    def _events_by_entity(self) -> dict[int, list[Event]]:
        if self._of_entity is None:
            groups: defaultdict[int, list[Event]] = defaultdict(list)
            for event in _newest_first(self.world.events.values()):
                those = {p.entity_id for p in event.parties} | {event.place_id}
                for number in those:
                    if number is not None and number in self.world.entities:
                        groups[number].append(event)
            self._of_entity = groups
        return self._of_entity

    def _overview(self, events: Sequence[Event]) -> None:
        totals = read_totals(self.raw)
        world = self.world
        by_kind = {k: [e for e in world.entities.values() if e.kind == k] for k in KIND_LISTS}
        figures = [
            ("articles", totals.articles, listed("articles")),
            ("outlets", len(totals.freshness), None),
            ("events", len(events), listed("events")),
            *((KIND_LISTS[k], totals.kinds.get(k, 0), listed(KIND_LISTS[k])) for k in list(KIND_LISTS)[:3]),
        ]
        dated = [(source, day, n) for source, day, n in totals.volume if day is not None]
        bins = charts.bins([day for _, day, _ in dated])
        counts: Counter[str | None] = Counter()
        for source, _, n in dated:
            counts[source] += n
        order = sorted(counts, key=lambda s: (-counts[s], s is None, s or ""))
        apart = order[:_OUTLETS] if len(order) > _OUTLETS + 1 else order
        series = [
            (self._outlet(s), charts.count([(d, n) for o, d, n in dated if o == s], bins)) for s in apart
        ]
        if len(order) > len(apart):
            those = set(order) - set(apart)
            others = charts.count([(d, n) for o, d, n in dated if o in those], bins)
            series.append((words.word("other_outlets"), others))
        reported = [(e.type, e.first_reported) for e in events if e.first_reported is not None]
        type_bins = charts.bins([day for _, day in reported])
        kinds = Counter(e.type for e in events)
        types = []
        for kind, total in sorted(kinds.items(), key=lambda one: (-one[1], one[0]))[:12]:
            values = charts.count([(day, 1) for k, day in reported if k == kind], type_bins)
            types.append((kind, total, charts.strip(type_bins, values, f"type_{kind}")))
        spots = Counter(e.place_id for e in events if e.place_id is not None)
        names = {e.place_id: e.place for e in events}
        top = [
            (n, names[n] or "", weight)
            for n, weight in sorted(spots.items(), key=lambda s: (-s[1], s[0]))[:60]
        ]
        points, chart = self._map(top, "", "map_title")
        ends = (
            [charts.label(type_bins.starts[i], type_bins.unit) for i in (0, -1)]
            if type_bins.starts
            else ["", ""]
        )
        self.write(
            "index.html",
            self.pages.render(
                "index.html",
                "index.html",
                here="overview",
                figures=figures,
                latest=_latest(events)[:12],
                named=[(k, KIND_LISTS[k], by_kind[k][:8]) for k in list(KIND_LISTS)[:3] if by_kind[k]],
                bins=bins,
                volume=charts.bars(bins, series, "volume"),
                outlets=[name for name, _ in series],
                volume_rows=[
                    (charts.label(start, bins.unit), [values[i] for _, values in series])
                    for i, start in enumerate(bins.starts)
                ],
                undated=sum(n for _, day, n in totals.volume if day is None),
                type_bins=type_bins,
                type_first=ends[0],
                type_last=ends[1],
                types=types,
                map=chart,
                points=points,
                freshness=totals.freshness,
                derived=totals.derived,
            ),
        )

    @staticmethod
    def _outlet(source: str | None) -> Any:
        return words.word("unknown_outlet") if source is None else source

    def _lists(self, events: Sequence[Event], titles: Sequence[Any]) -> None:
        render, world = self.pages.render, self.world
        for kind, name in KIND_LISTS.items():
            chosen = [e for e in world.entities.values() if e.kind == kind]
            for page, count, part in _paged(chosen, _NAMES):
                target = listed(name, page)
                values = {"name": name, "here": name, "total": len(chosen), "first": (page - 1) * _NAMES + 1}
                self.write(
                    target, render("names.html", target, chosen=part, page=page, count=count, **values)
                )
        for page, count, part in _paged(titles, _NAMES):
            target = listed("articles", page)
            self.write(
                target,
                render(
                    "articles.html",
                    target,
                    here="articles",
                    total=len(titles),
                    chosen=part,
                    page=page,
                    count=count,
                ),
            )
        months: defaultdict[date | None, list[Event]] = defaultdict(list)
        for event in events:
            months[event.day.replace(day=1) if event.day else None].append(event)
        for first, those in months.items():
            name = "events-undated" if first is None else f"events-{first.year:04}-{first.month:02}"
            heading = words.word("undated") if first is None else month(first)
            for page, count, part in _paged(those, _LINES):
                target = listed(name, page)
                values = {"name": name, "heading": heading, "total": len(those), "here": "events"}
                self.write(
                    target, render("month.html", target, chosen=part, page=page, count=count, **values)
                )
        years: defaultdict[int, list[tuple[date, int, int]]] = defaultdict(list)
        most = max((len(those) for first, those in months.items() if first), default=0)
        for first in sorted((m for m in months if m is not None), reverse=True):
            years[first.year].append((first, len(months[first]), most))
        target = listed("events")
        self.write(
            target,
            render(
                "months.html",
                target,
                here="events",
                years=list(years.items()),
                undated=len(months.get(None, ())),
            ),
        )

    def _search(self, events: Sequence[Event], titles: Sequence[Any]) -> None:
        for name, content in search.index_files(self._documents(events, titles)):
            self.write(f"search/{name}", content)

    def _documents(self, events: Sequence[Event], titles: Sequence[Any]) -> Iterator[search.Document]:
        for entity in self.world.entities.values():
            spellings = tuple(name for name, _ in entity.spellings)
            others = "، ".join([s for s in spellings if s != entity.name][:3])
            yield search.Document(entity.kind, entity.id, entity.name, others, (entity.name, *spellings))
        for number, title, source, published in titles:
            more = " · ".join(filter(None, (source, published and day(published).striptags())))
            yield search.Document("ARTICLE", number, title or "–", more, (title or "", source or ""))
        for event in events:
            who = " ← ".join(
                "، ".join(p.text for p in side) for side in (event.actors, event.recipients) if side
            )
            kind = words.plain(f"type_{event.type}")
            when = interval(event.first_day, event.last_day).striptags() if event.first_day else ""
            texts = (*(p.text for p in event.parties), event.place or "", kind)
            more = " · ".join(filter(None, (event.place, when)))
            yield search.Document("EVENT", event.id, f"{kind}: {who}" if who else kind, more, texts)


def _newest_first(events: Any) -> list[Event]:
    return sorted(events, key=lambda e: (-(e.day.toordinal() if e.day else 0), -e.id))


def _latest(events: Sequence[Event]) -> list[Event]:
    """What took place or is to, by the day on which it was reported, the best reported first.

    Of what one sentence tells, and of what the same people do in the same way, only the first.
    """
    sure = [e for e in events if e.status in ("occurred", "ongoing", "planned") and e.parties]

    def order(event: Event) -> tuple[float, ...]:
        return (
            -(event.first_reported.toordinal() if event.first_reported else 0),
            -event.stories,
            not (event.actors and event.first_day),
            -event.confidence,
            event.id,
        )

    seen: set[object] = set()
    chosen = []
    for event in sorted(sure, key=order):
        parties = tuple(sorted(p.text for p in event.parties))
        keys = (event.sentence, (event.type, parties))
        if not any(key in seen for key in keys):
            chosen.append(event)
        seen.update(keys)
    return chosen


def _offices(offices: Sequence[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Those that several articles name, and the others; some at least where all are named once."""
    several = [o for o in offices if o[-2] + o[-1] > 1][:_OFFICES] or list(offices[: _OFFICES // 3])
    return several, [o for o in offices if o not in several]


def _main_office(held: Sequence[tuple[Any, ...]]) -> str | None:
    """What a person is called most often, where that is clear: in three articles, and twice the next."""
    counts = sorted(((o[-2], o[2], o[4]) for o in held if o[-2]), key=lambda o: -o[0])
    if not counts or counts[0][0] < 3 or (len(counts) > 1 and counts[0][0] < 2 * counts[1][0]):
        return None
    _, title, body = counts[0]
    return f"{title}، {body}" if body and body not in title else str(title)


def _paged(chosen: Sequence[Any], size: int) -> Iterator[tuple[int, int, Sequence[Any]]]:
    """(page from 1, how many pages, its part); one empty page where there is nothing."""
    count = max(1, -(-len(chosen) // size))
    for page in range(1, count + 1):
        yield page, count, chosen[(page - 1) * size : page * size]


# ------------------------------------------------------------------------------------------ building

_Job = tuple[str, tuple[int, ...]]


def build(
    engine: sa.Engine,
    out: Path,
    *,
    least: int = LEAST_MENTIONS,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Built:
    """Write the site of the database to the folder ``out``.

    ``least``: how often something must be named to get a page; ``progress`` gets jobs done and jobs in all.
    Raises UserError where the folder holds something else.
    """
    _claim(out)
    with engine.connect() as connection, snapshot(connection) as raw:
        site = _Site(raw, out, least)
        jobs = _jobs(site.world)
        pages = len(site.world.article_ids) + len(site.world.events) + len(site.world.entities)
        processes = workers or (1 if pages < _ALONE else os.cpu_count() or 1)
        done = 0
        if processes == 1:
            for job in jobs:
                _run(site, job)
                done += 1
                if progress is not None:
                    progress(done, len(jobs))
            written = site.written
        else:
            written = []
            name = str(rows(raw, "SELECT pg_export_snapshot()")[0][0])
            url = engine.url.render_as_string(hide_password=False)
            with ProcessPoolExecutor(
                processes, multiprocessing.get_context("spawn"), _open, (url, name, str(out), least)
            ) as pool:
                for part in pool.map(_worker, jobs):
                    written += part
                    done += 1
                    if progress is not None:
                        progress(done, len(jobs))
    removed = _remove_others(out, {one.path for one in written})
    largest = max(written, key=lambda one: (one.size, one.path))
    return Built(
        files=len(written),
        pages=sum(one.path.endswith(".html") for one in written),
        changed=sum(one.changed for one in written),
        removed=removed,
        size=sum(one.size for one in written),
        largest=largest.path,
        largest_size=largest.size,
    )


def _jobs(world: World) -> list[_Job]:
    """The longest first."""
    jobs: list[_Job] = [("rest", ())]
    for name, ids in (
        ("things", sorted(world.entities)),
        ("articles", world.article_ids),
        ("happenings", tuple(world.events)),
    ):
        jobs += [(name, (ids[i], ids[min(i + _CHUNK, len(ids)) - 1])) for i in range(0, len(ids), _CHUNK)]
    return jobs


def _run(site: _Site, job: _Job) -> None:
    name, values = job
    getattr(site, name)(*values)


_here: list[_Site] = []  # of a worker process
_kept = ExitStack()


def _open(url: str, snapshot_name: str, out: str, least: int) -> None:
    """Make this worker see what the others see."""
    engine = create_engine(url, application_name="rasd site")
    connection = _kept.enter_context(engine.connect())
    raw = _kept.enter_context(transaction(connection))
    raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    raw.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot_name)))
    _here.append(_Site(raw, Path(out), least))


def _worker(job: _Job) -> list[_Written]:
    site = _here[0]
    site.written = []
    _run(site, job)
    return site.written


def _claim(out: Path) -> None:
    """Take an empty folder, or one that an earlier build wrote."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not (out / MARKER).exists():
            if any(out.iterdir()):
                raise UserError(f"{out}: the folder holds something else; name an empty one")
            (out / MARKER).write_text("Written by `rasd site`; the next build replaces what is here.\n")
    except OSError as error:
        raise UserError(f"{out}: {error.strerror}") from error


def _remove_others(out: Path, written: set[str]) -> int:
    """Delete pages of things that are gone."""
    removed = 0
    for folder in FOLDERS:
        for file in (out / folder).rglob("*"):
            if file.is_file() and file.relative_to(out).as_posix() not in written:
                file.unlink()
                removed += 1
    return removed
