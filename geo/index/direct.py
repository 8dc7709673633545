"""Put points in grids one pair at a time: slower, but right for every set of shapes.

Used by `geo.index` where grids overlap or have bad rings, and by `geo.assign` for a few points.
Knows nothing of cells and tables.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from geo.rings import BoolArray, FloatArray, IntArray, holds_just_north_east, ring_edges

ObjectArray = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Located:
    """Where points fall.

    Attributes
    ----------
    row
        Row of the grid, -1 outside; the first row of a repeated code. int32.
    on_border
        The point lies on the border of at least one grid.
    in_overlap
        At least two grids claim the point; the lowest code got it.
    """

    row: npt.NDArray[np.int32]
    on_border: BoolArray
    in_overlap: BoolArray


@dataclass(frozen=True, slots=True)
class CodeOrder:
    """How codes stand to each other.

    Attributes
    ----------
    rank
        Place of each row's code among the sorted, different codes. int32.
    first_row
        First row of each of them. int32.
    """

    rank: npt.NDArray[np.int32]
    first_row: npt.NDArray[np.int32]


def code_order(codes: npt.NDArray[np.generic]) -> CodeOrder:
    """Sort codes as texts."""
    ordered, first_row, rank = np.unique(codes.astype(str), return_index=True, return_inverse=True)
    del ordered
    return CodeOrder(rank.astype(np.int32), first_row.astype(np.int32))


@dataclass(frozen=True, slots=True)
class _Touches:
    """Pairs of point and grid that meet, and whether the grid owns the point."""

    point: IntArray
    grid: IntArray
    is_border: BoolArray
    is_owner: BoolArray


def locate_directly(
    xy: FloatArray, polygons: ObjectArray, order: CodeOrder, tree: shapely.STRtree | None = None
) -> Located:
    """Put points in grids by the rule of `geo.assign.assign_points`.

    Parameters
    ----------
    xy
        Places, shape (n, 2), finite, in the plane of the polygons.
    polygons
        Any shapes; missing and empty ones hold nothing, self-crossing rings count even-odd.
    order
        Of the codes of the polygons.
    tree
        Of the polygons, where one is kept.
    """
    return _decide(_touches(xy, polygons, tree), len(xy), order)


def _touches(xy: FloatArray, polygons: ObjectArray, tree: shapely.STRtree | None) -> _Touches:
    """Find every pair that meets, and settle border pairs by exact parity."""
    tree = shapely.STRtree(polygons) if tree is None else tree
    point, grid = tree.query(shapely.points(xy))
    near, local = np.unique(grid, return_inverse=True)
    # copies, flat: prepared indexes build lazily, which threads must not share
    copies: ObjectArray = shapely.force_2d(polygons[near])
    shapely.prepare(copies)
    x, y = xy[point, 0], xy[point, 1]
    is_inner = shapely.contains_xy(copies[local], x, y)
    is_border = ~is_inner
    is_border[is_border] = shapely.intersects_xy(
        copies[local[is_border]], x[is_border], y[is_border]
    )
    meets = is_inner | is_border
    point, grid, is_border = point[meets], grid[meets], is_border[meets]
    is_owner = ~is_border
    if is_border.any():
        touched, local = np.unique(grid[is_border], return_inverse=True)
        edges = ring_edges(polygons[touched])
        is_owner[is_border] = holds_just_north_east(edges, local, xy[point[is_border]])
    return _Touches(point, grid, is_border, is_owner)


def _decide(touches: _Touches, n_points: int, order: CodeOrder) -> Located:
    """Choose per point: an owner before a grid only touched, then the lowest code."""
    n_codes = len(order.first_row)
    none = 2 * n_codes
    best = np.full(n_points, none, dtype=np.int64)
    key = order.rank[touches.grid] + np.where(touches.is_owner, 0, n_codes)
    np.minimum.at(best, touches.point, key)
    row = np.full(n_points, -1, dtype=np.int32)
    found = best < none
    row[found] = order.first_row[best[found] % max(n_codes, 1)]
    owners = np.bincount(touches.point[touches.is_owner], minlength=n_points)
    on_border = np.zeros(n_points, dtype=np.bool_)
    on_border[touches.point[touches.is_border]] = True
    return Located(row, on_border, np.asarray(owners > 1))
