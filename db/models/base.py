"""What every table shares: the naming convention, column types used again and again, and CHECK helpers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# Ids come from identity columns: always drawn from the sequence, never reused.
BigId = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
BigRef = Annotated[int, mapped_column(BigInteger)]
Position = Annotated[int, mapped_column(Integer)]
Real = Annotated[float, mapped_column(REAL)]
Strings = Annotated[list[str], mapped_column(ARRAY(Text))]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]


class Base(DeclarativeBase):
    """Parent of all models; its metadata is what migrations are compared with."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        bytes: LargeBinary(),
        int: Integer(),
        datetime: DateTime(timezone=True),
        date: Date(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


def one_of(column: str, values: Iterable[str], name: str | None = None) -> CheckConstraint:
    """CHECK that ``column`` holds one of ``values``.

    Text with a CHECK rather than a native enum: a value can be added *and taken away* by swapping the
    constraint (NOT VALID, then VALIDATE) without rewriting the table or blocking readers.
    """
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name or f"{column}_known")


def span(prefix: str, *, optional: bool = False) -> CheckConstraint:
    """CHECK that [``prefix``_start, ``prefix``_end) is not negative and not empty, or wholly absent."""
    start, end = f"{prefix}_start", f"{prefix}_end"
    rule = f"{start} >= 0 AND {end} > {start}"
    if optional:
        # `(NULL >= 0)` is unknown, which a CHECK lets pass; half a span must not.
        rule = f"({start} IS NULL) = ({end} IS NULL) AND ({start} IS NULL OR ({rule}))"
    return CheckConstraint(rule, name=f"{prefix}_span")


def share(column: str) -> CheckConstraint:
    """CHECK that ``column`` lies in [0, 1]; NaN, which Postgres sorts above everything, is refused."""
    return CheckConstraint(f"{column} >= 0 AND {column} <= 1", name=f"{column}_share")
