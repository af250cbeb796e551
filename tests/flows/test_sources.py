"""Learned boilerplate as a user meets it: learned by one run, applied by the next, shown, overruled."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import embedded
from tests.db.articles import text
from tests.db.servers import make_home
from tests.flows.rasd import Rasd

APPEAL = "حملوا تطبيق جريدة المرفأ على هواتفكم"
OUTLET = "المرفأ"


@pytest.fixture
def rasd() -> Iterator[Rasd]:
    home = make_home()
    made = Rasd(home, {"RASD_WORKERS": "1", "RASD_NAMES_ENGINE": "rules"})
    started = made("db", "start")
    assert started.returncode == 0, started.stderr
    yield made
    embedded.destroy(home)
    shutil.rmtree(home, ignore_errors=True)


def write(folder: Path, numbers: range) -> None:
    folder.mkdir(exist_ok=True)
    with (folder / "manifest.jsonl").open("a", encoding="utf-8") as manifest:
        for n in numbers:
            (folder / f"{n}.txt").write_text(f"{text(n)}\n{APPEAL}\n", encoding="utf-8")
            row = {"file": f"{n}.txt", "source": OUTLET, "published": "2024-02-03"}
            manifest.write(json.dumps(row) + "\n")


def ingest(rasd: Rasd, folder: Path) -> None:
    done = rasd("ingest", str(folder), "--direct")
    assert done.returncode == 0, done.stdout + done.stderr


def with_appeal(rasd: Rasd) -> int:
    """Current articles that say it."""
    return int(
        rasd.sql(f"SELECT count(*) FROM extraction WHERE is_current AND strpos(text, '{APPEAL}') > 0")[0][0]
    )


@pytest.mark.slow
def test_learned_by_one_run_and_applied_by_the_next(rasd: Rasd, tmp_path: Path) -> None:
    news = tmp_path / "news"
    write(news, range(20))
    ingest(rasd, news)
    assert with_appeal(rasd) == 20
    shown = rasd("sources", "show", OUTLET)
    assert shown.returncode == 0, shown.stderr
    (line,) = [line for line in shown.stdout.splitlines() if "learned" in line and "تطبيق" in line]
    assert line.split()[0] == "20" and "/news/" in line
    assert OUTLET in rasd("sources", "list").stdout

    write(news, range(20, 23))
    ingest(rasd, news)
    assert with_appeal(rasd) == 20, "new articles come without it, those that were there stay as they are"

    assert "unread" in rasd("sources", "relearn").stdout
    ingest(rasd, news)
    assert with_appeal(rasd) == 0

    assert "never" in rasd("sources", "forget", OUTLET, APPEAL).stdout
    write(news, range(23, 24))
    ingest(rasd, news)
    assert with_appeal(rasd) == 1
    assert "nothing changed" in rasd("sources", "forget", OUTLET, APPEAL).stdout

    unknown = rasd("sources", "show", "no-such-paper")
    assert unknown.returncode == 1 and "no source" in unknown.stderr
    done = rasd("refresh", "--spelling")
    assert done.returncode == 0 and "spelling_suggestion" in done.stdout, done.stderr
