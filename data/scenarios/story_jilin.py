"""Tell what happened in Jilin: a county's force, a hundred days of visits, the province's totals.

Used by the list of scenarios. Source: domain note 1.3 and 1.6 (S2).
"""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from data.scenarios.boards import campaign_row
from data.scenarios.cases import CaseOrder, dispute_rows, hazard_rows
from data.scenarios.contents import Contents, Events, Everyday, everyday
from data.scenarios.duties import ShiftOrder
from data.scenarios.figures import (
    PERCENT_ONE_DECIMAL,
    PERCENT_TWO_DECIMALS,
    Article,
    Published,
    stated,
    within,
)
from data.scenarios.forces import county_force
from data.scenarios.incidents import Row, Wave, incident_rows
from data.scenarios.jilin import CAMPAIGN_SINCE
from data.scenarios.people import grid_members
from data.scenarios.rosters import roster_integration
from data.scenarios.single_cases import Single, dispute_of, hazard_of
from data.scenarios.spec import ScenarioSpec
from data.scenarios.spots import Spots
from data.scenarios.town import Town
from data.vocabulary import DisputeKind, EventLayer, HazardKind, IncidentKind, RegisterLayer

_K = IncidentKind
_BASE = {
    _K.HELP: 210, _K.OTHER: 150, _K.TRAFFIC: 150, _K.DISPUTE_CALL: 120, _K.PUBLIC_ORDER: 110,
    _K.CRIMINAL: 74, _K.FRAUD: 62, _K.TIP: 34, _K.DISASTER: 16,
}  # fmt: skip
_YEAR = {
    _K.HELP: 205, _K.OTHER: 148, _K.TRAFFIC: 141, _K.DISPUTE_CALL: 96, _K.PUBLIC_ORDER: 88,
    _K.CRIMINAL: 61, _K.FRAUD: 49, _K.TIP: 30, _K.DISASTER: 13,
}  # fmt: skip
_FORCE = (247, 500, 1_010)
_FOUND, _SETTLED = 617, 594
_WITH_PIGEONS = 2
_WINDOWS_BY_CITY = {
    "2201": 223, "2202": 157, "2203": 76, "2204": 48, "2205": 89, "2206": 74, "2207": 98,
    "2208": 86, "2224": 113,
}  # fmt: skip
CAMPAIGN = "hundred_days"


def jilin(spec: ScenarioSpec, town: Town) -> Contents:
    """Tell Jilin: 617 disputes found in a hundred days, 594 settled, two of them over pigeons."""
    dice = np.random.default_rng(spec.seed + 1)
    spots, days = Spots(town, dice), spec.spans
    year_before = days.since.replace(year=days.since.year - 1)
    waves = (Wave(year_before, days.since, _BASE), Wave(days.since, days.as_of, _YEAR))
    incidents = incident_rows(spots, waves, days.as_of, dice)
    hazards = hazard_rows(spots, CaseOrder(260, days.since, days.as_of), dice)
    earlier = CaseOrder(210, days.since, CAMPAIGN_SINCE, unsettled=2, rooted=12)
    disputes = dispute_rows(spots, earlier, hazards, dice)
    order = CaseOrder(
        _FOUND - _WITH_PIGEONS, CAMPAIGN_SINCE, days.as_of,
        unsettled=_FOUND - _SETTLED, rooted=30, first=earlier.count + 1,
    )  # fmt: skip
    disputes += dispute_rows(spots, order, hazards, dice)
    steps = _pigeons(spots, hazards, disputes)
    staff = county_force(town, days.since, _FORCE)
    grid_members(staff, town, days.since)
    amounts = Everyday(stop_days=10, meeting_weeks=8, shifts=ShiftOrder(2, 0.66, 7))
    registers, states, _ = everyday(town, staff, days.as_of, amounts, dice)
    labels = ("百日走访保平安", "A hundred days of home visits")
    span = (CAMPAIGN_SINCE, days.as_of)
    county, layer = spec.units.county[0], EventLayer.DISPUTES.value
    registers[RegisterLayer.CAMPAIGNS] = [campaign_row(CAMPAIGN, county, labels, layer, span)]
    return Contents(
        spec, town, staff, roster_integration(), Events(incidents, hazards, disputes),
        _figures(spec), "People's Daily 2024-05-24", states, registers, steps,
    )  # fmt: skip


def _pigeons(spots: Spots, hazards: list[Row], disputes: list[Row]) -> list[Row]:
    """Add two disputes over pigeon plates: both settled, one with its root hazard still there."""
    homes = [unit for unit in spots.town.of("community") if unit.kind == "community"]
    first, second = datetime(2024, 3, 12, 9, 30), datetime(2024, 4, 18, 15, 10)  # noqa: DTZ001 - local, as in the files
    steps: list[Row] = []
    text, noted = "楼顶鸽舍铁板松动，大风时有坠落危险", "鸽舍噪声与铁板异响引发的邻里纠纷"
    for number, (found, is_mended, unit) in enumerate(
        ((first, True, homes[0]), (second, False, homes[12])), 1
    ):
        root = Single(f"YHGP{number:02d}", found + timedelta(hours=3), unit, text)
        mended = ("accept", "file", "dispatch", "start", "finish", "close")
        hazard, told = hazard_of(
            spots, root, HazardKind.BUILDING, mended if is_mended else mended[:4]
        )
        asked = Single(f"JFGP{number:02d}", found, unit, noted)
        hazards.append(hazard)
        disputes.append(dispute_of(asked, hazard, DisputeKind.NEIGHBOUR, settled_after_days=4))
        steps += told
    return steps


def _figures(spec: ScenarioSpec) -> list[Published]:
    told, spans = Article("S2", spec.spans.as_of), spec.spans
    campaign = (CAMPAIGN_SINCE, spans.as_of)
    beat, of_stations, of_county = _FORCE
    rounded = "investigated 61700 conflicts and disputes and resolved 59400"
    funnel = told.share("K3", "dispute_resolution_rate", _SETTLED, _FOUND, rounded)
    staffed = told.share(
        "K2", "beat_share_of_station", beat, of_stations, "49.4% of the total police force"
    )
    third = told.share(
        "K2", "station_share_of_county", of_stations, of_county, "49.5% of county level organs"
    )
    windows = "964 police stations all upgraded to comprehensive service windows"
    sample = told.share("K1", "service_window_coverage", 5, 5, windows)
    return [
        replace(staffed, tolerance=PERCENT_ONE_DECIMAL),
        replace(third, tolerance=PERCENT_ONE_DECIMAL),
        within(replace(funnel, tolerance=PERCENT_TWO_DECIMALS, is_sample=True), *campaign),
        replace(sample, is_sample=True),
        *_declared(spec, told),
    ]


def _declared(spec: ScenarioSpec, told: Article) -> list[Published]:
    """Give the totals of the province, and an invented split of one of them by city."""
    province, county = spec.units.province[0], spec.units.county[0]
    campaign = (CAMPAIGN_SINCE, spec.spans.as_of)
    rounded = "investigated 61700 conflicts and disputes and resolved 59400"
    windows = "964 police stations all upgraded to comprehensive service windows"
    sank = "pushed 20% of the police force of organs to sink; 1771 police officers went down"
    teams, served = "established 9833 community police teams", "more than 704000 general services"
    funnel = told.share("K3", "dispute_resolution_rate", 59_400, 61_700, rounded)
    own = told.total("community_police_teams", 51, teams)
    return [
        stated(replace(told.total("redeployed_share", 0.2, sank, "K2"), numerator=None), province),
        stated(told.total("redeployed_officers", 1_771, sank), province),
        stated(told.share("K1", "service_window_coverage", 964, 964, windows), province),
        stated(told.total("services_handled", 704_000, served), province),
        within(stated(funnel, province, PERCENT_TWO_DECIMALS), *campaign),
        within(stated(told.total("campaign_disputes_found", 61_700, rounded), province), *campaign),
        within(
            stated(told.total("campaign_disputes_closed", 59_400, rounded), province), *campaign
        ),
        stated(told.total("community_police_teams", 9_833, teams), province),
        replace(stated(own, county), is_sample=True),
        *(
            replace(
                stated(told.share("K1", "service_window_coverage", n, n, windows), city),
                is_sample=True,
            )
            for city, n in _WINDOWS_BY_CITY.items()
        ),
    ]
