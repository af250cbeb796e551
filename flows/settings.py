"""The only reader of the environment.

Every setting has a name ``RASD_<NAME>`` in the environment or in a ``.env`` file of the working directory;
``DATABASE_URL`` names the database as it does elsewhere.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.errors import UserError


class Settings(BaseSettings):
    """Effective settings; fields carry their meaning and unit."""

    model_config = SettingsConfigDict(
        env_prefix="RASD_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("rasd", appauthor=False)),
        description="folder of everything Rasd keeps: the embedded database, Prefect's files, logs",
    )
    database_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("DATABASE_URL", "RASD_DATABASE_URL"),
        description="a PostgreSQL server of your own; without it the embedded one is used",
    )
    names_engine: str = Field(
        default="fast",
        pattern=r"^(accurate|fast|rules|transformers:.+)$",
        description="names engine: accurate, fast, rules, or transformers:/path/or/name",
    )
    workers: int = Field(
        default_factory=lambda: max(
            1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
        ),
        ge=1,
        le=256,
        description="worker processes for reading, cleaning and extraction",
    )
    batch_files: int = Field(default=256, ge=1, le=10_000, description="files a batch at most")
    batch_bytes: int = Field(
        default=4_000_000, ge=1, description="bytes a batch at most (one file may exceed it)"
    )
    max_file_bytes: int = Field(
        default=20_000_000, ge=1, description="larger files are rejected as too_large"
    )
    file_seconds: float = Field(
        default=60.0, gt=0, description="a file that keeps a worker longer than this is rejected as timed_out"
    )
    settle_seconds: float = Field(
        default=0.0, ge=0, description="files modified within the last N seconds are left for the next run"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="level of Prefect's own log lines on the terminal"
    )

    def changed(self, **changes: object) -> Settings:
        """A copy with the changes that are not None, validated like the rest."""
        values = self.model_dump() | {name: value for name, value in changes.items() if value is not None}
        return Settings.model_validate(values)

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @property
    def prefect_home(self) -> Path:
        return self.home / "prefect"


@cache
def settings() -> Settings:
    """The settings of this process, read once.  Raises pydantic.ValidationError naming the bad variable."""
    return Settings()


def configure_prefect(chosen: Settings) -> None:
    """Prepare the environment that Prefect reads on its first import; what the user set already stays.

    Must run before ``import prefect``: the library reads its settings while it is imported.
    Raises UserError when the home folder cannot be written.
    """
    try:
        chosen.prefect_home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {chosen.prefect_home}: {error.strerror}") from error
    defaults = {
        "PREFECT_HOME": str(chosen.prefect_home),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # A fresh server migrates its own database first: 17 s were seen, more under load; the default is 20.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_LOGGING_LEVEL": chosen.log_level,
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def prefect_is_configured() -> bool:
    """Whether the user named a Prefect server, or a database for one."""
    database = ("PREFECT_API_DATABASE_CONNECTION_URL", "PREFECT_SERVER_DATABASE_CONNECTION_URL")
    return any(os.environ.get(name) for name in ("PREFECT_API_URL", *database))


def use_prefect_database(url: str) -> None:
    """Let the ephemeral Prefect server of this process keep its state there; before ``import prefect``."""
    os.environ["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = url


def worker_environment() -> None:
    """Keep numeric libraries in worker processes to one thread each; there is one process a core."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
