"""Bytes -> raw text, decoded once; how the encoding was chosen is recorded, and faults say where they are.

The raw text has one code point for every code point of the file, without the byte-order mark.  What cannot
stand in a text (an invalid byte, a lone surrogate, NUL) is one U+FFFD each, so positions lead back to bytes.
``DecodedText.encoding`` is a Python codec name, or ``utf-8 < CODEC`` where UTF-8 had been read as CODEC and
saved as UTF-8 again (mojibake); ``redecode`` understands both.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from flows.records import DecodedText, Fault, RawFile, Rejection, Span

__all__ = ["MAX_BYTES", "byte_span", "decode", "redecode"]

MAX_BYTES = 20_000_000  # a news article has some kilobytes; more is a dump that wants splitting
_MAX_FAULTS = 200
_REPLACEMENT = "\ufffd"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)
_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstandard data"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"SQLite format 3", "a database"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"{\\rtf", "an RTF document"),
)
_SINGLE = ("cp1256", "iso8859-6", "mac_arabic")
# UTF-8 read in these and saved again
_MOJIBAKE = ("cp1252", "cp1256", "latin-1")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]+")
_UNFIT = re.compile("[\x00\ud800-\udfff]+")
_UNFIT_OR_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")

# Relative frequency of letters in Arabic news, per thousand (rounded; a fact about the language).
_FREQUENCY = {
    "ا": 165, "ل": 124, "ي": 75, "م": 61, "ن": 58, "و": 57, "ت": 48, "ر": 47, "ب": 36, "ع": 33, "ة": 30,
    "د": 30, "س": 27, "ف": 26, "ه": 25, "أ": 22, "ك": 20, "ق": 20, "ح": 20, "إ": 12, "ج": 13, "ش": 11,
    "ص": 10, "ى": 9, "خ": 9, "ط": 10, "ذ": 6, "ض": 7, "ز": 6, "ئ": 5, "ث": 6, "غ": 5, "ء": 4, "ظ": 2,
    "آ": 1, "ؤ": 1, "ـ": 2, "،": 12, "؛": 1, "؟": 1, "«": 3, "»": 3, "\xa0": 4, "“": 2, "”": 2, "–": 2,
    "…": 1, "‘": 1, "’": 1, "٪": 1,
}  # fmt: skip
_FLOOR = math.log(0.02 / 1000)


# ---------------------------------------------------------------------------------- lossless decoding


def _bare(encoding: str, data: bytes) -> tuple[str, int]:
    """(codec without byte-order mark, length of the mark) of a recorded encoding."""
    for sign, name, bare in _BOMS:
        if name == encoding and data.startswith(sign):
            return bare, len(sign)
    return encoding, 0


def _width(codec: str) -> int:
    return 4 if codec.startswith("utf-32") else 2 if codec.startswith("utf-16") else 1


def _escape(data: bytes, codec: str) -> str:
    """Decode so that ``_unescape`` gives the bytes back: what is invalid becomes lone surrogates."""
    if codec == "utf-8":
        return data.decode(codec, "surrogateescape")
    width = _width(codec)
    if width == 1:
        return data.decode(codec, "surrogateescape")
    whole = len(data) - len(data) % width
    if width == 4:
        return "".join(_escape_utf32(data[:whole], codec))
    return data[:whole].decode(codec, "surrogatepass")


def _escape_utf32(data: bytes, codec: str) -> Iterator[str]:
    """Four bytes a code point; numbers beyond Unicode become U+DFFF."""
    try:
        yield data.decode(codec, "surrogatepass")
    except UnicodeDecodeError:
        little = codec.endswith("le")
        for at in range(0, len(data), 4):
            code = int.from_bytes(data[at : at + 4], "little" if little else "big")
            yield chr(code) if code < 0x110000 else "\udfff"


def _byte_length(text: str, codec: str) -> int:
    """Bytes behind an escaped text."""
    width = _width(codec)
    if width == 4:
        return 4 * len(text)
    if width == 2:
        return len(text.encode(codec, "surrogatepass"))
    return len(text.encode("utf-8", "surrogateescape")) if codec == "utf-8" else len(text)


def _presentable(escaped: str) -> str:
    if _UNFIT.search(escaped) is None:
        return escaped
    return _UNFIT.sub(lambda m: _REPLACEMENT * len(m.group()), escaped)


# ------------------------------------------------------------------------------------------- mojibake


class _Line(NamedTuple):
    """One line of text saved twice, and of the text that it was."""

    broken: str
    fixed: str | None  # None where the line is sound


@cache
def _sloppy_table(codec: str) -> dict[str, int]:
    """Letter -> byte; bytes that the codec leaves undefined stand for themselves, as browsers have it."""
    table = {}
    for byte in range(256):
        try:
            table[bytes([byte]).decode(codec)] = byte
        except UnicodeDecodeError:
            table[chr(byte)] = byte
    return table


def _undo(line: str, codec: str) -> str | None:
    """The line that was read as ``codec``, or None where it is not UTF-8 read as ``codec``."""
    table = _sloppy_table(codec)
    try:
        return bytes([table[c] for c in line]).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return None


def _looks_broken(text: str) -> bool:
    """Ø and Ù, or ط and ظ, are the lead bytes of Arabic in UTF-8: every second letter then is one of them."""
    latin = text.count("Ø") + text.count("Ù")
    arabic = text.count("ط") + text.count("ظ")
    other = text.count("â€") + text.count("Ã©") + text.count("Â")
    size = len(text)
    return latin * 12 > size or latin > 20 or arabic * 5 > size or other > 3


def _worth(text: str) -> float:
    """Mean log-frequency of the non-ASCII letters, higher is more Arabic; 0 where there are none."""
    counts = {c: text.count(c) for c in set(text) if c > "\x7f"}
    total = sum(counts.values())
    if not total:
        return 0.0
    scores = _scores()
    return sum(n * scores.get(c, _FLOOR) for c, n in counts.items()) / total


@cache
def _scores() -> dict[str, float]:
    scores = {c: math.log(n / 1000) for c, n in _FREQUENCY.items()}
    scores.update({c: math.log(0.5 / 1000) for c in "ًٌٍَُِّْ٠١٢٣٤٥٦٧٨٩éèçàêôîâûÉ—„•"})
    return scores


def _mojibake_lines(text: str, codec: str) -> Iterator[_Line]:
    for line in text.splitlines(keepends=True):
        if line.isascii():
            yield _Line(line, None)
            continue
        fixed = _undo(line, codec)
        # a sound line seldom decodes twice; where it does, the more plausible reading wins
        yield _Line(line, fixed if fixed is not None and _worth(fixed) > _worth(line) else None)


def _repair(text: str, codec: str) -> str:
    return "".join(line.broken if line.fixed is None else line.fixed for line in _mojibake_lines(text, codec))


def _repairable(text: str) -> str | None:
    """The codec that UTF-8 was wrongly read in, or None."""
    if not _looks_broken(text):
        return None
    best, best_lines = None, 0
    for codec in _MOJIBAKE:
        lines = sum(len(line.broken) for line in _mojibake_lines(text, codec) if line.fixed is not None)
        if lines > best_lines:
            best, best_lines = codec, lines
    return best


# ---------------------------------------------------------------------------------------- the way back


def redecode(data: bytes, encoding: str) -> str:
    """The raw text again, from the file's bytes and the recorded ``encoding``.

    Raises LookupError for an unknown codec.
    """
    outer, _, inner = encoding.partition(" < ")
    codec, skip = _bare(outer, data)
    text = _presentable(_escape(data[skip:], codec))
    return _repair(text, inner) if inner else text


def byte_span(data: bytes, decoded: DecodedText, span: Span) -> Span:
    """Raw [start, end) in code points -> [start, end) in bytes of the file.

    Raises ValueError where the span lies outside the text.
    """
    a, b = span
    if not 0 <= a <= b <= len(decoded.text):
        raise ValueError(f"span {span} outside a text of {len(decoded.text)} characters")
    outer, _, inner = decoded.encoding.partition(" < ")
    codec, skip = _bare(outer, data)
    escaped = _escape(data[skip:], codec)
    if inner:
        a, b = _broken_place(_presentable(escaped), inner, a), _broken_place(_presentable(escaped), inner, b)
    start = skip + _byte_length(escaped[:a], codec)
    return start, start + _byte_length(escaped[a:b], codec)


def _broken_place(text: str, codec: str, place: int) -> int:
    """Position in the repaired text -> position in the text as it was saved."""
    at = 0
    for line in _mojibake_lines(text, codec):
        size = len(line.broken if line.fixed is None else line.fixed)
        if place <= size:
            # every byte of the sound line's UTF-8 stands as one letter in the broken one
            return at + (place if line.fixed is None else len(line.fixed[:place].encode("utf-8")))
        place -= size
        at += len(line.broken)
    return at


# -------------------------------------------------------------------------------------------- choosing


def _without_mark(data: bytes) -> tuple[str, float] | None:
    """UTF-16 and UTF-32 without a mark: the high byte of every unit is 06 (Arabic), 00 (ASCII) or 20."""
    head = data[:4096]
    if len(head) < 8:
        return None
    size = len(head)

    def share(step: int, offset: int, values: bytes) -> float:
        column = head[offset::step]
        return sum(column.count(value) for value in values) / max(1, len(column))

    if head.count(0) > size * 0.4:
        for codec, high in (("utf-32-le", (2, 3)), ("utf-32-be", (0, 1))):
            if all(share(4, offset, b"\0") > 0.95 for offset in high):
                return codec, 0.95
    for codec, high_at in (("utf-16-le", 1), ("utf-16-be", 0)):
        upper, lower = share(2, high_at, b"\x06\x00\x20\xfe"), share(2, 1 - high_at, b"\x06\x00\x20\xfe")
        if upper > 0.9 and lower < 0.6 and share(2, high_at, b"\x06\x00") > 0.8:
            return codec, round(min(0.99, upper), 2)
    return None


def _control_share(text: str) -> float:
    return sum(len(m.group()) for m in _CONTROL.finditer(text)) / max(1, len(text))


def _utf8_faults(data: bytes) -> tuple[str, int, int] | None:
    """(escaped text, invalid bytes, sequences of several bytes) where UTF-8 is still the best reading."""
    escaped = data.decode("utf-8", "surrogateescape")
    invalid = sum(len(m.group()) for m in re.finditer("[\udc80-\udcff]+", escaped))
    valid = sum(1 for c in escaped if "\x7f" < c < "\udc80" or c > "\udcff")
    return (escaped, invalid, valid) if valid > 4 * invalid or (invalid <= 4 and valid >= 8) else None


def _single_byte(data: bytes) -> tuple[str, float] | None:
    """(codec, confidence) of the most plausible Arabic single-byte encoding, or None."""
    sample = data[:65536]
    rated: list[tuple[float, int, str]] = []
    for codec in _SINGLE:
        try:
            text = sample.decode(codec)
        except UnicodeDecodeError:
            continue
        rated.append((_worth(text), -_SINGLE.index(codec), codec))
    if not rated:
        return None
    rated.sort(reverse=True)
    first = rated[0][0]
    # Arabic prose lies near -3.2, noise below -6
    confidence = 1 / (1 + math.exp(-3 * (first + 5)))
    if len(rated) > 1:
        confidence *= 1 - 0.3 * math.exp(-4 * abs(first - rated[1][0]))
    return (rated[0][2], round(confidence, 3)) if confidence > 0.5 else None


def _by_statistics(data: bytes) -> tuple[str, float] | None:
    """charset-normalizer's opinion, for bytes that are no Arabic encoding we score ourselves."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[:65536], threshold=0.25).best()
    if best is None or best.encoding == "utf_7":
        return None
    try:
        codecs.lookup(best.encoding)
        text = data.decode(best.encoding, "surrogateescape")
    except (LookupError, UnicodeDecodeError):
        return None
    if len(text) != len(data) and best.encoding not in ("utf_8", "ascii"):
        return None  # only encodings whose positions lead back to bytes
    return best.encoding, round(max(0.0, 1 - best.chaos), 3)


def _faults(escaped: str, codec: str, skip: int, size: int) -> tuple[Fault, ...]:
    """What is wrong in the text, by byte; neighbours of one kind together, at most _MAX_FAULTS."""
    faults: list[Fault] = []
    at_text, at_byte = 0, skip
    for match in _UNFIT_OR_CONTROL.finditer(escaped):
        char = match.group()
        at_byte += _byte_length(escaped[at_text : match.start()], codec)
        length = _byte_length(char, codec)
        at_text = match.end()
        if char == "\0":
            kind = "nul"
        elif char >= "\ud800":
            kind = "invalid_bytes" if codec == "utf-8" or _width(codec) == 1 else "lone_surrogate"
        else:
            kind = "control"
        last = faults[-1] if faults else None
        if last and last.kind == kind and last.offset + last.length == at_byte:
            faults[-1] = Fault(kind, last.offset, last.length + length)
        elif len(faults) < _MAX_FAULTS:
            faults.append(Fault(kind, at_byte, length))
        else:
            faults.append(
                Fault("more", at_byte, size - at_byte, f"only the first {_MAX_FAULTS} faults are listed")
            )
            break
        at_byte += length
    if codec == "utf-8":
        faults = [_named(fault, escaped, size) for fault in faults]
    if rest := (size - skip) % _width(codec):
        faults.append(Fault("truncated", size - rest, rest, "the last character is cut off"))
    return tuple(faults)


def _named(fault: Fault, escaped: str, size: int) -> Fault:
    """Give invalid bytes their reason where it can be seen: a surrogate in UTF-8, a character cut off."""
    if fault.kind != "invalid_bytes":
        return fault
    if fault.offset + fault.length == size and fault.length <= 3 and escaped[-fault.length] >= "\udcc2":
        return Fault("truncated", fault.offset, fault.length, "the file ends inside a character")
    if fault.length % 3 == 0:
        tail = escaped.encode("utf-8", "surrogateescape")[fault.offset : fault.offset + 2]
        if len(tail) == 2 and tail[0] == 0xED and tail[1] >= 0xA0:
            return Fault("lone_surrogate", fault.offset, fault.length)
    return fault


def _reject(raw: RawFile, cause: str, message: str) -> Rejection:
    return Rejection(raw.uri, "decode", cause, message, raw.sha256, len(raw.data))


def _finish(raw: RawFile, encoding: str, confidence: float, basis: str) -> DecodedText | Rejection:
    codec, skip = _bare(encoding, raw.data)
    escaped = _escape(raw.data[skip:], codec)
    faults: tuple[Fault, ...] = ()
    if _UNFIT_OR_CONTROL.search(escaped) or (len(raw.data) - skip) % _width(codec):
        if _control_share(escaped) > 0.3:
            return _reject(raw, "binary", "the file holds control bytes, not text")
        # positions are those of the file, a mark at its start included
        faults = _faults(escaped, codec, skip, len(raw.data))
    text = _presentable(escaped)
    if not text or text.isspace():
        return _reject(raw, "empty", "the file holds nothing but blanks")
    if codec == "utf-8" and (wrong := _repairable(text)) is not None:
        note = f"UTF-8 had been read as {wrong} and saved again; undone"
        return DecodedText(
            _repair(text, wrong),
            f"{encoding} < {wrong}",
            0.95,
            "mojibake",
            (*faults, Fault("mojibake", 0, len(raw.data), note)),
        )
    return DecodedText(text, encoding, confidence, basis, faults)


def decode(
    raw: RawFile, *, declared: str | None = None, max_bytes: int = MAX_BYTES
) -> DecodedText | Rejection:
    """The raw layer of a file, or why it has none.

    The order of evidence: byte-order mark, ``declared`` (the source's YAML, where the bytes allow it), valid
    UTF-8, UTF-16 and UTF-32 without a mark, UTF-8 with a few faults, Arabic single-byte encodings by letter
    frequency, charset-normalizer.  Causes: empty, too_large, binary, undecodable.
    """
    data = raw.data
    if not data:
        return _reject(raw, "empty", "the file is empty")
    if len(data) > max_bytes:
        message = f"{len(data):,} bytes are no news article; the limit is {max_bytes:,}"
        return _reject(raw, "too_large", message)
    for mark, name, _ in _BOMS:
        if data.startswith(mark) and (name != "utf-32" or len(data) % 4 == 0):
            return _finish(raw, name, 1.0, "bom")
    for magic, what in _MAGIC:
        if data.startswith(magic):
            return _reject(raw, "binary", f"the file is {what}, not text")
    if declared:
        try:
            data.decode(declared)
        except LookupError:
            return _reject(raw, "undecodable", f"no such encoding: {declared}")
        except UnicodeDecodeError:
            pass  # the declaration is wrong; evidence decides
        else:
            return _finish(raw, codecs.lookup(declared).name, 1.0, "declared")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is not None and _UNFIT_OR_CONTROL.search(text) is None:
        # the way of nearly all files
        if not _looks_broken(text) and not text.isspace():
            return DecodedText(text, "utf-8", 1.0, "utf-8")
        return _finish(raw, "utf-8", 1.0, "utf-8")
    if (wide := _without_mark(data)) is not None:
        return _finish(raw, wide[0], wide[1], "statistics")
    if text is not None:
        return _finish(raw, "utf-8", 1.0, "utf-8")
    if (partial := _utf8_faults(data)) is not None:
        _, invalid, valid = partial
        return _finish(raw, "utf-8", round(valid / (valid + invalid), 3), "utf-8")
    if _control_share(data[:65536].decode("latin-1")) > 0.02:
        return _reject(raw, "binary", "the bytes are no text in any known encoding")
    choice = _single_byte(data) or _by_statistics(data)
    if choice is None:
        return _reject(raw, "undecodable", "no encoding makes Arabic or any other text of the bytes")
    return _finish(raw, choice[0], choice[1], "statistics")
