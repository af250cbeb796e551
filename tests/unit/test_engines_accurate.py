"""The shipped transformer: what it must do whatever its figures are."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from flows.extract.engines import EngineError, NameEngine, load_engine
from flows.extract.engines.accurate import AccurateEngine, AccurateModel, Head, load_accurate
from flows.extract.engines.store import models_folder, write_model

SENTENCES = [
    [
        "أعلن",
        "سعيد",
        "المنصوري",
        "،",
        "وزير",
        "الفلاحة",
        "،",
        "أن",
        "وفدا",
        "من",
        "غرفة",
        "التجارة",
        "زار",
        "طنجة",
        "أمس",
        ".",
    ],
    [],
    ["وسافر", "المنصوري", "إلى", "فرنسا", "قبل", "أن", "يعود", "إلى", "عمله", "بالرباط", "."],
]


@pytest.fixture(scope="module")
def engine() -> NameEngine:
    return load_engine("accurate")


def test_every_word_gets_a_label_that_iob2_allows(engine: NameEngine) -> None:
    rows = engine.label(SENTENCES)
    assert [len(r) for r in rows] == [len(s) for s in SENTENCES]
    for row in rows:
        before = "O"
        for token in row:
            if token.label[0] == "I":
                assert before[2:] == token.label[2:]
            if token.label[0] != "B":
                assert token.clitic == 0
            assert 0.0 <= token.probability <= 1.0
            assert 0.0 <= token.clitic_probability <= 1.0
            before = token.label


def test_plain_names_and_their_clitics_are_found(engine: NameEngine) -> None:
    found = {
        word: (token.label, token.clitic)
        for words, row in zip(SENTENCES, engine.label(SENTENCES), strict=True)
        for word, token in zip(words, row, strict=True)
    }
    assert found["سعيد"] == ("B-PERSON", 0)
    assert found["طنجة"] == ("B-LOCATION", 0)
    assert found["فرنسا"] == ("B-LOCATION", 0)  # ف is no clitic here
    assert found["بالرباط"] == ("B-LOCATION", 1)
    assert found["أعلن"][0] == found["وزير"][0] == "O"


def test_the_same_article_gives_the_same_answer(engine: NameEngine) -> None:
    assert engine.label(SENTENCES) == engine.label(SENTENCES)


def test_nothing_and_odd_words_are_survived(engine: NameEngine) -> None:
    assert engine.label([]) == []
    assert engine.label([[], []]) == [[], []]
    odd = ["", "ـ", "\u064b", "x" * 5000, "👍", "٣٥٫٢", "\u200f"]
    assert len(engine.label([odd])[0]) == len(odd)


def test_a_sentence_longer_than_the_network_takes_is_labelled(engine: NameEngine) -> None:
    words = SENTENCES[0] * 60
    (row,) = engine.label([words])
    people = [i for i, token in enumerate(row) if token.label == "B-PERSON"]
    assert len(row) == len(words)
    assert len(people) > 30


SURE = ["وقال", "إن", "هذا", "الأمر", "مهم", "جدا", "."]


def _asked(engine: AccurateEngine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of words that the network is asked about, one entry a call."""
    asked: list[int] = []
    network = engine._network

    def counting(words: list[str], lengths: list[int], outputs: tuple[str, ...]) -> list[object]:
        asked.append(len(words))
        return network(words, lengths, outputs)  # type: ignore[return-value]

    monkeypatch.setattr(engine, "_network", counting)
    return asked


def test_sentences_of_which_the_chain_is_sure_are_not_shown_to_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = load_engine("accurate")
    assert isinstance(engine, AccurateEngine)
    asked = _asked(engine, monkeypatch)
    (row,) = engine.label([SURE])
    assert asked == []
    assert {token.label for token in row} == {"O"}
    doubtful = ["زار", "غرنوقا", "المجهول", "شركة", "برطمان", "القابضة", "."]
    rows = engine.label([SURE, doubtful, SURE])
    assert asked == [len(doubtful)]
    assert [len(r) for r in rows] == [len(SURE), len(doubtful), len(SURE)]
    assert rows[0] == rows[2] == row


def test_hidden_states_are_remembered_for_the_article_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load_engine("accurate")
    assert isinstance(engine, AccurateEngine)
    doubtful = ["زار", "غرنوقا", "المجهول", "شركة", "برطمان", "القابضة", "."]
    engine.label([SURE, doubtful])
    asked = _asked(engine, monkeypatch)
    states = engine.hidden([doubtful, [], SURE])
    assert asked == [len(SURE)]  # only the sentence that ``label`` left out
    assert [s.shape for s in states] == [(len(doubtful), 384), (0, 384), (len(SURE), 384)]
    assert all(s.dtype == np.float32 and np.isfinite(s).all() for s in states)
    engine.hidden([SURE])
    assert asked == [len(SURE)]
    engine.label([doubtful])
    assert np.allclose(engine.hidden([doubtful])[0], states[0], atol=0.5)


def test_anercorps_convention_has_its_own_labels() -> None:
    rows = load_engine("accurate", scheme="anercorp").label(SENTENCES)
    labels = {token.label for row in rows for token in row}
    assert (
        {"B-PER", "B-LOC"}
        <= labels
        <= {"O", *(f"{p}-{k}" for p in "BI" for k in ("PER", "ORG", "LOC", "MISC"))}
    )


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        load_accurate(scheme="guide", threads=1, folder=tmp_path)
    for name in ("accurate.json", "fast.msgpack", "checksums.json"):
        shutil.copy(models_folder() / name, tmp_path / name)
    (tmp_path / "accurate.onnx").write_bytes(b"not the network")
    with pytest.raises(EngineError, match="SHA-256"):
        load_accurate(scheme="guide", threads=1, folder=tmp_path)
    write_model("accurate.onnx", b"not a network", tmp_path)
    with pytest.raises(EngineError, match=r"accurate\.onnx"):
        load_accurate(scheme="guide", threads=1, folder=tmp_path)
    write_model("accurate.json", b"{}", tmp_path)
    with pytest.raises(EngineError, match=r"accurate\.json"):
        load_accurate(scheme="guide", threads=1, folder=tmp_path)


def test_the_graph_computes_what_the_trained_encoder_does() -> None:
    torch = pytest.importorskip("torch", reason="training needs the extra `train`")
    pytest.importorskip("onnx", reason="training needs the extra `train`")
    from flows.extract.training.encoder import CLITICS, Encoder, Shape, make_tokenizer
    from flows.extract.training.export import build_graph
    from flows.extract.training.labels import HEADS

    torch.manual_seed(1)
    model = Encoder(Shape(40, 128, 4, 256, (0, 1), 1e-12)).eval()
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", *(chr(c) for c in range(0x627, 0x64A))][:40]
    tokenizer = make_tokenizer(pieces, [0.0, 0.0, 0.0, -20.0, *[-3.0] * (len(pieces) - 4)], 3)
    heads = {n: Head(list(HEADS[n]), 9 * i, 1.0) for i, n in enumerate(("guide", "anercorp"))}
    settings = AccurateModel(2, 0, 2, 1, heads, 18, CLITICS, 1.0, tokenizer.to_str())
    words = ["سلمى", "في", "فاس"]
    floats = build_graph(model, ["guide", "anercorp"], plan={}).SerializeToString()
    eight = build_graph(model, ["guide", "anercorp"]).SerializeToString()
    got = AccurateEngine(settings, floats, scheme="guide", threads=1).logits(words, [3])
    ids = [0, *(i for w in words for i in tokenizer.encode("▁" + w).ids), 2]
    ends = np.cumsum([len(tokenizer.encode("▁" + w).ids) for w in words])
    first = torch.tensor([[1, *(ends[:-1] + 1)]])
    last = torch.tensor([list(ends)])
    lengths = torch.tensor([len(ids)])
    with torch.no_grad():
        out = model.heads(
            model.upper(model.lower(torch.tensor([ids]), lengths, 0), lengths, 0, 0.0), first, last, 0.0
        )
    expected = torch.cat([out["guide"], out["anercorp"], out["clitic"]], dim=2)[0].numpy()
    np.testing.assert_allclose(got, expected, atol=1e-4)
    rough = AccurateEngine(settings, eight, scheme="guide", threads=1).logits(words, [3])
    assert float(np.abs(rough - expected).max()) < 0.1 * float(np.abs(expected).max())
    assert msgspec.json.decode(msgspec.json.encode(settings), type=AccurateModel) == settings
