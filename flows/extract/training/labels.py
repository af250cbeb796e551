"""The labels of every convention, in the order of the models' columns."""

from __future__ import annotations

GUIDE_LABELS = (
    "O",
    *(f"{p}-{k}" for k in ("PERSON", "ORGANIZATION", "LOCATION", "NAMED_EVENT") for p in "BI"),
)
NEWSWIRE_LABELS = ("O", *(f"{p}-{k}" for k in ("PER", "ORG", "LOC", "MISC") for p in "BI"))
HEADS = {"guide": GUIDE_LABELS, "anercorp": NEWSWIRE_LABELS, "aqmar": NEWSWIRE_LABELS}
