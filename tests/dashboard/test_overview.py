"""The overview screen by itself: every measure draws, and the map is sent what was asked."""

import json
from dataclasses import replace
from html import escape

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.components.overview_map import MOST_POINTS, Sight, overview_scene
from dashboard.components.overview_notes import map_notes
from dashboard.maps.folium_map import render_html
from dashboard.maps.layers import Basemap, MapView
from dashboard.screens.overview import MAP_KEY
from dashboard.session import MEASURES
from dashboard.text import Words
from dashboard.viewmodels.overview import Wanted
from data.config import Config
from data.vocabulary import EventLayer
from tests.dashboard import tiny_town

TIMEOUT_S = 60


def overview_page(language):
    import streamlit as st

    from dashboard.screens import import_screen, overview
    from dashboard.text import Words

    words = Words(language)
    importing = st.Page(lambda: import_screen.render(words), title="i", url_path="import")
    town = st.Page(lambda: overview.render(words, importing), title="o", default=True)
    st.navigation([town, importing]).run()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    database = tiny_town.build(tmp_path_factory.mktemp("tiny"))
    database.dispose()
    return database.path


@pytest.fixture(autouse=True)
def configured(store):
    cache.use_config(Config(store_url=str(store)))
    yield
    cache.use_config(None)


def header(page):
    shown = next(one for one in page.get("bidi_component") if not one.key.endswith("_ground"))
    sent = bytes(shown.proto.bytes)
    return json.loads(sent[8 : 8 + int.from_bytes(sent[4:8], "little")])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_measure_draws_with_its_legend(language):
    page = AppTest.from_function(overview_page, args=(language,), default_timeout=TIMEOUT_S).run()
    assert MAP_KEY == "overview_map"
    for measure in MEASURES:
        page.selectbox(key="filter_measure").set_value(measure).run()
        assert not page.exception
        assert not page.error
        titles = [legend["title"] for legend in header(page)["legends"]]
        assert Words(language)(f"measure.{measure}") in titles


def scene_at(view):
    wanted = Wanted()
    return overview_scene(
        cache.town("today"),
        cache.overview(wanted),
        Words("zh"),
        Sight(view, None, "now"),
        Basemap(),
    )


def points_of(scene):
    return next(layer for layer in scene.layers if layer.id == "incident_points")


def test_points_come_only_at_large_scale_and_only_of_the_view():
    scene, left_out = scene_at(None)
    assert len(points_of(scene).lon) == 0
    near = MapView(94.9045, 36.404, 94.9075, 36.406, 17.0)
    scene, left_out = scene_at(near)
    assert len(points_of(scene).lon) == 4
    assert left_out == 0
    scene, _ = scene_at(MapView(94.9045, 36.404, 94.9075, 36.406, 12.0))
    assert len(points_of(scene).lon) == 0


@pytest.mark.parametrize(("scenario", "is_made_up"), [("golmud_hexi", True), ("", False)])
def test_a_saved_map_says_what_it_shows(scenario, is_made_up):
    wanted = Wanted(area="community:W", period="all", kinds=("10",), as_of="event")
    facts = replace(cache.facts(), scenario=scenario)
    words = Words("en")
    notes = map_notes(words, cache.overview(wanted), facts)
    told = " ".join(notes)
    assert ("synthetic" in notes[0]) is is_made_up
    assert "Area: 西社区 (Community" in told
    assert f"incident kind: {words.label('incident_kind', '10')}; channel: any." in told
    assert words("overview.grids_event") in told
    assert notes[-1].endswith("incidents.") or "on a border" in notes[-1]
    html = render_html(scene_of(wanted), title="t", notes=notes)
    assert escape(notes[-1]) in html


def scene_of(wanted):
    sight = Sight(None, None, "")
    town, shown = cache.town(wanted.as_of), cache.overview(wanted)
    return overview_scene(town, shown, Words("en"), sight, Basemap())[0]


def test_too_many_points_are_cut_and_counted(monkeypatch):
    from dashboard.components import overview_map

    assert MOST_POINTS == 3000
    monkeypatch.setattr(overview_map, "MOST_POINTS", 3)
    scene, left_out = scene_at(MapView(94.89, 36.39, 94.95, 36.42, 17.0))
    assert len(points_of(scene).lon) == 3
    assert left_out == 7


def test_names_travel_as_text():
    scene, _ = scene_at(None)
    units = next(layer for layer in scene.layers if layer.id == "units")
    assert any("<script>" in name for name in units.names)
    clusters = next(layer for layer in scene.layers if layer.id == "incidents")
    assert clusters.levels[0].count.sum() == 11
    assert EventLayer.INCIDENTS.value == clusters.id
