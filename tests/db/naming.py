"""Invented articles that are nothing but names and offices, for the tests of identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.load import load_batch
from db.rows import Batch, PipelineRow
from flows.read.document import read_document
from flows.records import (
    Basis,
    DateValue,
    Entity,
    EntityKind,
    Extraction,
    Mention,
    Metadata,
    Office,
    Precision,
    Rejection,
)
from flows.rows import article_rows
from tests.db.articles import PIPELINE, raw_file


@dataclass(frozen=True)
class Told:
    """An article: people as (name, office or None, further forms of the name), bodies and places."""

    number: int
    people: tuple[tuple[Any, ...], ...] = ()
    bodies: tuple[tuple[str, ...], ...] = ()  # name and further forms
    places: tuple[str, ...] = ()
    day: str | None = "2024-01-15"
    tenure: str = "current"


def extraction(told: Told) -> Extraction:
    lines = [f"خبر رقم {told.number} من وكالة الاختبار"]
    wanted: list[tuple[EntityKind, tuple[str, ...], str | None]] = []
    for person in told.people:
        name, office, *forms = (*person, None)[: max(2, len(person))]
        wanted.append((EntityKind.PERSON, (name, *forms), office))
    wanted += [(EntityKind.ORGANIZATION, body, None) for body in told.bodies]
    wanted += [(EntityKind.LOCATION, (place,), None) for place in told.places]
    for _, forms_, office in wanted:
        lines += [f"جاء في الخبر {office or ''} {form} كما قيل." for form in forms_]
    raw = raw_file("\n\n".join(lines), f"/told/{told.number}.txt", Metadata(source="test"))
    document = read_document(raw)
    assert not isinstance(document, Rejection), document
    decoded, article = document
    clean = article.text.text
    day = (
        DateValue(told.day, told.day, Precision.DAY, basis=Basis.METADATA, rule="test")
        if told.day
        else DateValue()
    )
    entities, offices = [], []
    at = 0
    for number, (kind, forms_, office) in enumerate(wanted):
        mentions = []
        for form in forms_:
            at = clean.index(f"جاء في الخبر {office or ''} {form}".replace("  ", " "), at)
            start = clean.index(form, at)
            mentions.append(Mention((start, start + len(form)), kind, 0.9, "test"))
            if office and form == forms_[0]:
                place = clean.index(office, at)
                offices.append(Office(number, office, None, (place, place + len(office)), told.tenure))
        entities.append(Entity(forms_[0], kind, tuple(mentions)))
    return Extraction(
        raw=raw,
        decoded=decoded,
        article=replace(article, published=day),
        entities=tuple(entities),
        offices=tuple(offices),
        seconds=0.01,
    )


def tell(engine: Engine, articles: Sequence[Told], pipeline: PipelineRow = PIPELINE) -> None:
    """Load the articles as one batch."""
    with engine.connect() as connection:
        load_batch(connection, Batch(pipeline, None, tuple(article_rows(extraction(a)) for a in articles)))


def ask(engine: Engine, question: str, **values: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(question), values)]


def partition(engine: Engine) -> set[frozenset[tuple[str, str, str]]]:
    """Which names of which files stand for one thing: groups of (file, kind, key), without ids."""
    return {
        frozenset(map(tuple, members))
        for (members,) in ask(
            engine,
            "SELECT array_agg(ARRAY[l.uri, n.kind, n.key]) FROM identity AS i"
            " JOIN article_entity AS n USING (extraction_id, n)"
            " JOIN extraction AS x ON x.id = i.extraction_id"
            " JOIN article AS a ON a.id = x.article_id JOIN location AS l ON l.raw_file_id = a.raw_file_id"
            " GROUP BY i.entity_id",
        )
    }


def derived(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Everything derived about identity, without ids and clock times."""
    return {
        "partition": sorted(sorted(group) for group in partition(engine)),  # type: ignore[type-var]
        "names": sorted(
            ask(
                engine,
                "SELECT DISTINCT e.kind, e.name, n.key FROM identity AS i"
                " JOIN entity AS e ON e.id = i.entity_id"
                " JOIN article_entity AS n USING (extraction_id, n)",
            )
        ),
        "judgement": sorted(
            ask(
                engine,
                "SELECT kind, left_key, right_key, verdict, score, basis, decided_by FROM judgement"
                " WHERE automatic AND revoked_at IS NULL",
            )
        ),
        "tenure": sorted(
            map(
                repr,
                ask(
                    engine,
                    "SELECT e.name, t.office, t.title, t.first_seen, t.last_seen, t.certain_from,"
                    " t.certain_to, t.former_seen, t.articles, t.former_articles"
                    " FROM office_tenure AS t JOIN entity AS e ON e.id = t.person_id",
                ),
            )
        ),
        "alias": sorted(
            ask(
                engine,
                "SELECT e.kind, e.key, a.surface, a.articles FROM entity_alias AS a"
                " JOIN entity AS e ON e.id = a.entity_id WHERE a.articles > 0",
            )
        ),
        "block": sorted(
            ask(
                engine,
                "SELECT e.kind, e.key, b.block FROM name_block AS b JOIN entity AS e ON e.id = b.entity_id",
            )
        ),
    }


def entity_of(engine: Engine, number: int, name: str) -> int:
    """The entity that a name stands for in article ``number``."""
    rows = ask(
        engine,
        "SELECT i.entity_id FROM identity AS i JOIN article_entity AS n USING (extraction_id, n)"
        " JOIN extraction AS x ON x.id = i.extraction_id JOIN article AS a ON a.id = x.article_id"
        " JOIN location AS l ON l.raw_file_id = a.raw_file_id WHERE l.uri = :uri AND n.name = :name",
        uri=f"/told/{number}.txt",
        name=name,
    )
    assert len(rows) == 1, rows
    return int(rows[0][0])


def article_id(engine: Engine, number: int) -> int:
    return int(
        ask(
            engine,
            "SELECT a.id FROM article AS a JOIN location AS l USING (raw_file_id) WHERE l.uri = :uri",
            uri=f"/told/{number}.txt",
        )[0][0]
    )
