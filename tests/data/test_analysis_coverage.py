"""How far the posts of a hand-made town reach, on both stores."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
import shapely

from data.analysis.coverage import CoverageQuestion, coverage_of
from data.analysis.siting import SiteQuestion, SiteTable, site_of, site_of_tables
from data.errors import ConfigError, RecordNotFound
from data.models import (
    Absence,
    Appointment,
    Building,
    DutyShift,
    Hazard,
    Incident,
    OfficeHolder,
    Post,
    ServicePoint,
    Street,
)
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from geo.errors import GeoError
from tests import kpi_town as town

AT = datetime(2026, 5, 1, 4, tzinfo=UTC)
DAY = date(2026, 7, 1)


def put(session, model, **columns):
    town.put(session, model, **columns)


def incident(session, point, channel_group="reported", at=AT):
    put(session, Incident, occurred_at=at, geom=point, channel="call_110", kind="30",
        channel_group=channel_group, time_precision="minute", content_hash="x")  # fmt: skip


def hazard(session, point, status="handling"):
    put(session, Hazard, occurred_at=AT, geom=point, channel="call_110", kind="H10",
        channel_group="reported", time_precision="minute", content_hash="x",
        status=status)  # fmt: skip


def appoint(session, place_id, title, point=None, position="beat_officer"):
    """A post with somebody in it; gives the keys of holder and appointment."""
    post = Post(place_id=place_id, position=position, title=title, geom=point)
    person = OfficeHolder(source="t", external_id=title, kind="police", title=title)
    session.add_all([post, person])
    session.flush()
    held = Appointment(source="t", external_id=title, office_holder_id=person.id, post_id=post.id)
    session.add(held)
    session.flush()
    return person.id, held.id


@pytest.fixture
def places(db):
    """Posts in the middles of a1 (community A) and b2 (community B); three calls, two hazards."""
    with db.write() as session:
        keys = town.build(session)
        appoint(session, keys["A"], "west", town.spot("a1"))
        appoint(session, keys["B"], "east", town.spot("b2"))
        for grid in ("a1", "a1", "b1"):
            incident(session, town.spot(grid))
        incident(session, None)
        incident(session, town.spot("a2"), "discovered")
        hazard(session, town.spot("a2", dx=0.004))
        hazard(session, town.spot("a1"), status="closed")
    return keys


def ask(db, viewer=LOCAL_STEWARD, **options):
    options = {"as_of": DAY, "within_m": 300.0} | options
    return coverage_of(db, viewer, CoverageQuestion(**options))


@pytest.mark.usefixtures("places")
def test_shares_count_what_lies_within_and_say_what_has_no_place(db):
    told = ask(db)
    assert (told.incidents.within, told.incidents.total, told.incidents.unlocated) == (2, 3, 1)
    assert (told.hazards.within, told.hazards.total) == (0, 1)
    assert told.overlap == (1, 2, 0, 0)
    assert told.grid_posts == {"a1": 1, "a2": 0, "b1": 0, "b2": 1}
    assert (told.posts.total, told.posts.filled, len(told.posts.at_work)) == (2, 2, 2)
    assert told.area.within == pytest.approx(2 * np.pi * 300.0**2, rel=1e-9)
    assert told.area.total == pytest.approx(4 * 899.0 * 1110.0, rel=0.01)
    assert told.crs == "EPSG:4541"
    assert told.households.basis == "grid_area"
    assert told.households.share == pytest.approx(told.area.share, rel=1e-3)


@pytest.mark.usefixtures("places")
def test_gaps_are_ranked_by_incidents_then_hazards_then_households(db):
    table = ask(db).gaps
    assert table["code"].tolist()[:2] == ["b1", "a2"]
    assert set(table["code"].tolist()[2:]) == {"a1", "b2"}
    assert table["incidents"].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert table["hazards"].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert table["name"].tolist()[0] == "<b1>"
    assert table["households"].tolist()[0] == pytest.approx(400.0)
    assert table["area_m2"].tolist()[2] < table["area_m2"].tolist()[0]


@pytest.mark.usefixtures("places")
def test_each_post_has_the_incidents_it_is_nearest_to(db):
    table = ask(db).nearest
    assert table["place_code"].tolist() == ["A", "B"]
    assert table["incidents"].tolist() == [2, 1]
    assert table["within"].tolist() == [2, 0]
    assert table["farthest_m"].tolist()[1] == pytest.approx(897.0, rel=0.01)


def test_leave_empties_a_post_and_a_substitute_fills_it(db, places):
    with db.write() as session:
        person, held = appoint(session, places["A"], "third", town.spot("b1"))
        session.add(Absence(office_holder_id=person, reason="leave", since=date(2026, 6, 1)))
    assert ask(db).incidents.within == 2
    assert ask(db, as_of=date(2026, 5, 20)).incidents.within == 3
    with db.write() as session:
        other = OfficeHolder(source="t", external_id="s", kind="police", title="s")
        session.add(other)
        session.flush()
        post = session.get(Appointment, held).post_id
        session.add(
            Appointment(source="t", external_id="s", office_holder_id=other.id, post_id=post,
                        substitutes_id=held)
        )  # fmt: skip
    assert ask(db).incidents.within == 3
    assert (ask(db).posts.total, ask(db).posts.filled) == (3, 3)


@pytest.mark.usefixtures("places")
def test_only_posts_on_shift_when_a_moment_is_asked(db):
    with db.write() as session:
        put(session, DutyShift, place_code="B", position="beat_officer", kind="patrol",
            starts_at=datetime(2026, 7, 1, 0, tzinfo=UTC),
            ends_at=datetime(2026, 7, 1, 8, tzinfo=UTC))  # fmt: skip
    on = ask(db, on_duty_at=datetime(2026, 7, 1, 7, 59, tzinfo=UTC))
    assert (on.posts.on_shift, on.posts.filled, on.incidents.within) == (1, 2, 0)
    off = ask(db, on_duty_at=datetime(2026, 7, 1, 8, tzinfo=UTC))
    assert (off.posts.on_shift, off.area.within, off.incidents.share) == (0, 0.0, 0.0)


@pytest.mark.usefixtures("places")
def test_period_kind_and_channel_pick_the_incidents(db):
    later = datetime(2026, 5, 2, tzinfo=UTC)
    assert ask(db, since=later).incidents.total == 0
    assert ask(db, since=later).incidents.share is None
    assert ask(db, until=later).incidents.total == 3
    assert ask(db, channel_groups=()).incidents.total == 4
    assert ask(db, kinds=("10",)).incidents.total == 0


@pytest.mark.usefixtures("places")
def test_households_stand_at_their_buildings_where_those_are_known(db):
    with db.write() as session:
        for grid, homes in (("a1", 30), ("b1", 10)):
            put(session, Building, kind="residential", household_count=homes,
                geom=town.spot(grid))  # fmt: skip
        put(session, Building, kind="residential", household_count=5)
    told = ask(db)
    assert told.households.basis == "buildings"
    assert (told.households.within, told.households.total) == (30.0, 40.0)
    assert told.households.unlocated == 1
    assert told.gaps.set_index("code").loc["b1", "households"] == 10.0


@pytest.mark.usefixtures("places")
def test_minutes_positions_and_areas(db):
    assert ask(db, within_m=None, minutes=4.5).reach_m == pytest.approx(300.0)
    nobody = ask(db, positions=("grid_leader",))
    assert (nobody.posts.total, nobody.area.share, nobody.overlap[0]) == (0, 0.0, 3)
    west = Viewer("west", Role.ANALYST, DisplayLevel.INTERNAL, areas=("A",))
    told = ask(db, west)
    assert (told.incidents.total, told.posts.total) == (2, 1)
    assert set(told.gaps["code"]) <= {"a1", "a2"}


@pytest.mark.usefixtures("places")
def test_along_streets(db):
    def street(*points):
        lines = shapely.MultiLineString([[(94.9 + x, 36.4 + y) for x, y in points]])
        with db.write() as session:
            put(session, Street, geom=lines)

    with pytest.raises(RecordNotFound, match="no_streets_loaded"):
        ask(db, network="streets")
    street((0.005, 0.0045), (0.005, 0.006), (0.03, 0.006))
    told = ask(db, network="streets", within_m=1200.0)
    assert told.area is None
    assert told.streets["parts"] == 1
    # from b1's middle 110 m north, then 900 m west or east: only b2's officer sits near enough
    assert told.incidents.within == 2
    far = ask(db, network="streets", within_m=2600.0)
    assert far.incidents.within == 3
    assert far.streets["within_m"] <= far.streets["total_m"]


@pytest.mark.usefixtures("places")
def test_questions_that_cannot_be_answered_are_refused(db):
    for options in ({"within_m": None}, {"minutes": 5.0}):
        with pytest.raises(ConfigError, match="metres_or_minutes"):
            ask(db, **options)
    with pytest.raises(ConfigError, match="unknown_network"):
        ask(db, network="air")
    with pytest.raises(GeoError, match="bad_reach"):
        ask(db, within_m=-1.0)
    with pytest.raises(GeoError, match="bad_speed"):
        ask(db, within_m=None, minutes=5.0, speed_kmh=-1.0)


def test_a_store_without_grids_says_so(db):
    with pytest.raises(RecordNotFound, match="no_grids_for_reach"):
        ask(db)
    with pytest.raises(RecordNotFound, match="no_grids_for_reach"):
        site_of(db, LOCAL_STEWARD, SiteQuestion(1, 300.0, DAY))


@pytest.mark.usefixtures("places")
def test_sites_are_service_points_and_grids(db):
    with db.write() as session:
        put(session, ServicePoint, kind="police_room", name="room",
            geom=town.spot("b1", dx=0.001))  # fmt: skip
    one = site_of(db, LOCAL_STEWARD, SiteQuestion(1, 300.0, DAY))
    assert [(s.code, s.source) for s in one.chosen] == [("a1", "grid")]
    assert (one.siting.covered, one.siting.total, one.siting.unlocated) == (2.0, 3.0, 0.0)
    two = site_of(db, LOCAL_STEWARD, SiteQuestion(2, 300.0, DAY))
    assert two.siting.covered == 3.0
    kept = site_of(db, LOCAL_STEWARD, SiteQuestion(1, 300.0, DAY, keep_posts=True))
    assert kept.chosen[0].code == "b1"
    assert kept.siting.covered == 3.0
    near = site_of(db, LOCAL_STEWARD, SiteQuestion(1, 300.0, DAY, objective="nearest",
                                                   demand="households"))  # fmt: skip
    assert near.siting.optimal
    hazards = site_of(db, LOCAL_STEWARD, SiteQuestion(1, 400.0, DAY, demand="hazards"))
    assert hazards.siting.covered == 1.0
    table = SiteTable(np.array([94.905, 94.935]), np.array([36.405, 36.405]), names=["w", "e"])
    file = site_of(db, LOCAL_STEWARD, SiteQuestion(1, 300.0, DAY), table)
    assert [(s.code, s.source) for s in file.chosen] == [("w", "file")]
    with pytest.raises(ConfigError, match="unknown_demand"):
        site_of(db, LOCAL_STEWARD, SiteQuestion(1, 300.0, DAY, demand="love"))
    with pytest.raises(ConfigError, match="nearest_along_streets"):
        site_of(db, LOCAL_STEWARD, SiteQuestion(1, 300.0, DAY, network="streets",
                                                objective="nearest"))  # fmt: skip


def test_tables_need_no_store_and_large_ones_are_gathered():
    draw = np.random.default_rng(3)
    many = SiteTable(draw.uniform(94, 94.1, 60_000), draw.uniform(36, 36.1, 60_000),
                     weight=np.ones(60_000))  # fmt: skip
    sites = SiteTable(draw.uniform(94, 94.1, 100), draw.uniform(36, 36.1, 100),
                      names=[f"{k:03d}" for k in range(100)])  # fmt: skip
    question = SiteQuestion(1, 500.0, DAY, objective="nearest")
    told = site_of_tables(question, many, sites)
    assert told.demand_cell_m >= 50.0
    assert told.demand_rows < 60_000
    assert told.siting.total == pytest.approx(60_000)
    assert told.siting.optimal
    few = SiteTable(many.lon[:3], many.lat[:3])
    assert site_of_tables(question, few, sites).demand_cell_m is None
