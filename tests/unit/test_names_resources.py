"""The lists: complete, in step with what is compiled from them, quick to load."""

from __future__ import annotations

from collections import Counter

from flows.clean.normalize import fold
from flows.extract.gazetteer import gazetteer
from flows.extract.name_lexicon import common_words, is_ordinary, name_units
from flows.extract.noun_phrases import event_heads, nisbas, organization_heads
from flows.extract.organization_names import compile_organizations, groups
from flows.extract.resources import read_text
from flows.records import EntityKind


def test_compiled_list_is_in_step() -> None:
    assert read_text("gazetteer_organizations.tsv") == compile_organizations(), (
        "run: python -m flows.extract.training.build_gazetteers --only organizations"
    )


def test_enough_bodies_are_listed() -> None:
    named = [line for _, _, g in groups() if g.kind is EntityKind.ORGANIZATION for line in g.names]
    assert len(named) >= 1500
    assert len(set(named)) == len(named) or not [n for n, c in Counter(named).items() if c > 3]


def test_keys_are_folded() -> None:
    for key in gazetteer().by_name:
        assert key == fold(key), key


def test_countries_and_their_other_names_have_one_id() -> None:
    lists = gazetteer().by_name
    assert lists[fold("المغرب")].identity == lists[fold("المملكة المغربية")].identity == "country:MA"
    assert lists[fold("أمريكا")].identity == lists[fold("الولايات المتحدة الأمريكية")].identity
    assert lists[fold("المغرب")].flags == ""


def test_ordinary_words_and_names_are_told_apart() -> None:
    assert is_ordinary(fold("وبالمدينة")) and is_ordinary(fold("الاقتصادية"))
    assert not is_ordinary(fold("بوزنيقاوي"))
    assert "w" not in name_units()[fold("محمد")] and "g" in name_units()[fold("محمد")]
    assert fold("الحكومة") in common_words()


def test_adjectives_have_all_their_forms() -> None:
    forms = nisbas()
    assert forms[fold("المغربية")] == forms[fold("مغربي")] == "country:MA"


def test_head_words_are_read() -> None:
    assert organization_heads()[fold("وزارة")][0].after == "genitive"
    assert event_heads()[fold("كأس")]


def test_every_resource_names_its_licence() -> None:
    for name in (
        "gazetteer_places.tsv",
        "gazetteer_organizations.tsv",
        "names_units.tsv",
        "names_common.tsv",
        "names_rules.yaml",
        "organizations_maghreb.yaml",
        "offices.yaml",
    ):
        head = "".join(line for line in read_text(name).splitlines()[:5] if line.startswith("#")).lower()
        assert any(word in head for word in ("gpl", "mit", "own work", "apache")), name
