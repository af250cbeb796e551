"""Search layer -> cells: two characters a token in one string, for a grammar of regular expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, repeat
from typing import Any

from flows.extract.dates.vocabulary import OTHER, Phrases, Word, vocabulary

# A piece is a token with the blank behind it, so that the pieces' lengths add up to their positions.
# A numeric date is one token; so is a number with decimals, a clock time, a law's number.
_PIECES = re.compile(r"[^\W\d_]+ ?|(?:\d+(?:(?: ?[/.\-] ?\d+){2}|[.,:]\d+)+%?|\d+%?|[^\w\s]|_+) ?|\s")
_NUMERIC = re.compile(r"(\d{1,4}) ?([/.\-]) ?(\d{1,2}) ?\2 ?(\d{1,4})\Z")
_PUNCTUATION = {
    "(": " 1", ")": " 2", '"': " 3", "'": " 3", ",": " 4", "/": " 5", "-": " 6", ":": " 7", ".": " 8",
    "\n": " ;", "?": " ;", "!": " ;", ";": " ;", "[": " 1", "]": " 2",
}  # fmt: skip
_NOTHING = Word(OTHER, None, 0)


@dataclass(slots=True)
class Tokens:
    """Parallel lists, one entry a token; ``cells`` has two characters a token."""

    search: str
    text: str
    pieces: list[str]  # as they stand, with the blank behind them
    ends: list[int]  # of the pieces
    cells: str
    phrases: dict[int, Word]  # token -> its entry, for phrases that were joined into one token

    def __len__(self) -> int:
        return len(self.pieces)

    def code(self, index: int) -> str:
        """The token's class; line end outside the text."""
        return self.cells[2 * index + 1] if 0 <= index < len(self.pieces) else ";"

    def form(self, index: int) -> str:
        return self.pieces[index].rstrip() if 0 <= index < len(self.pieces) else ""

    def word(self, index: int) -> Word:
        """The token's entry; an empty one for words that the table does not have."""
        joined = self.phrases.get(index)
        return joined if joined is not None else vocabulary().words.get(self.pieces[index].rstrip(), _NOTHING)

    def value(self, index: int) -> Any:
        return self.word(index).value

    def start(self, index: int) -> int:
        return self.ends[index - 1] if index else 0

    def end(self, index: int) -> int:
        """The token's end, the blank behind it left out."""
        return self.ends[index] - len(self.pieces[index]) + len(self.pieces[index].rstrip())


@cache
def _cell_table() -> dict[str, str]:
    """Piece -> cell, with and without the blank."""
    plain = {**vocabulary().cells, **_PUNCTUATION}
    return {**plain, **{f"{form} ": cell for form, cell in plain.items()}}


@cache
def _phrase_starts() -> frozenset[str]:
    return frozenset(f"{form} " for form in vocabulary().phrases)


def tokenize(search: str, text: str) -> Tokens:
    """Cells of one article.  ``search`` and ``text`` are the two layers, of one length."""
    pieces = _PIECES.findall(search)
    ends = list(accumulate(map(len, pieces)))
    cells = list(map(_cell_table().get, pieces, repeat(OTHER)))
    # numbers that the table has not; digits sort before the letters of both scripts
    for index in [i for i, piece in enumerate(pieces) if piece < ":" and cells[i] is OTHER]:
        piece = pieces[index]
        if piece[0].isdigit():
            cells[index] = " @" if _NUMERIC.match(piece.rstrip()) else " #"
    first_words = _phrase_starts()
    starts = [i for i, piece in enumerate(pieces) if piece in first_words]
    joined = _join(vocabulary().phrases, starts, pieces, ends, cells) if starts else {}
    return Tokens(search, text, pieces, ends, "".join(cells), joined)


def _join(
    phrases: Phrases, starts: list[int], pieces: list[str], ends: list[int], cells: list[str]
) -> dict[int, Word]:
    """Make one token of the words of set phrases (كانون الثاني, نهاية الأسبوع), in place."""
    found: list[tuple[int, int, Word]] = []
    done = 0
    for index in starts:
        if index < done or index + 1 >= len(pieces):
            continue
        for rest, word in phrases[pieces[index][:-1]].get(pieces[index + 1].rstrip(), ()):
            end = index + 2 + len(rest)
            if not rest or [piece.rstrip() for piece in pieces[index + 2 : end]] == rest:
                found.append((index, end, word))
                done = end
                break
    for index, end, word in reversed(found):
        pieces[index:end] = ["".join(pieces[index:end])]
        ends[index:end] = [ends[end - 1]]
        cells[index:end] = [word.cell]
    joined = {}
    shift = 0
    for index, end, word in found:
        joined[index - shift] = word
        shift += end - index - 1
    return joined


def numeric_fields(form: str) -> tuple[int, int, int, bool] | None:
    """``20/12/2024``, ``2024-12-20`` -> (year, month, day, certain) or None.

    ``certain`` is False when day and month could change places (both at most twelve): Arabic papers write the
    day first, so that reading is taken.  Two-digit years are 19xx from 50 up, else 20xx.
    """
    match = _NUMERIC.match(form)
    if match is None:
        return None
    first, separator, middle, last = match.groups()
    if len(first) == 4:
        year, month, day = int(first), int(middle), int(last)
        if month > 12 >= day:
            month, day = day, month
        certain = True
    elif len(last) == 4:
        year, month, day = int(last), int(middle), int(first)
        certain = day > 12 or month > 12 or day == month
        if month > 12 >= day:
            month, day = day, month
    elif len(last) == 2 and separator == "/" and len(first) <= 2:
        year, month, day = int(last), int(middle), int(first)
        year += 1900 if year >= 50 else 2000
        certain = False
    else:
        return None
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return year, month, day, certain
