"""Fixtures for all tests: one embedded server a session, fresh migrated databases from a template."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db import embedded, engine
from tests.db.servers import FAST, create_database, drop_database, make_home


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Server]:
    """The session's embedded server."""
    home = make_home()
    with embedded.running(home, settings=FAST) as running:
        yield running
    embedded.destroy(home)
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def template(server: embedded.Server) -> str:
    """Name of a migrated database that others are copied from: faster than migrating each."""
    engine.upgrade(create_database(server, "rasd_template"))
    return "rasd_template"


@pytest.fixture
def empty_url(server: embedded.Server) -> Iterator[str]:
    """URL of an empty database."""
    name = f"empty_{os.urandom(4).hex()}"
    yield create_database(server, name)
    drop_database(server, name)


@pytest.fixture
def database_url(server: embedded.Server, template: str) -> Iterator[str]:
    """URL of a migrated database without rows."""
    name = f"test_{os.urandom(4).hex()}"
    yield create_database(server, name, template)
    drop_database(server, name)


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """Engine of a migrated database without rows."""
    made = engine.create_engine(database_url, poolclass=sa.NullPool)
    yield made
    made.dispose()
