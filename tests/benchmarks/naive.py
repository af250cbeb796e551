"""The same line as it is usually written: one Prefect task an article, one ORM session and commit an article.

Reading and extraction are Rasd's own, with the same rows in the same tables, so that what differs is how the
work is organised.  Kept as the baseline of tests/benchmarks/table.py.

    python -m tests.benchmarks.naive FOLDER URL
"""

from __future__ import annotations

import functools
import sys
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner
from sqlalchemy.orm import Session

from db.models import Base
from db.models.article import Article, Extraction, Location, LocationVersion, PipelineVersion, RawFile
from db.rows import ArticleRows
from flows import records
from flows.pipeline import Options, extract, version
from flows.read.discover import Found, discover, load
from flows.rows import article_rows

OPTIONS = Options(names_engine="rules")
CHILDREN = {
    "sentence": "sentences",
    "article_entity": "entities",
    "mention": "mentions",
    "office": "offices",
    "date_expression": "dates",
    "event": "events",
    "event_trigger": "triggers",
    "event_participant": "participants",
    "quotation": "quotations",
    "short_line": "short_lines",
}


@functools.cache
def engine_of(url: str) -> sa.Engine:
    return sa.create_engine(url)


@functools.cache
def classes() -> dict[str, Any]:
    return {str(mapper.local_table.name): mapper.class_ for mapper in Base.registry.mappers}  # type: ignore[attr-defined]


def get_or_create(session: Session, kind: Any, key: dict[str, Any], more: dict[str, Any]) -> Any:
    found = session.scalars(sa.select(kind).filter_by(**key)).first()
    if found is None:
        found = kind(**key, **more)
        session.add(found)
        session.flush()
    return found


def store(session: Session, rows: ArticleRows) -> None:
    """One article's rows as objects."""
    file = rows.file
    pipeline = get_or_create(
        session, PipelineVersion, {"digest": bytes.fromhex(version(OPTIONS))}, {"description": {}}
    )
    raw = get_or_create(session, RawFile, {"sha256": file.sha256}, {"size": rows.size, "data": rows.data})
    place = get_or_create(
        session,
        Location,
        {"uri": file.uri},
        {"raw_file_id": raw.id, "metadata_hash": file.metadata_hash, "version": 1},
    )
    get_or_create(
        session,
        LocationVersion,
        {"location_id": place.id, "ordinal": 1},
        {"raw_file_id": raw.id, "metadata_hash": file.metadata_hash, "metadata_": {}},
    )
    article = get_or_create(session, Article, {"raw_file_id": raw.id}, {})
    row = rows.extraction._asdict()
    for name in ("blocks", "boilerplate", "faults"):
        row[name] = []
    extraction = get_or_create(
        session,
        Extraction,
        {
            "article_id": article.id,
            "pipeline_version_id": pipeline.id,
            "metadata_hash": file.metadata_hash,
        },
        {**row, "is_current": True},
    )
    for table, field in CHILDREN.items():
        kind = classes()[table]
        for child in getattr(rows, field):
            session.add(kind(extraction_id=extraction.id, **child._asdict()))
        session.flush()


@task
def load_article(path: str, url: str) -> None:
    (found,) = discover([path])
    raw = load(found) if isinstance(found, Found) else found
    assert isinstance(raw, records.RawFile), raw
    outcome = extract(raw, OPTIONS)
    assert isinstance(outcome, records.Extraction), outcome
    with Session(engine_of(url)) as session:
        store(session, article_rows(outcome))
        session.commit()


@flow(task_runner=ThreadPoolTaskRunner(max_workers=4))  # type: ignore[arg-type]
def naive(paths: list[str], url: str) -> float:
    """Seconds of the articles after the first, which loads the lexicons."""
    load_article(paths[0], url)
    began = time.perf_counter()
    for future in [load_article.submit(path, url) for path in paths[1:]]:
        future.result()
    return time.perf_counter() - began


if __name__ == "__main__":
    articles = sorted(str(p.absolute()) for p in Path(sys.argv[1]).glob("*.txt"))
    print(f"SECONDS {naive(articles, sys.argv[2]):.3f} FILES {len(articles) - 1}")
