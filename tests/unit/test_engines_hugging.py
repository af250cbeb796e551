"""A Hugging Face model as an engine: label names, and a tiny model made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.extract.engines import EngineError, load_engine
from flows.extract.engines.hugging import translate_labels


def test_labels_are_given_the_schemes_names() -> None:
    own = ["O", "B-PER", "I-PER", "B-gpe", "I-DATE", "LOC", "B-EVENT"]
    assert translate_labels(own, "guide") == [
        "O", "B-PERSON", "I-PERSON", "B-LOCATION", "O", "I-LOCATION", "B-NAMED_EVENT",
    ]  # fmt: skip
    assert translate_labels(own, "anercorp")[-1] == "B-MISC"


def test_a_folder_without_a_model_is_an_engine_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        load_engine(f"transformers:{tmp_path / 'nothing'}")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    transformers: Any = pytest.importorskip("transformers", reason="the extra for Hugging Face models")
    torch: Any = pytest.importorskip("torch", reason="the extra for Hugging Face models")
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "زار", "سعيد", "فاس", "ب", "##فاس"]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    transformers.BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        num_labels=3,
        id2label={0: "O", 1: "B-PER", 2: "B-LOC"},
        label2id={"O": 0, "B-PER": 1, "B-LOC": 2},
    )
    model = transformers.BertForTokenClassification(config)
    with torch.no_grad():  # the classifier always answers B-LOC
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([0.0, 0.0, 5.0]))
    model.save_pretrained(tmp_path)
    return tmp_path


def test_a_model_from_a_folder_labels_words(tiny: Path) -> None:
    engine = load_engine(f"transformers:{tiny}")
    first, empty, second = engine.label([["زار", "سعيد", "بفاس"], [], ["فاس"]])
    assert empty == []
    assert {x.label for x in first} == {"B-LOCATION"}
    assert second[0].label == "B-LOCATION"
    assert all(x.probability > 0.9 for x in first)
    assert engine.name == f"transformers:{tiny}"
