"""Reference places, and which of them the places named in articles are.

Revision ID: 0005
Revises: 0004
"""

# ruff: noqa: E501  (constraints and comments as the models have them)
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reference_source",
        sa.Column("id", sa.Text(), nullable=False, comment="Name of the data: rasd, or the file's own"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the data as loaded"),
        sa.Column("licence", sa.Text(), nullable=False, comment="Whose they are and under which terms"),
        sa.Column(
            "loaded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When they were loaded last",
        ),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_reference_source_digest_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_source")),
        comment="Where reference places come from",
    )
    op.create_table(
        "reference_place",
        sa.Column(
            "id",
            sa.Text(),
            nullable=False,
            comment="country:MA, city:<GeoNames id>, ma:<HCP code>, dz:..., own:..., or the file's own",
        ),
        sa.Column("source_id", sa.Text(), nullable=False, comment="Where it comes from"),
        sa.Column("kind", sa.Text(), nullable=False, comment="country, region, city, district, area or site"),
        sa.Column(
            "country_code",
            sa.Text(),
            nullable=True,
            comment="ISO 3166-1 alpha-2; NULL for what lies in several countries or in none",
        ),
        sa.Column(
            "parent_id", sa.Text(), nullable=True, comment="The region that it belongs to, where known"
        ),
        sa.Column(
            "latitude",
            sa.Double(),
            nullable=True,
            comment="Degrees north (WGS 84); a region's is its chief town's",
        ),
        sa.Column("longitude", sa.Double(), nullable=True, comment="Degrees east, WGS 84"),
        sa.Column("population", sa.BigInteger(), nullable=False, comment="Inhabitants; 0 where unknown"),
        sa.Column("is_capital", sa.Boolean(), nullable=False, comment="Whether it is its country's capital"),
        sa.Column("name_ar", sa.Text(), nullable=False, comment="Its usual Arabic name"),
        sa.Column(
            "name_latin", sa.Text(), nullable=False, comment="Its name in Latin letters; empty where unknown"
        ),
        sa.CheckConstraint("country_code ~ '^[A-Z]{2}$'", name=op.f("ck_reference_place_country_code_form")),
        sa.CheckConstraint(
            "kind IN ('country', 'region', 'city', 'district', 'area', 'site')",
            name=op.f("ck_reference_place_kind_known"),
        ),
        sa.CheckConstraint("name_ar <> ''", name=op.f("ck_reference_place_name_not_empty")),
        sa.CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL)", name=op.f("ck_reference_place_point_whole")
        ),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("ck_reference_place_latitude_range")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("ck_reference_place_longitude_range")),
        sa.CheckConstraint("population >= 0", name=op.f("ck_reference_place_population_sign")),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["reference_source.id"],
            name=op.f("fk_reference_place_source_id_reference_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_place")),
        comment="Countries, regions, towns and sites with their codes and points",
    )
    op.create_index(op.f("ix_reference_place_source_id"), "reference_place", ["source_id"], unique=False)
    op.create_table(
        "reference_name",
        sa.Column("place_id", sa.Text(), nullable=False, comment="The place"),
        sa.Column("name", sa.Text(), nullable=False, comment="One of its Arabic names"),
        sa.Column(
            "folded",
            sa.Text(),
            nullable=False,
            comment="The name in the search layer's letters, hyphens as spaces",
        ),
        sa.ForeignKeyConstraint(
            ["place_id"],
            ["reference_place.id"],
            name=op.f("fk_reference_name_place_id_reference_place"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("place_id", "name", name=op.f("pk_reference_name")),
        comment="Names under which reference places are known",
    )
    op.create_index(op.f("ix_reference_name_folded"), "reference_name", ["folded"], unique=False)
    op.create_table(
        "place_queue",
        sa.Column(
            "extraction_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="An extraction whose places are not in article_place yet",
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extraction.id"],
            name=op.f("fk_place_queue_extraction_id_extraction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("extraction_id", name=op.f("pk_place_queue")),
        comment="Extractions that refresh_places has still to read; the load adds to it",
    )
    op.create_table(
        "article_place",
        sa.Column("extraction_id", sa.BigInteger(), nullable=False, comment="The extraction"),
        sa.Column("n", sa.Integer(), nullable=False, comment="The place named there: article_entity.n"),
        sa.Column(
            "reference_place_id",
            sa.Text(),
            nullable=True,
            comment="Which place it is; NULL where only the country is known",
        ),
        sa.Column(
            "country_code", sa.Text(), nullable=True, comment="ISO 3166-1 alpha-2; NULL for seas, continents"
        ),
        sa.Column("latitude", sa.Double(), nullable=True, comment="Degrees north, WGS 84"),
        sa.Column("longitude", sa.Double(), nullable=True, comment="Degrees east, WGS 84"),
        sa.Column(
            "basis",
            sa.Text(),
            nullable=False,
            comment="listed (one place of that name), context, prominence, nearby (country of the places around)",
        ),
        sa.Column("confidence", sa.REAL(), nullable=False, comment="How sure, 0 to 1"),
        sa.CheckConstraint(
            "basis IN ('listed', 'context', 'prominence', 'nearby')",
            name=op.f("ck_article_place_basis_known"),
        ),
        sa.CheckConstraint("country_code ~ '^[A-Z]{2}$'", name=op.f("ck_article_place_country_code_form")),
        sa.CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL)", name=op.f("ck_article_place_point_whole")
        ),
        sa.CheckConstraint(
            "confidence >= 0 AND confidence <= 1", name=op.f("ck_article_place_confidence_share")
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id", "n"],
            ["article_entity.extraction_id", "article_entity.n"],
            name=op.f("fk_article_place_extraction_id_n_article_entity"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reference_place_id"],
            ["reference_place.id"],
            name=op.f("fk_article_place_reference_place_id_reference_place"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("extraction_id", "n", name=op.f("pk_article_place")),
        comment="What the places named in an article are; names left open have no row",
    )
    op.create_index(
        op.f("ix_article_place_reference_place_id"), "article_place", ["reference_place_id"], unique=False
    )
    op.execute(sql.read("0005_place.sql"))


def downgrade() -> None:
    op.execute("DROP VIEW public.place")
    op.drop_index(op.f("ix_article_place_reference_place_id"), table_name="article_place")
    op.drop_table("article_place")
    op.drop_table("place_queue")
    op.drop_index(op.f("ix_reference_name_folded"), table_name="reference_name")
    op.drop_table("reference_name")
    op.drop_index(op.f("ix_reference_place_source_id"), table_name="reference_place")
    op.drop_table("reference_place")
    op.drop_table("reference_source")
