"""Spelling suggestions: rare, unknown, one edit from something frequent; names and text left alone."""

from __future__ import annotations

import subprocess
import sys

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.load import load_batch
from flows.spelling.refresh import refresh_spelling
from flows.spelling.words import LEAST, count_words, dictionary, find_suggestions, suspects
from tests.db.articles import batch, raw_file, text

pytest.importorskip("hunspell", reason="the extra `spelling` is not installed")
USUAL = "المباحثات المديرية الاقتصادية الوزارة مشاورات صحيفة"


def corpus(odd: str) -> list[str]:
    return [USUAL] * 60 + [odd]


@pytest.mark.parametrize(
    ("odd", "meant"),
    [
        ("المباجثات", "المباحثات"),
        ("الاقتصدية", "الاقتصادية"),
        ("المديريةة", "المديرية"),
        ("مشاروات", "مشاورات"),
        ("المباحتات", "المباحثات"),
    ],
)
def test_one_edit_from_a_frequent_word(odd: str, meant: str) -> None:
    counts = count_words(corpus(odd))
    suspected = suspects(counts, dictionary())
    assert list(suspected) == [odd]
    (found,) = find_suggestions(f"بدأت {odd} أمس", suspected, counts, [])
    assert (found.word, found.suggestion, (found.start, found.end)) == (odd, meant, (5, 5 + len(odd)))
    assert LEAST <= found.confidence < 1 and (found.word_count, found.suggestion_count) == (1, 60)


@pytest.mark.parametrize(
    "odd",
    [
        "المديريه",  # another spelling of the same letters
        "المباحث",  # a word of the dictionary
        "لاصحيفة",  # two words written together
        "والوزارة",
        "الحموشي",  # a name, near to nothing
        "ورارة",  # too short to be sure
    ],
)
def test_what_is_not_suspected(odd: str) -> None:
    assert suspects(count_words(corpus(odd)), dictionary()) == {}


def test_a_misspelling_that_everybody_makes_is_left_alone() -> None:
    counts = count_words([USUAL] * 60 + ["المباجثات"] * 3)
    assert suspects(counts, dictionary()) == {}


def test_names_are_left_alone() -> None:
    counts = count_words(corpus("مشاروات"))
    suspected = suspects(counts, dictionary())
    assert find_suggestions("قال مشاروات أمس", suspected, counts, [(4, 11)]) == []


def test_rows_and_untouched_text(database: Engine) -> None:
    raws = [raw_file(f"{text(n)}\n{USUAL}", f"/news/{n}.txt") for n in range(60)]
    raws.append(raw_file(f"{text(99)}\nوتواصلت المباجثات بينهما مساء", "/news/99.txt"))
    with database.connect() as connection:
        load_batch(connection, batch(raws))
        before = connection.execute(sa.text("SELECT id, text FROM extraction ORDER BY id")).all()
    assert refresh_spelling(database)["spelling_suggestion"] == 1
    with database.connect() as connection:
        found = connection.execute(
            sa.text(
                "SELECT s.word, s.suggestion, s.edit,"
                " substr(e.text, s.clean_start + 1, s.clean_end - s.clean_start)"
                " FROM spelling_suggestion AS s JOIN extraction AS e ON e.id = s.extraction_id"
            )
        ).all()
        assert connection.execute(sa.text("SELECT id, text FROM extraction ORDER BY id")).all() == before
    assert [tuple(row) for row in found] == [("المباجثات", "المباحثات", "substitution", "المباجثات")]
    assert refresh_spelling(database)["spelling_suggestion"] == 1, "repeating it changes nothing"


def test_a_missing_dictionary_names_its_extra() -> None:
    code = """
import sys
sys.modules["hunspell"] = None  # what Python has for a module that cannot be imported
from flows.errors import UserError
from flows.spelling.words import dictionary
try:
    dictionary()
except UserError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("uv sync --extra spelling")
