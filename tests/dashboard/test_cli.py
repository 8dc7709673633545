"""The command line as scripts use it: JSON keys, exit statuses, one sentence on a fault."""

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import geopandas as gpd
import pandas as pd
import pytest
from openpyxl import load_workbook

from dashboard.cli import COMMANDS, gridbeat, main
from dashboard.text import sentences
from data.backup import backup
from data.database import Database

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def golmud(tmp_path_factory):
    path = tmp_path_factory.mktemp("cli") / "golmud.gpkg"
    status = run("scenario", "load", "golmud_hexi", store=path)[0]
    assert status == 0
    return path


@pytest.fixture
def store(golmud, tmp_path):
    path = tmp_path / "store.gpkg"
    backup(Database(str(golmud)), path)
    return path


def run(*words, store=None, capture=None):
    """Exit status and standard output of one command, in this process."""
    arguments = [str(word) for word in words]
    if store is not None:
        arguments += ["--store", str(store)]
    with pytest.raises(SystemExit) as done:
        main(arguments)
    return done.value.code or 0, capture.readouterr() if capture else None


def answer(capsys, *words, store=None):
    status, told = run(*words, "--json", store=store, capture=capsys)
    return status, json.loads(told.out)


def test_every_command_is_described_in_both_languages():
    assert [name for name in COMMANDS if f"cli.{name}" not in sentences()] == []


@pytest.mark.parametrize("language", ["zh_CN.UTF-8", "en_GB.UTF-8"])
def test_help_speaks_the_language_of_the_locale(language):
    told = subprocess.run(
        [sys.executable, "-m", "dashboard.cli", "--help"],
        cwd=ROOT,
        env={"PATH": "/usr/bin", "LANG": language, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("升级" in told.stdout) == language.startswith("zh")
    assert "Traceback" not in told.stderr


def described(command, path="gridbeat"):
    """Every command below one, by its words, and whether it and its options say what they do."""
    options = [option for option in command.params if isinstance(option, click.Option)]
    told = {path: bool(command.help) and all(option.help for option in options)}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            told |= described(command.get_command(context, name), f"{path} {name}")
    return told


def test_every_command_and_option_says_what_it_does():
    told = described(gridbeat)
    assert [path for path, is_told in told.items() if not is_told] == []
    assert {"gridbeat repair grids", "gridbeat import devices", "gridbeat rejected"} <= set(told)


def test_counts_reconcile_with_the_scenario(capsys, golmud):
    status, document = answer(capsys, "count", "--by", "community", store=golmud)
    assert status == 0
    assert len(document["units"]) == 7
    inside = sum(unit["n"] for unit in document["units"])
    assert inside + document["outside"] + document["unlocated"] == document["total"] == 300
    assert all(isinstance(unit["code"], str) for unit in document["units"])


def test_counts_can_be_filtered_and_dated(capsys, golmud):
    _, all_time = answer(capsys, "count", "--layer", "hazards", store=golmud)
    _, kind = answer(capsys, "count", "--layer", "hazards", "--kind", "H11", store=golmud)
    assert 0 < kind["total"] < all_time["total"] == 120
    _, none = answer(capsys, "count", "--to", "1999-01-01", store=golmud)
    assert none["total"] == 0
    status, event = answer(capsys, "count", "--as-of", "event", store=golmud)
    assert (status, event["as_of"], event["total"]) == (0, "event", 300)


def test_figures_are_unique_and_carry_their_source(capsys, golmud):
    _, document = answer(capsys, "kpi", store=golmud)
    keys = [(figure["measure"], figure["scope"]) for figure in document["kpi"]]
    assert len(keys) == len(set(keys)) > 20
    wanted = {"id", "measure", "scope", "value", "numerator", "denominator", "low", "high"}
    assert all(wanted | {"source", "note"} <= set(figure) for figure in document["kpi"])


def test_figures_of_one_unit(capsys, golmud):
    _, units = answer(capsys, "count", "--by", "community", store=golmud)
    code = units["units"][0]["code"]
    _, document = answer(capsys, "kpi", "--unit", code, store=golmud)
    found = {figure["measure"]: figure["value"] for figure in document["kpi"]}
    assert found["incidents"] == units["units"][0]["n"]
    assert found["grids"] == 6


def test_an_unknown_unit_is_one_sentence_and_status_2(golmud):
    told = subprocess.run(
        [sys.executable, "-m", "dashboard.cli", "kpi", "--unit", "nowhere", "--store", golmud],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert told.stdout == ""
    assert "nowhere" in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1


def test_coverage_names_the_vacancy(capsys, golmud):
    _, document = answer(capsys, "coverage", store=golmud)
    assert (document["units"], document["covered"], len(document["gaps"])) == (7, 6, 1)


def test_figures_of_a_sample_stand_on_its_own_day(capsys, golmud):
    asked = ("kpi", "--measure", "days_since_criminal")
    _, own = answer(capsys, *asked, store=golmud)
    _, real = answer(capsys, *asked, "--as-of", "today", store=golmud)
    assert own["kpi"][0]["value"] < 60
    assert real["kpi"][0]["value"] > 1000


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "csv", "xlsx", "parquet"])
def test_exports_hold_every_row(capsys, store, tmp_path, ending):
    out = tmp_path / f"incidents.{ending}"
    status, document = answer(capsys, "export", "incidents", out, store=store)
    assert (status, document["rows"]) == (0, 300)
    if ending in {"gpkg", "geojson"}:
        assert len(gpd.read_file(out)) == 300
    elif ending == "csv":
        assert len(pd.read_csv(out)) == 300
    elif ending == "xlsx":
        book = load_workbook(out, read_only=True)
        assert sum(1 for _ in book["incidents"].rows) == 301
        book.close()
    else:
        assert len(gpd.read_parquet(out)) == 300


@pytest.mark.parametrize(
    ("level", "absent"),
    [("internal", {"src_x", "attributes"}), ("wall", {"description", "external_id"})],
)
def test_lower_levels_show_less(capsys, store, tmp_path, level, absent):
    out = tmp_path / "x.geojson"
    answer(capsys, "export", "incidents", out, "--level", level, store=store)
    frame = gpd.read_file(out)
    assert not absent & set(frame.columns)
    if level == "wall":
        grids = tmp_path / "grids.geojson"
        answer(capsys, "export", "grids", grids, store=store)
        assert frame.geometry.nunique() <= len(gpd.read_file(grids))


def test_public_counts_under_five_are_withheld(capsys, store, tmp_path):
    out = tmp_path / "x.csv"
    answer(capsys, "export", "incidents", out, "--level", "public", store=store)
    table = pd.read_csv(out)
    assert {"grid_code", "month", "n", "note"} <= set(table)
    assert not ((table["n"] > 0) & (table["n"] < 5)).any()
    assert (table["note"] == "<5").any()


def test_no_formula_leaves_and_values_come_back(capsys, store, tmp_path):
    from data.formulas import guard_formulas, unguard_formulas

    texts = pd.Series(
        ["=1+1", "+86", "-3.5", "@x", "'=x", "plain", "\tx", None, "-", "'quoted", "=HYPERLINK(1)"]
    )
    guarded = guard_formulas(texts)
    risky = [text for text in guarded.dropna() if re.match(r"[=+@\t]|-.*[a-z(]", text)]
    assert risky == []
    assert unguard_formulas(guarded).dropna().tolist() == texts.dropna().tolist()
    table = tmp_path / "evil.csv"
    table.write_text("id,lon,lat,time,note\n=1+1,94.9,36.4,2023-01-01 10:00,=cmd()\n")
    words = ("--id", "id", "--lon", "lon", "--lat", "lat", "--time", "time", "--datum", "wgs84")
    status, _ = answer(
        capsys, "import", "incidents", table, *words, "--map", "description=note", store=store
    )
    assert status == 0
    out = tmp_path / "back.csv"
    answer(capsys, "export", "incidents", out, store=store)
    assert "'=1+1" in out.read_text(encoding="utf-8-sig")
    book_path = tmp_path / "back.xlsx"
    answer(capsys, "export", "incidents", book_path, store=store)
    book = load_workbook(book_path)
    cells = [cell for row in book["incidents"].iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert any(cell.value == "=1+1" for cell in cells)
    status, again = answer(
        capsys,
        "import",
        "incidents",
        out,
        *("--id", "external_id", "--lon", "lon", "--lat", "lat", "--time", "occurred_at"),
        *("--datum", "wgs84", "--source", "copy", "--map", "description=description"),
        store=store,
    )
    assert again["inserted"] == 301
    back = tmp_path / "again.parquet"
    answer(capsys, "export", "incidents", back, store=store)
    frame = gpd.read_parquet(back)
    copied = frame[(frame["source"] == "copy") & (frame["external_id"] == "=1+1")]
    assert copied["description"].tolist() == ["=cmd()"]


def test_backup_and_restore_are_equal_and_damage_is_refused(capsys, store, tmp_path):
    copy = tmp_path / "copy.gpkg"
    status, document = answer(capsys, "backup", copy, store=store)
    assert (status, document["integrity"]) == (0, "ok")
    assert document["bytes"] == copy.stat().st_size
    assert run("backup", copy, store=store)[0] == 2
    other = tmp_path / "other.gpkg"
    assert answer(capsys, "restore", copy, store=other)[0] == 0
    _, first = answer(capsys, "count", store=store)
    _, second = answer(capsys, "count", store=other)
    assert first == second
    broken = tmp_path / "broken.gpkg"
    broken.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2])
    assert run("restore", broken, store=other)[0] == 2
    _, third = answer(capsys, "count", store=other)
    assert third == second


def test_restore_raises_every_revision(capsys, store, tmp_path):
    copy = tmp_path / "copy.gpkg"
    answer(capsys, "backup", copy, store=store)
    before = Database(str(store)).revisions()
    answer(capsys, "restore", copy, store=store)
    after = Database(str(store)).revisions()
    assert all(after[name] > before[name] for name in before)


def test_check_lists_faults_with_status_1(capsys, golmud, tmp_path):
    status, document = answer(capsys, "check", "grids", store=golmud)
    assert (status, document["features"], document["valid_coverage"]) == (0, 42, True)
    wanted = {"invalid", "gaps", "overlaps", "multipart", "valid_coverage"}
    assert wanted <= set(document)
    centres = gpd.points_from_xy([94.01, 94.02], [36.01, 36.01])
    squares = centres.buffer(0.01, cap_style="square")
    frame = gpd.GeoDataFrame({"code": ["0", "1"]}, geometry=squares, crs="EPSG:4326")
    path = tmp_path / "two.geojson"
    frame.to_file(path)
    status, document = answer(capsys, "check", "grids", path, "--code", "code")
    assert status == 1
    assert len(document["overlaps"]) == 1
    assert {"a", "b", "area_m2"} <= set(document["overlaps"][0])


def test_import_reports_and_keeps_what_it_rejects(capsys, store, tmp_path):
    table = tmp_path / "calls.csv"
    table.write_text(
        "no,x,y,when,phone\n"
        "1,94.90,36.40,2023-02-01 10:00,13800138000\n"
        "2,94.90,36.40,not a time,13800138000\n"
        "3,,,2023-02-02 11:00,13800138000\n"
    )
    words = ("--id", "no", "--lon", "x", "--lat", "y", "--time", "when", "--datum", "wgs84")
    status, document = answer(capsys, "import", "incidents", table, *words, store=store)
    assert status == 1
    assert (document["rows"], document["inserted"], document["rejected"]) == (3, 2, 1)
    assert document["unlocated"] == 1
    assert "phone" in document["dropped_columns"]
    _, listed = answer(capsys, "rejected", "--batch", document["batch_id"], store=store)
    assert [(row["line"], row["column"]) for row in listed["rejected"]] == [(3, "when")]
    status, again = answer(capsys, "import", "incidents", table, *words, store=store)
    assert again["was_already_done"]
    assert b"13800138000" not in store.read_bytes()


def test_a_table_without_datum_is_refused_with_the_next_step(store, tmp_path):
    table = tmp_path / "calls.csv"
    table.write_text("no,x,y,when\n1,94.90,36.40,2023-02-01 10:00\n")
    words = ["--id", "no", "--lon", "x", "--lat", "y", "--time", "when", "--store", str(store)]
    told = subprocess.run(
        [sys.executable, "-m", "dashboard.cli", "import", "incidents", str(table), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert "--datum" in told.stderr
    assert "Traceback" not in told.stderr


def test_several_pairs_may_follow_one_map(capsys, tmp_path):
    grids = tmp_path / "g.geojson"
    frame = gpd.GeoDataFrame(
        {"code": ["001", "002"], "hh": [300, 400], "pop": [900, 1000]},
        geometry=gpd.points_from_xy([94.0, 94.01], [36.0, 36.0]).buffer(0.005, cap_style="square"),
        crs="EPSG:4326",
    )
    frame.to_file(grids)
    store = tmp_path / "s.gpkg"
    status, document = answer(
        capsys,
        *("import", "grids", grids, "--code", "code", "--map", "households=hh", "residents=pop"),
        store=store,
    )
    assert document["inserted"] == 2
    assert status in {0, 1}
    _, counts = answer(capsys, "kpi", store=store)
    found = {figure["measure"]: figure["value"] for figure in counts["kpi"]}
    assert (found["households"], found["residents"]) == (700, 1900)


@pytest.mark.parametrize("kind", ["grids", "places", "streets", "blocks", "officers", "incidents"])
def test_fields_are_listed_in_both_languages(capsys, kind):
    status, told = run("import", kind, "--fields", capture=capsys)
    assert status == 0
    for line in told.out.strip().splitlines():
        field, chinese, english = line.split("\t")
        assert chinese != field or english != field, line


def test_doctor_says_what_is_wrong(capsys, golmud, tmp_path, monkeypatch):
    status, document = answer(capsys, "doctor", store=golmud)
    checks = {check["name"]: check["ok"] for check in document["checks"]}
    assert checks["store"]
    assert checks["migrated"]
    assert checks["tiling"]
    assert status == (0 if all(checks.values()) else 1)
    monkeypatch.setenv("GRIDBEAT_ACCELERATOR", "off")
    _, document = answer(capsys, "doctor", store=golmud)
    said = next(check for check in document["checks"] if check["name"] == "accelerator")
    assert said["ok"]
    assert "off" in said["detail"]
    status, document = answer(capsys, "doctor", store=tmp_path / "none.gpkg")
    assert status == 1
    assert "gridbeat" in next(c["detail"] for c in document["checks"] if c["name"] == "store")


def test_migrate_and_scenarios(capsys, store):
    assert answer(capsys, "migrate", store=store)[1]["version"]
    _, listed = answer(capsys, "scenario", "list")
    assert {"golmud_hexi", "yushu_18"} <= set(listed["scenarios"])
    assert run("scenario", "load", "yushu_18", store=store)[0] == 2
    assert run("scenario", "load", "atlantis", store=store)[0] == 2


def test_wrong_usage_is_status_2(golmud):
    assert run("count", "--by", "planet", store=golmud)[0] == 2
    assert run("count", "--from", "yesterday", store=golmud)[0] == 2
    assert run("nonsense")[0] == 2


def test_the_store_of_a_missing_path_is_not_created_by_reading(tmp_path):
    assert run("count", store=tmp_path / "none.gpkg")[0] == 2
    assert not (tmp_path / "none.gpkg").exists()


def said(*words, store=None):
    """Exit status and what a person reads, from a process of its own."""
    command = [sys.executable, "-m", "dashboard.cli", *map(str, words)]
    done = subprocess.run(
        command + (["--store", str(store)] if store else []),
        cwd=ROOT,
        env={"PATH": "/usr/bin", "GRIDBEAT_LANG": "en", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


CALL_COLUMNS = ("--id", "no", "--lon", "x", "--lat", "y", "--time", "when", "--datum", "wgs84")


def test_unknown_words_and_columns_of_persons_are_said_in_sentences(tmp_path):
    table = tmp_path / "calls.csv"
    table.write_text("no,x,y,when,kind,phone\n1,94.9,36.4,2023-02-01 10:00,zzz,13800138000\n")
    store = tmp_path / "s.gpkg"
    words = ("import", "incidents", table, *CALL_COLUMNS)
    status, told = said(*words, "--kind", "kind", store=store)
    assert status == 0
    assert "zzz (1)" in told
    assert "no grids yet" in told
    status, told = said(*words, "--map", "description=phone", store=store)
    assert status == 2
    assert "phone" in told
    assert len(told.strip().splitlines()) == 1
    status, told = said("count", store=store)
    assert status == 0
    assert "total\t1" in told


def test_a_bad_environment_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDBEAT_MAX_UPLOAD_MB", "many")
    done = subprocess.run(
        [sys.executable, "-m", "dashboard.cli", "count", "--store", str(tmp_path / "s.gpkg")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "GRIDBEAT_MAX_UPLOAD_MB" in done.stderr
    assert "Traceback" not in done.stderr


def squares(path, *, swapped=False, shift=0.0):
    xs = [94.905 + shift, 94.915 + shift]
    points = (
        gpd.points_from_xy([36.405] * 2, xs) if swapped else gpd.points_from_xy(xs, [36.405] * 2)
    )
    frame = gpd.GeoDataFrame(
        {"code": ["g1", "g2"]}, geometry=points.buffer(0.005, cap_style="square"), crs="EPSG:4326"
    )
    frame.to_file(path, driver="GeoJSON")
    document = json.loads(path.read_text())
    document.pop("crs", None)
    path.write_text(json.dumps(document))
    return path


def test_boundaries_with_exchanged_axes_are_named_as_such(tmp_path):
    path = squares(tmp_path / "g.geojson", swapped=True)
    status, told = said(
        "import", "grids", path, "--code", "code", "--datum", "wgs84", store=tmp_path / "s.gpkg"
    )
    assert status == 2
    assert "exchanged" in told


def test_reports_of_imports_have_all_their_keys(capsys, tmp_path):
    store, calls = tmp_path / "s.gpkg", tmp_path / "calls.csv"
    path = squares(tmp_path / "g.geojson")
    words = ("--code", "code", "--datum", "wgs84")
    _, document = answer(capsys, "import", "grids", path, *words, store=store)
    wanted = "features valid gaps overlaps invalid repaired inserted updated"
    assert set(wanted.split()) - set(document) == set()
    calls.write_text("no,x,y,when\n1,94.905,36.405,2023-02-01 10:00\n")
    _, document = answer(capsys, "import", "hazards", calls, *CALL_COLUMNS, store=store)
    wanted = "rows inserted updated unchanged rejected duplicate_ids unlocated outside on_border"
    assert set(wanted.split()) - set(document) == set()
    assert (document["reasons"], type(document["warnings"])) == ({}, list)
    _, document = answer(capsys, "count", "--layer", "hazards", store=store)
    assert {"code", "name", "n", "rate", "base"} <= set(document["units"][0])
    assert (document["outside"], document["unlocated"], document["total"]) == (0, 0, 1)


def test_a_table_cannot_make_grids_without_shapes(capsys, tmp_path):
    store = tmp_path / "s.gpkg"
    path = squares(tmp_path / "g.geojson")
    words = ("--code", "code", "--datum", "wgs84")
    assert answer(capsys, "import", "grids", path, *words, store=store)[0] == 0
    table = tmp_path / "grids.csv"
    table.write_text("code,households\ng1,300\nnew,400\n")
    status, document = answer(
        capsys,
        *("import", "grids", table, "--code", "code", "--map", "households=households"),
        store=store,
    )
    assert status == 1
    assert (document["updated"], document["inserted"], document["valid"]) == (1, 0, 0)
    assert document["reasons"] == {"empty_geometry": 1}


def test_reports_of_coverage_and_migration_have_all_their_keys(capsys, golmud):
    _, document = answer(capsys, "coverage", store=golmud)
    assert {"units", "covered", "share", "gaps", "incidents_within", "area_share"} <= set(document)
    _, document = answer(capsys, "migrate", store=golmud)
    assert document["integrity"] == "ok"
    assert document["bytes"] > 0


def test_faults_and_figures_are_said_without_codes(golmud, tmp_path):
    path = tmp_path / "two.geojson"
    centres = gpd.points_from_xy([94.01, 94.02], [36.01, 36.01])
    boxes = centres.buffer(0.01, cap_style="square")
    gpd.GeoDataFrame({"code": ["0", "1"]}, geometry=boxes, crs="EPSG:4326").to_file(path)
    _, told = said("check", "grids", path, "--code", "code")
    assert "overlap: first 0, second 1, area m²" in told
    _, told = said("kpi", store=golmud)
    assert "communities with an officer on duty" in told
    assert "_" not in told
