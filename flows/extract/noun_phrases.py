"""Where the name of a body, a place or an event ends that begins with a known head word."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import msgspec

from flows.clean.normalize import fold
from flows.extract.name_lexicon import folded_words, is_ordinary, name_context, name_units, rule_words
from flows.extract.name_words import Words
from flows.extract.resources import read_yaml

_OPENING = "\"«“'("
_CLOSING = "\"»”')"
MAX_WORDS = 11


class _HeadGroup(msgspec.Struct, forbid_unknown_fields=True):
    heads: str
    after: str
    needs: list[str] = []
    also: list[str] = []
    strength: float = 0.8


@dataclass(frozen=True, slots=True)
class Head:
    after: str  # nisba | genitive | proper | qualified
    needs: frozenset[str]
    also: frozenset[str]
    strength: float


def read_heads(resource: str) -> dict[str, tuple[Head, ...]]:
    """Folded head word -> the ways its names go on, in the file's order."""
    heads: dict[str, list[Head]] = {}
    for group in read_yaml(resource, list[_HeadGroup]):
        needs = folded_words(" ".join(group.needs))
        head = Head(group.after, needs, frozenset(group.also), group.strength)
        for word in fold(group.heads).split():
            heads.setdefault(word, []).append(head)
    return {word: tuple(ways) for word, ways in heads.items()}


@cache
def organization_heads() -> dict[str, tuple[Head, ...]]:
    return read_heads("organization_heads.yaml")


@cache
def event_heads() -> dict[str, tuple[Head, ...]]:
    return read_heads("named_event_heads.yaml")


@cache
def nisbas() -> dict[str, str]:
    """Folded adjective of a country, every form with and without ال -> the country's id."""
    forms: dict[str, str] = {}
    for identity, words in read_yaml("names_nisbas.yaml", dict[str, str]).items():
        for word in fold(words).split():
            for ending in ("", "ه", "ون", "ين", "ات", "تين", "ان"):
                forms["ال" + word + ending] = identity
                forms[word + ending] = identity
    for word in rule_words("peoples"):
        forms.setdefault(word, "")
    return forms


class _Words(msgspec.Struct, forbid_unknown_fields=True):
    general: str
    loose: str
    stop: str
    indefinite_inside: str


@dataclass(frozen=True, slots=True)
class PhraseWords:
    general: frozenset[str]  # adjectives of rank inside names: العامة، الوطنية
    loose: frozenset[str]  # adjectives that make no name: المذكورة
    stop: frozenset[str]  # words that end a name
    inside: frozenset[str]  # nouns without ال that go on in a name: شؤون، حقوق، كرة


@cache
def phrase_words() -> PhraseWords:
    data = read_yaml("names_phrases.yaml", _Words)
    return PhraseWords(
        *(folded_words(t) for t in (data.general, data.loose, data.stop, data.indefinite_inside))
    )


@dataclass(slots=True)
class Known:
    """What is already known of the words: listed names and persons by their first token."""

    names: dict[int, int] = field(
        default_factory=dict
    )  # first token -> last token of a place, person or body
    places: dict[int, int] = field(default_factory=dict)
    clitic_places: dict[int, int] = field(default_factory=dict)  # first token, written with ب before it
    clitic_bodies: dict[int, int] = field(default_factory=dict)  # the same of listed bodies


def extent(
    words: Words, first: int, clitic: int, known: Known, ways: tuple[Head, ...]
) -> tuple[int, Head] | None:
    """Last token of the name whose head is token ``first`` (its first ``clitic`` letters left out), and the
    way it was read; None where the phrase is no name."""
    for way in ways:
        last = _one_way(words, first, clitic, known, way)
        if last is not None:
            return last, way
    return None


def _one_way(words: Words, first: int, clitic: int, known: Known, way: Head) -> int | None:
    j = first + 1
    if j >= len(words):
        return None
    if way.needs:
        if words.break_before[j] or words.text[j] not in way.needs:
            return None
        j += 1
        if j >= len(words):
            return first + 1
    head = words.text[first][clitic:]
    definite = head.startswith("ال") or (
        clitic > 0 and head.startswith("ل") and words.text[first][clitic - 1] == "ل"
    )
    if way.needs and words.text[j - 1].startswith("ال"):
        definite = True
    if way.after == "nisba":
        before = words.text[first - 1] if first and not words.break_before[first] else ""
        if before in rule_words("ministers") and head in rule_words("ministries"):
            return None  # وزير الخارجية الأمريكي: the adjective is the minister's
        return _nisba(
            words,
            j,
            known,
            way,
            feminine=head.endswith("ه") or head.removeprefix("ال") in rule_words("feminine"),
        )
    if way.after == "year":
        return j if not words.is_word[j] and is_year(words.text[j]) else None
    if way.after == "place":
        if j not in known.places or words.break_before[j]:
            return None
        last = known.places[j]
        return (_tail(words, last + 1, known, way) if last + 1 < len(words) else None) or last
    if way.after == "region":
        return _of_region(words, j, known)
    if way.after == "own_place":
        return _of_own_place(words, j, known)
    if way.after == "qualified":
        return _qualified(words, j, known, way)
    if way.after in ("proper", "introduces"):
        return _proper(words, j, known, way)
    return _genitive(words, j, known, way, definite=definite)


def _of_region(words: Words, j: int, known: Known) -> int | None:
    """أمانة | محافظة الطائف، محاكم | جهة سوس: a word of region and its place."""
    if words.break_before[j] or words.text[j] not in rule_words("regions"):
        return None
    if known.places.get(j, j) > j:
        return known.places[j]
    if j + 1 < len(words) and not words.break_before[j + 1]:
        return known.places.get(j + 1)
    return None


def _of_own_place(words: Words, j: int, known: Known) -> int | None:
    """السجن المحلي | بوجدة، المستشفى الإقليمي | محمد الخامس بالجديدة"""
    if words.break_before[j]:
        return None
    named = known.names.get(j)
    if named is None:
        return known.clitic_places.get(j)
    after = named + 1
    if after < len(words) and not words.break_before[after]:
        return known.clitic_places.get(after, named)
    return named


def _nisba(words: Words, j: int, known: Known, way: Head, *, feminine: bool) -> int | None:
    """الجيش الإسرائيلي، المنتخب الوطني المغربي، القوات المسلحة الملكية المغربية"""
    general = phrase_words().general
    n = len(words)
    last = None
    k = j
    while k < n and k < j + 4 and not words.break_before[k]:
        word = words.text[k]
        if word.startswith("ال") and word in nisbas() and word.endswith("ه") == feminine:
            last = k
            k += 1
            continue
        if last is None and word in general and word.endswith("ه") == feminine:
            k += 1
            continue
        break
    if last is None:
        return None
    if (
        "for" in way.also
        and last + 1 < n
        and not words.break_before[last + 1]
        and words.text[last + 1].startswith("لل")
    ):
        return _tail(words, last + 1, known, way) or last
    return last


def _qualified(words: Words, j: int, known: Known, way: Head) -> int | None:
    """الهيئة الوطنية لضبط الكهرباء، المكتب الوطني للسلامة الصحية، الحزب الاشتراكي الموحد"""
    listed = phrase_words()
    n = len(words)
    k = j
    if words.text[j] in rule_words("internal"):
        return None  # المكتب السياسي للحزب: the party is the name
    adjectives = 0
    rank = False
    while k < n and not words.break_before[k] and adjectives < 5:
        word = words.text[k]
        if not word.startswith("ال") or word in listed.loose or word in listed.stop or _is_head(word):
            break
        if known.names.get(k, k) > k:
            break  # البنك المركزي | الشاذلي العياري
        rank = rank or word in listed.general or word in nisbas() or not is_ordinary(word)
        adjectives += 1
        k += 1
    if not adjectives or not rank:
        return None
    last = k - 1
    tail = _tail(words, k, known, way) if k < n and not words.break_before[k] else None
    if tail is not None:
        return tail
    return last if adjectives >= 2 else None


def _is_head(word: str) -> bool:
    return word in organization_heads() and word not in (
        "الامن",
        "الدفاع",
        "الداخليه",
        "الخارجيه",
        "الجامعه",
        "البحريه",
    )


def _proper(words: Words, j: int, known: Known, way: Head) -> int | None:
    """حزب "الكرامة"، شركة فيريرو، نادي برشلونة"""
    quoted = _quoted(words, j)
    if quoted is not None:
        return quoted
    n = len(words)
    if words.break_before[j]:
        return None
    if j in known.names:
        return _adjectives(words, known.names[j], known, way)
    last = None
    k = j
    while k < n and k < j + 3 and not words.break_before[k]:
        word = words.text[k]
        if (is_ordinary(word) and word not in name_units()) or word in name_context().stops:
            break
        if len(word) < 2 or word.startswith(("لل", "بال")):
            break
        if k > j and len(word) < 3:
            break
        last = k
        k += 1
    return None if last is None else _adjectives(words, last, known, way)


def _adjectives(words: Words, last: int, known: Known, way: Head) -> int:
    """صالون سوسة | الدولي للكتاب: a nationality or rank after the proper name, then لـ."""
    if "adjectives" not in way.also:
        return last
    n = len(words)
    general = phrase_words().general
    while last + 1 < n and not words.break_before[last + 1]:
        word = words.text[last + 1]
        if not (_nisba_word(word) or (word in general and "for" in way.also)):
            break
        last += 1
    if "for" in way.also and last + 1 < n and not words.break_before[last + 1]:
        return _tail(words, last + 1, known, way) or last
    return last


def is_year(text: str) -> bool:
    return len(text) == 4 and text.isdigit() and text[:2] in ("19", "20")


def _ends_construct(word: str) -> bool:
    """لجنة | في، إدارة | النادي، حزب | يحترم: prepositions, bare head words and verbs after a head word."""
    if word in rule_words("in_construct_stops"):
        return True
    return word[0] in "يت" and len(word) > 3 and is_ordinary(word) and word not in phrase_words().inside


@cache
def _titles() -> frozenset[str]:
    """Words before a person's name that end a body's name."""
    context = name_context()
    return (context.honorifics | context.occupations) - frozenset(nisbas())


def _genitive(words: Words, j: int, known: Known, way: Head, *, definite: bool) -> int | None:
    """وزارة الصحة والحماية الاجتماعية، جمعية آباء وأصدقاء المعاقين، جامعة محمد الخامس بالرباط"""
    quoted = _quoted(words, j)
    if quoted is not None:
        return quoted
    listed = phrase_words()
    n = len(words)
    k = j
    last: int | None = j - 1 if definite else None
    inside = definite_words = 0
    titles = _titles()
    while k < n and k - j < MAX_WORDS and not words.break_before[k]:
        word = words.text[k]
        if word in listed.stop or word in listed.loose or (k == j and word.startswith("ادار")):
            break
        if (last is None or last < j) and _ends_construct(word):
            break
        if k == j and word == "الدفاع" and words.text[j - 1].endswith(tuple(rule_words("counsel"))):
            break  # هيئة الدفاع: an accused's lawyers
        if k in known.names and (known.names[k] > k or not word.startswith("ال")):
            if last is None or last < j:
                last = known.names[k]
            break
        if word in rule_words("royal_titles") and k + 1 in known.names and (last is None or last < j):
            last = known.names[k + 1]
            break
        if word.startswith("ال"):
            if last is not None and last >= j and (definite_words >= 3 or _is_head(word) or word in titles):
                break
            definite_words += 1
            last = k
            k += 1
            continue
        if last is not None and last >= j:
            break
        # still in the construct state: جمعية آباء ...، المحكمة الابتدائية ...
        if is_ordinary(word) and word not in listed.inside:
            if inside >= 1 or word.startswith(("وال", "لل", "بال")):
                break
            inside += 1
            k += 1
            continue
        if word in listed.inside:
            k += 1
            continue
        last = k
        k += 1
        if (
            k < n
            and not words.break_before[k]
            and not is_ordinary(words.text[k])
            and words.text[k] not in name_context().stops
        ):
            last = k
            k += 1
        break
    if last is None or (last < j and not definite):
        return None
    k = last + 1
    tail = _tail(words, k, known, way) if k < n and not words.break_before[k] else None
    if tail is None and last == j and words.text[j] in rule_words("empty_complements"):
        return None  # وكالة الأنباء, لجنة التحقيق: any of them
    return tail if tail is not None else (last if last >= j else None)


def _tail(words: Words, k: int, known: Known, way: Head) -> int | None:
    """The complements that the name goes on with: للأمن الوطني، والنقل، بالدار البيضاء، عن الحق في الصحة."""
    listed = phrase_words()
    n = len(words)
    last: int | None = None
    steps = 0
    while k < n and steps < MAX_WORDS and not words.break_before[k]:
        word = words.text[k]
        steps += 1
        if word in listed.stop or word in listed.loose:
            break
        if word == "و" and "and" in way.also and k + 1 < n and words.text[k + 1].startswith("ال"):
            if words.break_before[k + 1] or _is_head(words.text[k + 1]):
                break
            k += 1
            last = k
        elif "for" in way.also and word.startswith("لل") and len(word) > 4:
            last = k
        elif "for" in way.also and last is None and _for_construct(words, k):
            last = k + 1
            k += 1
        elif (
            (
                "and" in way.also
                and word.startswith("وال")
                and not _is_head(word[1:])
                and word[1:] not in nisbas()
            )
            or ("and" in way.also and word.startswith("وال") and last is not None and word[1:] in nisbas())
            or (last is not None and word.startswith("ال") and not _is_head(word) and k not in known.names)
        ):
            last = k
        elif "place" in way.also and k in known.clitic_places:
            return known.clitic_places[k]
        elif "chamber" in way.also and word[0] == "ب" and word[1:] in rule_words("seats"):
            seat = known.clitic_bodies.get(k)
            if seat is None:
                found = extent(words, k, 1, known, organization_heads().get(word[1:], ()))
                seat = None if found is None else found[0]
            return last if seat is None else seat
        elif "about" in way.also and word in ("عن", "ضد", "حول", "مع") and k + 1 < n:
            if (
                (last is None and word != "حول")
                or words.break_before[k + 1]
                or not words.text[k + 1].startswith("ال")
            ):
                break
            last = k + 1
            k += 1
        elif "about" in way.also and word == "في" and k + 2 < n and words.text[k + 1] == "مجال":
            last = k + 2
            k += 2
        else:
            break
        k += 1
    return last


def _for_construct(words: Words, k: int) -> bool:
    """لضبط الكهرباء: ل + noun in construct state + definite noun."""
    word = words.text[k]
    return (
        word.startswith("ل")
        and len(word) > 3
        and k + 1 < len(words)
        and not words.break_before[k + 1]
        and words.text[k + 1].startswith("ال")
        and (is_ordinary(word[1:]) or word[1:] in phrase_words().inside)
        and word not in rule_words("no_construct")
    )


def _nisba_word(word: str) -> bool:
    return word.startswith("ال") and word in nisbas()


def _quoted(words: Words, j: int) -> int | None:
    """The closing mark of a quotation of at most six words that opens at token j."""
    if words.text[j] not in _OPENING or words.text[j] == "(":
        return None
    for k in range(j + 1, min(j + 8, len(words))):
        if words.text[k] in _CLOSING:
            return k if k > j + 1 else None
        if (
            words.sentence[k] != words.sentence[j]
            and "\n" in words.article.text.search[words.end[k - 1] : words.start[k]]
        ):
            return None
    return None
