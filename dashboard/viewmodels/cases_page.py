"""Gather the page of one case: its life, its clock, who covers the place, and its kin.

Used by `dashboard.cache.cases` and the screen of a case. Knows nothing of languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from data.lifecycle import (
    LEVELS,
    WAITING_STATES,
    CaseAction,
    Light,
    allowed_actions,
    is_root_open,
    light,
    used_share,
)
from data.repositories.cases import (
    case_steps,
    disputes_of,
    find_case,
    near_cases,
    root_of,
    sensitive_ids,
    workers_of,
)
from data.repositories.people import duty_roster
from data.viewer import Role
from data.vocabulary import EventLayer, HolderKind, PlaceLevel, Position
from geo.assign import assign_lonlat

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from dashboard.viewmodels.town import Town
    from data.lifecycle import CaseState
    from data.repositories.case_records import CaseKey, CaseRecord, StepRecord
    from data.repositories.people import DutyRecord
    from data.viewer import Viewer

_POLICE: Final = frozenset({HolderKind.POLICE.value, HolderKind.AUXILIARY.value})


@dataclass(frozen=True)
class Stage:
    """One step, and how long the case then stayed in the state it led to.

    `lasted` is up to the next step, or up to now for the last one of a case that waits; None where
    a moment is not known to the minute.
    """

    step: StepRecord
    lasted: timedelta | None
    is_running: bool


@dataclass(frozen=True)
class Desk:
    """Somebody on duty who may act on a case: service number, role title, role."""

    name: str
    title: str
    place: str
    role: Role


@dataclass(frozen=True)
class CasePage:
    """One case and everything that its page shows.

    Attributes
    ----------
    share
        Used share of the limit (1 = 100 %); None without one.
    unit
        Code and name of the grid; None outside and unlocated.
    duties
        Who covers the grid and its community today.
    near
        What may be the same thing, with metres.
    root, disputes
        Hazard at the root of a dispute; disputes that name this hazard.
    is_root_open
        The dispute is closed and its root hazard still waits.
    is_sensitive
        An incident that is never drawn as a point.
    """

    record: CaseRecord
    state: CaseState
    now: datetime
    stages: tuple[Stage, ...]
    light: Light
    share: float | None
    unit: tuple[str, str] | None
    duties: tuple[DutyRecord, ...]
    near: tuple[tuple[CaseRecord, float], ...]
    root: CaseRecord | None
    disputes: tuple[CaseRecord, ...]
    is_root_open: bool
    is_sensitive: bool

    @property
    def last_at(self) -> datetime:
        """The latest moment on this page: its clock, or a step taken after it."""
        return max([self.now, *(s.step.at for s in self.stages if not s.step.is_derived)])

    @property
    def is_waiting(self) -> bool:
        """Whether somebody still has to do something."""
        return self.record.has_lifecycle and self.state.status in WAITING_STATES

    def actions(self, viewer: Viewer) -> tuple[CaseAction, ...]:
        """List what this viewer may do now; nothing for incidents."""
        if not self.record.has_lifecycle:
            return ()
        state = self.state
        found = allowed_actions(state.status, viewer.role, actor=viewer.name, workers=state.workers)
        is_top = state.level is LEVELS[-1]
        return tuple(a for a in found if not (is_top and a is CaseAction.ESCALATE))


def build_case_page(
    session: Session, viewer: Viewer, town: Town, key: CaseKey, now: datetime
) -> CasePage:
    """Read one case.

    Raises
    ------
    RecordNotFound, AccessRefused
        As `data.repositories.cases.find_case`.
    """
    record = find_case(session, viewer, key)
    steps = case_steps(session, record)
    state = record.state(workers_of(steps))
    root = root_of(session, record)
    unit = unit_of(town, record.lon, record.lat, record.stated_unit)
    around = record.occurred_at or record.reported_at
    is_incident = record.layer is EventLayer.INCIDENTS
    return CasePage(
        record=record,
        state=state,
        now=now,
        stages=_stages(steps, record, now),
        light=light(state, now) if record.has_lifecycle else Light.NONE,
        share=used_share(state, now) if record.has_lifecycle else None,
        unit=unit,
        duties=_duties(session, viewer, town, unit),
        near=near_cases(session, viewer, record, around) if around and not is_incident else (),
        root=root,
        disputes=disputes_of(session, record),
        is_root_open=root is not None and is_root_open(state.status, root.state().status),
        is_sensitive=is_incident and record.id in sensitive_ids(session),
    )


def unit_of(
    town: Town, lon: float | None, lat: float | None, stated: str | None
) -> tuple[str, str] | None:
    """Code and name of the unit a point lies in; of the stated one where there is no point."""
    if lon is not None and lat is not None:
        if town.level is not PlaceLevel.GRID:
            return None
        found = assign_lonlat(np.array([lon]), np.array([lat]), town.units).grid
        row = int(found[0])
        return None if row < 0 else (str(town.units.index[row]), str(town.units["name"].iloc[row]))
    if stated is not None and stated in town.units.index:
        return stated, town.name(str(town.level), stated)
    return None


def desks_of(session: Session, viewer: Viewer, town: Town) -> tuple[Desk, ...]:
    """List who is on duty and may act on cases, by place and title; no names of persons."""
    found: dict[str, Desk] = {}
    for duty in duty_roster(session, viewer, as_of=town.as_of):
        if duty.holder_code is None or not duty.is_filled:
            continue
        role = _role_of(duty)
        if role is not None:
            desk = Desk(duty.holder_code, duty.holder_title, duty.place_name, role)
            found.setdefault(duty.holder_code, desk)
    return tuple(found.values())


def _role_of(duty: DutyRecord) -> Role | None:
    if duty.position == Position.DEPUTY_SECRETARY:
        return Role.DEPUTY_SECRETARY
    if duty.holder_kind in _POLICE:
        return Role.OFFICER
    return Role.GRID_MEMBER if duty.holder_kind == HolderKind.GRID_MEMBER else None


def _stages(steps: tuple[StepRecord, ...], record: CaseRecord, now: datetime) -> tuple[Stage, ...]:
    # a scenario's clock stands still and its steps come after: no stage lasts less than nothing
    now = max([now, *(step.at for step in steps if not step.is_derived)])
    stages = []
    for place, step in enumerate(steps):
        following = steps[place + 1] if place + 1 < len(steps) else None
        is_running = following is None and record.has_lifecycle and _waits(record)
        until = following.at if following else (now if is_running else None)
        is_sound = step.precision == "minute" and not record.time_flags
        lasted = until - step.at if until is not None and is_sound else None
        stages.append(Stage(step, lasted, is_running))
    return tuple(stages)


def _waits(record: CaseRecord) -> bool:
    return record.state().status in WAITING_STATES


def _duties(
    session: Session, viewer: Viewer, town: Town, unit: tuple[str, str] | None
) -> tuple[DutyRecord, ...]:
    if unit is None:
        return ()
    code = unit[0]
    near = {(str(town.level), code)}
    if "community_code" in town.units.columns:
        near.add((PlaceLevel.COMMUNITY.value, str(town.units["community_code"][code])))
    roster = duty_roster(session, viewer, as_of=town.as_of)
    chosen = [duty for duty in roster if (duty.place_level, duty.place_code) in near]
    order = {position.value: place for place, position in enumerate(Position)}
    return tuple(
        sorted(chosen, key=lambda duty: (order.get(duty.position, len(order)), duty.place_level))
    )
