"""The wizard: look, map, declare, import, read a report that reconciles; nothing stays behind."""

import csv
import gc
import io
import json
import tempfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.components.import_report import reconciled, rejected_csv
from dashboard.components.quality_rows import report_fault_rows
from dashboard.text import Words
from data.config import Config
from data.repositories.events import event_arrays
from data.repositories.imports import RejectedRecord, list_rejected
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from tests.dashboard import tiny_town

TIMEOUT_S = 60


def page_of_import(language):
    from dashboard.screens import import_screen
    from dashboard.text import Words

    import_screen.render(Words(language))


@pytest.fixture
def uploads(tmp_path, monkeypatch):
    """The folder that uploads are kept in."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def page(tmp_path, uploads):
    assert list(uploads.iterdir()) == []
    cache.use_config(Config(store_url=str(tmp_path / "store.gpkg")))
    yield AppTest.from_function(page_of_import, args=("en",), default_timeout=TIMEOUT_S).run()
    cache.use_config(None)


def upload(page, name, text, kind):
    page.selectbox(key="import_kind").set_value(kind).run()
    content = text if isinstance(text, bytes) else text.encode("utf-8")
    page.file_uploader[0].set_value((name, content, "application/octet-stream"))
    return page.run()


def box(page, name):
    return next(b for b in page.selectbox if b.key and b.key.endswith(f"_{name}"))


def press(page, label):
    next(button for button in page.button if button.label == label).click()
    return page.run()


def run_button(page):
    return next(button for button in page.button if button.label == "Import")


def figures(page):
    return {metric.label: metric.value for metric in page.metric}


def import_grids(page):
    upload(page, "grids.geojson", tiny_town.grids_text(), "grids")
    box(page, "datum").set_value("wgs84").run()
    return press(page, "Import")


def test_grids_then_incidents_reconcile_and_nothing_stays_behind(page, uploads):
    import_grids(page)
    assert not page.exception
    assert not page.error
    assert figures(page)["Areas read"] == "4"
    assert figures(page)["Inserted"] == "4"
    upload(page, "incidents.csv", tiny_town.INCIDENTS, "incidents")
    assert [frame.value.shape for frame in page.dataframe] == [(13, 9)]
    assert box(page, "map_occurred_at").value == "发生时间"
    assert box(page, "map_lon").value == "经度"
    assert run_button(page).disabled
    assert "Still to declare what the coordinates are" in " ".join(c.value for c in page.caption)
    box(page, "datum").set_value("wgs84").run()
    assert not run_button(page).disabled
    press(page, "Import")
    assert not page.exception
    shown = figures(page)
    assert (shown["Rows read"], shown["Inserted"], shown["Rejected"]) == ("13", "12", "1")
    assert "12 accepted = 10 in grids + 1 outside + 1 unlocated" in page.success[0].value
    rejected = page.dataframe[-1].value
    assert rejected["Line"].tolist() == [14]
    assert list(uploads.rglob("*.csv")) == []
    with cache.database().read() as session:
        assert len(event_arrays(session, LOCAL_STEWARD, EventLayer.INCIDENTS)) == 12


def test_the_same_file_twice_changes_nothing(page):
    import_grids(page)
    import_grids(page)
    assert not page.exception
    assert figures(page)["Inserted"] == "0"
    assert figures(page)["Unchanged"] == "4"


def parquet_of(frame):
    stream = io.BytesIO()
    frame.to_parquet(stream)
    return stream.getvalue()


def test_parquet_is_shown_and_imported_plain_and_with_shapes(page, uploads):
    """Typed columns show as a person would type them, and shapes bring their own CRS."""
    grids = gpd.GeoDataFrame.from_features(json.loads(tiny_town.grids_text()), crs="EPSG:4326")
    upload(page, "grids.parquet", parquet_of(grids), "grids")
    assert not page.exception
    assert page.dataframe[0].value.shape[0] == 4
    assert box(page, "map_code").value == "网格编码"
    assert not [b for b in page.selectbox if b.key and b.key.endswith("_datum")]
    press(page, "Import")
    assert figures(page)["Inserted"] == "4"
    rows = pd.read_csv(io.StringIO(tiny_town.INCIDENTS)).head(12)
    rows["发生时间"] = pd.to_datetime(rows["发生时间"])
    rows["操作员身份证号"] = "110101199003074514"
    upload(page, "incidents.parquet", parquet_of(rows), "incidents")
    assert not page.exception
    shown = page.dataframe[0].value
    assert shown.shape == (12, 10)
    assert str(shown["发生时间"].iloc[0]) == "2026-03-01 08:00:00"
    assert set(shown["操作员身份证号"]) == {"[person]"}
    assert box(page, "map_occurred_at").value == "发生时间"
    box(page, "datum").set_value("wgs84").run()
    press(page, "Import")
    assert not page.exception
    assert (figures(page)["Rows read"], figures(page)["Inserted"]) == ("12", "12")
    assert list(uploads.rglob("*.parquet")) == []


def test_a_damaged_parquet_is_refused_in_words(page):
    upload(page, "incidents.parquet", b"PAR1 this is no parquet PAR1", "incidents")
    assert not page.exception
    (error,) = page.error
    assert error.value.replace("\\", "") == Words("en").error(
        "file_damaged", {"file": "incidents.parquet"}
    )


def test_a_rerun_loses_nothing(page):
    upload(page, "grids.geojson", tiny_town.grids_text(), "grids")
    box(page, "datum").set_value("gcj02").run()
    box(page, "map_name").set_value("").run()
    page.run()
    assert box(page, "datum").value == "gcj02"
    assert box(page, "map_name").value == ""
    assert box(page, "map_code").value == "网格编码"


def test_persons_are_named_and_dropped(page):
    text = "编号,发生时间,姓名,说明\n1,2026-03-01 08:00,某某,电话13912345678\n"
    upload(page, "calls.csv", text, "incidents")
    assert "姓名" in page.warning[0].value
    preview = page.dataframe[0].value.to_string()
    assert "某某" not in preview
    assert "13912345678" not in preview
    press(page, "Import")
    assert not page.exception
    assert "姓名" in " ".join(caption.value for caption in page.caption)
    with cache.database().read() as session:
        stored = session.connection().exec_driver_sql("SELECT * FROM incident").all()
    assert "13912345678" not in str(stored)
    assert "某某" not in str(stored)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("photo.png", b"\x89PNG\r\n"),
        ("truncated.zip", b"PK\x03\x04 broken"),
        ("old.xls", b"\xd0\xcf\x11\xe0"),
        ("<script>.csv", b""),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(page, name, content):
    upload(page, name, content, "incidents")
    assert not page.exception
    assert len(page.error) == 1
    assert "<script>" not in page.error[0].value
    assert not figures(page)


def test_an_upload_goes_with_the_visitor(uploads):
    from dashboard.actions.uploads import keep_upload

    kept = keep_upload("a.csv", io.BytesIO(b"a,b\n"))
    assert kept.path.exists()
    del kept
    gc.collect()
    assert list(uploads.iterdir()) == []


def test_another_file_can_be_chosen(page, uploads):
    upload(page, "grids.geojson", tiny_town.grids_text(), "grids")
    assert len(list(uploads.rglob("grids.geojson"))) == 1
    press(page, "Another file")
    assert list(uploads.rglob("grids.geojson")) == []
    assert not page.dataframe


def test_a_refused_import_keeps_the_file_and_says_why(page):
    import_grids(page)
    upload(page, "incidents.csv", tiny_town.INCIDENTS, "incidents")
    box(page, "datum").set_value("wgs84")
    box(page, "map_lon").set_value("纬度")
    box(page, "map_lat").set_value("经度").run()
    press(page, "Import")
    assert not page.exception
    assert len(page.error) == 1
    assert box(page, "map_lon").value == "纬度"
    box(page, "map_lon").set_value("经度")
    box(page, "map_lat").set_value("纬度")
    press(page, "Import")
    assert figures(page)["Inserted"] == "12"


@pytest.mark.parametrize(
    ("name", "text", "kind", "inserted"),
    [
        ("officers.csv", tiny_town.OFFICERS, "officers", "2"),
        ("communities.geojson", tiny_town.communities_text(), "community", "2"),
        ("hazards.csv", tiny_town.HAZARDS, "hazards", "3"),
        ("disputes.csv", tiny_town.DISPUTES, "disputes", "1"),
    ],
)
def test_every_kind_of_content(page, name, text, kind, inserted):
    upload(page, name, text, kind)
    if any(b.key and b.key.endswith("_datum") for b in page.selectbox):
        box(page, "datum").set_value("wgs84").run()
    press(page, "Import")
    assert not page.exception
    assert not page.error
    assert figures(page)["Inserted"] == inserted


def test_the_report_can_be_downloaded_and_holds_no_formula(page):
    import_grids(page)
    upload(page, "incidents.csv", tiny_town.INCIDENTS, "incidents")
    box(page, "datum").set_value("wgs84").run()
    press(page, "Import")
    with cache.database().read() as session:
        rows = list_rejected(session, LOCAL_STEWARD)
    bad = RejectedRecord(1, 1, "incidents", "f", 3, "a", "=1+1", "not_a_time",
                         {"a": "@x", "b": "-3.5"}, "open")  # fmt: skip
    text = rejected_csv(Words("en"), [*rows, bad]).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0][:2] == ["Line", "Column"]
    assert lines[1][0] == "14"
    assert lines[2][3] == "'=1+1"
    assert lines[2][-2:] == ["'@x", "-3.5"]


@pytest.mark.parametrize("name", ["name", "网格名称"])
def test_names_of_grids_are_no_persons(page, name):
    rows = [
        ({"code": f"G{n}", name: f"河西{n}号", "姓名": "某某"}, tiny_town.box(n)) for n in range(4)
    ]
    upload(page, "grids.geojson", tiny_town.features(rows), "grids")
    assert not page.exception
    assert box(page, "map_name").value == name
    assert len(page.warning) == 1
    assert "姓名" in page.warning[0].value
    assert name not in page.warning[0].value.replace("姓名", "")
    shown = page.dataframe[0].value
    assert shown[name].tolist() == [f"河西{n}号" for n in range(4)]
    assert set(shown["姓名"]) == {"[person]"}


def test_a_name_column_full_of_numbers_of_persons_stays_one(page):
    rows = [({"code": f"G{n}", "name": f"1391234567{n}"}, tiny_town.box(n)) for n in range(4)]
    upload(page, "grids.geojson", tiny_town.features(rows), "grids")
    assert box(page, "map_name").value == ""
    assert "name" in page.warning[0].value
    assert "1391234567" not in page.dataframe[0].value.to_string()


def test_a_report_of_grids_lists_the_faults_and_adds_up(page):
    shapes = [("A", tiny_town.box(0)), ("B", tiny_town.box(0.5)), ("C", tiny_town.box(3))]
    text = tiny_town.features([({"code": code}, rings) for code, rings in shapes])
    upload(page, "grids.geojson", text, "grids")
    box(page, "datum").set_value("wgs84").run()
    press(page, "Import")
    assert not page.exception
    assert "3 accepted = 3 inserted + 0 updated + 0 unchanged" in page.success[0].value
    faults = page.dataframe[-1].value
    overlap = faults[faults["Fault"] == "Overlap"]
    assert overlap["Codes"].tolist() == ["A, B"]
    assert overlap["Area (m²)"].iloc[0] > 400_000
    told = " ".join(caption.value for caption in page.caption)
    assert "Data quality page" in told
    assert "—" not in told
    assert "：" not in told


def test_every_list_of_faults_becomes_rows():
    faults = {
        "invalid": [{"code": "a", "reason": "x"}],
        "gaps": [{"area_m2": 2.04, "neighbours": ["a", "b"]}],
        "outside_parent": [{"code": "a", "parent": "P", "area_m2": 1.0}],
        "empty": ["e"],
    }
    rows = report_fault_rows(Words("en"), faults)
    assert [row["codes"] for row in rows] == ["a", "a, b", "a, P", "e"]
    assert [row["area_m2"] for row in rows] == [None, 2.0, 1.0, None]


def test_a_file_of_one_column_is_told_where_to_mend_it(page):
    upload(page, "a.csv", "编号 时间\n1 2\n", "incidents")
    assert "How to read it" in page.error[0].value


def test_parts_of_a_report_add_up():
    document = {"inserted": 5, "updated": 2, "unchanged": 1, "outside": 2, "unlocated": 1}
    found = reconciled(document)
    assert found["accepted"] == 8
    assert found["inside"] + found["outside"] + found["unlocated"] == found["accepted"]


def test_uploads_have_no_path_in_their_names(uploads):
    from dashboard.actions.uploads import drop_upload, keep_upload

    kept = keep_upload("../../etc/pass:wd\x00.csv", io.BytesIO(b"a,b\n"))
    assert Path(kept.path).parent.parent == uploads
    assert kept.size_bytes == 4
    drop_upload(kept)
    drop_upload(kept)
    assert not kept.path.exists()
