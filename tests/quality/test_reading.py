"""Reading the annotated and the Tunisian articles: boilerplate gone, no sentence lost, titles right."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from flows.clean.normalize import fold
from flows.extract.dates import find_dates, parse_publication
from flows.read.discover import Found, discover, load
from flows.read.document import read_document
from flows.records import Article, Basis, BlockKind, DecodedText, Metadata, Precision, RawFile

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(
        not (SHARED / "gold").is_dir(), reason="../shared with the annotated articles is not here"
    ),
]


def raws(path: Path) -> list[RawFile]:
    found = [load(f) for f in discover([str(path)]) if isinstance(f, Found)]
    assert all(isinstance(raw, RawFile) for raw in found)
    return [raw for raw in found if isinstance(raw, RawFile)]


def read(raw: RawFile) -> tuple[DecodedText, Article]:
    done = read_document(raw)
    assert isinstance(done, tuple), done
    return done


def title_of(article: Article) -> str | None:
    return None if article.title_span is None else article.text.search[slice(*article.title_span)]


def _gold(split: str) -> list[tuple[dict[str, list[str]], DecodedText, Article]]:
    gold = {a["id"]: a for a in json.loads((SHARED / "gold" / f"{split}.json").read_text(encoding="utf-8"))}
    return [(gold[raw.name], *read(raw)) for raw in raws(SHARED / "gold" / split)]


@pytest.mark.parametrize("split", ["train", "dev"])
def test_boilerplate_is_removed(split: str) -> None:
    """Counted where it stands.  A mark that the article also says in its prose (CNN) does not count against
    us there, as it does for a scorer that looks for the word anywhere."""
    removed = total = 0
    for gold, decoded, article in _gold(split):
        gone = [fold(decoded.text[a:b]).strip(" -/") for a, b in article.boilerplate]
        for line in gold["boilerplate"]:
            wanted = fold(line).strip(" -/")
            # a header line may be cut into its parts, a place among them staying as the dateline
            pieces = [p for p in re.split(r" ?[-/] ?", wanted) if p]
            total += 1
            datelines = [
                article.text.search[slice(*b.span)] for b in article.blocks if b.kind is BlockKind.DATELINE
            ]
            removed += (
                wanted in gone
                or wanted in datelines
                or all(any(p == g or p in g for g in gone) for p in pieces[-1:])
            )
    assert removed / total >= 0.95, f"{removed} of {total}"


@pytest.mark.parametrize("split", ["train", "dev"])
def test_no_sentence_of_any_body_is_lost(split: str) -> None:
    lost = []
    for gold, decoded, article in _gold(split):
        kept = article.text.search.replace("\n", " ")
        source = fold(decoded.text)
        for line in gold["boilerplate"]:
            source = source.replace(fold(line), "\n")
        for sentence in re.split(r"[\n.!?]", source):
            sentence = sentence.strip(' -—/"')
            if len(sentence) > 3 and sentence not in kept:
                lost.append((gold["id"], sentence))
    assert not lost


@pytest.mark.parametrize("split", ["train", "dev"])
def test_nothing_else_is_cut(split: str) -> None:
    """What we call boilerplate, the annotators call so too, but for a few repeated lines."""
    wrong = []
    for gold, decoded, article in _gold(split):
        annotated = [fold(line) for line in gold["boilerplate"]]
        for a, b in article.boilerplate:
            cut = fold(decoded.text[a:b])
            if not any(cut in line or line in cut for line in annotated):
                wrong.append((gold["id"], cut))
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("split", ["train", "dev"])
def test_titles_where_there_are_some(split: str) -> None:
    """The outlets of the set either always print a title first, followed by an empty line, or never do."""
    for raw in raws(SHARED / "gold" / split):
        _, article = read(replace(raw, metadata=Metadata()))
        first, gap, _ = raw.data.decode("utf-8-sig").partition("\n\n")
        titled = (
            bool(gap) and len(first) < 160 and "\n" not in first and not first.lower().startswith("ahdath")
        )
        assert (article.title_span is not None) == titled, raw.name


def test_seeds() -> None:
    articles = {raw.name.partition("_")[0]: read(raw)[1] for raw in raws(SHARED / "seeds")}
    expected = json.loads((SHARED / "seeds" / "expected.json").read_text(encoding="utf-8"))
    assert len(articles) == len(expected)
    assert all(a.title_span is not None for a in articles.values())
    kept = articles["000"].text.search
    for line in ("0 54", "اترك رد", "لن يتم نشر عنوان بريدك"):
        assert fold(line) not in kept


@pytest.fixture(scope="module")
def tunisian() -> list[RawFile]:
    path = SHARED / "news" / "ant.zip"
    if not path.exists():
        pytest.skip("../shared/news/ant.zip is not here")
    return raws(path)


@pytest.mark.parametrize("known", [True, False], ids=["with manifest", "text alone"])
def test_titles_of_ten_thousand_articles(tunisian: list[RawFile], known: bool) -> None:
    right = total = 0
    for raw in tunisian if known else tunisian[::5]:
        wanted = raw.metadata.title
        if wanted is None:
            continue
        _, article = read(raw if known else replace(raw, metadata=Metadata()))
        total += 1
        right += title_of(article) == fold(wanted)
    assert right / total >= (0.995 if known else 0.99), f"{right} of {total}"


@pytest.mark.slow
def test_publication_dates_of_ten_thousand_articles(tunisian: list[RawFile]) -> None:
    """From the manifest: the day it states, for all.  From the text alone: a dated header line, where there
    is one, says the same; else what the text leaves possible holds the day."""
    stated = dated = agree = bounded = held = certain = right = 0
    for raw in tunisian:
        assert raw.metadata.published is not None
        day = "-".join(reversed(raw.metadata.published[:10].split("/")))  # 17/05/2015 or ISO
        value = parse_publication(raw.metadata.published)
        assert value is not None and (value.start, value.end, value.precision) == (day, day, Precision.DAY)
        stated += 1
        _, article = read(replace(raw, metadata=Metadata()))
        if article.metadata.published is not None:
            assert article.metadata.extra["published_basis"] == "text"
            dated += 1
            written = parse_publication(article.metadata.published)
            agree += written is not None and written.start == day
            continue
        _, own = find_dates(article)
        if own.start is None or own.end is None:
            continue
        assert own.basis is Basis.INFERRED and own.rule
        bounded += 1
        held += own.start <= day[: len(own.start)] and day[: len(own.end)] <= own.end
        certain += own.precision is Precision.DAY
        right += own.precision is Precision.DAY and own.start == day
    print(
        f"\nmanifest: {stated:,} of {len(tunisian):,}; dated line {dated}, {agree} as the manifest has it;"
        f" interval {bounded:,}, holding the day {held:,}; one day {certain:,}, the right one {right:,}"
    )
    assert stated == len(tunisian)
    assert agree == dated
    assert held >= 0.9 * bounded


def test_little_of_ten_thousand_articles_is_cut(tunisian: list[RawFile]) -> None:
    """They are clean but for signatures and credits: whatever is cut beyond is prose lost."""
    cut = total = 0
    for raw in tunisian:
        decoded, article = read(raw)
        assert article.language == "ar"
        total += len(decoded.text)
        cut += sum(b - a for a, b in article.boilerplate)
    assert cut / total < 0.002
