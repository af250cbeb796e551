"""The words of temporal expressions: data files -> one table of folded forms with their clitics.

Every token of a text becomes a *cell* of two characters: what stands in front of the word (``&`` an attached
و or ف, ``<`` an attached ل, ``+`` ب or ك, blank nothing) and the word's class.  The grammar is written over
cells (see ``grammar``), so classes are single letters:

=====  =======================================  =====  =======================================
``W``  weekday                                  ``M``  Gregorian month
``H``  Hijri month                              ``n``  number 1..31 in digits
``y``  number that can be a year                ``#``  any other number
``@``  numeric date (20/12/2024)                ``o``  ordinal 1..31
``c``  cardinal in words                        ``I``  definite cardinal (الأربع)
``C``  vague count (عدة)                        ``D``  يوم
``T``  deictic day (أمس, غدا)                   ``p``  part of the day
``E``  وقت سابق ...                             ``e``  edge: بداية, منتصف, نهاية
``u``  definite unit (الشهر)                    ``x``  unit (شهر)
``J``  definite year word (العام)               ``Y``  year word (سنة)
``U``  definite plural (السنوات)                ``q``  plural (سنوات)
``v``  dual (أسبوعين)                           ``V``  dual before its noun (يومي, سنتي)
``r``  الماضي, الجاري, المقبل ...               ``t``  هذا
``s``  نفس                                      ``z``  نفسه
``N``  weekend                                  ``S``  season of the year
``F``  feast                                    ``Z``  decade
``X``  الموافق                                  ``P``  الفترة
``Q``  النصف, الربع, السداسي                    ``B``  praise after a Hijri month
``d``  القليلة                                  ``G``  مباشرة
``k``  قبل    ``j`` منذ    ``g`` بعد            ``i``  خلال
``f``  من     ``l`` إلى    ``b`` بين            ``w``  و    ``O`` أو
``A``  نحو    ``K`` كل                          ``a``  detached ال
``h``  هجري   ``m`` ميلادي                      ``L``  حسب تقويم أم القرى
``R``  إجازة, عطلة                              ``_``  any other word
=====  =======================================  =====  =======================================

and punctuation: ``1`` ( ``2`` ) ``3`` quote ``4`` comma ``5`` / ``6`` - ``7`` : ``8`` . ``;`` line end and
other stops ``9`` anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import msgspec

from flows.clean.normalize import fold
from flows.extract.resources import read_yaml

Cell = str
OTHER: Cell = " _"


class Word(NamedTuple):
    """A form in the table: its cell, what it means, how many letters of it are clitics outside the span."""

    cell: Cell
    value: Any
    clitic: int


# first word -> second word -> (the rest, entry), longest first
Phrases = dict[str, dict[str, list[tuple[list[str], Word]]]]


class MonthSystem(msgspec.Struct, forbid_unknown_fields=True):
    territories: list[str]
    months: list[str]


class Week(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    first: int
    weekend_start: int
    weekend_end: int


class Calendar(msgspec.Struct, forbid_unknown_fields=True):
    """dates_calendar.yaml, generated from CLDR."""

    gregorian: list[MonthSystem]
    hijri: list[str]
    weekdays: list[list[str]]
    weeks: dict[str, Week]


class Feast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: tuple[str, ...]
    calendar: str
    month: int
    day: int
    days: int
    holiday: int | None = None
    country: str | None = None


class Unit(msgspec.Struct, forbid_unknown_fields=True):
    definite: list[str] = []
    definite_plural: list[str] = []
    plural: list[str] = []
    dual: list[str] = []
    pair: list[str] = []
    singular: list[str] = []


class Words(msgspec.Struct, forbid_unknown_fields=True):
    """dates_words.yaml."""

    month_spellings: dict[int, list[str]]
    hijri_spellings: dict[int, list[str]]
    shy_hijri: list[str]
    preposition_enough: list[str]
    hijri_praise: list[str]
    shy_months: list[str]
    needs_madda: list[str]
    weekday_spellings: dict[int, list[str]]
    day_words: list[str]
    deictic: dict[int, list[str]]
    parts: dict[str, list[str]]
    moment: list[str]
    joined: list[str]
    before: list[str]
    since: list[str]
    after: list[str]
    within: list[str]
    from_: list[str] = msgspec.field(name="from")
    until: list[str]
    between: list[str]
    this: list[str]
    same: list[str]
    itself: list[str]
    every: list[str]
    approx: list[str]
    period: list[str]
    relative: dict[str, list[str]]
    before_last: list[str]
    after_next: list[str]
    few: list[str]
    directly: list[str]
    edges: dict[str, list[str]]
    weekend: list[str]
    units: dict[str, Unit]
    seasons_of_year: dict[str, list[str]]
    parts_of_year: dict[int, list[str]]
    decades: dict[int, list[str]]
    gregorian_marks: list[str]
    hijri_marks: list[str]
    calendar_notes: list[str]
    feasts: list[Feast]
    feast_holiday: list[str]
    cardinals: dict[int, list[str]]
    vague_counts: list[str]
    definite_counts: dict[int, list[str]]
    ordinals: dict[int, list[str]]
    ordinal_teens: dict[int, list[str]]
    ordinal_units: dict[int, list[str]]
    article: list[str]
    conjunction: list[str]
    alternative: list[str]
    outlets: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """``words``: folded form -> Word; ``phrases``: set phrases by their first two words."""

    words: dict[str, Word]
    cells: dict[str, Cell]
    phrases: Phrases
    calendar: Calendar
    source: Words
    shy_hijri: frozenset[str]
    shy_months: frozenset[str]
    needs_madda: frozenset[str]
    preposition_enough: frozenset[str]
    month_words: dict[str, int]  # folded name -> month, for metadata
    hijri_words: dict[str, int]


# What may stand in front of a word of each class: (letters, mark of the cell).  Only و and ف before words
# of grammar, nothing before marks of the calendar.
_FULL = (
    ("", " "), ("و", "&"), ("ف", "&"), ("ب", "+"), ("ل", "<"), ("ك", "+"),
    ("وب", "&"), ("ول", "&"), ("فب", "&"), ("فل", "&"), ("وك", "&"),
)  # fmt: skip
_LIGHT = (("", " "), ("و", "&"), ("ف", "&"))
_NONE = (("", " "),)
_PREFIXES = {**dict.fromkeys("hmBLGzOwd", _NONE), **dict.fromkeys("XkjgflAKCcr", _LIGHT),
             "a": (("", " "), ("و", "&"), ("ب", "+"), ("ل", "<"))}  # fmt: skip

DAY_UNITS = frozenset({"day", "hour"})
YEAR_UNITS = frozenset({"year", "hijri_year"})
RELATIVE = {"last": -1, "previous": -1, "recent": -1, "this": 0, "next": 1, "following": 1, "new": 0}


def _entries(calendar: Calendar, words: Words) -> Iterator[tuple[str, str, Any]]:
    """(name as in the files, class, value); the first entry of a name is the one that counts."""
    for day in range(7):
        for name in (*calendar.weekdays[day], *words.weekday_spellings[day]):
            if not name.isascii():
                yield name, "W", day
    for offset, names in words.deictic.items():
        for name in names:
            yield name, "T", offset
    for system in calendar.gregorian:
        for number, name in enumerate(system.months, 1):
            yield name, "M", number
    for number, names in words.month_spellings.items():
        for name in names:
            yield name, "M", number
    for number, name in enumerate(calendar.hijri, 1):
        yield name, "H", number
    for number, names in words.hijri_spellings.items():
        for name in names:
            yield name, "H", number
    for index, feast in enumerate(words.feasts):
        for name in feast.names:
            yield name, "F", index
    yield from _unit_entries(words)
    for code, names in (
        ("D", words.day_words), ("E", words.moment), ("X", words.joined), ("k", words.before),
        ("j", words.since), ("g", words.after), ("i", words.within), ("f", words.from_), ("l", words.until),
        ("b", words.between), ("t", words.this), ("s", words.same), ("z", words.itself), ("K", words.every),
        ("A", words.approx), ("P", words.period), ("d", words.few), ("G", words.directly),
        ("N", words.weekend),
        ("h", words.hijri_marks), ("m", words.gregorian_marks), ("L", words.calendar_notes),
        ("R", words.feast_holiday), ("C", words.vague_counts), ("a", words.article), ("w", words.conjunction),
        ("O", words.alternative), ("B", words.hijri_praise),
    ):  # fmt: skip
        for name in names:
            yield name, code, name
    for direction, names in words.relative.items():
        for name in names:
            yield name, "r", (RELATIVE[direction], direction)
    for name in words.before_last:
        yield name, "r", (-2, "before_last")
    for name in words.after_next:
        yield name, "r", (2, "after_next")
    for code, table in (
        ("p", words.parts), ("e", words.edges), ("S", words.seasons_of_year), ("Q", words.parts_of_year),
        ("Z", words.decades),
    ):  # fmt: skip
        for value, names in table.items():
            for name in names:
                yield name, code, value
    yield from _number_entries(words)


def _unit_entries(words: Words) -> Iterator[tuple[str, str, Any]]:
    for unit, forms in words.units.items():
        year = unit in YEAR_UNITS
        for names, code in (
            (forms.definite, "J" if year else "u"), (forms.definite_plural, "U"), (forms.plural, "q"),
            (forms.dual, "v"), (forms.pair, "V"), (forms.singular, "Y" if year else "x"),
        ):  # fmt: skip
            for name in names:
                yield name, code, unit


def _number_entries(words: Words) -> Iterator[tuple[str, str, Any]]:
    for number, names in words.ordinal_teens.items():
        for name in names:
            for ten in ("عشر", "عشرة"):
                yield f"{name} {ten}", "o", number
    tens = {20: ("والعشرين", "والعشرون"), 30: ("والثلاثين", "والثلاثون")}
    for unit, names in words.ordinal_units.items():
        for name in names:
            for base, forms in tens.items():
                if base + unit <= 31:
                    for form in forms:
                        yield f"{name} {form}", "o", base + unit
    for number, names in words.ordinals.items():
        for name in names:
            yield name, "o", number
    for number, names in words.definite_counts.items():
        for name in names:
            yield name, "I", number
    for number, names in words.cardinals.items():
        for name in names:
            yield name, "c", number


def _forms(name: str, code: str) -> Iterator[tuple[str, str, int]]:
    """(form with clitic, mark, letters of the clitic); للـ is ل before ال whose ا is not written."""
    for letters, mark in _PREFIXES.get(code, _FULL):
        if letters.endswith("ل") and name.startswith("ال"):
            yield letters + name[1:], mark, len(letters)
        else:
            yield letters + name, mark, len(letters)


@cache
def vocabulary() -> Vocabulary:
    """Read both data files once (about 20 ms)."""
    calendar = read_yaml("dates_calendar.yaml", Calendar)
    source = read_yaml("dates_words.yaml", Words)
    bare: dict[str, tuple[str, Any]] = {}
    for name, code, value in _entries(calendar, source):
        bare.setdefault(fold(name), (code, value))
    table: dict[str, Word] = {}
    phrases: Phrases = {}
    ordered = sorted(bare.items(), key=lambda item: " " in item[0])
    for plain in (True, False):  # a word as it stands comes before the same letters read with a clitic
        for name, (code, value) in ordered:
            for form, mark, clitic in _forms(name, code):
                if plain != (clitic == 0):
                    continue
                word = Word(mark + code, value, clitic)
                if " " in form:
                    first, second, *rest = form.split(" ")
                    options = phrases.setdefault(first, {}).setdefault(second, [])
                    if all(rest != other for other, _ in options):
                        options.append((rest, word))
                else:
                    table.setdefault(form, word)
    for seconds in phrases.values():
        for options in seconds.values():
            options.sort(key=lambda item: -len(item[0]))
    for number in range(1, 32):
        for digits in {str(number), f"{number:02}"}:
            table[digits] = Word(" n", number, 0)
    for number in range(1000, 2200):
        table[str(number)] = Word(" y", number, 0)
    return Vocabulary(
        words=table,
        cells={form: word.cell for form, word in table.items()},
        phrases=phrases,
        calendar=calendar,
        source=source,
        shy_hijri=_folded(source.shy_hijri),
        shy_months=_folded(source.shy_months),
        needs_madda=_folded(source.needs_madda),
        preposition_enough=_folded(source.preposition_enough),
        month_words={name: value for name, (code, value) in bare.items() if code == "M"},
        hijri_words={name: value for name, (code, value) in bare.items() if code == "H"},
    )


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(fold(name) for name in names)
