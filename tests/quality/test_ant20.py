"""The independent check set fits its archive, keeps to the gold format and holds no text of the articles."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flows.records import EntityKind, EventStatus, EventType

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
ANT = SHARED / "news" / "ant.zip"
GOLD = SHARED / "gold"


def needs_shared(test: Any) -> Any:
    missing = pytest.mark.skipif(not ANT.is_file(), reason="../shared/news/ant.zip is not here")
    return pytest.mark.shared(missing(test))


def _module() -> ModuleType:
    """ant20.py by its path, so that pytest's import mode does not matter."""
    spec = importlib.util.spec_from_file_location("ant20", Path(__file__).with_name("ant20.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ant20"] = module  # msgspec looks annotations up there
    spec.loader.exec_module(module)
    return module


ant20 = _module()


@pytest.fixture(scope="module")
def restored() -> list[dict[str, Any]]:
    return ant20.load(ANT)


def test_the_repository_holds_no_text_of_the_articles() -> None:
    raw = json.loads(ant20.ANNOTATIONS.read_text(encoding="utf-8"))["articles"]
    arabic = re.findall(r"[\u0600-\u06ff]+", json.dumps(raw, ensure_ascii=False))
    assert set(arabic) <= {"ال"}


def test_values_are_those_of_the_guide() -> None:
    iso = re.compile(r"\d{4}(-\d\d){0,2}")
    articles = ant20.annotated()
    assert len(articles) == len({a.id for a in articles}) == 20
    for article in articles:
        assert {e.kind for e in article.entities} <= set(EntityKind)
        assert {e.type for e in article.events} <= set(EventType)
        assert {e.status for e in article.events} <= set(EventStatus)
        assert all(e.triggers for e in article.events)
        assert all(e.surfaces for e in article.entities)
        for dated in [*article.dates, *article.events]:
            assert (dated.start is None) == (dated.end is None)
            if dated.start is not None:
                assert iso.fullmatch(dated.start) and iso.fullmatch(dated.end)
                assert dated.start <= dated.end


def test_spans_outside_the_text_are_refused() -> None:
    assert ant20.cut("للشرطة", ant20.Joined((2, 6), "ال"), "x") == "الشرطة"
    for span in ((0, 0), (3, 2), (5, 7), (-1, 2)):
        with pytest.raises(ant20.Ant20Error):
            ant20.cut("للشرطة", span, "x")


def test_an_archive_with_other_articles_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("ant/elsewhere.txt", "نص آخر")
    with pytest.raises(ant20.Ant20Error, match="not in the archive"):
        ant20.load(other)
    with zipfile.ZipFile(other, "w") as archive:
        for article in ant20.annotated():
            archive.writestr(f"ant/{article.file}", "نص آخر")
    with pytest.raises(ant20.Ant20Error, match="sha256"):
        ant20.load(other)


@needs_shared
def test_every_span_resolves_to_whole_words(restored: list[dict[str, Any]]) -> None:
    with zipfile.ZipFile(ANT) as archive:
        for article in ant20.annotated():
            text = ant20.article_bytes(archive, article).decode("utf-8")
            pieces = [s for e in article.entities for s in e.surfaces]
            pieces += [
                p for o in article.offices for p in (o.person, o.title, o.organization) if p is not None
            ]
            pieces += [d.span for d in article.dates]
            pieces += [p for e in article.events for p in [*e.triggers, *e.actors, *e.recipients]]
            pieces += [e.location for e in article.events if e.location is not None]
            for piece in [*pieces, *article.boilerplate]:
                string = ant20.cut(text, piece, article.file)
                assert string == string.strip() and "\n" not in string
                start, end = piece.span if isinstance(piece, ant20.Joined) else piece
                clitics = re.search(r"\w*$", text[:start])
                # tatweel may join a clitic to what follows
                assert clitics is not None and set(clitics.group()) <= set("وفبلكسـ"), (article.file, string)
                assert not re.match(r"\w", text[end : end + 1]) or not re.match(r"\w", text[end - 1])


@needs_shared
def test_references_are_entities_of_the_article(restored: list[dict[str, Any]]) -> None:
    for document in restored:
        names = {e["name"] for e in document["entities"]}
        kinds = {e["name"]: e["kind"] for e in document["entities"]}
        assert len(names) == len(document["entities"])
        for office in document["offices"]:
            assert kinds[office["person"]] == EntityKind.PERSON
            assert office["organization"] is None or office["organization"] in names
        for event in document["events"]:
            assert event["location"] is None or kinds[event["location"]] == EntityKind.LOCATION


@needs_shared
def test_none_of_the_articles_is_in_the_gold_set(restored: list[dict[str, Any]]) -> None:
    gold = {d["id"] for part in ("train", "dev") for d in json.loads((GOLD / f"{part}.json").read_bytes())}
    assert gold.isdisjoint(d["id"] for d in restored)


@needs_shared
def test_the_scorer_takes_the_written_folder(tmp_path: Path, restored: list[dict[str, Any]]) -> None:
    """The annotations scored against themselves are right throughout, so the format is score.py's."""
    articles = ant20.write(ANT, tmp_path)
    assert {p.name.removesuffix(".txt") for p in articles.glob("*.txt")} == {d["id"] for d in restored}
    assert {p.name.removesuffix(".meta.json") for p in articles.glob("*.meta.json")} == {
        d["id"] for d in restored
    }
    assert set(restored[0]) == set(json.loads((GOLD / "dev.json").read_bytes())[0])
    own = tmp_path / "own.jsonl"
    lines = [json.dumps(d | {"title": None, "body": ""}, ensure_ascii=False) for d in restored]
    own.write_text("\n".join(lines), encoding="utf-8")
    command = [sys.executable, str(GOLD / "score.py"), str(tmp_path / "gold.json"), str(own), "--json"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert result["documents"] == 20 and result["missing"] == []
    assert {row["f1"] for row in result["scores"].values()} == {100.0}
    assert {row["percent"] for row in result["accuracy"].values()} == {100.0}
