"""Say which edges touch which cells of a block, and which face lies at each cell's corner.

Used by `geo.index.cells`.
Knows nothing of polygons, leaves and points: edges, blocks of cells, whole-array sums.

The number of a cell is ``floor((x - x0) * sx)``, cut to the block: it never falls as x grows,
whatever is rounded. The line of a column is a double a little west of every place that the formula
puts there; covers are widened by the same slack, so nothing that matters is left out.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.index.orientation import is_right_or_on

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Ends = tuple[FloatArray, FloatArray, FloatArray, FloatArray]

WEST_END_OUT, EAST_END_OUT, OUT = 1, 2, 3
"""Kinds of an edge by its ends west of a left side: a, b or both; 0 is neither."""
NEAR_SLACKS: Final = 8.0
"""Crossings nearer to a corner than so many slacks are compared with it exactly."""
FLAT: Final = 1e-300
"""Edges lower than this meet all columns between their ends: one over it is no number."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of cells of one shape.

    Attributes
    ----------
    x0, y0
        Lower left corner of each.
    sx, sy
        Cells per unit.
    base
        What edges that do not touch the block add everywhere in it, packed.
    nx, ny
        Columns and rows.
    slack_x, slack_y
        More than any rounding of a cell's number is worth.
    """

    x0: FloatArray
    y0: FloatArray
    sx: FloatArray
    sy: FloatArray
    base: IntArray
    nx: int
    ny: int
    slack_x: float
    slack_y: float

    def __len__(self) -> int:
        """Count the blocks."""
        return len(self.x0)

    def x_line(self, block: IntArray, column: IntArray) -> FloatArray:
        """Give the left side of a column: no place of the column lies west of it."""
        x0 = self.x0[block]
        return np.maximum(x0, x0 + column / self.sx[block] - self.slack_x)

    def y_line(self, block: IntArray, row: IntArray) -> FloatArray:
        """Give the lower side of a row."""
        y0 = self.y0[block]
        return np.maximum(y0, y0 + row / self.sy[block] - self.slack_y)

    def column_of(self, block: IntArray, x: FloatArray) -> FloatArray:
        """Give the column as a whole number that is not cut to the block."""
        return np.floor((x - self.x0[block]) * self.sx[block])

    def row_of(self, block: IntArray, y: FloatArray) -> FloatArray:
        """Give the row as a whole number that is not cut to the block."""
        return np.floor((y - self.y0[block]) * self.sy[block])


@dataclass(frozen=True, slots=True)
class Listed:
    """Which edges touch which blocks, and how they lie to the block's left side."""

    edge: IntArray
    block: IntArray
    kind: npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Bands:
    """Pairs of edge and row of cells that the edge passes through."""

    edge: IntArray
    block: IntArray
    row: IntArray
    ax: FloatArray
    ay: FloatArray
    dx: FloatArray
    by: FloatArray
    line: FloatArray


def repeated(first: IntArray, count: IntArray) -> tuple[IntArray, IntArray]:
    """Count up from `first` `count` times each: positions in the inputs, and the numbers."""
    source = np.repeat(np.arange(len(count), dtype=np.int64), count)
    ends = np.cumsum(count)
    return source, np.arange(len(source)) + (first - (ends - count))[source]


def cover(
    ends: Ends, step: IntArray, blocks: Blocks, listed: Listed
) -> tuple[IntArray, IntArray, IntArray]:
    """Find the faces at all corners and the edges in all cells.

    Parameters
    ----------
    ends
        ax, ay, bx, by of all edges.
    step
        What each edge adds east of it, packed.
    blocks, listed
        The blocks and the edges that touch them.

    Returns
    -------
    faces
        Packed, at the lower left corner of each cell, block after block, row after row.
    cell, edge
        Pairs of cell and edge that may meet, by cell and then by edge.
    """
    bands = _bands(ends, blocks, listed)
    faces = _corner_faces(ends, step, blocks, (listed, bands))
    low_x, high_x = _spans(bands, blocks)
    first = blocks.column_of(bands.block, low_x)
    last = blocks.column_of(bands.block, high_x)
    meets = np.flatnonzero((last >= 0) & (first <= blocks.nx - 1))
    first_column = np.maximum(first[meets], 0).astype(np.int64)
    last_column = np.minimum(last[meets], blocks.nx - 1).astype(np.int64)
    start = (bands.block[meets] * blocks.ny + bands.row[meets]) * blocks.nx + first_column
    source, cell = repeated(start, last_column - first_column + 1)
    key = (cell << 32) | bands.edge[meets][source]
    key.sort()
    return faces, key >> 32, key & 0xFFFFFFFF


def _bands(ends: Ends, blocks: Blocks, listed: Listed) -> Bands:
    ax, ay, bx, by = ends
    low, high = ay[listed.edge], by[listed.edge]
    first = blocks.row_of(listed.block, low - blocks.slack_y)
    last = blocks.row_of(listed.block, high + blocks.slack_y)
    meets = np.flatnonzero((last >= 0) & (first <= blocks.ny - 1))
    first_row = np.maximum(first[meets], 0).astype(np.int64)
    last_row = np.minimum(last[meets], blocks.ny - 1).astype(np.int64)
    source, row = repeated(first_row, last_row - first_row + 1)
    chosen = meets[source]
    edge, block = listed.edge[chosen], listed.block[chosen]
    west = ax[edge]
    return Bands(
        edge=edge,
        block=block,
        row=row,
        ax=west,
        ay=low[chosen],
        dx=bx[edge] - west,
        by=high[chosen],
        line=blocks.y_line(block, row),
    )


def _spans(bands: Bands, blocks: Blocks) -> tuple[FloatArray, FloatArray]:
    """Give the westmost and eastmost place of each edge in its row, widened by the slack."""
    height = bands.by - bands.ay
    is_flat = height <= FLAT
    scale = 1.0 / np.where(is_flat, 1.0, height)
    top = bands.line + (1.0 / blocks.sy[bands.block] + 3.0 * blocks.slack_y)
    start = np.clip((bands.line - bands.ay) * scale, 0.0, 1.0)
    stop = np.clip((top - bands.ay) * scale, 0.0, 1.0)
    start[is_flat], stop[is_flat] = 0.0, 1.0
    one, other = bands.ax + start * bands.dx, bands.ax + stop * bands.dx
    slack = 2.0 * blocks.slack_x
    return np.minimum(one, other) - slack, np.maximum(one, other) + slack


def _corner_faces(
    ends: Ends, step: IntArray, blocks: Blocks, parts: tuple[Listed, Bands]
) -> IntArray:
    """Add each step at the first corner right of its edge, row by row, and sum up eastwards."""
    listed, bands = parts
    nx, ny = blocks.nx, blocks.ny
    faces = np.zeros((len(blocks), ny, nx), dtype=np.int64)
    crossed = np.flatnonzero((bands.ay <= bands.line) & (bands.line < bands.by))
    block, row, edge = bands.block[crossed], bands.row[crossed], bands.edge[crossed]
    column = first_column(ends, blocks, bands, crossed)
    there = column < nx
    place = (block[there] * ny + row[there]) * nx + column[there]
    np.add.at(faces.reshape(-1), place, step[edge[there]])
    faces[:, :, 0] += left_sides(ends, step, blocks, listed)
    np.cumsum(faces, axis=2, out=faces)
    return faces.reshape(-1)


def first_column(ends: Ends, blocks: Blocks, bands: Bands, crossed: IntArray) -> IntArray:
    """Find the first column whose corner lies right of the edge or on it; nx where none does."""
    line, block, edge = bands.line[crossed], bands.block[crossed], bands.edge[crossed]
    low = bands.ay[crossed]
    share = (line - low) / (bands.by[crossed] - low)
    crossing = bands.ax[crossed] + share * bands.dx[crossed]
    exact = (crossing - blocks.x0[block]) * blocks.sx[block]
    column = np.clip(np.floor(exact) + 1.0, 0.0, blocks.nx).astype(np.int64)
    margin = np.abs(exact - np.round(exact)) / blocks.sx[block]
    near = np.flatnonzero(margin <= NEAR_SLACKS * blocks.slack_x)
    if len(near) == 0:
        return column
    own, own_block, height = column[near], block[near], line[near]
    corners = tuple(values[edge[near]] for values in ends)

    def holds(at: IntArray) -> BoolArray:
        west = blocks.x_line(own_block, at)
        return is_right_or_on((corners[0], corners[1], corners[2], corners[3], west, height))

    while (back := (own > 0) & holds(own - 1)).any():
        own = own - back
    while (on := (own < blocks.nx) & ~holds(own)).any():
        own = own + on
    column[near] = own
    return column


def left_sides(ends: Ends, step: IntArray, blocks: Blocks, listed: Listed) -> IntArray:
    """Sum what base and crossing edges add along the left side of each block, row by row."""
    added = np.zeros((len(blocks), blocks.ny), dtype=np.int64)
    added[:, 0] = blocks.base
    for kind, height, way in ((WEST_END_OUT, ends[1], -1), (EAST_END_OUT, ends[3], 1)):
        chosen = np.flatnonzero(listed.kind == kind)
        block, edge = listed.block[chosen], listed.edge[chosen]
        row = _first_row(blocks, block, height[edge])
        there = row < blocks.ny
        np.add.at(added, (block[there], row[there]), way * step[edge[there]])
    return np.cumsum(added, axis=1)


def _first_row(blocks: Blocks, block: IntArray, y: FloatArray) -> IntArray:
    """Find the first row whose line is not below y; ny where none is."""
    row = np.clip(blocks.row_of(block, y), 0.0, blocks.ny).astype(np.int64)
    while (back := (row > 0) & (blocks.y_line(block, row - 1) >= y)).any():
        row = row - back
    while (on := (row < blocks.ny) & (blocks.y_line(block, row) < y)).any():
        row = row + on
    return row
