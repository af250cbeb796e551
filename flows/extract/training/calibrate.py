"""Temperatures that make probabilities mean what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flows.extract.engines.accurate import log_softmax


def fit_temperature(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    """The divisor of the logits under which the targets are likeliest, by search between 0.5 and 4."""
    best, best_loss = 1.0, np.inf
    for temperature in np.geomspace(0.5, 4.0, 85):
        logp = log_softmax(logits / np.float32(temperature))
        loss = -float(logp[np.arange(len(targets)), targets].mean())
        if loss < best_loss:
            best, best_loss = float(temperature), loss
    return round(best, 3)
