"""A workbook of devices with Chinese headers through the wizard, by hand in the browser."""

from datetime import date

import openpyxl
import pytest

from data.database import Database
from data.repositories.registers import devices
from data.viewer import LOCAL_STEWARD
from tests.journeys.steps import choose

pytestmark = pytest.mark.browser
ROWS = (
    ("设备编号", "设备名称", "设备类型", "设备状态", "安装日期", "最后在线", "经度", "纬度",
     "联系人"),
    ("d1", "一号楼烟感", "独立烟感", "在线", date(2024, 5, 1), "2026-05-01 12:00", 94.905, 36.405,
     "某甲"),
    ("d2", "北门球机", "视频监控", "故障", date(2024, 6, 1), "2026-04-01 12:00", 94.915, 36.405,
     "某乙"),
    ("d3", "车棚充电桩", "充电桩", "时好时坏", date(2024, 7, 1), None, 94.925, 36.405, "某丙"),
)  # fmt: skip
SAID = {
    "zh-CN": {
        "page": "导入", "begin": "选择内容、上传文件", "what": "导入什么", "kind": "设施 · 设备",
        "rows": "3 行，9 列", "datum": "坐标是什么", "run": "导入",
        "done": "设备：devices.xlsx 的导入报告", "reason": "不认识的设备状态",
    },
    "en-GB": {
        "page": "Import", "begin": "Choose the content and a file", "what": "What the file holds",
        "kind": "Things · Devices", "rows": "3 rows, 9 columns", "datum": "Coordinates are",
        "run": "Import", "done": "Devices: report on devices.xlsx",
        "reason": "Unknown state of a device",
    },
}  # fmt: skip


@pytest.fixture
def workbook(tmp_path):
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    book.save(tmp_path / "devices.xlsx")
    return tmp_path / "devices.xlsx"


@pytest.mark.parametrize("locale", list(SAID))
def test_devices_through_the_wizard(open_page, run_gridbeat, tmp_path, workbook, locale):
    said, store = SAID[locale], tmp_path / "store.gpkg"
    page = open_page(run_gridbeat("--store", store), locale=locale)
    page.get_by_role("link", name=said["page"], exact=True).click()
    page.get_by_text(said["begin"]).wait_for()
    choose(page, said["what"], said["kind"])
    page.locator("input[type=file]").set_input_files(workbook)
    page.get_by_text(said["rows"]).wait_for()
    choose(page, said["datum"], "WGS-84")
    page.get_by_role("button", name=said["run"], exact=True).click()
    page.get_by_text(said["done"]).wait_for()
    page.get_by_text(said["reason"]).first.wait_for(state="attached")
    with Database(str(store)).read() as session:
        found = devices(session, LOCAL_STEWARD)
    assert [(record.external_id, record.kind, record.status) for record in found] == [
        ("d1", "smoke_alarm", "online"),
        ("d2", "camera", "faulty"),
    ]
    assert found[0].installed_on == date(2024, 5, 1)
