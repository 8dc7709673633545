"""Lay new grids over old ones: which piece of which lies in which.

Used by `data.planning` and `data.analysis`. Knows nothing of people or incidents.
"""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import centre_of, require_same_crs, to_working, working_crs

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]

NOWHERE: Final = -1
"""Row of a grid that is none: land, or points, in no grid."""
_DUST_SHARE: Final = 1e-9
"""A piece of less than this share of the smaller grid is rounding."""
_LEFT_SHARE: Final = 1e-7
"""So is what is left over of a grid, if it is less than this share of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Where old and new grids meet.

    Attributes
    ----------
    old, new
        Rows of both frames; `NOWHERE` for land that lies in one of them only.
    area_m2
        Of each piece: its share of its grid in degrees, times the grid's area in the working CRS
        of the old grids; pieces add up to their old grid.
    old_area_m2
        Of each old grid.
    """

    old: IntArray
    new: IntArray
    area_m2: FloatArray
    old_area_m2: FloatArray

    @property
    def is_cut(self) -> npt.NDArray[np.bool_]:
        """Old grids of which there is more than one piece."""
        count = np.bincount(self.old[self.old >= 0], minlength=len(self.old_area_m2))
        return np.asarray(count > 1)


def pieces_of(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> Pieces:
    """Cut old grids by new ones.

    Parameters
    ----------
    old, new
        `grid_code` and geometry, EPSG:4326, each a tiling: where a shape is in both, nothing else
        is looked for in it.

    Returns
    -------
    Pieces
        By old, then new row. What of a grid no piece took is a piece of its own, unless it is
        less than 1e-7 of the grid. An old grid without a shape is one piece of 0 m2, in the new
        grid of its code.

    Raises
    ------
    CrsError
        `no_crs`, `crs_mismatch`.
    """
    require_same_crs(old, new)
    shapes_old, shapes_new = _sound(old), _sound(new)
    pair_old, pair_new = _same_shapes(shapes_old, shapes_new)
    rest_old = np.setdiff1d(np.arange(len(old)), pair_old)
    rest_new = np.setdiff1d(np.arange(len(new)), pair_new)
    area_old, area_new = shapely.area(shapes_old), shapely.area(shapes_new)
    tree = shapely.STRtree(shapes_old[rest_old])
    at_new, at_old = tree.query(shapes_new[rest_new], predicate="intersects")
    cut_old, cut_new = rest_old[at_old], rest_new[at_new]
    area = shapely.area(shapely.intersection(shapes_old[cut_old], shapes_new[cut_new]))
    kept = area > _DUST_SHARE * np.minimum(area_old[cut_old], area_new[cut_new])
    rows_old = np.concatenate([pair_old, cut_old[kept]])
    rows_new = np.concatenate([pair_new, cut_new[kept]])
    areas = np.concatenate([area_old[pair_old], area[kept]])
    bare_old, left_old = _left(area_old, rows_old, areas)
    bare_new, left_new = _left(area_new, rows_new, areas)
    lost_old, lost_new = _shapeless(old, new, rows_old, bare_old)
    rows_old = np.concatenate([rows_old, bare_old, np.full(len(bare_new), NOWHERE), lost_old])
    rows_new = np.concatenate([rows_new, np.full(len(bare_old), NOWHERE), bare_new, lost_new])
    areas = np.concatenate([areas, left_old, left_new, np.zeros(len(lost_old))])
    order = np.lexsort((rows_new, rows_old))
    rows_old, rows_new, areas = rows_old[order], rows_new[order], areas[order]
    metric_old, metric_new = _metric_areas(old, shapes_old, shapes_new)
    scale_old, scale_new = _scale(metric_old, area_old), _scale(metric_new, area_new)
    scale = np.where(rows_old >= 0, scale_old[rows_old], scale_new[rows_new])
    return Pieces(rows_old, rows_new, areas * scale, metric_old)


def _sound(frame: gpd.GeoDataFrame) -> ObjectArray:
    shapes = np.array(frame.geometry.to_numpy(), dtype=object)
    shapes[shapely.is_missing(shapes)] = shapely.Polygon()
    bad = np.flatnonzero(~shapely.is_valid(shapes))
    shapes[bad] = shapely.make_valid(shapes[bad], method="structure", keep_collapsed=False)
    return shapes


def _same_shapes(old: ObjectArray, new: ObjectArray) -> tuple[IntArray, IntArray]:
    """Pair the rows whose shapes are the same to the last bit, whatever their codes."""
    row_of = {wkb: row for row, wkb in enumerate(shapely.to_wkb(shapely.normalize(old)))}
    pairs = [
        (row_of.pop(wkb), row)
        for row, wkb in enumerate(shapely.to_wkb(shapely.normalize(new)))
        if wkb in row_of and not new[row].is_empty
    ]
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _shapeless(
    old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, *having: IntArray
) -> tuple[IntArray, IntArray]:
    """Pair old grids without a shape with the new grid of the same code, or with none."""
    row_of = {str(code): row for row, code in enumerate(new["grid_code"].tolist())}
    lost = np.setdiff1d(np.arange(len(old)), np.concatenate(having))
    codes = old["grid_code"].astype(str).to_numpy(dtype=object)
    return lost, np.array([row_of.get(codes[row], NOWHERE) for row in lost], dtype=np.int64)


def _metric_areas(
    frame: gpd.GeoDataFrame, old: ObjectArray, new: ObjectArray
) -> tuple[FloatArray, FloatArray]:
    """Give square metres in the CRS of the middle of the old grids (of all without any)."""
    both = np.concatenate([old, new])
    known = both if bool(np.all(shapely.is_empty(old))) else old
    known = known[~shapely.is_empty(known)]
    if len(known) == 0:
        return np.zeros(len(old)), np.zeros(len(new))
    middle = centre_of(gpd.GeoDataFrame(geometry=known, crs=frame.crs))
    crs = working_crs(middle.lon, middle.lat)
    areas = to_working(gpd.GeoDataFrame(geometry=both, crs=frame.crs), crs).geometry.area
    found: FloatArray = np.asarray(areas.to_numpy(), dtype=np.float64)
    return found[: len(old)], found[len(old) :]


def _scale(metric: FloatArray, degrees: FloatArray) -> FloatArray:
    """Give square metres for a square degree of each grid; the last is for no grid."""
    return np.append(np.where(degrees > 0, metric / np.where(degrees > 0, degrees, 1.0), 0.0), 0.0)


def _left(area: FloatArray, row: IntArray, taken: FloatArray) -> tuple[IntArray, FloatArray]:
    """Give what no piece took of each grid: its row, and its area."""
    left = area - np.bincount(row, taken, minlength=len(area))
    bare = np.flatnonzero(left > _LEFT_SHARE * area)
    return bare, left[bare]
