"""A site of the sample articles and of two hostile ones, and a browser to look at it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy.engine import Engine

from db import embedded, engine
from db.load import load_batch
from db.rows import Batch
from flows.pipeline import Options
from flows.pipeline import extract as extract_article
from flows.read.discover import discover, load
from flows.records import Extraction, Metadata, RawFile, Rejection
from flows.rows import article_rows
from flows.runs import refresh
from flows.site.build import Built, build
from tests.db.articles import PIPELINE, extract, raw_file, text
from tests.db.servers import create_database, drop_database

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
EVIL = "<img src=x onerror=window.stolen=1>\"'><script>window.stolen=1</script>"
EVIL_SOURCE = "</title><script>window.stolen=1</script>"


@dataclass(frozen=True)
class Site:
    out: Path
    built: Built
    engine: Engine


def _hostile() -> list[Extraction]:
    """Articles that try to run scripts from their title, text, names, outlet and address."""
    found = []
    for number, url in ((7, "javascript:window.stolen=1"), (8, 'https://example.com/"onmouseover="x')):
        content = f"{EVIL} " + text(number).replace("وأوضح", f"{EVIL} وأوضح", 1)
        meta = Metadata(source=EVIL_SOURCE, url=url)
        made = extract(raw_file(content, f"/news/{number}{EVIL_SOURCE[2:]}.txt", meta))
        entities = tuple(replace(e, name=f"{e.name} {EVIL}") for e in made.entities)
        events = tuple(
            replace(e, participants=tuple(replace(p, text=f"{EVIL} {p.text}") for p in e.participants))
            for e in made.events
        )
        found.append(replace(made, entities=entities, events=events))
    return found


@cache
def samples() -> tuple[Extraction, ...]:
    """What the pipeline says about the sample articles."""
    found = []
    for one in discover([str(SAMPLES)]):
        raw = one if isinstance(one, Rejection) else load(one)
        assert isinstance(raw, RawFile), raw
        # the place in this checkout must not show in the pages
        made = extract_article(replace(raw, uri=f"/samples/{Path(raw.uri).name}"), Options("fast"))
        assert isinstance(made, Extraction), made
        found.append(made)
    return tuple(found)


@pytest.fixture(scope="session")
def site_engine(server: embedded.Server, template: str) -> Iterator[Engine]:
    name = f"web_{os.urandom(4).hex()}"
    made = engine.create_engine(create_database(server, name, template), poolclass=sa.NullPool)
    extractions = [*samples(), *_hostile()]
    with made.connect() as connection:
        load_batch(connection, Batch(PIPELINE, None, tuple(map(article_rows, extractions)), ()))
    refresh(made)
    yield made
    made.dispose()
    drop_database(server, name)


@pytest.fixture(scope="session")
def site(site_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Site:
    out = tmp_path_factory.mktemp("site") / "public"
    return Site(out, build(site_engine, out, least=1), site_engine)


@pytest.fixture(scope="session")
def served(site: Site) -> Iterator[str]:
    """Address of the site on a web server."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site.out)))
    Thread(target=web.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{web.server_address[1]}"
    web.shutdown()
    web.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's package chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield found
        found.close()


class Watched:
    """A page that writes down what must not happen."""

    def __init__(self, context: BrowserContext, root: str) -> None:
        self.root = root
        self.faults: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("request", self._request)
        self.page.on("requestfailed", lambda r: self.faults.append(f"failed: {r.url}"))
        self.page.on("pageerror", lambda e: self.faults.append(f"error: {e}"))
        self.page.on(
            "console", lambda m: self.faults.append(m.text) if m.type in ("error", "warning") else None
        )

    def _request(self, request: object) -> None:
        url = str(getattr(request, "url", ""))
        if not url.startswith(self.root):
            self.faults.append(f"outside: {url}")

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.root}/{path}")
        return self.page


@pytest.fixture
def watched(browser: Browser, site: Site) -> Iterator[Watched]:
    """A page of the site as files, on a phone; what it complains of fails the test."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="light")
    context.set_default_timeout(10_000)
    one = Watched(context, f"file://{site.out}")
    yield one
    context.close()
    assert not one.faults
