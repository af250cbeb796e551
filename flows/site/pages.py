"""Pages from what was read: addresses, dates, and the templates."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from flows.site.data import Article, Event, Report, World
from flows.site.marks import Mark, marked
from flows.site.words import labelled, plain, word

_FOLDER = 1_000  # pages of one folder
_EXCERPT = 220  # letters of a sentence in a list
TALKS = frozenset(("CONSULT", "AGREE", "SUPPORT", "CONCEDE", "COOPERATE", "AID", "RETREAT"))
CONFLICT = frozenset(
    ("REQUEST", "ACCUSE", "REJECT", "THREATEN", "PROTEST", "SANCTION", "MOBILIZE", "COERCE", "ASSAULT")
)
KIND_LISTS = {
    "PERSON": "people",
    "ORGANIZATION": "organizations",
    "LOCATION": "places",
    "NAMED_EVENT": "named_events",
}
_MARK_CLASSES = {
    "PERSON": "person",
    "ORGANIZATION": "organization",
    "LOCATION": "place",
    "NAMED_EVENT": "named_event",
}


def path(what: str, number: int) -> str:
    """The file of a page below the site's folder: ``what`` is article, event or entity."""
    return f"{what}/{number // _FOLDER}/{number}.html"


def listed(name: str, page: int = 1) -> str:
    """The file of a page of a list."""
    return f"list/{name}.html" if page == 1 else f"list/{name}-{page}.html"


@lru_cache(maxsize=1 << 16)
def day(value: date) -> Markup:
    return _time(value.isoformat(), f"{value.day} {plain(f'month_{value.month}')} {value.year}")


def _time(stamp: str, shown: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(stamp, shown)


def month(value: date) -> Markup:
    return _time(f"{value.year:04}-{value.month:02}", f"{plain(f'month_{value.month}')} {value.year}")


@lru_cache(maxsize=1 << 16)
def interval(first: date | None, last: date | None) -> Markup:
    """The shortest way to say an interval of days."""
    if first is None or last is None:
        known = first or last
        return word("undated") if known is None else day(known)
    if first == last:
        return day(first)
    if first.day == 1 and last.day == calendar.monthrange(last.year, last.month)[1]:
        if (first.year, first.month) == (last.year, last.month):
            return month(first)
        if first.year == last.year and (first.month, last.month) == (1, 12):
            return _time(f"{first.year:04}", str(first.year))
    return Markup("{} – {}").format(day(first), day(last))


def excerpt(text: str | None, most: int = _EXCERPT) -> str:
    """The beginning of a text, cut between words."""
    line = " ".join((text or "").split())
    return line if len(line) <= most else line[:most].rsplit(" ", 1)[0].rstrip("،؛,.") + "…"


def web_address(url: str | None) -> str | None:
    """The address where it is one that may stand in a link; metadata can say anything."""
    if not url or re.search(r"[\s\x00-\x1f]", url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def group(kind: str) -> str:
    """The colour of an event type."""
    return "talks" if kind in TALKS else "conflict" if kind in CONFLICT else "civil"


def thousands(value: int) -> str:
    return f"{value:,}"


class Pages:
    """Renders templates for one world; made once a process."""

    def __init__(self, world: World) -> None:
        self.world = world
        environment = Environment(
            loader=PackageLoader("flows.site"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters.update(day=day, month=month, excerpt=excerpt, n=thousands)
        environment.globals.update(
            w=word,
            labelled=labelled,
            plain=plain,
            interval=interval,
            path=path,
            listed=listed,
            group=group,
            entities=world.entities,
            events=world.events,
            articles_shown=world.articles,
            frame=self._frame,
            event_line=self._event_line,
            kind_lists=KIND_LISTS,
            least=world.least,
            as_of=world.as_of,
        )
        self._environment = environment
        self._templates: dict[str, Callable[..., str]] = {}
        self._lines: dict[tuple[int, str], Markup] = {}
        self._line: Callable[[Event, str], Markup] | None = None
        self._frames: dict[tuple[str, str, str], Markup] = {}

    def _frame(self, template: str, root: str, here: str) -> Markup:
        """What is the same on every page of one depth, rendered once."""
        key = (template, root, here)
        known = self._frames.get(key)
        if known is None:
            made = self._environment.get_template(template).render(root=root, here=here)
            known = self._frames[key] = Markup(made)
        return known

    def _event_line(self, event: Event, root: str) -> Markup:
        """An event in a list, rendered once: it stands on the pages of all who take part."""
        key = (event.id, root)
        known = self._lines.get(key)
        if known is None:
            if self._line is None:
                self._line = cast(Any, self._environment.get_template("parts.html").module).line
            known = self._lines[key] = self._line(event, root)
        return known

    def render(self, template: str, target: str, **values: Any) -> bytes:
        """The page at ``target`` (below the site's folder) as UTF-8."""
        render = self._templates.get(template)
        if render is None:
            render = self._templates[template] = self._environment.get_template(template).render
        return render(root="../" * target.count("/"), **values).encode()

    # -------------------------------------------------------------------------------------- articles

    def article(self, article: Article) -> bytes:
        target = path("article", article.id)
        root = "../" * target.count("/")
        blocks = self._blocks(article, root)
        names: dict[int, list[Any]] = {}
        for _, _, kind, name, entity, n in article.mentions:
            names.setdefault(n, [kind, name, entity, 0])[3] += 1
        found: dict[int, tuple[int, str, int | None]] = {}
        for _, _, n, kind, event in article.triggers:
            found.setdefault(n, (n, kind, event))
        return self.render(
            "article.html",
            target,
            article=article,
            address=web_address(article.url),
            blocks=blocks,
            names=sorted(names.items(), key=lambda one: (-one[1][3], one[0])),
            found=list(found.values()),
        )

    def _blocks(self, article: Article, root: str) -> list[tuple[str, Markup]]:
        """(kind, marked text) of each paragraph; the title first, whether the text has one or not."""
        marks: list[Mark] = []
        seen: set[int] = set()
        for start, end, kind, name, entity, n in article.mentions:
            css = f"m {_MARK_CLASSES[kind]}"
            anchor = "" if n in seen else f' id="n{n}"'
            seen.add(n)
            plain_open = f'<span class="{css}"{anchor}>'
            if entity is not None and entity in self.world.entities:
                address = f"{root}{path('entity', entity)}"
                opening = f'<a class="{css}"{anchor} href="{address}" title="{escape(name)}">'
                marks.append(Mark(start, end, opening, "</a>", plain_open, "</span>"))
            else:
                marks.append(Mark(start, end, plain_open, "</span>", plain_open, "</span>"))
        for start, end, first, last, _ in article.dates:
            means = "" if first is None else f"{first}" if first == last else f"{first} – {last}"
            opening = f'<span class="m date" title="{means}">'
            marks.append(Mark(start, end, opening, "</span>", opening, "</span>"))
        anchored: set[int] = set()
        for start, end, n, kind, event in article.triggers:
            anchor = "" if n in anchored else f' id="e{n}"'
            anchored.add(n)
            css = f'class="m event"{anchor} title="{escape(plain(f"type_{kind}"))}"'
            plain_open = f"<span {css}>"
            if event is not None:
                opening = f'<a {css} href="{root}{path("event", event)}">'
                marks.append(Mark(start, end, opening, "</a>", plain_open, "</span>"))
            else:
                marks.append(Mark(start, end, plain_open, "</span>", plain_open, "</span>"))
        marks.sort(key=lambda m: (m.start, -m.end))
        return [(kind, marked(article.text, a, z, marks)) for kind, a, z in article.blocks if z > a]

    # -------------------------------------------------------------------------------------- events

    def event(
        self,
        event: Event,
        reports: Sequence[Report],
        happened: Sequence[int],
        announced: Sequence[int],
        chart: Markup,
    ) -> bytes:
        shown = []
        for report in reports:
            marks = [Mark(a, z, "<mark>", "</mark>", "<mark>", "</mark>") for a, z in report.triggers]
            shown.append((report, marked(report.sentence, 0, len(report.sentence), marks)))
        return self.render(
            "event.html",
            path("event", event.id),
            event=event,
            reports=shown,
            happened=[self.world.events[n] for n in happened if n in self.world.events],
            announced=[self.world.events[n] for n in announced if n in self.world.events],
            chart=chart,
            visit=event.type == "CONSULT",
        )
