"""The edge cases of the sample towns, in their files: what each is there to exercise."""

import csv
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
import shapely

from data.errors import DataError, RecordNotFound
from data.scenarios import BigSize, write_files
from data.vocabulary import (
    AreaGradeColour,
    DeviceKind,
    DutyKind,
    MeetingParty,
    ProgrammeStatus,
    RegisterLayer,
    StopKind,
)

NAMES = ("golmud_hexi", "xining_chengxi", "jilin_integration", "wuhan_baibuting", "yushu_18")


@pytest.fixture
def table(scenario_files):
    def rows(name, layer):
        with scenario_files(name)[f"{layer}.csv"].open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    return rows


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_agreements_of_golmud_are_rows_in_force(table):
    rows = table("golmud_hexi", RegisterLayer.AGREEMENTS)
    assert len(rows) == 14
    assert Counter(Counter(row["place_code"] for row in rows).values()) == {2: 7}
    assert all(row["since"] <= "2023-03-03" < row["until"] for row in rows)


def test_month_map_of_xining_has_24_months_and_every_grade(table):
    rows = table("xining_chengxi", RegisterLayer.AREA_GRADES)
    months = sorted({row["month_on"] for row in rows})
    assert (len(months), months[0], months[-1]) == (24, "2020-10", "2022-09")
    assert {row["grade"] for row in rows} == {colour.value for colour in AreaGradeColour}
    assert all(len(row["indicators"].split(";")) == 5 for row in rows)
    last = [row for row in rows if row["month_on"] == months[-1]]
    assert not [row for row in last if row["grade"] == "black"]


def test_eight_ones_are_in_place_and_each_has_its_measure(table):
    from data.kpi import definition_of

    rows = table("xining_chengxi", RegisterLayer.PROGRAMMES)
    assert [int(row["sequence"]) for row in rows] == list(range(1, 9))
    assert {row["status"] for row in rows} == {ProgrammeStatus.IN_PLACE.value}
    assert [row["measure"] for row in rows if definition_of(row["measure"]) is None] == []


def test_time_in_the_community_and_contacts_of_xining(table):
    rows = table("xining_chengxi", RegisterLayer.DUTY_SHIFTS)
    spans = [
        datetime.fromisoformat(r["ends_at"]) - datetime.fromisoformat(r["starts_at"]) for r in rows
    ]
    worked = sum(span / timedelta(minutes=1) for span in spans)
    assert sum(int(row["minutes_in_community"]) for row in rows) / worked == pytest.approx(0.8)
    assert len({row["minutes_in_community"] for row in rows}) > 20
    assert min(int(row["contact_count"]) for row in rows) == 10
    assert len({row["holder_ref"] for row in rows}) == 12


def test_no_fraud_in_the_pilot_community_for_five_years(table):
    pilot = next(
        row["place"] for row in table("xining_chengxi", "appointments")
        if row["position"] == "beat_chief"
    )  # fmt: skip
    frauds = [row for row in table("xining_chengxi", "incidents") if row["kind"] == "11"]
    there = [row["occurred_at"][:10] for row in frauds if row["stated_unit"] == pilot]
    assert there == ["2017-10-16"]
    assert len(frauds) > 80


def test_contact_cards_hang_at_communities_schools_and_malls(table):
    rows = table("xining_chengxi", RegisterLayer.SERVICE_POINTS)
    cards = Counter(row["kind"] for row in rows if row["has_contact_card"] == "true")
    assert set(cards) == {"community_office", "school", "mall", "service_window"}
    assert [row for row in rows if row["has_contact_card"] == "false"]


def test_four_parties_of_xining_and_who_lacks_one(table):
    bodies = ("residents_committee", "party_branch", "owners_committee", "property_company")
    held = defaultdict(set)
    for row in table("xining_chengxi", "appointments"):
        if row["position"] in bodies:
            held[row["place"]].add(row["position"])
    assert sorted(map(len, held.values())) == [3, 3, *[4] * 10]
    joint = [
        row for row in table("xining_chengxi", RegisterLayer.MEETINGS) if row["kind"] == "joint"
    ]
    assert len(joint) >= 4
    quorum = [set(bodies) <= set(row["parties"].split(";")) for row in joint]
    assert 0 < sum(quorum) < len(quorum)


def test_force_of_jilin(table):
    officers = table("jilin_integration", "officers")
    police = {row["id"]: row["station"] for row in officers if row["kind"] == "police"}
    beat = {
        row["officer"] for row in table("jilin_integration", "appointments")
        if row["position"] == "beat_officer"
    }  # fmt: skip
    assert (len(beat), sum(map(bool, police.values())), len(police)) == (247, 500, 1_010)
    assert all(police[key] for key in beat)


def test_campaign_of_jilin(table):
    (campaign,) = table("jilin_integration", RegisterLayer.CAMPAIGNS)
    since, until = (date.fromisoformat(campaign[end]) for end in ("since", "until"))
    assert (until - since).days == 100
    inside = [
        row for row in table("jilin_integration", "disputes")
        if campaign["since"] <= row["occurred_at"][:10] < campaign["until"]
    ]  # fmt: skip
    closed = [row for row in inside if row["status"] == "closed"]
    assert (len(inside), len(closed)) == (617, 594)
    assert f"{100 * len(closed) / len(inside):.2f}" == f"{100 * 59_400 / 61_700:.2f}" == "96.27"


def test_pigeon_plates_are_gone_in_one_case_and_not_in_the_other(table):
    hazards = {row["id"]: row for row in table("jilin_integration", "hazards")}
    pairs = [
        (row["status"], hazards[row["root_hazard_ref"]]["status"])
        for row in table("jilin_integration", "disputes")
        if row["id"].startswith("JFGP")
    ]
    assert pairs == [("closed", "closed"), ("closed", "handling")]


def test_cable_case_of_wuhan_has_six_stamps(table):
    steps = [
        row for row in table("wuhan_baibuting", "case_steps") if row["external_id"] == "YHFX01"
    ]
    assert [row["action"] for row in steps] == [
        "report", "accept", "file", "dispatch", "finish", "close"
    ]  # fmt: skip
    assert sorted(row["at"] for row in steps) == [row["at"] for row in steps]
    assert all(row["note"] for row in steps)
    (hazard,) = [row for row in table("wuhan_baibuting", "hazards") if row["id"] == "YHFX01"]
    assert (hazard["occurred_at"], hazard["closed_at"]) == (steps[0]["at"], steps[-1]["at"])
    meetings = table("wuhan_baibuting", RegisterLayer.MEETINGS)
    (meeting,) = [row for row in meetings if row["hazard_ref"] == "YHFX01"]
    assert {party.value for party in MeetingParty} >= set(meeting["parties"].split(";"))


def test_devices_of_wuhan(table):
    rows = table("wuhan_baibuting", RegisterLayer.DEVICES)
    state = Counter((row["kind"], row["status"]) for row in rows)
    assert state[DeviceKind.SMOKE_ALARM.value, "online"] == 132
    assert {status for kind, status in state if kind == DeviceKind.SMOKE_ALARM} == {"online"}
    assert {s: n for (kind, s), n in state.items() if kind == DeviceKind.GAS_ALARM} == {
        "offline": 3
    }


def test_plans_of_wuhan_are_not_reached_yet(table):
    rows = {row["measure"]: row for row in table("wuhan_baibuting", RegisterLayer.TARGETS)}
    planned = {key: float(row["planned"]) for key, row in rows.items()}
    assert planned == {"old_communities": 350, "star_units": 0.8, "fraud_free": 200}
    assert all(0 < float(row["done"]) < planned[key] for key, row in rows.items())
    circles = [
        row for row in table("wuhan_baibuting", RegisterLayer.SERVICE_POINTS)
        if row["kind"] == "quick_response"
    ]  # fmt: skip
    assert len(circles) == 3


def test_crimes_of_wuhan_fall_for_eight_years_by_rows(table):
    years = Counter(
        int(row["occurred_at"][:4]) for row in table("wuhan_baibuting", "incidents")
        if row["kind"] == "10"
    )  # fmt: skip
    counts = [years[year] for year in range(2013, 2022)]
    assert all(later < sooner for sooner, later in pairwise(counts))
    assert min(years) == 2013


def test_talks_debriefs_and_steps_of_yushu(table):
    months = Counter(row["held_on"][:7] for row in table("yushu_18", RegisterLayer.TALKS))
    assert set(months.values()) == {18}
    assert len(months) == 11
    assert len(table("yushu_18", RegisterLayer.DEBRIEFS)) == 36
    assert len(table("yushu_18", RegisterLayer.APPRAISALS)) == 54
    seats = [
        row for row in table("yushu_18", "appointments") if row["position"] == "deputy_secretary"
    ]
    assert [row["criteria_met"] for row in seats] == ["6"] * 18
    for row in seats:
        days = [row[f"{step}_on"] for step in ("reviewed", "submitted", "decided", "filed")]
        assert days == sorted(days)
        assert days[-1] < row["since"]


def test_everyday_registers_are_believable(name, table, scenario_files):
    as_of = {"golmud_hexi": "2023-03-03", "xining_chengxi": "2022-10-17",
             "jilin_integration": "2024-05-24", "wuhan_baibuting": "2022-09-05",
             "yushu_18": "2023-06-16"}[name]  # fmt: skip
    stops = table(name, RegisterLayer.PATROL_STOPS)
    assert {row["kind"] for row in stops} >= {
        StopKind.PATROL, StopKind.VISIT, StopKind.INSPECTION
    }  # fmt: skip
    assert max(row["arrived_at"] for row in stops) < as_of
    patrols = [int(row["arrived_at"][11:13]) for row in stops if row["kind"] == "patrol"]
    assert sum(hour >= 19 for hour in patrols) > len(patrols) / 2
    targets = {row["external_id"] for row in table(name, RegisterLayer.PATROL_TARGETS)}
    assert {row["target_ref"] for row in stops} - {""} <= targets
    assert {row["kind"] for row in table(name, RegisterLayer.DUTY_SHIFTS)} <= {
        duty.value for duty in DutyKind
    }
    houses = table(name, RegisterLayer.BUILDINGS)
    blocks = shapely.from_geojson(scenario_files(name)["blocks.geojson"].read_text("utf-8"))
    assert len(houses) > len(table(name, "service_points"))
    shapes = shapely.from_wkt([row["wkt"] for row in houses])
    near = shapely.STRtree(shapely.get_parts(blocks)).query(shapely.centroid(shapes), "within")
    assert len(set(near[0].tolist())) == len(houses)


def test_cases_tell_their_stages(name, table):
    for layer in ("hazards", "disputes"):
        rows = table(name, layer)
        closed = [row for row in rows if row["closed_at"]]
        order = ("accepted_at", "filed_at", "assigned_at", "handled_at", "verified_at", "closed_at")
        for row in closed:
            stamps = [row[stage] for stage in order if row[stage]]
            assert stamps == sorted(stamps), row["id"]
        assert {row["level"] for row in rows} >= {"grid" if layer == "hazards" else "county"}
        assert {row["loop"] for row in rows} == {"police", "joint"}
        assert {row["is_solved"] for row in closed} == {"true", "false", ""}


def test_some_places_are_struck_again(name, table):
    """More pairs of calls lie within 60 m and a month than chance over the town would give."""
    rows = [row for row in table(name, "incidents") if row["lon"]]
    xy = np.array([[float(row["lon"]), float(row["lat"])] for row in rows])
    xy = (xy - xy.mean(axis=0)) * (111_000 * np.cos(np.radians(xy[0, 1])), 111_000)
    days = np.array([datetime.fromisoformat(row["occurred_at"]) for row in rows])
    days = days.astype("datetime64[D]").astype(int)
    pairs = shapely.STRtree(shapely.points(xy)).query(shapely.points(xy), "dwithin", distance=60.0)
    sooner, later = pairs[:, pairs[0] < pairs[1]]
    near = np.abs(days[sooner] - days[later]) <= 30
    span = days.max() - days.min()
    assert near.mean() > 1.05 * (60 / span)


def test_big_of_any_size_tiles_and_repeats_its_bytes(tmp_path):
    size = BigSize(grids=130, officers=90, incidents=4_000, seed=7)
    first = write_files("big", tmp_path / "first", size)
    again = write_files("big", tmp_path / "again", size)
    assert all(first[file].read_bytes() == again[file].read_bytes() for file in first)
    other = write_files("big", tmp_path / "other", BigSize(130, 90, 4_000, seed=8))
    assert other["incidents.csv"].read_bytes() != first["incidents.csv"].read_bytes()
    shapes = shapely.get_parts(shapely.from_geojson(first["grids.geojson"].read_text("utf-8")))
    assert len(shapes) == 130
    assert shapely.coverage_is_valid(shapes)
    vertices = [shapely.get_num_coordinates(shape) - 1 for shape in shapes]
    assert set(vertices) == {48}


def test_big_incidents_cluster_and_follow_the_clock(tmp_path):
    files = write_files("big", tmp_path, BigSize(grids=100, officers=10, incidents=20_000))
    with files["incidents.csv"].open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len({row["id"] for row in rows}) == len(rows) == 20_000
    assert sorted(row["occurred_at"] for row in rows) == [row["occurred_at"] for row in rows]
    points = shapely.points(
        [[float(row["lon"]), float(row["lat"])] for row in rows]
    )  # fmt: skip
    shapes = shapely.get_parts(shapely.from_geojson(files["grids.geojson"].read_text("utf-8")))
    hits = np.bincount(shapely.STRtree(shapes).query(points, "within")[1], minlength=100)
    assert hits.sum() > 19_990
    assert np.sort(hits)[-10:].sum() > 0.2 * hits.sum()
    thefts = Counter(int(row["occurred_at"][11:13]) for row in rows if row["kind"] == "10")
    assert thefts[21] > 3 * thefts[5]


@pytest.mark.parametrize("size", [BigSize(grids=0), BigSize(incidents=0), BigSize(officers=-1)])
def test_big_of_no_size_is_refused(tmp_path, size):
    with pytest.raises(DataError) as refusal:
        write_files("big", tmp_path, size)
    assert refusal.value.code == "bad_scenario_size"
    assert list(tmp_path.iterdir()) == []


def test_files_of_an_unknown_scenario_are_refused(tmp_path):
    with pytest.raises(RecordNotFound) as refusal:
        write_files("atlantis", tmp_path)
    assert refusal.value.fields["known"] == [*NAMES, "big"]
