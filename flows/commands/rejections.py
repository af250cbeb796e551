"""What the verbs about rejected files do; each returns its exit status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flows.commands.common import OK, REJECTED, database_errors, effective_settings
from flows.errors import UserError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from db.rejections import RejectionCase


def list_command(
    stage: str | None, cause: str | None, source: str | None, *, closed: bool, limit: int
) -> int:
    from rich.table import Table
    from rich.text import Text

    from db.rejections import rejections
    from flows.connection import reading_engine
    from flows.terminal import console

    with database_errors(), reading_engine(effective_settings()) as engine, engine.connect() as connection:
        cases = rejections(connection, stage=stage, cause=cause, source=source, closed=closed, limit=limit)
    out = console()
    if not cases:
        out.print("no rejections")
        return OK
    table = Table(title="rejections", title_justify="left", box=None, pad_edge=False)
    table.add_column("number", justify="right")
    table.add_column("stage")
    table.add_column("cause")
    table.add_column("attempts", justify="right")
    for column in ("last seen", "next try", "file"):
        table.add_column(column, overflow="fold")
    for case in cases:
        upcoming = case.resolution if case.resolved else f"{case.next_try:%Y-%m-%d %H:%M}"
        table.add_row(
            *(str(case.id), case.stage, case.cause, f"{case.attempts:,}", f"{case.last_seen:%Y-%m-%d %H:%M}"),
            *(Text(upcoming or ""), Text(case.uri)),
        )
    out.print(table)
    return OK


def show_command(numbers: Sequence[int]) -> int:
    from flows.connection import reading_engine
    from flows.terminal import console, key_value_table

    with database_errors(), reading_engine(effective_settings()) as engine:
        cases = _cases(engine, numbers)
    for case in cases:
        rows = {
            "file": case.uri,
            "failed at": case.stage,
            "cause": case.cause,
            "in words": case.message,
            "bytes": "-" if case.size is None else f"{case.size:,}",
            "SHA-256": "-" if case.sha256 is None else case.sha256.hex(),
            "attempts": f"{case.attempts:,}",
            "first seen": f"{case.first_seen:%Y-%m-%d %H:%M:%S}",
            "last seen": f"{case.last_seen:%Y-%m-%d %H:%M:%S}",
            "next try": f"{case.next_try:%Y-%m-%d %H:%M:%S}" if case.resolved is None else "-",
            "resolved": "-" if case.resolved is None else f"{case.resolved:%Y-%m-%d %H:%M:%S}",
            "resolution": case.resolution or "-",
        }
        console().print(key_value_table(f"rejection {case.id}", rows))
    return OK


def _cases(engine: sa.Engine, numbers: Sequence[int]) -> list[RejectionCase]:
    from db.rejections import rejections

    with engine.connect() as connection:
        cases = rejections(connection, numbers=numbers, closed=True)
    missing = sorted(set(numbers) - {case.id for case in cases})
    if missing:
        raise UserError(f"no rejection {', '.join(map(str, missing))}; `rasd rejections list` names them")
    return cases


def resolve_command(numbers: Sequence[int], resolution: str) -> int:
    from db.rejections import close
    from flows.connection import migrated_engine

    if not resolution.strip():
        raise UserError("say how it was resolved: --as TEXT")
    with database_errors(), migrated_engine(effective_settings()) as engine:
        _cases(engine, numbers)
        with engine.connect() as connection:
            closed = close(connection, numbers, resolution.strip())
    print(f"{closed} of {len(set(numbers))} closed")
    return OK


def retry_command(
    numbers: Sequence[int] | None,
    stage: str | None,
    cause: str | None,
    source: str | None,
    *,
    everything: bool,
) -> int:
    from flows.rejected import retry
    from flows.terminal import console, key_value_table

    with database_errors():
        done = retry(
            effective_settings(),
            numbers=numbers or None,
            stage=stage,
            cause=cause,
            source=source,
            everything=everything,
        )
    if not done.tried:
        print(
            "nothing to try again" if not done.gone else f"{done.gone} files are gone, and so are their bytes"
        )
        return REJECTED if done.gone else OK
    rows = {
        "tried": done.tried,
        "from stored bytes": done.stored,
        "loaded": done.loaded,
        "rejected again": done.rejected,
        "gone": done.gone,
    }
    console().print(key_value_table("rejections", rows))
    return REJECTED if done.rejected or done.gone else OK
