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
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from geo.index.covering import (
    EAST_END_OUT,
    OUT,
    WEST_END_OUT,
    Blocks,
    Ends,
    Listed,
    cover,
    repeated,
)
from geo.index.orientation import FILTER, UNDERFLOW, is_right_or_on

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
RowArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
KindArray = npt.NDArray[np.int8]
_T = TypeVar("_T", bound=np.generic)

PACK: Final = 1 << 40
"""One grid more over a place; below it stands the sum of the grids' numbers (row + 1)."""
FLAG: Final = 1 << 50
"""Stands for a face where the exact path has to answer."""
ASK: Final = -2
"""What a cell says where the exact path has to answer: the first leaf, whose base is `FLAG`."""
FIRST_BLOCK: Final = -(1 << 30)
"""What a cell says that names block 0; lower ones name the blocks after it."""
CROWDED: Final = 8
"""A leaf with more edges gets a finer block, where that helps."""
ENTRY: Final = ("ax", "ay", "dx", "dy", "by", "step", "error", "kind")
"""What a leaf keeps of an edge: one cache line."""
_MAX_DEPTH: Final = 6
_CELLS_AT_ONCE: Final = 1 << 22
_FINEST_ULPS: Final = 256.0
_SLACK_ULPS: Final = 16.0
_MAX_SIDE: Final = 512
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

    edge_rows: FloatArray
    cells: list[RowArray] = field(default_factory=list)
    bases: list[IntArray] = field(default_factory=list)
    sizes: list[IntArray] = field(default_factory=list)
    entries: list[FloatArray] = field(default_factory=list)
    entry_edges: list[RowArray] = field(default_factory=list)
    block_frames: list[FloatArray] = field(default_factory=list)
    block_starts: list[IntArray] = field(default_factory=list)
    n_leaves: int = 0
    n_blocks: int = 0
    n_cells: int = 0
    n_entries: int = 0

    def add_leaves(
        self, base: IntArray, size: IntArray, entries: FloatArray, edge: IntArray
    ) -> None:
        self.bases.append(base)
        self.sizes.append(size)
        self.entries.append(entries)
        self.entry_edges.append(edge.astype(np.int32))
        self.n_leaves += len(base)
        self.n_entries += len(edge)

    def table(self, first: Blocks) -> CellTable:
        starts = np.concatenate(self.block_starts or [np.zeros((0, 3), dtype=np.int64)])
        starts = starts[np.argsort(starts[:, 0])]
        place = (first.x0[0], first.y0[0], first.sx[0], first.sy[0], first.nx, first.ny)
        return CellTable(
            frame=np.array(place, dtype=np.float64),
            cells=_joined(self.cells),
            leaf_start=np.append(0, np.cumsum(_joined(self.sizes))).astype(np.int32),
            leaf_base=_joined(self.bases).astype(np.float64),
            entries=_joined(self.entries),
            entry_edge=_joined(self.entry_edges),
            block_frame=np.concatenate(self.block_frames or [np.zeros((0, 4))]),
            block_cells=np.ascontiguousarray(starts[:, 1:]),
        )


def _joined(parts: list[npt.NDArray[_T]]) -> npt.NDArray[_T]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class _Touched:
    """The cells of some blocks that edges touch."""

    cell: IntArray
    start: IntArray
    size: IntArray
    edge: IntArray
    of: IntArray  # position of each edge's cell
    west: FloatArray
    south: FloatArray
    width: FloatArray  # of the cells, up to rounding and never less
    height: FloatArray


def cell_table(ends: Ends, step: IntArray, n_cells: int, flagged: FloatArray) -> CellTable:
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
    """
    first = _first_block(ends, n_cells, flagged)
    growing = _Growing(_edge_rows(ends, step, first))
    nothing = np.array([[0.0, _NOWHERE, 0.0, 0.0, _NOWHERE, 0.0, -1.0, 0.0]])
    growing.add_leaves(np.array([FLAG]), np.array([1]), nothing, np.array([-1]))
    n = len(step)
    every = Listed(np.arange(n), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int8))
    room = 64 * n + 8 * n_cells
    waiting = [(first, every, np.zeros(0, dtype=np.int64), 0)]
    while waiting:
        blocks, listed, number, depth = waiting.pop()
        own = np.full((len(number), 3), blocks.nx)
        own[:, 0] = number
        own[:, 1] = growing.n_cells + np.arange(len(number)) * blocks.nx * blocks.ny
        growing.block_starts.append(own)
        boxes = flagged if depth == 0 else flagged[:0]
        may_split = depth < _MAX_DEPTH and growing.n_entries < room
        finer = _lay((ends, step), (blocks, listed, boxes), growing, may_split=may_split)
        waiting += [(*parts, depth + 1) for parts in finer]
    return growing.table(first)


def _first_block(ends: Ends, n_cells: int, flagged: FloatArray) -> Blocks:
    """Lay the first block over everything, with empty cells all round."""
    west, east = _reach(ends[0], ends[2], flagged[:, 0], flagged[:, 2])
    south, north = _reach(ends[1], ends[3], flagged[:, 1], flagged[:, 3])
    ulp_x = float(np.spacing(max(abs(west), abs(east), 1e-290)))
    ulp_y = float(np.spacing(max(abs(south), abs(north), 1e-290)))
    width = max(east - west, _FINEST_ULPS * ulp_x)
    height = max(north - south, _FINEST_ULPS * ulp_y)
    nx = int(
        min(max((n_cells * width / height) ** 0.5, 1), n_cells, width / (_FINEST_ULPS * ulp_x))
    )
    ny = int(min(max(n_cells / nx, 1), height / (_FINEST_ULPS * ulp_y)))
    return Blocks(
        x0=np.array([west - 1.5 * width / nx]),
        y0=np.array([south - 1.5 * height / ny]),
        sx=np.array([nx / width]),
        sy=np.array([ny / height]),
        base=np.zeros(1, dtype=np.int64),
        nx=nx + 3,
        ny=ny + 3,
        slack_x=_SLACK_ULPS * ulp_x,
        slack_y=_SLACK_ULPS * ulp_y,
    )


def _reach(*values: FloatArray) -> tuple[float, float]:
    every = [part for part in values if len(part)]
    if not every:
        return 0.0, 0.0
    return min(float(part.min()) for part in every), max(float(part.max()) for part in every)


def _lay(
    edges: tuple[Ends, IntArray],
    level: tuple[Blocks, Listed, FloatArray],
    growing: _Growing,
    *,
    may_split: bool,
) -> list[tuple[Blocks, Listed, IntArray]]:
    """Fill in the cells and leaves of blocks of one shape; give back blocks for crowded cells."""
    ends, step = edges
    blocks, listed, flagged = level
    faces, cell, edge = cover(ends, step, blocks, listed)
    cells = _whole_cells(faces)
    if len(flagged):
        asks = _flagged_cells(blocks, flagged)
        cells[asks] = ASK
        stays = ~asks[cell]
        cell, edge = cell[stays], edge[stays]
    growing.cells.append(cells)
    growing.n_cells += len(cells)
    if len(cell) == 0:
        return []
    touched = _touched(blocks, cell, edge)
    entries = growing.edge_rows.take(touched.edge, axis=0)
    kind, base = _kinds_and_bases((ends[2], step), touched, faces, entries)
    side = np.ones(len(base), dtype=np.int64)
    if may_split:
        side = _sides(ends, blocks, touched)
    keep = np.flatnonzero(side == 1)
    cells[touched.cell[keep]] = -2 - growing.n_leaves - np.arange(len(keep))
    own_edge = touched.edge
    if len(keep) < len(side):
        pairs = np.flatnonzero(side[touched.of] == 1)
        entries, own_edge = entries[pairs], own_edge[pairs]
    growing.add_leaves(base[keep], touched.size[keep], entries, own_edge)
    return list(_finer(blocks, (touched, kind, base), side, (growing, cells)))


def _whole_cells(faces: IntArray) -> RowArray:
    cells = (faces & (PACK - 1)).astype(np.int32)
    cells -= 1
    if len(faces) and (faces.max() >= 2 * PACK):
        cells[faces >= 2 * PACK] = ASK
    return cells


def _flagged_cells(blocks: Blocks, flagged: FloatArray) -> BoolArray:
    asks = np.zeros((blocks.ny, blocks.nx), dtype=np.bool_)
    zero = np.zeros(len(flagged), dtype=np.int64)
    first_x = blocks.column_of(zero, flagged[:, 0]).astype(np.int64)
    first_y = blocks.row_of(zero, flagged[:, 1]).astype(np.int64)
    last_x = blocks.column_of(zero, flagged[:, 2]).astype(np.int64)
    last_y = blocks.row_of(zero, flagged[:, 3]).astype(np.int64)
    for west, south, east, north in zip(first_x, first_y, last_x, last_y, strict=True):
        asks[south : north + 1, west : east + 1] = True
    return asks.reshape(-1)


def _touched(blocks: Blocks, cell: IntArray, edge: IntArray) -> _Touched:
    start = np.flatnonzero(np.diff(cell, prepend=-1))
    own = cell[start]
    size = np.diff(start, append=len(cell))
    line, column = np.divmod(own, blocks.nx)
    block, row = np.divmod(line, blocks.ny)
    return _Touched(
        cell=own,
        start=start,
        size=size,
        edge=edge,
        of=np.repeat(np.arange(len(own)), size),
        west=blocks.x_line(block, column),
        south=blocks.y_line(block, row),
        width=1.0 / blocks.sx[block] + 3.0 * blocks.slack_x,
        height=1.0 / blocks.sy[block] + 3.0 * blocks.slack_y,
    )


def _kinds_and_bases(
    edges: tuple[FloatArray, IntArray], touched: _Touched, faces: IntArray, entries: FloatArray
) -> tuple[KindArray, IntArray]:
    """Say how each edge lies to its cell's left side, and what the cell's constant is.

    Writes the kinds into the entries; `edges` is bx and step.
    """
    edge, of = touched.edge, touched.of
    west, south, bx = touched.west[of], touched.south[of], edges[0][edge]
    is_a_out, is_b_out = entries[:, 0] < west, bx < west
    kind = is_a_out.view(np.int8) * np.int8(WEST_END_OUT)
    kind += is_b_out.view(np.int8) * np.int8(EAST_END_OUT)
    over_a, over_b = entries[:, 1] <= south, entries[:, 4] <= south
    spans = np.flatnonzero(over_a & ~over_b)
    own = entries[spans]
    there = (own[:, 0], own[:, 1], bx[spans], own[:, 4], west[spans], south[spans])
    times = np.zeros(len(edge), dtype=np.int8)
    times[spans] = is_right_or_on(there)
    times -= over_a & (kind == WEST_END_OUT)
    times += over_b & (kind == EAST_END_OUT)
    outer = np.flatnonzero(kind == OUT)
    times[outer], entries[outer, 5] = 0, 0.0
    entries[:, 7] = kind
    changes = np.flatnonzero(times)
    added = np.zeros(len(touched.cell), dtype=np.int64)
    np.add.at(added, of[changes], edges[1][edge[changes]] * times[changes])
    return kind, faces[touched.cell] - added


def _sides(ends: Ends, blocks: Blocks, touched: _Touched) -> IntArray:
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
    finest = _FINEST_ULPS / _SLACK_ULPS
    most = np.minimum(most, width / (finest * blocks.slack_x))
    most = np.minimum(most, height / (finest * blocks.slack_y))
    side[crowded] = 2 ** np.floor(np.log2(np.clip(most, 1.0, _MAX_SIDE))).astype(np.int64)
    return side


def _edge_rows(ends: Ends, step: IntArray, first: Blocks) -> FloatArray:
    """Give for each edge what a leaf keeps of it; the kind is still open.

    The error bounds the float sign for every place of a cell that the edge touches: such a place
    is no farther from a than the edge is long plus a cell of the first level.
    """
    ax, ay, bx, by = ends
    rows = np.empty((len(ax), len(ENTRY)))
    dx, dy = bx - ax, by - ay
    rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], rows[:, 4] = ax, ay, dx, dy, by
    rows[:, 5], rows[:, 7] = step, 0.0
    width = np.abs(dx)
    far_x = width + (1.0 / first.sx[0] + 9.0 * first.slack_x)
    far_y = dy + (1.0 / first.sy[0] + 9.0 * first.slack_y)
    rows[:, 6] = 1.01 * FILTER * (width * far_y + dy * far_x) + UNDERFLOW
    return rows


def _finer(
    blocks: Blocks,
    parts: tuple[_Touched, KindArray, IntArray],
    side: IntArray,
    into: tuple[_Growing, RowArray],
) -> Iterator[tuple[Blocks, Listed, IntArray]]:
    """Make blocks of finer cells, those of one shape together, and name them in their cells."""
    touched, kind, base = parts
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
