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
from geo.index.growing import Laid
from geo.index.orientation import FILTER, UNDERFLOW, is_right_or_on
from geo.index.touching import Crowded, Touched, finer_sides, touched_cells

RowArray = npt.NDArray[np.int32]
KindArray = npt.NDArray[np.int8]

PACK: Final = 1 << 40
"""One grid more over a place; below it stands the sum of the grids' numbers (row + 1)."""
ASK: Final = -2
"""What a cell says where the exact path has to answer: the first leaf, whose base is `FLAG`."""
ENTRY: Final = ("ax", "ay", "dx", "dy", "by", "step", "error", "kind")
"""What a leaf keeps of an edge: one cache line."""
_PAIRS_AT_ONCE: Final = 1 << 15


class Passes(Protocol):
    """The passes over edges; by NumPy here, by machine code in `geo.index.making`."""

    def lay(
        self, blocks: Blocks, listed: Listed, flagged: FloatArray, into: Laid, *, may_split: bool
    ) -> tuple[RowArray, Crowded]:
        """Lay the cells of blocks of one shape and their leaves.

        Parameters
        ----------
        blocks, listed
            The blocks and the edges that touch them.
        flagged
            Boxes where the exact path has to answer.
        into
            Written to.
        may_split
            Whether crowded cells may be left out, for finer blocks.

        Returns
        -------
        cells, crowded
            The cells that were laid, to be written to before anything else is laid; crowded ones
            do not name their blocks yet.
        """


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

    def lay(
        self, blocks: Blocks, listed: Listed, flagged: FloatArray, into: Laid, *, may_split: bool
    ) -> tuple[RowArray, Crowded]:
        """Lay all cells of the level at once."""
        cells, touched = self._touch(blocks, listed, flagged, into)
        side = np.ones(len(touched.cell), dtype=np.int64)
        if may_split:
            side = finer_sides(self._ends, blocks, touched)
        keep = np.flatnonzero(side == 1)
        first = len(into.entries)
        kind, base = self._fill(touched, side == 1, into)
        size = touched.size[keep]
        cells[touched.cell[keep]] = -2 - len(into.leaf_base) - np.arange(len(keep))
        into.leaf_start.add((first + np.cumsum(size) - size).astype(np.int32))
        into.leaf_base.add(base[keep].astype(np.float64))
        return cells, Crowded(touched, kind, base, side)

    def _touch(
        self, blocks: Blocks, listed: Listed, flagged: FloatArray, into: Laid
    ) -> tuple[RowArray, Touched]:
        """Cover, and send the cells of flagged boxes to the exact path."""
        faces, cell, edge = cover(self._ends, self._step, blocks, listed)
        cells = into.cells.room(len(faces))
        into.cells.take(len(faces))
        _write_whole_cells(faces, cells)
        if len(flagged):
            asks = flagged_cells(blocks, flagged)
            cells[asks] = ASK
            stays = ~asks[cell]
            cell, edge = cell[stays], edge[stays]
        return cells, touched_cells(blocks, (cell, edge), faces)

    def _fill(self, touched: Touched, keep: BoolArray, into: Laid) -> tuple[KindArray, IntArray]:
        """Write entries, say how each lies to its cell's left side, sum up the constants."""
        bx, n = self._ends[2], len(touched.edge)
        cell_of = np.repeat(np.arange(len(touched.cell)), touched.size)
        n_kept = int(touched.size[keep].sum())
        entries, entry_edge = into.entries.room(n_kept), into.entry_edge.room(n_kept)
        room = np.empty((min(n, _PAIRS_AT_ONCE), len(ENTRY)))
        kind, base = np.empty(n, dtype=np.int8), touched.face.copy()
        place = 0
        for first in range(0, n, _PAIRS_AT_ONCE):
            here = slice(first, first + _PAIRS_AT_ONCE)
            edge, of = touched.edge[here], cell_of[here]
            own = np.take(self._rows, edge, axis=0, out=room[: len(edge)], mode="clip")
            sides = (bx[edge], touched.west[of], touched.south[of])
            kind[here], times = _kinds_and_times(own, sides)
            own[:, 7] = kind[here]
            own[kind[here] == OUT, 5] = 0.0
            changes = np.flatnonzero(times)
            np.subtract.at(base, of[changes], self._step[edge[changes]] * times[changes])
            stays = np.flatnonzero(keep[of])
            stop = place + len(stays)
            np.take(own, stays, axis=0, out=entries[place:stop], mode="clip")
            entry_edge[place:stop] = edge[stays]
            place = stop
        into.entries.take(n_kept)
        into.entry_edge.take(n_kept)
        return kind, base


def _write_whole_cells(faces: IntArray, cells: RowArray) -> None:
    np.bitwise_and(faces, PACK - 1, out=cells, casting="unsafe")
    cells -= 1
    if len(faces) and (faces.max() >= 2 * PACK):
        cells[faces >= 2 * PACK] = ASK


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
