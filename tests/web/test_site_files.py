"""The files of the site: whole, safe, small, and always the same."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import sqlalchemy as sa
import yaml
from markupsafe import Markup
from sqlalchemy.engine import Engine

from db.load import load_batch
from db.models.vocabulary import EVENT_STATUSES, EVENT_TYPES
from flows.clean.normalize import fold
from flows.errors import UserError
from flows.extract import resources
from flows.runs import refresh
from flows.site import charts, pages, search, words
from flows.site.build import build
from flows.site.marks import Mark, marked
from tests.db.articles import batch, many, raw_file, text
from tests.flows.rasd import Rasd
from tests.web.conftest import EVIL, Site, samples

LIMIT = 1_500_000


class Parsed(HTMLParser):
    """Links, ids and what must not stand in a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.wrong: list[str] = []
        self.tags: Counter[str] = Counter()
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        values = dict(attrs)
        if tag in ("a", "form") and (target := values.get("href") or values.get("action")):
            self.links.append(target)
        if tag in ("link", "image") and (target := values.get("href")):
            self.loads.append(target)
        if target := values.get("src"):
            self.loads.append(target)
        if identity := values.get("id"):
            self.ids.append(identity)
        self.wrong += [f"{tag} {name}" for name in values if name.startswith("on") or name == "style"]
        if tag in ("style", "iframe", "object", "base", "img") or (tag == "script" and "src" not in values):
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def parsed(site: Site) -> dict[str, Parsed]:
    return {p.relative_to(site.out).as_posix(): Parsed(p) for p in site.out.rglob("*.html")}


def test_the_pages_that_people_expect(site: Site, parsed: dict[str, Parsed]) -> None:
    assert site.built.pages == len(parsed) > 300
    folders = Counter(path.split("/")[0] for path in parsed)
    assert folders["article"] == len(samples()) + 2
    assert folders["entity"] > 100 and folders["event"] > 50
    assert {"index.html", "search.html", "list/people.html", "list/events.html"} <= set(parsed)


def test_every_link_leads_somewhere(site: Site, parsed: dict[str, Parsed]) -> None:
    for path, page in parsed.items():
        for link in page.links + page.loads:
            parts = urlsplit(link)
            if parts.scheme:
                assert link in page.links and parts.scheme in ("http", "https"), (path, link)
                continue
            target = (site.out / path).parent / unquote(parts.path) if parts.path else site.out / path
            name = target.resolve().relative_to(site.out.resolve()).as_posix()
            assert target.is_file(), (path, link)
            if parts.fragment:
                assert parts.fragment in parsed[name].ids, (path, link)


def test_no_page_holds_scripts_styles_or_twice_the_same_id(parsed: dict[str, Parsed]) -> None:
    for path, page in parsed.items():
        assert not page.wrong, (path, page.wrong)
        assert len(page.ids) == len(set(page.ids)), path
        assert page.tags["main"] == page.tags["h1"] == 1, (path, page.tags)


def test_hostile_texts_are_shown_and_not_run(site: Site) -> None:
    shown = [p for p in site.out.rglob("*.html") if "onerror=window.stolen" in p.read_text(encoding="utf-8")]
    assert {p.relative_to(site.out).parts[0] for p in shown} >= {"article", "entity", "event", "list"}
    for path in site.out.rglob("*.*"):
        content = path.read_text(encoding="utf-8")
        assert "<img" not in content and "<script>" not in content, path
        assert "javascript:" not in content.casefold(), path


def test_files_are_small(site: Site) -> None:
    sizes = {p: p.stat().st_size for p in site.out.rglob("*") if p.is_file()}
    assert max(sizes.values()) < LIMIT
    assert site.built.largest_size == max(sizes.values())


def test_the_same_database_gives_the_same_bytes(site: Site, tmp_path: Path) -> None:
    """Also where two processes share the work; and a second build touches nothing."""
    other = tmp_path / "other"
    build(site.engine, other, least=1, workers=2)
    first = {p.relative_to(site.out): p.read_bytes() for p in site.out.rglob("*") if p.is_file()}
    second = {p.relative_to(other): p.read_bytes() for p in other.rglob("*") if p.is_file()}
    assert first == second
    before = {p: p.stat().st_mtime_ns for p in other.rglob("*.html")}
    (other / "event" / "gone.html").write_text("of an earlier build")
    (other / "CNAME").write_text("the user's own")
    again = build(site.engine, other, least=1)
    assert (again.changed, again.removed) == (0, 1)
    assert {p: p.stat().st_mtime_ns for p in other.rglob("*.html")} == before
    assert (other / "CNAME").exists()


def test_fewer_pages_where_more_mentions_are_asked(site: Site, tmp_path: Path) -> None:
    few = build(site.engine, tmp_path / "few", least=4)
    assert 200 < few.pages < site.built.pages - 50
    for path in (tmp_path / "few").rglob("*.html"):
        for link in Parsed(path).links:
            if not urlsplit(link).scheme and urlsplit(link).path:
                assert (path.parent / urlsplit(link).path).is_file(), (path, link)


def test_an_empty_database_gives_a_site(database: Engine, tmp_path: Path) -> None:
    built = build(database, tmp_path / "out")
    assert built.pages == 8
    assert "لا وقائع بعد" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_articles_whose_file_changed_are_not_linked(database: Engine, tmp_path: Path) -> None:
    first, second = (raw_file(text(n), "/news/same.txt") for n in (3, 4))
    with database.connect() as connection:
        load_batch(connection, batch([first]))
        load_batch(connection, batch([second]))
    refresh(database)
    with database.connect() as connection:
        current = connection.scalar(sa.text("SELECT count(*) FROM extraction WHERE is_current"))
    assert current == 2  # the older one is kept
    build(database, tmp_path / "out", least=1)
    assert [p.name for p in (tmp_path / "out").glob("article/*/*.html")] == ["2.html"]
    links = [(p, link) for p in (tmp_path / "out").rglob("*.html") for link in Parsed(p).links]
    assert all((p.parent / urlsplit(link).path).exists() for p, link in links), links


@pytest.mark.slow
def test_ten_thousand_articles_in_a_minute(database: Engine, tmp_path: Path) -> None:
    """Invented ones; on both cores of a machine that does nothing else."""
    with database.connect() as connection:
        for first in range(0, 10_000, 500):
            load_batch(connection, batch(many(first, 500)))
    refresh(database)
    began = time.monotonic()
    built = build(database, tmp_path / "out")
    assert built.pages > 10_000
    assert built.largest_size < LIMIT
    assert time.monotonic() - began < 60
    assert build(database, tmp_path / "out").changed == 0


def test_the_command(site: Site, tmp_path: Path) -> None:
    url = site.engine.url.render_as_string(hide_password=False)
    rasd = Rasd(tmp_path / "home", {"DATABASE_URL": url})
    done = rasd("site", str(tmp_path / "out"), "--mentions", "1")
    assert done.returncode == 0, done.stderr
    assert f"{site.built.pages} pages" in done.stderr
    index = (tmp_path / "out" / "index.html").read_bytes()
    assert index == (site.out / "index.html").read_bytes()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("dear")
    refused = rasd("site", str(tmp_path / "taken"))
    assert refused.returncode == 1
    assert "something else" in refused.stderr and "Traceback" not in refused.stderr


def test_foreign_folders_are_left_alone(site: Site, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UserError, match="something else"):
        build(site.engine, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


# ------------------------------------------------------------------------------------------ parts


def test_every_type_status_and_mode_has_a_word() -> None:
    known = words.words()
    assert all(f"type_{one}" in known for one in EVENT_TYPES)
    assert all(f"status_{one}" in known for one in EVENT_STATUSES)
    names = [f"events_lexicon_{n}.yaml" for n in ("civil", "conflict", "public", "relief", "talks")]
    modes = {
        one["m"] for n in names for one in _entries(yaml.safe_load(resources.read_text(n))) if "m" in one
    }
    assert len(modes) > 20
    assert not [mode for mode in modes if f"mode_{mode}" not in known]


def _entries(data: object) -> list[dict[str, str]]:
    if isinstance(data, list):
        return [one for part in data for one in _entries(part)]
    if isinstance(data, dict):
        inner = [one for part in data.values() if isinstance(part, list | dict) for one in _entries(part)]
        return [data, *inner]
    return []


def test_templates_use_only_known_words() -> None:
    folder = Path(pages.__file__).parent
    used: set[str] = set()
    for path in (folder / "templates").glob("*.html"):
        content = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'(?:\bw|plain)\(["\']([a-z_A-Z]+)["\']\)', content))
        used |= set(re.findall(r'data-w-(?:label|hint)="([a-z_A-Z]+)"', content))
    assert len(used) > 50
    assert not used - set(words.words())


def test_marks_nest_and_never_a_link_in_a_link() -> None:
    def mark(start: int, end: int, name: str) -> Mark:
        return Mark(start, end, f'<a href="{name}">', "</a>", f"<i id={name}>", "</i>")

    content = "ab<cdefgh"
    assert marked(content, 0, 9, []) == "ab&lt;cdefgh"
    nested = marked(content, 0, 9, [mark(1, 6, "x"), mark(3, 5, "y")])
    assert nested == 'a<a href="x">b&lt;<i id=y>cd</i>e</a>fgh'
    crossing = marked(content, 0, 9, [mark(1, 4, "x"), mark(3, 8, "y")])
    assert crossing == 'a<a href="x">b&lt;<i id=y>c</i></a>defgh'
    assert marked(content, 3, 6, [mark(0, 2, "x"), mark(4, 6, "y")]) == 'c<a href="y">de</a>'
    assert Markup(crossing).striptags() == content


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.com/a?b=1", True),
        ("http://example.com", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt://example.com/%0aalert(1)", False),
        ("data:text/html,x", False),
        ("//example.com/x", False),
        ("https://exam ple.com", False),
        ("http://[", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(url: str | None, kept: bool) -> None:
    assert pages.web_address(url) == (url if kept else None)


def test_intervals_are_said_shortly() -> None:
    def said(first: date | None, last: date | None) -> str:
        return Markup(pages.interval(first, last)).striptags()

    assert said(date(2023, 12, 5), date(2023, 12, 5)) == "5 ديسمبر 2023"
    assert said(date(2024, 2, 1), date(2024, 2, 29)) == "فبراير 2024"
    assert said(date(2024, 1, 1), date(2024, 12, 31)) == "2024"
    assert said(date(2024, 1, 1), date(2024, 1, 7)) == "1 يناير 2024 – 7 يناير 2024"
    assert said(None, None) == "بلا تاريخ"


def test_bins_cover_every_day_once() -> None:
    for last, unit in (
        (date(2024, 1, 20), "day"),
        (date(2024, 9, 3), "week"),
        (date(2027, 5, 9), "month"),
        (date(2090, 1, 1), "year"),
    ):
        days = [date(2024, 1, 1), date(2024, 1, 15), last]
        bins = charts.bins(days)
        assert bins.unit == unit
        assert len(bins.starts) <= max(charts.MOST_BINS, 67)
        assert sum(charts.count([(day, 2) for day in days], bins)) == 6
    assert charts.bins([]).starts == ()


def test_charts_escape_names() -> None:
    around = [(n, EVIL, "PERSON", 2, "../x.html") for n in range(1, 5)]
    drawn = charts.network(EVIL, around, {(1, 2): 1}, "network")
    assert "<img" not in drawn and "<script" not in drawn
    assert charts.network("x", around[:2], {}, "network") == ""


def test_large_buckets_of_the_index_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_BYTES", 200)
    names = [f"مصر{a}{b}" for a in "بتثجح" for b in "سشصض"]
    files = dict(
        search.index_files(search.Document("PERSON", n, name, "", (name,)) for n, name in enumerate(names))
    )
    buckets = [name for name in files if name.startswith("w")]
    assert len(buckets) == 5
    assert all(len(files[name]) < 900 for name in buckets)
    for name in names:
        assert sum(f'"{fold(name)}"'.encode() in content for content in files.values()) >= 1
    hostile = dict(search.index_files([search.Document("PERSON", 1, f"{EVIL}\u2028", "", ("x",))]))
    assert b"<" not in hostile["d0.js"] and "\u2028".encode() not in hostile["d0.js"]
