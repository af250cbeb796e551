"""Put the annotated articles of the gold folder and the project's own marks into one folder to train from.

    python -m flows.extract.training.events_corpus SHARED OUT
    python -m flows.extract.training.events_filter OUT --articles UNPACKED_ANT

OUT gets ``train.json`` and ``train/`` in the form of SHARED/gold.  Dates, which nobody marked in the articles
that are added, are those that the date stage finds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from flows.extract.training.ant_events import ANT_EVENTS, read_ant_events
from flows.extract.training.more_events import ANER_EVENTS, OWN_EVENTS, read_aner_events, read_own_events
from flows.extract.training.own_news import OwnArticle
from flows.output import to_json
from flows.pipeline import Options, extract
from flows.records import Extraction, Metadata, RawFile, Rejection


def write_corpus(shared: Path, out: Path) -> int:
    """Write the joint folder; the number of articles.

    ``shared`` holds gold/, news/ant.zip and corpora/anercorp/train.conll.  Raises FileExistsError where
    ``out`` is there already.
    """
    gold = shared / "gold"
    folder = out / "train"
    folder.mkdir(parents=True)
    articles: list[dict[str, Any]] = json.loads((gold / "train.json").read_text(encoding="utf-8"))
    for path in (gold / "train").iterdir():
        shutil.copy(path, folder / path.name)
    added = [
        *read_ant_events(ANT_EVENTS, shared / "news" / "ant.zip", namer=found_names),
        *read_aner_events(ANER_EVENTS, shared / "corpora" / "anercorp" / "train.conll"),
        *read_own_events(OWN_EVENTS, found_names),
    ]
    for article in added:
        text = article.pop("text")
        (folder / f"{article['id']}.txt").write_bytes(text.encode())
        dates = to_json(_extraction(article["id"], text, article["published"], "rules"))["dates"]
        marked = [{key: date[key] for key in ("surface", "start", "end")} for date in dates]
        articles.append({**article, "dates": marked, "added": True})
    (out / "train.json").write_text(json.dumps(articles, ensure_ascii=False), encoding="utf-8")
    return len(articles)


def found_names(article_id: str, text: str, published: str | None) -> OwnArticle:
    """The names that the shipped engine finds, for an article in which nobody marked them."""
    extraction = _extraction(article_id, text, published, "accurate")
    cleaned = extraction.article.text
    mentions = sorted((*cleaned.raw_span(m.span), m.kind) for e in extraction.entities for m in e.mentions)
    return OwnArticle(article_id, text, tuple(mentions))


def _extraction(article_id: str, text: str, published: str | None, names_engine: str) -> Extraction:
    data = text.encode()
    digest = hashlib.sha256(data).hexdigest()
    raw = RawFile(article_id, article_id, data, digest, Metadata(published=published))
    extraction = extract(raw, Options(names_engine=names_engine))
    if isinstance(extraction, Rejection):
        raise ValueError(f"{extraction.uri}: {extraction.stage}: {extraction.message}")
    return extraction


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    print(f"{write_corpus(arguments.shared, arguments.out)} articles")


if __name__ == "__main__":
    main()
