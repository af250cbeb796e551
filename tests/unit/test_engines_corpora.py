"""Annotated surfaces found in text with the clitics that stand before them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.extract.training.corpora import (
    UNKNOWN_CLITIC,
    align_surfaces,
    clitic_of,
    read_conll_corpus,
    read_gold,
    split_last_tenth,
)


@pytest.mark.parametrize(
    ("word", "first", "expected"),
    [
        ("باريس", "باريس", 0),
        ("وباريس", "باريس", 1),
        ("بالرباط", "الرباط", 1),
        ("للامن", "الامن", 1),
        ("وللامن", "الامن", 2),
        ("للجنه", "اللجنه", 1),
        ("وبتونس", "تونس", 2),
        ("متونس", "تونس", None),
        ("تونسي", "تونس", None),
    ],
)
def test_clitics_before_a_name(word: str, first: str, expected: int | None) -> None:
    assert clitic_of(word, first) == expected


def test_long_surfaces_take_their_words_first() -> None:
    sentences = [["وصل", "وفد", "جامعة", "فاس", "لفاس"]]
    ((labels, clitics),) = align_surfaces(sentences, [("LOCATION", "فاس"), ("ORGANIZATION", "جامعة فاس")])
    assert labels == ["O", "O", "B-ORGANIZATION", "I-ORGANIZATION", "B-LOCATION"]
    assert clitics == [-1, -1, 0, -1, 1]


def test_a_name_is_not_a_preposition_spelt_otherwise() -> None:
    sentences = [["أثنى", "على", "علي", "وعلي"]]
    ((labels, _),) = align_surfaces(sentences, [("PERSON", "علي")])
    assert labels == ["O", "O", "B-PERSON", "B-PERSON"]
    # nowhere as written: then folded spelling counts
    ((labels, _),) = align_surfaces([["زار", "اكادير"]], [("LOCATION", "أكادير")])
    assert labels == ["O", "B-LOCATION"]


def test_gold_masks_what_the_annotators_left_out(tmp_path: Path) -> None:
    record = {
        "id": "x1",
        "boilerplate": ["موقع الخبر", "(وكالة س)--"],
        "entities": [{"name": "سلمى العلوي", "kind": "PERSON", "surfaces": ["سلمى العلوي", "العلوي"]}],
    }
    (tmp_path / "train.json").write_text(json.dumps([record]), encoding="utf-8")
    (tmp_path / "train").mkdir()
    text = "موقع الخبر\nفاس (وكالة س)-- قالت سلمى العلوي. وأضافت: للعلوي رأي."
    (tmp_path / "train" / "x1.txt").write_text(text, encoding="utf-8")
    (document,) = read_gold(tmp_path, "train")
    words = [w for s in document.sentences for w in s.words]
    labels = {w: x for s in document.sentences for w, x in zip(s.words, s.labels, strict=True)}
    clitics = {w: x for s in document.sentences for w, x in zip(s.words, s.clitics, strict=True)}
    assert "موقع" not in words
    assert labels["وكالة"] == ""
    assert labels["سلمى"] == "B-PERSON"
    assert labels["العلوي"] == "I-PERSON"
    assert labels["للعلوي"] == "B-PERSON"
    assert clitics["للعلوي"] == 1
    assert clitics["قالت"] == UNKNOWN_CLITIC


def test_conll_corpora_keep_their_clitics_unknown(tmp_path: Path) -> None:
    path = tmp_path / "c.conll"
    path.write_text("\n\n".join(["زار O\nسعد B-PERS"] * 10), encoding="utf-8")
    train, dev = split_last_tenth(read_conll_corpus(path, "anercorp"))
    assert (len(train.sentences), len(dev.sentences)) == (9, 1)
    assert dev.sentences[0].labels == ("O", "B-PER")
    assert set(dev.sentences[0].clitics) == {UNKNOWN_CLITIC}
