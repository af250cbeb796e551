"""How many letters of a word stand before the name that begins in it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flows.extract.engines.features import rest_after_clitic

_LISTED_KINDS = frozenset(["PERSON", "LOCATION", "PER", "LOC"])
_DOUBT = 0.85  # below this probability the lists may add clitics, not only take them back


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


@lru_cache(maxsize=50_000)
def listed(folded: str) -> bool:
    """Whether a word alone is in the project's lists of places and personal names."""
    from flows.extract.gazetteer import gazetteer
    from flows.extract.name_lexicon import name_units

    return folded in gazetteer().by_name or folded in name_units()


def settle_clitic(choice: tuple[int, float], folded: str, label: str) -> tuple[int, float]:
    """A clitic choice after a look into the lists: بنزرت is whole because نزرت is no name.

    Only for persons and places; organisations begin with ordinary words, of which the lists know nothing.
    """
    length, sure = choice
    if label[2:] not in _LISTED_KINDS:
        return choice
    if length and listed(folded) and not listed(rest_after_clitic(folded, length)):
        return 0, max(0.5, 1.0 - sure)
    if (
        not length
        and label[2:5] == "LOC"
        and sure < _DOUBT
        and possible_clitics(folded, 1)
        and not listed(folded)
        and listed(rest_after_clitic(folded, 1))
    ):
        return 1, max(0.5, 1.0 - sure)
    return choice
