"""Work out what a plan changes: grids, posts, things and people, the crosswalk by period.

Used by `dashboard.cache.plan_views` and `gridbeat plan impact`. Knows nothing of languages.

A plan is held against the grids that it replaces. Of a published one, posts and what is open are
those of the day before it holds, where that day is past: later its posts are others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import shapely

from dashboard.printing.impact import PlanImpact
from data.analysis.crosswalk import crosswalk
from data.analysis.impact import impact_of
from data.counting import EventFilter, local_midnight, place_events
from data.planning.opening import open_plan
from data.planning.states import tiling_of
from data.repositories.plan_bases import base_grids
from data.repositories.registers import buildings
from data.vocabulary import EventLayer
from geo.crs import STORED_CRS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry
    from sqlalchemy.orm import Session

    from dashboard.viewmodels.facts import Facts
    from data.analysis.impact_ground import GroundChange
    from data.planning.opening import OpenPlan
    from data.repositories.events import EventArrays
    from data.viewer import Viewer

PERIODS: Final = ("all", "year", "year_before")
"""Periods of the crosswalk: everything, the last 365 days, and the same days a year before."""
_DAY: Final = timedelta(days=1)
_YEAR_DAYS: Final = 365
_CRUMB_SHARE: Final = 1e-9


@dataclass(frozen=True)
class Occasion:
    """When and where a sheet is made.

    Parameters
    ----------
    day
        Day that counts as today.
    made_at
        Aware moment.
    facts
        Of the store.
    """

    day: date
    made_at: datetime
    facts: Facts


def build_impact(
    session: Session,
    viewer: Viewer,
    plan_id: int,
    occasion: Occasion,
    incidents: EventArrays | None = None,
) -> PlanImpact:
    """Open a plan and work out what it changes.

    Parameters
    ----------
    incidents
        All incidents of this viewer, where they are read already.

    Raises
    ------
    RecordNotFound
        `no_such_plan`.
    AccessRefused
        `level_too_low`.
    """
    opened = open_plan(session, viewer, plan_id)
    before, after = plan_grids(session, opened)
    day = _day_of(opened, occasion.day)
    tz = occasion.facts.tz
    events = incidents
    if events is None:
        events = place_events(
            session, viewer, EventLayer.INCIDENTS, today=occasion.day, tz=tz
        ).events  # fmt: skip
    found = impact_of(session, viewer, before, after, as_of=day, tz=tz)
    periods = periods_of(events, tz)
    built = buildings(session, viewer)
    held = crosswalk(before, after, events, periods, built, found.ground.pieces)
    return PlanImpact(
        plan_id=plan_id,
        name=opened.plan.name,
        status=opened.plan.status.value,
        effective_on=opened.plan.effective_on,
        as_of=day,
        before=before,
        after=after,
        ground=changed_ground(before, after, found.ground),
        impact=found,
        crosswalk=held,
        store=occasion.facts.store,
        scenario=occasion.facts.scenario,
        tz=tz,
        made_at=occasion.made_at,
        printed_by=viewer.name,
    )


def plan_grids(session: Session, opened: OpenPlan) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Give the grids that a plan replaces, and its own."""
    former = tiling_of(base_grids(session, opened.plan.former_id))
    return former.frame(), opened.tiling.frame()


def periods_of(events: EventArrays, tz: str) -> Mapping[str, EventFilter]:
    """Name the spans of the crosswalk, which end with the latest incident's local day."""
    times = events.occurred_at[~np.isnat(events.occurred_at)]
    if not len(times):
        return {"all": EventFilter(tz=tz)}
    latest = datetime.fromisoformat(f"{times.max()}+00:00").astimezone(ZoneInfo(tz)).date()
    until_on = latest + _DAY
    edges = [local_midnight(until_on - timedelta(days=_YEAR_DAYS * k), tz) for k in (0, 1, 2)]
    return {
        "all": EventFilter(tz=tz),
        "year": EventFilter(edges[1], edges[0], tz=tz),
        "year_before": EventFilter(edges[2], edges[1], tz=tz),
    }


def changed_ground(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, change: GroundChange
) -> gpd.GeoDataFrame:
    """Give each piece of ground that comes to another grid, from the outside, or to it.

    Parameters
    ----------
    change
        Of these grids, as `impact_of` found it.

    Returns
    -------
    GeoDataFrame
        `from_grid`, `to_grid` (empty: no grid), polygons in EPSG:4326.
    """
    pieces = change.pieces
    stays = np.append(change.same_row, -2)[pieces.old] == pieces.new
    old, new = (np.asarray(frame.geometry.to_numpy(), dtype=object) for frame in (before, after))
    codes = [np.append(part, "") for part in (change.old_codes, change.new_codes)]
    rows, shapes = [], []
    for k in np.flatnonzero(~stays).tolist():
        a, b = int(pieces.old[k]), int(pieces.new[k])
        shape = _piece(old, new, a, b)
        if shape is None:
            continue
        rows.append((str(codes[0][a]), str(codes[1][b])))
        shapes.append(shape)
    columns = {
        "from_grid": np.array([row[0] for row in rows], dtype=object),
        "to_grid": np.array([row[1] for row in rows], dtype=object),
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=STORED_CRS))


def _piece(
    old: NDArray[np.object_], new: NDArray[np.object_], a: int, b: int
) -> BaseGeometry | None:
    if a >= 0 and b >= 0:
        cut = shapely.intersection(old[a], new[b])
        whole = min(shapely.area(old[a]), shapely.area(new[b]))
    else:
        own, others = (old[a], new) if a >= 0 else (new[b], old)
        near = shapely.STRtree(others).query(own, predicate="intersects")
        cut = shapely.difference(own, shapely.union_all(others[near]))
        whole = shapely.area(own)
    return _areal(cut, whole)


def _areal(shape: BaseGeometry, whole: float) -> BaseGeometry | None:
    """Keep the parts that have an area worth drawing; None without any."""
    parts = [
        part
        for part in shapely.get_parts(shape)
        if isinstance(part, shapely.Polygon) and part.area > _CRUMB_SHARE * whole
    ]
    return shapely.MultiPolygon(parts) if parts else None


def _day_of(opened: OpenPlan, today: date) -> date:
    effective = opened.plan.effective_on
    return today if effective is None else min(today, effective - _DAY)
