"""Floors of the shipped name models on the annotated development sets."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from flows.extract.conll import ConllReport
from flows.extract.engines import load_engine
from flows.extract.training.card import clitic_figures, evaluate_engine
from flows.extract.training.corpora import read_conll_corpus, read_gold, split_last_tenth

SHARED = Path(__file__).resolve().parents[3] / "shared"
GOLD = SHARED / "gold"
ANERCORP = SHARED / "corpora" / "anercorp" / "train.conll"

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@cache
def _report(engine: str, scheme: str) -> ConllReport:
    if scheme == "guide":
        if not GOLD.is_dir():
            pytest.skip("the annotated articles of ../shared/gold are not here")
        documents = read_gold(GOLD, "dev")
    else:
        if not ANERCORP.exists():
            pytest.skip("ANERcorp's training split is not in ../shared/corpora")
        documents = [split_last_tenth(read_conll_corpus(ANERCORP, "anercorp"))[1]]
    return evaluate_engine(load_engine(engine, scheme=scheme, threads=2), documents)


@pytest.mark.parametrize(
    ("engine", "scheme", "floor"),
    [
        ("fast", "guide", 75.0),
        ("fast", "anercorp", 73.0),
        ("accurate", "guide", 79.0),
        ("accurate", "anercorp", 78.0),
    ],
)
def test_entities(engine: str, scheme: str, floor: float) -> None:
    assert _report(engine, scheme).overall.f1 >= floor


@pytest.mark.parametrize(("engine", "floor"), [("fast", 82.0), ("accurate", 90.0)])
def test_people_in_news(engine: str, floor: float) -> None:
    assert _report(engine, "guide").classes["PERSON"].f1 >= floor


@pytest.mark.parametrize("engine", ["fast", "accurate"])
def test_clitics(engine: str) -> None:
    if not GOLD.is_dir():
        pytest.skip("the annotated articles of ../shared/gold are not here")
    right, total = clitic_figures(load_engine(engine), read_gold(GOLD, "dev"))
    assert right / total >= 0.97
