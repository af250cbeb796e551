"""A backfill that is killed again and again ends with the rows of one that was left alone."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from db import embedded
from db.engine import create_engine
from flows.runs import run_ingest
from flows.settings import Settings
from tests.db.servers import create_database, drop_database, make_home, wait_until
from tests.db.snapshot import differences, snapshot
from tests.flows.rasd import ROOT, Rasd, table

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("RASD_KILLS", "20"))
FILES = 240
PLACES = ("تونس", "الرباط", "وهران", "صفاقس", "مكناس", "بنغازي")
PEOPLE = ("سمير الورغي", "هالة قاسم", "نادية بنعيسى", "مروان التازي", "ليلى الحداد")
TEXT = (
    "{person} يستقبل {other} في {place}\n"
    "استقبل وزير النقل {person} نظيرته {other} في {place} يوم {day} ماي 2023.\n"
    "وقال الوزير {person} إن اللقاء رقم {n} تناول مشروع السكة الحديدية.\n"
    "وأصيب {n} شخصا في حادث مرور قرب {place} أمس.\n"
)


@pytest.fixture
def home() -> Iterator[Path]:
    folder = make_home()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def databases(server: embedded.Server, template: str, home: Path) -> Iterator[tuple[str, str]]:
    """URLs of two databases that hold the same articles, extracted by the engine `fast`."""
    names = [f"killed_{os.urandom(4).hex()}" for _ in range(2)]
    first = create_database(server, names[0], template)
    inbox = home / "inbox"
    inbox.mkdir()
    for n in range(FILES):
        text = TEXT.format(
            person=PEOPLE[n % 5], other=PEOPLE[(n // 5) % 5], place=PLACES[n % 6], day=n % 28 + 1, n=n
        )
        (inbox / f"{n}.txt").write_text(text, encoding="utf-8")
    run_ingest([str(inbox)], Settings(home=home).changed(database_url=first, names_engine="fast", workers=2))
    second = create_database(server, names[1], names[0])
    yield first, second
    for name in names:
        drop_database(server, name)


COMMAND = ("backfill", "--direct", "--workers", "1")


def test_killed_at_random_instants(databases: tuple[str, str], home: Path) -> None:
    alone, killed = (
        Rasd(home, {"DATABASE_URL": url, "RASD_NAMES_ENGINE": "rules", "RASD_BATCH_FILES": "4"})
        for url in databases
    )
    whole = alone(*COMMAND, timeout=600)
    assert whole.returncode == 0, whole.stderr
    assert table(whole.stdout)["loaded"] == str(FILES)

    rng = random.Random(20_231_214)
    done = [0]
    for _ in range(KILLS):
        # some articles further, and then at any instant of a batch; the last ones during the refresh
        further = min(FILES, done[-1] + rng.randint(0, 2 * FILES // KILLS))
        kill_one(killed, databases[1], further, rng.uniform(0.0, 0.5))
        done.append(extracted(databases[1]))
    print(f"\narticles after each kill: {done[1:]}")
    assert done == sorted(done), "what was loaded stays"
    assert any(0 < count < FILES for count in done), "kills hit work under way"
    last = killed(*COMMAND, timeout=600)
    assert last.returncode == 0, last.stderr
    assert extracted(databases[1]) == FILES

    first, second = (create_engine(url, poolclass=sa.NullPool) for url in databases)
    assert differences(snapshot(first), snapshot(second)) == []
    with second.connect() as connection:
        question = "SELECT state, count(*) FROM run WHERE kind = 'backfill' GROUP BY 1"
        states = {str(state): int(runs) for state, runs in connection.execute(sa.text(question))}
    assert states.keys() <= {"crashed", "completed"}, "no run is left that seems to be running"
    assert states.get("crashed", 0) > 0


def kill_one(rasd: Rasd, url: str, further: int, seconds: float) -> None:
    """Start a backfill and kill it that long after so many articles are at the newest version."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *COMMAND],
        env=rasd.env(),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert wait_until(lambda: extracted(url) >= further or process.poll() is not None, 120)
    time.sleep(seconds)
    process.kill()
    process.wait()


def extracted(url: str) -> int:
    """Articles at the newest version."""
    engine = create_engine(url, poolclass=sa.NullPool)
    newest = "SELECT count(*) FROM extraction WHERE is_current AND pipeline_version_id > 1"
    with engine.connect() as connection:
        count = int(connection.scalar(sa.text(newest)) or 0)
    engine.dispose()
    return count
