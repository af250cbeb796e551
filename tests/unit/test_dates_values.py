"""Publication dates, inference without one, conflicts, countries, speech, spans."""

from __future__ import annotations

import re
import time

import pytest

from flows.clean.normalize import clean
from flows.extract.dates import explain, find_dates, parse_publication
from flows.extract.dates.find import expressions
from flows.extract.dates.grammar import PATTERNS, translate
from flows.extract.dates.report import setting_of
from flows.extract.training import build_calendar
from flows.records import Article, Basis, DateMention, DateValue, Metadata


def article(text: str, published: str | None = None, source: str | None = None) -> Article:
    value = parse_publication(published) if published else DateValue()
    assert value is not None
    return Article("x", clean(text), (), (), (), value, "ar", 1.0, source, Metadata(source=source))


def found(
    text: str, published: str | None = None, source: str | None = None
) -> list[tuple[str, str | None, str | None]]:
    item = article(text, published, source)
    return [(item.text.text[slice(*m.span)], m.value.start, m.value.end) for m in find_dates(item)[0]]


def only(text: str, published: str | None = None) -> DateMention:
    (mention,) = find_dates(article(text, published))[0]
    return mention


# ------------------------------------------------------------------------------------------ publication


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-04-13 21:20:30", "2024-04-13"),
        ("2016-11-16T14:37:00+01:00", "2016-11-16"),
        ("2024-12-31T23:30:00-11:00", "2024-12-31"),  # the local day as written
        ("29/12/2015", "2015-12-29"),
        ("الجمعة 8 أبريل 2022 - 23:56", "2022-04-08"),
        ("الخميس، 14 ديسمبر 2023", "2023-12-14"),
        ("تونس في ١٢ جانفي ٢٠١٦", "2016-01-12"),
        ("26 شوال 1436 هـ", "2015-08-11"),
        ("1436/10/26", "2015-08-11"),
        ("الثلاثاء 26 شوال 1436هـ الموافق 11 أغسطس 2015م", "2015-08-11"),
        ("Sat, 13 Apr 2024 21:20:30 GMT", "2024-04-13"),
        ("April 13, 2024", "2024-04-13"),
        ("20240413", "2024-04-13"),
        ("20240413T212030Z", "2024-04-13"),
    ],
)
def test_publication(text: str, day: str) -> None:
    value = parse_publication(text)
    assert value is not None
    assert (value.start, value.end, value.basis) == (day, day, Basis.METADATA)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "غير معروف",
        "2024",
        "أبريل 2024",
        "2024-13-40",
        "30/02/2015",
        "منذ ساعتين",
        "12345678",
        "8/2022",
    ],
)
def test_no_publication(text: str) -> None:
    assert parse_publication(text) is None


# ------------------------------------------------------------------------------------------ without a day


def test_weekday_and_day_leave_years() -> None:
    assert only("اجتمع الطرفان الثلاثاء 29 فبراير").value.start == "2028-02-29"  # the only one till 2030
    assert only("انطلقت الدورة يوم الأحد 16 مارس").value.candidates == (
        "2003-03-16", "2008-03-16", "2014-03-16", "2025-03-16",
    )  # fmt: skip


def test_a_year_elsewhere_settles_it() -> None:
    text = "انتخابات سابع أكتوبر كانت حاسمة\nوجرت انتخابات سابع أكتوبر 2016 في هدوء"
    assert found(text) == [
        ("سابع أكتوبر", "2016-10-07", "2016-10-07"),
        ("سابع أكتوبر 2016", "2016-10-07", "2016-10-07"),
    ]


def test_full_date_of_the_lead_is_the_news_day() -> None:
    text = "أعلنت الشركة، الإثنين 11 مارس 2019، وقف الرحلات\nوقررت الوزارة، اليوم الإثنين، فتح تحقيق"
    assert found(text)[1] == ("اليوم الإثنين", "2019-03-11", "2019-03-11")
    mentions, own = find_dates(article(text))
    assert mentions[1].value.basis is Basis.INFERRED
    assert (own.start, own.end, own.basis) == ("2019-03-11", "2019-03-11", Basis.INFERRED)


def test_last_year_from_the_lead() -> None:
    text = "ترأس الوزير حفلا، الجمعة 8 مارس 2019، بالرباط\nوانخفضت النسبة السنة الماضية"
    assert found(text)[1] == ("السنة الماضية", "2018", "2018")


def test_nothing_fixes_it() -> None:
    mentions, own = find_dates(article("قال الوزير أمس إن الحوار مستمر هذه السنة"))
    assert [(m.value.start, m.value.basis) for m in mentions] == [(None, Basis.NONE)] * 2
    assert own == DateValue()


def test_weekday_of_publication() -> None:
    _, own = find_dates(article("زار الوفد المدينة أمس الأحد"))
    assert own.basis is Basis.INFERRED
    assert "Monday" in own.rule
    assert own.start is None


def test_the_day_of_publication_is_never_a_default() -> None:
    assert found("خلال السنوات الأخيرة تحسن الوضع", "2023-12-16") == [("خلال السنوات الأخيرة", None, None)]
    assert found("استقبل الوزير السفير", "2023-12-16") == []


def test_contradiction_is_survived() -> None:
    mentions, _ = find_dates(article("وقع أمس الخميس 1 يناير 2019 ثم أمس الجمعة 1 يناير 2019"))
    assert [m.value.start for m in mentions] == ["2019-01-01", "2019-01-01"]
    assert all(m.value.conflict for m in mentions)


# ------------------------------------------------------------------------------------------ conflicts


def test_stated_weekday_conflicts() -> None:
    value = only("نظم الحفل يوم السبت 16 مارس 2016").value
    assert (value.start, value.conflict) == ("2016-03-16", "stated Saturday, 2016-03-16 is a Wednesday")


def test_late_stamp() -> None:
    assert found("افتتح اليوم الجمعة المعرض", "2023-12-16") == [("اليوم الجمعة", "2023-12-15", "2023-12-15")]
    assert only("افتتح اليوم الجمعة المعرض", "2023-12-16").value.conflict is not None


def test_sighted_moon() -> None:
    # Umm al-Qura has the first of Ramadan 1443 on a Saturday, Morocco had it on Sunday: the weekday tells
    value = only("صام المغاربة الأحد فاتح رمضان 1443").value
    assert (value.start, value.calendar, value.conflict) == ("2022-04-03", "hijri", None)


# ------------------------------------------------------------------------------------------ place and speech


def test_weekend_of_the_country() -> None:
    text = "تقام المباراة نهاية الأسبوع الحالي"
    assert found(text, "2015-08-04", "okaz")[0][1:] == ("2015-08-07", "2015-08-08")
    assert found(text, "2015-08-04", "hespress.com")[0][1:] == ("2015-08-08", "2015-08-09")
    assert found("وصل مطلع الأسبوع الجاري", "2015-08-11", "okaz")[0][1] == "2015-08-09"


@pytest.mark.parametrize(
    ("source", "territory"),
    [
        ("okaz", "SA"),
        ("arabic.cnn.com", "001"),
        ("www.example.com.sa", "SA"),
        ("x.tn", "TN"),
        (None, "001"),
        ("", "001"),
    ],
)
def test_territory(source: str | None, territory: str) -> None:
    assert setting_of(source, None).territory == territory


def test_fetched_days_later() -> None:
    text = "أعلن الجيش، الثلاثاء، حصيلة جديدة\nوأضاف أن الدفن سيكون الجمعة المقبل"
    assert [x[1] for x in found(text, "2024-04-13")] == ["2024-04-09", "2024-04-12"]


def test_today_of_the_speaker() -> None:
    text = 'أكد الرئيس، مساء الخميس، استمرار الحوار\nوتابع: "إننا ندشن اليوم مرحلة جديدة"'
    assert [x[1] for x in found(text, "2022-04-08")] == ["2022-04-07", "2022-04-07"]


# ------------------------------------------------------------------------------------------ spans


@pytest.mark.parametrize(
    ("text", "surface"),
    [
        ("وبالخميس الماضي", "الخميس الماضي"),
        ("لسنة 2024", "سنة 2024"),
        ("للأسبوع المقبل", "لأسبوع المقبل"),
        ("وفي 14 دجنبر 2020", "14 دجنبر 2020"),
        ("كالسنة الماضية", "السنة الماضية"),
        ("فاليوم السبت", "اليوم السبت"),
        ("(20 ماي 2015)", "20 ماي 2015"),
    ],
)
def test_clitics_stay_outside(text: str, surface: str) -> None:
    assert found(text, "2023-12-16")[0][0] == surface


def test_lines_part_expressions() -> None:
    assert found("يوم الخميس\n14 دجنبر 2023", "2023-12-16") == [
        ("يوم الخميس", "2023-12-14", "2023-12-14"),
        ("14 دجنبر 2023", "2023-12-14", "2023-12-14"),
    ]


def test_anaphora() -> None:
    text = "انطلق المعرض يوم 5 ماي 2016 واختتم في اليوم نفسه\nوفي نهاية السنة نفسها أعيد تنظيمه"
    assert [x[1] for x in found(text)] == ["2016-05-05", "2016-05-05", "2016-12"]


# ------------------------------------------------------------------------------------------ explain, data


def test_explain_says_why() -> None:
    lines = explain("صلاة الجمعة أقيمت أمس", "2023-12-16")
    assert [(line.surface, line.accepted) for line in lines] == [("الجمعة", False), ("أمس", True)]
    assert lines[0].reason == "a name with a weekday in it"
    assert lines[1].value.start == "2023-12-15"
    assert "day of publication" in lines[1].reason


def test_explain_refuses_a_wrong_day() -> None:
    with pytest.raises(ValueError, match="no date"):
        explain("اليوم", "غدا أو بعده")


def test_calendar_file_is_what_cldr_gives() -> None:
    assert build_calendar.main(["--check"]) == 0


def test_starting_letters_are_complete() -> None:
    """No production matches at a letter that it is not listed under, so the dispatch loses nothing."""
    text = clean(
        "من 5 إلى 12 ماي 2015 وبين سنتي 2004 و2014 ومساء الخميس الماضي وخلال الأسبوع المقبل وقبل ثلاثة "
        "أيام ومنتصف مارس وصيف 2018 والسنوات الأخيرة وتسعينيات القرن الماضي وعيد الفطر ونفس الفترة "
        "والنصف الأول من 2016 وهذا الصيف والأشهر الستة الأولى من السنة وعطلة نهاية الأسبوع وفي وقت "
        "سابق من هذا الشهر واليوم نفسه"
    )
    tokens, all_found, _ = expressions(text)
    assert len(all_found) >= 15
    for kind, starts, source in PATTERNS:
        pattern = re.compile(translate(source))
        for index in range(len(tokens)):
            if tokens.code(index) not in starts:
                assert pattern.match(tokens.cells, 2 * index) is None, (kind, tokens.form(index))


@pytest.mark.parametrize(
    "piece",
    ["1، ", "12 و", "الاثنين و", '" أمس ', "2015 و", "مساء ", "يناير/", "من 5 إلى ", "في وقت سابق من "],
)
def test_long_rows_cost_no_more_than_their_length(piece: str) -> None:
    """A table of numbers or a list of days is read in time that grows with it, not with its square."""

    def seconds(times: int) -> float:
        item = article(piece * times)
        best = 1e9
        for _ in range(3):
            start = time.process_time()
            find_dates(item)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(4000) < 12 * seconds(1000) + 0.05
