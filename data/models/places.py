"""Rows of places: identity, dated boundaries, code history, streets, compounds."""

from datetime import date
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import CheckConstraint, Date, Double, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.geometry import Geom
from data.models.base import BIG_KEY, Base, JsonText, PrimaryKey, blob_check


class Place(Base):
    """One place through time: a province … a grid, or a police station."""

    __tablename__ = "place"
    __table_args__ = (UniqueConstraint("level", "code"),)

    id: Mapped[PrimaryKey]
    level: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    office_phone: Mapped[str | None] = mapped_column(Text)
    attributes: Mapped[dict[str, Any] | None] = mapped_column(JsonText)


class Boundary(Base):
    """What a place was from `valid_from` (none: ever) to before `valid_to` (none: until further).

    No two rows of one place overlap in time: a trigger (SQLite) or an exclusion constraint
    (PostgreSQL) refuses it. `attributes` say which counts were estimated when a plan cut the grid
    (`estimated`), and which name the place bore then where it bears another since (`name`).
    """

    __tablename__ = "boundary"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from IS NULL OR valid_to > valid_from", "span"),
        Index(None, "place_id", "valid_from"),
        Index("gix_boundary_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        blob_check(),
    )

    id: Mapped[PrimaryKey]
    place_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("place.id"))
    parent_id: Mapped[int | None] = mapped_column(BIG_KEY, ForeignKey("place.id"), index=True)
    station_id: Mapped[int | None] = mapped_column(BIG_KEY, ForeignKey("place.id"))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    household_count: Mapped[int | None]
    resident_count: Mapped[int | None]
    area_m2: Mapped[float | None] = mapped_column(Double)
    geom: Mapped[BaseGeometry | None] = mapped_column(Geom("MULTIPOLYGON"))
    batch_id: Mapped[int | None] = mapped_column(BIG_KEY, ForeignKey("import_batch.id"))
    content_hash: Mapped[str | None] = mapped_column(Text)
    attributes: Mapped[dict[str, Any] | None] = mapped_column(JsonText)


class PlaceCode(Base):
    """Which code a place bore when; a retired code is never given again."""

    __tablename__ = "place_code"
    __table_args__ = (UniqueConstraint("level", "code"),)

    id: Mapped[PrimaryKey]
    place_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("place.id"), index=True)
    level: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class Street(Base):
    """A street line of the plain basemap."""

    __tablename__ = "street"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("gix_street_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        blob_check(),
    )

    id: Mapped[PrimaryKey]
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    street_class: Mapped[str | None] = mapped_column(Text)
    length_m: Mapped[float | None] = mapped_column(Double)
    geom: Mapped[BaseGeometry | None] = mapped_column(Geom("MULTILINESTRING"))
    batch_id: Mapped[int | None] = mapped_column(BIG_KEY, ForeignKey("import_batch.id"))
    content_hash: Mapped[str | None] = mapped_column(Text)


class Compound(Base):
    """A residential compound or block: the smallest area that planners move.

    `safe_stars` is its rating as a safe unit (星级平安单元); none: not rated.
    """

    __tablename__ = "compound"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("gix_compound_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        blob_check(),
    )

    id: Mapped[PrimaryKey]
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str | None] = mapped_column(Text)
    household_count: Mapped[int | None]
    resident_count: Mapped[int | None]
    is_old: Mapped[bool | None]
    is_unmanaged: Mapped[bool | None]
    safe_stars: Mapped[int | None]
    geom: Mapped[BaseGeometry | None] = mapped_column(Geom("MULTIPOLYGON"))
    batch_id: Mapped[int | None] = mapped_column(BIG_KEY, ForeignKey("import_batch.id"))
    content_hash: Mapped[str | None] = mapped_column(Text)
