"""Verb and noun forms that the event lexicon is built from."""

from __future__ import annotations

import pytest

from flows.extract.events.inflection import Form, conjugate, decline, paradigm, participle, verbal_noun
from flows.extract.events.lexicon import lexicon, readings


@pytest.mark.parametrize(
    ("lemma", "imperfect", "present", "absent"),
    [
        ("استقبل", None, ["استقبل", "استقبلت", "استقبلوا", "يستقبل", "يستقبلون", "تستقبل"], ["يستقبلت"]),
        ("زار", None, ["زار", "زارت", "زاروا", "زرنا", "يزور", "يزورون", "يزر"], ["زير", "يزار"]),
        ("التقى", None, ["التقي", "التقت", "التقوا", "التقيا", "يلتقي", "يلتقون", "يلتقيان"], ["يلتقيت"]),
        ("دعا", "يدعو", ["دعا", "دعت", "دعوا", "يدعو", "يدعون", "دعي"], ["دعات"]),
        ("أدان", None, ["ادان", "ادانت", "يدين", "يدان", "ادين"], ["يادين"]),
        ("وصل", None, ["وصل", "وصلت", "يصل", "تصل", "يصلون"], ["يوصل"]),
        ("أعلن", None, ["اعلن", "يعلن", "يعلنون"], ["ياعلن"]),
        ("أكّد", None, ["اكد", "يوكد", "توكد"], ["يكد"]),
        ("طالب", None, ["طالب", "يطالب", "طولب"], []),
        ("احتجّ", None, ["احتج", "احتجوا", "يحتجون"], []),
        ("لقي", "يلقى", ["لقي", "لقوا", "يلقي", "يلقون"], []),
        ("اغتال", None, ["اغتال", "اغتيل", "يغتال"], []),
    ],
)
def test_conjugation(lemma: str, imperfect: str | None, present: list[str], absent: list[str]) -> None:
    forms = conjugate(lemma, imperfect)
    assert [w for w in present if w not in forms] == []
    assert [w for w in absent if w in forms] == []


def test_what_is_no_verb() -> None:
    with pytest.raises(ValueError, match="not a verb"):
        paradigm("و")


@pytest.mark.parametrize(
    ("lemma", "measure", "noun", "active"),
    [
        ("عيّن", 2, "تعيين", "معين"),
        ("طالب", 3, "مطالبه", "مطالب"),
        ("أعلن", 4, "اعلان", "معلن"),
        ("أوقف", 4, "ايقاف", "موقف"),
        ("أدان", 4, "ادانه", "مدين"),
        ("تعهّد", 5, "تعهد", "متعهد"),
        ("تباحث", 6, "تباحث", "متباحث"),
        ("انسحب", 7, "انسحاب", "منسحب"),
        ("اعتقل", 8, "اعتقال", "معتقل"),
        ("اغتال", 8, "اغتيال", "مغتال"),
        ("احتجّ", 8, "احتجاج", "محتج"),
        ("استقال", 10, "استقاله", "مستقيل"),
        ("زار", 1, None, None),
    ],
)
def test_derivation(lemma: str, measure: int, noun: str | None, active: str | None) -> None:
    assert paradigm(lemma).measure == measure
    assert verbal_noun(lemma) == noun
    assert participle(lemma) == active


def test_passive_is_told_where_the_letters_tell_it() -> None:
    assert conjugate("طالب")["طولب"] & Form.PASSIVE
    assert conjugate("اغتال")["اغتيل"] & Form.PASSIVE
    assert not conjugate("اعتقل")["اعتقل"] & Form.PASSIVE


def test_nouns() -> None:
    forms = decline("زيارة", ("زيارات",))
    assert {"زياره", "زيارته", "زيارتها", "زيارتين", "زيارات"} <= set(forms)
    assert forms["زيارته"] & Form.OWNED
    assert "لقايه" in decline("لقاء")
    assert decline("هجوم")["هجوما"] & Form.INDEFINITE_ACCUSATIVE


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("واستقبله", "استقبل:CONSULT"),
        ("سيحتضنها", "احتضن:HOLD"),
        ("وبالاعتقال", "اعتقل:COERCE"),
        ("للقاء", "التقى:CONSULT"),
        ("بتوقيفهم", "أوقف:COERCE"),
        ("ليطالبوا", "طالب:REQUEST"),
        ("المباحثات", "تباحث:CONSULT"),
        ("فهاجموهم", "هاجم:ASSAULT"),
        ("قلم", None),
    ],
)
def test_readings(word: str, key: str | None) -> None:
    keys = {r.entry.key for r in readings(word)}
    assert key in keys if key else not keys


def test_lexicon_is_sound() -> None:
    entries = lexicon().entries
    assert len(entries) > 900
    assert len({e.type for e in entries}) == 22
    spelled = {number for many in lexicon().forms.values() for number, _ in many}
    assert spelled == set(range(len(entries))), "an entry without a spelling"
