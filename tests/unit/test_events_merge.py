"""Mentions that join, and what keeps them apart; participants that one sentence lists."""

from __future__ import annotations

import re

from flows.extract import events
from flows.extract.events import merge, participants
from flows.records import (
    DateMention,
    DateValue,
    Entity,
    EntityKind,
    EventStatus,
    EventType,
    Mention,
    Participant,
    Role,
)
from tests.unit.test_events_examples import article_of, entities_of

LISTED = (
    "استقبل سامي الكرمي مسؤولين أجنبيين رفيعي المستوى، الأول هو السيد كمال الحداد الذي كان في زيارة عمل، "
    "أما المسؤول الثاني فهو السيد نبيل الزواري الذي حل بالمغرب أمس."
)


def test_listed_visitors_are_events_of_their_own() -> None:
    example = {"persons": ["سامي الكرمي", "كمال الحداد", "نبيل الزواري"], "places": ["المغرب"]}
    found = events.find_events(article_of(LISTED), entities_of(LISTED, example), (), ())
    visits = [e for e in found if e.type is EventType.CONSULT]
    sides = {
        tuple(sorted(p.text for p in e.participants if p.role is Role.ACTOR and p.entity is not None))
        for e in visits
    }
    assert ("كمال الحداد",) in sides
    assert ("نبيل الزواري",) in sides
    for e in visits:
        hosts = {p.text for p in e.participants if p.role is Role.RECIPIENT and p.entity is not None}
        assert hosts <= {"سامي الكرمي", "المغرب"}


def test_triggers_are_evidence_in_the_text() -> None:
    example = {"persons": ["سامي الكرمي", "كمال الحداد", "نبيل الزواري"], "places": ["المغرب"]}
    article = article_of(LISTED)
    for e in events.find_events(article, entities_of(LISTED, example), (), ()):
        assert e.triggers
        assert all(article.text.text[a:b].strip() for a, b in e.triggers)
        assert 0 < e.confidence <= 1


def _held(text: str, years: tuple[str, str]) -> tuple[events.View, list[merge.Mention]]:
    dates = tuple(DateMention((text.index(y), text.index(y) + 4), DateValue(start=y, end=y)) for y in years)
    example = {"places": ["باريس", "طنجة"]}
    view = events.view_of(article_of(text), entities_of(text, example), (), dates)
    scored = [(c, 0.9) for c, _ in events.candidates_of(view) if not c.entry.loose]
    return view, [m for m in events.mentions_of(view, scored) if m.candidate.entry.type is EventType.HOLD]


def test_dates_apart_are_two_events() -> None:
    view, found = _held("احتضنت باريس المهرجان سنة 2024. وستحتضن طنجة المهرجان سنة 2026.", ("2024", "2026"))
    verbs = [m for m in found if m.candidate.verbal]
    assert [m.status for m in verbs] == [EventStatus.OCCURRED, EventStatus.PLANNED]
    assert not merge.compatible(view, verbs[0], verbs[1])
    assert len(merge.merge(view, verbs, lambda a, b: 0.99, 0.5)) == 2


def test_one_date_may_be_one_event() -> None:
    view, found = _held(
        "احتضنت باريس المهرجان سنة 2024. واحتضنت طنجة السهرة سنة 2024 أيضا.", ("2024", "2024")
    )
    verbs = [m for m in found if m.candidate.verbal]
    assert merge.compatible(view, verbs[0], verbs[1])


def test_what_the_same_two_discussed_belongs_to_their_meeting() -> None:
    text = "استقبل سامي الكرمي يوم الاثنين نبيل الزواري. وناقش سامي الكرمي ونبيل الزواري ملف المياه."
    person = EntityKind.PERSON
    names = tuple(
        Entity(
            name,
            person,
            tuple(Mention(m.span(), person, 1.0, "test") for m in re.finditer(name, text)),
        )
        for name in ("سامي الكرمي", "نبيل الزواري")
    )
    view = events.view_of(article_of(text), names, (), ())
    scored = [(c, 0.9) for c, _ in events.candidates_of(view) if c.entry.frame.name in {"host", "meet"}]
    found = [m for m in events.mentions_of(view, scored) if m.candidate.verbal]
    assert [m.candidate.entry.lemma for m in found] == ["استقبل", "ناقش"]
    talks = merge.merge(view, found, lambda _a, _b: 0.0, 0.5)
    assert [len(c.mentions) for c in talks] == [2]


def test_unnamed_participants_stand_once() -> None:
    def one(role: Role, text: str, entity: int | None = None) -> Participant:
        return Participant(role, entity, text)

    actor, recipient = Role.ACTOR, Role.RECIPIENT
    people = [one(actor, "عمال"), one(actor, "العمال"), one(recipient, "العمال"), one(actor, "فريق الأمل", 0)]
    kept = participants.once([*people, one(actor, "الفريق"), one(actor, "مشجعون")])
    assert kept == [people[0], *people[2:], one(actor, "مشجعون")]
