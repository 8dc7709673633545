"""Take coordinates in metres out of frames, and refuse frames that are in degrees.

Used by the other files of `geo.coverage`. Knows nothing of posts.
"""

from math import isfinite
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from geo.crs import centre_of, crs_label, is_in_metres, require_same_crs, working_crs
from geo.errors import CrsError, FrameError, GeoError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
ObjectArray = npt.NDArray[np.object_]

MAX_REACH_M: Final = 1e6
"""A thousand kilometres: more is a mistake of units, not a distance in a town."""


def require_metres(frame: gpd.GeoDataFrame, *others: gpd.GeoDataFrame) -> None:
    """Refuse frames whose coordinates are not metres of one and the same projected CRS.

    Raises
    ------
    CrsError
        ``needs_metres`` (fields `expected`: a CRS that would do, `got`), ``crs_mismatch``.
    """
    for each in (frame, *others):
        if each.crs is None or not is_in_metres(each.crs):
            raise CrsError("needs_metres", expected=_advice(each), got=crs_label(each.crs) or "-")
    for other in others:
        require_same_crs(frame, other)


def _advice(frame: gpd.GeoDataFrame) -> str:
    """Name a CRS in metres for a frame: its own working CRS where that can be told."""
    if frame.crs is None:
        return "EPSG:4547"
    try:
        centre = centre_of(frame)
        return crs_label(working_crs(centre.lon, centre.lat))
    except (CrsError, FrameError):
        return "EPSG:4547"


def point_coordinates(frame: gpd.GeoDataFrame) -> FloatArray:
    """Give x and y of point rows as an array of shape (n, 2); NaN where a row has no point.

    Raises
    ------
    FrameError
        ``wrong_geometry_type``: a row is not a single point.
    """
    shapes = frame.geometry.to_numpy()
    kinds = shapely.get_type_id(shapes)
    is_point = kinds == 0
    if bool((~is_point & (kinds != -1)).any()):
        got = str(frame.geometry.geom_type[~is_point & (kinds != -1)].iloc[0])
        raise FrameError("wrong_geometry_type", frame="points", expected="Point", got=got)
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    if len(xy) == len(shapes):
        return np.asarray(xy, dtype=np.float64)
    placed = np.full((len(shapes), 2), np.nan)  # a missing or empty point has no coordinates
    placed[row] = xy
    return placed


def codes_of(frame: gpd.GeoDataFrame, column: str, *, name: str) -> npt.NDArray[np.object_]:
    """Give the codes of a frame as text.

    Raises
    ------
    FrameError
        ``missing_columns``, ``missing_codes``, ``duplicate_codes``.
    """
    if column not in frame.columns:
        raise FrameError("missing_columns", frame=name, missing=column)
    lost = int(frame[column].isna().sum())
    if lost:
        raise FrameError("missing_codes", frame=name, column=column, count=lost)
    codes = frame[column].astype(str).to_numpy(dtype=object)
    found, counts = np.unique(codes.astype(str), return_counts=True)
    if len(found) < len(codes):
        repeated = ", ".join(found[counts > 1][:5].tolist())
        raise FrameError("duplicate_codes", codes=repeated)
    return np.asarray(codes, dtype=object)


def weights_of(weights: npt.ArrayLike | None, count: int) -> FloatArray:
    """Give one weight for each row; 1 where none are given.

    Raises
    ------
    GeoError
        ``bad_weights`` (fields `expected`, `got`, `bad`): another number of weights than rows, or
        some that are negative, infinite or missing.
    """
    if weights is None:
        return np.ones(count, dtype=np.float64)
    found = np.asarray(weights, dtype=np.float64)
    is_bad = ~np.isfinite(found) | (found < 0)
    if found.shape != (count,) or bool(is_bad.any()):
        bad = int(is_bad.sum())
        raise GeoError("bad_weights", expected=count, got=int(found.size), bad=bad)
    return found


def require_reach(within_m: float) -> float:
    """Refuse a distance that is no distance: nothing, negative, or beyond a thousand kilometres.

    Raises
    ------
    GeoError
        ``bad_reach`` (fields `got`, `most_m`).
    """
    value = float(within_m)
    if not isfinite(value) or not 0.0 < value <= MAX_REACH_M:
        raise GeoError("bad_reach", got=f"{value:g}", most_m=f"{MAX_REACH_M:g}")
    return value


def ask_tree(
    tree: cKDTree, xy: FloatArray, k: int, most_m: float = np.inf
) -> tuple[FloatArray, IntArray]:
    """Give the k nearest of a tree, nearer than `most_m`, as two arrays of shape (n, k).

    Where there are fewer the distance is infinite and the row is the size of the tree.
    """
    gaps, rows = tree.query(xy, k=k, distance_upper_bound=most_m)
    shape = (len(xy), k)
    return np.asarray(gaps).reshape(shape), np.asarray(rows, dtype=np.int64).reshape(shape)
