"""Names by lists and rules; the sentences are our own."""

from __future__ import annotations

from itertools import pairwise

import pytest

from flows.extract.clitics import restore, written
from flows.extract.name_words import clitic_lengths, without_clitics
from flows.extract.names import find_names
from tests.names import article, names

P, ORG, L, N = "PERSON", "ORGANIZATION", "LOCATION", "NAMED_EVENT"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # people: titles stay outside, chains stay together
        ("وصل السيد كمال بن عبد الرحمن الفاضلي إلى المقر.", {(P, "كمال بن عبد الرحمن الفاضلي")}),
        ("حضر الملك محمد السادس الافتتاح.", {(P, "محمد السادس")}),
        ("قالت الدكتورة سميرة آل ناصر إن النتائج جيدة.", {(P, "سميرة آل ناصر")}),
        ("تحدث عبدالله بن خالد أبو زيد طويلا.", {(P, "عبدالله بن خالد أبو زيد")}),
        ("وهنأ رئيس الجمهورية صلاح الدين المنصوري اللاعبين.", {(P, "صلاح الدين المنصوري")}),
        # places with and without their head word, clitics outside
        ("سافر الوفد إلى مدينة طنجة ثم عاد لباريس.", {(L, "مدينة طنجة"), (L, "باريس")}),
        ("وبلجيكا وفرنسا وكندا وليبيا أيضا.", {(L, "بلجيكا"), (L, "فرنسا"), (L, "كندا"), (L, "ليبيا")}),
        ("أقام بالرباط ثم بوجدة وفي جدة.", {(L, "الرباط"), (L, "وجدة"), (L, "جدة")}),
        ("قدم الدعم للمغرب ولليبيا.", {(L, "المغرب"), (L, "ليبيا")}),
        ("تقع القاعة في شارع الحبيب بورقيبة.", {(L, "شارع الحبيب بورقيبة")}),
        ("حطت الطائرة في مطار الملكة علياء الدولي.", {(L, "مطار الملكة علياء الدولي")}),
        # bodies: the whole noun phrase and no more
        ("أعلنت وزارة الصحة والحماية الاجتماعية أن العدد ارتفع.", {(ORG, "وزارة الصحة والحماية الاجتماعية")}),
        (
            "ردت الحكومة الإسبانية على الجيش الإسرائيلي.",
            {(ORG, "الحكومة الإسبانية"), (ORG, "الجيش الإسرائيلي")},
        ),
        ("ذكر بلاغ للمديرية العامة للأمن الوطني ذلك.", {(ORG, "المديرية العامة للأمن الوطني")}),
        ("أفادت صحيفة الفجر الجديد بالخبر.", set()),
        ("نشرت صحيفة عكاظ الخبر.", {(ORG, "عكاظ")}),
        ("أدانت محكمة الاستئناف بالدار البيضاء المتهم.", {(ORG, "محكمة الاستئناف بالدار البيضاء")}),
        ("وقالت اللجنة المذكورة إن الحزب الحاكم وافق.", set()),
        ("تخرج من جامعة محمد الخامس بالرباط.", {(ORG, "جامعة محمد الخامس بالرباط")}),
        (
            "قررت غرفة الجنايات الابتدائية بمحكمة الاستئناف بمراكش التأجيل.",
            {(ORG, "غرفة الجنايات الابتدائية بمحكمة الاستئناف بمراكش")},
        ),
        ("دشنت أمانة محافظة الطائف حديقة.", {(ORG, "أمانة محافظة الطائف")}),
        ("شارك المجلس البلدي لمدينة أكادير في الحملة.", {(ORG, "المجلس البلدي لمدينة أكادير")}),
        ("نظمت إدارة التعليم بمنطقة حائل معرضا.", {(ORG, "إدارة التعليم بمنطقة حائل")}),
        ("بحثت الشرطة القضائية بمدينة سلا عنه.", {(ORG, "الشرطة القضائية"), (L, "مدينة سلا")}),
        ("أودع السجن المحلي بوجدة.", {(ORG, "السجن المحلي بوجدة")}),
        (
            "نقل إلى المستشفى الإقليمي محمد الخامس بالجديدة.",
            {(ORG, "المستشفى الإقليمي محمد الخامس بالجديدة")},
        ),
        ("قالت وزارة الدفاع الكينية ذلك.", {(ORG, "وزارة الدفاع الكينية")}),
        ("اعترضت هيئة الدفاع على القرار.", set()),
        ("أعلنت شركة زغلوطيكس عن منتج.", {(ORG, "زغلوطيكس")}),
        # events with their year
        ("يستعد المنتخب لكأس العالم 2030 منذ مدة.", {(N, "كأس العالم 2030")}),
        ("تنظم البلاد اليوم العالمي للمرأة.", {(N, "اليوم العالمي للمرأة")}),
    ],
)
def test_names_of_a_sentence(text: str, expected: set[tuple[str, str]]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "في إطار التعاون بين الطرفين صدر بيان مشترك بعد اللقاء.",
        "فتح الباب أمام الشباب لتقديم الاقتراحات الجديدة يوم الأحد.",
        "عقل سليم في جسم سليم.",
        "ارتفع عدد المصابين بفيروس كورونا أمس.",
    ],
)
def test_ordinary_words_are_no_names(text: str) -> None:
    assert names(text) == set()


def test_the_minister_s_adjective_makes_no_body() -> None:
    found = names("التقى وزير الدفاع الإسباني نظيره.")
    assert (ORG, "الدفاع الإسباني") not in found


def test_clubs_need_an_article_about_sport() -> None:
    sport = "فاز الهلال على النصر في مباراة الدوري، وسجل المدرب إعجابه باللاعب وبأداء الفريق في الملعب."
    assert {(ORG, "الهلال"), (ORG, "النصر")} <= names(sport)
    assert names("ظهر الهلال في السماء وبشر الناس بالنصر.") == set()


def test_a_family_name_alone_is_found_again() -> None:
    found = names("استقبل الوزير سعيد البوعزاوي الوفد. وشدد البوعزاوي على أهمية اللقاء.")
    assert (P, "البوعزاوي") in found


def test_spans_leave_clitics_outside_and_do_not_overlap() -> None:
    made = article("ووصل إلى للمديرية العامة للضرائب وبالرباط ولفرنسا وزير الخارجية الفرنسي جان دوبوا.")
    mentions = find_names(made)
    for a, b in pairwise(mentions):
        assert a.span[1] <= b.span[0]
    by_name = {written(made, m): m for m in mentions}
    elided = by_name["المديرية العامة للضرائب"]
    assert elided.elided
    assert made.text.text[slice(*elided.span)] == "لمديرية العامة للضرائب"
    assert made.text.text[slice(*by_name["الرباط"].span)] == "الرباط"
    assert made.text.text[slice(*by_name["فرنسا"].span)] == "فرنسا"


def test_latin_spelling_beside_a_name() -> None:
    found = names("التقى المدير بيير دوران (Pierre Durand) أعضاء الاتحاد الأوروبي (EU).")
    assert {(P, "Pierre Durand"), (ORG, "EU")} <= found


def test_an_empty_article_has_no_names() -> None:
    assert find_names(article("...")) == ()


def test_clitics() -> None:
    assert clitic_lengths("وبالرباط") == (0, 1, 2)
    assert clitic_lengths("مصر") == (0,)
    assert (2, "الامن") in without_clitics("وللامن")
    assert (1, "اللجنه") in without_clitics("للجنه")


def test_swallowed_articles() -> None:
    assert restore("لأمن الوطني") == "الأمن الوطني"
    assert restore("لجنة الأولمبية الدولية") == "اللجنة الأولمبية الدولية"
