"""Work out what the wall shows of an area: totals, kinds, hours, overdue units, the map's numbers.

Used by `dashboard.cache.wall` and the wall's components.
Knows nothing of languages, and of single records: only counts per grid, unit and kind leave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from dashboard.viewmodels.overview import in_units
from data.counting import EventFilter, Placed, count_by, local_midnight, moment64
from data.kpi import Figure, change_figure, same_span_last_year
from data.repositories.case_records import CASE_LAYERS
from data.vocabulary import (
    CLOSED_STATES,
    UNCOUNTED_STATES,
    CaseStatus,
    EventLayer,
    IncidentKind,
    PlaceLevel,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dashboard.viewmodels.town import Area, Town
    from data.repositories.events import EventArrays
    from data.repositories.registers import DutyShiftRecord

DAY: Final = timedelta(days=1)
RECENT_DAYS: Final = 28
"""Length of the compared period where no scenario names one."""
WARN_SHARE: Final = 0.8
"""Part of its time limit after which a case is about to be overdue (domain note 2.9)."""
_CLOSED: Final = frozenset(str(state) for state in CLOSED_STATES)
_HANDLED: Final = _CLOSED | {str(CaseStatus.HANDLED)}
_NEW: Final = frozenset({str(CaseStatus.REPORTED)})
_VOID: Final = frozenset(str(state) for state in UNCOUNTED_STATES)
STOPPED: Final = frozenset({str(CaseStatus.SUSPENDED)})
_MAJOR: Final = frozenset({"major"})
_NEVER_SHOWN: Final = frozenset({str(IncidentKind.CROWD)})
"""Kinds that count in totals only (domain note 6.2, row 6)."""
_TO_THE_MINUTE: Final = frozenset({"minute"})


@dataclass(frozen=True)
class Moment:
    """The moment that the wall speaks of.

    Attributes
    ----------
    at
        Aware; spans count back from it.
    as_of_on
        Day of a scenario whose records end in the past; none on a store that lives.
    since, until
        The compared period, half-open.
    """

    at: datetime
    as_of_on: date | None
    since: datetime
    until: datetime
    tz: str

    @property
    def day_start(self) -> datetime:
        """Local midnight before `at`; a whole day earlier when `at` is midnight itself."""
        local = self.at.astimezone(ZoneInfo(self.tz))
        start = local_midnight(local.date(), self.tz)
        return start - DAY if start == local else start


@dataclass(frozen=True)
class Known:
    """What the store knows beside places and events.

    Attributes
    ----------
    sensitive
        Ids of incidents that are never shown by place.
    shifts
        Shifts of the last days before the moment.
    """

    sensitive: NDArray[np.int64]
    shifts: Sequence[DutyShiftRecord]


NOTHING_KNOWN: Final = Known(np.empty(0, dtype=np.int64), ())


@dataclass(frozen=True)
class CaseState:
    """Hazards or disputes: counted cases by stage, and how many open ones are late."""

    found: int
    accepted: int
    handled: int
    closed: int
    is_open: int
    overdue: int
    due_soon: int
    major_open: int
    closed_on_time: int
    with_limit: int

    @property
    def closing_rate(self) -> float | None:
        """Closed of all counted; none without any."""
        return self.closed / self.found if self.found else None

    @property
    def on_time_rate(self) -> float | None:
        """Closed within the limit, of those closed or due by now; none without any."""
        return self.closed_on_time / self.with_limit if self.with_limit else None


@dataclass(frozen=True)
class UnitLine:
    """Open cases of one community (or finest unit): all, overdue, soon overdue."""

    code: str
    name: str
    open_items: int
    overdue: int
    due_soon: int


@dataclass(frozen=True)
class WallPicture:
    """Everything that the wall shows but the programme board.

    Attributes
    ----------
    kinds
        Incidents of the period by kind, against last year; most first.
    hours
        Incidents of the period in each local hour of the day, those known to the minute.
    unit_open, unit_recent
        For each shown unit of the town: open hazards; incidents of the 24 hours before the moment.
    rows
        Rows of `town.units` that are shown.
    """

    moment: Moment
    area: Area | None
    incidents_today: int
    incidents_day: int
    incidents_week: int
    change: Figure
    kinds: tuple[Figure, ...]
    hours: tuple[int, ...]
    cases: Mapping[EventLayer, CaseState]
    units: tuple[UnitLine, ...]
    rows: NDArray[np.int64]
    unit_open: NDArray[np.int64]
    unit_recent: NDArray[np.int64]
    posts_filled: int
    posts_planned: int
    officers_on_duty: int
    officers_planned: int
    on_shift: int | None


def moment_of(held: Mapping[str, Any], latest_at: datetime | None, now: datetime) -> Moment:
    """Say of which moment the wall speaks: now, or the end of a scenario's records.

    Parameters
    ----------
    held
        Settings of the store (`tz`, `scenario_as_of`, `period_since`, `period_until`).
    latest_at
        When the latest incident happened: one after the scenario's day makes the store live.
    """
    tz = str(held.get("tz") or "Asia/Shanghai")
    as_of_on = _day(held.get("scenario_as_of"))
    if as_of_on is not None:
        end = local_midnight(as_of_on, tz)
        if latest_at is None or latest_at < end + DAY:
            since_on = _day(held.get("period_since")) or as_of_on - timedelta(days=RECENT_DAYS)
            until_on = _day(held.get("period_until")) or as_of_on
            since, until = local_midnight(since_on, tz), local_midnight(until_on, tz)
            return Moment(end, as_of_on, since, until, tz)
    return Moment(now, None, now - timedelta(days=RECENT_DAYS), now, tz)


def build_picture(
    town: Town,
    placed: Mapping[EventLayer, Placed],
    moment: Moment,
    area_key: str,
    known: Known = NOTHING_KNOWN,
) -> WallPicture:
    """Count everything once; an unknown area key means the whole store."""
    area = town.area(area_key)
    own = {layer: inside(town, one, area) for layer, one in placed.items()}
    incidents = own[EventLayer.INCIDENTS]
    rows = np.flatnonzero(town.in_area(area))
    posts = town.posts_in(area)
    officers = [post for post in posts if post.position in _OFFICERS]
    marks = {layer: _lateness(own[layer].events, moment.at) for layer in CASE_LAYERS}
    recent = EventFilter(moment.at - DAY, moment.at)
    return WallPicture(
        moment=moment,
        area=area,
        incidents_today=_count(incidents.events, moment.day_start, moment.at),
        incidents_day=_count(incidents.events, moment.at - DAY, moment.at),
        incidents_week=_count(incidents.events, moment.at - 7 * DAY, moment.at),
        change=_change(incidents.events, moment, None),
        kinds=_kinds(incidents.events, moment),
        hours=_hours(incidents.events, moment),
        cases={
            layer: _case_state(own[layer].events, marks[layer], moment.at) for layer in CASE_LAYERS
        },
        units=_units(town, own, marks),
        rows=rows,
        unit_open=per_unit(town, own[EventLayer.HAZARDS], EventFilter(is_open=True))[rows],
        unit_recent=per_unit(town, mapped(incidents, known), recent)[rows],
        posts_filled=sum(post.filled for post in posts),
        posts_planned=sum(post.planned for post in posts),
        officers_on_duty=sum(post.filled for post in officers),
        officers_planned=sum(post.planned for post in officers),
        on_shift=_on_shift(known.shifts, town, area, moment),
    )


_OFFICERS: Final = frozenset({"beat_officer", "beat_chief"})
"""The posts of the beat itself: who is deputy secretary holds one of them already."""


def mapped(incidents: Placed, known: Known) -> Placed:
    """Leave out what is never shown by place: crowds and sensitive kinds."""
    return incidents.take(~np.isin(incidents.events.ids, known.sensitive))


def _on_shift(
    shifts: Sequence[DutyShiftRecord], town: Town, area: Area | None, moment: Moment
) -> int | None:
    """Count who is on shift at the moment; of a day that is over, who was within 24 hours.

    None where no shift is known at all: the store does not keep them.
    """
    if not shifts:
        return None
    here = None if area is None else {area.code, *map(str, town.units.index[town.in_area(area)])}
    since = moment.at if moment.as_of_on is None else moment.at - DAY
    return len(
        {
            shift.holder_ref or f"{shift.place_code}|{shift.position}"
            for shift in shifts
            if shift.starts_at <= moment.at
            and shift.ends_at > since
            and (here is None or shift.place_code in here)
        }
    )


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def inside(town: Town, placed: Placed, area: Area | None) -> Placed:
    """Keep what lies in an area; everything without one."""
    if area is None:
        return placed
    codes = frozenset(map(str, town.units.index[town.in_area(area)]))
    if len(placed.grids) == 0:
        return placed.take(np.zeros(len(placed.events), dtype=bool))
    return placed.take(in_units(town, placed, codes))


def _count(events: EventArrays, since: datetime, until: datetime) -> int:
    return int(EventFilter(since, until).mask(events).sum())


def _change(events: EventArrays, moment: Moment, kind: str | None) -> Figure:
    since, until = same_span_last_year(moment.since, moment.until, moment.tz)
    kinds = () if kind is None else (kind,)
    now = int(EventFilter(moment.since, moment.until, kinds).mask(events).sum())
    then = int(EventFilter(since, until, kinds).mask(events).sum())
    return change_figure("K5", kind or "incidents", "all", now, then)


def _kinds(events: EventArrays, moment: Moment) -> tuple[Figure, ...]:
    """Give each main kind with a record in the period or a year before, most first, ties by code.

    Local codes that are not ours count under their own name.
    """
    codes = {str(kind) for kind in IncidentKind} | set(events.kind.labels)
    codes -= _NEVER_SHOWN
    made = [_change(events, moment, code) for code in sorted(codes)]
    found = [one for one in made if one.numerator or one.denominator]
    return tuple(sorted(found, key=lambda one: (-(one.numerator or 0), one.measure)))


def _hours(events: EventArrays, moment: Moment) -> tuple[int, ...]:
    keep = EventFilter(moment.since, moment.until).mask(events)
    keep &= events.precision.is_in(_TO_THE_MINUTE)
    times = events.occurred_at[keep]
    zone = ZoneInfo(moment.tz)
    local = [
        time.astype("datetime64[ms]").astype(datetime).replace(tzinfo=UTC).astimezone(zone).hour
        for time in times
    ]
    return tuple(int(n) for n in np.bincount(np.array(local, dtype=np.int64), minlength=24))


@dataclass(frozen=True)
class _Late:
    """Rows that are open, overdue, and soon overdue."""

    is_open: NDArray[np.bool_]
    overdue: NDArray[np.bool_]
    due_soon: NDArray[np.bool_]


def _lateness(events: EventArrays, at: datetime) -> _Late:
    """Compare open cases with their limits; a suspended case is never late (clock stopped)."""
    is_open = events.is_open
    running = is_open & ~events.status.is_in(STOPPED) & ~np.isnat(events.due_at)
    now = moment64(at)
    overdue = running & (events.due_at < now)
    limit = events.due_at - events.occurred_at
    warn_at = events.occurred_at + (limit.astype("int64") * WARN_SHARE).astype("timedelta64[ms]")
    known = ~np.isnat(events.occurred_at)
    return _Late(is_open, overdue, running & known & ~overdue & (warn_at <= now))


def _case_state(events: EventArrays, late: _Late, at: datetime) -> CaseState:
    """Count the stages; on time (K12) is asked of what is closed or due by now."""
    counted = ~events.status.is_in(_VOID)
    closed = events.status.is_in(_CLOSED)
    with_limit, on_time = on_time_rows(events, at)
    return CaseState(
        found=int(counted.sum()),
        accepted=int((counted & ~events.status.is_in(_NEW)).sum()),
        handled=int((counted & events.status.is_in(_HANDLED)).sum()),
        closed=int((counted & closed).sum()),
        is_open=int(late.is_open.sum()),
        overdue=int(late.overdue.sum()),
        due_soon=int(late.due_soon.sum()),
        major_open=int((late.is_open & events.severity.is_in(_MAJOR)).sum()),
        closed_on_time=int(on_time.sum()),
        with_limit=int(with_limit.sum()),
    )


def on_time_rows(events: EventArrays, at: datetime) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Mark cases that are closed or due by now, and those of them closed within the limit (K12)."""
    closed = events.status.is_in(_CLOSED)
    with_limit = ~events.status.is_in(_VOID) & ~np.isnat(events.due_at) & events.time_is_sound
    with_limit &= closed | (events.due_at <= moment64(at))
    return with_limit, with_limit & closed & (events.closed_at <= events.due_at)


def per_unit(town: Town, placed: Placed, wanted: EventFilter) -> NDArray[np.int64]:
    """Count in each row of `town.units`."""
    counts = count_by(placed, town.level, town.units, wanted)
    found = {unit.code: unit.n for unit in counts.units}
    return np.array([found.get(str(code), 0) for code in town.units.index], dtype=np.int64)


def _units(
    town: Town, own: Mapping[EventLayer, Placed], marks: Mapping[EventLayer, _Late]
) -> tuple[UnitLine, ...]:
    """Add up open cases by community; by the town's own units where they have no community."""
    column = "community_code"
    by_community = town.level is PlaceLevel.GRID and column in town.units.columns
    owner = [str(code) for code in (town.units[column] if by_community else town.units.index)]
    level = str(PlaceLevel.COMMUNITY if by_community else town.level)
    totals: dict[str, NDArray[np.int64]] = {}
    for layer in CASE_LAYERS:
        late = marks[layer]
        parts = (late.is_open, late.overdue, late.due_soon)
        counted = [per_unit(town, own[layer].take(part), EventFilter()) for part in parts]
        for code, *numbers in zip(owner, *counted, strict=True):
            totals[code] = totals.get(code, np.zeros(3, dtype=np.int64)) + np.array(numbers)
    lines = [
        UnitLine(code, town.name(level, code) or code, *(int(n) for n in numbers))
        for code, numbers in totals.items()
        if numbers[0]
    ]
    return tuple(sorted(lines, key=lambda line: (-line.open_items, line.code)))
