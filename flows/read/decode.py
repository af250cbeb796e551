"""Bytes -> raw text, decoded once; how the encoding was chosen is recorded, and faults say where they are."""

from __future__ import annotations

import codecs

from flows.records import DecodedText, Fault, RawFile, Rejection, Span

__all__ = ["byte_span", "decode", "redecode"]


def redecode(data: bytes, encoding: str) -> str:
    """The raw text again, from the same bytes and ``DecodedText.encoding``."""
    return data.decode(encoding, "surrogateescape").removeprefix("\ufeff")


def decode(raw: RawFile) -> DecodedText | Rejection:
    """The raw layer of a file, or why it has none."""
    data = raw.data
    if not data:
        return Rejection(raw.uri, "decode", "empty", "the file is empty", raw.sha256, 0)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1256", "replace")
        return DecodedText(text, "cp1256", 0.5, "statistics", ())
    return DecodedText(text.removeprefix("\ufeff"), "utf-8", 1.0, "utf-8", ())
