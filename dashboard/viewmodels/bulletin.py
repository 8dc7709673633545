"""Fill a bulletin: count one place's period, the same days a year before, and what is open.

Used by `dashboard.cache.bulletin` and `gridbeat bulletin`.
Knows nothing of languages and of paper; free text and persons are never read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from dashboard.printing.bulletin import (
    BAND_HOURS,
    HOURS,
    WEEKDAYS,
    Bulletin,
    CaseCounts,
    CaseKind,
    Hours,
    KindChange,
)
from dashboard.viewmodels.overview import PER, in_units
from data.counting import EventFilter, local_midnight, moment64
from data.errors import DataError, RecordNotFound
from data.kpi import Figure, change_figure, same_span_last_year
from data.vocabulary import (
    CLOSED_STATES,
    UNCOUNTED_STATES,
    CaseStatus,
    EventLayer,
    PlaceLevel,
    Severity,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from dashboard.viewmodels.town import Area, Town
    from data.counting import Placed
    from data.repositories.events import Coded, EventArrays

CLOCKED: Final = frozenset({"minute"})
"""Precisions that know the hour; days, months and bands are in no cell of the hours."""


@dataclass(frozen=True)
class BulletinAsked:
    """What a bulletin is asked for.

    Parameters
    ----------
    area
        `level:code` of a community or subdistrict; empty: the whole store.
    since_on, until_on
        Local days, half-open.
    now
        Aware moment of the making.
    printed_by, scenario
        Account, and name of the synthetic scenario in words (empty for one's own records).
    """

    area: str
    since_on: date
    until_on: date
    now: datetime
    tz: str
    printed_by: str
    scenario: str = ""


def build_bulletin(
    town: Town, placed: Mapping[EventLayer, Placed], asked: BulletinAsked
) -> Bulletin:
    """Count.

    Raises
    ------
    DataError
        `bulletin_span`: the last day lies before the first.
    RecordNotFound
        `no_such_place`: no such area on that day; `no_units`: the store has no grids, so that a
        point cannot be put into an area.
    """
    if asked.until_on <= asked.since_on:
        raise DataError(
            "bulletin_span", since=asked.since_on.isoformat(), until=asked.until_on.isoformat()
        )
    area = place_of(town, asked.area)
    events = {layer: _inside(town, placed[layer], area) for layer in EventLayer}
    since = local_midnight(asked.since_on, asked.tz)
    until = local_midnight(asked.until_on, asked.tz)
    as_of_at = min(until, asked.now)
    incidents = events[EventLayer.INCIDENTS]
    now = incidents.take(EventFilter(since, until).mask(incidents))
    before_span = same_span_last_year(since, until, asked.tz)
    before = incidents.take(EventFilter(*before_span).mask(incidents))
    scope = area.code if area else "all"
    spans = (since, until, as_of_at)
    units = town.units[town.in_area(area)]
    return Bulletin(
        level=area.level if area else "",
        code=area.code if area else "",
        name=area.name if area else "",
        since_on=asked.since_on,
        until_on=asked.until_on,
        as_of_at=as_of_at,
        made_at=asked.now,
        tz=asked.tz,
        scenario=asked.scenario,
        printed_by=asked.printed_by,
        incidents=change_figure("K5", "incidents_yoy", scope, len(now), len(before)),
        per_thousand=_rate(len(now), _sum(units["residents"].to_numpy(np.float64, na_value=np.nan)),
                           scope),
        households=_sum(units["households"].to_numpy(np.float64, na_value=np.nan)),
        unlocated=_unlocated(placed[EventLayer.INCIDENTS], EventFilter(since, until)),
        imprecise=count_imprecise(incidents, (since, until), before_span),
        imprecise_cases=sum(
            count_imprecise(events[layer], (since, until))
            for layer in (EventLayer.HAZARDS, EventLayer.DISPUTES)
        ),
        kinds=_kinds(now, before, scope),
        hours=count_hours(now, asked.tz),
        hazards=count_cases(events[EventLayer.HAZARDS], *spans),
        disputes=count_cases(events[EventLayer.DISPUTES], *spans),
    )  # fmt: skip


def count_hours(events: EventArrays, tz: str) -> Hours:
    """Count events by local weekday and hour.

    Events whose time is known only to the day, the month or a band are in no hour. The peak band
    is three hours long and may cross midnight; of equal bands the earliest counts.
    """
    has_clock = events.precision.is_in(CLOCKED) & ~np.isnat(events.occurred_at)
    counts = np.zeros((WEEKDAYS, HOURS), dtype=np.int64)
    zone = ZoneInfo(tz)
    for at in events.occurred_at[has_clock].astype("datetime64[s]").tolist():
        local = at.replace(tzinfo=UTC).astimezone(zone)
        counts[local.weekday(), local.hour] += 1
    timed = int(has_clock.sum())
    by_hour, by_day = counts.sum(axis=0), counts.sum(axis=1)
    bands = sum((np.roll(by_hour, -step) for step in range(BAND_HOURS)), np.zeros(HOURS, np.int64))
    return Hours(
        counts=tuple(tuple(row) for row in counts.tolist()),
        timed=timed,
        untimed=len(events) - timed,
        peak_hour=int(bands.argmax()) if timed else None,
        peak_count=int(bands.max()),
        peak_weekday=int(by_day.argmax()) if timed else None,
        weekday_count=int(by_day.max()),
    )


def count_cases(
    events: EventArrays, since: datetime, until: datetime, as_of_at: datetime
) -> CaseCounts:
    """Count hazards or disputes: found and closed in a span, open and late at a moment.

    Open at a moment is what was found before it and is not closed, or was closed later. Void and
    not accepted records count nowhere. Late is what is open past its limit;
    a suspended case is never late: its clock stands.
    """
    closed_states = frozenset(map(str, CLOSED_STATES))
    counted = events.take(~events.status.is_in(frozenset(map(str, UNCOUNTED_STATES))))
    is_closed = counted.status.is_in(closed_states)
    moment = moment64(as_of_at)
    found, closed = found_and_closed(counted, since, until)
    begun = np.isnat(counted.occurred_at) | (counted.occurred_at < moment)
    still_open = begun & (~is_closed | (counted.closed_at >= moment))
    has_limit = ~np.isnat(counted.due_at)
    is_stopped = counted.status.is_in(frozenset({CaseStatus.SUSPENDED.value}))
    overdue = still_open & has_limit & ~is_stopped & (counted.due_at < moment)
    columns = [_per_kind(counted.kind, mask) for mask in (found, closed, still_open, overdue)]
    kinds = [
        CaseKind(code, *(column.get(code, 0) for column in columns))
        for code in sorted(set().union(*columns))
    ]
    major = counted.severity.is_in(frozenset({Severity.MAJOR.value}))
    return CaseCounts(
        kinds=tuple(sorted(kinds, key=lambda kind: (-kind.still_open, -kind.found, kind.code))),
        found=int(found.sum()),
        closed=int(closed.sum()),
        still_open=int(still_open.sum()),
        overdue=int(overdue.sum()),
        with_limit=int((still_open & has_limit).sum()),
        major=int((still_open & major).sum()),
    )


def found_and_closed(
    events: EventArrays, since: datetime, until: datetime
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which cases were found, and which were closed, in a span.

    Void and not accepted records are neither.
    """
    counts = ~events.status.is_in(frozenset(map(str, UNCOUNTED_STATES)))
    in_span = (events.closed_at >= moment64(since)) & (events.closed_at < moment64(until))
    is_closed = events.status.is_in(frozenset(map(str, CLOSED_STATES)))
    return counts & EventFilter(since, until).mask(events), counts & is_closed & in_span


def place_of(town: Town, key: str) -> Area | None:
    """Find the area of a key; none for an empty key, which is the whole store.

    Raises
    ------
    RecordNotFound
        `no_such_place`.
    """
    if not key:
        return None
    area = town.area(key)
    if area is None:
        level, _, code = key.partition(":")
        raise RecordNotFound("no_such_place", level=level, place=code)
    return area


def _inside(town: Town, placed: Placed, area: Area | None) -> EventArrays:
    if area is None:
        return placed.events
    if town.level is not PlaceLevel.GRID:
        raise RecordNotFound("no_units", level=PlaceLevel.GRID.value, as_of=town.as_of.isoformat())
    codes = frozenset(map(str, town.units.index[town.in_area(area)]))
    return placed.events.take(in_units(town, placed, codes))


def _unlocated(placed: Placed, wanted: EventFilter) -> int:
    return int((wanted.mask(placed.events) & (placed.position < 0)).sum())


def count_imprecise(events: EventArrays, *spans: tuple[datetime, datetime]) -> int:
    """Count events known only to a month, day or band that the edges of any span cut through."""
    cut = np.zeros(len(events), dtype=bool)
    for span in spans:
        cut |= EventFilter(*span).imprecise(events)
    return int(cut.sum())


def _rate(n: int, residents: int | None, scope: str) -> Figure:
    value = PER * n / residents if residents else None
    return Figure(None, "incidents_per_1000", scope, value, n, residents)


def _sum(values: NDArray[np.float64]) -> int | None:
    """Add up; none where any unit has no number, for the sum would be short."""
    return int(values.sum()) if len(values) and bool(np.isfinite(values).all()) else None


def _kinds(now: EventArrays, before: EventArrays, scope: str) -> tuple[KindChange, ...]:
    current, previous = (_per_kind(events.kind, None) for events in (now, before))
    found = [
        KindChange(
            code,
            change_figure(
                "K5", f"incidents_{code}_yoy", scope, current.get(code, 0), previous.get(code, 0)
            ),
        )
        for code in sorted(set(current) | set(previous))
    ]
    return tuple(sorted(found, key=lambda kind: (-(kind.change.numerator or 0), kind.code)))


def _per_kind(kind: Coded, mask: NDArray[np.bool_] | None) -> dict[str, int]:
    codes = kind.codes if mask is None else kind.codes[mask]
    labels = (*kind.labels, "")
    counted = np.bincount(codes % len(labels), minlength=len(labels))
    return {label: int(n) for label, n in zip(labels, counted, strict=True) if n}
