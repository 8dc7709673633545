"""Check a plan whole, tell what publishing it would change, and publish it.

Used by the planner's actions and the command line. Refused are faults that the grids did not have
before. Knows nothing of screens.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy.orm import Session

from data.database import Database
from data.errors import DataError
from data.planning.drawing import origins_of, structure_of
from data.planning.opening import Begin, FromFormer, OpenPlan, begin_plan, open_plan
from data.planning.shares import crosswalk_of_grids, household_flows
from data.planning.states import frame_of_grids, grids_of_tiling
from data.repositories.place_writes import as_multi
from data.repositories.places import place_tree, shapes_of
from data.repositories.plan_bases import (
    LATEST,
    base_grids,
    changes_between,
    full_sight,
    grids_on,
)
from data.repositories.plan_publishing import publish_grids
from data.repositories.plan_records import (
    BaseGrid,
    BaseKind,
    CrosswalkRecord,
    PlannedGrid,
    PlanRecord,
    PlanStatus,
    Publication,
    Published,
)
from data.repositories.plan_writes import Turn
from data.repositories.plans import find_plan, list_edits
from data.viewer import Viewer
from data.vocabulary import PlaceLevel
from geo.crs import STORED_CRS
from geo.measure import area_m2
from geo.tiling import FaultKind, Faults, find_faults

_REFUSED = frozenset(FaultKind) - {FaultKind.MULTIPART}


@dataclass(frozen=True, slots=True)
class PlanCheck:
    """What a check of the whole tiling found.

    Attributes
    ----------
    faults
        Of all grids as they would be: the plan's, and those around its scope.
    new
        Those among them that the grids before did not have.
    """

    faults: Faults
    new: gpd.GeoDataFrame

    @property
    def is_publishable(self) -> bool:
        """Whether no new fault forbids publishing (a grid in several parts is only told)."""
        return not self.new["kind"].isin([kind.value for kind in _REFUSED]).any()


def check_plan(session: Session, viewer: Viewer, opened: OpenPlan) -> PlanCheck:
    """List the faults of the whole tiling that a plan would make, and which of them are new."""
    former = base_grids(session, opened.plan.former_id)
    around = _around(session, viewer, opened, former)
    parents = _parents(session, viewer)
    origins = origins_of(opened.base, structure_of(session, viewer, opened.plan))
    after = find_faults(frame_of_grids([*grids_of_tiling(opened.tiling), *around]), parents=parents)
    if after.frame.empty:
        return PlanCheck(after, after.frame)
    before = find_faults(frame_of_grids([*former, *around]), parents=parents)
    known = Counter(_signs(before.frame, {}))
    is_new = []
    for sign in _signs(after.frame, origins):
        is_new.append(known[sign] <= 0)
        known[sign] -= 1
    return PlanCheck(after, after.frame[np.array(is_new, dtype=bool)].reset_index(drop=True))


def plan_warnings(
    session: Session, viewer: Viewer, opened: OpenPlan, check: PlanCheck
) -> tuple[tuple[str, dict[str, object]], ...]:
    """Give codes and fields of what does not forbid publishing but should be known before.

    `plan_base_not_latest`: the plan is drawn on other grids than it replaces; `plan_multipart`:
    grids that would newly lie in several parts.
    """
    told: list[tuple[str, dict[str, object]]] = []
    plan = opened.plan
    if plan.base_id != plan.former_id:
        find_plan(session, viewer, plan.id)
        pair = (base_grids(session, plan.former_id), base_grids(session, plan.base_id))
        count = len(changes_between(*pair).ground)
        if count:
            day = plan.base_on or plan.file_name or ""
            told.append(("plan_base_not_latest", {"day": day, "count": count}))
    parts = check.new[check.new["kind"] == FaultKind.MULTIPART.value]
    if len(parts):
        codes = sorted({code for row in parts["codes"] for code in row})
        told.append(("plan_multipart", {"codes": codes[:20], "count": len(codes)}))
    return tuple(told)


def _around(
    session: Session, viewer: Viewer, opened: OpenPlan, former: Sequence[BaseGrid]
) -> list[BaseGrid]:
    """Give the grids of the store that the plan leaves alone because they are beyond its scope."""
    if opened.plan.scope_code is None:
        return []
    own = {grid.code for grid in former}
    latest = grids_on(session, full_sight(viewer), as_of=LATEST)
    return [grid for grid in latest if grid.code not in own]


def _parents(session: Session, viewer: Viewer) -> gpd.GeoDataFrame | None:
    tree = place_tree(session, full_sight(viewer), as_of=LATEST)
    found = {r.id: r.code for r in tree.by_code(PlaceLevel.COMMUNITY.value).values()}
    shapes = shapes_of(session, found, as_of=LATEST)
    if not shapes:
        return None
    codes = [found[key] for key in shapes]
    return gpd.GeoDataFrame({"code": codes}, geometry=list(shapes.values()), crs=STORED_CRS)


def _signs(
    faults: gpd.GeoDataFrame, origins: dict[str, str]
) -> Iterable[tuple[str, tuple[str, ...]]]:
    for kind, codes, detail in zip(faults["kind"], faults["codes"], faults["detail"], strict=True):
        if detail != "parent_unknown":
            yield str(kind), tuple(sorted(origins.get(code, code) for code in codes))
        else:
            yield "", ()


def planned_grids(session: Session, viewer: Viewer, opened: OpenPlan) -> tuple[PlannedGrid, ...]:
    """Give every grid of a plan as it is to be, with who it was and in whose ground it lies."""
    origins = origins_of(opened.base, structure_of(session, viewer, opened.plan))
    grids = grids_of_tiling(opened.tiling)
    areas = area_m2(frame_of_grids(grids))
    near = _neighbours(
        [g for g in grids if g.code not in origins], base_grids(session, opened.plan.former_id)
    )
    return tuple(
        PlannedGrid(
            code=grid.code,
            origin=origins.get(grid.code),
            neighbour=near.get(grid.code),
            name=grid.name,
            parent_code=grid.parent_code,
            household_count=grid.household_count,
            resident_count=grid.resident_count,
            estimated=grid.estimated,
            shape=grid.shape,
            area_m2=float(area),
        )
        for grid, area in zip(grids, areas, strict=True)
    )


def _neighbours(new: Sequence[BaseGrid], former: Sequence[BaseGrid]) -> dict[str, str]:
    """Give the former grid in which an inner point of a new grid lies."""
    if not new or not former:
        return {}
    tree = shapely.STRtree([grid.shape for grid in former])
    found = {}
    for grid in new:
        inside = shapely.point_on_surface(as_multi(grid.shape))
        rows = tree.query(inside, predicate="intersects")
        if len(rows):
            found[grid.code] = former[int(min(rows))].code
    return found


def plan_crosswalk(
    session: Session, viewer: Viewer, opened: OpenPlan, grids: Sequence[PlannedGrid] | None = None
) -> tuple[CrosswalkRecord, ...]:
    """Give the crosswalk from the grids that a plan replaces to those it makes."""
    former = base_grids(session, opened.plan.former_id)
    planned = grids if grids is not None else planned_grids(session, viewer, opened)
    flows = None
    if opened.plan.base_kind is BaseKind.LATEST:
        edits = list_edits(session, viewer, opened.plan.id, until=opened.plan.head)
        flows = household_flows(former, edits)
    return crosswalk_of_grids(former, planned, flows)


def publish(
    db: Database, viewer: Viewer, turn: Turn, *, effective_on: date, reason: str = ""
) -> Published:
    """Make an approved plan's grids those of the store from a day on.

    Parameters
    ----------
    effective_on
        First day on which they hold; a past one needs a reason.

    Raises
    ------
    DataError
        `plan_new_faults` (`kinds`, `codes`, `count`), `plan_not_approved`, and those of
        `publish_grids`.
    PlanConflict
        `plan_changed`.
    """
    with db.read() as session:
        opened = open_plan(session, viewer, turn.plan_id)
        _require_approved(opened.plan)
        check = check_plan(session, viewer, opened)
        if not check.is_publishable:
            raise DataError("plan_new_faults", plan=opened.plan.name, **_told(check))
        grids = planned_grids(session, viewer, opened)
        rows = plan_crosswalk(session, viewer, opened, grids)
    publication = Publication(effective_on, reason, grids, rows)
    with db.write() as session:
        return publish_grids(session, viewer, turn, publication)


def _require_approved(plan: PlanRecord) -> None:
    if plan.is_template:
        raise DataError("plan_is_template", plan=plan.name)
    if plan.status is not PlanStatus.APPROVED:
        raise DataError("plan_not_approved", plan=plan.name, status=plan.status.value)


def _told(check: PlanCheck) -> dict[str, object]:
    refused = check.new[check.new["kind"].isin([kind.value for kind in _REFUSED])]
    codes = sorted({code for row in refused["codes"] for code in row})
    return {
        "kinds": sorted(set(refused["kind"])),
        "codes": codes[:20],
        "count": len(refused),
    }


def roll_back(db: Database, viewer: Viewer, plan_id: int, begin: Begin) -> PlanRecord:
    """Begin a draft of the grids that a published plan replaced; approved and published as any.

    Raises
    ------
    DataError
        `plan_not_published`.
    """
    return begin_plan(db, viewer, FromFormer(plan_id), begin)
