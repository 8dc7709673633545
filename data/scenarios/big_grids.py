"""Tile a plane with irregular cells that share their edges, about 48 vertices each.

Used by the big scenario. Knows nothing of codes. Lengths are metres; the town's centre is (0, 0).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from shapely import LineString, Polygon

_CELL_M = 300.0
_CORNER_JITTER = 0.22
_EDGE_POINTS = 11
_WAVE_M = 7.0
_MAIN_EVERY = 5

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lattice:
    """Cells in the order of a winding walk, so that any run of them is connected.

    `corners[row, column]` are the crossings; `across[row, column]` and `up[row, column]` the edges
    to the next crossing in the east and in the north, both ends included.
    """

    cells: tuple[Polygon, ...]
    places: npt.NDArray[np.int64]
    corners: Points
    across: Points
    up: Points

    def streets(self) -> Iterator[tuple[str, LineString]]:
        """Give the edges as streets from side to side, every fifth a main road."""
        for row, edges in enumerate(self.across):
            yield _class(row), LineString(_chained(edges))
        for column in range(self.up.shape[1]):
            yield _class(column), LineString(_chained(self.up[:, column]))


def lattice_of(count: int, dice: np.random.Generator) -> Lattice:
    """Make a number of cells on a lattice as square as can be.

    Parameters
    ----------
    count
        Cells wanted; the last row may be short.
    """
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    y, x = np.meshgrid(np.arange(rows + 1), np.arange(columns + 1), indexing="ij")
    corners = np.stack([x - columns / 2, y - rows / 2], axis=-1).astype(np.float64)
    corners = (corners + dice.uniform(-_CORNER_JITTER, _CORNER_JITTER, corners.shape)) * _CELL_M
    across = _edges(corners[:, :-1], corners[:, 1:], dice)
    up = _edges(corners[:-1], corners[1:], dice)
    order = [
        (row, column if row % 2 == 0 else columns - 1 - column)
        for row in range(rows)
        for column in range(columns)
    ][:count]
    cells = tuple(_cell(across, up, row, column) for row, column in order)
    return Lattice(cells, np.array(order), np.round(corners, 1), across, up)


def _edges(starts: Points, ends: Points, dice: np.random.Generator) -> Points:
    """Draw a slightly waving line from each start to each end, on a lattice of 10 cm."""
    share = np.linspace(0.0, 1.0, _EDGE_POINTS + 2)[:, None]
    straight = starts[..., None, :] + share * (ends - starts)[..., None, :]
    wave = dice.normal(0.0, _WAVE_M / 3, (*straight.shape[:-1], 2))
    swing = dice.uniform(-_WAVE_M, _WAVE_M, (*straight.shape[:-2], 1, 2))
    off = wave * 0.4 + swing * np.sin(math.pi * share)
    off[..., 0, :] = off[..., -1, :] = 0.0
    rounded: Points = np.round(straight + off, 1)
    return rounded


def _cell(across: Points, up: Points, row: int, column: int) -> Polygon:
    ring = np.concatenate(
        [
            across[row, column][:-1],
            up[row, column + 1][:-1],
            across[row + 1, column][::-1][:-1],
            up[row, column][::-1][:-1],
        ]
    )
    return Polygon(ring)


def _chained(edges: Points) -> Points:
    return np.concatenate([edges[0], *(edge[1:] for edge in edges[1:])])


def _class(number: int) -> str:
    return "main" if number % _MAIN_EVERY == 0 else "secondary"
