"""Days, weeks, months, seasons and the Hijri calendar (Umm al-Qura, through hijridate)."""

from __future__ import annotations

import calendar as _calendar
from datetime import date, timedelta
from functools import lru_cache

from hijridate import Gregorian, Hijri

HIJRI_YEARS = (1343, 1500)  # what Umm al-Qura's tables hold


def safe_date(year: int, month: int, day: int) -> date | None:
    """None for days that do not exist (30 February) instead of an exception."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def month_end(year: int, month: int) -> date:
    return date(year, month, _calendar.monthrange(year, month)[1])


def add_months(day: date, months: int) -> date:
    """The same day some months on, the month's last where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, _calendar.monthrange(year, month + 1)[1]))


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@lru_cache(maxsize=1024)
def from_hijri(year: int, month: int, day: int) -> date | None:
    """Umm al-Qura, out of its years the arithmetic calendar; a thirtieth day that the month has not is the
    next month's first."""
    if not HIJRI_YEARS[0] <= year <= HIJRI_YEARS[1]:
        return arithmetic_hijri(year, month, day)
    try:
        return date.fromordinal(Hijri(year, month, day).to_gregorian().toordinal())
    except (ValueError, OverflowError):
        if day == 30:
            before = from_hijri(year, month, 29)
            return None if before is None else before + timedelta(days=1)
        return None


def arithmetic_hijri(year: int, month: int, day: int) -> date | None:
    """The tabular civil calendar for years that Umm al-Qura's tables do not hold; right to a day or two."""
    if not (1 <= year <= 2000 and 1 <= month <= 12 and 1 <= day <= 30):
        return None
    days = day + (59 * (month - 1) + 1) // 2 + (year - 1) * 354 + (3 + 11 * year) // 30
    return date.fromordinal(227014 + days)


@lru_cache(maxsize=1024)
def hijri_year_of(day: date) -> tuple[int, int, int] | None:
    """(year, month, day) in Umm al-Qura, None out of its range."""
    try:
        return Gregorian(day.year, day.month, day.day).to_hijri().datetuple()
    except OverflowError:
        return None


def hijri_month(year: int, month: int) -> tuple[date, date] | None:
    """First and last day of a Hijri month."""
    first = from_hijri(year, month, 1)
    after = from_hijri(year + 1, 1, 1) if month == 12 else from_hijri(year, month + 1, 1)
    if first is None or after is None:
        return None
    return first, after - timedelta(days=1)


SEASON_MONTHS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "winter": (12, 2)}


def season(name: str, year: int) -> tuple[date, date]:
    """Meteorological seasons; the winter of a year begins in its December."""
    first, last = SEASON_MONTHS[name]
    return date(year, first, 1), month_end(year + (last < first), last)


def last_on_or_before(day: date, weekday: int) -> date:
    return day - timedelta(days=(day.weekday() - weekday) % 7)


def first_on_or_after(day: date, weekday: int) -> date:
    return day + timedelta(days=(weekday - day.weekday()) % 7)
