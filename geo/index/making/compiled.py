"""Stand in, compiled, for the passes over edges that lay the table of cells; same arrays.

Used by `geo.index.cells` where its caller wants it and numba is installed; importing needs numba.
Knows nothing of polygons and points. What a float filter cannot decide goes to the functions this
stands in for.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,no-any-return,assignment,arg-type"
# ruff: noqa: ANN001, ANN202 - numba finds the types of what it compiles, anew for each call

import numpy as np
import numpy.typing as npt

from geo.index.covering import (
    EAST_END_OUT,
    NEAR_SLACKS,
    OUT,
    WEST_END_OUT,
    Bands,
    Blocks,
    Ends,
    Listed,
    first_column,
    left_sides,
)
from geo.index.laying import ASK, ENTRY, PACK, Filled, flagged_cells, reach_of
from geo.index.orientation import FILTER, UNDERFLOW, is_right_or_on
from geo.index.pairing.compiled import jit
from geo.index.touching import Touched, touched_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
RowArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
KindArray = npt.NDArray[np.int8]


@jit
def _longer(values):
    """Give room for twice as many, with what is there."""
    longer = np.empty(2 * len(values), dtype=np.int64)
    longer[: len(values)] = values
    return longer


@jit
def _lines_of(low, high, y0, sy, ny, slack):
    """Give the first and the last row of cells between two heights; the last is -1 for none."""
    first = np.floor((low - slack - y0) * sy)
    last = np.floor((high + slack - y0) * sy)
    if last < 0.0 or first > ny - 1:
        return np.int64(0), np.int64(-1)
    return np.int64(max(first, 0.0)), np.int64(min(last, ny - 1.0))


@jit
def _columns_of(edge, lines, grid):
    """Give the first and the last column that an edge may meet between two heights."""
    ax, ay, bx, by = edge
    line, top = lines
    x0, sx, nx, slack = grid
    dx = bx - ax
    height = by - ay
    start, stop = 0.0, 1.0
    if height != 0.0:
        scale = 1.0 / height
        start = min(max((line - ay) * scale, 0.0), 1.0)
        stop = min(max((top - ay) * scale, 0.0), 1.0)
    one = ax + start * dx
    other = ax + stop * dx
    first = np.floor((min(one, other) - slack - x0) * sx)
    last = np.floor((max(one, other) + slack - x0) * sx)
    if last < 0.0 or first > nx - 1:
        return np.int64(0), np.int64(-1)
    return np.int64(max(first, 0.0)), np.int64(min(last, nx - 1.0))


@jit
def _count(ends, step, grid, listed, into):
    """Count the edges of each cell, and add the steps of crossed lines at their first corners.

    Gives the pairs of cell and edge, edge after edge, and the pairs of position and row whose
    crossing lies too near a corner for floats; both packed, the second one in the low 32 bits.
    """
    ax, ay, bx, by = ends
    x0s, y0s, sxs, sys, nx, ny, slack_x, slack_y = grid
    edges, blocks = listed
    faces, count = into
    pairs, near = np.empty(3 * len(edges) + 1, dtype=np.int64), np.empty(256, dtype=np.int64)
    n_pairs, n_near = 0, 0
    for k in range(len(edges)):
        e, b = edges[k], blocks[k]
        x0, y0, sx, sy = x0s[b], y0s[b], sxs[b], sys[b]
        x1, y1, x2, y2 = ax[e], ay[e], bx[e], by[e]
        high = 1.0 / sy + 3.0 * slack_y
        first, last = _lines_of(y1, y2, y0, sy, ny, slack_y)
        for row in range(first, last + 1):
            line = max(y0, y0 + row / sy - slack_y)
            at = (b * ny + row) * nx
            left, right = _columns_of(
                (x1, y1, x2, y2), (line, line + high), (x0, sx, nx, 2.0 * slack_x)
            )
            while n_pairs + right - left >= len(pairs):
                pairs = _longer(pairs)
            for column in range(left, right + 1):
                count[at + column] += 1
                pairs[n_pairs] = ((at + column) << 32) | e
                n_pairs += 1
            if y1 <= line < y2:
                exact = (x1 + (line - y1) / (y2 - y1) * (x2 - x1) - x0) * sx
                if abs(exact - np.rint(exact)) / sx <= NEAR_SLACKS * slack_x:
                    if n_near == len(near):
                        near = _longer(near)
                    near[n_near] = (k << 32) | row
                    n_near += 1
                else:
                    column = np.int64(min(max(np.floor(exact) + 1.0, 0.0), np.float64(nx)))
                    if column < nx:
                        faces[at + column] += step[e]
    return pairs[:n_pairs], near[:n_near]


@jit
def _sweep(faces, cells, nx, touched):
    """Sum up eastwards; write whole cells, and for touched ones -2 - their number."""
    cell, start, size, face = touched
    n, place = 0, 0
    for first in range(0, len(cells), nx):
        total = np.int64(0)
        for k in range(first, first + nx):
            total += faces[k]
            count = cells[k]
            if count == 0:
                cells[k] = ASK if total >= 2 * PACK else np.int32(total & (PACK - 1)) - 1
                continue
            cells[k] = -2 - n
            cell[n], start[n], size[n], face[n] = k, place, count, total
            place += count
            n += 1
    return n, place


@jit
def _count_touched(cells):
    n, total = 0, 0
    for k in range(len(cells)):
        n += cells[k] > 0
        total += cells[k]
    return n, total


@jit
def _list(pairs, cells, place, edge):
    """Write down the edges of each touched cell."""
    for pair in pairs:
        t = -2 - np.int64(cells[pair >> 32])
        if t >= 0:
            edge[place[t]] = pair & 0xFFFFFFFF
            place[t] += 1


def _add_near(
    ends: Ends,
    step: IntArray,
    blocks: Blocks,
    parts: tuple[Listed, IntArray],
    faces: IntArray,
) -> None:
    listed, near = parts
    position, row = near >> 32, near & 0xFFFFFFFF
    edge, block = listed.edge[position], listed.block[position]
    ax, ay, bx, by = (values[edge] for values in ends)
    line = blocks.y_line(block, row)
    bands = Bands(edge=edge, block=block, row=row, ax=ax, ay=ay, dx=bx - ax, by=by, line=line)
    column = first_column(ends, blocks, bands, np.arange(len(near)))
    there = column < blocks.nx
    place = (block[there] * blocks.ny + row[there]) * blocks.nx + column[there]
    np.add.at(faces, place, step[edge[there]])


@jit
def _fill(ends, step, reach, touched, keep, into):
    """Write kinds, bases and the entries of kept cells; give pairs that floats cannot decide."""
    ax, ay, bx, by = ends
    wide, high = reach
    start, size, edge, west, south = touched
    kind, base, entries, entry_edge = into
    doubtful = np.empty(256, dtype=np.int64)
    n_doubtful, n = 0, 0
    for t in range(len(start)):
        left, low = west[t], south[t]
        total = base[t]
        for q in range(start[t], start[t] + size[t]):
            e = edge[q]
            x1, y1, x2, y2 = ax[e], ay[e], bx[e], by[e]
            dx, dy = x2 - x1, y2 - y1
            own = np.int8(x1 < left) * WEST_END_OUT + np.int8(x2 < left) * EAST_END_OUT
            kind[q] = own
            times = 0
            if y1 <= low < y2 and own != OUT:
                one, other = dx * (low - y1), dy * (left - x1)
                turn = one - other
                if abs(turn) <= FILTER * (abs(one) + abs(other)) + UNDERFLOW:
                    if n_doubtful == len(doubtful):
                        doubtful = _longer(doubtful)
                    doubtful[n_doubtful] = (t << 32) | e
                    n_doubtful += 1
                else:
                    times += turn <= 0.0
            times -= y1 <= low and own == WEST_END_OUT
            times += y2 <= low and own == EAST_END_OUT
            total -= step[e] * times
            if keep[t]:
                width = abs(dx)
                bound = width * (dy + high) + dy * (width + wide)
                entries[n, 0], entries[n, 1], entries[n, 2], entries[n, 3] = x1, y1, dx, dy
                entries[n, 4] = y2
                entries[n, 5] = 0.0 if own == OUT else step[e]
                entries[n, 6] = 1.01 * FILTER * bound + UNDERFLOW
                entries[n, 7] = own
                entry_edge[n] = e
                n += 1
        base[t] = total
    return doubtful[:n_doubtful]


class CompiledPasses:
    """The passes by machine code.

    Parameters
    ----------
    ends, step, first
        As of `geo.index.laying.NumpyPasses`.
    """

    def __init__(self, ends: Ends, step: IntArray, first: Blocks) -> None:
        self._ends, self._step, self._first = ends, step, first

    def touch(
        self, blocks: Blocks, listed: Listed, flagged: FloatArray
    ) -> tuple[RowArray, Touched]:
        """Do what `NumpyPasses.touch` does."""
        nx, ny = blocks.nx, blocks.ny
        n = len(blocks) * nx * ny
        faces = np.zeros(n, dtype=np.int64)
        cells = np.zeros(n, dtype=np.int32)
        frames = (blocks.x0, blocks.y0, blocks.sx, blocks.sy)
        grid = (*frames, nx, ny, blocks.slack_x, blocks.slack_y)
        own = (listed.edge, listed.block)
        pairs, near = _count(self._ends, self._step, grid, own, (faces, cells))
        if len(near):
            _add_near(self._ends, self._step, blocks, (listed, near), faces)
        added = left_sides(self._ends, self._step, blocks, listed)
        faces.reshape(len(blocks), ny, nx)[:, :, 0] += added
        asks = flagged_cells(blocks, flagged) if len(flagged) else None
        if asks is not None:
            cells[asks] = 0
        n_touched, n_pairs = _count_touched(cells)
        cell, start, size, face = (np.empty(n_touched, dtype=np.int64) for _ in range(4))
        _sweep(faces, cells, nx, (cell, start, size, face))
        del faces
        if asks is not None:
            cells[asks] = -1
        edge = np.empty(n_pairs, dtype=np.int64)
        _list(pairs, cells, start.copy(), edge)
        if asks is not None:
            cells[asks] = ASK
        return cells, touched_of(blocks, (cell, start, size), edge, face)

    def fill(self, touched: Touched, keep: BoolArray) -> Filled:
        """Do what `NumpyPasses.fill` does."""
        n = int(touched.size[keep].sum())
        kind = np.empty(len(touched.edge), dtype=np.int8)
        base = touched.face.copy()
        entries, edge = np.empty((n, len(ENTRY))), np.empty(n, dtype=np.int32)
        cells = (touched.start, touched.size, touched.edge, touched.west, touched.south)
        into = (kind, base, entries, edge)
        doubtful = _fill(self._ends, self._step, reach_of(self._first), cells, keep, into)
        if len(doubtful):
            cell, own = doubtful >> 32, doubtful & 0xFFFFFFFF
            ax, ay, bx, by = (values[own] for values in self._ends)
            holds = is_right_or_on((ax, ay, bx, by, touched.west[cell], touched.south[cell]))
            np.subtract.at(base, cell[holds], self._step[own[holds]])
        return kind, base, entries, edge
