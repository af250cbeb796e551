"""Boilerplate rules: the generic ones of boilerplate.yaml and those of a source, compiled once.

All matching happens on the search layer, so no rule has to think of spelling variants.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import msgspec
import yaml

from flows.clean.normalize import fold
from flows.read.sources import Source

__all__ = ["Rules", "rules"]


class _Widgets(msgspec.Struct, forbid_unknown_fields=True):
    networks: list[str]
    words: list[str]


class _Data(msgspec.Struct, forbid_unknown_fields=True):
    lines: list[str]
    forms: list[str]
    links: list[str]
    bylines: list[str]
    desks: list[str]
    agencies: list[str]
    agencies_that_are_words: list[str]
    wires: list[str]
    credits: list[str]
    widgets: _Widgets
    tag_labels: list[str]
    places: list[str]
    given_names: list[str]
    sentence_words: list[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """Compiled patterns over folded text.  ``line``, ``form``, ``links``, ``byline`` fit whole lines."""

    line: re.Pattern[str]
    form: re.Pattern[str]
    links: re.Pattern[str]
    byline: re.Pattern[str]
    agency: re.Pattern[str]  # one whole mark: an agency or a desk
    head_mark: re.Pattern[str]  # an agency mark near a paragraph's start; group `place`, group `mark`
    wire: re.Pattern[str]  # رياضي / at a title's start
    tail: re.Pattern[str]  # credit, agency, initials or tags behind the last sentence; group `mark`
    signed: re.Pattern[str]  # an agency at the end of a dateline; group `mark`
    widget: re.Pattern[str]  # one word of a sharing bar
    network: frozenset[str]
    own: re.Pattern[str] | None  # whole lines of the source
    heads: re.Pattern[str] | None
    tails: re.Pattern[str] | None
    fixed: frozenset[str]  # folded whole lines of the source
    slugs: frozenset[str]  # folded names of the source
    places: frozenset[str]
    given_names: frozenset[str]
    sentence_words: frozenset[str]


def _whole(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in patterns))


def _words(words: Iterable[str]) -> str:
    """Alternation of literal words, longest first; blanks and dots between single letters may be either."""
    folded = sorted({fold(word) for word in words}, key=lambda w: (-len(w), w))
    return "|".join(
        re.escape(word).replace(r"\ ", r"[ .]?") if len(word) <= 7 else re.escape(word) for word in folded
    )


@cache
def _data() -> _Data:
    text = files("flows.read").joinpath("boilerplate.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return msgspec.convert(yaml.load(text, Loader=loader), _Data, strict=True)


@cache
def _generic() -> Rules:
    data = _data()
    plain = _words(data.agencies)
    agencies = _words([*data.agencies, *data.agencies_that_are_words])
    marks = _words([*data.agencies, *data.agencies_that_are_words, *data.desks])
    dash = r"[-/:|]"
    return Rules(
        line=_whole(data.lines),
        form=_whole(data.forms),
        links=_whole(data.links),
        byline=_whole(data.bylines),
        agency=re.compile(f"{dash}* ?\\(?(?:{marks})\\)? ?{dash}*"),
        head_mark=re.compile(
            rf"(?P<place>[^().:\"\n]{{0,60}}(?:\([^()\n]{{2,20}}\) ?)?)"
            rf"(?P<mark>[(] ?(?:{agencies})(?: ?[,/-] ?(?:{agencies}))* ?[)] ?(?:{dash}+ ?)*"
            rf"|{dash}+ ?(?:{agencies}) ?{dash}+ ?|(?<![^\W_])(?:{plain}) ?(?:--+|-(?= )) ?)"
        ),
        wire=re.compile(rf"(?:{_words(data.wires)}) ?/+ ?"),
        tail=re.compile(
            rf"(?:^|(?<=[.!?\":)]))[ ]?(?P<mark>[*-]? ?[(] ?(?:{'|'.join([agencies, *data.credits])}) ?[)]\.?"
            rf"|- ?(?:{agencies}) ?-"
            rf"|(?:المصدر|مصدر) ?[:(-][^.\n]{{1,40}}"
            rf"|(?:[ء-ي] ?[./] ?|[ء-ي] ){{1,3}}[ء-ي]\.?"
            rf"|(?:{_words(data.tag_labels)}) (?:[^\W_]+ ?){{1,16}}"
            r"|[*] ?(?:الصوره|صوره) [^.\n]{3,20})$"
        ),
        signed=re.compile(rf"(?:^|[ /-])(?P<mark>{dash} ?(?:{agencies}) ?{dash}?|(?:{plain}))$"),
        widget=re.compile(rf"(?:{_words([*data.widgets.networks, *data.widgets.words])})(?:[ |,/]+|$)"),
        network=frozenset(map(fold, data.widgets.networks)),
        own=None,
        heads=None,
        tails=None,
        fixed=frozenset(),
        slugs=frozenset(),
        places=frozenset(map(fold, data.places)),
        given_names=frozenset(map(fold, data.given_names)),
        sentence_words=frozenset(map(fold, data.sentence_words)),
    )


@cache
def rules(source: Source | None = None) -> Rules:
    """The generic rules, with those of ``source`` beside them."""
    if source is None:
        return _generic()
    plate = source.boilerplate
    return replace(
        _generic(),
        own=_whole(plate.patterns) if plate.patterns else None,
        heads=_whole(plate.heads) if plate.heads else None,
        tails=re.compile(f"(?:{'|'.join(plate.tails)})$") if plate.tails else None,
        fixed=frozenset(map(fold, plate.lines)),
        slugs=frozenset(map(fold, (source.slug, *source.names))),
    )
