"""Share whole numbers out among the parts of what they belong to, losing none.

Used by `geo.districting.atoms`. Knows nothing of shapes.

Source: the largest-remainder method (Hamilton 1792): everyone gets the whole part of the exact
share, and the units left go to the largest fractions; of equal ones to the first.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def apportion(total: int, weights: npt.ArrayLike) -> IntArray:
    """Share `total` out in proportion to weights; equally where all weigh nothing.

    Returns
    -------
    array of int
        Sums to `total` exactly; each within one of its exact share.
    """
    parts = np.asarray(weights, dtype=np.float64)
    if len(parts) == 0:
        return np.zeros(0, dtype=np.int64)
    whole = float(parts.sum())
    share = parts / whole if whole > 0 else np.full(len(parts), 1.0 / len(parts))
    exact = total * share
    given = np.floor(exact).astype(np.int64)
    left = int(total) - int(given.sum())
    order = np.argsort(-(exact - given), kind="stable")
    given[order[:left]] += 1
    return given


def apportion_groups(totals: IntArray, group: IntArray, weights: FloatArray) -> IntArray:
    """Share the total of each group out among its members; members of group -1 get nothing."""
    given = np.zeros(len(group), dtype=np.int64)
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(len(totals) + 1))
    for k, total in enumerate(totals.tolist()):
        rows = order[ends[k] : ends[k + 1]]
        given[rows] = apportion(total, weights[rows])
    return given
