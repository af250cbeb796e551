"""What the derived tables need of the pure stages, handed to db (which may not import flows)."""

from __future__ import annotations

from typing import Final

from db.occurrences import Matching
from db.stories import Comparison
from flows.resolve import occurrences, stories

__all__ = ["REPORTS", "TEXTS"]

TEXTS: Final = Comparison(
    words=stories.body_words,
    sign=stories.sign,
    may_resemble=stories.may_resemble,
    shingles=stories.shingles,
    similarity=stories.similarity,
    threshold=stories.THRESHOLD,
    components=stories.components,
)

REPORTS: Final = Matching(
    report=occurrences.report,
    blocks=occurrences.blocks,
    candidates=occurrences.candidates,
    match=occurrences.match,
    group=occurrences.group,
    summarise=occurrences.summarise,
    found=occurrences.Match,
)
