"""Begin plans, and open one as a tiling to edit: base, last snapshot, outcomes after it.

Used by the other files of `data.planning`, view models and the command line.
Knows nothing of drawing: opening applies no edit again, so what was drawn stays bit for bit.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy.orm import Session

from data.config import DEFAULT_TZ
from data.database import Database
from data.errors import DataError
from data.frames import compounds_frame, homes_frame
from data.planning.states import folded, grids_of_frame, tiling_of
from data.repositories.places import place_tree, shapes_of
from data.repositories.plan_bases import (
    LATEST,
    BaseSource,
    base_grids,
    borne_codes,
    full_sight,
    grids_on,
    require_scope,
    save_base,
)
from data.repositories.plan_copy import copy_log
from data.repositories.plan_notes import comment
from data.repositories.plan_records import BaseGrid, BaseKind, PlanRecord, require_planner
from data.repositories.plan_writes import NewPlan, create_plan
from data.repositories.plans import find_plan, list_edits, nearest_snapshot
from data.viewer import Viewer
from data.vocabulary import PlaceLevel
from geo.edits.report import Atoms, EditOptions
from geo.edits.tiling import COUNTS, EditTiling


@dataclass(frozen=True, slots=True)
class FromDay:
    """Start from the grids of one day; None: the latest, which hold until further."""

    as_of: date | None = None
    scope_code: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FromFrame:
    """Start from the grids of a file (see `grids_of_frame`), to replace those of the scope.

    Parameters
    ----------
    remark
        What of the file was left out and why: kept as a comment on the plan.
    """

    frame: gpd.GeoDataFrame
    file_name: str
    scope_code: str | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class FromPlan:
    """Start from another plan or template: its base and the edits in force."""

    plan_id: int


@dataclass(frozen=True, slots=True)
class FromFormer:
    """Start from the grids that a published plan replaced: publishing them rolls it back."""

    plan_id: int


PlanStart = FromDay | FromFrame | FromPlan | FromFormer


@dataclass(frozen=True, slots=True)
class Begin:
    """What a new plan is called.

    Parameters
    ----------
    at
        Aware moment.
    """

    name: str
    at: datetime
    note: str = ""
    is_template: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class OpenPlan:
    """A plan with its grids as they are at the head.

    Attributes
    ----------
    tiling
        Grids after the edits in force.
    base
        Grids before the first.
    """

    plan: PlanRecord
    tiling: EditTiling
    base: EditTiling


def begin_plan(db: Database, viewer: Viewer, start: PlanStart, begin: Begin) -> PlanRecord:
    """Make a draft.

    Raises
    ------
    AccessRefused
        `plan_role_refused`, `plan_scope_refused`.
    RecordNotFound
        `no_such_plan`, `plan_scope_unknown`.
    DataError
        `plan_without_grids`; `plan_file_empty`, `plan_file_not_areas`, `plan_not_published`;
        those of `create_plan`.
    """
    require_planner(viewer)
    with db.write() as session:
        if isinstance(start, FromPlan):
            return _copied(session, viewer, start, begin)
        scope = _scope_of(session, viewer, start)
        require_scope(session, viewer, scope)
        sight = full_sight(viewer)
        now = grids_on(session, sight, as_of=LATEST, scope_code=scope)
        today = begin.at.astimezone(ZoneInfo(DEFAULT_TZ)).date()
        former = save_base(session, BaseSource(BaseKind.LATEST, today, scope), now, at=begin.at)
        source, grids = _base_of(session, sight, start, scope, now)
        if not grids:
            raise DataError("plan_without_grids", scope=scope or "", day=source.base_on or today)
        is_latest = source.kind is BaseKind.LATEST
        base = former if is_latest else save_base(session, source, grids, at=begin.at)
        new = NewPlan(
            name=begin.name,
            base_id=base.id,
            former_id=former.id,
            note=begin.note,
            is_template=begin.is_template,
            source_plan_id=start.plan_id if isinstance(start, FromFormer) else None,
        )
        made = create_plan(session, viewer, new, at=begin.at)
        if isinstance(start, FromFrame) and start.remark:
            comment(session, viewer, made.id, text=start.remark, grid_code=None, at=begin.at)
        return made


def _scope_of(session: Session, viewer: Viewer, start: PlanStart) -> str | None:
    if isinstance(start, FromDay | FromFrame):
        return start.scope_code
    return find_plan(session, viewer, start.plan_id).scope_code


def _base_of(
    session: Session,
    sight: Viewer,
    start: PlanStart,
    scope: str | None,
    now: tuple[BaseGrid, ...],
) -> tuple[BaseSource, tuple[BaseGrid, ...]]:
    if isinstance(start, FromFrame):
        known = {grid.code: grid for grid in now}
        source = BaseSource(BaseKind.FILE, None, scope, start.file_name)
        return source, grids_of_frame(start.frame, known)
    if isinstance(start, FromFormer):
        plan = find_plan(session, sight, start.plan_id)
        if plan.effective_on is None or plan.published_by is None:
            raise DataError("plan_not_published", plan=plan.name, status=plan.status.value)
        source = BaseSource(BaseKind.FORMER, plan.effective_on, scope)
        return source, base_grids(session, plan.former_id)
    if isinstance(start, FromDay) and start.as_of is not None:
        source = BaseSource(BaseKind.DAY, start.as_of, scope)
        return source, grids_on(session, sight, as_of=start.as_of, scope_code=scope)
    return BaseSource(BaseKind.LATEST, None, scope), now


def _copied(session: Session, viewer: Viewer, start: FromPlan, begin: Begin) -> PlanRecord:
    plan = find_plan(session, viewer, start.plan_id)
    new = NewPlan(
        name=begin.name,
        base_id=plan.base_id,
        former_id=plan.former_id,
        note=begin.note or plan.note or "",
        is_template=begin.is_template,
        source_plan_id=plan.id,
    )
    made = create_plan(session, viewer, new, at=begin.at)
    copy_log(session, plan.id, made.id, until=plan.head)
    return find_plan(session, viewer, made.id)


def open_plan(
    session: Session, viewer: Viewer, plan_id: int, *, position: int | None = None
) -> OpenPlan:
    """Open a plan at its head, or as it was after some of its edits.

    Parameters
    ----------
    position
        How many edits of the branch in force; None: those up to the head.

    Raises
    ------
    RecordNotFound
        `no_such_plan`.
    """
    plan = find_plan(session, viewer, plan_id)
    grids = base_grids(session, plan.base_id)
    own = {grid.code for grid in grids}
    base = tiling_of(grids, retired=borne_codes(session).keys() - own)
    at = plan.head if position is None else min(max(position, 0), plan.log_head)
    outcomes = outcomes_until(session, viewer, plan.id, at)
    return OpenPlan(plan, folded(base, outcomes), base)


def outcomes_until(
    session: Session, viewer: Viewer, plan_id: int, position: int
) -> list[Mapping[str, object]]:
    """Give what leads from the base to a position: the nearest snapshot, then single outcomes."""
    snapshot = nearest_snapshot(session, plan_id, position)
    begun, first = (0, []) if snapshot is None else (snapshot[0], [snapshot[1]])
    later = list_edits(session, viewer, plan_id, after=begun, until=position)
    return [*first, *(edit.outcome for edit in later)]


def reopened(session: Session, viewer: Viewer, opened: OpenPlan) -> OpenPlan:
    """Bring an opened plan up to the store, reading only what is new; the same one if nothing is.

    Edits drawn since are laid on top; after an undo or a rebase the plan is opened anew.
    """
    plan = find_plan(session, viewer, opened.plan.id)
    if plan.version == opened.plan.version:
        return opened
    later = list_edits(session, viewer, plan.id, after=opened.plan.head, until=plan.head)
    goes_on = plan.head - opened.plan.head == len(later) == plan.version - opened.plan.version
    if plan.base_id != opened.plan.base_id or not goes_on:
        return open_plan(session, viewer, plan.id)
    return OpenPlan(plan, folded(opened.tiling, (e.outcome for e in later)), opened.base)


def edit_options(session: Session, viewer: Viewer) -> EditOptions:
    """Give how edits are applied in this store: communities' shapes, where people live."""
    tree = place_tree(session, full_sight(viewer), as_of=LATEST)
    level = PlaceLevel.COMMUNITY.value
    communities = [r for r in tree.records.values() if r.level == level]
    shapes = shapes_of(session, (r.id for r in communities), as_of=LATEST)
    parents = {r.code: shapes[r.id] for r in communities if r.id in shapes}
    return EditOptions(parents=parents, atoms=_atoms(session, full_sight(viewer)))


def _atoms(session: Session, viewer: Viewer) -> Atoms | None:
    """Give where people live: buildings, as in the impact and the crosswalk, or else compounds."""
    homes = homes_frame(session, viewer)
    frame = homes if len(homes) else compounds_frame(session, viewer)
    shapes = frame.geometry.to_numpy()
    known = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    measures = [m for m in COUNTS if len(frame) and bool(frame.loc[known, m].notna().all())]
    if not known.any() or not measures:
        return None
    counts = {m: frame.loc[known, m].to_numpy(dtype=np.int64) for m in measures}
    return Atoms(shapes[known], counts)


@dataclass(frozen=True, slots=True)
class LogSummary:
    """What a log holds: edits in force by kind, who drew, the codes that were touched."""

    kinds: Mapping[str, int] = field(default_factory=dict)
    authors: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


def summary_of(session: Session, viewer: Viewer, plan_id: int) -> LogSummary:
    """Sum a plan's edits in force up."""
    plan = find_plan(session, viewer, plan_id)
    edits = list_edits(session, viewer, plan_id, until=plan.head)
    return LogSummary(
        kinds=dict(Counter(edit.kind for edit in edits)),
        authors=tuple(sorted({edit.author for edit in edits})),
        codes=tuple(sorted(_codes(edit.codes for edit in edits))),
    )


def _codes(listed: Iterable[Iterable[str]]) -> set[str]:
    return {code for codes in listed for code in codes}
