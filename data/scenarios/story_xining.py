"""Tell what happened in Xining: the pilot's quiet years, the eight ones, the month map.

Used by the list of scenarios. Source: domain note 1.2 and 1.6 (S1).
"""

from dataclasses import replace
from datetime import date

import numpy as np

from data.scenarios.boards import grade_rows, months_before, programme_rows
from data.scenarios.cases import CaseOrder, dispute_rows, hazard_rows
from data.scenarios.contents import Contents, Events, Everyday, everyday
from data.scenarios.duties import ShiftOrder, joint_meetings
from data.scenarios.figures import Article, Published, at, within
from data.scenarios.forces import four_parties
from data.scenarios.incidents import Row, Wave, incident_rows
from data.scenarios.people import community_staff, grid_members
from data.scenarios.rosters import roster_four_way
from data.scenarios.spec import ScenarioSpec
from data.scenarios.spots import Spots
from data.scenarios.town import Town
from data.scenarios.xining import OLD, PILOT
from data.vocabulary import IncidentKind, RegisterLayer

_K = IncidentKind
_ELSEWHERE = {
    _K.HELP: 66, _K.OTHER: 52, _K.TRAFFIC: 48, _K.DISPUTE_CALL: 40, _K.PUBLIC_ORDER: 34,
    _K.CRIMINAL: 26, _K.FRAUD: 22, _K.TIP: 12, _K.DISASTER: 5,
}  # fmt: skip
_IN_PILOT = {_K.HELP: 9, _K.OTHER: 7, _K.TRAFFIC: 5, _K.DISPUTE_CALL: 8, _K.TIP: 2}
_PILOT_CRIMES = ((44, 84), (46, 82), (43, 80), (42, 78), (4, 8))
_GROWTH = (1.12, 1.08, 1.05, 1.0, 0.92)
_LAST_FRAUD = date(2017, 10, 16)
_PILOT_SINCE, _DISTRICT_SINCE, _CITY_SINCE = date(2020, 7, 6), date(2021, 4, 1), date(2022, 8, 10)
_MONTHS = 24
_EIGHT_ONES = (
    ("一个指挥中枢", "One command centre", "incidents"),
    ("一个平台联社区", "One platform for communities", "community_total"),
    ("一条热线通民生", "One hotline for daily life", "disputes_response_rate"),
    ("一张网络促服务", "One network of services", "contact_card_coverage"),
    ("一支队伍管执法", "One team for enforcement", "hazards_on_time_rate"),
    ("一个站点多元解纷", "One station for disputes", "dispute_resolution_rate"),
    ("一套体系抓综治", "One system of governance", "roster_complete"),
    ("一个网格强根基", "One grid as the base", "grid_full_time_coverage"),
)
PROGRAMME = "eight_ones"


def xining(spec: ScenarioSpec, town: Town) -> Contents:
    """Tell Xining: no fraud in the pilot community for five years, 120 cases to 12."""
    dice = np.random.default_rng(spec.seed + 1)
    spots, days = Spots(town, dice), spec.spans
    code = {unit.name: unit.code for unit in town.of("community")}
    incidents = _incidents(spec, spots, code[PILOT], dice)
    hazards = hazard_rows(spots, CaseOrder(140, days.since, days.as_of), dice)
    order = CaseOrder(96, days.since, days.as_of, unsettled=9, rooted=9)
    disputes = dispute_rows(spots, order, hazards, dice)
    staff = community_staff(
        town, _CITY_SINCE, is_seat=False, starts=_starts(town, code[PILOT]), chief=code[PILOT]
    )
    grid_members(staff, town, _DISTRICT_SINCE)
    four_parties(staff, town, _DISTRICT_SINCE, frozenset({code["友谊社区"], code["育才社区"]}))
    shifts = ShiftOrder(4, 0.8, 10, weekends=True)  # the files end on a Sunday
    amounts = Everyday(shifts=shifts, old={code[OLD]: 0.75, code[PILOT]: 0.5})
    registers, states, _ = everyday(town, staff, days.as_of, amounts, dice)
    in_old = [hazard for hazard in hazards if hazard["stated_unit"] == code[OLD]]
    joint_meetings(registers[RegisterLayer.MEETINGS], in_old)
    months = months_before(days.as_of, _MONTHS)
    registers |= {
        RegisterLayer.PROGRAMMES: programme_rows(PROGRAMME, _EIGHT_ONES),
        RegisterLayer.AREA_GRADES: grade_rows(town, months, (code[OLD], code["和平社区"]), dice),
    }
    return Contents(
        spec, town, staff, roster_four_way(), Events(incidents, hazards, disputes),
        _figures(spec, code[PILOT]), "Rule of Law Daily 2022-10-17", states, registers,
    )  # fmt: skip


def _incidents(
    spec: ScenarioSpec, spots: Spots, pilot: str, dice: np.random.Generator
) -> list[Row]:
    """Draw five years: the pilot community apart, its last fraud on the day before they begin."""
    inside = frozenset({pilot})
    outside = frozenset(u.code for u in spots.town.of("community")) - inside
    waves = []
    for year, (growth, (criminal, public)) in enumerate(zip(_GROWTH, _PILOT_CRIMES, strict=True)):
        since, until = date(2017 + year, 10, 17), date(2018 + year, 10, 17)
        elsewhere = {kind: round(count * growth) for kind, count in _ELSEWHERE.items()}
        crimes = {_K.CRIMINAL: criminal, _K.PUBLIC_ORDER: public}
        waves.append(Wave(since, until, elsewhere, outside))
        waves.append(Wave(since, until, {**_IN_PILOT, **crimes}, inside))
    waves.insert(0, Wave(_LAST_FRAUD, date(2017, 10, 17), {_K.FRAUD: 1}, inside))
    return incident_rows(spots, tuple(waves), spec.spans.as_of, dice)


def _starts(town: Town, pilot: str) -> dict[str, date]:
    """Say when each community got its officer: the pilot, then its district, then the city."""
    starts = {
        unit.code: _DISTRICT_SINCE
        for unit in town.of("community")
        if unit.code.startswith(pilot[:6])
    }
    return {**starts, pilot: _PILOT_SINCE}


def _figures(spec: ScenarioSpec, pilot: str) -> list[Published]:
    told, spans = Article("S1", spec.spans.as_of), spec.spans
    five_years, year = (date(2017, 10, 17), spans.as_of), (spans.since, spans.as_of)
    four_weeks = (date(2022, 9, 19), spans.as_of)
    share = told.share("K2", "time_in_community", 0.8, 1, "spent 80% of his time")
    calls = told.total("contacts_per_day", 10, "no less than 10 phone calls every day", "K23")
    no_fraud = "in the past five years, there has not been a fraud case"
    fell = "criminal cases and public security cases dropped by 90%"
    free = replace(told.total("fraud_per_year", 0, no_fraud, "K8"), low=0.0, high=0.6)
    streak = replace(
        told.total("days_since_fraud", 1826, no_fraud, "K8"), numerator=None, tolerance=1
    )
    return [
        within(replace(share, numerator=None, denominator=None), *four_weeks),
        within(replace(calls, numerator=None, bound="at_least"), *four_weeks),
        at(within(streak, *five_years), pilot),
        at(within(free, *five_years), pilot),
        at(within(told.change("incidents_criminal_public_order_yoy", 12, 120, fell), *year), pilot),
        told.share("K1", f"programme_{PROGRAMME}", 8, 8, '"Eight Ones" project'),
        told.share("K1", "community_police_coverage", 12, 12, "all communities in Xining"),
    ]
