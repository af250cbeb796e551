"""The event lexicon: entries as data, and a word's readings as forms of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import msgspec

from flows.clean.normalize import fold
from flows.extract.events.inflection import Form, conjugate, decline, participle, verbal_noun
from flows.extract.resources import read_yaml
from flows.records import EventType, Role

_FILES = tuple(f"events_lexicon_{part}.yaml" for part in ("talks", "relief", "conflict", "civil", "public"))


class EntryData(msgspec.Struct, forbid_unknown_fields=True):
    """One line of the lexicon as written; the meaning of the keys stands in the file's head."""

    v: str | None = None
    i: str | None = None
    n: list[str] | None = None
    p: list[str] = []
    f: str = "transitive"
    m: str | None = None
    w: list[str] = []
    x: list[str] = []
    b: list[str] = []
    loose: bool = False
    s: bool = False
    e: str | None = None


class Frame(NamedTuple):
    """Roles by position ('subject', 'object', 'genitive') and by folded preposition."""

    name: str
    roles: Mapping[str, Role | None]

    def role(self, key: str) -> Role | None:
        return self.roles.get(key)


class Entry(NamedTuple):
    """One sense of one lemma."""

    number: int
    key: str  # stable name for features: lemma, condition and type
    lemma: str
    type: EventType
    frame: Frame
    mode: str | None
    requires: frozenset[str]
    forbids: frozenset[str]
    before: frozenset[str]
    loose: bool
    strong: bool
    example: str | None  # a sentence with the trigger between < and >


class Reading(NamedTuple):
    """A word as a form of an entry; ``prefix`` and ``suffix`` are what was cut off (folded letters)."""

    entry: Entry
    form: int
    prefix: str
    suffix: str


class Lexicon(NamedTuple):
    entries: tuple[Entry, ...]
    forms: Mapping[str, tuple[tuple[int, int], ...]]


@cache
def frames() -> Mapping[str, Frame]:
    data = read_yaml("events_frames.yaml", dict[str, dict[str, str]])
    roles = {"actor": Role.ACTOR, "recipient": Role.RECIPIENT}
    return {
        name: Frame(name, {fold(k): roles[v] for k, v in keys.items() if v in roles})
        for name, keys in data.items()
    }


@cache
def lexicon() -> Lexicon:
    """All entries with all their inflected spellings."""
    entries: list[Entry] = []
    forms: dict[str, list[tuple[int, int]]] = {}
    for name in _FILES:
        for type_name, rows in read_yaml(name, dict[str, list[EntryData]]).items():
            for row in rows:
                entry = _entry(len(entries), EventType(type_name), row)
                entries.append(entry)
                for spelling, form in _spellings(row).items():
                    forms.setdefault(spelling, []).append((entry.number, form))
    return Lexicon(tuple(entries), {k: tuple(v) for k, v in forms.items()})


def _entry(index: int, type_: EventType, row: EntryData) -> Entry:
    lemma = row.v or (row.n or [""])[0]
    condition = row.w[0] if row.w else ""
    return Entry(
        number=index,
        lemma=lemma,
        key=f"{lemma}{'+' + condition if condition else ''}:{type_.value}",
        type=type_,
        frame=frames()[row.f],
        mode=row.m,
        requires=frozenset(map(fold, row.w)),
        forbids=frozenset(map(fold, row.x)),
        before=frozenset(map(fold, row.b)),
        loose=row.loose,
        strong=row.s,
        example=row.e,
    )


def _spellings(row: EntryData) -> dict[str, int]:
    out: dict[str, int] = {}
    if row.v:
        out.update(conjugate(row.v, row.i))
        active = participle(row.v, row.i)
        if active:
            stem = active.removesuffix("ي")
            for ending in ("ا", "ه", "ين", "ان", "ات"):
                base = stem if ending == "ين" else active
                out.setdefault(base + ending, Form.PARTICIPLE)
    nouns = row.n
    if nouns is None:
        regular = verbal_noun(row.v) if row.v else None
        nouns = [regular] if regular else []
    for k, noun in enumerate(nouns):
        for spelling, form in decline(noun, tuple(row.p) if k == 0 else ()).items():
            out[spelling] = out.get(spelling, Form.NONE) | form
    return out


_Accept = Callable[[str, int, int, str, str], None]
_OBJECTS = ("هما", "ها", "هم", "هن", "نا", "ه")
_VERBAL = Form.PERFECT | Form.IMPERFECT | Form.JUSSIVE


@cache
def _cut() -> dict[str, tuple[Reading, ...]]:
    return {}


def readings(word: str) -> tuple[Reading, ...]:
    """Every reading of a folded word, clitics considered; the empty tuple for a word without event sense."""
    known = _cut()
    found = known.get(word)
    if found is None:
        if len(known) > 200_000:  # a bound for long runs
            known.clear()
        found = known[word] = tuple(_analyse(word))
    return found


def _analyse(word: str) -> list[Reading]:
    if len(word) < 2:
        return []
    out: list[Reading] = []
    seen: set[tuple[int, bool]] = set()

    def accept(stem: str, allowed: int, extra: int, prefix: str, suffix: str) -> None:
        for index, form in lex.forms.get(stem, ()):
            kept = form & ~(Form.NOUN) if not allowed & Form.NOUN else form
            verbal = bool(form & _VERBAL)
            if not allowed & Form.NOUN and not verbal:
                continue
            if not allowed & _VERBAL and not form & (Form.NOUN | Form.PARTICIPLE):
                continue
            if allowed & Form.IMPERFECT and not allowed & Form.PERFECT and not form & Form.IMPERFECT:
                continue
            if not allowed & _VERBAL:
                kept = kept & ~(_VERBAL | Form.PASSIVE)
            mark = (index, bool(kept & Form.NOUN))
            if mark not in seen:
                seen.add(mark)
                out.append(Reading(lex.entries[index], kept | extra, prefix, suffix))

    lex = lexicon()
    both = _VERBAL | Form.NOUN
    accept(word, both, Form.NONE, "", "")
    heads = [("", word, Form.NONE)]
    if word[0] in "وف" and len(word) > 3:
        accept(word[1:], both, Form.CONJOINED, word[0], "")
        heads.append((word[0], word[1:], Form.CONJOINED))
    for prefix, stem, mark in heads:
        _noun_clitics(stem, prefix, mark, accept)
        _verb_clitics(stem, prefix, mark, accept)
    return out


def _noun_clitics(word: str, prefix: str, mark: int, accept: _Accept) -> None:
    if word.startswith("ال") and len(word) > 4:
        accept(word[2:], Form.NOUN, mark | Form.DEFINITE, prefix + "ال", "")
    elif word.startswith("لل") and len(word) > 4:
        accept(word[2:], Form.NOUN, mark | Form.DEFINITE | Form.CLITIC, prefix + "لل", "")
        accept(word[1:], Form.NOUN, mark | Form.CLITIC, prefix + "ل", "")
    elif word[0] in "بلك" and len(word) > 3:
        if word.startswith(("بال", "كال")) and len(word) > 5:
            accept(word[3:], Form.NOUN, mark | Form.DEFINITE | Form.CLITIC, prefix + word[:3], "")
        accept(word[1:], Form.NOUN, mark | Form.CLITIC, prefix + word[0], "")


def _verb_clitics(word: str, prefix: str, mark: int, accept: _Accept) -> None:
    if word[0] == "س" and len(word) > 3 and word[1] in "يتنا":
        future = mark | Form.FUTURE
        accept(word[1:], Form.IMPERFECT, future, prefix + "س", "")
        _objects(word[1:], Form.IMPERFECT, future, prefix + "س", accept)
    if word[0] == "ل" and len(word) > 3 and word[1] in "يتن":
        accept(word[1:], Form.IMPERFECT, mark | Form.CLITIC, prefix + "ل", "")
        _objects(word[1:], Form.IMPERFECT, mark | Form.CLITIC, prefix + "ل", accept)
    _objects(word, _VERBAL, mark, prefix, accept)


def _objects(word: str, allowed: int, mark: int, prefix: str, accept: _Accept) -> None:
    for suffix in _OBJECTS:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            stem = word[: -len(suffix)]
            owned = mark | Form.OWNED
            accept(stem, allowed, owned, prefix, suffix)
            if stem.endswith("و"):
                accept(stem + "ا", allowed, owned, prefix, suffix)
            elif stem.endswith("ا"):
                accept(stem[:-1] + "ي", allowed, owned, prefix, suffix)
