"""Windows, decoding, clitics, pieces, the store: what both engines stand on."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models

from flows.extract.engines import EngineError, load_engine
from flows.extract.engines.clitics import pick_clitic, possible_clitics
from flows.extract.engines.decode import best_paths, transitions
from flows.extract.engines.pieces import Pieces, prepare
from flows.extract.engines.store import CHECKSUMS, read_model, write_model
from flows.extract.engines.windows import LIMIT, pack

LABELS = ["O", "B-X", "I-X", "B-Y", "I-Y"]


# --------------------------------------------------------------------------------------------- windows


def test_every_word_stands_once_and_in_order() -> None:
    rng = np.random.default_rng(3)
    lengths = [int(n) for n in rng.integers(0, 40, 30)]
    pieces = [tuple(range(int(k))) for k in rng.integers(1, 6, sum(lengths))]
    windows = pack(pieces, lengths, bos=100, eos=101)
    assert [w.place for window in windows for w in window.words] == list(range(sum(lengths)))
    for ids, words in windows:
        assert ids[0] == 100
        assert ids[-1] == 101
        assert len(ids) <= LIMIT + 2
        for word in words:
            assert tuple(ids[word.first : word.last + 1]) == pieces[word.place]


def test_sentences_stay_whole_and_windows_even() -> None:
    windows = pack([(1,)] * 600, [20] * 30, bos=0, eos=0)
    sizes = [len(w.words) for w in windows]
    assert len(sizes) == 4
    assert max(sizes) - min(sizes) <= 20
    assert all(size % 20 == 0 for size in sizes)


def test_a_sentence_longer_than_the_network_is_cut() -> None:
    windows = pack([(1, 2)] * 500, [500], bos=0, eos=0)
    assert all(len(w.ids) <= LIMIT + 2 for w in windows)
    assert sum(len(w.words) for w in windows) == 500


def test_nothing_gives_no_window() -> None:
    assert pack([], [0, 0], bos=0, eos=0) == []


# -------------------------------------------------------------------------------------------- decoding


def _allowed(path: tuple[int, ...]) -> bool:
    before = "O"
    for k in path:
        label = LABELS[k]
        if label[0] == "I" and before not in (f"B-{label[2:]}", label):
            return False
        before = label
    return True


def test_paths_are_the_best_of_all_allowed_ones() -> None:
    rng = np.random.default_rng(5)
    step, start = transitions(LABELS)
    lengths = [4, 1, 3, 0, 5]
    scores = rng.normal(size=(sum(lengths), len(LABELS))).astype(np.float32) * 3
    found = best_paths(scores, lengths, step, start)
    at = 0
    for n in lengths:
        part = scores[at : at + n]
        every = (p for p in itertools.product(range(len(LABELS)), repeat=n) if _allowed(p))
        best = max(every, key=lambda p: float(sum(part[i, k] for i, k in enumerate(p))))
        assert tuple(found[at : at + n]) == best
        at += n


def test_decoding_nothing() -> None:
    step, start = transitions(LABELS)
    assert len(best_paths(np.zeros((0, 5), np.float32), [], step, start)) == 0


# --------------------------------------------------------------------------------------------- clitics


@pytest.mark.parametrize(
    ("word", "most"),
    [("وباريس", 2), ("للامن", 1), ("ولبنان", 2), ("محمد", 0), ("وه", 0), ("بلجيكا", 1), ("ولي", 1)],
)
def test_only_letters_that_can_be_clitics_count(word: str, most: int) -> None:
    assert possible_clitics(word, 2) == most


def test_the_likeliest_possible_length_is_taken() -> None:
    scores = np.array([0.0, 1.0, 9.0], np.float32)
    assert pick_clitic(scores, "بالرباط")[0] == 1  # two letters cannot be clitics here
    assert pick_clitic(scores, "الرباط") == (0, 1.0)
    length, sure = pick_clitic(scores, "وبالرباط")
    assert length == 2
    assert sure > 0.99


# ---------------------------------------------------------------------------------------------- pieces


def test_words_are_prepared_alike_however_they_are_written() -> None:
    assert prepare("الـــرباط") == prepare("الرِّباط") == "▁الرباط"
    assert prepare("،") == "،"
    assert prepare("ﻻ") == "▁لا"


def test_every_word_has_a_piece() -> None:
    vocabulary = [("<s>", 0.0), ("<unk>", -9.0), ("▁", -2.0), ("▁فا", -1.0), ("س", -1.5)]
    pieces = Pieces(Tokenizer(models.Unigram(vocabulary, unk_id=1)))
    assert pieces.encode(["فاس", "س", "", "ـ"]) == [(3, 4), (2, 4), (1,), (1,)]
    assert pieces.encode(["فاس"]) == [(3, 4)]


# ----------------------------------------------------------------------------------------------- store


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    write_model("a.bin", b"weights", tmp_path)
    write_model("b.bin", b"others", tmp_path)
    assert read_model("a.bin", tmp_path) == b"weights"
    (tmp_path / "a.bin").write_bytes(b"weightz")
    with pytest.raises(EngineError, match="SHA-256"):
        read_model("a.bin", tmp_path)
    assert read_model("b.bin", tmp_path) == b"others"


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"c\.bin"):
        read_model("c.bin", tmp_path)
    (tmp_path / CHECKSUMS).write_text(json.dumps({"c.bin": "00"}), encoding="utf-8")
    with pytest.raises(EngineError, match=r"c\.bin"):
        read_model("c.bin", tmp_path)


def test_unknown_engines_and_schemes_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown engine"):
        load_engine("slow")
    with pytest.raises(ValueError, match="unknown scheme"):
        load_engine("fast", scheme="conll")
