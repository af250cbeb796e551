"""Let ``accurate`` and ``fast`` answer together.

Settled here: the chain's share, the temperature of the sum, and which sentences the chain settles alone.  In
ANERcorp's convention that is none: there the network is wanted for its figure, not for its speed.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from flows.extract.engines import SCHEMES
from flows.extract.engines.accurate import AccurateEngine, AccurateModel
from flows.extract.engines.fast import load_fast
from flows.extract.engines.store import read_model, write_model
from flows.extract.training.calibrate import fit_temperature
from flows.extract.training.names import Data, Plan, Say

_DOCUMENT = 40  # sentences


def join_models(data: Data, plan: Plan, out: Path, say: Say) -> None:
    """Write ``plan.chain_share`` and calibrated temperatures into accurate.json of ``out``."""
    model = msgspec.json.decode(read_model("accurate.json", out), type=AccurateModel)
    model = msgspec.structs.replace(model, chain_share=plan.chain_share)
    network = read_model("accurate.onnx", out)
    heads = dict(model.heads)
    for scheme in SCHEMES:
        chain = load_fast(scheme=scheme, folder=out)
        engine = AccurateEngine(model, network, scheme=scheme, threads=2, chain=chain)
        labels = model.heads[scheme].labels
        scores, targets = [], []
        for document in data.gold_dev if scheme == "guide" else [data.anercorp_dev]:
            for first in range(0, len(document.sentences), _DOCUMENT):
                part = [s for s in document.sentences[first : first + _DOCUMENT] if s.words]
                words = [w for s in part for w in s.words]
                sentences = [s.words for s in part]
                logits = engine.logits(words, [len(s) for s in sentences])
                combined = engine.combine(logits, engine.chain_posterior(sentences))
                wanted = [x for s in part for x in s.labels]
                known = [i for i, x in enumerate(wanted) if x]
                scores.append(combined[known])
                targets += [labels.index(wanted[i]) for i in known]
        temperature = fit_temperature(np.concatenate(scores), np.array(targets))
        doubt = plan.doubt if scheme == "guide" else 0.0
        heads[scheme] = msgspec.structs.replace(heads[scheme], combined=temperature, doubt=doubt)
        say(f"joined: {scheme}: temperature {temperature}")
    write_model("accurate.json", msgspec.json.encode(msgspec.structs.replace(model, heads=heads)), out)
