"""Offices; the sentences are our own."""

from __future__ import annotations

import pytest

from tests.names import article, entities, offices

CURRENT, FORMER, ACTING = "current", "former", "acting"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "استقبل وزير الخارجية الفرنسي جان دوبوا الوفد.",
            [("جان دوبوا", "وزير الخارجية الفرنسي", None, CURRENT)],
        ),
        (
            "حضر المدير العام للأمن الوطني و لمراقبة التراب الوطني كمال البوعزاوي.",
            [("كمال البوعزاوي", "المدير العام للأمن الوطني و لمراقبة التراب الوطني", None, CURRENT)],
        ),
        (
            "وأوضح كمال البوعزاوي، الأمين العام لحزب الاستقلال، أن الأمر محسوم.",
            [("كمال البوعزاوي", "الأمين العام لحزب الاستقلال", "حزب الاستقلال", CURRENT)],
        ),
        (
            "قالت مديرة المركز الوطني لتحاقن الدم بالنيابة، الدكتورة سميرة الفاضلي، إن المخزون كاف.",
            [
                (
                    "سميرة الفاضلي",
                    "مديرة المركز الوطني لتحاقن الدم بالنيابة",
                    "المركز الوطني لتحاقن الدم",
                    ACTING,
                )
            ],
        ),
        (
            "التقى الرئيس الأمريكي السابق باراك أوباما طلبته.",
            [("باراك أوباما", "الرئيس الأمريكي السابق", None, FORMER)],
        ),
        ("خاطب الملك محمد السادس الأمة.", [("محمد السادس", "الملك", None, CURRENT)]),
        ("عين كمال البوعزاوي وزيرا للمالية أمس.", [("كمال البوعزاوي", "وزيرا للمالية", None, CURRENT)]),
        (
            "أكد وزير العدل رئيس المجلس الأعلى للقضاء الدكتور كمال بن محمد الفاضلي ذلك.",
            [
                ("كمال بن محمد الفاضلي", "وزير العدل", None, CURRENT),
                ("كمال بن محمد الفاضلي", "رئيس المجلس الأعلى للقضاء", "المجلس الأعلى للقضاء", CURRENT),
            ],
        ),
        (
            "قال رئيس اتحاد كتاب المغرب ورئيس الجمعية المغربية لحقوق الإنسان كمال البوعزاوي ذلك.",
            [
                ("كمال البوعزاوي", "رئيس اتحاد كتاب المغرب", "اتحاد كتاب المغرب", CURRENT),
                (
                    "كمال البوعزاوي",
                    "رئيس الجمعية المغربية لحقوق الإنسان",
                    "الجمعية المغربية لحقوق الإنسان",
                    CURRENT,
                ),
            ],
        ),
        (
            "رافق الوزيرين كمال البوعزاوي ونبيل الطنجاوي الوفد.",
            [("كمال البوعزاوي", "الوزيرين", None, CURRENT), ("نبيل الطنجاوي", "الوزيرين", None, CURRENT)],
        ),
        ("تحدث الفنان كمال البوعزاوي والمؤرخ المغربي نبيل الطنجاوي.", []),
        ("التقى كمال البوعزاوي الأمير نبيل الطنجاوي.", []),
    ],
)
def test_offices_of_a_sentence(text: str, expected: list[tuple[str, str, str | None, str]]) -> None:
    assert offices(text) == expected


def test_lists_after_the_names() -> None:
    found = offices("حضر اللقاء كمال البوعزاوي، وزير الداخلية، ونبيل الطنجاوي، وزير الصحة.")
    assert [(person, title) for person, title, _, _ in found] == [
        ("كمال البوعزاوي", "وزير الداخلية"),
        ("نبيل الطنجاوي", "وزير الصحة"),
    ]


def test_one_office_in_several_wordings_is_one() -> None:
    text = "حضر وزير الصحة كمال البوعزاوي. وأضاف وزير الصحة المغربي كمال البوعزاوي أن الوضع مستقر."
    assert [title for _, title, _, _ in offices(text)] == ["وزير الصحة المغربي"]


def test_the_span_is_the_title() -> None:
    from flows.extract.offices import find_offices

    made, found = entities("أشاد لرئيس الحكومة كمال البوعزاوي.")
    (office,) = find_offices(made, found)
    assert made.text.text[slice(*office.span)] == office.title == "رئيس الحكومة"


def test_no_people_no_offices() -> None:
    from flows.extract.offices import find_offices

    assert find_offices(article("وزير الخارجية الفرنسي في الرباط."), ()) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "ولد كمال البوعزاوي سنة 1950 بمراكش، ثم أصبح سفيرا لبلاده لدى فرنسا.",
            [("كمال البوعزاوي", "سفيرا لبلاده لدى فرنسا")],
        ),
        (
            "وشغل كمال البوعزاوي منذ 1983 منصب المدير الفني لدار الأزياء.",
            [("كمال البوعزاوي", "المدير الفني لدار الأزياء")],
        ),
        (
            "تقرر تعيين كمال البوعزاوي بصورة مؤقتة نائبا لرئيس مجلس الإدارة.",
            [("كمال البوعزاوي", "نائبا لرئيس مجلس الإدارة")],
        ),
        (
            "سافر كمال البوعزاوي إلى لندن ثم عينه الرئيس سعيد الفاضلي مستشارا لشؤون الأمن.",
            [("سعيد الفاضلي", "الرئيس"), ("كمال البوعزاوي", "مستشارا لشؤون الأمن")],
        ),
        # two people were named: whose office it is cannot be told
        ("التقى كمال البوعزاوي بالسيدة سميرة الفاضلي قبل أن يغادر، ثم أصبح سفيرا لدى فرنسا.", []),
        # nobody took an office here
        ("أصبح الاتحاد عضوا في المجلس بعدما انتخب أعضاؤه.", []),
    ],
)
def test_offices_that_somebody_comes_into(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(name, title) for name, title, _, _ in offices(text)] == expected


def test_two_deputies_share_their_title_and_one_does_not() -> None:
    both = "قال نائبا رئيس مجلس الإدارة كمال البوعزاوي وسميرة الفاضلي إنهما مستقيلان."
    assert [name for name, _, _, _ in offices(both)] == ["كمال البوعزاوي", "سميرة الفاضلي"]
    one = "انتخب نائبا للرئيس كمال البوعزاوي وسميرة الفاضلي حاضرة."
    assert "سميرة الفاضلي" not in [name for name, _, _, _ in offices(one)]


def test_what_describes_a_person_is_no_office() -> None:
    assert offices("قالت الناشطة المغربية الحائزة على جائزة الصحافة سميرة الفاضلي إن الوضع صعب.") == []


def test_a_delegation_is_part_of_the_office() -> None:
    text = "رحب كمال البوعزاوي، عضو وفد الإمارات لدى الأمم المتحدة، بالقرار."
    assert [title for _, title, _, _ in offices(text)] == ["عضو وفد الإمارات لدى الأمم المتحدة"]
