"""Golden files: what Rasd says about each sample; `uv run python -m tests.golden.regenerate` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flows.output import to_json
from flows.pipeline import Options, extract
from flows.read.discover import discover, load
from flows.records import RawFile, Rejection

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "samples"
# The rules alone: a golden file must not change with the rounding of another processor's floating point.
OPTIONS = Options(names_engine="rules")


def current() -> dict[str, dict[str, Any]]:
    """Extraction of each sample by its id, as JSON reads it back."""
    results = {}
    for found in discover([str(SAMPLES)]):
        assert not isinstance(found, Rejection), found
        raw = load(found)
        assert isinstance(raw, RawFile), raw
        extraction = extract(raw, OPTIONS)
        assert not isinstance(extraction, Rejection), extraction
        results[raw.name] = json.loads(json.dumps(to_json(extraction)))
    return results


def path(name: str) -> Path:
    return HERE / f"{name}.json"


def main() -> None:
    for name, result in current().items():
        path(name).write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
