"""Dates against the annotated articles of ../shared: floors, and what the seeds must say."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from flows.clean.normalize import clean
from flows.extract.dates import find_dates, parse_publication
from flows.records import Article, DateValue, Metadata
from tests.quality.gold import GOLD, SHARED, needs_shared, scores

pytestmark = [pytest.mark.shared, needs_shared]


def _article(name: str, text: str, published: str | None, source: str | None) -> Article:
    value = parse_publication(published) if published else DateValue()
    assert value is not None, published
    metadata = Metadata(published=published, source=source)
    return Article(name, clean(text), (), (), (), value, "ar", 1.0, source, metadata)


def _extraction(article: Article) -> dict[str, Any]:
    """The dates as `rasd extract` lists them: every distinct surface and value once."""
    mentions, _ = find_dates(article)
    dates: dict[tuple[str, str | None, str | None], dict[str, Any]] = {}
    for mention in mentions:
        surface = article.text.text[slice(*mention.span)]
        key = (surface, mention.value.start, mention.value.end)
        dates[key] = {"surface": surface, "start": mention.value.start, "end": mention.value.end}
    return {"id": article.id, "dates": list(dates.values())}


@pytest.mark.parametrize(("part", "found", "resolved"), [("dev", 97.0, 97.0), ("train", 97.0, 95.0)])
def test_gold(part: str, found: float, resolved: float) -> None:
    gold = json.loads((GOLD / f"{part}.json").read_text(encoding="utf-8"))
    got = [
        _extraction(
            _article(
                doc["id"],
                (GOLD / part / f"{doc['id']}.txt").read_text(encoding="utf-8"),
                doc["published"],
                doc["source"],
            )
        )
        for doc in gold
    ]
    measured = scores(gold, got)
    assert measured["dates"] >= found
    assert measured["dates.resolved"] >= resolved


def _seed(number: str, published: str | None = None) -> tuple[Article, Any, DateValue]:
    (path,) = (SHARED / "seeds").glob(f"{number}_*.txt")
    article = _article(path.stem, path.read_text(encoding="utf-8"), published, None)
    mentions, own = find_dates(article)
    return article, mentions, own


def test_seed_without_a_year() -> None:
    _, mentions, own = _seed("002")
    (mention,) = mentions
    assert mention.value.start is None and mention.value.end is None
    assert list(mention.value.candidates) == [
        f"{year}-12-{day}" for year in (2006, 2017, 2023, 2028) for day in (14, 15)
    ]
    assert own.start is None


def test_seed_with_publication() -> None:
    _, mentions, own = _seed("002", "2023-12-16")
    (mention,) = mentions
    assert (mention.value.start, mention.value.end) == ("2023-12-14", "2023-12-15")
    assert own.start == "2023-12-16"


def test_seed_published_on_a_friday() -> None:
    _, mentions, own = _seed("000")
    assert own.basis.value == "inferred"
    assert own.candidates and all(date.fromisoformat(day).weekday() == 4 for day in own.candidates)
    assert (own.start, own.end) == ("2024", "2025")
    assert "Friday" in own.rule
    yesterday = mentions[0].value
    assert yesterday.start is None
    assert all(date.fromisoformat(day).weekday() == 3 for day in yesterday.candidates)
