"""List which grids share a border, and how long it is.

Used by `geo.index`; rook contiguity for the statistics.
Knows nothing of codes and cells: rows and edges.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.index.edges import TilingEdges

RowArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Borders:
    """Pairs of grids that share a border.

    Attributes
    ----------
    a, b
        Rows, ``a < b``, sorted by a and then by b; each pair once.
    length
        Of the shared border, in the unit of the coordinates (degrees for lon/lat).
    """

    a: RowArray
    b: RowArray
    length: FloatArray


def borders_of(edges: TilingEdges) -> Borders:
    """Sum up shared edges; borders without common vertices (T-junctions) are not among them."""
    shared = np.flatnonzero((edges.left >= 0) & (edges.right >= 0) & (edges.left != edges.right))
    left, right = edges.left[shared].astype(np.int64), edges.right[shared].astype(np.int64)
    pair = (np.minimum(left, right) << 32) | np.maximum(left, right)
    own, place = np.unique(pair, return_inverse=True)
    dx = edges.bx[shared] - edges.ax[shared]
    dy = edges.by[shared] - edges.ay[shared]
    length: FloatArray = np.zeros(len(own))
    np.add.at(length, place, np.hypot(dx, dy))
    return Borders((own >> 32).astype(np.int32), (own & 0xFFFFFFFF).astype(np.int32), length)
