"""Marks of names in Tunisian articles: they fit the archive, keep to words and leave no repetition out."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path

import msgspec
import pytest

from flows.extract.training.ant_names import ANT_NAMES, AntNamesError, marked_files, read_ant_names
from flows.extract.training.own_news import OwnArticle
from flows.records import EntityKind

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
ARCHIVE = SHARED / "news" / "ant.zip"
MINIMUM = 320


@pytest.fixture(scope="module")
def articles() -> list[OwnArticle]:
    if not ARCHIVE.exists():
        pytest.skip("needs ../shared/news/ant.zip, the articles that the marks point into")
    return read_ant_names(ANT_NAMES, ARCHIVE)


def test_stored_marks_hold_no_text() -> None:
    marks = marked_files()
    assert len(marks) >= MINIMUM
    assert len({m.file for m in marks}) == len(marks)
    assert re.search("[\u0600-\u06ff]", ANT_NAMES.read_text(encoding="utf-8")) is None


@pytest.mark.shared
def test_no_article_of_the_check_sets() -> None:
    ids = {m.id for m in marked_files()}
    own = json.loads((ROOT / "tests" / "quality" / "ant20.json").read_text(encoding="utf-8"))
    assert ids.isdisjoint(f"ant-{a['file'].removesuffix('.txt')}" for a in own["articles"])
    gold = [SHARED / "gold" / f"{part}.json" for part in ("train", "dev")]
    if not all(path.exists() for path in gold):
        pytest.skip("needs ../shared/gold to compare with the gold articles")
    for path in gold:
        assert ids.isdisjoint(a["id"] for a in json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.shared
def test_spans_hold_names(articles: list[OwnArticle]) -> None:
    assert {kind for a in articles for *_, kind in a.mentions} == set(EntityKind)
    wrong = []
    for article in articles:
        for start, end, _ in article.mentions:
            name = article.text[start:end]
            attached = re.search(r"[^\W\d_]*$", article.text[:start])
            if attached and not re.fullmatch("[وف]?[بلكس]?", attached[0]):
                wrong.append((article.id, attached[0], name))
            if name[-1].isalpha() and article.text[end : end + 1].isalpha():
                wrong.append((article.id, name, "goes on"))
            if "\n" in name or name != name.strip(" ،.:'«»"):
                wrong.append((article.id, name, "padded"))
    assert wrong == []


@pytest.mark.shared
def test_long_names_are_marked_wherever_they_stand(articles: list[OwnArticle]) -> None:
    missed = []
    for article in articles:
        inside = [range(start, end) for start, end, _ in article.mentions]
        for name in {article.text[s:e] for s, e, _ in article.mentions if " " in article.text[s:e]}:
            found = re.finditer(rf"\b[وف]?[بلكس]?({re.escape(name)})\b", article.text)
            missed += [(article.id, name) for m in found if not any(m.start(1) in span for span in inside)]
    assert missed == []


def _invented(folder: Path, text: str, mentions: list[list[object]], digest: str = "") -> tuple[Path, Path]:
    """An archive with one article of our own, and marks on it."""
    data = text.encode("utf-8")
    archive, marks = folder / "a.zip", folder / "a.json"
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr("ant/X-1.txt", data)
    entry = {"file": "X-1.txt", "sha256": digest or hashlib.sha256(data).hexdigest(), "mentions": mentions}
    marks.write_text(json.dumps({"note": "", "articles": [entry]}), encoding="utf-8")
    return marks, archive


def test_marks_and_text_are_joined(tmp_path: Path) -> None:
    marks, archive = _invented(tmp_path, "زار نزار تازة", [[4, 8, "PERSON"], [9, 13, "LOCATION"]])
    mentions = ((4, 8, EntityKind.PERSON), (9, 13, EntityKind.LOCATION))
    assert read_ant_names(marks, archive) == [OwnArticle("ant-X-1", "زار نزار تازة", mentions)]


@pytest.mark.parametrize(
    "mentions",
    [
        [[4, 99, "PERSON"]],
        [[4, 4, "PERSON"]],
        [[-4, 2, "PERSON"]],
        [[4, 8, "PERSON"], [7, 13, "LOCATION"]],
        [[9, 13, "LOCATION"], [4, 8, "PERSON"]],
    ],
)
def test_spans_that_do_not_fit_are_refused(tmp_path: Path, mentions: list[list[object]]) -> None:
    marks, archive = _invented(tmp_path, "زار نزار تازة", mentions)
    with pytest.raises(AntNamesError, match=r"X-1\.txt: mention"):
        read_ant_names(marks, archive)


def test_another_text_is_refused(tmp_path: Path) -> None:
    marks, archive = _invented(tmp_path, "زار نزار تازة", [], digest="0" * 64)
    with pytest.raises(AntNamesError, match=r"X-1\.txt: sha256"):
        read_ant_names(marks, archive)


def test_a_missing_article_is_refused(tmp_path: Path) -> None:
    marks, archive = _invented(tmp_path, "زار نزار تازة", [])
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr("ant/Y-2.txt", "زار")
    with pytest.raises(AntNamesError, match=r"X-1\.txt: not in the archive"):
        read_ant_names(marks, archive)


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    marks, archive = _invented(tmp_path, "زار نزار تازة", [[4, 8, "ANIMAL"]])
    with pytest.raises(msgspec.ValidationError, match="ANIMAL"):
        read_ant_names(marks, archive)
