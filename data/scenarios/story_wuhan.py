"""Tell what happened in Wuhan: nine years of fewer crimes, 132 alarms, a cable out of a window.

Used by the list of scenarios. Source: domain note 1.4 and 1.6 (S3).
"""

from dataclasses import replace
from datetime import date, datetime

import numpy as np

from data.scenarios.boards import target_row
from data.scenarios.cases import CaseOrder, dispute_rows, hazard_rows
from data.scenarios.contents import Contents, Events, Everyday, everyday
from data.scenarios.duties import ShiftOrder
from data.scenarios.figures import Article, Published, at, stated
from data.scenarios.forces import large_community, other_forces
from data.scenarios.houses import CompoundState
from data.scenarios.incidents import Row, Wave, incident_rows
from data.scenarios.people import grid_members
from data.scenarios.rosters import roster_one_n
from data.scenarios.single_cases import Single, dispute_of, hazard_of
from data.scenarios.sites import DeviceOrder, lonlat, room
from data.scenarios.spec import ScenarioSpec
from data.scenarios.spots import Spots
from data.scenarios.town import Town
from data.scenarios.wuhan import DORMITORY, LARGE
from data.vocabulary import (
    DeviceKind,
    DeviceStatus,
    DisputeKind,
    HazardKind,
    IncidentKind,
    MeetingKind,
    RegisterLayer,
    ServicePointKind,
    TargetUnit,
)

_K = IncidentKind
_CRIMES = {
    2013: 66, 2014: 61, 2015: 55, 2016: 50, 2017: 44, 2018: 38, 2019: 33, 2020: 26, 2021: 21,
}  # fmt: skip
_CRIMES_THIS_YEAR = 11
_OTHERS = {
    _K.HELP: 96, _K.OTHER: 70, _K.TRAFFIC: 74, _K.DISPUTE_CALL: 58, _K.PUBLIC_ORDER: 40,
    _K.FRAUD: 30, _K.TIP: 15, _K.DISASTER: 8,
}  # fmt: skip
_LESS = 0.9
_ALARMS, _OFFICERS = 132, 9
_RATED = 0.72
_SINCE = date(2021, 6, 1)
_FOUND = datetime(2022, 6, 14, 19, 20)  # noqa: DTZ001 - local time, as in the files
_NOTES = {
    "report": "社区民警走访时发现楼道飞线充电",
    "accept": "问题报至社区党总支",
    "file": "居委会、物业、业主代表共同商议整改方案",
    "dispatch": "民警现场提供政策咨询，物业负责实施",
    "finish": "楼前新建充电桩投入使用，飞线全部拆除",
    "close": "复查合格，销号",
}


def wuhan(spec: ScenarioSpec, town: Town) -> Contents:
    """Tell Wuhan: a cable case in six stamps, three quick-response circles, three plans."""
    dice = np.random.default_rng(spec.seed + 1)
    spots, days = Spots(town, dice), spec.spans
    code = {unit.name: unit.code for unit in town.of("community")}
    incidents = incident_rows(spots, _waves(days.as_of), days.as_of, dice)
    hazards = hazard_rows(spots, CaseOrder(109, days.since, days.as_of), dice)
    order = CaseOrder(71, days.since, days.as_of, unsettled=6, rooted=6)
    disputes = dispute_rows(spots, order, hazards, dice)
    large = next(unit for unit in town.of("community") if unit.name == LARGE)
    cable = Single("YHFX01", _FOUND, large, "楼道飞线充电，消防风险突出", _NOTES)
    hazard, steps = hazard_of(spots, cable, HazardKind.EBIKE, tuple(_NOTES)[1:])
    court = Single("JFQC01", datetime(2022, 8, 20, 18, 40), large, "篮球场使用时段引发的纠纷")  # noqa: DTZ001 - local
    ball = dispute_of(court, hazard, DisputeKind.PUBLIC_SPACE, settled_after_days=2)
    hazards.append(hazard)
    disputes.append({**ball, "root_hazard_ref": None, "channel": "call_110"})
    staff = large_community(town, _SINCE, LARGE, _OFFICERS)
    grid_members(staff, town, _SINCE)
    other_forces(staff, town, _SINCE, leaders=2)
    amounts = Everyday(
        rated=_RATED, old={code[DORMITORY]: 0.9, code["梧桐社区"]: 0.6},
        devices=_devices(code[DORMITORY], code[LARGE]),
        shifts=ShiftOrder(4, 0.72, 6, weekends=True),  # the files end on a Sunday
    )  # fmt: skip
    registers, states, _ = everyday(town, staff, days.as_of, amounts, dice)
    registers[RegisterLayer.SERVICE_POINTS] += _circles(town)
    registers[RegisterLayer.MEETINGS].append(_meeting(large.code))
    registers[RegisterLayer.TARGETS] = _targets(spec, states)
    return Contents(
        spec, town, staff, roster_one_n(), Events(incidents, hazards, disputes),
        _figures(spec, code[LARGE], code[DORMITORY]), "Changjiang Daily 2022-09-05", states,
        registers, steps,
    )  # fmt: skip


def _waves(as_of: date) -> tuple[Wave, ...]:
    """Give crimes for nine whole years and what is over of this one; the rest for two years."""
    crimes = [
        Wave(date(year, 1, 1), date(year + 1, 1, 1), {_K.CRIMINAL: count})
        for year, count in _CRIMES.items()
    ]
    year_ago = as_of.replace(year=as_of.year - 1)
    less = {kind: round(count * _LESS) for kind, count in _OTHERS.items()}
    return (
        *crimes,
        Wave(date(as_of.year, 1, 1), as_of, {_K.CRIMINAL: _CRIMES_THIS_YEAR}),
        Wave(year_ago.replace(year=as_of.year - 2), year_ago, _OTHERS),
        Wave(year_ago, as_of, less),
    )


def _devices(dormitory: str, large: str) -> tuple[DeviceOrder, ...]:
    """Give 132 smoke alarms that all answer, and a layer of three that has gone silent."""
    old, homes = frozenset({dormitory}), frozenset({large})
    return (
        DeviceOrder(DeviceKind.SMOKE_ALARM, _ALARMS, old, installed_on=date(2022, 8, 1)),
        DeviceOrder(DeviceKind.GAS_ALARM, 3, old, status=DeviceStatus.OFFLINE),
        DeviceOrder(DeviceKind.CHARGING_PILE, 24, homes, faulty=1),
        DeviceOrder(DeviceKind.CAMERA, 40, homes, faulty=2),
    )


def _circles(town: Town) -> list[Row]:
    """Give the quick-response circles of one, three and five minutes around the large community."""
    large = next(unit for unit in town.of("community") if unit.name == LARGE)
    x, y = room(town, large)
    return [
        {
            "external_id": f"KF{minutes}",
            "name": f"{minutes}分钟快速处置圈",
            "kind": ServicePointKind.QUICK_RESPONSE.value,
            "place_code": large.code,
            "has_contact_card": None,
            "opened_on": date(2021, 3, 1),
            "office_phone": None,
            **lonlat(town, x + off[0], y + off[1]),
        }
        for minutes, off in ((1, (25.0, 12.0)), (3, (-420.0, 180.0)), (5, (560.0, -240.0)))
    ]


def _meeting(place: str) -> Row:
    return {
        "external_id": "HYFX01",
        "place_code": place,
        "kind": MeetingKind.JOINT.value,
        "planned_on": date(2022, 6, 15),
        "held_on": date(2022, 6, 15),
        "parties": "residents_committee;party_branch;owners_committee;property_company;police",
        "is_police_present": "true",
        "hazard_ref": "YHFX01",
        "subject": "飞线充电整改议事",
    }


def _targets(spec: ScenarioSpec, states: dict[str, CompoundState]) -> list[Row]:
    """Give the year's three plans of the city with what is done so far, all below the plan."""
    year, city = (date(2022, 1, 1), date(2023, 1, 1)), spec.units.city[0]
    rated = sum(state.safe_stars is not None for state in states.values())
    done = round(rated / len(states), 4)
    count = TargetUnit.COUNT
    old, stars, free = (
        ("改造老旧小区", "Old communities transformed"),
        ("星级平安单元覆盖率", "Coverage of star-rated safe units"),
        ("创建无诈社区（村湾）", "Fraud-free communities created"),
    )
    return [
        target_row("MB01", "old_communities", old, (count, 350, 228), year, city),
        target_row("MB02", "star_units", stars, (TargetUnit.SHARE, 0.8, done), year, city),
        target_row("MB03", "fraud_free", free, (count, 200, 127), year, city),
    ]


def _figures(spec: ScenarioSpec, large: str, dormitory: str) -> list[Published]:
    told, city = Article("S3", spec.spans.as_of), spec.units.city[0]
    falls = told.share("K7", "incidents_criminal_fall_years", 8, 8, "8 consecutive years")
    alarms = "132 smoke alarms in the dormitory were put into use"
    entered = "154 police stations in the city have entered"
    members = "1441 community police as part-time members"
    villages = "1,265 administrative villagers' police part-time members"
    plan = "transformation of 350 old communities … 80% … 200 fraud-free"
    officers = told.total("appointments_beat_officer", _OFFICERS, "and nine community police")
    return [
        at(officers, large),
        replace(falls, value=8),
        at(told.total("devices_smoke_alarm", _ALARMS, alarms), dormitory),
        at(told.share("K1", "devices_smoke_alarm_online", _ALARMS, _ALARMS, alarms), dormitory),
        *(
            replace(
                told.share("K10", f"target_{key}", planned, planned, plan),
                value=planned,
                numerator=None,
                bound="planned",
                scope=city,
            )
            for key, planned in (("old_communities", 350), ("star_units", 0.8), ("fraud_free", 200))
        ),
        stated(told.total("stations_on_committees", 154, entered, "K1"), city),
        stated(told.total("community_members", 1_441, members), city),
        stated(told.total("village_members", 1_265, villages), city),
        stated(told.total("party_members_both", 2_706, members), city),
    ]
