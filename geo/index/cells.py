"""Lay a table of cells over a tiling: whole cells name their grid, border cells list their edges.

Used by `geo.index`.
Knows nothing of polygons and codes: edges and what each adds to the face are all it needs.

The face of a place is the sum of what the edges west of it add: `step` (packed: how many grids
hold the place in the high bits, the sum of their numbers in the low ones; neither depends on any
order). For a corner c of a cell the sum is taken over all edges, by one running sum along the
rows of cells. For a point p of the same cell only the edges that touch the cell matter:
``face(p) = base + sum(step * G(p))`` with ``G(p) = [ay <= py < by and p right of or on a-b]
- [kind 1][py >= ay] + [kind 2][py >= by]``, kind 1: a west and b not west of the cell's left side,
kind 2: the reverse. Nothing is clipped or rounded, so the answer is exact.

Cells with many edges get a block of finer cells, again and again: town and county in one table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.index.covering import (
    OUT,
    Blocks,
    Ends,
    Listed,
    repeated,
)
from geo.index.growing import Laid
from geo.index.laying import ENTRY, NumpyPasses, Passes
from geo.index.touching import (
    FINEST_ULPS,
    SLACK_ULPS,
    Crowded,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
RowArray = npt.NDArray[np.int32]

FLAG: Final = 1 << 50
"""Stands for a face where the exact path has to answer."""
FIRST_BLOCK: Final = -(1 << 30)
"""What a cell says that names block 0; lower ones name the blocks after it."""
_MAX_DEPTH: Final = 6
_CELLS_AT_ONCE: Final = 1 << 22
_CELLS_PER_EDGE: Final = 32
_NOWHERE: Final = 1e300


@dataclass(frozen=True, slots=True)
class CellTable:
    """The table as plain arrays.

    Attributes
    ----------
    frame
        Of the first level: x0, y0, cells per unit of x and of y, columns, rows.
    cells
        For each cell, level after level: the row of its grid, -1 outside, ``-2 - leaf`` or
        ``FIRST_BLOCK - block``.
    leaf_start
        Where each leaf begins in `entries`; one longer than the leaves. No leaf is empty.
    leaf_base
        Packed constant of each leaf.
    entries
        Shape (n, 8), columns `ENTRY`.
    entry_edge
        Edge of each entry, -1 of none.
    block_frame
        Shape (blocks, 4): x0, y0, cells per unit of x and of y.
    block_cells
        Shape (blocks, 2): where its cells begin in `cells`, cells along each side.
    """

    frame: FloatArray
    cells: RowArray
    leaf_start: RowArray
    leaf_base: FloatArray
    entries: FloatArray
    entry_edge: RowArray
    block_frame: FloatArray
    block_cells: IntArray


@dataclass(slots=True)
class _Growing:
    """The parts of the table so far; leaf 0 sends its points to the exact path."""

    laid: Laid = field(default_factory=lambda: Laid(len(ENTRY)))
    block_frames: list[FloatArray] = field(default_factory=list)
    block_starts: list[IntArray] = field(default_factory=list)
    n_blocks: int = 0

    def __post_init__(self) -> None:
        self.laid.leaf_start.add(np.zeros(1, dtype=np.int32))
        self.laid.leaf_base.add(np.array([FLAG], dtype=np.float64))
        self.laid.entries.add(np.array([[0.0, _NOWHERE, 0.0, 0.0, _NOWHERE, 0.0, -1.0, 0.0]]))
        self.laid.entry_edge.add(np.array([-1], dtype=np.int32))

    def table(self, first: Blocks) -> CellTable:
        laid = self.laid
        starts = np.concatenate(self.block_starts or [np.zeros((0, 3), dtype=np.int64)])
        starts = starts[np.argsort(starts[:, 0])]
        place = (first.x0[0], first.y0[0], first.sx[0], first.sy[0], first.nx, first.ny)
        laid.leaf_start.add(np.array([len(laid.entries)], dtype=np.int32))
        return CellTable(
            frame=np.array(place, dtype=np.float64),
            cells=laid.cells.filled(),
            leaf_start=laid.leaf_start.filled(),
            leaf_base=laid.leaf_base.filled(),
            entries=laid.entries.filled(),
            entry_edge=laid.entry_edge.filled(),
            block_frame=np.concatenate(self.block_frames or [np.zeros((0, 4))]),
            block_cells=np.ascontiguousarray(starts[:, 1:]),
        )


def cell_table(
    ends: Ends, step: IntArray, n_cells: int, flagged: FloatArray, *, use_compiled: bool = False
) -> CellTable:
    """Build the table.

    Parameters
    ----------
    ends
        ax, ay, bx, by of the edges, finite and at most 1e100.
    step
        What each adds, packed.
    n_cells
        About how many cells the first level gets.
    flagged
        Boxes (west, south, east, north), shape (n, 4), where the exact path has to answer.
    use_compiled
        Machine code does the passes over the edges; the table is the same.
    """
    first = _first_block(ends, n_cells, flagged)
    passes = _passes(ends, step, first, use_compiled=use_compiled)
    growing = _Growing()
    n = len(step)
    every = Listed(np.arange(n), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int8))
    room = 64 * n + 8 * n_cells
    waiting = [(first, every, np.zeros(0, dtype=np.int64), 0)]
    while waiting:
        blocks, listed, number, depth = waiting.pop()
        own = np.full((len(number), 3), blocks.nx)
        own[:, 0] = number
        own[:, 1] = len(growing.laid.cells) + np.arange(len(number)) * blocks.nx * blocks.ny
        growing.block_starts.append(own)
        boxes = flagged if depth == 0 else flagged[:0]
        may_split = depth < _MAX_DEPTH and len(growing.laid.entries) < room
        cells, crowded = passes.lay(blocks, listed, boxes, growing.laid, may_split=may_split)
        finer = list(_finer(blocks, crowded, (growing, cells)))
        waiting += [(*parts, depth + 1) for parts in finer]
    return growing.table(first)


def _first_block(ends: Ends, n_cells: int, flagged: FloatArray) -> Blocks:
    """Lay the first block over everything, with empty cells all round."""
    west, east = _reach(ends[0], ends[2], flagged[:, 0], flagged[:, 2])
    south, north = _reach(ends[1], ends[3], flagged[:, 1], flagged[:, 3])
    ulp_x = float(np.spacing(max(abs(west), abs(east), 1e-290)))
    ulp_y = float(np.spacing(max(abs(south), abs(north), 1e-290)))
    width = max(east - west, FINEST_ULPS * ulp_x)
    height = max(north - south, FINEST_ULPS * ulp_y)
    nx = min(max((n_cells * width / height) ** 0.5, 1.0), n_cells)
    ny = max(n_cells / nx, 1.0)
    crossings = nx * float(np.abs(ends[2] - ends[0]).sum()) / width
    crossings += ny * float((ends[3] - ends[1]).sum()) / height
    share = min(_CELLS_PER_EDGE * len(ends[0]) / max(crossings, 1.0), 1.0)  # long strips
    nx = int(min(max(nx * share, 1.0), width / (FINEST_ULPS * ulp_x)))
    ny = int(min(max(ny * share, 1.0), height / (FINEST_ULPS * ulp_y)))
    return Blocks(
        x0=np.array([west - 1.5 * width / nx]),
        y0=np.array([south - 1.5 * height / ny]),
        sx=np.array([nx / width]),
        sy=np.array([ny / height]),
        base=np.zeros(1, dtype=np.int64),
        nx=nx + 3,
        ny=ny + 3,
        slack_x=SLACK_ULPS * ulp_x,
        slack_y=SLACK_ULPS * ulp_y,
    )


def _reach(*values: FloatArray) -> tuple[float, float]:
    every = [part for part in values if len(part)]
    if not every:
        return 0.0, 0.0
    return min(float(part.min()) for part in every), max(float(part.max()) for part in every)


def _passes(ends: Ends, step: IntArray, first: Blocks, *, use_compiled: bool) -> Passes:
    if use_compiled:
        from geo.index.making.banding import BandPasses

        return BandPasses(ends, step, first)
    return NumpyPasses(ends, step, first)


def _finer(
    blocks: Blocks, crowded: Crowded, into: tuple[_Growing, RowArray]
) -> Iterator[tuple[Blocks, Listed, IntArray]]:
    """Make blocks of finer cells, those of one shape together, and name them in their cells."""
    touched, kind, base, side = crowded.touched, crowded.kind, crowded.base, crowded.side
    growing, cells = into
    for n in np.unique(side[side > 1]).tolist():
        alike = np.flatnonzero(side == n)
        at_once = max(_CELLS_AT_ONCE // (n * n), 1)
        for first in range(0, len(alike), at_once):
            own = alike[first : first + at_once]
            source, pair = repeated(touched.start[own], touched.size[own])
            inside = kind[pair] != OUT
            source, pair = source[inside], pair[inside]
            number = growing.n_blocks + np.arange(len(own))
            growing.n_blocks += len(own)
            cells[touched.cell[own]] = FIRST_BLOCK - number
            finer = Blocks(
                x0=touched.west[own],
                y0=touched.south[own],
                sx=n / touched.width[own],
                sy=n / touched.height[own],
                base=base[own],
                nx=n,
                ny=n,
                slack_x=blocks.slack_x,
                slack_y=blocks.slack_y,
            )
            frame = np.column_stack([finer.x0, finer.y0, finer.sx, finer.sy])
            growing.block_frames.append(frame)
            yield finer, Listed(touched.edge[pair], source, kind[pair]), number
