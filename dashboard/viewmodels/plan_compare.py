"""Put two divisions side by side: what differs, balances, workload, distances, who is affected.

Used by `dashboard.cache.plan_views`. Knows nothing of languages and of which plan is the better:
there is no total score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from data.analysis.plan_counts import PlanCounts
from data.analysis.plan_figures import plan_figures, read_ground

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import geopandas as gpd
    from sqlalchemy.orm import Session

    from data.analysis.impact import Impact
    from data.analysis.plan_figures import PlanFigures
    from data.analysis.plan_points import PlanPoints
    from data.viewer import Viewer

MEASURES: Final = (
    "load_minutes", "households", "residents", "incidents_year", "hazards_open", "disputes_open",
    "harm", "longest_m", "polsby_popper", "reock",
)  # fmt: skip
"""What both maps can be shaded by, and whose spread is told."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How one measure lies on the grids; None where nothing is known."""

    least: float | None
    median: float | None
    most: float | None
    mean: float | None


@dataclass(frozen=True, eq=False)
class Side:
    """One division.

    Attributes
    ----------
    name
        Of the plan; empty for the grids that hold.
    grids
        EPSG:4326, `grid_code`, `name`, `parent_code`, counts.
    """

    name: str
    grids: gpd.GeoDataFrame
    figures: PlanFigures

    def spread(self, measure: str) -> Spread:
        """Tell how a measure of `MEASURES` lies on the grids."""
        values = self.values(measure)
        known = values[np.isfinite(values)]
        if not len(known):
            return Spread(None, None, None, None)
        least, median, most = (float(v) for v in np.quantile(known, (0.0, 0.5, 1.0)))
        return Spread(least, median, most, float(known.mean()))

    def values(self, measure: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Give a measure in the order of the grids; NaN where unknown."""
        return np.asarray(self.figures.columns[measure], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two divisions.

    Attributes
    ----------
    ground
        Pieces that come from a grid of the first to another one of the second.
    impact
        What changes hands if the second takes the place of the first.
    """

    sides: tuple[Side, Side]
    ground: gpd.GeoDataFrame
    impact: Impact


def figures_of(
    session: Session,
    viewer: Viewer,
    grids: gpd.GeoDataFrame,
    points: Mapping[str, PlanPoints],
    day: date,
) -> PlanFigures:
    """Work out the figures of any grids.

    Parameters
    ----------
    points
        As `data.analysis.plan_points.read_points` gives them.
    day
        Of the posts.
    """
    with_counts = _with_people(grids)
    ground = read_ground(session, viewer, with_counts, as_of=day)
    return plan_figures(with_counts, PlanCounts(with_counts, points), ground)


def _with_people(grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give grids that have a shape, by code, in an order that does not depend on the caller."""
    has_shape = ~(grids.geometry.isna() | grids.geometry.is_empty)
    return grids[has_shape].sort_values("grid_code").reset_index(drop=True)
