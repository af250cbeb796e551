"""Queues of names and lines that are only appended to, so that no switch beside a refresh is lost.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_QUEUES = (
    (
        *("entity_queue", "extraction_id", "extraction"),
        "An extraction that came, or came or ceased to be current; may stand here several times",
        "An extraction whose names are not in entity yet",
    ),
    (
        *("line_queue", "article_id", "article"),
        "An article whose short lines are not counted, or not as they are now; may stand here often",
        "An article whose short lines are not counted, or not as they are now",
    ),
)


def upgrade() -> None:
    for table, column, parent, comment, _ in _QUEUES:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT fk_{table}_{column}_{parent}")
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT pk_{table}")
        op.execute(f"ALTER TABLE {table} ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY (id)")
        op.execute(f"COMMENT ON COLUMN {table}.id IS 'Order of arrival'")
        op.execute(f"COMMENT ON COLUMN {table}.{column} IS '{comment}'")


def downgrade() -> None:
    for table, column, parent, _, comment in _QUEUES:
        op.execute(
            f"DELETE FROM {table} AS q WHERE NOT EXISTS (SELECT FROM {parent} AS p WHERE p.id = q.{column})"
            f" OR EXISTS (SELECT FROM {table} AS o WHERE o.{column} = q.{column} AND o.id < q.id)"
        )
        op.execute(f"ALTER TABLE {table} DROP COLUMN id")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY ({column})")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT fk_{table}_{column}_{parent}"
            f" FOREIGN KEY ({column}) REFERENCES {parent} (id) ON DELETE CASCADE"
        )
        op.execute(f"COMMENT ON COLUMN {table}.{column} IS '{comment}'")
