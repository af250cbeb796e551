"""The words that offices are found by (``offices.yaml``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import msgspec

from flows.extract.name_lexicon import folded_words
from flows.extract.resources import read_yaml


class _Offices(msgspec.Struct, forbid_unknown_fields=True):
    heads: str
    plural: str
    dual: str
    becomes: str
    appointed: str
    posts: str
    meanwhile: str
    never: str
    describes: str
    company: str
    before_name: str
    introduces: str
    joins: str
    ends: str
    former: str
    acting: str
    elect: str


@dataclass(frozen=True, slots=True)
class OfficeWords:
    heads: frozenset[str]  # with and without ال
    plural: frozenset[str]
    dual: frozenset[str]  # of two people, if a noun in construct state follows
    becomes: frozenset[str]
    appointed: frozenset[str]
    posts: frozenset[str]
    meanwhile: frozenset[str]
    describes: frozenset[str]  # after these nothing belongs to the office
    company: frozenset[str]  # heads that are an office only with a complement: أستاذ التاريخ بجامعة ...
    before_name: frozenset[str]  # adjectives that may stand between the phrase and the name
    introduces: frozenset[str]
    joins: frozenset[str]
    ends: frozenset[str]
    former: frozenset[str]
    acting: frozenset[str]
    elect: frozenset[str]


@cache
def office_words() -> OfficeWords:
    data = read_yaml("offices.yaml", _Offices)
    heads, company = folded_words(data.heads), folded_words(data.company)
    both = heads | company
    return OfficeWords(
        heads=(both | {"ال" + w for w in both}) - folded_words(data.never),
        plural=folded_words(data.plural),
        dual=folded_words(data.dual),
        becomes=folded_words(data.becomes),
        appointed=folded_words(data.appointed),
        posts=folded_words(data.posts),
        meanwhile=folded_words(data.meanwhile),
        describes=folded_words(data.describes),
        company=company | {"ال" + w for w in company},
        before_name=folded_words(data.before_name),
        introduces=folded_words(data.introduces),
        joins=folded_words(data.joins),
        ends=folded_words(data.ends),
        former=folded_words(data.former),
        acting=folded_words(data.acting),
        elect=folded_words(data.elect),
    )


def office_heads() -> frozenset[str]:
    """Folded words that begin an office, with and without the article."""
    return office_words().heads
