"""The planner's views: checks in their places, two plans side by side, publishing, impact, past."""

import importlib
from io import BytesIO

import openpyxl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.actions import plan_publishing as act
from dashboard.cache import plan_views
from dashboard.cache.plan_views import TODAY, Asked
from dashboard.components.plan_check import detail_text, kind_name
from dashboard.components.plan_history import sums_of
from dashboard.components.plan_impact import crosswalk_of, pdf_of, xlsx_of
from dashboard.components.plan_publish import what_happens
from dashboard.components.plan_scenes import Drawn, division_scene, finding_layer, ground_layer
from dashboard.maps.layers import Basemap
from dashboard.maps.live import pack
from dashboard.text import LANGUAGES, Words
from dashboard.viewmodels.plan_checks import KINDS
from data.config import Config
from data.database import Database
from data.errors import AccessRefused
from data.planning.drawing import draw
from data.planning.opening import Begin, FromDay, begin_plan
from data.repositories.audit import is_intact, latest
from data.repositories.plan_records import PlanStatus
from data.repositories.plan_writes import Turn, describe
from data.repositories.plans import find_plan, list_plans
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from geo.edits.values import Merge
from tests.dashboard import plan_town, tiny_town

VIEWS = ("plan_check", "plan_compare", "plan_publish", "plan_impact", "plan_history")


def view_page(name, number, language):
    """One view alone on a page, as the planner's screen mounts it."""
    import importlib

    from dashboard.text import Words

    importlib.import_module(f"dashboard.components.{name}").render(Words(language), number)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The hand-made town with two drafts alike, built once; closed."""
    database = plan_town.build(tmp_path_factory.mktemp("built"))
    numbers = (plan_town.draft(database), plan_town.draft(database, "plan two"))
    database.dispose()
    return database.path, numbers


@pytest.fixture
def draft(built):
    """The number of a draft (a1 split, b2 put into b1) in a store that tests only read."""
    cache.use_config(Config(store_url=str(built[0])))
    yield built[1][0]
    cache.use_config(None)


@pytest.fixture
def store(built, tmp_path):
    """A copy of that store, to write into, as the process shows it."""
    database = Database(str(tiny_town.copied(built[0], tmp_path)))
    cache.use_config(Config(store_url=str(database.path)))
    yield database
    cache.use_config(None)
    database.dispose()


@pytest.fixture
def own(built, store):
    """The number of the draft in one's own store."""
    assert store.exists()
    return built[1][0]


def shown(name, number, language="en"):
    page = AppTest.from_function(
        view_page, kwargs={"name": name, "number": number, "language": language},
        default_timeout=120,
    )  # fmt: skip
    return page.run()


def everything(page):
    return " ".join(
        str(each.value)
        for kind in ("markdown", "caption", "success", "warning", "error", "info", "subheader")
        for each in getattr(page, kind)
    )


def record(database, number):
    with database.read() as session:
        return find_plan(session, LOCAL_STEWARD, number)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", VIEWS)
def test_every_view_draws_by_itself(draft, name, language):
    page = shown(name, draft, language)
    assert not page.exception
    assert not page.error
    assert page.dataframe or name == "plan_publish"


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.usefixtures("draft")
def test_a_plan_that_is_not_there_is_told_in_one_sentence(name):
    page = shown(name, 99)
    assert not page.exception
    assert [each.value for each in page.error] == [Words("en").error("no_such_plan", {"plan": 99})]


def test_checks_list_new_ones_first_each_in_its_place(draft):
    found = plan_views.findings(draft)
    assert found.is_publishable
    kinds = [(each.kind, each.codes, each.is_new) for each in found.findings]
    assert ("grid_without_member", ("a5",), True) in kinds
    assert ("post_without_grid", ("b1",), True) in kinds
    assert ("households_over", ("b1",), True) in kinds
    assert ("households_under", ("a5",), True) in kinds
    news = [each.is_new for each in found.findings]
    assert news == sorted(news, reverse=True)
    assert all(each.place is not None for each in found.findings)
    assert set(found.counts) == set(KINDS)
    words = Words("en")
    texts = {detail_text(words, each) for each in found.findings}
    assert "800 households" in texts
    assert "Grid a5 has no grid member in post. Appoint one." in texts
    assert all(kind_name(words, kind) for kind in KINDS)
    layer = finding_layer(words, found.findings)
    assert len(layer.geometries) == len(found.findings)


def test_a_comparison_tells_balances_and_who_is_affected(draft, built):
    same = plan_views.comparison(draft, built[1][1])
    assert same.impact.grids.empty
    assert same.ground.empty
    found = plan_views.comparison(draft, TODAY)
    assert [side.name for side in found.sides] == ["", "plan one"]
    assert found.impact.summary.added == 1
    assert found.sides[0].spread("households").most == 400
    assert found.sides[1].spread("households").most == 800
    assert found.sides[1].figures.without_member == ("a5",)


def test_a_plan_of_one_community_stands_beside_the_whole_town(store):
    begin = Begin("B only", plan_town.AT)
    plan = begin_plan(store, plan_town.CHIEF, FromDay(scope_code="B"), begin)
    turn = Turn(plan.id, plan.version, plan_town.AT)
    draw(store, plan_town.CHIEF, turn, Merge(("b1", "b2"), "b1"))
    found = plan_views.comparison(plan.id, TODAY)
    summary = found.impact.summary
    assert (summary.retired, summary.before, summary.after) == (1, 4, 3)
    past = plan_views.history(plan.id, Asked("plan"))
    assert sums_of(past.now) == ("5", "1", "1", "7")


def test_the_map_of_a_division_packs_with_its_hatching(draft):
    value = plan_views.impact(draft)
    words = Words("zh")
    drawn = Drawn(value.after, tuple(value.after["grid_code"]), "t", "k")
    scene = division_scene(
        words, cache.town("today"), drawn, (ground_layer(words, value.ground),), Basemap()
    )
    assert [layer.id for layer in scene.layers] == ["grids", "outlines", "ground", "codes"]
    assert pack(scene)
    empty = ground_layer(words, value.ground.iloc[:0])
    bare = division_scene(words, cache.town("today"), drawn, (empty,), Basemap())
    assert [layer.id for layer in bare.layers] == ["grids", "outlines", "codes"]


def test_what_will_happen_is_said_before_it_is_done(draft):
    lines = what_happens(Words("en"), plan_views.impact(draft))
    assert lines[0] == "Grids: 2 adjusted, 1 added, 1 retired; 4 → 4."
    assert any("b2" in line for line in lines)
    assert any("a5" in line for line in lines)


def test_a_plan_goes_from_draft_to_published_and_back_by_hand(own, store):
    page = shown("plan_publish", own)
    page.text_input(key="plan_person_approve").set_value("chief")
    send(page, "do_approve")
    assert record(store, own).status is PlanStatus.APPROVED
    assert record(store, own).approved_by == "chief"
    page = shown("plan_publish", own)
    page.date_input(key="plan_effective").set_value(plan_town.MONDAY)
    page.text_input(key="plan_reason").set_value("agreed in May")
    send(page, "do_publish")
    assert not page.exception
    plan = record(store, own)
    assert (plan.status, plan.effective_on) == (PlanStatus.PUBLISHED, plan_town.MONDAY)
    page = shown("plan_publish", own)
    send(page, "do_roll_back")
    with store.read() as session:
        names = [each.name for each in list_plans(session, LOCAL_STEWARD)]
        assert "Roll back: plan one" in names
        assert is_intact(session)


def send(page, step):
    label = Words("en")(f"plan_publish.{step}")
    next(button for button in page.button if button.label == label).click()
    page.run()


def test_the_author_cannot_approve(own, store):
    page = shown("plan_publish", own)
    page.text_input(key="plan_person_approve").set_value("planner-1")
    send(page, "do_approve")
    assert "ask another person" in page.error[0].value
    assert record(store, own).status is PlanStatus.DRAFT


def test_a_past_day_without_a_reason_is_refused(own, store):
    approve(store, own)
    page = shown("plan_publish", own)
    page.date_input(key="plan_effective").set_value(plan_town.AT.date())
    send(page, "do_publish")
    assert "give a reason" in page.error[0].value
    assert record(store, own).status is PlanStatus.APPROVED


def approve(store, number):
    with_chief = act.Desk(store, LOCAL_STEWARD, "chief")
    return act.approve(with_chief, Turn(number, record(store, number).version, plan_town.AT))


def test_whoever_comes_second_is_told_so(own, store):
    page = shown("plan_publish", own)
    with store.write() as session:
        seen = Turn(own, record(store, own).version, plan_town.AT)
        describe(session, plan_town.CHIEF, seen, name="renamed", note="", is_template=False)
    page.text_input(key="plan_person_approve").set_value("chief")
    send(page, "do_approve")
    assert "Somebody changed the plan" in page.error[0].value
    assert record(store, own).status is PlanStatus.DRAFT


def test_a_withdrawn_plan_can_be_made_a_draft_again(own, store):
    page = shown("plan_publish", own)
    page.text_input(key="plan_withdraw_reason").set_value("too large")
    send(page, "do_withdraw")
    assert record(store, own).status is PlanStatus.WITHDRAWN
    assert record(store, own).reason == "too large"
    page = shown("plan_publish", own)
    assert "too large" in everything(page)
    send(page, "do_reopen")
    assert record(store, own).status is PlanStatus.DRAFT


def test_last_years_counts_add_up_on_the_new_grids(draft):
    on_plan = plan_views.history(draft, Asked("plan"))
    on_today = plan_views.history(draft, Asked("today"))
    assert on_plan.is_like_for_like
    assert (on_plan.now.total, on_plan.year_before.total) == (7, 4)
    assert on_today.now.total == on_plan.now.total
    table = on_plan.table().set_index("grid_code")
    assert table["n"].to_dict() == {"a1": 1, "a2": 1, "a5": 2, "b1": 1}
    assert table["before"].to_dict() == {"a1": 2, "a2": 0, "a5": 1, "b1": 1}
    assert sums_of(on_plan.now) == ("5", "1", "1", "7")
    assert {"a1", "a5"} <= on_plan.estimated
    month = plan_views.history(draft, Asked("plan", 28))
    assert month.now.total == 5


def test_each_file_that_leaves_is_logged(own, store):
    value = plan_views.impact(own)
    words = Words("zh")
    assert pdf_of(words, value).startswith(b"%PDF")
    assert openpyxl.load_workbook(BytesIO(xlsx_of(words, value)))
    told = crosswalk_of(value, "csv").decode("utf-8-sig").splitlines()
    assert told[0].startswith("old_code,new_code,relation")
    assert len(told) == 1 + len(value.crosswalk.rows)
    with store.read() as session:
        subjects = [entry.subject for entry in latest(session, LOCAL_STEWARD, limit=3)]
        assert subjects == ["crosswalk", "plan_impact", "plan_impact"]
        assert is_intact(session)
    wall = act.Desk(store, Viewer("w", Role.KIOSK, DisplayLevel.WALL))
    with pytest.raises(AccessRefused):
        act.note_sheet(wall, own, 1, "pdf", plan_town.AT)


def test_the_views_are_functions_of_words_and_a_number():
    for name in VIEWS:
        assert callable(importlib.import_module(f"dashboard.components.{name}").render)
