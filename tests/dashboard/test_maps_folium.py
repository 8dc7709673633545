import re
from dataclasses import replace

import folium
import numpy as np
import pytest
import shapely
from playwright.sync_api import expect

from dashboard.maps.folium_map import render_html
from dashboard.maps.layers import Basemap, GridLayer, LabelLayer

# what a page without a request may still name: namespaces, and Leaflet's own page in its script
NAMED = {"http://www.w3.org/2000/svg", "https://leafletjs.com"}
TEMPLATE = "{{ 7*7 }}{% raw %}{# x #}"


@pytest.fixture(scope="module")
def page_text(town_scene):
    return render_html(town_scene.scene(), title=town_scene.HOSTILE)


def test_the_page_names_no_host(page_text):
    assert set(re.findall(r"https?://[\w./-]+[\w]", page_text)) <= NAMED
    assert not re.search(r"(?:src|href)=[\"']?(?!data:)(?:\w+:)?//(?!leafletjs)", page_text)
    assert "default-src 'none'" in page_text


def test_hostile_texts_are_neither_markup_nor_template(page_text):
    assert "<script>window.hit=1" not in page_text
    assert "<img src=x" not in page_text
    assert "{{ 7*7 }}" in page_text
    assert page_text.count("&lt;script&gt;window.hit=1") >= 2  # heading and window title


def test_notes_stand_below_the_title_as_texts(town_scene):
    notes = ("Synthetic records", "", town_scene.HOSTILE)
    text = render_html(town_scene.scene(), title="t", notes=notes)
    header = text[text.index("<header") : text.index("</header>")]
    assert header.count('<p class="gb-note">') == 2
    assert header.index("<h1>") < header.index("Synthetic records") < header.index("&lt;script")
    assert "<script" not in header
    assert "<img" not in header
    assert "{{ 7*7 }}" in header
    assert 'class="gb-note"' not in render_html(town_scene.scene(), title="t")


def test_hostile_titles_of_layers_stay_texts(town_scene):
    scene = town_scene.scene()
    hostile = replace(scene.layers[1], title=TEMPLATE + "</script><script>window.hit=3</script>")
    text = render_html(replace(scene, layers=(hostile, scene.layers[0])), title="t")
    assert "<script>window.hit=3" not in text
    assert "49" not in re.findall(r'"overlays?".{0,80}', text)


def test_folium_itself_is_left_as_it_was(page_text):
    assert page_text
    assert any("leaflet" in url for _, url in folium.Map.default_js)


def test_clusters_stay_at_every_zoom_unless_all_points_are_there(town_scene):
    scene = town_scene.scene()
    assert '"until": null' in render_html(scene, title="t")
    whole = render_html(town_scene.scene(view=town_scene.WORLD), title="t")
    assert '"until": 15.0' in whole
    assert "theft" in whole
    assert "theft" not in render_html(scene, title="t")


def test_tiles_come_only_when_asked_for(town_scene):
    base = Basemap("xyz", "https://tiles.invalid/{z}/{x}/{y}.png", "wgs84", "<b>maker</b>")
    scene = replace(town_scene.scene(), basemap=base)
    assert "tiles.invalid" not in render_html(scene, title="t")
    with_tiles = render_html(scene, title="t", with_tiles=True)
    assert "https://tiles.invalid/{z}/{x}/{y}.png" in with_tiles
    assert "<b>maker</b>" not in with_tiles


def test_tiles_of_another_datum_shift_the_shapes(town_scene):
    base = Basemap("xyz", "https://tiles.invalid/{z}/{x}/{y}.png", "gcj02")
    scene = replace(town_scene.scene(), basemap=base)
    corner = "116.3, 39.9"
    assert corner in render_html(scene, title="t")
    assert corner not in render_html(scene, title="t", with_tiles=True)


def test_empty_layers_are_drawn_as_nothing(town_scene):
    none = np.zeros(0)
    layers = (GridLayer("g", "Grids", (), (), []), LabelLayer("l", "", (), none, none))
    text = render_html(replace(town_scene.scene(), layers=layers), title="空图")
    assert "<title>空图</title>" in text


@pytest.mark.browser
def test_the_page_opens_with_the_network_cut(chromium_page, town_scene, page_text, tmp_path):
    saved = tmp_path / "map.html"
    saved.write_text(page_text, encoding="utf-8")
    page = chromium_page(saved.as_uri())
    page.goto(saved.as_uri())
    page.wait_for_selector(".leaflet-interactive")
    assert page.locator("path.leaflet-interactive").count() == 60
    assert page.evaluate("window.hit") is None
    assert page.title() == town_scene.HOSTILE
    expect(page.locator("h1")).to_have_text(town_scene.HOSTILE)
    assert page.locator(".gb-count").count() > 10
    letters = page.locator(".leaflet-gbLetters-pane")
    assert letters.locator(".gb-icon").count() == 59
    assert page.locator(".leaflet-marker-pane .gb-count").count() > 10
    height = "one => Number(getComputedStyle(one).zIndex)"
    assert letters.evaluate(height) < page.locator(".leaflet-marker-pane").evaluate(height)
    page.get_by_text("Incidents", exact=True).first.click()
    assert page.locator(".gb-count").count() == 0
    page.get_by_text("Names", exact=True).click()
    assert page.get_by_text("window.hit=1").count() >= 2
    page.locator("path.leaflet-interactive").first.hover(position={"x": 8, "y": 8})
    expect(page.locator(".leaflet-tooltip")).to_contain_text("<script>")
    assert page.locator(".leaflet-tooltip script").count() == 0
    assert page.evaluate("window.hit") is None
    page.emulate_media(media="print")
    page.screenshot(path=tmp_path / "map.png")


@pytest.mark.browser
def test_long_notes_leave_room_for_the_map(chromium_page, town_scene, tmp_path):
    saved = tmp_path / "noted.html"
    notes = ("Synthetic records", "Filter: all kinds", "12 = 10 + 1 + 1") * 4
    saved.write_text(render_html(town_scene.scene(), title="t", notes=notes), encoding="utf-8")
    page = chromium_page(saved.as_uri())
    page.goto(saved.as_uri())
    page.wait_for_selector(".leaflet-interactive")
    head = page.locator("header").bounding_box()
    town = page.locator(".folium-map").bounding_box()
    assert town["y"] == pytest.approx(head["y"] + head["height"], abs=1)
    assert town["height"] > 240
    assert page.get_by_text("12 = 10 + 1 + 1").count() == 4
    page.screenshot(path=tmp_path / "noted.png")


@pytest.mark.slow
def test_a_thousand_shapes_are_a_page_of_some_megabytes(town_scene):
    cells = [shapely.box(x, y, x + 1, y + 1) for x in range(40) for y in range(25)]
    codes = tuple(str(k) for k in range(1000))
    layer = GridLayer("g", "Grids", codes, codes, cells)
    text = render_html(replace(town_scene.scene(), layers=(layer,)), title="t")
    assert len(text) < 3_000_000
