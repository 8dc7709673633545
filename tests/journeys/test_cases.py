"""Work on cases in a browser: list and map, a report, a life of two people, a conflict of two."""

import json
import math
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from data.database import Database
from data.repositories.audit import is_intact, latest
from data.repositories.cases import case_records, open_clocks
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from tests.journeys.steps import box_of, pick, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READY = ".gb-map[data-ready=true]"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("cases") / "cases.gpkg"


@pytest.fixture(scope="module")
def town(run_gridbeat, store):
    """A server of its own: these journeys change records."""
    return run_gridbeat("--store", store, "--scenario", "golmud_hexi")


@pytest.fixture(scope="module")
def waiting(town, store):
    """Located hazards that are being handled, most urgent first."""
    del town  # the store is there once the server answers
    database = Database(str(store))
    with database.read() as session:
        clocks = open_clocks(session, LOCAL_STEWARD, EventLayer.HAZARDS)
        records = case_records(session, LOCAL_STEWARD, EventLayer.HAZARDS, clocks.ids)
    database.dispose()
    found = [r for r in records.values() if r.status == "handling" and r.lon is not None]
    assert len(found) >= 2
    return sorted(found, key=lambda record: record.due_at)


def link_of(record):
    return f"case={quote(record.key.as_text())}"


def told(page):
    return page.eval_on_selector(".gb-map", "root => ({...root.dataset})")


def layers(page):
    return json.loads(told(page)["layers"])


def ready(page):
    page.wait_for_selector(READY)
    return page


def cases_page(open_page, town, query="", *, locale="zh-CN"):
    """Come by the first page: a page's own path asks for /cases/_stcore/health once, in vain."""
    page = ready(open_page(town, f"/?{query}", locale=locale))
    page.get_by_role("link", name="隐患与纠纷" if locale == "zh-CN" else "Cases").click()
    page.wait_for_url("**/cases**")
    page.wait_for_function("!document.querySelector('.gb-map')?.dataset.layers?.includes('posts')")
    return ready(page)


def audit_lines(store):
    database = Database(str(store))
    with database.read() as session:
        assert is_intact(session)
        found = latest(session, LOCAL_STEWARD, limit=100)
    database.dispose()
    return [line for line in found if line.action.startswith("case_")]


def pill(page, name):
    page.get_by_role("radio", name=name, exact=True).click()


def note(page):
    return page.locator('[data-testid="stTextArea"] textarea')


def write(page, action, text):
    """Choose a step and write its note, as a person does."""
    pill(page, action)
    settle(page)
    note(page).fill(text)


def save(page, action):
    settle(page)
    page.get_by_role("button", name=f"保存：{action}").click()


def act_as(page, code):
    actor = page.get_by_role("option").filter(has_text=f"· {code} ·").first
    pick(page, box_of(page, "以谁的身份办理"), actor)
    page.wait_for_timeout(600)


def pixel_of(page, lon, lat):
    """Where a place stands in the window, by the view that the map tells."""
    west, south, east, north = map(float, told(page)["bounds"].split(","))
    box = page.locator(".gb-pane").bounding_box()

    def up(degrees):
        return math.log(math.tan(math.pi / 4 + math.radians(degrees) / 2))

    x = box["x"] + box["width"] * (lon - west) / (east - west)
    y = box["y"] + box["height"] * (up(north) - up(lat)) / (up(north) - up(south))
    return x, y


def test_a_row_rings_its_point_and_opens_its_record(open_page, town):
    page = cases_page(open_page, town)
    assert layers(page)["cases"]["marks"] > 10
    assert "chosen" not in layers(page)
    grid = page.locator('[data-testid="stDataFrame"]').bounding_box()
    page.mouse.click(grid["x"] + 18, grid["y"] + 50)
    page.wait_for_function(
        "JSON.parse(document.querySelector('.gb-map').dataset.layers).chosen !== undefined"
    )
    page.get_by_role("button", name="打开记录").click()
    page.get_by_text("办理过程").wait_for()
    page.wait_for_url("**case=**")


def test_a_click_on_a_point_chooses_its_record(open_page, town, waiting):
    record = waiting[0]
    page = cases_page(open_page, town, f"c_id={record.external_id}", locale="en-US")
    page.wait_for_timeout(500)
    page.mouse.click(*pixel_of(page, record.lon, record.lat))
    page.get_by_role("button", name="Open record").wait_for()
    named = page.get_by_text(record.external_id).locator("visible=true")
    named.first.wait_for()  # the table's own cells are hidden behind its canvas
    assert layers(page)["chosen"]["marks"] == 1


def test_two_people_report_handle_and_check_a_hazard(open_page, town, store):
    page = cases_page(open_page, town)
    page.get_by_role("button", name="上报").click()
    page.get_by_text("上报隐患或纠纷").wait_for()
    ready(page)
    page.wait_for_timeout(600)
    box = page.locator(".gb-pane").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.get_by_text("位置：").wait_for()
    act_as(page, "MJ01")
    note(page).fill("楼道堆物，电话13912345678")
    page.get_by_role("button", name="上报", exact=True).click()
    page.get_by_text("已上报，编号").wait_for()
    expect(page.get_by_text("楼道堆物，电话[mobile]")).to_have_count(1)
    for action, text in (("受理", ""), ("开始处置", ""), ("处置完成", "已清走，照片 7")):
        pill(page, action)
        if text:
            note(page).fill(text)
        save(page, action)
        page.get_by_text("已保存，现在的状态").wait_for()
        page.wait_for_timeout(700)
    page.get_by_text("核查须由另一人进行").wait_for()
    act_as(page, "MJ02")
    write(page, "核查通过", "现场已清，照片 8")
    save(page, "核查通过")
    page.get_by_text("已核查", exact=False).first.wait_for()
    actions = [(line.action, line.actor) for line in reversed(audit_lines(store))]
    assert actions[-5:] == [
        ("case_report", "MJ01"),
        ("case_accept", "MJ01"),
        ("case_start", "MJ01"),
        ("case_finish", "MJ01"),
        ("case_verify", "MJ02"),
    ]


def test_the_second_report_of_a_place_is_warned_of_the_first(open_page, town):
    page = cases_page(open_page, town, locale="en-US")
    for turn in range(2):
        page.get_by_role("button", name="Report").click()
        page.get_by_text("Report a hazard or dispute").wait_for()
        ready(page)
        page.wait_for_timeout(600)
        box = page.locator(".gb-pane").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
        page.get_by_text("Place: ").wait_for()
        if turn == 0:
            page.get_by_role("button", name="Report", exact=True).click()
            page.get_by_text("Reported, id").wait_for()
            page.get_by_role("button", name="Back to the list").click()
    page.get_by_text("Possibly reported already").wait_for()
    expect(page.get_by_role("button", name="Not the same: report it")).to_have_count(1)


def test_two_browsers_change_one_record_and_nothing_is_lost(open_page, town, store, waiting):
    record = waiting[1]
    mine = cases_page(open_page, town, link_of(record))
    write(mine, "处置完成", "飞线已拆，照片 12")
    other = cases_page(open_page, town, link_of(record))
    write(other, "退回", "不属于本单位")
    save(other, "退回")
    other.get_by_text("已保存，现在的状态：已退回").wait_for()
    save(mine, "处置完成")
    mine.get_by_text("这条记录刚被改过").wait_for()
    said = mine.get_by_text("这条记录刚被改过").inner_text()
    assert "版本 1（处置中）" in said
    assert "版本 2（已退回）" in said
    expect(mine.get_by_text("没有保存")).to_have_count(1)
    expect(note(mine)).to_have_value("飞线已拆，照片 12")
    mine.get_by_role("button", name="按最新状态继续").click()
    mine.get_by_text("这条记录刚被改过").wait_for(state="detached")
    expect(note(mine)).to_have_value("飞线已拆，照片 12")
    pill(mine, "派遣")
    save(mine, "派遣")
    mine.get_by_text("已保存，现在的状态：已派遣").wait_for()
    expect(mine.get_by_text("飞线已拆，照片 12")).to_have_count(1)
    lines = [line for line in audit_lines(store) if record.external_id in str(line.detail)]
    assert [line.action for line in reversed(lines)] == ["case_return", "case_dispatch"]


def take(page, action, text, state):
    """Take one step and wait until the page says the new state and offers the next steps."""
    pill(page, action)
    settle(page)
    if text:
        note(page).fill(text)
    save(page, action)
    expect(page.get_by_text(f"已保存，现在的状态：{state}")).to_be_visible()
    expect(page.get_by_role("button", name=f"保存：{action}")).to_have_count(0)


def tile(page, label):
    return page.get_by_test_id("stMetric").filter(has_text=label)


def test_a_case_goes_up_is_closed_comes_back_and_is_handed_over(open_page, town, store, waiting):
    record = next(one for one in waiting[2:] if one.level in {"grid", "community"})
    page = cases_page(open_page, town, link_of(record))
    act_as(page, "MJ01")
    take(page, "升级（吹哨）", "要街道协调占道施工", "已派遣")
    take(page, "开始处置", "", "处置中")
    take(page, "处置完成", "路面已补，照片 21", "已处置")
    act_as(page, "MJ02")
    take(page, "核查通过", "看过现场，照片 22", "已核查")
    take(page, "结案", "", "已办结")
    take(page, "复发，重新办理", "雨后又塌", "返工")
    expect(page.get_by_text("雨后又塌")).to_be_visible()
    expect(page.get_by_role("radio", name="开始处置", exact=True)).to_be_visible()
    lines = [line for line in audit_lines(store) if record.external_id in str(line.detail)]
    steps = ("escalate", "start", "finish", "verify", "close", "reopen")
    assert [line.action for line in reversed(lines)] == [f"case_{step}" for step in steps]
    page.get_by_role("link", name="交接班").click()
    running = page.get_by_role("option").filter(has_text="正在进行").first
    pick(page, box_of(page, "班次"), running)
    expect(tile(page, "本班流转")).to_contain_text(re.compile("[1-9]"))  # other walks move too
    expect(page.get_by_text("按期办结率最低的 3 个网格")).to_be_visible()


def test_the_hand_over_of_a_desk_in_english(open_page, town):
    page = ready(open_page(town, "/", locale="en-US"))
    page.get_by_role("link", name="Hand-over").click()
    expect(tile(page, "Waiting now")).to_contain_text("late")
    expect(page.get_by_text("Waiting, by responsible post")).to_be_visible()
    expect(page.get_by_text("closed on time").first).to_be_visible()
