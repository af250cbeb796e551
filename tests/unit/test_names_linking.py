"""Mentions of one thing in one article; the sentences are our own."""

from __future__ import annotations

from flows.extract.linking import link_entities, similar
from flows.extract.names import find_names
from tests.names import aliases, article, entities


def test_short_name_goes_to_the_full_one() -> None:
    found = aliases("استقبل السيد عبد الكريم الزوهري الوفد.\nوقال الزوهري إن زوهري يرحب بالجميع.")
    assert found["عبد الكريم الزوهري"] >= {"عبد الكريم الزوهري", "الزوهري"}


def test_two_people_of_one_family_stay_two() -> None:
    found = aliases("حضر الأستاذ كمال الطنجاوي والدكتور نبيل الطنجاوي الحفل.\nوأضاف نبيل الطنجاوي كلمة.")
    assert {"كمال الطنجاوي", "نبيل الطنجاوي"} <= set(found)
    assert "نبيل الطنجاوي" not in found["كمال الطنجاوي"]


def test_the_family_name_means_the_person_named_last() -> None:
    made, found = entities(
        "حضر الأستاذ كمال الطنجاوي. وأكد الطنجاوي ذلك.\nثم جاء الدكتور نبيل الطنجاوي. وأكد الطنجاوي ذلك."
    )
    starts = {e.name: [m.span[0] for m in e.mentions] for e in found}
    second = made.text.text.index("نبيل الطنجاوي")
    assert all(s < second for s in starts["كمال الطنجاوي"])
    assert len(starts["نبيل الطنجاوي"]) == 2


def test_spelling_variants() -> None:
    found = aliases("وصل عبد الرحمان العياشي إلى فاس.\nوعاد عبدالرحمن العياشي إلى فاس.")
    assert found["عبد الرحمان العياشي"] == {"عبد الرحمان العياشي", "عبدالرحمن العياشي"}


def test_latin_spelling_is_an_alias() -> None:
    found = aliases("قال المدير بيير دوران (Pierre Durand) ذلك.")
    assert found["بيير دوران"] == {"بيير دوران", "Pierre Durand"}


def test_names_of_a_country() -> None:
    found = aliases("زار المملكة المغربية، والمغرب بلد جميل، كما زار الجمهورية الفرنسية ثم غادر فرنسا.")
    assert found["المغرب"] == {"المملكة المغربية", "المغرب"}
    assert found["فرنسا"] == {"الجمهورية الفرنسية", "فرنسا"}


def test_head_words_and_elided_articles_name_the_same_thing() -> None:
    found = aliases("دخل مدينة مكناس، وفي مكناس حزب العدالة والتنمية. بلاغ للأمم المتحدة عن الأمم المتحدة.")
    assert found["مدينة مكناس"] == {"مدينة مكناس", "مكناس"}
    assert found["الأمم المتحدة"] == {"الأمم المتحدة"}


def test_capital_is_not_the_country() -> None:
    assert set(aliases("غادر واشنطن بعد لقاء في الولايات المتحدة.")) == {"واشنطن", "الولايات المتحدة"}


def test_the_beginning_of_a_long_name() -> None:
    found = aliases(
        "أصدر المجلس الاقتصادي والاجتماعي والبيئي رأيا، والمجلس الاقتصادي والاجتماعي هيئة استشارية."
    )
    assert len(found) == 1


def test_every_mention_is_in_exactly_one_entity() -> None:
    made = article(
        "التقى الوزير سعيد البوعزاوي في باريس السيد جان دوبوا، وقال البوعزاوي لدوبوا إن فرنسا بلد صديق."
    )
    mentions = find_names(made)
    grouped = [m for e in link_entities(made, mentions) for m in e.mentions]
    assert sorted(m.span for m in grouped) == [m.span for m in mentions]


def test_similar_units() -> None:
    assert similar("سانشيز", "شانسيز") is False or similar("لورنر", "لورنير")
    assert similar("زعلاني", "زعلان") and not similar("كمال", "جمال")
