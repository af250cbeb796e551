"""A password is seen nowhere: not in output, logs, errors, artifacts, process lists or readable files."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import embedded
from tests.db.servers import make_home
from tests.flows.rasd import ROOT, SAMPLES, Rasd

WORD = "Geheim-7f3a"
HOOK = f"https://hooks.example/services/{WORD}?token={WORD}"


@pytest.fixture
def home() -> Iterator[Path]:
    folder = make_home()
    yield folder
    embedded.destroy(folder)
    shutil.rmtree(folder, ignore_errors=True)


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://me:{WORD}@127.0.0.1:9/news",
        f"postgresql://me@127.0.0.1:9/news?password={WORD}",
        f"mysql://me:{WORD}@127.0.0.1/news",
        f"postgresql://me:{WORD}@127.0.0.1:port/news",
        f"postgresql://me:{WORD}@[broken/news",
    ],
)
def test_an_address_that_does_not_work(home: Path, address: str) -> None:
    rasd = Rasd(home, {"DATABASE_URL": address, "RASD_NOTIFY_URL": HOOK})
    for words in (["config"], ["report"]):
        done = rasd(*words)
        assert WORD not in said(done), words
        assert "Traceback" not in done.stderr


def test_settings_that_are_wrong(home: Path) -> None:
    secrets = {"DATABASE_URL": f"postgresql://me:{WORD}@h/x", "RASD_NOTIFY_URL": HOOK}
    done = Rasd(home, {**secrets, "RASD_WORKERS": "none", "RASD_PREFECT_DATABASE_URL": f"x://u:{WORD}@h/x"})(
        "report"
    )
    assert done.returncode == 1
    assert "RASD_WORKERS" in done.stderr
    assert WORD not in said(done)


def test_addresses_of_articles_carry_no_passwords(home: Path) -> None:
    """They would be kept with every article, and shown."""
    done = Rasd(home, {})("ingest", "--direct", f"https://me:{WORD}@news.example/a.txt")
    assert done.returncode == 1
    assert "password" in done.stderr
    assert WORD not in said(done)
    assert not (home / "postgres" / "data").exists(), "refused before anything was done"


@pytest.mark.slow
def test_runs_with_and_without_prefect(server: embedded.Server, database_url: str, home: Path) -> None:
    """Every line of output, every command line of the machine, and every file of RASD_HOME."""
    secret = server.password
    rasd = Rasd(
        home,
        {
            "DATABASE_URL": database_url.replace("postgresql+psycopg", "postgresql"),
            "RASD_NOTIFY_URL": HOOK,
            "RASD_LOG_FORMAT": "json",
            "RASD_LOG_LEVEL": "DEBUG",
            "RASD_NAMES_ENGINE": "rules",
        },
    )
    commands = (
        ["ingest", str(SAMPLES / "economy-bank.txt")],
        ["ingest", "--direct", str(SAMPLES)],
        ["backfill", "--dry-run"],
        ["refresh"],
        ["status"],
        ["config"],
        ["db", "status"],
        ["report"],
        ["rejections"],
        ["db", "shell", "-c", "SELECT 1 FROM nowhere"],
    )
    for words in commands:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", *words],
            env=rasd.env(),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while process.poll() is None:
            assert secret not in command_lines(), words
            assert WORD not in command_lines(), words
            time.sleep(0.05)
        output, _ = process.communicate()
        assert secret not in output and WORD not in output, words
    for path in home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert secret.encode() not in data and WORD.encode() not in data, path


def command_lines() -> str:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208
        try:
            found.append(Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
    return "\n".join(found)


def test_the_embedded_server_is_its_owner_s(server: embedded.Server) -> None:
    """Sockets and files closed to others; every way in asks for the password; nothing beyond this machine."""
    import psycopg

    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    control = server.data.parent
    for name in ("password", "state.json"):
        for path in control.rglob(name):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(server.log.stat().st_mode) == 0o600
    rules = [
        line.split()
        for line in (server.data / "pg_hba.conf").read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    assert rules
    assert {rule[-1] for rule in rules} == {"scram-sha-256"}
    for options in ({"host": str(server.socket)}, {"host": "127.0.0.1"}):
        with pytest.raises(psycopg.OperationalError, match=r"password|authentication"):
            psycopg.connect(**options, port=server.port, user="rasd", dbname="rasd", password="guess")
    with psycopg.connect(server.url.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT current_setting('listen_addresses')").fetchone()
    assert row == ("127.0.0.1",)
    assert server.password not in repr(server)
    assert server.password not in command_lines()
