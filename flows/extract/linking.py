"""Mentions of one article that name the same thing become one entity.

People: a short name goes to the full name that contains it, spelling variants and Latin spellings go
together, and two people who share a family name stay two.  Places and bodies: by what the lists know, by the
name without its head word (مدينة, شركة, حزب) and by brackets that tie an acronym to a name.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from flows.clean.normalize import fold
from flows.extract.clitics import written
from flows.extract.gazetteer import gazetteer
from flows.extract.name_lexicon import name_context, rule_words
from flows.extract.noun_phrases import organization_heads
from flows.extract.places import place_words
from flows.records import Article, Entity, EntityKind, Mention

_WORD = re.compile(r"[^\W_]+")
_SEPARATOR = re.compile(r'\s*(?:[("«،,]\s*)?')


def link_entities(article: Article, mentions: tuple[Mention, ...]) -> tuple[Entity, ...]:
    """Group the mentions; entities stand in the order of first mention, ``name`` is the fullest form."""
    parent = list(range(len(mentions)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    def join(a: int, b: int) -> None:
        ra, rb = root(a), root(b)
        if ra != rb:
            parent[max(ra, rb)] = min(ra, rb)

    keys = [_key(article, m) for m in mentions]
    by_kind: dict[EntityKind, list[int]] = defaultdict(list)
    for i, mention in enumerate(mentions):
        by_kind[mention.kind].append(i)
    for a, b in _beside(article, mentions):
        join(a, b)
    for a, b in _same_people(by_kind[EntityKind.PERSON], keys):
        join(a, b)
    for kind in (EntityKind.LOCATION, EntityKind.ORGANIZATION, EntityKind.NAMED_EVENT):
        for a, b in _same_things(by_kind[kind], keys, kind):
            join(a, b)

    groups: dict[int, list[int]] = defaultdict(list)
    for i in range(len(mentions)):
        groups[root(i)].append(i)
    return tuple(_entity(article, mentions, members) for _, members in sorted(groups.items()))


def _key(article: Article, mention: Mention) -> list[str]:
    """The folded words of a mention, a swallowed article given back."""
    if mention.elided:
        return _WORD.findall(fold(written(article, mention)))
    return _WORD.findall(article.text.search[mention.span[0] : mention.span[1]])


def _entity(article: Article, mentions: Sequence[Mention], members: list[int]) -> Entity:
    forms = Counter(written(article, mentions[i]) for i in members)
    kind = mentions[members[0]].kind
    if kind is EntityKind.LOCATION and any(_country(article, mentions[i]) for i in members):
        name = min(forms, key=len)
    else:
        # Arabic before Latin, more words before fewer, longer before shorter, frequent before rare
        name = max(forms, key=lambda f: (_arabic(f), len(f.split()), len(f), forms[f]))
    return Entity(name, kind, tuple(mentions[i] for i in members))


def _arabic(text: str) -> bool:
    return any("ء" <= c <= "ي" for c in text)


def _country(article: Article, mention: Mention) -> bool:
    entry = gazetteer().by_name.get(" ".join(_key(article, mention)))
    return entry is not None and entry.identity.startswith("country:")


def _beside(article: Article, mentions: Sequence[Mention]) -> list[tuple[int, int]]:
    """A name and its Latin spelling or acronym: فلان (Name), الاتحاد الأوروبي (EU)."""
    search = article.text.search
    pairs = []
    for i in range(len(mentions) - 1):
        a, b = mentions[i], mentions[i + 1]
        if a.kind is not b.kind or b.span[0] - a.span[1] > 4:
            continue
        gap = search[a.span[1] : b.span[0]]
        first, second = search[slice(*a.span)], search[slice(*b.span)]
        latin = _arabic(first) != _arabic(second)
        bracket = "(" in gap
        if (latin and not gap.strip(' ("«-،,')) or (bracket and a.kind is EntityKind.ORGANIZATION):
            pairs.append((i, i + 1))
    return pairs


# -------------------------------------------------------------------------------------------- people


def _units(words: list[str]) -> tuple[str, ...]:
    """A personal name's units, spelled one way: عبد الرحمان and عبدالرحمن are one unit, بن is left out."""
    units: list[str] = []
    glue = ""
    for word in words:
        if word in rule_words("glued"):
            glue += "" if word in rule_words("dropped") else ("ابو" if word.startswith("اب") else word)
            continue
        if word.startswith("عبدال") and len(word) > 6:
            word = "عبد" + word[5:]
        elif glue == "عبد":
            word = word.removeprefix("ال")
        elif word.startswith("ال") and len(word) > 4:
            word = word[2:]
        if word in ("الدين", "الله", "دين", "له") and units:
            units[-1] += "الدين" if "دين" in word else "الله"
            continue
        units.append(glue + word)
        glue = ""
    return tuple(units)


def similar(a: str, b: str) -> bool:
    """One letter more, less or other in units of five letters and more; long vowels count less."""
    if a == b:
        return True
    if min(len(a), len(b)) < 4:
        return False
    bare_a, bare_b = re.sub("[اوي]", "", a), re.sub("[اوي]", "", b)
    if bare_a == bare_b and len(bare_a) >= 3 and a[0] == b[0]:
        return True
    if min(len(a), len(b)) < 5 or abs(len(a) - len(b)) > 1:
        return False
    if len(a) == len(b):
        different = [i for i in range(len(a)) if a[i] != b[i]]
        if len(different) == 2 and different[1] == different[0] + 1:
            i = different[0]
            return a[i] == b[i + 1] and a[i + 1] == b[i]
        return len(different) <= 1
    if len(a) > len(b):
        a, b = b, a
    i = next((k for k in range(len(a)) if a[k] != b[k]), len(a))
    return a[i:] == b[i + 1 :]


def _contains(full: tuple[str, ...], short: tuple[str, ...]) -> bool:
    n = len(short)
    return any(
        all(similar(x, y) for x, y in zip(full[i : i + n], short, strict=True))
        for i in range(len(full) - n + 1)
    )


def _same_people(members: list[int], keys: list[list[str]]) -> list[tuple[int, int]]:
    units = {i: _units(keys[i]) for i in members}
    ordinals = name_context().ordinals
    full = [i for i in members if len(units[i]) >= 2 or any(w in ordinals for w in keys[i])]
    pairs: list[tuple[int, int]] = []
    # full names among themselves
    distinct: dict[tuple[str, ...], int] = {}
    for i in full:
        same = distinct.get(units[i])
        if same is None:
            same = next(
                (
                    j
                    for other, j in distinct.items()
                    if (len(other) == len(units[i]) and _contains(other, units[i]))
                    or (
                        min(len(other), len(units[i])) >= 2
                        and (_inside(other, units[i]) or _inside(units[i], other))
                    )
                ),
                None,
            )
        if same is None:
            distinct[units[i]] = i
        else:
            pairs.append((same, i))
            distinct.setdefault(units[i], i)
    # short names: the full one that contains them; of several the one named last before, else the first after
    singles: dict[tuple[str, ...], int] = {}
    for i in members:
        if len(units[i]) >= 2 and i in full:
            continue
        choices = [j for j in full if units[i] and _contains(units[j], units[i])]
        exact = [j for j in choices if _ends_with(units[j], units[i])]
        choices = exact or choices
        before = [j for j in choices if j < i]
        if choices:
            pairs.append((before[-1] if before else choices[0], i))
            continue
        same = next(
            (j for other, j in singles.items() if len(other) == len(units[i]) and _contains(other, units[i])),
            None,
        )
        if same is None:
            singles[units[i]] = i
        else:
            pairs.append((same, i))
    return pairs


def _inside(full: tuple[str, ...], short: tuple[str, ...]) -> bool:
    """Whether the longer name has the shorter one's units in a row, or its first and last unit are theirs."""
    if len(short) >= len(full):
        return False
    if _contains(full, short) and similar(full[0], short[0]):
        return True
    return similar(full[0], short[0]) and similar(full[-1], short[-1])


def _ends_with(full: tuple[str, ...], short: tuple[str, ...]) -> bool:
    return len(short) <= len(full) and all(
        similar(x, y) for x, y in zip(full[-len(short) :], short, strict=True)
    )


# -------------------------------------------------------------------------------------------- things


def _core(words: list[str], kind: EntityKind) -> tuple[str, ...]:
    """The name without its head word and without articles."""
    heads = place_words().heads if kind is EntityKind.LOCATION else organization_heads()
    if len(words) > 1 and words[0] in heads and not words[0].startswith("ال"):
        words = words[1:]
    return tuple(w.removeprefix("ال") if len(w) > 4 else w for w in words)


def _same_things(members: list[int], keys: list[list[str]], kind: EntityKind) -> list[tuple[int, int]]:
    lists = gazetteer().by_name
    pairs: list[tuple[int, int]] = []
    seen: dict[str, int] = {}
    for i in members:
        words = keys[i]
        core = _core(words, kind)
        tags = {"".join(words), "".join(core)}
        for name in (" ".join(words), " ".join(words[1:]) if len(core) < len(words) else ""):
            entry = lists.get(name)
            if entry is not None and entry.kind is kind:
                tags.add("#" + entry.identity)
        for tag in tags:
            if tag in seen:
                pairs.append((seen[tag], i))
            else:
                seen[tag] = i
    if kind is EntityKind.LOCATION:
        return pairs
    # المجلس الاقتصادي for المجلس الاقتصادي والاجتماعي والبيئي: the beginning of exactly one longer name
    cores = {i: keys[i] for i in members}
    for i in members:
        words = cores[i]
        if len(words) < 2:
            continue
        longer = {
            tuple(cores[j]) for j in members if len(cores[j]) > len(words) and cores[j][: len(words)] == words
        }
        if len(longer) == 1:
            pairs.append((next(j for j in members if tuple(cores[j]) in longer), i))
    return pairs
