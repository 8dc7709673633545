"""Decide exactly on which side of a ring a border point lies.

Used by `geo.assign` for the few points that lie on a border.
Knows nothing of grids, codes or CRSs: bare coordinates only.

A point p stands for the place p' = (x + e, y + e^2) with e infinitely small: just east of p, and
just north of it where the border runs east-west. The half-line from p' to the west crosses the
edge from a up to b exactly if a.y <= y < b.y and p lies right of a-b or on it. An odd number of
crossings over all rings of a polygon, holes and parts included, means inside. Signs are exact: a
float filter first (Shewchuk 1997, doi:10.1007/PL00009321), rational numbers where it cannot tell.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_FILTER: Final = 3.3306690738754716e-16  # (3 + 16 u) u with u = 2**-53
_UNDERFLOW: Final = 1e-290  # products smaller than this may have lost their sign
_TESTS_AT_ONCE: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class RingEdges:
    """All edges of polygons, polygon after polygon, each from its lower to its upper end.

    Attributes
    ----------
    ax, ay, bx, by
        Ends in the polygon's own units, ``ay <= by``.
    start
        Where each polygon's edges begin; one longer than the polygons.
    """

    ax: FloatArray
    ay: FloatArray
    bx: FloatArray
    by: FloatArray
    start: IntArray


def ring_edges(polygons: npt.NDArray[np.object_]) -> RingEdges:
    """Take the edges out of Polygons and MultiPolygons; horizontal ones are left out."""
    parts, polygon_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    xy, ring_of_vertex = shapely.get_coordinates(rings, return_index=True)
    joined = ring_of_vertex[:-1] == ring_of_vertex[1:]
    joined &= xy[:-1, 1] != xy[1:, 1]
    first, second = xy[:-1][joined], xy[1:][joined]
    owner = polygon_of_part[part_of_ring[ring_of_vertex[:-1][joined]]]
    is_up = (first[:, 1] < second[:, 1])[:, None]
    low, high = np.where(is_up, first, second), np.where(is_up, second, first)
    start = np.searchsorted(owner, np.arange(len(polygons) + 1))
    return RingEdges(low[:, 0], low[:, 1], high[:, 0], high[:, 1], start.astype(np.int64))


def _exact_sign(ends: tuple[float, ...], px: float, py: float) -> int:
    ax, ay, bx, by = (Fraction(value) for value in ends)
    turn = (bx - ax) * (Fraction(py) - ay) - (by - ay) * (Fraction(px) - ax)
    return (turn > 0) - (turn < 0)


def is_right_or_on(a: FloatArray, b: FloatArray, p: FloatArray) -> BoolArray:
    """Tell exactly whether p lies right of the line from a to b, or on it.

    Parameters
    ----------
    a, b, p
        Arrays of shape (n, 2), finite.
    """
    dx, dy = b[:, 0] - a[:, 0], b[:, 1] - a[:, 1]
    ex, ey = p[:, 0] - a[:, 0], p[:, 1] - a[:, 1]
    left, right = dx * ey, dy * ex
    turn = left - right
    # a difference of two doubles is zero only if they are equal: these products are truly zero
    is_zero = ((dx == 0.0) | (ey == 0.0)) & ((dy == 0.0) | (ex == 0.0))
    answer = turn <= 0.0
    doubtful = ~is_zero & (np.abs(turn) <= _FILTER * (np.abs(left) + np.abs(right)) + _UNDERFLOW)
    for i in np.flatnonzero(doubtful):
        ends = (float(a[i, 0]), float(a[i, 1]), float(b[i, 0]), float(b[i, 1]))
        answer[i] = _exact_sign(ends, float(p[i, 0]), float(p[i, 1])) <= 0
    return answer


def holds_just_north_east(edges: RingEdges, polygon: IntArray, xy: FloatArray) -> BoolArray:
    """Tell for pairs of point and polygon whether the polygon holds (x + e, y + e^2).

    Parameters
    ----------
    edges
        From `ring_edges`.
    polygon
        Position of the polygon of each pair.
    xy
        Point of each pair, shape (n, 2).

    Notes
    -----
    Self-crossing rings count even-odd, as `shapely.make_valid` with linework reads them.
    """
    size = edges.start[polygon + 1] - edges.start[polygon]
    inside = np.zeros(len(polygon), dtype=np.bool_)
    block_of = np.cumsum(size) // _TESTS_AT_ONCE
    for block in np.unique(block_of):
        chosen = np.flatnonzero(block_of == block)
        inside[chosen] = _parity(edges, polygon[chosen], xy[chosen], size[chosen])
    return inside


def _parity(edges: RingEdges, polygon: IntArray, xy: FloatArray, size: IntArray) -> BoolArray:
    pair = np.repeat(np.arange(len(polygon)), size)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(size) - size, size)
    edge = edges.start[polygon][pair] + within
    y = xy[pair, 1]
    spans = (edges.ay[edge] <= y) & (y < edges.by[edge])
    pair, edge = pair[spans], edge[spans]
    a = np.column_stack([edges.ax[edge], edges.ay[edge]])
    b = np.column_stack([edges.bx[edge], edges.by[edge]])
    crossings = np.bincount(pair[is_right_or_on(a, b, xy[pair])], minlength=len(polygon))
    return np.asarray(crossings % 2 == 1)
