"""Hostile files through the whole line: each is an article, a rejection or a skip; none costs much.

RASD_FUZZ_INPUTS=100000 uv run pytest -m slow tests/property/test_hostile_files.py
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows.pipeline import Options, warm_up
from flows.read import archives
from flows.read.discover import Found, discover, load
from flows.read.listing import is_hidden
from flows.records import Rejection
from flows.rows import article_rows, file_key, rejection_row
from flows.runs import run_ingest
from flows.settings import Settings
from flows.workers import process_one
from tests.property import hostile

INPUTS = int(os.environ.get("RASD_FUZZ_INPUTS", "100000"))
STORED = INPUTS // 25  # of these go into a database, too
SEED = int(os.environ.get("RASD_FUZZ_SEED", "20261123"))
ROUND = 60  # inputs a folder
OPTIONS = Options(names_engine="rules")
FILE_SECONDS = 5.0  # of computing; a usual one takes milliseconds
GROWTH = 150_000  # KB that the process may grow by, after the first tenth
OUR_FAULT = {"defect", "timed_out", "worker_died"}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's about names that come twice
        yield


def through(path: Path, tally: Counter[str]) -> None:
    """One folder through discovery, reading, extraction and row building."""
    began = time.process_time()
    outcomes = list(discover([str(path)]))
    tally["seconds"] = max(tally["seconds"], round(1000 * (time.process_time() - began)))
    answered = {outcome.uri.partition("::")[0] for outcome in outcomes}
    for file in path.iterdir():
        if file.suffix == ".txt" or archives.compression(file.name):
            assert str(file) in answered, f"no word about {file.name}"
        elif archives.kind(file.name) and str(file) not in answered:
            assert not _articles_in(file), f"no word about {file.name}"
            tally["archives without articles"] += 1
    for outcome in outcomes:
        began = time.process_time()
        answer = load(outcome) if isinstance(outcome, Found) else outcome
        if not isinstance(answer, Rejection):
            file_key(answer)
            answer = process_one(answer, article_rows, OPTIONS, 60.0)
        spent = time.process_time() - began
        if isinstance(answer, Rejection):
            row = rejection_row(answer)
            assert answer.cause not in OUR_FAULT, row
            assert row.uri and row.message
            tally[f"rejected: {answer.stage}: {answer.cause}"] += 1
        else:
            tally["articles"] += 1
        assert spent < FILE_SECONDS, f"{outcome.uri} took {spent:.1f} s"
        tally["milliseconds of the slowest"] = max(tally["milliseconds of the slowest"], round(1000 * spent))


def _articles_in(file: Path) -> list[str]:
    """Articles that an archive lists, where it lists any."""
    try:
        _, members = archives.listing(str(file), lambda _name: None)
        names = [member.name for member in members(1 << 30)]
    except archives.ArchiveError:
        return [file.name]  # then its rejection is missed
    return [
        n
        for n in names
        if n.endswith(".txt") and not any(map(is_hidden, n.split("/"))) and "__MACOSX" not in n
    ]


def run(path: Path, inputs: int, seed: int) -> Counter[str]:
    warm_up(OPTIONS)
    tally: Counter[str] = Counter()
    settled = None
    number = 0
    while tally["inputs"] < inputs:
        folder = path / "round"
        folder.mkdir()
        rng = random.Random(f"{seed} {number}")
        tally["inputs"] += hostile.folder(folder, ROUND, rng)
        try:
            through(folder, tally)
        except BaseException:
            print(f"\nround {number} of seed {seed}")
            raise
        shutil.rmtree(folder)
        number += 1
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if settled is None and tally["inputs"] >= inputs / 10:
            settled = peak
        if number % 100 == 0:
            print(f"{tally['inputs']:,} inputs, {peak:,} KB", flush=True)
    assert settled is not None
    tally["KB grown"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - settled
    return tally


def test_a_few_hundred(tmp_path: Path) -> None:
    tally = run(tmp_path, 600, SEED + 1)
    assert tally["articles"] > 100


@pytest.mark.slow
def test_all(tmp_path: Path) -> None:
    tally = run(tmp_path, INPUTS, SEED)
    print("\n" + "\n".join(f"{number:>9,}  {what}" for what, number in sorted(tally.items())))
    assert tally["KB grown"] < GROWTH


@pytest.mark.slow
def test_into_a_database(database: sa.Engine, tmp_path: Path) -> None:
    """Every file is seen, and what is seen is loaded, known or rejected; PostgreSQL refuses nothing."""
    address = database.url.render_as_string(hide_password=False)
    chosen = Settings(DATABASE_URL=address, names_engine="rules", workers=1)
    seen = inputs = number = 0
    tally: Counter[str] = Counter()
    while inputs < STORED:
        folder = tmp_path / f"{number}"
        folder.mkdir()
        inputs += hostile.folder(folder, 500, random.Random(f"{SEED} stored {number}"))
        expected = list(discover([str(folder)]))
        summary = run_ingest([str(folder)], chosen, refresh_with=dict if inputs < STORED else None)
        assert summary.seen == len(expected)
        assert summary.loaded + summary.known + summary.rejected.total() == summary.seen
        for (stage, cause), files in summary.rejected.items():
            assert cause not in OUR_FAULT | {"refused"}, _our_faults(database)
            tally[f"rejected: {stage}: {cause}"] += files
        tally["loaded"] += summary.loaded
        seen += summary.seen
        number += 1
    print(f"\n{inputs:,} inputs, {seen:,} files and members seen: {dict(tally)}")


def _our_faults(database: sa.Engine) -> list[tuple[str, str]]:
    with database.connect() as connection:
        question = sa.text("SELECT uri, message FROM rejection WHERE cause = ANY(:causes) LIMIT 20")
        rows = connection.execute(question, {"causes": [*OUR_FAULT, "refused"]})
        return [(str(uri), str(message)) for uri, message in rows]
