"""Every row of dates_table.tsv: the expression found to the letter, its value right, traps no dates."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pytest

from flows.clean.normalize import clean_string
from flows.extract.dates import explain

TABLE = Path(__file__).with_name("dates_table.tsv")


class Row(NamedTuple):
    text: str
    published: str
    surface: str
    start: str
    end: str
    group: str


def rows() -> list[Row]:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [Row(*cells) for cells in csv.reader(lines[1:], delimiter="\t", quoting=csv.QUOTE_NONE)]


ROWS = rows()


def test_the_table_is_large_enough() -> None:
    assert len(ROWS) >= 300
    assert sum(not row.surface for row in ROWS) >= 60
    assert len({row.text for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.text)
def test_row(row: Row) -> None:
    found = [
        (line.surface, line.value.start or "", line.value.end or "")
        for line in explain(row.text, row.published or None)
        if line.accepted
    ]
    wanted = [(clean_string(row.surface), row.start, row.end)] if row.surface else []
    assert found == wanted
