"""Exports hold every row of the view, whole or not at all."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.checks import DatabaseError
from db.export import view_names
from db.load import load_batch
from flows.errors import UserError
from flows.export import chosen_format, export, export_ftm
from flows.runs import refresh
from tests.db.articles import batch, many


@pytest.fixture
def loaded(database: Engine) -> Engine:
    with database.connect() as connection:
        load_batch(connection, batch(many(3, 12)))
    refresh(database)
    return database


def count(engine: Engine, view: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(sa.text(f"SELECT count(*) FROM report.{view}")))


def test_every_view_in_every_tabular_format(loaded: Engine, tmp_path: Path) -> None:
    with loaded.connect() as connection:
        views = [name for name, _ in view_names(connection)]
    assert {"article", "event", "mention"} <= set(views)
    for view in views:
        rows = count(loaded, view)
        for kind in ("csv", "jsonl", "parquet"):
            path = tmp_path / f"{view}.{kind}"
            assert export(loaded, view, str(path), kind) == rows, (view, kind)
        with (tmp_path / f"{view}.csv").open(encoding="utf-8", newline="") as file:
            assert len(list(csv.DictReader(file))) == rows
        lines = (tmp_path / f"{view}.jsonl").read_text(encoding="utf-8").splitlines()
        assert len([json.loads(line) for line in lines]) == rows
        table = pyarrow.parquet.read_table(tmp_path / f"{view}.parquet")
        assert table.num_rows == rows


def test_values_survive(loaded: Engine, tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    export(loaded, "event_report", str(path), "parquet")
    export(loaded, "event_report", str(tmp_path / "events.jsonl"), "jsonl")
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    lines = [
        json.loads(line) for line in (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert rows and [r["actors"] for r in rows] == [line["actors"] for line in lines]
    assert [str(r["published_from"]) for r in rows] == [str(line["published_from"]) for line in lines]


def test_follow_the_money(loaded: Engine, tmp_path: Path) -> None:
    needed = "needs the extra `export`, which compiles against ICU"
    model = pytest.importorskip("followthemoney", reason=needed).model
    path = tmp_path / "all.ftm"
    written = export_ftm(loaded, str(path))
    entities = [model.get_proxy(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(entities) == written == len({e.id for e in entities})
    assert {"Article", "Person", "Organization", "Address"} <= {e.schema.name for e in entities}
    ids = {e.id for e in entities}
    for entity in entities:
        for prop, value in entity.itervalues():
            assert prop.type.name != "entity" or value in ids, (entity, prop)


def test_a_failure_leaves_no_file(loaded: Engine, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="latitude"):
        export(loaded, "mention", str(tmp_path / "x.geojson"), "geojson")
    with pytest.raises(DatabaseError, match=r"no view report\.nothing"):
        export(loaded, "nothing", str(tmp_path / "x.csv"), "csv")
    with pytest.raises(UserError, match="No such file"):
        export(loaded, "event", str(tmp_path / "absent" / "x.csv"), "csv")
    assert not list(tmp_path.iterdir())


def test_formats() -> None:
    assert chosen_format("a.csv", None) == "csv"
    assert chosen_format("-", "jsonl") == "jsonl"
    with pytest.raises(UserError, match="--format"):
        chosen_format("a.xlsx", None)
