"""Names of people from given names, family names, titles and verbs of saying."""

from __future__ import annotations

from flows.extract.name_lexicon import NameContext, is_ordinary, name_context, name_units
from flows.extract.name_words import Words, clitic_lengths
from flows.extract.noun_phrases import nisbas

MAX_UNITS = 6

GIVEN, FAMILY, WEAK_GIVEN, WEAK_FAMILY, UNKNOWN, ORDINARY = range(6)


def word_class(word: str) -> int:
    """What a folded word can be in a personal name."""
    flags = name_units().get(word)
    if flags is not None:
        if "w" in flags:
            return WEAK_GIVEN if "g" in flags else WEAK_FAMILY
        return GIVEN if "g" in flags else FAMILY
    if word.startswith("عبدال") and len(word) > 6:
        return GIVEN
    if word.isdigit() or len(word) < 2 or not "ء" <= word[0] <= "ي":
        return ORDINARY
    return ORDINARY if is_ordinary(word) else UNKNOWN


def _unit(words: Words, i: int, context: NameContext, *, first: int = -1) -> tuple[int, int] | None:
    """(last token, class) of the name unit at token i; ``first`` >= 0 leaves that many letters of it out."""
    word = words.text[i][max(first, 0) :]
    if not words.is_word[i] or word in context.stops:
        return None
    n = len(words)
    runs_on = i + 1 < n and not words.break_before[i + 1]
    if word == "عبد":
        if not runs_on or not (words.text[i + 1].startswith("ال") or words.text[i + 1] in ("رب", "رب", "رب")):
            return None
        last = i + 1
        if words.text[last] == "رب" and last + 1 < n and not words.break_before[last + 1]:
            last += 1
        return last, GIVEN
    if word in ("ابو", "ابي", "ابا", "ام", "بن", "ابن", "ال", "ايت", "ولد", "بو") and runs_on:
        follower = words.text[i + 1]
        if follower in context.stops or not words.is_word[i + 1]:
            return None
        kind = word_class(follower)
        if follower == "عبد":
            inner = _unit(words, i + 1, context)
            return (inner[0], FAMILY) if inner else None
        if kind == ORDINARY and word in ("ام", "ال", "بو", "ولد", "ابا", "ابي"):
            return None
        return i + 1, FAMILY if kind != ORDINARY else WEAK_FAMILY
    kind = word_class(word)
    if runs_on and words.text[i + 1] in context.compound_ends and kind != ORDINARY:
        return i + 1, GIVEN
    if runs_on and words.text[i + 1] == "الدين":
        return i + 1, GIVEN
    return i, kind


def chain(words: Words, i: int, context: NameContext, clitic: int = 0, *, sure: bool = False) -> tuple[int, int, bool] | None:
    """(last token, units, begins with a given name) of the personal name at token i.

    ``sure``: a title stands before, so unknown words count.
    """
    start = _unit(words, i, context, first=clitic)
    if start is None:
        return None
    last, kind = start
    if kind == ORDINARY or (kind == UNKNOWN and not sure):
        return None
    given = kind in (GIVEN, WEAK_GIVEN)
    units = 1
    n = len(words)
    forms = nisbas()
    while last + 1 < n and not words.break_before[last + 1] and units < MAX_UNITS:
        j = last + 1
        word = words.text[j]
        if word in context.stops:
            break
        if units == 1 and given and word in context.ordinals:
            return j, 2, True
        if word in context.connectors and j + 1 < n and not words.break_before[j + 1]:
            follower = words.text[j + 1]
            if follower in context.stops or not words.is_word[j + 1]:
                break
            inner = _unit(words, j + 1, context)
            if inner is None or (word == "ال" and inner[1] == ORDINARY):
                break
            last = inner[0]
            units += 1
            continue
        unit = _unit(words, j, context)
        if unit is None:
            break
        end, kind = unit
        if kind == ORDINARY or (word in forms and kind not in (GIVEN, FAMILY)):
            break
        if word in forms and units >= 2:
            break
        if kind in (WEAK_GIVEN, WEAK_FAMILY) and units >= 2 and not word.startswith("ال"):
            break
        if kind in (WEAK_GIVEN, WEAK_FAMILY) and not given and not sure:
            break
        if kind == UNKNOWN and units >= 3:
            break
        last = end
        units += 1
    return last, units, given


def find_people(words: Words, starts_office: set[int]) -> list[tuple[int, int, int, float, str]]:
    """(first token, last token, letters left out, confidence, method) of people's names.

    ``starts_office``: tokens right after which a name is expected, since an office's phrase ends with them.
    """
    context = name_context()
    found: list[tuple[int, int, int, float, str]] = []
    n = len(words)
    i = 0
    while i < n:
        if not words.is_word[i]:
            i += 1
            continue
        word = words.text[i]
        before = words.text[i - 1] if i and not words.break_before[i] else ""
        titled = before in context.honorifics or before in context.occupations or (i - 1) in starts_office
        spoken = before in context.verbs
        best: tuple[int, int, int, float, str] | None = None
        for clitic in clitic_lengths(word):
            rest = word[clitic:]
            if len(rest) < 2 or (clitic and word_class(word) in (GIVEN, FAMILY)):
                continue
            if rest in context.honorifics and rest not in name_units():
                continue
            result = chain(words, i, context, clitic, sure=titled and not clitic)
            if result is None:
                continue
            last, units, given = result
            kind = _unit(words, i, context, first=clitic)
            assert kind is not None
            confidence = _confidence(kind[1], units, given=given, titled=titled, spoken=spoken, clitic=clitic)
            if confidence and (best is None or confidence > best[3]):
                method = "title" if titled else "speech" if spoken else "name"
                best = (i, last, clitic, confidence, method)
        if best is not None:
            found.append(best)
            i = best[1] + 1
        else:
            i += 1
    return found


def _confidence(kind: int, units: int, *, given: bool, titled: bool, spoken: bool, clitic: int) -> float:
    if units >= 2:
        if kind == GIVEN:
            return 0.9
        if kind == WEAK_GIVEN:
            return 0.8 if titled or spoken else 0.6
        if titled:
            return 0.75
        return 0.55 if kind == FAMILY and spoken else 0.0
    if titled:
        return 0.7 if kind in (GIVEN, FAMILY) else 0.5 if kind == UNKNOWN and not clitic else 0.0
    if spoken:
        return 0.6 if kind in (GIVEN, FAMILY) else 0.0
    return 0.0
