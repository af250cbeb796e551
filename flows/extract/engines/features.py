"""Features of single words for the linear-chain model, shared by its training and its use.

Every feature is of one word (or of two neighbours), so a word's contribution to the scores at each distance
can be computed once and remembered: tagging is then a sum of remembered rows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

OFFSETS = (-2, -1, 0, 1, 2)

_MARKS = re.compile(r"[\u0640\u064B-\u065F\u0670\u06D6-\u06ED\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]")
_FOLD = str.maketrans("أإآٱىةؤئڤگپچ", "اااايهويفكبج")
_LIGHT = re.compile(r"^(?:[وف](?=.{3}))?(?:[بك](?=.{3}))?(?:ال|لل)?(?=.{2})")
_ONE = re.compile(r"^[وفبلكس](?=.{2})")

_UNKNOWN = (-1, -1, -1)


class Knowledge(NamedTuple):
    """What is known of folded words beforehand."""

    clusters: Mapping[str, tuple[int, int, int]]  # fine cluster, coarse cluster, rank bucket
    lexicon: Mapping[str, str]  # code of what the gazetteers say

    def cluster(self, folded: str, stem: str) -> tuple[int, int, int]:
        """The word's own clusters, else those of the word without clitics, else those with its article."""
        known = self.clusters
        return known.get(folded) or known.get(stem) or known.get("ال" + stem) or _UNKNOWN

    def code(self, folded: str) -> str:
        """What the lists say of the word, else, marked, of what follows a first clitic."""
        known = self.lexicon.get(folded)
        if known is None and _ONE.match(folded):
            rest = self.lexicon.get(rest_after_clitic(folded, 1))
            return f"+{rest}" if rest else "-"
        return known or "-"


@lru_cache(maxsize=1 << 16)
def fold_word(word: str) -> str:
    """Search spelling of one word: marks gone, letter variants made one, Latin small."""
    return _MARKS.sub("", unicodedata.normalize("NFKC", word)).translate(_FOLD).lower() or word


def light(folded: str) -> str:
    """The word without the clitics and the article that may stand in front of it."""
    return _LIGHT.sub("", folded)


def _shape(folded: str) -> str:
    if folded.isdigit():
        return f"digits{min(len(folded), 5)}"
    if not any(c.isalnum() for c in folded):
        return "punct"
    if any("a" <= c <= "z" for c in folded):
        return "latin"
    if any(c.isdigit() for c in folded):
        return "mixed"
    return f"letters{min(len(folded), 9)}"


def rest_after_clitic(folded: str, length: int) -> str:
    """What would stand behind ``length`` clitic letters, with the article of لل restored."""
    rest = folded[length:]
    if length and folded[length - 1 : length + 1] == "لل":
        return "ا" + rest
    return rest


class WordFacts(NamedTuple):
    """What a folded word says by itself; worked out once for all distances and neighbours."""

    far: tuple[str, ...]  # features that count at every distance
    near: tuple[str, ...]  # those that count at the next words too
    own: tuple[str, ...]  # those that count at the word itself, with their final names
    stem: str
    coarse: int
    code: str


def word_facts(folded: str, knowledge: Knowledge) -> WordFacts:
    """Features of a folded word, without the distance at which they count."""
    stem = light(folded)
    fine, coarse, rank = knowledge.cluster(folded, stem)
    code = knowledge.code(folded)
    far = (f"w={folded}", f"s={stem}", f"c={fine}", f"d={coarse}")
    near = (
        f"p2={folded[:2]}",
        f"p3={folded[:3]}",
        f"x2={folded[-2:]}",
        f"x3={folded[-3:]}",
        f"h={_shape(folded)}",
        f"g={code}",
    )
    own = [
        f"p1={folded[:1]}",
        f"p4={folded[:4]}",
        f"x1={folded[-1:]}",
        f"x4={folded[-4:]}",
        f"m3={stem[:3]}",
        f"m4={stem[:4]}",
        f"n={len(stem)}",
        f"r={rank}",
    ]
    if _ONE.match(folded):
        clusters, lexicon = knowledge
        rest = rest_after_clitic(folded, 1)
        one = clusters.get(rest, _UNKNOWN)
        whole = clusters.get(folded, _UNKNOWN)
        own += [
            f"cl={folded[0]}|{one[1]}",
            f"cr={folded[0]}|{whole[2]}|{one[2]}",
            f"cg={folded[0]}|{lexicon.get(folded, '-')}|{lexicon.get(rest, '-')}",
            f"ca={folded[0]}|{rest[:2] == 'ال'}|{whole[2] < 0}",
        ]
    return WordFacts(far, near, tuple(own), stem, coarse, code)


def word_features(facts: WordFacts, offset: int) -> list[str]:
    """Features that a word gives to the place ``-offset`` away from it."""
    at = f"{offset}:"
    features = [at + feature for feature in facts.far]
    if abs(offset) == 2:
        return features
    features += [at + feature for feature in facts.near]
    if not offset:
        features += facts.own
    return features


def pair_features(left: WordFacts, right: WordFacts) -> tuple[str, str, str]:
    """Features of two neighbours, for the place of the right one."""
    return (
        f"ss={left.stem}|{right.stem}",
        f"dd={left.coarse}|{right.coarse}",
        f"gg={left.code}|{right.code}",
    )
