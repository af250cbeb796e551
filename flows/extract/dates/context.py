"""What stands around an expression: is it a date at all, does it lie ahead or behind, is it spoken."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from flows.clean.normalize import fold
from flows.extract.dates.lexer import Tokens
from flows.extract.dates.model import Expression
from flows.extract.dates.vocabulary import vocabulary
from flows.extract.resources import read_yaml


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """dates_context.yaml."""

    weekday_after: list[str]
    weekday_before: list[str]
    today_after: list[str]
    today_before: list[str]
    today_papers: list[str]
    papers: list[str]
    nowadays: list[str]
    yesterday_before: list[str]
    tomorrow_before: list[str]
    tomorrow_after: list[str]
    day_after: list[str]
    month_after: list[str]
    general_after: list[str]
    general_relative: list[str]
    counted: list[str]
    year_after: list[str]
    year_in_name: list[str]
    year_surely_after: list[str]
    not_year_after: list[str]
    hijri_after: list[str]
    state_before: list[str]
    duration_end: list[str]
    offset_relative: list[str]
    future_words: list[str]
    past_words: list[str]
    reporting: list[str]
    not_future: list[str]
    restated: list[str]


@cache
def lists() -> dict[str, frozenset[str]]:
    """The word lists of dates_context.yaml, folded."""
    source = read_yaml("dates_context.yaml", _File)
    return {
        name: frozenset(fold(word) for word in getattr(source, name)) for name in source.__struct_fields__
    }


def _without_conjunction(form: str) -> str:
    return form[1:] if len(form) > 2 and form[0] in "وف" else form


def _in(form: str, name: str) -> bool:
    words = lists()[name]
    return form in words or _without_conjunction(form) in words


# ------------------------------------------------------------------------------------------ traps


def trap(tokens: Tokens, expression: Expression) -> str | None:
    """Why the words are no date here; None when they are one."""
    check = _CHECKS.get(expression.kind)
    return check(tokens, expression) if check is not None else None


# an indefinite noun in the accusative (شخصا, طنا), no pronoun or plural verb at its end
_COUNTED = re.compile(r"(?!ال)[^\W\d_]{2,}(?<![هونم])ا\Z")
_MAGHRIB = fold("مغرب")
_AGE = (fold("عمر"), fold("العمر"))


def _neighbours(tokens: Tokens, expression: Expression) -> tuple[str, str]:
    first, last = expression.tokens
    return tokens.form(first - 1), tokens.form(last)


def _day_trap(tokens: Tokens, expression: Expression) -> str | None:
    first, _ = expression.tokens
    before, after = _neighbours(tokens, expression)
    if tokens.code(first - 1) == "K":
        return "every such day"
    if expression.months and (reason := _month_trap(tokens, expression)):
        return reason
    if expression.days and expression.months and not expression.weekdays and _in(before, "day_after"):
        return "a street, a movement or another name"
    if expression.days and not (
        expression.months or expression.weekdays or expression.same or expression.relative is not None
    ):
        return "numbers without a month"
    if expression.weekdays and expression.deictic is None and not expression.days:
        if _in(before, "weekday_after") or after in lists()["weekday_before"]:
            return "a name with a weekday in it"
        if tokens.code(first) == "q" and len(expression.weekdays) == 1:
            return "every such day"
    if expression.deictic == 0 and tokens.form(first).endswith(_MAGHRIB):
        return "a country of today"
    if expression.deictic is not None and not expression.weekdays and not expression.days:
        return _deictic_trap(tokens, expression, before, after)
    if expression.parts_of_day and not (
        expression.weekdays or expression.days or expression.deictic is not None or expression.own_day
    ):
        return "a part of the day alone"
    return None


def _deictic_trap(tokens: Tokens, expression: Expression, before: str, after: str) -> str | None:
    first, last = expression.tokens
    alone = last - first == 1
    if expression.deictic == 0 and alone:
        if before in lists()["today_after"] or after in lists()["today_before"]:
            return "a name, or a day that is not the day of writing"
        if tokens.code(last) in ("o", "r", "z"):
            return "a numbered or qualified day"
        if tokens.code(first - 1) == "t" and (
            tokens.cells[2 * first - 2] != " " or tokens.form(first - 2) in lists()["today_after"]
        ):
            return "the day spoken of"
        if before in lists()["today_papers"] and _paper(tokens, first, last):
            return "a newspaper's name"
        earlier = tokens.form(first - 2)
        near = (before, earlier, after, f"{earlier} {before}", f"{after} {tokens.form(last + 1)}")
        if any(_in(form, "nowadays") for form in near):
            return "today in the sense of nowadays"
        if tokens.cells[2 * first] == "+":
            return "a day as a measure"
    if expression.deictic == -1 and after in lists()["yesterday_before"]:
        return "another word or a figure of speech"
    if (
        expression.deictic == 1
        and alone
        and (before in lists()["tomorrow_after"] or after in lists()["tomorrow_before"])
    ):
        return "the verb غدا"
    return None


def _paper(tokens: Tokens, first: int, last: int) -> bool:
    """روسيا اليوم as a name: after "newspaper" or "channel", in quotes, or alone on its line."""
    papers = lists()["papers"]
    named = any(_bare(tokens.form(first - step)) in papers for step in (2, 3, 4))
    return named or tokens.code(last) in "36;" or tokens.code(first - 2) == "3"


def _month_trap(tokens: Tokens, expression: Expression) -> str | None:
    first, last = expression.tokens
    before = tokens.form(first - 1)
    vocab = vocabulary()
    codes = tokens.cells[2 * first + 1 : 2 * last : 2]
    double = codes.count("M") > 1
    if not expression.days and before in lists()["month_after"]:
        return "a name with a month in it"
    for index in range(first, last):
        code = tokens.code(index)
        if code not in ("M", "H"):
            continue
        word = tokens.word(index)
        form = tokens.form(index)[word.clitic :]
        if form in vocab.needs_madda and not double:
            written = tokens.text[tokens.start(index) + word.clitic : tokens.end(index)]
            framed = bool(expression.days and expression.years) and "أ" not in written
            if not written.startswith("آ") and not framed:
                return "father, not August"
        supported = bool(
            expression.days or expression.years or expression.relative is not None
            or expression.year_relative is not None or double or "x" in codes or expression.edge
        )  # fmt: skip
        if code == "M" and form in vocab.shy_months and not supported:
            if tokens.code(last) in ("3", "8") and tokens.code(first - 1) == "3":
                return "a name in quotes"
            mark = tokens.cells[2 * index]
            if not (before in lists()["hijri_after"] or tokens.code(first - 1) in "kjgiflb" or mark in "+<"):
                return "a name or a verb"
        if code == "H" and form in vocab.shy_hijri and _hijri_name(tokens, expression, index, form, codes):
            return "a person, a score or another word"
    return None


def _hijri_name(tokens: Tokens, expression: Expression, index: int, form: str, codes: str) -> bool:
    if "x" in codes or "B" in codes or expression.years or expression.edge or expression.gregorian_year:
        return False
    if expression.days:
        # "الثاني صفر" is a score: an ordinal needs من or شهر between, or the month of fasting
        bare_ordinal = "n" not in codes and "f" not in codes and form not in vocabulary().preposition_enough
        return bare_ordinal or form == "صفر"
    if expression.relative is not None:
        return False
    first = expression.tokens[0]
    before = tokens.form(first - 1)
    mark = tokens.cells[2 * index]
    if form not in vocabulary().preposition_enough:
        return True
    return not (_in(before, "hijri_after") or mark in "+<")


def _years_trap(tokens: Tokens, expression: Expression) -> str | None:
    first, last = expression.tokens
    before, after = _neighbours(tokens, expression)
    codes = tokens.cells[2 * first + 1 : 2 * last : 2]
    if expression.unit is not None or "h" in codes:
        return None
    if codes[-1] == "y" and tokens.code(last) in "56" and tokens.end(last - 1) == tokens.start(last):
        return "part of a longer number"
    if tokens.code(first - 1) in "56" and tokens.start(first) == tokens.end(first - 1):
        return "part of a longer number"
    oldest = 1800 if tokens.code(first - 1) == "j" or before in lists()["year_surely_after"] else 1900
    span_of_years = len(expression.years) == 2 and "6" in codes
    if not all((1700 if span_of_years else oldest) <= year <= 2100 for year in expression.years):
        return "a number"
    if (len(expression.years) == 2 and "6" in codes) or "5" in codes:
        low, high = expression.years[0], expression.years[-1]
        return None if low < high <= low + 100 else "a number"
    surely = tokens.code(first - 1) in "ji" or before in lists()["year_surely_after"]
    if tokens.code(first - 1) == "j":
        return None
    if after in lists()["counted"] or (not surely and _COUNTED.match(after)):
        return "a count"
    plain = _without_clitic(_bare(before))
    if plain in lists()["not_year_after"] or before in lists()["not_year_after"]:
        return "a count or a number of a law"
    mark = tokens.cells[2 * first]
    if before in lists()["year_after"] or plain in lists()["year_after"]:
        return None
    if tokens.code(first - 1) in "kjgilfbJY" or mark in "+<" or expression.edge:
        return None
    if form_is_clitic(before):
        return None
    names = lists()["year_in_name"]
    if any(_without_clitic(tokens.form(first - step)) in names for step in (1, 2, 3, 4)):
        return None
    if tokens.code(first - 1) == "1" and tokens.code(last) == "2":
        return None if tokens.form(first - 2) not in lists()["not_year_after"] else "a number of a law"
    return "a number"


def form_is_clitic(form: str) -> bool:
    """A preposition written apart from its number: ل 2018."""
    return form in ("ل", "ب", "لل")


def _bare(form: str) -> str:
    """A definite noun without what is attached to it: للأمين, والمدير."""
    if form.startswith("لل"):
        return "ا" + form[1:]
    return form[1:] if form[1:3] == "ال" and form[0] in "وفبك" else form


def _without_clitic(form: str) -> str:
    return form[1:] if len(form) > 3 and form[0] in "وفبلك" else form


def _unit_trap(tokens: Tokens, expression: Expression) -> str | None:
    first, last = expression.tokens
    before = tokens.form(first - 1)
    if expression.unit in ("century", None):
        return "a century" if expression.unit else "no unit"
    if expression.unit == "decade" and (expression.relative or 0) == 0:
        return "a contract"
    if expression.unit == "hour":
        return "hours"
    if tokens.code(first) == "J" and tokens.form(first).endswith("العام"):
        if (_in(before, "general_after") or _bare(before) in lists()["general_after"]) and tokens.word(
            first
        ).clitic == 0:
            return "general, not year"
        if expression.relative_word in lists()["general_relative"] and _bare(before).startswith("ال"):
            return "general, not year"
    if tokens.code(first) == "e" and last - first == 2 and expression.unit in ("season", "school_year"):
        return None
    return None


def _offset_trap(tokens: Tokens, expression: Expression) -> str | None:
    first, last = expression.tokens
    after = tokens.form(last)
    if expression.unit == "hour":
        hours = expression.count if expression.kind == "last" else None
        return None if hours in (24, 48, 72, 96) and not expression.approximate else "hours"
    if expression.kind == "last":
        return None
    count = expression.count or 0
    if expression.preposition == "j":
        if expression.approximate or count >= 15 or after in lists()["duration_end"]:
            return "a duration"
        if any(tokens.form(first - step) in lists()["state_before"] for step in (1, 2, 3, 4)):
            return "a duration"
        if any(_imperfect(tokens.form(first - step)) for step in (1, 2, 3)):
            return "a duration"
        return None
    if expression.preposition == "i":
        if (
            _counted_on(tokens, last)
            or tokens.code(last) in "gB"
            or (expression.unit == "year" and count > 5)
        ):
            return "a duration"
        if tokens.code(last - 1) in "xY" and after.startswith("ال"):
            return "a duration"
        return None if expression.tense > 0 else "a duration"
    if expression.preposition == "g":
        if _counted_on(tokens, last) or _counted_on(tokens, last + 1):
            return "counted from something else"
        return None
    if (count or "C" in tokens.cells[2 * first : 2 * last]) and _counted_on(tokens, last):
        return "counted from something else"
    return None


def _counted_on(tokens: Tokens, index: int) -> bool:
    """بعد أسبوع من ..., على ...: not from the day of writing."""
    return tokens.code(index) == "f" or tokens.form(index) in lists()["offset_relative"]


def _period_trap(tokens: Tokens, expression: Expression) -> str | None:
    """Bare numbers at both ends are years only when they can be, and count nothing."""
    if expression.ends is None or {part.kind for part in expression.ends} != {"years"}:
        return None
    first, last = expression.tokens
    codes = tokens.cells[2 * first + 1 : 2 * last : 2]
    if any(part.unit is not None for part in expression.ends) or any(code in codes for code in "PV"):
        return None
    years = [part.years[0] for part in expression.ends]
    if not all(1900 <= year <= 2100 for year in years) or years[0] >= years[1]:
        return "numbers"
    after = tokens.form(expression.tokens[1])
    return "a count" if after in lists()["counted"] else None


def _imperfect(form: str) -> bool:
    word = _without_conjunction(form)
    if word in lists()["past_words"]:
        return False
    return len(word) >= 4 and word[0] in "يت" and not word.endswith(("ت", "ه", "ا"))


def _decade_trap(tokens: Tokens, expression: Expression) -> str | None:
    _, last = expression.tokens
    lived = tokens.form(last + 1)
    aged = tokens.code(last) == "f" and lived.startswith(_AGE)
    return "somebody's age" if aged else None


def _part_trap(tokens: Tokens, expression: Expression) -> str | None:
    if expression.part is None:
        return "no part"
    placed = (
        expression.months or expression.years or expression.year_relative is not None or expression.year_same
    )
    return None if placed else "a part of something else"


_CHECKS = {
    "period": _period_trap,
    "between": _period_trap,
    "day": _day_trap,
    "month": _month_trap,
    "years": _years_trap,
    "unit": _unit_trap,
    "offset": _offset_trap,
    "last": _offset_trap,
    "decade": _decade_trap,
    "part": _part_trap,
}

# ------------------------------------------------------------------------------------------ tense


_FUTURE = re.compile(r"[وف]?س[يتن][^\W\d_]{2,}\Z")
_PERFECT_FEMININE = re.compile(r"[وف]?[^\W\d_]{3,}ت(?:ها|ه|هم)?\Z")
_REACH = 22  # words looked back
_RELATIVES = frozenset(fold(word) for word in ("الذي", "التي", "الذين", "اللذان", "اللتان"))


def tense(tokens: Tokens, first: int, last: int, strict: bool = False) -> int:
    """1 when the clause speaks of what is to come, -1 of what happened, 0 when it does not say.

    The nearest verb before the expression in its sentence decides; a relative clause straight after it
    (الذي سيقام) comes next.  ``strict`` passes over verbs of saying: "he said that the plan of 2030" says
    nothing about 2030.
    """
    words = lists()
    future, past, stop, reporting = (
        words["future_words"], words["past_words"], words["not_future"], words["reporting"]
    )  # fmt: skip
    for index in range(first - 1, max(-1, first - _REACH), -1):
        code = tokens.cells[2 * index + 1]
        if code == ";" or (code == "8" and _sentence_stop(tokens, index)):
            break
        if code != "_" and code not in "krj":
            continue
        form = tokens.form(index)
        plain = _without_conjunction(form)
        if code == "j":
            return -1
        if code == "k":
            continue
        if form in future or plain in future:
            return 1
        if form in reporting or plain in reporting:
            if strict:
                continue
            return -1
        if form in past or plain in past:
            return -1
        if form[0] in "سفو" and _coming(tokens, index, stop):
            return 1
        after_relative = index > 0 and tokens.form(index - 1) in _RELATIVES
        if after_relative and (plain[0] not in "يتنسا" or _PERFECT_FEMININE.match(plain)):
            return -1
    following = last + 1 if tokens.form(last) in _RELATIVES else last
    return int(tokens.code(following) == "_" and _coming(tokens, following, stop))


def _coming(tokens: Tokens, index: int, stop: frozenset[str]) -> bool:
    """A verb with the future's س; سيارة and ستار have a plain long a where the verb has its own letter."""
    form = tokens.form(index)
    if not _FUTURE.match(form) or _without_conjunction(form) in stop:
        return False
    letter = tokens.text[tokens.start(index) + form.index("س") + 2]
    return letter != "ا"


def _sentence_stop(tokens: Tokens, index: int) -> bool:
    """A full stop with a blank after it."""
    end = tokens.end(index)
    return end >= len(tokens.search) or tokens.search[end] in " \n"


# ------------------------------------------------------------------------------------------ place


def inside_quotes(tokens: Tokens, position: int) -> bool:
    """An odd number of quotation marks since the paragraph began."""
    begin = tokens.search.rfind("\n", 0, position) + 1
    return bool(tokens.search.count('"', begin, position) % 2)


def restated(tokens: Tokens, end: int, start: int) -> bool:
    """Only تحديدا, أي, a comma or a bracket between two expressions: both name the same."""
    between = [tokens.form(i) for i in range(end, start) if tokens.code(i) not in "413"]
    said = lists()["restated"]
    return bool(between) and len(between) <= 2 and any(form in said for form in between) and all(
        form in said or len(form) <= 2 for form in between
    )  # fmt: skip
