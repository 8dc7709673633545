"""Repair, conversion and quarantine on the command line: statuses, JSON keys, both languages."""

import importlib
import json

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from dashboard.cli import main
from dashboard.text import LANGUAGES, Words

MODULES = ("base", "repairing", "converting", "keeping", "mending", "reports", "imports")
CALLS = (
    "no,x,y,when\n1,94.905,36.405,2023-02-01 10:00\n2,94.905,36.405,sometime\n3,94.905,36.405,??\n"
)
CALL_COLUMNS = ("--id", "no", "--lon", "x", "--lat", "y", "--time", "when", "--datum", "wgs84")


@pytest.fixture
def call(capsys):
    """Run one command in this process: exit status, standard output, standard error."""

    def run(*words):
        with pytest.raises(SystemExit) as done:
            main([str(word) for word in words])
        told = capsys.readouterr()
        return done.value.code or 0, told.out, told.err

    return run


@pytest.fixture
def speak(monkeypatch):
    """Let the commands speak a language."""

    def choose(language):
        for name in MODULES:
            module = importlib.import_module(f"dashboard.commands.{name}")
            if hasattr(module, "words"):
                monkeypatch.setattr(module, "words", Words(language))

    return choose


def grids(path, *, hole=False):
    """Nine squares with a sliver and an overlap; a wide hole in the middle when asked."""
    step, shapes, codes = 0.01, [], []
    for n in range(9):
        if hole and n == 4:
            continue
        x, y = 94 + n % 3 * step, 36 + n // 3 * step
        left = x - 1e-5 if n == 2 else x
        shapes.append(box(left, y, x + step - (2e-6 if n == 0 else 0), y + step))
        codes.append(f"0{n}")
    gpd.GeoDataFrame({"code": codes}, geometry=shapes, crs="EPSG:4326").to_file(path)
    return path


def test_repair_writes_a_tiling_and_its_report(call, tmp_path):
    path, out = grids(tmp_path / "a.geojson"), tmp_path / "b.gpkg"
    status, told, _ = call("repair", "grids", path, out, "--code", "code", "--json")
    document = json.loads(told)
    assert status == 0
    assert {"features", "holes_left", "area_change_m2", "moved"} <= set(document)
    assert (document["features"], document["holes_left"]) == (9, 0)
    assert gpd.read_file(out)["code"].tolist() == gpd.read_file(path)["code"].tolist()
    status, told, _ = call("check", "grids", out, "--code", "code", "--json")
    assert (status, json.loads(told)["valid_coverage"]) == (0, True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_repair_says_what_moved_and_what_stays_open(call, speak, tmp_path, language):
    speak(language)
    path, out = grids(tmp_path / "a.geojson", hole=True), tmp_path / "b.geojson"
    status, told, _ = call("repair", "grids", path, out, "--gap-width-m", "5")
    assert status == 0
    words = Words(language)
    assert told.startswith(words("repair.done", features=8, file=out))
    assert words("repair.holes", n=1, areas="@").split("@")[0] in told
    assert "{" not in told
    before = path.read_bytes()
    status, told, error = call("repair", "grids", path, path)
    assert (status, told, len(error.splitlines())) == (2, "", 1)
    assert path.read_bytes() == before


def test_propose_then_decide(call, tmp_path):
    path, out, plan = grids(tmp_path / "a.geojson", hole=True), tmp_path / "b.gpkg", tmp_path / "p"
    words = ("repair", "grids", path, "--code", "code")
    status, told, _ = call(*words, "--propose", plan, "--json")
    document = json.loads(plan.read_text(encoding="utf-8"))
    assert (status, json.loads(told)) == (0, document)
    assert not out.exists()
    by_why = {row["why"]: row for row in document["proposals"]}
    assert by_why["large_hole"]["action"] == "leave"
    assert all(row["decision"] is None for row in document["proposals"])
    sliver = next(row for row in document["proposals"] if row["detail"] == "open_gap")
    overlap = next(row for row in document["proposals"] if row["detail"] == "overlap")
    overlap |= {"decision": "change", "taker": overlap["alternatives"][0]}
    document["kinds"] = {"sliver": "accept"}
    plan.write_text(json.dumps(document), encoding="utf-8")
    status, told, _ = call(*words, out, "--decide", plan, "--json")
    done = json.loads(told)
    assert status == 0
    assert {"features", "holes_left", "area_change_m2", "moved", "holes", "sums", "crs"} <= set(
        done
    )
    assert done["applied"] == [r["id"] for r in document["proposals"] if r in (sliver, overlap)]
    assert done["refused"] == [by_why["large_hole"]["id"]]
    assert (done["holes_left"], done["faults"]["gap"], done["faults"]["sliver"]) == (1, 1, 0)
    assert overlap["taker"] in {piece["taker"] for piece in done["pieces"]}
    assert gpd.read_file(out)["code"].tolist() == gpd.read_file(path)["code"].tolist()
    call(*words, tmp_path / "none.gpkg", "--decide", plan)
    document["proposals"] = [row | {"decision": "refuse"} for row in document["proposals"]]
    plan.write_text(json.dumps(document), encoding="utf-8")
    _, told, _ = call(*words, tmp_path / "same.gpkg", "--decide", plan, "--json")
    assert (json.loads(told)["applied"], json.loads(told)["moved"]) == ([], [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_proposals_and_decisions_are_told(call, speak, tmp_path, language):
    speak(language)
    path, plan = grids(tmp_path / "a.geojson", hole=True), tmp_path / "p.json"
    status, told, _ = call("repair", "grids", path, "--propose", plan)
    words = Words(language)
    assert (status, len(told.splitlines())) == (0, 4)
    assert words("repair_why.large_hole") in told
    document = json.loads(plan.read_text(encoding="utf-8")) | {"kinds": {"sliver": "accept"}}
    plan.write_text(json.dumps(document), encoding="utf-8")
    status, told, _ = call("repair", "grids", path, tmp_path / "b.fgb", "--decide", plan)
    assert status == 0
    assert words("repair_cli.decided", applied=2, refused=1, failed=0) in told
    assert "{" not in told


@pytest.mark.parametrize(
    "content",
    ["no json", "[]", '{"proposals": [{"id": "gap-1", "decision": "accept"}]}', None,
     '{"proposals": [{"id": "gap-1", "decision": "maybe"}]}'],
)  # fmt: skip
def test_decisions_that_cannot_be_followed_write_nothing(call, tmp_path, content):
    path, out, plan = grids(tmp_path / "a.geojson"), tmp_path / "b.gpkg", tmp_path / "p.json"
    if content is not None:
        plan.write_text(content, encoding="utf-8")
    status, told, error = call("repair", "grids", path, out, "--decide", plan)
    assert (status, told, len(error.splitlines())) == (2, "", 1)
    assert not out.exists()


@pytest.mark.parametrize(
    "more", [(), ("--propose", "p", "--decide", "p"), ("b.gpkg", "--propose", "p")]
)
def test_propose_goes_alone_and_a_repair_needs_a_target(call, tmp_path, more):
    path = grids(tmp_path / "a.geojson")
    status, told, error = call("repair", "grids", path, *more)
    assert (status, told) == (2, "")
    assert "OUT" in error


def test_convert_moves_two_columns_and_keeps_the_rest(call, tmp_path):
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("编号,经度,纬度\n007,94.905,36.405\n008,,\n", encoding="utf-8")
    words = ("convert", path, out, "--from", "gcj02", "--to", "wgs84", "--lon", "经度", "--lat")
    status, told, _ = call(*words, "纬度", "--json")
    document = json.loads(told)
    assert status == 0
    assert (document["rows"], document["converted"], document["unchanged"]) == (2, 1, 1)
    made = pd.read_csv(out, dtype=str)
    assert made["编号"].tolist() == ["007", "008"]
    assert 0.0005 < abs(float(made["经度"][0]) - 94.905) < 0.01
    status, told, error = call(*words, "高度")
    assert (status, told, len(error.splitlines())) == (2, "", 1)
    assert "高度" in error


@pytest.mark.parametrize("language", LANGUAGES)
def test_convert_says_its_counts(call, speak, tmp_path, language):
    speak(language)
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("lon,lat\n94.905,36.405\n", encoding="utf-8")
    columns = ("--lon", "lon", "--lat", "lat")
    status, told, _ = call("convert", path, out, "--from", "wgs84", "--to", "bd09", *columns)
    wanted = Words(language)("convert.done", file=out, rows=1, converted=1, unchanged=0)
    assert (status, told.strip()) == (0, wanted)


@pytest.fixture(params=["embedded", "served"])
def quarantined(request, call, tmp_path):
    """A store of either kind with two rows in quarantine."""
    store = tmp_path / "s.gpkg"
    if request.param == "served":
        store = request.getfixturevalue("served_url")
    table = tmp_path / "calls.csv"
    table.write_text(CALLS, encoding="utf-8")
    status, told, _ = call("import", "incidents", table, *CALL_COLUMNS, "--json", "--store", store)
    assert (status, json.loads(told)["rejected"]) == (1, 2)
    return store


def listed(call, store):
    status, told, _ = call("rejected", "--json", "--store", store)
    assert status == 0
    return json.loads(told)["rejected"]


def test_a_mended_row_comes_in_and_a_bad_one_stays(call, quarantined):
    first, second = listed(call, quarantined)
    assert {"batch", "line", "column", "value", "reason"} <= set(first)
    assert [row["column"] for row in (first, second)] == ["when", "when"]
    again = ("rejected", "--resubmit", first["id"], "--store", quarantined, "--json")
    status, told, _ = call(*again, "--set", "when=still not")
    assert (status, json.loads(told)["state"], json.loads(told)["column"]) == (1, "open", "when")
    status, told, _ = call(*again, "--set", "when=2023-02-03 09:00")
    assert (status, set(json.loads(told))) == (0, {"state", "reason", "column"})
    assert [row["id"] for row in listed(call, quarantined)] == [second["id"]]
    _, told, _ = call("count", "--json", "--store", quarantined)
    assert json.loads(told)["total"] == 2
    status, told, error = call(*again, "--set", "when=2023-02-03 09:00")
    assert (status, told, len(error.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_dismissed_row_needs_a_reason_and_leaves_the_list(call, speak, quarantined, language):
    speak(language)
    first, _second = listed(call, quarantined)
    words = ("rejected", "--dismiss", first["id"], "--store", quarantined)
    status, told, error = call(*words)
    assert (status, told, len(error.splitlines())) == (2, "", 1)
    status, told, _ = call(*words, "--note", "重复上报")
    assert (status, told.strip()) == (0, Words(language)("mend.dismissed"))
    assert len(listed(call, quarantined)) == 1
    status, told, _ = call("rejected", "--store", quarantined)
    assert Words(language).label("reason", _second["reason"]) in told


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (("--resubmit", "99999", "--set", "when=2023-01-01"), "99999"),
        (("--resubmit", "1", "--set", "when"), "when"),
        (("--resubmit", "1", "--set", "nope=1"), "nope"),
        (("--dismiss", "99999", "--note", "x"), "99999"),
        (("--resubmit", "1", "--dismiss", "2", "--note", "x"), "--dismiss"),
    ],
)
def test_wrong_words_to_the_quarantine_are_one_sentence(call, quarantined, more, named):
    status, told, error = call("rejected", *more, "--store", quarantined)
    assert (status, told, len(error.splitlines())) == (2, "", 1)
    assert named in error
    assert len(listed(call, quarantined)) == 2


def test_a_store_that_is_none_is_one_sentence(call, tmp_path):
    table = tmp_path / "calls.csv"
    table.write_text(CALLS, encoding="utf-8")
    (tmp_path / "file").write_text("")
    foreign = grids(tmp_path / "foreign.gpkg")
    before = foreign.read_bytes()
    for store in (tmp_path, tmp_path / "file" / "s.gpkg", foreign, "mysql://a/b"):
        words = ("import", "incidents", table, *CALL_COLUMNS, "--store", store)
        status, told, error = call(*words)
        assert (status, told, len(error.splitlines())) == (2, "", 1), store
    assert foreign.read_bytes() == before
    for name in ("a b?.gpkg", "100%.gpkg", "网格#1.gpkg"):
        store = tmp_path / name
        assert call("import", "incidents", table, *CALL_COLUMNS, "--store", store)[0] == 1
        assert store.is_file()
        assert json.loads(call("count", "--json", "--store", store)[1])["total"] == 1


@pytest.mark.parametrize("command", ["incidents", "grids", "devices"])
def test_a_file_with_a_line_break_in_its_name_is_still_one_sentence(call, tmp_path, command):
    path = tmp_path / "a\nb{file}.csv"
    path.write_text("", encoding="utf-8")
    status, told, error = call("import", command, path, "--store", tmp_path / "s.gpkg")
    assert (status, told, len(error.splitlines())) == (2, "", 1)


def test_a_register_without_any_known_column_is_refused(call, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    words = ("import", "devices", path, "--datum", "wgs84", "--store", tmp_path / "s.gpkg")
    status, told, error = call(*words)
    assert (status, told, len(error.splitlines())) == (2, "", 1)
    assert "a, b" in error
