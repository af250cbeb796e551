"""Marks of events in newswire and in our own articles: they fit their texts and become gold-like records."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from flows.extract.training.ant_events import MarksError
from flows.extract.training.more_events import (
    ANER_EVENTS,
    Stretch,
    Written,
    read_aner_events,
    read_own_events,
    stretches,
    writings,
)
from flows.extract.training.own_news import OwnArticle
from flows.records import EntityKind

ROOT = Path(__file__).resolve().parents[2]
CONLL = ROOT.parent / "shared" / "corpora" / "anercorp" / "train.conll"
ROWS = "زار O\nنزار B-PERS\nالعمري I-PERS\nتازة B-LOC\n. O\n\nغضب O\nكأس B-MISC\nالناس O\n"
FIRST = "زار نزار العمري تازة ."


@pytest.fixture(scope="module")
def marked() -> tuple[Stretch, ...]:
    return stretches()


@pytest.fixture(scope="module")
def written() -> tuple[Written, ...]:
    return writings()


def _event(text: str, trigger: str, actor: str, place: str | None = None) -> dict[str, Any]:
    def at(words: str) -> list[int]:
        return [text.index(words), text.index(words) + len(words)]

    return {
        "type": "CONSULT",
        "status": "occurred",
        "triggers": [at(trigger)],
        "actors": [at(actor)],
        "recipients": [],
        "location": place and at(place),
        "start": None,
        "end": None,
    }


def _files(folder: Path, **changes: Any) -> tuple[Path, Path]:
    conll, marks = folder / "a.conll", folder / "a.json"
    conll.write_text(ROWS, encoding="utf-8")
    stretch = {
        "first": 0,
        "last": 5,
        "sha256": hashlib.sha256(FIRST.encode()).hexdigest(),
        "events": [_event(FIRST, "زار", "نزار العمري", "تازة")],
    }
    marks.write_text(json.dumps({"note": "", "articles": [stretch | changes]}), encoding="utf-8")
    return marks, conll


def test_a_stretch_becomes_gold(tmp_path: Path) -> None:
    (article,) = read_aner_events(*_files(tmp_path))
    assert (article["id"], article["published"], article["text"]) == ("aner-0-5", None, FIRST)
    assert article["entities"] == [
        {"name": "نزار العمري", "kind": "PERSON", "surfaces": ["نزار العمري"]},
        {"name": "تازة", "kind": "LOCATION", "surfaces": ["تازة"]},
    ]
    (event,) = article["events"]
    assert (event["triggers"], event["actors"], event["location"]) == (["زار"], ["نزار العمري"], "تازة")


def test_names_of_other_kinds_are_left_out(tmp_path: Path) -> None:
    text = "غضب كأس الناس"
    digest = hashlib.sha256(text.encode()).hexdigest()
    (article,) = read_aner_events(*_files(tmp_path, first=5, last=8, sha256=digest, events=[]))
    assert (article["text"], article["entities"], article["events"]) == (text, [], [])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "0" * 64}, "aner-0-5: sha256"),
        ({"last": 99}, "aner-0-99: the corpus has 8 tokens"),
        ({"first": 5, "last": 5}, "aner-5-5: the corpus"),
    ],
)
def test_stretches_that_do_not_fit_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MarksError, match=message):
        read_aner_events(*_files(tmp_path, **changes))


def test_an_own_article_takes_the_names_that_are_found(tmp_path: Path) -> None:
    text = "زار نزار تازة."
    article = {
        "id": "own-1",
        "published": "2020-03-04",
        "text": text,
        "events": [_event(text, "زار", "نزار")],
    }
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"note": "", "articles": [article]}), encoding="utf-8")

    def namer(article_id: str, text: str, published: str | None) -> OwnArticle:
        assert published == "2020-03-04"
        return OwnArticle(article_id, text, ((4, 8, EntityKind.PERSON),))

    (record,) = read_own_events(path, namer)
    assert record["entities"] == [{"name": "نزار", "kind": "PERSON", "surfaces": ["نزار"]}]
    assert record["events"][0]["actors"] == ["نزار"]
    path.write_text(json.dumps({"note": "", "articles": [article, article]}), encoding="utf-8")
    with pytest.raises(MarksError, match="own-1: marked twice"):
        read_own_events(path, namer)


def test_newswire_is_stored_without_text(marked: tuple[Stretch, ...]) -> None:
    assert len(marked) >= 60
    text = ANER_EVENTS.read_text(encoding="utf-8")
    assert re.search("[\u0600-\u06ff]", text) is None
    assert re.search(r"\\u06", text) is None


@pytest.mark.shared
def test_marks_of_newswire_fit_the_corpus() -> None:
    if not CONLL.exists():
        pytest.skip("needs ../shared/corpora/anercorp/train.conll, which the marks point into")
    articles = read_aner_events(ANER_EVENTS, CONLL)
    assert len(articles) >= 60
    for article in articles:
        for event in article["events"]:
            assert all(t and t == t.strip(" ،.:«»") for t in event["triggers"])


def test_own_articles_are_marked_on_words(written: tuple[Written, ...]) -> None:
    assert len(written) >= 100
    wrong = []
    for article in written:
        assert article.events or article.text
        for start, end in {span for event in article.events for span in event.spans}:
            words = article.text[start:end]
            attached = re.search(r"[^\W\d_]*\Z", article.text[:start])
            if attached and not re.fullmatch("[أ]?[وف]?[بلكس]?", attached[0]):
                wrong.append((article.id, attached[0], words))
            if "\n" in words or words != words.strip(" ،.:«»"):
                wrong.append((article.id, words, "padded"))
    assert wrong == []


def test_own_articles_teach_what_is_not_done_too(written: tuple[Written, ...]) -> None:
    states = [event.status.value for article in written for event in article.events]
    assert sum(s != "occurred" for s in states) > len(states) / 4
