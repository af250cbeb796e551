"""Which place on earth a name means: country, and coordinates where the reference data have them.

Decided article by article, because طرابلس is one town beside ليبيا and another beside بيروت.  A decision has
a basis: ``listed`` (one place bears the name), ``context`` (the article tells between several),
``prominence`` (one of several is far better known and nothing speaks against it), ``nearby`` (the name is not
listed; the country is that of the places around it).  What stays ambiguous has no decision.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
import yaml

from flows.clean.normalize import fold

__all__ = ["Decision", "Index", "Named", "Place", "index", "reference_places", "resolve"]

RESOURCES = Path(str(files("flows.resolve.resources")))
KINDS = ("country", "region", "city", "district", "area", "site")


class PlacesError(ValueError):
    """The reference data do not fit their schema; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the reference data; ``latitude``/``longitude`` in degrees (WGS 84)."""

    id: str
    kind: str  # one of KINDS
    country: str | None  # ISO 3166-1 alpha-2; None for seas, continents and areas of several countries
    parent: str | None
    latitude: float | None
    longitude: float | None
    population: int
    capital: bool
    name_latin: str
    names: tuple[str, ...]  # Arabic, the usual one first


class OwnPlace(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    kind: str
    country: str
    names: tuple[str, ...]
    near: str = ""


class _More(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    country: str
    names: tuple[str, ...]
    near: str = ""


class _Heads(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    region: str
    city: str
    capital: str


@dataclass(frozen=True, slots=True)
class Heads:
    """Folded words beside the names of places."""

    region: frozenset[str]
    city: frozenset[str]
    capital: frozenset[str]


@dataclass(frozen=True, slots=True)
class Named:
    """A LOCATION of one article: ``n`` its number, ``folded`` its name, ``positions`` of its mentions."""

    n: int
    folded: str
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the name of ``n`` means.  ``place`` is None where only the country is known."""

    n: int
    place: str | None
    country: str | None
    latitude: float | None
    longitude: float | None
    basis: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Index:
    """Reference places by folded name."""

    places: Mapping[str, Place]
    by_name: Mapping[str, tuple[str, ...]]


def own_places() -> tuple[OwnPlace, ...]:
    """The places of reference_places_more.yaml, one an entry of its lists."""
    raw = yaml.safe_load((RESOURCES / "reference_places_more.yaml").read_text(encoding="utf-8"))
    try:
        sections = msgspec.convert(raw, list[_More])
    except msgspec.ValidationError as error:
        raise PlacesError(f"reference_places_more.yaml: {error}") from error
    return tuple(
        OwnPlace(s.kind, s.country, tuple(part.strip() for part in line.split("|")), s.near)
        for s in sections
        for line in s.names
    )


@cache
def heads() -> Heads:
    raw = yaml.safe_load((RESOURCES / "reference_heads.yaml").read_text(encoding="utf-8"))
    try:
        data = msgspec.convert(raw, _Heads)
    except msgspec.ValidationError as error:
        raise PlacesError(f"reference_heads.yaml: {error}") from error
    return Heads(*(frozenset(fold(text).split()) for text in (data.region, data.city, data.capital)))


def reference_places() -> tuple[Place, ...]:
    """The places that ship with Rasd.  Raises PlacesError naming the line that is wrong."""
    found = []
    text = (RESOURCES / "reference_places.tsv").read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            continue
        try:
            found.append(_place(line.split("\t")))
        except ValueError as error:
            raise PlacesError(f"reference_places.tsv: line {number}: {error}") from error
    return tuple(found)


def _place(fields: Sequence[str]) -> Place:
    identity, kind, country, parent, latitude, longitude, population, capital, name_latin, names = fields
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}")
    if not names:
        raise ValueError(f"{identity} has no name")
    return Place(
        identity,
        kind,
        country or None,
        parent or None,
        float(latitude) if latitude else None,
        float(longitude) if longitude else None,
        int(population),
        capital == "capital",
        name_latin,
        tuple(names.split("|")),
    )


def name_key(name: str) -> str:
    """Under which a name is looked up: folded, hyphens as spaces."""
    return " ".join(fold(name).replace("-", " ").split())


def index(places: Iterable[Place]) -> Index:
    by_name: dict[str, dict[str, None]] = defaultdict(dict)
    known = {}
    for place in places:
        known[place.id] = place
        for name in place.names:
            by_name[name_key(name)][place.id] = None
    return Index(known, {name: tuple(ids) for name, ids in by_name.items()})


# ------------------------------------------------------------------------------------------ deciding

_NEAR = 400  # characters within which another place speaks for a name's country
_CAPITAL = 2.0  # in orders of magnitude of population
_CONTEXT = 4.0
_HOME = 1.5  # the outlet's own country
_SMALL = 4.7  # orders of magnitude of population
_MARGIN = 1.0  # by how much the best has to lead


def resolve(names: Sequence[Named], places: Index, *, home: str | None) -> list[Decision]:
    """Decisions for the places that one article names; ``home`` is the country of its outlet, if known."""
    options = {name.n: _candidates(name.folded, places) for name in names}
    spoken = _spoken_for(names, options)
    options = {n: [p for p in found if _likely(p, found, spoken, home)] for n, found in options.items()}
    decided: dict[int, Decision] = {}
    for name in names:
        choice = _choose(name, options[name.n], spoken, home)
        if choice is not None:
            decided[name.n] = choice
    rest = [name for name in names if name.n not in decided and not options[name.n]]
    anchors = [
        (position, decided[name.n].country)
        for name in names
        if name.n in decided and decided[name.n].country
        for position in name.positions
    ]
    for name in rest:
        country = _country_around(name, anchors, home)
        if country is not None:
            decided[name.n] = Decision(name.n, None, country, None, None, "nearby", 0.6)
    return [decided[name.n] for name in names if name.n in decided]


def _candidates(folded: str, places: Index) -> list[Place]:
    """Places that the name can mean: by the whole name, or without its head word."""
    words = name_key(folded).strip("\"'“”«»() ").split()
    if not words:
        return []
    listed = _lookup(words, places)
    if listed:
        return listed
    known = heads()
    while len(words) > 1 and words[-1] in known.capital:
        capital = [p for p in _lookup(words[:-1], places) if p.capital]
        if capital:
            return capital
        words = words[:-1]
    first = words[0]
    if len(words) > 1 and first in known.region:
        inner = _lookup(words[1:], places)
        regions = [p for p in inner if p.kind == "region"]
        return regions or [p for p in inner if p.kind != "country"] or inner
    if len(words) > 1 and first in known.city:
        inner = _lookup(words[1:], places)
        return [p for p in inner if p.kind in ("city", "district")] or inner
    return []


def _lookup(words: Sequence[str], places: Index) -> list[Place]:
    ids = places.by_name.get(" ".join(words), ())
    if not ids and len(words) == 1 and not words[0].startswith("ال"):
        ids = places.by_name.get("ال" + words[0], ())
    return [places.places[i] for i in ids]


def _countries(candidates: Iterable[Place]) -> set[str]:
    return {p.country for p in candidates if p.country}


def _likely(place: Place, options: Sequence[Place], spoken: Counter[str], home: str | None) -> bool:
    """A small town of a country that nothing else here speaks of is rather a namesake that is not listed."""
    if place.kind not in ("city", "district") or place.id.startswith("own:") or _size(place) >= _SMALL:
        return True
    itself = 1 if len(_countries(options)) == 1 else 0
    return home is None or place.country == home or spoken[place.country or ""] > itself


def _spoken_for(names: Sequence[Named], options: Mapping[int, Sequence[Place]]) -> Counter[str]:
    """How much of the article speaks for each country: names that can mean only one."""
    votes: Counter[str] = Counter()
    for name in names:
        candidates = options[name.n]
        country = next((p.country for p in candidates if p.kind == "country"), None)
        if country:
            votes[country] += 2
        elif len(_countries(candidates)) == 1:
            votes[next(iter(_countries(candidates)))] += 1
    return votes


def _choose(
    name: Named, candidates: Sequence[Place], spoken: Counter[str], home: str | None
) -> Decision | None:
    if not candidates:
        return None
    ranked = sorted(
        candidates,
        key=lambda p: (
            p.kind == "country",
            p.kind == "area",
            _score(p, spoken, home),
            p.population,
            p.latitude is not None,
            p.id,
        ),
        reverse=True,
    )
    best = ranked[0]
    if best.kind in ("country", "area"):
        return _decision(name, best, "listed", 0.97)
    others = [p for p in ranked if p.country != best.country]
    if not others:
        return _decision(name, best, "listed", 0.95)
    rival = others[0]
    lead = _score(best, spoken, home) - _score(rival, spoken, home)
    if lead < _MARGIN:
        return None
    plain = _size(best) - _size(rival)
    if plain >= _MARGIN:
        return _decision(name, best, "prominence", 0.85 if lead < plain else 0.93)
    return _decision(name, best, "context", 0.85)


def _score(place: Place, spoken: Counter[str], home: str | None) -> float:
    score = _size(place)
    if place.country and spoken[place.country]:
        score += _CONTEXT
    if place.country == home:
        score += _HOME
    return score


def _size(place: Place) -> float:
    return math.log10(max(place.population, 300)) + (_CAPITAL if place.capital else 0.0)


def _decision(name: Named, place: Place, basis: str, confidence: float) -> Decision:
    # a part or a building of a listed place lies there, but the point is the town's
    return Decision(name.n, place.id, place.country, place.latitude, place.longitude, basis, confidence)


def _country_around(name: Named, anchors: Sequence[tuple[int, str | None]], home: str | None) -> str | None:
    """The country of the nearest place named beside it, else the only country of the article, else home."""
    near = [
        (abs(position - at), country)
        for at in name.positions
        for position, country in anchors
        if country and abs(position - at) <= _NEAR
    ]
    if near:
        return min(near)[1]
    countries = {country for _, country in anchors if country}
    if len(countries) == 1:
        return next(iter(countries))
    return home
