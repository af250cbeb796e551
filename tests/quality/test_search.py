"""Sixty questions to ten thousand real articles; what must be found is told by regular expressions.

The expressions know Arabic's particles and nothing of the search's own forms.  What they take for right and a
reader does not is in search_wrong.tsv.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.load import load_batch
from db.rows import Batch
from flows.clean.normalize import fold
from flows.read.discover import discover, load
from flows.read.document import read_document
from flows.records import Extraction, Rejection
from flows.rows import article_rows
from tests.db.articles import PIPELINE
from tests.flows.rasd import ROOT

ARCHIVE = ROOT.parent / "shared" / "news" / "ant.zip"
WORDS = (
    "فرنسا", "وفرنسا", "لفرنسا", "المباحثات", "مباحثات", "القيروان", "صفاقس", "البرلمان", "الحكومة",
    "الإرهاب",
    "مهرجان", "القصرين", "الفيضانات", "إضراب", "زلزال", "الجزائر", "ليبيا", "المغرب", "ماكرون", "ترامب",
    "الغنوشي", "السبسي", "الشاهد", "فيسبوك", "أنستغرام", "الترجي", "رمضان", "الحج", "تهريب", "الفسفاط",
    "قفصة", "بنزرت", "سوسة", "المنستير", "الطاقة", "السياحة", "قابس", "جندوبة", "الحماية", "الديوانة",
    "أردوغان", "بوتين", "سوريا", "حلب", "داعش", "مدريد", "برشلونة", "باريس", "لندن", "بروكسل",
)  # fmt: skip
PHRASES = (
    "وزير الداخلية",
    "الحرس الوطني",
    "الاتحاد العام التونسي للشغل",
    "حركة النهضة",
    "نداء تونس",
    "كرة القدم",
    "السوق السوداء",
    "البنك المركزي",
    "مجلس نواب الشعب",
    "حادث مرور",
)
LETTER = "[0-9a-zء-ي]"
WRONG = {
    (query, digest)
    for query, digest, _ in (
        line.split("\t")
        for line in Path(__file__).with_name("search_wrong.tsv").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    )
}


def variants(word: str) -> str:
    """The word bare, with its article, and with particles before it."""
    folded = fold(word)
    bare = folded[2:] if folded.startswith("ال") and len(folded) >= 5 else folded
    return rf"(?:[وف]?[بلكس]?(?:ال)?{re.escape(bare)}|[وف]?لل{re.escape(bare)})"


def wanted(phrase: str) -> re.Pattern[str]:
    parts = r"[^0-9a-zء-ي_]+".join(variants(word) for word in phrase.split())
    return re.compile(rf"(?<!{LETTER})(?:{parts})(?!{LETTER})")


@pytest.fixture
def archive(database: Engine) -> Iterator[tuple[Engine, dict[int, str]]]:
    """The articles of the archive with their terms and nothing else, and their folded texts by id."""
    if not ARCHIVE.is_file():
        pytest.skip("../shared/news/ant.zip is not there")
    found = discover([str(ARCHIVE)])
    while part := list(islice(found, 500)):
        rows = []
        for item in part:
            raw = item if isinstance(item, Rejection) else load(item)
            document = raw if isinstance(raw, Rejection) else read_document(raw)
            if not isinstance(raw, Rejection) and not isinstance(document, Rejection):
                decoded, article = document
                rows.append(article_rows(Extraction(raw, decoded, article)))
        with database.connect() as connection:
            load_batch(connection, Batch(PIPELINE, None, tuple(rows), ()))
    with database.connect() as connection:
        listed = connection.execute(sa.text("SELECT article_id, text FROM report.searchable")).fetchall()
        yield database, {article: fold(text) for article, text in listed}


def digests(engine: Engine) -> dict[int, str]:
    """Article -> the start of its file's SHA-256."""
    with engine.connect() as connection:
        found = connection.execute(
            sa.text(
                "SELECT a.id, left(encode(r.sha256, 'hex'), 16)"
                " FROM article AS a JOIN raw_file AS r ON r.id = a.raw_file_id"
            )
        )
        return {row[0]: str(row[1]) for row in found}


@pytest.mark.slow
@pytest.mark.shared
def test_sixty_queries(archive: tuple[Engine, dict[int, str]]) -> None:
    engine, texts = archive
    assert len(texts) > 9_900
    queries = [(word, word) for word in WORDS] + [(f'"{phrase}"', phrase) for phrase in PHRASES]
    assert len(queries) == 60
    missed, shown, right = {}, 0, 0
    digest = digests(engine)
    with engine.connect() as connection:
        connection.execute(sa.text("ANALYZE extraction"))
        for query, phrase in queries:
            pattern = wanted(phrase)
            must = {article for article, text in texts.items() if pattern.search(text)}
            every = sa.text(
                "SELECT s.article_id FROM report.parse_query(:query) AS q, report.searchable AS s"
                " WHERE s.terms @@ q.wide"
            )
            found = set(connection.scalars(every, {"query": query}))
            if must - found:
                missed[query] = must - found
            first = sa.text("SELECT article_id FROM report.search(:query, 10)")
            top = list(connection.scalars(first, {"query": query}))
            assert len(top) == min(10, len(found))
            shown += len(top)
            right += sum(article in must and (query, digest[article]) not in WRONG for article in top)
    assert missed == {}
    assert right / shown >= 0.95
