"""Words that look misspelt, and what was probably meant.  Suggestions only: no text is ever changed.

A word is suspected where it is rare in all articles together, the dictionary of hunspell-ar does not know it,
and no name stands there.  It is suggested what differs in one letter (or in two neighbours that changed
places), what the dictionary knows, and what the articles use far more often.  So the corpus itself is the
language model: a misspelling that everybody makes is common, and a common word is never suspected.

Far from the hot path: `rasd refresh --spelling`.
"""

from __future__ import annotations

import lzma
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from flows.clean.normalize import fold
from flows.errors import UserError

__all__ = ["LEAST", "Suggestion", "count_words", "dictionary", "find_suggestions", "suspects"]

WORD = re.compile("[ء-غف-ي]{2,}")
_LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىأإآؤئء"
_RARE = 2  # a suspected word stands at most this often in all articles
_SHORTEST = 5  # letters
_FREQUENT = 25  # a suggestion stands at least this often
_RATIO = 25  # and this many times as often as the word
LEAST = 0.6  # confidence of a suggestion that is worth a row
_FRONT = re.compile("^[وف]?(?:[بك]?ال|لل)")
# Pairs that are one key, one dot or one sound apart; both ways.
_PAIRS = (
    "جح جخ حخ بت بث تث بن تن ثن بي تي ني دذ رز سش صض طظ عغ فق قك كل كن نم لا لب اه هخ عه يس تا وة ىة رؤ ءئ زو"
    " ور زظ ده دج سص تط دض حه ضظ"
)
_NEAR = frozenset(map(frozenset, _PAIRS.split()))


class Suggestion(NamedTuple):
    """[start, end) in the clean text; how often both words stand in all articles."""

    start: int
    end: int
    word: str
    suggestion: str
    confidence: float
    edit: str  # substitution | transposition | insertion | deletion: what made the suggestion of the word
    word_count: int
    suggestion_count: int


def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each clean word stands in ``texts``."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(WORD.findall(text))
    return counts


@cache
def dictionary() -> Callable[[str], bool]:
    """Whether hunspell-ar knows a word.  Loads in about 2 s.

    Raises UserError where the extra is not installed.
    """
    try:
        import hunspell
    except ImportError as error:
        raise UserError("suggestions want a dictionary: uv sync --extra spelling") from error
    packed = files("flows.spelling").joinpath("dictionary")
    with tempfile.TemporaryDirectory(prefix="rasd-") as folder:  # hunspell reads files, and only at its start
        for name in ("ar.dic", "ar.aff"):
            data = lzma.decompress(packed.joinpath(f"{name}.xz").read_bytes())
            (Path(folder) / name).write_bytes(data)
        known: Callable[[str], bool] = hunspell.Hunspell("ar", hunspell_data_dir=folder).spell
        known("كتاب")
    return known


def suspects(counts: Mapping[str, int], known: Callable[[str], bool]) -> dict[str, tuple[str, str, float]]:
    """word -> (suggestion, edit, confidence) of the rare words that look misspelt."""
    by_letters = _folded_counts(counts)
    frequent = {word for word, n in counts.items() if n >= _FREQUENT}
    found = {}
    for word, n in counts.items():
        if word.startswith("لا") and counts.get(word[2:], 0) > n:
            continue  # لا and a word, written together
        # other spellings of the same letters (hamza, ta marbuta) count as the same word here
        if n > _RARE or len(word) < _SHORTEST or by_letters[fold(word)] > _RARE:
            continue
        best = _best(word, counts, frequent)
        if best is not None and not known(word) and known(best[0]):
            found[word] = best
    return found


def _folded_counts(counts: Mapping[str, int]) -> Counter[str]:
    folded: Counter[str] = Counter()
    for word, n in counts.items():
        folded[fold(word)] += n
    return folded


def _best(word: str, counts: Mapping[str, int], frequent: Collection[str]) -> tuple[str, str, float] | None:
    """The likeliest frequent neighbour of a word, or None; a second one nearly as likely costs confidence."""
    rated = sorted(
        (
            (counts[other] * weight, other, edit, weight)
            for other, edit, weight in _neighbours(word)
            if other in frequent and counts[other] >= _RATIO * counts[word] and fold(other) != fold(word)
        ),
        key=lambda item: (-item[0], item[1]),
    )
    if not rated:
        return None
    score, other, edit, weight = rated[0]
    rival = rated[1][0] if len(rated) > 1 else 0.0
    letters = len(_FRONT.sub("", word))  # the shorter a word, the more of its neighbours are words
    certain = min(1.0, 0.4 + 0.12 * (letters - 2)) if letters > 2 else 0.0
    confidence = weight * certain * (1 - 0.5 * rival / score) * (1 - 5 / (5 + counts[other]))
    return (other, edit, round(confidence, 3)) if confidence >= LEAST else None


def _neighbours(word: str) -> Iterator[tuple[str, str, float]]:
    """Words one edit away: (word, edit, how likely that edit is).

    The first letter stays, but for a doubled one: it may be a word of its own (لا صحة is not الصحة).
    """
    size = len(word)
    for i in range(1, size - 1):
        if word[i] != word[i + 1]:
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :], "transposition", 0.95
    for i in range(size):
        doubled = i + 1 < size and word[i] == word[i + 1]
        if i or doubled:
            yield word[:i] + word[i + 1 :], "deletion", 0.95 if doubled else 0.6
    for i in range(1, size):
        for letter in _LETTERS:
            if letter != word[i]:
                near = frozenset((letter, word[i])) in _NEAR
                yield word[:i] + letter + word[i + 1 :], "substitution", 0.9 if near else 0.6
    for i in range(1, size + 1):
        for letter in _LETTERS:
            yield word[:i] + letter + word[i:], "insertion", 0.8


def find_suggestions(
    text: str,
    suspected: Mapping[str, tuple[str, str, float]],
    counts: Mapping[str, int],
    names: Iterable[tuple[int, int]],
) -> list[Suggestion]:
    """Suspected words of a clean text outside the spans of its names."""
    found = []
    taken = list(names)
    for match in WORD.finditer(text):
        guess = suspected.get(match.group())
        if guess is None:
            continue
        a, b = match.span()
        if any(x < b and a < y for x, y in taken):
            continue
        suggestion, edit, confidence = guess
        found.append(
            Suggestion(
                a, b, match.group(), suggestion, confidence, edit, counts[match.group()], counts[suggestion]
            )
        )
    return found
