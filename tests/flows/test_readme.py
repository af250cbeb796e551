"""What the README says is so: its commands run, its SQL answers, its generated parts are up to date."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from db import embedded
from tests import regenerate_readme
from tests.db.servers import make_home, plain
from tests.flows.rasd import ROOT, Rasd

TEXT = regenerate_readme.README.read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if line
    and line != "uv run pytest"  # this is it
    # needs the extra `export`, which .ci/run installs and a first `uv run` does not
    and (" ftm " not in line or find_spec("followthemoney") is not None)
]
QUERIES = re.findall(r"<!-- sql: ([\w-]+) -->\n```sql\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def rasd() -> Iterator[Rasd]:
    home = make_home()
    yield Rasd(home, {})
    embedded.destroy(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def outputs(rasd: Rasd) -> dict[str, str]:
    """What each command prints, run in the README's order in one home."""
    assert rasd("db", "start").returncode == 0
    results = {}
    for command in COMMANDS:
        words = shlex.split(command)
        assert words[:3] == ["uv", "run", "rasd"], command
        done = rasd(*words[3:])
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        results[command] = done.stdout
    return results


def test_every_command_runs(outputs: dict[str, str]) -> None:
    assert "uv run rasd ingest tests/samples" in outputs
    writes = (" -o ", " site ")
    silent = [c for c, out in outputs.items() if not out.strip() and not any(w in c for w in writes)]
    assert not silent


def test_arabic_comes_out_readable(outputs: dict[str, str]) -> None:
    assert re.search("[\u0621-\u064a]{4}", outputs["uv run rasd report"])


@pytest.mark.parametrize("name", [name for name, _ in QUERIES])
def test_sql(name: str, rasd: Rasd, outputs: dict[str, str]) -> None:
    with (
        embedded.running(rasd.home) as server,
        psycopg.connect(plain(server.url)) as connection,
    ):
        rows = connection.execute(dict(QUERIES)[name].encode()).fetchall()
    if name != "rejections":
        assert rows


def test_nothing_is_left_to_fill_in() -> None:
    assert not re.findall(r"^[A-Z_]{5,}$", TEXT, re.MULTILINE)


def test_settings_table_is_up_to_date() -> None:
    assert regenerate_readme.settings_table() in TEXT


def test_catalogue_is_up_to_date(database_url: str) -> None:
    with psycopg.connect(plain(database_url)) as connection:
        assert regenerate_readme.catalogue(connection) in TEXT


def test_every_verb_is_in_the_readme_or_its_help(rasd: Rasd) -> None:
    shown = rasd("--help").stdout
    for verb in (
        "ingest",
        "extract",
        "report",
        "refresh",
        "explain",
        "dates",
        "tag",
        "db",
        "train",
        "evaluate",
        "backfill",
        "up",
        "down",
        "status",
        "config",
        "metrics",
        "backup",
        "restore",
        "serve",
        "search",
        "who",
        "timeline",
        "events",
        "export",
        "site",
        "entities",
        "sources",
        "reference",
        "rejections",
        "versions",
        "diff",
        "prune",
    ):
        assert verb in shown
        assert f"rasd {verb}" in TEXT, verb
    assert "Example" in rasd("ingest", "--help").stdout


def test_the_repository_holds_no_path_of_one_machine() -> None:
    assert Path(ROOT / "uv.lock").is_file()
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    hosts = set(re.findall(r"https?://([^/\"]+)", lock))
    assert hosts <= {"pypi.org", "files.pythonhosted.org"}
