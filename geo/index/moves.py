"""Assign anew only the points that a dragged border can concern.

Used by the editing of grids and by its preview.
Knows nothing of screens and stores: points once placed, and chains of vertices.

When two neighbours' common border moves and its ends stay, area passes between these two alone.
The old chain and the new one close to a loop; a point of either grid changes hands exactly if the
place just north-east of it lies in the loop, by the same half-open, exact predicate as in the
index. So the answer is that of joining every point again.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.index.covering import repeated
from geo.index.orientation import is_right_or_on
from geo.index.tiling_index import TilingIndex

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
RowArray = npt.NDArray[np.int32]

CELLS_PER_BUCKET: Final = 8
"""Cells of the index along each side of a bucket."""
_TESTS_AT_ONCE: Final = 1 << 21


@dataclass(frozen=True, slots=True)
class Moved:
    """The points that change hands.

    Attributes
    ----------
    point
        Positions in the arrays that the buckets were made of, sorted.
    place
        The same in the buckets' own order.
    row
        Row that each falls in now. int32.
    examined
        How many points had to be looked at.
    """

    point: IntArray
    place: IntArray
    row: RowArray
    examined: int


class PointBuckets:
    """Points sorted by the bucket they lie in, with the grid of each.

    Parameters
    ----------
    index
        The tiling.
    x, y
        Places, finite, in its plane.

    Attributes
    ----------
    row
        Row of the grid of each point, in the buckets' order; `apply` writes it.
    counts
        Points in each grid; `apply` keeps them right.
    """

    def __init__(self, index: TilingIndex, x: npt.ArrayLike, y: npt.ArrayLike) -> None:
        px, py = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        self._use_compiled = index.use_compiled
        row = index.locate(px, py)
        x0, y0, sx, sy, nx, ny = index.table.frame.tolist()
        self._frame = (x0, y0, sx / CELLS_PER_BUCKET, sy / CELLS_PER_BUCKET)
        self._columns = int(nx) // CELLS_PER_BUCKET + 1
        self._lines = int(ny) // CELLS_PER_BUCKET + 1
        bucket = self._line(py).astype(np.int32) * self._columns + self._column(px)
        key = (bucket.astype(np.int64) << 32) | np.arange(len(px), dtype=np.int64)
        key.sort()
        self.order: IntArray = key & 0xFFFFFFFF
        sizes = np.bincount(bucket, minlength=self._columns * self._lines)
        self._start: IntArray = np.append(0, np.cumsum(sizes))
        self.x, self.y, self.row = px[self.order], py[self.order], row[self.order]
        self.counts: IntArray = np.bincount(row[row >= 0], minlength=len(index))

    def _column(self, x: FloatArray) -> RowArray:
        number = (x - self._frame[0]) * self._frame[2]
        column: RowArray = np.clip(number, 0, self._columns - 1).astype(np.int32)
        return column

    def _line(self, y: FloatArray) -> RowArray:
        number = (y - self._frame[1]) * self._frame[3]
        line: RowArray = np.clip(number, 0, self._lines - 1).astype(np.int32)
        return line

    def _ranges(
        self, west: float, south: float, east: float, north: float
    ) -> tuple[IntArray, IntArray]:
        """Give the first and the last place, and one more, of each line of buckets of a box."""
        columns = self._column(np.array([west, east]))
        bottom, top = self._line(np.array([south, north])).tolist()
        lines = np.arange(bottom, top + 1)
        first = self._start[lines * self._columns + columns[0]]
        return first, self._start[lines * self._columns + columns[1] + 1]

    def in_box(self, west: float, south: float, east: float, north: float) -> IntArray:
        """Give the places, in the buckets' order, of all points in a box, its sides included."""
        first, last = self._ranges(west, south, east, north)
        _, place = repeated(first, last - first)
        x, y = self.x[place], self.y[place]
        return place[(x >= west) & (x <= east) & (y >= south) & (y <= north)]

    def move(self, rows: tuple[int, int], old: npt.ArrayLike, new: npt.ArrayLike) -> Moved:
        """Say which points change hands when the border of two grids moves; changes nothing.

        Parameters
        ----------
        rows
            The two grids.
        old, new
            Chains of vertices, shape (n, 2), with the same first and the same last vertex. The
            new one must leave a tiling: it crosses no other border and not itself.

        Raises
        ------
        ValueError
            The chains do not meet at both ends.
        """
        before, after = (np.asarray(chain, dtype=np.float64) for chain in (old, new))
        if (before[0] != after[0]).any() or (before[-1] != after[-1]).any():
            raise ValueError((before[[0, -1]].tolist(), after[[0, -1]].tolist()))
        low = np.minimum(before.min(axis=0), after.min(axis=0))
        high = np.maximum(before.max(axis=0), after.max(axis=0))
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        ends = np.vstack([np.hstack([chain[:-1], chain[1:]]) for chain in (before, after)])
        changing = self._changing_compiled if self._use_compiled else self._changing
        moved, examined = changing(rows, box, ends)
        now = np.where(self.row[moved] == rows[0], rows[1], rows[0]).astype(np.int32)
        by_point = np.argsort(self.order[moved])
        moved = moved[by_point]
        return Moved(self.order[moved], moved, now[by_point], examined)

    def _changing(
        self, rows: tuple[int, int], box: tuple[float, float, float, float], ends: FloatArray
    ) -> tuple[IntArray, int]:
        place = self.in_box(*box)
        own = self.row[place]
        place = place[(own == rows[0]) | (own == rows[1])]
        return place[in_loop(ends, self.x[place], self.y[place])], len(place)

    def _changing_compiled(
        self, rows: tuple[int, int], box: tuple[float, float, float, float], ends: FloatArray
    ) -> tuple[IntArray, int]:
        from geo.index import compiled

        first, last = self._ranges(*box)
        places = (self.x, self.y, self.row)
        moved, left, examined = compiled.changing(places, (first, last), (rows, box, ends))
        if len(left):
            left = left[in_loop(ends, self.x[left], self.y[left])]
            moved = np.concatenate([moved, left])
        return moved, examined

    def apply(self, moved: Moved) -> None:
        """Write what `move` said into `row` and `counts`."""
        before = self.row[moved.place]
        np.subtract.at(self.counts, before[before >= 0], 1)
        np.add.at(self.counts, moved.row, 1)
        self.row[moved.place] = moved.row


def in_loop(ends: FloatArray, x: FloatArray, y: FloatArray) -> npt.NDArray[np.bool_]:
    """Tell whether (x + e, y + e^2) lies in a closed loop of edges, even-odd and exactly.

    Parameters
    ----------
    ends
        Shape (n, 4): x and y of both ends of each edge, in any order.
    x, y
        Places.
    """
    is_up = (ends[:, 1] < ends[:, 3])[:, None]
    ends = np.where(is_up, ends, ends[:, [2, 3, 0, 1]])
    ends = ends[ends[:, 1] < ends[:, 3]]
    odd = np.zeros(len(x), dtype=np.bool_)
    at_once = max(_TESTS_AT_ONCE // max(len(ends), 1), 1)
    for first in range(0, len(x), at_once):
        px, py = x[first : first + at_once], y[first : first + at_once]
        edge, point = np.nonzero((ends[:, 1, None] <= py) & (py < ends[:, 3, None]))
        ax, ay, bx, by = ends[edge].T
        crossed = is_right_or_on((ax, ay, bx, by, px[point], py[point]))
        odd[first : first + at_once] = np.bincount(point[crossed], minlength=len(px)) % 2 == 1
    return odd
