"""Rows of the work itself: shifts, meetings, talks, appraisals, agreements, programmes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Double, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.geometry import Utc
from data.models.assets import RegisterColumns
from data.models.base import Base, JsonText


class DutyShift(RegisterColumns, Base):
    """A shift of a post at a place: when, what kind of duty, how much of it in the community."""

    __tablename__ = "duty_shift"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("ends_at > starts_at", "span"),
        CheckConstraint("minutes_in_community IS NULL OR minutes_in_community >= 0", "minutes"),
    )

    place_code: Mapped[str] = mapped_column(Text)
    position: Mapped[str | None] = mapped_column(Text)
    holder_ref: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime] = mapped_column(Utc)
    ends_at: Mapped[datetime] = mapped_column(Utc)
    minutes_in_community: Mapped[int | None]
    contact_count: Mapped[int | None]


class Meeting(RegisterColumns, Base):
    """A meeting that was planned, held, or both; `parties` are kinds, not persons."""

    __tablename__ = "meeting"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("planned_on IS NOT NULL OR held_on IS NOT NULL", "day"),
    )

    place_code: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    planned_on: Mapped[date | None] = mapped_column(Date)
    held_on: Mapped[date | None] = mapped_column(Date)
    parties: Mapped[list[str] | None] = mapped_column(JsonText)
    is_police_present: Mapped[bool | None]
    hazard_ref: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)


class Talk(RegisterColumns, Base):
    """A talk (谈心谈话) of a subdistrict's committee with an office-holder."""

    __tablename__ = "talk"
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    holder_ref: Mapped[str] = mapped_column(Text)
    place_code: Mapped[str | None] = mapped_column(Text)
    held_on: Mapped[date] = mapped_column(Date)


class Debrief(RegisterColumns, Base):
    """A debrief (述职) of an office-holder to one body about one period."""

    __tablename__ = "debrief"
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    holder_ref: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    held_on: Mapped[date | None] = mapped_column(Date)


class Appraisal(RegisterColumns, Base):
    """A score (考核) of an office-holder; read by the reviewing role only, never on a wall."""

    __tablename__ = "appraisal"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("score >= 0 AND score <= 100", "score"),
    )

    holder_ref: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    score: Mapped[float] = mapped_column(Double)
    appraised_on: Mapped[date | None] = mapped_column(Date)


class Agreement(RegisterColumns, Base):
    """A co-construction agreement (共驻共建协议) of a community with a partner organisation."""

    __tablename__ = "agreement"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("until IS NULL OR until > since", "span"),
    )

    place_code: Mapped[str] = mapped_column(Text)
    partner: Mapped[str] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    signed_on: Mapped[date | None] = mapped_column(Date)
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)


class Target(RegisterColumns, Base):
    """A plan figure of a period, with how much of it is done (K10)."""

    __tablename__ = "target"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("until > since", "span"),
    )

    place_code: Mapped[str | None] = mapped_column(Text)
    measure: Mapped[str] = mapped_column(Text)
    label_zh: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
    planned: Mapped[float] = mapped_column(Double)
    done: Mapped[float | None] = mapped_column(Double)
    base: Mapped[float | None] = mapped_column(Double)
    unit: Mapped[str] = mapped_column(Text)
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)


class Campaign(RegisterColumns, Base):
    """An action of limited days (百日走访); its funnel is counted from the cases in its span."""

    __tablename__ = "campaign"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("until > since", "span"),
    )

    place_code: Mapped[str | None] = mapped_column(Text)
    label_zh: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
    layer: Mapped[str] = mapped_column(Text)
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)


class ProgrammeItem(RegisterColumns, Base):
    """One tile of a programme board (八个一): what it is and how far it has come."""

    __tablename__ = "programme_item"
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    programme: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int]
    label_zh: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    measure: Mapped[str | None] = mapped_column(Text)


class AreaGrade(RegisterColumns, Base):
    """The published grade of an area in one month, from green to black (五色图)."""

    __tablename__ = "area_grade"
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    place_code: Mapped[str] = mapped_column(Text)
    month_on: Mapped[date] = mapped_column(Date)
    grade: Mapped[str] = mapped_column(Text)
    score: Mapped[float | None] = mapped_column(Double)
    indicators: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
