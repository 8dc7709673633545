"""Hold everything that a scenario's files say, and draw what all towns have in common.

Used by the stories of the scenarios and by the writer of files. Knows nothing of formats.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from data.scenarios.duties import ShiftOrder, meeting_rows, shift_rows
from data.scenarios.figures import Published
from data.scenarios.houses import CompoundState, House, houses_of, states_of
from data.scenarios.incidents import Row
from data.scenarios.patrols import stop_rows
from data.scenarios.people import Staff
from data.scenarios.sites import (
    DeviceOrder,
    building_rows,
    device_rows,
    service_point_rows,
    target_rows,
)
from data.scenarios.spec import ScenarioSpec
from data.scenarios.town import Town
from data.vocabulary import DeviceKind, DeviceStatus, RegisterLayer

Registers = dict[RegisterLayer, list[Row]]
_USUAL_SHIFTS = ShiftOrder(4, 0.72, 6)


class Events(NamedTuple):
    """Rows of the three layers of events."""

    incidents: list[Row]
    hazards: list[Row]
    disputes: list[Row]


@dataclass(frozen=True)
class Contents:
    """Everything a scenario's files say.

    `article` names the source of declared figures; `steps` are the time lines of single cases.
    """

    spec: ScenarioSpec
    town: Town
    staff: Staff
    roster: dict[str, object]
    events: Events
    published: list[Published]
    article: str
    compounds: Mapping[str, CompoundState]
    registers: Registers
    steps: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Everyday:
    """How much everyday work a town shows.

    Parameters
    ----------
    stop_days, meeting_weeks
        How far back patrol stops and meetings go.
    shifts
        Weeks of shifts, share of time in the community, least contacts a day.
    old
        Community code → share of old compounds.
    rated
        Share of compounds rated as safe units.
    devices
        What hangs where; none: smoke alarms and cameras all over town.
    """

    stop_days: int = 28
    meeting_weeks: int = 12
    shifts: ShiftOrder = _USUAL_SHIFTS
    old: Mapping[str, float] = field(default_factory=dict)
    rated: float = 0.6
    devices: tuple[DeviceOrder, ...] = ()
    households_a_house: int = 72


def everyday(
    town: Town, staff: Staff, as_of: date, amounts: Everyday, dice: np.random.Generator
) -> tuple[Registers, dict[str, CompoundState], list[House]]:
    """Draw the registers that every town has: houses, devices, points, patrols, shifts, meetings.

    Parameters
    ----------
    as_of
        The day on which the files were written; nothing in them is later.
    """
    houses = houses_of(town, amounts.households_a_house)
    states = states_of(town, dice, dict(amounts.old), amounts.rated)
    targets = target_rows(town, dice)
    devices = amounts.devices or _usual_devices(town)
    registers: Registers = {
        RegisterLayer.BUILDINGS: building_rows(town, houses, states),
        RegisterLayer.DEVICES: device_rows(town, houses, devices, as_of, dice),
        RegisterLayer.SERVICE_POINTS: service_point_rows(town, as_of, dice),
        RegisterLayer.PATROL_TARGETS: targets,
        RegisterLayer.PATROL_STOPS: stop_rows(town, targets, as_of, amounts.stop_days, dice),
        RegisterLayer.DUTY_SHIFTS: shift_rows(staff, as_of, amounts.shifts, dice),
        RegisterLayer.MEETINGS: meeting_rows(town, as_of, amounts.meeting_weeks, dice),
    }
    return registers, states, houses


def _usual_devices(town: Town) -> tuple[DeviceOrder, ...]:
    grids = len(town.of("grid"))
    return (
        DeviceOrder(DeviceKind.SMOKE_ALARM, 2 * grids, faulty=max(1, grids // 20)),
        DeviceOrder(DeviceKind.CAMERA, grids, faulty=max(1, grids // 30)),
        DeviceOrder(DeviceKind.CHARGING_PILE, grids // 2, faulty=1),
        DeviceOrder(DeviceKind.GAS_ALARM, max(2, grids // 10), status=DeviceStatus.UNKNOWN),
    )
