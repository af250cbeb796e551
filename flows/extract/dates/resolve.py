"""Expression + day of writing -> Interval.  Pure: one code for a known day and for one only supposed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from flows.extract.dates import calendars as cal
from flows.extract.dates.dated import Memory, best_year_near, dated, day_precision, hijri_in, year_of
from flows.extract.dates.model import WEEKDAY_NAMES, Expression, Interval
from flows.extract.dates.units import edge_of_year, resolve_offset, resolve_unit
from flows.extract.dates.vocabulary import vocabulary
from flows.records import Precision

LATE_STAMP = 4  # days that a stamp may come after the day of writing


def resolve(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    """The interval that the expression names for an article written on that day.

    None when it names none: a vague one (السنوات الأخيرة), or one that needs a day of writing that is not
    known.
    """
    if expression.kind in ("period", "between"):
        return _period(expression, written, memory)
    if expression.twin is not None:
        return _twins(expression, written, memory)
    anchor = written
    if memory.spoken is not None and written is not None and 0 <= (written - memory.spoken).days <= 7:
        said = expression.quoted or (expression.deictic is not None and not expression.lead)
        if said and not expression.weekdays:
            anchor = memory.spoken
    return _KINDS[expression.kind](expression, anchor, memory)


# ------------------------------------------------------------------------------------------ days


def _day(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    if expression.days or expression.months:
        return dated(expression, written, memory)
    if expression.deictic is not None or expression.own_day:
        return _deictic(expression, written)
    return _weekdays(expression, written, memory)


def _deictic(expression: Expression, written: date | None) -> Interval | None:
    if written is None:
        return None
    offset = expression.deictic or 0
    day = written + timedelta(days=offset)
    conflict = None
    if expression.weekdays and day.weekday() != expression.weekdays[0]:
        wanted = expression.weekdays[0]
        conflict = f"stated {WEEKDAY_NAMES[wanted]}, {day.isoformat()} is a {WEEKDAY_NAMES[day.weekday()]}"
        # stamped some days after it was written: the stated weekday counts; the weekday before last would be
        # a slip of the pen, then the word counts
        behind = (day.weekday() - wanted) % 7
        if behind <= LATE_STAMP:
            day -= timedelta(days=behind)
    end = day
    if len(expression.weekdays) > 1:
        end = cal.first_on_or_after(day, expression.weekdays[-1])
    return Interval(day, end, day_precision(day, end), "deictic", conflict=conflict)


def _weekdays(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    days = expression.weekdays
    if not days:
        return None
    word = expression.relative_word
    if word == "following" and memory.last_day is not None:
        start = cal.first_on_or_after(memory.last_day + timedelta(days=1), days[0])
        return _weekday_span(start, days, forward=True, rule="weekday after the day named before")
    relative = expression.relative
    known = memory.weekdays.get(days[0])
    if (
        relative is None
        and known is not None
        and (written is None or (known > written and expression.tense >= 0))
    ):
        return _weekday_span(known, days, True, "weekday dated elsewhere in the text")
    if written is None:
        return None
    if relative is None:
        if expression.tense > 0:
            return _weekday_span(cal.first_on_or_after(written, days[0]), days, True, "weekday ahead")
        return _weekday_span(cal.last_on_or_before(written, days[-1]), days, False, "weekday past")
    if relative == 0:
        start = cal.monday(written) + timedelta(days=days[0])
        return _weekday_span(start, days, True, "weekday of this week")
    if relative > 0:
        start = cal.first_on_or_after(written + timedelta(days=1), days[0])
        return _weekday_span(start + timedelta(days=7 * (relative - 1)), days, True, "next weekday")
    start = cal.last_on_or_before(written - timedelta(days=1), days[-1])
    weeks = -relative - 1
    return _weekday_span(start - timedelta(days=7 * weeks), days, False, "last weekday")


def _weekday_span(anchor: date, days: list[int], forward: bool, rule: str) -> Interval:
    """Several weekdays in a row: from the first one forward, or from the last one back."""
    if forward:
        start = end = anchor
        for weekday in days[1:]:
            end = cal.first_on_or_after(end, weekday)
    else:
        start = end = anchor
        for weekday in reversed(days[:-1]):
            start = cal.last_on_or_before(start, weekday)
    return Interval(start, end, day_precision(start, end), rule)


# ------------------------------------------------------------------------------------------ day + month


def _twins(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    """One day in two calendars, or a weekday and its date: the Gregorian date leads, the rest is checked."""
    twin = expression.twin
    if twin is None:
        return None
    own = replace(expression, twin=None)
    if not (twin.days or twin.months):
        own.weekdays = own.weekdays or twin.weekdays
        return resolve(own, written, memory)
    if not (own.days or own.months):  # الخميس الموافق 20 أغسطس
        twin.weekdays = twin.weekdays or own.weekdays
        twin.tense = own.tense if own.relative is None else max(-1, min(1, own.relative))
        return dated(twin, written, memory)
    for part in (own, twin):
        part.weekdays = own.weekdays or twin.weekdays
        part.tense = expression.tense
    first, second = (twin, own) if twin.calendar == "gregorian" else (own, twin)
    if not first.years and second.years and first.calendar == "gregorian":
        other = dated(second, written, memory)
        if other is not None and other.start is not None:
            value = best_year_near(first, other.start)
            return value if value is not None else other
    value, other = dated(first, written, memory), dated(second, written, memory)
    if value is None:
        return other
    if other is None or value.start is None or other.start is None or value.conflict is not None:
        return value
    apart = abs((value.start - other.start).days)
    if first.days and second.days and apart > 2:
        note = f"the other calendar says {other.start.isoformat()}"
        return Interval(value.start, value.end, value.precision, value.rule, value.start_grain,
                        value.end_grain, value.calendar, note)  # fmt: skip
    return value


# ------------------------------------------------------------------------------------------ periods, years


def _period(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    if expression.ends is None:
        return None
    one, two = expression.ends
    for part in (one, two):
        part.tense = part.tense or expression.tense
    last = resolve(two, written, memory)
    if last is None or (last.end is None and last.start is None):
        return None
    first = resolve(one, written, memory)
    if first is not None and first.start is not None and last.end is not None and first.start > last.end:
        anchor = last.end
        first = resolve(one, anchor, memory) if not one.absolute else first
    if first is None or first.start is None or last.end is None or first.start > last.end:
        return None
    conflict = first.conflict or last.conflict
    return Interval(first.start, last.end, Precision.INTERVAL, "from .. to", first.start_grain,
                    last.end_grain, last.calendar, conflict)  # fmt: skip


def _named_years(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    years = expression.years
    if expression.calendar == "hijri":
        first, last = cal.from_hijri(years[0], 1, 1), cal.hijri_month(years[-1], 12)
        if first is None or last is None:
            return None
        return Interval(first, last[1], Precision.YEAR, "Hijri year", calendar="hijri")
    low, high = min(years), max(years)
    if expression.edge is not None and low == high:
        return edge_of_year(low, expression.edge)
    precision = Precision.YEAR if low == high else Precision.INTERVAL
    return Interval(date(low, 1, 1), date(high, 12, 31), precision, "year", "year", "year")


def _decade(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    low, high = min(expression.decades), max(expression.decades)
    if expression.edge == "start":  # open: nobody says how long a beginning lasts
        return Interval(date(low, 1, 1), None, Precision.INTERVAL, "start of a decade", "year", "year")
    first, last = {"middle": (low + 4, low + 6), "end": (high + 7, high + 9), None: (low, high + 9)}[
        expression.edge
    ]
    rule = f"{expression.edge} of a decade" if expression.edge else "decade"
    return Interval(date(first, 1, 1), date(last, 12, 31), Precision.INTERVAL, rule, "year", "year")


def _part(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    """النصف الثاني من السنة, الربع الأول من 2016, النصف الأول من شهر رمضان."""
    if expression.part is None:
        return None
    which, pieces = expression.part
    if expression.count is not None and which == 0:
        which = expression.count
    if not 1 <= which <= pieces:
        return None
    if expression.months:
        whole = dated(_without_part(expression), written, memory)
        if whole is None or whole.start is None or whole.end is None:
            return None
        length = (whole.end - whole.start).days + 1
        bounds = [length * n // pieces for n in range(pieces + 1)]
        if pieces == 2:
            bounds[1] = 15  # half a month, however long it is
        start = whole.start + timedelta(days=bounds[which - 1])
        end = whole.start + timedelta(days=bounds[which] - 1)
        return Interval(start, end, Precision.INTERVAL, "part of a month", calendar=whole.calendar)
    year = year_of(expression, written, memory) if expression.years or expression.year_same else None
    if year is None and expression.year_relative is not None and written is not None:
        year = written.year + expression.year_relative
    if year is None:
        return None
    months = 12 // pieces
    first = (which - 1) * months + 1
    precision = Precision.QUARTER if pieces == 4 else Precision.INTERVAL
    return Interval(date(year, first, 1), cal.month_end(year, first + months - 1), precision,
                    "part of a year", "month", "month")  # fmt: skip


def _without_part(expression: Expression) -> Expression:
    return Expression(
        "month", expression.tokens, expression.span, months=expression.months, years=expression.years,
        calendar=expression.calendar, relative=expression.relative, relative_word=expression.relative_word,
        year_relative=expression.year_relative, year_same=expression.year_same, tense=expression.tense,
    )  # fmt: skip


def _opening(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    """The first N days, weeks or months of a year or month; of nothing counted, its first part."""
    if expression.months:
        whole = dated(_without_part(expression), written, memory)
        start = whole.start if whole is not None else None
    else:
        year = year_of(expression, written, memory) if expression.years or expression.year_same else None
        if year is None and expression.year_relative is not None and written is not None:
            year = written.year + expression.year_relative
        start = date(year, 1, 1) if year is not None else None
    if start is None:
        return None
    if expression.count is None:
        if expression.unit != "day" or not expression.months:
            return None  # الأشهر الأولى: nobody says how many
        return Interval(start, start + timedelta(days=9), Precision.INTERVAL, "first days")
    if expression.unit == "month":
        last = cal.add_months(start, expression.count - 1)
        end = cal.month_end(last.year, last.month)
        return Interval(start, end, Precision.INTERVAL, "first months of a year", "month", "month")
    length = expression.count * (7 if expression.unit == "week" else 1)
    return Interval(start, start + timedelta(days=length - 1), Precision.INTERVAL, "first days")


def _season(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    if expression.season is None:
        return None
    name = expression.season
    year: int | None
    if expression.years:
        year = expression.years[0]
    elif expression.year_same:
        year = memory.last.start.year if memory.last is not None and memory.last.start is not None else None
    elif written is None:
        return None
    elif expression.year_relative is not None:
        year = written.year + expression.year_relative
    else:
        year = _season_year(expression, name, written)
    if year is None:
        return None
    start, end = cal.season(name, year)
    return Interval(start, end, Precision.SEASON, "season", "month", "month")


def _season_year(expression: Expression, name: str, written: date) -> int:
    relative = expression.relative or 0
    options = [(cal.season(name, written.year + shift), written.year + shift) for shift in (-2, -1, 0, 1, 2)]
    if relative < 0:
        return max(year for (_, end), year in options if end < written)
    if relative > 0:
        return min(year for (start, _), year in options if start > written)
    inside = [year for (start, end), year in options if start <= written <= end]
    return inside[0] if inside else written.year


def _feast(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    if expression.feast is None:
        return None
    feast = vocabulary().source.feasts[expression.feast]
    length = feast.holiday if expression.holiday and feast.holiday else feast.days
    base = Expression(
        "day", expression.tokens, expression.span, months=[feast.month], days=[feast.day],
        calendar=feast.calendar, years=expression.years, relative=expression.relative,
        year_relative=expression.year_relative, tense=expression.tense,
    )  # fmt: skip
    if feast.calendar == "hijri" and base.years and base.years[0] > 1600:
        value = hijri_in(base, base.years[0])
    elif feast.calendar == "hijri" and base.year_relative is not None and written is not None:
        value = hijri_in(base, written.year + base.year_relative)
    else:
        value = dated(base, written, memory)
    if value is None or value.start is None:
        return None
    start = value.start + timedelta(days=(expression.count or 1) - 1)
    end = start + timedelta(days=(1 if expression.count else length) - 1)
    return Interval(start, end, day_precision(start, end), "feast", calendar=feast.calendar)


def _same(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    """نفس الفترة, نفس الفترة من عام 2014."""
    value = memory.last_period or memory.last
    year = expression.years[0] if expression.years else None
    if year is None and expression.year_relative is not None and written is not None:
        year = written.year + expression.year_relative
    if value is None or value.start is None or value.end is None or value.precision is Precision.DAY:
        if year is None:
            return None
        return Interval(
            date(year, 1, 1), date(year, 12, 31), Precision.YEAR, "some part of a year", "year", "year"
        )
    if year is None:
        return value.with_rule("the period named before")
    shift = year - value.end.year
    start = cal.add_months(value.start, 12 * shift)
    end = cal.add_months(value.end, 12 * shift)
    if value.rule == "end of a month":  # "up to the end of June" is compared with January to June
        start, end = date(start.year, 1, 1), cal.month_end(end.year, end.month)
        return Interval(start, end, Precision.INTERVAL, "the same period of another year", "month", "month")
    if value.end_grain == "month":
        end = cal.month_end(end.year, end.month)
    return Interval(start, end, value.precision, "the same period of another year", value.start_grain,
                    value.end_grain)  # fmt: skip


def _same_day(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    if memory.last_day is None:
        return None
    return Interval(memory.last_day, memory.last_day, Precision.DAY, "the day named before")


def _unit(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    if expression.same:
        value = memory.last
        if value is None or value.start is None:
            return None
        return resolve_unit(expression, value.start, memory.setting, 0)
    if written is None:
        return None
    return resolve_unit(expression, written, memory.setting, expression.relative or 0)


_KINDS: dict[str, Callable[[Expression, date | None, Memory], Interval | None]] = {
    "day": _day,
    "month": dated,
    "years": _named_years,
    "campaign": _named_years,
    "decade": _decade,
    "part": _part,
    "opening": _opening,
    "season": _season,
    "feast": _feast,
    "same": _same,
    "sameday": _same_day,
    "unit": _unit,
    "offset": lambda expression, written, memory: resolve_offset(expression, written, memory.setting),
    "last": lambda expression, written, memory: resolve_offset(expression, written, memory.setting),
}
