"""The country of every place that gold dev names; places_dev.json holds our own labels."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from flows.clean.normalize import fold
from flows.read import sources
from flows.resolve.places import Named, index, reference_places, resolve
from tests.quality.gold import GOLD, needs_shared

LABELS = Path(__file__).parent / "places_dev.json"
pytestmark = [pytest.mark.shared, needs_shared]


def test_countries_of_named_places() -> None:
    """Counted by mention: countries and capitals >= 95 %, other places >= 80 %."""
    labels = json.loads(LABELS.read_text(encoding="utf-8"))
    known = index(reference_places())
    right: Counter[bool] = Counter()
    total: Counter[bool] = Counter()
    for article in json.loads((GOLD / "dev.json").read_text(encoding="utf-8")):
        wanted = labels.get(article["id"], {})
        text = fold((GOLD / "dev" / f"{article['id']}.txt").read_text(encoding="utf-8"))
        meta = json.loads((GOLD / "dev" / f"{article['id']}.meta.json").read_text(encoding="utf-8"))
        source = sources.by_name().get(fold(meta.get("source") or ""))
        places = [e for e in article["entities"] if e["kind"] == "LOCATION"]
        named = [
            Named(
                n, fold(e["name"]), tuple(sorted({m.start() for s in e["surfaces"] for m in _find(s, text)}))
            )
            for n, e in enumerate(places)
        ]
        found = {d.n: d for d in resolve(named, known, home=source.country if source else None)}
        for name in named:
            decision = found.get(name.n)
            place = known.places.get(decision.place or "") if decision else None
            major = place is not None and (place.kind == "country" or place.capital)
            mentions = max(1, len(name.positions))
            total[major] += mentions
            if (decision.country if decision else None) == wanted[places[name.n]["name"]]:
                right[major] += mentions
    assert total[True] > 100 and total[False] > 60
    assert right[True] / total[True] >= 0.98
    assert right[False] / total[False] >= 0.95


def _find(surface: str, text: str) -> list[re.Match[str]]:
    return list(re.finditer(re.escape(fold(surface)), text))
