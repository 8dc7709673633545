"""Answer what happened: counts, changes (K5, K6), runs (K7, K8), rates (K9), K24 and K25.

Used by the engine; the change of two counts by view models too.
Knows nothing of people and of registers.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from data.counting import EventFilter
from data.kpi.calendar import to_local
from data.kpi.definitions import CLASSES, COUNTED, STREAK_KINDS
from data.kpi.desk import Desk, Measure, gives
from data.kpi.figure import NOTE_NONE_IN_PERIOD, NOTE_SMALL_BASE, SMALL_BASE, Figure
from data.kpi.intervals import change_interval, falls_at_the_end, gini, zero_rate_upper
from data.kpi.repeats import PLACE_RADIUS_M, events_per_place
from data.kpi.spans import days_between, same_span_last_year, span_before, years_between
from data.kpi.staffing import full_time_members
from data.repositories.events import EventArrays
from data.vocabulary import EventLayer, PlaceLevel

TOP_SHARE: Final = 0.05
REPEAT_DAYS: Final = 30
REPEATED: Final = 2
_YEAR_OF_RATES: Final = 365


@gives(*(f"{layer}{end}" for layer in EventLayer for end in ("", "_imprecise")))
def _layers(desk: Desk) -> Iterable[Figure]:
    """Events of the period, and those of which nobody can tell whether they are."""
    for layer in EventLayer:
        yield desk.figure(layer.value, len(desk.events(layer)))
        untold = int(desk.period.imprecise(desk.placed(layer).events).sum())
        if untold:
            yield desk.figure(f"{layer}_imprecise", untold)


@gives(*CLASSES)
def _classes(desk: Desk) -> Iterable[Figure]:
    incidents = desk.events(EventLayer.INCIDENTS)
    for name, kinds in CLASSES.items():
        n = int(incidents.kind.is_in(frozenset(kinds)).sum())
        if n:
            yield desk.figure(name, n)


@gives(*(f"{name}_{way}" for name in COUNTED for way in ("yoy", "pop")))
def _changes(desk: Desk) -> Iterable[Figure]:
    """K5 and K6: both periods stand on the same boundaries, whichever were asked for."""
    question = desk.question
    if desk.span is None:
        return
    spans = {
        ("K5", "yoy"): same_span_last_year(*desk.span, question.tz),
        ("K6", "pop"): span_before(*desk.span, question.tz),
    }
    subjects = {layer.value: desk.placed(layer).events for layer in EventLayer}
    incidents = subjects["incidents"]
    for name, kinds in CLASSES.items():
        subjects[name] = incidents.take(incidents.kind.is_in(frozenset(kinds)))
    for (kpi, suffix), before in spans.items():
        for name, events in subjects.items():
            current, previous = change(events, *desk.span, before)
            if name == "incidents" or current or previous:
                made = change_figure(kpi, f"{name}_{suffix}", question.scope, current, previous)
                yield desk.versioned(made)


@gives(*(f"{name}_fall_years" for name in ("incidents", *CLASSES)))
def _falls(desk: Desk) -> Iterable[Figure]:
    """K7 over whole local years, from the first year of any incident to the last one over."""
    incidents = desk.placed(EventLayer.INCIDENTS).events
    known = ~np.isnat(incidents.occurred_at)
    years = _years(incidents.occurred_at[known], desk.question.tz)
    for name, kinds in {"incidents": (), **CLASSES}.items():
        wanted = EventFilter(kinds=kinds).mask(incidents)[known]
        counts = _whole_years(years, wanted, desk.end, desk.question.tz)
        if len(counts) > 1 and any(counts.values()):
            numbers = list(counts.values())
            run = falls_at_the_end(numbers)
            yield desk.valued(f"{name}_fall_years", run, numerator=run, denominator=len(counts) - 1)


@gives(*(f"days_since_{kind.name.lower()}" for kind in STREAK_KINDS))
def _streaks(desk: Desk) -> Iterable[Figure]:
    """K8: local days from the last event to the end of the period, or to today.

    Where nothing of the kind ever happened, days since the period (or the first incident) began.
    """
    events, tz = desk.placed(EventLayer.INCIDENTS).events, desk.question.tz
    end_on = _local_day(desk.end, tz)
    earlier = events.occurred_at[EventFilter(until=desk.end).mask(events)]
    if len(earlier) == 0:
        return
    for kind in STREAK_KINDS:
        before = EventFilter(until=desk.end, kinds=(kind.value,)).mask(events)
        times = events.occurred_at[before]
        since_on = (
            _local_day(desk.question.since, tz)
            if desk.question.since is not None
            else _day_of(earlier.min(), tz)
        )
        last_on = _day_of(times.max(), tz) if len(times) else since_on
        note = "" if len(times) else NOTE_NONE_IN_PERIOD
        measure = f"days_since_{kind.name.lower()}"
        yield desk.figure(measure, (end_on - last_on).days, note=note)


@gives(*(f"{kind.name.lower()}_per_year" for kind in STREAK_KINDS))
def _yearly_rates(desk: Desk) -> Iterable[Figure]:
    """K8: events a year; nothing in the period still allows a rate of 3 / years."""
    if desk.span is None:
        return
    years = years_between(*desk.span, desk.question.tz)
    events = desk.events(EventLayer.INCIDENTS)
    for kind in STREAK_KINDS:
        n = int(events.kind.is_in(frozenset({kind.value})).sum())
        high = zero_rate_upper(years) if n == 0 else None
        if years > 0:
            yield desk.valued(
                f"{kind.name.lower()}_per_year", n / years, numerator=n,
                denominator=years, interval=None if high is None else (0.0, high),
            )  # fmt: skip


@gives("incidents_per_10000", "incidents_per_10000_year")
def _per_resident(desk: Desk) -> Iterable[Figure]:
    residents = desk.grids["residents"]
    if len(residents) == 0 or residents.isna().any():
        return
    n, base = len(desk.events(EventLayer.INCIDENTS)), int(residents.sum())
    yield desk.figure("incidents_per_10000", n, base, per=10_000)
    if desk.span is not None:
        days = days_between(*desk.span, desk.question.tz)
        years = days / _YEAR_OF_RATES
        yield desk.figure("incidents_per_10000_year", n, base * years, per=10_000)


@gives("cases_per_member")
def _load(desk: Desk) -> Iterable[Figure]:
    members = full_time_members(desk)
    if members:
        layers = (EventLayer.HAZARDS, EventLayer.DISPUTES)
        n = sum(len(desk.events(layer)) for layer in layers)
        yield desk.figure("cases_per_member", n, members)


@gives("communities_without_fraud")
def _fraud_free(desk: Desk) -> Iterable[Figure]:
    units = {record.code for record in desk.units(PlaceLevel.COMMUNITY).values()}
    placed = desk.placed(EventLayer.INCIDENTS)
    if not units or len(placed.events) == 0:
        return
    fraud = frozenset(CLASSES["incidents_fraud"])
    mask = desk.period.mask(placed.events) & placed.events.kind.is_in(fraud)
    rows = placed.position[mask & (placed.position >= 0)]
    struck = set(placed.grids["community_code"].to_numpy(dtype=object)[rows])
    yield desk.figure("communities_without_fraud", len(units - struck), len(units))


@gives("repeat_places")
def _repeats(desk: Desk) -> Iterable[Figure]:
    """K24 over the 30 days up to the end of the period (or to tonight)."""
    end = desk.question.until or desk.cut
    wanted = EventFilter(since=end - timedelta(days=REPEAT_DAYS), until=end)
    events = desk.events(EventLayer.INCIDENTS, wanted)
    located = events.take(events.is_located)
    if len(located):
        n = events_per_place(located.lon, located.lat, PLACE_RADIUS_M)
        yield desk.figure("repeat_places", int((n >= REPEATED).sum()), len(n))


@gives("top_5_percent_share", "incidents_gini")
def _concentration(desk: Desk) -> Iterable[Figure]:
    """K25 over the unit's base grids, those with nothing included; at least one grid is the top."""
    if desk.span is None or len(desk.grids) == 0:
        return
    per_grid = np.sort(_per_grid(desk))[::-1]
    top = max(1, round(TOP_SHARE * len(per_grid)))
    n = len(desk.events(EventLayer.INCIDENTS))
    yield desk.figure("top_5_percent_share", int(per_grid[:top].sum()), n)
    spread = gini(per_grid)
    if spread is not None:
        yield desk.valued("incidents_gini", spread, denominator=len(per_grid))


def change(
    events: EventArrays, since: datetime, until: datetime, before: tuple[datetime, datetime]
) -> tuple[int, int]:
    """Count a span and the span it is compared with."""
    now = EventFilter(since=since, until=until).mask(events)
    then = EventFilter(since=before[0], until=before[1]).mask(events)
    return int(now.sum()), int(then.sum())


def change_figure(kpi: str, measure: str, scope: str, current: int, previous: int) -> Figure:
    """Give a relative change with base and interval; marked where a count is under five."""
    interval = change_interval(current, previous) or (None, None)
    return Figure(
        kpi,
        measure,
        scope,
        (current - previous) / previous if previous else None,
        current,
        previous,
        interval[0],
        interval[1],
        note=NOTE_SMALL_BASE if min(current, previous) < SMALL_BASE else "",
    )


def yearly_counts(
    events: EventArrays, end: datetime, tz: str, kinds: tuple[str, ...] = ()
) -> dict[int, int]:
    """Count whole local years: from the first year of any event to the last that is over at `end`.

    A year after the newest event of all is left out: nothing says that anybody looked.
    """
    known = ~np.isnat(events.occurred_at)
    years = _years(events.occurred_at[known], tz)
    wanted = EventFilter(kinds=kinds).mask(events)[known]
    return _whole_years(years, wanted, end, tz)


def _whole_years(
    years: npt.NDArray[np.int64], wanted: npt.NDArray[np.bool_], end: datetime, tz: str
) -> dict[int, int]:
    if len(years) == 0:
        return {}
    first = int(years.min())
    last = min(end.astimezone(ZoneInfo(tz)).year - 1, int(years.max()))
    if last < first:
        return {}
    kept = years[wanted & (years <= last)]
    counts = np.bincount(kept - first, minlength=last - first + 1)
    return {first + k: int(n) for k, n in enumerate(counts)}


def _years(moments: npt.NDArray[np.datetime64], tz: str) -> npt.NDArray[np.int64]:
    return to_local(moments, tz).astype("datetime64[Y]").astype(np.int64) + 1970


def _per_grid(desk: Desk) -> npt.NDArray[np.int64]:
    placed = desk.placed(EventLayer.INCIDENTS)
    inside = placed.position[desk.period.mask(placed.events) & (placed.position >= 0)]
    counted = np.bincount(inside, minlength=len(placed.grids))
    return np.asarray(counted[placed.grids.index.isin(desk.grids.index)], dtype=np.int64)


def _local_day(moment: datetime, tz: str) -> date:
    return moment.astimezone(ZoneInfo(tz)).date()


def _day_of(moment: np.datetime64, tz: str) -> date:
    known: datetime = moment.astype("datetime64[ms]").astype(datetime)
    return _local_day(known.replace(tzinfo=UTC), tz)


MEASURES: Final[tuple[Measure, ...]] = (
    _layers,
    _classes,
    _changes,
    _falls,
    _streaks,
    _yearly_rates,
    _per_resident,
    _load,
    _fraud_free,
    _repeats,
    _concentration,
)
