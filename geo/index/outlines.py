"""Read the rings of areas, and say which shapes are no sound areas.

Used by `geo.index`.
Knows nothing of codes, edges and cells: polygons in, plain arrays out.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from geo.index.covering import repeated

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
RowArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
SignArray = npt.NDArray[np.int8]
ObjectArray = npt.NDArray[np.object_]

AREAL: Final = (3, 6)  # Polygon, MultiPolygon
_MULTIPLE: Final = 6
_SMALLEST, _LARGEST = 1e-100, 1e100
_ULP: Final = 2.0**-52


@dataclass(frozen=True, slots=True)
class Rings:
    """The rings of polygons, shell before holes, part after part, row after row.

    Attributes
    ----------
    xy
        Vertices, ring after ring, each ring closed; no negative zeros.
    start
        Where each ring begins in `xy`; one longer than the rings.
    row
        Row of each ring's polygon.
    is_hole
        Whether it bounds a hole of the shell before it.
    turn
        1 where the ring runs against the clock, -1 with it, 0 where it is not known yet.
    """

    xy: FloatArray
    start: IntArray
    row: RowArray
    is_hole: BoolArray
    turn: SignArray

    def without(self, rows: IntArray) -> "Rings":
        """Leave out the rings of some rows."""
        stays = ~np.isin(self.row, rows)
        size = np.diff(self.start)[stays]
        change = np.flatnonzero(np.diff(stays, prepend=False, append=False))
        runs = self.start[change].reshape(-1, 2)  # of rings that stay
        return Rings(
            xy=np.concatenate([self.xy[:0], *(self.xy[first:last] for first, last in runs)]),
            start=np.append(0, np.cumsum(size)),
            row=self.row[stays],
            is_hole=self.is_hole[stays],
            turn=self.turn[stays],
        )


def sound_rings(polygons: ObjectArray, *, use_compiled: bool = False) -> tuple[Rings, IntArray]:
    """Read the rings of sound areas, and find the rows that the edge sum cannot answer for.

    Those are no areas, or have bad rings or strange numbers. Missing and empty shapes are not
    among them: they hold nothing.

    Parameters
    ----------
    polygons
        Any shapes of shapely, and None.
    use_compiled
        Machine code looks at the rings first, and GEOS is asked for those alone that it cannot
        prove to be simple; the answer is the same.

    Returns
    -------
    rings, odd
        With the turn of every ring; odd rows sorted.
    """
    areal = np.isin(shapely.get_type_id(polygons), AREAL)
    others = np.flatnonzero(~areal)
    shapes = polygons
    if len(others):
        shapes = polygons.copy()
        shapes[others] = None
        strange = polygons[others]
        others = others[~(shapely.is_missing(strange) | shapely.is_empty(strange))]
    rings = _rings(shapes)
    asked = areal
    if use_compiled:
        from geo.index.proving import compiled

        turn, is_simple = compiled.proven_turns(rings.xy, rings.start)
        rings = replace(rings, turn=turn)
        asked = areal.copy()
        asked[rings.row[is_simple & _is_only(rings)]] = False
    rows = np.flatnonzero(asked)
    is_bad = ~_is_plain(shapes)
    is_bad[rows] |= ~shapely.is_valid(shapes[rows])
    is_bad &= areal
    bad = np.flatnonzero(is_bad)
    is_bad[bad] = ~shapely.is_empty(shapes[bad])
    is_bad[others] = True
    odd = np.flatnonzero(is_bad)
    if len(odd):
        rings = rings.without(odd)
    return turned(rings), odd


def _is_only(rings: Rings) -> BoolArray:
    """Tell which rings are the only one of their row."""
    is_only = np.ones(len(rings.row), dtype=np.bool_)
    differs = rings.row[1:] != rings.row[:-1]
    is_only[1:] &= differs
    is_only[:-1] &= differs
    return is_only


def _is_plain(polygons: ObjectArray) -> BoolArray:
    """Tell whose numbers are neither so large nor so small that products fail."""
    bounds = np.abs(shapely.bounds(polygons))
    with np.errstate(invalid="ignore"):
        is_plain: BoolArray = (bounds < _LARGEST) & ((bounds == 0.0) | (bounds > _SMALLEST))
    return np.asarray(is_plain.all(axis=1))


def _rings(polygons: ObjectArray) -> Rings:
    """Read the rings; a polygon of one ring is read without taking it apart."""
    xy = shapely.get_coordinates(polygons)
    xy += 0.0  # no negative zeros
    size = shapely.get_num_coordinates(polygons).astype(np.int64)
    is_many = shapely.get_num_interior_rings(polygons) > 0
    is_many |= shapely.get_type_id(polygons) == _MULTIPLE
    row = np.flatnonzero((size > 0) & ~is_many)
    size, is_hole = size[row], np.zeros(len(row), dtype=np.bool_)
    many = np.flatnonzero(is_many)
    if len(many):
        parts, row_of_part = shapely.get_parts(polygons[many], return_index=True)
        rings, part = shapely.get_rings(parts, return_index=True)
        row = np.append(row, many[row_of_part[part]])
        size = np.append(size, shapely.get_num_coordinates(rings))
        is_hole = np.concatenate([is_hole, [False], part[1:] == part[:-1]])[: len(row)]
        order = np.argsort(row, kind="stable")
        order = order[size[order] > 0]
        row, size, is_hole = row[order], size[order], is_hole[order]
    start = np.append(0, np.cumsum(size))
    return Rings(xy, start, row.astype(np.int32), is_hole, np.zeros(len(row), dtype=np.int8))


def turned(rings: Rings) -> Rings:
    """Find the turns that are not known yet, of rings that do not cross themselves.

    The sign of the area says it, where rounding cannot have changed it; GEOS says the rest.
    """
    open_rings = np.flatnonzero(rings.turn == 0)
    if len(open_rings) == 0:
        return rings
    size = np.diff(rings.start)[open_rings]
    xy = rings.xy
    if len(open_rings) < len(rings.turn):
        xy = xy[repeated(rings.start[open_rings], size)[1]]
    x, y = xy.T
    start = np.append(0, np.cumsum(size))
    one, other = np.zeros(len(xy)), np.zeros(len(xy))
    np.multiply(x[:-1], y[1:], out=one[:-1])
    np.multiply(x[1:], y[:-1], out=other[:-1])
    one[start[1:] - 1], other[start[1:] - 1] = 0.0, 0.0
    area = np.add.reduceat(one - other, start[:-1])
    terms = np.add.reduceat(np.abs(one) + np.abs(other), start[:-1])
    turn = np.sign(area).astype(np.int8)
    doubtful = np.flatnonzero(~(np.abs(area) > (size + 4) * _ULP * terms))
    if len(doubtful):
        ring, vertex = repeated(start[doubtful], size[doubtful])
        lines = shapely.linearrings(xy[vertex], indices=ring)
        turn[doubtful] = np.where(shapely.is_ccw(lines), 1, -1)
    every = rings.turn.copy()
    every[open_rings] = turn
    return replace(rings, turn=every)
