"""The three layers, case by case; and for each named fault of pyarabic, that we do not have it."""

from __future__ import annotations

import numpy as np
import pytest

from flows.clean.normalize import (
    clean,
    clean_string,
    concat,
    fold,
    pack_alignment,
    search_of,
    unpack_alignment,
)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("مُحَمَّدٌ", "محمد"),
        ("هٰذا", "هذا"),  # dagger alif goes, no alif comes
        ("ٱلرَّحْمَـٰنِ", "ٱلرحمن"),
        ("قُلْ هُوَۖ", "قل هو"),  # Quranic pause mark
        ("ڤـــو", "ڤو"),
        ("ﻷن", "لأن"),  # the ligature keeps its hamza
        ("ﻹسلام ﻵخر ﻻ", "لإسلام لآخر لا"),
        ("ﻣﺤﻤﺪ", "محمد"),
        ("ﷲ أكبر", "الله أكبر"),
        ("علی کتاب", "على كتاب"),  # Farsi yeh: ى at the end
        ("ایران", "ايران"),  # ي inside
        ("ہم", "هم"),
        ("گوگل پرس چاد ژاك ڤيينا", "گوگل پرس چاد ژاك ڤيينا"),
        ("أ" + "\u064e", "أ"),
        ("ا\u0654لأمن", "ألأمن"),  # hamza above, composed
        ("ا\u064e\u0654", "أ"),  # ... across a vowel mark
        ("Fre\u0301de\u0301ric", "Frédéric"),
        ("a\u200fb\u200e\u202ac\u2066", "abc"),
        ("سنة\u200c2024", "سنة2024"),
        ("x\u0000y\u0007", "xy"),
        ("x\ud800y", "xy"),
        ("x\ufffdy", "xy"),
        ("واحد \u00a0\u2003 اثنان\tثلاثة", "واحد اثنان ثلاثة"),
        ("أ \r\n\r\n ب\rج\u2028د", "أ\n\nب\nج\nد"),
        ("جدة ـ نجيب", "جدة - نجيب"),  # a tatweel between blanks is a dash
        ("بـ 400 والـCNN", "ب 400 والCNN"),
        ("رااااائع", "رائع"),
        ("جدااا", "جدا"),
        ("هههههه", "ه"),
        ("الللله", "الله"),
        ("www وووجه", "www وووجه"),  # three of another letter may be a word's own
        ("ﬁn ＡＢ１", "fin AB1"),
        ("", ""),
        (" \t ", ""),
        ("ـ", "-"),
    ],
)
def test_clean_layer(raw: str, wanted: str) -> None:
    assert clean(raw).text == wanted
    assert clean_string(raw) == wanted


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("أمن", "امن"),
        ("إسلام", "اسلام"),
        ("آسيا", "اسيا"),
        ("ٱلله", "الله"),
        ("مصطفى", "مصطفي"),
        ("مؤتمر", "موتمر"),
        ("طائرة", "طايره"),
        ("المديرية", "المديريه"),
        ("ڤو", "فو"),
        ("گريمة", "كريمه"),
        ("پاريس", "باريس"),
        ("چاد", "جاد"),
        ("علی", "على"),
        ("ایران", "ايران"),
        ("کتاب", "كتاب"),
        ("٢٠٢٤", "2024"),
        ("۲۰۲۴", "2024"),
        ("CNN", "cnn"),
        ("Frédéric", "FREDERIC"),
        ("نعم، لا؛ كيف؟", "نعم, لا; كيف?"),
        ("«قال»", '"قال"'),
        ("“قال”", '"قال"'),
        ("٥٠٪", "50%"),
        ("أ – ب", "أ - ب"),
        ("مُحَمَّد", "محمد"),
        ("ﻷن", "لان"),
        ("ڤـــو", "فو"),
    ],
)
def test_variants_meet_in_search(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert clean(one).search == clean(other).search


class TestFaultsOfPyarabic:
    """measurements and normalization notes name these; each is shown there, and shown absent here."""

    def test_normalize_alef_turns_alef_maksura_into_alef(self) -> None:
        from pyarabic import araby

        assert araby.normalize_alef("على") == "علا"  # the fault itself
        assert clean("على مصطفى").text == "على مصطفى"
        assert fold("على") == "علي" != fold("علا")

    def test_normalize_hamza_turns_alef_into_hamza(self) -> None:
        from pyarabic import araby

        assert araby.normalize_hamza("الأمن") == "الءمن"
        assert clean("الأمن").text == "الأمن"
        assert fold("الأمن") == "الامن"

    def test_normalize_hamza_tasheel_leaves_alef_wasla(self) -> None:
        assert fold("ٱلأمن") == "الامن"

    def test_normalize_ligature_drops_the_hamza(self) -> None:
        from pyarabic import araby

        assert araby.normalize_ligature("ﻷن") == "لان"
        assert clean("ﻷن").text == "لأن"

    def test_normalize_ligature_leaves_presentation_forms(self) -> None:
        from pyarabic import araby

        assert araby.normalize_ligature("ﻣﺤﻤﺪ") == "ﻣﺤﻤﺪ"
        assert clean("ﻣﺤﻤﺪ").text == "محمد"

    def test_strip_tashkeel_leaves_dagger_alif_and_quranic_marks(self) -> None:
        from pyarabic import araby

        assert araby.strip_tashkeel("هٰذاۖ") != "هذا"
        assert clean("هٰذاۖ").text == "هذا"

    def test_normalize_searchtext_inherits_the_fault(self) -> None:
        from pyarabic import normalize

        assert normalize.normalize_searchtext("مصطفى") != normalize.normalize_searchtext("مصطفي")
        assert fold("مصطفى") == fold("مصطفي")


def test_alignment_leads_back_to_the_raw_letters() -> None:
    raw = "قالَ  مُحَمَّدٌ:\r\nﻷن ڤـــو"
    text = clean(raw)
    assert text.text == "قال محمد:\nلأن ڤو"

    def surface(word: str) -> str:
        at = text.text.index(word)
        a, b = text.raw_span((at, at + len(word)))
        return raw[a:b]

    assert surface("محمد") == "مُحَمَّدٌ"  # the last letter's marks belong to it
    assert surface("قال") == "قالَ"
    assert surface("لأن") == "ﻷن"
    assert surface("لأ") == "ﻷ"
    assert surface("أ") == "ﻷ"  # half a ligature is the ligature
    assert surface("ڤو") == "ڤـــو"


def test_marks_at_the_very_start_belong_to_nothing() -> None:
    text = clean("\u064e\u064bأ\u064e")
    assert (text.text, text.start.tolist(), text.end.tolist()) == ("أ", [2], [4])


def test_long_texts_are_cut_at_lines_without_a_seam() -> None:
    paragraph = "قالَ الوزيرُ  إنَّ ﻷمن البلاد أولويةً قصوى. \r\n"
    raw = paragraph * 4000
    text = clean(raw)
    assert text.text == (clean(paragraph).text) * 4000
    assert (np.diff(text.start) >= 0).all()
    a, b = text.raw_span((len(text.text) - 5, len(text.text) - 1))
    assert clean(raw[a:b]).text == text.text[-5:-1]


def test_one_line_of_many_letters() -> None:
    raw = "أبجد هوز " * 20000
    assert clean(raw).text == raw.rstrip()


def test_concat_keeps_the_way_back() -> None:
    raw = "عنوان\n\nحشو\n\nنصٌّ أول"
    text = clean(raw)
    title = (0, 5)
    body = (text.text.index("نص"), len(text.text))
    joined = concat([(text, title), (text, body)])
    assert joined.text == "عنوان\nنص أول"
    assert joined.search == "عنوان\nنص اول"
    a, b = joined.raw_span((6, 8))
    assert raw[a:b] == "نصٌّ"
    assert joined.raw_span((5, 6)) == (5, 5)  # the separator stands for nothing
    assert raw[slice(*joined.raw_span((0, len(joined.text))))] == raw


def test_concat_refuses_what_it_cannot_align() -> None:
    text = clean("نص")
    with pytest.raises(ValueError, match="stretch"):
        concat([(text, (0, 0))])
    with pytest.raises(ValueError, match="stretch"):
        concat([(text, (0, 3))])
    with pytest.raises(ValueError, match="one character"):
        concat([(text, (0, 2))], separator="--")
    assert concat([]).text == ""


def test_packed_alignment_is_small() -> None:
    plain = clean("كلمة " * 500)
    assert len(pack_alignment(plain)) < 12
    marked = clean("قالَ الوزير إنّ الأمر مهمّ. " * 40)
    assert len(pack_alignment(marked)) < 4 * 5 * 40


@pytest.mark.parametrize("data", [b"\x80", b"\x02\x00", b"\x00\x00\x02", b"\xff\xff\xff\xff\x7f\x00\x02"])
def test_bytes_that_are_no_alignment(data: bytes) -> None:
    with pytest.raises(ValueError, match="alignment"):
        unpack_alignment(data)


def test_search_of_is_letter_by_letter() -> None:
    text = clean("الأمن، في ٢٠٢٤ — Été").text
    assert search_of(text) == clean(text).search
    assert len(search_of(text)) == len(text)
    assert search_of("𝟏𝟐") == "12"


def test_drawn_out_letters_belong_to_the_one_that_stays() -> None:
    raw = "قال جدااااا الللللله"
    text = clean(raw)
    assert text.text == "قال جدا الله"
    assert [raw[slice(*text.raw_span(span))] for span in ((4, 7), (8, 12))] == ["جدااااا", "الللللله"]
    assert raw[slice(*text.raw_span((6, 7)))] == "ااااا"
