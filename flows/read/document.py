"""Bytes -> Article: decode, clean, lay out, put together, cut into sentences and tokens."""

from __future__ import annotations

import re

from flows.clean.normalize import clean, concat
from flows.clean.segment import sentences, tokenize
from flows.read.decode import decode
from flows.records import Article, Block, BlockKind, DateValue, DecodedText, RawFile, Rejection, Span

__all__ = ["read_document"]


def read_document(
    raw: RawFile, *, recurring: frozenset[str] = frozenset()
) -> tuple[DecodedText, Article] | Rejection:
    """Decode and lay out one file."""
    decoded = decode(raw)
    if isinstance(decoded, Rejection):
        return decoded
    text = clean(decoded.text)
    lines = [(m.start(), m.end()) for m in re.finditer(r"[^\n]+", text.text)]
    if not lines:
        return Rejection(raw.uri, "layout", "empty", "no text in the file", raw.sha256, len(raw.data))
    parts: list[tuple[BlockKind, Span]] = []
    first = text.text[lines[0][0] : lines[0][1]]
    titled = text.text[lines[0][1] : lines[0][1] + 2] == "\n\n" and len(first) < 200
    for i, span in enumerate(lines):
        parts.append((BlockKind.TITLE if titled and i == 0 else BlockKind.PARAGRAPH, span))
    joined = concat([(text, span) for _, span in parts])
    blocks = []
    at = 0
    for kind, (a, b) in parts:
        blocks.append(Block(kind, (at, at + b - a)))
        at += b - a + 1
    tokens = tokenize(joined.text)
    return decoded, Article(
        raw.name,
        joined,
        tuple(blocks),
        tokens,
        sentences(joined.text, tokens, blocks),
        DateValue(),
        "ar",
        1.0,
        raw.metadata.source,
        raw.metadata,
    )
