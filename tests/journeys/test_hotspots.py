"""An analyst asks where, sees why and how sure, and takes the answer along as a file."""

import re

import geopandas as gpd
import pytest
from playwright.sync_api import expect

from tests.journeys.steps import choose, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READY = ".gb-map[data-ready=true]"
FIRST_MS = 120_000  # the first page of a server reads every package
WORDS = {
    "zh-CN": (
        "问什么",
        "哪里连片偏高或偏低（Gi*）",
        "Gi* 分级",
        "为什么是这里",
        "它在过去命中多少",
    ),
    "en-US": (
        "Question",
        "Where are clusters higher or lower than chance? (Gi*)",
        "Gi* classes",
        "Why here",
        "How well it would have done",
    ),
}


def click_the_middle(page):
    """Click the middle of the map; the town lies there."""
    box = page.locator(".gb-map").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)


@pytest.mark.parametrize("locale", WORDS)
def test_a_question_a_cell_its_reasons_and_a_file(open_page, golmud, tmp_path, locale):
    label, method, legend, why, proof = WORDS[locale]
    page = open_page(golmud, "/hotspots?period=all&h_units=grids", locale=locale)
    page.wait_for_selector(READY, timeout=FIRST_MS)
    choose(page, label, method)
    page.wait_for_url(re.compile("h_method=gistar"))
    expect(page.locator(".gb-map")).to_contain_text(legend)
    expect(page.get_by_text(proof)).to_be_visible()
    settle(page)
    click_the_middle(page)
    page.wait_for_url(re.compile("h_cell="))
    expect(page.get_by_text(re.compile(f"^{why}"))).to_be_visible()
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="GeoPackage").click()
    path = tmp_path / "hotspots.gpkg"
    download.value.save_as(path)
    cells = gpd.read_file(path, layer="hotspots")
    assert len(cells) > 3
    assert {"cell_id", "n", "z", "p_bh", "class", "rank"} <= set(cells.columns)
    assert cells.geometry.notna().all()
    assert len(gpd.read_file(path, layer="report")) > 20


def test_a_page_and_a_picture(open_page, golmud, tmp_path):
    page = open_page(golmud, "/hotspots?period=all", locale="zh-CN")
    page.wait_for_selector(READY, timeout=FIRST_MS)
    settle(page)
    for button, start in (("一页 A4（PDF）", b"%PDF"), ("地图（PNG）", b"\x89PNG")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        path = tmp_path / "file"
        download.value.save_as(path)
        assert path.read_bytes().startswith(start)


def test_an_address_opens_the_same_answer(open_page, golmud):
    page = open_page(golmud, "/hotspots?period=all&h_view=proof&h_units=grids", locale="en-US")
    expect(page.get_by_text("Every method at every share of ground")).to_be_visible()
    page.get_by_text("Hours and weekdays", exact=True).click()
    page.wait_for_url(re.compile("h_view=hours"))
    expect(page.locator(".gb-hour")).to_have_count(168)
    page.get_by_text("Other units", exact=True).click()
    page.wait_for_url(re.compile("h_view=units"))
    expect(page.get_by_text("Do the places on top stay on top")).to_be_visible()


def test_a_phone_does_not_scroll_sideways(golmud, chromium_page):
    page = chromium_page(golmud, locale="zh-CN", viewport=(390, 844))
    page.goto(golmud + "/hotspots?period=all")
    page.wait_for_selector(READY, timeout=FIRST_MS)
    settle(page)
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
