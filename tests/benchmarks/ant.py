"""The articles that benchmarks of whole runs read: the first of the archive beside the repository."""

from __future__ import annotations

import zipfile
from pathlib import Path

ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "news" / "ant.zip"
ARTICLES = 10_154
_MANIFEST = "ant/manifest.jsonl"


def ant(articles: int, folder: Path) -> Path:
    """An archive of so many of them with their manifest; the whole one where all are asked for."""
    if articles >= ARTICLES:
        return ARCHIVE
    part = folder / f"ant-{articles}.zip"
    with zipfile.ZipFile(ARCHIVE) as whole, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as target:
        names = [name for name in whole.namelist() if name.endswith(".txt")][:articles]
        for name in [*names, _MANIFEST]:
            target.writestr(name, whole.read(name))
    return part
