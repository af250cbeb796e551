"""`rasd search`, `who`, `timeline`, `events`: what they print, and their exit status."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import pytest

from db import embedded
from tests.db.articles import many
from tests.db.servers import make_home
from tests.db.test_report import made
from tests.flows.rasd import Rasd


@pytest.fixture(scope="module")
def rasd(server: embedded.Server, template: str) -> Iterator[Rasd]:
    for engine in made(server, template, many(0, 20)):
        yield Rasd(make_home(), {"DATABASE_URL": engine.url.render_as_string(hide_password=False)})


def test_search(rasd: Rasd) -> None:
    done = rasd("search", "استقبل", "-n", "3", "-f", "json")
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == 3
    assert all("<b>" in row["snippet"] and row["spans"] for row in found)
    done = rasd("search", "استقبل", "-n", "2")
    assert "[استقبل]" in done.stdout
    assert rasd("search", "لاوجودلهذا").returncode == 1


def test_events(rasd: Rasd) -> None:
    done = rasd("events", "--type", "consult", "--from", "2018-01-01", "--to", "2024-12-31", "-f", "csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows and {row["type"] for row in rows} == {"CONSULT"}
    place = next(row["place"] for row in rows if row["place"])
    there = rasd("events", "--place", f"ب{place}"[1:], "-f", "json")
    assert {json.loads(line)["place"] for line in there.stdout.splitlines()} == {place}
    table = rasd("events", "-n", "3")
    assert "CONSULT occurred" in table.stdout and place
    assert "no type of events" in rasd("events", "--type", "XX").stderr


def test_who_and_timeline(rasd: Rasd) -> None:
    rows = rasd("events", "--type", "CONSULT", "-f", "json").stdout.splitlines()
    host = json.loads(rows[0])["recipients"][0]
    done = rasd("who", host)
    assert done.returncode == 0, done.stderr
    assert host in done.stdout and "met" in done.stdout
    first = json.loads(rasd("who", host, "-f", "json").stdout.splitlines()[0])
    assert (first["name"], first["kind"]) == (host, "PERSON")
    line = rasd("timeline", host, "-f", "json")
    assert line.returncode == 0, line.stderr
    assert {json.loads(row)["what"] for row in line.stdout.splitlines()} >= {"event"}
