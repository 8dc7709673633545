"""Test whether two kinds of events lie closer together than chance would put them.

Used by the panel of hazards and incidents.
Knows nothing of cells and times.

Source: the bivariate count of pairs within a distance (cross K) under random labelling (Lotwick and
Silverman 1982; Diggle 2003): all places stay where they are and only the labels are dealt anew, so
that streets and built-up ground, which both kinds share, explain nothing.
"""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from geo.errors import FrameError
from geo.hotspots.checks import require_events, require_order
from geo.hotspots.result import Report

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_BLOCK: Final = 4_000_000
_MOST_PAIRS: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Colocation:
    """Pairs of the two kinds by distance.

    Attributes
    ----------
    bands
        One row for each distance: `within_m`, `observed` (pairs of one of each kind no further
        apart), `expected` (random labelling, exact mean), `ratio`, `low`, `high` (middle 95 % of
        the permuted ratios), `p` (two-sided, permutations).
    report
        `n_a`, `n_b`, `permutations`, `seed`, `pairs`.
    """

    bands: pd.DataFrame
    report: Report


def colocation(
    a: gpd.GeoDataFrame,
    b: gpd.GeoDataFrame,
    within_m: tuple[float, ...] = (50.0, 100.0, 200.0, 400.0),
    *,
    permutations: int = 999,
    seed: int = 0,
) -> Colocation:
    """Count pairs of one `a` and one `b` within each distance, against random labels.

    Parameters
    ----------
    a, b
        Points in the same CRS in metres, such as hazards and incidents.
    within_m
        Distances, increasing, inclusive.
    permutations, seed
        Of the labels; at least one.

    Raises
    ------
    FrameError
        ``no_events``, ``bad_bands``, ``too_many_pairs``, ``permutations_needed``.
    CrsError
        ``no_crs``, ``not_in_metres``, ``crs_mismatch``.
    """
    require_events(a)
    require_events(b, a.crs)
    require_order("within_m", within_m)
    if permutations < 1:
        raise FrameError("permutations_needed", permutations=permutations)
    xy = np.concatenate([shapely.get_coordinates(part.geometry.to_numpy()) for part in (a, b)])
    is_a = np.arange(len(xy)) < len(a)
    order = np.lexsort((is_a, xy[:, 1], xy[:, 0]))
    xy, is_a = xy[order], is_a[order]
    first, second, edges = _close(xy, within_m)
    observed = _mixed(is_a[:, None], first, second, edges)[:, 0]
    rng = np.random.default_rng(seed)
    drawn = np.concatenate(
        [
            _mixed(
                np.stack([rng.permutation(is_a) for _ in range(min(32, permutations - k))], axis=1),
                first,
                second,
                edges,
            )
            for k in range(0, permutations, 32)
        ],
        axis=1,
    )
    n = len(xy)
    share = 2.0 * len(a) * len(b) / (n * (n - 1))
    expected = np.asarray(edges[1:] * share, dtype=np.float64)
    return Colocation(
        _table(within_m, observed, drawn, expected),
        {
            "n_a": len(a),
            "n_b": len(b),
            "permutations": permutations,
            "seed": seed,
            "pairs": len(first),
        },
    )


def _close(xy: FloatArray, within_m: tuple[float, ...]) -> tuple[IntArray, IntArray, IntArray]:
    tree = cKDTree(xy)
    count = (int(tree.count_neighbors(tree, within_m[-1])) - len(xy)) // 2
    if count > _MOST_PAIRS:
        raise FrameError("too_many_pairs", pairs=count, limit=_MOST_PAIRS, near_m=within_m[-1])
    pairs = tree.query_pairs(within_m[-1], output_type="ndarray")
    away = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    order = np.argsort(away, kind="stable")
    stops = np.searchsorted(away[order], np.asarray(within_m), side="right")
    stops[-1] = len(pairs)
    return pairs[order, 0], pairs[order, 1], np.concatenate([[0], stops])


def _mixed(
    labels: npt.NDArray[np.bool_], first: IntArray, second: IntArray, edges: IntArray
) -> IntArray:
    """Count pairs of unlike labels within each distance; shape (distances, columns)."""
    columns = labels.shape[1]
    bands = np.zeros((len(edges) - 1, columns), dtype=np.int64)
    step = max(1, _BLOCK // columns)
    for k, (low, high) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        for start in range(low, high, step):
            part = slice(start, min(high, start + step))
            bands[k] += np.count_nonzero(labels[first[part]] ^ labels[second[part]], axis=0)
    return np.cumsum(bands, axis=0)


def _table(
    within_m: tuple[float, ...], observed: IntArray, drawn: IntArray, expected: FloatArray
) -> pd.DataFrame:
    some = np.where(expected > 0, expected, np.nan)
    high = (drawn >= observed[:, None]).sum(axis=1)
    low = (drawn <= observed[:, None]).sum(axis=1)
    p = np.minimum(1.0, 2.0 * (1.0 + np.minimum(high, low)) / (1.0 + drawn.shape[1]))
    ends = np.quantile(drawn, (0.025, 0.975), axis=1) / some
    return pd.DataFrame(
        {
            "within_m": within_m,
            "observed": observed,
            "expected": expected,
            "ratio": observed / some,
            "low": ends[0],
            "high": ends[1],
            "p": np.where(np.isfinite(some), p, np.nan),
        }
    )
