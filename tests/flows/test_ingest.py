"""`rasd ingest` against a real Prefect server and the embedded database."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from db import embedded
from tests.db.servers import make_home, plain
from tests.flows.rasd import ROOT, SAMPLES, Rasd, table

ARTICLES = len(list(SAMPLES.glob("*.txt")))
# Tables whose rows must not change when nothing new came; without clock times.
CONTENT = (
    "SELECT 'extraction' AS what, count(*)::text, md5(string_agg(x.t, '' ORDER BY x.t)) FROM"
    " (SELECT e.title || e.text || e.pipeline_version_id AS t FROM extraction e) x"
    " UNION ALL SELECT 'mention', count(*)::text, md5(string_agg(surface || clean_start, '' ORDER BY"
    " extraction_id, n)) FROM mention"
    " UNION ALL SELECT 'event', count(*)::text, md5(string_agg(type || status, '' ORDER BY extraction_id, n))"
    " FROM event"
    " UNION ALL SELECT 'location_version', count(*)::text, '' FROM location_version"
    " UNION ALL SELECT 'entity', count(*)::text, '' FROM entity"
)


@pytest.fixture
def home() -> Iterator[Path]:
    folder = make_home()
    yield folder
    embedded.destroy(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def loaded() -> Iterator[tuple[Rasd, subprocess.CompletedProcess[str]]]:
    """A home into which the samples were loaded through Prefect, its database kept running."""
    folder = make_home()
    rasd = Rasd(folder, {})
    started = rasd("db", "start")
    assert started.returncode == 0, started.stderr
    yield rasd, rasd("ingest", str(SAMPLES))
    embedded.destroy(folder)
    shutil.rmtree(folder, ignore_errors=True)


def test_the_samples_are_loaded(loaded: tuple[Rasd, subprocess.CompletedProcess[str]]) -> None:
    rasd, first = loaded
    assert first.returncode == 0, first.stdout + first.stderr
    summary = table(first.stdout)
    assert summary["files seen"] == summary["loaded"] == summary["articles"] == str(ARTICLES)
    assert summary["rejected"] == "0"
    assert rasd.sql("SELECT count(*) FROM report.article") == [[str(ARTICLES)]]
    assert int(rasd.sql("SELECT count(*) FROM report.event_report")[0][0]) > 0
    assert rasd.sql("SELECT state, kind FROM run") == [["completed", "ingest"]]


def test_prefect_saw_the_run_and_its_report(loaded: tuple[Rasd, subprocess.CompletedProcess[str]]) -> None:
    rasd, _ = loaded
    code = """
import asyncio
from flows.settings import configure_prefect, settings, use_prefect_database
from flows.connection import prefect_database_url
configure_prefect(settings())
use_prefect_database(prefect_database_url(settings()))
from prefect.client.orchestration import get_client
async def look():
    async with get_client() as client:
        flows = await client.read_flow_runs()
        tasks = await client.read_task_runs()
        artifacts = [a for a in await client.read_artifacts() if a.key == "ingest"]
        print(sorted((f.state_name) for f in flows))
        print(sorted({t.state_name for t in tasks}), len(tasks))
        print(artifacts[0].data)
asyncio.run(look())
"""
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=rasd.env(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert set(lines[0].strip("[]").replace("'", "").split(", ")) == {"Completed"}
    assert lines[1].startswith("['Completed']")
    assert f"| seen | {ARTICLES} |" in result.stdout


def test_a_second_run_loads_nothing_and_says_so(
    loaded: tuple[Rasd, subprocess.CompletedProcess[str]],
) -> None:
    rasd, _ = loaded
    before = rasd.sql(CONTENT)
    again = rasd("ingest", str(SAMPLES))
    assert again.returncode == 0, again.stdout + again.stderr
    summary = table(again.stdout)
    assert summary["already known"] == str(ARTICLES)
    assert summary["loaded"] == "0"
    assert rasd.sql(CONTENT) == before


def test_report_shows_readable_arabic(loaded: tuple[Rasd, subprocess.CompletedProcess[str]]) -> None:
    rasd, _ = loaded
    shown = rasd("report", "-n", "3")
    assert shown.returncode == 0, shown.stderr
    assert "newest articles" in shown.stdout
    top = rasd.sql(
        "SELECT name FROM report.entity WHERE kind = 'PERSON'"
        ' ORDER BY articles DESC, mentions DESC, name COLLATE "C" LIMIT 1'
    )
    assert top[0][0] in shown.stdout


def test_who_met_whom_in_rabat_in_december_2023(
    loaded: tuple[Rasd, subprocess.CompletedProcess[str]],
) -> None:
    rasd, _ = loaded
    rows = rasd.sql(
        "SELECT array_to_string(actors, '+'), array_to_string(recipients, '+'), place, sentence"
        " FROM report.event_report WHERE type = 'CONSULT' AND place = 'الرباط'"
        " AND date_from <= '2023-12-31' AND date_to >= '2023-12-01'"
    )
    assert rows
    assert any("فاندرلين" in row[0] and "الزاكوري" in row[1] for row in rows)


def test_direct_gives_the_same_rows(
    loaded: tuple[Rasd, subprocess.CompletedProcess[str]], home: Path
) -> None:
    rasd, _ = loaded
    direct = Rasd(home, {})
    assert direct("db", "start").returncode == 0
    result = direct("ingest", "--direct", str(SAMPLES))
    assert result.returncode == 0, result.stderr
    query = (
        "SELECT m.surface, m.raw_start, e.kind, e.name FROM mention m"
        " JOIN article_entity e ON e.extraction_id = m.extraction_id AND e.n = m.entity_n"
        ' ORDER BY m.surface COLLATE "C", m.raw_start, e.kind, e.name COLLATE "C"'
    )
    assert direct.sql(query) == rasd.sql(query)
    query = (
        'SELECT type, status, sentence FROM report.event_report ORDER BY type, status, sentence COLLATE "C"'
    )
    assert direct.sql(query) == rasd.sql(query)


def test_a_changed_file_and_a_copy(home: Path, tmp_path: Path) -> None:
    rasd = Rasd(home, {})
    assert rasd("db", "start").returncode == 0
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    article = inbox / "a.txt"
    shutil.copy(SAMPLES / "ma-security-meeting.txt", article)
    assert rasd("ingest", "--direct", str(inbox)).returncode == 0
    shutil.copy(article, inbox / "b.txt")
    result = rasd("ingest", "--direct", str(inbox))
    assert table(result.stdout)["loaded"] == "0", "the same bytes under another name are no new article"
    assert rasd.sql("SELECT copies FROM report.article") == [["2"]]
    article.write_text(
        article.read_text(encoding="utf-8") + "\nوأضاف البلاغ تفاصيل أخرى.\n", encoding="utf-8"
    )
    result = rasd("ingest", "--direct", str(inbox))
    assert table(result.stdout)["loaded"] == "1"
    assert rasd.sql(
        "SELECT l.uri ~ 'a.txt$', v.ordinal FROM location_version v JOIN location l ON l.id = v.location_id"
        " ORDER BY 1, 2"
    ) == [["f", "1"], ["t", "1"], ["t", "2"]]


def test_bad_input_is_rejected_and_the_rest_is_loaded(home: Path, tmp_path: Path) -> None:
    rasd = Rasd(home, {})
    assert rasd("db", "start").returncode == 0
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    shutil.copy(SAMPLES / "ma-security-meeting.txt", inbox / "good.txt")
    (inbox / "empty.txt").write_bytes(b"")
    (inbox / "random.txt").write_bytes(os.urandom(1_000_000))
    text = "استقبل الوزير سامي الراجحي السفير في الرباط.".encode()
    (inbox / "nul.txt").write_bytes(text + b"\0 \xed\xa0\x80 " + text)
    with (inbox / "huge.txt").open("wb") as file:
        for _ in range(50):
            file.write("كلمة وأخرى ".encode() * 50_000)
    (inbox / "folder.txt").mkdir()
    (inbox / "dangling.txt").symlink_to(tmp_path / "nowhere.txt")
    (inbox / "english.txt").write_text(
        "The minister met the ambassador in Rabat on Thursday.\n\nThey talked about trade and transport.\n"
        * 5
    )
    os.mkfifo(inbox / "pipe.txt")
    unreadable = inbox / "unreadable.txt"
    unreadable.write_bytes(text)
    unreadable.chmod(0)
    result = rasd("ingest", "--direct", str(inbox))
    assert result.returncode == 3, result.stdout + result.stderr
    rejected = {
        Path(uri).name: (stage, cause, message)
        for uri, stage, cause, message in rasd.sql("SELECT uri, stage, cause, message FROM rejection")
    }
    expected = {"empty.txt", "random.txt", "huge.txt", "dangling.txt", "pipe.txt", "folder.txt"}
    if os.geteuid() != 0:  # root reads everything
        expected.add("unreadable.txt")
    assert expected <= set(rejected)
    assert all(stage and cause and message for stage, cause, message in rejected.values())
    assert rejected["huge.txt"][1] == "too_large"
    languages = {
        Path(uri).name: language for uri, language in rasd.sql("SELECT uri, language FROM report.article")
    }
    assert languages["good.txt"] == languages["nul.txt"] == "ar"
    assert languages["english.txt"] == "en"
    assert rasd.sql("SELECT count(*) FROM report.mention m WHERE uri LIKE '%english.txt'") == [["0"]]
    assert "empty.txt" in result.stdout
    # what failed is tried again, what was loaded is known
    again = rasd("ingest", "--direct", str(inbox))
    assert again.returncode == 3
    assert table(again.stdout)["loaded"] == "0"
    assert {row[0] for row in rasd.sql("SELECT attempts FROM rejection")} == {"2"}


def start_slowly(rasd: Rasd) -> subprocess.Popen[str]:
    """A direct run over the samples in small batches."""
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "ingest", "--direct", str(SAMPLES)],
        env=rasd.env(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_interrupts,  # noqa: PLW1509 - runs before any thread of the child
    )


def _heed_interrupts() -> None:
    """A shell's background jobs, and so tests that run in one, inherit that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for_the_first_rows(server: embedded.Server, process: subprocess.Popen[str]) -> int:
    """Articles that are there as soon as there are any."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        with suppress(psycopg.errors.UndefinedTable), psycopg.connect(plain(server.url)) as connection:
            row = connection.execute("SELECT count(*) FROM extraction").fetchone()
            if row is not None and row[0]:
                return int(row[0])
        time.sleep(0.01)
    raise AssertionError("nothing was loaded")


def test_a_killed_run_is_made_up_for_by_the_next(home: Path) -> None:
    rasd = Rasd(home, {"RASD_BATCH_FILES": "1", "RASD_WORKERS": "1"})
    with embedded.running(home) as server:
        process = start_slowly(rasd)
        assert wait_for_the_first_rows(server, process) < ARTICLES
        process.send_signal(signal.SIGKILL)
        process.communicate()
        result = rasd("ingest", "--direct", str(SAMPLES))
        assert result.returncode == 0, result.stderr
        assert 0 < int(table(result.stdout)["already known"]) < ARTICLES
        assert rasd.sql("SELECT count(*) FROM report.article") == [[str(ARTICLES)]]
        assert rasd.sql("SELECT count(*) FROM extraction") == [[str(ARTICLES)]]
        assert rasd.sql("SELECT state FROM run ORDER BY id") == [["crashed"], ["completed"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_ends(home: Path, number: signal.Signals) -> None:
    rasd = Rasd(home, {"RASD_BATCH_FILES": "1", "RASD_WORKERS": "1"})
    with embedded.running(home) as server:
        process = start_slowly(rasd)
        wait_for_the_first_rows(server, process)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in errors
        assert "the next run goes on from there" in errors
        assert rasd.sql("SELECT state FROM run") == [["cancelled"]]


def test_two_runs_at_once_load_everything_once(home: Path) -> None:
    rasd = Rasd(home, {"RASD_BATCH_FILES": "3"})
    with embedded.running(home):
        runs = [start_slowly(rasd), start_slowly(rasd)]
        outputs = [run.communicate(timeout=170) for run in runs]
        assert [run.returncode for run in runs] == [0, 0], outputs
        assert sum(int(table(out)["loaded"]) for out, _ in outputs) == ARTICLES
        assert rasd.sql("SELECT count(*) FROM extraction") == [[str(ARTICLES)]]
        assert rasd.sql("SELECT count(*) FROM location") == [[str(ARTICLES)]]


def test_extract_ends_with_the_pipe() -> None:
    command = f"{sys.executable} -m flows.cli extract {SAMPLES} --engine rules | head -c 10"
    result = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert result.stdout.startswith('{"id":')
    assert not result.stderr


def test_a_prefect_server_that_is_not_there_is_named(home: Path) -> None:
    rasd = Rasd(home, {"PREFECT_API_URL": "http://127.0.0.1:9/api"})
    result = rasd("ingest", str(SAMPLES))
    assert result.returncode == 1
    assert "http://127.0.0.1:9/api" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_a_person_did_wrong_ends_as_one_line(home: Path, tmp_path: Path) -> None:
    rasd = Rasd(home, {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"})
    result = rasd("report")
    assert result.returncode == 1
    assert result.stderr.startswith("rasd: ")
    assert len(result.stderr.strip().splitlines()) == 1
    missing = Rasd(home, {})("extract", str(tmp_path / "missing.txt"))
    assert missing.returncode == 1
    assert "missing.txt" in missing.stderr
