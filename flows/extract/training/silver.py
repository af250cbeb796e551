"""Unlabelled news with the opinion of several teachers: what a last run learns from beside the corpora."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from flows.extract.engines.pieces import Pieces
from flows.extract.training.corpora import Document
from flows.extract.training.encoder import HEADS, Encoder
from flows.extract.training.neural import Example, examples, log_softmax, predict

SILVER_HEADS = ("guide", "anercorp", "clitic")
_BEGINS = [i for i, label in enumerate(HEADS["guide"]) if label[0] == "B"]


def silver_windows(
    documents: Sequence[Document],
    teachers: Sequence[Encoder],
    pieces: Pieces,
    *,
    marks: tuple[int, int, int],
    say: Callable[[str], None] = print,
) -> list[Example]:
    """Windows of the documents with the teachers' averaged probabilities for the shipped heads.

    ``marks`` are the ids of begin, end and padding.
    """
    bos, eos, pad = marks
    windows = examples(documents, "guide", pieces, bos=bos, eos=eos)
    say(f"silver: {len(windows)} windows, {sum(len(w.ids) for w in windows)} pieces")
    sums: list[dict[str, NDArray[np.float32]]] = [{} for _ in windows]
    for teacher in teachers:
        for total, logits in zip(
            sums, predict(teacher, windows, SILVER_HEADS, pad, tokens=4096), strict=True
        ):
            for head in SILVER_HEADS:
                opinion = (np.exp(log_softmax(logits[head])) / len(teachers)).astype(np.float32)
                total[head] = total[head] + opinion if head in total else opinion
    result = []
    for window, total in zip(windows, sums, strict=True):
        # only words that may begin a name teach the clitic head
        total["clitic"] = total["clitic"] * total["guide"][:, _BEGINS].sum(axis=1, keepdims=True)
        result.append(replace(window, soft={h: total[h].astype(np.float16) for h in SILVER_HEADS}))
    return result
