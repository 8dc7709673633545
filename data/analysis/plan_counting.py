"""Give the whole store's grids as they would be if a plan held: its own and those around them.

Used by `data.analysis.grids_of` and the planner's views. Knows nothing of events.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

import geopandas as gpd
import pandas as pd
from sqlalchemy.orm import Session

from data.frames import grids_frame
from data.planning.opening import open_plan
from data.repositories.places import place_tree
from data.repositories.plan_bases import base_grids
from data.viewer import Viewer
from data.vocabulary import PlaceLevel

_UPPER: Final = (
    PlaceLevel.COMMUNITY, PlaceLevel.SUBDISTRICT, PlaceLevel.COUNTY, PlaceLevel.CITY,
    PlaceLevel.PROVINCE,
)  # fmt: skip
_TAKEN: Final = ("grid_code", "name", "parent_code", "households", "residents", "estimated")


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
