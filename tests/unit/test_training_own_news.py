"""The project's own training articles: well formed, every repetition of a long name marked too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.extract.training.own_news import OWN_NEWS, OwnArticle, parse_marked, read_own_news
from flows.records import EntityKind

MINIMUM = 300


@pytest.fixture(scope="module")
def articles() -> list[OwnArticle]:
    return read_own_news(OWN_NEWS)


def test_enough_articles_with_names(articles: list[OwnArticle]) -> None:
    assert len(articles) >= MINIMUM
    assert {kind for a in articles for *_, kind in a.mentions} == set(EntityKind)
    assert [a.id for a in articles if not a.mentions and not a.id.startswith("neg-")] == []


def test_no_article_twice(articles: list[OwnArticle]) -> None:
    assert len({a.text for a in articles}) == len(articles)


def test_spans_hold_names(articles: list[OwnArticle]) -> None:
    for article in articles:
        end = 0
        for start, stop, _ in article.mentions:
            assert end <= start < stop <= len(article.text), article.id
            name = article.text[start:stop]
            assert re.search(r"\w", name), article.id
            assert name == name.strip(' \n،.:"«»'), f"{article.id}: {name}"
            end = stop


def test_marks_start_at_a_word_or_after_clitics(articles: list[OwnArticle]) -> None:
    wrong = []
    for article in articles:
        for start, stop, _ in article.mentions:
            attached = re.search(r"\w*$", article.text[:start])
            if attached and attached[0] and not re.fullmatch(r"[وف]?[بلكس]?ـ?", attached[0]):
                wrong.append((article.id, attached[0], article.text[start:stop]))
            if re.match(r"\w", article.text[stop:]):
                wrong.append((article.id, article.text[start:stop], "goes on"))
    assert wrong == []


def test_long_names_are_marked_wherever_they_stand(articles: list[OwnArticle]) -> None:
    missed = []
    for article in articles:
        covered = {i for start, stop, _ in article.mentions for i in range(start, stop)}
        for name in {article.text[s:e] for s, e, _ in article.mentions if " " in article.text[s:e]}:
            found = re.finditer(rf"\b[وفبلكس]{{0,2}}({re.escape(name)})\b", article.text)
            missed += [(article.id, name) for f in found if f.start(1) not in covered]
    assert missed == []


def test_marks_leave_plain_text() -> None:
    article = parse_marked("x", "التقى [PER:نزار المريني] وفدا ل[ORG:لأمن الوطني] ب[LOC:تازة].")
    assert article.text == "التقى نزار المريني وفدا للأمن الوطني بتازة."
    assert [(article.text[s:e], kind) for s, e, kind in article.mentions] == [
        ("نزار المريني", EntityKind.PERSON),
        ("لأمن الوطني", EntityKind.ORGANIZATION),
        ("تازة", EntityKind.LOCATION),
    ]


@pytest.mark.parametrize(
    "marked",
    ["[XYZ:تازة]", "[LOC:]", "[LOC: تازة]", "[LOC:تازة", "تازة]", "[ORG:بلدية [LOC:تازة]]", "[تازة]"],
)
def test_bad_marks_are_refused(marked: str) -> None:
    with pytest.raises(ValueError, match="x:"):
        parse_marked("x", marked)


@pytest.mark.parametrize(
    "content",
    [
        "نص قبل أول مقال\n=== a ===\nنص\n",
        "=== a ===\n\n=== b ===\nنص\n",
        "=== a ===\nنص\n=== a ===\nنص آخر\n",
    ],
)
def test_bad_files_are_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError):
        read_own_news(path)


def test_comments_are_not_text(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    path.write_text("# رأس\n=== a ===\nسطر\n# تعليق\nسطر ثان\n", encoding="utf-8")
    assert [(a.id, a.text) for a in read_own_news(path)] == [("a", "سطر\nسطر ثان")]
