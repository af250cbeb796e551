"""Servers and databases for tests."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from db import embedded

# Durability costs time and most tests pull no plug; those that do start servers of their own.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def make_home() -> Path:
    """A short-lived RASD_HOME that an unprivileged account can reach when root runs the tests.

    pytest's own temporary folders are closed to others, and their names are too long for a socket.
    """
    home = Path(tempfile.mkdtemp(prefix="rasd-"))
    home.chmod(0o711)
    return home


def plain(url: str) -> str:
    """The URL as libpq reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def create_database(server: embedded.Server, name: str, template: str = "template0") -> str:
    """Create a database and return its URL."""
    with psycopg.connect(plain(server.url), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    return embedded.database_url(server, name)


def drop_database(server: embedded.Server, name: str) -> None:
    with psycopg.connect(plain(server.url), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Another Python process; it says "ready" on standard output when it got where the test wants it."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()
