"""What the grammar reads (Expression) and what resolution makes of it (Interval)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from flows.extract.dates.vocabulary import Week
from flows.records import Precision

WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(slots=True)
class Expression:
    """One temporal expression as it stands in the text, nothing resolved.

    ``tokens`` and ``span`` are half open; months are 1..12 of ``calendar``, weekdays 0 (Monday) .. 6.
    """

    kind: str
    tokens: tuple[int, int]
    span: tuple[int, int]
    weekdays: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    day_range: bool = False
    months: list[int] = field(default_factory=list)
    years: list[int] = field(default_factory=list)
    calendar: str = "gregorian"
    gregorian_year: int | None = None  # of a Hijri month: رمضان 2017
    deictic: int | None = None  # days from the day of writing
    relative: int | None = None  # -2 .. 2, of the unit, month or weekday
    relative_word: str = ""  # last, previous, recent, this, next, following, new, before_last, after_next
    year_relative: int | None = None
    year_same: bool = False
    unit: str | None = None
    count: int | None = None
    approximate: bool = False
    edge: str | None = None  # start, middle, end
    part: tuple[int, int] | None = None  # (which, of how many in a year)
    feast: int | None = None
    holiday: bool = False
    season: str | None = None
    decades: list[int] = field(default_factory=list)
    preposition: str = ""  # k before, j since, g after, i within
    same: bool = False
    parts_of_day: list[str] = field(default_factory=list)
    own_day: bool = False  # يومه: the day of writing itself
    ends: tuple[Expression, Expression] | None = None
    twin: Expression | None = None  # the same day in another calendar (الموافق)
    tense: int = 0  # -1 past, 1 future, 0 nothing said
    lead: bool = False  # in the article's title or first sentences
    quoted: bool = False
    sentence: int = 0

    @property
    def bare_weekday(self) -> bool:
        """A weekday and nothing that places it."""
        return bool(
            self.kind == "day" and self.weekdays and not self.days and not self.months
            and self.deictic is None and self.relative is None and not self.own_day
        )  # fmt: skip

    @property
    def absolute(self) -> bool:
        """The text gives the year itself, no day of writing is needed."""
        if self.ends is not None:
            return self.ends[1].absolute and (self.ends[0].absolute or not self.ends[0].years)
        return bool(self.years or self.decades)


@dataclass(frozen=True, slots=True)
class Interval:
    """Days ``start`` .. ``end`` (both included, None where open); the grains: how precise each end is."""

    start: date | None
    end: date | None
    precision: Precision
    rule: str
    start_grain: str = "day"  # day, month, year
    end_grain: str = "day"
    calendar: str = "gregorian"
    conflict: str | None = None

    def with_rule(self, rule: str) -> Interval:
        return replace(self, rule=rule)


def iso(day: date | None, grain: str) -> str | None:
    """A day cut to its grain: 2024, 2024-03 or 2024-03-09."""
    if day is None:
        return None
    text = day.isoformat()
    return text[: {"day": 10, "month": 7, "year": 4}[grain]]


@dataclass(frozen=True, slots=True)
class Setting:
    """Where an article comes from, as far as its dates depend on it."""

    territory: str
    week: Week
