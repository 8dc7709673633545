"""Commands and pages on a plan's grids, on the small town whose plan splits a1 and merges b2."""

import csv
import json
from io import StringIO

import geopandas as gpd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.cache import figures as kept
from dashboard.cache import hotspots as answers
from dashboard.cli import main
from dashboard.components.figure_board import board_cells, board_csv
from dashboard.components.grids_choice import grids_told
from dashboard.components.hotspot_export import gpkg_of
from dashboard.components.overview_map import Sight, overview_scene
from dashboard.components.plain import plain
from dashboard.maps.layers import Basemap
from dashboard.session import Period, Session, from_address, to_address
from dashboard.text import Words
from dashboard.viewmodels.hotspots_wanted import HotspotChoice
from dashboard.viewmodels.overview import Wanted
from data.config import Config
from data.planning.drawing import draw
from data.repositories.plan_writes import Turn
from data.repositories.plans import find_plan
from geo.edits.values import Merge
from tests.dashboard import plan_town

TIMEOUT_S = 90


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    database = plan_town.build(tmp_path_factory.mktemp("grids"))
    number = plan_town.draft(database)
    yield database, number
    database.dispose()


@pytest.fixture(autouse=True)
def _configured(held):
    cache.use_config(Config(store_url=str(held[0].path)))
    yield
    cache.use_config(None)


@pytest.fixture
def answer(capsys, held):
    """Run a command on the store; give status, what it said, and the document asked for."""

    def run(*words, as_json=True):
        asked = [*map(str, words), "--store", str(held[0].path), *(["--json"] if as_json else [])]
        with pytest.raises(SystemExit) as done:
            main(asked)
        told = capsys.readouterr()
        status = done.value.code or 0
        return status, json.loads(told.out) if as_json and status == 0 else told.out, told.err

    return run


# ---- commands -------------------------------------------------------------------------------


def test_counts_mark_estimated_rates(answer, held):
    status, found, _ = answer("count", "--as-of", f"plan:{held[1]}", "--per-1000")
    assert (status, found["as_of"], found["total"]) == (0, f"plan:{held[1]}", 11)
    assert {u["code"]: u["is_estimated"] for u in found["units"]} == {
        "a1": True, "a2": False, "a5": True, "b1": False,
    }  # fmt: skip
    _, now, _ = answer("count")
    assert (now["total"], any(u["is_estimated"] for u in now["units"])) == (11, False)
    _, said, _ = answer("count", "--as-of", f"plan:{held[1]}", "--per-1000", as_json=False)
    assert sum("estimated" in line or "估算" in line for line in said.splitlines()[:4]) == 2


@pytest.mark.parametrize("method", ["count", "rate"])
def test_hotspots_stand_on_the_plan(answer, held, tmp_path, method):
    out = tmp_path / "hot.gpkg"
    status, found, told = answer(
        "hotspots", "--as-of", f"plan:{held[1]}", "--units", "grids", "--method", method,
        "--out", out,
    )  # fmt: skip
    assert status == 0, told
    assert found["report"]["as_of"] == f"plan:{held[1]}"
    rows = gpd.read_file(out, engine="pyogrio")
    assert sorted(rows["cell_id"]) == ["a1", "a2", "a5", "b1"]
    assert int(rows["n"].sum()) == 9
    assert ("is_estimated" in rows) == (method == "rate")


def test_backtests_stand_on_the_plan(answer, held):
    status, found, told = answer(
        "backtest", "--as-of", f"plan:{held[1]}", "--units", "grids", "--methods", "count",
        "--tests", "monthly:2", "--areas", "50",
    )  # fmt: skip
    assert (status, found["cells"]) == (0, 4), told


def test_figures_mark_what_is_estimated_and_what_has_no_answer(answer, held):
    asked = ("kpi", "--as-of", f"plan:{held[1]}", "--unit", "a5")
    status, found, told = answer(*asked)
    assert status == 0, told
    by_name = {figure["measure"]: figure for figure in found["kpi"]}
    assert by_name["residents"]["is_estimated"]
    assert not by_name["incidents"]["is_estimated"]
    _, said, _ = answer("kpi", "--as-of", f"plan:{held[1]}", as_json=False)
    assert "plan's grids" in said or "方案网格" in said
    status, _, told = answer("kpi", "--as-of", f"plan:{held[1]}", "--unit", "b2")
    assert status == 2
    assert "b2" in told


def test_an_export_of_grids_is_the_plans(answer, held, tmp_path):
    out = tmp_path / "grids.csv"
    status, found, _ = answer("export", "grids", out, "--as-of", f"plan:{held[1]}")
    assert (status, found["rows"], found["estimated_grids"]) == (0, 4, 2)
    text = out.read_text(encoding="utf-8-sig")
    assert "former_codes" in text
    assert "b1 b2" in text


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (("count", "--as-of", "plan:99"), 2),
        (("hotspots", "--as-of", "plan:99"), 2),
        (("kpi", "--as-of", "plan:99"), 2),
        (("count", "--as-of", "plan:x"), 2),
        (("export", "streets", "no.gpkg", "--as-of", "plan:1"), 2),
        (("export", "incidents", "no.gpkg", "--as-of", "plan:1", "--level", "public"), 2),
        (("export", "grids", "no.gpkg", "--as-of", "event"), 2),
        (("hotspots", "--as-of", "plan:1", "--level", "public"), 2),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(answer, asked, status, tmp_path):
    words = [str(tmp_path / word) if word.endswith(".gpkg") else word for word in asked]
    got, _, told = answer(*words)
    assert got == status
    assert told.strip()
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


# ---- pages ----------------------------------------------------------------------------------


def overview_page(language, as_of):
    import streamlit as st

    from dashboard import session
    from dashboard.screens import import_screen, overview
    from dashboard.text import Words

    if "begun" not in st.session_state:  # noqa: TID251 - the test's own page
        st.session_state["begun"] = True  # noqa: TID251 - as above
        session.load()
        session.update(as_of=as_of, period=session.Period("all"), measure="incident_rate")
    words = Words(language)
    importing = st.Page(lambda: import_screen.render(words), title="i", url_path="import")
    town = st.Page(lambda: overview.render(words, importing), title="o", default=True)
    st.navigation([town, importing]).run()


def hotspot_page(language, as_of):
    import streamlit as st

    from dashboard import session
    from dashboard.screens import hotspots
    from dashboard.text import Words
    from dashboard.viewmodels.hotspots_wanted import HotspotChoice

    if "begun" not in st.session_state:  # noqa: TID251 - the test's own page
        st.session_state["begun"] = True  # noqa: TID251 - as above
        session.load()
        session.update(
            as_of=as_of,
            period=session.Period("all"),
            hotspots=HotspotChoice(method="rate", units="grids"),
        )
    hotspots.render(Words(language))


def shown(script, language, as_of):
    page = AppTest.from_function(script, args=(language, as_of), default_timeout=TIMEOUT_S).run()
    assert not page.exception, page.exception
    return page


def said(page):
    kinds = (page.caption, page.info, page.warning, page.error, page.markdown)
    return "\n".join(element.value for each in kinds for element in each)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_overview_offers_plans_and_says_what_is_estimated(held, language):
    page = shown(overview_page, language, f"plan:{held[1]}")
    words = Words(language)
    assert grids_told(words, f"plan:{held[1]}", escaped=True) in said(page)
    assert words("grids_of.people", n="2") in said(page)
    field = page.selectbox(key="filter_as_of")
    status = words.label("plan_status", "draft")
    name = words("grids_of.plan", name="plan one", status=status)
    assert name in field.options
    folded = next(c.value for c in page.caption if words("filter.all_areas") in c.value)
    assert folded.endswith(f"· {plain(name)}")  # what a phone shows in place of the filters
    field.set_value("today").run()
    assert not page.exception
    assert "plan one" not in said(page)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_board_says_what_is_estimated_and_what_has_no_answer(held, language):
    page = shown(overview_page, language, f"plan:{held[1]}")
    page.toggle(key="figure_board").set_value(True).run()
    assert not page.exception
    words = Words(language)
    rows = page.dataframe[-1].value
    measure, note = words("column.kpi_measure"), words("column.kpi_note")
    told = dict(zip(rows[measure], rows[note], strict=True))
    assert told[words("kpi_measure.grid_member_coverage")] == words("kpi_note.not_on_plan")
    assert words("kpi_note.estimated") not in told.values()  # the whole town was counted
    page.selectbox(key="filter_area").set_value("community:A").run()
    told = dict(zip(*(page.dataframe[-1].value[name] for name in (measure, note)), strict=True))
    assert words("kpi_note.estimated") in told[words("kpi_measure.residents")]


def test_the_file_of_the_board_names_the_grids_and_runs_nothing(held):
    words = Words("en")
    found = kept.board(kept.Asked(None, None, "a5", f"plan:{held[1]}"))
    cells = [*board_cells(words, found), ("K0", "=1+1", "@x", "-", "-", "-", "rows", "")]
    lines = list(csv.reader(StringIO(board_csv(words, cells, "plan one").decode("utf-8-sig"))))
    assert lines[0][-1] == words("grids_of.choose")
    assert {line[-1] for line in lines[1:]} == {"plan one"}
    assert lines[-1][1:3] == ["'=1+1", "'@x"]
    notes = {line[1]: line[7] for line in lines[1:]}
    assert notes[words("kpi_measure.residents")] == words("kpi_note.estimated")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_hotspot_page_ranks_the_plans_grids(held, language):
    page = shown(hotspot_page, language, f"plan:{held[1]}")
    words = Words(language)
    told = grids_told(words, f"plan:{held[1]}", with_people=False, escaped=True)
    assert told in said(page)
    assert plain(words.warning("people_estimated", {"n": 2})) in said(page)
    assert plain(words("grids_of.on_plan", plan=held[1])) in said(page)
    page.selectbox(key="hotspot_as_of").set_value("event").run()
    assert not page.exception
    assert "plan one" not in said(page)


@pytest.mark.parametrize("script", [overview_page, hotspot_page])
def test_a_plan_that_is_not_there_gives_way_to_today(script):
    page = shown(script, "en", "plan:77")
    assert Words("en")("grids_of.gone", plan=77) in said(page)
    key = "filter_as_of" if script is overview_page else "hotspot_as_of"
    assert page.selectbox(key=key).value == "today"


def history_page(number):
    from dashboard import session
    from dashboard.components import plan_history
    from dashboard.text import Words

    session.load()
    plan_history.render(Words("en"), number)


def test_a_plan_is_taken_to_the_other_pages_from_its_history(held):
    page = AppTest.from_function(history_page, args=(held[1],), default_timeout=TIMEOUT_S).run()
    assert not page.exception
    page.button(key="plan_past_use").click().run()
    assert not page.exception
    assert Words("en")("grids_of.used") in said(page)
    assert page.session_state["gridbeat"].as_of == f"plan:{held[1]}"


def test_the_address_holds_the_plan():
    session = Session(as_of="plan:3")
    assert to_address(session)["asof"] == "plan:3"
    assert from_address({"asof": "plan:3"}, "zh") == Session(language="zh", as_of="plan:3")
    assert from_address({"asof": "plan:<b>"}, "zh").as_of == "today"
    assert (session.held_as_of, Session(as_of="event").held_as_of) == ("today", "event")


def test_the_overview_of_a_plan_adds_up_and_marks_rates(held):
    wanted = Wanted(as_of=f"plan:{held[1]}", measure="incident_rate")
    found, now = cache.overview(wanted), cache.overview(Wanted())
    assert found.reconciled.total == now.reconciled.total == 11
    town = cache.town(wanted.as_of)
    assert list(town.units.index) == ["a1", "a2", "a5", "b1"]
    assert town.staffing == {}
    assert found.posts_planned == now.posts_planned
    scene, _ = overview_scene(town, found, Words("en"), Sight(None, None, ""), Basemap())
    tips = {line.split("\n")[0]: line for layer in scene.layers if layer.id == "units"
            for line in layer.tooltips}  # fmt: skip
    assert sum("(estimated)" in line for line in tips.values()) == 2
    card = cache.unit_card(wanted, "a5")
    assert card.estimated == {"households", "residents"}
    assert not card.has_posts
    assert {line.position for line in card.roster} == {"beat_officer"}
    assert cache.unit_card(wanted, "b2") is None


def test_a_file_of_the_page_says_on_which_grids_it_stands(held, tmp_path):
    asked = answers.question(
        Session(as_of=f"plan:{held[1]}", period=Period("all"),
                hotspots=HotspotChoice(method="rate", units="grids"))
    )  # fmt: skip
    path = tmp_path / "hot.gpkg"
    path.write_bytes(gpkg_of(answers.view(asked)))
    rows = gpd.read_file(path, layer="hotspots", engine="pyogrio").set_index("cell_id")
    assert rows["is_estimated"].astype(bool).to_dict() == {
        "a1": True, "a2": False, "a5": True, "b1": False,
    }  # fmt: skip
    report = gpd.read_file(path, layer="report", engine="pyogrio").set_index("key")["value"]
    assert json.loads(report["as_of"]) == f"plan:{held[1]}"


def test_grids_are_kept_by_the_plans_version(tmp_path):
    database = plan_town.build(tmp_path)
    cache.use_config(Config(store_url=str(database.path)))
    number = plan_town.draft(database)
    as_of = f"plan:{number}"
    first = cache.plan_grids(as_of)
    assert cache.plan_grids(as_of) is first
    with database.read() as session:
        seen = find_plan(session, plan_town.CHIEF, number)
    draw(database, plan_town.PLANNER, Turn(number, seen.version, plan_town.AT),
         Merge(("a1", "a5"), "a1"))  # fmt: skip
    again = cache.plan_grids(as_of)
    assert list(again.frame.index) == ["a1", "a2", "b1"]
    assert cache.overview(Wanted(as_of=as_of)).reconciled.total == 11
    database.dispose()
