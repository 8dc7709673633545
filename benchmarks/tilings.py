"""Build tilings of any size with ragged shared borders, and points to put in them.

Used by the benchmarks of the index and by its tests.
Knows nothing of the index: shapely polygons and bare coordinates only.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import Voronoi

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]

_RAGGED: Final = 0.05  # sideways shift of a middle, as a share of its segment


def ragged_tiling(
    n: int, *, seed: int = 0, halvings: int = 3, dense_share: float = 0.5, dense_side: float = 0.3
) -> ObjectArray:
    """Tile the unit square with Voronoi cells whose shared borders are one ragged line each.

    Parameters
    ----------
    n
        Number of cells.
    seed
        Of the random numbers.
    halvings
        Each straight border becomes ``2**halvings`` segments: about ``6 * 2**halvings`` vertices
        a cell.
    dense_share, dense_side
        Share of the cells that crowd in a square of that side in the lower left: 0.9 and 0.01
        make a dense town in an empty county.

    Returns
    -------
    array of Polygon
        Neighbours use the same coordinates bit for bit.
    """
    rng = np.random.default_rng(seed)
    n_dense = int(n * dense_share)
    seeds = rng.uniform(0.0, 1.0, (n, 2))
    seeds[:n_dense] = 0.2 + dense_side * rng.uniform(0.0, 1.0, (n_dense, 2))
    mirrored = [seeds]
    for axis in (0, 1):
        for side in (0.0, 1.0):
            other = seeds.copy()
            other[:, axis] = 2.0 * side - other[:, axis]
            mirrored.append(other)
    cells = Voronoi(np.vstack(mirrored))
    return _polygons(cells, seeds, halvings, rng)


def _polygons(
    cells: Voronoi, seeds: FloatArray, halvings: int, rng: np.random.Generator
) -> ObjectArray:
    ends = np.asarray(cells.ridge_vertices)
    sides = np.asarray(cells.ridge_points)
    wanted = (sides < len(seeds)).any(axis=1) & (ends >= 0).all(axis=1)
    ends, sides = ends[wanted], sides[wanted]
    lines = cells.vertices[ends]  # (ridges, 2, 2)
    is_inner = (sides < len(seeds)).all(axis=1)
    for _ in range(halvings):
        first, last = lines[:, :-1], lines[:, 1:]
        step = last - first
        across = np.stack([-step[..., 1], step[..., 0]], axis=-1)
        shift = rng.uniform(-_RAGGED, _RAGGED, step.shape[:2]) * is_inner[:, None]
        middle = (first + last) / 2.0 + across * shift[..., None]
        longer = np.empty((len(lines), 2 * lines.shape[1] - 1, 2))
        longer[:, 0::2], longer[:, 1::2] = lines, middle
        lines = longer
    return _rings(lines, sides, seeds)


def _rings(lines: FloatArray, sides: npt.NDArray[np.int64], seeds: FloatArray) -> ObjectArray:
    """Put the borders of each cell in order round its seed."""
    ridge = np.tile(np.arange(len(lines)), 2)
    cell = np.concatenate([sides[:, 0], sides[:, 1]])
    ridge, cell = ridge[cell < len(seeds)], cell[cell < len(seeds)]
    to_first, to_last = lines[ridge, 0] - seeds[cell], lines[ridge, -1] - seeds[cell]
    is_left = to_first[:, 0] * to_last[:, 1] - to_first[:, 1] * to_last[:, 0] > 0.0
    middle = (to_first + to_last) / 2.0
    order = np.lexsort((np.arctan2(middle[:, 1], middle[:, 0]), cell))
    ridge, cell, is_left = ridge[order], cell[order], is_left[order]
    runs = lines[ridge]
    runs = np.where(is_left[:, None, None], runs, runs[:, ::-1])[:, :-1]
    owner = np.repeat(cell, runs.shape[1])
    xy = runs.reshape(-1, 2)
    firsts = np.searchsorted(owner, np.arange(len(seeds)))
    closed = np.insert(xy, np.append(firsts[1:], len(xy)), xy[firsts], axis=0)
    owner = np.insert(owner, np.append(firsts[1:], len(owner)), np.arange(len(seeds)))
    polygons: ObjectArray = shapely.polygons(shapely.linearrings(closed, indices=owner))
    return polygons


def clustered_points(n: int, *, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Scatter points over the unit square: 80 % in 400 clusters of unlike weight, 20 % anywhere."""
    rng = np.random.default_rng(seed)
    weights = rng.pareto(1.2, 400) + 0.1
    centres = rng.uniform(0.05, 0.95, (400, 2))
    n_near = int(n * 0.8)
    near = centres[rng.choice(400, n_near, p=weights / weights.sum())]
    near = near + rng.normal(0.0, 0.01, near.shape)
    xy = np.vstack([near, rng.uniform(0.0, 1.0, (n - n_near, 2))])
    rng.shuffle(xy)
    return np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])


def morton_sorted(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Put points of the unit square in Morton order (neighbours in the plane lie together)."""
    code = np.zeros(len(x), dtype=np.uint64)
    for values, shift in ((x, 0), (y, 1)):
        spread = (np.clip(values, 0.0, 1.0) * (2**31 - 1)).astype(np.uint64)
        for step, mask in _SPREAD:
            spread = (spread | (spread << np.uint64(step))) & np.uint64(mask)
        code |= spread << np.uint64(shift)
    order = np.argsort(code)
    return x[order], y[order]


_SPREAD: Final = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)
