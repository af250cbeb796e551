"""Worker processes: order, time limit, defects, and a worker that dies."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time

import pytest

from flows.pipeline import Options
from flows.records import Extraction, Metadata, RawFile, Rejection
from flows.workers import Workers, process_one

OPTIONS = Options(names_engine="rules")
TEXT = "استقبل وزير الخارجية سامي الراجحي، أمس الخميس بالرباط، السفير."


def raw(name: str, text: str = TEXT) -> RawFile:
    data = text.encode()
    return RawFile(f"/inbox/{name}.txt", name, data, hashlib.sha256(data).hexdigest(), Metadata())


def article_id(extraction: Extraction) -> str:
    return extraction.article.id


def dies_on_b(extraction: Extraction) -> str:
    if extraction.article.id == "b":
        os._exit(9)
    return extraction.article.id


def hangs(extraction: Extraction) -> str:
    time.sleep(60)
    return extraction.article.id


class SleepsInItsFinalizer:
    def __del__(self) -> None:
        time.sleep(0.5)


def hangs_where_exceptions_are_lost(extraction: Extraction) -> str:
    SleepsInItsFinalizer()  # the first alarm finds it there, and Python drops what the alarm raises
    return hangs(extraction)


def fails(extraction: Extraction) -> str:
    raise LookupError(f"no such thing in {extraction.article.id}")


def test_outcomes_come_in_order() -> None:
    workers: Workers[str] = Workers(article_id, 2, OPTIONS, 60)
    try:
        names = [f"n{i}" for i in range(40)]
        assert workers.run([raw(name) for name in names]) == names
    finally:
        workers.close()


def test_a_file_that_kills_its_worker_is_the_only_one_lost() -> None:
    workers: Workers[str] = Workers(dies_on_b, 2, OPTIONS, 60)
    try:
        a, b, c = workers.run([raw("a"), raw("b"), raw("c")])
        assert (a, c) == ("a", "c")
        assert isinstance(b, Rejection)
        assert (b.stage, b.cause, b.uri) == ("extract", "worker_died", "/inbox/b.txt")
        # and the pool goes on
        assert workers.run([raw("d")]) == ["d"]
    finally:
        workers.close()


def test_a_file_that_hangs_is_given_up() -> None:
    began = time.monotonic()
    outcome = process_one(raw("a"), hangs, OPTIONS, 0.2)
    assert time.monotonic() - began < 30
    assert isinstance(outcome, Rejection)
    assert outcome.cause == "timed_out"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_alarm_that_is_swallowed_rings_again() -> None:
    began = time.monotonic()
    outcome = process_one(raw("a"), hangs_where_exceptions_are_lost, OPTIONS, 0.2)
    assert time.monotonic() - began < 10
    assert isinstance(outcome, Rejection)
    assert outcome.cause == "timed_out"
    # and it is silent once the file is done
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_a_worker_whose_parent_died_before_it_started_ends() -> None:
    """It would wait for orders for ever."""
    code = "import time; from flows.workers import _start; _start({}, 1 << 30); time.sleep(60)"
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=50)
    assert done.returncode == 1
    assert time.monotonic() - began < 50


def test_a_defect_names_its_place() -> None:
    outcome = process_one(raw("a"), fails, OPTIONS, 60)
    assert isinstance(outcome, Rejection)
    assert outcome.cause == "defect"
    assert "no such thing in a" in outcome.message
    assert "test_workers.py" in outcome.message


def test_empty_files_are_rejected_with_stage_and_cause() -> None:
    outcome = process_one(raw("a", ""), article_id, OPTIONS, 60)
    assert isinstance(outcome, Rejection)
    assert outcome.cause == "empty"
    assert outcome.uri == "/inbox/a.txt"


@pytest.mark.parametrize("published", ["no date at all", "2024-13-45"])
def test_a_publication_date_that_is_none_is_named(published: str) -> None:
    data = TEXT.encode()
    file = RawFile("/inbox/a.txt", "a", data, hashlib.sha256(data).hexdigest(), Metadata(published=published))
    outcome = process_one(file, article_id, OPTIONS, 60)
    assert isinstance(outcome, Rejection)
    assert (outcome.stage, outcome.cause) == ("metadata", "bad_publication_date")
    assert published in outcome.message
