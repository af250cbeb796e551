"""Articles a second of the event stage, on the project's own samples."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from flows.extract import events
from flows.pipeline import Options, extract
from flows.read.discover import discover, load
from flows.records import Extraction, RawFile

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[1] / "samples"
TWO_KILOBYTES = 2000
ARTICLES_A_SECOND = 120.0  # of 2 KB, one core; a floor that holds on a busy machine


def test_events_a_second() -> None:
    found = []
    for item in discover([str(SAMPLES)]):
        raw = load(item)  # type: ignore[arg-type]
        if isinstance(raw, RawFile):
            extraction = extract(raw, Options(names_engine="fast"))
            if isinstance(extraction, Extraction) and extraction.article.language == "ar":
                found.append(extraction)
    assert found
    size = sum(len(x.article.text.text.encode()) for x in found)
    rounds = 5
    began = time.process_time()
    for _ in range(rounds):
        for x in found:
            events.find_events(x.article, x.entities, x.offices, x.dates)
    seconds = (time.process_time() - began) / rounds
    rate = size / TWO_KILOBYTES / seconds
    assert rate >= ARTICLES_A_SECOND, f"{rate:.0f} articles of 2 KB a second"
