"""Search terms: the folded word and what is left of it without clitics and endings, computed here because
PostgreSQL's own Arabic configuration takes the ف of فرنسا for a particle (see the measurements in the
project's notes) and costs ten times as much.

Nobody can tell from the letters alone whether the و of وزير is a conjunction, so a text keeps all readings,
and each says how sure it is: it stands in the tsvector under a label that ranking weighs.

=====  ===============================================  =====================
level  what it is                                       label: title, body
=====  ===============================================  =====================
0      the folded word; the word without its article    A, B
1      without particles (وفرنسا, لفرنسا, وبفرنسا)      B, C
2      without endings (مباحثاتهم, مباحثات: مباحث)      C, D
=====  ===============================================  =====================

Queries are cut by report.word_forms in SQL, which takes the same forms but is shy of short leftovers; a test
holds the two together.
"""

from __future__ import annotations

import re
from functools import lru_cache

from flows.clean.normalize import fold

__all__ = ["forms", "stem", "terms", "tsvector_literal"]

_WORD = re.compile(r"[^\W_]+")
_ARABIC = re.compile("[ء-ي]+")
_MAX_POSITION = 16383  # PostgreSQL keeps no higher one
_MAX_TERM = 200
_MAX_POSITIONS = 255  # of one term
_FRONT = ("وبال", "وكال", "فبال", "ولل", "فلل", "وال", "فال", "بال", "كال", "لل", "ال")
_CONJUNCTIONS = "وف"
_PREPOSITIONS = "بلكس"
_PRONOUNS = ("ها", "هم", "ي", "ه")
_LEAST = 3
_LEAST_TWICE = 4  # letters that must be left where two particles go
_LABELS = ("AB", "BC", "CD")  # of each level: in the title, in the body
_TITLE, _BODY = map("".join, zip(*_LABELS, strict=True))


def _without_article(word: str) -> str:
    for front in _FRONT:
        if word.startswith(front) and len(word) - len(front) >= _LEAST:
            return word[len(front) :]
    return word


def _without_particles(word: str) -> list[str]:
    """What is left without one particle, and without two (وبفرنسا); of a word that has no article."""
    if word.startswith("لل"):
        # للجنة is ل and اللجنة, whose own ل the article's reading takes away
        return [word[1:]] if len(word) > _LEAST + 1 else []
    if word[0] not in _CONJUNCTIONS + _PREPOSITIONS or len(word) <= _LEAST:
        return []
    left = [word[1:]]
    if word[0] in _CONJUNCTIONS and word[1] in _PREPOSITIONS and len(word) - 2 >= _LEAST_TWICE:
        left.append(word[2:])
    return left


def _without_endings(word: str) -> str:
    for endings in (_PRONOUNS, ("ات",)):
        for back in endings:
            if word.endswith(back) and len(word) - len(back) >= _LEAST:
                word = word[: -len(back)]
                break
    return word


@lru_cache(maxsize=1 << 16)
def forms(word: str) -> tuple[tuple[str, int], ...]:
    """(form, level) of a folded word, the word itself first, each form once; never below three letters.

    Words of other scripts have one form.
    """
    if len(word) <= _LEAST or not _ARABIC.fullmatch(word):
        return ((word, 0),)
    bare = _without_article(word)
    found = {word: 0}
    found.setdefault(bare, 0)
    less = _without_particles(word) if bare == word or word.startswith("لل") else []
    for form in less:
        found.setdefault(form, 1)
    for form in (bare, *less):
        found.setdefault(_without_endings(form), 2)
    return tuple(found.items())


@lru_cache(maxsize=1 << 16)
def _quoted(word: str) -> tuple[tuple[str, int], ...]:
    """The forms as a tsvector has them, up to the positions."""
    # words are letters and digits only, so nothing needs quoting but the quotes themselves
    return tuple((f"'{form[:_MAX_TERM]}':", level) for form, level in forms(word))


def stem(word: str) -> str:
    """The shortest reading of a folded word: ال with what stands before it, else one particle, off the front;
    a pronoun and ات off the end; never below three letters."""
    if len(word) <= _LEAST or not _ARABIC.fullmatch(word):
        return word
    bare = _without_article(word)
    if bare == word:
        bare = next(iter(_without_particles(word)), word)
    return _without_endings(bare)


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
    """(term, word position from 1) of any text: the forms of every word, the folded word first."""
    return [(form, place) for word, place in _positions(text) for form, _ in forms(word)]


def tsvector_literal(text: str, title: int = 0) -> str:
    """The text's terms in PostgreSQL's tsvector syntax: ``'term':1B,7C ...``.

    ``title`` is the number of letters at the front that are the title.  A term may come more than once, from
    several words; PostgreSQL unites them and keeps the surest label of a position.
    """
    titled = len(_positions(text[:title])) if title else 0
    places: dict[str, list[int]] = {}
    for word, place in _positions(text):
        known = places.setdefault(word, [])
        if (len(known) < _MAX_POSITIONS and place <= _MAX_POSITION) or not known:
            known.append(min(place, _MAX_POSITION))
    out = []
    for word, known in places.items():
        if len(known) == 1:  # most words
            labels = _BODY if known[0] > titled else _TITLE
            out += [f"{form}{known[0]}{labels[level]}" for form, level in _quoted(word)]
        else:
            at = [",".join([f"{n}{labels[n > titled]}" for n in known]) for labels in _LABELS]
            out += [f"{form}{at[level]}" for form, level in _quoted(word)]
    return " ".join(out)
