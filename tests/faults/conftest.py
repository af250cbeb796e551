"""Fixtures of the fault tests: one place a module."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.faults.place import Place, place, processes


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say what failed at once: the end of these tests is half an hour away."""
    if report.failed:
        print(f"\n{report.nodeid}\n{report.longreprtext[-6_000:]}", flush=True)


@pytest.fixture(scope="package")
def here() -> Iterator[Place]:
    with place() as made:
        print({name: round(seconds, 1) for name, seconds in made.seconds.items()})
        yield made


@pytest.fixture(autouse=True)
def _tidy(here: Place) -> Iterator[None]:
    """What one test left behind, and failed for, is not the next one's fault."""
    yield
    for left in processes(here.temporary):
        with suppress(ProcessLookupError):
            os.kill(int(left.partition(" ")[0]), signal.SIGKILL)
    for path in here.temporary.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
