"""Bytes -> Article: decode, clean, lay out, put together, cut into sentences and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from flows.clean.normalize import clean, concat
from flows.clean.segment import sentences, tokenize
from flows.read import sources
from flows.read.decode import MAX_BYTES, decode
from flows.read.language import arabic_share, language
from flows.read.layout import lay_out
from flows.read.metadata import front_matter, merge, read_fields
from flows.read.rules import rules
from flows.records import Article, Block, DateValue, DecodedText, Metadata, RawFile, Rejection, Span

__all__ = ["NOTHING_LEARNED", "Learned", "read_document"]

Learned = Mapping[str, frozenset[str]]
NOTHING_LEARNED: Learned = MappingProxyType({})


def _reject(raw: RawFile, cause: str, message: str) -> Rejection:
    return Rejection(raw.uri, "layout", cause, message, raw.sha256, len(raw.data))


def read_document(
    raw: RawFile,
    *,
    learned: Learned = NOTHING_LEARNED,
    max_bytes: int = MAX_BYTES,
    folder: Path | None = None,
) -> tuple[DecodedText, Article] | Rejection:
    """One file's bytes -> its raw text and the article in it, or why there is none.

    ``learned``    source -> its folded lines that recur over many articles (boilerplate)
    ``folder``     where the sources' YAML lies; None for the package's own

    ``Article.published`` stays empty: the pipeline resolves ``Article.metadata.published``.  Where only the
    text
    says when it was published, that line is handed on there with ``extra["published_basis"] = "text"``.
    Rejections: those of decoding, and ``empty`` where nothing but boilerplate is left.
    """
    source, named = sources.find(raw.metadata, raw.uri, folder)
    decoded = decode(raw, declared=source.encoding if source else None, max_bytes=max_bytes)
    if isinstance(decoded, Rejection):
        return decoded
    metadata, skip_raw = raw.metadata, 0
    if (front := front_matter(decoded.text)) is not None:
        metadata, skip_raw = merge(raw.metadata, front[0]), front[1]
        if source is None:
            source, named = sources.find(metadata, raw.uri, folder)
    if named:
        metadata = merge(metadata, read_fields(named))
    name = source.slug if source is not None and metadata.source is None else metadata.source
    recurring = learned.get(name, frozenset()) if name is not None else frozenset()
    text = clean(decoded.text)
    skip = int(np.searchsorted(text.start, skip_raw)) if skip_raw else 0
    layout = lay_out(text, metadata, rules(source), skip=skip, recurring=recurring)
    if not layout.blocks:
        return _reject(raw, "empty", "the file holds no text beside boilerplate")
    joined = concat([(text, span) for _, span in layout.blocks])
    blocks, at = [], 0
    for kind, (a, b) in layout.blocks:
        blocks.append(Block(kind, (at, at + b - a)))
        at += b - a + 1
    boilerplate: list[Span] = [(0, skip_raw)] if skip_raw else []
    boilerplate += [text.raw_span(span) for span in layout.boilerplate]
    tokens = tokenize(joined.text)
    share = arabic_share(joined.text)
    return decoded, Article(
        id=raw.name,
        text=joined,
        blocks=tuple(blocks),
        tokens=tokens,
        sentences=sentences(joined.text, tokens, blocks),
        published=DateValue(),
        language=language(decoded.text[skip_raw:], share),
        arabic_share=round(share, 4),
        source=name,
        metadata=_complete(metadata, layout.published, layout.author, raw, source),
        boilerplate=tuple(boilerplate),
        short_lines=layout.short_lines,
    )


def _complete(
    metadata: Metadata, published: str | None, author: str | None, raw: RawFile, source: sources.Source | None
) -> Metadata:
    """Metadata with what the text itself says where nothing else does."""
    extra: dict[str, str] = {}
    if metadata.published is None and published is not None:
        metadata = replace(metadata, published=published)
        extra["published_basis"] = "text"
    elif (
        metadata.published is None
        and source is not None
        and source.published_from_mtime
        and raw.modified is not None
    ):
        from datetime import UTC, datetime

        metadata = replace(metadata, published=datetime.fromtimestamp(raw.modified, UTC).isoformat())
        extra["published_basis"] = "mtime"
    if author is not None and "author" not in metadata.extra:
        extra["author"] = author
    return replace(metadata, extra={**metadata.extra, **extra}) if extra else metadata
