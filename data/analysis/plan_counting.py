"""Count any layer on a plan's grids: the whole store as it would be if the plan held today.

Used by `gridbeat count --as-of plan:<number>` and the planner's views. Knows nothing of sentences.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from data.analysis.plan_history import carry_people
from data.counting import (
    AS_OF_TODAY,
    Counts,
    EventFilter,
    count_by,
    place_events,
    place_on_grids,
    units_frame,
)
from data.errors import RecordNotFound
from data.frames import grids_frame
from data.planning.opening import open_plan
from data.repositories.places import place_tree
from data.repositories.plan_bases import base_grids
from data.viewer import Viewer
from data.vocabulary import EventLayer, PlaceLevel

PLAN_PREFIX: Final = "plan:"
"""Begins an `--as-of` that names a plan by its number."""
_UPPER: Final = (PlaceLevel.COMMUNITY, PlaceLevel.SUBDISTRICT, PlaceLevel.COUNTY)
_TAKEN: Final = ("grid_code", "name", "parent_code", "households", "residents", "estimated")


def plan_number(as_of: str) -> int | None:
    """Give the plan that an `--as-of` names; None where it names no plan."""
    number = as_of.removeprefix(PLAN_PREFIX)
    is_plan = as_of.startswith(PLAN_PREFIX) and number.isascii() and number.isdecimal()
    return int(number) if is_plan else None


def whole_grids(session: Session, viewer: Viewer, plan_id: int, *, as_of: date) -> gpd.GeoDataFrame:
    """Give a plan's grids and, where it has a scope, the others of a day, which it leaves alone.

    Returns
    -------
    GeoDataFrame
        `grid_code`, `name`, `parent_code`, `households`, `residents` (Int64), `estimated`, the
        codes of the places above, geometry in EPSG:4326; the code as index, sorted.

    Raises
    ------
    RecordNotFound
        `no_such_plan`.
    """
    opened = open_plan(session, viewer, plan_id)
    today = grids_frame(session, viewer, as_of=as_of)
    own = opened.tiling.frame()
    for name in ("households", "residents"):
        if name not in own.columns:
            own[name] = pd.array([None] * len(own), dtype="Int64")
    columns = [*_TAKEN, "geometry"]
    parts = [gpd.GeoDataFrame(own[columns])]
    if opened.plan.scope_code is not None:
        former = {grid.code for grid in base_grids(session, opened.plan.former_id)}
        around = today[~today["grid_code"].isin(former | set(own["grid_code"]))]
        around = around[~around.geometry.isna()].assign(estimated="")
        if len(around):
            parts.append(gpd.GeoDataFrame(around[columns]))
    found = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=own.crs)
    found = found.sort_values("grid_code", ignore_index=True)
    above = _above(session, viewer, as_of)
    stations = dict(zip(today["grid_code"], today["station_code"], strict=True))
    for name in (*(f"{level.value}_code" for level in _UPPER), "station_code"):
        found[name] = [above.get(parent, {}).get(name) for parent in found["parent_code"]]
    found["station_code"] = [
        stations.get(code) or station
        for code, station in zip(found["grid_code"], found["station_code"], strict=True)
    ]
    found.index = pd.Index(found["grid_code"].to_numpy(dtype=object), dtype=object)
    return gpd.GeoDataFrame(found)


def count_on_plan(  # noqa: PLR0913 - the options of the command, by name
    session: Session,
    viewer: Viewer,
    layer: EventLayer,
    plan_id: int,
    *,
    level: PlaceLevel,
    wanted: EventFilter,
    today: date,
    tz: str = "Asia/Shanghai",
) -> Counts:
    """Count a layer per unit as if a plan's grids held today; people of cut grids are shared out.

    Raises
    ------
    RecordNotFound
        `no_such_plan`; `no_units`: no unit of that level.
    """
    as_of = f"{PLAN_PREFIX}{plan_id}"
    grids = whole_grids(session, viewer, plan_id, as_of=today)
    grids = carry_people(grids_frame(session, viewer, as_of=today), grids)
    events = place_events(session, viewer, layer, today=today, tz=tz).events
    placed = place_on_grids(events, grids, as_of)
    units = grids
    if level is not PlaceLevel.GRID:
        units = _units(session, viewer, level, grids, today)
        if units.empty:
            raise RecordNotFound("no_units", level=level.value, as_of=as_of)
    return count_by(placed, level, units, wanted)


def _above(session: Session, viewer: Viewer, as_of: date) -> Mapping[str, Mapping[str, str | None]]:
    """Give the codes above each place that a grid may lie in, its own among them."""
    tree = place_tree(session, viewer, as_of=as_of)
    found = {}
    for record in tree.records.values():
        if record.level not in {level.value for level in _UPPER}:
            continue
        upper = tree.ancestors(record.id)
        codes = {
            f"{level.value}_code": upper[level.value].code
            for level in _UPPER
            if level.value in upper
        }
        codes[f"{record.level}_code"] = record.code
        found[record.code] = {**codes, "station_code": tree.station_code(record.id)}
    return found


def _units(
    session: Session, viewer: Viewer, level: PlaceLevel, grids: gpd.GeoDataFrame, today: date
) -> gpd.GeoDataFrame:
    """Give the units of an upper level with the residents of the plan's grids below them."""
    units = units_frame(session, viewer, level, as_of=AS_OF_TODAY, today=today)
    column = grids[f"{level.value}_code"]
    known = grids["residents"].notna().groupby(column).all()
    sums = grids["residents"].fillna(0).groupby(column).sum()
    codes = [str(code) for code in units.index]
    is_known = np.array([bool(known.get(code, False)) for code in codes], dtype=bool)
    values = np.array([int(sums.get(code, 0)) for code in codes], dtype=np.int64)
    return gpd.GeoDataFrame(units.assign(residents=pd.arrays.IntegerArray(values, ~is_known)))
