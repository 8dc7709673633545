"""Rows of incidents, hazards and disputes.

Incidents have no R-tree in the embedded store: their points are read column-wise (storage note).
"""

from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Double, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from data.geometry import Geom, Utc
from data.models.base import BIG_KEY, Base, JsonText, PrimaryKey, blob_check


class EventColumns:
    """Columns that incidents, hazards and disputes share.

    `occurred_at` is when it happened or was found; `time_precision` says how much of it is known
    (minute, day, month); `time_flags` why its times are kept out of durations. `geom` is none for
    unlocated rows; `src_x`/`src_y` are the file's numbers where they were converted.
    """

    id: Mapped[PrimaryKey]
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    kind_source: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    channel_group: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[datetime | None] = mapped_column(Utc)
    time_precision: Mapped[str] = mapped_column(Text)
    time_flags: Mapped[str | None] = mapped_column(Text)
    reported_at: Mapped[datetime | None] = mapped_column(Utc)
    accepted_at: Mapped[datetime | None] = mapped_column(Utc)
    handled_at: Mapped[datetime | None] = mapped_column(Utc)
    closed_at: Mapped[datetime | None] = mapped_column(Utc)
    due_at: Mapped[datetime | None] = mapped_column(Utc)
    updated_at: Mapped[datetime | None] = mapped_column(Utc)
    status: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(Text)
    stated_unit: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    src_datum: Mapped[str | None] = mapped_column(Text)
    src_x: Mapped[float | None] = mapped_column(Double)
    src_y: Mapped[float | None] = mapped_column(Double)
    attributes: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    line: Mapped[int | None]
    content_hash: Mapped[str] = mapped_column(Text)
    geom: Mapped[BaseGeometry | None] = mapped_column(Geom("POINT"))

    @declared_attr
    def batch_id(cls) -> Mapped[int | None]:  # noqa: N805 - SQLAlchemy hands the class
        """Import that wrote the row last."""
        return mapped_column(BIG_KEY, ForeignKey("import_batch.id"))


class Incident(EventColumns, Base):
    """A call or report received by the police (警情)."""

    __tablename__ = "incident"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("gix_incident_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        blob_check(),
    )


class Hazard(EventColumns, Base):
    """A hazard of a place (隐患)."""

    __tablename__ = "hazard"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("gix_hazard_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        blob_check(),
    )

    severity: Mapped[str | None] = mapped_column(Text)
    is_major: Mapped[bool | None]


class Dispute(EventColumns, Base):
    """A dispute (矛盾纠纷), which may name the hazard at its root."""

    __tablename__ = "dispute"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("gix_dispute_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        blob_check(),
    )

    severity: Mapped[str | None] = mapped_column(Text)
    root_hazard_ref: Mapped[str | None] = mapped_column(Text)
