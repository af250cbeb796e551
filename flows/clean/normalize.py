"""Raw text -> clean and search layers of equal length, with the way back to raw.

Every code point of the Basic Multilingual Plane has an entry in three tables (flows/clean/letters.py):
what becomes of it (kept, dropped, blank, ...), its clean letter, its search letter.  A text is a handful of
numpy look-ups; the rare cases that need a neighbour (composition, ligatures, final Farsi yeh, elongation, a
tatweel that stands for a dash) are looked at only in texts that have them.

clean   NFC; presentation forms and ligatures written out with their hamza; tatweel, diacritics, Quranic
        marks, bidi and zero-width marks, controls, lone surrogates gone; Persian and Urdu letters as the ones
        they stand for (those of sounds that Arabic lacks stay: ڤ گ پ چ); letters drawn out (رااااائع) written
        once; every run of blanks one space, none at a line's edge; line ends one ``\\n``.
search  one spelling for all variants, letter by letter, so that positions agree with clean.

Both are idempotent: ``clean(clean(x).text).text == clean(x).text``, and the same for ``fold``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.clean.align import concat, pack_alignment, unpack_alignment
from flows.clean.letters import (
    BLANK,
    COMPOSE,
    DROP,
    EXPAND,
    KEEP,
    MARK,
    NEWLINE,
    RETURN,
    SIZE,
    TATWEEL,
    YEH,
    Codes,
    Places,
    astral,
    astral_search,
    decode,
    encode,
    is_arabic_mark,
    mapped,
    search_letter,
    tables,
)
from flows.records import CleanText

__all__ = ["clean", "clean_string", "concat", "fold", "pack_alignment", "search_of", "unpack_alignment"]

_CHUNK = 1 << 15  # code points worked on at a time, so that the arrays stay in the processor's cache
_ALEF, _LAM = ord("ا"), ord("ل")
_SPACE, _BREAK, _HYPHEN = 0x20, 0x0A, 0x2D

# ------------------------------------------------------------------------------------------ one text


def _search_codes(codes: Codes) -> Codes:
    """Search letters of clean letters, same shape."""
    table = tables().search
    if codes.size and int(codes.max()) >= SIZE:
        out = table[np.minimum(codes, SIZE - 1)]
        for place in np.flatnonzero(codes >= SIZE):
            out[place] = astral_search(int(codes[place]))
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
    table = tables()
    text = decode(piece.codes)
    strings: list[str] = []
    at = 0
    for a, b, new in edits:
        strings += (text[at:a], new)
        at = b
    strings.append(text[at:])
    codes = encode("".join(strings)).copy()  # a later step writes into it
    first = np.array([a for a, _, _ in edits])
    behind = np.array([b for _, b, _ in edits])
    size = piece.codes.size
    # how many new letters each old one stands for: none inside a stretch, all of them at its start
    inside = np.zeros(size + 1, dtype=np.int64)
    inside[first] += 1
    np.subtract.at(inside, behind, 1)
    count = 1 - np.cumsum(inside)[:-1]
    count[first] = [len(new) for _, _, new in edits]
    edited = np.zeros(size, dtype=bool)
    edited[first] = True
    end = piece.end.copy()
    end[first] = piece.end[behind - 1]
    old = np.repeat(np.arange(size), count)
    kind = piece.kind[old]
    fresh = edited[old]
    low = codes[fresh]
    kind[fresh] = np.where(low < SIZE, table.kind[np.minimum(low, SIZE - 1)] & ~np.uint8(EXPAND), KEEP)
    return _Piece(codes, kind, piece.start[old], end[old])


def _expand(piece: _Piece) -> _Piece:
    """Ligatures written out."""
    table = tables().expand
    edits = []
    for place in np.flatnonzero(piece.kind & EXPAND).tolist():
        code = int(piece.codes[place])
        edits.append((place, place + 1, table[code] if code < SIZE else astral(code)[1]))
    return _splice(piece, edits)


def _left_over(char: str) -> bool:
    """A combining mark that found no letter to unite with."""
    return "\u0653" <= char <= "\u0655" or "\u0300" <= char <= "\u036f" or is_arabic_mark(ord(char))


def _compose(piece: _Piece) -> _Piece:
    """Letters and their combining marks united (NFC); Arabic and Latin marks left over are dropped."""
    text = decode(piece.codes)
    edits: list[tuple[int, int, str]] = []
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


def _dashes(kind: NDArray[np.uint8], codes: NDArray[Any]) -> tuple[NDArray[np.uint8], NDArray[Any]]:
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
    marks = np.flatnonzero(kind & (MARK & ~DROP))
    new = np.ones(marks.size + 1, dtype=bool)
    np.not_equal(marks[1:], marks[:-1] + 1, out=new[1:-1])
    first, behind = marks[new[:-1]], marks[new[1:]] + 1
    place = np.searchsorted(kept, first) - 1  # the last letter before the marks, if it stands next to them
    there = place >= 0
    place, first, behind = place[there], first[there], behind[there]
    right = (kept[place] == first - 1) & ((kind[kept[place]] & (BLANK | NEWLINE)) == 0)
    end[place[right]] = behind[right]


def _superfluous(white: NDArray[np.intp], blank: NDArray[np.bool_], size: int) -> NDArray[np.bool_] | None:
    """Which of the white letters go: one space stays of every run of blanks, none beside a line end or at an
    edge.  ``white`` are their places among ``size`` letters, ``blank`` tells blanks from line ends."""
    follows = np.zeros(white.size, dtype=bool)
    np.equal(white[1:], white[:-1] + 1, out=follows[1:])
    at_start, at_end = white[0] == 0, white[-1] == size - 1
    at_edge = (at_start and blank[0]) or (at_end and blank[-1])
    if not at_edge and not (follows[1:] & (blank[1:] | blank[:-1])).any():
        return None
    run = np.cumsum(~follows) - 1
    bare = np.bincount(run[~blank], minlength=int(run[-1]) + 1) == 0  # runs without a line end
    if at_start:
        bare[0] = False
    if at_end:
        bare[-1] = False
    gone: NDArray[np.bool_] = blank & ~(bare[run] & ~follows)
    return gone


def _fold_blanks(piece: _Piece) -> _Piece:
    white = np.flatnonzero(piece.kind & (BLANK | NEWLINE))
    if not white.size:
        return piece
    gone = _superfluous(white, piece.codes[white] == _SPACE, piece.codes.size)
    if gone is None:
        return piece
    mask = np.ones(piece.codes.size, dtype=bool)
    mask[white[gone]] = False
    return piece.take(mask)


def _is_arabic_letter(code: int) -> bool:
    return (0x620 <= code <= 0x6FF or 0x750 <= code <= 0x77F or 0x870 <= code <= 0x8C9) and chr(
        code
    ).isalpha()


def _farsi_yeh(piece: _Piece) -> None:
    """ی is ى at a word's end and ي elsewhere."""
    places = np.flatnonzero(piece.kind & YEH)
    places = places[piece.codes[places] == ord("ي")]
    after = np.zeros(places.size, dtype=np.uint32)
    inside = places + 1 < piece.codes.size
    after[inside] = piece.codes[places[inside] + 1]
    letter = np.fromiter((_is_arabic_letter(c) for c in after.tolist()), dtype=bool, count=after.size)
    piece.codes[places[~letter]] = ord("ى")


def _drawn_out(search: NDArray[Any], end: Places) -> NDArray[np.bool_] | None:
    """Mask of the letters to keep where a letter is drawn out: three alefs, or four of another Arabic letter,
    stand for one (four lams for two, الله).  None where nothing is drawn out.  The raw span
    of the letter that stays comes to take in the others."""
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
            stay = first + (2 if letter == _LAM else 1)
            mask[stay : first + letters] = False
            end[stay - 1] = end[first + letters - 1]
    return None if mask.all() else mask


class _Cleaned(NamedTuple):
    text: str
    search: str
    start: Places
    end: Places


def _settle(
    kind: NDArray[np.uint8], codes: NDArray[Any], letters: NDArray[Any]
) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Carriage returns and tatweels take the kind, and the letter, that their neighbours give them."""
    if (kind == RETURN).any():
        followed = np.zeros(kind.size, dtype=bool)
        followed[:-1] = codes[1:] == _BREAK
        kind[(kind == RETURN) & followed] = DROP
        kind[kind == RETURN] = NEWLINE
    if (kind == TATWEEL).any():
        kind, letters = _dashes(kind, letters)
    return kind, letters


def _clean_plain(text: str) -> _Cleaned | None:
    """The way of nearly all text: no code point beyond 16 bits and none that unites with a neighbour.  None
    where there is one."""
    table = tables()
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype=np.uint16)
    codes = units.astype(np.intp)  # what numpy indexes with; converting once is cheaper than at every look-up
    kind = table.kind.take(codes, mode="clip")
    has = int(np.bitwise_or.reduce(kind))
    if has & (YEH | COMPOSE | EXPAND) or (has & DROP and units.size != len(text)):
        return None
    if has & 128:
        kind, codes = _settle(kind, codes, codes)
        has |= DROP  # a carriage return before \\n goes
    keep = (kind & DROP) == 0
    white = np.flatnonzero(kind & (BLANK | NEWLINE))
    if white.size:
        place, size = white, codes.size
        if has & DROP:
            dropped = np.flatnonzero(~keep)
            place, size = white - np.searchsorted(dropped, white), codes.size - dropped.size
        gone = _superfluous(place, (kind[white] & BLANK) > 0, size)
        if gone is not None:
            keep[white[gone]] = False
    kept = np.flatnonzero(keep)
    if kept.size < codes.size:
        codes = codes.take(kept)
    start = kept.astype(np.int32)
    end = start + np.int32(1)
    if has & (MARK & ~DROP):
        _spread_ends(kind, kept, end)
    both = table.both.take(codes, mode="clip").view(np.uint16)
    letters, search = both[0::2].copy(), both[1::2].copy()
    if (mask := _drawn_out(search, end)) is not None:
        letters, search, start, end = letters[mask], search[mask], start[mask], end[mask]
    return _Cleaned(str(letters.data, "utf-16-le"), str(search.data, "utf-16-le"), start, end)


def _clean_any(text: str) -> _Cleaned:
    """Any text: ligatures, combining marks, Farsi yeh, code points beyond 16 bits."""
    table = tables()
    codes = encode(text)
    low = np.minimum(codes, SIZE - 1)
    kind, letters = table.kind[low], table.clean[low]
    for place in np.flatnonzero(codes >= SIZE).tolist():
        what, plain = astral(int(codes[place]))
        kind[place] = what
        letters[place] = ord(plain) if len(plain) == 1 else codes[place]
    kind, letters = _settle(kind, codes, letters)
    kept = np.flatnonzero((kind & DROP) == 0)
    start = kept.astype(np.int32)
    end = start + np.int32(1)
    _spread_ends(kind, kept, end)
    piece = _Piece(letters[kept], kind[kept], start, end)
    if (piece.kind & EXPAND).any():
        piece = _expand(piece)
    if (piece.kind & COMPOSE).any():
        piece = _compose(piece)
    piece = _fold_blanks(piece)
    if (piece.kind & YEH).any():
        _farsi_yeh(piece)
    search = _search_codes(piece.codes)
    if (mask := _drawn_out(search, piece.end)) is not None:
        piece, search = piece.take(mask), search[mask]
    return _Cleaned(decode(piece.codes), decode(search), piece.start, piece.end)


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
    if len(text) <= _CHUNK:
        return CleanText(*(_clean_plain(text) or _clean_any(text)))
    starts, ends, parts = [], [], []
    for a, b in _chunks(text):
        part = _clean_plain(text[a:b]) or _clean_any(text[a:b])
        np.add(part.start, a, out=part.start)
        np.add(part.end, a, out=part.end)
        parts.append(part)
        starts.append(part.start)
        ends.append(part.end)
    return CleanText(
        "".join([part.text for part in parts]),
        "".join([part.search for part in parts]),
        np.concatenate(starts),
        np.concatenate(ends),
    )


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
        what, plain = mapped(code)
        to_clean[code] = None if what & DROP else plain
        to_search[code] = None if what & DROP else search_letter(plain)
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
        to_clean, to_search = _translations()
        if not _DRAWN_OUT.search(text.translate(to_search)):
            return text.translate(to_clean)
    return clean(text).text


def search_of(clean_text: str) -> str:
    """The search layer of text that is clean already: letter by letter, same length."""
    return decode(_search_codes(encode(clean_text)))
