"""Files are cut into batches by count and bytes, and none is lost."""

from __future__ import annotations

import gzip
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from flows import batches as module
from flows.batches import Batch, BatchResult, Loading, Origin, batches
from flows.read.discover import Found, discover
from flows.records import Rejection
from flows.settings import Settings

FILES = st.lists(
    st.one_of(
        st.integers(0, 5000).map(lambda size: Found(f"/in/{size}.txt", str(size), size, None)),
        st.just(Found("/in/unknown.txt", "unknown", None, None)),
        st.just(Rejection("/in/bad.txt", "discover", "unreadable", "not readable")),
    ),
    max_size=60,
)


@given(FILES, st.integers(1, 10), st.integers(1, 8000))
def test_batches(items: list[Found | Rejection], files: int, size: int) -> None:
    cut = list(batches(items, files, size))
    assert [b.number for b in cut] == list(range(len(cut)))
    assert [f for b in cut for f in b.files] == [i for i in items if isinstance(i, Found)]
    assert [r for b in cut for r in b.rejections] == [i for i in items if isinstance(i, Rejection)]
    for batch in cut:
        assert 0 < len(batch.files) + len(batch.rejections) <= files
        # a batch is over the limit only where a single file is
        assert len(batch.files) <= 1 or sum(f.size or 0 for f in batch.files) <= size


def test_a_batch_of_compressed_files_is_loaded_in_parts(tmp_path: Path) -> None:
    """Their size shows only when they are read; five gigabytes of it could be in one batch."""
    for n in range(7):
        (tmp_path / f"{n}.txt.gz").write_bytes(gzip.compress(f"{n}".encode() * 1_000))
    (tmp_path / "broken.txt.gz").write_bytes(b"no gzip")
    found = [one for one in discover([str(tmp_path)]) if isinstance(one, Found)]
    batch = Batch(0, tuple(found))
    chosen = Settings(batch_bytes=600)
    runtime = cast(Loading, SimpleNamespace(settings=chosen, origin=Origin()))
    parts = list(module._read(batch, runtime))
    assert [len(part.raws) for part in parts] == [3, 3, 1]
    assert [raw.uri for part in parts for raw in part.raws] == [one.uri for one in found[:7]]
    assert [file for part in parts for file in part.files] == found, "each is put away with its own part"
    assert [rejection.cause for part in parts for rejection in part.refused] == ["bad_archive"]
    whole = list(module._read(batch, cast(Loading, SimpleNamespace(settings=Settings(), origin=Origin()))))
    assert [len(part.raws) for part in whole] == [7]
    assert len(list(module._read(Batch(1, ()), runtime))) == 1, "an empty batch has a result, too"


def test_parts_are_counted_together() -> None:
    def part(n: int) -> BatchResult:
        return BatchResult(
            number=4, seen=n, known=1, loaded=n - 1, rejections=(("read", "gone", n),), examples=(f"e{n}",),
            rows=(("article", n),), seconds=1.0, slowest=((float(n), f"u{n}"),), refused=frozenset({f"r{n}"}),
        )  # fmt: skip

    joined = module._joined([part(2), part(3)])
    assert (joined.seen, joined.known, joined.loaded) == (5, 2, 3)
    assert joined.rejections == (("read", "gone", 5),)
    assert joined.rows == (("article", 5),)
    assert joined.slowest[0] == (3.0, "u3")
    assert joined.refused == {"r2", "r3"}
