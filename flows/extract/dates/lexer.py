"""Search layer -> cells: two characters a token, in one string, so that the grammar can be regular expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from flows.extract.dates.vocabulary import OTHER, Vocabulary, Word, vocabulary

# A numeric date is one token; so is a number with decimals, a clock time, a law's number.
_SCAN = re.compile(
    r"\d+(?:(?: ?[/.\-] ?\d+){2}|[.,:]\d+)+%?|\d+[%٪]|\d+(?= ?[/\-] ?[^\W\d_])|\d+|[^\W\d_]+|\n|[^\w\s]|_+"
)
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
    forms: list[str]
    starts: list[int]
    ends: list[int]
    cells: str
    words: dict[int, Word]  # token -> its entry, for tokens that have one

    def code(self, index: int) -> str:
        """The token's class; line end outside the text."""
        return self.cells[2 * index + 1] if 0 <= index < len(self.forms) else ";"

    def form(self, index: int) -> str:
        return self.forms[index] if 0 <= index < len(self.forms) else ""

    def value(self, index: int) -> Any:
        return self.words[index].value


def _number_cell(form: str) -> str:
    """Cell of a token of digits that the table does not have (numbers 1..31 and 1000..2199 are in it)."""
    return " @" if _NUMERIC.match(form) else " #"


@cache
def _cell_table() -> dict[str, str]:
    return {**vocabulary().cells, **_PUNCTUATION}


def tokenize(search: str, text: str) -> Tokens:
    """Cells of one article.  ``search`` and ``text`` are the two layers, of one length."""
    vocab = vocabulary()
    forms: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _SCAN.finditer(search):
        start, end = match.span()
        starts.append(start)
        ends.append(end)
        forms.append(search[start:end])
    table = _cell_table()
    get = table.get
    cells = [get(form, "") for form in forms]
    words: dict[int, Word] = {}
    table_words = vocab.words
    merged = False
    phrases = vocab.phrases
    for index, cell in enumerate(cells):
        form = forms[index]
        if cell:
            entry = table_words.get(form)
            if entry is not None:
                words[index] = entry
        elif form[0].isdigit():
            cells[index] = _number_cell(form)
            words[index] = Word(cells[index], form, 0)
        else:
            cells[index] = OTHER
        if form in phrases:
            merged = True
    if merged:
        _merge(vocab, forms, starts, ends, cells, words)
        live = [i for i, cell in enumerate(cells) if cell]
        if len(live) != len(cells):
            words = {new: words[old] for new, old in enumerate(live) if old in words}
            forms = [forms[i] for i in live]
            starts = [starts[i] for i in live]
            ends = [ends[i] for i in live]
            cells = [cells[i] for i in live]
    return Tokens(search, text, forms, starts, ends, "".join(cells), words)


def _merge(
    vocab: Vocabulary,
    forms: list[str],
    starts: list[int],
    ends: list[int],
    cells: list[str],
    words: dict[int, Word],
) -> None:
    """Join the words of set phrases (كانون الثاني, نهاية الأسبوع) into their first token; the others get the
    empty cell and are dropped by the caller."""
    index, count = 0, len(forms)
    while index < count:
        options = vocab.phrases.get(forms[index])
        step = 1
        if options is not None:
            for rest, word in options:
                size = len(rest)
                if tuple(forms[index + 1 : index + 1 + size]) == rest:
                    last = index + size
                    cells[index] = word.cell
                    words[index] = word
                    ends[index] = ends[last]
                    forms[index] = " ".join(forms[index : last + 1])
                    for gone in range(index + 1, last + 1):
                        cells[gone] = ""
                        words.pop(gone, None)
                    step = size + 1
                    break
        index += step


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
