"""Run the `rasd` command as a user would, with a folder of its own for everything it keeps."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "tests" / "samples"


@dataclass(frozen=True)
class Rasd:
    """`rasd` with RASD_HOME in ``home``; the quick engine unless ``environment`` names another."""

    home: Path
    environment: dict[str, str]

    def env(self) -> dict[str, str]:
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("RASD_", "PREFECT_", "DATABASE_URL"))
        }
        usual = {"RASD_HOME": str(self.home), "RASD_NAMES_ENGINE": "fast", "COLUMNS": "160"}
        return {**inherited, **usual, **self.environment}

    def __call__(
        self, *arguments: str, timeout: float = 180, cwd: Path = ROOT
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flows.cli", *arguments],
            env=self.env(),
            cwd=cwd,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )

    def sql(self, query: str) -> list[list[str]]:
        """Rows of one SELECT through `rasd db shell`."""
        result = self("db", "shell", "-c", f"COPY ({query}) TO STDOUT (FORMAT csv, DELIMITER E'\\t')")
        assert result.returncode == 0, result.stderr
        return [line.split("\t") for line in result.stdout.splitlines()]


def table(output: str) -> dict[str, str]:
    """The two-column summary that `rasd ingest` prints, as a dict."""
    rows = {}
    for line in output.splitlines():
        name, _, value = line.strip().rpartition("  ")
        if name.strip() and value.strip():
            rows[name.strip()] = value.strip()
    return rows
