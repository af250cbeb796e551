"""One article as the event stage sees it: folded words, names, dates and clause borders by token."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import accumulate

import msgspec

from flows.clean.normalize import fold
from flows.extract.resources import read_yaml
from flows.records import Article, DateMention, Entity, EntityKind, Office, Sentence, TokenKind


class Words(msgspec.Struct, forbid_unknown_fields=True):
    """Closed classes of words that decide clauses, status and genericity (events_words.yaml)."""

    prepositions: frozenset[str]
    subordinators: frozenset[str]
    relatives: frozenset[str]
    reporting: frozenset[str]
    auxiliaries: frozenset[str]
    light_verbs: frozenset[str]
    generic_governors: frozenset[str]
    called_governors: frozenset[str]
    called_verbs: frozenset[str]
    planned_cues: frozenset[str]
    planned_verbs: frozenset[str]
    hypothetical_cues: frozenset[str]
    ongoing_verbs: frozenset[str]
    negators: frozenset[str]
    denial_cues: frozenset[str]
    cancel_cues: frozenset[str]
    collective_heads: frozenset[str]
    person_heads: frozenset[str]
    body_heads: frozenset[str]
    pair_words: frozenset[str]
    same_words: frozenset[str]
    adverbs: frozenset[str]
    non_participants: frozenset[str]
    sources: frozenset[str]
    past_adjectives: frozenset[str]
    host_words: frozenset[str]
    quantifiers: frozenset[str]
    particles: frozenset[str]
    place_heads: frozenset[str]
    masculine_places: frozenset[str]
    participles: frozenset[str]
    verbs: frozenset[str]
    humans: frozenset[str]
    never: frozenset[str]
    countries: frozenset[str]
    according: frozenset[str]
    sport: frozenset[str]
    source_nouns: frozenset[str]


@cache
def words() -> Words:
    """The word classes, every member folded."""
    raw = read_yaml("events_words.yaml", dict[str, list[str]])
    folded = {k: {fold(x) for x in v} for k, v in raw.items()}
    people = folded["person_heads"] | folded["body_heads"] | folded["collective_heads"] | folded["humans"]
    folded["humans"] = people | {w[2:] for w in people if w.startswith("ال") and len(w) > 4}
    return msgspec.convert({k: list(v) for k, v in folded.items()}, Words)


_PRONOUN = re.compile(r"(?:ها|هما|هم|هن|ه|ك|كم|نا)$")


@lru_cache(maxsize=4096)
def is_function_word(word: str) -> bool:
    """Whether a folded word means nothing by itself: a preposition (also بها), هذا, أن, الذي."""
    classes = words()
    plain = word[1:] if len(word) > 2 and word[0] in "وف" else word
    closed = classes.prepositions | classes.subordinators | classes.relatives | classes.same_words
    if word in closed or plain in closed:
        return True
    stem = _PRONOUN.sub("", plain)
    return stem != plain and (stem in classes.prepositions or stem in {"ب", "ل"})


@dataclass(slots=True)
class View:
    """Token-wise view; all lists have one item a token, -1 stands for none."""

    article: Article
    entities: Sequence[Entity]
    offices: Sequence[Office]
    dates: Sequence[DateMention]
    words: list[str]
    sentence_of: list[int]
    entity_of: list[int]
    entity_end: dict[int, int]  # first token of a mention -> the token behind it
    date_of: list[int]
    hard: list[bool]  # a token that ends every clause
    comma: list[bool]
    quoted: list[bool]
    title: tuple[int, int]  # tokens of the title, (0, 0) without one
    persons_by_office: dict[int, list[int]] = field(default_factory=dict)  # first token -> offices
    people: list[bool] = field(default_factory=list)  # common nouns of people and bodies that can act
    places_by_stem: dict[str, list[int]] = field(default_factory=dict)  # stem of a nisba -> places
    office_end: dict[int, int] = field(default_factory=dict)  # office -> the token behind its title
    verbs: list[bool] = field(default_factory=list)  # finite verbs; clauses.mark_verbs fills it
    # how many marks, names and verbs stand before each token, one item more than tokens
    marks_before: list[int] = field(default_factory=list)
    names_before: list[int] = field(default_factory=list)
    verbs_before: list[int] = field(default_factory=list)

    def sentence(self, token: int) -> Sentence:
        return self.article.sentences[self.sentence_of[token]]

    def kind(self, token: int) -> EntityKind | None:
        entity = self.entity_of[token]
        return None if entity < 0 else self.entities[entity].kind

    def clitic(self, token: int) -> str:
        """The letters before a name inside its first token: '' or و ب ل ك or two of them."""
        entity = self.entity_of[token]
        if entity < 0 or token not in self.entity_end:
            return ""
        start = self.article.tokens[token].start
        for mention in self.entities[entity].mentions:
            if start <= mention.span[0] < self.article.tokens[token].end:
                return self.article.text.search[start : mention.span[0]]
        return ""


def build(
    article: Article, entities: Sequence[Entity], offices: Sequence[Office], dates: Sequence[DateMention]
) -> View:
    """Token-wise view of an article; linear in its length."""
    tokens = article.tokens
    search = article.text.search
    n = len(tokens)
    starts = [t.start for t in tokens]
    ends = [t.end for t in tokens]
    texts = [search[t.start : t.end] for t in tokens]
    sentence_of = [0] * n
    for k, s in enumerate(article.sentences):
        for t in range(s.first, s.last):
            sentence_of[t] = k
    entity_of = [-1] * n
    entity_end: dict[int, int] = {}
    for e, entity in enumerate(entities):
        for mention in entity.mentions:
            a = bisect_right(ends, mention.span[0])
            b = bisect_left(starts, mention.span[1])
            for t in range(a, b):
                entity_of[t] = e
            if a < b:
                entity_end[a] = b
    date_of = [-1] * n
    for d, date in enumerate(dates):
        a = bisect_right(ends, date.span[0])
        b = bisect_left(starts, date.span[1])
        for t in range(a, b):
            date_of[t] = d
    hard = [False] * n
    comma = [False] * n
    quoted = [False] * n
    inside = False
    punctuation = TokenKind.PUNCTUATION
    last_sentence = -1
    for t in range(n):
        if sentence_of[t] != last_sentence:
            last_sentence = sentence_of[t]
            inside = False
        quoted[t] = inside
        if tokens[t].kind is punctuation:
            mark = texts[t]
            if mark == '"':
                inside = not inside
            elif mark in ".;:?!…":
                hard[t] = True
            elif mark == ",":
                comma[t] = True
    title_span = article.title_span
    title = (0, 0)
    if title_span:
        title = (bisect_right(ends, title_span[0]), bisect_left(starts, title_span[1]))
    view = View(
        article, entities, offices, dates, texts, sentence_of, entity_of, entity_end, date_of, hard, comma,
        quoted, title,
    )  # fmt: skip
    view.people = [
        entity_of[t] < 0
        and date_of[t] < 0
        and names_people(texts[t])
        and not (t + 1 < n and view.kind(t + 1) is EntityKind.PERSON)  # السيد فلان
        and not (t and texts[t].startswith("لل") and texts[t - 1].startswith("العام"))  # المدير العام للأمن
        for t in range(n)
    ]
    view.marks_before = running([a or b for a, b in zip(comma, hard, strict=True)])
    view.names_before = running([t in entity_end for t in range(n)])
    for e, entity in enumerate(entities):
        if entity.kind is EntityKind.LOCATION:
            for stem in _nisba_stems(fold(entity.name)):
                view.places_by_stem.setdefault(stem, []).append(e)
    for o, office in enumerate(offices):
        token = bisect_right(ends, office.span[0])
        if token < n:
            view.persons_by_office.setdefault(token, []).append(o)
            view.office_end[o] = bisect_left(starts, office.span[1])
    return view


def running(flags: Sequence[bool]) -> list[int]:
    """How many of the flags before each position are on; one item more than flags."""
    return [0, *accumulate(flags)]


_NISBA_OF = {"الولايات المتحده": "امريك", "امريكا": "امريك", "واشنطن": "امريك"}


def _nisba_stems(name: str) -> set[str]:
    """What is left of a place's adjective without ي: إيران -> ايران, فرنسا -> فرنس, السعودية -> سعود."""
    out = {_NISBA_OF[k] for k in _NISBA_OF if name.startswith(k)}
    for word in name.split():
        bare = strip(word)
        for end in ("يا", "يه", "ا", "ه"):
            if bare.endswith(end) and len(bare) - len(end) >= 3:
                bare = bare[: -len(end)]
                break
        if len(bare) >= 3:
            out.add(bare)
    return out


@lru_cache(maxsize=1 << 16)
def names_people(word: str) -> bool:
    """Whether a folded common noun names people or a body that can act: الشرطة, المحتجون, وزير."""
    classes = words()
    forms = [word]
    if len(word) > 4 and word[0] in "وف":
        forms.append(word[1:])
    forms += [
        "ال" + form[2:] if form.startswith("لل") else form[1:]
        for form in forms
        if len(form) > 4 and form[0] in "بل"
    ]
    for form in forms:
        bare = form.removeprefix("ال")
        if bare in classes.humans or form in classes.humans:
            return True
        if len(bare) < 5 or form in classes.non_participants or bare in classes.non_participants:
            continue
        if bare.endswith(("يون", "يين")):
            return True
        if bare[0] == "م" and bare.endswith(("ون", "ين")) and not bare.endswith(("تين", "مضامين")):
            return True
    return False


_ARTICLES = ("وال", "بال", "فال", "كال", "ولل", "لل", "ال")


@lru_cache(maxsize=1 << 16)
def strip(word: str) -> str:
    """A folded word without article and the particles before it (a rough cut for word classes)."""
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= 3:
            return word[len(article) :]
    return word


@lru_cache(maxsize=1 << 16)
def variants(word: str) -> tuple[str, ...]:
    """Spellings under which a word may stand in a word class: as it is, and without its particles."""
    out = [word]
    if len(word) > 3 and word[0] in "وف":
        out.append(word[1:])
    for w in tuple(out):
        if len(w) > 3 and w[0] in "بلك":
            out.append(w[1:])
            if w.startswith("لل"):
                out.append("ال" + w[2:])
    out += [w[2:] for w in out if w.startswith("ال") and len(w) > 4]
    return tuple(dict.fromkeys(out))


def is_bound(view: View, date: int) -> bool:
    """منحة الإنتاج لسنة 2023: a date tied to a noun by ل is the noun's, not the time of the event."""
    start = view.dates[date].span[0]
    return start > 0 and view.article.text.search[start - 1] == "ل"
