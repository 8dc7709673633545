"""Name what an impact sheet (调整影响表) tells: a plan, its grids before and after, what changes.

Used by `dashboard.viewmodels.plan_impact`, which fills it, and by the PDF, the workbook and the
screen. Knows nothing of languages and of paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    import geopandas as gpd

    from data.analysis.crosswalk import Crosswalk
    from data.analysis.impact import Impact


@dataclass(frozen=True, eq=False)
class PlanImpact:
    """What a plan changes.

    Attributes
    ----------
    status
        Code of the plan's state.
    effective_on
        Day from which it holds; None before it is published.
    as_of
        Day of the posts and of what is open.
    before, after
        `grid_code`, `name`, `parent_code`, `households`, `residents`, geometry in EPSG:4326.
    ground
        Pieces of ground that come to another grid: `from_grid`, `to_grid` (empty: none), geometry.
    impact
        What changes hands, and what is to be settled.
    crosswalk
        Former against new grids, with incidents by period.
    made_at
        Aware moment.
    scenario
        Name of the built-in scenario whose records these are; empty for a store of one's own.
    """

    plan_id: int
    name: str
    status: str
    effective_on: date | None
    as_of: date
    before: gpd.GeoDataFrame
    after: gpd.GeoDataFrame
    ground: gpd.GeoDataFrame
    impact: Impact
    crosswalk: Crosswalk
    store: str
    scenario: str
    tz: str
    made_at: datetime
    printed_by: str
