"""Who is who: judgements and canonical entities.

Revision ID: 0003
Revises: 0002
"""

# ruff: noqa: E501  (constraints and comments as the models have them)
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "judgement",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Identity; `rasd entities undo` takes it",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of both nodes"),
        sa.Column("left_key", sa.Text(), nullable=False, comment="One node: article_entity.key"),
        sa.Column(
            "left_sha256",
            sa.LargeBinary(),
            nullable=True,
            comment="Only in this file; NULL for the name anywhere",
        ),
        sa.Column("right_key", sa.Text(), nullable=False, comment="The other node: article_entity.key"),
        sa.Column(
            "right_sha256",
            sa.LargeBinary(),
            nullable=True,
            comment="Only in this file; NULL for the name anywhere",
        ),
        sa.Column("verdict", sa.Text(), nullable=False, comment="same, different or unsure"),
        sa.Column("score", sa.REAL(), nullable=False, comment="How sure, 0 to 1; of a person's judgement 1"),
        sa.Column("basis", sa.Text(), nullable=False, comment="On what grounds, in words"),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The rule's name, or the person's"),
        sa.Column(
            "automatic",
            sa.Boolean(),
            nullable=False,
            comment="Whether a rule decided; a person outranks rules",
        ),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When",
        ),
        sa.Column(
            "revoked_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was undone; NULL while it is in force",
        ),
        sa.Column("revoked_by", sa.Text(), nullable=True, comment="Who undid it"),
        sa.CheckConstraint(
            "kind IN ('PERSON', 'ORGANIZATION', 'LOCATION', 'NAMED_EVENT')",
            name=op.f("ck_judgement_kind_known"),
        ),
        sa.CheckConstraint(
            "left_key <> '' AND right_key <> '' AND decided_by <> ''", name=op.f("ck_judgement_not_empty")
        ),
        sa.CheckConstraint(
            "verdict IN ('same', 'different', 'unsure')", name=op.f("ck_judgement_verdict_known")
        ),
        sa.CheckConstraint(
            "(left_key COLLATE \"C\", coalesce(left_sha256, ''::bytea)) < (right_key COLLATE \"C\", coalesce(right_sha256, ''::bytea))",
            name=op.f("ck_judgement_ends_ordered"),
        ),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_judgement_revocation_whole")
        ),
        sa.CheckConstraint(
            "NOT automatic OR (left_sha256 IS NULL AND right_sha256 IS NULL)",
            name=op.f("ck_judgement_automatic_on_names"),
        ),
        sa.CheckConstraint(
            "octet_length(left_sha256) = 32 AND octet_length(right_sha256) = 32",
            name=op.f("ck_judgement_sha256_length"),
        ),
        sa.CheckConstraint("score >= 0 AND score <= 1", name=op.f("ck_judgement_score_share")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgement")),
        comment="Judgements whether two names stand for one thing; people's are never deleted",
    )
    op.create_index(op.f("ix_judgement_left_key_kind"), "judgement", ["left_key", "kind"], unique=False)
    op.create_index(op.f("ix_judgement_right_key_kind"), "judgement", ["right_key", "kind"], unique=False)
    op.create_index(
        "uq_judgement_automatic",
        "judgement",
        ["kind", "left_key", "right_key", "decided_by"],
        unique=True,
        postgresql_where=sa.text("automatic"),
    )
    op.create_table(
        "name_block",
        sa.Column("entity_id", sa.BigInteger(), nullable=False, comment="The row of the name"),
        sa.Column("block", sa.Text(), nullable=False, comment="A value that spellings of one name share"),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name=op.f("fk_name_block_entity_id_entity"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("block", "entity_id", name=op.f("pk_name_block")),
        comment="Names that are worth comparing: those that share a block",
    )
    op.create_table(
        "tenure",
        sa.Column(
            "id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Identity of the row"
        ),
        sa.Column(
            "person_id",
            sa.BigInteger(),
            nullable=False,
            comment="Who: the row of the name, or of a further bearer of it; entity.canonical_id leads on",
        ),
        sa.Column(
            "organization_id",
            sa.BigInteger(),
            nullable=True,
            comment="Where: the row of the body's name; NULL if unnamed",
        ),
        sa.Column(
            "office", sa.Text(), nullable=False, comment="The office in folded letters without articles"
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="The office as written, the shortest spelling"),
        sa.Column(
            "first_seen",
            sa.Date(),
            nullable=True,
            comment="First day on which an article can have been published that calls the person its holder",
        ),
        sa.Column(
            "last_seen",
            sa.Date(),
            nullable=True,
            comment="Last day on which such an article can have been published",
        ),
        sa.Column(
            "certain_from",
            sa.Date(),
            nullable=True,
            comment="Day by which the first such article had been published; first_seen where its day is known",
        ),
        sa.Column(
            "certain_to",
            sa.Date(),
            nullable=True,
            comment="Day on which the last such article was not out yet; last_seen where its day is known",
        ),
        sa.Column(
            "former_seen",
            sa.Date(),
            nullable=True,
            comment="Day by which an article had first called the person its former holder",
        ),
        sa.Column(
            "articles", sa.Integer(), nullable=False, comment="Articles that call the person its holder"
        ),
        sa.Column(
            "former_articles",
            sa.Integer(),
            nullable=False,
            comment="Articles that call the person its former holder",
        ),
        sa.CheckConstraint("office <> '' AND title <> ''", name=op.f("ck_tenure_office_not_empty")),
        sa.CheckConstraint("articles >= 0 AND former_articles >= 0", name=op.f("ck_tenure_articles_sign")),
        sa.CheckConstraint(
            "certain_from >= first_seen AND certain_to <= last_seen", name=op.f("ck_tenure_certain_inside")
        ),
        sa.CheckConstraint("last_seen >= first_seen", name=op.f("ck_tenure_seen_ordered")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["entity.id"], name=op.f("fk_tenure_organization_id_entity")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["entity.id"], name=op.f("fk_tenure_person_id_entity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenure")),
        comment="Offices that articles give to a name; view office_tenure adds up a person's names",
    )
    op.create_index(
        op.f("ix_tenure_office_organization_id"), "tenure", ["office", "organization_id"], unique=False
    )
    op.create_index(op.f("ix_tenure_organization_id"), "tenure", ["organization_id"], unique=False)
    op.create_index(
        "uq_tenure",
        "tenure",
        ["person_id", "organization_id", "office"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "identity",
        sa.Column(
            "extraction_id",
            sa.BigInteger(),
            nullable=False,
            comment="The extraction; only current ones have rows",
        ),
        sa.Column("n", sa.Integer(), nullable=False, comment="The name in the article: article_entity.n"),
        sa.Column("entity_id", sa.BigInteger(), nullable=False, comment="What it stands for"),
        sa.ForeignKeyConstraint(["entity_id"], ["entity.id"], name=op.f("fk_identity_entity_id_entity")),
        sa.ForeignKeyConstraint(
            ["extraction_id", "n"],
            ["article_entity.extraction_id", "article_entity.n"],
            name=op.f("fk_identity_extraction_id_n_article_entity"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "n", name=op.f("pk_identity")),
        comment="The canonical entity of each name of each current article; derived, made anew at will",
    )
    op.create_index(op.f("ix_identity_entity_id"), "identity", ["entity_id"], unique=False)
    op.create_table(
        "name_link",
        sa.Column(
            "extraction_id",
            sa.BigInteger(),
            nullable=False,
            comment="The extraction; only current ones have rows",
        ),
        sa.Column("n", sa.Integer(), nullable=False, comment="The name in the article: article_entity.n"),
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of both names"),
        sa.Column("key", sa.Text(), nullable=False, comment="Key of the fullest form: article_entity.key"),
        sa.Column(
            "other", sa.Text(), nullable=False, comment="Key of another form that the article uses for it"
        ),
        sa.CheckConstraint(
            "kind IN ('PERSON', 'ORGANIZATION', 'LOCATION', 'NAMED_EVENT')",
            name=op.f("ck_name_link_kind_known"),
        ),
        sa.CheckConstraint("key <> other", name=op.f("ck_name_link_two_names")),
        sa.ForeignKeyConstraint(
            ["extraction_id", "n"],
            ["article_entity.extraction_id", "article_entity.n"],
            name=op.f("fk_name_link_extraction_id_n_article_entity"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "n", "other", name=op.f("pk_name_link")),
        comment="Two names that one article uses for one thing: full and short, Arabic and Latin",
    )
    op.create_index(op.f("ix_name_link_key_kind"), "name_link", ["key", "kind"], unique=False)
    op.create_index(op.f("ix_name_link_other_kind"), "name_link", ["other", "kind"], unique=False)
    op.add_column(
        "entity",
        sa.Column(
            "sense",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="Empty for the name itself; for another bearer of it SHA-256 of an article about that one",
        ),
    )
    op.add_column(
        "entity",
        sa.Column(
            "canonical_id",
            sa.BigInteger(),
            nullable=True,
            comment="The entity that it is one with; NULL where it stands for itself",
        ),
    )
    op.alter_column(
        "entity",
        "name",
        existing_type=sa.TEXT(),
        comment="The spelling of most articles, the longest of several; Arabic first",
        existing_comment="The longest spelling, first by code point of several",
        existing_nullable=False,
    )
    op.drop_constraint(op.f("uq_entity_kind_key"), "entity", type_="unique")
    op.create_index(
        op.f("ix_entity_canonical_id"),
        "entity",
        ["canonical_id"],
        unique=False,
        postgresql_where=sa.text("canonical_id IS NOT NULL"),
    )
    op.create_unique_constraint(op.f("uq_entity_kind_key_sense"), "entity", ["kind", "key", "sense"])
    op.create_foreign_key(op.f("fk_entity_canonical_id_entity"), "entity", "entity", ["canonical_id"], ["id"])
    op.create_table_comment(
        "entity",
        "Named things across articles: a row a name, redirected to another where they are one",
        existing_comment="Named things across articles, derived from article_entity by kind and key",
        schema=None,
    )
    op.add_column(
        "entity_alias",
        sa.Column(
            "articles",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="How many current articles write it so",
        ),
    )
    op.create_check_constraint("canonical_other", "entity", "canonical_id <> id")
    op.create_check_constraint("articles_sign", "entity_alias", "articles >= 0")
    op.execute(sql.read("0003_identity.sql"))
    # what was loaded before gets its identities at the next refresh
    op.execute("INSERT INTO entity_queue SELECT id FROM extraction ORDER BY id ON CONFLICT DO NOTHING")


def downgrade() -> None:
    op.execute("DROP FUNCTION office_holders")
    op.execute("DROP VIEW office_tenure")
    op.drop_table("tenure")
    op.drop_table("name_link")
    op.drop_table("identity")
    op.drop_table("name_block")
    op.drop_table("judgement")
    # the older schema has one row a name
    op.drop_constraint(op.f("fk_entity_canonical_id_entity"), "entity", type_="foreignkey")
    op.execute("DELETE FROM entity WHERE sense <> ''")
    op.create_table_comment(
        "entity",
        "Named things across articles, derived from article_entity by kind and key",
        existing_comment="Named things across articles: a row a name, redirected to another where they are one",
        schema=None,
    )
    op.drop_constraint(op.f("uq_entity_kind_key_sense"), "entity", type_="unique")
    op.drop_index(
        op.f("ix_entity_canonical_id"),
        table_name="entity",
        postgresql_where=sa.text("canonical_id IS NOT NULL"),
    )
    op.create_unique_constraint(
        op.f("uq_entity_kind_key"), "entity", ["kind", "key"], postgresql_nulls_not_distinct=False
    )
    op.drop_column("entity", "canonical_id")
    op.drop_column("entity", "sense")
    op.drop_column("entity_alias", "articles")
