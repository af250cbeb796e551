"""Names of people from given names, family names, titles and verbs of saying."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from flows.extract.gazetteer import gazetteer
from flows.extract.name_lexicon import (
    NameContext,
    common_words,
    is_ordinary,
    name_context,
    name_units,
    rule_words,
)
from flows.extract.name_words import Words, clitic_lengths
from flows.extract.noun_phrases import nisbas, organization_heads

MAX_UNITS = 6


class Part(IntEnum):
    """What a word can be in a personal name."""

    GIVEN = 0
    FAMILY = 1
    WEAK_GIVEN = 2  # also an ordinary word
    WEAK_FAMILY = 3
    UNKNOWN = 4  # neither a listed name nor an ordinary word
    ORDINARY = 5


class Evidence(IntEnum):
    """What stands before a possible name."""

    NONE = 0
    SPEECH = 1  # a verb of saying or acting
    PHRASE = 2  # a definite noun inside an office's phrase: رئيس الجمهورية
    OCCUPATION = 3  # الفنان، المدرب
    OFFICE = 4  # the adjective that ends an office: وزير الخارجية الأمريكي
    HONORIFIC = 5  # السيد


class Person(NamedTuple):
    first: int  # tokens
    last: int
    clitic: int  # letters of the first token left out
    confidence: float
    method: str


class OfficeTokens(NamedTuple):
    """Tokens of the article's offices, right after which a name is expected."""

    heads: set[int]  # رئيس، الوزير
    inside: set[int]  # definite nouns of the phrase: الجمهورية
    ends: set[int]  # adjectives that end one: الفرنسي، السابق

    def before(self, first: int) -> bool:
        """Whether token ``first`` follows a word of an office."""
        return any(first - 1 in tokens for tokens in self)


class _Chain(NamedTuple):
    last: int
    units: int
    first: Part
    second: Part | None
    king: bool


_BOUND = ("لل", "بال", "وال", "كال", "فال")


@lru_cache(maxsize=1 << 16)
def word_part(word: str) -> Part:
    """What a folded word can be in a personal name."""
    flags = name_units().get(word)
    if flags is not None:
        if "w" in flags:
            return Part.WEAK_GIVEN if "g" in flags else Part.WEAK_FAMILY
        return Part.GIVEN if "g" in flags else Part.FAMILY
    if word.startswith("عبدال") and len(word) > 6:
        return Part.GIVEN
    if len(word) < 2 or not "ء" <= word[0] <= "ي" or word.isdigit():
        return Part.ORDINARY
    return Part.ORDINARY if is_ordinary(word) else Part.UNKNOWN


def _part_at(words: Words, i: int, clitic: int, context: NameContext) -> Part:
    word = words.text[i][clitic:]
    if word == "علي" and words.article.text.text[words.end[i] - 1] == "ى":  # على has the same search form
        return Part.ORDINARY
    part = word_part(word)
    if part is Part.GIVEN and word in context.doubtful:
        return Part.WEAK_GIVEN
    return part


def _joined(word: str) -> bool:
    """Whether a word is rather و + name than a name with و: وزهرة, but not وهبي."""
    return word[0] == "و" and len(word) > 3 and word not in name_units()


def _unit(
    words: Words, i: int, clitic: int, context: NameContext, *, inside: bool = False
) -> tuple[int, Part] | None:
    """(last token, part) of the name unit at token i, its first ``clitic`` letters left out.

    ``inside``: a given name stands before.
    """
    word = words.text[i][clitic:]
    if not words.is_word[i] or (word in context.stops and word not in rule_words("kin")):
        return None
    n = len(words)
    runs_on = i + 1 < n and not words.break_before[i + 1]
    if word == "عبد":
        if not runs_on:
            return None
        last = i + 1
        if words.text[last] == "رب" and last + 1 < n and not words.break_before[last + 1]:
            return last + 1, Part.GIVEN
        return (last, Part.GIVEN) if words.text[last].startswith("ال") else None
    if word in rule_words("kin") and runs_on:
        follower = words.text[i + 1]
        if follower in context.stops or not words.is_word[i + 1] or follower in context.honorifics:
            return None
        if follower == "عبد":
            inner = _unit(words, i + 1, 0, context)
            return (inner[0], Part.FAMILY) if inner else None
        part = _part_at(words, i + 1, 0, context)
        if (
            part is Part.ORDINARY
            and word in rule_words("kin_before_names")
            and not (inside and follower.startswith("ال"))
        ):
            return None
        return i + 1, Part.WEAK_FAMILY if part is Part.ORDINARY else Part.FAMILY
    if word in context.stops:
        return None
    part = _part_at(words, i, clitic, context)
    if runs_on and part is not Part.ORDINARY and words.text[i + 1] in context.compound_ends:
        return i + 1, part if part is Part.UNKNOWN and _joined(word) else Part.GIVEN
    if runs_on and words.text[i + 1] == "الدين" and word in rule_words("before_din"):
        return i + 1, Part.GIVEN
    return i, part


def _chain(
    words: Words, i: int, clitic: int, evidence: Evidence, *, office_heads: set[int], context: NameContext
) -> _Chain | None:
    """The personal name that begins at token i."""
    start = _unit(words, i, clitic, context)
    if start is None:
        return None
    last, first = start
    if first is Part.ORDINARY or (first is Part.UNKNOWN and evidence < Evidence.OCCUPATION):
        return None
    given = first in (Part.GIVEN, Part.WEAK_GIVEN)
    units, second = 1, None
    n = len(words)
    forms = nisbas()
    bodies = organization_heads()
    while last + 1 < n and units < MAX_UNITS:
        j = last + 1
        if words.break_before[j]:
            # خالد. ا
            if (
                units == 1
                and first is Part.GIVEN
                and words.text[j] == "."
                and j + 1 < n
                and _initial(words, j)
            ):
                return _Chain(j + 1, 2, first, Part.FAMILY, False)
            break
        word = words.text[j]
        if word in context.stops or word.startswith(_BOUND):
            break
        if units == 1 and given and word in context.ordinals:
            return _Chain(j, 2, first, Part.FAMILY, True)
        if word in context.connectors and j + 1 < n and not words.break_before[j + 1]:
            inner = _unit(words, j + 1, 0, context)
            if inner is None or words.text[j + 1] in context.honorifics:
                break
            if inner[1] is Part.ORDINARY and (
                word not in ("بن", "ابن") or words.text[j + 1].startswith("ال")
            ):
                break
            last = inner[0]
            units += 1
            second = Part.FAMILY if second is None else second
            continue
        if (
            word in context.honorifics
            and word != "السيد"
            and word_part(word) not in (Part.GIVEN, Part.FAMILY)
        ):
            break
        if (units >= 2 and j in office_heads) or word in bodies or _is_country(word):
            break
        unit = _unit(words, j, 0, context, inside=given)
        if unit is None:
            break
        end, part = unit
        if part is Part.ORDINARY or _joined(word):
            break
        if part is Part.UNKNOWN and (word[0] == "ي" or (word[0] in "تس" and not given)) and len(word) > 3:
            break  # rather a verb
        if (
            part is Part.UNKNOWN
            and units >= 2
            and not _ends_clause(words, end)
            and (units >= 3 or (word[0] in "يتناسوفبلك" and not word.startswith("ال")))
        ):
            break  # a third unknown word is often a verb
        if (
            word in forms
            and (units >= 2 or part not in (Part.GIVEN, Part.FAMILY))
            and not _ends_clause(words, end)
        ):
            break
        if part in (Part.WEAK_GIVEN, Part.WEAK_FAMILY) and (
            not given or (units >= 2 and not word.startswith("ال"))
        ):
            break
        last = end
        units += 1
        second = part if second is None else second
    return _Chain(last, units, first, second, False)


def _is_country(word: str) -> bool:
    entry = gazetteer().by_name.get(word)
    return entry is not None and entry.identity.startswith("country:")


def _ends_clause(words: Words, i: int) -> bool:
    return i + 1 >= len(words) or words.break_before[i + 1]


def _initial(words: Words, dot: int) -> bool:
    """A single letter after the dot at token ``dot``: خالد. ا، رشيد.ب"""
    letter = words.text[dot + 1]
    return len(letter.rstrip(".")) == 1 and "ء" <= letter[0] <= "ي" and letter[0] not in "وف"


def find_people(words: Words, offices: OfficeTokens) -> list[Person]:
    """People named in the article, by position."""
    context = name_context()
    found: list[Person] = []
    n = len(words)
    i = 0
    while i < n:
        best = _person_at(words, i, offices, context) if words.is_word[i] else None
        if best is not None:
            found.append(best)
            i = best.last + 1
        else:
            i += 1
    return found


def _evidence(words: Words, i: int, offices: OfficeTokens, context: NameContext) -> Evidence:
    if i == 0 or words.break_before[i]:
        return Evidence.NONE
    before = words.text[i - 1]
    if before in context.honorifics:
        return Evidence.HONORIFIC
    if i - 1 in offices.ends:
        return Evidence.OFFICE
    if before in context.occupations or i - 1 in offices.heads:
        return Evidence.OCCUPATION
    if i - 1 in offices.inside:
        return Evidence.PHRASE
    return Evidence.SPEECH if before in context.verbs else Evidence.NONE


@lru_cache(maxsize=1 << 16)
def _may_begin(word: str) -> bool:
    """Whether a folded word, or what follows its clitics, can begin a personal name at all."""
    kin, din = rule_words("kin"), rule_words("before_din")
    return any(
        rest == "عبد" or rest in kin or rest in din or word_part(rest) is not Part.ORDINARY
        for rest in (word[n:] for n in clitic_lengths(word))
    )


def _person_at(words: Words, i: int, offices: OfficeTokens, context: NameContext) -> Person | None:
    word = words.text[i]
    if not _may_begin(word):
        return None
    if (
        word in context.occupations
        or word in context.verbs
        or (word in context.honorifics and word_part(word) is not Part.GIVEN)
    ):
        return None
    if word.startswith("ال") and (i in offices.heads or word in nisbas() or word in context.honorifics):
        return None
    evidence = _evidence(words, i, offices, context)
    best: Person | None = None
    for clitic in clitic_lengths(word):
        rest = word[clitic:]
        if len(rest) < 2 or rest in context.honorifics:
            continue
        if clitic and (
            len(rest) < 3 or word in common_words() or word_part(word) in (Part.GIVEN, Part.FAMILY)
        ):
            continue
        chain = _chain(
            words,
            i,
            clitic,
            Evidence.NONE if clitic else evidence,
            office_heads=offices.heads,
            context=context,
        )
        if chain is None:
            continue
        confidence = _confidence(words, i, clitic, chain, evidence)
        if confidence and (best is None or confidence > best.confidence):
            method = "title" if evidence >= Evidence.OCCUPATION else "speech" if evidence else "name"
            best = Person(i, chain.last, clitic, confidence, method)
    return best


def _confidence(words: Words, i: int, clitic: int, chain: _Chain, evidence: Evidence) -> float:
    word = words.text[i][clitic:]
    titled = evidence >= Evidence.OCCUPATION and not clitic
    if (
        evidence in (Evidence.OCCUPATION, Evidence.OFFICE)
        and word.startswith("ال")
        and not words.text[i - 1].startswith("ال")
        and chain.first is not Part.GIVEN
    ):
        return 0.0  # وزير العدل فلان
    if chain.first is Part.UNKNOWN:
        if word.startswith("ال") and evidence < Evidence.HONORIFIC:
            return 0.0
        if chain.units >= 2 and evidence >= Evidence.OFFICE:
            return 0.75
        if chain.units >= 2 and word[0] not in "وفبلكيتن":
            return 0.65
        return 0.5 if evidence is Evidence.HONORIFIC and len(word) >= 4 else 0.0
    if chain.units >= 2:
        if chain.king or chain.first is Part.GIVEN:
            return 0.9
        if chain.first is Part.WEAK_GIVEN:
            sure = chain.second in (Part.GIVEN, Part.FAMILY)
            if titled:
                return 0.85 if sure else 0.6
            if evidence is Evidence.PHRASE and not clitic:
                return 0.75 if sure else 0.6
            return (0.7 if evidence else 0.62) if sure else 0.0
        if titled:
            return 0.75
        return 0.55 if chain.first is Part.FAMILY and evidence is Evidence.SPEECH else 0.0
    if titled:
        if word in nisbas():
            return 0.0
        if evidence is Evidence.OCCUPATION and not words.text[i - 1].startswith("ال"):
            return 0.0  # مدير الابتعاث
        if chain.first in (Part.GIVEN, Part.FAMILY):
            flags = name_units().get(word, "gs")
            return 0.7 if evidence is not Evidence.OFFICE or "s" in flags else 0.0
        return 0.55 if evidence is Evidence.HONORIFIC else 0.0
    if evidence is Evidence.SPEECH and not clitic:
        return 0.6 if chain.first in (Part.GIVEN, Part.FAMILY) and word not in nisbas() else 0.0
    return 0.0
