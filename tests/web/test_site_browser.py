"""The site in a browser: nothing from outside, nothing said on the console, usable by all."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from flows.clean.normalize import fold
from tests.web.conftest import Site, Watched, samples

KINDS = ("overview", "entity", "event", "article", "names", "months", "month", "articles", "search")


def one_of_each(site: Site) -> dict[str, str]:
    """The fullest page of every kind."""

    def largest(pattern: str) -> str:
        return max(site.out.glob(pattern), key=lambda p: p.stat().st_size).relative_to(site.out).as_posix()

    return {
        "overview": "index.html",
        "entity": largest("entity/*/*.html"),
        "event": largest("event/*/*.html"),
        "article": largest("article/*/*.html"),
        "names": "list/places.html",
        "months": "list/events.html",
        "month": largest("list/events-2*.html"),
        "articles": "list/articles.html",
        "search": "search.html?q=" + quote("الرباط"),
    }


def faults(page: Page) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_page_on_a_phone(kind: str, site: Site, watched: Watched) -> None:
    page = watched.open(one_of_each(site)[kind])
    if kind == "search":
        expect(page.locator("#results a").first).to_be_visible()
    assert overflow(page) <= 0
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert faults(page) == []
    page.click("#theme")
    page.click("#lang")
    assert page.locator("html").get_attribute("dir") == "ltr"
    assert overflow(page) <= 0
    if kind in ("overview", "entity", "event", "article"):  # what the others are made of
        assert faults(page) == []
    assert page.evaluate("window.stolen") is None


def test_language_switch_changes_all_words_and_stays(site: Site, watched: Watched) -> None:
    page = watched.open("index.html")
    expect(page.locator("nav a").first).to_have_text("نظرة عامة")
    page.click("#lang")
    expect(page.locator("nav a").first).to_have_text("Overview")
    assert page.locator("#q").get_attribute("placeholder") == "A name, body, place, headline…"
    left = page.evaluate(
        "Array.from(document.querySelectorAll('[data-w], time')).map(e => e.textContent)"
        ".filter(t => /[\\u0600-\\u06ff]/.test(t))"
    )
    assert left == []
    dates = page.locator("time").all_inner_texts()
    assert any(re.fullmatch(r"\d{1,2} [A-Z][a-z]+ \d{4}", one) for one in dates)
    # what articles say stays Arabic, and from right to left
    said = page.locator(".said a").first
    assert re.search("[ء-ي]", said.inner_text()) and said.get_attribute("dir") == "rtl"
    watched.open("list/people.html")
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.locator("h1")).to_have_text("People")
    page.click("#lang")
    expect(page.locator("h1")).to_have_text("أشخاص")


def test_dark_follows_the_system_and_the_button(watched: Watched) -> None:
    page = watched.open("index.html")

    def brightness() -> int:
        colour = str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    assert brightness() > 600
    page.emulate_media(color_scheme="dark")
    assert brightness() < 150
    expect(page.locator("#theme")).to_have_attribute("aria-pressed", "true")
    page.click("#theme")
    assert brightness() > 600
    watched.open("search.html")
    assert brightness() > 600
    expect(page.locator("#theme")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize(
    "query", ["إدريس الزاكوري", "ادريس الزاكورى", "والزاكوري", "إدْريـس الزاكوريّ", "الزاكو"]
)
def test_search_finds_a_name_in_any_spelling(query: str, watched: Watched) -> None:
    page = watched.open("search.html?q=" + quote(query))
    found = page.locator("#results a[href^='entity/']", has_text="الزاكوري")
    expect(found.first).to_be_visible()
    found.first.click()
    expect(page.locator("h1")).to_contain_text("الزاكوري")


def test_search_says_so_where_there_is_nothing(watched: Watched) -> None:
    page = watched.open("search.html?q=" + quote("زقزقة قطط"))
    expect(page.locator("#state")).to_have_text("لا نتائج")
    page.fill("#q", "constructor")  # a name that every JavaScript object knows
    page.wait_for_timeout(400)
    expect(page.locator("#state")).to_have_text("لا نتائج")


def test_the_browser_folds_like_the_database(watched: Watched) -> None:
    page = watched.open("search.html")
    texts = [line for made in samples() for line in made.decoded.text.splitlines()]
    texts += ["ﻻ ﷲ ڤيتنام گوگل ٣٤٥ ÉCOLE Ünal", "مـــحـــمـــد", "هاااام", "«قال»…", "کتابی ہے", "أَإِآٱ ةىؤئ"]
    assert len(texts) > 100
    folded = page.evaluate("texts => texts.map(window.rasdFoldText)", texts)
    wrong = [(t, a, fold(t)) for t, a in zip(texts, folded, strict=True) if a != fold(t)]
    assert wrong == []


def test_keyboard_alone_reaches_content_and_search(watched: Watched) -> None:
    page = watched.open("list/people.html")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    assert page.locator(".skip").bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.type("الرباط/")  # a slash inside the box is a slash
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    expect(page.locator("#results a").first).to_be_visible()
    assert "search.html?q=" in page.url


def test_reader_marks_lead_on_and_can_be_hidden(site: Site, watched: Watched) -> None:
    page = watched.open(one_of_each(site)["article"])
    marks = page.locator(".reader .m")
    assert marks.count() > 20
    link = page.locator("ol.marks a[href^='#e']").first
    anchor = str(link.get_attribute("href"))
    link.click()
    assert page.url.endswith(anchor)
    expect(page.locator(anchor)).to_be_in_viewport()
    event = page.locator(".reader a.event").first
    assert "gradient" in event.evaluate("e => getComputedStyle(e).backgroundImage")
    page.click("[data-mark=event]")
    expect(page.locator("[data-mark=event]")).to_have_attribute("aria-pressed", "false")
    assert event.evaluate("e => getComputedStyle(e).backgroundImage") == "none"
    event.click()
    expect(page.locator(".evidence mark").first).to_be_visible()
    page.locator(".evidence figcaption a").first.click()
    assert "#e" in page.url and "/article/" in page.url


def test_hostile_articles_stay_text(site: Site, watched: Watched) -> None:
    paths = [
        p.relative_to(site.out).as_posix()
        for folder in ("article", "entity", "event", "list")
        for p in sorted(site.out.glob(f"{folder}/**/*.html"))
        if "onerror=window.stolen" in p.read_text(encoding="utf-8")
    ]
    assert len(paths) > 8
    for path in paths[:3] + paths[len(paths) // 2 :][:3] + paths[-3:]:
        page = watched.open(path)
        assert "onerror=window.stolen" in page.inner_text("body")
        assert page.evaluate("window.stolen") is None
        assert page.locator("a[href^='javascript']").count() == 0
    page = watched.open("search.html?q=onerror")
    expect(page.locator("#results a").first).to_contain_text("<img src=x")
    page = watched.open("search.html?q=" + quote("<img src=x onerror=window.stolen=1>"))
    page.wait_for_timeout(300)
    assert page.evaluate("window.stolen") is None


def test_readable_without_scripts(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{site.out}/index.html")
    expect(page.locator(".said a").first).to_be_visible()
    expect(page.locator("svg.chart")).to_be_visible()
    expect(page.locator("#lang")).to_be_hidden()
    page.goto(f"file://{site.out}/search.html")
    expect(page.locator("noscript p")).to_be_visible()
    context.close()


def test_from_a_web_server(browser: Browser, served: str) -> None:
    context = browser.new_context()
    one = Watched(context, served)
    page = one.open("index.html")
    page.fill("#q", "الرباط")
    page.keyboard.press("Enter")
    expect(page.locator("#results a").first).to_be_visible()
    page.locator("#results a").first.click()
    expect(page.locator("h1")).to_be_visible()
    context.close()
    assert not one.faults


def test_pictures_of_the_readme_are_small() -> None:
    for name in ("site-overview.png", "site-event.png"):
        picture = Path(__file__).with_name(name)
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < 200_000
