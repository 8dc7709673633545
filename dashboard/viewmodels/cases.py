"""Work out one page of cases, their lights, and the marks of all of them for the map.

Used by `dashboard.cache.cases` and the screen of cases. Knows nothing of languages. Rows are chosen
and put in order as arrays; only the records of one page, and of the map's marks, are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from dashboard.viewmodels.overview import Wanted, in_units, latest_moment, span_of
from data.counting import OUTSIDE, UNLOCATED, EventFilter
from data.lifecycle import WAITING_STATES, Light
from data.repositories.cases import (
    LIGHTS,
    case_names,
    case_records,
    ids_named,
    ids_touched,
    open_clocks,
    root_open_count,
    sensitive_ids,
)
from data.vocabulary import CaseStatus, EventLayer, PlaceLevel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from dashboard.viewmodels.cases_wanted import CaseWanted
    from dashboard.viewmodels.overview import Span
    from dashboard.viewmodels.town import Town
    from data.counting import Placed
    from data.repositories.case_records import CaseRecord
    from data.repositories.cases import Clocks
    from data.viewer import Viewer

PAGE_ROWS: Final = 25
MOST_MARKS: Final = 2000
LAYERS: Final = tuple(EventLayer)
_NONE: Final = LIGHTS.index(Light.NONE)
_URGENCY: Final = (Light.RED, Light.YELLOW, Light.GREEN, Light.NONE, Light.STOPPED)
_FAR: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class CaseLine:
    """One line of the list.

    Attributes
    ----------
    light
        Where its clock stands now; `none` for what does not wait.
    unit
        Code and name of the grid it lies in; None outside and unlocated.
    is_waiting
        Whether somebody still has to do something.
    """

    record: CaseRecord
    light: Light
    unit: tuple[str, str] | None
    is_waiting: bool


@dataclass(frozen=True, eq=False)
class Marks:
    """Points of the cases of the filter, most urgent first; degrees, EPSG:4326.

    Attributes
    ----------
    sign
        Place in `LIGHTS` of each point.
    waits
        Whether somebody still has to do something.
    keys, named
        Key of each record, and (layer, kind, id) for its tooltip.
    left_out
        Located cases beyond the most urgent 2,000.
    hidden
        Incidents of sensitive kinds: counted, never drawn as points.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    sign: NDArray[np.uint8]
    waits: NDArray[np.bool_]
    keys: tuple[str, ...]
    named: tuple[tuple[str, str, str], ...]
    left_out: int = 0
    hidden: int = 0


@dataclass(frozen=True)
class CaseList:
    """One page of cases under a choice.

    Attributes
    ----------
    total
        Cases of the choice; `unlocated` and `outside` are among them.
    imprecise
        Cases that are not among them, for the period cuts through the month, day or band that is
        known of them; lights are not looked at.
    by_light
        Light → waiting cases, before the lights themselves are chosen from.
    root_open
        Closed disputes of the store whose root hazard still waits.
    """

    wanted: CaseWanted
    now: datetime
    total: int
    pages: int
    lines: tuple[CaseLine, ...]
    by_light: Mapping[str, int]
    unlocated: int
    outside: int
    imprecise: int
    root_open: int
    latest_at: datetime | None
    marks: Marks

    def line(self, key: str) -> CaseLine | None:
        """Find a line of this page by its record's key."""
        return next((line for line in self.lines if line.record.key.as_text() == key), None)


@dataclass(frozen=True, eq=False)
class _Rows:
    """The chosen rows of all layers, side by side."""

    layer: NDArray[np.int8]
    row: NDArray[np.int64]
    ids: NDArray[np.int64]
    light: NDArray[np.int8]
    waits: NDArray[np.bool_]
    due_ms: NDArray[np.int64]
    found_ms: NDArray[np.int64]

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> _Rows:
        return _Rows(**{name: value[chosen] for name, value in vars(self).items()})


def load_clocks(session: Session, viewer: Viewer) -> dict[EventLayer, Clocks]:
    """Read the clocks of all layers; kept by revision."""
    return {layer: open_clocks(session, viewer, layer) for layer in EventLayer}


def build_cases(
    session: Session,
    viewer: Viewer,
    held: tuple[Town, Mapping[EventLayer, Placed], Mapping[EventLayer, Clocks]],
    wanted: CaseWanted,
    at: tuple[datetime, str],
    actor: str,
) -> CaseList:
    """Build the page that is asked for.

    Parameters
    ----------
    held
        Places of today, every layer put into them, and the clocks of what waits.
    at
        Aware moment of the lights, and the zone whose days bound periods.
    actor
        Who `mine` is.
    """
    town, placed, clocks = held
    now, tz = at
    latest = [moment for layer in EventLayer if (moment := latest_moment(placed[layer]))]
    latest_at = max(latest, default=None)
    asked = Wanted(period=wanted.period, since_on=wanted.since_on, last_on=wanted.last_on)
    span = span_of(asked, latest_at, tz)
    parts = [
        _chosen(session, (town, placed[layer], clocks[layer]), wanted, (span, now), actor)
        for layer in wanted.shown_layers()
    ]
    rows = _joined([rows_of_layer for rows_of_layer, _ in parts])
    counts = np.bincount(rows.light[rows.waits], minlength=len(LIGHTS))
    by_light = {light.value: int(n) for light, n in zip(LIGHTS, counts, strict=True)}
    if wanted.lights:
        codes = [LIGHTS.index(Light(code)) for code in wanted.lights]
        rows = rows.take(np.isin(rows.light, codes) & rows.waits)
    rows = rows.take(_by_urgency(rows))
    pages = max(1, -(-len(rows.ids) // PAGE_ROWS))
    first = (min(wanted.page, pages) - 1) * PAGE_ROWS
    positions = [
        placed[LAYERS[k]].position[row] for k, row in zip(rows.layer, rows.row, strict=True)
    ]
    where = np.array(positions, dtype=np.int64)
    return CaseList(
        wanted=wanted,
        now=now,
        total=len(rows.ids),
        pages=pages,
        lines=_lines(session, viewer, (town, placed), rows.take(_some(first, len(rows.ids)))),
        by_light=by_light,
        unlocated=int((where == UNLOCATED).sum()),
        outside=int((where == OUTSIDE).sum()),
        imprecise=sum(untold for _, untold in parts),
        root_open=root_open_count(session),
        latest_at=latest_at,
        marks=_marks(session, viewer, placed, rows),
    )


def unit_name(town: Town, placed: Placed, row: int) -> tuple[str, str] | None:
    """Code and name of the grid that an event lies in; None outside and unlocated."""
    position = int(placed.position[row])
    if position < 0:
        return None
    code = str(placed.grids.index[position])
    return code, str(placed.grids["name"].iloc[position]) or town.name(PlaceLevel.GRID.value, code)


def _some(first: int, size: int) -> NDArray[np.intp]:
    return np.arange(first, min(first + PAGE_ROWS, size), dtype=np.intp)


def _chosen(
    session: Session,
    held: tuple[Town, Placed, Clocks],
    wanted: CaseWanted,
    at: tuple[Span, datetime],
    actor: str,
) -> tuple[_Rows, int]:
    """Choose the rows of one layer, all but by their light; count those too coarse in time."""
    town, placed, clocks = held
    span, now = at
    events = placed.events
    sought = EventFilter(span.since, span.until, wanted.kinds, wanted.channel_groups)
    untold = sought.imprecise(events)
    keep = sought.mask(events) | untold
    if wanted.states:
        keep &= events.status.is_in(frozenset(wanted.states))
    if wanted.unit:
        keep &= in_units(town, placed, _codes_in(town, wanted.unit))
    if wanted.text:
        keep &= np.isin(events.ids, ids_named(session, events.layer, wanted.text))
    if wanted.scope == "mine":
        keep &= np.isin(events.ids, ids_touched(session, events.layer, actor))
    light = np.full(len(events), _NONE, dtype=np.int8)
    waits = np.zeros(len(events), dtype=bool)
    due_ms = np.full(len(events), _FAR, dtype=np.int64)
    at_row = np.searchsorted(events.ids, clocks.ids)
    there = np.flatnonzero(at_row < len(events))
    there = there[events.ids[at_row[there]] == clocks.ids[there]]
    light[at_row[there]] = clocks.lights(now)[there]
    waits[at_row[there]] = True
    due = clocks.due_at[there]
    due_ms[at_row[there]] = np.where(np.isnat(due), _FAR, due.astype(np.int64))
    if wanted.scope in {"open", "overdue"}:
        keep &= waits
    if wanted.scope == "overdue":
        keep &= light == LIGHTS.index(Light.RED)
    found = events.occurred_at
    row = np.flatnonzero(keep & ~untold)
    rows = _Rows(
        layer=np.full(len(row), LAYERS.index(events.layer), dtype=np.int8),
        row=row,
        ids=events.ids[row],
        light=light[row],
        waits=waits[row],
        due_ms=due_ms[row],
        found_ms=np.where(np.isnat(found), 0, found.astype(np.int64))[row],
    )
    return rows, int((keep & untold).sum())


def _joined(parts: list[_Rows]) -> _Rows:
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        flag = np.zeros(0, dtype=bool)
        small = np.zeros(0, dtype=np.int8)
        return _Rows(small, none, none, small, flag, none, none)
    names = list(vars(parts[0]))
    return _Rows(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in names})


def _by_urgency(rows: _Rows) -> NDArray[np.intp]:
    """Order: what waits by light and by when it is due, then the rest; newest first in each."""
    rank = np.array([_URGENCY.index(light) for light in LIGHTS])[rows.light]
    rank = np.where(rows.waits, rank, len(_URGENCY))
    return np.lexsort((rows.ids, -rows.found_ms, rows.due_ms, rank))


def _codes_in(town: Town, unit: str) -> frozenset[str]:
    """Codes of the units in a place: itself where it is a unit, else what lies below it."""
    level, _, code = unit.partition(":")
    if level == str(town.level):
        return frozenset({code})
    area = town.area(unit)
    return (
        frozenset() if area is None else frozenset(map(str, town.units.index[town.in_area(area)]))
    )


def _lines(
    session: Session, viewer: Viewer, held: tuple[Town, Mapping[EventLayer, Placed]], rows: _Rows
) -> tuple[CaseLine, ...]:
    town, placed = held
    records = {
        layer: case_records(session, viewer, layer, rows.ids[rows.layer == k].tolist())
        for k, layer in enumerate(LAYERS)
    }
    lines = []
    for k, row, number, light, waits in zip(
        rows.layer, rows.row, rows.ids, rows.light, rows.waits, strict=True
    ):
        record = records[LAYERS[k]].get(int(number))
        if record is not None:
            unit = unit_name(town, placed[LAYERS[k]], int(row))
            lines.append(CaseLine(record, LIGHTS[light], unit, bool(waits)))
    return tuple(lines)


def _marks(
    session: Session, viewer: Viewer, placed: Mapping[EventLayer, Placed], rows: _Rows
) -> Marks:
    """Give the points of the most urgent located rows; sensitive incidents never."""
    banned = sensitive_ids(session) if _has(rows, EventLayer.INCIDENTS) else np.zeros(0)
    is_banned = (rows.layer == LAYERS.index(EventLayer.INCIDENTS)) & np.isin(rows.ids, banned)
    lon, lat = np.full(len(rows.ids), np.nan), np.full(len(rows.ids), np.nan)
    for k, layer in enumerate(LAYERS):
        here = rows.layer == k
        lon[here] = placed[layer].events.lon[rows.row[here]]
        lat[here] = placed[layer].events.lat[rows.row[here]]
    located = np.isfinite(lon) & np.isfinite(lat)
    shown = np.flatnonzero(located & ~is_banned)
    kept = shown[:MOST_MARKS]
    some = rows.take(kept)
    names = {
        (k, number): named
        for k, layer in enumerate(LAYERS)
        for number, named in case_names(
            session, viewer, layer, some.ids[some.layer == k].tolist()
        ).items()
    }
    found = [names[int(k), int(i)] for k, i in zip(some.layer, some.ids, strict=True)]
    return Marks(
        lon=lon[kept],
        lat=lat[kept],
        sign=some.light.astype(np.uint8),
        waits=some.waits,
        keys=tuple(key.as_text() for key, _ in found),
        named=tuple((key.layer.value, kind, key.external_id) for key, kind in found),
        left_out=len(shown) - len(kept),
        hidden=int((located & is_banned).sum()),
    )


def _has(rows: _Rows, layer: EventLayer) -> bool:
    return bool((rows.layer == LAYERS.index(layer)).any())


def remaining(record: CaseRecord, now: datetime) -> timedelta | None:
    """Time left until a waiting case is due, negative when late.

    None without a limit, and for a suspended case of which no file says when its clock stopped.
    """
    state = record.state()
    if record.due_at is None or state.status not in WAITING_STATES or not record.has_lifecycle:
        return None
    if state.status is CaseStatus.SUSPENDED and record.suspended_at is None:
        return None
    return record.due_at - (record.suspended_at or now.astimezone(UTC))


def one_mark(record: CaseRecord, light: Light, *, waits: bool) -> Marks:
    """Give the point of one located record."""
    return Marks(
        lon=np.array([record.lon], dtype=np.float64),
        lat=np.array([record.lat], dtype=np.float64),
        sign=np.array([LIGHTS.index(light)], dtype=np.uint8),
        waits=np.array([waits]),
        keys=(record.key.as_text(),),
        named=((record.layer.value, record.kind, record.external_id),),
    )
