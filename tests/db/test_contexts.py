"""What two names share is what reading all articles of both would find, however little of it is read."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict

import pytest
from sqlalchemy.engine import Engine

from db.contexts import FEW, Asked, shared
from db.session import transaction
from flows.identities import RULES, refresh_entities
from tests.db.naming import Told, ask, tell

Pair = tuple[str, str, str]
PEOPLE = [
    f"{given} {family}" for given in ("سالم", "كريم", "منذر") for family in ("الحداد", "الزغبي", "قاسم")
]
BODIES = ["حركة الأفق", "جمعية النور", "شركة السهل", "نادي الرمال", "اتحاد البحارة"]
PLACES = ["صفاقس", "باجة", "وهران", "طنجة", "فرنسا"]


def told(number: int, rng: random.Random) -> Told:
    """Two names an article, one of which is in most."""
    everywhere = PEOPLE[0] if rng.random() < 0.7 else rng.choice(PEOPLE)
    return Told(
        number,
        tuple((name, None) for name in dict.fromkeys((everywhere, *rng.sample(PEOPLE, rng.randint(0, 1))))),
        tuple((name,) for name in rng.sample(BODIES, rng.randint(0, 1))),
        tuple(rng.sample(PLACES, rng.randint(0, 1))),
    )


def expected(engine: Engine, bodies: int) -> set[Pair]:
    """All pairs of names of one kind that share a context, from all articles of all names."""
    articles: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for extraction, kind, key in ask(engine, "SELECT extraction_id, kind, key FROM article_entity"):
        articles[extraction].add((kind, key))
    beside: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for listed in articles.values():
        for name in listed:
            beside[name] |= {other for other in listed - {name} if not RULES.generic(*other)}
    found = set()
    for one, other in itertools.combinations(sorted(beside), 2):
        common = (beside[one] & beside[other]) - {one, other}
        people = any(kind == "PERSON" for kind, _ in common)
        if one[0] == other[0] and (people or len(common) >= bodies):
            found.add((one[0], one[1], other[1]))
    return found


@pytest.mark.parametrize("few", [1, 3, FEW])
@pytest.mark.parametrize("bodies", [1, 2])
def test_what_names_share(database: Engine, bodies: int, few: int) -> None:
    rng = random.Random(bodies)
    numbers = iter(range(1, 100))
    left: set[Pair] = set()
    seen: set[Pair] = set()
    again = 0
    for size in (12, 4, 1, 9):
        last = ask(database, "SELECT coalesce(max(id), 0) FROM extraction")[0][0]
        tell(database, [told(next(numbers), rng) for _ in range(size)])
        with database.connect() as connection:
            refresh_entities(connection)
        new = [row[0] for row in ask(database, "SELECT id FROM extraction WHERE id > :last", last=last)]
        names = sorted(ask(database, "SELECT DISTINCT kind, key FROM article_entity"))
        pairs = {
            (one[0], one[1], other[1])
            for one, other in itertools.combinations(names, 2)
            if one[0] == other[0] and (one[0], one[1], other[1]) not in seen - left
        }
        asked = {pair: Asked(bodies, again=pair in left) for pair in sorted(pairs)}
        with database.connect() as connection, transaction(connection) as raw:
            found = shared(raw, asked, new, RULES.generic, few=few)
        assert found == expected(database, bodies) & pairs
        again += len(left & pairs)
        seen |= pairs
        left = (left | pairs) - found
    assert again > 10
    assert seen - left
