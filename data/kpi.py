"""Work out the figures that governing reports publish, each with what it stands on.

Used by the command line and view models. Formulas K1-K26: domain note 1.7. Every figure carries
numerator, denominator and, where one is defined, a 95 % interval; a zero denominator gives no
value. Figures for units whose rows the store does not hold come from `declared_figure`.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.orm import Session

from data.counting import EventFilter, Placed, local_midnight, place_events
from data.errors import RecordNotFound
from data.frames import grids_frame
from data.repositories.events import EventArrays
from data.repositories.figures import declared_figures
from data.repositories.people import coverage, duty_roster, roster_gaps
from data.viewer import Viewer
from data.vocabulary import (
    CLOSED_STATES,
    UNCOUNTED_STATES,
    CaseStatus,
    EventLayer,
    IncidentKind,
    PlaceLevel,
    Position,
    Severity,
)

Z_95: Final = 1.959963984540054
SMALL_BASE: Final = 5
TOP_SHARE: Final = 0.05
BEAT_POSITIONS: Final = (Position.BEAT_OFFICER, Position.BEAT_CHIEF, Position.DEPUTY_SECRETARY)
MEMBER_POSITIONS: Final = (
    Position.GRID_LEADER,
    Position.FULL_TIME_MEMBER,
    Position.PART_TIME_MEMBER,
)
Source = Literal["rows", "declared"]


@dataclass(frozen=True)
class Figure:
    """One number and what it stands on.

    Parameters
    ----------
    id
        K-number of the domain note; none for a plain total.
    measure, scope
        What is measured, and where (`all` or a place code); unique together.
    value
        None where the denominator is zero.
    low, high
        95 % interval, same unit as `value`.
    note
        Code of a remark, such as `small_base`.
    """

    id: str | None
    measure: str
    scope: str
    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    low: float | None = None
    high: float | None = None
    source: Source = "rows"
    note: str = ""


@dataclass(frozen=True)
class Question:
    """Which period, which place, which day.

    Parameters
    ----------
    since, until
        Aware moments, half-open; none is open.
    unit
        Code of the place to stay inside; none for the whole store.
    """

    today: date
    since: datetime | None = None
    until: datetime | None = None
    unit: str | None = None
    tz: str = "Asia/Shanghai"

    @property
    def scope(self) -> str:
        """Name of the scope in figures."""
        return self.unit or "all"


class _Desk:
    """What the measures of one question share, read once."""

    def __init__(self, session: Session, viewer: Viewer, question: Question) -> None:
        self.session, self.viewer, self.question = session, viewer, question
        self.grids = _inside(grids_frame(session, viewer, as_of=question.today), question.unit)
        self.layers = {layer: self._events(layer) for layer in EventLayer}
        self.period = EventFilter(since=question.since, until=question.until)

    def _events(self, layer: EventLayer) -> Placed:
        question = self.question
        placed = place_events(
            self.session, self.viewer, layer, today=question.today, tz=question.tz
        )
        if question.unit is None:
            return placed
        own = np.array([*placed.grids.index.isin(self.grids.index), False, False])
        return placed.take(own[placed.position])

    def events(self, layer: EventLayer, wanted: EventFilter | None = None) -> EventArrays:
        """Events of the period (or of `wanted`)."""
        placed = self.layers[layer]
        return placed.events.take((wanted or self.period).mask(placed.events))

    def figure(
        self,
        kpi: str | None,
        measure: str,
        numerator: float,
        denominator: float | None = None,
        *,
        per: float = 1.0,
        note: str = "",
    ) -> Figure:
        """Give a total, or a rate that is none on a zero denominator."""
        if denominator is None:
            return Figure(kpi, measure, self.question.scope, float(numerator), numerator, note=note)
        value = per * numerator / denominator if denominator else None
        return Figure(kpi, measure, self.question.scope, value, numerator, denominator, note=note)


Measure = Callable[[_Desk], Iterable[Figure]]


def figures(session: Session, viewer: Viewer, question: Question) -> tuple[Figure, ...]:
    """Answer every measure that the store's rows or declared figures can answer.

    Raises
    ------
    RecordNotFound
        `unknown_unit`: no place with that code on that day.
    """
    desk = _Desk(session, viewer, question)
    found = [figure for measure in MEASURES for figure in measure(desk)]
    have = {(figure.measure, figure.scope) for figure in found}
    for row in declared_figures(session, viewer):
        wanted = question.unit is None or row.scope == question.unit
        if wanted and (row.measure, row.scope) not in have:
            found.append(
                Figure(
                    row.kpi,
                    row.measure,
                    row.scope,
                    row.value,
                    row.numerator,
                    row.denominator,
                    source="declared",
                    note=row.source,
                )
            )
    return tuple(found)


def change_interval(current: int, previous: int) -> tuple[float, float] | None:
    """95 % interval of (C - P) / P from the log ratio (K5); none where either is zero.

    Source: Wald interval of a ratio of two Poisson counts, exp(ln(C/P) ± 1.96·sqrt(1/C + 1/P)) - 1.
    """
    if current <= 0 or previous <= 0:
        return None
    centre, half = math.log(current / previous), Z_95 * math.sqrt(1 / current + 1 / previous)
    return math.exp(centre - half) - 1, math.exp(centre + half) - 1


def same_span_last_year(since: datetime, until: datetime, tz: str) -> tuple[datetime, datetime]:
    """Move a span one year back on the local calendar; 29 February becomes 1 March."""
    return _year_back(since, tz), _year_back(until, tz)


def change(
    events: EventArrays, since: datetime, until: datetime, before: tuple[datetime, datetime]
) -> tuple[int, int]:
    """Count a span and the span it is compared with."""
    now = EventFilter(since=since, until=until).mask(events)
    then = EventFilter(since=before[0], until=before[1]).mask(events)
    return int(now.sum()), int(then.sum())


def _year_back(moment: datetime, tz: str) -> datetime:
    local = moment.astimezone(ZoneInfo(tz))
    try:
        return local.replace(year=local.year - 1)
    except ValueError:
        return local.replace(year=local.year - 1, month=3, day=1)


def _inside(grids, unit: str | None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - a frame in, its rows out
    if unit is None:
        return grids
    columns = [name for name in grids.columns if name.endswith("_code")]
    keep = (grids[columns] == unit).any(axis=1)
    if not keep.any():
        raise RecordNotFound("unknown_unit", unit=unit)
    return grids[keep]


def _totals(desk: _Desk) -> Iterable[Figure]:
    yield desk.figure(None, "grids", len(desk.grids))
    for name in ("community", "subdistrict", "station"):
        yield desk.figure(None, f"{name}_total", desk.grids[f"{name}_code"].dropna().nunique())
    for name in ("households", "residents"):
        if desk.grids[name].notna().any():
            yield desk.figure(None, name, int(desk.grids[name].sum()))
    for layer in EventLayer:
        yield desk.figure(None, layer.value, len(desk.events(layer)))
    incidents = desk.events(EventLayer.INCIDENTS)
    for kind in IncidentKind:
        n = int(incidents.kind.is_in(frozenset({kind.value})).sum())
        if n:
            yield desk.figure(None, f"incidents_{kind.name.lower()}", n)


def _appointments(desk: _Desk) -> Iterable[Figure]:
    places = set(desk.grids.index) | {
        code for name in desk.grids if name.endswith("_code") for code in desk.grids[name].dropna()
    }
    roster = [
        duty
        for duty in duty_roster(desk.session, desk.viewer, as_of=desk.question.today)
        if desk.question.unit is None or duty.place_code in places
    ]
    for position in sorted({duty.position for duty in roster}):
        holders = {d.holder_code or d.holder_title for d in roster if d.position == position}
        yield desk.figure(None, f"appointments_{position}", len(holders))


def _coverage(desk: _Desk) -> Iterable[Figure]:
    asked = (
        ("community_police", PlaceLevel.COMMUNITY, BEAT_POSITIONS),
        ("grid_member", PlaceLevel.GRID, MEMBER_POSITIONS),
    )
    for name, level, positions in asked:
        found = coverage(
            desk.session,
            desk.viewer,
            level=level.value,
            positions=tuple(position.value for position in positions),
            as_of=desk.question.today,
        )
        units, gaps = found.units, found.gaps
        if desk.question.unit is not None:
            own = set(desk.grids.index) if level is PlaceLevel.GRID else _communities(desk)
            units, gaps = len(own), tuple(gap for gap in gaps if gap.code in own)
        appointed = units - sum(gap.on_leave == 0 for gap in gaps)
        yield desk.figure("K1", f"{name}_coverage", appointed, units)
        yield desk.figure("K1", f"{name}_on_duty", units - len(gaps), units)
    own = set(desk.grids.index)
    rosters = roster_gaps(desk.session, desk.viewer, as_of=desk.question.today)
    of_grids = [roster for roster in rosters if roster.place_code in own]
    if of_grids:
        complete = sum(roster.is_complete for roster in of_grids)
        yield desk.figure("K1", "roster_complete", complete, len(of_grids))


def _communities(desk: _Desk) -> set[str]:
    return set(desk.grids["community_code"].dropna())


def _closing(desk: _Desk) -> Iterable[Figure]:
    closed_states = frozenset(str(state) for state in CLOSED_STATES)
    void = frozenset(str(state) for state in UNCOUNTED_STATES)
    names = {
        EventLayer.DISPUTES: ("K3", "dispute_resolution_rate"),
        EventLayer.HAZARDS: ("K4", "hazard_rectification_rate"),
    }
    for layer, (kpi, measure) in names.items():
        found = desk.events(layer)
        found = found.take(~found.status.is_in(void))
        closed = found.status.is_in(closed_states)
        yield desk.figure(kpi, measure, int(closed.sum()), len(found))
        yield desk.figure(None, f"{layer.value}_closed", int(closed.sum()))
        yield desk.figure(None, f"{layer.value}_open", int((~closed).sum()))
        with_limit = found.take(~np.isnat(found.due_at) & found.time_is_sound)
        shut = with_limit.status.is_in(closed_states)
        on_time = shut & (with_limit.closed_at <= with_limit.due_at)
        yield desk.figure("K12", f"{layer.value}_on_time_rate", int(on_time.sum()), len(with_limit))
        yield desk.figure("K11", f"{layer.value}_closing_rate", int(shut.sum()), len(with_limit))


def _changes(desk: _Desk) -> Iterable[Figure]:
    question = desk.question
    if question.since is None or question.until is None:
        return
    spans = {
        ("K5", "yoy"): same_span_last_year(question.since, question.until, question.tz),
        ("K6", "pop"): (question.since - (question.until - question.since), question.since),
    }
    events = desk.layers[EventLayer.INCIDENTS].events
    kinds = {"incidents": None} | {
        f"incidents_{kind.name.lower()}": kind.value for kind in IncidentKind
    }
    for (kpi, suffix), before in spans.items():
        for name, kind in kinds.items():
            of_kind = events if kind is None else events.take(events.kind.is_in(frozenset({kind})))
            current, previous = change(of_kind, question.since, question.until, before)
            if kind is None or current or previous:
                yield change_figure(kpi, f"{name}_{suffix}", question.scope, current, previous)


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
        note="small_base" if min(current, previous) < SMALL_BASE else "",
    )


def _rates(desk: _Desk) -> Iterable[Figure]:
    question = desk.question
    n = len(desk.events(EventLayer.INCIDENTS))
    residents = desk.grids["residents"]
    if residents.notna().all() and len(residents):
        yield desk.figure("K9", "incidents_per_10000", n, int(residents.sum()), per=10_000)
    if question.since is not None and question.until is not None and len(desk.grids):
        per_grid = np.sort(_per_grid(desk))[::-1]
        top = max(1, round(TOP_SHARE * len(per_grid)))
        yield desk.figure("K25", "top_5_percent_share", int(per_grid[:top].sum()), n)


def _per_grid(desk: _Desk) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    placed = desk.layers[EventLayer.INCIDENTS]
    inside = placed.take(desk.period.mask(placed.events) & (placed.position >= 0))
    counted = np.bincount(inside.position, minlength=len(placed.grids))
    return np.asarray(counted[placed.grids.index.isin(desk.grids.index)], dtype=np.int64)


def _streaks(desk: _Desk) -> Iterable[Figure]:
    """Days since the last event of a kind (K8), up to the end of the period or today."""
    events = desk.layers[EventLayer.INCIDENTS].events
    end = desk.question.until or local_midnight(desk.question.today, desk.question.tz)
    for kind in (IncidentKind.FRAUD, IncidentKind.CRIMINAL):
        before = EventFilter(until=end, kinds=(kind.value,)).mask(events)
        times = events.occurred_at[before]
        if len(times):
            last = times.max().astype("datetime64[ms]").astype(datetime)
            days = (end.astimezone(ZoneInfo("UTC")).replace(tzinfo=None) - last).days
            yield desk.figure("K8", f"days_since_{kind.name.lower()}", days)


def _severe(desk: _Desk) -> Iterable[Figure]:
    hazards = desk.events(EventLayer.HAZARDS)
    major = hazards.severity.is_in(frozenset({Severity.MAJOR.value}))
    closed = hazards.status.is_in(frozenset({CaseStatus.CLOSED.value, CaseStatus.VERIFIED.value}))
    if major.any():
        done = int((major & closed).sum())
        yield desk.figure("K4", "major_hazard_rectification_rate", done, int(major.sum()))


MEASURES: Final[tuple[Measure, ...]] = (
    _totals,
    _appointments,
    _coverage,
    _closing,
    _severe,
    _changes,
    _rates,
    _streaks,
)
