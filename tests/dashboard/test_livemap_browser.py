import json
import math
from pathlib import Path

import pytest
from playwright.sync_api import expect

import dashboard

pytestmark = pytest.mark.browser

HERE = Path(__file__).resolve().parent
WEST, SOUTH, STEP = 116.30, 39.90, 0.004


@pytest.fixture(scope="module")
def town(serve_script):
    return serve_script(HERE / "town_page.py")


@pytest.fixture
def page(chromium_page, town):
    page = chromium_page(town)
    page.goto(town)
    page.wait_for_selector(".gb-map[data-ready=true]")
    yield page
    assert page.evaluate("window.hit") is None


def told(page):
    return page.eval_on_selector(".gb-map", "root => ({...root.dataset})")


def layers(page):
    return json.loads(told(page)["layers"])


def cell(column, row):
    """A place within a cell, off its middle, where the made-up town has no mark."""
    return WEST + (column + 0.5) * STEP, SOUTH + (row + 0.25) * STEP


def where(page, lon, lat):
    """The page position of a place, from what the map says of its view."""
    page.locator(".gb-pane").scroll_into_view_if_needed()
    box = page.locator(".gb-pane").bounding_box()
    west, south, east, north = map(float, told(page)["bounds"].split(","))

    def mercator(degrees):
        return math.log(math.tan(math.pi / 4 + math.radians(degrees) / 2))

    x = (lon - west) / (east - west) * box["width"]
    y = (mercator(north) - mercator(lat)) / (mercator(north) - mercator(south)) * box["height"]
    return box["x"] + x, box["y"] + y


def hide_incidents(page):
    page.get_by_label("Incidents", exact=True).uncheck()


def test_a_town_is_drawn_from_the_own_origin_alone(page, tmp_path):
    shown = layers(page)
    assert shown["grids"] == {"kind": "grid", "on": True, "marks": 120}
    assert shown["names"]["on"] is False
    assert 1 < shown["incidents"]["marks"] < 300
    assert shown["incident_points"]["marks"] == 0
    assert page.locator("iframe").count() == 0
    expect(page.locator(".gb-age")).to_have_text("Data as of 2024-05-01 08:00")
    expect(page.locator(".gb-legends")).to_contain_text("no base")
    assert any("livemap-" in url for url in page.watch.requests)
    page.screenshot(path=tmp_path / "town.png")
    assert (tmp_path / "town.png").stat().st_size > 20_000


def test_a_click_selects_and_a_rerun_keeps_view_and_selection(page):
    hide_incidents(page)
    page.get_by_role("button", name="Zoom out").click()
    page.wait_for_timeout(600)
    page.mouse.click(*where(page, *cell(4, 3)))
    page.get_by_text("selected=G304").wait_for()
    before = told(page)
    page.get_by_text("equal").click()
    page.wait_for_function(
        "rev => document.querySelector('.gb-map').dataset.rev !== rev", arg=before["rev"]
    )
    page.get_by_role("button", name="again").click()
    page.wait_for_timeout(400)
    after = told(page)
    assert (after["bounds"], after["zoom"]) == (before["bounds"], before["zoom"])
    assert after["selected"] == "G304"
    assert after["updates"] == str(int(before["updates"]) + 1)
    assert layers(page)["incidents"]["on"] is False
    page.mouse.click(*where(page, *cell(4, 3)))
    page.get_by_text("selected=None").wait_for()


def test_a_selection_from_python_wins_when_it_changes(page):
    page.get_by_label("pick a grid").fill("G105")
    page.keyboard.press("Enter")
    page.wait_for_selector(".gb-map[data-selected=G105]")


def test_names_are_text_in_tooltips_and_on_the_map(page):
    hide_incidents(page)
    page.get_by_label("Names", exact=True).check()
    page.mouse.move(*where(page, *cell(0, 0)))
    tip = page.locator(".leaflet-tooltip")
    tip.wait_for()
    expect(tip).to_contain_text("<script>window.hit=1</script>")
    assert tip.locator("script, img").count() == 0


def colour_at(page, lon, lat):
    """The canvas's red, green and blue at a place."""
    x, y = where(page, lon, lat)
    return page.evaluate(
        """([x, y]) => {
            const canvas = document.querySelector(".gb-map canvas");
            const box = canvas.getBoundingClientRect();
            const scale = canvas.width / box.width;
            const at = [(x - box.left) * scale, (y - box.top) * scale];
            return [...canvas.getContext("2d").getImageData(at[0], at[1], 1, 1).data].slice(0, 3);
        }""",
        [x, y],
    )


def test_points_lie_above_the_outline_of_the_selected_grid(page, town_scene):
    page.locator(".gb-pane").focus()
    while float(told(page)["zoom"]) < 16:
        zoom = told(page)["zoom"]
        page.keyboard.press("+")
        page.wait_for_function(
            "z => document.querySelector('.gb-map').dataset.zoom !== z", arg=zoom
        )
    page.wait_for_function(
        "JSON.parse(document.querySelector('.gb-map').dataset.layers).incident_points.marks > 50"
    )
    west, east = WEST + 5 * STEP, WEST + 6 * STEP
    near = [
        (lon, lat)
        for lon, lat in zip(*town_scene.places(), strict=True)
        if min(abs(lon - west), abs(lon - east)) < 0.00002
        and SOUTH + 2.1 * STEP < lat < SOUTH + 2.9 * STEP
    ]
    assert len(near) == 3
    bare = (west, SOUTH + 2.5 * STEP)
    ground = colour_at(page, *bare)
    before = [colour_at(page, *place) for place in near]
    page.get_by_label("pick a grid").fill("G205")
    page.keyboard.press("Enter")
    page.wait_for_selector(".gb-map[data-selected=G205]")
    page.wait_for_timeout(200)
    assert colour_at(page, *bare) != ground
    # Points let 8 % of what lies below through; an outline above them would be #111827 throughout.
    for place, colour in zip(near, before, strict=True):
        assert colour_at(page, *place) == pytest.approx(colour, abs=25)


def test_the_switch_works_by_keyboard(page):
    page.get_by_label("Grids", exact=True).focus()
    page.keyboard.press("Space")
    assert layers(page)["grids"]["on"] is False
    expect(page.locator(".gb-legends")).not_to_contain_text("no base")
    page.keyboard.press("Space")
    assert layers(page)["grids"]["on"] is True


def test_points_come_at_large_scale_and_can_be_picked(page):
    page.locator(".gb-pane").focus()
    while float(told(page)["zoom"]) < 16:
        zoom = told(page)["zoom"]
        page.keyboard.press("+")
        page.wait_for_function(
            "z => document.querySelector('.gb-map').dataset.zoom !== z", arg=zoom
        )
    page.wait_for_function(
        "JSON.parse(document.querySelector('.gb-map').dataset.layers).incident_points.marks > 50"
    )
    assert layers(page)["incidents"]["marks"] == 0
    assert layers(page)["incident_points"]["marks"] < 5000
    page.mouse.click(*where(page, WEST + 5 * STEP, SOUTH + 3 * STEP))
    page.wait_for_timeout(200)
    assert float(told(page)["zoom"]) >= 16


def test_a_click_on_a_post_answers_its_record(page):
    hide_incidents(page)
    page.mouse.click(*where(page, WEST + 7.5 * STEP, SOUTH + 4.5 * STEP))
    page.get_by_text("picked=P2").wait_for()


def test_the_language_changes_in_place(page):
    zoom = told(page)["zoom"]
    page.get_by_text("Chinese").click()
    page.get_by_text("图层").wait_for()
    assert page.get_by_role("button", name="放大").count() == 1
    assert told(page)["updates"] == "2"
    assert told(page)["zoom"] == zoom
    assert page.eval_on_selector(".gb-map", "root => root.lang") == "zh"


def test_a_map_that_left_comes_back_whole(page):
    page.get_by_text("map", exact=True).click()
    page.wait_for_selector(".gb-map", state="detached")
    page.get_by_text("map", exact=True).click()
    page.wait_for_selector(".gb-map[data-ready=true]")
    assert layers(page)["grids"]["marks"] == 120


def test_the_map_follows_the_size_of_its_window(page):
    page.set_viewport_size({"width": 500, "height": 900})
    page.wait_for_function(
        "document.querySelector('.gb-map canvas').getBoundingClientRect().width < 800"
    )
    assert page.locator(".gb-map").bounding_box()["width"] < 500


def test_the_bundle_is_in_the_package():
    dist = Path(dashboard.__file__).parent / "livemap" / "dist"
    assert len(list(dist.glob("livemap-*.js"))) == 1
