"""Write maximal covering and the p-median as integer programmes and solve them with HiGHS.

Used by `geo.coverage.siting`. Knows nothing of places: sites are columns in the order of their
codes. Sources: Church and ReVelle 1974 (maximal covering); the p-median in the radius form of
Cornuejols, Nemhauser and Wolsey 1980, which needs one continuous variable for each distance instead
of one for each pair of demand and site being assigned.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import coo_array, csr_array, eye_array, hstack, vstack

from geo.errors import GeoError

FloatArray = npt.NDArray[np.float64]

_IS_SITE: Final = 0.5
_SAME: Final = 1e-9
_OPTIMAL: Final = 0
_LEAST_S, _MOST_S = 1.0, 10.0
"""How long to look among equally good choices."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns of the chosen sites, and what is known of how good they are (see `Siting`)."""

    chosen: tuple[int, ...]
    optimal: bool
    gap: float | None
    ties: str


@dataclass(frozen=True, slots=True)
class _Programme:
    """Minimise `cost` over `sites` whole variables and some continuous ones between 0 and 1."""

    cost: FloatArray
    sites: int
    rows: csr_array
    low: FloatArray
    high: FloatArray


def best_cover(within: csr_array, weight: FloatArray, posts: int, time_limit_s: float) -> Answer:
    """Choose the columns that cover most weight; `within` has a one where a site covers a row."""
    groups, sites = within.shape
    if groups == 0:  # nothing can be covered: any choice is best, the lowest codes are taken
        return Answer(tuple(range(posts)), optimal=True, gap=0.0, ties="lowest_codes")
    scale = float(weight.mean())
    reached = hstack([within, -eye_array(groups)])
    rows = vstack([reached, _sum_of(sites, groups)], format="csr")
    programme = _Programme(
        cost=np.concatenate([np.zeros(sites), -weight / scale]),
        sites=sites,
        rows=rows,
        low=np.append(np.zeros(groups), posts),
        high=np.append(np.full(groups, np.inf), posts),
    )
    columns = within.tocsc()

    def value(chosen: tuple[int, ...]) -> float:
        is_covered = columns[:, list(chosen)].sum(axis=1) > 0
        return -float(weight[is_covered].sum())

    return _solved(programme, posts, time_limit_s, value)


def best_median(ways: FloatArray, weight: FloatArray, posts: int, time_limit_s: float) -> Answer:
    """Choose the columns with the least weighted sum of distances; `ways` is rows by sites."""
    demands, sites = ways.shape
    levels = sites - posts + 1  # one of so many nearest sites is always among the chosen
    order = np.argsort(ways, axis=1, kind="stable")
    sorted_ways = np.take_along_axis(ways, order, axis=1)[:, :levels]
    is_new = np.ones((demands, levels), dtype=bool)
    is_new[:, 1:] = sorted_ways[:, 1:] > sorted_ways[:, :-1]
    level = (
        np.cumsum(is_new, axis=1)
        - 1
        + np.concatenate([[0], np.cumsum(is_new.sum(axis=1))[:-1]])[:, None]
    )
    count = int(is_new.sum())
    radius = sorted_ways[is_new]
    owner = np.repeat(np.arange(demands), is_new.sum(axis=1))
    is_last = np.append(owner[1:] != owner[:-1], True)
    step = np.where(is_last, 0.0, np.append(np.diff(radius), 0.0)) * weight[owner]
    scale = float(step.max(initial=0.0)) or 1.0
    sites_at = coo_array(
        (np.ones(level.size), (level.reshape(-1), order[:, :levels].reshape(-1))),
        shape=(count, sites),
    )
    first = np.append(True, owner[1:] != owner[:-1])
    later = np.flatnonzero(~first)
    before = coo_array((-np.ones(len(later)), (later, later - 1)), shape=(count, count))
    at_levels = hstack([sites_at, eye_array(count) + before])
    rows = vstack([at_levels, _sum_of(sites, count)], format="csr")
    programme = _Programme(
        cost=np.concatenate([np.zeros(sites), step / scale]),
        sites=sites,
        rows=rows,
        low=np.append(first.astype(np.float64), posts),
        high=np.append(np.full(count, np.inf), posts),
    )

    def value(chosen: tuple[int, ...]) -> float:
        return float((ways[:, list(chosen)].min(axis=1) * weight).sum())

    return _solved(programme, posts, time_limit_s, value)


def _sum_of(sites: int, others: int) -> csr_array:
    """Give the row that counts the chosen sites."""
    ones = (np.ones(sites), (np.zeros(sites, dtype=np.int64), np.arange(sites)))
    return coo_array(ones, shape=(1, sites + others)).tocsr()


def _solved(
    programme: _Programme,
    posts: int,
    time_limit_s: float,
    value: Callable[[tuple[int, ...]], float],
) -> Answer:
    """Solve, then look among equally good choices for the lowest codes while there is time."""
    began = time.monotonic()
    found = _run(programme, time_limit_s)
    if found.x is None:
        raise GeoError("siting_out_of_time", seconds=f"{time_limit_s:g}", sites=programme.sites)
    chosen = _chosen(found, programme.sites)
    optimal = found.status == _OPTIMAL
    gap = 0.0 if optimal else float(found.mip_gap)
    if not optimal or len(chosen) != posts:
        return Answer(chosen, optimal=optimal, gap=gap, ties="first_found")
    spent = time.monotonic() - began
    rest = min(time_limit_s - spent, max(_LEAST_S, min(_MOST_S, spent)))
    lower = _run(_lowest_of(programme, float(found.fun)), rest) if rest > 0 else None
    if lower is None or lower.status != _OPTIMAL:
        return Answer(chosen, optimal=True, gap=gap, ties="first_found")
    lowest = _chosen(lower, programme.sites)
    if len(lowest) != posts or value(lowest) > value(chosen) + _SAME * abs(value(chosen)):
        return Answer(chosen, optimal=True, gap=gap, ties="first_found")
    return Answer(lowest, optimal=True, gap=gap, ties="lowest_codes")


def _lowest_of(programme: _Programme, best: float) -> _Programme:
    """Ask for the least sum of ranks among choices as good as the best one."""
    cost = np.zeros(len(programme.cost))
    cost[: programme.sites] = np.arange(1, programme.sites + 1)
    as_good = coo_array(programme.cost.reshape(1, -1)).tocsr()
    slack = _SAME * max(1.0, abs(best))
    return _Programme(
        cost=cost,
        sites=programme.sites,
        rows=vstack([programme.rows, as_good], format="csr"),
        low=np.append(programme.low, -np.inf),
        high=np.append(programme.high, best + slack),
    )


def _run(programme: _Programme, time_limit_s: float) -> OptimizeResult:
    whole = np.zeros(len(programme.cost), dtype=np.int64)
    whole[: programme.sites] = 1
    limits = LinearConstraint(programme.rows, programme.low, programme.high)
    return milp(
        programme.cost,
        integrality=whole,
        bounds=Bounds(0.0, 1.0),
        constraints=limits,
        options={"time_limit": time_limit_s, "mip_rel_gap": 0.0},
    )


def _chosen(found: OptimizeResult, sites: int) -> tuple[int, ...]:
    return tuple(int(k) for k in np.flatnonzero(found.x[:sites] > _IS_SITE))
