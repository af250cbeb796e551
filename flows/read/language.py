"""Which language a text is in, as far as the project needs it: Arabic or not, and which not."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np
import yaml
from numpy.typing import NDArray

__all__ = ["arabic_share", "language"]

_WORD = re.compile(r"[^\W\d_]+")
_FOREIGN = re.compile("[یکگچپژےہٹڈڑںەێۆڕڵټډړږښګڼۍې]")
_ARABIC = 0.4  # share of letters from which a mixed text counts as written in an Arabic-script language
_SAMPLE = 4000


class _Language(msgspec.Struct, forbid_unknown_fields=True):
    words: str  # frequent words in small letters, blanks between them
    letters: str = ""  # letters that Arabic does not use


class _Data(msgspec.Struct, forbid_unknown_fields=True):
    arabic_script: dict[str, _Language]
    others: dict[str, _Language]


@cache
def _data() -> _Data:
    text = files("flows.read").joinpath("languages.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), _Data, strict=True)


@cache
def _letters() -> NDArray[np.uint8]:
    """1 for Arabic letters, 2 for other letters, 0 for the rest of the Basic Multilingual Plane."""
    table = np.zeros(0x10000, dtype=np.uint8)
    for code in (*range(0x3400), *range(0xA640, 0xAC00), *range(0xF900, 0x10000)):
        char = chr(code)
        if char.isalpha():
            arabic = 0x600 <= code < 0x700 or 0x750 <= code < 0x780 or 0x870 <= code < 0x900 or code >= 0xFB50
            table[code] = 1 if arabic and not code >= 0xFF00 else 2
    table[0x3400:0xA640] = 2
    table[0xAC00:0xD7A4] = 2
    table[0x640] = 0
    return table


def arabic_share(text: str) -> float:
    """Arabic letters among all letters, 0..1; 0 for a text without letters."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    kinds = np.bincount(_letters()[np.minimum(codes, 0xFFFF)], minlength=3)
    letters = int(kinds[1] + kinds[2])
    return int(kinds[1]) / letters if letters else 0.0


def _best(text: str, languages: dict[str, _Language], least: float) -> str | None:
    words = _WORD.findall(text[:_SAMPLE].lower())
    if not words:
        return None
    scores = {}
    for code, entry in languages.items():
        known = frozenset(entry.words.split())
        hits = sum(word in known for word in words) / len(words)
        letters = sum(text.count(letter) for letter in entry.letters) / max(1, len(text))
        scores[code] = hits + 2 * letters
    best = max(scores, key=lambda code: scores[code])
    return best if scores[best] >= least else None


def language(raw: str, share: float) -> str:
    """``ar``, another ISO 639-1 code, or ``und``.  ``raw`` is the text before cleaning (Persian letters still
    in place), ``share`` its Arabic share."""
    if share >= _ARABIC:
        if len(_FOREIGN.findall(raw)) * 50 > len(raw):
            return _best(raw, _data().arabic_script, 0.12) or "ar"
        return "ar"
    return _best(raw, _data().others, 0.08) or "und"
