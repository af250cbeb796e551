"""docker-compose.yml: valid, closed to the outside, without secrets; its roles are enough and no more.

tests/compose.sh runs the file where a Docker engine is.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from db import embedded
from flows.settings import Settings
from tests.db.servers import FAST, make_home
from tests.flows.rasd import ROOT, SAMPLES, Rasd, table

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def interpolated() -> dict[str, Any]:
    """The file as Compose reads it where no variable is set; merge keys resolved."""
    text = re.sub(r"(?<!\$)\$\{\w+:-((?:[^{}]|\{[^{}]*\})*)\}", r"\1", TEXT).replace("$$", "$")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return {key: value for key, value in loaded.items() if not key.startswith("x-")}


def test_it_follows_the_compose_specification() -> None:
    compose_spec = pytest.importorskip("compose_spec", reason="the development group is not installed")
    read = compose_spec.PyCompose.from_yaml(yaml.safe_dump(interpolated(), sort_keys=False))
    assert read.service_names() == ["postgres", "migrate", "prefect-server", "worker"]
    broken = interpolated()
    broken["services"]["worker"]["volums"] = []
    with pytest.raises(ValueError, match="volums"):
        compose_spec.PyCompose.from_yaml(yaml.safe_dump(broken))


def test_nothing_is_open_or_left_to_chance() -> None:
    services = interpolated()["services"]
    for name, service in services.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}, name
        assert service["restart"] in {"unless-stopped", "no"}, name
        assert name == "migrate" or service["healthcheck"]["test"], name
        assert re.search(r":\d+\.\d+", service["image"]), "a pinned tag"
    assert services["postgres"]["user"] == "999:999"
    inbox = next(v for v in services["worker"]["volumes"] if v.endswith(":/inbox:ro"))
    assert inbox
    dockerfile = services["worker"]["build"]["dockerfile_inline"]
    assert re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    assert all(
        re.search(r":\d+\.\d+\.\d+", image) for image in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    )
    assert re.search(r"^USER 10001", dockerfile, re.MULTILINE)
    assert "uv sync --locked" in dockerfile
    for path in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE):
        assert all((ROOT / part).exists() for part in path.split()), path


def test_it_holds_no_secret() -> None:
    for name, secret in interpolated()["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
    assert not re.search(r"PASSWORD: *\S", TEXT)


def test_read_only_containers_are_given_files() -> None:
    """Compose refuses secrets from the environment and configs with content where the root is read-only."""
    read = interpolated()
    assert "configs" not in read
    for name, service in read["services"].items():
        assert not any(isinstance(secret, dict) for secret in service.get("secrets", [])), name
        for volume in service.get("volumes", []):
            source, _, mode = volume.partition(":")[0], *volume.rpartition(":")[1:]
            if source.startswith("./") and source != "./inbox":
                assert (ROOT / source).is_file()
                assert mode == "ro"


def test_no_default_holds_braces() -> None:
    """`${NAME:-{...}}` ends at the first brace, in Compose as in a shell."""
    assert not re.search(r"\$\{\w+:-[^}]*\{", TEXT)


def test_the_image_has_an_inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dockerfile = interpolated()["services"]["worker"]["build"]["dockerfile_inline"]
    (line,) = re.findall(r"^RUN (printf .*) > rasd\.toml$", dockerfile, re.MULTILINE)
    written = subprocess.run(["sh", "-c", line], check=True, capture_output=True, text=True).stdout
    (tmp_path / "rasd.toml").write_text(written)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RASD_INBOX", "")  # as the file sets it where nobody else does
    (inbox,) = Settings().inbox
    assert (inbox.path, inbox.label, inbox.interval) == ("/inbox", "inbox", 600)


@pytest.fixture
def home() -> Iterator[Path]:
    folder = make_home()
    yield folder
    embedded.destroy(folder)
    shutil.rmtree(folder, ignore_errors=True)


def test_the_roles_are_enough_and_no_more(home: Path, tmp_path: Path) -> None:
    """The init script on a real server: the owner migrates, the loader loads, the analyst reads."""
    for name in ("owner", "loader", "analyst", "prefect"):
        (tmp_path / f"{name}_password").write_text(f"pw-{name}\n")
    mounted = dict(v.split(":")[1::-1] for v in interpolated()["services"]["postgres"]["volumes"])
    script = ROOT / mounted["/docker-entrypoint-initdb.d/10-databases.sh"]
    with embedded.running(home, settings=FAST) as server:
        environment = {**os.environ, **embedded.psql_command(server, "postgres")[1]}
        # the superuser of the image is called postgres, ours rasd, and so is its database
        environment |= {"SECRETS": str(tmp_path), "POSTGRES_USER": "rasd", "RASD_DATABASE": "news"}
        environment["ROLES"] = str(ROOT / mounted["/opt/rasd/roles.sql"])
        environment["PATH"] = f"{server.binaries}{os.pathsep}{environment['PATH']}"
        made = subprocess.run(
            ["sh", str(script)], env=environment, check=False, capture_output=True, text=True
        )
        assert made.returncode == 0, made.stderr

        def address(role: str, user: str, database: str = "news") -> str:
            return f"postgresql://{user}:pw-{role}@127.0.0.1:{server.port}/{database}"

        owner = Rasd(home, {"DATABASE_URL": address("owner", "rasd_owner")})
        done = owner("db", "upgrade")
        assert done.returncode == 0, done.stderr
        loader = Rasd(home, {"DATABASE_URL": address("loader", "rasd_loader")})
        one = str(SAMPLES / "ma-security-meeting.txt")
        loaded = loader("ingest", "--direct", "--engine", "rules", one)
        assert loaded.returncode == 0, loaded.stderr
        assert table(loaded.stdout)["loaded"] == "1"
        with psycopg.connect(address("loader", "rasd_loader")) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine (x int)")
            connection.rollback()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DROP TABLE mention")
        with psycopg.connect(address("analyst", "rasd_analyst")) as connection:
            assert connection.execute("SELECT count(*) FROM report.article").fetchone() == (1,)
            with pytest.raises(psycopg.Error):
                connection.execute("DELETE FROM public.article")
            connection.rollback()
            connection.execute("SET default_transaction_read_only TO off")
            connection.commit()
            for forbidden in ("DELETE FROM public.article", "SELECT data FROM public.raw_file"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(forbidden.encode())
                connection.rollback()
        for role, user, database in (("loader", "rasd_loader", "prefect"), ("prefect", "prefect", "news")):
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(address(role, user, database))
        with psycopg.connect(address("prefect", "prefect", "prefect")) as connection:
            connection.execute("CREATE EXTENSION pg_trgm")
