"""Choose where posts should stand: those that cover most, or those that are nearest.

Used by the coverage analysis and `gridbeat site`. Knows nothing of stores. Both questions are
solved exactly as integer programmes (`geo.coverage.programmes`, HiGHS); the greedy choice is made
only when it is asked for, and every answer says which it is.
"""

import time
from dataclasses import dataclass
from math import comb
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from geo.coverage.lagrange import MOST_TRIALS, Sieve, every_choice, greedy, sieve
from geo.coverage.metres import (
    FloatArray,
    IntArray,
    codes_of,
    point_coordinates,
    require_metres,
    require_reach,
    weights_of,
)
from geo.coverage.programmes import Answer, best_cover, best_median
from geo.errors import FrameError, GeoError

Objective = Literal["cover", "nearest"]
Solver = Literal["exact", "greedy"]

SITE_CODE: Final = "site_code"
WEIGHT: Final = "weight"
MOST_PAIRS: Final = 5_000_000
"""Pairs of demand and site that the exact p-median takes on."""
_TIME_LIMIT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Siting:
    """Where posts should stand.

    Attributes
    ----------
    chosen
        Codes of the chosen sites, sorted; existing posts are not among them.
    covered, total
        Weight within reach of a chosen site or existing post, and all weight with a place.
    mean_distance_m
        Weighted mean distance to the nearest chosen site or existing post; None where some demand
        reaches none, or there is none.
    method
        ``exact`` or ``greedy``.
    optimal
        Proven best (of the greedy choice: never claimed).
    gap
        How far the best possible value may lie away, as a share of the value; None for greedy.
    ties
        ``lowest_codes``: of equally good choices the one whose ranks of codes sum to least;
        ``first_found``: there was no time to look; ``greedy``: lowest code at each step.
    unlocated
        Weight of demand without a place.
    """

    chosen: tuple[str, ...]
    covered: float
    total: float
    mean_distance_m: float | None
    objective: Objective
    method: Solver
    optimal: bool
    gap: float | None
    ties: str
    unlocated: float

    @property
    def share(self) -> float | None:
        """Share of the weight that is covered; None where there is none."""
        return self.covered / self.total if self.total > 0 else None


def site_posts(  # noqa: PLR0913 - the options of a question, by name
    demand: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    posts: int,
    within_m: float,
    *,
    objective: Objective = "cover",
    solver: Solver = "exact",
    existing: gpd.GeoDataFrame | None = None,
    distances: FloatArray | None = None,
    time_limit_s: float = _TIME_LIMIT_S,
) -> Siting:
    """Choose `posts` of the sites.

    Parameters
    ----------
    demand
        Points in a projected CRS in metres, `weight` where they do not weigh 1 each. Rows without
        a point are left out and counted.
    sites
        Candidate points in the same CRS with `site_code`.
    posts
        How many to choose.
    within_m
        Metres within which demand is covered.
    objective
        ``cover``: most weight within the distance (maximal covering, MCLP). ``nearest``: least
        weighted sum of distances (p-median).
    solver
        ``exact`` or ``greedy``.
    existing
        Posts that stay, as points: what they cover is covered.
    distances
        Metres from every demand row to every site row, such as along streets; straight lines where
        none are given. With it neither needs a point, and `existing` must be left out.
    time_limit_s
        When to stop looking; what was found by then is given, not optimal, with its gap.

    Returns
    -------
    Siting

    Raises
    ------
    CrsError
        ``needs_metres``, ``crs_mismatch``.
    FrameError
        ``missing_columns``, ``missing_codes``, ``duplicate_codes``, ``wrong_geometry_type``,
        ``no_demand``, ``no_sites``, ``bad_matrix``.
    GeoError
        ``too_many_posts`` (fields `posts`, `sites`), ``bad_reach``, ``bad_weights``,
        ``siting_too_large``, ``siting_out_of_time``, ``unreachable_demand``.

    Examples
    --------
    >>> site_posts(demand, sites, 3, 800.0).chosen
    ('S-02', 'S-07', 'S-11')
    """
    limit = require_reach(within_m)
    task = _task(demand, sites, distances, existing)
    if not 1 <= posts <= len(task.codes):
        raise GeoError("too_many_posts", posts=posts, sites=len(task.codes))
    if objective == "cover":
        answer = _cover(task, posts, limit, solver, time_limit_s)
    else:
        answer = _median(task, posts, solver, time_limit_s)
    rows = np.array(sorted(answer.chosen), dtype=np.int64)
    near = task.distances(rows).min(axis=1, initial=np.inf)
    near = np.minimum(near, task.held)
    total = float(task.weight.sum())
    is_reached = bool(np.isfinite(near[task.weight > 0]).all()) and total > 0
    weighed = float((near[task.weight > 0] * task.weight[task.weight > 0]).sum())
    return Siting(
        chosen=tuple(str(code) for code in task.codes[rows]),
        covered=float(task.weight[near <= limit].sum()),
        total=total,
        mean_distance_m=weighed / total if is_reached else None,
        objective=objective,
        method=solver,
        optimal=answer.optimal,
        gap=answer.gap,
        ties=answer.ties,
        unlocated=task.unlocated,
    )


@dataclass(frozen=True, slots=True)
class _Task:
    """Demand and sites as arrays, sites in the order of their codes.

    Attributes
    ----------
    held
        Distance of each demand row to the nearest existing post; inf without any.
    matrix
        Distances given; none measures straight lines.
    """

    xy: FloatArray
    weight: FloatArray
    places: FloatArray
    codes: npt.NDArray[np.object_]
    held: FloatArray
    matrix: FloatArray | None
    unlocated: float

    def distances(self, sites: IntArray) -> FloatArray:
        """Give metres from every demand row to some sites."""
        if self.matrix is not None:
            return self.matrix[:, sites]
        found: FloatArray = cdist(self.xy, self.places[sites])
        return found


def _task(
    demand: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    distances: FloatArray | None,
    existing: gpd.GeoDataFrame | None,
) -> _Task:
    weight = weights_of(demand[WEIGHT] if WEIGHT in demand.columns else None, len(demand))
    codes = codes_of(sites, SITE_CODE, name="sites")
    order = np.argsort(codes.astype(str), kind="stable")
    if distances is not None:
        matrix = _checked(distances, (len(demand), len(sites)), existing)[:, order]
        nowhere = np.zeros((0, 2))
        held = np.full(len(demand), np.inf)
        return _known(_Task(nowhere, weight, nowhere, codes[order], held, matrix, 0.0))
    require_metres(demand, sites, *([] if existing is None else [existing]))
    xy, places = point_coordinates(demand), point_coordinates(sites)[order]
    stays = point_coordinates(existing) if existing is not None else np.empty((0, 2))
    stays = stays[np.isfinite(stays).all(axis=1)]
    known, usable = np.isfinite(xy).all(axis=1), np.isfinite(places).all(axis=1)
    held = np.full(int(known.sum()), np.inf)
    if len(stays) and known.any():
        held = np.asarray(cKDTree(stays).query(xy[known])[0], dtype=np.float64)
    lost = float(weight[~known].sum())
    chosen = codes[order][usable]
    return _known(_Task(xy[known], weight[known], places[usable], chosen, held, None, lost))


def _checked(
    distances: FloatArray, shape: tuple[int, int], existing: gpd.GeoDataFrame | None
) -> FloatArray:
    matrix = np.asarray(distances, dtype=np.float64)
    if matrix.shape != shape or existing is not None:
        raise FrameError(
            "bad_matrix", expected=f"{shape[0]} × {shape[1]}",
            got=" × ".join(str(n) for n in matrix.shape), bad=0,
        )  # fmt: skip
    bad = int((matrix < 0).sum())
    if bad:
        raise FrameError("bad_matrix", expected=">= 0", got="< 0", bad=bad)
    return np.where(np.isnan(matrix), np.inf, matrix)


def _known(task: _Task) -> _Task:
    if len(task.weight) == 0 or not task.weight.any():
        raise FrameError("no_demand", rows=len(task.weight))
    if len(task.codes) == 0:
        raise FrameError("no_sites", rows=0)
    return task


def _cover(task: _Task, posts: int, within_m: float, solver: Solver, time_limit_s: float) -> Answer:
    """Solve maximal covering on groups of demand that the same sites cover."""
    within = _within(task, within_m)
    open_rows = np.flatnonzero((task.held > within_m) & (task.weight > 0))
    within, weight = _grouped(within[open_rows], task.weight[open_rows])
    if solver == "greedy":
        return _greedy_cover(within, weight, posts)
    return best_cover(within, weight, posts, time_limit_s)


def _within(task: _Task, within_m: float) -> csr_array:
    """Say which sites cover which demand, as a sparse matrix of ones."""
    if task.matrix is not None:
        return csr_array((task.matrix <= within_m).astype(np.float64))
    found = cKDTree(task.xy).sparse_distance_matrix(
        cKDTree(task.places), within_m, output_type="ndarray"
    )
    ones = np.ones(len(found))
    return csr_array((ones, (found["i"], found["j"])), shape=(len(task.xy), len(task.places)))


def _grouped(within: csr_array, weight: FloatArray) -> tuple[csr_array, FloatArray]:
    """Add up rows that the same sites cover, and drop those that none does."""
    count = np.diff(within.indptr)
    draw = np.random.default_rng(20_260_101)  # two fixed 62-bit numbers for each site
    marks = draw.integers(0, 1 << 62, (within.shape[1], 2), dtype=np.int64)
    row = np.repeat(np.arange(within.shape[0]), count)
    sums = np.zeros((within.shape[0], 3), dtype=np.int64)
    np.add.at(sums[:, :2], row, marks[within.indices])  # wraps round, which is meant
    sums[:, 2] = count
    _, first, group = np.unique(sums, axis=0, return_index=True, return_inverse=True)
    total = np.bincount(group.reshape(-1), weights=weight, minlength=len(first))
    kept = count[first] > 0
    return within[first[kept]], np.asarray(total[kept], dtype=np.float64)


def _greedy_cover(within: csr_array, weight: FloatArray, posts: int) -> Answer:
    """Take the site that adds most, again and again; of equal ones the lowest code."""
    left = weight.copy()
    chosen: list[int] = []
    columns = within.tocsc()
    for _ in range(posts):
        gain = columns.T @ left
        gain[chosen] = -1.0
        best = int(np.flatnonzero(gain >= gain.max() * (1.0 - 1e-12))[0])
        chosen.append(best)
        left[columns.indices[columns.indptr[best] : columns.indptr[best + 1]]] = 0.0
    return Answer(tuple(chosen), optimal=False, gap=None, ties="greedy")


def _median(task: _Task, posts: int, solver: Solver, time_limit_s: float) -> Answer:
    """Solve the p-median on demand that weighs something, equal rows added up."""
    rows = np.flatnonzero(task.weight > 0)
    if solver == "exact" and len(rows) * len(task.codes) > MOST_PAIRS:
        raise GeoError("siting_too_large", demand=len(rows), sites=len(task.codes), most=MOST_PAIRS)
    ways = np.minimum(task.distances(np.arange(len(task.codes)))[rows], task.held[rows, None])
    cut_off = int((~np.isfinite(ways).all(axis=1)).sum())
    if cut_off:
        raise GeoError("unreachable_demand", count=cut_off, demand=len(rows))
    ways, group = np.unique(ways, axis=0, return_inverse=True)
    summed = np.bincount(group.reshape(-1), weights=task.weight[rows], minlength=len(ways))
    weight = np.asarray(summed, dtype=np.float64)
    if solver == "greedy":
        chosen = tuple(greedy(ways * weight[:, None], posts).tolist())
        return Answer(chosen, optimal=False, gap=None, ties="greedy")
    return _best_median(ways, weight, posts, time_limit_s)


def _best_median(ways: FloatArray, weight: FloatArray, posts: int, time_limit_s: float) -> Answer:
    """Rule out what no best choice holds, then solve the rest exactly."""
    began = time.monotonic()
    bound = sieve(ways, weight, posts, time_limit_s)
    columns = np.flatnonzero(bound.open)
    if len(columns) == posts:
        return Answer(bound.chosen, optimal=True, gap=0.0, ties="lowest_codes")
    if comb(len(columns), posts) * len(ways) <= MOST_TRIALS:
        few = every_choice(ways[:, columns] * weight[:, None], posts)
        chosen = tuple(int(columns[k]) for k in few)
        return Answer(chosen, optimal=True, gap=0.0, ties="lowest_codes")
    rest = time_limit_s - (time.monotonic() - began)
    return _finished(ways, weight, bound, rest)


def _finished(ways: FloatArray, weight: FloatArray, bound: Sieve, rest_s: float) -> Answer:
    """Solve what the sieve left; where time runs out give the better of what is known."""
    columns = np.flatnonzero(bound.open)
    slack = (bound.upper - bound.lower) / bound.upper if bound.upper > 0 else 0.0
    kept = Answer(bound.chosen, optimal=False, gap=slack, ties="first_found")
    if rest_s <= 0:
        return kept
    try:
        found = best_median(ways[:, columns], weight, len(bound.chosen), rest_s)
    except GeoError:  # no choice by the time limit: the bound's own is known to be this good
        return kept
    chosen = tuple(int(columns[k]) for k in found.chosen)
    reached = float((ways[:, list(chosen)].min(axis=1) * weight).sum())
    if found.optimal:
        return Answer(chosen, optimal=True, gap=0.0, ties=found.ties)
    if reached >= bound.upper:
        return kept
    slack = (reached - bound.lower) / reached if reached > 0 else 0.0
    return Answer(chosen, optimal=False, gap=slack, ties="first_found")
