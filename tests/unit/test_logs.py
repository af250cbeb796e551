"""Log lines of runs, as Prefect is told to write them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.rasd import ROOT

CODE = """
import sys
from flows.settings import configure_prefect, settings
configure_prefect(settings(), served=sys.argv[1] == "served")
import logging
import prefect.main
run = {"flow_run_name": "desk until noon", "flow_run_id": "7", "rasd": {"loaded": 3}}
logging.getLogger("prefect.flow_runs").info("وصل 3", extra=run)
logging.getLogger("prefect.flow_runs").warning("one was refused", extra=run)
logging.getLogger("rasd.resolve").warning("seen")
"""


def lines(home: Path, how: str, log_format: str) -> list[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "RASD_"))}
    done = subprocess.run(
        [sys.executable, "-c", CODE, how],
        env={**inherited, "RASD_HOME": str(home), "RASD_LOG_FORMAT": log_format, "NO_COLOR": "1"}
        | {"PREFECT_LOGGING_TO_API_ENABLED": "false"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return done.stderr.splitlines()


def test_one_object_a_line(tmp_path: Path) -> None:
    first, second, third = map(json.loads, lines(tmp_path, "served", "json"))
    assert (first["level"], first["message"], first["rasd"]) == ("INFO", "وصل 3", {"loaded": 3})
    assert (first["flow_run_name"], first["flow_run_id"]) == ("desk until noon", "7")
    assert second["level"] == "WARNING"
    assert third["logger"] == "rasd.resolve"


@pytest.mark.parametrize(("how", "said"), [("served", 3), ("terminal", 2)])
def test_a_log_says_more_than_a_terminal(tmp_path: Path, how: str, said: int) -> None:
    found = lines(tmp_path, how, "text")
    assert len(found) == said
    assert "Flow run 'desk until noon' - one was refused" in found[-2]
