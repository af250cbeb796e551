"""Any day in any month system, form and script of digits: written, found as one expression, read back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hijridate import Gregorian
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.clean.normalize import clean
from flows.extract.dates import explain, find_dates, parse_publication
from flows.extract.dates.dated import gregorian_value
from flows.extract.dates.model import Expression
from flows.extract.dates.vocabulary import vocabulary
from flows.records import Article, DateValue, Metadata

DIGITS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")
WEEKDAYS = ("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد")
days = st.dates(date(1950, 1, 1), date(2060, 12, 31))
hijri_days = st.dates(date(1925, 1, 1), date(2070, 12, 31))
systems = st.sampled_from([tuple(system.months) for system in vocabulary().calendar.gregorian])
digits = st.sampled_from(DIGITS)
before = st.sampled_from(
    ["افتتح المعرض ", "وصل الوفد في ", "حدث ذلك يوم ", "بتاريخ ", "وفي ", "(", "انعقد ب"]
)
after = st.sampled_from(["", " بحضور الوزير", "، حسب البلاغ", ".", ")", "\nثم انصرفوا"])


def _digits(text: str, letters: str) -> str:
    return text.translate({ord(a): b for a, b in zip(DIGITS[0], letters, strict=True)})


def _only(text: str) -> tuple[str, DateValue]:
    found = [line for line in explain(text) if line.accepted]
    assert len(found) == 1, [line.surface for line in found]
    return found[0].surface, found[0].value


WRITTEN = (
    "{d} {m} {y}", "{w} {d} {m} {y}", "{d} من {m} سنة {y}", "{d:02} {m} {y}م", "{w}، {d} {m} {y}",
    "{d} {m}، {y}", "{w} ({d} {m} {y})", "{d} {m} لعام {y}",
)  # fmt: skip
NUMBERS = (
    "{d}/{m}/{y}", "{d:02}/{m:02}/{y}", "{y}-{m:02}-{d:02}", "{y}/{m:02}/{d:02}", "{d:02}-{m:02}-{y}",
    "{d}.{m}.{y}", "{d} / {m} / {y}",
)  # fmt: skip
STAMPS = (
    "{0:%Y-%m-%d}", "{0:%Y-%m-%dT%H:%M:%S}+01:00", "{0:%Y-%m-%d %H:%M:%S}", "{0:%d/%m/%Y}", "{0:%Y%m%d}",
    "{0:%a, %d %b %Y} 21:20:30 GMT", "{0:%B} {0.day}, {0.year}",
)  # fmt: skip
surroundings = st.tuples(before, after)


@given(days, systems, digits, surroundings, st.sampled_from(WRITTEN))
@settings(deadline=None)
def test_written_out(
    day: date, months: tuple[str, ...], letters: str, around: tuple[str, str], form: str
) -> None:
    lead, tail = around
    month = months[day.month - 1]
    written = form.format(d=day.day, m=month, y=day.year, w=WEEKDAYS[day.weekday()])
    surface, value = _only(lead + _digits(written, letters) + tail)
    assert (value.start, value.end) == (day.isoformat(), day.isoformat())
    assert value.conflict is None
    assert _digits(written, letters).rstrip(")") in surface + ")"


@given(days, digits, st.sampled_from(NUMBERS))
@settings(deadline=None)
def test_numbers(day: date, letters: str, form: str) -> None:
    written = _digits(form.format(d=day.day, m=day.month, y=day.year), letters)
    surface, value = _only(f"صدر القرار في {written} بالعاصمة")
    assert (surface, value.start) == (written, day.isoformat())


@given(
    hijri_days, digits, st.sampled_from(["{d} {m} {y}هـ", "{d} من {m} {y}هـ", "{d} {m} {y}", "{d}/{n}/{y}هـ"])
)
@settings(deadline=None)
def test_hijri(day: date, letters: str, form: str) -> None:
    year, month, number = Gregorian(day.year, day.month, day.day).to_hijri().datetuple()
    name = vocabulary().calendar.hijri[month - 1]
    written = _digits(form.format(d=number, m=name, n=month, y=year), letters)
    _, value = _only(f"حرر بالرياض في {written}")
    assert (value.start, value.calendar) == (day.isoformat(), "hijri")


@given(days, systems, st.integers(1, 40))
@settings(deadline=None)
def test_ranges(first: date, months: tuple[str, ...], length: int) -> None:
    last = first + timedelta(days=length)
    one, two = (f"{day.day} {months[day.month - 1]} {day.year}" for day in (first, last))
    written = f"من {one} إلى {two}"
    surface, value = _only(f"يتواصل المعرض {written} بالقاهرة")
    assert (surface, value.start, value.end) == (written, first.isoformat(), last.isoformat())


@given(days, systems)
@settings(deadline=None)
def test_wrong_weekday_is_a_conflict(day: date, months: tuple[str, ...]) -> None:
    wrong = WEEKDAYS[(day.weekday() + 3) % 7]
    _, value = _only(f"وقع ذلك {wrong} {day.day} {months[day.month - 1]} {day.year}")
    assert value.start == day.isoformat()
    assert value.conflict is not None


@given(days, st.sampled_from(STAMPS))
@settings(deadline=None)
def test_publication(day: date, form: str) -> None:
    from datetime import datetime, time

    value = parse_publication(form.format(datetime.combine(day, time(21, 20, 30))))
    assert value is not None and value.start == value.end == day.isoformat()


@given(st.text(max_size=120))
@settings(deadline=None)
def test_any_text(text: str) -> None:
    layers = clean(text)
    article = Article("x", layers, (), (), (), DateValue(), "ar", 1.0, None, Metadata())
    mentions, _ = find_dates(article)
    end = 0
    for mention in mentions:
        assert end <= mention.span[0] < mention.span[1] <= len(layers.text)
        end = mention.span[1]
    parse_publication(text)


_WORDS = sorted(
    set(vocabulary().words) | {f"{a} {b}" for a, rest in vocabulary().phrases.items() for b in rest}
)


_PIECES = st.sampled_from(_WORDS) | st.sampled_from(["،", "(", ")", "/", "-", "\n", "12", "2015", "31"])


@given(st.lists(_PIECES, max_size=14), st.none() | days)
@settings(deadline=None, max_examples=400)
def test_any_words_of_time(words: list[str], published: date | None) -> None:
    """No combination of the vocabulary makes the grammar or the calendar fail, known day or not."""
    found = explain(" ".join(words), published.isoformat() if published else None)
    for line in found:
        value = line.value
        if value.start is not None and value.end is not None:
            assert value.start[:4] <= value.end[:4]


@pytest.mark.parametrize("year", [2000, 2001, 2023, 2024])
def test_no_such_day(year: int) -> None:
    expression = Expression("day", (0, 1), (0, 1), days=[30], months=[2], years=[year])
    assert gregorian_value(expression, year) is None
