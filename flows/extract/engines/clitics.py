"""How many letters of a word stand before the name that begins in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def possible_clitics(folded: str, limit: int) -> int:
    """Leading letters that could be clitics at most:

    one of و ف ب ل ك س, two for و or ف before one of ب ل ك س.
    """
    if limit < 1 or len(folded) < 3 or folded[0] not in "وفبلكس":
        return 0
    if limit >= 2 and len(folded) > 3 and folded[0] in "وف" and folded[1] in "بلكس":
        return 2
    return 1


def pick_clitic(scores: NDArray[np.float32], folded: str) -> tuple[int, float]:
    """The likeliest number of clitic letters among those that the word's letters allow, and its probability.

    ``scores[k]`` is the logit of k letters.
    """
    most = possible_clitics(folded, len(scores) - 1)
    if not most:
        return 0, 1.0
    x = scores[: most + 1]
    p = np.exp(x - x.max())
    p /= p.sum()
    k = int(p.argmax())
    return k, float(p[k])
