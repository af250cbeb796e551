"""Put the annotated articles of the gold folder and of ant_events_*.json into one folder to train from.

    python -m flows.extract.training.events_corpus GOLD ANT_ZIP OUT
    python -m flows.extract.training.events_filter OUT --articles UNPACKED_ANT

OUT gets ``train.json`` and ``train/`` in the form of GOLD.  Dates of ANT articles, which nobody annotated,
are those that the date stage finds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from flows.extract.training.ant_events import read_ant_events
from flows.output import to_json
from flows.pipeline import Options, extract
from flows.records import Metadata, RawFile, Rejection

DATA = Path(__file__).parent / "data"


def write_corpus(gold: Path, ant_zip: Path, out: Path) -> int:
    """Write the joint folder; the number of articles.  Raises FileExistsError where ``out`` is there."""
    folder = out / "train"
    folder.mkdir(parents=True)
    articles: list[dict[str, Any]] = json.loads((gold / "train.json").read_text(encoding="utf-8"))
    for path in (gold / "train").iterdir():
        shutil.copy(path, folder / path.name)
    for article in read_ant_events(sorted(DATA.glob("ant_events_*.json")), ant_zip):
        text = article.pop("text")
        (folder / f"{article['id']}.txt").write_text(text, encoding="utf-8")
        articles.append({**article, "dates": _dates(text, article)})
    (out / "train.json").write_text(json.dumps(articles, ensure_ascii=False), encoding="utf-8")
    return len(articles)


def _dates(text: str, article: dict[str, Any]) -> list[dict[str, Any]]:
    data = text.encode()
    raw = RawFile(
        article["id"],
        article["id"],
        data,
        hashlib.sha256(data).hexdigest(),
        Metadata(published=article["published"]),
    )
    extraction = extract(raw, Options(names_engine="rules"))
    if isinstance(extraction, Rejection):
        raise ValueError(f"{extraction.uri}: {extraction.stage}: {extraction.message}")
    return [{key: date[key] for key in ("surface", "start", "end")} for date in to_json(extraction)["dates"]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("gold", type=Path)
    parser.add_argument("ant_zip", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    print(f"{write_corpus(arguments.gold, arguments.ant_zip, arguments.out)} articles")


if __name__ == "__main__":
    main()
