"""Rows of boundary plans: base grids, log of edits, notes, drawings set aside, crosswalk.

Used by the repositories of plans only. Knows nothing of what an edit means: edits are JSON values.
"""

from datetime import date, datetime
from typing import Any, Final

from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    CheckConstraint,
    Date,
    Double,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from data.geometry import Geom, Utc
from data.models.base import BIG_KEY, Base, JsonText, PrimaryKey, blob_check

KEPT_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "plan_edit": (
        *("plan_id", "number", "position", "version", "kind", "codes"),
        *("edit", "inverse", "outcome", "report", "author", "at"),
    ),
    "crosswalk": (),
}
"""Tables whose rows stay: columns that triggers of both stores keep as written (none: all)."""
_IN_FORCE: Final = text("NOT is_left")


class PlanBase(Base):
    """A set of grids that plans stand on: of a day, of a file, or the latest that a plan replaces.

    `key` is the hash of codes, parents and shapes, `content_key` of names and counts as well; plans
    on the same grids share one base. `seen_revision` is the revision of `places` at which the store
    was last found to hold the same.
    """

    __tablename__ = "plan_base"

    id: Mapped[PrimaryKey]
    kind: Mapped[str] = mapped_column(Text)
    base_on: Mapped[date | None] = mapped_column(Date)
    scope_code: Mapped[str | None] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text, index=True)
    content_key: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Utc)
    seen_revision: Mapped[int | None]


class PlanGrid(Base):
    """One grid of a base, as it was when the base was taken."""

    __tablename__ = "plan_grid"
    __table_args__ = (UniqueConstraint("base_id", "code"), blob_check())

    id: Mapped[PrimaryKey]
    base_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("plan_base.id"))
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(Text)
    household_count: Mapped[int | None]
    resident_count: Mapped[int | None]
    estimated: Mapped[list[str] | None] = mapped_column(JsonText)
    geom: Mapped[BaseGeometry | None] = mapped_column(Geom("MULTIPOLYGON"))


class Plan(Base):
    """A plan (方案): base grids, a log of edits, and how far it has come.

    `former_id` are the grids that publishing replaces; `base_id` those it is drawn on: the same for
    a plan from the latest grids. `head` is the position of the last edit in force, `log_head` the
    last edit kept for redo. `version` grows with every change: two who change the same plan at once
    are told.
    """

    __tablename__ = "plan"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'approved', 'published', 'withdrawn')", "status"),
        CheckConstraint("head >= 0 AND log_head >= head", "head"),
        CheckConstraint("approved_by IS NULL OR approved_by <> author", "second_person"),
        CheckConstraint(
            "status <> 'published' OR (effective_on IS NOT NULL AND published_by IS NOT NULL)",
            "published",
        ),
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    is_template: Mapped[bool] = mapped_column(default=False)
    base_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("plan_base.id"))
    former_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("plan_base.id"))
    source_plan_id: Mapped[int | None] = mapped_column(BIG_KEY, ForeignKey("plan.id"))
    head: Mapped[int] = mapped_column(default=0)
    log_head: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Utc)
    changed_at: Mapped[datetime] = mapped_column(Utc)
    changed_by: Mapped[str] = mapped_column(Text)
    last_action: Mapped[str] = mapped_column(Text)
    approved_by: Mapped[str | None] = mapped_column(Text)
    approved_at: Mapped[datetime | None] = mapped_column(Utc)
    published_by: Mapped[str | None] = mapped_column(Text)
    published_at: Mapped[datetime | None] = mapped_column(Utc)
    effective_on: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str | None] = mapped_column(Text)


class PlanEdit(Base):
    """One edit of a plan's log; only `is_left` ever changes, and no row is deleted.

    `number` counts all that were ever drawn, `position` those on the branch in force or to be
    redone; an edit after an undo leaves the others behind (`is_left`). `outcome` are the touched
    grids as they were afterwards: a plan opens without drawing anything again.
    """

    __tablename__ = "plan_edit"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        Index(
            "uq_plan_edit_branch",
            "plan_id",
            "position",
            unique=True,
            sqlite_where=_IN_FORCE,
            postgresql_where=_IN_FORCE,
        ),
        CheckConstraint("number > 0 AND position > 0 AND position <= number", "order"),
    )

    id: Mapped[PrimaryKey]
    plan_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("plan.id"))
    number: Mapped[int]
    position: Mapped[int]
    is_left: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(Text)
    codes: Mapped[list[str]] = mapped_column(JsonText)
    edit: Mapped[dict[str, Any]] = mapped_column(JsonText)
    inverse: Mapped[dict[str, Any]] = mapped_column(JsonText)
    outcome: Mapped[dict[str, Any]] = mapped_column(JsonText)
    report: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Utc)


class PlanSnapshot(Base):
    """What the first edits of a plan, up to and with `number`, made of its base: changes only."""

    __tablename__ = "plan_snapshot"
    __table_args__ = (UniqueConstraint("plan_id", "number"),)

    id: Mapped[PrimaryKey]
    plan_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("plan.id"))
    number: Mapped[int]
    outcome: Mapped[dict[str, Any]] = mapped_column(JsonText)


class PlanNote(Base):
    """A comment on a grid of a plan, or on the whole plan (`grid_code` none); masked."""

    __tablename__ = "plan_note"

    id: Mapped[PrimaryKey]
    plan_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("plan.id"), index=True)
    grid_code: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Utc)
    closed_by: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(Utc)


class PlanAside(Base):
    """A drawing that was refused and kept: to be applied again, or dismissed."""

    __tablename__ = "plan_aside"
    __table_args__ = (CheckConstraint("state IN ('open', 'applied', 'dismissed')", "state"),)

    id: Mapped[PrimaryKey]
    plan_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("plan.id"), index=True)
    edit: Mapped[dict[str, Any]] = mapped_column(JsonText)
    reason: Mapped[str] = mapped_column(Text)
    fields: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    seen_version: Mapped[int]
    current_version: Mapped[int]
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Utc)
    state: Mapped[str] = mapped_column(Text, default="open")
    closed_by: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(Utc)


class Crosswalk(Base):
    """How much of a former grid went into a new one when a plan was published; never changed.

    Shares are of the former grid, from 0 to 1; `household_share` none: its households are unknown.
    """

    __tablename__ = "crosswalk"
    __table_args__ = (
        UniqueConstraint("plan_id", "old_code", "new_code"),
        CheckConstraint("area_share >= 0 AND area_share <= 1", "area_share"),
        CheckConstraint(
            "household_share IS NULL OR (household_share >= 0 AND household_share <= 1)",
            "household_share",
        ),
    )

    id: Mapped[PrimaryKey]
    plan_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("plan.id"))
    effective_on: Mapped[date] = mapped_column(Date, index=True)
    old_code: Mapped[str] = mapped_column(Text)
    new_code: Mapped[str] = mapped_column(Text)
    area_m2: Mapped[float | None] = mapped_column(Double)
    area_share: Mapped[float] = mapped_column(Double)
    household_share: Mapped[float | None] = mapped_column(Double)
    is_estimated: Mapped[bool]
