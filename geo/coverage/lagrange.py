"""Bound the p-median and rule out sites that no best choice can hold.

Used by `geo.coverage.siting` before the exact programme, which then has few sites left. Knows
nothing of places. Source: Lagrangian relaxation of the assignment constraints, Cornuejols, Fisher
and Nemhauser 1977; a site whose reduced cost lifts the bound above a known choice is ruled out.
"""

import time
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_ROUNDS: Final = 1500
_PATIENCE: Final = 25
_EXCHANGE_EVERY: Final = 50
_LEAST_STEP: Final = 1e-3
_SAME: Final = 1e-9
_EQUAL: Final = 1e-12  # sums of the same numbers in another order
_CELLS_AT_A_TIME: Final = 4_000_000
MOST_TRIALS: Final = 200_000_000
"""Rows times choices that are simply all tried."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """What is left of a p-median.

    Attributes
    ----------
    chosen
        A good choice, its columns sorted; `upper` is its weighted sum of distances.
    lower
        No choice is better than this.
    open
        Columns that a choice as good as `chosen` may hold.
    """

    chosen: tuple[int, ...]
    upper: float
    lower: float
    open: BoolArray


def sieve(ways: FloatArray, weight: FloatArray, posts: int, time_limit_s: float) -> Sieve:
    """Bound the best choice of `posts` columns of weighted distances (rows by sites)."""
    cost = ways * weight[:, None]
    began = time.monotonic()
    chosen = _swapped(cost, greedy(cost, posts), began + time_limit_s / 2.0)
    upper = float(cost[:, chosen].min(axis=1).sum())
    price = np.partition(cost, min(1, cost.shape[1] - 1), axis=1)[:, min(1, cost.shape[1] - 1)]
    lower, is_open, scale, idle = -np.inf, np.ones(cost.shape[1], dtype=bool), 1.0, 0
    for turn in range(1, _ROUNDS + 1):
        rest = np.minimum(cost - price[:, None], 0.0)
        gain = rest.sum(axis=0)
        order = np.argsort(gain, kind="stable")
        taken = order[:posts]
        bound = float(price.sum() + gain[taken].sum())
        idle = 0 if bound > lower + _SAME * abs(lower) else idle + 1
        lower = max(lower, bound)
        trial = np.sort(taken)
        if turn % _EXCHANGE_EVERY == 0:
            trial = _swapped(cost, trial, began + time_limit_s / 2.0)
        value = float(cost[:, trial].min(axis=1).sum())
        if value < upper * (1.0 - _SAME):
            chosen, upper = trial, value
        slack = _SAME * max(1.0, abs(upper))
        is_open &= bound + gain - gain[order[posts - 1]] <= upper + slack
        is_open[chosen] = True
        if idle >= _PATIENCE:
            scale, idle = scale / 2.0, 0
        slope = 1.0 - (rest[:, taken] < 0.0).sum(axis=1)
        norm = float((slope * slope).sum())
        is_late = time.monotonic() - began > time_limit_s
        if upper - lower <= slack or norm == 0.0 or scale < _LEAST_STEP or is_late:
            break
        price = price + scale * (upper - bound) / norm * slope
    return Sieve(tuple(int(k) for k in np.sort(chosen)), upper, min(lower, upper), is_open)


def greedy(cost: FloatArray, posts: int) -> npt.NDArray[np.int64]:
    """Take the column that lowers the sum most, again and again; of equal ones the first."""
    near = np.full(len(cost), np.inf)
    chosen: list[int] = []
    for _ in range(posts):
        sums = np.minimum(near[:, None], cost).sum(axis=0)
        sums[chosen] = np.inf
        best = int(np.flatnonzero(sums <= sums.min() * (1.0 + _EQUAL))[0])
        chosen.append(best)
        near = np.minimum(near, cost[:, best])
    return np.array(chosen, dtype=np.int64)


def _swapped(
    cost: FloatArray, chosen: npt.NDArray[np.int64], until: float
) -> npt.NDArray[np.int64]:
    """Exchange one site for another while that helps (Teitz and Bart 1968)."""
    best = float(cost[:, chosen].min(axis=1).sum())
    is_better = True
    while is_better and time.monotonic() < until:
        is_better = False
        for place in range(len(chosen)):
            others = np.delete(chosen, place)
            near = cost[:, others].min(axis=1, initial=np.inf)
            sums = np.minimum(near[:, None], cost).sum(axis=0)
            sums[others] = np.inf
            site = int(sums.argmin())
            if sums[site] < best * (1.0 - _SAME):
                best, is_better = float(sums[site]), True
                chosen = np.append(others, site)
    return np.sort(chosen)


def every_choice(cost: FloatArray, posts: int) -> tuple[int, ...]:
    """Try all choices; of equally good ones take the least sum of columns, then the first."""
    step = max(1, _CELLS_AT_A_TIME // (max(1, len(cost)) * posts))
    choices = combinations(range(cost.shape[1]), posts)
    best, kept = np.inf, np.empty((0, posts), dtype=np.int64)
    while block := list(islice(choices, step)):
        tried = np.array(block, dtype=np.int64)
        sums = cost[:, tried].min(axis=2).sum(axis=0)
        if sums.min() < best * (1.0 - _SAME):
            kept = kept[:0]
        best = min(best, float(sums.min()))
        kept = np.vstack([kept, tried[sums <= best * (1.0 + _SAME)]])
    chosen = kept[kept.sum(axis=1).argmin()]
    return tuple(int(k) for k in chosen)
