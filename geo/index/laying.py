"""Go over the edges of one level of the table: cells they touch, and what leaves keep of them.

Used by `geo.index.cells`.
Knows nothing of blocks within blocks and of points.
"""

from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from geo.index.covering import (
    EAST_END_OUT,
    OUT,
    WEST_END_OUT,
    Blocks,
    BoolArray,
    Ends,
    FloatArray,
    IntArray,
    Listed,
    cover,
)
from geo.index.orientation import FILTER, UNDERFLOW, is_right_or_on
from geo.index.touching import Touched, touched_cells

RowArray = npt.NDArray[np.int32]
KindArray = npt.NDArray[np.int8]
Filled = tuple[KindArray, IntArray, FloatArray, RowArray]

PACK: Final = 1 << 40
"""One grid more over a place; below it stands the sum of the grids' numbers (row + 1)."""
ASK: Final = -2
"""What a cell says where the exact path has to answer: the first leaf, whose base is `FLAG`."""
ENTRY: Final = ("ax", "ay", "dx", "dy", "by", "step", "error", "kind")
"""What a leaf keeps of an edge: one cache line."""
_PAIRS_AT_ONCE: Final = 1 << 15


class Passes(Protocol):
    """The passes over edges; by NumPy here, by machine code in `geo.index.making`."""

    def touch(
        self, blocks: Blocks, listed: Listed, flagged: FloatArray
    ) -> tuple[RowArray, Touched]:
        """Say what whole cells hold, and which cells are touched by which edges."""

    def fill(self, touched: Touched, keep: BoolArray) -> Filled:
        """Give kind of each pair, packed constant of each cell, entries of kept cells, edges."""


class NumpyPasses:
    """The passes by whole arrays.

    Parameters
    ----------
    ends, step
        ax, ay, bx, by of all edges, and what each adds, packed.
    first
        Block of the first level.
    """

    def __init__(self, ends: Ends, step: IntArray, first: Blocks) -> None:
        self._ends, self._step = ends, step
        self._rows = _edge_rows(ends, step, first)

    def touch(
        self, blocks: Blocks, listed: Listed, flagged: FloatArray
    ) -> tuple[RowArray, Touched]:
        """Cover, and send the cells of flagged boxes to the exact path."""
        faces, cell, edge = cover(self._ends, self._step, blocks, listed)
        cells = _whole_cells(faces)
        if len(flagged):
            asks = flagged_cells(blocks, flagged)
            cells[asks] = ASK
            stays = ~asks[cell]
            cell, edge = cell[stays], edge[stays]
        return cells, touched_cells(blocks, (cell, edge), faces)

    def fill(self, touched: Touched, keep: BoolArray) -> Filled:
        """Fill in all, and drop what is not kept."""
        entries = np.empty((len(touched.edge), len(ENTRY)))
        of = np.repeat(np.arange(len(touched.cell)), touched.size)
        kind, base = self._kinds_and_bases(touched, of, entries)
        edge = touched.edge
        if not keep.all():
            pairs = np.flatnonzero(keep[of])
            entries, edge = entries[pairs], edge[pairs]
        return kind, base, entries, edge.astype(np.int32)

    def _kinds_and_bases(
        self, touched: Touched, cell_of: IntArray, entries: FloatArray
    ) -> tuple[KindArray, IntArray]:
        """Fill in the entries, say how each lies to its cell's left side, sum up the constants."""
        bx = self._ends[2]
        kind = np.empty(len(entries), dtype=np.int8)
        base = touched.face.copy()
        for first in range(0, len(entries), _PAIRS_AT_ONCE):
            here = slice(first, first + _PAIRS_AT_ONCE)
            edge, of = touched.edge[here], cell_of[here]
            own = np.take(self._rows, edge, axis=0, out=entries[here], mode="clip")
            sides = (bx[edge], touched.west[of], touched.south[of])
            kind[here], times = _kinds_and_times(own, sides)
            own[:, 7] = kind[here]
            changes = np.flatnonzero(times)
            np.subtract.at(base, of[changes], self._step[edge[changes]] * times[changes])
        outer = np.flatnonzero(kind == OUT)
        entries[outer, 5] = 0.0
        return kind, base


def _whole_cells(faces: IntArray) -> RowArray:
    cells = (faces & (PACK - 1)).astype(np.int32)
    cells -= 1
    if len(faces) and (faces.max() >= 2 * PACK):
        cells[faces >= 2 * PACK] = ASK
    return cells


def flagged_cells(blocks: Blocks, flagged: FloatArray) -> BoolArray:
    """Tell which cells of the first level meet a box where the exact path has to answer."""
    asks = np.zeros((blocks.ny, blocks.nx), dtype=np.bool_)
    zero = np.zeros(len(flagged), dtype=np.int64)
    first_x = blocks.column_of(zero, flagged[:, 0]).astype(np.int64)
    first_y = blocks.row_of(zero, flagged[:, 1]).astype(np.int64)
    last_x = blocks.column_of(zero, flagged[:, 2]).astype(np.int64)
    last_y = blocks.row_of(zero, flagged[:, 3]).astype(np.int64)
    for west, south, east, north in zip(first_x, first_y, last_x, last_y, strict=True):
        asks[south : north + 1, west : east + 1] = True
    return asks.reshape(-1)


def _kinds_and_times(
    own: FloatArray, sides: tuple[FloatArray, FloatArray, FloatArray]
) -> tuple[KindArray, KindArray]:
    """Give for entries their kinds, and how often each counts at its cell's corner."""
    bx, west, south = sides
    kind = (own[:, 0] < west).view(np.int8) * np.int8(WEST_END_OUT)
    kind += (bx < west).view(np.int8) * np.int8(EAST_END_OUT)
    over_a, over_b = own[:, 1] <= south, own[:, 4] <= south
    times = np.zeros(len(own), dtype=np.int8)
    spans = np.flatnonzero(over_a & ~over_b)
    line = own[spans]
    there = (line[:, 0], line[:, 1], bx[spans], line[:, 4], west[spans], south[spans])
    times[spans] = is_right_or_on(there)
    times[kind == OUT] = 0
    times -= over_a & (kind == WEST_END_OUT)
    times += over_b & (kind == EAST_END_OUT)
    return kind, times


def reach_of(first: Blocks) -> tuple[float, float]:
    """Give width and height of a cell of the first level, and more than any rounding is worth."""
    wide = 1.0 / float(first.sx[0]) + 9.0 * first.slack_x
    return wide, 1.0 / float(first.sy[0]) + 9.0 * first.slack_y


def _edge_rows(ends: Ends, step: IntArray, first: Blocks) -> FloatArray:
    """Give for each edge what a leaf keeps of it; the kind is still open.

    The error bounds the float sign for every place of a cell that the edge touches: such a place
    is no farther from a than the edge is long plus a cell of the first level.
    """
    wide, high = reach_of(first)
    rows = np.empty((len(step), len(ENTRY)))
    for begin in range(0, len(step), _PAIRS_AT_ONCE):
        here = slice(begin, begin + _PAIRS_AT_ONCE)
        ax, ay, bx, by = (values[here] for values in ends)
        dx, dy, own = bx - ax, by - ay, rows[here]
        own[:, 0], own[:, 1], own[:, 2], own[:, 3], own[:, 4] = ax, ay, dx, dy, by
        own[:, 5], own[:, 7] = step[here], 0.0
        width = np.abs(dx)
        bound = width * (dy + high) + dy * (width + wide)
        own[:, 6] = 1.01 * FILTER * bound + UNDERFLOW
    return rows
