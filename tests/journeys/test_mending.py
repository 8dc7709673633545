"""A steward mends a quarantined row in the browser, is told what is wrong, and dismisses one."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from data.database import Database
from data.importers.events import run
from data.importers.mending import resubmit
from data.importers.options import EventOptions
from data.models import Incident, RejectedRow
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum
from tests.journeys.steps import box_of, pick, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MAPPING = {
    "external_id": "编号", "lon": "经度", "lat": "纬度", "occurred_at": "时间", "kind": "类别",
    "description": "案情",
}  # fmt: skip
LINES = (
    "编号,经度,纬度,时间,类别,案情",
    "1,126.55,43.85,2026-03-05 08:30,盗窃,x",
    "2,126.55x,43.85,2026-03-05 09:00,盗窃,楼道 <b>粗</b>",
    "3,126.55,43.85,下周,盗窃,y",
    "4,126.56,43.85,2026-03-06,盗窃",
)


@pytest.fixture
def store(tmp_path):
    (tmp_path / "calls.csv").write_text("\n".join([*LINES, ""]), encoding="utf-8")
    database = Database(str(tmp_path / "store.gpkg"))
    database.create_or_migrate()
    options = EventOptions(EventLayer.INCIDENTS, MAPPING, datum=Datum.WGS84)
    run(
        database,
        tmp_path / "calls.csv",
        options,
        LOCAL_STEWARD,
        now=datetime(2026, 6, 1, tzinfo=UTC),
    )
    yield database
    database.dispose()


def held(store, line):
    with store.read() as session:
        return session.scalar(select(RejectedRow).where(RejectedRow.line == line))


def choose_row(page, line):
    row = page.get_by_role("option").filter(has_text=f"第 {line} 行")
    pick(page, box_of(page, "要改正的行"), row)
    page.get_by_text(f"calls.csv 第 {line} 行").wait_for()
    settle(page)


def submit(page, name, answer):
    page.get_by_role("button", name=name).click()
    page.get_by_text(answer).wait_for()
    settle(page)


def test_mend_be_told_and_dismiss(open_page, run_gridbeat, store, tmp_path):
    base = run_gridbeat("--store", store.url)
    page = open_page(base)
    page.get_by_role("link", name="数据质量").click()
    page.get_by_text("隔离区", exact=True).click()
    page.get_by_text("改正并重新提交").wait_for()

    choose_row(page, 3)
    expect(page.get_by_label("经度 ·").first).to_have_value("126.55x")
    page.screenshot(path=str(tmp_path / "mend.png"), full_page=True)
    page.get_by_label("经度 ·").first.fill("999")
    submit(page, "重新提交", "仍不能收下")
    assert held(store, 3).reason == "out_of_range"
    page.get_by_label("经度 ·").first.fill("126.5555")
    submit(page, "重新提交", "已收下。")
    with store.read() as session:
        row = session.scalar(select(Incident).where(Incident.external_id == "2"))
    assert (row.geom.x, row.line) == (126.5555, 3)

    choose_row(page, 4)
    resubmit(store, held(store, 4).id, {"时间": "2026-03-07"}, LOCAL_STEWARD)
    page.get_by_label("时间 ·").first.fill("2026-03-09")
    submit(page, "重新提交", "第 4 行刚被别人改过或已处理")

    choose_row(page, 5)
    page.get_by_text("整行").wait_for()
    page.get_by_text("不再处理", exact=True).first.click()
    page.get_by_label("理由").fill("原件不全")
    submit(page, "不再处理", "已标为不再处理。")
    page.get_by_text("隔离区是空的").wait_for()
    assert held(store, 5).state == "dismissed"
