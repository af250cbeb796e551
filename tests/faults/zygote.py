"""A process that has imported all that `rasd` needs and forks a child for each command.

Hundreds of runs are started and killed; two seconds of imports each would be most of the time.  A child is
the command as a user runs it, in a session of its own: same entry point, arguments, environment, exit status.
Speaks JSON lines: {"run": arguments, "env": {...}, "out": file, "err": file} -> pid; {"wait": pid} -> status.
"""

from __future__ import annotations

import json
import os
import signal
import sys


def main() -> None:
    # before anything may start a thread: what forks must have one only
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    import alembic.command
    import sqlalchemy.dialects.postgresql.psycopg

    import flows.cli
    import flows.commands.ingest
    import flows.commands.main
    import flows.runs
    import flows.stored
    import flows.terminal
    from flows.clean.letters import tables
    from flows.extract.gazetteer import gazetteer
    from flows.resolve.lexicon import identity_words

    for load in (tables, gazetteer, identity_words):
        load()
    assert alembic.command and sqlalchemy.dialects.postgresql.psycopg
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _, status = os.waitpid(asked["wait"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        child = os.fork()
        if child == 0:
            _become(asked)
            flows.cli.main()
            sys.exit(0)
        print(child, flush=True)


def _become(asked: dict[str, object]) -> None:
    """The command itself, with nothing of the zygote's about it."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(asked["env"])  # type: ignore[call-overload]
    for descriptor, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, str(asked["out"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, str(asked["err"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(path, flags)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    sys.argv = ["rasd", *asked["run"]]  # type: ignore[misc]


if __name__ == "__main__":
    main()
