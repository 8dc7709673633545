"""Answer how cases go: resolution (K3), rectification (K4), K11-K19 and handling times (K26).

Used by the engine. Knows nothing of people and of registers.
A cohort is what was found in the period; `flow` counts what was closed in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from data.counting import moment64
from data.kpi.calendar import clock_minutes
from data.kpi.desk import BoolArray, Desk, Measure, gives
from data.kpi.figure import Figure
from data.repositories.case_arrays import CaseArrays, handled_incidents, root_hazard_states
from data.repositories.events import EventArrays
from data.vocabulary import (
    CLOSED_STATES,
    UNCOUNTED_STATES,
    CaseLevel,
    CaseLoop,
    CaseStatus,
    ChannelGroup,
    EventLayer,
    Severity,
)

CASES: Final = (EventLayer.DISPUTES, EventLayer.HAZARDS)
MEMBER_CHANNEL: Final = "grid_inspection"
DEFAULT_VERIFICATION_HOURS: Final = 2
DEFAULT_RECHECK_HOURS: Final = 24
_CLOSED: Final = frozenset(str(state) for state in CLOSED_STATES)
_UNCOUNTED: Final = frozenset(str(state) for state in UNCOUNTED_STATES)
_DISPOSED: Final = _CLOSED | {CaseStatus.HANDLED.value}
_NOT_YET: Final = _UNCOUNTED | {CaseStatus.REPORTED.value}


@dataclass(frozen=True)
class Cases:
    """Hazards or disputes found in the period, with what the rates ask of each.

    Attributes
    ----------
    counted
        Neither void nor refused.
    cut
        Moment up to which something may have fallen due (UTC).
    """

    events: EventArrays
    stages: CaseArrays
    counted: BoolArray
    closed: BoolArray
    disposed: BoolArray
    cut: np.datetime64

    @property
    def has_limit(self) -> BoolArray:
        """Cases with a limit and times that may be trusted."""
        return np.asarray(~np.isnat(self.events.due_at) & self.events.time_is_sound)

    @property
    def is_due(self) -> BoolArray:
        """Cases whose limit is over."""
        return np.asarray(~np.isnat(self.events.due_at) & (self.events.due_at <= self.cut))

    @property
    def closed_on_time(self) -> BoolArray:
        """Closed cases whose closing is not after their limit."""
        on_time = self.events.closed_at <= self.events.due_at
        return np.asarray(self.closed & self.has_limit & on_time)


def cases_of(desk: Desk, layer: EventLayer) -> Cases:
    """Lay out the cases of the period."""
    events = desk.events(layer)
    stages = desk.stages(layer, events)
    counted = ~events.status.is_in(_UNCOUNTED)
    closed = events.status.is_in(_CLOSED)
    disposed = counted & (events.status.is_in(_DISPOSED) | ~np.isnat(stages.handled_at))
    return Cases(events, stages, counted, closed, disposed, moment64(desk.cut))


@gives(
    *(f"{layer}_{state}" for layer in CASES for state in ("closed", "open", "overdue")),
    "dispute_resolution_rate",
    "hazard_rectification_rate",
)
def _cohorts(desk: Desk) -> Iterable[Figure]:
    names = {
        EventLayer.DISPUTES: "dispute_resolution_rate",
        EventLayer.HAZARDS: "hazard_rectification_rate",
    }
    for layer, measure in names.items():
        cases = cases_of(desk, layer)
        closed, counted = int(cases.closed.sum()), int(cases.counted.sum())
        is_open = cases.counted & ~cases.closed
        yield desk.figure(measure, closed, counted)
        yield desk.figure(f"{layer}_closed", closed)
        yield desk.figure(f"{layer}_open", int(is_open.sum()))
        yield desk.figure(f"{layer}_overdue", int((is_open & cases.is_due).sum()))


@gives("dispute_resolution_flow", "hazard_rectification_flow")
def _flows(desk: Desk) -> Iterable[Figure]:
    """Count what was closed in the period, whenever found, against what was found in it."""
    if desk.span is None:
        return
    since, until = (moment64(moment) for moment in desk.span)
    names = {
        EventLayer.DISPUTES: "dispute_resolution_flow",
        EventLayer.HAZARDS: "hazard_rectification_flow",
    }
    for layer, measure in names.items():
        ever = desk.placed(layer).events
        closed = ever.status.is_in(_CLOSED) & (ever.closed_at >= since) & (ever.closed_at < until)
        found = int(cases_of(desk, layer).counted.sum())
        yield desk.figure(measure, int(closed.sum()), found)


@gives("major_hazard_rectification_rate")
def _major(desk: Desk) -> Iterable[Figure]:
    cases = cases_of(desk, EventLayer.HAZARDS)
    graded = cases.events.severity.is_in(frozenset({Severity.MAJOR.value}))
    major = cases.counted & (graded | (cases.stages.is_major == 1))
    if major.any():
        done = int((major & cases.closed).sum())
        yield desk.figure("major_hazard_rectification_rate", done, int(major.sum()))


@gives("disputes_root_fixed")
def _roots(desk: Desk) -> Iterable[Figure]:
    """Of the disputes that were closed and name a root hazard: those whose hazard is gone."""
    states = root_hazard_states(desk.session, desk.viewer)
    cases = cases_of(desk, EventLayer.DISPUTES)
    ids = cases.events.ids[cases.closed & cases.counted]
    named = [states[int(k)] for k in ids if int(k) in states]
    if named:
        fixed = sum(state in _CLOSED for state in named)
        yield desk.figure("disputes_root_fixed", fixed, len(named))


@gives(
    *(
        f"{layer}_{ending}"
        for layer in CASES
        for ending in ("closing_rate", "on_time_rate", "on_time_of_closed")
    )
)
def _closing(desk: Desk) -> Iterable[Figure]:
    """K11 and K12; both denominators of K12 are given, each under its own name."""
    for layer in CASES:
        cases = cases_of(desk, layer)
        shut = int(cases.closed.sum())
        open_due = int((cases.counted & ~cases.closed & cases.is_due).sum())
        limited = int((cases.closed & cases.has_limit).sum())
        on_time = int(cases.closed_on_time.sum())
        yield desk.figure(f"{layer}_closing_rate", shut, shut + open_due)
        yield desk.figure(f"{layer}_on_time_rate", on_time, limited + open_due)
        yield desk.figure(f"{layer}_on_time_of_closed", on_time, limited)


@gives(
    *(
        f"{layer}_{ending}"
        for layer in CASES
        for ending in ("disposal_rate", "on_time_disposal", "rework_rate")
    )
)
def _disposal(desk: Desk) -> Iterable[Figure]:
    """K13 and K14; a case without a day of disposal was disposed of when it was closed."""
    for layer in CASES:
        cases = cases_of(desk, layer)
        accepted = ~cases.events.status.is_in(_NOT_YET) | ~np.isnat(cases.stages.accepted_at)
        accepted &= cases.counted
        if not accepted.any():
            continue
        done = int((cases.disposed & accepted).sum())
        yield desk.figure(f"{layer}_disposal_rate", done, int(accepted.sum()))
        handled_at = np.where(
            np.isnat(cases.stages.handled_at), cases.events.closed_at, cases.stages.handled_at
        )
        timed = accepted & cases.disposed & cases.has_limit & ~np.isnat(handled_at)
        on_time = timed & (handled_at <= cases.events.due_at)
        due = accepted & ~cases.disposed & cases.is_due
        if timed.any() or due.any():
            whole = int(timed.sum() + due.sum())
            yield desk.figure(f"{layer}_on_time_disposal", int(on_time.sum()), whole)
        again = cases.events.status.is_in(frozenset({CaseStatus.REWORK.value}))
        known = (cases.disposed & ~np.isnan(cases.stages.rework_count)) | again
        if known.any():
            reworked = known & (again | (cases.stages.rework_count > 0))
            yield desk.figure(f"{layer}_rework_rate", int(reworked.sum()), int(known.sum()))


@gives(
    *(
        f"{layer}_{ending}"
        for layer in CASES
        for ending in ("filing_rate", "valid_report_rate", "missed_report_rate")
    )
)
def _filing(desk: Desk) -> Iterable[Figure]:
    """K15 and K16; refused and void reports count as reports here."""
    for layer in CASES:
        cases = cases_of(desk, layer)
        filed = ~np.isnat(cases.stages.filed_at)
        if filed.any():
            public = cases.events.channel_group.is_in(frozenset({ChannelGroup.REPORTED.value}))
            n = int(filed.sum())
            yield desk.figure(f"{layer}_filing_rate", n, len(filed))
            yield desk.figure(f"{layer}_missed_report_rate", int((public & filed).sum()), n)
        own = cases.stages.channel.is_in(frozenset({MEMBER_CHANNEL}))
        if own.any():
            valid = int((own & cases.counted).sum())
            yield desk.figure(f"{layer}_valid_report_rate", valid, int(own.sum()))


@gives(
    *(
        f"{layer}_{ending}"
        for layer in CASES
        for ending in ("on_time_verification", "on_time_recheck")
    )
)
def _checks(desk: Desk) -> Iterable[Figure]:
    """K17: reports verified, and handled cases re-checked, within hours set in the store."""
    for layer in CASES:
        cases = cases_of(desk, layer)
        stages, sound = cases.stages, cases.events.time_is_sound
        verified_at = np.where(np.isnat(stages.accepted_at), stages.filed_at, stages.accepted_at)
        asked = (
            ("on_time_verification", "verification_hours", DEFAULT_VERIFICATION_HOURS,
             stages.reported_at, verified_at),
            ("on_time_recheck", "recheck_hours", DEFAULT_RECHECK_HOURS,
             stages.handled_at, stages.verified_at),
        )  # fmt: skip
        for ending, setting, default, begun_at, done_at in asked:
            limit = np.timedelta64(int(60 * float(desk.settings.get(setting, default))), "m")
            known = sound & cases.counted & ~np.isnat(begun_at)
            done = known & ~np.isnat(done_at)
            if not done.any():
                continue
            owed = known & (done | (begun_at + limit <= cases.cut))
            on_time = done & (done_at - begun_at <= limit)
            yield desk.figure(f"{layer}_{ending}", int(on_time.sum()), int(owed.sum()))


@gives(
    *(
        f"{layer}_{ending}"
        for layer in CASES
        for ending in ("dispatch_accuracy", "response_rate", "solved_rate", "satisfaction_rate")
    )
)
def _answers(desk: Desk) -> Iterable[Figure]:
    """K18 and K19; who was not asked does not count."""
    for layer in CASES:
        cases = cases_of(desk, layer)
        sent = cases.counted & (cases.stages.dispatch_count >= 1)
        if sent.any():
            once = int((sent & (cases.stages.dispatch_count == 1)).sum())
            yield desk.figure(f"{layer}_dispatch_accuracy", once, int(sent.sum()))
        asked = (
            ("response_rate", cases.stages.is_contacted),
            ("solved_rate", cases.stages.is_solved),
            ("satisfaction_rate", cases.stages.is_satisfied),
        )
        for ending, flags in asked:
            known = cases.counted & ~np.isnan(flags)
            if known.any():
                yes = int((known & (flags == 1)).sum())
                yield desk.figure(f"{layer}_{ending}", yes, int(known.sum()))


@gives(
    *(f"{layer}_closed_at_{level}" for layer in CASES for level in CaseLevel),
    *(f"{layer}_closing_{loop}" for layer in CASES for loop in CaseLoop),
)
def _levels(desk: Desk) -> Iterable[Figure]:
    """Where cases were closed, and how each of the two loops closes."""
    for layer in CASES:
        cases = cases_of(desk, layer)
        closed = cases.closed & cases.counted
        with_level = closed & (cases.stages.level.codes >= 0)
        if with_level.any():
            for level in CaseLevel:
                there = with_level & cases.stages.level.is_in(frozenset({level.value}))
                measure = f"{layer}_closed_at_{level}"
                yield desk.figure(measure, int(there.sum()), int(with_level.sum()))
        for loop in CaseLoop:
            carried = cases.counted & cases.stages.loop.is_in(frozenset({loop.value}))
            if carried.any():
                done = int((carried & cases.closed).sum())
                yield desk.figure(f"{layer}_closing_{loop}", done, int(carried.sum()))


@gives(
    *(
        f"{layer}_minutes_{name}"
        for layer in (*CASES, EventLayer.INCIDENTS)
        for name in ("median", "p90")
    )
)
def _durations(desk: Desk) -> Iterable[Figure]:
    """K26: working minutes from acceptance to closing, less those the clock stood still.

    Rows hold the clock minutes of all pauses together, not when they were: the paused share of the
    clock time is taken off the working minutes. Incidents and cases of the police loop run around
    the clock. The quantiles interpolate linearly; the denominator is the number of cases.
    """
    for layer in CASES:
        cases = cases_of(desk, layer)
        stages, closed_at = cases.stages, cases.events.closed_at
        done = cases.closed & cases.counted & cases.events.time_is_sound
        done &= ~np.isnat(closed_at) & ~np.isnat(stages.accepted_at)
        rows = np.flatnonzero(done & (closed_at >= stages.accepted_at))
        at = (stages.accepted_at[rows], closed_at[rows])
        around = stages.loop.is_in(frozenset({CaseLoop.POLICE.value}))[rows]
        clock = clock_minutes(*at)
        stopped = np.nan_to_num(stages.suspended_minutes[rows])
        running = np.clip(clock - stopped, 0.0, None) / np.where(clock > 0, clock, 1.0)
        open_minutes = np.where(around, clock, desk.calendar.minutes_between(*at))
        yield from _quantiles(desk, layer, open_minutes * running)
    ids, accepted_at, closed_at = handled_incidents(desk.session, desk.viewer)
    if len(ids):
        own = np.isin(ids, desk.events(EventLayer.INCIDENTS).ids) & (closed_at >= accepted_at)
        minutes = clock_minutes(accepted_at[own], closed_at[own])
        yield from _quantiles(desk, EventLayer.INCIDENTS, minutes)


def _quantiles(desk: Desk, layer: EventLayer, minutes: npt.NDArray[np.float64]) -> Iterable[Figure]:
    for name, share in (("median", 0.5), ("p90", 0.9)):
        if len(minutes):
            value = float(np.quantile(minutes, share))
            yield desk.valued(f"{layer}_minutes_{name}", value, denominator=len(minutes))


MEASURES: Final[tuple[Measure, ...]] = (
    _cohorts,
    _flows,
    _major,
    _roots,
    _closing,
    _disposal,
    _filing,
    _checks,
    _answers,
    _levels,
    _durations,
)
