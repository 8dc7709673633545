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

    `occurred_at` is when it happened or was found, or when the band of time begins that ends before
    `occurred_until`; `time_precision` says how much of it is known (minute, band, day, month);
    `time_flags` why its times are kept out of durations. `version` grows with every change made on
    a screen: two who change the same record at once are told. `geom` is none for
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
    occurred_until: Mapped[datetime | None] = mapped_column(Utc)
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
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    geom: Mapped[BaseGeometry | None] = mapped_column(Geom("POINT"))

    @declared_attr
    def batch_id(cls) -> Mapped[int | None]:  # noqa: N805 - SQLAlchemy hands the class
        """Import that wrote the row last; in PostgreSQL kept by a trigger, not by the key."""
        return mapped_column(BIG_KEY, ForeignKey("import_batch.id"))


class CaseColumns(EventColumns):
    """Columns that hazards and disputes share: the stages of a case and what became of it.

    `level` is where the case lies (grid, community, subdistrict, county); `loop` which of the two
    closed loops carries it (police, joint). `suspended_minutes` stopped the clock.
    """

    severity: Mapped[str | None] = mapped_column(Text)
    level: Mapped[str | None] = mapped_column(Text)
    loop: Mapped[str | None] = mapped_column(Text)
    filed_at: Mapped[datetime | None] = mapped_column(Utc)
    assigned_at: Mapped[datetime | None] = mapped_column(Utc)
    verified_at: Mapped[datetime | None] = mapped_column(Utc)
    suspended_at: Mapped[datetime | None] = mapped_column(Utc)
    suspended_minutes: Mapped[int | None]
    limit_minutes: Mapped[int | None]
    rework_count: Mapped[int | None]
    dispatch_count: Mapped[int | None]
    is_contacted: Mapped[bool | None]
    is_solved: Mapped[bool | None]
    is_satisfied: Mapped[bool | None]


class Incident(EventColumns, Base):
    """A call or report received by the police (警情)."""

    __tablename__ = "incident"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("gix_incident_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        blob_check(),
    )


class Hazard(CaseColumns, Base):
    """A hazard of a place (隐患)."""

    __tablename__ = "hazard"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("gix_hazard_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        blob_check(),
    )

    is_major: Mapped[bool | None]


class Dispute(CaseColumns, Base):
    """A dispute (矛盾纠纷), which may name the hazard at its root."""

    __tablename__ = "dispute"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("gix_dispute_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        blob_check(),
    )

    root_hazard_ref: Mapped[str | None] = mapped_column(Text)


class CaseStep(Base):
    """One step of a hazard's, dispute's or incident's life, in the order in which it was taken.

    Kept by (`layer`, `source`, `external_id`), the key that a file knows too. `actor` is an account
    or a file, `level` where the case lies after the step; `note` is masked before it is written.
    """

    __tablename__ = "case_step"
    __table_args__ = (UniqueConstraint("layer", "source", "external_id", "sequence"),)

    id: Mapped[PrimaryKey]
    layer: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int]
    at: Mapped[datetime] = mapped_column(Utc)
    actor: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    status_before: Mapped[str | None] = mapped_column(Text)
    status_after: Mapped[str] = mapped_column(Text)
    level: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
