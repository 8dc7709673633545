"""Check a whole tiling: gaps, overlaps, slivers, several parts, grids outside their community.

Used when a plan is opened and before it is published.
Knows nothing of edits; the faults are those of `geo.tiling`.
"""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import shapely

from geo.crs import STORED_CRS
from geo.edits.tiling import EditTiling
from geo.tiling import Faults, find_faults


def is_sound(tiling: EditTiling) -> bool:
    """Tell whether every shape is valid and fits its neighbours vertex by vertex.

    Notes
    -----
    A lake is no fault, and a crack whose two sides are different edges is none to this question
    either: `check_tiling` lists both.
    """
    shapes = tiling.shapes
    if not len(shapes):
        return True
    is_valid = bool(np.all(shapely.is_valid(shapes)))
    return is_valid and bool(shapely.coverage_is_valid(shapes))


def check_tiling(
    tiling: EditTiling,
    parents: Mapping[str, shapely.Geometry] | gpd.GeoDataFrame | None = None,
    *,
    min_area_m2: float = 1.0,
    sliver_width_m: float = 1.0,
) -> Faults:
    """List everything that keeps the grids from being a tiling.

    Parameters
    ----------
    tiling
        Any size; 600 grids take tenths of a second, 60,000 about a minute.
    parents
        Shapes of the communities by code, or a frame of `code` and geometry, EPSG:4326; without
        them nothing is outside.
    min_area_m2, sliver_width_m
        As `geo.tiling.find_faults` has them.

    Returns
    -------
    Faults
        Rows of kind, codes, area, width and geometry.
    """
    grids = tiling.frame()
    frame = parents if isinstance(parents, gpd.GeoDataFrame) else None
    if isinstance(parents, Mapping):
        frame = gpd.GeoDataFrame(
            {"code": np.array(list(parents), dtype=object)},
            geometry=np.array(list(parents.values()), dtype=object),
            crs=STORED_CRS,
        )
    if frame is not None:
        grids = grids.assign(parent_code=[tiling.parents.get(code, "") for code in tiling.codes])
    return find_faults(grids, parents=frame, min_area_m2=min_area_m2, sliver_width_m=sliver_width_m)
