"""Which place a name means, by what else the article names."""

from __future__ import annotations

from functools import cache

import pytest

from flows.clean.normalize import fold
from flows.resolve.places import Decision, Index, Named, index, own_places, reference_places, resolve


@cache
def known() -> Index:
    return index(reference_places())


def decide(*names: str, home: str | None = None) -> dict[str, Decision]:
    """Each name stands 50 characters after the one before."""
    named = [Named(n, fold(name), (n * 50,)) for n, name in enumerate(names)]
    return {names[d.n]: d for d in resolve(named, known(), home=home)}


def test_countries_and_capitals() -> None:
    found = decide("المغرب", "الرباط", "المملكة العربية السعودية", "الرياض", "تونس العاصمة", "تونس")
    assert {name: d.country for name, d in found.items()} == {
        "المغرب": "MA",
        "الرباط": "MA",
        "المملكة العربية السعودية": "SA",
        "الرياض": "SA",
        "تونس العاصمة": "TN",
        "تونس": "TN",
    }
    assert found["تونس"].place == "country:TN"
    assert found["تونس العاصمة"].place == "city:2464470"
    assert found["الرباط"].latitude == pytest.approx(34.01, abs=0.05)


@pytest.mark.parametrize(("beside", "country"), [("ليبيا", "LY"), ("لبنان", "LB")])
def test_the_article_decides_between_namesakes(beside: str, country: str) -> None:
    assert decide("طرابلس", beside)["طرابلس"].country == country


def test_what_nothing_tells_apart_stays_open() -> None:
    # two towns of that name, alike in size, and nothing else in the article
    twins = [p for p in known().by_name.items() if len(p[1]) >= 2]
    open_names = [name for name, _ in twins if not decide(name)]
    assert open_names
    for name in open_names[:50]:
        countries = {known().places[i].country for i in known().by_name[name]}
        assert len(countries) > 1, name


def test_a_small_foreign_namesake_is_not_taken() -> None:
    """A village of Morocco; in an article about Tunisia the name is rather another place."""
    village = next(
        p for p in reference_places() if p.id.startswith("ma:") and p.kind == "city" and p.population < 9_000
    )
    name = village.names[0]
    assert decide(name, "المغرب")[name].place == village.id
    assert decide(name, "تونس", home="TN")[name] == Decision(0, None, "TN", None, None, "nearby", 0.6)


def test_head_words() -> None:
    found = decide("ولاية صفاقس", "مدينة فاس", "محافظة الإسكندرية")
    assert [found[n].country for n in ("ولاية صفاقس", "مدينة فاس", "محافظة الإسكندرية")] == ["TN", "MA", "EG"]


def test_unlisted_names_take_the_country_of_their_neighbours() -> None:
    found = decide("وجدة", "حي الزيتونة الجديد", home="EG")
    assert found["حي الزيتونة الجديد"] == Decision(1, None, "MA", None, None, "nearby", 0.6)


def test_seas_and_continents_lie_in_no_country() -> None:
    found = decide("أوروبا", "البحر المتوسط", "الشرق الأوسط")
    assert {d.country for d in found.values()} == {None}
    assert len(found) == 3


def test_reference_data_are_sound() -> None:
    places = reference_places()
    assert len({p.id for p in places}) == len(places) > 13_000
    countries = {p.country for p in places if p.kind == "country"}
    assert {p.country for p in places if p.country} <= countries
    capitals = [p for p in places if p.capital]
    assert len({p.country for p in capitals}) == len(capitals) > 150
    assert all(own.names for own in own_places())
