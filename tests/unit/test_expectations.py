"""Expectations on a source: what is a miss, what is too little to judge."""

from __future__ import annotations

from db.operations import SourceCounts
from flows.expectations import canonical, misses
from flows.read.sources import Expectations

GOOD = SourceCounts("okaz", 100, 95, 100, 99, 1200, 300, 1.0)


def found(
    row: SourceCounts, expected: Expectations, past: int = 0, recent: tuple[int, bool] | None = None
) -> list[str]:
    return [miss.expectation for miss in misses(row, expected, [GOOD] * past, recent)]


def test_shares() -> None:
    expected = Expectations(minimum_dated_share=0.9, minimum_titled_share=0.95, minimum_arabic_share=0.9)
    assert found(GOOD, expected) == []
    assert found(GOOD._replace(dated=89), expected) == ["minimum_dated_share"]
    assert found(GOOD._replace(titled=94, arabic=20), expected) == [
        "minimum_titled_share",
        "minimum_arabic_share",
    ]
    few = SourceCounts("okaz", 3)
    assert found(few, expected) == [], "three articles prove nothing"
    assert found(few, Expectations(minimum_dated_share=0.9, sample=3)) == ["minimum_dated_share"]


def test_history() -> None:
    poor, rich = GOOD._replace(names=500), GOOD._replace(names=2500)
    assert found(poor, Expectations(), past=4) == [], "too short a history"
    assert found(poor, Expectations(), past=5) == ["usual_names"]
    assert found(rich, Expectations(), past=5) == ["usual_names"]
    assert found(GOOD._replace(names=700), Expectations(), past=5) == []
    assert found(poor, Expectations(usual_names_factor=0), past=5) == []
    assert found(GOOD._replace(arabic=70), Expectations(), past=5) == ["usual_arabic_share"]


def test_too_few_articles() -> None:
    expected = Expectations(minimum_articles=50, hours=24)
    none = SourceCounts("okaz")
    assert found(none, expected, recent=(49, True)) == ["minimum_articles"]
    assert found(none, expected, recent=(50, True)) == []
    assert found(none, expected, recent=(0, False)) == [], "not watched for a day yet"


def test_words_say_what_was_expected() -> None:
    miss = misses(GOOD._replace(dated=50), Expectations(minimum_dated_share=0.9), [], None)[0]
    assert miss.message == "okaz: 50% have a publication date, expected 90%"
    assert (miss.expected, miss.observed) == (0.9, 0.5)


def test_names_of_an_outlet_are_one_source() -> None:
    assert canonical("okaz.com.sa") == canonical("عكاظ") == "okaz"
    assert canonical("an outlet that nobody described") == "an outlet that nobody described"
    assert canonical(None) == ""
