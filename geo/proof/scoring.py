"""Score a ranking of cells against what happened next, at fixed shares of the ground.

Used by the back-test.
Knows nothing of methods and months.

The rule of the last cell: cells are taken in order until the share of ground is full; the cell that
crosses the line counts with the part of its ground that still fits, and so do its events. The area
is therefore exactly the share asked for, and hits need not be whole. Equal scores are ranked by
`cell_id`.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def ranking(score: FloatArray, rank: IntArray) -> IntArray:
    """Order cells by falling score, ties by their place in the order of `cell_id`.

    A score that is NaN ranks last.
    """
    filled = np.where(np.isnan(score), -np.inf, score)
    return np.lexsort((rank, -filled)).astype(np.int64)


def hits_at(order: IntArray, n: FloatArray, area_m2: FloatArray, shares: FloatArray) -> FloatArray:
    """Count the events on the first so many shares of the ground.

    Parameters
    ----------
    order
        Rows of the cells, best first.
    n, area_m2
        Events and ground of each cell.
    shares
        Of the whole ground, 0 to 1.
    """
    ground = np.concatenate([[0.0], np.cumsum(area_m2[order])])
    found = np.concatenate([[0.0], np.cumsum(n[order])])
    return np.asarray(np.interp(shares * ground[-1], ground, found), dtype=np.float64)


def best_hits(n: FloatArray, area_m2: FloatArray, rank: IntArray, shares: FloatArray) -> FloatArray:
    """Count the most events that any ranking could have had: cells by events per ground."""
    return hits_at(ranking(n / area_m2, rank), n, area_m2, shares)
