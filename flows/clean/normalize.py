"""Raw text -> clean and search layers of equal length, with the way back to raw.

Every code point of the Basic Multilingual Plane has an entry in three tables that are built once from the
Unicode database and pyarabic's constants: what becomes of it (kept, dropped, blank, ...), its clean letter and
its search letter.  A text then is a handful of numpy look-ups; the rare cases that need a neighbour
(composition, ligatures, final Farsi yeh, elongation, a tatweel that stands for a dash) are looked at only in
texts that have them.

clean   NFC; presentation forms and ligatures written out with their hamza; tatweel, diacritics, Quranic marks,
        bidi and zero-width marks, controls and lone surrogates gone; Persian and Urdu letters as the Arabic
        ones they stand for (ڤ گ پ چ ژ and the like stay); letters drawn out (رااااائع) written once; every run
        of blanks one space, none at a line's edge; line ends one ``\\n``.
search  one spelling for all variants, letter by letter, so that positions agree with clean.

Both are idempotent: ``clean(clean(x).text).text == clean(x).text``, and the same for ``fold``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyarabic import araby

from flows.records import CleanText, Span

__all__ = ["clean", "clean_string", "concat", "fold", "pack_alignment", "search_of", "unpack_alignment"]

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

_SIZE = 0x10000
_CHUNK = 1 << 15  # code points worked on at a time, so that the arrays stay in the processor's cache

# Letters of Persian, Urdu, Kurdish and other keyboards that stand for an Arabic letter in Arabic text.
_FOREIGN_SAME = {
    "ک": "ك", "ڪ": "ك", "ہ": "ه", "ھ": "ه", "ە": "ه", "ۃ": "ة", "ۀ": "ه", "ۂ": "ه", "ے": "ى", "ۓ": "ى",
    "ۍ": "ي", "ٮ": "ب", "ٯ": "ق", "ڡ": "ف", "ں": "ن", "ٵ": "أ", "ٶ": "ؤ", "ٷ": "ؤ", "ٸ": "ئ",
}  # fmt: skip
_FARSI_YEH = "ی"
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
_ALEF, _LAM = ord("ا"), ord("ل")
_SPACE, _BREAK, _HYPHEN = 0x20, 0x0A, 0x2D


class _Tables(NamedTuple):
    """``kind`` uint8, ``clean`` and ``search`` uint32, each of shape (65536,); ``expand`` code point -> codes."""

    kind: NDArray[np.uint8]
    clean: Codes
    search: Codes
    expand: dict[int, str]


# ------------------------------------------------------------------------------------- one code point


def _is_arabic_mark(code: int) -> bool:
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
    """Shapes of letters that have a code point only for old typesetting: Latin and Arabic ligatures, full width."""
    return (
        0xFB50 <= code <= 0xFDFC
        or 0xFE70 <= code <= 0xFEFC
        or 0xFB00 <= code <= 0xFB06
        or 0xFF01 <= code <= 0xFFEE
        or 0x1EE00 <= code <= 0x1EEFF
    )


def _search_letter(char: str) -> str:
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


def _mapped(code: int) -> tuple[int, str]:
    """(kind, clean text) of one code point; the text is empty where it is dropped."""
    char = chr(code)
    if char in _NEWLINES:
        return NEWLINE, "\n"
    if char == "\r":
        return RETURN, "\n"
    if char == araby.TATWEEL:
        return TATWEEL, ""
    if char == _FARSI_YEH:
        return YEH, "ي"
    if char in _FOREIGN_SAME:
        return KEEP, _FOREIGN_SAME[char]
    category = unicodedata.category(char)
    if category == "Zs" or char in _BLANK_LETTERS:
        return BLANK, " "
    if 0x0653 <= code <= 0x0655:
        return COMPOSE, char  # madda and hamza make آ أ إ ؤ ئ with the letter before them
    if _is_arabic_mark(code):
        return MARK, ""
    if category in ("Cc", "Cf", "Cs", "Co") or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return DROP, ""
    if code == 0xFDFD:
        return EXPAND, _BISMILLAH
    shape = _is_presentation_form(code)
    plain = unicodedata.normalize("NFKC" if shape else "NFC", char)
    if shape:
        if plain[0] in (" ", araby.TATWEEL):  # a diacritic shown on a blank or a tatweel
            return DROP, ""
        plain = "".join(_FOREIGN_SAME.get(c, c) for c in plain if not _is_arabic_mark(ord(c)))
        if plain in _BLANK_LETTERS:
            return BLANK, " "
        if plain == _FARSI_YEH:
            return YEH, "ي"
        plain = re.sub(f"{_FARSI_YEH}(?=\\w)", "ي", plain).replace(_FARSI_YEH, "ى")
    if len(plain) != 1:
        return EXPAND, plain
    if unicodedata.combining(plain) or plain in _seconds():
        return COMPOSE, plain
    return KEEP, plain


@cache
def _tables() -> _Tables:
    """Built in about 30 ms.  Han, Hangul syllables and Yi are themselves, so they need no look."""
    kind = np.zeros(_SIZE, dtype=np.uint8)
    clean_ = np.arange(_SIZE, dtype=np.uint32)
    search = np.arange(_SIZE, dtype=np.uint32)
    expand: dict[int, str] = {}
    kind[0xD800:0xF900] = DROP  # surrogates, private use
    for code in (*range(0x3400), *range(0xA640, 0xAC00), *range(0xF900, _SIZE)):
        what, plain = _mapped(code)
        kind[code] = what
        if what == EXPAND:
            expand[code] = plain
        elif plain:
            clean_[code] = ord(plain)
        if (letter := _search_letter(chr(code))) != chr(code):
            search[code] = ord(letter)
    return _Tables(kind, clean_, search, expand)


@lru_cache(maxsize=4096)
def _astral(code: int) -> tuple[int, str]:
    what, plain = _mapped(code)
    return what, plain


@lru_cache(maxsize=4096)
def _astral_search(code: int) -> int:
    return ord(_search_letter(chr(code)))


# ------------------------------------------------------------------------------------------ one text


def _encode(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _decode(codes: Codes) -> str:
    return codes.tobytes().decode("utf-32-le")


def _search_codes(codes: Codes) -> Codes:
    """Search letters of clean letters, same shape."""
    table = _tables().search
    if codes.size and int(codes.max()) >= _SIZE:
        out = table[np.minimum(codes, _SIZE - 1)]
        for place in np.flatnonzero(codes >= _SIZE):
            out[place] = _astral_search(int(codes[place]))
        return out
    return table[codes]


class _Piece(NamedTuple):
    """A stretch of clean text in the making; all arrays of one shape."""

    codes: Codes
    kind: NDArray[np.uint8]
    start: Places
    end: Places

    def take(self, mask: NDArray[np.bool_]) -> _Piece:
        return _Piece(self.codes[mask], self.kind[mask], self.start[mask], self.end[mask])


def _splice(piece: _Piece, edits: Sequence[tuple[int, int, str]]) -> _Piece:
    """Put texts in the place of stretches [a, b); each new letter's raw span is that of the whole stretch."""
    table = _tables()
    parts: list[_Piece] = []
    at = 0
    for a, b, text in edits:
        parts.append(_Piece(*(column[at:a] for column in piece)))
        codes = _encode(text)
        kind = table.kind[np.minimum(codes, _SIZE - 1)] & ~np.uint8(EXPAND)
        kind[codes >= _SIZE] = KEEP
        parts.append(
            _Piece(codes, kind, np.full(codes.size, piece.start[a]), np.full(codes.size, piece.end[b - 1]))
        )
        at = b
    parts.append(_Piece(*(column[at:] for column in piece)))
    return _Piece(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _expand(piece: _Piece) -> _Piece:
    """Ligatures written out."""
    table = _tables().expand
    edits = []
    for place in np.flatnonzero(piece.kind & EXPAND).tolist():
        code = int(piece.codes[place])
        edits.append((place, place + 1, table[code] if code < _SIZE else _astral(code)[1]))
    return _splice(piece, edits)


def _left_over(char: str) -> bool:
    """A combining mark that found no letter to unite with."""
    return "\u0653" <= char <= "\u0655" or "\u0300" <= char <= "\u036f" or _is_arabic_mark(ord(char))


def _compose(piece: _Piece) -> _Piece:
    """Letters and their combining marks united (NFC); Arabic and Latin marks that cannot unite are dropped."""
    text = _decode(piece.codes)
    edits = []
    places = np.flatnonzero(piece.kind & COMPOSE).tolist()
    i = 0
    while i < len(places):
        a = max(places[i] - 1, edits[-1][1] if edits else 0)
        b = places[i] + 1
        while i + 1 < len(places) and places[i + 1] == b:
            i += 1
            b += 1
        i += 1
        united = unicodedata.normalize("NFC", text[a:b])
        kept = "".join(c for c in united if not _left_over(c))
        if kept != united:
            kept = unicodedata.normalize("NFC", kept)
        if kept != text[a:b]:
            edits.append((a, b, kept))
    return _splice(piece, edits) if edits else piece


def _dashes(kind: NDArray[np.uint8], codes: Codes) -> tuple[NDArray[np.uint8], Codes]:
    """A tatweel between blanks is a dash (جدة ـ نجيب): its first becomes a hyphen."""
    tatweel = kind == TATWEEL
    edge = np.zeros(kind.size + 2, dtype=bool)
    edge[1:-1] = tatweel
    first = np.flatnonzero(edge[1:-1] & ~edge[:-2])
    last = np.flatnonzero(edge[1:-1] & ~edge[2:])
    blank = np.ones(kind.size + 2, dtype=bool)
    blank[1:-1] = (kind & (BLANK | NEWLINE)) > 0
    alone = first[blank[first] & blank[last + 2]]
    if alone.size:
        kind, codes = kind.copy(), codes.copy()
        kind[alone] = KEEP
        codes[alone] = _HYPHEN
    return kind, codes


def _spread_ends(kind: NDArray[np.uint8], kept: NDArray[np.intp], end: Places) -> None:
    """Let the raw span of a letter end behind the marks that follow it."""
    mark = np.zeros(kind.size + 1, dtype=bool)
    mark[:-1] = (kind & MARK) == MARK
    first = np.flatnonzero(mark[1:] & ~mark[:-1]) + 1  # marks at the very start have no letter
    last = np.flatnonzero(mark[:-1] & ~mark[1:])
    if mark[0]:
        last = last[1:]
    place = np.searchsorted(kept, first - 1)
    inside = place < kept.size
    place, last, first = place[inside], last[inside], first[inside]
    right = (kept[place] == first - 1) & ((kind[kept[place]] & (BLANK | NEWLINE)) == 0)
    end[place[right]] = last[right] + 1


def _fold_blanks(piece: _Piece) -> _Piece:
    """One space for every run of blanks; none beside a line end or at the edges."""
    white = np.flatnonzero(piece.kind & (BLANK | NEWLINE))
    if not white.size:
        return piece
    size = piece.codes.size
    blank = piece.codes[white] == _SPACE
    follows = np.zeros(white.size, dtype=bool)
    follows[1:] = white[1:] == white[:-1] + 1
    at_edge = (blank[0] and white[0] == 0) or (blank[-1] and white[-1] == size - 1)
    if not at_edge and not (follows[1:] & (blank[1:] | blank[:-1])).any():
        return piece
    run = np.cumsum(~follows) - 1
    bare = np.bincount(run[~blank], minlength=int(run[-1]) + 1) == 0  # runs without a line end
    if white[0] == 0:
        bare[0] = False
    if white[-1] == size - 1:
        bare[-1] = False
    gone = white[blank & ~(bare[run] & ~follows)]
    mask = np.ones(size, dtype=bool)
    mask[gone] = False
    return piece.take(mask)


def _farsi_yeh(piece: _Piece) -> None:
    """ی is ى at a word's end and ي elsewhere."""
    places = np.flatnonzero(piece.kind & YEH)
    places = places[piece.codes[places] == ord("ي")]
    after = np.zeros(places.size, dtype=np.uint32)
    inside = places + 1 < piece.codes.size
    after[inside] = piece.codes[places[inside] + 1]
    letter = np.fromiter((chr(c).isalpha() for c in after.tolist()), dtype=bool, count=after.size)
    piece.codes[places[~letter]] = ord("ى")


def _drawn_out(search: Codes) -> NDArray[np.bool_] | None:
    """Mask of the letters to keep where a letter is drawn out: three alefs, or four of another Arabic letter,
    stand for one (four lams for two, الله).  None where nothing is drawn out."""
    if search.size < 3:
        return None
    same = search[1:] == search[:-1]
    triple = np.flatnonzero(same[1:] & same[:-1])
    if triple.size:
        triple = triple[(search[triple] >= 0x621) & (search[triple] <= 0x64A)]
    if not triple.size:
        return None
    mask = np.ones(search.size, dtype=bool)
    breaks = np.flatnonzero(np.diff(triple) != 1) + 1
    for group in np.split(triple, breaks):
        first, letters = int(group[0]), int(group[-1]) + 3 - int(group[0])
        letter = int(search[first])
        if letters >= 4 or letter == _ALEF:
            mask[first + (2 if letter == _LAM else 1) : first + letters] = False
    return None if mask.all() else mask


def _clean_chunk(codes: Codes, offset: int) -> tuple[Codes, Codes, Places, Places]:
    """(clean, search, start, end) of one stretch that ends at a line end or the text's end."""
    table = _tables()
    if int(codes.max()) >= _SIZE:
        low = np.minimum(codes, _SIZE - 1)
        kind, letters = table.kind[low], table.clean[low]
        for place in np.flatnonzero(codes >= _SIZE).tolist():
            what, plain = _astral(int(codes[place]))
            kind[place] = what
            letters[place] = ord(plain) if len(plain) == 1 else codes[place]
    else:
        kind, letters = table.kind[codes], table.clean[codes]
    has = int(np.bitwise_or.reduce(kind))
    if has & 128:
        if (kind == RETURN).any():
            followed = np.zeros(kind.size, dtype=bool)
            followed[:-1] = codes[1:] == _BREAK
            kind[(kind == RETURN) & followed] = DROP
            kind[kind == RETURN] = NEWLINE
        if (kind == TATWEEL).any():
            kind, letters = _dashes(kind, letters)
    if has & (DROP | 128):
        kept = np.flatnonzero((kind & DROP) == 0)
        start = kept.astype(np.int32)
        end = start + np.int32(1)
        if has & 64:
            _spread_ends(kind, kept, end)
        piece = _Piece(letters[kept], kind[kept], start, end)
    else:
        start = np.arange(codes.size, dtype=np.int32)
        piece = _Piece(letters, kind, start, start + np.int32(1))
    if has & EXPAND:
        piece = _expand(piece)
        has |= int(np.bitwise_or.reduce(piece.kind, initial=0))
    if has & COMPOSE:
        piece = _compose(piece)
    piece = _fold_blanks(piece)
    if has & YEH:
        _farsi_yeh(piece)
    search = _search_codes(piece.codes)
    if (mask := _drawn_out(search)) is not None:
        piece, search = piece.take(mask), search[mask]
    if offset:
        return piece.codes, search, piece.start + np.int32(offset), piece.end + np.int32(offset)
    return piece.codes, search, piece.start, piece.end


def _chunks(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of about _CHUNK code points that end at a line end."""
    at, size = 0, len(text)
    while at < size:
        if size - at <= _CHUNK:
            yield at, size
            return
        cut = text.rfind("\n", at, at + _CHUNK) + 1
        if cut <= at:
            cut = text.find("\n", at + _CHUNK) + 1 or size
        yield at, cut
        at = cut


def clean(text: str) -> CleanText:
    """Clean and search layers of ``text`` with their alignment.

    Any string is accepted, lone surrogates included.  ``start`` and ``end`` are int32 arrays of shape
    (len(text),) in code points of the input; a letter's span takes in the diacritics that follow it.
    """
    if not text:
        empty = np.zeros(0, dtype=np.int32)
        return CleanText("", "", empty, empty)
    parts = [_clean_chunk(_encode(text[a:b]), a) for a, b in _chunks(text)]
    if len(parts) == 1:
        codes, search, start, end = parts[0]
    else:
        codes, search, start, end = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return CleanText(_decode(codes), _decode(search), start, end)


# ------------------------------------------------------------------------------------- short strings

# Plain words: nothing that needs a neighbour.  For these str.translate does the whole work.
_PLAIN = re.compile("[!-~ء-غف-ْٰ،؛؟«»–]+(?: [!-~ء-غف-ْٰ،؛؟«»–]+)*")
_DRAWN_OUT = re.compile("([ء-ي])\\1\\1")


@cache
def _translations() -> tuple[dict[int, str | None], dict[int, str | None]]:
    """(to clean, to search) for the letters of _PLAIN."""
    to_clean: dict[int, str | None] = {}
    to_search: dict[int, str | None] = {}
    for code in (*range(0x20, 0x7F), *range(0x60C, 0x671), 0xAB, 0xBB, 0x2013):
        what, plain = _mapped(code)
        to_clean[code] = None if what & DROP else plain
        to_search[code] = None if what & DROP else _search_letter(plain)
    return to_clean, to_search


@lru_cache(maxsize=1 << 16)
def _fold_short(text: str) -> str:
    if _PLAIN.fullmatch(text):
        folded = text.translate(_translations()[1])
        if not _DRAWN_OUT.search(folded):
            return folded
    return clean(text).search


def fold(text: str) -> str:
    """The search layer of any string: the same as ``clean(text).search``, quick for short strings.

    Blanks at the edges are gone, as in every clean line.
    """
    return _fold_short(text) if len(text) <= 256 else clean(text).search


def clean_string(text: str) -> str:
    """The clean layer of any string, without alignment."""
    if len(text) <= 256 and _PLAIN.fullmatch(text):
        to_clean, _ = _translations()
        cleaned = text.translate(to_clean)
        if not _DRAWN_OUT.search(cleaned):
            return cleaned
    return clean(text).text


def search_of(clean_text: str) -> str:
    """The search layer of text that is clean already: letter by letter, same length."""
    return _decode(_search_codes(_encode(clean_text)))


# ------------------------------------------------------------------------------ putting together, packing


def concat(parts: Sequence[tuple[CleanText, Span]], separator: str = "\n") -> CleanText:
    """One text out of stretches of cleaned texts.

    ``separator`` (one character) stands between two stretches; its raw span is empty, just behind the stretch
    before it, so that every slice still leads back to raw text.  Empty stretches are refused (ValueError).
    """
    texts: list[str] = []
    searches: list[str] = []
    starts: list[Places] = []
    ends: list[Places] = []
    for text, (a, b) in parts:
        if not 0 <= a < b <= len(text.text):
            raise ValueError(f"stretch {(a, b)} outside a text of {len(text.text)} characters")
        if ends:
            behind = ends[-1][-1:]
            starts.append(behind)
            ends.append(behind)
        texts.append(text.text[a:b])
        searches.append(text.search[a:b])
        starts.append(text.start[a:b])
        ends.append(text.end[a:b])
    if not texts:
        return clean("")
    return CleanText(
        separator.join(texts),
        fold_separator(separator).join(searches),
        np.concatenate(starts),
        np.concatenate(ends),
    )


def fold_separator(separator: str) -> str:
    """The search letter of a one-character separator."""
    if len(separator) != 1:
        raise ValueError(f"a separator is one character, not {separator!r}")
    return _search_letter(separator)


def _to_varints(values: NDArray[np.int64]) -> bytes:
    """Zig-zag LEB128 of signed numbers."""
    out = bytearray()
    for value in ((values << 1) ^ (values >> 63)).tolist():
        while value > 0x7F:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        out.append(value)
    return bytes(out)


def _from_varints(data: bytes) -> NDArray[np.int64]:
    values: list[int] = []
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            values.append((value >> 1) ^ -(value & 1))
            value = shift = 0
    if shift:
        raise ValueError("alignment ends inside a number")
    return np.array(values, dtype=np.int64)


def pack_alignment(text: CleanText) -> bytes:
    """Run-length code of ``start`` and ``end``: runs of (letters, gap to the letter before, width) as varints.

    A text without anything dropped takes about 6 bytes; an ordinary article some 100.
    """
    if not text.start.size:
        return b""
    start, end = text.start.astype(np.int64), text.end.astype(np.int64)
    gap = start.copy()
    gap[1:] -= end[:-1]
    width = end - start
    new = np.ones(gap.size, dtype=bool)
    new[1:] = (gap[1:] != gap[:-1]) | (width[1:] != width[:-1])
    first = np.flatnonzero(new)
    count = np.diff(np.append(first, gap.size))
    return _to_varints(np.stack([count, gap[first], width[first]], axis=1).ravel())


def unpack_alignment(data: bytes) -> tuple[Places, Places]:
    """(start, end) that ``pack_alignment`` packed.  Raises ValueError on bytes that are no alignment."""
    if not data:
        empty = np.zeros(0, dtype=np.int32)
        return empty, empty
    values = _from_varints(data)
    if values.size % 3:
        raise ValueError("alignment is not made of triples")
    count, gap, width = values.reshape(-1, 3).T
    if (count < 1).any() or int(count.sum()) > np.iinfo(np.int32).max:
        raise ValueError("alignment has an impossible run")
    gaps, widths = np.repeat(gap, count), np.repeat(width, count)
    end = np.cumsum(gaps + widths)
    return (end - widths).astype(np.int32), end.astype(np.int32)
