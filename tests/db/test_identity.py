"""Who is who in the database: the same result in any order, people's word above the rules', nothing lost."""

from __future__ import annotations

import random
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.engine import create_engine, upgrade
from db.judgements import (
    JudgementError,
    find_entities,
    judge,
    list_judgements,
    office_on,
    show_entity,
    split,
    undo,
)
from flows.clean.normalize import fold
from flows.identities import RULES, rebuild_identities, refresh_entities
from flows.records import EntityKind
from flows.resolve.identity import entity_key
from flows.resolve.senses import office_key
from tests.db.articles import NEWER
from tests.db.naming import Told, article_id, ask, derived, entity_of, partition, tell
from tests.db.servers import create_database, drop_database

FULL, SHORT, TYPO = "محمد المنصف الدرويشي", "المنصف الدرويشي", "المنصف الدرويشى"
ARTICLES = (
    Told(1, (("هالة الزواوي", "وزيرة السياحة", "Hela Zouaoui"), ("كمال برادة", None)), (("مجلس الأعمال",),)),
    Told(2, (("هالة زواوي", "وزيرة السياحة"), ("سمير التازي", None)), places=("صفاقس",)),
    Told(3, (("Hela Zouaoui", None), ("كمال برادة", None))),
    Told(4, ((FULL, "والي صفاقس", SHORT), ("سمير التازي", None))),
    Told(5, ((SHORT, None), ("سمير التازي", None), ("كمال برادة", None)), day="2024-03-01"),
    Told(6, ((TYPO, "والي صفاقس"),), day="2023-05-01"),
    # one name, two people: a coach and a minister whose articles name nothing in common
    Told(7, (("نزار شكري", "مدرب المنتخب"), ("مروان قاسم", None)), (("نادي الميناء",),)),
    Told(8, (("نزار شكري", "مدرب المنتخب"), ("مروان قاسم", None))),
    Told(9, (("نزار شكري", "وزير النقل"), ("ليلى بنعمر", None))),
    # bodies: a head left out, an acronym in brackets, two bodies of one short name
    Told(10, (("كمال برادة", None), ("سمير التازي", None)), (("حركة الأفق",), ("مرصد المياه", "AWO"))),
    Told(11, (("كمال برادة", None), ("سمير التازي", None)), (("الأفق",), ("AWO",))),
    Told(12, (("محمود الفاسي", None), ("كمال برادة", None))),
    Told(13, (("محمد الفاسي", None), ("كمال برادة", None))),
    Told(14, (("إلياس الورغي", None), ("سمير التازي", None))),
    Told(15, (("الياس الورغى", None), ("هالة الزواوي", None))),
    Told(16, (("دونالد هاربر", None), ("سمير التازي", None))),
    Told(17, (("دونالد هاربر جونيور", None), ("سمير التازي", None))),
)  # fmt: skip


def key(kind: str, name: str) -> str:
    return entity_key(EntityKind(kind), name)


def refresh(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return refresh_entities(connection)


@pytest.fixture
def told(database: Engine) -> Engine:
    tell(database, ARTICLES)
    refresh(database)
    return database


def test_spellings_and_scripts_meet(told: Engine) -> None:
    hela = entity_of(told, 1, "هالة الزواوي")
    assert entity_of(told, 2, "هالة زواوي") == hela
    assert entity_of(told, 3, "Hela Zouaoui") == hela, "an article gives both spellings"
    assert entity_of(told, 5, SHORT) == entity_of(told, 4, FULL), "an article leaves the first name out"
    assert entity_of(told, 6, TYPO) == entity_of(told, 4, FULL)
    assert entity_of(told, 14, "إلياس الورغي") == entity_of(told, 15, "الياس الورغى")
    assert entity_of(told, 11, "الأفق") == entity_of(told, 10, "حركة الأفق")
    assert entity_of(told, 11, "AWO") == entity_of(told, 10, "مرصد المياه")


def test_two_people_stay_two(told: Engine) -> None:
    assert entity_of(told, 12, "محمود الفاسي") != entity_of(told, 13, "محمد الفاسي")
    assert entity_of(told, 16, "دونالد هاربر") != entity_of(told, 17, "دونالد هاربر جونيور")
    coach, minister = entity_of(told, 7, "نزار شكري"), entity_of(told, 9, "نزار شكري")
    assert entity_of(told, 8, "نزار شكري") == coach != minister
    # an article that ties the two circles together makes them one
    tell(told, [Told(30, (("نزار شكري", None), ("مروان قاسم", None), ("ليلى بنعمر", None)))])
    refresh(told)
    assert entity_of(told, 9, "نزار شكري") == entity_of(told, 7, "نزار شكري") == min(coach, minister)
    with told.connect() as connection:
        shown = show_entity(connection, key, str(max(coach, minister)))
    assert shown["entity"].id == min(coach, minister), "the other id leads on"
    assert shown["merged"] == [max(coach, minister)]


def test_people_see_the_spelling_of_most_articles(told: Engine) -> None:
    tell(told, [Told(40 + n, (("هالة زواوي", None), ("كمال برادة", None))) for n in range(3)])
    refresh(told)
    with told.connect() as connection:
        assert show_entity(connection, key, "هالة الزواوي")["entity"].name == "هالة زواوي"


@pytest.mark.parametrize("seed", range(3))
def test_any_order_and_any_batches_give_the_same(
    told: Engine, server: object, template: str, seed: int
) -> None:
    expected = derived(told)
    rng = random.Random(seed)
    name = f"order_{seed}"
    other = create_engine(create_database(server, name, template), poolclass=sa.NullPool)  # type: ignore[arg-type]
    try:
        shuffled = rng.sample(ARTICLES, len(ARTICLES))
        while shuffled:
            size = rng.randint(1, 5)
            tell(other, shuffled[:size])
            shuffled = shuffled[size:]
            if rng.random() < 0.8:
                refresh(other)
        refresh(other)
        assert derived(other) == expected
        with other.connect() as connection:
            rebuild_identities(connection)
        assert derived(other) == expected, "a rebuild in full ends where the steps did"
    finally:
        other.dispose()
        drop_database(server, name)  # type: ignore[arg-type]


def test_what_is_no_longer_said_is_taken_back(told: Engine, empty_url: str) -> None:
    """A newer extraction that reads other names leaves what it would have given alone."""
    newer = [Told(n, (("سناء الدرعي", None),)) for n in (4, 9)]
    changed = tuple(next((a for a in newer if a.number == old.number), old) for old in ARTICLES)
    # the same bytes, read otherwise
    upgrade(empty_url)
    other = create_engine(empty_url, poolclass=sa.NullPool)
    again(other, changed)
    refresh(other)
    again(told, changed)
    refresh(told)
    assert derived(told) == derived(other)
    other.dispose()


def again(engine: Engine, articles: tuple[Told, ...]) -> None:
    """Load at a newer pipeline version what the articles say, under the bytes of ARTICLES."""
    from db.load import load_batch
    from db.rows import Batch
    from flows.rows import article_rows
    from tests.db.naming import extraction

    rows = []
    for old, new in zip(ARTICLES, articles, strict=True):
        made = article_rows(extraction(new))
        rows.append(
            made._replace(
                file=article_rows(extraction(old)).file,
                data=extraction(old).raw.data,
                size=len(extraction(old).raw.data),
            )
        )
    with engine.connect() as connection:
        load_batch(connection, Batch(NEWER, None, tuple(rows)))


def test_a_person_outranks_the_rules_and_survives_a_rebuild(told: Engine) -> None:
    before = partition(told)
    full, other = entity_of(told, 4, FULL), entity_of(told, 12, "محمود الفاسي")
    with told.connect() as connection:
        made, after = judge(connection, RULES, key, "same", [FULL, str(other)], by="amal", note="seen")
        assert {row.id for row in after} == {min(full, other)}
        apart, _ = judge(connection, RULES, key, "different", [FULL, SHORT], by="amal")
    assert entity_of(told, 12, "محمود الفاسي") == entity_of(told, 4, FULL)
    assert entity_of(told, 5, SHORT) != entity_of(told, 4, FULL)
    judged = partition(told)
    with told.connect() as connection:
        rebuild_identities(connection)
    assert partition(told) == judged
    tell(told, [Told(50, ((FULL, None, SHORT), ("سمير التازي", None)))])
    refresh(told)
    assert entity_of(told, 5, SHORT) != entity_of(told, 4, FULL), "nor do new articles undo it"
    with told.connect() as connection:
        assert undo(connection, RULES, [*made, *apart], by="basma") == 2
        with pytest.raises(JudgementError, match="already, by basma"):
            undo(connection, RULES, made)
    assert entity_of(told, 4, FULL) == full, "the id returns"
    assert entity_of(told, 12, "محمود الفاسي") == other
    rest = {frozenset(one for one in group if not one[0].endswith("/50.txt")) for group in partition(told)}
    assert rest - {frozenset()} == before, "all is as it was"
    with told.connect() as connection:
        undone = list_judgements(connection, undone=True)
    assert [(row[6], row[9], row[13]) for row in undone] == [
        ("different", "amal", "basma"),
        ("same", "amal", "basma"),
    ], "what was undone stays to be read"


def test_a_rule_does_not_bring_back_what_a_person_revoked(told: Engine) -> None:
    [number] = [
        row[0]
        for row in ask(told, "SELECT id FROM judgement WHERE decided_by = 'script' AND kind = 'PERSON'")
    ]
    with told.connect() as connection:
        undo(connection, RULES, [number], by="amal")
    assert entity_of(told, 3, "Hela Zouaoui") != entity_of(told, 1, "هالة الزواوي")
    tell(told, [Told(60, (("هالة الزواوي", None, "Hela Zouaoui"),))])
    refresh(told)
    with told.connect() as connection:
        rebuild_identities(connection)
    assert entity_of(told, 3, "Hela Zouaoui") != entity_of(told, 1, "هالة الزواوي")


def test_articles_are_split_off_and_come_back(told: Engine) -> None:
    kamal = entity_of(told, 1, "كمال برادة")
    with told.connect() as connection:
        made, new = split(
            connection, RULES, key, "كمال برادة", [article_id(told, 12), article_id(told, 13)], by="amal"
        )
    assert new.id == entity_of(told, 12, "كمال برادة") == entity_of(told, 13, "كمال برادة") != kamal
    assert entity_of(told, 1, "كمال برادة") == kamal
    with told.connect() as connection:
        rebuild_identities(connection)
        # a bearer of his own can be judged like anybody
        judge(connection, RULES, key, "same", [str(new.id), "سمير التازي"], by="amal")
    assert entity_of(told, 13, "كمال برادة") == entity_of(told, 14, "سمير التازي")
    with told.connect() as connection:
        undo(connection, RULES, [row[0] for row in list_judgements(connection, people=True)], by="amal")
    assert entity_of(told, 12, "كمال برادة") == kamal
    assert len(made) == 3
    with told.connect() as connection:
        assert show_entity(connection, key, str(new.id))["entity"].id == kamal, "its id leads back"


def test_what_cannot_be_judged_is_said_in_one_line(told: Engine) -> None:
    with told.connect() as connection:
        for asked, words in (
            (["999999", "كمال برادة"], "no entity 999999"),
            (["فلان الفلاني", "كمال برادة"], "no entity is called"),
            (["كمال برادة", "صفاقس"], "only one kind"),
            (["كمال برادة", "كمال برادة"], "one entity already"),
        ):
            with pytest.raises(JudgementError, match=words) as caught:
                judge(connection, RULES, key, "same", asked)
            assert "\n" not in str(caught.value)
        with pytest.raises(JudgementError, match="can mean several"):
            show_entity(connection, key, "نزار شكري")
        with pytest.raises(JudgementError, match="does not name"):
            split(connection, RULES, key, "كمال برادة", [article_id(told, 16)])
    assert ask(told, "SELECT count(*) FROM judgement WHERE NOT automatic") == [(0,)], "nothing half recorded"


def test_search_finds_spellings(told: Engine) -> None:
    with told.connect() as connection:
        for text in ("زواوي", "هاله الزواوى", "zouaoui", "هالة الزاوي"):
            assert find_entities(connection, fold(text))[0].id == entity_of(told, 1, "هالة الزواوي"), text
        assert find_entities(connection, fold("%")) == []


def test_offices_are_dated(database: Engine) -> None:
    office = "مدير الأمن الفرنسي"
    tell(
        database,
        [
            Told(1, (("نزار شكري", office),), day="2023-03-01"),
            Told(2, (("نزار شكري", "مدير الأمن الفرنسي"),), day="2023-09-01"),
            Told(3, (("ليلى بنعمر", "مديرة الأمن الفرنسية"),), day="2024-02-01"),
            Told(4, (("نزار شكري", office),), day="2024-03-01", tenure="former"),
            Told(5, (("سمير التازي", office),), day=None),
        ],
    )
    refresh(database)
    expected = {
        "2022-01-01": [("نزار شكري", "possible")],
        "2023-06-01": [("نزار شكري", "certain")],
        "2023-12-01": [("نزار شكري", "likely"), ("ليلى بنعمر", "possible")],
        "2024-02-01": [("ليلى بنعمر", "certain")],
        "2024-06-01": [("ليلى بنعمر", "likely")],
    }
    with database.connect() as connection:
        for day, holders in expected.items():
            found = office_on(connection, key, office_key(office), None, date.fromisoformat(day))
            assert [(row[1], row[2]) for row in found] == holders, day


def test_mentions_are_never_rewritten(told: Engine) -> None:
    before = ask(told, "SELECT * FROM article_entity ORDER BY 1, 2")
    with told.connect() as connection:
        judge(connection, RULES, key, "same", ["كمال برادة", "سمير التازي"])
        rebuild_identities(connection)
    assert ask(told, "SELECT * FROM article_entity ORDER BY 1, 2") == before


def test_refreshes_at_once_do_not_disturb_each_other(database: Engine) -> None:
    from concurrent.futures import ThreadPoolExecutor

    tell(database, ARTICLES)
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: refresh(database), range(3)))
    assert sum(counts["extractions"] for counts in done) == len(ARTICLES)
    expected = derived(database)
    with database.connect() as connection:
        rebuild_identities(connection)
    assert derived(database) == expected
