"""The planner's page: what it lists, shows, changes, refuses and keeps, on the tiny town."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import plans as acts
from dashboard.cache import planner as kept
from dashboard.components.plan_layers import GRIDS, WAITING, Surround, plan_scene
from dashboard.components.plan_numbers import balance_table, grid_table, post_table
from dashboard.components.plan_words import change_text, codes_text, value_text
from dashboard.maps.editing import shared_vertices
from dashboard.maps.layers import Basemap, LineLayer
from dashboard.maps.live import pack_apart
from dashboard.screens import planner
from dashboard.session import Period, Session, from_address, to_address
from dashboard.text import Words
from dashboard.viewmodels.planner import FOLLOWED, followed, halving_line, sketch_of
from dashboard.viewmodels.planner_wanted import MEASURES, VIEWS, PlanChoice, plan_choice_from
from data.analysis.plan_counts import PlanCounts
from data.analysis.plan_figures import plan_figures
from data.analysis.plan_points import DISPUTES, HAZARDS, INCIDENTS, OPEN
from data.config import Config
from data.database import Database
from data.errors import PlanConflict
from data.models import AuditEntry
from data.planning.opening import open_plan
from data.planning.publishing import publish
from data.repositories.plan_writes import Turn, approve
from data.repositories.plans import find_plan, list_asides, list_edits, list_notes
from data.viewer import LOCAL_STEWARD
from geo.edits.refusal import EditRefused
from geo.edits.values import Lock, Merge, Split
from tests.dashboard import tiny_town

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    database = tiny_town.build(tmp_path_factory.mktemp("planner"))
    database.dispose()
    return database.path


@pytest.fixture
def store(built, tmp_path):
    database = Database(str(tiny_town.copied(Path(built), tmp_path)))
    cache.use_config(Config(store_url=str(database.path)))
    yield database
    cache.use_config(None)
    database.dispose()


@pytest.fixture
def plan(store):
    return acts.begin(store, LOCAL_STEWARD, acts.NewPlan("First"), NOW)


def page():
    from dashboard.screens import planner
    from dashboard.text import Words

    planner.render(Words("en"))


def opened_page(plan_id=0, **params):
    at = AppTest.from_function(page, default_timeout=60)
    at.query_params["period"] = "all"
    if plan_id:
        at.query_params["plan"] = str(plan_id)
    for name, value in params.items():
        at.query_params[name] = value
    return at.run()


def draw(store, plan_id, edit):
    now = kept.opened(plan_id)
    turn = Turn(plan_id, now.plan.version, NOW)
    after = acts.draw(store, LOCAL_STEWARD, turn, edit, (kept.options(), now))
    kept.keep(after)
    return after


def click(at, key):
    return next(button for button in at.button if button.key == key).click().run()


def with_forms(plan_id):
    at = opened_page(plan_id)
    return (
        next(switch for switch in at.toggle if switch.key == "plan_forms_on").set_value(True).run()
    )


def told(at):
    return " ".join(text.value for text in (*at.markdown, *at.caption, *at.warning, *at.error))


def all_time():
    visitor.update(period=Period("all"))


# the address


def test_what_is_open_goes_into_the_address_and_back():
    choice = PlanChoice(12, "figures", "households", 3)
    params = to_address(Session(plan=choice))
    assert params["plan"] == "12"
    assert from_address(params, "zh").plan == choice
    assert PlanChoice().to_params() == dict.fromkeys(("plan", "p_view", "p_measure", "p_other"), "")


@pytest.mark.parametrize(
    "params", [{"plan": "<b>"}, {"plan": "-1"}, {"p_view": "x"}, {"p_measure": "y"}]
)
def test_an_address_with_anything_else_opens_the_list(params):
    assert plan_choice_from(params) == PlanChoice()


# the list


def test_a_plan_is_begun_and_opened(store):
    at = opened_page()
    assert not at.exception
    name = next(box for box in at.text_input if box.key.endswith("_name"))
    name.set_value("Spring <b>").run()
    click(at, "plan_begin")
    assert not at.exception
    assert not at.error
    with store.read() as session:
        made = find_plan(session, LOCAL_STEWARD, 1)
    assert (made.name, made.author, made.head) == ("Spring <b>", "local", 0)
    assert "Spring \\<b\\>" in told(at)


@pytest.mark.usefixtures("store")
def test_a_plan_without_a_name_is_refused_in_a_sentence():
    at = click(opened_page(), "plan_begin")
    assert at.error[0].value.startswith("The plan has no name")
    assert kept.plans() == ()


def test_a_plan_of_one_community_holds_its_grids_alone(store):
    made = acts.begin(store, LOCAL_STEWARD, acts.NewPlan("West", scope="W"), NOW)
    assert kept.opened(made.id).tiling.codes == ("A1", "A2")
    copied = acts.begin(store, LOCAL_STEWARD, acts.NewPlan("Copy", plan=made.id), NOW)
    assert kept.opened(copied.id).tiling.codes == ("A1", "A2")


@pytest.mark.usefixtures("store")
def test_a_plan_that_is_not_there_is_said():
    at = opened_page(99)
    assert not at.exception
    assert "There is no plan 99" in at.error[0].value


# the editor


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens(plan, view):
    at = opened_page(plan.id, p_view=view)
    assert not at.exception
    assert "First" in told(at)


def test_an_edit_shows_the_touched_grids_first_and_undo_takes_it_back(store, plan):
    draw(store, plan.id, Merge(("A1", "A2"), "A1"))
    at = opened_page(plan.id)
    assert not at.exception
    assert "Edit 1 of 1" in told(at)
    assert "| Households | 200 *(\\+100)* |" in told(at)
    click(at, "plan_undo")
    assert "Edit 0 of 1" in told(at)
    assert len(kept.opened(plan.id).tiling.codes) == 4
    click(at, "plan_redo")
    assert len(kept.opened(plan.id).tiling.codes) == 3


def test_grids_are_merged_by_form(store, plan):
    at = with_forms(plan.id)
    box = next(box for box in at.multiselect if box.key.startswith("plan_form_merge"))
    box.set_value(["A1", "A2"]).run()
    click(at, "plan_do")
    assert not at.exception
    assert "Edit 1 of 1" in told(at)
    with store.read() as session:
        (edit,) = list_edits(session, LOCAL_STEWARD, plan.id)
    assert (edit.kind, edit.author) == ("merge", "local")


def test_strangers_are_not_merged_and_the_wish_waits(store, plan):
    at = with_forms(plan.id)
    box = next(box for box in at.multiselect if box.key.startswith("plan_form_merge"))
    box.set_value(["A1", "B2"]).run()
    click(at, "plan_do")
    assert len(at.error) == 1
    with store.read() as session:
        (aside,) = list_asides(session, LOCAL_STEWARD, plan.id)
    assert aside.edit["kind"] == "merge"
    assert "Drawings that wait" in told(at)
    click(at, f"plan_dismiss_{aside.id}")
    with store.read() as session:
        assert list_asides(session, LOCAL_STEWARD, plan.id) == ()


def test_a_border_goes_across_communities_only_where_that_is_ticked(plan):
    def merged(*, ticked):
        at = with_forms(plan.id)
        next(box for box in at.checkbox if box.key == "plan_across").set_value(ticked).run()
        box = next(box for box in at.multiselect if box.key.startswith("plan_form_merge"))
        box.set_value(["A2", "B1"]).run()
        return click(at, "plan_do")

    at = merged(ticked=False)
    assert "tick “Across communities” first" in " ".join(error.value for error in at.error)
    assert len(kept.opened(plan.id).tiling) == 4
    assert not merged(ticked=True).error
    assert len(kept.opened(plan.id).tiling) == 3


def test_grids_that_changed_under_a_plan_are_told_and_it_is_put_on_the_latest(store, plan):
    draw(store, plan.id, Lock(("B2",), True))
    assert "Grids changed since" not in told(opened_page(plan.id))
    other = acts.begin(store, LOCAL_STEWARD, acts.NewPlan("Second"), NOW)
    turn = Turn(other.id, draw(store, other.id, Merge(("A1", "A2"), "A1")).plan.version, NOW)
    with store.write() as session:
        approved = approve(session, replace(LOCAL_STEWARD, name="chief"), turn)
    publish(store, LOCAL_STEWARD, Turn(other.id, approved.version, NOW), effective_on=NOW.date())
    at = opened_page(plan.id)
    assert "Grids changed since the plan was begun: 2 (A1, A2)" in told(at).replace("\\", "")
    click(at, "plan_rebase_now")
    assert not at.exception
    assert "Grids changed since" not in told(at)
    assert len(kept.opened(plan.id).tiling) == 3


def test_a_grid_is_halved_by_form(plan):
    at = with_forms(plan.id)
    next(b for b in at.selectbox if b.key == "plan_kind").set_value("split").run()
    next(b for b in at.selectbox if b.key.endswith("_code")).set_value("B2").run()
    click(at, "plan_do")
    assert not at.error
    after = kept.opened(plan.id).tiling
    assert len(after.codes) == 5
    (new,) = set(after.codes) - {"A1", "A2", "B1", "B2"}
    assert shapely.area(after.shape(new)) == pytest.approx(
        shapely.area(after.shape("B2")), rel=1e-6
    )


def test_a_comment_is_kept_and_closed(store, plan):
    at = opened_page(plan.id)
    next(b for b in at.selectbox if b.key == "plan_grid").set_value("A2").run()
    next(a for a in at.text_area if a.key.startswith("plan_note_")).set_value("too wide").run()
    click(at, "plan_note_save")
    with store.read() as session:
        (note,) = list_notes(session, LOCAL_STEWARD, plan.id)
    assert (note.grid_code, note.note) == ("A2", "too wide")
    click(at, f"plan_note_close_{note.id}")
    with store.read() as session:
        assert list_notes(session, LOCAL_STEWARD, plan.id) == ()


def test_what_somebody_else_did_is_told(store, plan):
    at = opened_page(plan.id)
    draw(store, plan.id, Lock(("B2",), True))
    next(b for b in at.selectbox if b.key == "plan_grid").set_value("A1").run()
    assert "changed the plan first" in told(at)
    assert "Locked or unlocked · B2" in told(at)
    click(at, "plan_seen")
    assert "changed the plan first" not in told(at)


def test_an_undo_against_an_old_version_is_a_conflict_and_changes_nothing(store, plan):
    first = draw(store, plan.id, Lock(("B2",), True))
    draw(store, plan.id, Lock(("B1",), True))
    with pytest.raises(PlanConflict):
        acts.step(store, LOCAL_STEWARD, Turn(plan.id, first.plan.version, NOW), back=True)
    assert kept.opened(plan.id).plan.head == 2


# figures


def test_counts_of_a_version_are_those_of_placing_every_point_anew(store, plan):
    all_time()
    kept.state(plan.id)
    draw(store, plan.id, Split("A1", ((94.904, 36.39), (94.904, 36.42)), "A9", "new"))
    draw(store, plan.id, Merge(("B1", "B2"), "B1"))
    state = kept.state(plan.id)
    again = PlanCounts(state.frame, kept.points())
    for layer in (INCIDENTS, HAZARDS, DISPUTES):
        for period in again.periods(layer):
            codes = state.frame["grid_code"].to_numpy()
            one, other = (c.table(layer, period, codes) for c in (state.counts, again))
            assert np.array_equal(one, other)
    assert state.touched == ("B1",)
    assert state.change("households", "B1") == 100
    assert np.isnan(state.change("households", "A9"))
    assert kept.state(plan.id).figures is state.figures


def test_kept_figures_and_vertices_are_those_of_a_plan_opened_afresh(store, plan):
    all_time()
    before = kept.vertices(kept.state(plan.id).opened)
    draw(store, plan.id, Merge(("A1", "A2"), "A1"))
    after = kept.state(plan.id)
    with store.read() as session:
        fresh = open_plan(session, LOCAL_STEWARD, plan.id)
    frame = fresh.tiling.frame()
    figures = plan_figures(frame, PlanCounts(frame, kept.points()), after.ground)
    assert figures.columns.keys() == after.figures.columns.keys()
    for name, values in figures.columns.items():
        np.testing.assert_array_equal(after.figures.columns[name], values, err_msg=name)
    for now, afresh in zip(after.figures.balances, figures.balances, strict=True):
        assert (now.name, now.max_deviation) == (afresh.name, afresh.max_deviation)
    shared = kept.vertices(after.opened)
    assert shared.rev != before.rev
    assert shared.rev == shared_vertices(fresh.tiling.codes, fresh.tiling.shapes).rev
    assert kept.vertices(after.opened) is shared


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_tables_hold_every_grid_and_every_balance(plan, language):
    all_time()
    state, words = kept.state(plan.id), Words(language)
    grids = grid_table(words, state)
    assert grids.iloc[:, 0].tolist() == ["A1", "A2", "B1", "B2"]
    assert grids.columns.is_unique
    assert len(post_table(words, state)) == 1
    assert len(balance_table(words, state)) == 15


def test_weights_are_saved_with_an_audit_line(store, plan):
    at = opened_page(plan.id, p_view="figures")
    before = kept.state(plan.id).figures.columns["load_minutes"].sum()
    field = next(f for f in at.number_input if f.key.endswith("_calls"))
    field.set_value(90.0).run()
    click(at, "plan_save_weights")
    assert not at.exception
    assert not at.error
    assert kept.state(plan.id).figures.columns["load_minutes"].sum() > before
    with store.read() as session:
        subjects = [entry.subject for entry in session.scalars(select(AuditEntry))]
    assert {"workload_weights", "planning_bands"} <= set(subjects)


@pytest.mark.usefixtures("plan")
def test_a_sample_stands_for_all_points():
    all_time()
    held = kept.sample()
    points = kept.points()
    period = next(iter(points[INCIDENTS].periods))
    weighed = {INCIDENTS: period, HAZARDS: OPEN, DISPUTES: OPEN}
    assert held.weights.shape[1] == len(FOLLOWED)
    for column, (layer, name) in enumerate(weighed.items()):
        located = (points[layer].periods[name].kind >= 0).sum()
        assert held.weights[:, column].sum() == pytest.approx(located)
    assert np.array_equal(followed(points, weighed).lon, held.lon)


# the map


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("measure", MEASURES)
def test_the_map_is_coloured_by_every_measure(plan, language, measure):
    all_time()
    state, words = kept.state(plan.id), Words(language)
    scene = plan_scene(words, state, surround(state, ()), (measure, "A1"), (0, (0, "")))
    grids = next(layer for layer in scene.layers if layer.id == GRIDS)
    assert grids.codes == ("A1", "A2", "B1", "B2")
    assert scene.editor is not None
    assert scene.selected == "A1"
    assert pack_apart(scene).scene
    assert "{" not in " ".join(grids.tooltips)


def surround(state, asides):
    return Surround(cache.town("today"), kept.points(), kept.sample(),
                    kept.vertices(state.opened), kept.pieces(), asides,
                    Basemap(), kept.span(), "now")  # fmt: skip


def test_a_drawing_that_waits_is_drawn_dashed(store, plan):
    all_time()
    with pytest.raises(EditRefused):
        draw(store, plan.id, Split("A1", ((94.901, 36.405), (94.905, 36.405)), "A9", "new"))
    (aside,) = kept.asides(plan.id)
    assert sketch_of(aside).codes == ("A1",)
    state = kept.state(plan.id)
    around = surround(state, (aside,))
    scene = plan_scene(Words("zh"), state, around, (MEASURES[0], None), (1, (1, "no")))
    (layer,) = [layer for layer in scene.layers if layer.id == WAITING]
    assert isinstance(layer, LineLayer)
    assert layer.style.dash_px
    assert scene.editor.refused.text == "no"


def test_a_line_halves_an_area():
    shape = shapely.Polygon([(0, 0), (4, 0), (4, 1), (1, 1), (1, 3), (0, 3)])
    for is_upright in (True, False):
        line = shapely.LineString(halving_line(shape, is_upright=is_upright))
        parts = shapely.get_parts(shapely.ops.split(shape, line))
        middle = line.coords[0][0 if is_upright else 1]
        box = shapely.box(-9, -9, middle, 9) if is_upright else shapely.box(-9, -9, 9, middle)
        assert shapely.area(shape & box) == pytest.approx(shape.area / 2, rel=1e-9)
        assert len(parts) >= 2


# words


def test_numbers_are_written_with_signs_and_dashes():
    words = Words("en")
    assert value_text(words, "load_deviation", 0.125) == "+12.5%"
    assert value_text(words, "households_off", -40.0) == "−40"
    assert value_text(words, "longest_m", float("nan")) == "—"
    assert value_text(words, "load_state", "over") == "Above the band"
    assert change_text(words, "households", 0.0) == ""
    assert change_text(words, "reock", -0.031) == "−0.03"
    assert change_text(words, "load_deviation", -0.0041) == "−0.4 points"
    assert codes_text(["a", "b", "c"], 2) == "a, b +1"


def test_the_screen_names_a_part_for_every_view():
    assert {*planner.OWN, *planner.VIEWS} == set(VIEWS)
