"""Rows as the workers make them: keys of names, dates, text that fits, and refusal of what is wrong."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.rows import ArticleRows
from flows.records import DateMention, DateValue, EntityKind, Extraction, Metadata, Precision
from flows.resolve.identity import entity_key
from flows.rows import article_rows, day, file_key, rejection_row, storable, storable_uri
from tests.db.articles import extract, raw_file, text

PERSON, ORGANIZATION = EntityKind.PERSON, EntityKind.ORGANIZATION


@pytest.mark.parametrize(
    "spellings",
    [
        ("عبد اللطيف الحموشي", "عبداللطيف حموشي", "عبد اللطيف حموشى", "عَبد اللَّطيف الحمـــوشي"),
        ("أبو بكر الزواوي", "ابوبكر الزواوى", "أبي بكر زواوي", "أبا بكر الزواوي"),
        ("محمد بن عيسى", "محمد بنعيسى", "محمد ابن عيسي"),
        ("بو علي التازي", "بوعلي تازي"),
        ("آل سعود", "ال سعود"),
        ("إلياس", "الياس", "اِلياس"),
        ("فاطمة", "فاطمه"),
        ("Frédéric Veaux", "frédéric veaux", "FRÉDÉRIC VEAUX"),
    ],
)
def test_spellings_of_one_person_share_a_key(spellings: tuple[str, ...]) -> None:
    assert len({entity_key(PERSON, spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("عبد اللطيف الحموشي", "عبد الرحيم الحموشي"),
        ("محمد بن عيسى", "محمد عيسى"),
        ("سمير قاسم", "سميرة قاسم"),
        ("عبد الله", "الله"),
    ],
)
def test_different_people_keep_different_keys(one: str, other: str) -> None:
    assert entity_key(PERSON, one) != entity_key(PERSON, other)


def test_organisations_keep_their_articles() -> None:
    assert entity_key(ORGANIZATION, "الأمن الوطني") != entity_key(ORGANIZATION, "الأمن وطني")
    assert entity_key(ORGANIZATION, "وزارة الداخلية") == entity_key(ORGANIZATION, "وزاره الداخليه")


@given(st.text(min_size=1), st.sampled_from(list(EntityKind)))
def test_a_key_is_never_empty_nor_too_long_for_an_index(name: str, kind: EntityKind) -> None:
    key = entity_key(kind, name)
    assert key
    assert len(key.encode("utf-8", "surrogatepass")) < 1_000 or len(name) <= 200
    assert entity_key(kind, name) == key


def test_long_names_stay_apart() -> None:
    assert entity_key(PERSON, "أ" * 5_000 + " ب") != entity_key(PERSON, "أ" * 5_000 + " ت")


@pytest.mark.parametrize(
    ("iso", "first", "last"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2023-02-07", date(2023, 2, 7), date(2023, 2, 7)),
    ],
)
def test_bounds_of_partial_dates(iso: str, first: date, last: date) -> None:
    assert (day(iso, last=False), day(iso, last=True)) == (first, last)


@pytest.mark.parametrize("iso", ["", "2024-13", "2024-02-30", "next week", "0000"])
def test_what_is_no_date_is_refused(iso: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        day(iso, last=False)


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=50))
def test_storable_text_has_the_same_length_and_encodes(anything: str) -> None:
    kept = storable(anything)
    assert len(kept) == len(anything)
    assert "\0" not in kept
    kept.encode("utf-8")


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_names_of_files_stay_apart(one: bytes, other: bytes) -> None:
    names = [b"/" + one, b"/" + other]
    uris = [storable_uri(name.decode("utf-8", "surrogateescape")) for name in names]
    assert (uris[0] == uris[1]) == (names[0] == names[1])
    assert all("\0" not in uri and len(uri.encode()) <= 2_000 for uri in uris)


def test_a_name_that_looks_like_an_escaped_one_stays_apart() -> None:
    assert storable_uri("/a\udcff") != storable_uri("/a\\xff")


def test_metadata_decide_the_hash_and_their_order_does_not() -> None:
    base = raw_file("نص", metadata=Metadata(title="أ", extra={"x": "1", "y": "2"}))
    same = replace(
        base, metadata=Metadata(title="أ", extra={"y": "2", "x": "1"}), uri="/other", modified=None
    )
    assert file_key(base).metadata_hash == file_key(same).metadata_hash
    for other in (Metadata(title="ب", extra=base.metadata.extra), Metadata(), Metadata(source="أ")):
        assert file_key(replace(base, metadata=other)).metadata_hash != file_key(base).metadata_hash
    assert json.loads(file_key(base).metadata) == {"title": "أ", "extra": {"x": "1", "y": "2"}}


@pytest.fixture
def good() -> Extraction:
    return extract(raw_file(text(3)))


def test_rows_travel_between_processes(good: Extraction) -> None:
    rows = article_rows(good)
    assert isinstance(rows, ArticleRows)
    assert pickle.loads(pickle.dumps(rows)) == rows
    assert [m.clean_start for m in rows.mentions] == sorted(m.clean_start for m in rows.mentions)
    assert rows.events[0].sentence_n is not None
    sentence = rows.sentences[rows.events[0].sentence_n]
    assert sentence.clean_start <= rows.triggers[0].clean_start < sentence.clean_end


def test_wrong_results_are_refused_in_the_worker(good: Extraction) -> None:
    length = len(good.article.text.text)
    mention = good.entities[0].mentions[0]
    date_mention, event, office = good.dates[0], good.events[0], good.offices[0]
    backwards = DateValue("2024-05", "2024-04", Precision.INTERVAL)
    spoiled = {
        "span of a mention": replace(
            good, entities=(replace(good.entities[0], mentions=(replace(mention, span=(5, length + 1)),)),)
        ),
        "empty span": replace(good, dates=(DateMention((7, 7), date_mention.value),)),
        "interval": replace(good, dates=(DateMention(date_mention.span, backwards),)),
        "date of an event": replace(good, events=(replace(event, date=9),)),
        "place of an event": replace(good, events=(replace(event, location=99),)),
        "event without trigger": replace(good, events=(replace(event, triggers=()),)),
        "confidence": replace(good, events=(replace(event, confidence=float("nan")),)),
        "office of nobody": replace(good, offices=(replace(office, person=-1),)),
    }
    for what, extraction in spoiled.items():
        with pytest.raises(ValueError, match=r"."):
            article_rows(extraction)
            pytest.fail(what)


def test_rejections_travel_too() -> None:
    from flows.records import Rejection

    row = rejection_row(Rejection("/a\udcff", "decode", "binary", "x\0y", "00" * 32, 7))
    assert row.uri.startswith("/a\\xff#")
    assert (row.message, row.sha256, row.size) == ("x\ufffdy", b"\0" * 32, 7)
