"""Cleaned texts put together, and their alignment packed for storage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flows.clean.letters import Places, search_letter
from flows.records import CleanText, Span

__all__ = ["concat", "pack_alignment", "unpack_alignment"]


def concat(parts: Sequence[tuple[CleanText, Span]], separator: str = "\n") -> CleanText:
    """One text out of stretches of cleaned texts.

    ``separator`` (one character) stands between two stretches; its raw span is empty, just behind the stretch
    before it, so that every slice still leads back to raw text.  Empty stretches are refused (ValueError).
    """
    if len(separator) != 1:
        raise ValueError(f"a separator is one character, not {separator!r}")
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
        empty = np.zeros(0, dtype=np.int32)
        return CleanText("", "", empty, empty)
    return CleanText(
        separator.join(texts),
        search_letter(separator).join(searches),
        np.concatenate(starts),
        np.concatenate(ends),
    )


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
    """Run-length code of ``start`` and ``end``: runs of (letters, gap to the letter before, width) as
    varints.

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
