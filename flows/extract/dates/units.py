"""Units seen from the day of writing: هذا الأسبوع, العام الماضي, الموسم المقبل, قبل ثلاثة أيام."""

from __future__ import annotations

from datetime import date, timedelta

from flows.extract.dates import calendars as cal
from flows.extract.dates.model import Expression, Interval, Setting
from flows.records import Precision


def resolve_unit(expression: Expression, written: date, setting: Setting, relative: int) -> Interval | None:
    """A week, month, year or season ``relative`` units away, or its beginning, middle or end."""
    unit = expression.unit
    if unit == "week":
        return _week(expression, written, setting, relative)
    if unit == "month":
        first = cal.add_months(written.replace(day=1), relative)
        start, end = first, cal.month_end(first.year, first.month)
        if expression.edge is not None:
            return edge_of_month(start, end, expression.edge)
        return Interval(start, end, Precision.MONTH, "relative month", "month", "month")
    if unit in ("year", "fiscal_year"):
        year = written.year + relative
        if expression.relative_word == "new" and written.month >= 10:
            year += 1
        if expression.edge is not None:
            return edge_of_year(year, expression.edge)
        return Interval(date(year, 1, 1), date(year, 12, 31), Precision.YEAR, "relative year", "year", "year")
    if unit in ("season", "school_year"):
        return _campaign(expression, written, relative)
    if unit == "hijri_year":
        today = cal.hijri_year_of(written)
        if today is None:
            return None
        opening, closing = cal.from_hijri(today[0] + relative, 1, 1), cal.hijri_month(today[0] + relative, 12)
        if opening is None or closing is None:
            return None
        return Interval(opening, closing[1], Precision.YEAR, "relative Hijri year", calendar="hijri")
    if unit == "decade":
        low = written.year // 10 * 10 + 10 * relative
        return Interval(date(low, 1, 1), date(low + 9, 12, 31), Precision.INTERVAL, "relative decade", "year",
                        "year")  # fmt: skip
    return None


def edge_of_month(start: date, end: date, edge: str) -> Interval:
    """The first ten days of a month, the second ten, or what is left."""
    first, last = {"start": (1, 10), "middle": (11, 20), "end": (21, 31)}[edge]
    opening = start + timedelta(days=first - 1)
    closing = min(end, start + timedelta(days=last - 1))
    return Interval(opening, closing, Precision.INTERVAL, f"{edge} of a month")


def edge_of_year(year: int, edge: str) -> Interval:
    """January, June and July, or December."""
    first, last = {"start": (1, 1), "middle": (6, 7), "end": (12, 12)}[edge]
    return Interval(date(year, first, 1), cal.month_end(year, last), Precision.INTERVAL, f"{edge} of a year",
                    "month", "month")  # fmt: skip


def _week(expression: Expression, written: date, setting: Setting, relative: int) -> Interval:
    """Weeks run Monday to Sunday; their end is the weekend of the paper's country, their beginning the first
    working day after it."""
    week = setting.week
    if expression.edge == "end":
        return _weekend(expression, written, setting, relative)
    if expression.edge == "start":
        working = (week.weekend_end + 1) % 7
        day = cal.last_on_or_before(written, working) + timedelta(days=7 * relative)
        return Interval(day, day, Precision.DAY, "start of a week")
    start = cal.monday(written) + timedelta(days=7 * relative)
    if expression.edge == "middle":
        middle = start + timedelta(days=2)
        return Interval(middle, middle, Precision.DAY, "middle of a week")
    return Interval(start, start + timedelta(days=6), Precision.WEEK, "relative week")


def _weekend(expression: Expression, written: date, setting: Setting, relative: int) -> Interval:
    week = setting.week
    length = (week.weekend_end - week.weekend_start) % 7
    coming_end = cal.first_on_or_after(written, week.weekend_end)
    end = coming_end
    if expression.relative is None and expression.tense <= 0:
        if expression.unit == "week" and expression.lead:
            end = coming_end
        if (coming_end - written).days > length or expression.tense <= 0:
            end = coming_end - timedelta(days=7)
    elif relative < 0 or (relative > 0 and (coming_end - written).days <= length):
        end = coming_end + timedelta(days=7 * relative)
    start = end - timedelta(days=length)
    return Interval(start, end, Precision.INTERVAL, "weekend")


def _campaign(expression: Expression, written: date, relative: int) -> Interval:
    """Sports seasons and school years run over the turn of a year; between May and August the last one is
    over and the next one not begun."""
    year, month = written.year, written.month
    if relative > 0:
        first = year if month <= 8 else year + 1
        first += relative - 1
        first = year if month < 5 and relative == 1 else first
    elif relative < 0:
        first = year - 1 if month >= 6 else year - 2
        first += relative + 1
    else:
        first = year if month >= 7 else year - 1
    if expression.edge is not None:
        when = {"start": (first, 8, first, 9), "middle": (first, 12, first + 1, 2),
                "end": (first + 1, 5, first + 1, 6)}[expression.edge]  # fmt: skip
        return Interval(date(when[0], when[1], 1), cal.month_end(when[2], when[3]), Precision.INTERVAL,
                        f"{expression.edge} of a season", "month", "month")  # fmt: skip
    return Interval(date(first, 1, 1), date(first + 1, 12, 31), Precision.INTERVAL, "relative season", "year",
                    "year")  # fmt: skip


def resolve_offset(expression: Expression, written: date | None, setting: Setting) -> Interval | None:
    """قبل ثلاثة أيام, خلال يومين, السنوات الأربع الماضية; vague counts have no value."""
    count, unit = expression.count, expression.unit
    if written is None or count is None or expression.approximate or unit is None:
        return None
    if expression.kind == "last":
        return _last(expression, written, count, unit)
    if expression.preposition == "i":
        return _stretch(written, _moved(written, count, unit))
    if expression.preposition == "g":
        return _point(_moved(written, count, unit), unit, f"{count} {unit}s ahead")
    return _point(_moved(written, -count, unit), unit, f"{count} {unit}s ago")


def _moved(day: date, count: int, unit: str) -> date:
    if unit == "month":
        return cal.add_months(day, count)
    if unit in ("year", "hijri_year", "season"):
        return cal.add_months(day, 12 * count)
    if unit == "decade":
        return cal.add_months(day, 120 * count)
    if unit == "hour":
        hours = abs(count)
        days = -(-hours // 24)
        return day + timedelta(days=days if count > 0 else -days)
    return day + timedelta(days=count * (7 if unit == "week" else 1))


def _stretch(start: date, end: date) -> Interval:
    return Interval(min(start, end), max(start, end), Precision.INTERVAL, "a stretch from the day of writing")


def _point(day: date, unit: str, rule: str) -> Interval | None:
    if unit == "day":
        return Interval(day, day, Precision.DAY, rule)
    if unit == "week":
        start = cal.monday(day)
        return Interval(start, start + timedelta(days=6), Precision.WEEK, rule)
    if unit == "month":
        end = cal.month_end(day.year, day.month)
        return Interval(day.replace(day=1), end, Precision.MONTH, rule, "month", "month")
    if unit in ("year", "hijri_year"):
        return Interval(date(day.year, 1, 1), date(day.year, 12, 31), Precision.YEAR, rule, "year", "year")
    if unit == "hour":
        return None
    return Interval(date(day.year, 1, 1), date(day.year, 12, 31), Precision.INTERVAL, rule, "year", "year")


def _last(expression: Expression, written: date, count: int, unit: str) -> Interval:
    """The last or next N units, the running one included."""
    sign = 1 if (expression.relative or 0) > 0 else -1
    other = _moved(written, sign * count, unit)
    grain = {"month": "month", "year": "year", "season": "year", "decade": "year"}.get(unit, "day")
    start, end = min(written, other), max(written, other)
    if grain == "month":
        start, end = start.replace(day=1), cal.month_end(end.year, end.month)
    elif grain == "year":
        start, end = date(start.year, 1, 1), date(end.year, 12, 31)
    rule = f"{'next' if sign > 0 else 'last'} {count} {unit}s"
    return Interval(start, end, Precision.INTERVAL, rule, grain, grain)
