"""Occurrences: reports of one happening join, others do not, whatever the order; nothing is lost."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.engine import create_engine, upgrade
from db.load import load_batch
from db.occurrences import rebuild_occurrences, refresh_occurrences
from db.stories import refresh_stories
from flows.across import REPORTS, TEXTS
from flows.identities import refresh_entities
from flows.records import Metadata, RawFile
from flows.resolve import occurrences
from flows.resolve.occurrences import Report, match
from flows.runs import refresh
from tests.db.articles import NEWER, batch, raw_file
from tests.db.snapshot import differences, snapshot

NUMBERS = itertools.count(1)
TABLES = ("occurrence", "occurrence_event", "occurrence_pair", "occurrence_link")


def told(**changes: object) -> Report:
    """A report of a visit of 1 to 2, both persons, on 4 May 2024 in place 9, told the day after."""
    n = next(NUMBERS)
    days = changes.pop("days", (date(2024, 5, 4), date(2024, 5, 4), "day"))
    published = changes.pop("published", (date(2024, 5, 5), date(2024, 5, 5)))
    people = changes.pop("people", True)
    who = changes.pop("who", (("actor", 1), ("recipient", 2)))
    made = occurrences.report(
        (n, 0),
        order=f"{n:04d}",
        article=n,
        story=n,
        original=True,
        what=("CONSULT", None, "occurred", 0.8),
        place=9,
        days=days,  # type: ignore[arg-type]
        published=published,  # type: ignore[arg-type]
        trigger="استقبل",
        participants=[
            (role, entity, "PERSON" if people else "ORGANIZATION", "x")
            for role, entity in who  # type: ignore[attr-defined]
        ],
    )
    return made._replace(**changes)  # type: ignore[arg-type]


def day(month: int, number: int) -> tuple[date, date, str]:
    return date(2024, month, number), date(2024, month, number), "day"


NOT_DATED = (None, None, "unknown")


# ------------------------------------------------------------------------------------- pairs


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({}, "the same people, place and day"),
        ({"who": (("actor", 2), ("recipient", 1))}, "who met whom"),
        ({"place": None}, "one does not say where"),
        ({"who": (("actor", 1),)}, "one does not say with whom"),
        ({"days": NOT_DATED}, "one does not say when, but is told the day after"),
        ({"days": day(5, 5)}, "a day's difference: one of them is wrong"),
        ({"days": (date(2024, 5, 1), date(2024, 5, 31), "month")}, "one names the month"),
        ({"status": "ongoing"}, "still going on when one was written"),
        ({"place": 8}, "the country for the city"),
    ],
)
def test_reports_of_one_happening_join(other: dict[str, object], why: str) -> None:
    found = match(told(), told(**other))
    assert found is not None, why
    assert found.joins, why


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"type": "ACCUSE"}, "another deed"),
        ({"days": day(5, 9)}, "another day"),
        ({"who": (("actor", 1), ("recipient", 3))}, "another host"),
        ({"who": (("actor", 4), ("recipient", 3))}, "other people on that day in that place"),
        ({"days": NOT_DATED, "published": (date(2024, 6, 1), date(2024, 6, 1))}, "told much later"),
        ({"days": (date(2024, 6, 1), date(2024, 6, 30), "month")}, "in another month"),
        ({"days": NOT_DATED, "published": (None, None)}, "nothing is known of the day"),
    ],
)
def test_other_happenings_stay_apart(other: dict[str, object], why: str) -> None:
    assert match(told(), told(**other)) is None, why


def test_modes_that_differ_stay_apart() -> None:
    assert match(told(mode="visit"), told(mode="phone")) is None
    assert match(told(mode="visit"), told(mode="visit")) is not None


def test_what_happens_again_the_next_day_is_another_one() -> None:
    attack = {"type": "ASSAULT"}
    assert match(told(**attack), told(**attack)) is not None
    assert match(told(**attack), told(**attack, days=day(5, 5))) is None
    assert match(told(**attack), told(**attack, who=(("actor", 2), ("recipient", 1)))) is None, "who hit whom"


def test_an_organisation_and_a_day_alone_are_not_enough() -> None:
    one = {"who": (("actor", 1),), "people": False, "place": None, "trigger": "a"}
    assert match(told(**one), told(**{**one, "trigger": "b"})) is None
    assert match(told(**one, mode="visit"), told(**{**one, "trigger": "a"}, mode="visit")) is not None


NOWHERE = {"place": None}


@pytest.mark.parametrize(
    ("both", "other", "why"),
    [
        (
            {"type": "COERCE", "mode": "arrest", "people": False, "who": (("actor", 1),), **NOWHERE},
            {},
            "one police force arrests many a day",
        ),
        (
            {"who": (("actor", 1),), **NOWHERE},
            {"trigger": "تباحث"},
            "a minister receives more than one guest a day",
        ),
        (
            {"type": "REQUEST", "who": (("actor", 1),)},
            {"trigger": "طالب"},
            "one speaker asks for more than one thing a day",
        ),
        (
            {"who": (("actor", 1), ("recipient", 2)), "days": NOT_DATED, **NOWHERE},
            {"trigger": "تباحث"},
            "neither says when, nor anything else that ties them",
        ),
        (
            {"mode": "visit", "lands": frozenset({2}), **NOWHERE},
            {"who": (("actor", 3), ("recipient", 2)), "trigger": "حل"},
            "to a country many come",
        ),
    ],
)
def test_a_shared_name_alone_is_not_enough(
    both: dict[str, object], other: dict[str, object], why: str
) -> None:
    assert match(told(**both), told(**{**both, **other})) is None, why


def test_what_backs_a_shared_name() -> None:
    arrest = {"type": "COERCE", "mode": "arrest", "people": False, "who": (("actor", 1),)}
    assert match(told(**arrest), told(**arrest)) is not None, "the place and the word for it"
    guest = {"who": (("actor", 1),), **NOWHERE}
    assert match(told(**guest), told(**guest)) is not None, "the word for it"
    undated = {"days": NOT_DATED, **NOWHERE}
    assert match(told(**undated), told(**undated)) is not None, "two names and the word"


def test_words_for_a_deed_meet_without_what_is_written_together_with_them() -> None:
    def trigger(word: str) -> str:
        made = occurrences.report(
            (1, 0),
            order="",
            article=1,
            story=1,
            original=True,
            what=("CONSULT", None, "occurred", 0.8),
            place=None,
            days=NOT_DATED,
            published=(None, None),
            trigger=word,
            participants=[],
        )
        return made.trigger

    assert trigger("والاجتماع") == trigger("بالاجتماع") == trigger("اجتماع") == trigger("لاجتماع")
    assert trigger("إيقافهم") == trigger("الإيقاف")
    assert trigger("لقاء") != trigger("بقاء")
    assert trigger("وفد") == "وفد", "nothing is left of a short word"


def test_a_plan_is_tied_to_what_took_place_and_is_not_it() -> None:
    plan = told(status="planned", published=(date(2024, 5, 1), date(2024, 5, 1)))
    found = match(plan, told())
    assert found is not None
    assert not found.joins
    assert match(plan, told(status="hypothetical")) is None
    both = match(plan, told(status="planned", published=(date(2024, 5, 2), date(2024, 5, 2))))
    assert both is not None
    assert both.joins


def test_matching_is_symmetric() -> None:
    rng = random.Random(5)
    days = [day(5, 4), day(5, 5), NOT_DATED, (date(2024, 5, 1), date(2024, 5, 31), "month")]
    for _ in range(300):
        pair = [
            told(
                days=rng.choice(days),
                status=rng.choice(["occurred", "planned", "denied"]),
                who=tuple(("actor", rng.randint(1, 3)) for _ in range(rng.randint(0, 2))),
                story=rng.randint(1, 2),
                original=rng.random() < 0.5,
                type=rng.choice(["CONSULT", "ASSAULT"]),
                place=rng.choice([None, 9, 8]),
                mode=rng.choice([None, "visit", "phone"]),
            )
            for _ in range(2)
        ]
        assert match(*pair) == match(*reversed(pair))
        if match(*pair) is not None:
            assert set(occurrences.blocks(pair[0])) & set(occurrences.blocks(pair[1])), pair


def test_groups_never_hold_two_reports_of_one_article_nor_days_that_no_pair_allows() -> None:
    first, last = told(), told(days=day(5, 6))
    middle = told(days=day(5, 5))
    reports = {r.key: r for r in (first, middle, last)}
    pairs = {
        (min(a.key, b.key), max(a.key, b.key)): found
        for a, b in itertools.combinations(reports.values(), 2)
        if (found := match(a, b)) is not None
    }
    assert len(pairs) == 2
    assert sorted(map(len, occurrences.group(reports, pairs))) == [1, 2], "no chain from 4 to 6 May"
    twin = last._replace(article=first.article)
    reports = {r.key: r for r in (first, middle, twin)}
    assert sorted(map(len, occurrences.group(reports, pairs))) == [1, 2]


def test_a_summary_keeps_what_conflicts() -> None:
    said = [told(confidence=0.5), told(days=(date(2024, 5, 1), date(2024, 5, 31), "month"), confidence=0.5)]
    one = occurrences.summarise(said)
    assert (one.first, one.last, one.precision, one.conflict) == (date(2024, 5, 4),) * 2 + ("day", False)
    assert one.confidence == 0.75
    assert (one.reports, one.stories) == (2, 2)
    two = occurrences.summarise([*said, told(days=day(5, 5), story=said[0].story)])
    assert (two.first, two.last, two.precision, two.conflict) == (
        date(2024, 5, 1),
        date(2024, 5, 31),
        "interval",
        True,
    )
    assert (two.reports, two.stories) == (3, 2)
    assert occurrences.summarise(said[::-1]) == one


# ------------------------------------------------------------------------------------- database


def article(host: str, guest: str, when: str, number: int, place: str = "الرباط") -> RawFile:
    """As tests.db.articles.text, with chosen people, day and place and words of its own."""
    rng = random.Random(number)
    filler = " ".join("".join(rng.choices("بتثجحخدذرزسشصض", k=5)) for _ in range(60))
    lines = [
        f"خبر {number}",
        "",
        f"استقبل رئيس المجلس البلدي {host}، يوم {when} ب{place}، {guest} الذي يقوم بزيارة عمل.",
        f"{filler}.",
        f"وقال {host}: «إن التعاون مع {guest} سيستمر {number}».",
    ]
    return raw_file("\n".join(lines), f"/news/{number}.txt", Metadata(source="test"))


def sample() -> list[RawFile]:
    day_ = "14 ماي 2024"
    return [
        article("نزار التازي", "سمير بنعمر", day_, 1),
        article("نزار التازي", "سمير بنعمر", day_, 2),
        article("نزار التازي", "سمير بنعمر", "15 ماي 2024", 3),
        article("نزار التازي", "سمير بنعمر", "2 يونيو 2024", 4),
        article("نزار التازي", "هالة شكري", day_, 5),
        article("كمال قاسم", "هالة شكري", day_, 6, "تونس"),
    ]


def put(engine: Engine, raws: Sequence[RawFile], **options: object) -> None:
    with engine.connect() as connection:
        load_batch(connection, batch(raws, **options))  # type: ignore[arg-type]


def groups(engine: Engine) -> list[list[str]]:
    with engine.connect() as connection:
        found = connection.execute(
            sa.text(
                "SELECT array_agg(split_part(l.uri, '/', 3) ORDER BY l.uri) FROM occurrence_event AS m"
                " JOIN extraction AS e ON e.id = m.extraction_id JOIN article AS a ON a.id = e.article_id"
                " JOIN location AS l USING (raw_file_id) GROUP BY m.occurrence_id ORDER BY 1"
            )
        ).all()
    return [[name.removesuffix(".txt") for name in names] for (names,) in found]


def test_reports_join_across_articles(database: Engine) -> None:
    put(database, sample())
    done = refresh(database)
    assert done["occurrence_event"] == 6
    assert groups(database) == [["1", "2", "3"], ["4"], ["5"], ["6"]]
    with database.connect() as connection:
        row = connection.execute(
            sa.text(
                "SELECT o.reports, o.stories, o.first_day::text, o.last_day::text, o.date_conflict, e.name,"
                " o.mode FROM occurrence AS o JOIN entity AS e ON e.id = o.place_id WHERE o.reports > 1"
            )
        ).one()
    assert tuple(row) == (3, 3, "2024-05-14", "2024-05-15", True, "الرباط", "visit")


def test_copies_are_reports_but_not_independent_ones(database: Engine) -> None:
    first = article("نزار التازي", "سمير بنعمر", "14 ماي 2024", 1)
    copy = raw_file(first.data.decode().replace("خبر 1", "عنوان آخر"), "/news/2.txt")
    put(database, [first, copy, article("نزار التازي", "سمير بنعمر", "14 ماي 2024", 3)])
    refresh(database)
    with database.connect() as connection:
        assert connection.execute(sa.text("SELECT reports, stories FROM occurrence")).all() == [(3, 2)]


def test_a_second_refresh_changes_nothing(database: Engine) -> None:
    put(database, sample())
    refresh(database)
    question = sa.text("SELECT ctid, xmin, * FROM occurrence_event ORDER BY 3, 4")
    with database.connect() as connection:
        before = connection.execute(question).all()
        connection.execute(
            sa.text("INSERT INTO occurrence_queue (extraction_id) SELECT id FROM extraction ORDER BY id")
        )
        connection.commit()
        done = refresh_occurrences(connection, REPORTS)
        assert (done["occurrence"], done["occurrence_event"]) == (0, 0)
        assert connection.execute(question).all() == before


def test_the_order_of_articles_does_not_matter(database: Engine, empty_url: str) -> None:
    rng = random.Random(2)
    raws = [
        article(
            rng.choice(["نزار التازي", "كمال قاسم"]),
            rng.choice(["سمير بنعمر", "هالة شكري"]),
            f"{rng.randint(10, 14)} ماي 2024",
            n,
            rng.choice(["الرباط", "تونس"]),
        )
        for n in range(40)
    ]
    put(database, raws)
    refresh(database)
    expected = snapshot(database, TABLES)
    assert any(len(names) > 2 for names in groups(database))
    upgrade(empty_url)
    other = create_engine(empty_url, poolclass=sa.NullPool)
    rng.shuffle(raws)
    for place in range(0, len(raws), 9):
        put(other, raws[place : place + 9])
        refresh(other)
    assert differences(expected, snapshot(other, TABLES)) == []
    with other.connect() as connection:
        rebuild_occurrences(connection)
        refresh_occurrences(connection, REPORTS)
    assert differences(expected, snapshot(other, TABLES)) == []
    other.dispose()


def test_ids_stay_when_another_report_comes_and_goes(database: Engine) -> None:
    put(database, sample())
    refresh(database)
    question = sa.text("SELECT extraction_id, occurrence_id FROM occurrence_event")
    with database.connect() as connection:
        before = dict(connection.execute(question).tuples().all())
    put(database, [article("نزار التازي", "سمير بنعمر", "14 ماي 2024", 7)])
    refresh(database)
    assert ["1", "2", "3", "7"] in groups(database)
    # its file changes: the report goes with the text that no location holds any more
    put(database, [article("كمال قاسم", "ليلى برادة", "14 ماي 2023", 7)])
    refresh(database)
    assert groups(database) == [["1", "2", "3"], ["4"], ["5"], ["6"], ["7"]]
    with database.connect() as connection:
        after = dict(connection.execute(question).tuples().all())
        assert connection.execute(sa.text("SELECT count(*) FROM occurrence")).scalar_one() == 5
    assert {x: after[x] for x in before} == before


def test_a_new_extraction_takes_the_place_of_the_old_one(database: Engine) -> None:
    put(database, sample())
    refresh(database)
    before = snapshot(database, ["occurrence"])
    put(database, sample(), pipeline=NEWER)
    refresh(database)
    assert differences(before, snapshot(database, ["occurrence"])) == []
    assert groups(database) == [["1", "2", "3"], ["4"], ["5"], ["6"]]


def test_an_occurrence_may_end_before_a_replaced_report_has_its_turn(database: Engine) -> None:
    """A backfill replaces extractions by the thousand; a step of the refresh sees only some of them."""
    put(database, sample())
    refresh(database)
    expected = groups(database)
    put(database, sample(), pipeline=NEWER)
    with database.connect() as connection:
        refresh_entities(connection)
        refresh_stories(connection, TEXTS)
        refresh_occurrences(connection, REPORTS, step=1)
    assert groups(database) == expected
    old = "SELECT count(*) FROM occurrence_event JOIN extraction ON id = extraction_id WHERE NOT is_current"
    with database.connect() as connection:
        assert connection.scalar(sa.text(old)) == 0
