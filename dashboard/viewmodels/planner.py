"""Put a plan's grids, counts and figures together, beside those it began with.

Used by `dashboard.cache.planner`, which keeps them by plan version, and by the planner's page.
Knows nothing of languages and of Streamlit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from data.analysis.plan_points import PlanPeriod, PlanQuestion
from geo.edits.values import (
    Lock,
    Merge,
    MoveOuter,
    MoveVertices,
    RedrawBorder,
    Renumber,
    Split,
    Transfer,
    from_json,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import geopandas as gpd
    from numpy.typing import NDArray

    from dashboard.viewmodels.overview import Span
    from data.analysis.plan_counts import PlanCounts
    from data.analysis.plan_figures import PlanFigures, PlanGround
    from data.analysis.plan_points import PlanPoints
    from data.planning.opening import OpenPlan
    from data.repositories.plans import AsideRecord, EditRecord, PlanRecord
    from geo.edits.values import Edit

PERIOD: Final = "period"
ALL_TIME: Final = "all"
COLOURED: Final[Mapping[str, str]] = {"incidents": f"incidents_{PERIOD}"}
"""Measures of the map whose column has another name."""
SAMPLE: Final = 3000
"""So many points at most are followed in the browser while dragging."""
TOLD: Final = (
    "households", "residents", "area_m2", "incidents", "hazards_open", "disputes_open",
    "load_minutes", "load_deviation", "households_off", "polsby_popper", "reock", "longest_m",
    "officers",
)  # fmt: skip
"""What the panel says of a grid, in order."""


def column_of(measure: str) -> str:
    """Name the column of `PlanFigures` that holds a measure of the page."""
    return COLOURED.get(measure, measure)


def question_of(span: Span, today: date, tz: str) -> PlanQuestion:
    """Ask for the incidents of a span, and for all of them."""
    asked = PlanPeriod(PERIOD, span.since, span.until)
    if not span.is_bounded:
        return PlanQuestion(today, (asked,), tz=tz)
    return PlanQuestion(today, (asked, PlanPeriod(ALL_TIME)), tz=tz)


@dataclass(frozen=True, eq=False)
class PlanState:
    """A plan at one version, with what it means.

    Attributes
    ----------
    frame
        Its grids as `EditTiling.frame` gives them, EPSG:4326.
    figures, start
        Figures of these grids, and of those that the plan began with.
    last
        The last edit in force; None at the beginning.
    """

    opened: OpenPlan
    frame: gpd.GeoDataFrame
    counts: PlanCounts
    ground: PlanGround
    figures: PlanFigures
    start: PlanFigures
    last: EditRecord | None

    @property
    def plan(self) -> PlanRecord:
        """The plan itself."""
        return self.opened.plan

    @property
    def names(self) -> Mapping[str, str]:
        """Code → name of its grids."""
        return self.opened.tiling.names

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Code → row of its figures."""
        return {str(code): row for row, code in enumerate(self.figures.codes)}

    @cached_property
    def start_row_of(self) -> dict[str, int]:
        """Code → row of the figures it began with."""
        return {str(code): row for row, code in enumerate(self.start.codes)}

    @property
    def touched(self) -> tuple[str, ...]:
        """Grids that the last edit touched and that are there."""
        return () if self.last is None else tuple(c for c in self.last.codes if c in self.row_of)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north (degrees) of the grids it began with: no edit moves the view."""
        west, south, east, north = shapely.total_bounds(self.opened.base.shapes).tolist()
        return west, south, east, north

    def values(self, measure: str) -> NDArray[np.float64]:
        """Give a measure of each grid; NaN unknown."""
        return np.asarray(self.figures.columns[column_of(measure)], dtype=np.float64)

    def change(self, measure: str, code: str) -> float:
        """Tell by how much a grid's measure differs from the start; NaN where it is new."""
        row = self.start_row_of.get(code)
        if row is None:
            return float("nan")
        before = float(self.start.columns[column_of(measure)][row])
        return float(self.values(measure)[self.row_of[code]]) - before


@dataclass(frozen=True, eq=False)
class Followed:
    """Points that the browser counts while dragging; each stands for `weight` of its layer."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    weights: NDArray[np.float64]


FOLLOWED: Final = ("incidents", "hazards_open", "disputes_open")


def followed(points: Mapping[str, PlanPoints], weighed: Mapping[str, str]) -> Followed:
    """Take a light, fixed sample of the points of a plan.

    Parameters
    ----------
    weighed
        Layer → the period that counts, in the order of `FOLLOWED`.
    """
    lon, lat, weights = [], [], []
    for column, (layer, period) in enumerate(weighed.items()):
        held = points[layer]
        rows = np.flatnonzero(held.periods[period].kind >= 0)
        step = max(1, -(-len(rows) // (SAMPLE // len(weighed) * (2 if column == 0 else 1))))
        # every n-th in the order of a fixed shuffle: rows of a file lie in order of time or place
        mixed = np.random.default_rng(0).permutation(rows)[::step]
        share = len(rows) / len(mixed) if len(mixed) else 0.0
        weight = np.zeros((len(mixed), len(weighed)))
        weight[:, column] = share
        lon.append(held.lon[mixed])
        lat.append(held.lat[mixed])
        weights.append(weight)
    return Followed(np.concatenate(lon), np.concatenate(lat), np.vstack(weights))


@dataclass(frozen=True)
class AsideSketch:
    """A drawing that was set aside: what kind, of which grids, and its lines in degrees."""

    kind: str
    codes: tuple[str, ...]
    lines: tuple[shapely.LineString, ...]


def sketch_of(aside: AsideRecord) -> AsideSketch:
    """Say what a kept drawing is and where it lies.

    Raises
    ------
    EditRefused
        ``edit_not_understood``.
    """
    edit = from_json(aside.edit)
    return AsideSketch(str(aside.edit.get("kind", "")), _codes_of(edit), _lines_of(edit))


def _codes_of(edit: Edit) -> tuple[str, ...]:
    if isinstance(edit, RedrawBorder):
        return (edit.a, edit.b)
    if isinstance(edit, Transfer):
        return (edit.giver, edit.taker)
    if isinstance(edit, Merge | Lock):
        return edit.codes
    if isinstance(edit, Renumber):
        return tuple(was for was, _ in edit.codes)
    code = getattr(edit, "code", "")
    return (code,) if code else ()


def _lines_of(edit: Edit) -> tuple[shapely.LineString, ...]:
    if isinstance(edit, MoveVertices):
        moved = [(was, goes) for was, goes in edit.moves if was != goes]
        bent = [(a, new, b) for a, b, new in edit.bends]
        return tuple(shapely.LineString(places) for places in (*moved, *bent))
    if isinstance(edit, Transfer):
        return tuple(shapely.LineString(ring) for rings in edit.piece for ring in rings)
    return _line(edit.line) if isinstance(edit, RedrawBorder | Split | MoveOuter) else ()


def _line(places: tuple[tuple[float, float], ...]) -> tuple[shapely.LineString, ...]:
    return (shapely.LineString(places),) if len(places) > 1 else ()


def halving_line(shape: shapely.Geometry, *, is_upright: bool) -> tuple[tuple[float, float], ...]:
    """Give a straight line through the middle of an area that halves it, for a split by form.

    Parameters
    ----------
    shape
        EPSG:4326.
    is_upright
        From north to south; else from west to east.
    """
    west, south, east, north = shapely.bounds(shape).tolist()
    low, high = (west, east) if is_upright else (south, north)
    start, whole = low, shapely.area(shape)
    for _ in range(40):  # to a fraction of a millimetre
        middle = (low + high) / 2
        kept = (
            shapely.box(start - 1, south - 1, middle, north + 1)
            if is_upright
            else shapely.box(west - 1, start - 1, east + 1, middle)
        )
        if shapely.area(shapely.intersection(shape, kept)) < whole / 2:
            low = middle
        else:
            high = middle
    beyond = 0.05 * max(east - west, north - south)
    if is_upright:
        return ((middle, north + beyond), (middle, south - beyond))
    return ((west - beyond, middle), (east + beyond, middle))
