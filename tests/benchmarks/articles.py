"""Any number of different articles of about 2 KB, mixed from the lines of ../shared/news/ant.zip.

    python -m tests.benchmarks.articles 10000 FOLDER

An article is a title and lines of others, drawn by its number alone: words, names, dates and sentences are
those of real news, while no two articles tell the same story.  Nothing of it is kept in the project.
"""

from __future__ import annotations

import functools
import random
import sys
from pathlib import Path

from flows.read.discover import Found, discover, load
from flows.records import RawFile

NEWS = Path(__file__).resolve().parents[2].parent / "shared" / "news" / "ant.zip"
SIZE = 2000  # bytes of UTF-8
FOLDER_FILES = 1000


@functools.cache
def _material() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Titles and lines of the real articles."""
    titles, lines = [], []
    for found in discover([str(NEWS)]):
        raw = load(found) if isinstance(found, Found) else None
        if isinstance(raw, RawFile):
            title, *rest = [line.strip() for line in raw.data.decode("utf-8").splitlines() if line.strip()]
            titles.append(title)
            lines += [line for line in rest if 80 < len(line.encode()) < SIZE]
    return tuple(titles), tuple(lines)


def article(number: int) -> str:
    titles, lines = _material()
    rng = random.Random(number)
    parts = [rng.choice(titles), f"{rng.randint(1, 28)} ماي {rng.randint(2012, 2024)}"]
    size = 0
    while size < SIZE - 300:
        line = rng.choice(lines)
        if size + len(line.encode()) < SIZE + 300:
            parts.append(line)
            size += len(line.encode())
    return "\n".join(parts) + "\n"


def write_articles(folder: Path, count: int, first: int = 0) -> list[Path]:
    """Articles ``first`` .. ``first + count - 1`` as files, FOLDER_FILES in a folder."""
    paths = []
    for number in range(first, first + count):
        path = folder / f"{number // FOLDER_FILES:04}" / f"{number:07}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(article(number), encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    written = write_articles(Path(sys.argv[2]), int(sys.argv[1]))
    print(f"{len(written)} articles, {sum(p.stat().st_size for p in written) / len(written):.0f} bytes each")
