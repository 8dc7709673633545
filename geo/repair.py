"""Mend the faults of a tiling that can be mended without a decision, and say what moved.

Used by `geo.tiling`, which hands `repair` on to the importers (`--repair` only).
Knows nothing of the store; never fills a large hole.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import require_crs
from geo.errors import TilingError
from geo.measure import area_m2
from geo.plane import plane_of
from geo.schema import GRIDS, require
from geo.surfaces import (
    TOUCH_M,
    ObjectArray,
    areal_only,
    closed_gaps,
    is_areal,
    neighbours,
    open_gaps,
    polygonal,
    sound,
)

_STILL_M2 = 1e-4
"""Less than a square centimetre has not moved."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """Grids after repair.

    Attributes
    ----------
    frame
        Same rows, index, codes and attributes. A row whose whole area went to others (a doubled
        grid) has an empty shape and stands in `moved` with `area_after_m2` 0.
    moved
        Rows whose ground changed: `grid_code`, `area_before_m2` (of the rings read even-odd),
        `area_after_m2`, `moved_m2` (gained plus lost).
    holes
        The gaps that were left because they are wider than the stated width: `area_m2`, geometry.
    """

    frame: gpd.GeoDataFrame
    moved: pd.DataFrame
    holes: gpd.GeoDataFrame

    @property
    def holes_left(self) -> int:
        """How many enclosed gaps were left open."""
        return len(self.holes)


def repair(grids: gpd.GeoDataFrame, *, gap_width_m: float = 1.0) -> Repaired:
    """Return the grids with sound rings, without overlaps, and with narrow gaps closed.

    Rings are read even-odd (`make_valid`); overlaps go to the neighbour with the longest common
    border; gaps and cracks narrower than `gap_width_m` likewise; vertices closer than 1e-8 of the
    extent are joined, and shared edges become identical vertex by vertex. Vertices that did not
    take part keep their coordinates bit for bit.

    Parameters
    ----------
    grids
        Satisfying `schema.GRIDS`, EPSG:4326 or a metric CRS; codes unique.
    gap_width_m
        Gaps at least this wide (diameter of the largest circle inside) stay.

    Raises
    ------
    CrsError
        ``no_crs``.
    FrameError
        Those of `schema.require`.
    TilingError
        ``duplicate_codes`` (field `codes`): which row is meant must be settled first.
    """
    require(grids, GRIDS)
    crs = require_crs(grids)
    codes = grids["grid_code"]
    if codes.duplicated().any():
        raise TilingError("duplicate_codes", codes=sorted(set(codes[codes.duplicated()])))
    raw = np.asarray(shapely.force_2d(grids.geometry.to_numpy()), dtype=object)
    usable = areal_only(raw)
    plane = plane_of(usable, crs)
    before = sound(plane.lay(usable))
    after = _cleaned(before, gap_width_m)
    lifted = plane.lift(after, usable[is_areal(usable)])
    name = grids.geometry.name
    frame = grids.copy()
    frame[name] = gpd.GeoSeries(lifted, index=grids.index, crs=crs)
    frame = frame.set_geometry(name, crs=crs)
    holes = gpd.GeoDataFrame(geometry=plane.lift(closed_gaps(shapely.union_all(after))), crs=crs)
    holes["area_m2"] = _areas(holes)
    return Repaired(
        frame, _moved(grids, frame, plane.lift(before, usable[is_areal(usable)])), holes
    )


def _areas(frame: gpd.GeoDataFrame) -> pd.Series:
    if frame.crs is not None and frame.crs.is_projected:
        unit_m = float(frame.crs.axis_info[0].unit_conversion_factor)
        return frame.geometry.area.fillna(0.0) * unit_m**2
    return area_m2(frame)


def _cleaned(areas: ObjectArray, gap_width_m: float) -> ObjectArray:
    """Clean once, give narrow cracks that reach the outside to a neighbour, clean again."""
    is_sound = bool(shapely.coverage_is_valid(areas, gap_width=gap_width_m))
    first = areas if is_sound else _coverage_clean(areas, gap_width_m)
    cracks = open_gaps(shapely.union_all(first), gap_width_m)
    tree = shapely.STRtree(first)
    filled = first.copy()
    for crack in cracks:
        near = neighbours(crack, tree)
        if len(near) > 1:
            _give(crack, near, first, filled)
    if len(cracks):
        filled = _coverage_clean(filled, gap_width_m)
    return filled


def _give(
    crack: shapely.Geometry, near: npt.NDArray[np.int64], areas: ObjectArray, filled: ObjectArray
) -> None:
    """Join a crack to the neighbour with the longest common border that it does not tear apart."""
    reach = shapely.buffer(crack, TOUCH_M)
    common = shapely.length(shapely.intersection(shapely.boundary(areas[near]), reach))
    for taker in near[np.argsort(-common, kind="stable")]:
        joined = polygonal(shapely.union(filled[taker], crack))
        if shapely.get_num_geometries(joined) <= shapely.get_num_geometries(filled[taker]):
            filled[taker] = joined
            return


def _coverage_clean(areas: ObjectArray, gap_width_m: float) -> ObjectArray:
    # the published type stubs stop before shapely 2.2
    cleaned = shapely.coverage_clean(areas, gap_width=gap_width_m)  # type: ignore[attr-defined]
    return np.asarray(cleaned, dtype=object)


def _moved(grids: gpd.GeoDataFrame, frame: gpd.GeoDataFrame, before: ObjectArray) -> pd.DataFrame:
    name = frame.geometry.name
    old = gpd.GeoDataFrame(geometry=before, index=grids.index, crs=grids.crs)
    difference = shapely.symmetric_difference(before, frame[name].to_numpy())
    change = gpd.GeoDataFrame(
        geometry=np.array([polygonal(shape) for shape in difference], dtype=object),
        index=grids.index,
        crs=grids.crs,
    )
    table = pd.DataFrame(
        {
            "grid_code": grids["grid_code"],
            "area_before_m2": _areas(old),
            "area_after_m2": _areas(frame),
            "moved_m2": _areas(change),
        }
    )
    return table[table["moved_m2"] >= _STILL_M2]
