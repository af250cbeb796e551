"""Cross-validation of the names stage over all annotated articles: floors, and agreement with the scorer."""

from __future__ import annotations

from collections import Counter

import pytest

from flows.extract.engines import load_engine
from flows.extract.linking import link_entities
from flows.extract.names import find_names
from flows.pipeline import Options
from tests.quality.gold import GOLD, SHARED, extractions, needs_shared, scores

pytest.importorskip("pycrfsuite", reason="training needs the extra `train`")

from flows.extract.training.crossval import annotated, cross_validate, figures, outcome, surfaces

pytestmark = [pytest.mark.shared, needs_shared]


def test_surfaces_are_counted_as_the_scorer_of_the_annotations_does() -> None:
    import json

    gold = json.loads((GOLD / "dev.json").read_text(encoding="utf-8"))
    official = scores(gold, extractions(GOLD / "dev", Options(names_engine="fast")))
    engine = load_engine("fast")
    counts: Counter[tuple[str, str]] = Counter()
    for a in annotated(GOLD, "dev"):
        counts += outcome(a.wanted, surfaces(a, link_entities(a.article, find_names(a.article, engine))))
    own = figures(counts)
    assert round(own["all"].f1, 1) == pytest.approx(official["entities"], abs=0.15)
    assert round(own["PERSON"].f1, 1) == pytest.approx(official["entities.PERSON"], abs=0.15)


def test_another_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="accurate"):
        cross_validate(SHARED, engine="accurate")


@pytest.mark.slow
def test_fast_on_articles_that_it_never_saw() -> None:
    found = cross_validate(SHARED, engine="fast")
    assert found["all"].f1 >= 80.0
    assert found["PERSON"].f1 >= 85.5
    assert found["ORGANIZATION"].f1 >= 75.0
