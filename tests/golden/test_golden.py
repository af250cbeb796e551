"""The samples give what the golden files hold.

After an intended change: uv run python -m tests.golden.regenerate
"""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests.golden import regenerate

SCHEMA = json.loads((regenerate.HERE / "extraction.schema.json").read_text(encoding="utf-8"))
NAMES = sorted(p.stem for p in regenerate.SAMPLES.glob("*.txt"))


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    return regenerate.current()


def test_every_sample_has_a_golden_file_and_no_golden_file_is_left_over() -> None:
    golden = {p.stem for p in regenerate.HERE.glob("*.json")} - {"extraction.schema"}
    assert golden == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str, results: dict[str, dict[str, Any]]) -> None:
    expected = json.loads(regenerate.path(name).read_text(encoding="utf-8"))
    assert results[name] == expected


@pytest.mark.parametrize("name", NAMES)
def test_schema(name: str, results: dict[str, dict[str, Any]]) -> None:
    jsonschema.validate(results[name], SCHEMA)
