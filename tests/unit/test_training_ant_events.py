"""Marks of events in Tunisian articles: they fit the archive, keep to words, and become gold-like records."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flows.extract.training.ant_events import (
    ANT_EVENTS,
    MarkedEvents,
    MarksError,
    marked_events,
    read_ant_events,
)
from flows.extract.training.ant_names import marked_files
from flows.extract.training.own_news import OwnArticle
from flows.records import EntityKind, EventStatus, EventType

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
ARCHIVE = SHARED / "news" / "ant.zip"
MINIMUM = 300
TEXT = "زار نزار تازة\n\nوصل نزار إلى لبنان، وشكر للوزير والقاضي دعمهما للبنان وكتب للجنة الأولمبية."


@pytest.fixture(scope="module")
def marks() -> tuple[MarkedEvents, ...]:
    return tuple(m for path in ANT_EVENTS for m in marked_events(path))


@pytest.fixture(scope="module")
def gold() -> list[dict[str, Any]]:
    if not ARCHIVE.exists():
        pytest.skip("needs ../shared/news/ant.zip, the articles that the marks point into")
    return read_ant_events(ANT_EVENTS, ARCHIVE, namer=_nameless)


def _nameless(article_id: str, text: str, published: str | None) -> OwnArticle:
    return OwnArticle(article_id, text, ())


@pytest.mark.parametrize("path", ANT_EVENTS, ids=lambda p: p.name)
def test_stored_marks_hold_no_text(path: Path) -> None:
    assert re.search("[\u0600-\u06ff]", path.read_text(encoding="utf-8")) is None
    assert re.search(r"\\u06", path.read_text(encoding="utf-8")) is None


def test_every_article_is_marked_once_and_names_were_marked_on_the_same_bytes(
    marks: tuple[MarkedEvents, ...],
) -> None:
    files = [m.file for m in marks]
    assert len(files) >= MINIMUM
    assert len(set(files)) == len(files)
    digests = {m.file: m.sha256 for m in marked_files()}
    assert len(digests.keys() & set(files)) >= 300
    assert all(digests.get(m.file, m.sha256) == m.sha256 for m in marks)


def test_all_types_and_the_main_states_are_shown(marks: tuple[MarkedEvents, ...]) -> None:
    events = [event for m in marks for event in m.events]
    assert {event.type for event in events} == set(EventType)
    assert {event.status for event in events} == set(EventStatus)
    assert any(not m.events for m in marks)


def test_times_do_not_run_backwards(marks: tuple[MarkedEvents, ...]) -> None:
    wrong = []
    for m in marks:
        for event in m.events:
            if event.start and event.end:
                shared = min(len(event.start), len(event.end))
                if event.start[:shared] > event.end[:shared]:
                    wrong.append((m.file, event.start, event.end))
    assert wrong == []


@pytest.mark.shared
def test_spans_hold_words(gold: list[dict[str, Any]], marks: tuple[MarkedEvents, ...]) -> None:
    texts = {article["id"]: article["text"] for article in gold}
    wrong = []
    for m in marks:
        text = texts[m.id]
        for start, end in {span for event in m.events for span in event.spans}:
            words = text[start:end]
            attached = re.search(r"[^\W\d_]*\Z", text[:start])
            if attached and not re.fullmatch("[أ]?[وف]?[بلكس]?ـ?", attached[0]):
                wrong.append((m.id, attached[0], words))
            if words[-1].isalpha() and text[end : end + 1].isalpha():
                wrong.append((m.id, words, "goes on"))
            if "\n" in words or words != words.strip(" ،.:«»"):
                wrong.append((m.id, words, "padded"))
    assert wrong == []


@pytest.mark.shared
def test_participants_that_are_names_stand_under_the_entity(gold: list[dict[str, Any]]) -> None:
    named = total = 0
    for article in (a for a in gold if a["entities"]):
        names = {entity["name"] for entity in article["entities"]}
        short = {s for entity in article["entities"] for s in entity["surfaces"]} - names
        for event in article["events"]:
            roles = [*event["actors"], *event["recipients"]]
            assert short.isdisjoint(roles), article["id"]
            named += sum(role in names for role in roles)
            total += len(roles)
    assert named > total / 2


def _event(**changes: Any) -> dict[str, Any]:
    event: dict[str, Any] = {
        "type": "CONSULT",
        "status": "occurred",
        "triggers": [_at("زار")],
        "actors": [_at("نزار")],
        "recipients": [],
        "location": _at("تازة"),
        "start": "2017-05",
        "end": None,
    }
    return event | changes


def _at(words: str, occurrence: int = 1) -> list[int]:
    start = -1
    for _ in range(occurrence):
        start = TEXT.index(words, start + 1)
    return [start, start + len(words)]


def _invented(folder: Path, *events: dict[str, Any], **article: Any) -> tuple[list[Path], Path, Path]:
    """An archive with one article of our own, marks of its events and of its names."""
    data = TEXT.encode("utf-8")
    archive, marks, names = folder / "a.zip", folder / "a.json", folder / "names.json"
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr("ant/X-1.txt", data)
    digest = hashlib.sha256(data).hexdigest()
    entry = {"file": "X-1.txt", "sha256": digest, "published": "2017-05-02", "events": events} | article
    marks.write_text(json.dumps({"note": "", "articles": [entry]}), encoding="utf-8")
    mentions = [
        [*_at("نزار"), "PERSON"],
        [*_at("تازة"), "LOCATION"],
        [*_at("نزار", 2), "PERSON"],
        [*_at("لبنان"), "LOCATION"],
        [*_at("لبنان", 2), "LOCATION"],
        [*_at("لجنة الأولمبية"), "ORGANIZATION"],
    ]
    named = {"file": "X-1.txt", "sha256": digest, "mentions": mentions}
    names.write_text(json.dumps({"note": "", "articles": [named]}), encoding="utf-8")
    return [marks], archive, names


def test_marks_become_gold(tmp_path: Path) -> None:
    thanks = _event(
        type="SUPPORT",
        triggers=[_at("شكر"), _at("دعم")],
        actors=[_at("نزار", 2), _at("نزار")],
        recipients=[_at("لوزير"), _at("القاضي")],
        location=_at("لبنان", 2),
        start=None,
    )
    (article,) = read_ant_events(*_invented(tmp_path, _event(), thanks))
    assert article["id"] == "ant-X-1"
    assert article["text"] == TEXT
    assert article["published"] == "2017-05-02"
    assert article["entities"] == [
        {"name": "نزار", "kind": "PERSON", "surfaces": ["نزار"]},
        {"name": "تازة", "kind": "LOCATION", "surfaces": ["تازة"]},
        {"name": "لبنان", "kind": "LOCATION", "surfaces": ["لبنان"]},
        {
            "name": "اللجنة الأولمبية",
            "kind": "ORGANIZATION",
            "surfaces": ["اللجنة الأولمبية", "لجنة الأولمبية"],
        },
    ]
    first, second = article["events"]
    assert first == {
        "type": "CONSULT",
        "status": "occurred",
        "triggers": ["زار"],
        "actors": ["نزار"],
        "recipients": [],
        "location": "تازة",
        "start": "2017-05",
        "end": None,
    }
    assert second["triggers"] == ["شكر", "دعم"]
    assert second["actors"] == ["نزار"]
    assert second["recipients"] == ["الوزير", "القاضي"]
    assert second["location"] == "لبنان"


def test_a_namer_names_what_nobody_marked(tmp_path: Path) -> None:
    marks, archive, names = _invented(tmp_path, _event())
    names.write_text(json.dumps({"note": "", "articles": []}), encoding="utf-8")

    start, end = _at("تازة")

    def namer(article_id: str, text: str, published: str | None) -> OwnArticle:
        assert (article_id, published) == ("ant-X-1", "2017-05-02")
        return OwnArticle(article_id, text, ((start, end, EntityKind.LOCATION),))

    (article,) = read_ant_events(marks, archive, names, namer)
    assert [entity["name"] for entity in article["entities"]] == ["تازة"]
    assert article["events"][0]["actors"] == ["نزار"]


def test_an_article_without_events_is_kept(tmp_path: Path) -> None:
    (article,) = read_ant_events(*_invented(tmp_path))
    assert article["events"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"triggers": []}, "event 0 has no trigger"),
        ({"triggers": [[4, 999]]}, "event 0, mark"),
        ({"actors": [[4, 4]]}, "event 0, mark"),
        ({"recipients": [[-3, 4]]}, "event 0, mark"),
        ({"location": [9, 5]}, "event 0, mark"),
        ({"start": "17-05-2017"}, "event 0, date"),
        ({"end": ""}, "event 0, date"),
    ],
)
def test_marks_that_do_not_fit_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MarksError, match=rf"X-1\.txt: {message}"):
        read_ant_events(*_invented(tmp_path, _event(**changes)))


@pytest.mark.parametrize("changes", [{"type": "DANCE"}, {"status": "perhaps"}])
def test_unknown_types_and_states_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match=next(iter(changes.values()))):
        read_ant_events(*_invented(tmp_path, _event(**changes)))


def test_another_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MarksError, match=r"X-1\.txt: sha256"):
        read_ant_events(*_invented(tmp_path, sha256="0" * 64))


def test_a_day_of_publication_is_required(tmp_path: Path) -> None:
    with pytest.raises(MarksError, match=r"X-1\.txt: published '2017'"):
        read_ant_events(*_invented(tmp_path, published="2017"))


def test_an_article_without_marked_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MarksError, match=r"Y-1\.txt: its names are not marked"):
        read_ant_events(*_invented(tmp_path, file="Y-1.txt"))


def test_an_article_marked_twice_is_refused(tmp_path: Path) -> None:
    (marks,), archive, names = _invented(tmp_path)
    with pytest.raises(MarksError, match=r"X-1\.txt: marked twice"):
        read_ant_events([marks, marks], archive, names)
