"""The two articles that the project began with come out right."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.clean.normalize import fold
from flows.pipeline import Options
from tests.quality.gold import SHARED, extractions, needs_shared

pytestmark = [pytest.mark.shared, needs_shared]

FIRST, SECOND = "000_7d07bd42072f3ba6", "002_f057059c50c62636"
HAMMOUCHI = "عبد اللطيف حموشي"


@pytest.fixture(scope="module", params=["rules", "fast"])
def seeds(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    results = extractions(SHARED / "seeds", Options(names_engine=request.param))
    return {result["id"]: result for result in results}


def surfaces(result: dict[str, Any], name: str) -> set[str]:
    return {m["surface"] for e in result["entities"] if e["name"] == name for m in e["mentions"]}


def meetings(result: dict[str, Any], status: str) -> list[dict[str, Any]]:
    return [e for e in result["events"] if e["type"] == "CONSULT" and e["status"] == status]


def test_titles(seeds: dict[str, dict[str, Any]]) -> None:
    assert seeds[FIRST]["title"].startswith("السيد الحموشي يتباحث بالرباط")
    assert seeds[SECOND]["title"].startswith("بعد لقاءاته الهامة بكبار قادة الأمن")


def test_boilerplate_is_gone(seeds: dict[str, dict[str, Any]]) -> None:
    kept = f"{seeds[FIRST]['title']}\n{seeds[FIRST]['body']}"
    for line in ("0 54", "اترك رد", "لن يتم نشر عنوان بريدك الإلكتروني"):
        assert line not in kept
        assert any(line in removed for removed in seeds[FIRST]["boilerplate"])


def test_people(seeds: dict[str, dict[str, Any]]) -> None:
    assert {HAMMOUCHI, "الحموشي", "حموشي"} <= surfaces(seeds[FIRST], HAMMOUCHI)
    assert {HAMMOUCHI, "حموشي"} <= surfaces(seeds[SECOND], HAMMOUCHI)
    assert surfaces(seeds[FIRST], "سيلين بيرتون")
    assert {"فريديريك ڤـــو", "Frédéric Veaux"} <= surfaces(seeds[SECOND], "فريديريك ڤو")
    assert {"نيكولا لورنر", "Nicolas Lerner"} <= surfaces(seeds[SECOND], "نيكولا لورنر")
    people = [e["name"] for e in seeds[SECOND]["entities"] if e["kind"] == "PERSON"]
    assert len(people) == 3


def test_no_surface_is_wrong_and_only_a_swallowed_article_is_missed(seeds: dict[str, dict[str, Any]]) -> None:
    """للمديرية keeps the letters of the file (لمديرية); the guide writes المديرية."""
    wanted = {item["id"]: item for item in json.loads((SHARED / "seeds/expected.json").read_text("utf-8"))}
    missed, wrong = set(), set()
    for identity, result in seeds.items():
        want = {(e["kind"], fold(s)) for e in wanted[identity]["entities"] for s in e["surfaces"]}
        got = {(e["kind"], fold(m["surface"])) for e in result["entities"] for m in e["mentions"]}
        missed |= want - got
        wrong |= got - want
    name = fold("مديرية العامة لمراقبة التراب الوطني")
    assert missed == {("ORGANIZATION", "ال" + name)}
    assert wrong == {("ORGANIZATION", "ل" + name)}


def test_visitors_are_actors_and_the_host_is_the_recipient(seeds: dict[str, dict[str, Any]]) -> None:
    held = meetings(seeds[FIRST], "occurred")
    assert any(
        e["actors"] == ["سيلين بيرتون"] and e["recipients"] == [HAMMOUCHI] and e["location"] == "الرباط"
        for e in held
    )
    held = meetings(seeds[SECOND], "occurred")
    for visitor in ("فريديريك ڤو", "نيكولا لورنر"):
        assert any(visitor in e["actors"] and HAMMOUCHI in e["recipients"] for e in held)


def test_the_planned_visit(seeds: dict[str, dict[str, Any]]) -> None:
    planned = meetings(seeds[SECOND], "planned")
    assert any(HAMMOUCHI in e["actors"] and e["location"] == "باريس" for e in planned)


def test_talk_of_threats_is_no_threat(seeds: dict[str, dict[str, Any]]) -> None:
    for result in seeds.values():
        assert not [e for e in result["events"] if e["type"] in {"ASSAULT", "THREATEN", "COERCE", "MOBILIZE"}]


def test_dates(seeds: dict[str, dict[str, Any]]) -> None:
    assert "2024-12-20" in seeds[FIRST]["published"]["candidates"], "some Friday"
    (date,) = seeds[SECOND]["dates"]
    assert date["start"] is None
    years = {candidate[:4] for candidate in date["candidates"]}
    assert years == {"2006", "2017", "2023", "2028"}
    assert {candidate[4:] for candidate in date["candidates"]} == {"-12-14", "-12-15"}


def test_spans_lead_to_the_letters(seeds: dict[str, dict[str, Any]]) -> None:
    for result in seeds.values():
        raw = (SHARED / "seeds" / f"{result['id']}.txt").read_text(encoding="utf-8")
        located = [m for e in result["entities"] for m in e["mentions"]]
        located += result["dates"] + [x for e in result["events"] for x in e["evidence"]]
        assert located
        for item in located:
            start, end = item["span"]
            assert raw[start:end] == item["surface"]
