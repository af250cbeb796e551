"""Which names can stand for one thing, by the names alone."""

from __future__ import annotations

import pytest

from flows.records import EntityKind
from flows.resolve.identity import entity_key
from flows.resolve.names import Need, blocks, compare, excludes, skeleton
from flows.resolve.senses import contradict, office_key, office_traits

PERSON, BODY, PLACE = EntityKind.PERSON, EntityKind.ORGANIZATION, EntityKind.LOCATION


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (PERSON, "حموشي", "الحموشي"),
        (PERSON, "عبد اللطيف حموشي", "عبداللطيف الحموشي"),
        (PERSON, "نور الدين السالمي", "نورالدين السالمي"),
        (PERSON, "إلياس الورغي", "الياس الورغى"),
        (PERSON, "أسامة بن سالم", "اسامه بنسالم"),
        (BODY, "نقابة الصحافة", "نقابه الصحافه"),
    ],
)
def test_one_key_for_spellings(kind: EntityKind, one: str, other: str) -> None:
    assert entity_key(kind, one) == entity_key(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other", "rule"),
    [
        (PERSON, "دونالد ترامب", "دونالد ترمب", "article"),
        (PERSON, "المنجي السالمي", "منجي السالمي", "article"),
        (PERSON, "خميس الجهيناوي", "خميس الجيهناوي", "spelling"),
        (PERSON, "نيكولا ليرنر", "Nicolas Lerner", "script"),
        (PERSON, "سيلين بيرتون", "Céline Berthon", "script"),
        (PERSON, "محمد المنصف الدرويشي", "المنصف الدرويشي", "leading"),
        (PERSON, "لمياء بوجناح الزريبي", "لمياء الزريبي", "middle"),
        (PERSON, "هاجر بن الشيخ أحمد", "هاجر بن الشيخ", "beginning"),
        (PLACE, "الولايات المتحدة الأمريكية", "الولايات المتحدة", "gazetteer"),
        (BODY, "حركة الأفق الجديد", "الأفق الجديد", "head"),
        (BODY, "حركة الأفق الجديد", "حزب الأفق الجديد", "head"),
        (BODY, "الاتحاد العام للشغل", "UGTT", "script"),
    ],
)
def test_what_can_be_one(kind: EntityKind, one: str, other: str, rule: str) -> None:
    a, b = entity_key(kind, one), entity_key(kind, other)
    found = compare(kind, a, b)
    assert found is not None
    assert found.rule == rule
    assert compare(kind, b, a) == found
    assert not excludes(kind, a, b)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (PERSON, "محمد الجلاصي", "محمود الجلاصي"),
        (PERSON, "ناصر الخليفي", "نصر الخليفي"),
        (PERSON, "سامي الطرابلسي", "سامية الطرابلسي"),
        (PERSON, "حسن الدرعي", "حسين الدرعي"),
        (PERSON, "محمد السادس", "محمد الخامس"),
        (PERSON, "محمد بن عيسى", "محمد عيسى"),
        (PERSON, "خالد بن سلمان بن عبد العزيز", "خالد بن عبد العزيز"),
        (PERSON, "دونالد هاربر", "دونالد هاربر جونيور"),
        (PERSON, "علي البوغديري", "سامي البوغديري"),
        (BODY, "قناة الشروق", "صحيفة الشروق"),
        (BODY, "وزارة الداخلية", "وزارة الخارجية"),
        (BODY, "وزارة الشؤون الخارجية التونسية", "وزارة الشؤون الخارجية المصرية"),
        (PLACE, "فرنسا", "ألمانيا"),
    ],
)
def test_what_stays_apart(kind: EntityKind, one: str, other: str) -> None:
    a, b = entity_key(kind, one), entity_key(kind, other)
    assert compare(kind, a, b) is None
    assert excludes(kind, a, b)


def test_a_lone_name_is_nobody_in_particular() -> None:
    for other in ("دونالد ترامب", "ميلانيا ترامب", "Trump"):
        assert compare(PERSON, entity_key(PERSON, "ترامب"), entity_key(PERSON, other)) is None
    assert blocks(PERSON, entity_key(PERSON, "ترامب")) == ()


def test_names_that_differ_in_spelling_need_more_than_their_looks() -> None:
    for one, other in (("خميس الجهيناوي", "خميس الجيهناوي"), ("نيكولا ليرنر", "Nicolas Lerner")):
        found = compare(PERSON, entity_key(PERSON, one), entity_key(PERSON, other))
        assert found is not None
        assert found.needs is Need.EITHER


@pytest.mark.parametrize(
    ("one", "other"),
    [("خميس الجهيناوي", "خميس الجيهناوي"), ("كريستيانو رونالدو", "كرستيانو رونالدو")],
)
def test_spellings_share_a_block(one: str, other: str) -> None:
    assert set(blocks(PERSON, entity_key(PERSON, one))) & set(blocks(PERSON, entity_key(PERSON, other)))


def test_skeletons_of_both_scripts() -> None:
    for arabic, latin in (
        ("ليرنر", "lerner"),
        ("بيرتون", "berthon"),
        ("حموشي", "hammouchi"),
        ("شاهد", "chahed"),
    ):
        assert skeleton(arabic) == skeleton(latin), latin


def test_one_key_for_spellings_of_an_office() -> None:
    same = (
        ("المدير العام للأمن الداخلي الفرنسي", "المديرة العامة للأمن الداخلي الفرنسي"),
        ("المدير العام للأمن الداخلي الفرنسي", "المدير العام للأمن الداخلي بالجمهورية الفرنسية"),
        ("وزيرة الخارجية الأمريكية", "وزير الخارجية الأميركي السابق"),
        ("رئيس الجمهورية التونسية", "الرئيس التونسي"),
    )
    for one, other in same:
        assert office_key(one) == office_key(other) != ""
    assert office_key("وزير الخارجية الفرنسي") != office_key("وزير الخارجية التونسي")
    assert office_key("وزير الخارجية") != office_key("وزير الداخلية")


def test_offices_that_one_person_hardly_holds() -> None:
    def traits(title: str) -> frozenset[str]:
        return office_traits(office_key(title))

    assert contradict(traits("مدرب المنتخب"), traits("وزير النقل"))
    assert contradict(traits("وزير الخارجية الفرنسي"), traits("وزير الداخلية المصري"))
    assert not contradict(traits("وزير الخارجية التونسي"), traits("رئيس الحكومة"))
    assert not contradict(traits("مدرب المنتخب القطري"), traits("مدرب المنتخب التونسي"))
    assert not contradict(traits("المدير العام"), traits("مدرب المنتخب")), "an office that tells nothing"
