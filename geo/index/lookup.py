"""Find the row of each point in the table of cells, block of points by block.

Used by `geo.index`.
Knows nothing of polygons and codes: plain arrays in, plain arrays out, so that a compiled twin can
stand in for it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.errors import FrameError
from geo.index.cells import FIRST_BLOCK, CellTable
from geo.index.covering import EAST_END_OUT, WEST_END_OUT, Ends
from geo.index.laying import ENTRY, PACK
from geo.index.orientation import exact_side

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
RowArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

POINTS_AT_ONCE: Final = 32_768
"""Points in a block: its arrays fit in the caches, and calls are few."""


@dataclass(frozen=True, slots=True)
class Met:
    """What a look-up leaves to be decided.

    Attributes
    ----------
    point, edge
        Pairs of point and edge where the point lies on the edge.
    asks
        Points that the exact path has to answer.
    """

    point: IntArray
    edge: IntArray
    asks: IntArray


class _Room:
    """Arrays that one call uses again for every block of points."""

    def __init__(self, n: int) -> None:
        self.number = np.empty(n)
        self.column = np.empty(n, dtype=np.int32)
        self.line = np.empty(n, dtype=np.int32)
        self.cell = np.empty(n, dtype=np.intp)
        self.entries = np.empty((n // 4 + 1, len(ENTRY)))

    def of_entries(self, n: int) -> FloatArray:
        """Give room for n entries."""
        if n > len(self.entries):
            self.entries = np.empty((2 * n, len(ENTRY)))
        return self.entries[:n]


def find_rows(
    table: CellTable,
    ends: Ends,
    places: tuple[FloatArray, FloatArray],
    rows: RowArray,
    at_once: int,
) -> Met:
    """Write the row of every point, -1 outside and -1 for border points without an owner.

    Parameters
    ----------
    table, ends
        The index: its table, and ax, ay, bx, by of its edges.
    places
        x and y, float64.
    rows
        Written to.
    at_once
        Points in a block; changes no answer.

    Raises
    ------
    FrameError
        ``points_without_coordinates``.
    """
    x, y = places
    room = _Room(min(at_once, len(x)))
    points, on, asks = [], [], []
    for first in range(0, len(x), at_once):
        px, py = x[first : first + at_once], y[first : first + at_once]
        out = rows[first : first + at_once]
        read_cells(table, px, py, out, room)
        chosen = np.flatnonzero(out < -1)
        if len(chosen) == 0:
            continue
        found = out[chosen]
        qx, qy = px[chosen], py[chosen]
        if found.min() <= FIRST_BLOCK:
            read_blocks(table, found, qx, qy)
            is_leaf = found < -1
            out[chosen] = found
            chosen, found, qx, qy = chosen[is_leaf], found[is_leaf], qx[is_leaf], qy[is_leaf]
        own, pair, edge = read_leaves(table, ends, (found, qx, qy), room)
        out[chosen] = found
        if len(edge):
            points.append(chosen[own] + first)
            on.append(edge)
        if len(pair):
            asks.append(chosen[pair] + first)
    return Met(_joined(points), _joined(on), _joined(asks))


def _joined(parts: list[IntArray]) -> IntArray:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def read_cells(table: CellTable, x: FloatArray, y: FloatArray, out: RowArray, room: _Room) -> None:
    """Write what the first level says of each point."""
    x0, y0, sx, sy, nx, ny = table.frame.tolist()
    n = len(x)
    number, column, line, cell = room.number[:n], room.column[:n], room.line[:n], room.cell[:n]
    with np.errstate(invalid="ignore", over="ignore"):
        for values, low, scale, into in ((x, x0, sx, column), (y, y0, sy, line)):
            np.subtract(values, low, out=number)
            np.multiply(number, scale, out=number)
            np.copyto(into, number, casting="unsafe")
    is_far = column.view(np.uint32).max() >= nx or line.view(np.uint32).max() >= ny
    if is_far:
        _cut(table, x, y, column, line)
    np.multiply(line, np.int32(nx), out=line)
    np.add(line, column, out=cell)
    np.take(table.cells, cell, out=out, mode="clip")


def _cut(table: CellTable, x: FloatArray, y: FloatArray, column: RowArray, line: RowArray) -> None:
    """Put places beyond the frame in its outermost cells, which are empty."""
    lost = ~(np.isfinite(x) & np.isfinite(y))
    if lost.any():
        rows = np.flatnonzero(lost)[:10].tolist()
        raise FrameError("points_without_coordinates", count=int(lost.sum()), rows=rows)
    x0, y0, sx, sy, nx, ny = table.frame.tolist()
    with np.errstate(over="ignore"):
        column[:] = np.clip((x - x0) * sx, 0.0, nx - 1.0).astype(np.int32)
        line[:] = np.clip((y - y0) * sy, 0.0, ny - 1.0).astype(np.int32)


def read_blocks(table: CellTable, found: RowArray, x: FloatArray, y: FloatArray) -> None:
    """Follow cells that name a block of finer cells until none does."""
    deep = np.flatnonzero(found <= FIRST_BLOCK)
    while len(deep):
        block = FIRST_BLOCK - found[deep]
        frame = table.block_frame.take(block, axis=0)
        start, side = table.block_cells[block, 0], table.block_cells[block, 1]
        column = ((x[deep] - frame[:, 0]) * frame[:, 2]).astype(np.int64)
        line = ((y[deep] - frame[:, 1]) * frame[:, 3]).astype(np.int64)
        last = side - 1
        column, line = np.clip(column, 0, last), np.clip(line, 0, last)
        said = table.cells[start + line * side + column]
        found[deep] = said
        deep = deep[said <= FIRST_BLOCK]


def read_leaves(
    table: CellTable,
    ends: Ends,
    points: tuple[RowArray, FloatArray, FloatArray],
    room: _Room,
) -> tuple[IntArray, IntArray, IntArray]:
    """Sum up the edges of each point's leaf and write the rows in place of the leaves.

    Returns
    -------
    on, asks, edge
        Points that lie on an edge, with the edges; points for the exact path.
    """
    found, x, y = points
    leaf = np.subtract(-2, found, dtype=np.intp)
    start = table.leaf_start.take(leaf)
    size = table.leaf_start[1:].take(leaf) - start
    stop = np.cumsum(size, dtype=np.int64)
    source = np.repeat(np.arange(len(leaf)), size)
    pair = np.arange(len(source))
    pair += (start - (stop - size)).take(source)
    entries = room.of_entries(len(pair))
    np.take(table.entries, pair, axis=0, out=entries, mode="clip")
    px, py = x.take(source), y.take(source)
    ex, ey = px - entries[:, 0], py - entries[:, 1]
    turn = entries[:, 2] * ey - entries[:, 3] * ex
    over_a, over_b = ey >= 0.0, py >= entries[:, 4]
    holds = turn <= 0.0
    holds &= over_a > over_b
    doubt = np.flatnonzero(np.abs(turn, out=turn) <= entries[:, 6])
    on, edge = doubt[:0], doubt[:0]
    if len(doubt):
        on, edge = _settle(table, ends, (doubt, pair, px, py), (holds, over_a, over_b))
    kind = entries[:, 7]
    times = holds.view(np.int8) - (over_a & (kind == WEST_END_OUT)).view(np.int8)
    times += (over_b & (kind == EAST_END_OUT)).view(np.int8)
    face = table.leaf_base.take(leaf) + np.bincount(source, entries[:, 5] * times)
    face -= PACK + 1.0
    asks = source[:0]
    if len(face) and face.max() >= PACK / 2:
        asks = np.flatnonzero(face >= PACK / 2)
        face[asks] = -1.0
    np.maximum(face, -1.0, out=face)
    np.copyto(found, face, casting="unsafe")
    return source[on], asks, edge


def _settle(
    table: CellTable,
    ends: Ends,
    pairs: tuple[IntArray, IntArray, FloatArray, FloatArray],
    sides: tuple[BoolArray, BoolArray, BoolArray],
) -> tuple[IntArray, IntArray]:
    """Decide without error what the float filter could not; tell which points lie on edges."""
    doubt, pair, px, py = pairs
    holds, over_a, over_b = sides
    edge = table.entry_edge[pair[doubt]].astype(np.int64)
    ax, ay, bx, by = (values[edge] for values in ends)
    x, y = px[doubt], py[doubt]
    beside = np.flatnonzero((y >= ay) & (y <= by))
    doubt, edge, x, y = doubt[beside], edge[beside], x[beside], y[beside]
    ax, ay, bx, by = ax[beside], ay[beside], bx[beside], by[beside]
    side = exact_side((ax, ay, bx, by, x, y))
    holds[doubt] = (side <= 0) & over_a[doubt] & ~over_b[doubt]
    on = (side == 0) & (x >= np.minimum(ax, bx)) & (x <= np.maximum(ax, bx))
    return doubt[on], edge[on]
