"""Any string: no exception, alignment round-trips, normalising twice changes nothing, variants meet."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.clean.normalize import (
    clean,
    clean_string,
    concat,
    fold,
    pack_alignment,
    search_of,
    unpack_alignment,
)
from flows.clean.segment import clitics, sentences, tokenize
from flows.clean.terms import stem, terms, tsvector_literal
from flows.records import CleanText

_ARABIC = (
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآٱؤئةىـ"
    + "ًٌٍَُِّْٰٓٔۖ"
    + "ڤگپچیکہھےۀۂ"
    + "٠١٢۰۱۲"
    + "،؛؟٪«»“”"
    + "ﻷﻻﷲﷺﻣﺤﺪ"
    + "\u200c\u200f\u202a\ufeff"
)
_OTHER = (
    "abcXYZéßİ0123 .,:;!?-–—…/()[]\"'@_\t\n\r\x00\x85\u2028\xa0"
    "\ud800\ue000\U0001f600\u0301\u0653\u1100\u1161\u11a8\u093c\u0958"
)
anything = st.text(alphabet=st.characters(codec=None)) | st.text(
    alphabet=st.sampled_from(_ARABIC + _OTHER), max_size=80
)


def check_shape(text: CleanText, raw: str) -> None:
    size = len(text.text)
    assert len(text.search) == size == text.start.size == text.end.size
    assert text.start.dtype == text.end.dtype == np.int32
    if size:
        assert text.start.min() >= 0 and text.end.max() <= len(raw)
        assert (text.start < text.end).all()
        assert (np.diff(text.start) >= 0).all() and (np.diff(text.end) >= 0).all()


@given(anything)
@example("أاا")
@example("e\u0301\u0307")
@example("X\u0653\u0301")
@example("ا ـ ا")
@settings(max_examples=600, deadline=None)
def test_any_string(raw: str) -> None:
    text = clean(raw)
    check_shape(text, raw)
    again = clean(text.text)
    assert again.text == text.text and again.search == text.search
    assert fold(text.search) == text.search
    assert fold(raw) == text.search
    assert clean_string(raw) == text.text
    assert search_of(text.text) == text.search
    assert unicodedata.is_normalized("NFC", text.text)
    assert "\x00" not in text.text and "ـ" not in text.text
    assert not any(0xD800 <= ord(c) < 0xE000 for c in text.text)
    assert "  " not in text.text and " \n" not in text.text and "\n " not in text.text


@given(anything)
@settings(max_examples=300, deadline=None)
def test_alignment_packs_and_unpacks(raw: str) -> None:
    text = clean(raw)
    start, end = unpack_alignment(pack_alignment(text))
    assert (start == text.start).all() and (end == text.end).all()


@given(anything, st.data())
@settings(max_examples=300, deadline=None)
def test_slices_equal_surfaces(raw: str, data: st.DataObject) -> None:
    """The raw letters behind a clean word clean to that word."""
    text = clean(raw)
    tokens = [t for t in tokenize(text.text) if text.text[t.start : t.end].isalnum()]
    if not tokens:
        return
    token = data.draw(st.sampled_from(tokens))
    a, b = text.raw_span((token.start, token.end))
    assert text.text[token.start : token.end] in clean(raw[a:b]).text


@given(st.lists(anything, max_size=5))
@settings(max_examples=200, deadline=None)
def test_concat(raws: list[str]) -> None:
    parts = [(text, (0, len(text.text))) for text in map(clean, raws) if text.text]
    joined = concat(parts)
    assert joined.text == "\n".join(t.text for t, _ in parts)
    assert len(joined.search) == len(joined.text) == joined.start.size
    start, end = unpack_alignment(pack_alignment(joined))
    assert (start == joined.start).all() and (end == joined.end).all()


@given(st.text(alphabet=st.sampled_from("ابتجدرسعفقكلمنهوي "), max_size=30), st.data())
@settings(max_examples=200, deadline=None)
def test_marks_and_tatweel_change_nothing(plain: str, data: st.DataObject) -> None:
    """Diacritics, tatweel and invisible marks behind letters leave both layers as they were."""
    marks = st.text(alphabet=st.sampled_from("ًَُِّْٰـ\u200f\u200d"), max_size=3)
    dressed = "".join(c + (data.draw(marks) if c != " " else "") for c in plain)
    assert clean(dressed).text == clean(plain).text


@given(anything)
@settings(max_examples=400, deadline=None)
def test_tokens_and_sentences_cover_everything(raw: str) -> None:
    text = clean(raw).text
    tokens = tokenize(text)
    covered = "".join(text[a:b] for a, b, _ in tokens)
    assert covered.replace(" ", "") == "".join(text.split())
    assert all(a < b for a, b, _ in tokens)
    assert all(x[1] <= y[0] for x, y in pairwise(tokens))
    found = sentences(text, tokens, ())
    assert [i for s in found for i in range(s.first, s.last)] == list(range(len(tokens)))
    assert all(s.start == tokens[s.first].start and s.end == tokens[s.last - 1].end for s in found)


@given(anything)
@settings(max_examples=200, deadline=None)
def test_terms_and_clitics_take_anything(raw: str) -> None:
    for term, place in terms(raw):
        assert term and place >= 1
        assert len(stem(term)) >= min(3, len(term))
    literal = tsvector_literal(raw)
    assert "\x00" not in literal and "\\" not in literal
    for word in clean(raw).text.split()[:5]:
        assert clitics(word)[0] == (0, 0)
