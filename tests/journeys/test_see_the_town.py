"""See the built-in town: both languages, filters, a grid's card, the saved map, nothing outside."""

import json
import math
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.journeys.steps import choose, pick, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READY = ".gb-map[data-ready=true]"


def told(page):
    return page.eval_on_selector(".gb-map", "root => ({...root.dataset})")


def wait_for_update(page, rev):
    page.wait_for_function("rev => document.querySelector('.gb-map').dataset.rev !== rev", arg=rev)


def click_a_grid(page):
    """Click the middle of the map until an area answers; give its code."""
    box = page.locator(".gb-pane").bounding_box()
    for step in range(12):
        x = box["x"] + box["width"] * (0.35 + 0.02 * step)
        page.mouse.click(x, box["y"] + box["height"] * (0.42 + 0.01 * step))
        page.wait_for_timeout(250)
        code = told(page).get("selected")
        if code:
            return code
    pytest.fail("no grid answered a click")


@pytest.mark.parametrize(
    ("locale", "tile", "mark", "tabs"),
    [
        ("zh-CN", "未办结隐患", "示例数据（合成）：格尔木市河西街道", ["总览", "导入", "数据质量"]),
        ("en-US", "Open hazards", "Demo data (synthetic)", ["Overview", "Import", "Data quality"]),
    ],
)
def test_the_overview_is_ready_in_the_language_of_the_browser(
    open_page, golmud, locale, tile, mark, tabs
):
    page = open_page(golmud, locale=locale)
    page.wait_for_selector(READY)
    page.get_by_text(tile, exact=True).first.wait_for()
    expect(page.get_by_text(mark)).not_to_have_count(0)
    for tab in tabs:
        expect(page.get_by_role("link", name=tab)).to_have_count(1)
    layers = json.loads(told(page)["layers"])
    assert layers["units"]["marks"] >= 42
    assert layers["streets"]["marks"] > 100
    assert all(url.startswith((golmud, golmud.replace("http", "ws"), "data:", "blob:"))
               for url in page.watch.requests)  # fmt: skip


def test_the_other_language_is_one_click_away(open_page, golmud):
    page = open_page(golmud)
    page.wait_for_selector(READY)
    page.get_by_text("English", exact=True).click()
    page.get_by_text("Open hazards", exact=True).first.wait_for()
    page.wait_for_url("**lang=en**")
    page.wait_for_function("document.querySelector('.gb-map').lang === 'en'")


def test_a_click_on_a_grid_opens_its_card_and_the_address_keeps_it(open_page, golmud):
    page = open_page(golmud)
    page.wait_for_selector(READY)
    page.get_by_label("警情", exact=True).last.uncheck()
    code = click_a_grid(page)
    page.get_by_text(f"编码 {code}").wait_for()
    expect(page.get_by_text("人员配置")).to_have_count(1)
    page.wait_for_url(f"**unit={code}**")
    again = open_page(golmud, f"/?lang=en&unit={code}")
    again.get_by_text(f"Code {code}").wait_for()


def test_a_filter_changes_map_and_figures(open_page, golmud):
    page = open_page(golmud, "/?period=all")
    page.wait_for_selector(READY)
    before = page.locator('[data-testid="stMetricValue"]').first.inner_text()
    rev = told(page)["rev"]
    choose(page, "网格着色", "户数")
    wait_for_update(page, rev)
    expect(page.locator(".gb-legends")).to_contain_text("户数")
    rev = told(page)["rev"]
    kinds = page.locator('[data-testid="stMultiSelect"]').first.locator("input")
    pick(page, kinds, page.get_by_role("option", name="交通", exact=True))
    page.wait_for_function(
        "before => document.querySelector('[data-testid=stMetricValue]').innerText !== before",
        arg=before,
    )
    assert "measure=households" in page.url


def test_points_come_when_zoomed_in(open_page, golmud):
    page = open_page(golmud, "/?period=all")
    page.wait_for_selector(READY)
    page.locator(".gb-pane").focus()
    for _ in range(12):
        if float(told(page)["zoom"]) >= 16:
            break
        page.keyboard.press("+")
        page.wait_for_timeout(450)
    page.wait_for_function(
        "JSON.parse(document.querySelector('.gb-map').dataset.layers).incident_points.marks > 0"
    )
    assert json.loads(told(page)["layers"])["incidents"]["marks"] == 0


def test_the_saved_map_opens_alone(open_page, golmud, chromium_page, tmp_path):
    page = open_page(golmud, "/?period=all", locale="en-US")
    page.wait_for_selector(READY)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save as HTML map").click()
    target = tmp_path / "map.html"
    waiting.value.save_as(target)
    assert target.stat().st_size > 50_000
    alone = chromium_page(target.as_uri())
    alone.goto(target.as_uri())
    alone.wait_for_selector(".leaflet-container")
    drawn = alone.locator(".leaflet-interactive, .leaflet-overlay-pane canvas").count()
    assert drawn > 0


def test_quality_sections_open(open_page, golmud):
    page = open_page(golmud, locale="en-US")
    page.wait_for_selector(READY)
    page.get_by_role("link", name="Data quality").click()
    page.get_by_text("In units + outside + unlocated = records.").wait_for()
    page.get_by_text("Boundary faults", exact=True).click()
    page.get_by_text("base grids").first.wait_for()
    page.get_by_text("Audit", exact=True).click()
    page.get_by_text("The audit chain is intact").wait_for()


def test_health_is_told(golmud):
    with urllib.request.urlopen(golmud + "/api/health", timeout=10) as answer:  # noqa: S310 - loopback
        found = json.load(answer)
    assert found["status"] == "ok"
    assert found["revisions"]["incidents"] >= 1
    assert math.isfinite(found["revisions"]["places"])


@pytest.mark.parametrize(("locale", "switch"), [("zh-CN", "筛选"), ("en-US", "Filters")])
def test_a_phone_folds_the_filters_and_a_desk_does_not(golmud, chromium_page, locale, switch):
    page = chromium_page(golmud, locale=locale, viewport=(390, 844))
    page.goto(golmud)
    settle(page)
    filters = page.locator(".st-key-filters")
    expect(filters).to_be_attached()
    expect(filters).to_be_hidden()
    page.get_by_text(switch, exact=True).first.click()
    expect(filters).to_be_visible()
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(page.get_by_text(switch, exact=True).first).to_be_hidden()
    expect(filters).to_be_visible()
