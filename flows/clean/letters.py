"""What becomes of one code point: its clean letter, its search letter, or nothing.

Built from the Unicode database, pyarabic's constants and the short lists below; the tables are made once, at
the first use.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyarabic import araby

Codes = NDArray[np.uint32]
Places = NDArray[np.int32]

# What becomes of a code point.  Single bits, so that one bitwise-or over a text tells which cases it has.
KEEP = 0
BLANK = 1
NEWLINE = 2
YEH = 4  # Farsi yeh: ى at a word's end, else ي
COMPOSE = 8  # may unite with the letter before it
EXPAND = 16  # a ligature
DROP = 32
MARK = DROP | 64  # dropped, but the raw span of the letter before it ends behind the mark
TATWEEL = DROP | 128
RETURN = 128 | NEWLINE  # a newline of its own, unless \n follows

SIZE = 0x10000

# Letters of Persian, Urdu, Kurdish and other keyboards that stand for an Arabic letter in Arabic text.
_FOREIGN_SAME = {
    "ک": "ك", "ڪ": "ك", "ہ": "ه", "ھ": "ه", "ە": "ه", "ۃ": "ة", "ۀ": "ه", "ۂ": "ه", "ے": "ى", "ۓ": "ى",
    "ۍ": "ي", "ٮ": "ب", "ٯ": "ق", "ڡ": "ف", "ں": "ن", "ٵ": "أ", "ٶ": "ؤ", "ٷ": "ؤ", "ٸ": "ئ",
}  # fmt: skip
FARSI_YEH = "ی"
_SEARCH = {
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ٲ": "ا", "ٳ": "ا", "ى": "ي", "ؤ": "و", "ئ": "ي", "ة": "ه",
    # sounds that Arabic has no letter for
    "ڤ": "ف", "ڥ": "ف", "ڢ": "ف", "ڣ": "ف", "ڨ": "ق", "ڧ": "ق", "گ": "ك", "ڭ": "ك", "ݣ": "ك", "ڮ": "ك",
    "ڬ": "ك", "ڲ": "ك", "ڴ": "ك", "پ": "ب", "چ": "ج", "ژ": "ز", "ڞ": "ض", "ڟ": "ظ",
    # Urdu and Kurdish
    "ٹ": "ت", "ڈ": "د", "ڑ": "ر", "ڕ": "ر", "ڵ": "ل", "ۆ": "و", "ۇ": "و", "ۋ": "و", "ێ": "ي", "ې": "ي",
    # punctuation
    "،": ",", "؛": ";", "؟": "?", "٪": "%", "٫": ".", "٬": ",", "٭": "*", "۔": ".", "…": ".", "‚": ",",
    "«": '"', "»": '"', "“": '"', "”": '"', "„": '"', "‟": '"', "‹": '"', "›": '"', "″": '"', "〝": '"',
    "〞": '"', "‘": "'", "’": "'", "‛": "'", "′": "'", "`": "'", "´": "'", "ʼ": "'",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "﴾": "(", "﴿": ")", "⁄": "/",
    "•": "*", "·": "*", "●": "*", "▪": "*",
}  # fmt: skip
_NEWLINES = frozenset("\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")
_BLANK_LETTERS = frozenset("\t\u2800\u3164\u115f\u1160\uffa0")
_BISMILLAH = "بسم الله الرحمن الرحيم"


class Tables(NamedTuple):
    """``kind`` uint8, ``clean`` and ``search`` uint32, of shape (65536,); ``expand`` code point -> text."""

    kind: NDArray[np.uint8]
    clean: Codes
    search: Codes
    expand: dict[int, str]
    both: Codes  # clean letter in the lower, search letter in the upper 16 bits


# ------------------------------------------------------------------------------------- one code point


def is_arabic_mark(code: int) -> bool:
    """Diacritics, dagger alif and Quranic marks (pyarabic's ``strip_tashkeel`` leaves the last two)."""
    return (
        0x064B <= code <= 0x065F
        or code == 0x0670
        or 0x0610 <= code <= 0x061A
        or 0x06D6 <= code <= 0x06ED
        or 0x0897 <= code <= 0x089F
        or 0x08CA <= code <= 0x08FF
    )


def _is_presentation_form(code: int) -> bool:
    """Shapes that have a code point only for old typesetting: Latin and Arabic ligatures, full width."""
    return (
        0xFB50 <= code <= 0xFDFC
        or 0xFE70 <= code <= 0xFEFC
        or 0xFB00 <= code <= 0xFB06
        or 0xFF01 <= code <= 0xFFEE
        or 0x1EE00 <= code <= 0x1EEFF
    )


def search_letter(char: str) -> str:
    """The one search letter of a clean letter."""
    if (known := _SEARCH.get(char)) is not None:
        return known
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    if char.isalpha():
        base = unicodedata.normalize("NFD", char)[0]
        if base != char and not (base.isascii() or "\u0370" <= base <= "\u03ff"):
            base = char
        lower = base.lower()
        return lower if len(lower) == 1 else lower[0]
    return char


@cache
def _seconds() -> frozenset[str]:
    """Letters that are the second half of some composed letter (Unicode's NFC_Quick_Check=Maybe)."""
    seconds = set()
    for code in (
        *range(0xC0, 0x3400),
        *range(0xFB1D, 0xFB50),
        *range(0x11000, 0x11A00),
        *range(0x16D60, 0x16D70),
    ):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(chr(int(parts[1], 16)))
    seconds.update(map(chr, range(0x1161, 0x1176)))
    seconds.update(map(chr, range(0x11A8, 0x11C3)))
    return frozenset(seconds)


def mapped(code: int) -> tuple[int, str]:
    """(kind, clean text) of one code point; the text is empty where it is dropped."""
    char = chr(code)
    if char in _NEWLINES:
        return NEWLINE, "\n"
    if char == "\r":
        return RETURN, "\n"
    if char == araby.TATWEEL:
        return TATWEEL, ""
    if char == FARSI_YEH:
        return YEH, "ي"
    if char in _FOREIGN_SAME:
        return KEEP, _FOREIGN_SAME[char]
    category = unicodedata.category(char)
    if category == "Zs" or char in _BLANK_LETTERS:
        return BLANK, " "
    if 0x0653 <= code <= 0x0655:
        return COMPOSE, char  # madda and hamza make آ أ إ ؤ ئ with the letter before them
    if is_arabic_mark(code):
        return MARK, ""
    if (
        category in ("Cc", "Cf", "Cs", "Co")
        or code == 0xFFFD
        or 0xFE00 <= code <= 0xFE0F
        or 0xE0100 <= code <= 0xE01EF
    ):
        return DROP, ""
    if code == 0xFDFD:
        return EXPAND, _BISMILLAH
    shape = _is_presentation_form(code)
    plain = unicodedata.normalize("NFKC" if shape else "NFC", char)
    if shape:
        if plain[0] in (" ", araby.TATWEEL):  # a diacritic shown on a blank or a tatweel
            return DROP, ""
        plain = "".join(_FOREIGN_SAME.get(c, c) for c in plain if not is_arabic_mark(ord(c)))
        if plain in _BLANK_LETTERS:
            return BLANK, " "
        if plain == FARSI_YEH:
            return YEH, "ي"
        plain = re.sub(f"{FARSI_YEH}(?=\\w)", "ي", plain).replace(FARSI_YEH, "ى")
    if len(plain) != 1 or code < SIZE <= ord(plain):
        return EXPAND, plain
    if unicodedata.combining(plain) or plain in _seconds():
        return COMPOSE, plain
    return KEEP, plain


@cache
def tables() -> Tables:
    """Built in about 30 ms.  Han, Hangul syllables and Yi are themselves, so they need no look."""
    kind = np.zeros(SIZE, dtype=np.uint8)
    clean_ = np.arange(SIZE, dtype=np.uint32)
    search = np.arange(SIZE, dtype=np.uint32)
    expand: dict[int, str] = {}
    kind[0xD800:0xF900] = DROP  # surrogates, private use
    for code in (*range(0x3400), *range(0xA640, 0xAC00), *range(0xF900, SIZE)):
        what, plain = mapped(code)
        kind[code] = what
        if what == EXPAND:
            expand[code] = plain
        elif plain:
            clean_[code] = ord(plain)
        if (letter := search_letter(chr(code))) != chr(code):
            search[code] = ord(letter)
    return Tables(kind, clean_, search, expand, clean_ | search[clean_] << np.uint32(16))


@lru_cache(maxsize=4096)
def astral(code: int) -> tuple[int, str]:
    what, plain = mapped(code)
    return what, plain


@lru_cache(maxsize=4096)
def astral_search(code: int) -> int:
    return ord(search_letter(chr(code)))


def encode(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def decode(codes: Codes) -> str:
    return codes.tobytes().decode("utf-32-le")
