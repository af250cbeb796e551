"""SIGKILL at random instants of ingest, backfill and refresh: two hundred times, and nothing is lost.

    uv run pytest -m faults tests/faults/test_killed.py

The instants are drawn over the duration of an undisturbed run, which is measured first.  Victims: a worker
process, the loader (the command itself), PostgreSQL (its postmaster, or one of its processes, which makes it
restart), and the Prefect server of a run.  After each: the same command once more ends with the rows of an
undisturbed one, and nothing of either run is left.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from db import embedded
from tests.db.servers import wait_until
from tests.faults.place import TEMPLATES, Place, Running

pytestmark = pytest.mark.faults

SEED = 20_261_123
KILLS = {
    ("first ingest", "loader"): 10,
    ("ingest", "worker"): 30,
    ("ingest", "loader"): 25,
    ("ingest", "postgres"): 25,
    ("backfill", "worker"): 20,
    ("backfill", "loader"): 25,
    ("backfill", "postgres"): 20,
    ("refresh", "loader"): 20,
    ("refresh", "postgres"): 15,
}
WITH_PREFECT = 10  # see test_the_prefect_server_is_killed


@pytest.mark.parametrize(
    ("operation", "victim", "number"),
    [(operation, victim, n) for (operation, victim), kills in KILLS.items() for n in range(kills)],
)
def test_killed(here: Place, operation: str, victim: str, number: int) -> None:
    rng = random.Random(f"{SEED} {operation} {victim} {number}")
    seconds = here.seconds[operation]
    for _ in range(5):
        url = here.database(TEMPLATES[operation])
        running = here.start(operation, url)
        hit = running.until(rng.uniform(0.0, seconds)) and VICTIMS[victim](here, running, rng)
        ended = running.end()
        if hit:
            break
        seconds *= 0.8  # it was over before; machines are not equally fast all the time
    else:
        raise AssertionError("no kill found its victim alive")
    if victim == "loader":
        assert ended.status == -signal.SIGKILL
    elif ended.status not in (0, 3):
        # one line for people that says what was killed
        assert ended.status == 1, ended
        said = [line for line in ended.err.splitlines() if line.startswith("rasd: ")]
        assert len(said) == 1, ended
        words = ("worker",) if victim == "worker" else ("database", "connect", "connection", "server")
        assert any(word in said[0] for word in words), said
    here.repeat(operation, url)
    here.drop_databases()


def _worker(_here: Place, running: Running, rng: random.Random) -> bool:
    """One of its workers, waited for where there is none yet."""
    if not wait_until(lambda: bool(running.workers()) or not running.alive()) or not running.alive():
        return False
    time.sleep(rng.choice((0.0, rng.uniform(0.0, 1.0))))
    with suppress(psutil.NoSuchProcess, IndexError):
        rng.choice(running.workers()).kill()
        return True
    return False


def _loader(_here: Place, running: Running, _rng: random.Random) -> bool:
    running.kill()
    return True


def _postgres(here: Place, _running: Running, rng: random.Random) -> bool:
    """All of it, or one of its processes: it then restarts by itself."""
    pid = embedded.status(here.home).pid
    assert pid is not None
    postmaster = psutil.Process(pid)
    victims = postmaster.children()
    if rng.random() < 0.5 or not victims:
        victims = [postmaster]
    with suppress(psutil.NoSuchProcess):
        rng.choice(victims).kill()
        return True
    return False


VICTIMS: dict[str, Callable[[Place, Running, random.Random], bool]] = {
    "worker": _worker,
    "loader": _loader,
    "postgres": _postgres,
}


def test_two_hundred_kills_are_asked_for() -> None:
    assert sum(KILLS.values()) + WITH_PREFECT == 200


@pytest.mark.parametrize("number", range(WITH_PREFECT))
def test_the_prefect_server_is_killed(here: Place, number: int) -> None:
    """The server that a run started for itself; the run itself may end well or badly, but it ends."""
    rng = random.Random(f"{SEED} prefect {number}")
    operation = rng.choice(("ingest", "backfill"))
    url = here.database(TEMPLATES[operation])
    words = {"ingest": ["ingest", str(here.inbox)], "backfill": ["backfill"]}[operation]
    environment = here.environment(
        url,
        PREFECT_HOME=str(here.home / "prefect"),
        # Prefect waits so long for a server of its own, be it dead already
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="60",
    )
    running = here.start_command(words, environment)
    assert wait_until(lambda: _prefect_servers(running) != [] or not running.alive(), 120)
    # from its first moment (migrations of its database, too) to the end of a run
    time.sleep(rng.uniform(0.0, 4.0 + here.seconds[operation]))
    servers = _prefect_servers(running)
    for server in servers:
        with suppress(psutil.NoSuchProcess):
            os.kill(server.pid, signal.SIGKILL)
    ended = running.end(400, tracebacks=True)  # Prefect logs what its client met with all its calls
    assert ended.status in (0, 1, 3), ended
    if ended.status == 1:
        said = [line for line in ended.err.splitlines() if line.startswith("rasd: ")]
        assert len(said) == 1 and "Prefect server" in said[0], ended
    here.repeat(operation, url)
    here.drop_databases()


def _prefect_servers(running: Running) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [
            child
            for child in running.process.children(recursive=True)
            if "uvicorn" in " ".join(child.cmdline())
        ]
    return []
