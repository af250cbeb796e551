"""Statistical name engines behind one interface: words in, a label with its probability for every word out.

``accurate`` is a transformer run by onnxruntime, ``fast`` a linear-chain CRF; ``transformers:PATH`` loads a
Hugging Face token-classification model (extra).  Engines only label words; what a mention is, where its span
starts and which mentions name the same thing is decided by ``flows.extract.names``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

ENGINES = ("accurate", "fast")
SCHEMES = ("guide", "anercorp")


class TokenLabel(NamedTuple):
    """What an engine says about one word.

    ``label`` is IOB2: B-/I- with PERSON, ORGANIZATION, LOCATION, NAMED_EVENT (scheme ``guide``) or PER, ORG,
    LOC, MISC (scheme ``anercorp``), else "O".  ``clitic`` is the number of letters (0 to 3: و ف ب ل ك س and
    the ل of لل) to leave outside the mention, 0 unless the label begins with "B-".
    """

    label: str
    probability: float  # calibrated, 0..1
    clitic: int
    clitic_probability: float


class NameEngine(Protocol):
    """A loaded model."""

    name: str

    def label(self, sentences: Sequence[Sequence[str]]) -> list[list[TokenLabel]]:
        """Label the words of one article's sentences, in order; one list a sentence, one label a word."""
        ...


class EngineError(RuntimeError):
    """A model is missing, damaged or does not fit this version."""


@lru_cache(maxsize=4)
def load_engine(name: str = "accurate", *, scheme: str = "guide", threads: int = 1) -> NameEngine:
    """Load an engine once a process.

    ``name``: "accurate", "fast" or "transformers:/path/or/name".  Raises ``ValueError`` for another name or
    scheme and ``EngineError`` when the model's files are missing, damaged or of another version.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"unknown scheme {scheme!r}: one of {', '.join(SCHEMES)}")
    if name == "accurate":
        from flows.extract.engines.accurate import load_accurate

        return load_accurate(scheme=scheme, threads=threads)
    if name == "fast":
        from flows.extract.engines.fast import load_fast

        return load_fast(scheme=scheme)
    if name.startswith("transformers:"):
        from flows.extract.engines.hugging import load_hugging

        return load_hugging(name.removeprefix("transformers:"), scheme=scheme, threads=threads)
    raise ValueError(f"unknown engine {name!r}: accurate, fast or transformers:PATH")
