"""From label scores to the best sequence that IOB2 allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_FORBIDDEN = np.float32(-1e4)


def transitions(labels: Sequence[str]) -> tuple[Floats, Floats]:
    """Penalties: (labels, labels) from row to column, and (labels,) for the first word of a sentence.

    I-X may only follow B-X or I-X.
    """
    n = len(labels)
    step = np.zeros((n, n), np.float32)
    start = np.zeros(n, np.float32)
    for j, after in enumerate(labels):
        if after.startswith("I-"):
            start[j] = _FORBIDDEN
            for i, before in enumerate(labels):
                if before not in (f"B-{after[2:]}", after):
                    step[i, j] = _FORBIDDEN
    return step, start


def best_paths(scores: Floats, lengths: Sequence[int], step: Floats, start: Floats) -> NDArray[np.int64]:
    """Viterbi over all sentences of an article at once.

    ``scores``: (words, labels) log-probabilities of the sentences one after another; ``lengths`` their
    numbers of words, with sum ``words``.  Returns the label of each word, shape (words,).
    """
    total, n = scores.shape
    best: NDArray[np.int64] = scores.argmax(axis=1).astype(np.int64)
    if not total:
        return best
    lengths_ = np.asarray([k for k in lengths if k], np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths_)[:-1]])
    # most sentences are right as they are: only the others need the search
    cost = start[best[starts]]
    broken = step[best[:-1], best[1:]] < 0
    broken_at = np.zeros(total, np.bool_)
    broken_at[1:] = broken
    broken_at[starts] = cost < 0
    bad = np.flatnonzero(np.logical_or.reduceat(broken_at, starts))
    if not len(bad):
        return best
    longest = int(lengths_[bad].max())
    grid = np.zeros((len(bad), longest, n), np.float32)
    for row, k in enumerate(bad):
        grid[row, : lengths_[k]] = scores[starts[k] : starts[k] + lengths_[k]]
    back = np.zeros((len(bad), longest, n), np.int64)
    value = grid[:, 0] + start
    finals = np.zeros(len(bad), np.int64)
    ends = lengths_[bad] - 1
    finals[ends == 0] = value[ends == 0].argmax(axis=1)
    for t in range(1, longest):
        options = value[:, :, None] + step[None]
        back[:, t] = options.argmax(axis=1)
        value = options.max(axis=1) + grid[:, t]
        done = ends == t
        finals[done] = value[done].argmax(axis=1)
    for row, k in enumerate(bad):
        label = int(finals[row])
        for t in range(int(ends[row]), -1, -1):
            best[starts[k] + t] = label
            label = int(back[row, t, label])
    return best
