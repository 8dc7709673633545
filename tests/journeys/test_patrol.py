"""Roll-call in two minutes: the places of a shift, on a desk and on a phone, and on paper."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.steps import choose, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READY = ".gb-map[data-ready=true]"


@pytest.mark.parametrize(
    ("locale", "heading", "button"),
    [
        ("zh-CN", "20:00–次日 02:00", "打印一页 A4（PDF）"),
        ("en-US", "20:00–02:00 next day", "One A4 page (PDF)"),
    ],
)
def test_a_brief_is_one_page_on_screen_and_on_paper(
    open_page, golmud, tmp_path, locale, heading, button
):
    page = open_page(golmud, "/patrol?shift=20-2", locale=locale)
    page.wait_for_selector(READY)
    expect(page.locator("h4")).to_contain_text(heading)
    expect(page.locator('[role="img"][aria-label]').nth(2)).to_be_attached()
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    path = tmp_path / "brief.pdf"
    download.value.save_as(path)
    content = path.read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", content)) == 1


def test_a_phone_shows_the_places_first(golmud, chromium_page):
    page = chromium_page(golmud, locale="zh-CN", viewport=(390, 844))
    page.goto(golmud + "/patrol?shift=16-24")
    page.wait_for_selector(READY)
    settle(page)
    first = page.get_by_text(re.compile(r"^1 ")).first
    expect(first).to_be_visible()
    page.wait_for_function(
        "place => place.getBoundingClientRect().y < 844 * 0.6", arg=first.element_handle()
    )
    page.wait_for_function("document.documentElement.scrollWidth <= 390")


WHYS = {
    "zh-CN": (
        r"此时段：近 28 天 \d+ 起，近 365 天 \d+ 起", "周边 200 米：近 14 天", "回测：近",
        "95% 区间",
    ),
    "en-US": (
        r"In these hours: \d+ in 28 days, \d+ in 365", "Near repeats:", "Back-test: over",
        "95% interval",
    ),
}  # fmt: skip


@pytest.mark.parametrize("locale", WHYS)
def test_each_place_says_why_and_the_ranking_how_it_did(golmud, chromium_page, locale):
    page = chromium_page(golmud, locale=locale, viewport=(390, 844))
    page.goto(golmud + "/patrol?shift=16-24")
    counts, near, proof, interval = WHYS[locale]
    expect(page.get_by_text(re.compile(counts))).to_have_count(5)
    expect(page.get_by_text(near)).to_have_count(5)
    told = page.get_by_text(proof).first
    expect(told).to_contain_text(interval)
    expect(told).to_contain_text("100")


def test_another_shift_gives_another_address_and_other_places(open_page, golmud):
    page = open_page(golmud, "/patrol", locale="zh-CN")
    page.wait_for_selector(READY)
    expect(page.locator("h4")).to_contain_text(":00")
    page.get_by_text("更改辖区、班次、日期、类别").click()
    choose(page, "班次", "后夜 00–08 时")
    page.wait_for_url(re.compile("shift=0-8"))
    expect(page.locator("h4")).to_contain_text("00:00–08:00")


def test_stops_of_teams_are_told_on_the_brief(open_page, golmud):
    page = open_page(golmud, "/patrol?shift=20-2", locale="zh-CN")
    page.wait_for_selector(READY)
    expect(page.get_by_text("最近到点：2023-03-02").first).to_be_visible()
    expect(page.get_by_text("一年内没有到点记录")).to_have_count(0)


PHONE = {
    "zh-CN": ("离线手机页（HTML）", "巡前简报"),
    "en-US": ("Phone page, works offline (HTML)", "Patrol brief"),
}


PROOF = {"zh-CN": "回测：近", "en-US": "Back-test: over"}


@pytest.mark.parametrize("locale", PHONE)
def test_the_phone_page_needs_no_network(open_page, chromium_page, golmud, tmp_path, locale):
    button, heading = PHONE[locale]
    page = open_page(golmud, "/patrol?shift=20-2", locale=locale)
    page.wait_for_selector(READY)
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    path = tmp_path / "brief.html"
    download.value.save_as(path)
    assert path.stat().st_size < 300_000
    phone = chromium_page(path.as_uri(), locale=locale, viewport=(390, 844))
    phone.context.set_offline(True)
    phone.goto(path.as_uri())
    expect(phone.locator("h1")).to_have_text(heading)
    expect(phone.locator(".map svg circle")).to_have_count(5)
    expect(phone.locator("section[id]")).to_have_count(5)
    expect(phone.get_by_text(PROOF[locale])).to_have_count(1)
    phone.wait_for_function("document.documentElement.scrollWidth <= 390")
