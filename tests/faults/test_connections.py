"""Connections that are cut, shortened and slow, and a server that is restarted under a run."""

from __future__ import annotations

import random
import signal

import psutil
import pytest

from db import embedded
from tests.faults.place import TEMPLATES, Place
from tests.faults.proxy import Way, proxy

pytestmark = pytest.mark.faults


def _by_tcp(here: Place, url: str, port: int) -> str:
    name = url.partition("?")[0].rpartition("/")[2]
    server = here.server()
    return embedded.database_url(server, name, tcp=True).replace(f":{server.port}/", f":{port}/")


@pytest.fixture(scope="module")
def answers(here: Place) -> dict[str, int]:
    """Bytes that the server answers in an undisturbed run, by operation."""
    found = {}
    for operation in ("ingest", "refresh"):
        url = here.database(TEMPLATES[operation])
        with proxy(here.server().port) as through:
            assert here.run(operation, _by_tcp(here, url, through.address)).status in (0, 3)
            found[operation] = through.answered
        here.same_rows(operation, url)
        here.drop_databases()
    return found


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("way", ["reset", "close", "truncate"])
@pytest.mark.parametrize("operation", ["ingest", "refresh"])
def test_a_connection_is_cut(
    here: Place, answers: dict[str, int], operation: str, way: Way, number: int
) -> None:
    rng = random.Random(f"{operation} {way} {number}")
    url = here.database(TEMPLATES[operation])
    after = rng.randrange(int(answers[operation] * 0.95))
    with proxy(here.server().port, way, after) as through:
        ended = here.run(operation, _by_tcp(here, url, through.address))
        assert through.cut == 1
    if ended.status not in (0, 3):
        (said,) = (line for line in ended.err.splitlines() if line.startswith("rasd: "))
        assert any(word in said for word in ("connect", "server", "database", "SSL")), said
    here.repeat(operation, url)
    here.drop_databases()


def test_a_slow_connection(here: Place) -> None:
    url = here.database(TEMPLATES["ingest"])
    with proxy(here.server().port, delay=0.02, seed=4) as through:
        assert here.run("ingest", _by_tcp(here, url, through.address)).status == 3
    here.same_rows("ingest", url)
    here.nothing_left(url)
    here.drop_databases()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("operation", ["ingest", "backfill", "refresh"])
def test_the_server_is_restarted(here: Place, operation: str, share: float) -> None:
    """In order: connections are told to go, a checkpoint is written."""
    url = here.database(TEMPLATES[operation])
    running = here.start(operation, url)
    assert running.until(share * here.seconds[operation])
    pid = embedded.status(here.home).pid
    assert pid is not None
    psutil.Process(pid).send_signal(signal.SIGINT)
    ended = running.end()
    assert ended.status in (0, 1, 3), ended
    here.repeat(operation, url)
    here.drop_databases()
