"""The coverage screen says what lies within reach, where gaps are, and where posts could stand."""

from datetime import UTC, date, datetime
from io import BytesIO

import geopandas as gpd
import pyogrio
import pytest
import shapely
from openpyxl import load_workbook
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.cache import coverage as kept
from dashboard.components.coverage_export import sheets_of
from dashboard.components.coverage_how import how_lines, site_lines
from dashboard.components.coverage_map import coverage_scene
from dashboard.components.coverage_siting import change_rows, result_lines
from dashboard.components.coverage_tables import overlap_rows
from dashboard.maps.layers import Basemap
from dashboard.maps.live import pack
from dashboard.session import Period, Session, from_address, to_address
from dashboard.text import Words
from dashboard.viewmodels.coverage import question_of, site_question_of, site_rows, with_sites
from dashboard.viewmodels.coverage_wanted import CoverageChoice, coverage_choice_from
from dashboard.viewmodels.overview import Span
from dashboard.viewmodels.people import SeatState
from data.config import Config
from data.database import Database, bump_revision
from data.importers import places
from data.importers.places import PlaceOptions
from data.repositories.audit import is_intact
from data.viewer import LOCAL_STEWARD
from tests.dashboard import tiny_town

DAY = date(2026, 6, 1)
TZ = "Asia/Shanghai"


@pytest.fixture
def town(tmp_path):
    """A store of one's own, as the process shows it."""
    database = tiny_town.build(tmp_path)
    cache.use_config(Config(store_url=str(database.path)))
    yield cache.town(DAY.isoformat())
    cache.use_config(None)
    database.dispose()


def asked(**choice):
    return question_of(CoverageChoice(**choice), DAY, Span(), (), TZ)


def test_a_choice_goes_into_the_address_and_back():
    choice = CoverageChoice(
        unit="min", minutes=15, speed="ride", network="streets", day=DAY, who="all",
        counts="households", channel="all", hour=0, posts=3, goal="nearest", solver="greedy",
        is_kept=False,
    )  # fmt: skip
    params = to_address(Session(coverage=choice, period=Period("28")))
    assert params["c_within"] == "15min"
    assert from_address(params, "en").coverage == choice
    assert CoverageChoice().to_params() == {}
    wrong = {"c_within": "9x", "c_posts": "99", "c_hour": "24", "c_day": "soon", "c_who": "me"}
    assert coverage_choice_from(wrong) == CoverageChoice()
    assert coverage_choice_from({"c_within": "99999m"}).within_m == 20_000
    assert coverage_choice_from({"c_within": "1m"}).within_m == 50


def test_a_question_means_what_was_chosen():
    question = asked(unit="min", minutes=15, who="beat", hour=8, channel="all")
    assert question.reach_m == 1000.0
    assert question.channel_groups == ()
    assert question.on_duty_at == datetime(2026, 6, 1, 0, tzinfo=UTC)
    proposal = site_question_of(
        CoverageChoice(posts=2, goal="nearest", network="streets", counts="area"),
        asked(network="streets"),
    )
    assert (proposal.objective, proposal.keep_posts, proposal.demand) == (
        "cover", False, "incidents",
    )  # fmt: skip


@pytest.mark.usefixtures("town")
def test_reach_has_its_bases_and_ranks_its_gaps():
    shown = kept.coverage(asked(within_m=500, who="all"))
    answer = shown.answer
    assert (answer.posts.total, answer.posts.filled) == (2, 2)
    assert (answer.incidents.within, answer.incidents.total, answer.incidents.unlocated) == (
        4, 10, 1,
    )  # fmt: skip
    assert shown.ranked("incidents")["code"].tolist()[0] == "B1"
    assert shown.ranked("incidents")["incidents"].tolist()[0] == 3
    by_area = shown.ranked("area")
    assert by_area["area_m2"].is_monotonic_decreasing
    assert by_area["rank"].tolist() == list(range(1, len(by_area) + 1))
    name, position, gap_m = shown.nearest["B2"]
    assert position in {"beat_officer", "full_time_member"}
    assert gap_m == pytest.approx(2_700, abs=150), name
    assert shown.count(SeatState.FILLED) == 2
    assert shapely.Point(94.905, 36.406).within(shown.shape)
    assert kept.coverage(asked(within_m=500, who="all")) is shown  # worked out once


@pytest.mark.usefixtures("town")
def test_a_write_of_a_post_makes_a_new_answer():
    before = kept.coverage(asked(who="all"))
    with cache.database().write() as session:
        bump_revision(session, "people")
    assert kept.coverage(asked(who="all")) is not before


@pytest.mark.usefixtures("town")
def test_a_proposal_covers_more_and_says_how_sure_it_is():
    choice = CoverageChoice(within_m=500, who="beat", posts=1)
    question = asked(within_m=500, who="beat")
    proposal = site_question_of(choice, question)
    found = kept.sites(proposal)
    before = kept.coverage(question)
    after = kept.coverage(with_sites(question, proposal, found))
    assert [site.code for site in found.chosen] == ["B1"]
    assert found.siting.optimal
    assert after.answer.incidents.within == found.siting.covered > before.answer.incidents.within
    assert after.answer.posts.filled == before.answer.posts.filled
    assert site_rows(after)["B1"]["within"] == 3
    for language in ("zh", "en"):
        words = Words(language)
        told = " ".join(result_lines(words, proposal, found))
        assert words("cover.site_optimal") in told
        rows = change_rows(words, before, after)
        assert len(rows) == 4
        assert str(rows[0]["share_more"]).startswith("+")
        assert site_lines(words, proposal, found)
    alone = with_sites(question, site_question_of(
        CoverageChoice(posts=1, is_kept=False, solver="greedy"), question), found)  # fmt: skip
    assert alone.is_alone
    assert kept.coverage(alone).answer.incidents.within == 3


@pytest.mark.parametrize("language", ["zh", "en"])
def test_map_words_and_files_say_the_same(town, tmp_path, language):
    words = Words(language)
    question = asked(within_m=500, who="all")
    shown = kept.coverage(question)
    proposal = site_question_of(CoverageChoice(posts=2), question)
    found = kept.sites(proposal)
    pair = found, kept.coverage(with_sites(question, proposal, found))
    scene = coverage_scene(town, shown, words, "incidents", Basemap(), pair)
    assert {"units", "reach", "after", "posts", "sites"} <= {layer.id for layer in scene.layers}
    assert len(scene.legends) == 4
    assert pack(scene)
    how = how_lines(words, shown)
    assert not any("{" in line for line in how)
    sheets = sheets_of(words, town, shown, "incidents", pair, how)
    book = load_workbook(BytesIO(kept.file(sheets, "xlsx", datetime.now(UTC))))
    assert book.sheetnames[0] == words("cover_heading.gaps")
    rows = list(book[words("cover_heading.gaps")].values)
    assert rows[1][:2] == (1, "B1")
    assert rows[1][3] == 3
    packed = tmp_path / "coverage.gpkg"
    packed.write_bytes(kept.file(sheets, "gpkg", datetime.now(UTC)))
    names = {str(name) for name, _ in pyogrio.list_layers(packed)}
    assert names == {"gaps", "posts", "sites", "reach", "reach_after"}
    gaps = gpd.read_file(packed, layer="gaps")
    assert gaps.crs == "EPSG:4326"
    assert gaps["incidents"].sum() == sum(row[3] for row in rows[1:])
    with cache.database().read() as session:
        assert is_intact(session)
    assert sum(row["incidents_n"] for row in overlap_rows(words, shown)) == 10


def test_a_day_without_posts_and_shifts_is_answered_in_words(town):
    shown = kept.coverage(asked(who="all", hour=3))
    assert shown.answer.posts.on_shift == 0
    assert shown.shape.is_empty
    assert shown.nearest == {}
    assert len(shown.ranked("incidents")) == 4
    words = Words("en")
    scene = coverage_scene(town, shown, words, "area", Basemap())
    assert pack(scene)
    assert how_lines(words, shown)


def page():
    from dashboard.screens import coverage as screen
    from dashboard.text import Words

    screen.render(Words("en"))


@pytest.fixture
def at(town):  # noqa: ARG001 - the store that is shown
    shown = AppTest.from_function(page, default_timeout=60)
    shown.session_state["coverage_day"] = DAY
    shown.session_state["coverage_who"] = "all"
    return shown


def metrics(shown):
    return {metric.label: (metric.value, metric.delta) for metric in shown.metric}


@pytest.mark.parametrize("section", ["gaps", "posts", "overlap", "sites"])
def test_every_section_opens(at, section):
    at.session_state["coverage_section"] = section
    at.run()
    assert not at.exception
    assert not at.error
    assert metrics(at)["Posts at work"] == ("2", "2 of 2")
    assert at.expander[-1].label == "How this was worked out"


def test_another_distance_gives_another_share(at):
    at.run()
    assert metrics(at)["Incidents in reach"][1] == "3 of 9"
    at.number_input(key="coverage_within_m").set_value(20_000).run()
    assert metrics(at)["Incidents in reach"][1] == "8 of 9"
    assert any("No streets are loaded" in caption.value for caption in at.caption)


def test_sites_are_proposed_on_the_button_and_go_again(at):
    at.session_state["coverage_section"] = "sites"
    at.run()
    assert not at.success
    at.number_input(key="site_posts").set_value(2)
    at.button[0].click().run()
    assert not at.exception
    assert "Proven optimal" in at.success[0].value
    at.button(key="site_drop").click().run()
    assert not at.success


def test_too_many_sites_are_refused_with_the_next_step(at):
    at.session_state["coverage_section"] = "sites"
    at.run()
    at.number_input(key="site_posts").set_value(50)
    at.button[0].click().run()
    assert not at.exception
    assert "50 posts were asked for, 4 sites are there" in at.error[0].value


def test_no_grids_and_no_posts_say_what_to_do(tmp_path):
    database = Database(str(tmp_path / "bare.gpkg"))
    database.create_or_migrate()
    cache.use_config(Config(store_url=str(database.path)))
    try:
        shown = AppTest.from_function(page, default_timeout=60).run()
        assert "There are no grids yet" in shown.info[0].value
        grids = PlaceOptions(code="网格编码", name="网格名称", datum="wgs84")
        files = tiny_town.write_files(tmp_path)
        places.run(database, files["grids"], grids, LOCAL_STEWARD)
        shown = AppTest.from_function(page, default_timeout=60).run()
        assert not shown.exception
        assert "import appointments" in shown.info[0].value
    finally:
        cache.use_config(None)
        database.dispose()


def test_an_hour_without_shifts_says_so(at):
    at.session_state["coverage_hour"] = 3
    at.run()
    assert not at.exception
    assert "has a shift at that hour" in at.warning[0].value
