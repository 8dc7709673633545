"""Say which cells are neighbours, as a sparse matrix.

Used by Gi, Gi*, local Moran and the emerging classes.
Knows nothing of counts.
"""

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.spatial import cKDTree

from geo.hotspots.cells import SQUARE
from geo.hotspots.layers import CellLayer, IntArray, Lattice
from geo.hotspots.options import Contiguity

Weights = sparse.csr_array

_SQUARE_SIDES = ((1, 0), (0, 1))
_SQUARE_CORNERS = ((1, 1), (1, -1))
_HEXAGON_SIDES = ((2, 0), (1, 3), (1, -3))
_TOUCH_SHARE = 1e-7


def neighbours_of(cells: CellLayer, contiguity: Contiguity, within_m: float | None) -> Weights:
    """Build the symmetric neighbour matrix, ones, nothing on the diagonal.

    Parameters
    ----------
    cells
        The cells. On a lattice neighbours follow from the lattice numbers, so that clipping does
        not part cells whose common corner was cut away. Elsewhere cells touch when they are nearer
        than 1e-7 of a cell's width; sides are shared over at least that length.
    contiguity
        By corner (queen), by side (rook), or by distance between centres (lattice centre, or
        centroid).
    within_m
        For distance: largest distance, inclusive, metres.
    """
    key = (contiguity, within_m)
    if key not in cells.kept:
        cells.kept[key] = _neighbours(cells, contiguity, within_m)
    found: Weights = cells.kept[key]
    return found


def _neighbours(cells: CellLayer, contiguity: Contiguity, within_m: float | None) -> Weights:
    if contiguity is Contiguity.DISTANCE:
        tree = cKDTree(cells.centres)
        pairs = tree.query_pairs(float(within_m or 0.0), output_type="ndarray")
        return _matrix(pairs[:, 0], pairs[:, 1], len(cells))
    if cells.lattice is not None:
        return _on_lattice(cells.lattice, contiguity, len(cells))
    return _by_touch(cells, contiguity)


def _matrix(a: npt.NDArray[np.integer], b: npt.NDArray[np.integer], n: int) -> Weights:
    rows, columns = np.concatenate([a, b]), np.concatenate([b, a])
    ones = np.ones(len(rows))
    matrix = sparse.csr_array((ones, (rows, columns)), shape=(n, n))
    matrix.sort_indices()
    return matrix


def _on_lattice(lattice: Lattice, contiguity: Contiguity, n: int) -> Weights:
    steps = _HEXAGON_SIDES
    if lattice.shape == SQUARE:
        corners = _SQUARE_CORNERS if contiguity is Contiguity.QUEEN else ()
        steps = (*_SQUARE_SIDES, *corners)
    froms: list[IntArray] = []
    tos: list[IntArray] = []
    for east, north in steps:
        found = lattice.rows_at(lattice.column + east, lattice.row + north)
        here = np.flatnonzero(found >= 0)
        froms.append(here)
        tos.append(found[here])
    return _matrix(np.concatenate(froms), np.concatenate(tos), n)


def _by_touch(cells: CellLayer, contiguity: Contiguity) -> Weights:
    slack_m = cells.width_m * _TOUCH_SHARE
    tree = shapely.STRtree(cells.shapes)
    a, b = tree.query(cells.shapes, predicate="dwithin", distance=slack_m)
    once = a < b
    a, b = a[once], b[once]
    if contiguity is Contiguity.ROOK:
        sides = shapely.intersection(
            shapely.boundary(cells.shapes[a]), shapely.boundary(cells.shapes[b])
        )
        kept = shapely.length(sides) > slack_m
        a, b = a[kept], b[kept]
    return _matrix(a, b, len(cells))
