"""What the derived tables need of the pure stages, handed to db (which may not import flows)."""

from __future__ import annotations

from typing import Final

from db.stories import Comparison
from flows.resolve import stories

__all__ = ["TEXTS"]

TEXTS: Final = Comparison(
    words=stories.body_words,
    sign=stories.sign,
    may_resemble=stories.may_resemble,
    shingles=stories.shingles,
    similarity=stories.similarity,
    threshold=stories.THRESHOLD,
    components=stories.components,
)
