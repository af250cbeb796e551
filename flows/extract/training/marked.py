"""The project's own marked articles as documents that the name models learn from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from flows.clean import segment
from flows.clean.normalize import clean
from flows.extract.training.ant_names import ANT_NAMES, read_ant_names
from flows.extract.training.corpora import UNKNOWN_CLITIC, Document, Labelled
from flows.extract.training.own_news import OWN_NEWS, OwnArticle, read_own_news
from flows.records import Token


def read_marked(ant_zip: Path, *, skip: frozenset[str] = frozenset()) -> list[Document]:
    """``own_news`` and ``ant_names`` in the guide's convention; ``skip`` holds ids to leave out.

    Raises AntNamesError where the archive is not the one that was marked, FileNotFoundError without one.
    """
    articles = [*read_own_news(OWN_NEWS), *read_ant_names(ANT_NAMES, ant_zip)]
    return [document(article) for article in articles if article.id not in skip]


def document(article: OwnArticle) -> Document:
    """One marked article, tokenised as the pipeline does.

    A mention begins in the word that holds its first letter; the letters before it are its clitics.  Raises
    ValueError, naming the article, for a mention that leaves no letter in the clean text.
    """
    cleaned = clean(article.text)
    tokens = segment.tokenize(cleaned.text)
    starts = [t.start for t in tokens]
    labels = ["O"] * len(tokens)
    clitics = [UNKNOWN_CLITIC] * len(tokens)
    for raw_start, raw_end, kind in article.mentions:
        start = int(np.searchsorted(cleaned.start, raw_start))
        end = int(np.searchsorted(cleaned.start, raw_end))
        if start >= end:
            raise ValueError(f"{article.id}: nothing of mention [{raw_start}, {raw_end}) is left")
        first, last = bisect_right(starts, start) - 1, bisect_right(starts, end - 1) - 1
        labels[first : last + 1] = [f"B-{kind.value}", *[f"I-{kind.value}"] * (last - first)]
        clitics[first] = start - tokens[first].start
    return Document(article.id, tuple(_sentences(cleaned.text, tokens, labels, clitics)))


def _sentences(
    text: str, tokens: Iterable[Token], labels: list[str], clitics: list[int]
) -> Iterable[Labelled]:
    tokens = tuple(tokens)
    for s in segment.sentences(text, tokens, ()):
        if s.last > s.first:
            words = tuple(text[t.start : t.end] for t in tokens[s.first : s.last])
            yield Labelled(words, tuple(labels[s.first : s.last]), tuple(clitics[s.first : s.last]))
