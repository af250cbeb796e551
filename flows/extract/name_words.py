"""An article's words as the name rules want them: folded, with sentence numbers and punctuation marked."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from flows.records import Article, Span, TokenKind

# One-letter words that may be written onto the next word, outermost first: conjunction, then preposition.
CONJUNCTIONS = "وف"
PREPOSITIONS = "بلك"


@dataclass(slots=True)
class Words:
    """Token-parallel lists; ``text`` is the search layer, ``break_before[i]`` tells that a name cannot run on
    from token i - 1 into token i."""

    article: Article
    start: list[int]
    end: list[int]
    text: list[str]
    is_word: list[bool]
    sentence: list[int]
    break_before: list[bool]

    def __len__(self) -> int:
        return len(self.start)

    def at(self, position: int) -> int:
        """Index of the token that holds or follows the character ``position``."""
        i = bisect_right(self.start, position) - 1
        return i if i >= 0 and position < self.end[i] else i + 1

    def span(self, first: int, last: int, clitic: int = 0) -> Span:
        """Characters of tokens first..last, the first ``clitic`` letters left out."""
        return self.start[first] + clitic, self.end[last]

    def between(self, first: int, last: int) -> str:
        return self.article.text.search[self.start[first] : self.end[last]]


def words_of(article: Article) -> Words:
    search = article.text.search
    tokens = article.tokens
    start = [t.start for t in tokens]
    end = [t.end for t in tokens]
    text = [search[a:b] for a, b in zip(start, end, strict=True)]
    is_word = [t.kind is TokenKind.WORD for t in tokens]
    sentence = [0] * len(tokens)
    break_before = [False] * len(tokens)
    for number, s in enumerate(article.sentences):
        for i in range(s.first, s.last):
            sentence[i] = number
        if s.first < len(tokens):
            break_before[s.first] = True
    for i in range(1, len(tokens)):
        if not is_word[i] or not is_word[i - 1] or "\n" in search[end[i - 1] : start[i]]:
            break_before[i] = True
    return Words(article, start, end, text, is_word, sentence, break_before)


@lru_cache(maxsize=1 << 16)
def clitic_lengths(word: str) -> tuple[int, ...]:
    """How many leading letters of a folded word may be clitics, nothing first.

    >>> clitic_lengths("وبالرباط")
    (0, 1, 2)
    """
    if len(word) < 3:
        return (0,)
    first = word[0]
    if first in CONJUNCTIONS:
        return (0, 1, 2) if len(word) > 3 and word[1] in PREPOSITIONS else (0, 1)
    return (0, 1) if first in PREPOSITIONS else (0,)


@lru_cache(maxsize=1 << 16)
def without_clitics(word: str) -> tuple[tuple[int, str], ...]:
    """(letters left out, rest) of every reading of a folded word; لل gives the article back.

    >>> without_clitics("وللامن")
    ((0, 'وللامن'), (1, 'للامن'), (2, 'الامن'))
    """
    readings: list[tuple[int, str]] = []
    for n in clitic_lengths(word):
        rest = word[n:]
        if n and rest.startswith("ل") and word[n - 1] == "ل":
            readings.append((n, "ا" + rest))
            readings.append((n, "ال" + rest))
        readings.append((n, rest))
    return tuple(readings)
