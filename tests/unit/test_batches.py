"""Files are cut into batches by count and bytes, and none is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flows.read.discover import Found
from flows.records import Rejection
from flows.runs import batches

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
