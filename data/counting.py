"""Count incidents, hazards and disputes per unit, so that totals always reconcile.

Used by the command line, KPI engine, exports and view models. Counts stand on today's grids
unless asked otherwise, and every result says on which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy.orm import Session

from data.errors import RecordNotFound
from data.frames import grids_frame, places_frame
from data.grids_of import AS_OF_EVENT, AS_OF_TODAY, plan_number
from data.repositories.event_filter import EventFilter, moment64
from data.repositories.events import EventArrays, event_arrays
from data.repositories.places import boundary_dates
from data.tiling_files import index_where_it_pays
from data.viewer import Viewer
from data.vocabulary import EventLayer, PlaceLevel
from geo.assign import assign_lonlat

__all__ = [
    "AS_OF_EVENT",
    "AS_OF_TODAY",
    "OUTSIDE",
    "PER",
    "UNLOCATED",
    "Counts",
    "EventFilter",
    "Placed",
    "UnitCount",
    "count",
    "count_by",
    "local_midnight",
    "moment64",
    "place_events",
    "place_layers",
    "place_on_grids",
    "units_frame",
]

OUTSIDE = -1
UNLOCATED = -2
PER = 1000
_POINTS_AT_A_TIME = 1 << 16
"""Points placed in one go: what the spatial index gives back for them is dropped again."""


@dataclass(frozen=True)
class Placed:
    """Events with the base grid each lies in.

    Attributes
    ----------
    position
        Row of `grids` for each event; `OUTSIDE` or `UNLOCATED` where there is none.
    on_border
        Events exactly on a grid's border.
    as_of
        `today`, `event`, an ISO date or `plan:<number>`: which boundaries were used.
    grids
        Frame of base grids (of all dates asked for, when `as_of` is `event`).
    """

    events: EventArrays
    grids: gpd.GeoDataFrame
    position: npt.NDArray[np.int64]
    on_border: npt.NDArray[np.bool_]
    in_overlap: npt.NDArray[np.bool_]
    as_of: str

    def take(self, mask: npt.NDArray[np.bool_]) -> "Placed":
        """Keep the masked events."""
        return Placed(
            self.events.take(mask),
            self.grids,
            self.position[mask],
            self.on_border[mask],
            self.in_overlap[mask],
            self.as_of,
        )

    def of_grids(
        self,
        values: npt.NDArray[Any],
        missing: object,
        rows: npt.NDArray[np.integer] | None = None,
    ) -> npt.NDArray[Any]:
        """Give each event (or each of `rows`) the value of its grid; `missing` outside of all."""
        position = self.position if rows is None else self.position[rows]
        # OUTSIDE and UNLOCATED count from the end
        return np.asarray(np.append(values, [missing, missing])[position])


@dataclass(frozen=True)
class UnitCount:
    """One unit's figure; `rate` is per 1,000 residents, none without a base."""

    code: str
    name: str
    n: int
    base: int | None

    @property
    def rate(self) -> float | None:
        """Count per 1,000 residents."""
        return PER * self.n / self.base if self.base else None


@dataclass(frozen=True)
class Counts:
    """Counts per unit; units + outside + unlocated = total; `imprecise` stands apart."""

    level: PlaceLevel
    as_of: str
    units: tuple[UnitCount, ...]
    outside: int
    unlocated: int
    on_border: int
    imprecise: int = 0
    unlocated_by_stated_unit: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All events that passed the filter."""
        return sum(unit.n for unit in self.units) + self.outside + self.unlocated


def place_events(  # noqa: PLR0913 - the options of a question, by name
    session: Session,
    viewer: Viewer,
    layer: EventLayer,
    *,
    today: date,
    as_of: str = AS_OF_TODAY,
    tz: str = "Asia/Shanghai",
    grids: gpd.GeoDataFrame | None = None,
    events: EventArrays | None = None,
) -> Placed:
    """Read a layer and put each event into its base grid.

    Parameters
    ----------
    as_of
        `today`, `event` (on the grids valid on its local day), an ISO date; a plan with `grids`.
    tz
        Zone whose days decide which boundaries an event falls under.
    grids
        The viewer's grids, where they were read already; not used for `event`.
    events
        What `event_arrays` gives for the layer, where it was read already.

    Notes
    -----
    A viewer limited to areas gets events inside them, and unlocated ones that state such a unit.
    """
    if events is None:
        events = event_arrays(session, viewer, layer)
    if as_of == AS_OF_EVENT:
        placed = _place_by_event_day(session, viewer, events, tz=tz, today=today)
    else:
        if grids is None:
            day = today if as_of == AS_OF_TODAY else date.fromisoformat(as_of)
            grids = grids_frame(session, viewer, as_of=day)
        placed = place_on_grids(events, grids, as_of)
    seen = placed
    if not viewer.sees_everything and plan_number(as_of) is not None:  # totals are those of today
        seen = place_on_grids(events, grids_frame(session, viewer, as_of=today), AS_OF_TODAY)
    return placed if viewer.sees_everything else placed.take(_visible(seen))


def place_layers(
    session: Session, viewer: Viewer, day: date, *, as_of: str = AS_OF_TODAY, tz: str
) -> dict[EventLayer, Placed]:
    """Place every layer on the grids of one day, which are read once.

    Parameters
    ----------
    as_of
        What the placed events say: `today`, or the day as an ISO date.
    tz
        As in `place_events`.
    """
    grids = grids_frame(session, viewer, as_of=day)
    return {
        layer: place_events(session, viewer, layer, today=day, as_of=as_of, tz=tz, grids=grids)
        for layer in EventLayer
    }


def count_by(
    placed: Placed,
    level: PlaceLevel,
    units: gpd.GeoDataFrame,
    wanted: EventFilter,
    rows: npt.NDArray[np.integer] | None = None,
) -> Counts:
    """Count filtered events per unit of `level`, zeros included.

    Parameters
    ----------
    units
        Frame of that level (code as index, name, residents); for grids the placed grids.
    rows
        What `wanted.rows` gives for these events, where it was asked already.

    Notes
    -----
    Upper levels add up their grids; where the store holds no grids, points are put into the
    units' own boundaries by the same rule.
    """
    rows = wanted.rows(placed.events) if rows is None else rows
    spots = _spots(placed, rows, level, units)
    counted = tuple(
        UnitCount(str(code), str(name), count, base)
        for code, name, count, base in zip(
            units.index, units["name"], spots.units.tolist(), _bases(units), strict=True
        )
    )
    return Counts(
        level=level,
        as_of=placed.as_of,
        units=counted,
        outside=spots.outside,
        unlocated=spots.unlocated,
        on_border=int(np.count_nonzero(placed.on_border[rows])),
        imprecise=int(np.count_nonzero(wanted.imprecise(placed.events))),
        unlocated_by_stated_unit=_stated(placed, rows) if spots.unlocated else {},
    )


@dataclass(frozen=True, slots=True)
class _Spots:
    """Counts per row of the units' frame, and of the events in none of them."""

    units: npt.NDArray[np.int64]
    outside: int
    unlocated: int


def _spots(
    placed: Placed, kept: npt.NDArray[np.integer], level: PlaceLevel, units: gpd.GeoDataFrame
) -> _Spots:
    """Count the kept rows by unit: by grid first, so that no row is looked up by itself."""
    grids, position = placed.grids, placed.position
    if len(grids) == 0 and level is not PlaceLevel.GRID and len(units):
        grids = units.assign(grid_code=units.index)
        position = place_on_grids(placed.events.take(kept), grids, placed.as_of).position
        column: Sequence[str] = grids.index.tolist()
    else:
        position = position if len(kept) == len(position) else position[kept]
        column = (grids.index if level is PlaceLevel.GRID else grids[f"{level}_code"]).tolist()
    found = np.bincount(position - UNLOCATED, minlength=len(grids) - UNLOCATED)
    places = {code: row for row, code in enumerate(units.index)}
    rows = np.array([places.get(code, OUTSIDE) for code in column], dtype=np.int64)
    per_grid = found[-UNLOCATED:]
    n = np.zeros(len(units), dtype=np.int64)
    np.add.at(n, rows[rows >= 0], per_grid[rows >= 0])
    outside = int(found[OUTSIDE - UNLOCATED] + per_grid[rows < 0].sum())
    return _Spots(n, outside, int(found[0]))


def units_frame(
    session: Session, viewer: Viewer, level: PlaceLevel, *, as_of: str, today: date
) -> gpd.GeoDataFrame:
    """Units of a level on the boundaries of `as_of`; counts by event or plan: today's."""
    is_now = as_of in {AS_OF_TODAY, AS_OF_EVENT} or plan_number(as_of) is not None
    day = today if is_now else date.fromisoformat(as_of)
    if level is PlaceLevel.GRID:
        return grids_frame(session, viewer, as_of=day)
    return places_frame(session, viewer, level=level, as_of=day)


def count(  # noqa: PLR0913 - the options of the command, by name
    session: Session,
    viewer: Viewer,
    layer: EventLayer,
    *,
    level: PlaceLevel,
    wanted: EventFilter,
    today: date,
    as_of: str = AS_OF_TODAY,
    tz: str = "Asia/Shanghai",
) -> Counts:
    """Count a layer per unit in one call.

    Raises
    ------
    RecordNotFound
        `no_units`: the store holds grids, but no unit of that level on that date. A store
        without any grid gives no units: everything located is outside.
    """
    placed = place_events(session, viewer, layer, today=today, as_of=as_of, tz=tz)
    if as_of == AS_OF_EVENT and level is PlaceLevel.GRID:
        units = placed.grids
    else:
        units = units_frame(session, viewer, level, as_of=as_of, today=today)
    if units.empty and len(placed.grids):
        raise RecordNotFound("no_units", level=level.value, as_of=as_of)
    return count_by(placed, level, units, wanted)


def place_on_grids(events: EventArrays, grids: gpd.GeoDataFrame, as_of: str) -> Placed:
    """Put events, cut to the viewer's areas already, into any grids: a day's, or a plan's.

    `grids` have `grid_code` and geometry in EPSG:4326, and the code as index.
    """
    position = np.full(len(events), UNLOCATED, dtype=np.int64)
    on_border = np.zeros(len(events), dtype=bool)
    in_overlap = np.zeros(len(events), dtype=bool)
    located = np.flatnonzero(events.is_located)
    position[located] = OUTSIDE
    index = index_where_it_pays(grids, len(located))
    for start in range(0, len(located) if len(grids) else 0, _POINTS_AT_A_TIME):
        rows = located[start : start + _POINTS_AT_A_TIME]
        found = assign_lonlat(events.lon[rows], events.lat[rows], grids, index=index)
        position[rows] = found.grid
        on_border[rows], in_overlap[rows] = found.on_border, found.in_overlap
    return Placed(events, grids, position, on_border, in_overlap, as_of)


def _place_by_event_day(
    session: Session, viewer: Viewer, events: EventArrays, *, tz: str, today: date
) -> Placed:
    """Put each event on the boundaries that were valid on its local day."""
    starts = [date.min, *boundary_dates(session)]
    stacked = place_on_grids(events, grids_frame(session, viewer, as_of=today), AS_OF_EVENT)
    position, border = stacked.position.copy(), stacked.on_border.copy()
    overlap = stacked.in_overlap.copy()
    frames = {code: row for row, code in enumerate(stacked.grids.index)}
    grids = [stacked.grids]
    for since, until in zip(starts, [*starts[1:], None], strict=True):
        mask = _days_between(events, since, until, tz)
        if not mask.any():
            continue
        then = grids_frame(session, viewer, as_of=max(since, date(1, 1, 2)))
        placed = place_on_grids(events.take(mask), then, AS_OF_EVENT)
        new = [code for code in then.index if code not in frames]
        grids.append(then.loc[new])
        frames.update({code: len(frames) + row for row, code in enumerate(new)})
        rows = np.array([*(frames[code] for code in then.index), UNLOCATED, OUTSIDE])
        position[mask] = rows[placed.position]
        border[mask], overlap[mask] = placed.on_border, placed.in_overlap

    every = gpd.GeoDataFrame(pd.concat(grids), crs=stacked.grids.crs)
    return Placed(events, every, position, border, overlap, AS_OF_EVENT)


def _days_between(
    events: EventArrays, since: date, until: date | None, tz: str
) -> npt.NDArray[np.bool_]:
    keep = ~np.isnat(events.occurred_at)
    if since > date.min:
        keep &= events.occurred_at >= moment64(local_midnight(since, tz))
    if until is not None:
        keep &= events.occurred_at < moment64(local_midnight(until, tz))
    return keep


def local_midnight(day: date, tz: str) -> datetime:
    """First moment of a local day."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(tz))


def _visible(placed: Placed) -> npt.NDArray[np.bool_]:
    inside = placed.position >= 0
    codes = frozenset(str(code) for code in placed.grids.index) | frozenset(
        str(code)
        for level in (PlaceLevel.COMMUNITY, PlaceLevel.SUBDISTRICT)
        for code in placed.grids.get(f"{level}_code", [])
    )
    names = frozenset(str(name) for name in placed.grids.get("name", []))
    stated = placed.events.stated_unit.is_in(codes | names)
    return np.asarray(inside | ((placed.position == UNLOCATED) & stated))


def _stated(placed: Placed, kept: npt.NDArray[np.integer]) -> dict[str, int]:
    """Count the kept, unlocated events by the unit they state; "" where they state none."""
    units = placed.events.stated_unit
    names: Sequence[str] = (*units.labels, "")
    codes = units.codes[kept[placed.position[kept] == UNLOCATED]]
    totals = np.bincount(codes % len(names), minlength=len(names))
    return {name: int(n) for name, n in zip(names, totals, strict=True) if n}


def _bases(units: gpd.GeoDataFrame) -> list[int | None]:
    """Residents of each unit; None where nobody knows."""
    residents = units["residents"]
    known = residents.notna().tolist()
    pairs = zip(residents.tolist(), known, strict=True)
    return [int(value) if is_known else None for value, is_known in pairs]
