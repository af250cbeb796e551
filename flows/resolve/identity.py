"""One key for the many spellings of a name, so that articles meet without comparing every pair.

The key is for equality only, nobody reads it: it may take off more than a person would, as long as it does so
for all spellings alike (إلياس and الياس both lose their first two letters as a family name).
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from flows.clean.normalize import fold
from flows.records import EntityKind

__all__ = ["entity_key"]

_WORD = re.compile(r"[^\W_]+")
# First halves of compound names in folded letters, each with the form that stands for all of its cases:
# عبد اللطيف = عبداللطيف, أبو/أبي/أبا, بن/ابن, بو علي = بوعلي, آل سعود = ال سعود.
_HEADS = {
    "عبد": "عبد",
    "ابو": "ابو",
    "ابي": "ابو",
    "ابا": "ابو",
    "بن": "بن",
    "ابن": "بن",
    "بو": "بو",
    "ال": "ال",
}
_TAILS = {"الدين", "الله"}  # second halves: نور الدين = نورالدين
_ARTICLE = "ال"
_LEAST = 2  # letters that must be left of a family name
_LIMIT = 200  # letters; an index row of PostgreSQL has an end


@lru_cache(maxsize=1 << 16)
def entity_key(kind: EntityKind, name: str) -> str:
    """The key under which all spellings of ``name`` meet; never empty for a name that is not.

    Folded letters without punctuation; of people the halves of compounds are joined and the family name loses
    its article.
    """
    words = _WORD.findall(fold(name))
    if kind == EntityKind.PERSON:
        words = _joined(words)
        if words and words[-1].startswith(_ARTICLE) and len(words[-1]) - len(_ARTICLE) >= _LEAST:
            words[-1] = words[-1][len(_ARTICLE) :]
    key = " ".join(words) or name
    if len(key) > _LIMIT:
        key = f"{key[:_LIMIT]}#{hashlib.blake2b(key.encode(), digest_size=8).hexdigest()}"
    return key


def _joined(words: list[str]) -> list[str]:
    """عبد اللطيف -> عبداللطيف; heads in a row (أبو عبد الله) join too, and نور الدين -> نورالدين."""
    out: list[str] = []
    head = ""
    for place, word in enumerate(words):
        if word in _TAILS and out and not head:
            out[-1] += word
        elif word in _HEADS and place + 1 < len(words):
            head += _HEADS[word]
        else:
            out.append(head + word)
            head = ""
    return out
