"""The day of writing where nobody says it: what all expressions of the article together leave possible.

Every expression that knows something about the day of writing (أمس الخميس, الجاري, a weekday with day and
month, a past event's year) strikes out days of a calendar of this century up to 2030; what remains are the
candidates.  A constraint that would strike out all of them is dropped: the text contradicts itself there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.extract.dates.dated import gregorian_value
from flows.extract.dates.model import WEEKDAY_NAMES, Expression, Interval, iso

FIRST, LAST = date(2001, 1, 1), date(2030, 12, 31)
MOST_CANDIDATES = 128
_NEAR = 6  # days after a dated event that news of it is written
_YEAR = 366

Mask = NDArray[np.bool_]


class Grid(NamedTuple):
    """All days FIRST..LAST: weekday 0..6, month, day, year, each of shape (n,)."""

    weekday: NDArray[np.int16]
    month: NDArray[np.int16]
    day: NDArray[np.int16]
    year: NDArray[np.int16]
    ordinal: NDArray[np.int32]


@cache
def grid() -> Grid:
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    return Grid(
        np.array([d.weekday() for d in days], np.int16),
        np.array([d.month for d in days], np.int16),
        np.array([d.day for d in days], np.int16),
        np.array([d.year for d in days], np.int16),
        np.arange(FIRST.toordinal(), LAST.toordinal() + 1, dtype=np.int32),
    )


@dataclass(frozen=True, slots=True)
class Writing:
    """What is known about the day of writing.

    ``first`` and ``last`` bound the days that remain, ``days`` lists them when they are no more than
    MOST_CANDIDATES; all are empty when nothing is known.  ``reasons`` says what narrowed them down.
    """

    first: date | None = None
    last: date | None = None
    days: tuple[date, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def certain(self) -> date | None:
        return self.days[0] if len(self.days) == 1 else None


def infer(found: list[Expression], strict_tense: dict[int, int]) -> Writing:
    """Solve for the day of writing.  ``strict_tense``: expression number -> tense without verbs of saying."""
    mask: Mask = np.ones(len(grid().ordinal), bool)
    reasons: list[str] = []
    constraints = []
    for number, expression in enumerate(found):
        constraints += _constraints(expression, strict_tense.get(number, 0))
    constraints.sort(key=lambda item: item[0])
    for _, reason, allowed in constraints:
        narrowed = mask & allowed
        if narrowed.any() and not np.array_equal(narrowed, mask):
            reasons.append(reason)
            mask = narrowed
    if not reasons:
        return Writing()
    left = grid().ordinal[mask]
    first, last = date.fromordinal(int(left[0])), date.fromordinal(int(left[-1]))
    days = tuple(date.fromordinal(int(n)) for n in left) if len(left) <= MOST_CANDIDATES else ()
    return Writing(first, last, days, tuple(reasons))


def _between(first: int, last: int) -> Mask:
    ordinal = grid().ordinal
    return (ordinal >= first) & (ordinal <= last)


def _constraints(expression: Expression, strict: int) -> list[tuple[int, str, Mask]]:
    """(rank, reason, days of writing that fit); the surest come first."""
    if expression.ends is not None:
        return [item for part in expression.ends for item in _constraints(part, strict)]
    if expression.twin is not None:
        return _constraints(expression.twin, strict)
    if expression.calendar == "hijri":
        return []
    g = grid()
    if expression.deictic is not None or expression.own_day:
        return _deictic(expression, g)
    if expression.kind in ("years", "campaign") and expression.years and strict:
        return _bounded(date(min(expression.years), 1, 1), date(max(expression.years), 12, 31), strict)
    if expression.kind not in ("day", "month") or not expression.months:
        return []
    if expression.years:
        return _full(expression, strict)
    return _yearless(expression, g)


def _deictic(expression: Expression, g: Grid) -> list[tuple[int, str, Mask]]:
    """أمس الخميس: the weekday of publication; with a date also the day."""
    offset = expression.deictic or 0
    if expression.days and expression.months and expression.years:
        value = gregorian_value(expression, expression.years[0])
        if value is None or value.start is None:
            return []
        n = value.start.toordinal() - offset
        return [(0, f"written on {date.fromordinal(n).isoformat()}", _between(n, n))]
    out: list[tuple[int, str, Mask]] = []
    if expression.weekdays:
        weekday = (expression.weekdays[0] - offset) % 7
        out.append((1, f"written on a {WEEKDAY_NAMES[weekday]}", g.weekday == weekday))
    if expression.days and expression.months:
        shifted = (g.month == expression.months[0]) & (g.day == expression.days[0])
        mask = np.roll(shifted, -offset)
        out.append((1, f"written {offset:+d} days from a day of month {expression.months[0]}", mask))
    return out


def _bounded(start: date, end: date, tense: int) -> list[tuple[int, str, Mask]]:
    if tense < 0:
        return [
            (4, f"written in or after {start.isoformat()}", _between(start.toordinal(), LAST.toordinal()))
        ]
    if tense > 0:
        return [
            (4, f"written before the end of {end.isoformat()}", _between(FIRST.toordinal(), end.toordinal()))
        ]
    return []


def _full(expression: Expression, strict: int) -> list[tuple[int, str, Mask]]:
    value = gregorian_value(expression, expression.years[0])
    if value is None or value.start is None or value.end is None:
        return []
    out = _bounded(value.start, value.end, strict)
    if expression.lead and expression.weekdays and expression.days and value.conflict is None:
        first, last = value.start.toordinal(), value.end.toordinal()
        if expression.tense > 0:
            out.append((3, f"news of {value.start.isoformat()} ahead", _between(first - 30, last)))
        else:
            out.append((3, f"news of {value.start.isoformat()}", _between(first, last + _NEAR)))
    return out


def _yearless(expression: Expression, g: Grid) -> list[tuple[int, str, Mask]]:
    """الخميس 14 دجنبر, 10 مارس الجاري, أبريل الماضي."""
    out: list[tuple[int, str, Mask]] = []
    month = expression.months[0]
    if expression.year_relative is not None or expression.year_same:
        return []
    if expression.relative == 0:
        out.append((1, f"written in month {month}", g.month == month))
    elif expression.relative is not None:
        out.append((5, f"not written in month {month}", g.month != month))
    if not expression.days:
        return out
    years = fitting_years(expression)
    if expression.weekdays and years:
        allowed = np.zeros(len(g.ordinal), bool)
        for start, end in years:
            first, last = start.toordinal(), end.toordinal()
            behind = 0 if expression.tense > 0 else _YEAR
            ahead = 0 if expression.tense < 0 or (expression.relative or 0) < 0 else _YEAR
            if expression.relative == 0:
                behind, ahead = min(behind, 31), min(ahead, 31)
            elif expression.tense == 0 and expression.relative is None:
                behind = ahead = 180
            allowed |= _between(first - ahead if ahead else last, last + behind if behind else first)
        names = " and ".join(WEEKDAY_NAMES[w] for w in expression.weekdays)
        fitting = ", ".join(str(start.year) for start, _ in years)
        out.append((2, f"{names} on {expression.days[0]}/{month} in {fitting}", allowed))
    elif expression.relative == 0 and expression.tense:
        after = g.day >= expression.days[-1] if expression.tense < 0 else g.day <= expression.days[0]
        out.append((5, "the day is past" if expression.tense < 0 else "the day is ahead", after))
    return out


def fitting_years(expression: Expression) -> list[tuple[date, date]]:
    """First and last day in every year of the grid in which the stated weekdays agree with the dates."""
    out = []
    for year in range(FIRST.year, LAST.year + 1):
        value = gregorian_value(expression, year)
        if value is not None and value.start is not None and value.end is not None and value.conflict is None:
            out.append((value.start, value.end))
    return out


def candidate_strings(values: list[Interval]) -> tuple[str, ...]:
    """Days that remain possible, each once and in order; longer stretches as start/end."""
    out: dict[str, None] = {}
    for value in values:
        if value.start is None or value.end is None:
            continue
        if (value.end - value.start).days <= 2:
            for n in range((value.end - value.start).days + 1):
                out[(value.start + timedelta(days=n)).isoformat()] = None
        else:
            first, last = iso(value.start, value.start_grain), iso(value.end, value.end_grain)
            out[f"{first}" if first == last else f"{first}/{last}"] = None
    return tuple(sorted(out)) if len(out) <= MOST_CANDIDATES else ()
