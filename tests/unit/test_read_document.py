"""Metadata and its precedence, sources, languages, and a whole file on its way to an article."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from flows.clean.normalize import fold
from flows.read import sources
from flows.read.decode import redecode
from flows.read.document import read_document
from flows.read.language import arabic_share, language
from flows.read.metadata import MetadataError, front_matter, merge, parse_manifest, parse_sidecar, read_fields
from flows.records import Article, BlockKind, DecodedText, Metadata, RawFile, Rejection

TITLE = "خط جديد يربط الميناء بوسط المدينة"
BODY = (
    "أعلنت وزارة النقل، أمس الأربعاء، فتح خط جديد يربط الميناء بوسط المدينة، وقال مسؤول إن الأشغال انتهت قبل "
    "الموعد وإن التذاكر تباع ابتداء من الأسبوع المقبل."
)


def raw(
    text: str | bytes, metadata: Metadata | None = None, uri: str = "/x/a.txt", modified: float | None = None
) -> RawFile:
    data = text if isinstance(text, bytes) else text.encode()
    return RawFile(uri, "a", data, hashlib.sha256(data).hexdigest(), metadata or Metadata(), modified)


def article(
    text: str | bytes, metadata: Metadata | None = None, **options: object
) -> tuple[DecodedText, Article]:
    read = read_document(raw(text, metadata), **options)  # type: ignore[arg-type]
    assert not isinstance(read, Rejection), read
    return read


def test_a_whole_file() -> None:
    text = f"\ufeff{TITLE}\r\n\r\n0 54\r\n\r\nتُونِس (رويترز) - {BODY} وأضافَ: «نعم». (أ ف ب)\r\n\r\nاترك رد\r\n"
    decoded, found = article(text)
    assert decoded.encoding == "utf-8-sig"
    assert [b.kind for b in found.blocks] == [BlockKind.TITLE, BlockKind.DATELINE, BlockKind.PARAGRAPH]
    clean = found.text.text
    assert clean == f"{TITLE}\nتونس\n{BODY} وأضاف: «نعم»."
    assert [clean[s.start : s.end] for s in found.sentences] == [TITLE, "تونس", BODY, "وأضاف: «نعم»."]
    # spans lead back to the decoded text, and nothing of it is unaccounted for
    for block in found.blocks:
        a, b = found.text.raw_span(block.span)
        assert fold(decoded.text[a:b]) == found.text.search[slice(*block.span)]
    gone = [decoded.text[a:b] for a, b in found.boilerplate]
    assert gone == ["0 54", "(رويترز) -", "(أ ف ب)", "اترك رد"]
    spans = sorted([found.text.raw_span(b.span) for b in found.blocks] + list(found.boilerplate))
    rest = decoded.text
    for a, b in reversed(spans):
        rest = rest[:a] + rest[b:]
    assert not rest.strip()
    at = clean.index("تونس")
    assert decoded.text[slice(*found.text.raw_span((at, at + 4)))] == "تُونِس"
    assert (found.language, found.id, found.source) == ("ar", "a", None)
    assert found.title_span == (0, len(TITLE))


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1256", "mac_arabic"])
def test_every_encoding_gives_the_same_article(codec: str) -> None:
    _, one = article(f"{TITLE}\n\n{BODY}")
    data = f"{TITLE}\n\n{BODY}".encode(codec)
    decoded, other = article(data)
    assert (other.text.text, other.blocks, other.tokens) == (one.text.text, one.blocks, one.tokens)
    assert redecode(data, decoded.encoding) == decoded.text


@pytest.mark.parametrize(
    ("text", "stage", "cause"),
    [
        (b"", "decode", "empty"),
        (b"\xff\xfe", "decode", "empty"),
        ("\u200f\u200e\u0640 ".encode(), "layout", "empty"),
        ("اترك رد".encode(), "layout", "empty"),
        (b"\x00\x01\x02" * 100, "decode", "binary"),
        ("سطر واحد ".encode() * 3_500_000, "decode", "too_large"),
    ],
    ids=["nothing", "bom", "marks", "boilerplate", "binary", "large"],
)
def test_rejections(text: bytes, stage: str, cause: str) -> None:
    rejection = read_document(raw(text))
    assert isinstance(rejection, Rejection)
    assert (rejection.uri, rejection.stage, rejection.cause) == ("/x/a.txt", stage, cause)


def test_an_english_article_is_kept_and_marked() -> None:
    _, found = article(
        "Port opens new line\n\n"
        "The ministry of transport said on Monday that the new line was opened by the minister in the city."
    )
    assert (found.language, found.arabic_share) == ("en", 0.0)
    assert found.title_span is not None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BODY, "ar"),
        (BODY + " The ministry said that the line is open.", "ar"),
        ("Le ministre des transports a annoncé que la ligne est ouverte dans le port de la ville.", "fr"),
        ("El ministro de transportes dijo que la línea del puerto está abierta para los viajeros.", "es"),
        ("وزیر حمل و نقل گفت که این خط جدید از بندر به مرکز شهر می‌رود و برای مردم است.", "fa"),
        ("وزیر نے کہا ہے کہ یہ نئی لائن شہر کے لیے ہے اور اس میں بہت سے لوگ سفر کر رہے ہیں۔", "ur"),
        ("علی کتاب القاه فی المدینه امام جمهور کبیر من القراء", "ar"),  # Arabic typed on a Persian keyboard
        ("Министр сказал, что новая линия открыта и что она идет в порт из города.", "ru"),
        ("12345 67890", "und"),
        ("qwxz vbnm plok", "und"),
    ],
)
def test_languages(text: str, code: str) -> None:
    assert language(text, arabic_share(text)) == code


def test_arabic_share_counts_letters_only() -> None:
    assert arabic_share("أب 12 !!! ab") == 0.5
    assert arabic_share("ـــ") == 0.0
    assert arabic_share("") == 0.0
    assert arabic_share("ﻷ") == 1.0


# ------------------------------------------------------------------------------------------- metadata


def test_front_matter() -> None:
    text = f"---\ntitle: {TITLE}\ndate: 2024-03-12\ntags: [ميناء, نقل]\n---\n{TITLE}\n\n{BODY}"
    decoded, found = article(text)
    assert found.metadata.title == TITLE
    assert found.metadata.published == "2024-03-12"
    assert found.metadata.extra == {"tags": '["ميناء","نقل"]'}
    assert found.text.text == f"{TITLE}\n{BODY}"
    assert decoded.text[slice(*found.boilerplate[0])] == text[: text.index(f"{TITLE}\n\n")]


@pytest.mark.parametrize(
    "text", ["---\nليس تعيينا\n---\nنص", "--- نص\n---", "---\na: [\n---\nx", "---\n- a\n---\nx", "---\nنص"]
)
def test_what_is_no_front_matter(text: str) -> None:
    assert front_matter(text) is None


def test_precedence_field_by_field() -> None:
    options = Metadata(source="cli", extra={"a": "1"})
    sidecar = Metadata(title="s", published="2024", extra={"a": "2", "b": "2"})
    manifest = Metadata(title="m", url="u", extra={"b": "3", "c": "3"})
    assert merge(options, sidecar, None, manifest) == Metadata(
        "s", "2024", "u", "cli", {"a": "1", "b": "2", "c": "3"}
    )


def test_unknown_fields_are_kept_and_wrong_ones_named() -> None:
    found = read_fields(
        {
            "Title": ["x"],
            "date": "أمس",
            "url": "a b",
            "source": "s",
            "views": 3,
            "ok": True,
            "none": None,
            "headline": "عنوان",
        }
    )
    assert (found.title, found.published, found.url, found.source) == ("عنوان", None, None, "s")
    assert found.extra == {
        "rejected.Title": '["x"]',
        "rejected.date": "أمس",
        "rejected.url": "a b",
        "views": "3",
        "ok": "true",
    }


def test_sidecars_and_manifests_that_cannot_be_read() -> None:
    assert parse_sidecar("\ufeff{}".encode(), "x") == Metadata()
    for data in (b"[1]", b"{", b"\xff\xff\xff", b""):
        with pytest.raises(MetadataError, match="where"):
            parse_sidecar(data, "where")
    found, faults = parse_manifest(b'file,title\n./a.txt,"x, y"\n,z\n', "m.csv")
    assert found == {"a.txt": Metadata(title="x, y")}
    assert len(faults) == 1
    _, faults = parse_manifest(b"name\nx\n", "m.csv")
    assert "no column" in str(faults[0])
    with pytest.raises(MetadataError):
        parse_manifest(b"\xff\xfe\x00\xd8", "m.jsonl")


def test_publication_from_the_text_only_where_metadata_has_none() -> None:
    text = f"{TITLE}\n\nالجمعة 8 أبريل 2022 - 23:56\n\n{BODY}"
    _, found = article(text)
    assert found.metadata.published == "الجمعة 8 أبريل 2022 - 23:56"
    assert found.metadata.extra["published_basis"] == "text"
    _, found = article(text, Metadata(published="2022-04-09"))
    assert found.metadata.published == "2022-04-09"
    assert "published_basis" not in found.metadata.extra


# -------------------------------------------------------------------------------------------- sources

YAML = """
slug: example
names: [example.org, بوابة المثال]
country: MA
timezone: Africa/Casablanca
months: maghrebi
encoding: cp1256
files: ['(?P<published>\\d{4}-\\d{2}-\\d{2})-(?P<desk>[a-z]+)']
boilerplate: {lines: [بوابة المثال الإخبارية]}
expectations: {minimum_articles: 10, minimum_dated_share: 0.9}
published_from_mtime: true
"""


def test_a_source_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(YAML, encoding="utf-8")
    text = f"{TITLE}\n\nبوابة المثال الإخبارية\n\n{BODY}"
    file = raw(
        text.encode("cp1256"), Metadata(url="https://www.example.org/1"), "/in/2024-03-12-port/a.txt", 1.7e9
    )
    read = read_document(file, folder=tmp_path)
    assert not isinstance(read, Rejection)
    decoded, found = read
    assert (decoded.encoding, decoded.basis) == ("cp1256", "declared")
    assert found.source == "example"
    assert found.metadata.published == "2024-03-12"
    assert found.metadata.extra["desk"] == "port"
    assert found.text.text == f"{TITLE}\n{BODY}"
    # the file's own time only because the description says so, and only where nothing else does
    undated = raw(text, Metadata(source="بوابة المثال"), "/in/a.txt", 1.7e9)
    read = read_document(undated, folder=tmp_path)
    assert not isinstance(read, Rejection)
    assert read[1].metadata.published == "2023-11-14T22:13:20+00:00"
    assert read[1].metadata.extra["published_basis"] == "mtime"
    plain = read_document(raw(text, None, "/in/a.txt", 1.7e9))
    assert not isinstance(plain, Rejection) and plain[1].metadata.published is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("slug: Example", "slug"),
        ("slug: 3", "slug"),
        ("months: lunar", "months"),
        ("files: ['(']", "pattern"),
        ("encoding: klingon", "klingon"),
        ("colour: red", "colour"),
        ("boilerplate: {patterns: ['[']}", "pattern"),
        ("names: x", "names"),
        ("a: [", "example.yaml"),
    ],
)
def test_faulty_descriptions_are_refused_at_load(change: str, message: str) -> None:
    key = change.partition(":")[0]
    lines = [line for line in YAML.splitlines() if not line.startswith(f"{key}:")]
    with pytest.raises(sources.SourceError, match=message):
        sources.load("\n".join([*lines, change]), "example.yaml")


def test_two_sources_may_not_share_a_slug(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(YAML, encoding="utf-8")
    with pytest.raises(sources.SourceError, match="taken"):
        sources.load_all(tmp_path)


def test_shipped_sources_load_and_are_found() -> None:
    from zoneinfo import ZoneInfo

    known = sources.load_all()
    assert len(known) >= 9
    for source in known.values():
        ZoneInfo(source.timezone)
        for name in source.names:
            found, _ = sources.find(Metadata(source=name), "/x.txt")
            assert found is source
    assert sources.find(Metadata(source="nobody.example"), "/x.txt") == (None, {})
