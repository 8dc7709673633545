"""Who is where, what stands where, and how the work goes, by hand on a few rows."""

from datetime import date

import pytest
import shapely

from data.models import (
    Absence,
    Agreement,
    AreaGrade,
    Campaign,
    Compound,
    Debrief,
    Device,
    Dispute,
    DutyShift,
    Incident,
    Meeting,
    OfficeHolder,
    PatrolStop,
    PatrolTarget,
    ProgrammeItem,
    ServicePoint,
    Talk,
    Target,
)
from data.viewer import DisplayLevel, Role, Viewer
from tests.kpi_town import appoint, ask, build, event, local, parts, put, spot

SINCE, UNTIL = "2026-06-01", "2026-07-01"
JUNE = date(2026, 6, 1)


@pytest.fixture
def town(db):
    with db.write() as session:
        build(session)
    return db


@pytest.fixture
def staffed(db):
    """Officer 1 on A (deputy too), officer 2 on B on leave, director, auxiliary, members."""
    with db.write() as session:
        keys = build(session)
        appoint(session, keys, "1", "beat_officer", "A")
        appoint(session, keys, "1", "deputy_secretary", "A")
        appoint(session, keys, "2", "beat_officer", "B")
        appoint(session, keys, "3", "station_director", "S")
        appoint(session, keys, "4", "part_time_member", "a1", "auxiliary")
        appoint(session, keys, "5", "full_time_member", "a1", "grid_member", in_station=False)
        appoint(session, keys, "6", "full_time_member", "a2", "grid_member", in_station=False)
        appoint(session, keys, "7", "volunteer", "b1", "volunteer", in_station=False)
        for number in ("8", "9"):
            session.add(
                OfficeHolder(source="t", external_id=number, kind="police", title=f"T{number}")
            )
        session.add(
            OfficeHolder(source="t", external_id="10", kind="auxiliary", title="T10",
                         station_id=keys["P"])
        )  # fmt: skip
        second = session.query(OfficeHolder).filter_by(external_id="2").one()
        session.add(Absence(office_holder_id=second.id, reason="leave", since=date(2026, 6, 1)))
    return db


def test_coverage_and_shares_of_the_force(staffed):
    found = ask(staffed)
    assert parts(found["community_police_coverage"]) == (2, 2)
    assert parts(found["community_police_on_duty"]) == (1, 2)
    assert parts(found["deputy_secretary_coverage"]) == (1, 2)
    assert parts(found["grid_member_coverage"]) == (2, 4)
    assert parts(found["grid_full_time_coverage"]) == (2, 4)
    assert parts(found["director_integration"]) == (1, 1)
    assert parts(found["beat_integration"]) == (1, 2)
    assert parts(found["auxiliary_integration"]) == (1, 2)
    assert parts(found["beat_share_of_station"]) == (2, 3)
    assert parts(found["station_share_of_county"]) == (3, 5)
    assert found["appointments_beat_officer"].value == 2
    assert found["beat_share_of_station"].id == "K2"


def test_density_and_load(staffed):
    with staffed.write() as session:
        event(session, Dispute, "2026-06-02T10:00")
    found = ask(staffed, SINCE, UNTIL)
    assert found["force_per_1000"].value == 1  # 4 of 4,000
    assert found["households_per_member"].value == 800
    assert found["cases_per_member"].value == 0.5
    assert [found[name].id for name in ("force_per_1000", "cases_per_member")] == ["K22", "K23"]


def test_a_unit_sees_its_own_posts_only(staffed):
    of_a = ask(staffed, unit="A")
    assert parts(of_a["community_police_coverage"]) == (1, 1)
    assert "appointments_station_director" not in of_a
    of_grid = ask(staffed, unit="b1")
    assert parts(of_grid["community_police_coverage"]) == (1, 1)  # its community's officer
    assert parts(of_grid["community_police_on_duty"]) == (0, 1)
    assert parts(of_grid["grid_member_coverage"]) == (0, 1)


def test_a_wall_counts_the_same_heads(staffed):
    wall = Viewer("wall", Role.KIOSK, DisplayLevel.WALL)
    seen, whole = ask(staffed, viewer=wall), ask(staffed)
    assert seen == whole
    assert seen["appointments_full_time_member"].value == 2


def test_devices_and_points(town):
    with town.write() as session:
        alarm = {"kind": "smoke_alarm", "installed_on": date(2026, 1, 1), "geom": spot("a1")}
        for _ in range(3):
            put(session, Device, status="online", checked_on=date(2026, 5, 1), **alarm)
        put(session, Device, status="offline", **alarm)
        put(session, Device, status="online", kind="camera", geom=spot("b1"))
        put(session, Device, status="online", kind="camera", installed_on=date(2026, 8, 1))
        put(session, ServicePoint, kind="school", has_contact_card=True, place_code="A")
        put(session, ServicePoint, kind="mall", has_contact_card=False, place_code="B")
        put(session, ServicePoint, kind="service_window", place_code="P")
    found = ask(town)
    assert found["devices"].value == 5
    assert parts(found["devices_smoke_alarm_online"]) == (3, 4)
    assert parts(found["devices_smoke_alarm_checked"]) == (3, 4)
    assert parts(found["devices_online"]) == (4, 5)
    assert parts(found["contact_card_coverage"]) == (1, 2)
    assert parts(found["service_window_coverage"]) == (1, 1)
    of_b = ask(town, unit="B")
    assert (of_b["devices"].value, parts(of_b["contact_card_coverage"])) == (1, (0, 1))


def test_compounds(town):
    with town.write() as session:
        for k, (stars, is_old) in enumerate(((3, True), (None, True), (5, False), (None, None))):
            box = spot("a1" if k < 3 else "b1").buffer(0.001)
            session.add(
                Compound(
                    source="t", external_id=f"K{k}", safe_stars=stars, is_old=is_old,
                    geom=shapely.MultiPolygon([box]),
                )
            )  # fmt: skip
    found = ask(town)
    assert parts(found["star_unit_coverage"]) == (2, 4)
    assert found["compounds_old"].value == 2
    assert parts(ask(town, unit="B")["star_unit_coverage"]) == (0, 1)


def stop(session, at, minutes, grid="a1", **columns):
    arrived = local(at)
    left = arrived.timestamp() + 60 * minutes
    put(
        session, PatrolStop, arrived_at=arrived, geom=spot(grid),
        left_at=type(arrived).fromtimestamp(left, arrived.tzinfo),
        **{"kind": "patrol"} | columns,
    )  # fmt: skip


def test_patrols(town):
    with town.write() as session:
        put(
            session,
            PatrolTarget,
            external_id="daily",
            kind="must_point",
            due_per_week=7,
            stay_minutes=10,
        )
        put(
            session,
            PatrolTarget,
            external_id="line",
            kind="must_line",
            due_per_week=2,
            length_m=1500.0,
        )
        for day in range(1, 8):
            stop(session, f"2026-06-{day:02d}T21:00", 12, target_ref="daily", is_police_led=True)
        stop(session, "2026-06-01T22:00", 12, target_ref="daily")  # an eighth in the week
        stop(session, "2026-06-08T21:00", 5, target_ref="daily")  # too short
        stop(session, "2026-06-10T21:00", 30, "a2", target_ref="line", is_police_led=False)
        stop(session, "2026-06-30T12:00", 1, "b1", kind="visit", household_count=16)
        stop(session, "2026-06-30T13:00", 0, "b2", is_police_led=True)
        stop(session, "2026-05-30T13:00", 60, "b2", is_police_led=True)
    found = ask(town, SINCE, "2026-06-15")
    assert parts(found["must_points_reached"]) == (7, 14)
    assert parts(found["must_lines_walked"]) == (1.5, 6)
    assert parts(found["grids_visited"]) == (2, 4)
    minutes = 7 * 12 + 12 + 5 + 30
    assert found["patrol_minutes_per_km2_day"].value == pytest.approx(minutes / (4 * 14))
    assert parts(found["patrol_police_led"]) == (7 * 12, 7 * 12 + 30)
    month = ask(town, SINCE, UNTIL)
    assert parts(month["visibility_24h"]) == (1, 4)  # b2; a household visit is no patrol
    assert parts(month["households_visited"]) == (16, 1600)
    assert month["visits"].value == 1
    assert [month[name].id for name in ("grids_visited", "visibility_24h")] == ["K20", "K21"]


def test_shifts_and_meetings(town):
    with town.write() as session:
        for day, minutes in ((1, 480), (2, 288)):
            put(session, DutyShift, place_code="A", holder_ref="1", kind="patrol",
                starts_at=local(f"2026-06-0{day}T09:00"), ends_at=local(f"2026-06-0{day}T17:00"),
                minutes_in_community=minutes, contact_count=9 + day)  # fmt: skip
        everybody = ["residents_committee", "party_branch", "owners_committee", "property_company"]
        put(
            session,
            Meeting,
            place_code="A",
            kind="joint",
            planned_on=JUNE,
            held_on=JUNE,
            parties=everybody,
            is_police_present=True,
        )
        put(
            session,
            Meeting,
            place_code="A",
            kind="joint",
            held_on=JUNE,
            parties=everybody[:3],
            is_police_present=False,
        )
        put(session, Meeting, place_code="B", kind="weekly", planned_on=date(2026, 6, 8))
        put(session, Meeting, place_code="B", kind="weekly", planned_on=date(2026, 7, 8))
    found = ask(town, SINCE, "2026-08-01")
    assert found["time_in_community"].value == pytest.approx(0.8)
    assert found["contacts_per_day"].value == 10.5
    assert parts(found["meetings_held"]) == (1, 2)
    assert parts(found["meetings_with_police"]) == (1, 2)
    assert parts(found["meetings_with_quorum"]) == (1, 2)


def test_talks_and_debriefs(staffed):
    with staffed.write() as session:
        put(session, Talk, holder_ref="1", held_on=date(2026, 6, 30))
        put(session, Talk, holder_ref="1", held_on=date(2026, 6, 3))
        put(session, Talk, holder_ref="2", held_on=date(2026, 6, 3))  # no deputy: owed no talk
        put(session, Debrief, holder_ref="1", body="city_police", period="2026", held_on=JUNE)
        put(session, Debrief, holder_ref="1", body="subdistrict_committee", period="2026")
    june = ask(staffed, SINCE, UNTIL)
    assert parts(june["monthly_talks"]) == (1, 1)
    assert parts(june["debriefs_done"]) == (1, 2)
    assert parts(ask(staffed, "2026-05-01", "2026-06-01")["monthly_talks"]) == (0, 1)


def test_agreements_programmes_and_grades(town):
    with town.write() as session:
        for until in (None, date(2026, 8, 1), date(2027, 8, 1), date(2026, 7, 1)):
            put(session, Agreement, place_code="A", partner="x", since=JUNE, until=until)
        for k in range(8):
            status = "in_place" if k < 7 else "in_build"
            put(session, ProgrammeItem, programme="eight_ones", sequence=k, label_zh="甲",
                label_en="x", status=status)  # fmt: skip
        grades = (("A", "green", 6), ("B", "red", 6), ("A", "black", 5), ("B", "green", 7))
        for place, grade, month in grades:
            put(session, AreaGrade, place_code=place, month_on=date(2026, month, 1), grade=grade)
    found = ask(town, SINCE, UNTIL)
    assert (found["agreements_active"].value, found["agreements_due"].value) == (3, 1)
    assert parts(found["programme_eight_ones"]) == (7, 8)
    assert parts(found["areas_good"]) == (1, 2)
    assert (found["areas_red"].value, found["areas_black"].value) == (1, 0)


def target(session, measure, unit="count", **columns):
    row = {"since": date(2026, 1, 1), "until": date(2027, 1, 1), "label_zh": "甲", "label_en": "x"}
    put(session, Target, **row | {"measure": measure, "unit": unit} | columns)


def test_targets(town):
    with town.write() as session:
        event(session, Incident, "2026-06-02T10:00")
        target(session, "old_compounds", planned=350.0, done=210.0)
        target(session, "star_units", "share", planned=0.8, done=0.6, base=50.0)
        target(session, "rated", "share", planned=0.8, done=30.0, base=50.0)
        target(session, "incidents", planned=4.0)  # what is done comes from the engine
        target(session, "unheard_of", planned=4.0)
        target(
            session,
            "old_compounds",
            planned=1.0,
            done=1.0,
            since=date(2025, 1, 1),
            until=date(2026, 1, 1),
        )
        target(session, "old_compounds", planned=10.0, done=5.0, place_code="A")
    found = ask(town, SINCE, UNTIL)
    assert (found["target_old_compounds"].value, found["target_old_compounds"].id) == (0.6, "K10")
    assert parts(found["target_old_compounds_expected"]) == (181, 365)
    assert found["target_star_units"].value == pytest.approx(0.75)
    assert found["target_star_units_achieved"].value == pytest.approx(0.6)
    assert parts(found["target_star_units_achieved"]) == (pytest.approx(30), 50)
    assert found["target_rated"].value == pytest.approx(0.75)
    assert parts(found["target_incidents"]) == (1, 4)
    assert "target_unheard_of" not in found
    assert "target_unheard_of_expected" in found
    assert found["target_old_compounds", "A"].value == 0.5
    assert ask(town, unit="A")["target_old_compounds"].value == 0.5


def test_a_campaign_is_counted_from_its_cases(town):
    with town.write() as session:
        put(session, Campaign, external_id="v100", label_zh="百日", label_en="100 days",
            layer="disputes", since=date(2026, 5, 1), until=date(2026, 8, 9))  # fmt: skip
        for k in range(10):
            status = "closed" if k < 9 else "handling"
            event(session, Dispute, f"2026-05-{k + 1:02d}T10:00", status=status)
        event(session, Dispute, "2026-04-30T23:00", status="handling")
    found = ask(town, SINCE, UNTIL)
    assert parts(found["campaign_v100_days"]) == (62, 100)
    assert parts(found["campaign_v100_rate"]) == (9, 10)
    assert found["campaign_v100_rate"].low < 0.9
