"""The annotated articles of ../shared: where they are, and how to run Rasd and the scorer over them."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from flows.output import to_json
from flows.pipeline import Options, extract
from flows.read.discover import discover, load
from flows.records import RawFile, Rejection

SHARED = Path(__file__).resolve().parents[3] / "shared"
GOLD = SHARED / "gold"

needs_shared = pytest.mark.skipif(not GOLD.is_dir(), reason="needs the annotated articles in ../shared")


def extractions(folder: Path, options: Options) -> list[dict[str, Any]]:
    """What Rasd says about every article of a folder, as `rasd extract` prints it."""
    results = []
    for found in discover([str(folder)]):
        assert not isinstance(found, Rejection), found
        raw = load(found)
        assert isinstance(raw, RawFile), raw
        extraction = extract(raw, options)
        assert not isinstance(extraction, Rejection), extraction
        results.append(json.loads(json.dumps(to_json(extraction))))
    return results


def scores(gold: list[dict[str, Any]], got: list[dict[str, Any]]) -> dict[str, float]:
    """F1 by measure and accuracy by attribute, in percent, by the scorer of ../shared."""
    spec = importlib.util.spec_from_file_location("gold_score", GOLD / "score.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = module.score(gold, got)
    assert not result["missing"], result["missing"]
    return {name: row["f1"] for name, row in result["scores"].items()} | {
        name: row["percent"] for name, row in result["accuracy"].items()
    }
