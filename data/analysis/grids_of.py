"""Turn "on which grids" into one whole set of grids, and put the past on it: the only place.

Used by the commands and by `dashboard.cache`; figures, exports and hotspots are handed what comes
out. Knows nothing of sentences.

People of a grid that a plan cuts are shared out so that the parts add up to what was counted, and
are marked as estimated. Events are never shared out: each lies in one grid, outside or nowhere.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from data.analysis.plan_counting import whole_grids
from data.analysis.plan_history import carry_people
from data.counting import (
    AS_OF_TODAY,
    Counts,
    EventFilter,
    Placed,
    count_by,
    place_events,
    units_frame,
)
from data.counting import count as count_held
from data.errors import ConfigError, RecordNotFound
from data.frames import grids_frame
from data.grids_of import ChosenGrids, GridsOf
from data.planning.states import tiling_of
from data.repositories.events import EventArrays
from data.repositories.places import boundary_dates
from data.repositories.plan_bases import base_grids
from data.repositories.plans import find_plan
from data.viewer import Viewer
from data.vocabulary import EventLayer, GridKind, PlaceLevel
from geo.measure import area_m2
from geo.overlay import pieces_of

_LEAST_SHARE = 1e-6
"""A former grid of which less than this share lies in a new one is not named there."""


def chosen_grids(session: Session, viewer: Viewer, of: GridsOf, *, today: date) -> ChosenGrids:
    """Give one whole set of grids with their people.

    Parameters
    ----------
    today
        Day of the grids around a plan's scope, and of those whose people are shared out.

    Raises
    ------
    ConfigError
        `grids_valid_then_are_many`: asked for those valid when each event happened.
    RecordNotFound
        `no_such_plan`.
    AccessRefused
        `level_too_low`: a plan's grids stay inside the house.
    """
    if of.is_event:
        raise ConfigError("grids_valid_then_are_many")
    if of.plan_id is None:
        return ChosenGrids(of, grids_frame(session, viewer, as_of=of.day(today)))
    plan = find_plan(session, viewer, of.plan_id)
    grids = whole_grids(session, viewer, plan.id, as_of=today)
    made = carry_people(grids_frame(session, viewer, as_of=today), grids)
    made["kind"] = GridKind.BASE.value
    made["area_m2"] = _areas(made)
    made["former_codes"] = _former_codes(session, plan.former_id, made)
    return ChosenGrids(of, gpd.GeoDataFrame(made), plan.id, plan.name, plan.version)


def grids_valid_in(
    session: Session,
    span: tuple[datetime | None, datetime | None],
    *,
    today: date,
    tz: str,
) -> GridsOf:
    """Name the grids that held all through a span, for what needs a single set of grids.

    Parameters
    ----------
    span
        Aware moments, half-open; an open end runs to today, an open beginning is from ever.

    Raises
    ------
    ConfigError
        `grids_changed_within` (`changed_on`): other grids held before and after that day.
    """
    since, until = span
    last = today if until is None else _local_day(until - timedelta(microseconds=1), tz)
    days = [day for day in boundary_dates(session, level=PlaceLevel.GRID.value) if day <= last]
    first = None if since is None else _local_day(since, tz)
    within = [day for day in days if first is None or day > first]
    if within:
        raise ConfigError("grids_changed_within", changed_on=max(within))
    return GridsOf(last.isoformat())


def place_on(  # noqa: PLR0913 - the parts of a question, by name
    session: Session,
    viewer: Viewer,
    layer: EventLayer,
    chosen: ChosenGrids,
    *,
    today: date,
    tz: str,
    events: EventArrays | None = None,
) -> Placed:
    """Put a layer on chosen grids.

    Parameters
    ----------
    events
        What `event_arrays` gives for the layer, where it was read already.
    """
    return place_events(
        session, viewer, layer, today=today, as_of=chosen.as_of, tz=tz, grids=chosen.frame,
        events=events,
    )  # fmt: skip


def count_on(  # noqa: PLR0913 - the options of the command, by name
    session: Session,
    viewer: Viewer,
    layer: EventLayer,
    of: GridsOf,
    *,
    level: PlaceLevel,
    wanted: EventFilter,
    today: date,
    tz: str = "Asia/Shanghai",
) -> tuple[Counts, frozenset[str]]:
    """Count a layer per unit of a level on any grids; give the units with estimated people too.

    Raises
    ------
    RecordNotFound
        `no_such_plan`; `no_units`: no unit of that level.
    """
    if of.plan_id is None:
        held = count_held(
            session, viewer, layer, level=level, wanted=wanted, today=today, as_of=of.as_of, tz=tz
        )
        return held, frozenset()
    chosen = chosen_grids(session, viewer, of, today=today)
    placed = place_on(session, viewer, layer, chosen, today=today, tz=tz)
    units, marked = chosen.frame, chosen.estimated("residents")
    if level is not PlaceLevel.GRID:
        units = _units(session, viewer, level, chosen.frame, today)
        above = chosen.frame.loc[sorted(marked), f"{level.value}_code"]
        marked = frozenset(above.dropna().astype(str))
        if units.empty:
            raise RecordNotFound("no_units", level=level.value, as_of=of.as_of)
    return count_by(placed, level, units, wanted), marked


def _local_day(moment: datetime, tz: str) -> date:
    return moment.astimezone(ZoneInfo(tz)).date()


def _areas(frame: gpd.GeoDataFrame) -> pd.Series:
    has_shape = frame.geometry.notna() & ~frame.geometry.is_empty
    found = pd.Series(np.nan, index=frame.index, dtype=np.float64)
    if has_shape.any():
        found[has_shape] = area_m2(frame[has_shape]).to_numpy(dtype=np.float64)
    return found


def _former_codes(session: Session, former_id: int, made: gpd.GeoDataFrame) -> list[str]:
    """Name, for each grid, those of the plan's former ones whose ground lies in it."""
    former = tiling_of(base_grids(session, former_id)).frame().reset_index(drop=True)
    pieces = pieces_of(former, made.reset_index(drop=True))
    named: list[set[str]] = [set() for _ in range(len(made))]
    area = made["area_m2"].to_numpy(dtype=np.float64)
    codes = former["grid_code"].astype(str).to_numpy(dtype=object)
    for old, new, part in zip(pieces.old, pieces.new, pieces.area_m2, strict=True):
        if old >= 0 and new >= 0 and not part < _LEAST_SHARE * area[new]:
            named[new].add(str(codes[old]))
    own = made["grid_code"].astype(str)
    return [" ".join(sorted(each)) or code for each, code in zip(named, own, strict=True)]


def _units(
    session: Session, viewer: Viewer, level: PlaceLevel, grids: gpd.GeoDataFrame, today: date
) -> gpd.GeoDataFrame:
    """Give the units of an upper level with the residents of the chosen grids below them."""
    units = units_frame(session, viewer, level, as_of=AS_OF_TODAY, today=today)
    column = grids[f"{level.value}_code"]
    known = grids["residents"].notna().groupby(column).all()
    sums = grids["residents"].fillna(0).groupby(column).sum()
    codes = [str(code) for code in units.index]
    is_known = np.array([bool(known.get(code, False)) for code in codes], dtype=bool)
    values = np.array([int(sums.get(code, 0)) for code in codes], dtype=np.int64)
    return gpd.GeoDataFrame(units.assign(residents=pd.arrays.IntegerArray(values, ~is_known)))
