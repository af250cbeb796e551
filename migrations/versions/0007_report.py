"""Views, functions and roles for reports.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import logging

import sqlalchemy as sa
from alembic import op

from migrations import sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FILES = ("search", "names", "tables", "views", "functions")
MAY_CREATE = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
MISSING = "SELECT count(*) < 2 FROM pg_roles WHERE rolname IN ('rasd_loader', 'rasd_analyst')"
NOTICE = (
    "the roles rasd_loader and rasd_analyst were not created: this database user may not. "
    "An administrator can run migrations/sql/0007_roles.sql, then the owner 0007_grants.sql"
)


def upgrade() -> None:
    op.create_index(
        "ix_extraction_terms",
        "extraction",
        ["terms"],
        postgresql_using="gin",
        postgresql_where=sa.text("is_current"),
    )
    op.create_index(
        "ix_extraction_published",
        "extraction",
        [sa.text("published_last_day DESC NULLS LAST"), sa.text("article_id DESC")],
        postgresql_where=sa.text("is_current"),
    )
    op.create_index(
        "ix_extraction_source",
        "extraction",
        ["source", "published_first_day"],
        postgresql_where=sa.text("is_current"),
    )
    op.execute("DROP SCHEMA report CASCADE")
    op.execute("CREATE SCHEMA report")
    op.execute(
        "COMMENT ON SCHEMA report IS 'What people read: everything here is derived from the tables in public'"
    )
    for name in FILES:
        op.execute(sql.read(f"0007_{name}.sql"))
    connection = op.get_bind()
    if connection is not None and not op.get_context().as_sql:
        if connection.scalar(sa.text(MISSING)) and not connection.scalar(sa.text(MAY_CREATE)):
            logging.getLogger("alembic").warning(NOTICE)
        else:
            op.execute(sql.read("0007_roles.sql"))
    else:
        op.execute(sql.read("0007_roles.sql"))
    op.execute(sql.read("0007_grants.sql"))


def downgrade() -> None:
    for table in ("identity", "article_place", "article_story", "occurrence_event"):
        for moment in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER report_{moment} ON {table}")
    op.execute(sql.read("0007_down.sql"))
    op.execute(sql.read("0001_report.sql"))
    op.drop_index("ix_extraction_source", "extraction")
    op.drop_index("ix_extraction_published", "extraction")
    op.drop_index("ix_extraction_terms", "extraction")
