"""Small ingests and refreshes without end: memory, handles, connections and tables stay as they are.

    RASD_SOAK_MINUTES=30 uv run pytest -m slow -s tests/flows/test_soak.py

One process does what the scheduled runs do, over and over: a few new articles, some changed ones, some that
are known, a refresh.  The first third warms up; from then on nothing may grow that does not hold articles.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
import sqlalchemy as sa

from flows.runs import refresh, run_ingest
from flows.settings import Settings
from tests.property.hostile import article

pytestmark = pytest.mark.slow

MINUTES = float(os.environ.get("RASD_SOAK_MINUTES", "30"))
FEW = 8  # files a run
KEPT = 400  # files in the inbox at a time

TEXT = (
    "{person} يستقبل {other} في {place}\n"
    "استقبل وزير النقل {person} نظيره {other} في {place} يوم {day} ماي 2023.\n"
    "وقال الوزير {person} إن اللقاء رقم {n} تناول مشروع السكة الحديدية.\n"
)
PEOPLE = ("سامي الراجحي", "هدى قاسم", "نادية بنعيسى", "مروان التازي", "ليلى الحداد", "عمر الفاسي")
PLACES = ("الرباط", "تونس", "القاهرة", "الجزائر", "نواكشوط", "طرابلس")


class Seen(NamedTuple):
    """At one moment of the soak."""

    minute: float
    runs: int
    articles: int
    process_mb: float
    handles: int
    threads: int
    children: int
    connections: int
    database_mb: float
    dead_share: float  # of all rows of all tables, in percent
    queue_kb: float  # tables that are emptied again and again


def look(engine: sa.Engine, began: float, runs: int) -> Seen:
    process = psutil.Process()
    with engine.connect() as connection:

        def one(question: str) -> float:
            return float(connection.scalar(sa.text(question)) or 0)

        # the planner's own view of tables comes by the minute; ask for the newest
        connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
        live = one("SELECT sum(n_live_tup) FROM pg_stat_user_tables")
        dead = one("SELECT sum(n_dead_tup) FROM pg_stat_user_tables")
        return Seen(
            round((time.monotonic() - began) / 60, 1),
            runs,
            int(one("SELECT count(*) FROM article")),
            round(process.memory_info().rss / 1e6, 1),
            process.num_fds(),
            process.num_threads(),
            len(process.children(recursive=True)),
            int(one("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")) - 1,
            round(one("SELECT pg_database_size(current_database())") / 1e6, 1),
            round(100 * dead / max(1.0, live + dead), 1),
            round(
                one("SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE c.relname ~ '_queue$'")
                / 1e3
            ),
        )


def disturb(inbox: Path, rng: random.Random, number: int) -> None:
    """A few new files, a changed one, a bad one; the oldest go."""
    for n in range(FEW - 2):
        text = TEXT.format(
            person=rng.choice(PEOPLE), other=rng.choice(PEOPLE), place=rng.choice(PLACES),
            day=rng.randint(1, 28), n=number * FEW + n,
        )  # fmt: skip
        (inbox / f"{number:06}-{n}.txt").write_text(text, encoding="utf-8")
    (inbox / f"{number:06}-bad.txt").write_bytes(article(rng))
    (inbox / "same.txt").write_text(TEXT.format(person="أ", other="ب", place="فاس", day=1, n=number))
    files = sorted(inbox.glob("0*.txt"))
    for path in files[:-KEPT]:
        path.unlink()


def test_nothing_grows(database: sa.Engine, tmp_path: Path) -> None:
    address = database.url.render_as_string(hide_password=False)
    chosen = Settings(DATABASE_URL=address, names_engine="rules", workers=1, home=tmp_path / "home")
    rng = random.Random(7)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    began = time.monotonic()
    seen: list[Seen] = []
    runs = 0
    step = max(10.0, MINUTES * 60 / 15)
    print("\n" + "  ".join(Seen._fields))
    while time.monotonic() - began < MINUTES * 60:
        disturb(inbox, rng, runs)
        summary = run_ingest([str(inbox)], chosen)
        runs += 1
        assert summary.loaded + summary.known + summary.rejected.total() == summary.seen
        refresh(database)
        if time.monotonic() - began >= step * len(seen):
            seen.append(look(database, began, runs))
            print(
                "  ".join(f"{value:>{len(name)}}" for name, value in zip(Seen._fields, seen[-1], strict=True))
            )
    assert runs > 20, "too few runs to tell"
    settled, last = seen[len(seen) // 3], seen[-1]
    assert last.process_mb < settled.process_mb * 1.1 + 10
    assert last.handles <= settled.handles + 3
    assert last.threads <= settled.threads + 2
    assert last.connections <= settled.connections + 1
    assert last.children <= settled.children
    assert last.dead_share < 40, "vacuum does not keep up"
    # what articles take, each: no more at the end than in the middle
    middle = seen[2 * len(seen) // 3]
    early = (middle.database_mb - settled.database_mb) / max(1, middle.articles - settled.articles)
    late = (last.database_mb - middle.database_mb) / max(1, last.articles - middle.articles)
    assert late < early * 1.5 + 0.01, f"{early:.4f} and {late:.4f} MB an article"
