"""Lay the table of cells by machine code, band of rows by band; same arrays as by NumPy.

Used by `geo.index.cells` where its caller wants it and numba is installed; importing needs numba.
Knows nothing of polygons and points. What a float filter cannot decide goes to the functions of
NumPy.

A band is a few rows of cells, those of all blocks counted through, that fit in the caches with
their edges: edges are dealt to the bands first, and then all is done for one band before the next
is begun.
"""

# mypy: disable-error-code="no-untyped-call"

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.index.covering import Bands, Blocks, Ends, Listed, first_column, left_sides
from geo.index.growing import Laid, Roll
from geo.index.laying import ASK, flagged_cells, reach_of
from geo.index.making import compiled
from geo.index.orientation import is_right_or_on
from geo.index.touching import CROWDED, Crowded, touched_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
RowArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
KindArray = npt.NDArray[np.int8]
Dealt = tuple[FloatArray, RowArray]
Grid = tuple[FloatArray, FloatArray, FloatArray, FloatArray, int, int, float, float]
Touched = tuple[IntArray, IntArray, IntArray, IntArray]

_CELLS_IN_BAND: Final = 1 << 16


class _Crowd:
    """The crowded cells of a level, and the edges in them."""

    def __init__(self) -> None:
        self.cells: Roll[np.int64] = Roll(np.empty((0, 4), dtype=np.int64))
        self.edge: Roll[np.int64] = Roll(np.empty(0, dtype=np.int64))
        self.kind: Roll[np.int8] = Roll(np.empty(0, dtype=np.int8))

    def room(self, n: int) -> tuple[IntArray, IntArray, KindArray]:
        return self.cells.room(n // CROWDED + 1), self.edge.room(n), self.kind.room(n)

    def take(self, n_cells: int, n_pairs: int) -> None:
        self.cells.take(n_cells)
        self.edge.take(n_pairs)
        self.kind.take(n_pairs)

    def of_level(self, blocks: Blocks) -> Crowded:
        cell, size, base, side = self.cells.filled().T
        start = np.cumsum(size) - size
        touched = touched_of(blocks, (cell, start, size), self.edge.filled(), base)
        return Crowded(touched, self.kind.filled(), base, side)


class Room:
    """Arrays that one band after another uses."""

    def __init__(self, n_cells: int) -> None:
        self.faces = np.empty(n_cells + 2, dtype=np.int64)
        self.count = np.empty(n_cells + 2, dtype=np.int32)
        self.grow(_CELLS_IN_BAND // 2)

    def grow(self, n: int) -> None:
        """Make room for n pairs of cell and edge."""
        self.pairs, self.near, self.open = (np.empty(n, dtype=np.int64) for _ in range(3))
        self.order = np.empty(n, dtype=np.int32)
        self.cell, self.start, self.face = (np.empty(n + 1, dtype=np.int64) for _ in range(3))


@dataclass(frozen=True, slots=True)
class _Level:
    """What the bands of a level share."""

    blocks: Blocks
    grid: Grid
    into: Laid
    may_split: bool
    room: Room
    crowd: _Crowd = field(default_factory=_Crowd)


@dataclass(frozen=True, slots=True)
class _Band:
    """Some rows of cells: the first one, and one after the last."""

    rows: tuple[int, int]
    dealt: Dealt
    cells: RowArray
    asks: BoolArray
    left: IntArray


class BandPasses:
    """The passes by machine code.

    Parameters
    ----------
    ends, step, first
        As of `geo.index.laying.NumpyPasses`.
    """

    def __init__(self, ends: Ends, step: IntArray, first: Blocks) -> None:
        self._ends, self._step, self._reach = ends, step, reach_of(first)

    def lay(
        self, blocks: Blocks, listed: Listed, flagged: FloatArray, into: Laid, *, may_split: bool
    ) -> tuple[RowArray, Crowded]:
        """Do what `NumpyPasses.lay` does."""
        nx, n_lines = blocks.nx, len(blocks) * blocks.ny
        shift = max(_CELLS_IN_BAND // nx, 1).bit_length() - 1
        n_rows = min(1 << shift, n_lines)
        grid = _grid(blocks)
        dealt, begin, n = self._dealt(grid, listed, ((n_lines - 1) >> shift) + 1, shift)
        into.reserve(n)
        cells = into.cells.room(n_lines * nx)
        into.cells.take(len(cells))
        left = left_sides(self._ends, self._step, blocks, listed).reshape(-1)
        asks = flagged_cells(blocks, flagged) if len(flagged) else np.zeros(0, dtype=np.bool_)
        level = _Level(blocks, grid, into, may_split, Room(n_rows * nx))
        for k in range(len(begin) - 1):
            rows = (k * n_rows, min((k + 1) * n_rows, n_lines))
            edges = (dealt[0][begin[k] : begin[k + 1]], dealt[1][begin[k] : begin[k + 1]])
            here = slice(rows[0] * nx, rows[1] * nx)
            self._lay_band(level, _Band(rows, edges, cells[here], asks[here], left[slice(*rows)]))
        return cells, level.crowd.of_level(blocks)

    def _dealt(
        self, grid: Grid, listed: Listed, n_bands: int, shift: int
    ) -> tuple[Dealt, IntArray, int]:
        """Deal the edges to the bands; tell where each begins, and about how many pairs come."""
        own = (listed.edge, listed.block)
        count = np.zeros(n_bands, dtype=np.int64)
        n = compiled.share_out(self._ends, grid, own, shift, count)
        begin = np.append(0, np.cumsum(count))
        dealt = np.empty((begin[-1], 5)), np.empty((begin[-1], 2), dtype=np.int32)
        edges = (*self._ends, self._step)
        compiled.deal(edges, grid, own, shift, begin[:-1].copy(), dealt)
        return dealt, begin, n

    def _lay_band(self, level: _Level, band: _Band) -> None:
        room = level.room
        count = room.count[: len(band.cells) + 1]
        n = self._cover(level, band, count)
        asked = np.flatnonzero(band.asks)
        count[asked] = 0
        begin = np.empty(len(band.left) + 1, dtype=np.int64)
        touched = (room.cell, room.start, room.face, begin)
        compiled.sweep(room.faces, count, level.blocks.nx, band.left, band.cells, touched)
        band.cells[asked] = ASK
        count[asked] = -1
        compiled.sort(room.pairs[:n], count, room.order)
        self._write(level, band, touched, n)

    def _cover(self, level: _Level, band: _Band, count: RowArray) -> int:
        """Count the edges of each cell, and list the pairs; give how many."""
        room = level.room
        while True:
            count[:] = 0
            room.faces[:] = 0
            listed = (room.pairs, room.near)
            n, n_near = compiled.cover(
                band.dealt, level.grid, band.rows, (room.faces, count), listed
            )
            if n >= 0:
                break
            room.grow(2 * len(room.pairs))
        if n_near:
            self._add_near(level, band, room.near[:n_near])
        return int(n)

    def _add_near(self, level: _Level, band: _Band, near: IntArray) -> None:
        """Add the steps of crossings that lie near a corner at the column that is exact."""
        blocks = level.blocks
        edge, block = band.dealt[1][near >> 32].T.astype(np.int64)
        row = near & 0xFFFFFFFF
        ax, ay, bx, by = (values[edge] for values in self._ends)
        line = blocks.y_line(block, row)
        bands = Bands(edge=edge, block=block, row=row, ax=ax, ay=ay, dx=bx - ax, by=by, line=line)
        column = first_column(self._ends, blocks, bands, np.arange(len(near)))
        there = column < blocks.nx
        line_of = block[there] * blocks.ny + row[there] - band.rows[0]
        np.add.at(level.room.faces, line_of * blocks.nx + column[there], self._step[edge[there]])

    def _write(self, level: _Level, band: _Band, touched: Touched, n: int) -> None:
        """Write the leaves and what is crowded, and count it in."""
        into, crowd, room = level.into, level.crowd, level.room
        firsts = (len(into.leaf_base), len(into.entries), len(crowd.cells))
        bases, aside = into.leaf_base.room(n), crowd.room(n)
        leaves = (into.leaf_start.room(n), bases, into.entries.room(n), into.entry_edge.room(n))
        n_leaves, n_entries, n_crowd, n_aside, n_open = compiled.write(
            (*band.dealt, room.order),
            touched,
            level.grid,
            (band.rows[0], self._reach, firsts, level.may_split),
            ((band.cells, *leaves), (*aside, room.open)),
        )
        if n_open:
            self._settle(level, band, n_open, (firsts, bases, aside[0]))
        cell = aside[0][:n_crowd, 0]
        cell[:] = band.rows[0] * level.blocks.nx + touched[0][cell]
        into.take(n_leaves, n_entries)
        crowd.take(n_crowd, n_aside)

    def _settle(
        self,
        level: _Level,
        band: _Band,
        n_open: int,
        written: tuple[tuple[int, int, int], FloatArray, IntArray],
    ) -> None:
        """Take from bases the steps that count at corners, where floats could not tell."""
        blocks, pairs = level.blocks, level.room.open[:n_open]
        (first_leaf, _, first_crowd), bases, crowd = written
        cell, edge = level.room.cell[pairs >> 32], band.dealt[1][pairs & 0xFFFFFFFF, 0]
        line, column = np.divmod(band.rows[0] * blocks.nx + cell, blocks.nx)
        block, row = np.divmod(line, blocks.ny)
        ax, ay, bx, by = (values[edge] for values in self._ends)
        corner = blocks.x_line(block, column), blocks.y_line(block, row)
        holds = is_right_or_on((ax, ay, bx, by, *corner))
        said, step = band.cells[cell], self._step[edge]
        leaf, crowded = holds & (said < 0), holds & (said >= 0)
        np.subtract.at(bases, -2 - said[leaf] - first_leaf, step[leaf])
        np.subtract.at(crowd[:, 2], said[crowded] - first_crowd, step[crowded])


def _grid(blocks: Blocks) -> Grid:
    frames = (blocks.x0, blocks.y0, blocks.sx, blocks.sy)
    return (*frames, blocks.nx, blocks.ny, blocks.slack_x, blocks.slack_y)
