"""Group edges by the cells they touch, and choose which cells are too crowded.

Used by `geo.index.cells`.
Knows nothing of faces and leaves.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.index.covering import Blocks, Ends, FloatArray, IntArray, repeated

CROWDED: Final = 8
"""A leaf with more edges gets a finer block, where that helps."""
FINEST_ULPS: Final = 256.0
"""No cell is narrower than this many steps of the largest coordinate."""
SLACK_ULPS: Final = 16.0
"""How far lines are moved and covers widened, in such steps."""
MAX_SIDE: Final = 512
"""Finer cells along each side of a crowded one, at most; a power of two."""


@dataclass(frozen=True, slots=True)
class Touched:
    """The cells of some blocks that edges touch."""

    cell: IntArray
    start: IntArray
    size: IntArray
    edge: IntArray
    face: IntArray  # packed, at the lower left corner
    west: FloatArray
    south: FloatArray
    width: FloatArray  # of the cells, up to rounding and never less
    height: FloatArray


@dataclass(frozen=True, slots=True)
class Crowded:
    """Cells among which some are to get finer blocks.

    Attributes
    ----------
    touched
        The cells.
    kind
        Of each pair of cell and edge, how the edge lies to the left side of the cell.
    base
        What edges that do not touch a cell add everywhere in it, packed.
    side
        How many finer cells lie along each side; 1 where the cell is a leaf.
    """

    touched: Touched
    kind: npt.NDArray[np.int8]
    base: IntArray
    side: IntArray


def touched_cells(blocks: Blocks, pairs: tuple[IntArray, IntArray], faces: IntArray) -> Touched:
    """Group pairs of cell and edge that are sorted by cell; `faces` is of all cells."""
    cell, edge = pairs
    start = np.flatnonzero(np.diff(cell, prepend=-1))
    size = np.diff(start, append=len(cell))
    return touched_of(blocks, (cell[start], start, size), edge, faces[cell[start]])


def touched_of(
    blocks: Blocks, cells: tuple[IntArray, IntArray, IntArray], edge: IntArray, face: IntArray
) -> Touched:
    """Add the sides of the cells; `cells` is cell, start and size."""
    own, start, size = cells
    line, column = np.divmod(own, blocks.nx)
    block, row = np.divmod(line, blocks.ny)
    return Touched(
        cell=own,
        start=start,
        size=size,
        edge=edge,
        face=face,
        west=blocks.x_line(block, column),
        south=blocks.y_line(block, row),
        width=1.0 / blocks.sx[block] + 3.0 * blocks.slack_x,
        height=1.0 / blocks.sy[block] + 3.0 * blocks.slack_y,
    )


def finer_sides(ends: Ends, blocks: Blocks, touched: Touched) -> IntArray:
    """Choose for each cell how many finer cells lie along its sides; 1 where it stays a leaf."""
    side = np.ones(len(touched.cell), dtype=np.int64)
    crowded = np.flatnonzero(touched.size > CROWDED)
    if len(crowded) == 0:
        return side
    n = touched.size[crowded]
    source, pair = repeated(touched.start[crowded], n)
    edge, width, height = touched.edge[pair], touched.width[crowded], touched.height[crowded]
    across = np.minimum(np.abs(ends[2][edge] - ends[0][edge]) / width[source], 1.0)
    upward = np.minimum((ends[3][edge] - ends[1][edge]) / height[source], 1.0)
    length = np.bincount(source, across + upward, minlength=len(crowded))
    most = np.minimum(np.sqrt(10.0 * n), 11.0 * n / np.maximum(length, 1e-9))
    finest = FINEST_ULPS / SLACK_ULPS
    most = np.minimum(most, width / (finest * blocks.slack_x))
    most = np.minimum(most, height / (finest * blocks.slack_y))
    power = 2
    while power <= MAX_SIDE:
        side[crowded[most >= power]] = power
        power *= 2
    return side
