"""Coverage in a real browser: another distance, two sites, files, streets, phone, two languages."""

import io
import re

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.journeys.steps import choose, metric, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READY = ".gb-map[data-ready=true]"
TEXTS = {
    "zh-CN": {
        "share": "可达警情", "metres": "米", "sites": "布点建议",
        "ask": "提出布点建议", "best": "已证明最优", "how": "这是怎么算的",
        "line": "面积由圆弧与边界精确求出", "measured": "怎么量", "along": "沿街道",
        "streets": "可达道路",
    },
    "en-US": {
        "share": "Incidents in reach", "metres": "Metres",
        "sites": "Propose sites", "ask": "Propose sites", "best": "Proven optimal",
        "how": "How this was worked out",
        "line": "Areas come exactly from arcs and borders", "measured": "Measured",
        "along": "along streets", "streets": "Streets in reach",
    },
}  # fmt: skip


def coverage_page(open_page, golmud, locale, path="/coverage"):
    page = open_page(golmud, path, locale=locale)
    page.set_default_timeout(60_000)
    page.wait_for_selector(READY)
    settle(page)
    return page


@pytest.mark.parametrize("locale", TEXTS)
def test_another_distance_gives_other_shares_and_two_sites_give_more(open_page, golmud, locale):
    told = TEXTS[locale]
    page = coverage_page(open_page, golmud, locale)
    share = metric(page, told["share"])
    expect(share).to_have_text("67.3%")
    metres = page.get_by_role("spinbutton", name=told["metres"], exact=True)
    metres.fill("300")
    metres.press("Enter")
    expect(share).not_to_have_text("67.3%")
    page.wait_for_url(re.compile("c_within=300m"))
    settle(page)
    page.get_by_role("radio", name=told["sites"], exact=True).click()
    page.get_by_role("button", name=told["ask"], exact=True).last.click()
    expect(page.get_by_text(told["best"]).first).to_be_visible()
    page.wait_for_url(re.compile("c_posts=2"))
    expect(page.locator(".gb-map")).to_have_attribute("data-layers", re.compile("after"))
    page.get_by_text(told["how"], exact=True).click()
    expect(page.get_by_text(told["line"])).to_be_visible()


def test_streets_are_measured_where_they_are_loaded(open_page, golmud):
    told = TEXTS["zh-CN"]
    page = coverage_page(open_page, golmud, "zh-CN", "/coverage?c_within=10min")
    choose(page, told["measured"], told["along"])
    expect(metric(page, told["streets"])).to_have_text(re.compile(r"^\d+\.\d%$"))
    page.wait_for_url(re.compile("c_net=streets"))


def test_the_answer_comes_as_files(open_page, golmud):
    page = coverage_page(open_page, golmud, "en-US", "/coverage?c_posts=2")
    expect(page.get_by_text("Proven optimal").first).to_be_visible()
    for name, first in (("GeoPackage", b"SQLite format 3"), ("XLSX", b"PK")):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=name, exact=True).click()
        content = waiting.value.path().read_bytes()
        assert content.startswith(first)
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Gaps", "Posts", "Proposed sites", "About"]
    assert book["Proposed sites"].max_row == 3


def test_a_phone_shows_it_all_without_scrolling_sideways(golmud, chromium_page):
    page = chromium_page(golmud, locale="zh-CN", viewport=(390, 844))
    page.goto(golmud + "/coverage")
    page.wait_for_selector(READY)
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
