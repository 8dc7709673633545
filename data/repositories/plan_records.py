"""Say what a plan, its log, its notes and its crosswalk look like outside the store.

Used by the repositories of plans and by `data.planning`.
Knows nothing of what an edit means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from shapely.geometry.base import BaseGeometry

from data.errors import AccessRefused, DataError
from data.models import Crosswalk, Plan, PlanAside, PlanEdit, PlanNote
from data.privacy import mask_value
from data.viewer import DisplayLevel, Role, Viewer

PLANNERS: Final = frozenset({Role.PLANNER, Role.STEWARD})
"""Roles that draw, approve and publish plans."""
LONGEST_NAME: Final = 120
LONGEST_NOTE: Final = 2000


class PlanStatus(StrEnum):
    """How far a plan has come."""

    DRAFT = "draft"
    APPROVED = "approved"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class BaseKind(StrEnum):
    """Where the grids come from that a plan is drawn on."""

    LATEST = "latest"
    DAY = "day"
    FILE = "file"
    FORMER = "former"


@dataclass(frozen=True, slots=True)
class BaseGrid:
    """One grid of a base: values of the store, shape (MultiPolygon) in EPSG:4326."""

    code: str
    name: str
    parent_code: str | None
    household_count: int | None
    resident_count: int | None
    estimated: tuple[str, ...]
    shape: BaseGeometry


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan without its grids.

    Attributes
    ----------
    base_id, former_id
        Bases it is drawn on, and that publishing replaces; equal for a plan on the latest grids.
    base_kind, base_on, base_key, file_name
        Of the base: where from, of which day, hash of its grids, name of an imported file.
    scope_code
        Code of the place whose grids are planned; None: every base grid of the store.
    head, log_head
        Position of the last edit in force, and of the last that redo can reach.
    version
        Grows with every change; to be named again when something is written.
    """

    id: int
    name: str
    author: str
    note: str | None
    status: PlanStatus
    is_template: bool
    base_id: int
    former_id: int
    base_kind: BaseKind
    base_on: date | None
    base_key: str
    file_name: str | None
    scope_code: str | None
    source_plan_id: int | None
    head: int
    log_head: int
    version: int
    created_at: datetime
    changed_at: datetime
    changed_by: str
    last_action: str
    approved_by: str | None
    approved_at: datetime | None
    published_by: str | None
    published_at: datetime | None
    effective_on: date | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class EditRecord:
    """One edit of a log; `is_left`: an edit after an undo cut it off, it is kept and not in force.

    `edit`, `inverse`, `outcome` are what `geo.edits.values.to_json` wrote; `report` tells the areas
    and counts that moved.
    """

    number: int
    position: int
    is_left: bool
    version: int
    kind: str
    codes: tuple[str, ...]
    edit: Mapping[str, Any]
    inverse: Mapping[str, Any]
    outcome: Mapping[str, Any]
    report: Mapping[str, Any] | None
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DrawnEdit:
    """An edit that was applied, as it goes into the log (see `EditRecord`)."""

    kind: str
    codes: tuple[str, ...]
    edit: Mapping[str, Any]
    inverse: Mapping[str, Any]
    outcome: Mapping[str, Any]
    report: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """A comment on a grid, or on the whole plan (`grid_code` None)."""

    id: int
    grid_code: str | None
    note: str
    author: str
    at: datetime
    closed_by: str | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class AsideRecord:
    """A drawing that was refused and kept; `state` is open, applied or dismissed."""

    id: int
    plan_id: int
    edit: Mapping[str, Any]
    reason: str
    fields: Mapping[str, Any]
    seen_version: int
    current_version: int
    author: str
    at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class CrosswalkRecord:
    """Share of a former grid that went into a new one; shares from 0 to 1, of the former grid.

    `household_share` is None where the households of the former grid are unknown; `is_estimated`
    says that its households were shared out, not counted.
    """

    old_code: str
    new_code: str
    area_m2: float | None
    area_share: float
    household_share: float | None
    is_estimated: bool


@dataclass(frozen=True, slots=True)
class PlannedGrid:
    """One grid as it is to be.

    Attributes
    ----------
    origin
        Code under which the plan's base knows it; None for a grid that a split or merge made.
    neighbour
        Code of the former grid in which an inner point of a new one lies: the new grid is looked
        after by the same station. None for others, and where there was no grid.
    estimated
        Measures (`households`, `residents`) whose number was shared out, not counted.
    """

    code: str
    origin: str | None
    neighbour: str | None
    name: str
    parent_code: str | None
    household_count: int | None
    resident_count: int | None
    estimated: tuple[str, ...]
    shape: BaseGeometry
    area_m2: float | None


@dataclass(frozen=True, slots=True)
class Publication:
    """What is published: every grid of the plan's scope, from which day, and the crosswalk."""

    effective_on: date
    reason: str
    grids: tuple[PlannedGrid, ...]
    crosswalk: tuple[CrosswalkRecord, ...]


@dataclass(frozen=True, slots=True)
class Orphan:
    """Something that hangs on a grid that ended: a post with its holders, or a smaller grid."""

    kind: str
    grid_code: str
    code: str
    title: str
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did: codes, and what is to be re-appointed by hand."""

    plan: PlanRecord
    changed: tuple[str, ...]
    added: tuple[str, ...]
    retired: tuple[str, ...]
    renumbered: tuple[tuple[str, str], ...]
    orphans: tuple[Orphan, ...]


def require_planner(viewer: Viewer) -> None:
    """Refuse whoever does not plan.

    Raises
    ------
    AccessRefused
        `plan_role_refused`; `level_too_low`.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    if viewer.role not in PLANNERS:
        raise AccessRefused("plan_role_refused", role=viewer.role.value)


def masked(text: str, longest: int = LONGEST_NOTE) -> str | None:
    """Strip a text and mask person numbers in it; None for nothing.

    Raises
    ------
    DataError
        `plan_text_too_long`.
    """
    told = text.strip()
    if len(told) > longest:
        raise DataError("plan_text_too_long", length=len(told), most=longest)
    return mask_value(told) if told else None


def edit_of(row: PlanEdit) -> EditRecord:
    """Take a row out of the store."""
    return EditRecord(
        number=row.number,
        position=row.position,
        is_left=row.is_left,
        version=row.version,
        kind=row.kind,
        codes=tuple(row.codes),
        edit=row.edit,
        inverse=row.inverse,
        outcome=row.outcome,
        report=row.report,
        author=row.author,
        at=row.at,
    )


def note_of(row: PlanNote) -> NoteRecord:
    """Take a row out of the store."""
    return NoteRecord(
        row.id, row.grid_code, row.note, row.author, row.at, row.closed_by, row.closed_at
    )


def aside_of(row: PlanAside) -> AsideRecord:
    """Take a row out of the store."""
    return AsideRecord(
        id=row.id,
        plan_id=row.plan_id,
        edit=row.edit,
        reason=row.reason,
        fields=row.fields or {},
        seen_version=row.seen_version,
        current_version=row.current_version,
        author=row.author,
        at=row.at,
        state=row.state,
    )


def crosswalk_of(row: Crosswalk) -> CrosswalkRecord:
    """Take a row out of the store."""
    return CrosswalkRecord(
        row.old_code,
        row.new_code,
        row.area_m2,
        row.area_share,
        row.household_share,
        row.is_estimated,
    )


PLAN_FIELDS: Final = tuple(
    name
    for name in PlanRecord.__dataclass_fields__
    if name in Plan.__table__.columns and name != "status"
)
"""Attributes of a `PlanRecord` that are columns of its row."""
