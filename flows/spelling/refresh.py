"""Spelling suggestions for everything that is loaded: `rasd refresh --spelling`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import sqlalchemy as sa

from db.reading import current_texts, name_spans, replace_suggestions
from flows.spelling.words import WORD, count_words, dictionary, find_suggestions, suspects

__all__ = ["refresh_spelling"]


def refresh_spelling(engine: sa.Engine, known: Callable[[str], bool] | None = None) -> dict[str, int]:
    """Look at every word of the current articles anew; rows that there are then.

    What is misspelt depends on how often all articles use a word, so nothing here is incremental: the texts
    are read twice.  Repeating it changes nothing; stored text never changes.  ``known`` is the dictionary,
    hunspell-ar by default.  Raises UserError where the extra with the dictionary is not installed.
    """
    known = known or dictionary()
    with engine.connect() as connection:
        counts: Counter[str] = Counter()
        for chunk in current_texts(connection):
            counts.update(count_words(text for _, text in chunk))
        suspected = suspects(counts, known)
        rows = []
        for chunk in current_texts(connection):
            held = [(i, text) for i, text in chunk if not suspected.keys().isdisjoint(WORD.findall(text))]
            names = name_spans(connection, [i for i, _ in held])
            for i, text in held:
                rows += [(i, *found) for found in find_suggestions(text, suspected, counts, names.get(i, ()))]
        return {"words": len(counts), "spelling_suggestion": replace_suggestions(connection, rows)}
