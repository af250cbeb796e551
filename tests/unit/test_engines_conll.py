"""CoNLL files: reading, tagging, conlleval's rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.extract.conll import ConllError, chunks, evaluate_conll, evaluate_labels, read_conll, tag_conll

SENTENCE = ["أعلنت", "الوزيرة", "سلمى", "بنعمر", "في", "باريس", "أن", "محمد", "العلوي", "وصل", "."]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["O", "B-PER", "I-PER", "O"], {(1, 3, "PER")}),
        (["B-PER", "B-PER"], {(0, 1, "PER"), (1, 2, "PER")}),
        (["I-LOC", "I-LOC", "O"], {(0, 2, "LOC")}),  # IOB1: I begins a chunk
        (["B-LOC", "I-ORG"], {(0, 1, "LOC"), (1, 2, "ORG")}),
        (["O", "B-PERS", "I-PER"], {(1, 3, "PER")}),  # ANERcorp's spelling is the same class
        ([], set()),
    ],
)
def test_chunks_begin_and_end_as_in_conlleval(labels: list[str], expected: set[tuple[int, int, str]]) -> None:
    assert chunks(labels) == expected


def test_scores_count_whole_entities() -> None:
    report = evaluate_labels(
        [
            (["B-PER", "I-PER", "O", "B-LOC"], ["B-PER", "O", "O", "B-LOC"]),
            (["O", "B-ORG"], ["B-ORG", "B-ORG"]),
        ]
    )
    assert (report.overall.correct, report.overall.guessed, report.overall.gold) == (2, 4, 3)
    assert report.overall.precision == pytest.approx(50.0)
    assert report.overall.recall == pytest.approx(200 / 3)
    assert report.overall.f1 == pytest.approx(400 / 7)
    assert report.classes["PER"].f1 == 0.0
    assert report.classes["ORG"].precision == 50.0
    assert report.accuracy == pytest.approx(100 * 4 / 6)


def test_a_file_is_scored_by_its_last_two_columns(tmp_path: Path) -> None:
    path = tmp_path / "pairs.conll"
    path.write_text("سلمى B-PER B-PER\nقالت O O\n\nفاس B-LOC O\n", encoding="utf-8")
    report = evaluate_conll(path)
    assert report.tokens == 3
    assert report.overall.recall == 50.0


def test_a_row_without_a_prediction_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.conll"
    path.write_text("سلمى B-PER B-PER\n\nفاس B-LOC\n", encoding="utf-8")
    with pytest.raises(ConllError, match="sentence 2"):
        evaluate_conll(path)


def test_bytes_that_are_no_utf8_are_named(tmp_path: Path) -> None:
    path = tmp_path / "latin.conll"
    path.write_bytes("فاس B-LOC\n".encode("cp1256"))
    with pytest.raises(ConllError, match="UTF-8"):
        list(read_conll(path))
    with pytest.raises(ConllError, match="UTF-8"):
        tag_conll(path, tmp_path / "out", engine="fast")


@pytest.mark.parametrize("separator", [" ", "\t"])
def test_tagging_keeps_tokens_columns_and_blank_lines(tmp_path: Path, separator: str) -> None:
    source, target = tmp_path / "in.conll", tmp_path / "out.conll"
    lines = ["", *(f"{w}{separator}O" for w in SENTENCE), "", "", f"سعاد{separator}O"]
    source.write_text("\n".join(lines), encoding="utf-8")
    assert tag_conll(source, target, scheme="anercorp", engine="fast") == len(SENTENCE) + 1
    written = target.read_text(encoding="utf-8").split("\n")
    assert written[-1] == ""
    assert [bool(x) for x in written[:-1]] == [bool(x) for x in lines]
    labels = {x.split(separator)[0]: x.split(separator)[2] for x in written if x}
    assert labels["محمد"] == "B-PERS"  # as ANERcorp writes it
    assert labels["باريس"] == "B-LOC"
    assert [x.split(separator)[0] for x in written if x] == [*SENTENCE, "سعاد"]


def test_the_guides_labels_are_written_as_they_are(tmp_path: Path) -> None:
    source, target = tmp_path / "in.conll", tmp_path / "out.conll"
    source.write_text("\n".join(SENTENCE) + "\n", encoding="utf-8")
    tag_conll(source, target, scheme="guide", engine="fast")
    rows = [line.split() for line in target.read_text(encoding="utf-8").splitlines()]
    assert [r[0] for r in rows] == SENTENCE
    assert {r[1].partition("-")[2] for r in rows} <= {"", "PERSON", "ORGANIZATION", "LOCATION", "NAMED_EVENT"}
