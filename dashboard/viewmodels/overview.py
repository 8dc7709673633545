"""Work out what the overview shows: values per unit, tiles, points, and a total that reconciles.

Used by `dashboard.cache` and the overview screen.
Knows nothing of languages: codes and values only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from dashboard.maps.clusters import ClusterOptions, Lattice
from data.config import DEFAULT_TZ
from data.counting import (
    AS_OF_EVENT,
    Counts,
    EventFilter,
    Placed,
    count_by,
    local_midnight,
)
from data.kpi import Figure, change_figure, same_span_last_year
from data.repositories.events import NO_TIME
from data.vocabulary import EventLayer, PlaceLevel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dashboard.maps.layers import ClusterLevel
    from dashboard.viewmodels.town import Area, Town
    from data.repositories.events import EventArrays

    PerUnit = Mapping[EventLayer, NDArray[np.int64]]

PER: Final = 1000
POINTS_FROM_ZOOM: Final = 16.0
CLUSTERS: Final = ClusterOptions(points_from_zoom=POINTS_FROM_ZOOM)
OPEN_LAYERS: Final = {"hazards": EventLayer.HAZARDS, "disputes": EventLayer.DISPUTES}


@dataclass(frozen=True)
class Wanted:
    """What the visitor asks for.

    Parameters
    ----------
    period
        `all`, a number of days up to the latest incident, or `custom` with both days.
    kinds, channel_groups
        Codes; empty means all. Kinds are of incidents; channel groups hold for every layer.
    as_of
        `today`, `event` or an ISO date.
    """

    area: str = ""
    measure: str = "incidents"
    period: str = "all"
    since_on: date | None = None
    last_on: date | None = None
    kinds: tuple[str, ...] = ()
    channel_groups: tuple[str, ...] = ()
    as_of: str = "today"


@dataclass(frozen=True)
class Span:
    """Aware moments, half-open; none is open."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether the span can be compared with the same span of last year."""
        return self.since is not None and self.until is not None


@dataclass(frozen=True)
class Reconciled:
    """Where every incident of the filter is: the parts add up to `total`.

    Attributes
    ----------
    in_area
        In units of the chosen area (all units without one).
    elsewhere
        In units outside the chosen area.
    retired
        In grids that held when it happened and hold no more (`as_of` event only).
    imprecise
        Known only to a month, day or band that the span cuts through: in no part and in no total.
    """

    in_area: int
    elsewhere: int
    retired: int
    outside: int
    unlocated: int
    on_border: int
    imprecise: int = 0

    @property
    def total(self) -> int:
        """All incidents that pass the filter."""
        return self.in_area + self.elsewhere + self.retired + self.outside + self.unlocated


@dataclass(frozen=True)
class Marks:
    """Points of one layer: which rows of its events they are, rising, and what is asked of them."""

    events: EventArrays
    rows: NDArray[np.integer]

    @cached_property
    def lon(self) -> NDArray[np.float64]:
        """Longitude of each point, degrees."""
        return np.asarray(self.events.lon[self.rows])

    @cached_property
    def lat(self) -> NDArray[np.float64]:
        """Latitude of each point, degrees."""
        return np.asarray(self.events.lat[self.rows])

    @property
    def code(self) -> tuple[str, ...]:
        """Vocabulary codes that points of the layer have."""
        return self.events.kind.labels

    @cached_property
    def code_at(self) -> NDArray[np.int32]:
        """Place in `code` of each point's; -1 without one."""
        return np.asarray(self.events.kind.codes[self.rows])

    @cached_property
    def totals(self) -> NDArray[np.int64]:
        """Points of each of `code`."""
        return np.bincount(self.code_at + 1, minlength=len(self.code) + 1)[1:]


@dataclass(frozen=True)
class Overview:
    """Everything the overview shows under one choice.

    Attributes
    ----------
    rows
        Rows of `town.units` that are shown.
    values
        Measure of each shown unit; NaN without a base.
    counts
        Layer → count of each shown unit (open ones for hazards and disputes).
    incidents
        K5: incidents of the span against the same span of last year; its value is none without
        a bounded span or a base.
    posts_filled, posts_planned
        Posts of the shown units.
    clusters
        The incidents as counted clusters for each zoom.
    latest_at
        When the latest incident of the whole store happened.
    """

    wanted: Wanted
    span: Span
    area: Area | None
    rows: NDArray[np.int64]
    values: NDArray[np.float64]
    counts: PerUnit
    incidents: Figure
    hazards_open: int
    disputes_open: int
    posts_filled: int
    posts_planned: int
    reconciled: Reconciled
    marks: Mapping[EventLayer, Marks]
    clusters: tuple[ClusterLevel, ...]
    kinds: tuple[str, ...]
    latest_at: datetime | None


def build_overview(
    town: Town,
    placed: Mapping[EventLayer, Placed],
    wanted: Wanted,
    *,
    tz: str = DEFAULT_TZ,
    lattice: Lattice | None = None,
) -> Overview:
    """Answer one choice.

    Parameters
    ----------
    lattice
        Cells of the incidents' points; None: made here, which is dear with many.
    placed
        The three layers on the grids of `wanted.as_of`.
    tz
        Zone whose days bound the span.
    """
    area = town.area(wanted.area)
    rows = np.flatnonzero(town.in_area(area))
    latest_at = latest_moment(placed[EventLayer.INCIDENTS])
    span = span_of(wanted, latest_at, tz)
    filters = filters_of(wanted, span)
    kept = {layer: filters[layer].rows(placed[layer].events) for layer in EventLayer}
    counted = {
        layer: _count(town, placed[layer], filters[layer], kept[layer]) for layer in EventLayer
    }
    per_unit = {layer: _per_unit(town, counts)[rows] for layer, counts in counted.items()}
    now = (
        len(kept[EventLayer.INCIDENTS])
        if area is None
        else int(per_unit[EventLayer.INCIDENTS].sum())
    )
    posts = town.posts_in(area)
    marks = {
        layer: _marks(town, placed[layer], kept[layer], area)
        for layer in (EventLayer.INCIDENTS, EventLayer.HAZARDS)
    }
    cells = lattice or lattice_of(placed[EventLayer.INCIDENTS])
    return Overview(
        wanted=wanted,
        span=span,
        area=area,
        rows=rows,
        values=_values(town, rows, per_unit, wanted.measure),
        counts=per_unit,
        incidents=_change(town, placed[EventLayer.INCIDENTS], wanted, (area, span, tz), now),
        hazards_open=int(_total(per_unit, counted, EventLayer.HAZARDS, area)),
        disputes_open=int(_total(per_unit, counted, EventLayer.DISPUTES, area)),
        posts_filled=sum(post.filled for post in posts),
        posts_planned=sum(post.planned for post in posts),
        reconciled=_reconciled(town, counted[EventLayer.INCIDENTS], per_unit, area),
        marks=marks,
        clusters=cells.levels(marks[EventLayer.INCIDENTS].rows),
        kinds=tuple(sorted(placed[EventLayer.INCIDENTS].events.kind.labels)),
        latest_at=latest_at,
    )


def shaded_by(town: Town, shown: Overview, measure: str) -> Overview:
    """Give the same answer with another measure: nothing is counted again."""
    values = _values(town, shown.rows, shown.counts, measure)
    return replace(shown, wanted=replace(shown.wanted, measure=measure), values=values)


def lattice_of(placed: Placed) -> Lattice:
    """Sort a layer's points into the cells of every zoom."""
    return Lattice(placed.events.lon, placed.events.lat, CLUSTERS)


def latest_moment(placed: Placed) -> datetime | None:
    """When the latest event with a sound time happened."""
    newest = placed.events.newest_at
    now = np.datetime64(datetime.now(UTC).replace(tzinfo=None), "ms")
    if newest > now:
        times = placed.events.occurred_at
        newest = np.fmax.reduce(times[times <= now], initial=NO_TIME)
    latest: datetime | None = newest.astype("datetime64[ms]").astype(datetime)
    return None if latest is None else latest.replace(tzinfo=UTC)


def span_of(wanted: Wanted, latest_at: datetime | None, tz: str) -> Span:
    """Bound the period: days count back from the end of the latest incident's local day."""
    if wanted.period == "custom" and wanted.since_on and wanted.last_on:
        end_on = wanted.last_on + timedelta(days=1)
        return Span(local_midnight(wanted.since_on, tz), local_midnight(end_on, tz))
    if not wanted.period.isdigit() or latest_at is None:
        return Span()
    end_on = latest_at.astimezone(ZoneInfo(tz)).date() + timedelta(days=1)
    since_on = end_on - timedelta(days=int(wanted.period))
    return Span(local_midnight(since_on, tz), local_midnight(end_on, tz))


def filters_of(wanted: Wanted, span: Span) -> dict[EventLayer, EventFilter]:
    """Incidents of the span; hazards and disputes that are open, whenever they were found."""
    still_open = EventFilter(channel_groups=wanted.channel_groups, is_open=True)
    incidents = EventFilter(span.since, span.until, wanted.kinds, wanted.channel_groups)
    return {
        EventLayer.INCIDENTS: incidents,
        EventLayer.HAZARDS: still_open,
        EventLayer.DISPUTES: still_open,
    }


def in_units(
    town: Town, placed: Placed, codes: frozenset[str], rows: NDArray[np.integer] | None = None
) -> NDArray[np.bool_]:
    """Whether each event (or each of `rows`) lies in one of the units of these codes."""
    column = _unit_column(town, placed)
    table = np.array([*(str(code) in codes for code in column), False, False])
    return np.asarray(table[placed.position if rows is None else placed.position[rows]])


def _unit_column(town: Town, placed: Placed) -> list[object]:
    if town.level is PlaceLevel.GRID or len(placed.grids) == 0:
        return list(placed.grids.index)
    return list(placed.grids[f"{town.level}_code"])


def _count(
    town: Town, placed: Placed, wanted: EventFilter, kept: NDArray[np.integer] | None = None
) -> Counts:
    is_by_event = placed.as_of == AS_OF_EVENT and town.level is PlaceLevel.GRID
    units = placed.grids if is_by_event else town.units
    return count_by(placed, town.level, units, wanted, kept)


def _per_unit(town: Town, counts: Counts) -> NDArray[np.int64]:
    found = {unit.code: unit.n for unit in counts.units}
    return np.array([found.get(str(code), 0) for code in town.units.index], dtype=np.int64)


def _values(
    town: Town, rows: NDArray[np.int64], counts: PerUnit, measure: str
) -> NDArray[np.float64]:
    units = town.units.iloc[rows]
    if measure == "households":
        return units["households"].to_numpy(dtype=np.float64, na_value=np.nan)
    if measure == "posts":
        shares = [town.staffing[code].share if code in town.staffing else None
                  for code in units.index]  # fmt: skip
        return np.array([np.nan if share is None else 100 * share for share in shares])
    if measure in OPEN_LAYERS:
        return counts[OPEN_LAYERS[measure]].astype(np.float64)
    incidents = counts[EventLayer.INCIDENTS].astype(np.float64)
    if measure == "incident_rate":
        residents = units["residents"].to_numpy(dtype=np.float64, na_value=np.nan)
        residents[residents <= 0] = np.nan
        return np.asarray(PER * incidents / residents)
    return incidents


def _change(
    town: Town,
    placed: Placed,
    wanted: Wanted,
    where: tuple[Area | None, Span, str],
    now: int,
) -> Figure:
    area, span, tz = where
    scope = area.code if area is not None else "all"
    if span.since is None or span.until is None:
        return Figure(None, "incidents", scope, None, now)
    since, until = same_span_last_year(span.since, span.until, tz)
    before = EventFilter(since, until, wanted.kinds, wanted.channel_groups)
    return change_figure("K5", "incidents_yoy", scope, now, _within(town, placed, before, area))


def _within(town: Town, placed: Placed, wanted: EventFilter, area: Area | None) -> int:
    """All that pass a filter; within an area those that lie in its units."""
    if area is None:
        return len(wanted.rows(placed.events))
    return int(_per_unit(town, _count(town, placed, wanted))[town.in_area(area)].sum())


def _total(
    per_unit: PerUnit,
    counted: Mapping[EventLayer, Counts],
    layer: EventLayer,
    area: Area | None,
) -> int:
    """All that are open; within an area those that lie in its units."""
    return counted[layer].total if area is None else int(per_unit[layer].sum())


def _reconciled(
    town: Town,
    counts: Counts,
    per_unit: PerUnit,
    area: Area | None,
) -> Reconciled:
    shown = int(per_unit[EventLayer.INCIDENTS].sum())
    in_town = int(_per_unit(town, counts).sum())
    in_all = sum(unit.n for unit in counts.units)
    return Reconciled(
        in_area=shown,
        elsewhere=in_town - shown if area is not None else 0,
        retired=in_all - in_town,
        outside=counts.outside,
        unlocated=counts.unlocated,
        on_border=counts.on_border,
        imprecise=counts.imprecise,
    )


def _marks(town: Town, placed: Placed, kept: NDArray[np.integer], area: Area | None) -> Marks:
    rows = kept[placed.events.is_located[kept]]
    if area is not None and len(placed.grids):
        codes = frozenset(map(str, town.units.index[town.in_area(area)]))
        rows = rows[in_units(town, placed, codes, rows)]
    return Marks(placed.events, rows)
