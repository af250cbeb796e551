"""Copies: the same text under several roofs, word for word or with a few words changed.

A text is compared by its body, paragraphs only: titles, datelines and bylines are what outlets change.  Near
copies share most of their word shingles; MinHash bands bring candidates together, exact Jaccard similarity
decides.  Whether two texts are near copies follows from these two texts alone, never from what else is there
or came first, so stories (the connected groups) do not depend on the order of articles.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from flows.clean.normalize import fold
from flows.records import BlockKind

__all__ = [
    "THRESHOLD",
    "Signed",
    "body_words",
    "components",
    "estimate",
    "may_resemble",
    "shingles",
    "sign",
    "similarity",
]

THRESHOLD = 0.6  # shared shingles among all of two near copies
_MARGIN = 0.2  # four standard deviations of the estimate: it rules out only what is far below
_SIZE = 3  # words a shingle
_LEAST = 20  # words: below this a few common phrases look like a copy
_BANDS, _ROWS = 25, 4
_PERMUTATIONS = _BANDS * _ROWS
_SEED = 7
_WORD = re.compile(r"[^\W_]+")
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)

Shingles = NDArray[np.uint64]
Node = TypeVar("Node", bound=Hashable)


class Signed(NamedTuple):
    """What is kept of a text."""

    hash: bytes  # 16 bytes: equal for equal words
    words: int
    signature: bytes  # MinHash, 4 bytes a permutation
    bands: list[int]  # signed 64 bit; none for texts too short to resemble others


def body_words(text: str, blocks: Sequence[Sequence[Any]]) -> list[str]:
    """Folded words of the paragraphs; of a text with fewer than a shingle's worth the words of all of it.

    text: clean text; blocks: [kind, start, end] of each block in it.
    """
    paragraphs = " ".join(text[start:end] for kind, start, end in blocks if kind == BlockKind.PARAGRAPH)
    words = _WORD.findall(fold(paragraphs))
    return words if len(words) >= _LEAST else _WORD.findall(fold(text)) or [text]


@lru_cache(maxsize=1 << 17)
def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


def shingles(words: Sequence[str]) -> Shingles:
    """Hashes of all runs of three words, sorted, each once; shape (n,)."""
    hashed = np.fromiter(map(_hash, words), dtype=np.uint64, count=len(words))
    if hashed.size < _SIZE:
        return np.unique(hashed)
    runs = np.lib.stride_tricks.sliding_window_view(hashed, _SIZE)
    mixed = (runs * _FACTORS).sum(axis=1, dtype=np.uint64)  # modulo 2**64
    mixed ^= mixed >> np.uint64(31)
    mixed *= _FACTORS[0]
    mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed)


def sign(texts: Sequence[Sequence[str]]) -> list[Signed]:
    """Hash and signature of each text, given as words."""
    if not texts:
        return []
    # the library hands its rows over as Python integers
    sets = [shingles(words).tolist() for words in texts]
    matrix = np.array(
        RMinHash.digest_matrix_from_token_hash_sets(sets, _PERMUTATIONS, _SEED).to_rows(), dtype=np.uint32
    )
    bands = matrix.reshape(len(texts), _BANDS, _ROWS)
    out = []
    for words, row, keys in zip(texts, matrix, bands, strict=True):
        digest = hashlib.blake2b(" ".join(words).encode(), digest_size=16).digest()
        kept = [_band(n, key) for n, key in enumerate(keys)] if len(words) >= _LEAST else []
        out.append(Signed(digest, len(words), row.astype("<u4").tobytes(), kept))
    return out


def _band(number: int, rows: NDArray[np.uint32]) -> int:
    digest = hashlib.blake2b(rows.astype("<u4").tobytes(), digest_size=8, salt=number.to_bytes(2, "little"))
    return int.from_bytes(digest.digest(), "little", signed=True)


def estimate(one: bytes, other: bytes) -> float:
    """Similarity of two texts as their signatures tell it."""
    return float(np.mean(np.frombuffer(one, "<u4") == np.frombuffer(other, "<u4")))


def may_resemble(one: bytes, other: bytes) -> bool:
    """Whether two texts that meet in a band are worth the exact comparison."""
    return estimate(one, other) >= THRESHOLD - _MARGIN


def similarity(one: Shingles, other: Shingles) -> float:
    """Jaccard similarity of two texts; 0 where both are empty."""
    shared = np.intersect1d(one, other, assume_unique=True).size
    union = one.size + other.size - shared
    return float(shared / union) if union else 0.0


def components(nodes: Iterable[Node], pairs: Iterable[tuple[Node, Node]]) -> list[list[Node]]:
    """Groups of nodes that pairs connect, in the order of their first nodes."""
    parent: dict[Node, Node] = {node: node for node in nodes}

    def root(node: Node) -> Node:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in pairs:
        parent[root(one)] = root(other)
    groups: dict[Node, list[Node]] = {}
    for node in parent:
        groups.setdefault(root(node), []).append(node)
    return list(groups.values())
