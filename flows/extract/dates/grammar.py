"""The grammar: regular expressions over cells, one a kind of expression.

A pattern is written with the class letters of ``vocabulary``; ``&W`` asks for an attached و, ``<Y`` for an
attached ل, a bare letter takes any.  Digits are punctuation cells.  The longest match at a token wins, the
earlier kind on a tie.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

# Smaller parts.  ITEM one day number; DAYS several; MON a month with its double name; TAIL the year part.
_ITEM = "(?:a?n|o)"
_CITEM = "(?:&an|&o)"
_SEP = "(?:4?w4?|4?O|4)"
_DAYS = f"{_ITEM}(?:{_SEP}{_ITEM}|{_CITEM}){{0,12}}"  # bounded: a table of numbers must not cost n²
_RANGE = f"{_ITEM}(?:6|5|f?l|&l){_ITEM}"
_MON = "(?:M(?:[56]?M|1M2|3M3)?|HB{0,3})"
_CMON = "(?:wM(?:[56]?M|1M2)?|&M(?:[56]?M|1M2)?|&HB{0,3}|OM(?:[56]M)?)"
_MONS = f"{_MON}(?:{_CMON}){{0,6}}"
_YEAR = "f?[YJ]?y[hm]?"
_TAIL = f"(?:4?{_YEAR}|f?Jr|f?tJ|f?sJ|f?Jz)"
_NUMBERS = f"(?:{_RANGE}|{_DAYS})"
_DATE = (
    f"(?:{_NUMBERS}f?x?{_MONS}r?B{{0,3}}r?{_TAIL}?(?:6{{0,2}}L)?|{_NUMBERS}(?:f?ur|f?[ts]u|f?uz)"
    "|(?:D|a|)n(?:wn){0,9}r|@[hm]?(?:6{0,2}L)?)"
)
_HEAD = "(?:Ef?)?(?:pf?|D){0,4}[qV]?"
_NEXT = "(?:(?:4?[wO]4?|4|[6l])(?:[pD]){0,3}W|&p[pD]{0,3}W|&DW|&W|&op[pD]{0,3}W|&D?o?W)"
_WEEKDAYS = f"W(?:{_NEXT}){{0,6}}"
# each weekday with its own number: الخميس 14 والجمعة 15 دجنبر
_PAIRS = (
    "W1?n2?(?:(?:(?:4?w4?|4)[pD]{0,3}W|&[pD][pD]{0,3}W|&W)1?n2?){1,6}"
    f"(?:f?x?{_MONS}r?B{{0,3}}r?{_TAIL}?|f?ur|f?[ts]u|f?uz)?"
)
_JOIN = "(?:6{0,2}[41]?6{0,2}X7?6{0,2})"
_MORE = f"(?:{_JOIN}D?W?4?{_DATE}2?)"
_DAY = (  # the alternatives that reach farther come first
    f"{_HEAD}{_PAIRS}"
    f"|{_HEAD}(?:T(?:4?[pD]{{0,3}}W|1D?W2)?r?p{{0,2}}|{_WEEKDAYS}r?G?p{{0,2}})(?:4?D?1?{_DATE}2?)?{_MORE}{{0,2}}"
    f"|{_HEAD}{_DATE}{_MORE}{{0,2}}"
)
_MONTH = f"(?:e|[uU][cIn]?[od]f)?x?{_MONS}r?B{{0,3}}r?{_TAIL}?"
_UNIT = "(?:t[uJ]r?|[uJ]rr?|s[uJ]r?|[uJ]z)"
_COUNT = "(?:[cn#CI]|a[n#])"

_ANY_DAY = f"(?:{_DAY}|{_MONTH}|e?{_YEAR}|e?{_UNIT})"

# kind, the classes that it can begin with, the pattern
PATTERNS: tuple[tuple[str, str, str], ...] = (
    ("period", "Pf", f"P?4?f(?P<first>{_DAY}|{_MONTH}|{_DAYS}|{_YEAR})4?(?:w?l)(?P<last>{_ANY_DAY})"),
    ("between", "Pb", f"P?bV?(?P<first>{_DAY}|{_MONTH}|{_ITEM}|e?{_YEAR})(?:4?w4?)(?P<last>{_ANY_DAY})"),
    ("between", "Pb", f"P?bV?(?P<first>{_DAY}|{_MONTH}|{_ITEM}|e?{_YEAR})(?=&[A-Za-z])(?P<last>{_ANY_DAY})"),
    ("day", "EpDqVTWno@a", _DAY),
    ("sameday", "fsT", "f?sT|Tz"),
    (
        "opening",
        "iUcn#Ivqa",
        f"i?(?:{_COUNT}q|v|U{_COUNT}?|I[qx])of?x?(?:{_TAIL}|f?ur|f?[ts]u|{_MONS}r?B{{0,3}}r?{_TAIL}?)",
    ),
    ("part", "Q", f"Q[od]f?x?(?:{_TAIL}|f?ur|f?tu|f?su|{_MONS}r?B{{0,3}}r?{_TAIL}?)"),
    ("month", "euUxMH", _MONTH),
    ("season", "etxS", f"e?x?(?:tx?S|Sr|Sf?tJ)|e?x?S{_TAIL}"),
    ("campaign", "exu", "e?[xu]r?[YJ]?y(?:[56](?:y|n|#)|wy)?[hm]?"),
    ("years", "eVqvYJUy", "e?(?:[VqvYJU]f?)?y[hm]?(?:(?:4?w4?|4|6|5)y[hm]?){0,15}"),
    ("unit", "eEutsJN", f"(?:e|Ef?)?{_UNIT}|e[uJ]|N(?:r|f?tu|f?ur)?"),
    ("offset", "kjgi", f"[kjgi]A?(?:{_COUNT}?A?[qvxY][cI]?|[cn#a]n?#?[xYD])r?d?"),
    ("last", "iUcn#CIvqat", f"tU|i?(?:U(?:a?n|[Iodc]){{0,3}}r{{1,2}}d?|Udr?d?|{_COUNT}[xqYD]r|vr)"),
    ("decade", "eZ", "e?Z(?:w?Z){0,6}(?:f?u[ro])?"),
    ("feast", "oReF", f"(?:oq|R|e)?F(?:{_TAIL}|r)?"),
    ("same", "sP", f"(?:sP|Pz)(?:[fi]?{_TAIL})?"),
)


class Production(NamedTuple):
    kind: str
    pattern: re.Pattern[str]


def translate(source: str) -> str:
    """Class letters -> a regular expression over cells of two characters."""
    out = []
    position = 0
    while position < len(source):
        if source.startswith("(?P<", position):
            close = source.index(">", position) + 1
            out.append(source[position:close])
            position = close
            continue
        if source.startswith(("(?:", "(?="), position):
            out.append(source[position : position + 3])
            position += 3
            continue
        if source[position] == "{":  # how often
            close = source.index("}", position) + 1
            out.append(source[position:close])
            position = close
            continue
        mark, char = ".", source[position]
        if char in "&<":
            mark = char
            position += 1
            char = source[position]
        if char == "[":
            close = source.index("]", position) + 1
            out.append(f"(?:{mark}{source[position:close]})")
            position = close
            continue
        position += 1
        # what is no class is a quantifier, a group's end or an alternative
        out.append(f"(?:{mark}{char})" if char.isalnum() or char in "#@_;" else char)
    return "".join(out)


@cache
def by_first() -> dict[str, tuple[Production, ...]]:
    """Class letter -> the productions that can begin with it, in order of preference."""
    table: dict[str, list[Production]] = {}
    for kind, starts, source in PATTERNS:
        production = Production(kind, re.compile(translate(source)))
        for letter in starts:
            table.setdefault(letter, []).append(production)
    return {letter: tuple(found) for letter, found in table.items()}
