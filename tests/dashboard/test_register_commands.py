"""Registers on the command line and in the wizard: one command each, the same options and JSON."""

import json
import tempfile

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.actions.import_kinds import GROUPS, ImportKind
from dashboard.cli import main
from dashboard.commands.registers import command_name, layer_of
from dashboard.components.import_preview import kind_label
from dashboard.text import LANGUAGES, Words, sentences
from data.config import Config
from data.database import Database
from data.repositories.registers import devices
from data.viewer import LOCAL_STEWARD
from data.vocabulary import RegisterLayer

DEVICES = (
    "设备编号,设备类型,设备状态,安装日期,经度,纬度,负责人电话\n"
    "d1,烟感,在线,2024-05-01,94.905,36.405,13912345678\n"
    "d2,球机,故障,,94.915,36.405,13912345678\n"
    "d3,烟感,奇怪,,94.915,36.405,13912345678\n"
)


def run(*words, capture=None):
    """Exit status and standard output of one command, in this process."""
    with pytest.raises(SystemExit) as done:
        main([str(word) for word in words])
    return done.value.code or 0, capture.readouterr() if capture else None


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store.gpkg"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "devices.csv"
    path.write_text(DEVICES, encoding="utf-8")
    return path


def test_every_register_has_a_command_and_the_words_for_it(capsys):
    for layer in RegisterLayer:
        assert layer_of(command_name(layer)) is layer
        status, told = run("import", command_name(layer), "--fields", capture=capsys)
        rows = [line.split("\t") for line in told.out.splitlines()]
        assert status == 0
        assert all(len(row) == 3 and row[0] not in row[1:] for row in rows)
    assert layer_of("grids") is None


def test_import_and_export_speak_json_and_statuses(file, store, tmp_path, capsys):
    status, _ = run("import", "devices", file, "--store", store, capture=capsys)
    assert status == 2  # no datum
    arguments = ("import", "devices", file, "--datum", "wgs84", "--store", store, "--json")
    status, told = run(*arguments, capture=capsys)
    document = json.loads(told.out)
    assert status == 1  # a row was rejected
    assert (document["rows"], document["inserted"], document["rejected"]) == (3, 2, 1)
    assert document["reasons"] == {"unknown_device_status": 1}
    assert document["dropped_columns"] == ["负责人电话"]
    status, told = run(*arguments, capture=capsys)
    assert json.loads(told.out)["unchanged"] == 2
    out = tmp_path / "out.csv"
    status, told = run("export", "devices", out, "--store", store, "--json", capture=capsys)
    assert (status, json.loads(told.out)) == (0, {"rows": 2})
    frame = pd.read_csv(out)
    assert frame["external_id"].tolist() == ["d1", "d2"]
    assert frame["kind"].tolist() == ["smoke_alarm", "other"]
    assert frame["lon"].tolist() == pytest.approx([94.905, 94.915])
    status, told = run("export", "devices", out, "--level", "wall", "--store", store,
                       capture=capsys)  # fmt: skip
    assert status == 2
    assert "no unit of level community" in told.err  # a wall gets counts, which need communities


def test_people_read_a_report_with_labels(file, store, capsys):
    status, told = run(
        "import", "devices", file, "--datum", "wgs84", "--map", "external_id=设备编号",
        "--store", store, capture=capsys,
    )  # fmt: skip
    assert status == 1
    assert "unknown_device_status" not in told.out
    assert "None" not in told.out


def test_leave_has_a_command(store, tmp_path, capsys):
    officers, leave = tmp_path / "officers.csv", tmp_path / "leave.csv"
    officers.write_text("警号,人员类别\np1,民警\n", encoding="utf-8")
    leave.write_text("警号,开始日期\np1,2026-05-01\n", encoding="utf-8")
    assert run("import", "officers", officers, "--store", store, capture=capsys)[0] == 0
    status, told = run("import", "absences", leave, "--store", store, "--json", capture=capsys)
    assert (status, json.loads(told.out)["inserted"]) == (0, 1)


def test_every_kind_stands_in_one_group_and_has_its_words():
    listed = [kind for kinds in GROUPS.values() for kind in kinds]
    assert sorted(listed) == sorted(ImportKind)
    assert {layer.value for layer in RegisterLayer} <= {kind.value for kind in ImportKind}
    for kind in ImportKind:
        assert set(kind.required) <= set(kind.fields)
        if not kind.is_event:
            assert [name for name in kind.fields if f"field.{name}" not in sentences()] == []
        for language in LANGUAGES:
            assert " · " in kind_label(Words(language), kind.value)


def page_of_import(language):
    from dashboard.screens import import_screen
    from dashboard.text import Words

    import_screen.render(Words(language))


@pytest.fixture
def page(store, tmp_path, monkeypatch):
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    cache.use_config(Config(store_url=str(store)))
    yield AppTest.from_function(page_of_import, args=("en",), default_timeout=60).run()
    cache.use_config(None)


def upload(page, name, text, kind):
    page.selectbox(key="import_kind").set_value(kind).run()
    page.file_uploader[0].set_value((name, text.encode("utf-8"), "application/octet-stream"))
    return page.run()


def box(page, name):
    return next(b for b in page.selectbox if b.key and b.key.endswith(f"_{name}"))


def test_the_wizard_takes_a_register(page, store):
    upload(page, "devices.csv", DEVICES, "devices")
    assert box(page, "map_external_id").value == "设备编号"
    assert box(page, "map_status").value == "设备状态"
    button = next(b for b in page.button if b.label == "Import")
    assert button.disabled  # no datum yet
    box(page, "datum").set_value("wgs84").run()
    box(page, "map_installed_on").set_value("").run()
    next(b for b in page.button if b.label == "Import").click()
    page.run()
    assert not page.exception
    figures = {metric.label: metric.value for metric in page.metric}
    assert (figures["Inserted"], figures["Rejected"]) == ("2", "1")
    with Database(str(store)).read() as session:
        found = devices(session, LOCAL_STEWARD)
    assert [record.installed_on for record in found] == [None, None]


def test_the_wizard_asks_no_datum_of_a_register_without_places(page):
    upload(page, "talks.csv", "警号,谈话日期\np1,2026-05-01\n", "talks")
    assert not any((b.key or "").endswith("_datum") for b in page.selectbox)
    assert not next(b for b in page.button if b.label == "Import").disabled
