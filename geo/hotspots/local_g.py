"""Work out Getis-Ord Gi and Gi* of every cell, by formula and by permutation.

Used by the methods `gistar` and `gi`, by local Moran and by the emerging classes.
Knows nothing of where the values came from.

Sources: Getis and Ord (1992), Ord and Getis (1995) for the scores; Anselin (1995) for conditional
permutation. The scores are those of esda's `G_Local`; p is two-sided here, one-sided there.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.hotspots.neighbours import Weights

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_EQUAL_SHARE: Final = 1e-12
_DRAWS_A_BLOCK: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class LocalG:
    """The sums of neighbourhoods and their scores.

    Attributes
    ----------
    total
        Sum over the neighbourhood.
    z
        Standard score; NaN where there is no neighbour, or where all values are equal.
    """

    total: FloatArray
    z: FloatArray


def gi_star(values: FloatArray, neighbours: Weights) -> LocalG:
    """Work out Gi*: the sum over a cell and its neighbours against the mean of all cells.

    Parameters
    ----------
    values
        One number for each cell.
    neighbours
        Of ones, without the cell itself, which is added here. Weights that sum to one in each row
        would give the same score (esda's differs there: it takes the sum of squared weights as 1).
    """
    n = len(values)
    sums = np.diff(neighbours.indptr) + 1.0
    total = np.asarray(neighbours @ values) + values
    if _is_flat(values):
        return LocalG(total, np.full(n, np.nan))
    mean = values.mean()
    spread = sqrt(max(0.0, float(values @ values) / n - mean * mean))
    variance = np.maximum(0.0, (n * sums - sums * sums) / max(1, n - 1))
    return LocalG(total, _scores(total - sums * mean, spread * np.sqrt(variance)))


def gi(values: FloatArray, neighbours: Weights) -> LocalG:
    """Work out Gi: the sum over a cell's neighbours against the mean of all other cells.

    Parameters
    ----------
    values
        One number for each cell.
    neighbours
        Of ones, without the cell itself.
    """
    n = len(values)
    sums = np.diff(neighbours.indptr).astype(np.float64)
    total = np.asarray(neighbours @ values)
    if n < 3 or _is_flat(values):  # noqa: PLR2004 - n - 2 is divided by
        return LocalG(total, np.full(n, np.nan))
    mean = (values.sum() - values) / (n - 1)
    spread = np.sqrt(np.maximum(0.0, ((values @ values) - values * values) / (n - 1) - mean**2))
    variance = np.maximum(0.0, ((n - 1) * sums - sums * sums) / (n - 2))
    return LocalG(total, _scores(total - sums * mean, spread * np.sqrt(variance)))


def permutation_p(
    values: FloatArray, neighbours: Weights, rank: IntArray, permutations: int, seed: int
) -> FloatArray:
    """Give the two-sided p of each cell's neighbour sum under conditional permutation.

    A cell keeps its own value; its k neighbours get values drawn without replacement from all
    other cells. p is twice the smaller of (1 + draws at least as high) / (1 + draws) and (1 + draws
    at least as low) / (1 + draws), at most 1. Gi, Gi* and local Moran order the draws alike, so
    they share this p.

    Parameters
    ----------
    values
        One number for each cell.
    neighbours
        Of ones, without the cell itself; standardising would not change the p.
    rank
        Position of each cell in a fixed order (by `cell_id`), so that the order of rows does not
        change the draws.
    permutations, seed
        How many draws, and of which stream.

    Notes
    -----
    One list of draws serves all cells, as in esda: a draw is k + 1 distinct cells; a cell takes the
    first k that are not itself. Draws without the cell in question are the same sum for every
    cell with k neighbours, so they are sorted once for each k and only draws with the cell itself
    are made anew: O(draws log draws + cells log draws).
    """
    n = len(values)
    degree = np.diff(neighbours.indptr).astype(np.int64)
    result = np.full(n, np.nan)
    if permutations < 1 or n < 2 or _is_flat(values):  # noqa: PLR2004 - nobody else to draw
        return result
    ordered = np.empty(n)
    ordered[rank] = values
    most = int(min(degree.max(initial=0), n - 1))
    if most == 0:
        return result
    drawn = _draws(n, min(n, most + 1), permutations, np.random.default_rng(seed))
    pool = ordered[drawn]
    sums = np.cumsum(pool, axis=1)
    seen = np.asarray(neighbours @ values)
    slack = _EQUAL_SHARE * np.abs(values).sum()
    for k in np.unique(degree[degree > 0]).tolist():
        cells = np.flatnonzero(degree == k)
        high, low = _tails(seen[cells], sums[:, min(k, n - 1) - 1], slack)
        _mend(cells, (high, low), (drawn, pool, sums), (rank, seen, k, slack))
        smaller = np.minimum(high, low)
        result[cells] = np.minimum(1.0, 2.0 * (1.0 + smaller) / (1.0 + permutations))
    return result


def _draws(n: int, k: int, permutations: int, rng: np.random.Generator) -> IntArray:
    """Draw k distinct cells out of n, in order, many times."""
    if k * k > n:
        step = max(1, _DRAWS_A_BLOCK // n)
        parts = [
            np.argpartition(rng.random((min(step, permutations - start), n)), k - 1, axis=1)[:, :k]
            for start in range(0, permutations, step)
        ]
        drawn = np.concatenate(parts).astype(np.int64)
        return np.asarray(rng.permuted(drawn, axis=1), dtype=np.int64)
    drawn = rng.integers(0, n, (permutations, k))
    while True:
        inorder = np.sort(drawn, axis=1)
        twice = np.flatnonzero((np.diff(inorder, axis=1) == 0).any(axis=1))
        if len(twice) == 0:
            return np.asarray(drawn, dtype=np.int64)
        drawn[twice] = rng.integers(0, n, (len(twice), k))


def _tails(seen: FloatArray, draws: FloatArray, slack: float) -> tuple[FloatArray, FloatArray]:
    """Count the draws at least as high, and at least as low, as each sum seen."""
    inorder = np.sort(draws)
    high = len(inorder) - np.searchsorted(inorder, seen - slack, side="left")
    low = np.searchsorted(inorder, seen + slack, side="right")
    return high.astype(np.float64), low.astype(np.float64)


def _mend(
    cells: IntArray,
    tails: tuple[FloatArray, FloatArray],
    lists: tuple[IntArray, FloatArray, FloatArray],
    about: tuple[IntArray, FloatArray, int, float],
) -> None:
    """Replace, for each cell, the draws it stands in itself by those with the spare cell."""
    drawn, pool, sums = lists
    rank, seen, k, slack = about
    n = len(rank)
    place = np.full(n, -1, dtype=np.int64)
    place[rank[cells]] = np.arange(len(cells))
    k = min(k, n - 1)
    who = place[drawn[:, :k]]
    draw, slot = np.nonzero(who >= 0)
    at = who[draw, slot]
    old = sums[draw, k - 1]
    new = old - pool[draw, slot] + pool[draw, k]
    mine = seen[cells[at]]
    high, low = tails
    np.add.at(high, at, (new >= mine - slack).astype(float) - (old >= mine - slack))
    np.add.at(low, at, (new <= mine + slack).astype(float) - (old <= mine + slack))


def _scores(top: FloatArray, bottom: FloatArray) -> FloatArray:
    empty = np.full(len(top), np.nan)
    return np.asarray(np.divide(top, bottom, out=empty, where=bottom > 0), dtype=np.float64)


def _is_flat(values: FloatArray) -> bool:
    return bool(np.ptp(values) == 0.0)
