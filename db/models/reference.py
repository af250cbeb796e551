"""Reference data about places, and which of them the places named in articles are."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, BigRef, Moment, Real, one_of, share
from db.models.vocabulary import PLACE_BASES, PLACE_KINDS

_POINT = "(latitude IS NULL) = (longitude IS NULL)"


class ReferenceSource(Base):
    __tablename__ = "reference_source"

    id: Mapped[str] = mapped_column(primary_key=True, comment="Name of the data: rasd, or the file's own")
    digest: Mapped[bytes] = mapped_column(comment="SHA-256 of the data as loaded")
    licence: Mapped[str] = mapped_column(comment="Whose they are and under which terms")
    loaded_at: Mapped[Moment] = mapped_column(comment="When they were loaded last")

    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        {"comment": "Where reference places come from"},
    )


class ReferencePlace(Base):
    __tablename__ = "reference_place"

    id: Mapped[str] = mapped_column(
        primary_key=True,
        comment="country:MA, city:<GeoNames id>, ma:<HCP code>, dz:..., own:..., or the file's own",
    )
    source_id: Mapped[str] = mapped_column(
        ForeignKey("reference_source.id", ondelete="CASCADE"), comment="Where it comes from"
    )
    kind: Mapped[str] = mapped_column(comment="country, region, city, district, area or site")
    country_code: Mapped[str | None] = mapped_column(
        comment="ISO 3166-1 alpha-2; NULL for what lies in several countries or in none"
    )
    parent_id: Mapped[str | None] = mapped_column(comment="The region that it belongs to, where known")
    latitude: Mapped[float | None] = mapped_column(
        comment="Degrees north (WGS 84); a region's is its chief town's"
    )
    longitude: Mapped[float | None] = mapped_column(comment="Degrees east, WGS 84")
    population: Mapped[int] = mapped_column(BigInteger, comment="Inhabitants; 0 where unknown")
    is_capital: Mapped[bool] = mapped_column(comment="Whether it is its country's capital")
    name_ar: Mapped[str] = mapped_column(comment="Its usual Arabic name")
    name_latin: Mapped[str] = mapped_column(comment="Its name in Latin letters; empty where unknown")

    __table_args__ = (
        one_of("kind", PLACE_KINDS),
        CheckConstraint("country_code ~ '^[A-Z]{2}$'", name="country_code_form"),
        CheckConstraint(_POINT, name="point_whole"),
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude_range"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude_range"),
        CheckConstraint("population >= 0", name="population_sign"),
        CheckConstraint("name_ar <> ''", name="name_not_empty"),
        Index(None, "source_id"),
        {"comment": "Countries, regions, towns and sites with their codes and points"},
    )


class ReferenceName(Base):
    __tablename__ = "reference_name"

    place_id: Mapped[str] = mapped_column(
        ForeignKey("reference_place.id", ondelete="CASCADE"), comment="The place"
    )
    name: Mapped[str] = mapped_column(comment="One of its Arabic names")
    folded: Mapped[str] = mapped_column(comment="The name in the search layer's letters, hyphens as spaces")

    __table_args__ = (
        PrimaryKeyConstraint("place_id", "name"),
        Index(None, "folded"),
        {"comment": "Names under which reference places are known"},
    )


class ArticlePlace(Base):
    __tablename__ = "article_place"

    extraction_id: Mapped[BigRef] = mapped_column(comment="The extraction")
    n: Mapped[int] = mapped_column(comment="The place named there: article_entity.n")
    reference_place_id: Mapped[str | None] = mapped_column(
        ForeignKey("reference_place.id", ondelete="SET NULL"),
        comment="Which place it is; NULL where only the country is known",
    )
    country_code: Mapped[str | None] = mapped_column(comment="ISO 3166-1 alpha-2; NULL for seas, continents")
    latitude: Mapped[float | None] = mapped_column(comment="Degrees north, WGS 84")
    longitude: Mapped[float | None] = mapped_column(comment="Degrees east, WGS 84")
    basis: Mapped[str] = mapped_column(
        comment="listed (one place of that name), context, prominence, nearby (country of the places around)"
    )
    confidence: Mapped[Real] = mapped_column(comment="How sure, 0 to 1")

    __table_args__ = (
        PrimaryKeyConstraint("extraction_id", "n"),
        ForeignKeyConstraint(
            ["extraction_id", "n"],
            ["article_entity.extraction_id", "article_entity.n"],
            ondelete="CASCADE",
        ),
        one_of("basis", PLACE_BASES),
        CheckConstraint("country_code ~ '^[A-Z]{2}$'", name="country_code_form"),
        CheckConstraint(_POINT, name="point_whole"),
        share("confidence"),
        # a reference place that goes away is taken out here
        Index(None, "reference_place_id"),
        {"comment": "What the places named in an article are; names left open have no row"},
    )


class PlaceQueue(Base):
    __tablename__ = "place_queue"

    extraction_id: Mapped[BigRef] = mapped_column(
        ForeignKey("extraction.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="An extraction whose places are not in article_place yet",
    )

    __table_args__ = ({"comment": "Extractions that refresh_places has still to read; the load adds to it"},)
