"""What earlier runs found unchanged."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, BigRef


class FileHint(Base):
    __tablename__ = "file_hint"

    pipeline_version_id: Mapped[BigRef] = mapped_column(
        ForeignKey("pipeline_version.id", ondelete="CASCADE"), comment="The pipeline version that has read it"
    )
    fingerprint: Mapped[int] = mapped_column(
        BigInteger, comment="Hash of address, size, times and stated metadata of a file that is loaded"
    )

    __table_args__ = (
        PrimaryKeyConstraint("pipeline_version_id", "fingerprint"),
        {"comment": "Files that need not be read again while their listing stays the same; a hint only"},
    )
