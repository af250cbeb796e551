"""Runs by source, expectations, figures, and the endpoint that shows them."""

from __future__ import annotations

import http.client
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.operations import SourceCounts, figures, last_runs, last_started, live_flow_runs
from db.runs import finish_run, start_run
from flows.errors import UserError
from flows.expectations import judge
from flows.metrics import collecting, endpoint, notification, waiting
from flows.settings import Inbox
from tests.db.servers import plain, wait_until

USUAL = SourceCounts("cnn-arabic", 100, 95, 100, 100, 1000, 200, 1.0)


def run_of(engine: Engine, counts: SourceCounts, served: str | None = None) -> list[str]:
    with engine.connect() as connection:
        run_id = start_run(connection, "ingest", {"inbox": "cnn"})
        missed = judge(connection, run_id, [counts] if counts.articles else [], served)
        finish_run(connection, run_id, "completed", {"loaded": counts.articles, "known": 3, "seconds": 2.0})
    return [miss.expectation for miss in missed]


def test_a_source_is_compared_with_its_file_and_its_history(database: Engine) -> None:
    for _ in range(5):
        assert run_of(database, USUAL) == []
    assert run_of(database, USUAL._replace(dated=50, names=100)) == ["minimum_dated_share", "usual_names"]
    with database.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT source, expectation, expected, observed FROM expectation_miss ORDER BY 2")
        ).all()
        assert [tuple(row) for row in rows] == [
            ("cnn-arabic", "minimum_dated_share", pytest.approx(0.9), 0.5),
            ("cnn-arabic", "usual_names", 10.0, 1.0),
        ]
        assert last_runs(connection, 1)[0].misses == 2


def test_runs_that_live_and_runs_that_are_gone(database: Engine) -> None:
    with database.connect() as living, database.connect() as other:
        start_run(living, "ingest", {"flow_run": "alive"})
        gone = database.connect()
        start_run(gone, "ingest", {"flow_run": "dead"})
        gone.invalidate()
        gone.close()
        # the server takes a moment to notice that the session is gone
        assert wait_until(lambda: live_flow_runs(other) == {"alive"})
        assert {run.state for run in last_runs(other)} == {"running", "crashed"}


def test_figures(database: Engine, database_url: str, tmp_path: Path) -> None:
    run_of(database, USUAL)
    run_of(database, USUAL._replace(articles=0, dated=0, titled=0, arabic=0))
    with psycopg.connect(plain(database_url)) as connection:
        connection.execute(
            "INSERT INTO rejection (uri, stage, cause, message) VALUES ('a', 'read', 'empty', 'x'),"
            " ('b', 'read', 'empty', 'x')"
        )
    (tmp_path / "new.txt").write_text("x")
    inbox = Inbox(path=str(tmp_path), name="cnn", interval=60)
    os.utime(tmp_path / "new.txt", (2e9, 2e9))
    with database.connect() as connection:
        found = figures(connection)
        assert found["files"] == {"loaded": 100, "known": 6, "rejected": 0}
        assert set(last_started(connection)) == {"cnn"}
    with collecting(database_url, [inbox]) as text:
        lines = text().decode().splitlines()
    assert 'rasd_runs_total{kind="ingest",state="completed"} 2.0' in lines
    assert 'rasd_files_total{outcome="loaded"} 100.0' in lines
    assert 'rasd_last_run_articles_per_second{inbox="cnn",kind="ingest"} 50.0' in lines
    assert 'rasd_rejections_open{cause="empty",stage="read"} 2.0' in lines
    assert 'rasd_backlog_files{inbox="cnn"} 1.0' in lines
    assert "rasd_database_up 1.0" in lines


def test_figures_of_a_database_that_is_gone() -> None:
    with collecting("postgresql://nobody@127.0.0.1:9/none") as text:
        lines = [line for line in text().decode().splitlines() if not line.startswith("#")]
    assert lines == ["rasd_database_up 0.0"]


def test_what_waits_in_an_inbox(tmp_path: Path) -> None:
    inbox = Inbox(path=str(tmp_path), interval=1)
    (tmp_path / "deep").mkdir()
    for name in ("a.txt", "deep/b.txt", ".hidden.txt", "a.meta.json", "c.pdf"):
        (tmp_path / name).write_text("x")
    now = datetime.now(UTC)
    os.utime(tmp_path / "a.txt", (now.timestamp() - 3600, now.timestamp() - 3600))
    assert waiting(inbox, None) == (2, True)
    assert waiting(inbox, now - timedelta(minutes=30)) == (1, True)
    assert waiting(inbox, None, limit=-1.0) == (0, False)
    assert waiting(Inbox(path="s3://bucket/in", interval=1), None) == (0, False)


def test_the_endpoint(tmp_path: Path) -> None:
    notes = tmp_path / "notifications.jsonl"
    with endpoint("127.0.0.1", 0, lambda: b"rasd_x 1\n", notes) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

        def ask(method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()

        assert ask("GET", "/metrics") == (200, b"rasd_x 1\n")
        assert ask("GET", "/health")[0] == 200
        assert ask("GET", "/etc/passwd")[0] == 404
        assert ask("POST", "/notify", b'{"what": "run failed", "message": "two\nlines"}')[0] == 204
        assert ask("POST", "/elsewhere", b"x")[0] == 400
        assert ask("POST", "/notify", b"x" * 100_000)[0] == 400
        connection.close()
        with pytest.raises(UserError, match="RASD_METRICS_PORT"), endpoint("127.0.0.1", port, bytes, notes):
            pass
    (line,) = notes.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["what"] == "run failed"
    assert notification("نص".encode())["message"] == "نص"
