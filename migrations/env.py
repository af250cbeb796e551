"""Alembic's environment: one migration at a time, and none that blocks readers for long."""

from __future__ import annotations

import os

import sqlalchemy as sa
from alembic import context

from db.engine import create_engine
from db.models import Base

# Give up rather than queue behind a long transaction: everybody else would queue behind us.
LOCK_TIMEOUT = os.environ.get("RASD_MIGRATION_LOCK_TIMEOUT", "15s")
ADVISORY_LOCK = 0x72617364  # "rasd"


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """The views of schema report are no tables of the models; other schemata are none of our business."""
    return kind != "schema" or name is None


def run() -> None:
    url = context.config.attributes.get("url") or os.environ["DATABASE_URL"]
    if not isinstance(url, str):
        url = url.render_as_string(hide_password=False)
    if context.is_offline_mode():
        context.configure(
            url=url, target_metadata=Base.metadata, literal_binds=True, include_name=include_name
        )
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = create_engine(
        url,
        application_name="rasd migrate",
        lock_timeout=LOCK_TIMEOUT,
        statement_timeout="0",
        poolclass=sa.NullPool,
    )
    with engine.connect() as connection:
        # Held by the session, so that it spans the transactions of all revisions.  Waiting for another
        # migration is no queue that others stand in: the lock time-out does not apply here.
        connection.execute(sa.text("SET lock_timeout = 0"))
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(
            sa.text("SELECT set_config('lock_timeout', :value, false)"), {"value": LOCK_TIMEOUT}
        )
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=True,
            compare_server_default=True,
            include_name=include_name,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        # the session ends here, and the advisory lock with it
    engine.dispose()


run()
