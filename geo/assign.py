"""Put each point in exactly one grid (落格), or report it as outside.

Used by the counting of data, by the importers' reports and by the datum audit.
Knows nothing of grid kinds and dates: callers pass the grids that hold on the day they ask for,
one kind at a time.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import require_stored
from geo.errors import FrameError
from geo.rings import BoolArray, FloatArray, IntArray, holds_just_north_east, ring_edges
from geo.schema import GRIDS, POINTS, require


@dataclass(frozen=True, slots=True)
class Positions:
    """Where bare coordinates fall.

    Attributes
    ----------
    grid
        Row position in the grids frame, -1 outside.
    on_border
        The point lies on the border of at least one grid.
    in_overlap
        At least two grids claim the point; the lowest code got it.
    """

    grid: IntArray
    on_border: BoolArray
    in_overlap: BoolArray


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where a frame's points fall; three Series with the index of the points.

    Attributes
    ----------
    grid_code
        Text, ``<NA>`` outside.
    on_border
        The point lies on the border of at least one grid.
    in_overlap
        At least two grids claim the point; the lowest code got it.
    """

    grid_code: pd.Series
    on_border: pd.Series
    in_overlap: pd.Series

    @property
    def outside_count(self) -> int:
        """How many points lie in no grid."""
        return int(self.grid_code.isna().sum())


@dataclass(frozen=True, slots=True)
class _Touches:
    """Pairs of point and grid that meet, and whether the grid owns the point."""

    point: IntArray
    grid: IntArray
    is_border: BoolArray
    is_owner: BoolArray


def assign_points(points: gpd.GeoDataFrame, grids: gpd.GeoDataFrame) -> Assignment:
    """Put each point in one grid, or outside.

    A point on a shared border goes to the grid just east of it (horizontal border: just north),
    that is to the grid that holds (x + e, y + e^2) for an infinitely small e; where no grid lies
    there (outer border), to the lowest code of the grids it touches; flagged `on_border`. Where
    grids overlap the lowest code decides; flagged `in_overlap`. The answer does not depend on the
    order of points or of grids.

    Parameters
    ----------
    points
        Frame satisfying `schema.POINTS`, EPSG:4326 (4490 equal), every row with coordinates.
    grids
        Frame satisfying `schema.GRIDS`, EPSG:4326 (4490 equal), edges straight in it. Missing and
        empty shapes hold nothing; self-crossing rings count even-odd, as `shapely.make_valid`
        reads them. Repeated codes are taken as one grid of several rows.

    Returns
    -------
    Assignment
        Indexed like `points`.

    Raises
    ------
    CrsError
        ``no_crs``, ``crs_mismatch``.
    FrameError
        ``points_without_coordinates`` (fields `count`, `rows`: the first labels), and those of
        `schema.require`.

    Notes
    -----
    Exact in double coordinates for touching points. Does not modify its inputs. About
    O(n log m) plus the edges of polygons near the points.

    Examples
    --------
    >>> assign_points(points, grids).grid_code.tolist()
    ['A-01', 'A-02', <NA>]
    """
    require(points, POINTS)
    require_stored(points)
    shapes = points.geometry.to_numpy()
    lost: BoolArray = np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if lost.any():
        _refuse(lost, points.index)
    xy = shapely.get_coordinates(shapes)
    found = _assign(xy, grids, points.index)
    codes = np.append(grids["grid_code"].to_numpy(dtype=object), [pd.NA])
    return Assignment(
        pd.Series(codes[found.grid], index=points.index, dtype="string", name="grid_code"),
        pd.Series(found.on_border, index=points.index, name="on_border"),
        pd.Series(found.in_overlap, index=points.index, name="in_overlap"),
    )


def assign_lonlat(lon: npt.ArrayLike, lat: npt.ArrayLike, grids: gpd.GeoDataFrame) -> Positions:
    """Put bare coordinates in grids by the rule of `assign_points`.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326 (CGCS2000 equal), one-dimensional, finite.
    grids
        As in `assign_points`.

    Returns
    -------
    Positions
        Row positions in `grids`; the first row of a repeated code.

    Raises
    ------
    CrsError, FrameError
        As `assign_points`; `rows` are positions in the arrays.
    """
    x = np.atleast_1d(np.asarray(lon, dtype=np.float64))
    y = np.atleast_1d(np.asarray(lat, dtype=np.float64))
    return _assign(np.column_stack([x, y]), grids, pd.RangeIndex(len(x)))


def _refuse(lost: BoolArray, labels: pd.Index) -> None:
    raise FrameError(
        "points_without_coordinates", count=int(lost.sum()), rows=labels[lost][:10].tolist()
    )


def _assign(xy: FloatArray, grids: gpd.GeoDataFrame, labels: pd.Index) -> Positions:
    require(grids, GRIDS)
    require_stored(grids)
    lost: BoolArray = np.asarray(~np.isfinite(xy).all(axis=1))
    if lost.any():
        _refuse(lost, labels)
    touches = _touches(xy, _own_copies(grids))
    return _decide(touches, len(xy), grids["grid_code"].to_numpy(dtype=object))


def _own_copies(grids: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Copy the shapes, flat: prepared indexes build lazily, which threads must not share."""
    copies: npt.NDArray[np.object_] = shapely.force_2d(grids.geometry.to_numpy())
    shapely.prepare(copies)
    return copies


def _touches(xy: FloatArray, polygons: npt.NDArray[np.object_]) -> _Touches:
    """Find every pair that meets, and settle border pairs by exact parity."""
    tree = shapely.STRtree(polygons)
    point, grid = tree.query(shapely.points(xy))
    x, y = xy[point, 0], xy[point, 1]
    is_inner = shapely.contains_xy(polygons[grid], x, y)
    is_border = ~is_inner
    is_border[is_border] = shapely.intersects_xy(
        polygons[grid[is_border]], x[is_border], y[is_border]
    )
    meets = is_inner | is_border
    point, grid, is_border = point[meets], grid[meets], is_border[meets]
    is_owner = ~is_border
    if is_border.any():
        touched, local = np.unique(grid[is_border], return_inverse=True)
        edges = ring_edges(polygons[touched])
        is_owner[is_border] = holds_just_north_east(edges, local, xy[point[is_border]])
    return _Touches(point, grid, is_border, is_owner)


def _decide(touches: _Touches, n_points: int, codes: npt.NDArray[np.object_]) -> Positions:
    """Choose per point: an owner before a grid only touched, then the lowest code."""
    ordered, rank = np.unique(codes.astype(str), return_inverse=True)
    first_row = np.full(len(ordered), len(codes), dtype=np.int64)
    np.minimum.at(first_row, rank, np.arange(len(codes)))
    none = 2 * len(ordered)
    best = np.full(n_points, none, dtype=np.int64)
    key = rank[touches.grid] + np.where(touches.is_owner, 0, len(ordered))
    np.minimum.at(best, touches.point, key)
    grid = np.full(n_points, -1, dtype=np.int64)
    found = best < none
    grid[found] = first_row[best[found] % len(ordered)]
    owners = np.bincount(touches.point[touches.is_owner], minlength=n_points)
    on_border = np.zeros(n_points, dtype=np.bool_)
    on_border[touches.point[touches.is_border]] = True
    return Positions(grid, on_border, np.asarray(owners > 1))
