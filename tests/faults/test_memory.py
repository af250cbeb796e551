"""Workers that get no more memory."""

from __future__ import annotations

import random
import time

import psutil
import pytest
import sqlalchemy as sa

from db.engine import create_engine
from db.models import Base
from tests.db.servers import wait_until
from tests.db.snapshot import differences, snapshot
from tests.faults.place import REJECTING, TEMPLATES, Place

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("operation", ["ingest", "backfill"])
def test_a_worker_gets_no_more_memory(here: Place, operation: str, number: int) -> None:
    """From some instant on; its start may fail, or some of its files are refused, and are loaded later."""
    if not hasattr(psutil.Process, "rlimit"):
        pytest.skip("no limits on other processes here")
    rng = random.Random(f"{operation} {number}")
    url = here.database(TEMPLATES[operation])
    running = here.start(operation, url)
    assert wait_until(lambda: bool(running.workers()) or not running.alive(), 60)
    time.sleep(rng.uniform(0.0, 2.0))
    for worker in running.workers():
        more = rng.choice((0, 200_000, 5_000_000))
        limit = worker.memory_info().vms + more
        worker.rlimit(psutil.RLIMIT_AS, (limit, limit))
    ended = running.end(tracebacks=True)  # a worker without memory for its own imports shows Python's
    assert ended.status in (0, 1, 3), ended
    if ended.status == 1:
        (said,) = (line for line in ended.err.splitlines() if line.startswith("rasd: "))
        assert "memory" in said, said
    again = here.run(operation, url)
    assert again.status == (3 if operation in REJECTING else 0), again
    here.nothing_left(url)
    engine = create_engine(url, poolclass=sa.NullPool)
    tables = Base.metadata.tables.keys() - {"rejection", "reference_name"}
    wanted = {name: rows for name, rows in here.expected[operation].items() if name != "rejection"}
    assert differences(wanted, snapshot(engine, tables)) == []
    with engine.connect() as connection:
        question = "SELECT cause, count(*) FROM rejection WHERE resolved_at IS NOT NULL GROUP BY 1"
        resolved = dict(connection.execute(sa.text(question)).all())
    engine.dispose()
    assert resolved.keys() <= {"out_of_memory", "worker_died"}, "nothing else was refused in between"
    here.drop_databases()
