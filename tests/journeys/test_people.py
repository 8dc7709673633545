"""People, cards and bulletin in a real browser: two stewards at one post, downloads, languages."""

import io

import pytest
from openpyxl import load_workbook

pytestmark = [pytest.mark.browser, pytest.mark.slow]
METRIC = '[data-testid="stMetricValue"]'


@pytest.fixture(scope="module")
def town(run_gridbeat, tmp_path_factory):
    """A server of its own: this journey changes the store."""
    store = tmp_path_factory.mktemp("people") / "golmud.gpkg"
    return run_gridbeat("--store", store, "--scenario", "golmud_hexi")


def people_page(open_page, town, locale):
    """Come to the page through the navigation, as a visitor does."""
    page = open_page(town, locale=locale)
    page.set_default_timeout(60_000)
    name = "People" if locale == "en-US" else "社区警务力量"
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_text("Who covers what" if locale == "en-US" else "今日在岗").first.wait_for()
    return page


def section(page, name):
    page.get_by_text(name, exact=True).first.click()


def first_figure(page):
    page.locator(METRIC).first.wait_for()
    return page.locator(METRIC).first.inner_text()


def downloaded(page, button):
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    return waiting.value.path().read_bytes()


def test_the_second_of_two_stewards_is_told_and_sees_what_stands(open_page, town):
    one, two = (people_page(open_page, town, "en-US") for _ in range(2))
    before = first_figure(one)
    for page in (one, two):
        section(page, "Record a change")
        page.get_by_role("button", name="Save").wait_for()
        page.get_by_text("What stands for this post now").wait_for()
    one.get_by_role("button", name="Save").click()
    one.get_by_text("The leave is recorded.").wait_for()
    one.wait_for_function(
        "told => document.querySelector('[data-testid=stMetricValue]').innerText !== told",
        arg=before,
    )
    two.get_by_role("button", name="Save").click()
    two.get_by_text("was changed by somebody else").wait_for()


def test_the_map_shows_posts_and_the_timeline_is_drawn(open_page, town):
    page = people_page(open_page, town, "zh-CN")
    page.wait_for_selector(".gb-map[data-ready=true]")
    assert "posts" in page.eval_on_selector(".gb-map", "root => root.dataset.layers")
    section(page, "任职时间线")
    page.locator('[data-testid="stVegaLiteChart"] canvas, [data-testid="stVegaLiteChart"] svg'
                 ).first.wait_for()  # fmt: skip
    page.get_by_text("1 资格审查").wait_for()


def test_cards_and_bulletin_come_as_files(open_page, town):
    page = people_page(open_page, town, "zh-CN")
    first_figure(page)
    section(page, "警民联系卡")
    cards = downloaded(page, "下载 PDF（7 页）")
    assert cards.startswith(b"%PDF-")
    assert b"/FontFile2" in cards
    page.get_by_role("link", name="治安通报").click()
    page.get_by_text("防范措施一栏留空").wait_for()
    assert downloaded(page, "下载 PDF").startswith(b"%PDF-")
    book = load_workbook(io.BytesIO(downloaded(page, "下载 XLSX")))
    shown = page.locator(METRIC).first.inner_text()
    assert f"{book['主要数字']['B4'].value:,}" == shown
