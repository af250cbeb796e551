"""Fixtures of the fault tests: one place a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.place import Place, place


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say what failed at once: the end of these tests is half an hour away."""
    if report.failed:
        print(f"\n{report.nodeid}\n{report.longreprtext[-6_000:]}", flush=True)


@pytest.fixture(scope="package")
def here() -> Iterator[Place]:
    with place() as made:
        print({name: round(seconds, 1) for name, seconds in made.seconds.items()})
        yield made
