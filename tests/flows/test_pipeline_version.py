"""What the pipeline version is made of: all code that decides an extraction, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from flows import pipeline

FLOWS = Path(pipeline.__file__).parent
# errors are raised and caught, never stored
HARMLESS = {"errors.py"}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Files that the version hashes, as paths below flows/."""
    seen: set[str] = set()
    real = pipeline._add

    def record(node, name, digest) -> None:  # type: ignore[no-untyped-def]
        if node.is_file():
            seen.add(name)
        real(node, name, digest)

    monkeypatch.setattr(pipeline, "_add", record)
    pipeline.version.__wrapped__(pipeline.Options())
    return seen


def _file(module: str) -> Path | None:
    at = FLOWS.parent.joinpath(*module.split("."))
    return next((p for p in (at.with_suffix(".py"), at / "__init__.py") if p.is_file()), None)


def _imported(start: Path) -> set[Path]:
    found, waiting = {start}, [start]
    while waiting:
        for node in ast.walk(ast.parse(waiting.pop().read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                file = _file(name) if name.startswith("flows.") else None
                if file is not None and file not in found:
                    found.add(file)
                    waiting.append(file)
    return found


def test_all_code_that_an_extraction_runs_through_is_part_of_the_version(parts: set[str]) -> None:
    needed = _imported(FLOWS / "pipeline.py") | _imported(FLOWS / "rows.py")
    names = {str(file.relative_to(FLOWS)) for file in needed}
    assert {"rows.py", "resolve/identity.py", "clean/normalize.py"} <= names
    assert names - parts - HARMLESS == set()


def test_how_articles_are_compared_does_not_make_them_be_read_again(parts: set[str]) -> None:
    assert {part for part in parts if part.startswith("resolve")} == {"resolve/identity.py"}
    assert not [part for part in parts if "/training/" in part]
