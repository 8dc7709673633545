"""Measure how much of an area lies within a distance of any post, exactly.

Used by reach and the coverage analysis. Knows nothing of codes and of streets.

The reached part is the area cut with a union of discs of one radius. Its edge is made of pieces of
the area's own edges that lie in a disc and of arcs that lie in no other disc and in the area; by
Green's theorem the sum of half of (x dy - y dx) over those pieces is the area itself. Both kinds
of pieces are unions of intervals on a line (along an edge, round a circle), so nothing is drawn as
a polygon and nothing is sampled: what is left is the rounding of doubles, bounded and stated.
"""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from geo.coverage.metres import (
    BoolArray,
    FloatArray,
    IntArray,
    ObjectArray,
    ask_tree,
    point_coordinates,
    require_metres,
    require_reach,
)
from geo.errors import FrameError

_TURN: Final = 2.0 * np.pi
_KEY: Final = 8.0
"""Distance between the angles of two circles in one sorted list; more than a turn."""
_PAIRS_AT_A_TIME: Final = 2_000_000
_NEIGHBOURS: Final = 12
_NEAR_END: Final = 1e-6
_TOUCH: Final = 1e-9
_ROUNDING: Final = 64.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class AreaWithin:
    """How much of an area lies within a distance of any post.

    Attributes
    ----------
    within_m2, total_m2
        Square metres of the plane of the CRS, holes taken out.
    share
        within / total; None where the area is empty.
    error_m2
        Bound of the rounding error of `within_m2`: 64 ulp of the sum of the absolute pieces.
    """

    within_m2: float
    total_m2: float
    error_m2: float

    @property
    def share(self) -> float | None:
        """Share of the area within reach."""
        return self.within_m2 / self.total_m2 if self.total_m2 > 0 else None


def area_within(posts: gpd.GeoDataFrame, within_m: float, area: gpd.GeoDataFrame) -> AreaWithin:
    """Measure the part of an area that lies within a distance of any post, edge included.

    Parameters
    ----------
    posts
        Points in a projected CRS in metres; rows without a point reach nothing.
    within_m
        Straight line in metres, 0 < d <= 1e6.
    area
        Polygons in the same CRS; overlapping ones count once, crossing rings are read even-odd.

    Returns
    -------
    AreaWithin

    Raises
    ------
    CrsError
        ``needs_metres``, ``crs_mismatch``.
    FrameError
        ``wrong_geometry_type``, ``no_geometry``.
    GeoError
        ``bad_reach``.

    Notes
    -----
    O(n log n) in posts and edges plus the pairs of posts nearer than twice the distance.

    Examples
    --------
    >>> area_within(posts, 800.0, town).share
    0.73
    """
    require_metres(posts, area)
    shapes = area.geometry.to_numpy()
    return area_of_reach(point_coordinates(posts), require_reach(within_m), whole_area(shapes))


def whole_area(shapes: npt.ArrayLike) -> BaseGeometry:
    """Make one sound area of polygons.

    Raises
    ------
    FrameError
        ``no_geometry``: there is no polygon; ``wrong_geometry_type``.
    """
    found = np.asarray(shapes, dtype=object)
    found = found[~(shapely.is_missing(found) | shapely.is_empty(found))]
    if len(found) == 0:
        raise FrameError("no_geometry", rows=0)
    strange = found[~np.isin(shapely.get_type_id(found), (3, 6))]
    if len(strange):
        got = str(strange[0].geom_type)
        raise FrameError("wrong_geometry_type", frame="area", expected="Polygon", got=got)
    if not bool(shapely.is_valid(found).all()):
        found = shapely.make_valid(found, method="structure", keep_collapsed=False)
    whole: BaseGeometry = found[0] if len(found) == 1 else shapely.union_all(found)
    return whole


def area_of_reach(places: FloatArray, within_m: float, area: BaseGeometry) -> AreaWithin:
    """Answer `area_within` for bare coordinates of shape (n, 2) and one valid area."""
    total = float(shapely.area(area))
    bounds = np.array(shapely.bounds(area))
    middle = (bounds[:2] + bounds[2:]) / 2.0  # small numbers lose fewer digits
    away = places - middle
    across, up = (bounds[2:] - bounds[:2]) / 2.0 + within_m
    may_reach = (np.abs(away[:, 0]) <= across) & (np.abs(away[:, 1]) <= up)  # no place: False
    discs = np.unique(away[may_reach], axis=0)
    if len(discs) == 0 or total == 0.0:
        return AreaWithin(0.0, total, 0.0)
    shape = shapely.transform(shapely.orient_polygons(area), lambda xy: xy - middle)
    edges = _edges(shape)
    is_in, is_out = _settled(edges, discs, within_m)
    cut = edges[~(is_in | is_out)]
    chords = _chords(cut, discs, within_m)
    straight = np.concatenate([_crosses(edges[is_in]), _straight(cut, chords)])
    round_, size = _round(discs, within_m, shape, chords)
    within = float(straight.sum()) + round_
    error = _ROUNDING * (float(np.abs(straight).sum()) + size)
    return AreaWithin(min(max(within, 0.0), total), total, error)


def areas_of_reach(
    places: FloatArray, within_m: float, areas: ObjectArray
) -> tuple[FloatArray, FloatArray]:
    """Give square metres within reach and in all for each of many valid areas.

    Areas that lie wholly near the post nearest to their middle, or wholly far from every post, are
    told from their extent; the others are measured.
    """
    total = np.asarray(shapely.area(areas), dtype=np.float64)
    known = places[np.isfinite(places).all(axis=1)]
    if len(known) == 0 or len(areas) == 0:
        return np.zeros(len(areas)), total
    bounds = shapely.bounds(areas)
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2.0
    half = np.hypot(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]) / 2.0
    gap = ask_tree(cKDTree(known), np.nan_to_num(middle), 1)[0][:, 0]
    within = np.where(gap + half <= within_m, total, 0.0)
    for row in np.flatnonzero((gap + half > within_m) & (gap - half <= within_m)):
        within[row] = area_of_reach(known, within_m, areas[row]).within_m2
    return within, total


@dataclass(frozen=True, slots=True)
class _Chords:
    """Where straight edges run inside discs: shares of the edge, and the crossings' angles."""

    edge: IntArray
    enter: FloatArray
    leave: FloatArray
    crossed_disc: IntArray
    crossed_angle: FloatArray


def _edges(shape: BaseGeometry) -> FloatArray:
    """Give every edge as x, y, x, y, the area on its left."""
    rings = shapely.get_rings(shapely.get_parts(np.array([shape], dtype=object)))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    is_edge = ring[1:] == ring[:-1]
    edges: FloatArray = np.hstack([xy[:-1], xy[1:]])[is_edge]
    return edges


def _chords(edges: FloatArray, discs: FloatArray, radius: float) -> _Chords:
    """Find the part of every edge inside every disc, and where circles cross or touch it."""
    edge, disc = _near(edges, discs, radius)
    a, step = edges[edge, :2], edges[edge, 2:] - edges[edge, :2]
    to = a - discs[disc]
    length2 = (step * step).sum(axis=1)
    along = -(to * step).sum(axis=1)
    across2 = (to[:, 0] * step[:, 1] - to[:, 1] * step[:, 0]) ** 2
    rest = radius * radius * length2 - across2
    meets = (rest > -_TOUCH * radius * radius * length2) & (length2 > 0.0)
    edge, disc, to, step = edge[meets], disc[meets], to[meets], step[meets]
    root, along, length2 = np.sqrt(np.maximum(rest[meets], 0.0)), along[meets], length2[meets]
    ends = np.stack([(along - root) / length2, (along + root) / length2])
    enter, leave = np.clip(ends, 0.0, 1.0)
    crosses = (ends > -_NEAR_END) & (ends < 1.0 + _NEAR_END)  # a cut too many changes nothing
    at = to + ends[..., None] * step
    angle = np.arctan2(at[..., 1], at[..., 0]) % _TURN
    kept = enter < leave
    discs_twice = np.broadcast_to(disc, crosses.shape)
    return _Chords(edge[kept], enter[kept], leave[kept], discs_twice[crosses], angle[crosses])


def _settled(edges: FloatArray, discs: FloatArray, radius: float) -> tuple[BoolArray, BoolArray]:
    """Say which edges lie wholly in the disc nearest to their middle, and which in none at all.

    Circles that cross an edge inside another disc are hidden there: such crossings cut nothing.
    """
    middle = (edges[:, :2] + edges[:, 2:]) / 2.0
    half = np.hypot(edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1]) / 2.0
    gap, _ = cKDTree(discs).query(middle)
    slack = radius * 1e-9
    return gap + half < radius - slack, gap - half > radius + slack


def _near(edges: FloatArray, discs: FloatArray, radius: float) -> tuple[IntArray, IntArray]:
    """Pair edges and discs that may meet."""
    if len(edges) * len(discs) <= 1 << 16:
        low = np.minimum(edges[:, :2], edges[:, 2:]) - radius
        high = np.maximum(edges[:, :2], edges[:, 2:]) + radius
        near = ((discs >= low[:, None]) & (discs <= high[:, None])).all(axis=2)
        edge, disc = np.nonzero(near)
        return edge, disc
    tree = shapely.STRtree(np.asarray(shapely.points(discs), dtype=object))
    lines = shapely.linestrings(edges.reshape(-1, 2, 2))
    edge, disc = tree.query(lines, predicate="dwithin", distance=radius * (1.0 + 1e-9))
    return edge, disc


def _straight(edges: FloatArray, chords: _Chords) -> FloatArray:
    """Give the share of the integral along every edge: its reached part times half its cross."""
    start, end = _union(2.0 * chords.edge + chords.enter, 2.0 * chords.edge + chords.leave)
    reached = np.zeros(len(edges))
    np.add.at(reached, (start // 2.0).astype(np.int64), end - start)
    pieces: FloatArray = _crosses(edges) * np.minimum(reached, 1.0)
    return pieces


def _crosses(edges: FloatArray) -> FloatArray:
    """Give the integral along whole edges."""
    crosses: FloatArray = 0.5 * (edges[:, 0] * edges[:, 3] - edges[:, 1] * edges[:, 2])
    return crosses


def _round(
    discs: FloatArray, radius: float, shape: BaseGeometry, chords: _Chords
) -> tuple[float, float]:
    """Sum the integral over arcs in no other disc and inside the area; and its absolute parts."""
    start, end = _free_arcs(discs, radius)
    start, end = _cut(start, end, _KEY * chords.crossed_disc + chords.crossed_angle)
    disc = (start // _KEY).astype(np.int64)
    low, high = start - _KEY * disc, end - _KEY * disc
    x, y = discs[disc, 0], discs[disc, 1]
    middle = (low + high) / 2.0
    shapely.prepare(shape)
    inside = shapely.contains_xy(shape, x + radius * np.cos(middle), y + radius * np.sin(middle))
    low, high, x, y = low[inside], high[inside], x[inside], y[inside]
    pieces = (
        0.5
        * radius
        * np.stack(
            [
                radius * (high - low),
                x * (np.sin(high) - np.sin(low)),
                y * (np.cos(low) - np.cos(high)),
            ]
        )
    )
    return float(pieces.sum()), float(np.abs(pieces).sum())


def _free_arcs(discs: FloatArray, radius: float) -> tuple[FloatArray, FloatArray]:
    """List the arcs of every circle that lie in no other disc, as keys of circle and angle.

    The nearest few discs hide most of a circle; only circles that still show an arc and have more
    neighbours are asked again, with all of them.
    """
    tree, reach = cKDTree(discs), 2.0 * radius
    k = min(_NEIGHBOURS + 1, len(discs))
    gap, other = ask_tree(tree, discs, k, float(np.nextafter(reach, np.inf)))
    one, column = np.nonzero(np.isfinite(gap))
    start, end = _left(discs, one, other[one, column], reach)
    if k == len(discs):
        return start, end
    has_more = np.isfinite(gap[:, -1])
    again = has_more[(start // _KEY).astype(np.int64)]
    starts, ends = [start[~again]], [end[~again]]
    rows = np.unique((start[again] // _KEY).astype(np.int64))
    counts = np.asarray(tree.query_ball_point(discs[rows], reach, return_length=True))
    for block in _blocks(rows, counts):
        pairs = cKDTree(discs[block]).sparse_distance_matrix(tree, reach, output_type="ndarray")
        start, end = _left(discs, block[pairs["i"]], pairs["j"], reach)
        starts.append(start)
        ends.append(end)
    start, end = np.concatenate(starts), np.concatenate(ends)
    return np.sort(start), np.sort(end)


def _blocks(rows: IntArray, counts: IntArray) -> list[IntArray]:
    """Split rows so that none brings more pairs than fit at a time, or is one row."""
    part = np.cumsum(counts) // _PAIRS_AT_A_TIME
    return [block for block in np.split(rows, np.flatnonzero(np.diff(part)) + 1) if len(block)]


def _left(
    discs: FloatArray, one: IntArray, other: IntArray, reach: float
) -> tuple[FloatArray, FloatArray]:
    """Give the arcs of circles `one` that the discs `other` leave; every circle meets itself."""
    circles = np.unique(one)
    kept = one != other
    one, step = one[kept], discs[other[kept]] - discs[one[kept]]
    low, high = _hidden(step, np.hypot(step[:, 0], step[:, 1]) / reach)
    low, high = _union(_KEY * one + low, _KEY * one + high, turn=True)
    start = np.sort(np.concatenate([_KEY * circles, high]))
    end = np.sort(np.concatenate([low, _KEY * circles + _TURN]))
    free: BoolArray = end > start
    return start[free], end[free]


def _hidden(step: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the angles of a circle that lie in a disc of the same radius `step` away."""
    towards = np.arctan2(step[:, 1], step[:, 0])
    half = np.arccos(np.minimum(share, 1.0))
    low = (towards - half) % _TURN
    return low, low + 2.0 * half


def _union(
    start: FloatArray, end: FloatArray, *, turn: bool = False
) -> tuple[FloatArray, FloatArray]:
    """Merge intervals that meet; with `turn`, angles beyond a turn begin again at nought."""
    if turn:
        circle = np.floor(start / _KEY) * _KEY
        over = end > circle + _TURN
        start = np.concatenate([start, circle[over]])
        end = np.concatenate([np.minimum(end, circle + _TURN), end[over] - _TURN])
    if len(start) == 0:
        return start, end
    order = np.argsort(start)
    start, end = start[order], np.maximum.accumulate(end[order])
    is_new = np.append(True, start[1:] > end[:-1])
    last = np.append(np.flatnonzero(is_new)[1:] - 1, len(end) - 1)
    return start[is_new], end[last]


def _cut(start: FloatArray, end: FloatArray, at: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cut disjoint sorted intervals at the points that lie in them."""
    at = np.sort(at)
    holder = np.searchsorted(start, at, side="right") - 1
    inside: BoolArray = (holder >= 0) & (at > start[holder]) & (at < end[holder])
    cuts: FloatArray = at[inside]
    return np.sort(np.concatenate([start, cuts])), np.sort(np.concatenate([end, cuts]))
