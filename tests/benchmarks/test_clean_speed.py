"""Speed of cleaning and reading, as ratios measured in the same run on one core.

Run with ``uv run pytest -m slow tests/benchmarks/test_clean_speed.py -s`` to see the figures.
"""

from __future__ import annotations

import gc
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.clean.normalize import clean
from flows.read.discover import Found, discover, load
from flows.read.document import read_document
from flows.records import RawFile

NEWS = Path(__file__).resolve().parents[2].parent / "shared" / "news" / "ant.zip"
SIZE = 20_000_000
pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared,
    pytest.mark.skipif(not NEWS.exists(), reason="../shared/news/ant.zip is not here"),
]


@pytest.fixture(scope="module")
def files() -> list[RawFile]:
    found = [load(f) for f in discover([str(NEWS)]) if isinstance(f, Found)]
    return [raw for raw in found if isinstance(raw, RawFile)]


def best(work: Callable[[], object], times: int = 3) -> float:
    """Least processor time of a few runs: what other processes take does not count."""
    least = float("inf")
    for _ in range(times):
        started = time.process_time()
        work()
        least = min(least, time.process_time() - started)
    return least


def pyarabic_chain(text: str) -> str:
    from pyarabic import araby

    text = araby.strip_tashkeel(text)
    text = araby.strip_tatweel(text)
    text = araby.normalize_hamza(text)
    text = araby.normalize_ligature(text)
    return str(araby.normalize_alef(text))


def twenty_megabytes(texts: list[str]) -> str:
    joined = "\n".join(texts)
    size = len(joined.encode())
    return "\n".join([joined] * (SIZE // size + 1)).encode()[:SIZE].decode(errors="ignore")


@pytest.mark.parametrize("which", ["plain", "as it is"])
def test_cleaning_against_pyarabic_and_nfkc(files: list[RawFile], which: str) -> None:
    """``plain`` are the articles without diacritics that NFKC leaves alone.  There pyarabic looks at every
    letter for a mark, and NFKC hands back the string it was given, which is no measure of anything.  On the
    whole set, as one string, pyarabic finds a mark at once and NFKC has work."""
    from pyarabic import araby

    texts = [raw.data.decode("utf-8") for raw in files]
    if which == "plain":
        texts = [t for t in texts if unicodedata.is_normalized("NFKC", t) and araby.strip_tashkeel(t) == t]
        assert len(texts) > 500
    text = twenty_megabytes(texts)
    clean(text[:100_000])
    ours = best(lambda: clean(text))
    chain = best(lambda: pyarabic_chain(text), 1)
    nfkc = best(lambda: unicodedata.normalize("NFKC", text))
    rates = ", ".join(
        f"{name} {SIZE / seconds / 1e6:.0f} MB/s ({seconds / ours:.2f} of our time)"
        for name, seconds in (("clean+align", ours), ("pyarabic", chain), ("NFKC", nfkc))
    )
    print(f"\n{which}: {rates}")
    assert chain / ours >= (8 if which == "plain" else 1.5)
    if which == "as it is":
        assert ours / nfkc <= 3


def test_articles_a_second(files: list[RawFile]) -> None:
    """Read and clean, down to tokens and sentences, articles of about 2 KB."""
    chosen = [raw for raw in files if 1_700 < len(raw.data) < 2_400]
    assert 1_900 < sum(len(raw.data) for raw in chosen) / len(chosen) < 2_100
    for raw in chosen[:50]:
        read_document(raw)
    gc.collect()
    gc.freeze()  # as a worker does after loading its lexicons
    try:
        rate = len(chosen) / best(lambda: [None for raw in chosen if read_document(raw) is None])
    finally:
        gc.unfreeze()
    print(f"\n{rate:,.0f} articles of 2 KB a second a core")
    assert rate >= 1_000  # 2,500 on a machine with a core to spare; the rest is room for a busy one


def test_alignment_costs_little_to_store(files: list[RawFile]) -> None:
    from flows.clean.normalize import pack_alignment

    packed = total = 0
    for raw in files[:2_000]:
        read = read_document(raw)
        assert isinstance(read, tuple)
        packed += len(pack_alignment(read[1].text))
        total += len(raw.data)
    print(f"\nalignment: {100 * packed / total:.1f} % of the files' bytes")
    assert packed / total < 0.1
