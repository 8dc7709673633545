"""Tell what happened in Golmud and Yushu: the parts of the sample and the published figures.

Used by the list of scenarios. Source: domain note 1.1, 1.5 and 1.6 (S0, S4).
"""

from datetime import date

import numpy as np

from data.scenarios.boards import agreement_rows, months_before
from data.scenarios.cases import CaseOrder, dispute_rows, hazard_rows
from data.scenarios.contents import Contents, Events, Everyday, everyday
from data.scenarios.duties import appraisal_rows, debrief_rows, talk_rows
from data.scenarios.figures import Article, Published, stated, within
from data.scenarios.incidents import Wave, incident_rows, without_place
from data.scenarios.people import community_staff, grid_members, leave, one_one_one_n
from data.scenarios.rosters import roster_one_one_one_n, roster_seat
from data.scenarios.spec import ScenarioSpec
from data.scenarios.spots import Spots
from data.scenarios.town import Town
from data.vocabulary import IncidentKind, RegisterLayer

_K = IncidentKind
_GOLMUD_YEAR = {
    _K.HELP: 72, _K.OTHER: 58, _K.TRAFFIC: 54, _K.DISPUTE_CALL: 36, _K.PUBLIC_ORDER: 28,
    _K.CRIMINAL: 18, _K.FRAUD: 16, _K.TIP: 12, _K.DISASTER: 6,
}  # fmt: skip
_YUSHU_BASE = {
    _K.PUBLIC_ORDER: 74, _K.HELP: 70, _K.OTHER: 52, _K.TRAFFIC: 38, _K.DISPUTE_CALL: 30,
    _K.CRIMINAL: 16, _K.FRAUD: 9, _K.TIP: 8, _K.DISASTER: 3,
}  # fmt: skip
_YUSHU_CURRENT = {
    _K.PUBLIC_ORDER: 29, _K.HELP: 17, _K.OTHER: 11, _K.TRAFFIC: 9, _K.DISPUTE_CALL: 6,
    _K.CRIMINAL: 3, _K.FRAUD: 2, _K.TIP: 1, _K.DISASTER: 1,
}  # fmt: skip
_GOLMUD_OUTSIDE = ((94.9252, 36.4071), (94.9261, 36.3968), (94.8790, 36.4139))
_PERIOD = "2022-2023"


def golmud(spec: ScenarioSpec, town: Town) -> Contents:
    """Tell Golmud: three grids without leaders, one officer on leave, fourteen agreements."""
    dice = np.random.default_rng(spec.seed + 1)
    spots, days = Spots(town, dice), spec.spans
    incidents = incident_rows(
        spots, (Wave(days.since, days.as_of, _GOLMUD_YEAR),), days.as_of, dice
    )
    without_place(incidents, 6, list(_GOLMUD_OUTSIDE))
    hazards = hazard_rows(spots, CaseOrder(120, days.since, days.as_of), dice)
    order = CaseOrder(60, days.since, days.as_of, unsettled=11, rooted=8)
    disputes = dispute_rows(spots, order, hazards, dice)
    staff = community_staff(town, days.since, is_seat=False)
    grid_members(staff, town, days.since)
    one_one_one_n(staff, town, days.since, dice)
    leave(staff, days.as_of)
    registers, states, _ = everyday(town, staff, days.as_of, Everyday(), dice)
    registers[RegisterLayer.AGREEMENTS] = agreement_rows(town, date(2023, 1, 10), 2)
    return Contents(
        spec, town, staff, roster_one_one_one_n(), Events(incidents, hazards, disputes),
        _golmud_figures(spec), "Golmud, Hexi Subdistrict", states, registers,
    )  # fmt: skip


def yushu(spec: ScenarioSpec, town: Town) -> Contents:
    """Tell Yushu: eighteen seats, a talk with each every month, two debriefs, 300 calls to 79."""
    dice = np.random.default_rng(spec.seed + 1)
    spots, days = Spots(town, dice), spec.spans
    waves = (
        Wave(days.base_since or days.since, days.since, _YUSHU_BASE),
        Wave(days.since, days.as_of, _YUSHU_CURRENT),
    )
    incidents = incident_rows(spots, waves, days.as_of, dice)
    hazards = hazard_rows(spots, CaseOrder(150, days.since, days.as_of), dice)
    order = CaseOrder(84, days.since, days.as_of, unsettled=7, rooted=7)
    disputes = dispute_rows(spots, order, hazards, dice)
    staff = community_staff(town, days.since, is_seat=True)
    grid_members(staff, town, days.since)
    amounts = Everyday(stop_days=14, households_a_house=30)
    registers, states, _ = everyday(town, staff, days.as_of, amounts, dice)
    registers |= {
        RegisterLayer.TALKS: talk_rows(staff, months_before(days.as_of, 11), dice),
        RegisterLayer.DEBRIEFS: debrief_rows(staff, _PERIOD, date(2023, 6, 5)),
        RegisterLayer.APPRAISALS: appraisal_rows(staff, _PERIOD, date(2023, 6, 12), dice),
    }
    return Contents(
        spec, town, staff, roster_seat(), Events(incidents, hazards, disputes),
        _yushu_figures(spec), "玉树市融媒体中心 2023-06-16", states, registers,
    )  # fmt: skip


def _golmud_figures(spec: ScenarioSpec) -> list[Published]:
    told = Article("S0", spec.spans.as_of)
    hired = "hired a total of 7 civilian police officers"
    return [
        told.total("appointments_deputy_secretary", 7, hired),
        told.share("K1", "community_police_coverage", 7, 7, "one community and one police"),
    ]


def _yushu_figures(spec: ScenarioSpec) -> list[Published]:
    told, spans = Article("S4", spec.spans.as_of), spec.spans
    whole = (spans.since, spans.as_of)
    debriefs = told.share("K1", "debriefs_done", 36, 36, "双述职、双考核")
    talks = told.share("K1", "monthly_talks", 18, 18, "每月至少进行1次谈心谈话")
    solved = told.total("difficulties_solved", 100, "解决实际困难近100件")
    return [
        told.total("appointments_deputy_secretary", 18, "选拔任命18名…党员民警"),
        told.share("K1", "community_police_coverage", 18, 18, "实现18个社区全覆盖选派"),
        within(told.total("incidents_public_order", 29, "查处治安案件29起"), *whole),
        within(told.total("disputes_closed", 77, "化解各类纠纷77起"), *whole),
        within(told.change("incidents_yoy", 79, 300, "警情接报次数较去年同期下降73.67%"), *whole),
        within(talks, date(2023, 5, 1), date(2023, 6, 1)),
        within(debriefs, *whole),
        within(stated(solved, spec.units.county[0], tolerance=5), *whole),
    ]
