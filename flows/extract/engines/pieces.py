"""Words to sub-word pieces: a pruned unigram vocabulary, one cache a process.

Punctuation is looked up without the word mark in front (it stood attached to a word where the vocabulary was
made), everything else with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from tokenizers import Tokenizer

WORD_MARK = "▁"
_MARKS = re.compile(r"[\u0640\u064B-\u065F\u0670\u06D6-\u06ED\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]")
_CACHE = 200_000  # words; about 30 MB when full
_LONGEST = 16  # pieces a word; the rest of a longer one (an address, a hash) says nothing about names


class Pieces:
    """A tokenizer with its memory of words seen."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, tuple[int, ...]] = {}

    def encode(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """Piece ids of each word, never empty."""
        known = self._known
        new = [w for w in dict.fromkeys(words) if w not in known]
        if new:
            if len(known) + len(new) > _CACHE:
                known.clear()
                new = list(dict.fromkeys(words))
            encoded = self._tokenizer.encode_batch([prepare(w) for w in new], add_special_tokens=False)
            unknown: int = self._tokenizer.token_to_id("<unk>") or 0
            for word, encoding in zip(new, encoded, strict=True):
                ids: list[int] = encoding.ids[:_LONGEST]
                known[word] = tuple(ids) if ids else (unknown,)
        return [known[w] for w in words]


def prepare(word: str) -> str:
    """What the tokenizer sees of a word: compatibility forms resolved, tatweel and diacritics gone."""
    text = _MARKS.sub("", unicodedata.normalize("NFKC", word)).replace(" ", "")
    return WORD_MARK + text if text[:1].isalnum() else text
