"""The past on any grids: totals reconcile, people are conserved, publishing changes no figure."""

from collections import Counter
from datetime import UTC, date, datetime

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.analysis.grids_of import chosen_grids, count_on, grids_valid_in, place_on
from data.analysis.hotspot_grids import ground_on
from data.analysis.hotspots import HotspotQuestion, Units, backtest_of, hotspots_of
from data.counting import OUTSIDE, UNLOCATED, EventFilter
from data.errors import AccessRefused, ConfigError, DataError, RecordNotFound
from data.exports import ExportOptions, export_layer
from data.frames import grids_frame
from data.grids_of import GridsOf
from data.kpi import Question, figures
from data.planning.drawing import draw
from data.planning.opening import Begin, FromDay, begin_plan
from data.planning.publishing import publish
from data.repositories.plan_writes import Turn, approve
from data.repositories.plans import find_plan
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from data.vocabulary import EventLayer, PlaceLevel
from geo.edits.values import Merge, Split
from geo.errors import GeoError
from geo.hotspots import HotspotOptions, Method
from geo.proof import BacktestOptions
from tests.dashboard import plan_town
from tests.kpi_town import local

DAY = date(2026, 6, 1)
TZ = "Asia/Shanghai"
NOW = datetime(2026, 6, 10, 4, 0, tzinfo=UTC)
SPAN = (local("2026-04-01T00:00"), local("2026-06-01T00:00"))


@pytest.fixture
def town(db):
    return plan_town.fill(db)


def of_plan(number):
    return GridsOf(f"plan:{number}")


def ground(database, of, span=(None, None), viewer=LOCAL_STEWARD):
    with database.read() as session:
        return ground_on(
            session, viewer, EventLayer.INCIDENTS, of, span=span, today=DAY, tz=TZ
        )  # fmt: skip


def chosen(database, number, viewer=LOCAL_STEWARD, today=DAY):
    with database.read() as session:
        return chosen_grids(session, viewer, of_plan(number), today=today)


def kpi(database, number, today=DAY, **asked):
    question = Question(today, *SPAN, tz=TZ, as_of=f"plan:{number}", **asked)
    grids = chosen(database, number, today=today)
    with database.read() as session:
        return {f.measure: f for f in figures(session, LOCAL_STEWARD, question, grids)}


def hold(database, number):
    """Approve and publish, on a day that is the tests' today."""
    with database.write() as session:
        seen = find_plan(session, plan_town.CHIEF, number)
        turn = Turn(number, seen.version, plan_town.AT)
        approved = approve(session, plan_town.CHIEF, turn)
    turn = Turn(number, approved.version, plan_town.AT)
    publish(database, plan_town.CHIEF, turn, effective_on=plan_town.MONDAY)


# ---- the words ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["yesterday", "plan:", "plan:x", "plan:-1", "plan:1234567890", ""])
def test_what_names_no_grids_is_refused(text):
    with pytest.raises(ConfigError, match="bad_grids_of"):
        GridsOf(text)


def test_the_four_words():
    assert GridsOf().day(DAY) == GridsOf("plan:7").day(DAY) == GridsOf("event").day(DAY) == DAY
    assert GridsOf("2020-02-03").day(DAY) == date(2020, 2, 3)
    assert (GridsOf("plan:7").plan_id, GridsOf("today").plan_id) == (7, None)


# ---- a plan's grids -------------------------------------------------------------------------


def test_a_plans_grids_bear_their_people_and_where_they_come_from(town):
    found = chosen(town, plan_town.draft(town))
    frame = found.frame
    assert frame["former_codes"].to_dict() == {"a1": "a1", "a2": "a2", "a5": "a1", "b1": "b1 b2"}
    assert found.estimated() == {"a1", "a5"}
    assert int(frame["households"].sum()) == 1600
    assert int(frame["residents"].sum()) == 4000
    assert (frame["area_m2"] > 100_000).all()
    assert (found.plan_name, found.plan_version) == ("plan one", 3)


def test_no_single_set_held_for_every_event(town):
    with town.read() as session, pytest.raises(ConfigError, match="grids_valid_then_are_many"):
        chosen_grids(session, LOCAL_STEWARD, GridsOf("event"), today=DAY)


def test_a_plans_grids_stay_inside_the_house(town):
    number = plan_town.draft(town)
    for level in (DisplayLevel.PUBLIC, DisplayLevel.WALL):
        with pytest.raises(AccessRefused, match="level_too_low"):
            chosen(town, number, Viewer("wall", Role.STEWARD, level))


@pytest.mark.parametrize("layer", list(EventLayer))
@pytest.mark.parametrize("level", [PlaceLevel.GRID, PlaceLevel.COMMUNITY, PlaceLevel.STATION])
def test_counts_say_which_rates_are_estimated(town, layer, level):
    number = plan_town.draft(town)
    with town.read() as session:
        asked = {"level": level, "wanted": EventFilter(), "today": DAY}
        now, none = count_on(session, LOCAL_STEWARD, layer, GridsOf(), **asked)
        found, marked = count_on(session, LOCAL_STEWARD, layer, of_plan(number), **asked)
    assert (found.total, found.unlocated) == (now.total, now.unlocated)
    assert none == frozenset()
    expected = {PlaceLevel.GRID: {"a1", "a5"}, PlaceLevel.COMMUNITY: {"A"}}
    assert marked == expected.get(level, {"P"})


STEPS = st.lists(
    st.tuples(st.sampled_from(["split", "merge"]), st.integers(0, 9), st.floats(0.15, 0.85)),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=6, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(steps=STEPS)
def test_any_plan_counts_every_incident_once_and_keeps_every_household(town, steps):
    number = redrawn(town, steps)
    grids = chosen(town, number)
    with town.read() as session:
        placed = place_on(session, LOCAL_STEWARD, EventLayer.INCIDENTS, grids, today=DAY, tz=TZ)
        held = grids_frame(session, LOCAL_STEWARD, as_of=DAY)
    assert len(placed.position) == 11  # what the town was given
    assert Counter(placed.position.tolist())[UNLOCATED] == 1
    assert Counter(placed.position.tolist())[OUTSIDE] == 1
    shapes = grids.frame.geometry.to_numpy()
    for row in np.flatnonzero(placed.position >= 0):
        spot = shapely.Point(placed.events.lon[row], placed.events.lat[row])
        assert shapely.covers(shapes[placed.position[row]], spot)
    for name in ("households", "residents"):
        assert int(grids.frame[name].sum()) == int(held[name].sum())
    drawn = Counter(c for codes in grids.frame["former_codes"] for c in codes.split())
    assert set(drawn) == {"a1", "a2", "b1", "b2"}


def redrawn(database, steps):
    """A plan of random splits and merges, those that the ground allows."""
    plan = begin_plan(database, plan_town.PLANNER, FromDay(), Begin("any", plan_town.AT))
    version, serial = plan.version, 0
    for what, pick, share in steps:
        frame = chosen(database, plan.id).frame
        code = str(frame.index[pick % len(frame)])
        west, south, east, north = frame.geometry[code].bounds
        x = west + share * (east - west)
        line = ((x, south - 0.01), (x, north + 0.01))
        near = frame[(frame["parent_code"] == frame["parent_code"][code]) & (frame.index != code)]
        serial += 1
        edit = Split(code, line, f"n{serial}", "new")
        if what == "merge" and len(near):
            edit = Merge((code, str(near.index[pick % len(near)])), code)
        try:
            turn = Turn(plan.id, version, plan_town.AT)
            version = draw(database, plan_town.PLANNER, turn, edit).opened.plan.version
        except (DataError, GeoError):
            continue
    return plan.id


# ---- hotspots and back-tests ----------------------------------------------------------------


@pytest.mark.parametrize("method", [Method.COUNT, Method.RATE, Method.COUNT_KERNEL])
def test_hotspots_of_a_plan_are_those_after_it_was_published(town, method):
    number = plan_town.draft(town)
    asked = {"method": method, "units": Units.GRIDS, "with_proactive": True,
             "options": HotspotOptions(min_events=1)}  # fmt: skip
    drawn = hotspots_of(
        ground(town, of_plan(number)), LOCAL_STEWARD,
        HotspotQuestion(**asked, grids_of=f"plan:{number}"), now=NOW,
    )  # fmt: skip
    hold(town, number)
    held = hotspots_of(
        ground(town, GridsOf(plan_town.MONDAY.isoformat())), LOCAL_STEWARD,
        HotspotQuestion(**asked), now=NOW,
    )  # fmt: skip
    assert drawn.report["as_of"] == f"plan:{number}"
    assert held.report["as_of"] == plan_town.MONDAY.isoformat()
    same = ["cell_id", "name", "n", "score", "rank", "is_hotspot"]
    assert drawn.frame[same].to_dict("list") == held.frame[same].to_dict("list")
    if method is Method.RATE:
        marked = drawn.frame.set_index("cell_id")["is_estimated"]
        assert set(marked[marked].index) == {"a1", "a5"}
        assert {"code": "people_estimated", "n": 2} in drawn.report["warnings"]
    else:
        assert "is_estimated" not in drawn.frame


def test_a_store_answers_on_the_grids_that_the_question_names(town):
    number = plan_town.draft(town)
    question = HotspotQuestion(method=Method.COUNT, units=Units.GRIDS, grids_of=f"plan:{number}")
    found = hotspots_of(town, LOCAL_STEWARD, question, now=NOW)
    assert sorted(found.frame["cell_id"]) == ["a1", "a2", "a5", "b1"]
    assert int(found.frame["n"].sum()) == found.report["inside"] == 9


def test_a_plan_is_tested_on_the_past_like_any_grids(town):
    number = plan_town.draft(town)
    question = HotspotQuestion(units=Units.GRIDS, until=local("2026-06-01T00:00"))
    options = BacktestOptions(tests=2, areas_pct=(50.0,))
    found = backtest_of(
        ground(town, of_plan(number)), LOCAL_STEWARD, question, options,
        methods=("count",), now=NOW,
    )  # fmt: skip
    assert found.report["cells"] == 4


def test_grids_valid_then_are_one_set_or_refused(town):
    hold(town, plan_town.draft(town))
    with town.read() as session:
        before = grids_valid_in(session, SPAN, today=date(2026, 7, 1), tz=TZ)
        after = (local("2026-06-08T00:00"), None)
        since = grids_valid_in(session, after, today=date(2026, 7, 1), tz=TZ)
        assert (before.as_of, since.as_of) == ("2026-05-31", "2026-07-01")
        for span in ((SPAN[0], None), (None, None)):
            with pytest.raises(ConfigError, match="grids_changed_within") as caught:
                grids_valid_in(session, span, today=date(2026, 7, 1), tz=TZ)
            assert caught.value.fields["changed_on"] == plan_town.MONDAY


# ---- figures --------------------------------------------------------------------------------


def test_figures_of_a_plan_are_those_after_it_was_published(town):
    number = plan_town.draft(town)
    drawn = kpi(town, number)
    hold(town, number)
    question = Question(plan_town.MONDAY, *SPAN, tz=TZ)
    with town.read() as session:
        held = {f.measure: f for f in figures(session, LOCAL_STEWARD, question)}
    about = ("grids", "community_total", "households", "residents", "incidents", "incidents_yoy",
             "incidents_per_10000", "top_5_percent_share", "incidents_gini", "hazards")  # fmt: skip
    for name in about:
        one, other = drawn[name], held[name]
        assert (one.value, one.numerator, one.denominator) == (
            other.value, other.numerator, other.denominator,
        ), name  # fmt: skip
    assert drawn["grids"].value == 4
    assert drawn["incidents"].value == 7


def test_posts_of_grids_have_no_answer_on_a_plan(town):
    found = kpi(town, plan_town.draft(town))
    for name in ("grid_member_coverage", "grid_member_on_duty", "grid_full_time_coverage"):
        assert (found[name].value, found[name].denominator) == (None, None)
        assert found[name].note == "not_on_plan"
    assert found["community_police_coverage"].value == 1.0
    assert found["households"].note == ""  # the whole town was counted


@pytest.mark.parametrize(("unit", "incidents"), [("a1", 1), ("a5", 2), ("A", 4)])
def test_rates_of_a_cut_grid_are_marked(town, unit, incidents):
    found = kpi(town, plan_town.draft(town), unit=unit)
    assert found["incidents"].value == incidents
    assert "estimated" in found["incidents_per_10000"].note.split(",")
    assert "estimated" not in found["incidents"].note
    assert all(
        figure.value is None
        for name, figure in found.items()
        if name.startswith(("appointments", "force_per")) and unit != "A"
    )


def test_a_grid_that_the_plan_lacks_is_refused(town):
    number = plan_town.draft(town)
    for unit in ("b2", "nowhere"):
        with pytest.raises(RecordNotFound, match="unit_not_on_plan"):
            kpi(town, number, unit=unit)


# ---- files ----------------------------------------------------------------------------------


def exported(database, layer, number, target, level=DisplayLevel.ADMIN):
    options = ExportOptions(f"plan:{number}", level, chosen=chosen(database, number))
    with database.write() as session:
        export_layer(session, LOCAL_STEWARD, layer, target, options=options, now=NOW)
    return gpd.read_file(target, engine="pyogrio")


def test_a_file_of_grids_holds_the_plans_with_their_history(town, tmp_path):
    found = exported(town, "grids", plan_town.draft(town), tmp_path / "grids.gpkg")
    rows = found.set_index("grid_code")
    assert sorted(rows.index) == ["a1", "a2", "a5", "b1"]
    assert rows["former_codes"].to_dict() == {"a1": "a1", "a2": "a2", "a5": "a1", "b1": "b1 b2"}
    assert rows["estimated"].fillna("").to_dict() == {
        "a1": "households residents", "a2": "", "a5": "households residents", "b1": "",
    }  # fmt: skip
    assert int(rows["households"].sum()) == 1600


def test_a_file_of_incidents_says_in_which_grid_of_the_plan_each_lies(town, tmp_path):
    number = plan_town.draft(town)
    found = exported(town, "incidents", number, tmp_path / "incidents.gpkg")
    codes = Counter(found["grid_code"].fillna(""))
    with town.read() as session:
        counted, _ = count_on(session, LOCAL_STEWARD, EventLayer.INCIDENTS, of_plan(number),
                              level=PlaceLevel.GRID, wanted=EventFilter(), today=DAY)  # fmt: skip
    assert {unit.code: unit.n for unit in counted.units if unit.n} | {
        "": counted.outside + counted.unlocated
    } == dict(codes)
    assert "b2" not in codes


@pytest.mark.parametrize("layer", ["communities", "streets", "devices"])
def test_what_does_not_stand_on_grids_is_refused(town, tmp_path, layer):
    number = plan_town.draft(town)
    with pytest.raises(ConfigError, match="layer_not_on_plan"):
        exported(town, layer, number, tmp_path / "no.gpkg")
    assert not (tmp_path / "no.gpkg").exists()


def test_plans_leave_the_house_at_no_lower_level(town, tmp_path):
    number = plan_town.draft(town)
    for level in (DisplayLevel.PUBLIC, DisplayLevel.WALL):
        with pytest.raises(AccessRefused, match="level_too_low"):
            exported(town, "incidents", number, tmp_path / "no.gpkg", level)


def test_grids_have_no_day_of_an_event(town, tmp_path):
    with town.write() as session, pytest.raises(ConfigError, match="grids_valid_then_are_many"):
        export_layer(session, LOCAL_STEWARD, "grids", tmp_path / "no.gpkg",
                     options=ExportOptions("event"), now=NOW)  # fmt: skip
