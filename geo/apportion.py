"""Share whole numbers out among the parts of what they belong to, losing none.

Used by edits, repairs, atoms, and the crosswalk of `data`. Knows nothing of shapes.

Source: the largest-remainder method (Hamilton 1792): everyone gets the whole part of the exact
share, and the units left go to the largest fractions; of equal ones to the first.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def apportion(total: int, weights: npt.ArrayLike, *, idle_to_first: bool = False) -> IntArray:
    """Share `total` out in proportion to weights.

    Parameters
    ----------
    total
        Whole number, 0 or more.
    weights
        One for each part, finite, 0 or more; any unit.
    idle_to_first
        Where all weigh nothing the first part gets all, such as the grid that keeps its ground;
        False: all get equal shares.

    Returns
    -------
    array of int
        Sums to `total` exactly; each within one of its exact share. Empty where there is no part.
    """
    parts = np.asarray(weights, dtype=np.float64)
    if len(parts) == 0:
        return np.zeros(0, dtype=np.int64)
    whole = sum(parts.tolist())  # one after the other: plans are replayed to the same shares
    if whole <= 0.0:
        parts = np.ones(len(parts))
        if idle_to_first:
            parts[1:] = 0.0
        whole = float(parts.sum())
    exact = total * parts / whole
    given: IntArray = np.floor(exact).astype(np.int64)
    left = int(total) - int(given.sum())
    order = np.argsort(given - exact, kind="stable")
    given[order[:left]] += 1
    return given


def apportion_groups(totals: IntArray, group: IntArray, weights: FloatArray) -> IntArray:
    """Share the total of each group out among its members; members of group -1 get nothing.

    Parameters
    ----------
    totals
        Whole number of each group, 0 or more.
    group
        Row in `totals` of each member, -1 for none. The total of a group without members is lost.
    weights
        Of each member, as in `apportion`.
    """
    given = np.zeros(len(group), dtype=np.int64)
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(len(totals) + 1))
    for k, total in enumerate(totals.tolist()):
        rows = order[ends[k] : ends[k + 1]]
        given[rows] = apportion(total, weights[rows])
    return given
