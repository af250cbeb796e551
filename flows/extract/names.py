"""The names in an article: lists, rules and, where one is given, a statistical engine, put together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from flows.extract.engine_names import Candidate, combine, engine_candidates
from flows.extract.engines import NameEngine
from flows.extract.gazetteer import Hit, find_hits, gazetteer
from flows.extract.name_lexicon import is_ordinary, name_context, name_units, rule_words
from flows.extract.name_words import Words, clitic_lengths, without_clitics, words_of
from flows.extract.noun_phrases import Head, Known, event_heads, extent, is_year, nisbas, organization_heads
from flows.extract.office_words import office_heads
from flows.extract.people import OfficeTokens, find_people
from flows.extract.places import find_places, place_words
from flows.records import Article, EntityKind, Mention

PERSON, ORGANIZATION, LOCATION, NAMED_EVENT = (
    EntityKind.PERSON,
    EntityKind.ORGANIZATION,
    EntityKind.LOCATION,
    EntityKind.NAMED_EVENT,
)


def find_names(article: Article, engine: NameEngine | None = None) -> tuple[Mention, ...]:
    """The article's names: spans in ``article.text``, none overlapping another, by position.

    Without an engine only lists and rules speak, which finds less and errs seldom.
    """
    words = words_of(article)
    if not len(words):
        return ()
    offices = _office_words(words)
    candidates = _rule_candidates(words, offices)
    if engine is not None:
        proposed = [c for c in engine_candidates(words, engine) if not _part_of_office(words, c)]
        candidates = combine(words, candidates, proposed, offices)
    chosen = _choose(candidates)
    chosen = _choose([*chosen, *_repeated(words, chosen)])
    return tuple(
        Mention((c.start, c.end), c.kind, round(min(c.score, 0.99), 3), c.method, elided=_elided(words, c))
        for c in sorted(chosen, key=lambda c: c.start)
    )


def _elided(words: Words, c: Candidate) -> bool:
    """Whether the span begins with the second ل of لل that stands for ل + ال."""
    at = words.start[c.first]
    if c.start == at or words.text[c.first][c.start - at - 1 : c.start - at + 1] != "لل":
        return False
    name = words.article.text.search[c.start : c.end]
    return name not in gazetteer().by_name and name not in name_units()


def _rule_candidates(words: Words, offices: OfficeTokens) -> list[Candidate]:
    hits = find_hits(words)
    listed = _listed(words, hits)
    people = [
        Candidate(first, last, words.start[first] + clitic, words.end[last], PERSON, score, method)
        for first, last, clitic, score, method in find_people(words, offices)
    ]
    known = Known()
    for c in (*listed, *people):
        if c.start == words.start[c.first]:
            known.names[c.first] = max(c.last, known.names.get(c.first, -1))
            if c.kind is LOCATION:
                known.places[c.first] = max(c.last, known.places.get(c.first, -1))
        elif c.kind is LOCATION and _joins_place(words, c.first):
            known.clitic_places[c.first] = max(c.last, known.clitic_places.get(c.first, -1))
    for hit in hits:  # a doubtful place is one after مدينة
        if hit.entry.kind is LOCATION and hit.entry.flags:
            first, last = words.at(hit.start), words.at(hit.end - 1)
            if hit.clitic == 0:
                known.places.setdefault(first, last)
            elif _joins_place(words, first):
                known.clitic_places.setdefault(first, last)
    _with_unlisted_regions(words, known)
    listed = [_with_complement(words, known, c) for c in listed]
    for c in listed:
        if c.kind is ORGANIZATION and c.start == words.start[c.first] + 1 and words.text[c.first][0] == "ب":
            known.clitic_bodies[c.first] = max(c.last, known.clitic_bodies.get(c.first, -1))
    bodies = _headed(words, known, organization_heads(), ORGANIZATION)
    events = _headed(words, known, event_heads(), NAMED_EVENT)
    places = [
        Candidate(first, last, words.start[first] + clitic, words.end[last], LOCATION, score, "place")
        for first, last, clitic, score in find_places(words, known)
    ]
    found = [*listed, *people, *bodies, *_pairs(words), *events, *places]
    found = [c for c in found if not _part_of_office(words, c)]
    return [*found, *_latin_beside(words, found)]


def _joins_place(words: Words, i: int) -> bool:
    """Whether token i ties a place to what stands before it: بالرباط، لجهة فاس مكناس."""
    word = words.text[i]
    if word[0] == "ب":
        return word[1:] not in rule_words("towns")  # بمدينة سلا only says where
    return word[0] == "ل" and (word[1:] in rule_words("regions") or word[1:] in rule_words("towns"))


def _with_unlisted_regions(words: Words, known: Known) -> None:
    """بمنطقة حائل، لمدينة أكادير: a word of region and a listed place, tied to what is before."""
    for i, word in enumerate(words.text[:-1]):
        last = known.places.get(i + 1)
        if last is None or words.break_before[i + 1] or not _joins_place(words, i):
            continue
        if word[1:] in rule_words("regions") or word[1:] in rule_words("towns"):
            known.clitic_places.setdefault(i, last)


def _part_of_office(words: Words, c: Candidate) -> bool:
    """المدير العام للأمن الوطني ولمراقبة التراب الوطني: the bodies' names (المديرية ...) are not here."""
    if c.kind is not ORGANIZATION:
        return False
    first = words.text[c.first][c.start - words.start[c.first] :]
    if first not in rule_words("services") and first.removeprefix("ل") not in rule_words("services"):
        return False
    directors = rule_words("directors")
    for k in range(c.first - 1, max(c.first - 7, -1), -1):
        if words.text[k].lstrip("وفبل") in directors:
            return True
        if words.break_before[k + 1] or not words.text[k].startswith(("ال", "لل", "و", "ول")):
            return False
    return False


def _latin_beside(words: Words, found: list[Candidate]) -> list[Candidate]:
    """The Latin spelling right after a person's name or, in brackets, a body's: فلان (Name), الاتحاد (EU)."""
    extra: list[Candidate] = []
    n = len(words)
    for c in found:
        if c.kind is not PERSON and c.kind is not ORGANIZATION:
            continue
        j = c.last + 1
        bracket = j < n and words.text[j] in ("(", "-", '"')
        if bracket:
            j += 1
        elif c.kind is ORGANIZATION:
            continue
        k = j
        while k < n and k < j + 5 and words.is_word[k] and _is_latin(words.text[k]):
            k += 1
        if (
            k > j
            and (c.kind is ORGANIZATION or k - j >= 2)
            and (not bracket or (k < n and not words.is_word[k]))
        ):
            extra.append(Candidate(j, k - 1, words.start[j], words.end[k - 1], c.kind, c.score, "latin"))
    return extra


def _is_latin(word: str) -> bool:
    return "a" <= word[0] <= "z"


def _with_complement(words: Words, known: Known, c: Candidate) -> Candidate:
    """A listed name with what the text adds to it: a place of its own, the year of an event."""
    last = c.last
    if c.kind is ORGANIZATION and last + 1 in known.clitic_places and not words.break_before[last + 1]:
        head = words.article.text.search[c.start : words.end[c.first]]
        if head in rule_words("own_place") or ("ا" + head) in rule_words("own_place"):
            last = known.clitic_places[last + 1]
    elif c.kind is NAMED_EVENT:
        last = _year(words, last)
    return c if last == c.last else c._replace(last=last, end=words.end[last])


def _listed(words: Words, hits: Iterable[Hit]) -> list[Candidate]:
    """Listed names that count: safe ones, and doubtful ones that the article supports."""
    hits = list(hits)
    full = {h.entry.identity for h in hits if not h.entry.flags}
    topics = _topics(words)
    found: list[Candidate] = []
    for hit in hits:
        flags = hit.entry.flags
        first, last = words.at(hit.start), words.at(hit.end - 1)
        if flags.startswith("t:"):
            if flags[2:] not in topics and hit.entry.identity not in full:
                continue
        elif flags and hit.entry.identity not in full and not _supported(words, first, hit, topics):
            continue
        if hit.clitic and _reads_whole(words.text[first], hit):
            continue
        score = 0.9 + 0.01 * min(last - first, 8) - (0.05 if hit.clitic else 0.0) - (0.1 if flags else 0.0)
        found.append(Candidate(first, last, hit.start, hit.end, hit.entry.kind, score, "list"))
    return found


def _supported(words: Words, first: int, hit: Hit, topics: frozenset[str]) -> bool:
    if hit.entry.flags == "p":
        return _after_preposition(words, first, hit)
    if hit.entry.flags == "i":
        j = first - 1
        if j >= 0 and words.text[j] in ('"', "("):
            j -= 1
        return (
            j >= 0
            and hit.clitic == 0
            and any(_introduces(form) for _, form in without_clitics(words.text[j]))
        )
    if hit.entry.flags == "w" and hit.entry.identity.startswith(("sport:", "clubs:")) and "sport" in topics:
        return first > 0 and words.text[first - 1] in rule_words("before_clubs")
    return False


def _introduces(word: str) -> bool:
    return any(way.after == "introduces" for way in organization_heads().get(word, ()))


def _after_preposition(words: Words, first: int, hit: Hit) -> bool:
    if hit.clitic:
        return words.text[first][hit.clitic - 1] in "بل"
    return first > 0 and not words.break_before[first] and words.text[first - 1] in rule_words("prepositions")


def _reads_whole(word: str, hit: Hit) -> bool:
    """Whether the word is more likely no clitic and a name: وليد is not و + ليد."""
    flags = name_units().get(word)
    return flags is not None and "w" not in flags and not hit.elided


def _topics(words: Words) -> frozenset[str]:
    text = words.text
    signs = rule_words("sport")
    return frozenset(["sport"]) if sum(w in signs for w in text) >= 3 else frozenset()


@lru_cache(maxsize=1 << 16)
def _is_office_word(word: str) -> bool:
    return any(word[n:] in office_heads() for n in clitic_lengths(word))


def _office_words(words: Words) -> OfficeTokens:
    """Where the article speaks of offices: وزير | الخارجية | الأمريكي."""
    forms = nisbas()
    after = rule_words("after_office")
    offices = OfficeTokens(set(), set(), set())
    for i, word in enumerate(words.text):
        if not words.is_word[i] or not _is_office_word(word):
            continue
        offices.heads.add(i)
        for k in range(i + 1, min(i + 8, len(words))):
            if words.break_before[k]:
                break
            follower = words.text[k]
            if follower in forms or follower in after:
                offices.ends.add(k)
            elif follower.startswith(("ال", "وال", "لل")) and (k == i + 1 or k - 1 in offices.inside):
                offices.inside.add(k)
    return offices


def _headed(
    words: Words, known: Known, heads: dict[str, tuple[Head, ...]], kind: EntityKind
) -> list[Candidate]:
    found: list[Candidate] = []
    for i, word in enumerate(words.text):
        reading = _head_reading(word, kind)
        if reading is None or not words.is_word[i]:
            continue
        clitic, form = reading
        result = extent(words, i, clitic, known, heads[form])
        if result is None:
            continue
        last, way = result
        if way.after == "introduces":
            found.append(_introduced(words, i + 1, last))
            continue
        if kind is NAMED_EVENT:
            last = _year(words, last)
        score = way.strength + (0.02 if last - i > 1 else 0.0)
        found.append(Candidate(i, last, *words.span(i, last, clitic), kind, score, "head"))
    return found


@lru_cache(maxsize=1 << 16)
def _head_reading(word: str, kind: EntityKind) -> tuple[int, str] | None:
    """(letters left out, head word) of a folded word that begins names of this kind."""
    heads = event_heads() if kind is NAMED_EVENT else organization_heads()
    return next(((clitic, form) for clitic, form in without_clitics(word) if form in heads), None)


def _introduced(words: Words, first: int, last: int) -> Candidate:
    """The name after صحيفة and the like, without quotation marks."""
    if not words.is_word[first]:
        first, last = first + 1, last - 1
    return Candidate(first, last, words.start[first], words.end[last], ORGANIZATION, 0.72, "head")


def _year(words: Words, last: int) -> int:
    return last + 1 if last + 1 < len(words) and is_year(words.text[last + 1]) else last


def _choose(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The best set without overlaps: long names before their parts, then sure ones before doubtful ones."""
    ranked = sorted(candidates, key=lambda c: (-(c.score + 0.12 * min(c.last - c.first, 4)), c.start))
    taken: list[tuple[int, int]] = []
    chosen: list[Candidate] = []
    for c in ranked:
        if all(c.end <= a or c.start >= b for a, b in taken):
            taken.append((c.start, c.end))
            chosen.append(c)
    return chosen


class _Again(NamedTuple):
    """Another form under which a name may come again."""

    words: tuple[str, ...]
    kind: EntityKind
    score: float
    bare: bool  # the family name, or the name without its head word


def _repeated(words: Words, chosen: list[Candidate]) -> list[Candidate]:
    """Further mentions of what was found: the same words again, the family name alone, X after مدينة X."""
    forms: dict[str, list[_Again]] = defaultdict(list)
    for c in chosen:
        for again in _other_forms(words, c):
            forms[again.words[0]].append(again)
    found: list[Candidate] = []
    n = len(words)
    verbs, honorifics = name_context().verbs, name_context().honorifics
    for i, word in enumerate(words.text):
        for clitic in clitic_lengths(word):
            for again in forms.get(word[clitic:], ()):
                last = i + len(again.words) - 1
                if last >= n or tuple(words.text[i + 1 : last + 1]) != again.words[1:]:
                    continue
                if last == i and is_ordinary(again.words[0]):
                    before = words.text[i - 1] if i and not words.break_before[i] else ""
                    if again.kind is not PERSON or (before not in verbs and before not in honorifics):
                        continue
                score = min(again.score, 0.8) - (0.05 if clitic else 0.0)
                found.append(Candidate(i, last, *words.span(i, last, clitic), again.kind, score, "again"))
    return found


def _other_forms(words: Words, c: Candidate) -> Iterator[_Again]:
    context = name_context()
    first = words.text[c.first][c.start - words.start[c.first] :]
    rest = tuple(words.text[c.first + 1 : c.last + 1])
    if (
        c.method not in ("list", "again")
        and (rest or len(first) >= 3)
        and len(first) >= 2
        and first in words.text[c.first]
    ):
        yield _Again((first, *rest), c.kind, c.score, bare=False)
    if not rest:
        return
    if c.kind is PERSON:
        tail = rest[-1]
        if tail in context.ordinals or tail in context.compound_ends:
            return
        for form in {tail, tail.removeprefix("ال"), "ال" + tail}:
            if len(form) >= 3:
                yield _Again((form,), PERSON, c.score, bare=True)
        if len(rest) >= 2 and rest[-2] in context.starters | context.connectors:
            yield _Again((rest[-2], tail), PERSON, c.score, bare=True)
    elif c.kind is LOCATION or c.method == "head":
        heads = place_words().heads if c.kind is LOCATION else organization_heads()
        if (
            first in heads
            and not first.startswith("ال")
            and not is_ordinary(rest[0])
            and words.is_word[c.first + 1]
        ):
            yield _Again(rest, c.kind, c.score, bare=True)


def _pairs(words: Words) -> list[Candidate]:
    """وزارتا الداخلية والعدل: the first keeps the head word, the second is the noun alone."""
    found: list[Candidate] = []
    duals = rule_words("dual_heads")
    n = len(words)
    for i, word in enumerate(words.text):
        for clitic in clitic_lengths(word):
            if word[clitic:] not in duals or i + 2 >= n or not words.text[i + 1].startswith("ال"):
                continue
            j = i + 2
            while j < n and not words.break_before[j] and words.text[j].startswith("ال") and j < i + 4:
                j += 1
            if j < n and not words.break_before[j] and words.text[j].startswith("وال"):
                found.append(Candidate(i, j - 1, *words.span(i, j - 1, clitic), ORGANIZATION, 0.85, "head"))
                last = j
                while (
                    last + 1 < n
                    and not words.break_before[last + 1]
                    and words.text[last + 1].startswith("ال")
                ):
                    last += 1
                found.append(Candidate(j, last, *words.span(j, last, 1), ORGANIZATION, 0.85, "head"))
            break
    return found
