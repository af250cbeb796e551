"""Pack consecutive sentences into windows of about 150 pieces, the length that labels best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

WINDOW = 150  # pieces wanted
LIMIT = 250  # pieces at most: positions of the encoder less its two marks


class Word(NamedTuple):
    """Word ``place`` of the flat article with the places of its first and last piece in the window."""

    place: int
    first: int
    last: int


class Window(NamedTuple):
    ids: list[int]
    words: list[Word]


def pack(
    pieces: Sequence[Sequence[int]], lengths: Sequence[int], *, bos: int, eos: int, window: int = WINDOW
) -> list[Window]:
    """Windows over an article.

    ``pieces[i]`` are the pieces of its i-th word, ``lengths`` the number of words of each sentence.
    Sentences stay whole unless one alone passes LIMIT; windows come out about equally long.
    """
    units: list[tuple[int, int, int]] = []  # words [start, end) and their pieces
    at = 0
    for n in lengths:
        start, size = at, 0
        for i in range(at, at + n):
            if size + len(pieces[i]) > LIMIT and i > start:
                units.append((start, i, size))
                start, size = i, 0
            size += len(pieces[i])
        if at + n > start:
            units.append((start, at + n, size))
        at += n
    total = sum(size for _, _, size in units)
    if not total:
        return []
    target = total / max(1, round(total / window))
    windows: list[Window] = []
    ids: list[int] = [bos]
    words: list[Word] = []
    done = 0
    for start, end, size in units:
        # close the window when adding this sentence leaves it further from the even share than not adding it
        if words and (len(ids) - 1 + size > LIMIT or done + size / 2 > target * (len(windows) + 1)):
            windows.append(Window([*ids, eos], words))
            ids, words = [bos], []
        for i in range(start, end):
            words.append(Word(i, len(ids), len(ids) + len(pieces[i]) - 1))
            ids.extend(pieces[i])
        done += size
    windows.append(Window([*ids, eos], words))
    return windows
