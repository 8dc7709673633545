"""Rows of things with a place: buildings, devices, service points, patrol targets and stops."""

from datetime import date, datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import CheckConstraint, Date, Double, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from data.geometry import Geom, Utc
from data.models.base import BIG_KEY, Base, JsonText, PrimaryKey, blob_check


class RegisterColumns:
    """Columns that every row of a register shares; (`source`, `external_id`) is its key."""

    id: Mapped[PrimaryKey]
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    attributes: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    updated_at: Mapped[datetime | None] = mapped_column(Utc)
    line: Mapped[int | None]
    content_hash: Mapped[str | None] = mapped_column(Text)

    @declared_attr
    def batch_id(cls) -> Mapped[int | None]:  # noqa: N805 - SQLAlchemy hands the class
        """Import that wrote the row last."""
        return mapped_column(BIG_KEY, ForeignKey("import_batch.id"))


class LocatedColumns(RegisterColumns):
    """Columns of a register whose rows may lie somewhere; `place_code` is the unit the file states.

    `src_x`/`src_y` are not kept: only events are ever audited row by row.
    """

    name: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    place_code: Mapped[str | None] = mapped_column(Text)


class Building(LocatedColumns, Base):
    """A building (楼栋), with the households and residents in it; a point or an outline."""

    __tablename__ = "building"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("gix_building_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        blob_check(),
    )

    compound_ref: Mapped[str | None] = mapped_column(Text)
    stairwell_count: Mapped[int | None]
    floor_count: Mapped[int | None]
    household_count: Mapped[int | None]
    resident_count: Mapped[int | None]
    is_unmanaged: Mapped[bool | None]
    geom: Mapped[BaseGeometry | None] = mapped_column(Geom("GEOMETRY"))


class Device(LocatedColumns, Base):
    """A device (smoke alarm, camera, charging pile) and whether it answers."""

    __tablename__ = "device"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("gix_device_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        blob_check(),
    )

    status: Mapped[str] = mapped_column(Text)
    installed_on: Mapped[date | None] = mapped_column(Date)
    checked_on: Mapped[date | None] = mapped_column(Date)
    last_seen_at: Mapped[datetime | None] = mapped_column(Utc)
    geom: Mapped[BaseGeometry | None] = mapped_column(Geom("POINT"))


class ServicePoint(LocatedColumns, Base):
    """A place where the public is served, or that should show a contact card."""

    __tablename__ = "service_point"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("gix_service_point_geom", "geom", postgresql_using="gist").ddl_if(
            dialect="postgresql"
        ),
        blob_check(),
    )

    has_contact_card: Mapped[bool | None]
    opened_on: Mapped[date | None] = mapped_column(Date)
    office_phone: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[BaseGeometry | None] = mapped_column(Geom("POINT"))


class PatrolTarget(LocatedColumns, Base):
    """A must-reach point (必到点) or must-patrol line (必巡线), with how often it is due."""

    __tablename__ = "patrol_target"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("due_per_week > 0", "due"),
        Index("gix_patrol_target_geom", "geom", postgresql_using="gist").ddl_if(
            dialect="postgresql"
        ),
        blob_check(),
    )

    due_per_week: Mapped[int]
    stay_minutes: Mapped[int | None]
    length_m: Mapped[float | None] = mapped_column(Double)
    geom: Mapped[BaseGeometry | None] = mapped_column(Geom("GEOMETRY"))


class PatrolStop(LocatedColumns, Base):
    """A stop of a team at a place: patrol, inspection, visit or re-check. Nobody is tracked.

    `team` names a unit, never a person. `target_ref` is the patrol target that was due.
    """

    __tablename__ = "patrol_stop"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("left_at IS NULL OR left_at >= arrived_at", "span"),
        Index("gix_patrol_stop_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        blob_check(),
    )

    team: Mapped[str | None] = mapped_column(Text)
    target_ref: Mapped[str | None] = mapped_column(Text)
    arrived_at: Mapped[datetime] = mapped_column(Utc)
    left_at: Mapped[datetime | None] = mapped_column(Utc)
    is_police_led: Mapped[bool | None]
    household_count: Mapped[int | None]
    geom: Mapped[BaseGeometry | None] = mapped_column(Geom("POINT"))
