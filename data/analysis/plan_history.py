"""Restate the past: counts and rates by period on the grids valid then, a day's, or a plan's.

Used by the planner's screen, exports and commands. Knows nothing of sentences.

A period and the same span a year before are always counted on the same grids, so that their
difference is in what happened and not in where the borders ran; only on the grids valid when each
thing happened may the two differ, and that is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from data.analysis.plan_figures import people_of
from data.analysis.plan_pieces import carried, share_out
from data.analysis.plan_points import PlanPeriod
from data.counting import (
    AS_OF_EVENT,
    AS_OF_TODAY,
    Counts,
    EventFilter,
    Placed,
    count_by,
    place_events,
    place_on_grids,
)
from data.frames import grids_frame
from data.repositories.places import boundary_dates
from data.viewer import Viewer
from data.vocabulary import EventLayer, PlaceLevel
from geo.overlay import pieces_of

AS_OF_PLAN: Final = "plan"
PEOPLE: Final = ("households", "residents")


@dataclass(frozen=True)
class HistoryQuestion:
    """What is counted.

    Parameters
    ----------
    today
        Day that ``today`` means.
    layer, kinds, channel_groups
        Which events; empty means all.
    periods
        Half-open spans; those bounded on both sides are compared with the year before.
    """

    today: date
    layer: EventLayer = EventLayer.INCIDENTS
    periods: tuple[PlanPeriod, ...] = (PlanPeriod("all"),)
    kinds: tuple[str, ...] = ()
    channel_groups: tuple[str, ...] = ()
    tz: str = "Asia/Shanghai"

    def filter_of(self, since: datetime | None, until: datetime | None) -> EventFilter:
        """Give the filter of a span."""
        return EventFilter(since, until, self.kinds, self.channel_groups, tz=self.tz)


@dataclass(frozen=True)
class Restated:
    """One period on one set of grids.

    Attributes
    ----------
    now, year_before
        Counts: units + outside + unlocated = total. `year_before` is None for open periods.
    is_like_for_like
        Whether both stand on the same grids.
    estimated
        Codes of grids whose people, and so whose rates, were shared out and not counted.
    """

    period: PlanPeriod
    now: Counts
    year_before: Counts | None
    is_like_for_like: bool
    estimated: frozenset[str]

    def table(self) -> pd.DataFrame:
        """Give one row for each grid: `n`, `residents`, `rate`, `before`, `change`, ….

        `rate` is per 1,000 residents, `change` is n over `before` less 1; <NA> without a base.
        """
        rows = pd.DataFrame(
            {
                "grid_code": [unit.code for unit in self.now.units],
                "name": [unit.name for unit in self.now.units],
                "n": [unit.n for unit in self.now.units],
                "residents": pd.array([unit.base for unit in self.now.units], dtype="Int64"),
                "rate": pd.array([unit.rate for unit in self.now.units], dtype="Float64"),
                "is_estimated": [unit.code in self.estimated for unit in self.now.units],
            }
        )
        if self.year_before is not None:
            before = {unit.code: unit.n for unit in self.year_before.units}
            rows["before"] = [before.get(code, 0) for code in rows["grid_code"]]
            base = rows["before"].astype("Float64").where(rows["before"] > 0)
            rows["change"] = rows["n"] / base - 1.0
        return rows


def restated(
    session: Session,
    viewer: Viewer,
    question: HistoryQuestion,
    on: str | gpd.GeoDataFrame = AS_OF_TODAY,
    placed: Placed | None = None,
) -> tuple[Restated, ...]:
    """Count every period of the past on one set of grids.

    Parameters
    ----------
    on
        ``event``: the grids valid on each event's day; ``today`` or an ISO date: a day's; or any
        frame of grids: `grid_code`, `name`, `residents`, geometry in EPSG:4326.
    placed
        The layer as `place_events` gives it on today's grids, where it is there already.

    Notes
    -----
    Residents that a frame does not state are carried over from today's grids by `carry_people`.
    """
    as_of = on if isinstance(on, str) else AS_OF_TODAY
    found = placed
    if found is None or (isinstance(on, str) and found.as_of != on):
        found = place_events(
            session, viewer, question.layer, today=question.today, as_of=as_of, tz=question.tz
        )
    estimated: frozenset[str] = frozenset()
    if not isinstance(on, str):
        grids = carry_people(grids_frame(session, viewer, as_of=question.today), on)
        found = place_on_grids(found.events, grids, AS_OF_PLAN)
        marks = grids["estimated"].astype(str).str.contains("residents")
        estimated = frozenset(grids.index[marks.to_numpy(dtype=bool)].astype(str))
    days = frozenset(boundary_dates(session, level=PlaceLevel.GRID.value))
    return tuple(_restated(found, question, period, estimated, days) for period in question.periods)


def carry_people(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Fill in the households and residents that new grids do not state, from the old grids.

    Returns
    -------
    GeoDataFrame
        The new grids with their code as index, `households`, `residents` (Int64) and `estimated`:
        measures, divided by spaces, that were shared out. What the old grids held is in the new
        ones to the last unit where these cover the same ground and state nothing themselves.
    """
    made = new.copy()
    made.index = pd.Index(made["grid_code"].to_numpy(dtype=object), dtype=object)
    told = made["estimated"] if "estimated" in made.columns else pd.Series("", index=made.index)
    marks = [set(str(each).split()) for each in told]
    pieces = None
    for name in PEOPLE:
        told_n = people_of(made, name)
        filled = np.isnan(told_n)
        n, is_blank = np.nan_to_num(told_n).astype(np.int64), filled
        if filled.any():
            pieces = pieces or pieces_of(old, new)
            shared = share_out(pieces, people_of(old, name))
            values, cut, _ = carried(pieces, shared, len(made))
            n = np.where(filled, values.to_numpy(dtype=np.int64, na_value=0), n)
            is_blank = filled & np.asarray(values.isna())
            for row in np.flatnonzero(filled & cut):
                marks[row].add(name)
        made[name] = pd.arrays.IntegerArray(n, is_blank)
    made["estimated"] = [" ".join(sorted(each)) for each in marks]
    return gpd.GeoDataFrame(made)


def _restated(
    placed: Placed,
    question: HistoryQuestion,
    period: PlanPeriod,
    estimated: frozenset[str],
    days: frozenset[date],
) -> Restated:
    now = count_by(
        placed, PlaceLevel.GRID, placed.grids, question.filter_of(period.since, period.until)
    )
    if period.since is None or period.until is None:
        return Restated(period, now, None, True, estimated)
    since, until = (_year_back(at, question.tz) for at in (period.since, period.until))
    before = count_by(placed, PlaceLevel.GRID, placed.grids, question.filter_of(since, until))
    ends = (since, period.until - timedelta(microseconds=1))
    first, last = (at.astimezone(ZoneInfo(question.tz)).date() for at in ends)
    is_same = placed.as_of != AS_OF_EVENT or not any(first < day <= last for day in days)
    return Restated(period, now, before, is_same, estimated)


def _year_back(moment: datetime, tz: str) -> datetime:
    """Move a moment one year back on the local calendar; 29 February becomes 1 March."""
    local = moment.astimezone(ZoneInfo(tz))
    try:
        return local.replace(year=local.year - 1)
    except ValueError:
        return local.replace(year=local.year - 1, month=3, day=1)


def totals_of(found: tuple[Restated, ...]) -> Mapping[str, int]:
    """Give the total of each period: the same on whichever grids it is counted."""
    return {each.period.name: each.now.total for each in found}
