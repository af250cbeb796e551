"""The tables behind report.fold and report.words, as SQL: what flows.clean does to each code point.

A migration is frozen, so this is for the next revision that needs one: when the folding in Python changes,
tests/db/test_report_fold.py fails, and ``uv run python -m tests.db.fold_sql`` prints the functions anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flows.clean.letters import COMPOSE, DROP, NEWLINE, RETURN, TATWEEL, mapped, search_letter

_WORD = re.compile(r"[^\W_]")
_OFTEN = 0x700  # below it stand nearly all letters of Arabic and French news
_COMMON = "أإآىؤئة،؛؟«»“”’–…ًٌٍَُِّْ\u200f\u200eABCDEFGHIJKLMNOPQRSTUVWXYZéèàç\u00a0\t٠١٢٣٤٥٦٧٨٩ڤ٪"


def _codes() -> Iterator[int]:
    """Code points that something may happen to; ideographs, Yi and Hangul syllables are themselves."""
    for first, last in ((1, 0x33FF), (0xA640, 0xABFF), (0xF900, 0xEFFFF)):
        yield from range(first, last + 1)


def letters() -> tuple[dict[str, str], list[str]]:
    """(letter -> search letter, letters that are dropped), but for those that need a neighbour or expand."""
    changed, dropped = {}, []
    for code in _codes():
        kind, clean = mapped(code)
        char = chr(code)
        if kind in (RETURN, TATWEEL):
            continue
        if kind & DROP:
            dropped.append(char)
        elif kind & COMPOSE and ("\u0653" <= char <= "\u0655" or "\u0300" <= char <= "\u036f"):
            dropped.append(char)  # united with the letter before it, or left over
        elif kind & NEWLINE:
            if char != "\n":
                changed[char] = "\n"
        elif len(clean) == 1 and (letter := search_letter(clean)) != char:
            changed[char] = letter
    return changed, dropped


def word_class(limit: int) -> list[str]:
    """Ranges of the letters and digits below ``limit`` that words are made of, after folding, in escapes."""
    ranges: list[list[int]] = []
    for code in (c for c in range(1, limit) if not 0xD800 <= c < 0xF900):
        if _WORD.match(chr(code)):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return [_escape(chr(a)) + (f"-{_escape(chr(b))}" if b > a else "") for a, b in ranges]


def _escape(text: str) -> str:
    return "".join(
        c
        if " " < c <= "~" and c not in "\\'"
        else f"\\u{ord(c):04X}"
        if ord(c) < 0x10000
        else f"\\U{ord(c):08X}"
        for c in text
    )


def _lines(pieces: Iterable[str], width: int = 88) -> str:
    """An SQL string of escapes over several lines."""
    lines, line = [], ""
    for piece in pieces:
        if len(line) + len(piece) > width:
            lines.append(line)
            line = ""
        line += piece
    lines.append(line)
    return "\n".join(f"        {'E' if not n else ''}'{line}'" for n, line in enumerate(lines))


def main() -> None:
    changed, dropped = letters()
    # what Arabic news is full of goes first, in a short table: translate() reads its table letter by letter
    common = {c: changed.get(c, "") for c in _COMMON}
    for name, about, table in (
        ("common", "Search letters of what Arabic news is full of", common),
        (
            "all",
            "Search letters of everything; what has none is dropped",
            changed | dict.fromkeys(dropped, ""),
        ),
    ):
        order = sorted(table, key=lambda c: not table[c])
        print(f"-- {about}.")
        print(f"CREATE FUNCTION report.letters_{name}(text) RETURNS text")
        print("LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$")
        print("    SELECT translate(\n        $1,")
        print(_lines(map(_escape, order)) + ",")
        print(_lines(_escape(table[c]) for c in order))
        print("    )\n$$;\n")
    print("-- What words are made of, after folding (for use in brackets); the server's locale has no say.")
    for name, limit in (("often", _OFTEN), ("all", 0xF0000)):
        print(f"CREATE FUNCTION report.word_letters_{name}() RETURNS text")
        print("LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$")
        print("    SELECT\n" + _lines(word_class(limit)))
        print("$$;\n")


if __name__ == "__main__":
    main()
