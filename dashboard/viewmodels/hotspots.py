"""Turn a visitor's choice into a hotspot question, and its answer into what a page shows.

Used by `dashboard.cache.hotspots` and the hotspot screen.
Knows nothing of languages: codes and values only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import shapely

from dashboard.viewmodels.hotspots_wanted import LATTICES
from dashboard.viewmodels.overview import Span
from data.analysis.hotspots import Channel, HotspotQuestion, Units
from geo.hotspots import CellClass, HotspotOptions, Method

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon

    from dashboard.viewmodels.hotspots_wanted import HotspotChoice
    from dashboard.viewmodels.town import Town
    from data.analysis.hotspots import HotspotAnswer, HotspotGround

MOST_DRAWN: Final = 3_000
"""More cells than this are not drawn: those that rank highest are."""
MOST_LISTED: Final = 200
CLASSED: Final = frozenset({
    Method.GISTAR, Method.GI, Method.MORAN, Method.CHANGE, Method.EMERGING, Method.RISK,
})  # fmt: skip
BASED: Final = frozenset({Method.RATE, Method.RISK})
UNTESTED: Final = "untested"
_WHOLE: Final = frozenset({Method.COUNT, Method.NEAR_REPEAT})
_SMOOTH: Final = frozenset({Method.KDE, Method.NEAR_REPEAT})
_SLICE_DAYS: Final = (1.0, 28.0)
_SLICES: Final = 12


def question_of(
    choice: HotspotChoice,
    place: tuple[str, tuple[str, ...]],
    span: Span,
    ground: HotspotGround,
    grids_of: str = "today",
) -> HotspotQuestion:
    """Put a choice as a question.

    Parameters
    ----------
    place
        Key of the area (empty: all) and kinds.
    span
        Period; open for all records.
    grids_of
        Which grids are the units, and the outer border of squares and hexagons.
    ground
        Says when the records begin and end, where a method needs bounds.

    Notes
    -----
    Rates and risks are of places with residents: squares and hexagons become grids. A change is
    that of the period against one of the same length before it (all records: their later half
    against the earlier). Slices of emerging classes are a twelfth of the period, 1 to 28 days.
    """
    method = Method(choice.method)
    is_lattice = choice.units in LATTICES
    units = Units.GRIDS if method in BASED and is_lattice else Units(choice.units)
    has_width = choice.size_m > 0 and units in {Units.SQUARES, Units.HEXAGONS}
    asked = HotspotQuestion(
        since=span.since,
        until=span.until,
        kinds=place[1],
        hours=choice.hours,
        weekdays=frozenset(choice.weekdays),
        channel=Channel(choice.channel),
        method=method,
        units=units,
        cell_m=float(choice.size_m) if has_width else None,
        area=place[0],
        grids_of=grids_of,
    )
    if method is Method.CHANGE:
        return _against_before(asked, ground)
    if method is Method.EMERGING:
        return _in_slices(asked, ground)
    return asked


def _against_before(asked: HotspotQuestion, ground: HotspotGround) -> HotspotQuestion:
    since, until = asked.since, asked.until
    if since is None or until is None:
        bounds = records_span(ground)
        if bounds.since is None or bounds.until is None:
            return asked
        split = bounds.since + (bounds.until - bounds.since) / 2
        return replace(asked, since=bounds.since, until=bounds.until,
                       options=HotspotOptions(split_at=split))  # fmt: skip
    options = HotspotOptions(split_at=since)
    return replace(asked, since=since - (until - since), options=options)


def _in_slices(asked: HotspotQuestion, ground: HotspotGround) -> HotspotQuestion:
    bounds = records_span(ground)
    since, until = asked.since or bounds.since, asked.until or bounds.until
    if since is None or until is None:
        return asked
    days = (until - since) / timedelta(days=1)
    slice_days = min(max(float(int(days / _SLICES)), _SLICE_DAYS[0]), _SLICE_DAYS[1])
    return replace(asked, options=HotspotOptions(slice_days=slice_days))


def records_span(ground: HotspotGround) -> Span:
    """Give the first moment of any record and just past the last one."""
    times = ground.events.occurred_at
    if len(times) == 0 or np.isnat(times).all():
        return Span()
    first, last = np.fmin.reduce(times), np.fmax.reduce(times)
    return Span(_moment(first), _moment(last) + timedelta(seconds=1))


def _moment(at: np.datetime64) -> datetime:
    moment: datetime = pd.Timestamp(at).to_pydatetime().replace(tzinfo=UTC)
    return moment


@dataclass(frozen=True, eq=False)
class HotspotView:
    """An answer as a page shows it.

    Attributes
    ----------
    order
        Rows of the answer's frame, highest first.
    drawn
        Rows that the map draws, highest first.
    left_empty, left_low
        Cells without events that are not drawn, and others that are not.
    unit_names
        Name of the unit in which a drawn cell's middle lies; empty for places of their own name.
    """

    answer: HotspotAnswer
    order: NDArray[np.int64]
    drawn: NDArray[np.int64]
    left_empty: int
    left_low: int
    unit_names: dict[int, str]

    @property
    def method(self) -> Method:
        """What was asked."""
        return self.answer.question.method

    @property
    def is_classed(self) -> bool:
        """Whether the method gives each cell a class."""
        return self.method in CLASSED

    @property
    def least(self) -> int:
        """Fewer events than this are never called a hotspot."""
        return self.answer.question.options.min_events

    @cached_property
    def n(self) -> NDArray[np.int64]:
        """Events of each cell."""
        return self.answer.frame["n"].to_numpy(dtype=np.int64)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Id of each cell, as text."""
        return tuple(self.answer.frame["cell_id"].astype(str))

    @cached_property
    def own_names(self) -> tuple[str, ...]:
        """Name of each cell; empty for squares and hexagons."""
        return tuple(str(name or "") for name in self.answer.frame["name"])

    @cached_property
    def rank(self) -> tuple[int, ...]:
        """Rank of each cell, 1 is first."""
        return tuple(self.answer.frame["rank"].tolist())

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of each cell id."""
        return {code: row for row, code in enumerate(self.ids)}

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """What each cell is shaded by; NaN where it has no base. Density: events per km2."""
        frame = self.answer.frame
        if self.method is Method.KDE:
            return frame["kde"].to_numpy(dtype=np.float64) * 1e6
        if self.method is Method.RATE:
            return frame["rate"].to_numpy(dtype=np.float64)
        score = frame["score"].to_numpy(dtype=np.float64)
        return np.where(np.isfinite(score), score, np.nan)

    @cached_property
    def classes(self) -> NDArray[np.object_]:
        """Class code of each cell; where nothing was tested, `few_events` or `untested`."""
        given = self.answer.frame["class"].to_numpy(dtype=object)
        if self.is_classed:
            return given
        few = self.n < self.least
        word = np.where(few & (self.n > 0), CellClass.FEW_EVENTS.value, UNTESTED).astype(object)
        word[given == CellClass.NO_BASE.value] = CellClass.NO_BASE.value
        return word

    @property
    def is_whole(self) -> bool:
        """Whether what cells are ranked by is a whole number."""
        return self.method in _WHOLE

    @property
    def few_apart(self) -> bool:
        """Whether cells with too few events have a shade of their own."""
        return not self.is_classed and self.method not in _SMOOTH

    def shapes(self, rows: NDArray[np.int64]) -> list[Polygon | MultiPolygon]:
        """Outlines of some cells, EPSG:4326."""
        found = self.answer.cells.degrees(self.answer.ground)
        return list(found[rows])


def view_of(answer: HotspotAnswer, town: Town) -> HotspotView:
    """Order the cells, choose those that are drawn and name where they lie."""
    frame = answer.frame
    order = np.argsort(frame["rank"].to_numpy(), kind="stable").astype(np.int64)
    n = frame["n"].to_numpy(dtype=np.int64)
    word = frame["class"].to_numpy(dtype=object).astype(str)
    is_lattice = answer.question.units in {Units.SQUARES, Units.HEXAGONS}
    is_blank = (n == 0) & np.isin(word, [CellClass.NONE.value, CellClass.NO_BASE.value])
    if answer.question.method is Method.KDE:
        is_blank &= frame["kde"].to_numpy() <= 0
    kept = order[~is_blank[order]] if is_lattice else order
    drawn = kept[:MOST_DRAWN]
    return HotspotView(
        answer=answer,
        order=order,
        drawn=drawn,
        left_empty=len(order) - len(kept),
        left_low=len(kept) - len(drawn),
        unit_names=_unit_names(answer, town, drawn) if is_lattice else {},
    )


def _unit_names(answer: HotspotAnswer, town: Town, rows: NDArray[np.int64]) -> dict[int, str]:
    """Name the unit of each cell's inner point; of several, the one of the lowest code."""
    if town.is_empty or len(rows) == 0:
        return {}
    inside = shapely.point_on_surface(answer.cells.degrees(answer.ground)[rows])
    units = town.units.sort_index()
    tree = shapely.STRtree(units.geometry.to_numpy())
    cell, unit = tree.query(inside, predicate="intersects")
    first = np.full(len(rows), len(units), dtype=np.int64)
    np.minimum.at(first, cell, unit)
    names = units["name"].astype(str).to_numpy(dtype=object)
    found = np.flatnonzero(first < len(units))
    return {int(rows[k]): str(names[first[k]]) for k in found}
