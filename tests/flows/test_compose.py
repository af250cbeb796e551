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
        assert secret == {"environment": f"RASD_{name.upper()}"}
    assert not re.search(r"PASSWORD: *\S", TEXT)


@pytest.fixture
def home() -> Iterator[Path]:
    folder = make_home()
    yield folder
    embedded.destroy(folder)
    shutil.rmtree(folder, ignore_errors=True)


def test_the_roles_are_enough_and_no_more(home: Path, tmp_path: Path) -> None:
    """The init script on a real server: the owner migrates, the worker loads, the reader reads."""
    names = ("owner", "worker", "reader", "prefect")
    for name in names:
        (tmp_path / f"{name}_password").write_text(f"pw-{name}")
    script = tmp_path / "init.sh"
    script.write_text(interpolated()["configs"]["databases"]["content"])
    # the superuser of the image is called postgres, ours rasd, and so is its database
    script.write_text(
        script.read_text().replace("DATABASE rasd", "DATABASE news").replace("connect rasd", "connect news")
    )
    with embedded.running(home, settings=FAST) as server:
        environment = {**os.environ, **embedded.psql_command(server, "postgres")[1]}
        environment |= {"SECRETS": str(tmp_path), "POSTGRES_USER": "rasd"}
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
        worker = Rasd(home, {"DATABASE_URL": address("worker", "rasd_worker")})
        one = str(SAMPLES / "ma-security-meeting.txt")
        loaded = worker("ingest", "--direct", "--engine", "rules", one)
        assert loaded.returncode == 0, loaded.stderr
        assert table(loaded.stdout)["loaded"] == "1"
        with psycopg.connect(address("worker", "rasd_worker")) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine (x int)")
            connection.rollback()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DROP TABLE mention")
        with psycopg.connect(address("reader", "rasd_reader")) as connection:
            assert connection.execute("SELECT count(*) FROM report.article").fetchone() == (1,)
            with pytest.raises(psycopg.Error):
                connection.execute("DELETE FROM article")
            connection.rollback()
            connection.execute("SET default_transaction_read_only TO off")
            connection.commit()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DELETE FROM article")
        for role, user, database in (("worker", "rasd_worker", "prefect"), ("prefect", "prefect", "news")):
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(address(role, user, database))
        with psycopg.connect(address("prefect", "prefect", "prefect")) as connection:
            connection.execute("CREATE EXTENSION pg_trgm")
