"""Day numbers with a month, a month alone, days of the running month: the year that belongs to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from flows.extract.dates import calendars as cal
from flows.extract.dates.model import WEEKDAY_NAMES, Expression, Interval, Setting
from flows.extract.dates.units import edge_of_month
from flows.records import Precision

# A date that could lie before or after the day of writing is past unless the future is so many times nearer:
# news tells of what happened.
FUTURE_WEIGHT = 3
# Days that a reading may be farther away and still win when the nearer one is against the clause's tense, or
# against الماضي and المقبل (beside a month alone, beside a day): a stamp some days late must not cost a year.
AGAINST_TENSE = 200
AGAINST_WORD = (1000, 200)


@dataclass(slots=True)
class Memory:
    """What the article said so far, for نفس السنة, اليوم نفسه, the quoted speaker's today."""

    setting: Setting
    last: Interval | None = None  # the latest value of any kind
    last_period: Interval | None = None  # the latest from .. to, half year, quarter or edge
    last_day: date | None = None  # the latest single day
    weekdays: dict[int, date] = field(default_factory=dict)  # weekday -> its day where the text dates it
    spoken: date | None = None  # the latest bare weekday: when somebody said what follows in quotes
    dated: dict[tuple[str, int, int], int] = field(
        default_factory=dict
    )  # (calendar, month, day) -> year said


def day_precision(start: date, end: date) -> Precision:
    return Precision.DAY if start == end else Precision.INTERVAL


def dated(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    """Day numbers with a month, a month alone, or day numbers of the running month (25 الجاري)."""
    if not expression.months:
        return _days_of_month(expression, written, memory)
    if expression.calendar == "hijri":
        return _hijri(expression, written, memory)
    years = year_of(expression, written, memory)
    if years is None:
        return None
    return gregorian_value(expression, years)


def gregorian_value(expression: Expression, year: int) -> Interval | None:
    """The value of day and month in a given year, weekday checked."""
    months = expression.months
    rule = "day and month" if expression.days else "month"
    if not expression.days:
        first, last = months[0], months[-1]
        start = date(year, first, 1)
        end = cal.month_end(year + (last < first), last)
        if expression.unit == "week" and expression.count is not None:
            opening = start + timedelta(days=7 * (expression.count - 1))
            return Interval(opening, min(end, opening + timedelta(days=6)), Precision.WEEK, "week of a month")
        if expression.edge is not None:
            return edge_of_month(start, end, expression.edge)
        precision = Precision.MONTH if first == last else Precision.INTERVAL
        return Interval(start, end, precision, rule, "month", "month")
    days = expression.days
    start_day = cal.safe_date(year, months[0], days[0])
    end_month = months[-1]
    end_day = cal.safe_date(year + (end_month < months[0]), end_month, days[-1])
    if start_day is None or end_day is None:
        return None
    if end_day < start_day:
        start_day, end_day = end_day, start_day
    conflict = weekday_conflict(expression, start_day, end_day)
    return Interval(start_day, end_day, day_precision(start_day, end_day), rule, conflict=conflict)


def weekday_conflict(expression: Expression, start: date, end: date) -> str | None:
    """What the stated weekdays and the date say against each other, None when they agree."""
    stated = expression.weekdays
    if not stated:
        return None
    for weekday, day in ((stated[0], start), (stated[-1], end)):
        if len(stated) == 1 and start != end:
            return None
        if day.weekday() != weekday:
            return f"stated {WEEKDAY_NAMES[weekday]}, {day.isoformat()} is a {WEEKDAY_NAMES[day.weekday()]}"
    return None


def _days_of_month(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    """25 الجاري, 29 من نفس الشهر, الخميس 14 والجمعة 15."""
    named = memory.last.start if memory.last is not None else None
    anchor = named if expression.same else written
    if anchor is None:
        return None
    if expression.same or expression.relative is not None:
        shifts: tuple[int, ...] = (0 if expression.same else expression.relative or 0,)
    elif expression.weekdays:
        shifts = (0, 1, -1) if expression.tense > 0 else (0, -1, 1)
    else:
        return None
    best: Interval | None = None
    for shift in shifts:
        base = cal.add_months(anchor.replace(day=1), shift)
        start = cal.safe_date(base.year, base.month, expression.days[0])
        end = cal.safe_date(base.year, base.month, expression.days[-1])
        if start is None or end is None or end < start:
            continue
        conflict = weekday_conflict(expression, start, end)
        value = Interval(start, end, day_precision(start, end), "day of a relative month", conflict=conflict)
        if conflict is None:
            return value
        best = best or value
    return best


def year_of(expression: Expression, written: date | None, memory: Memory) -> int | None:
    """The year that belongs to day and month: said, relative, or the one that fits best."""
    if expression.years:
        return expression.years[0]
    if expression.year_same:
        return memory.last.start.year if memory.last is not None and memory.last.start is not None else None
    if expression.year_relative is not None:
        return None if written is None else written.year + expression.year_relative
    if expression.relative is None and expression.days:
        known = memory.dated.get((expression.calendar, expression.months[0], expression.days[0]))
        if known is not None:
            return known
    if written is None:
        return None
    return best_year(expression, written)


def best_year(expression: Expression, written: date) -> int | None:
    """The year of a day and month without one, seen from the day of writing."""
    month = expression.months[0]
    relative = expression.relative
    if relative == 0 and not expression.days:
        return written.year
    day = expression.days[0] if expression.days else None
    best: tuple[float, int] | None = None
    for year in range(written.year - (5 if day == 29 else 2), written.year + (6 if day == 29 else 3)):
        start = cal.safe_date(year, month, day or 1)
        if start is None:
            continue
        end = start if day else cal.month_end(year, month)
        gap = 0 if start <= written <= end else min(abs((start - written).days), abs((end - written).days))
        cost = float(gap)
        ahead = start > written
        if relative is None:
            if expression.tense > 0:
                cost += 0 if end >= written else AGAINST_TENSE
            elif expression.tense < 0:
                cost += 0 if start <= written else AGAINST_TENSE
            elif ahead:
                cost *= FUTURE_WEIGHT
        elif relative < 0:
            cost += 0 if end < written else AGAINST_WORD[bool(day)]
        elif relative > 0:
            cost += 0 if start > written else AGAINST_WORD[bool(day)]
        elif ahead:  # الجاري with a day: this year's unless that is half a year away
            cost += 0.5
        if expression.weekdays and day is not None and start.weekday() != expression.weekdays[0]:
            cost += 150
        if best is None or cost < best[0]:
            best = (cost, year)
    return None if best is None else best[1]


def _hijri(expression: Expression, written: date | None, memory: Memory) -> Interval | None:
    if expression.years:
        return hijri_value(expression, expression.years[0])
    if expression.gregorian_year is not None:
        return hijri_in(expression, expression.gregorian_year)
    if written is None:
        return None
    today = cal.hijri_year_of(written)
    if today is None:
        return None
    if expression.year_relative is not None:
        return hijri_value(expression, today[0] + expression.year_relative)
    best: tuple[float, Interval] | None = None
    for year in range(today[0] - 2, today[0] + 3):
        value = hijri_value(expression, year)
        if value is None or value.start is None or value.end is None:
            continue
        inside = value.start <= written <= value.end
        gap = 0 if inside else min(abs((value.start - written).days), abs((value.end - written).days))
        cost = float(gap)
        relative = expression.relative
        if relative is None:
            if expression.tense > 0:
                cost += 0 if value.end >= written else AGAINST_TENSE
            elif expression.tense < 0:
                cost += 0 if value.start <= written else AGAINST_TENSE
        elif relative < 0:
            cost += 0 if value.end < written else 1000
        elif relative > 0:
            cost += 0 if value.start > written else 1000
        if best is None or cost < best[0]:
            best = (cost, value)
    return None if best is None else best[1]


def hijri_value(expression: Expression, year: int) -> Interval | None:
    """Days or months of a Hijri year in Gregorian days."""
    months, days = expression.months, expression.days
    if not days:
        first = cal.hijri_month(year, months[0])
        last = cal.hijri_month(year, months[-1])
        if first is None or last is None:
            return None
        if expression.edge is not None:
            value = edge_of_month(first[0], first[1], expression.edge)
            return Interval(value.start, value.end, value.precision, value.rule, calendar="hijri")
        precision = Precision.MONTH if len(months) == 1 else Precision.INTERVAL
        return Interval(first[0], last[1], precision, "Hijri month", calendar="hijri")
    start, end = cal.from_hijri(year, months[0], days[0]), cal.from_hijri(year, months[-1], days[-1])
    if start is None or end is None:
        return None
    conflict = weekday_conflict(expression, start, end)
    if conflict is not None and expression.weekdays:
        # the month began a day earlier or later where the moon was sighted: the weekday tells which
        for shift in (1, -1):
            moved = start + timedelta(days=shift), end + timedelta(days=shift)
            if weekday_conflict(expression, *moved) is None:
                start, end = moved
                conflict = None
                break
    return Interval(start, end, day_precision(start, end), "Hijri day", calendar="hijri", conflict=conflict)


def hijri_in(expression: Expression, year: int) -> Interval | None:
    """A Hijri day or month in a Gregorian year (the first, where a year has two)."""
    around = cal.hijri_year_of(date(year, 1, 1))
    if around is None:
        return None
    for hijri in (around[0], around[0] + 1):
        value = hijri_value(expression, hijri)
        if value is not None and value.start is not None and value.start.year == year:
            return value
    return None


def best_year_near(expression: Expression, day: date) -> Interval | None:
    """Day and month in the year that brings them nearest to a day known otherwise."""
    options = [gregorian_value(expression, day.year + shift) for shift in (-1, 0, 1)]
    known = [x for x in options if x is not None and x.start is not None]
    return min(known, key=lambda x: abs((x.start - day).days) if x.start else 0, default=None)
