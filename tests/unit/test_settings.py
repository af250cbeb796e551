"""Settings: which source wins, what is told of them, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.errors import UserError
from flows.settings import Inbox, Settings, explain, masked, origins, shown


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No setting from outside; the working directory and RASD_HOME are empty folders."""
    import os

    for name in list(os.environ):
        if name.startswith("RASD_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    here, home = tmp_path / "here", tmp_path / "home"
    here.mkdir()
    home.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("RASD_HOME", str(home))
    return tmp_path


def test_what_stands_first_wins(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "home" / "rasd.toml").write_text(
        'workers = 3\nbatch_files = 10\nsettle_seconds = 5\nlog_level = "INFO"\n'
    )
    (bare / "here" / "rasd.toml").write_text('workers = 4\nbatch_files = 20\nlog_level = "ERROR"\n')
    (bare / "here" / ".env").write_text("RASD_WORKERS=5\nRASD_BATCH_FILES=30\nUNRELATED=1\n")
    monkeypatch.setenv("RASD_WORKERS", "6")
    found = Settings()
    assert (found.workers, found.batch_files, found.log_level, found.settle_seconds) == (6, 30, "ERROR", 5)
    assert found.changed(workers=7, batch_files=None).workers == 7
    origin = origins(found)
    assert origin["workers"] == "environment"
    assert origin["batch_files"] == ".env"
    assert origin["log_level"] == str(bare / "here" / "rasd.toml")
    assert origin["settle_seconds"] == str(bare / "home" / "rasd.toml")
    assert origin["timezone"] == "default"


def test_the_database_of_a_toml_file_survives_changes(bare: Path) -> None:
    (bare / "here" / "rasd.toml").write_text('database_url = "postgresql://me:secret@db/news"\n')
    found = Settings().changed(workers=2)
    assert found.database_url == "postgresql://me:secret@db/news"
    assert origins(found)["database_url"].endswith("rasd.toml")
    assert "secret" not in shown(found.database_url)


def test_home_may_be_named_by_the_working_directory(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RASD_HOME")
    (bare / "here" / "rasd.toml").write_text(f'home = "{bare / "home"}"\n')
    (bare / "home" / "rasd.toml").write_text("workers = 9\n")
    assert Settings().workers == 9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wrokers = 3", "wrokers"),
        ("workers = ", "rasd.toml"),
        ("workers = 0", "RASD_WORKERS: Input should be greater"),
        ('timezone = "Mars/Olympus"', "RASD_TIMEZONE: 'Mars/Olympus' is no IANA time zone"),
        ('[[inbox]]\npath = "/in"', "give either cron or interval"),
        ('[[inbox]]\npath = "/in"\ncron = "0 0 * * * *"', "five fields"),
        ('[[inbox]]\npath = "/in"\ninterval = 5\nafterload = "keep"', "[[inbox]] number 1: afterload"),
        ('[[inbox]]\npath = "s3://b/in"\ninterval = 5\nafter_load = "delete"', "local files only"),
        ('[[inbox]]\npath = "/in"\ninterval = 5\nafter_load = "archive"', "archive"),
        (
            '[[inbox]]\npath = "/in"\ninterval = 5\nafter_load = "archive"\narchive = "/in/old"',
            "inside the inbox",
        ),
        (
            '[[inbox]]\npath = "/a/in"\ninterval = 5\n[[inbox]]\npath = "/b/in"\ninterval = 5',
            "two inboxes are called 'in'",
        ),
    ],
)
def test_errors_name_the_setting(bare: Path, text: str, said: str) -> None:
    (bare / "here" / "rasd.toml").write_text(text)
    with pytest.raises((UserError, ValidationError)) as caught:
        Settings()
    error = caught.value
    words = str(error) if isinstance(error, UserError) else "; ".join(map(explain, error.errors()))
    assert said in words


def test_inboxes_from_json_and_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "RASD_INBOX",
        '[{"path": "in/Okaz News/", "interval": 60}, {"path": "s3://b/x/*.txt", "cron": "0 * * * *",'
        ' "source": "Hespress"}]',
    )
    first, second = Settings().inbox
    assert (first.label, second.label) == ("okaz-news", "hespress")
    assert first.location == str(Path("in/Okaz News").absolute())
    assert second.location == "s3://b/x/*.txt"
    assert Inbox(path="in", interval=1, name="mine").label == "mine"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (
            "postgresql://me:pw@host:5433/db?sslmode=require",
            "postgresql://me:***@host:5433/db?sslmode=require",
        ),
        ("postgresql://me@host/db?password=pw", "postgresql://me@host/db?password=***"),
        ("https://hooks.example.org/services/T0/B0/pw", "https://hooks.example.org/***"),
        ("https://user:pw@example.org/x", "https://example.org/***"),
        ("fast", "fast"),
    ],
)
def test_secrets_are_masked(url: str, kept: str) -> None:
    assert masked(url) == kept
