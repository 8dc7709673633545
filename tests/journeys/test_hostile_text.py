"""Script and markup in every name and text are shown, never run, and ask for nothing outside."""

import pytest
from playwright.sync_api import expect

from tests.dashboard import tiny_town
from tests.journeys.steps import pick

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def hostile(run_gridbeat, tmp_path_factory):
    database = tiny_town.build(tmp_path_factory.mktemp("hostile"))
    database.dispose()
    return run_gridbeat("--store", database.path)


def test_nothing_in_the_store_is_run(open_page, hostile):
    page = open_page(hostile, "/?period=all&unit=A1")
    page.wait_for_selector(".gb-map[data-ready=true]")
    page.get_by_text("编码 A1").wait_for()
    expect(page.locator("h3").first).to_contain_text("<script>window.hit=1</script>")
    expect(page.locator("h3").first).to_contain_text("http")
    assert page.locator("a[href*='evil']").count() == 0
    page.get_by_label("名称", exact=True).check()
    page.get_by_label("未办结隐患", exact=True).last.check()
    page.get_by_role("link", name="数据质量").click()
    page.get_by_text("网格内 + 网格外 + 未定位 = 记录数。").wait_for()
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src*='evil']").count() == 0
    assert page.locator("a[href*='evil']").count() == 0


def test_nothing_in_an_upload_is_run(open_page, hostile, tmp_path):
    name = "![x](http:evil.invalid)<script>window.hit=3<script>.csv"
    text = f"编号,发生时间,描述,{tiny_town.HOSTILE}\n1,x,{tiny_town.HOSTILE},{tiny_town.HOSTILE}\n"
    (tmp_path / name).write_text(text + f"2,2026-01-01 08:00,{tiny_town.HOSTILE},<b>\n")
    page = open_page(hostile)
    page.wait_for_selector(".gb-map[data-ready=true]")
    page.get_by_role("link", name="导入").click()
    content = page.locator('[data-testid="stSelectbox"]').first.locator("input")
    pick(page, content, page.get_by_role("option", name="事件 · 警情", exact=True))
    page.locator("input[type=file]").set_input_files(tmp_path / name)
    page.get_by_text("核对列").wait_for()
    page.get_by_role("button", name="导入", exact=True).click()
    page.get_by_text("的导入报告").wait_for()
    page.get_by_text("收下 1").wait_for()
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src*='evil']").count() == 0
    assert page.locator("a[href*='evil']").count() == 0
