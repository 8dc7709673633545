"""Stand in, compiled, for the look-up of points in the table of cells; same answers, sooner.

Used by `geo.index` where its caller wants it and numba is installed; importing this needs numba.
Knows nothing of polygons and codes, and decides nothing that a float filter cannot: points on or
next to an edge and points for the exact path go to `geo.index.lookup`, which it stands in for.

Points are taken in blocks, and each block in phases without hard branches: numbers of cells;
reading of cells and putting the border points together; one sum over the edges of each leaf. So
misses of the caches overlap instead of waiting for each other. Helpers take numbers, not arrays:
numba counts references to arrays at each call.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,no-any-return,assignment,arg-type"
# ruff: noqa: ANN001, ANN202 - numba finds the types of what it compiles, anew for each call

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from geo.index import lookup
from geo.index.cells import FIRST_BLOCK, CellTable
from geo.index.covering import EAST_END_OUT, WEST_END_OUT, Ends
from geo.index.laying import PACK
from geo.index.lookup import Met
from geo.index.orientation import FILTER, UNDERFLOW
from geo.index.pairing.compiled import jit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
RowArray = npt.NDArray[np.int32]
_T = TypeVar("_T", bound=np.generic)

POINTS_AT_ONCE: Final = 1 << 18
"""Points for each call of machine code, so that the lists of left ones stay small."""
_IN_A_BLOCK: Final = 1_024  # their leaves and edges fit in the first caches
_ASKS: Final = PACK / 2.0
_OUTSIDE: Final = PACK + 1.0
_WEST: Final = float(WEST_END_OUT)
_EAST: Final = float(EAST_END_OUT)


def find_rows(
    table: CellTable,
    ends: Ends,
    places: tuple[FloatArray, FloatArray],
    rows: RowArray,
    at_once: int,
) -> Met:
    """Do what `geo.index.lookup.find_rows` does.

    Parameters
    ----------
    table, ends, places, rows, at_once
        As there; `at_once` only where NumPy decides.

    Raises
    ------
    FrameError
        ``points_without_coordinates``.
    """
    x, y = places
    room = np.empty(min(len(x), POINTS_AT_ONCE), dtype=np.int64)
    left = []
    frame, cells = _read_only(table.frame), _read_only(table.cells)
    starts, bases = _read_only(table.leaf_start), _read_only(table.leaf_base)
    leaves = (starts, bases, _read_only(table.entries))
    blocks = (_read_only(table.block_frame), _read_only(table.block_cells))
    for first in range(0, len(x), POINTS_AT_ONCE):
        part = slice(first, first + POINTS_AT_ONCE)
        into = (rows[part], room)
        found = _look_up(
            frame, cells, leaves, blocks, (_read_only(x[part]), _read_only(y[part])), into
        )
        if found < 0:  # it says which points have no coordinates
            return lookup.find_rows(table, ends, places, rows, at_once)
        left.append(room[:found] + first)
    chosen = np.concatenate(left) if left else np.zeros(0, dtype=np.int64)
    if len(chosen) == 0:
        return Met(chosen, chosen, chosen)
    said = np.empty(len(chosen), dtype=np.int32)
    met = lookup.find_rows(table, ends, (x[chosen], y[chosen]), said, at_once)
    rows[chosen] = said
    return Met(chosen[met.point], met.edge, chosen[met.asks])


def _read_only(values: npt.NDArray[_T]) -> npt.NDArray[_T]:
    """Give the same numbers in one kind of array, so that one compilation serves all callers."""
    seen = np.ascontiguousarray(values).view(np.ndarray)
    seen.flags.writeable = False
    return seen


@jit
def _look_up(frame, cells, leaves, blocks, places, into):
    """Write rows; give how many points are left, or -1 where one has no coordinates."""
    x, y = places
    rows, left = into
    cell = np.empty(_IN_A_BLOCK, dtype=np.uint32)
    point = np.empty(_IN_A_BLOCK + 1, dtype=np.uint32)
    leaf = np.empty((3, _IN_A_BLOCK), dtype=np.uint32)
    total = np.empty(_IN_A_BLOCK, dtype=np.float64)
    n_left = 0
    for first in range(0, len(x), _IN_A_BLOCK):
        px = x[first : first + _IN_A_BLOCK]
        py = y[first : first + _IN_A_BLOCK]
        out = rows[first : first + _IN_A_BLOCK]
        if _number_cells(frame, px, py, cell):
            return -1
        n = _read_cells(cells, cell, out, point)
        n = _open_leaves(cells, leaves, blocks, (px, py, out), (point, n, leaf, total))
        n_left = _sum_leaves(leaves[2], (px, py, out), (leaf, n, total), (left, n_left, first))
    return n_left


@jit
def _number_cells(frame, px, py, cell):
    """Write the cell of each point, cut to the frame; tell whether one has no coordinates."""
    x0, y0, sx, sy = frame[0], frame[1], frame[2], frame[3]
    last_column, last_line = frame[4] - 1.0, frame[5] - 1.0
    nx = np.uint32(frame[4])
    is_lost = False
    for k in range(np.uint32(len(px))):
        is_lost |= (px[k] - px[k] != 0.0) | (py[k] - py[k] != 0.0)
        column = (px[k] - x0) * sx
        line = (py[k] - y0) * sy
        column = column if column > 0.0 else 0.0  # noqa: FURB136 - min and max look for NaN
        line = line if line > 0.0 else 0.0  # noqa: FURB136 - as above
        column = column if column < last_column else last_column  # noqa: FURB136 - as above
        line = line if line < last_line else last_line  # noqa: FURB136 - as above
        cell[k] = np.uint32(np.int32(line)) * nx + np.uint32(np.int32(column))
    return is_lost


@jit
def _read_cells(cells, cell, out, point):
    """Write what the cells say; put points without a row together, and count them."""
    n = np.uint32(0)
    for k in range(np.uint32(len(out))):
        said = cells[cell[k]]
        out[k] = said
        point[n] = k
        n += np.uint32(said < -1)
    return n


@jit
def _open_leaves(cells, leaves, blocks, places, into):
    """Follow finer cells; write each open point, where its leaf begins and ends, its constant."""
    leaf_start, leaf_base, _ = leaves
    block_frame, block_cells = blocks
    px, py, out = places
    point, m, leaf, total = into
    n = np.uint32(0)
    for k in range(m):
        p = point[k]
        said = out[p]
        while said <= FIRST_BLOCK:
            b = np.uint32(FIRST_BLOCK - said)
            last = block_cells[b, 1] - 1
            column = np.int64((px[p] - block_frame[b, 0]) * block_frame[b, 2])
            line = np.int64((py[p] - block_frame[b, 1]) * block_frame[b, 3])
            column, line = min(max(column, 0), last), min(max(line, 0), last)
            said = cells[np.uint64(block_cells[b, 0] + line * (last + 1) + column)]
        out[p] = said
        own = np.uint32(max(-2 - np.int64(said), 0))
        leaf[0, n] = p
        leaf[1, n] = leaf_start[own]
        leaf[2, n] = leaf_start[own + np.uint32(1)]
        total[n] = leaf_base[own]
        n += np.uint32(said < -1)
    return n


@jit
def _sum_leaves(entries, places, opened, into):
    """Write the rows of open points; note those that floats or the table cannot decide."""
    px, py, out = places
    leaf, n, total = opened
    left, n_left, first = into
    for k in range(n):
        p = leaf[0, k]
        qx, qy = px[p], py[p]
        face = total[k] - _OUTSIDE
        is_open = False
        for q in range(leaf[1, k], leaf[2, k]):
            ex = qx - entries[q, 0]
            ey = qy - entries[q, 1]
            turn = entries[q, 2] * ey - entries[q, 3] * ex
            over_a = ey >= 0.0
            over_b = qy >= entries[q, 4]
            kind = entries[q, 7]
            times = np.float64((turn <= 0.0) & over_a & ~over_b)
            times -= np.float64(over_a & (kind == _WEST))
            times += np.float64(over_b & (kind == _EAST))
            is_open |= (abs(turn) <= entries[q, 6]) & over_a & (qy <= entries[q, 4])
            face += entries[q, 5] * times
        asks = face >= _ASKS
        out[p] = np.int32(-1.0 if asks else max(face, -1.0))
        left[n_left] = first + np.int64(p)
        n_left += np.int64(is_open | asks)
    return n_left


def changing(
    places: tuple[FloatArray, FloatArray, RowArray],
    ranges: tuple[IntArray, IntArray],
    asked: tuple[tuple[int, int], tuple[float, float, float, float], FloatArray],
) -> tuple[IntArray, IntArray, int]:
    """Find the points of two grids that lie in a loop of edges, for `geo.index.moves`.

    Parameters
    ----------
    places
        x, y and row of the points, in the order of the buckets.
    ranges
        First place, and one after the last, of each line of buckets.
    asked
        The two grids, the box of the loop, its edges.

    Returns
    -------
    inside, left, examined
        Points in the loop; points that the float filter cannot decide; how many were looked at.
    """
    rows, box, ends = asked
    first, last = ranges
    room = np.empty((2, int((last - first).sum())), dtype=np.int64)
    found, left, examined = _in_loop(places, ranges, rows, box, ends, room)
    return room[0, :found].copy(), room[1, :left].copy(), examined


@jit
def _in_loop(places, ranges, rows, box, ends, room):
    x, y, row = places
    firsts, lasts = ranges
    west, south, east, north = box
    found, left, examined = 0, 0, 0
    for line in range(len(firsts)):
        for place in range(firsts[line], lasts[line]):
            px, py = x[place], y[place]
            if px < west or px > east or py < south or py > north:
                continue
            if row[place] != rows[0] and row[place] != rows[1]:
                continue
            examined += 1
            is_inside, is_open = False, False
            for k in range(len(ends)):
                ax, ay, bx, by = ends[k, 0], ends[k, 1], ends[k, 2], ends[k, 3]
                if ay > by:
                    ax, ay, bx, by = bx, by, ax, ay
                if ay <= py < by:
                    one, other = (bx - ax) * (py - ay), (by - ay) * (px - ax)
                    turn = one - other
                    is_open |= abs(turn) <= FILTER * (abs(one) + abs(other)) + UNDERFLOW
                    is_inside ^= turn <= 0.0
            if is_open:
                room[1, left] = place
                left += 1
            elif is_inside:
                room[0, found] = place
                found += 1
    return found, left, examined
