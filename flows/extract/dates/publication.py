"""Publication dates as papers and feeds write them in metadata."""

from __future__ import annotations

import re
from datetime import date

from flows.clean.normalize import clean
from flows.extract.dates.build import best_match, build
from flows.extract.dates.calendars import from_hijri, safe_date
from flows.extract.dates.dated import gregorian_value, hijri_value
from flows.extract.dates.lexer import tokenize
from flows.records import Basis, DateValue, Precision

_ISO = re.compile(r"\s*([+-]?\d{4})-(\d{1,2})-(\d{1,2})(?:\s*$|[T\s,]|\s+-)")
_COMPACT = re.compile(r"\s*(\d{4})(\d{2})(\d{2})(?:T?\d{4,6}Z?)?\s*\Z")
_ENGLISH = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
    r"(?:(?P<d>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?P<m>[a-z]{3,9})\.?|(?P<m2>[a-z]{3,9})\.?\s+(?P<d2>\d{1,2})(?:st|nd|rd|th)?),?"
    r"[\s-]+(?P<y>\d{4})\b",
    re.IGNORECASE,
)
_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}  # fmt: skip
_YEARS = range(1900, 2101)


def _value(day: date | None, rule: str, calendar: str = "gregorian") -> DateValue | None:
    if day is None or day.year not in _YEARS:
        return None
    text = day.isoformat()
    return DateValue(text, text, Precision.DAY, calendar, Basis.METADATA, rule)


def parse_publication(text: str) -> DateValue | None:
    """The local day that a metadata string names, None when it names none.

    Understands ISO 8601 with any zone (the day as written counts), compact and English dates, numbers with
    the day first, and everything that the article grammar reads in full (weekday, day, month in any month
    system, Hijri).  A year or month alone is no publication date.
    """
    match = _ISO.match(text) or _COMPACT.match(text)
    if match is not None:
        year, month, day = (int(part) for part in match.groups())
        if 1300 <= year < 1500:
            return _value(from_hijri(year, month, day), "iso, Hijri", "hijri")
        return _value(safe_date(year, month, day), "iso")
    match = _ENGLISH.search(text)
    if match is not None:
        month_number = _MONTHS.get((match["m"] or match["m2"])[:3].lower())
        if month_number is not None:
            return _value(safe_date(int(match["y"]), month_number, int(match["d"] or match["d2"])), "english")
    return _arabic(text)


def _arabic(text: str) -> DateValue | None:
    layers = clean(text)
    tokens = tokenize(layers.search, layers.text)
    for index in range(len(tokens)):
        found = best_match(tokens, index)
        expression = build(tokens, *found) if found is not None else None
        if expression is None:
            continue
        for part in (expression, expression.twin):
            if part is None or not (part.days and part.months and part.years) or len(part.days) > 1:
                continue
            hijri = part.calendar == "hijri"
            value = hijri_value(part, part.years[0]) if hijri else gregorian_value(part, part.years[0])
            if value is not None and value.start is not None:
                result = _value(value.start, "written out", part.calendar)
                if result is not None:
                    return result
    return None
