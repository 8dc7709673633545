"""Rows of office-holders, posts and dated appointments. Nobody else is stored."""

from datetime import date
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import CheckConstraint, Date, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.geometry import Geom
from data.models.base import BIG_KEY, Base, JsonText, PrimaryKey, blob_check


class OfficeHolder(Base):
    """A police officer, auxiliary, grid member, building leader, volunteer or partner.

    Known by role title and service number; names are not stored.
    """

    __tablename__ = "office_holder"
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    id: Mapped[PrimaryKey]
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    station_id: Mapped[int | None] = mapped_column(BIG_KEY, ForeignKey("place.id"))
    is_party_member: Mapped[bool | None]
    office_phone: Mapped[str | None] = mapped_column(Text)
    attributes: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    batch_id: Mapped[int | None] = mapped_column(BIG_KEY, ForeignKey("import_batch.id"))
    content_hash: Mapped[str | None] = mapped_column(Text)


class Post(Base):
    """A seat to be filled at a place, and where its holder sits."""

    __tablename__ = "post"
    __table_args__ = (UniqueConstraint("place_id", "position", "title"), blob_check())

    id: Mapped[PrimaryKey]
    place_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("place.id"), index=True)
    position: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    planned_count: Mapped[int] = mapped_column(default=1)
    office_phone: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[BaseGeometry | None] = mapped_column(Geom("POINT"))


class Appointment(Base):
    """Who fills a post from `since` to before `until` (none: until further).

    The four steps of an appointment are days: reviewed, submitted, decided, filed (资格审查, 上报
    请示, 研究任职, 发文备案); `criteria_met` counts how many of the six criteria were met.
    """

    __tablename__ = "appointment"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("until IS NULL OR since IS NULL OR until > since", "span"),
    )

    id: Mapped[PrimaryKey]
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    office_holder_id: Mapped[int] = mapped_column(
        BIG_KEY, ForeignKey("office_holder.id"), index=True
    )
    post_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("post.id"), index=True)
    substitutes_id: Mapped[int | None] = mapped_column(BIG_KEY, ForeignKey("appointment.id"))
    is_part_time: Mapped[bool | None]
    is_seat: Mapped[bool | None]
    document_no: Mapped[str | None] = mapped_column(Text)
    reviewed_on: Mapped[date | None] = mapped_column(Date)
    submitted_on: Mapped[date | None] = mapped_column(Date)
    decided_on: Mapped[date | None] = mapped_column(Date)
    filed_on: Mapped[date | None] = mapped_column(Date)
    criteria_met: Mapped[int | None]
    since: Mapped[date | None] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    batch_id: Mapped[int | None] = mapped_column(BIG_KEY, ForeignKey("import_batch.id"))
    content_hash: Mapped[str | None] = mapped_column(Text)


class Absence(Base):
    """Leave: the holder's posts count as unfilled unless a substitute is appointed."""

    __tablename__ = "absence"
    __table_args__ = (
        UniqueConstraint("office_holder_id", "since"),
        CheckConstraint("until IS NULL OR until > since", "span"),
    )

    id: Mapped[PrimaryKey]
    office_holder_id: Mapped[int] = mapped_column(
        BIG_KEY, ForeignKey("office_holder.id"), index=True
    )
    reason: Mapped[str] = mapped_column(Text)
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)


class RosterTemplate(Base):
    """A staffing pattern such as 1+1+1+N, for one level of place."""

    __tablename__ = "roster_template"
    __table_args__ = (UniqueConstraint("key"),)

    id: Mapped[PrimaryKey]
    key: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    label_zh: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(default=True)


class RosterSlot(Base):
    """One slot of a template: which positions fill it, and how many are needed."""

    __tablename__ = "roster_slot"
    __table_args__ = (UniqueConstraint("template_id", "slot"),)

    id: Mapped[PrimaryKey]
    template_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("roster_template.id"))
    slot: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int]
    min_count: Mapped[int]
    positions: Mapped[list[str]] = mapped_column(JsonText)
    label_zh: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
