"""Say what lies within reach of a post, what does not, and how many posts reach it.

Used by the coverage analysis. Knows nothing of stores and of what the points are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from geo.coverage.metres import (
    BoolArray,
    FloatArray,
    IntArray,
    point_coordinates,
    require_metres,
    require_reach,
    weights_of,
)
from geo.coverage.nearest import Nearest, nearest_post
from geo.errors import GeoError

WALKING_KMH: Final = 4.0
"""1,000 m in 15 minutes: the pedestrian circle of GB 50180-2018 (800-1,000 m in 15 minutes)."""
DRIVING_KMH: Final = 20.0
"""A patrol car in a town with its crossings: an assumption, not a measurement."""
_MOST_KMH: Final = 200.0
_M_PER_KM: Final = 1000.0
_MINUTES_PER_HOUR: Final = 60.0


@dataclass(frozen=True, slots=True)
class Reach:
    """What lies within a distance of a post.

    Attributes
    ----------
    is_within
        For each point; False for points without coordinates.
    located, within
        How many points have coordinates, and how many of them are within reach.
    unlocated
        Points without coordinates: in no share.
    weight_total, weight_within
        Sums of the weights of located points; counts where no weights are given.
    """

    is_within: BoolArray
    located: int
    within: int
    unlocated: int
    weight_total: float
    weight_within: float

    @property
    def share(self) -> float | None:
        """Weight within reach over all located weight; None where there is none."""
        return self.weight_within / self.weight_total if self.weight_total > 0 else None


def reach(
    points: gpd.GeoDataFrame,
    posts: gpd.GeoDataFrame,
    within_m: float,
    weights: npt.ArrayLike | None = None,
) -> Reach:
    """Say which points lie within a straight distance of any post, the distance included.

    Parameters
    ----------
    points
        Points (incidents, hazards, buildings) in a projected CRS in metres.
    posts
        Points in the same CRS with `post_code`.
    within_m
        Metres, 0 < d <= 1e6.
    weights
        One number for each point, such as its households; none counts points.

    Raises
    ------
    CrsError
        ``needs_metres``, ``crs_mismatch``.
    FrameError
        As `nearest_post`.
    GeoError
        ``bad_reach``, ``bad_weights``.

    Examples
    --------
    >>> reach(buildings, posts, 800.0, weights=buildings["households"]).share
    0.61
    """
    limit = require_reach(within_m)
    weighed = weights_of(weights, len(points))
    return reach_of(nearest_post(points, posts), limit, weighed, point_coordinates(points))


def reach_of(
    nearest: Nearest, within_m: float, weights: FloatArray, xy: FloatArray | None = None
) -> Reach:
    """Make the same of nearest posts that are known already.

    Parameters
    ----------
    xy
        The points, to tell those without coordinates from those without any post; none takes the
        former for none.
    """
    has_point = np.ones(len(weights), dtype=bool) if xy is None else np.isfinite(xy).all(axis=1)
    with np.errstate(invalid="ignore"):
        is_within: BoolArray = (nearest.distance_m <= within_m) & has_point
    return Reach(
        is_within=is_within,
        located=int(has_point.sum()),
        within=int(is_within.sum()),
        unlocated=int((~has_point).sum()),
        weight_total=float(weights[has_point].sum()),
        weight_within=float(weights[is_within].sum()),
    )


def overlap(
    points: gpd.GeoDataFrame, posts: gpd.GeoDataFrame, within_m: float
) -> npt.NDArray[np.int64]:
    """Count the posts within a straight distance of each point; 0 where it has no coordinates.

    Posts at one and the same place count each. Raises what `reach` raises.

    Examples
    --------
    >>> overlap(incidents, posts, 800.0).tolist()
    [2, 0, 1]
    """
    require_metres(points, posts)
    limit = require_reach(within_m)
    xy, places = point_coordinates(points), point_coordinates(posts)
    places = places[np.isfinite(places).all(axis=1)]
    counts = np.zeros(len(xy), dtype=np.int64)
    known = np.isfinite(xy).all(axis=1)
    if len(places) and known.any():
        found = cKDTree(places).query_ball_point(xy[known], limit, return_length=True)
        counts[known] = found
    return counts


def beyond_by_unit(
    unit: IntArray, weights: FloatArray, is_within: BoolArray, units: int
) -> FloatArray:
    """Add up the weight beyond reach in each unit; `unit` is a row, negative for none."""
    counted = ~is_within & (unit >= 0)
    return np.bincount(unit[counted], weights=weights[counted], minlength=units).astype(np.float64)


def gaps(codes: Sequence[str], beyond: Mapping[str, FloatArray]) -> pd.DataFrame:
    """Rank units by what lies in them beyond reach.

    Parameters
    ----------
    codes
        Codes of the units.
    beyond
        For each kind of thing, most important first, how much of it lies beyond reach in each
        unit: incidents, hazards, households, square metres.

    Returns
    -------
    DataFrame
        `rank` (1 = the widest gap), `code`, and a column for each kind; units with nothing beyond
        reach are left out. Ordered by the first kind, then by the next, then by code.

    Examples
    --------
    >>> gaps(["G1", "G2"], {"incidents": np.array([3.0, 9.0])})["code"].tolist()
    ['G2', 'G1']
    """
    table = pd.DataFrame({"code": pd.Series(list(codes), dtype=object), **beyond})
    names = list(beyond)
    table = table[(table[names] > 0).any(axis=1)] if names else table.iloc[:0]
    order = [*names, "code"]
    table = table.sort_values(order, ascending=[*(False for _ in names), True], kind="stable")
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table.reset_index(drop=True)


def within_minutes(minutes: float, speed_kmh: float = WALKING_KMH) -> float:
    """Turn minutes at a steady speed into metres.

    Parameters
    ----------
    speed_kmh
        Kilometres an hour; `WALKING_KMH` or `DRIVING_KMH` or what was measured on the spot.

    Raises
    ------
    GeoError
        ``bad_speed`` (fields `got`, `most_kmh`), ``bad_reach``.

    Examples
    --------
    >>> within_minutes(15.0)
    1000.0
    """
    if not 0.0 < speed_kmh <= _MOST_KMH:
        raise GeoError("bad_speed", got=f"{speed_kmh:g}", most_kmh=f"{_MOST_KMH:g}")
    return require_reach(minutes * speed_kmh * _M_PER_KM / _MINUTES_PER_HOUR)
