"""Reference places: loaded once, replaced when they change, and never in the way of another source's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.checks import DatabaseError
from db.load import load_batch
from db.reference import reference_sources, remove_reference
from flows.errors import UserError
from flows.reference import find_places, load_file, refresh_reference
from flows.runs import refresh
from tests.db.articles import PLACES, batch, many

COUNTRIES = {
    "الرباط": "MA",
    "تونس": "TN",
    "وهران": "DZ",
    "نواكشوط": "MR",
    "بيروت": "LB",
    "مكناس": "MA",
    "صفاقس": "TN",
}


def rows(engine: Engine, question: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(question))]


def write(path: Path, *places: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(p, ensure_ascii=False) + "\n" for p in places), encoding="utf-8")
    return path


def test_places_of_articles_are_decided(database: Engine) -> None:
    with database.connect() as connection:
        load_batch(connection, batch(many(7, 30)))
    done = refresh(database)
    assert done["article_place"] > 0
    named = (
        "SELECT DISTINCT n.name, p.country_code"
        " FROM article_place AS p JOIN article_entity AS n USING (extraction_id, n)"
    )
    found = {name: code for name, code in rows(database, named) if name in PLACES}
    assert set(found) & set(COUNTRIES)
    assert {name: COUNTRIES[name] for name in found if name in COUNTRIES} == {
        name: code for name, code in found.items() if name in COUNTRIES
    }
    across = rows(
        database,
        "SELECT e.name, p.country_code, p.latitude FROM place AS p JOIN entity AS e ON e.id = p.entity_id",
    )
    assert ("مكناس", "MA") in {(name, code) for name, code, _ in across}
    before = rows(database, "SELECT ctid::text, * FROM article_place ORDER BY extraction_id, n")
    assert refresh(database)["article_place"] == 0
    assert rows(database, "SELECT ctid::text, * FROM article_place ORDER BY extraction_id, n") == before


def test_a_file_of_places(database: Engine, tmp_path: Path) -> None:
    place = {"id": "Q1", "names": ["كوكب التجربة"], "country": "MA", "latitude": 1.5, "longitude": 2.5}
    path = write(tmp_path / "extract.jsonl", place)
    with database.connect() as connection:
        refresh_reference(connection)
        assert load_file(connection, path, "own")["reference_place"] == 1
        assert load_file(connection, path, "own")["reference_place"] == 0, "the same bytes are loaded once"
        assert [p.id for p in find_places(connection, "كَوكب التجربه")] == ["Q1"], "names are folded"
        write(path, place | {"id": "Q2"})
        assert load_file(connection, path, "own") == {"reference_place": 1, "removed": 1, "queued": 0}
        assert {name for name, *_ in reference_sources(connection)} == {"rasd", "extract"}
        assert remove_reference(connection, "extract") == 1
        assert not find_places(connection, "كوكب التجربة")
        assert find_places(connection, "الرباط")


def test_the_ids_of_another_source_are_refused(database: Engine, tmp_path: Path) -> None:
    path = write(tmp_path / "extract.jsonl", {"id": "country:MA", "names": ["المغرب"]})
    with database.connect() as connection:
        refresh_reference(connection)
        with pytest.raises(DatabaseError, match="country:MA belongs to the reference data rasd"):
            load_file(connection, path, "own")
        assert [name for name, *_ in reference_sources(connection)] == ["rasd"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "Q1"}', "line 1: .*names"),
        ('{"id": "Q1", "names": ["فاس"], "kind": "planet"}', "line 1: kind 'planet'"),
        ('{"id": "Q1", "names": ["فاس"], "latitude": 95, "longitude": 0}', "line 1: no point on earth"),
        ('{"id": "Q1", "names": ["فاس"], "latitude": 34}', "line 1: latitude and longitude come together"),
        ('{"id": "Q1", "names": ["فاس"], "country": "Morocco"}', "line 1: country 'Morocco'"),
        ('{"id": "Q1", "names": ["فاس"]}\n{"id": "Q1", "names": ["فاس"]}', "line 2: Q1 stands there twice"),
        ("not json", "line 1"),
    ],
)
def test_a_wrong_file_is_refused_by_line(database: Engine, tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "wrong.jsonl"
    path.write_text(line, encoding="utf-8")
    with database.connect() as connection, pytest.raises(UserError, match=message):
        load_file(connection, path, "own")
    assert rows(database, "SELECT count(*) FROM reference_source") == [(0,)]
