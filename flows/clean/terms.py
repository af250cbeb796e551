"""Search terms: the folded word and its light stem, computed here because PostgreSQL's own Arabic
configuration
takes the ف of فرنسا for a particle (see the measurements in the project's notes) and costs ten times as much.

A query goes through the same functions, so what matters is that both sides agree: و خلص and وخلص meet, and
so do المباحثات and مباحثات, المديرية and المديريه.
"""

from __future__ import annotations

import re
from functools import lru_cache

from flows.clean.normalize import fold

__all__ = ["stem", "terms", "tsvector_literal"]

_WORD = re.compile(r"[^\W_]+")
_ARABIC = re.compile("[ء-ي]+")
_MAX_POSITION = 16383  # PostgreSQL keeps no higher one
_MAX_TERM = 200
_MAX_POSITIONS = 255  # of one term
_FRONT = ("وبال", "وكال", "فبال", "ولل", "فلل", "وال", "فال", "بال", "كال", "لل", "ال")
_PARTICLES = ("و", "ف", "ب", "ل", "ك", "س")
_PRONOUNS = ("ها", "هم", "ي", "ه")
_LEAST = 3


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """Light stem of a folded word: ال with what stands before it, else one particle, off the front; a pronoun
    and ات off the end; never below three letters.  Words of other scripts stay as they are."""
    if len(word) <= _LEAST or not _ARABIC.fullmatch(word):
        return word
    for front in _FRONT:
        if word.startswith(front) and len(word) - len(front) >= _LEAST:
            word = word[len(front) :]
            break
    else:
        if word[0] in _PARTICLES and len(word) > _LEAST:
            word = word[1:]
    for endings in (_PRONOUNS, ("ات",)):
        for back in endings:
            if word.endswith(back) and len(word) - len(back) >= _LEAST:
                word = word[: -len(back)]
                break
    return word


def _positions(text: str) -> list[tuple[str, int]]:
    """Folded words with their positions from 1; a detached و or ف joins the word behind it."""
    found: list[tuple[str, int]] = []
    waiting = ""
    for match in _WORD.finditer(fold(text)):
        word = match.group()
        if word in ("و", "ف") and not waiting:
            waiting = word
            continue
        if waiting:
            joined = _ARABIC.match(word) is not None
            if joined:
                word = waiting + word
            else:
                found.append((waiting, len(found) + 1))
            waiting = ""
        found.append((word, len(found) + 1))
    if waiting:
        found.append((waiting, len(found) + 1))
    return found


def terms(text: str) -> list[tuple[str, int]]:
    """(term, word position from 1) of any text, the folded word first, then its stem where that differs."""
    out: list[tuple[str, int]] = []
    for word, place in _positions(text):
        out.append((word, place))
        if (base := stem(word)) != word:
            out.append((base, place))
    return out


def tsvector_literal(text: str) -> str:
    """The text's terms in PostgreSQL's tsvector syntax, sorted: ``'term':1,7 ...``."""
    places: dict[str, list[int]] = {}
    for term, place in terms(text):
        term = term[:_MAX_TERM]
        known = places.setdefault(term, [])
        if (len(known) < _MAX_POSITIONS and place <= _MAX_POSITION) or not known:
            known.append(min(place, _MAX_POSITION))
    # words are letters and digits only, so nothing needs quoting but the quotes themselves
    return " ".join(f"'{term}':{','.join(map(str, places[term]))}" for term in sorted(places))
