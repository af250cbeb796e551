"""SQL folds and cuts words as Python does: a query must meet what the workers stored."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from flows.clean.normalize import clean, fold, search_of
from flows.clean.terms import forms, terms
from tests.flows.rasd import ROOT, SAMPLES

SHARED = ROOT.parent / "shared"
TRICKY = (
    "الأَمْنُ الوَطَنِيّ",
    "رااااائع جداًاااا",
    "اللللله",
    "جدة ـ نجيب",
    "ـ بداية",
    "نهاية ـ",
    "كـــتاب",
    "ﷲ ﷺ ﻻ ﻷ ﻣﺤﻤﺪ ﷽",
    "ڤيو گاز پاريس چاد ژاك",
    "فرانسوی کابل یزد",
    "٣٤ ۱۲ 56",
    "Été Œuvre STRASSE ÇA Ωmega Жук",
    "a\u200db\u200cc\ufeff",
    "سطر\r\nثان\rثالث\u2028رابع",
    "  أول   ثان \n ثالث  ",
    "ا\u0653 و\u0654 ي\u0654 ا\u0655",
    "e\u0301 n\u0303 o\u0308",
    "«قال» “نعم” ‹لا›… – — ٪ ؟",
    "\ufb01 Ａ１ ｶ \uffa0x",
    "\ue000خاص\U0010fffd",
    "x\u00a0y\u3000z\t w",
    "𝟏𝟐 𐐀",
    "و خلص ف قال و 12 و",
    "a_b 12/2023 د.ب",
    "",
)


def sql(engine: Engine, function: str, values: list[str]) -> list[object]:
    with engine.connect() as connection:
        return [
            row[0]
            for row in connection.execute(
                sa.text(
                    f"SELECT {function}(x) FROM unnest(CAST(:values AS text[])) WITH ORDINALITY AS u (x, n)"
                    " ORDER BY n"
                ),
                {"values": values},
            )
        ]


def differences(engine: Engine, strings: Iterable[str]) -> list[tuple[str, str, object]]:
    """Strings that the two fold differently."""
    found = []
    rest = sorted({s.replace("\0", "") for s in strings})
    for start in range(0, len(rest), 20_000):
        part = rest[start : start + 20_000]
        for string, folded in zip(part, sql(engine, "report.fold", part), strict=True):
            if fold(string) != folded:
                found.append((string, fold(string), folded))
    return found


def test_tricky_strings_fold_alike(database: Engine) -> None:
    assert differences(database, TRICKY) == []


def test_every_letter_of_news_folds_alike(database: Engine) -> None:
    """All code points of the scripts that news is written in, alone between two letters."""
    blocks = ((1, 0x250), (0x300, 0x530), (0x600, 0x900), (0x2000, 0x2100), (0xFB00, 0x10000))
    codes = [code for first, last in blocks for code in range(first, last)]
    assert differences(database, (f"ب{chr(code)}ج" for code in codes)) == []


@pytest.mark.slow
def test_every_letter_folds_alike(database: Engine) -> None:
    codes = [code for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    assert differences(database, (f"ب{chr(code)}ج" for code in codes)) == []


def test_the_samples_fold_alike(database: Engine) -> None:
    texts = [path.read_text("utf-8", "ignore") for path in SAMPLES.glob("*.txt")]
    assert differences(database, texts) == []
    assert differences(database, (word for text in texts for word in text.split())) == []


@pytest.mark.shared
def test_the_words_of_the_annotated_articles_fold_alike(database: Engine) -> None:
    folder = SHARED / "gold"
    if not folder.is_dir():
        pytest.skip("../shared/gold is not there")
    words = {word for path in folder.glob("dev/*.txt") for word in path.read_text("utf-8").split()}
    assert words
    assert differences(database, words) == []


@pytest.mark.slow
@pytest.mark.shared
def test_all_strings_of_the_corpus_fold_alike(database: Engine) -> None:
    archive = SHARED / "news" / "ant.zip"
    if not archive.is_file():
        pytest.skip("../shared/news/ant.zip is not there")
    texts = [path.read_text("utf-8") for path in (SHARED / "gold").glob("*/*.txt")]
    with zipfile.ZipFile(archive) as file:
        texts += [
            file.read(name).decode("utf-8", "ignore") for name in file.namelist() if name.endswith(".txt")
        ]
    assert len(texts) > 10_000
    assert differences(database, {word for text in texts for word in text.split()}) == []
    assert differences(database, {line for text in texts for line in text.splitlines()}) == []


def test_letters_keep_their_places(database: Engine) -> None:
    """Spans of marked words count in the clean text."""
    texts = [clean(path.read_text("utf-8", "ignore")).text for path in SAMPLES.glob("*.txt")]
    assert sql(database, "report.letters", texts) == [search_of(text) for text in texts]


def test_words_are_cut_alike(database: Engine) -> None:
    texts = [fold(path.read_text("utf-8", "ignore")) for path in SAMPLES.glob("*.txt")] + [
        fold(text) for text in TRICKY
    ]
    for text in texts:
        with database.connect() as connection:
            found = connection.execute(
                sa.text("SELECT n, word, first_letter, letters FROM report.words(:text)"), {"text": text}
            ).fetchall()
        wanted = []
        for term, place in terms(text):
            if not wanted or wanted[-1][0] != place:
                wanted.append((place, term))
        assert [(n, word) for n, word, _, _ in found] == wanted
        for _, word, first, letters in found:
            assert word.endswith(text[first : first + letters])


def test_what_a_query_looks_for_is_what_texts_store(database: Engine) -> None:
    """Forms of a word of a query are forms of that word in a text, but for the nisba's ي that stays."""
    text = " ".join(fold(path.read_text("utf-8", "ignore")) for path in SAMPLES.glob("*.txt"))
    words = sorted({word for word, _ in terms(text)})
    with database.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT x, f.form, f.level FROM unnest(CAST(:words AS text[])) AS x,"
                " report.word_forms(x) AS f"
            ),
            {"words": words},
        ).fetchall()
    stored = {word: dict(forms(word)) for word in words}
    strange = [
        (word, form)
        for word, form, level in rows
        if level < 2 and stored[word].get(form) != level and not re.fullmatch("لل.*", word)
    ]
    assert strange == []
    assert {word for word, form, level in rows if level == 0} == set(words)


def test_the_tables_in_the_migration_are_those_of_python() -> None:
    """When this fails, folding has changed: a new revision must bring new functions."""
    from contextlib import redirect_stdout
    from io import StringIO

    from tests.db import fold_sql

    out = StringIO()
    with redirect_stdout(out):
        fold_sql.main()
    frozen = (Path(ROOT) / "migrations" / "sql" / "0007_search.sql").read_text("utf-8")
    assert frozen.startswith(out.getvalue().rstrip())
