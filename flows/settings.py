"""The only reader of the environment.

Every setting has a name ``RASD_<NAME>`` in the environment or in a ``.env`` file of the working directory,
and the same name in lower case without the prefix in ``rasd.toml``; ``DATABASE_URL`` names the database as it
does elsewhere.  What stands first wins: command line, environment, ``.env``, ``rasd.toml`` of the working
directory, ``rasd.toml`` of RASD_HOME, defaults.
"""

from __future__ import annotations

import os
import re
import tomllib
import zoneinfo
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import platformdirs
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from flows.errors import UserError

TOML = "rasd.toml"
ENGINE = r"^(accurate|fast|rules|transformers:.+)$"
_URL = re.compile(r"\A[a-zA-Z][a-zA-Z0-9+.-]+://")


class Inbox(BaseModel):
    """A place where articles arrive, loaded on a schedule by `rasd up`: one table ``[[inbox]]`` each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1, description="folder, glob, archive or fsspec URL")
    name: str = Field(
        default="",
        description="name of the deployment; the source or the last part of the path by default",
    )
    source: str | None = Field(
        default=None, min_length=1, description="outlet of the files that do not say theirs"
    )
    cron: str | None = Field(default=None, description="when to run, five fields of cron in `timezone`")
    interval: float | None = Field(default=None, ge=1, description="run every N seconds, instead of cron")
    settle_seconds: float | None = Field(
        default=None, ge=0, description="leave files modified within the last N seconds for the next run"
    )
    names_engine: str | None = Field(default=None, pattern=ENGINE, description="names engine of this inbox")
    after_load: Literal["keep", "archive", "delete"] = Field(
        default="keep", description="what happens to local files whose rows are committed"
    )
    archive: Path | None = Field(
        default=None, description="folder that after_load = archive moves files to, outside the inbox"
    )

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        # Prefect takes it for the keys of artifacts
        if name and not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
            raise ValueError(f"{name!r}: a name has small Latin letters, digits and hyphens")
        return name

    @field_validator("cron")
    @classmethod
    def _five_fields(cls, cron: str | None) -> str | None:
        if cron is not None and len(cron.split()) != 5:
            raise ValueError("a cron expression has five fields: minute hour day month weekday")
        return cron

    @model_validator(mode="after")
    def _whole(self) -> Inbox:
        if (self.cron is None) == (self.interval is None):
            raise ValueError("give either cron or interval")
        if self.after_load != "keep" and _URL.match(self.path):
            raise ValueError("after_load moves and deletes local files only")
        if (self.after_load == "archive") != (self.archive is not None):
            raise ValueError("after_load = archive and the folder archive go together")
        if self.archive is not None:
            inbox = Path(self.path).expanduser().absolute()
            if self.archive.expanduser().absolute().is_relative_to(inbox):
                raise ValueError("the archive folder lies inside the inbox, so its files would be read again")
        return self

    @property
    def label(self) -> str:
        """Its name, the same in every run."""
        if self.name:
            return self.name
        last = self.source or self.path.rstrip("/*").rsplit("/", 1)[-1].removesuffix(".txt")
        return re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-") or "inbox"

    @property
    def location(self) -> str:
        """Its path, absolute where it is local: the deployment runs elsewhere."""
        return self.path if _URL.match(self.path) else str(Path(self.path).expanduser().absolute())


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
        default="accurate",
        pattern=ENGINE,
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
    recheck_runs: int = Field(
        default=50,
        ge=0,
        description="a file that looks unchanged is read all the same once in N runs; 0: never",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING",
        description="level of Prefect's own log lines on the terminal; logs of served runs begin at INFO",
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="log lines of `rasd up`, `rasd serve` and of runs: text or one JSON object",
    )
    prefect_port: int = Field(
        default=4200, ge=1, le=65_535, description="port on 127.0.0.1 of the Prefect server of `rasd up`"
    )
    prefect_database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL database for Prefect's own state, where DATABASE_URL is a server of yours;"
        " SQLite in RASD_HOME otherwise",
    )
    metrics_host: str = Field(default="127.0.0.1", description="address that the metrics endpoint listens on")
    metrics_port: int = Field(
        default=9464, ge=0, le=65_535, description="port of the metrics endpoint of `rasd up`; 0 for none"
    )
    timezone: str = Field(default="UTC", description="IANA time zone of the schedules")
    refresh_cron: str = Field(
        default="30 3 * * *", description="when the nightly refresh runs; empty for never"
    )
    run_seconds: float = Field(
        default=21_600.0, gt=0, description="a scheduled run that takes longer is stopped as timed out"
    )
    notify_url: SecretStr | None = Field(
        default=None,
        description="webhook that is told of failed runs and missed expectations (a POST with JSON);"
        " by default a line in RASD_HOME/logs/notifications.jsonl",
    )
    inbox: tuple[Inbox, ...] = Field(
        default=(), description="inboxes with their schedules: tables [[inbox]] of rasd.toml, or JSON"
    )

    def changed(self, **changes: object) -> Settings:
        """A copy with the changes that are not None, validated like the rest."""
        values = self.model_dump() | {name: value for name, value in changes.items() if value is not None}
        return Settings.model_validate(values)

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is no IANA time zone such as Africa/Tunis") from error
        return name

    @field_validator("inbox")
    @classmethod
    def _names_differ(cls, inboxes: tuple[Inbox, ...]) -> tuple[Inbox, ...]:
        labels = [inbox.label for inbox in inboxes]
        for label in labels:
            if labels.count(label) > 1:
                raise ValueError(f"two inboxes are called {label!r}: give them names")
        return inboxes

    @property
    def prefect_home(self) -> Path:
        return self.home / "prefect"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = (_toml_source(settings_cls, path) for path in _toml_files(env_settings, dotenv_settings))
        return (init_settings, env_settings, dotenv_settings, *toml)


def _toml_source(settings_cls: type[BaseSettings], path: Path) -> InitSettingsSource:
    """One rasd.toml.  Raises UserError for a file that is no TOML or has keys that mean nothing."""
    values = _toml(path)
    if unknown := sorted(values.keys() - settings_cls.model_fields.keys()):
        raise UserError(f"{path}: no setting is called {', '.join(unknown)}; see `rasd config`")
    return InitSettingsSource(settings_cls, {_key(name): value for name, value in values.items()})


def _key(name: str) -> str:
    """The name under which pydantic takes a field's value."""
    return "DATABASE_URL" if name == "database_url" else name


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path}: {error}") from error


def _toml_files(*sources: PydanticBaseSettingsSource) -> tuple[Path, ...]:
    """rasd.toml of the working directory and of RASD_HOME, wherever the latter is set."""
    here = Path.cwd() / TOML
    named = next((value for source in sources if (value := source().get("home"))), None)
    home = Path(
        named
        or _toml(here).get("home")
        or Settings.model_fields["home"].get_default(call_default_factory=True)
    )
    there = home.expanduser().absolute() / TOML
    return (here,) if here == there else (here, there)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return "DATABASE_URL" if name == "database_url" else f"RASD_{name.upper()}"


def origins(chosen: Settings) -> dict[str, str]:
    """Where each setting comes from: environment, .env, a rasd.toml, or default."""
    environment, dotenv = EnvSettingsSource(Settings), DotEnvSettingsSource(Settings)
    named: list[tuple[str, PydanticBaseSettingsSource]] = [("environment", environment), (".env", dotenv)]
    named += [(str(path), _toml_source(Settings, path)) for path in _toml_files(environment, dotenv)]
    given = [(origin, source()) for origin, source in named]
    return {
        name: next(
            (o for o, values in given if {name, _key(name), variable(name)} & values.keys()), "default"
        )
        for name in type(chosen).model_fields
    }


def shown(value: object) -> str:
    """A setting's value for people, passwords masked."""
    if isinstance(value, SecretStr):
        return masked(value.get_secret_value())
    if isinstance(value, tuple):
        return "; ".join(f"{inbox.label}: {inbox.path}" for inbox in value) or "-"
    return "-" if value is None or value == "" else masked(str(value))


def masked(text: str) -> str:
    """A URL without its password, and without the path where that may be the secret (webhooks)."""
    if not _URL.match(text):
        return text
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:  # not to be taken apart, so nothing of it can be shown
        return f"{text.partition('://')[0]}://***"
    if parts.scheme in {"http", "https"}:
        return urlunsplit(
            (parts.scheme, parts.netloc.rpartition("@")[2], "/***" if parts.path else "", "", "")
        )
    if parts.password is not None:
        netloc = f"{parts.username}:***@{parts.netloc.rpartition('@')[2]}"
        parts = parts._replace(netloc=netloc)
    query = re.sub(r"(password|sslpassword|token|key)=[^&]*", r"\1=***", parts.query)
    return urlunsplit(parts._replace(query=query))


def explain(errors: Mapping[str, Any]) -> str:
    """One of pydantic's errors in words that name the setting and where it is set."""
    message = errors["msg"].removeprefix("Value error, ")
    if errors["type"] == "string_pattern_mismatch" and errors["ctx"]["pattern"] == ENGINE:
        message = f"{errors['input']!r} is none of accurate, fast, rules and transformers:/path"
    match errors["loc"]:
        case ("inbox", int(number), *fields):
            return (
                f"[[inbox]] number {number + 1}: {'.'.join(map(str, fields))}{': ' * bool(fields)}{message}"
            )
    place = ".".join(map(str, errors["loc"]))
    name = "database_url" if place in {"DATABASE_URL", "RASD_DATABASE_URL"} else place.split(".", 1)[0]
    spelled = variable(name) if name in Settings.model_fields else place
    inside = f" ({place})" if "." in place else ""
    return f"{spelled}{inside}: {message}"


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises pydantic.ValidationError naming the bad variable, UserError for a rasd.toml that cannot be read.
    """
    return Settings()


def configure_prefect(chosen: Settings, *, served: bool = False) -> None:
    """Prepare the environment that Prefect reads on its first import; what the user set already stays.

    served: what runs print goes to a log, which says what they did, and not to somebody's terminal.
    Must run before ``import prefect``: the library reads its settings while it is imported.
    Raises UserError when the home folder cannot be written.
    """
    try:
        chosen.prefect_home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {chosen.prefect_home}: {error.strerror}") from error
    detail = "DEBUG" if chosen.log_level == "DEBUG" else "INFO"
    defaults = {
        "PREFECT_HOME": str(chosen.prefect_home),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # A fresh server migrates its own database first: 17 s were seen, more under load; the default is 20.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        # a run's pages show what it did; the terminal has its progress and what is worth a warning
        "PREFECT_LOGGING_LEVEL": detail,
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": detail if served else chosen.log_level,
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        # what the stages log under "rasd" is seen beside the run
        "PREFECT_LOGGING_EXTRA_LOGGERS": "rasd",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        # the least that Prefect allows; the automation `rasd: zombies` waits for three of them
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        # leases of concurrency slots outlive the server; in memory they would block a deployment for ever
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    }
    if chosen.log_format == "json":
        defaults["PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS"] = "flows.logs.StreamHandler"
        defaults["PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER"] = "json"
        defaults["PREFECT_LOGGING_FORMATTERS_JSON_CLASS"] = "flows.logs.JsonFormatter"
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
