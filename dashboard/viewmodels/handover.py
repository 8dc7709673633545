"""Hand a shift over: what was opened, moved, closed and fell due in it, and what waits at whom.

Used by `dashboard.cache.cases`. Knows nothing of languages.

A case is listed once: closed before opened before moved. A stage counts by its stored step, or by
the stamp that a file brought. What waits is as the store stands now, not as it stood at the end of
an older shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from dashboard.viewmodels.cases import unit_name
from dashboard.viewmodels.handover_posts import PostLoad, WorstGrid, post_loads, worst_grids
from data.counting import moment64
from data.lifecycle import CaseAction, Light
from data.repositories.case_arrays import case_arrays
from data.repositories.case_records import CASE_LAYERS
from data.repositories.case_spans import steps_between
from data.repositories.cases import LIGHTS, case_records
from data.vocabulary import CLOSED_STATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from dashboard.viewmodels.town import Town
    from data.counting import Placed
    from data.repositories.case_records import CaseRecord, StepRecord
    from data.repositories.cases import Clocks
    from data.viewer import Viewer
    from data.vocabulary import EventLayer

ROTAS: Final[Mapping[str, tuple[int, ...]]] = {"three": (0, 8, 16), "two": (8, 20), "day": (8,)}
"""Local hours at which shifts change: three a day, two, or one of 24 hours."""
MOST_LINES: Final = 60
GROUPS: Final = ("opened", "moved", "closed", "overdue")
_STAMPS: Final = (
    "accepted_at", "filed_at", "assigned_at", "handled_at", "verified_at",
)  # fmt: skip
_CLOSED: Final = frozenset(state.value for state in CLOSED_STATES)
_NOT_MOVES: Final = frozenset({CaseAction.REPORT.value, CaseAction.CLOSE.value})


@dataclass(frozen=True)
class Shift:
    """A half-open span between two changes of shift, aware moments."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class HandoverLine:
    """One case of a group.

    Attributes
    ----------
    unit
        Code and name of its grid; None outside and unlocated.
    at
        When it happened: opened, closed, fell due, or the latest step of the shift.
    steps
        Stored steps of the shift, oldest first.
    """

    record: CaseRecord
    unit: tuple[str, str] | None
    at: datetime
    steps: tuple[StepRecord, ...]


@dataclass(frozen=True)
class Handover:
    """What one shift hands to the next.

    Attributes
    ----------
    groups
        Group → its lines, latest first, at most `MOST_LINES`.
    totals
        Group → how many cases there are.
    n_waiting, n_red
        What waits at `now`, and how much of it is over its limit.
    posts
        What waits, by responsible post; the heaviest first.
    worst
        Grids with the lowest share of cases closed on time.
    """

    shift: Shift
    now: datetime
    groups: Mapping[str, tuple[HandoverLine, ...]]
    totals: Mapping[str, int]
    n_waiting: int
    n_red: int
    posts: tuple[PostLoad, ...]
    worst: tuple[WorstGrid, ...]


def shifts_before(
    now: datetime, tz: str, most: int, starts: tuple[int, ...] = ROTAS["three"]
) -> tuple[Shift, ...]:
    """Give the shift that is running and those before it, latest first, `most` in all.

    At a change of shift the one that just begins is not given: nothing has happened in it.
    """
    zone = ZoneInfo(tz)
    local = now.astimezone(zone)
    marks = [
        datetime.combine(local.date() + timedelta(days=offset), time(hour), zone).astimezone(UTC)
        for offset in range(2, -(most // len(starts)) - 2, -1)
        for hour in reversed(starts)
    ]
    spans = [Shift(first, last) for last, first in pairwise(marks)]
    return tuple(shift for shift in spans if shift.since < now)[:most]


def build_handover(
    session: Session,
    viewer: Viewer,
    held: tuple[Town, Mapping[EventLayer, Placed], Mapping[EventLayer, Clocks]],
    shift: Shift,
    now: datetime,
) -> Handover:
    """Gather one shift.

    Parameters
    ----------
    held
        Places of today, every layer put into them, and the clocks of what waits.
    now
        Aware moment of the lights and of what fell due.

    Raises
    ------
    AccessRefused
        `level_too_low`: single records are for `INTERNAL` and above.
    """
    town, placed, clocks = held
    lines: dict[str, list[HandoverLine]] = {name: [] for name in GROUPS}
    totals = dict.fromkeys(GROUPS, 0)
    for layer in CASE_LAYERS:
        found = _of_layer(session, viewer, (placed[layer], clocks[layer]), shift, now)
        for name, (made, total) in _lines(session, viewer, town, placed[layer], found).items():
            lines[name] += made
            totals[name] += total
    waiting = {layer: _waiting(placed[layer], clocks[layer], now) for layer in CASE_LAYERS}
    red = LIGHTS.index(Light.RED)
    return Handover(
        shift=shift,
        now=now,
        groups={
            name: tuple(
                sorted(made, key=lambda line: (line.at, line.record.external_id), reverse=True)
            )[:MOST_LINES]
            for name, made in lines.items()
        },
        totals=totals,
        n_waiting=sum(len(rows) for rows, _ in waiting.values()),
        n_red=sum(int((light == red).sum()) for _, light in waiting.values()),
        posts=post_loads(session, viewer, (town, placed), waiting),
        worst=worst_grids([placed[layer] for layer in CASE_LAYERS], now),
    )


@dataclass(frozen=True)
class _Found:
    """Rows of one layer by group, when each happened (UTC ms), and the shift's steps by id."""

    rows: Mapping[str, NDArray[np.int64]]
    at: Mapping[str, NDArray[np.datetime64]]
    steps: Mapping[int, tuple[StepRecord, ...]]


def _of_layer(
    session: Session,
    viewer: Viewer,
    held: tuple[Placed, Clocks],
    shift: Shift,
    now: datetime,
) -> _Found:
    placed, clocks = held
    events = placed.events
    since, until = moment64(shift.since), moment64(shift.until)
    stages = case_arrays(session, viewer, events.layer)
    stages = stages.take(np.searchsorted(stages.ids, events.ids))
    steps: dict[int, list[StepRecord]] = {}
    for number, step in steps_between(session, viewer, events.layer, shift.since, shift.until):
        steps.setdefault(number, []).append(step)
    timed = events.precision.is_in(frozenset({"minute"}))
    opened_at = np.where(
        np.isnat(stages.reported_at) & timed, events.occurred_at, stages.reported_at
    )
    stamps = [getattr(stages, name) for name in _STAMPS]
    inside = [np.where((at >= since) & (at < until), at, np.datetime64("NaT")) for at in stamps]
    moved_at = np.fmax.reduce([*inside, _last_moves(events.ids, steps)])
    closed = events.status.is_in(_CLOSED) & (events.closed_at >= since) & (events.closed_at < until)
    opened = (opened_at >= since) & (opened_at < until) & ~closed
    moved = ~np.isnat(moved_at) & ~closed & ~opened
    waits = np.isin(events.ids, clocks.ids)
    due = events.due_at
    late = waits & (due >= since) & (due < min(until, moment64(now)))
    chosen = {"opened": opened, "moved": moved, "closed": closed, "overdue": late}
    at = {"opened": opened_at, "moved": moved_at, "closed": events.closed_at, "overdue": due}
    rows = {name: np.flatnonzero(mask) for name, mask in chosen.items()}
    return _Found(
        rows,
        {name: at[name][rows[name]] for name in GROUPS},
        {number: tuple(taken) for number, taken in steps.items()},
    )


def _last_moves(
    ids: NDArray[np.int64], steps: Mapping[int, list[StepRecord]]
) -> NDArray[np.datetime64]:
    """Give the moment of each row's latest step that moved it; NaT without one."""
    found = np.full(len(ids), np.datetime64("NaT", "ms"))
    for number, taken in steps.items():
        moves = [step.at for step in taken if step.action not in _NOT_MOVES]
        row = int(np.searchsorted(ids, number))
        if moves and row < len(ids) and ids[row] == number:
            found[row] = moment64(max(moves))
    return found


def _lines(
    session: Session, viewer: Viewer, town: Town, placed: Placed, found: _Found
) -> dict[str, tuple[list[HandoverLine], int]]:
    """Read the latest records of every group."""
    made = {}
    ids = placed.events.ids
    for name in GROUPS:
        rows, at = found.rows[name], found.at[name]
        latest = np.argsort(at, kind="stable")[::-1][:MOST_LINES]
        records = case_records(session, viewer, placed.events.layer, ids[rows[latest]].tolist())
        made[name] = (
            [
                HandoverLine(
                    record=records[int(ids[rows[k]])],
                    unit=unit_name(town, placed, int(rows[k])),
                    at=at[k].astype("datetime64[ms]").astype(datetime).replace(tzinfo=UTC),
                    steps=found.steps.get(int(ids[rows[k]]), ()),
                )
                for k in latest
                if int(ids[rows[k]]) in records
            ],
            len(rows),
        )
    return made


def _waiting(
    placed: Placed, clocks: Clocks, now: datetime
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Rows of what waits among the viewer's events, and the light of each."""
    is_here = np.isin(clocks.ids, placed.events.ids)
    rows = np.searchsorted(placed.events.ids, clocks.ids[is_here])
    return rows.astype(np.int64), clocks.lights(now)[is_here]
