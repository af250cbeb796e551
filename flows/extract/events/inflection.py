"""Inflection of Arabic verbs and nouns as unvowelled, folded spellings (the search layer).

A verb is written as its perfect 3rd person masculine singular with hamza and with shadda where the pattern
has one (``عيّن``, ``احتجّ``); its derived form (I to X) and its weakness follow from the letters.  What the
letters do not show (the vowel of a hollow or defective form I) is given as the imperfect (``يزور``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flows.clean.normalize import fold

SHADDA = "ّ"


class Form:
    """Features of one inflected form: bits of a plain int (enum arithmetic is too slow for the hot path)."""

    NONE = 0
    PERFECT = 1
    IMPERFECT = 2
    JUSSIVE = 4  # a form that only لم and لا of prohibition take
    PASSIVE = 8  # spelled differently from the active
    FEMININE = 16
    PLURAL = 32
    DUAL = 64
    FIRST = 128  # first person
    NOUN = 256
    PARTICIPLE = 512
    DEFINITE = 1024  # with ال
    OWNED = 2048  # with a possessive or object pronoun
    CLITIC = 4096  # with ب ل ك in front
    FUTURE = 8192  # with س
    CONJOINED = 16384  # with و or ف
    INDEFINITE_ACCUSATIVE = 32768


class Paradigm(NamedTuple):
    """What the letters of a lemma say."""

    measure: int  # 1..10, 4 for أفعل
    letters: str  # folded, without shadda
    imperfect: str  # folded imperfect 3ms active
    kind: str  # sound | hollow | defective


def paradigm(lemma: str, imperfect: str | None = None) -> Paradigm:
    """Measure, letters, imperfect and weakness of ``lemma``; ValueError for what is no verb."""
    plain = lemma.replace(SHADDA, "")
    letters = fold(plain)
    if len(letters) < 2:
        raise ValueError(f"not a verb: {lemma!r}")
    shadda = lemma.find(SHADDA)
    inner_shadda = 0 < shadda < len(lemma) - 1 or (shadda == len(lemma) - 1 and plain[-1] in "اى")
    n = len(letters)
    last = letters[-1]
    original_last = plain[-1]
    if letters.startswith("است") and n >= 5:
        measure = 10
    elif n >= 4 and letters.startswith("ان") and plain[0] == "ا":
        measure = 7
    elif (
        n >= 4
        and plain[0] == "ا"
        and (letters[2] in "تطد" or letters[1] in "تطد" or letters.startswith("از"))
    ):
        measure = 8
    elif letters[0] == "ت" and n >= 4 and not (n == 4 and letters[1] != "ا" and shadda < 0 and last == "ا"):
        measure = 6 if letters[2] == "ا" else 5
    elif plain[0] in "أآ" and n >= 4 and shadda != 2:
        measure = 4
    elif n >= 4 and letters[1] == "ا":
        measure = 3
    elif shadda == 2 and inner_shadda:
        measure = 2
    else:
        measure = 1
    weak_end = original_last in "اىي" and n >= 3
    hollow = not weak_end and n >= 3 and letters[-2] == "ا" and measure in (1, 4, 7, 8, 10)
    kind = "defective" if weak_end else "hollow" if hollow else "sound"
    if imperfect:
        return Paradigm(measure, letters, fold(imperfect), kind)
    stem = letters
    if measure in (4, 7, 8, 10):
        stem = letters[1:]
    elif measure in (2, 3) and plain[0] in "أآ":
        stem = "و" + letters[1:]
    elif measure == 1 and letters[0] == "و" and n == 3:
        stem = letters[1:]
    if kind == "hollow":
        middle = {1: "و", 4: "ي", 7: "ا", 8: "ا", 10: "ي"}[measure]
        stem = stem[:-2] + middle + stem[-1]
    elif kind == "defective":
        end = "و" if measure == 1 and original_last == "ا" else "ي"
        stem = stem[:-1] + end
    return Paradigm(measure, letters, "ي" + stem, kind)


def conjugate(lemma: str, imperfect: str | None = None) -> dict[str, int]:
    """Folded spellings of third and first person forms without clitics or object pronouns.

    An active reading wins where the passive is spelled alike.  Raises ValueError for what is no verb.
    """
    p = paradigm(lemma, imperfect)
    forms: dict[str, int] = {}

    def add(spelling: str, form: int) -> None:
        forms.setdefault(spelling, form)

    _perfect(p, add)
    _imperfect(p.imperfect[1:], p.kind, Form.NONE, add)
    _passive(p, add)
    return forms


_Add = Callable[[str, int], None]


def _perfect(p: Paradigm, add: _Add, passive: int = Form.NONE) -> None:
    base, mark = p.letters, Form.PERFECT | passive
    if p.kind == "defective":
        stem = base[:-1]
        glide = "و" if base[-1] == "ا" and p.measure == 1 else "ي"
        keeps_ya = base[-1] == "ي" and p.measure == 1 and p.imperfect.endswith("ي") and p.imperfect[1:2] != ""
        add(base, mark)
        if base[-1] == "ا" and p.measure != 1:
            add(stem + "ي", mark)
        add(stem + "ت", mark | Form.FEMININE)
        if keeps_ya or passive:  # لقيت, أُجريت
            add(stem + "يت", mark | Form.FEMININE)
        add(stem + "وا", mark | Form.PLURAL)
        add(stem + glide + "ا", mark | Form.DUAL)
        add(stem + "تا", mark | Form.DUAL | Form.FEMININE)
        add(stem + glide + "نا", mark | Form.FIRST | Form.PLURAL)
        return
    short = base[:-2] + base[-1] if p.kind == "hollow" else base
    add(base, mark)
    add(base + "ت", mark | Form.FEMININE)
    add(base + "وا", mark | Form.PLURAL)
    if len(base) > 3:  # of three letters it is nearly always an adverbial noun (طبقا, عوضا)
        add(base + "ا", mark | Form.DUAL)
    add(base + "تا", mark | Form.DUAL | Form.FEMININE)
    if len(short) > 2 or p.kind == "hollow":
        if len(short) > 2:
            add(short + "ن", mark | Form.PLURAL | Form.FEMININE)
        add(short + "نا", mark | Form.FIRST | Form.PLURAL)


def _imperfect(stem: str, kind: str, passive: int, add: _Add) -> None:
    mark = Form.IMPERFECT | passive
    # the first person singular (أ...) is left out: it is rare in news and spelled like much else
    singular = (("ي", Form.NONE), ("ت", Form.FEMININE), ("ن", Form.FIRST | Form.PLURAL))
    for letter, person in singular:
        add(letter + stem, mark | person)
    plural = stem[:-1] if kind == "defective" else stem
    for letter, person in (("ي", Form.NONE), ("ت", Form.FEMININE)):
        add(letter + plural + "ون", mark | Form.PLURAL | person)
        add(letter + plural + "وا", mark | Form.PLURAL | person)
        dual = stem if kind != "defective" or stem[-1] != "ا" else plural + "ي"
        add(letter + dual + "ان", mark | Form.DUAL | person)
        add(letter + dual + "ا", mark | Form.DUAL | person)
    short = stem[:-2] + stem[-1] if kind == "hollow" else stem[:-1] if kind == "defective" else None
    if short and len(short) > 1:
        for letter, person in singular[:2]:
            add(letter + short, mark | Form.JUSSIVE | person)


def _passive(p: Paradigm, add: _Add) -> None:
    """Passives whose letters differ: weak roots, and forms III and VI with their و."""
    letters = p.letters
    if p.kind == "hollow" and p.measure not in (1, 7):
        changed = letters[:-2] + "ي" + letters[-1]
        _perfect(Paradigm(p.measure, changed, p.imperfect, "sound"), add, Form.PASSIVE)
        _imperfect(p.imperfect[1:-2] + "ا" + letters[-1], "hollow", Form.PASSIVE, add)
    elif p.kind == "defective":
        changed = letters[:-1] + "ي"
        _perfect(Paradigm(p.measure, changed, p.imperfect, "defective"), add, Form.PASSIVE)
        _imperfect(p.imperfect[1:-1] + "ي", "defective", Form.PASSIVE, add)
    elif p.measure == 3:
        changed = letters[0] + "و" + letters[2:]
        _perfect(Paradigm(3, changed, p.imperfect, "sound"), add, Form.PASSIVE)
    elif p.measure == 6:
        changed = letters[:2] + "و" + letters[3:]
        _perfect(Paradigm(6, changed, p.imperfect, "sound"), add, Form.PASSIVE)


def participle(lemma: str, imperfect: str | None = None) -> str | None:
    """The folded active participle of a derived verb (measure II and up), or None for form I."""
    p = paradigm(lemma, imperfect)
    return None if p.measure == 1 else "م" + p.imperfect[1:]


def verbal_noun(lemma: str) -> str | None:
    """The folded regular verbal noun of measures II to X, or None where the letters do not decide it."""
    p = paradigm(lemma)
    w = p.letters
    body = w[:-1] if p.kind == "defective" else w
    if lemma.endswith(SHADDA) and p.kind == "sound" and p.measure in (4, 7, 8, 10):
        return w[:-1] + w[-1] + "ا" + w[-1]
    if p.measure == 2 and p.kind == "sound" and len(w) == 3:
        return "ت" + w[:2] + "ي" + w[2]
    if p.measure == 3 and p.kind == "sound":
        return "م" + w + "ه"
    if p.measure == 4:
        if p.kind == "hollow":
            return w[:-2] + "ا" + w[-1] + "ه"
        if p.kind == "defective":
            return body + "اء"
        head = "اي" if w[1] == "و" else w[:2]
        return head + (w[2:-1] + "ا" + w[-1] if len(w) == 4 else "")
    if p.measure in (5, 6) and p.kind == "sound":
        return w
    if p.measure in (7, 8, 10):
        if p.kind == "hollow":
            if p.measure == 10:
                return w[:-2] + "ا" + w[-1] + "ه"
            return w[:-2] + "يا" + w[-1]
        return body + "اء" if p.kind == "defective" else w[:-1] + "ا" + w[-1]
    return None


def decline(noun: str, plurals: tuple[str, ...] = ()) -> dict[str, int]:
    """Folded spellings of a noun without article or prefixed particles.

    Sound feminine plural, dual, accusative and possessive stems are generated; broken plurals are given.
    """
    forms: dict[str, int] = {}

    def add(spelling: str, form: int) -> None:
        forms.setdefault(spelling, form | Form.NOUN)

    for base, number in ((fold(noun), Form.NONE), *((fold(x), Form.PLURAL) for x in plurals)):
        add(base, number)
        if base.endswith("ه"):
            stem = base[:-1] + "ت"
        elif base.endswith("اء"):
            stem = base
            for owner in ("ه", "ها", "هم", "هما", "نا"):
                add(base[:-1] + "ي" + owner, number | Form.OWNED)
                add(base[:-1] + "و" + owner, number | Form.OWNED)
        else:
            stem = base
            if not base.endswith(("ا", "ء")):
                add(base + "ا", number | Form.INDEFINITE_ACCUSATIVE)
        for owner in ("ه", "ها", "هم", "هما", "هن", "نا", "كم"):
            add(stem + owner, number | Form.OWNED)
        if number is Form.NONE:
            add(stem + "ين", Form.DUAL)
            add(stem + "ان", Form.DUAL)
            if base.endswith("ه"):
                add(stem + "ي", Form.DUAL)
            add(stem + "ا", Form.DUAL)
            sound = (base.removesuffix("ه")) + "ات"
            if not plurals or base.endswith("ه"):
                add(sound, Form.PLURAL)
                for owner in ("ه", "ها", "هم", "هما", "نا"):
                    add(sound + owner, Form.PLURAL | Form.OWNED)
    return forms
