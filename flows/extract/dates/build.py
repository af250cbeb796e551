"""A match of the grammar -> Expression: read the cells from first to last."""

from __future__ import annotations

import re
from collections.abc import Callable

from flows.extract.dates.grammar import Production, by_first
from flows.extract.dates.lexer import Tokens, numeric_fields
from flows.extract.dates.model import Expression

_HIJRI_YEARS = range(1300, 1500)
_BEYOND = range(1500, 1600)  # Hijri years to come, and no Gregorian ones of our time


def best_match(
    tokens: Tokens, index: int, limit: int | None = None
) -> tuple[Production, re.Match[str]] | None:
    """The longest match of any production at a token, the earlier kind on a tie."""
    best: tuple[Production, re.Match[str]] | None = None
    end = 2 * index
    cells = tokens.cells
    for production in by_first().get(cells[2 * index + 1], ()):
        match = (
            production.pattern.match(cells, 2 * index)
            if limit is None
            else production.pattern.match(cells, 2 * index, 2 * limit)
        )
        if match is not None and match.end() > end:
            best, end = (production, match), match.end()
    return best


def build(tokens: Tokens, production: Production, match: re.Match[str]) -> Expression | None:
    """Read one match; None when its pieces do not make an expression (a week with a day number, say)."""
    first, last = match.start() // 2, match.end() // 2
    kind = production.kind
    if kind in ("period", "between"):
        return _build_period(tokens, match, first, last)
    expression = _new(tokens, kind, first, last)
    return _BUILDERS.get(kind, _build_date)(tokens, expression)


def _new(tokens: Tokens, kind: str, first: int, last: int) -> Expression:
    start = tokens.start(first) + tokens.word(first).clitic
    # a match may end in punctuation that opened nothing: leave it outside
    while (last > first + 1 and tokens.code(last - 1) in "34678") or _stray_bracket(tokens, first, last):
        last -= 1
    return Expression(kind=kind, tokens=(first, last), span=(start, tokens.end(last - 1)))


def _stray_bracket(tokens: Tokens, first: int, last: int) -> bool:
    codes = tokens.cells[2 * first + 1 : 2 * last : 2]
    return codes[-1] == "2" and "1" not in codes


def _build_period(tokens: Tokens, match: re.Match[str], first: int, last: int) -> Expression | None:
    parts = []
    for name in ("first", "last"):
        begin, end = match.start(name) // 2, match.end(name) // 2
        part = _part_of_period(tokens, begin, end)
        if part is None:
            return None
        parts.append(part)
    one, two = parts
    if not one.months and not one.weekdays and one.days:
        one.months, one.calendar = two.months[:1], two.calendar
        if not one.months and two.relative is None:
            return None
        one.relative, one.relative_word = two.relative, two.relative_word
    if not one.years and one.months and two.years:
        one.years = _earlier_year(one, two)
    if one.year_relative is None and not one.years:
        one.year_relative, one.year_same = two.year_relative, two.year_same
    if two.years and two.calendar == "hijri" and one.years:
        one.calendar = "hijri"
    if not (one.months or one.years or one.weekdays or one.deictic is not None or one.relative is not None):
        return None
    if {one.kind, two.kind} == {"years"} and one.years[0] > two.years[-1]:
        return None
    expression = _new(tokens, "period", first, last)
    expression.ends = (one, two)
    return expression


def _earlier_year(one: Expression, two: Expression) -> list[int]:
    """``من 20 دجنبر إلى 5 يناير 2020`` began in 2019."""
    later = bool(two.months) and one.months[0] > two.months[0] and one.calendar == two.calendar
    return [two.years[0] - 1] if later else [two.years[0]]


def _part_of_period(tokens: Tokens, begin: int, end: int) -> Expression | None:
    found = best_match(tokens, begin, end)
    if found is not None and found[1].end() == 2 * end:
        return build(tokens, *found)
    # day numbers whose month stands at the other end
    codes = tokens.cells[2 * begin + 1 : 2 * end : 2]
    if set(codes) <= set("anow4"):
        expression = _new(tokens, "day", begin, end)
        return _build_date(tokens, expression)
    if "y" in codes and set(codes) <= set("fYJyhm"):
        return _build_years(tokens, _new(tokens, "years", begin, end))
    return None


def _build_date(tokens: Tokens, expression: Expression) -> Expression | None:
    """Kinds day, month, season, part, feast, unit and what is made of the same pieces."""
    target = expression
    first, last = expression.tokens
    previous = ""
    for index in range(first, last):
        code = tokens.code(index)
        value = tokens.value(index)
        following = tokens.code(index + 1) if index + 1 < last else ""
        if code == "W":
            target.weekdays.append(value)
        elif code == "T":
            target.deictic = value
        elif code == "p":
            target.parts_of_day.append(value)
        elif code == "D":
            target.own_day = target.own_day or tokens.form(index).endswith("يومه")
        elif code == "n" or (code == "o" and following not in ("p", "W", "D", "q")):
            if previous not in ("U", "u", "Q"):
                if target.days and previous in ("6", "l", "5") and not target.months:
                    target.day_range = True
                target.days.append(value)
            elif previous == "Q" and target.part is not None:
                target.part = (value, target.part[1])
            else:
                target.count = value
        elif code in ("M", "H"):
            calendar = "hijri" if code == "H" else "gregorian"
            if target.months and calendar != target.calendar:
                return None
            target.calendar = calendar
            if value not in target.months:
                target.months.append(value)
        elif code == "y":
            target.years.append(value)
        elif code == "@":
            fields = numeric_fields(tokens.form(index))
            if fields is None:
                return None
            target.years, target.months, target.days = [fields[0]], [fields[1]], [fields[2]]
            target.calendar = "hijri" if fields[0] in _HIJRI_YEARS else "gregorian"
        elif code == "h":
            if not target.months or target.calendar == "hijri" or tokens.code(index - 1) == "@":
                target.calendar = "hijri"
        elif code == "r":
            _relative(target, value, previous)
        elif code == "t":
            if following == "J" and _placed(target):
                target.year_relative = 0
            else:
                target.relative, target.relative_word = 0, "this"
        elif code == "s":
            if following == "J" and _placed(target):
                target.year_same = True
            else:
                target.same = True
        elif code == "z":
            if previous == "J" and _placed(target):
                target.year_same = True
            else:
                target.same = True
        elif code in ("e", "N"):
            target.edge = value if code == "e" else "end"
            if code == "N":
                target.unit = "week"
        elif code in ("u", "J", "x", "Y"):
            if target.unit is None or (code in "ux" and target.count is None and not _placed(target)):
                target.unit = value
        elif code == "U":
            target.edge = "start"
        elif code == "S":
            target.season = value
        elif code == "Q":
            target.part = (0, value)
        elif code == "F":
            target.feast = value
        elif code == "R":
            target.holiday = True
        elif code == "X":
            target.twin = Expression("day", expression.tokens, expression.span)
            target = target.twin
        previous = code
    return _checked(_without_count(tokens, _first_weekday(tokens, expression)))


def _first_weekday(tokens: Tokens, expression: Expression) -> Expression:
    """Weekdays in a row are expressions of their own (الأحد والاثنين) unless a date, a dual or أو joins."""
    first, last = expression.tokens
    codes = tokens.cells[2 * first + 1 : 2 * last : 2]
    if expression.deictic == 0 and expression.days and not expression.weekdays and "To" in codes:
        expression.deictic = None  # اليوم الأول من شهر رمضان
    joined = len(expression.weekdays) < 2 or expression.days or expression.twin is not None
    if joined or expression.deictic is not None or any(code in codes for code in "VqvOl6"):
        return expression
    end = first + codes.index("W") + 1
    return Expression(
        "day", (first, end), (expression.span[0], tokens.end(end - 1)), weekdays=expression.weekdays[:1],
        parts_of_day=expression.parts_of_day[:1],
    )  # fmt: skip


def _placed(target: Expression) -> bool:
    """A year word that follows says which year this is in, and is no unit of its own."""
    return bool(target.months or target.season or target.part or target.kind in ("same", "opening"))


def _relative(target: Expression, value: tuple[int, str], previous: str) -> None:
    if previous == "J" and _placed(target):
        target.year_relative = value[0]
    elif target.relative is None:
        target.relative, target.relative_word = value


def _without_count(tokens: Tokens, expression: Expression) -> Expression:
    """رمضان 1587 زيارة: a number behind a Hijri month that no calendar has reached counts what follows."""
    first, last = expression.tokens
    counted = (
        expression.calendar == "hijri"
        and expression.years == [tokens.value(last - 1)]
        and tokens.code(last - 1) == "y"
        and expression.years[0] in _BEYOND
    )
    if counted:
        expression.tokens, expression.years = (first, last - 1), []
        expression.span = (expression.span[0], tokens.end(last - 2))
    return expression


def _checked(expression: Expression) -> Expression | None:
    for part in (expression, expression.twin):
        if part is None:
            continue
        if part.days and not part.months and not (part.unit == "month" or part.relative_word == "this"):
            part.relative, part.same = None, False  # آيفون 7 الجديد, الأولى والأخيرة
        if part.days and max(part.days) > 31:
            return None
        if part.calendar == "hijri" and part.days and max(part.days) > 30:
            return None
        if part.calendar == "hijri" and part.years and part.years[0] > 1600:
            part.gregorian_year, part.years = part.years[0], []
    return expression


def _build_years(tokens: Tokens, expression: Expression) -> Expression | None:
    first, last = expression.tokens
    for index in range(first, last):
        code = tokens.code(index)
        if code == "y":
            expression.years.append(tokens.value(index))
        elif code in "qvVUYJ":
            if tokens.value(index) not in ("year", "hijri_year"):
                return None
            expression.unit = tokens.value(index)
        elif code == "h":
            expression.calendar = "hijri"
        elif code == "m" and expression.calendar == "hijri":  # 1438هـ / 2017م
            expression.calendar, expression.years = "gregorian", expression.years[-1:]
        elif code == "e":
            expression.edge = tokens.value(index)
    if (
        expression.unit is not None
        and expression.years[0] in _HIJRI_YEARS
        and expression.unit == "hijri_year"
    ):
        expression.calendar = "hijri"
    return expression


def _build_campaign(tokens: Tokens, expression: Expression) -> Expression | None:
    first, last = expression.tokens
    for index in range(first, last):
        code = tokens.code(index)
        if code in "xu":
            expression.unit = tokens.value(index)
        elif code == "y":
            expression.years.append(tokens.value(index))
        elif code in "n#" and expression.years:
            short = tokens.form(index)
            if len(short) != 2:
                return None
            expression.years.append(expression.years[0] // 100 * 100 + int(short))
        elif code == "e":
            expression.edge = tokens.value(index)
    if expression.unit not in ("season", "school_year", "fiscal_year"):
        return None
    expression.years.sort()  # 2017/2016 is written for 2016/2017
    if len(expression.years) == 2 and expression.years[1] != expression.years[0] + 1:
        return None
    return expression


def _build_offset(tokens: Tokens, expression: Expression) -> Expression | None:
    """قبل ثلاثة أيام, منذ أسبوعين, في أجل 3 أشهر, السنوات الأربع الماضية."""
    first, last = expression.tokens
    vague = False
    for index in range(first, last):
        code, value = tokens.code(index), tokens.value(index)
        if code in "kjgi":
            expression.preposition = code
        elif code == "A":
            expression.approximate = True
        elif code in ("n", "c", "I", "o"):
            expression.count = value
        elif code == "#":
            if not tokens.form(index).isdigit():
                return None
            expression.count = int(tokens.form(index))
        elif code in ("C", "d"):
            vague = True
        elif code == "D":
            expression.unit = "day"
            expression.count = expression.count or 1
        elif code in ("v", "x", "Y", "q", "U"):
            expression.unit = value
            if code == "v":
                expression.count = 2
            elif code in ("x", "Y") and expression.count is None:
                expression.count = 1
        elif code == "r":
            expression.relative, expression.relative_word = value
    if vague:
        expression.approximate = True
    if expression.unit in (None, "century", "school_year", "fiscal_year"):
        return None
    if expression.relative is not None:
        expression.kind = "last"
    if expression.unit == "decade" and tokens.code(last - 1) == "x" and tokens.code(last - 2) in "kjgi":
        return None  # خلال عقد اجتماع: "during the holding of"
    if tokens.code(last - 1) in "xYD" and tokens.code(last - 2) in "kjgi" and tokens.code(last) in "yMHWn@o":
        return None  # منذ سنة 2011, خلال شهر يناير: a date with a preposition
    return expression


def _build_opening(tokens: Tokens, expression: Expression) -> Expression | None:
    """الأشهر التسعة الأولى من سنة 2016: so many units from the beginning of a year or month."""
    first, last = expression.tokens
    codes = tokens.cells[2 * first + 1 : 2 * last : 2]
    split = first + codes.index("o")
    if tokens.value(split) != 1:
        return None
    count = _build_offset(tokens, Expression("last", (first, split), expression.span))
    rest = _build_date(tokens, Expression("opening", (split + 1, last), expression.span))
    if count is None or count.unit not in ("day", "week", "month") or rest is None:
        return None
    rest.tokens, rest.count = expression.tokens, count.count
    rest.unit, rest.edge = count.unit, "start"
    return rest


def _build_decade(tokens: Tokens, expression: Expression) -> Expression | None:
    first, last = expression.tokens
    century = 0
    for index in range(first, last):
        code = tokens.code(index)
        if code == "Z":
            expression.decades.append(tokens.value(index))
        elif code == "e":
            expression.edge = tokens.value(index)
        elif code == "u":
            if tokens.value(index) != "century":
                return None
        elif code == "r":
            century = 100 if tokens.value(index)[0] == 0 else 0
        elif code == "o":
            century = (tokens.value(index) - 20) * 100
    expression.decades = [decade + century for decade in expression.decades]
    return expression


_BUILDERS: dict[str, Callable[[Tokens, Expression], Expression | None]] = {
    "years": _build_years,
    "campaign": _build_campaign,
    "offset": _build_offset,
    "last": _build_offset,
    "decade": _build_decade,
    "opening": _build_opening,
}
