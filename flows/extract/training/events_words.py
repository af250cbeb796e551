"""Which words of an annotated article evoke its events: labels by token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flows.clean.normalize import clean, fold
from flows.extract.events import View
from flows.extract.events.trigger_model import STATUSES, TYPES
from flows.extract.training.events_gold import STOP_WORDS, Annotated, related
from flows.records import TokenKind

IGNORE = -100


def labels(item: Annotated, view: View) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Type and status of the event that each word evokes.

    Words that stand as a trigger in the annotation evoke its event; those that are only related to one are
    left open.  Punctuation is left open too.
    """
    n = len(view.words)
    forms = [_forms(w) for w in view.words]
    found: list[dict[int, int]] = [{} for _ in range(n)]
    loose: set[int] = set()
    for k, event in enumerate(item.gold["events"]):
        hits = {t for trigger in event["triggers"] for t in _places(trigger, forms)}
        near = {
            t
            for t, token in enumerate(item.article.tokens)
            if token.kind is TokenKind.WORD
            and any(related(item.surface(token[:2]), trigger) for trigger in event["triggers"])
        }
        for t in hits or near:
            found[t][k] = found[t].get(k, 0) + 1
        loose |= near - hits
    types = np.zeros(n, np.int64)
    status = np.full(n, IGNORE, np.int64)
    names = [t.value for t in TYPES]
    states = [s.value for s in STATUSES]
    for t, token in enumerate(item.article.tokens):
        if found[t]:
            event = item.gold["events"][max(found[t], key=lambda k: found[t][k])]
            types[t] = 1 + names.index(event["type"])
            status[t] = states.index(event["status"])
        elif t in loose or token.kind is not TokenKind.WORD:
            types[t] = IGNORE
    return types, status


def _forms(word: str) -> set[str]:
    """A folded word with and without the particles before it."""
    out = {word}
    if len(word) > 3 and word[0] in "وف":
        out.add(word[1:])
    for form in tuple(out):
        if len(form) > 3 and form[0] in "بلكس":
            out.add(form[1:])
            if form.startswith("لل"):
                out.add("ال" + form[2:])
    return out


def _places(trigger: str, forms: Sequence[set[str]]) -> list[int]:
    """Tokens of every occurrence of a trigger; of several words only those with content."""
    wanted = fold(clean(trigger).text).split()
    out: list[int] = []
    for t in range(len(forms) - len(wanted) + 1 if wanted else 0):
        if all(w in forms[t + j] for j, w in enumerate(wanted)):
            out += [
                t + j
                for j, w in enumerate(wanted)
                if len(wanted) == 1 or (w not in STOP_WORDS and len(w) > 2)
            ]
    return out
