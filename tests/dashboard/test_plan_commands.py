"""`gridbeat plan` from the first draft to the counts on its grids, on both kinds of store."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from dashboard.cli import main
from dashboard.commands import plan_proposing, plans
from geo.edits.values import from_json, kind_of
from tests.dashboard import tiny_town

ROOT = Path(__file__).resolve().parents[2]
SOUTH, NORTH = 36.4, 36.41
BEND = {
    "kind": "move_vertices",
    "moves": [],
    "bends": [[[94.91, SOUTH], [94.91, NORTH], [94.9095, 36.405]]],
}
GIVE = {
    "kind": "transfer",
    "giver": "A1",
    "taker": "A2",
    "piece": [[[[94.9065, 36.399], [94.912, 36.399], [94.912, 36.411], [94.9065, 36.411],
                [94.9065, 36.399]]]],
}  # fmt: skip
SPLIT = {
    "kind": "split",
    "code": "B1",
    "line": [[94.9255, 36.399], [94.9255, 36.411]],
    "new_code": "E001",
    "new_name": "east one",
}
MERGE = {"kind": "merge", "codes": ["E001", "B2"], "into": "E001"}
MISS = {**SPLIT, "line": [[95.1, 36.399], [95.1, 36.411]], "new_code": "E009"}
OLD = {"A1": 4, "A2": 3, "B1": 3, "B2": 0}
NEW = {"A1": 3, "A2": 4, "B1": 1, "E001": 2}
TODAY = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
MONDAY = TODAY + timedelta(days=7 - TODAY.weekday())


def run(capsys, *words):
    with pytest.raises(SystemExit) as done:
        main([str(word) for word in words])
    told = capsys.readouterr()
    return done.value.code or 0, told.out, told.err


@pytest.fixture
def plan(capsys, store):
    """Run `gridbeat plan …` on the store; give status and document."""

    def ask(*words, status=0):
        found, out, err = run(capsys, "plan", *words, "--store", store, "--json")
        assert found == status, err
        return json.loads(out)

    return ask


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The tiny town, built once for this file, closed."""
    found = tiny_town.build(tmp_path_factory.mktemp("plans"))
    found.dispose()
    return found.path


@pytest.fixture
def store(built, tmp_path):
    return tiny_town.copied(built, tmp_path)


@pytest.fixture
def edits(tmp_path):
    def write(*listed, name="edit.json"):
        path = tmp_path / name
        path.write_text(json.dumps(listed if len(listed) > 1 else listed[0]), encoding="utf-8")
        return path

    return write


def counted(capsys, store, *words):
    status, out, err = run(capsys, "count", *words, "--store", store, "--json")
    assert status == 0, err
    document = json.loads(out)
    return {unit["code"]: unit["n"] for unit in document["units"]}, document


def walk(capsys, plan, edits, store):
    """New, apply, undo, check, approve, publish from Monday, count, crosswalk."""
    begun = plan("new", "--name", "spring", "--author", "p-1", "--note", "first")
    assert (begun["status"], begun["author"], begun["grids"]) == ("draft", "p-1", 4)
    done = plan("apply", "spring", edits(BEND, GIVE, SPLIT, MERGE), "--author", "p-1")
    assert [each["kind"] for each in done["applied"]] == [
        "move_vertices", "transfer", "split", "merge",
    ]  # fmt: skip
    assert (done["refused"], done["left"], done["head"]) == (None, 0, 4)
    assert done["applied"][1]["moved"][0]["giver"] == "A1"
    assert done["applied"][3]["removed"] == ["B2"]
    assert plan("undo", "spring", "--author", "p-1")["head"] == 3
    back = plan("undo", "spring", "--author", "p-1", "--steps", 2)
    assert (back["head"], back["log_head"], back["grids"]) == (1, 4, 4)
    assert plan("redo", "spring", "--author", "p-1", "--steps", 3)["head"] == 4
    checked = plan("check", "spring")
    assert checked["publishable"]
    assert checked["valid_coverage"]
    assert checked["new"] == []
    assert {row["grid"] for row in checked["bands"] if row["measure"] == "households"} >= {"A1"}
    assert {row["code"] for row in checked["to_settle"]} >= {"grid_without_officer"}
    assert plan("approve", "spring", "--by", "p-2")["approved_by"] == "p-2"
    out = plan("publish", "spring", "--effective", MONDAY, "--by", "p-2")
    assert (out["status"], out["effective"]) == ("published", MONDAY.isoformat())
    assert (out["changed"], out["added"], out["retired"]) == (["A1", "A2", "B1"], ["E001"], ["B2"])
    before, told = counted(capsys, store, "--as-of", TODAY - timedelta(days=1))
    assert (before, told["outside"], told["unlocated"]) == (OLD, 1, 1)
    after, later = counted(capsys, store, "--as-of", MONDAY)
    assert (after, later["total"]) == (NEW, told["total"])
    restated = plan("count", "spring")
    assert {unit["code"]: unit["n"] for unit in restated["units"]} == NEW
    parts = sum(NEW.values()) + restated["outside"] + restated["unlocated"]
    assert parts == restated["total"] == told["total"] == 12
    walked = plan("crosswalk", "spring")
    for code in OLD:
        own = [row for row in walked["rows"] if row["old_code"] == code]
        assert sum(row["area_share"] for row in own) == pytest.approx(1.0, abs=1e-9)
    total = walked["totals"]["all"]
    in_rows = sum(row["incidents_all"] for row in walked["rows"])
    assert in_rows + total["unlocated"] == total["total"] == 12
    return walked


def test_a_plan_from_the_first_draft_to_the_crosswalk(capsys, plan, edits, store, tmp_path):
    walk(capsys, plan, edits, store)
    told = plan("impact", "spring", "--out", tmp_path / "impact.xlsx")
    assert told["summary"]["adjusted"] == 3
    assert (told["summary"]["before"], told["summary"]["after"]) == (4, 4)
    assert {row["from_grid"] for row in told["people"]} >= {"A1", "B2"}
    assert {row["change"] for row in told["grids"]} == {"adjusted", "added", "retired"}
    assert pd.read_excel(tmp_path / "impact.xlsx", sheet_name=None, header=None)
    backwards = plan("roll-back", "spring", "--author", "p-1", "--name", "back")
    assert (backwards["base"]["kind"], backwards["base"]["plan"]) == ("former", 1)
    assert plan("check", "back")["publishable"]
    plan("approve", "back", "--by", "p-2")
    plan("publish", "back", "--effective", MONDAY + timedelta(days=7), "--by", "p-2")
    again, _ = counted(capsys, store, "--as-of", MONDAY + timedelta(days=7))
    assert again == OLD
    listed = plan("list", "--status", "published")["plans"]
    assert {one["name"] for one in listed} == {"spring", "back"}


def test_the_walk_on_a_served_store(capsys, built, edits, served_url):
    status, _, err = run(capsys, "copy", built, served_url, "--json")
    assert status == 0, err

    def ask(*words, status=0):
        found, out, err = run(capsys, "plan", *words, "--store", served_url, "--json")
        assert found == status, err
        return json.loads(out)

    walk(capsys, ask, edits, served_url)


def test_a_stale_version_is_a_conflict_and_neither_side_is_lost(plan, edits):
    plan("new", "--name", "both", "--author", "p-1")
    plan("apply", "both", edits(BEND), "--author", "p-1", "--version", 1)
    late = plan("apply", "both", edits(SPLIT), "--author", "p-2", "--version", 1, status=1)
    assert late["applied"] == []
    refused = late["refused"]
    assert refused["code"] == "plan_changed"
    assert (refused["fields"]["yours"], refused["fields"]["current"]) == (1, 2)
    assert [each["kind"] for each in refused["fields"]["edits"]] == ["move_vertices"]
    (kept,) = plan("aside", "list", "both")["asides"]
    assert (kept["aside"], kept["author"], kept["kind"]) == (refused["aside"], "p-2", "split")
    taken = plan("aside", "take", kept["aside"], "--author", "p-2")
    assert (taken["head"], taken["refused"]) == (2, None)
    shown = plan("show", "both")
    assert [(e["kind"], e["author"]) for e in shown["edits"]] == [
        ("move_vertices", "p-1"), ("split", "p-2"),
    ]  # fmt: skip
    assert shown["asides"] == []


def test_a_refused_edit_is_kept_and_what_follows_is_not_drawn(capsys, plan, edits, store):
    plan("new", "--name", "one", "--author", "p-1")
    found = plan("apply", "one", edits(BEND, MISS, SPLIT), "--author", "p-1", status=1)
    assert [each["number"] for each in found["applied"]] == [1]
    assert (found["refused"]["code"], found["refused"]["number"]) == ("line_misses", 2)
    assert found["left"] == 1
    assert found["head"] == 1
    number = found["refused"]["aside"]
    again = plan("aside", "take", number, status=1)
    assert (again["refused"]["code"], again["refused"]["aside"]) == ("line_misses", number)
    assert plan("aside", "dismiss", number)["state"] == "dismissed"
    assert plan("aside", "list", "one")["asides"] == []
    assert len(plan("aside", "list", "one", "--all")["asides"]) == 1
    status, _, err = run(capsys, "plan", "apply", "one", edits(MISS), "--store", store)
    assert (status, len(err.strip().splitlines())) == (1, 1)


def test_new_starts_from_a_day_a_file_a_plan_and_an_area(plan, edits, tmp_path):
    plan("new", "--name", "one", "--author", "p-1")
    plan("apply", "one", edits(SPLIT))
    path = tmp_path / "drawn.geojson"
    assert plan("export", "one", path)["rows"] == 5
    drawn = gpd.read_file(path)
    assert sorted(drawn["grid_code"]) == ["A1", "A2", "B1", "B2", "E001"]
    taken = plan("new", "--name", "file", "--from", path, "--code", "grid_code",
                 "--map", "households=households")  # fmt: skip
    assert (taken["base"]["kind"], taken["base"]["file"], taken["grids"]) == (
        "file", "drawn.geojson", 5,
    )  # fmt: skip
    copied = plan("new", "--name", "copy", "--from", "one", "--template")
    assert (copied["head"], copied["grids"], copied["is_template"]) == (1, 5, True)
    day = plan("new", "--name", "day", "--from", "2026-01-01", "--area", "E")
    assert (day["base"]["on"], day["area"], day["grids"]) == ("2026-01-01", "E", 2)
    told = plan("count", "day")
    assert {unit["code"]: unit["n"] for unit in told["units"]} == OLD
    assert [one["name"] for one in plan("list", "--templates")["plans"]] == ["copy"]
    book = plan("export", "one", tmp_path / "drawn.gpkg")
    assert book["rows"] == len(gpd.read_file(tmp_path / "drawn.gpkg")) == 5


def test_figures_weights_and_comparison(plan, edits):
    plan("new", "--name", "one")
    plan("apply", "one", edits(GIVE))
    plain = plan("figures", "one")
    assert {"grids", "officers", "balances", "officer_balances", "totals", "weights", "bands"} <= (
        set(plain)
    )
    assert {row["code"] for row in plain["grids"]} == {"A1", "A2", "B1", "B2"}
    tried = plan("figures", "one", "--weights", "calls=0", "--weights", "households=10")
    (one,) = [row for row in tried["grids"] if row["code"] == "B1"]
    assert one["minutes_calls"] == 0
    assert one["minutes_households"] == 1000
    before = plan("figures", "one", "--before")
    assert [row["households"] for row in before["grids"]] == [100, 100, 100, 100]
    assert sum(row["households"] for row in plain["grids"]) == 400
    plan("new", "--name", "two", "--from", "one")
    plan("apply", "two", edits(SPLIT))
    held = plan("compare", "one", "two")
    assert (held["summary"]["adjusted"], held["summary"]["added"]) == (1, 1)
    assert {b["measure"] for b in held["balances"]["to"]} >= {"load", "harm", "residents"}
    assert plan("compare", "one")["summary"]["adjusted"] == 2


def test_a_proposal_is_taken_as_an_ordinary_draft(capsys, plan, edits, store, tmp_path):
    streets = tmp_path / "streets.geojson"
    lines = [[[94.8, 36.405], [95.0, 36.405]]]
    lines += [[[94.9 + k / 400, 36.39], [94.9 + k / 400, 36.42]] for k in range(1, 8) if k != 4]
    streets.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {"type": "Feature", "properties": {"id": f"s{k}", "name": f"s{k}"},
                     "geometry": {"type": "LineString", "coordinates": line}}
                    for k, line in enumerate(lines)
                ],
            }
        )
    )  # fmt: skip
    status, _, err = run(capsys, "import", "streets", streets, "--datum", "wgs84", "--store", store)
    assert status == 0, err
    plan("new", "--name", "one", "--author", "p-1")
    plan("apply", "one", edits(GIVE))
    found = plan(
        "propose", "one", "--area", "W", "--measure", "households", "--take", "best_balance",
        "--author", "p-1", "--name", "even",
    )  # fmt: skip
    assert [one["aim"] for one in found["proposals"]] == [
        "fewest_changes", "best_balance", "most_compact",
    ]  # fmt: skip
    best = found["proposals"][1]
    assert best["after"]["max_deviation"] < best["before"]["max_deviation"]
    assert found["edits"] == found["draft"]["head"] - 1 > 0
    assert plan("check", "even")["publishable"]
    rows = {row["code"]: row["households"] for row in plan("figures", "even")["grids"]}
    assert rows["A1"] + rows["A2"] == 200
    assert max(rows["A1"], rows["A2"]) == best["after"]["largest"]
    three = plan(
        "propose", "one", "--goal", "regroup", "--codes", "A1,A2", "--into", 3,
        "--measure", "households", "--take", "best_balance", "--name", "three",
    )  # fmt: skip
    assert plan("show", "three")["grids"] == 5
    assert plan("check", "three")["publishable"]
    assert {"W001"} <= {row["code"] for row in plan("figures", "three")["grids"]}
    one = plan(
        "propose", "one", "--goal", "regroup", "--codes", "A1,A2", "--into", 1,
        "--measure", "households", "--take", "fewest_changes", "--name", "single",
    )  # fmt: skip
    assert (one["edits"], plan("show", "single")["grids"]) == (1, 3)
    assert three["draft"]["plan"] != one["draft"]["plan"]


def test_new_faults_forbid_publishing(plan, tmp_path):
    plan("new", "--name", "one", "--author", "p-1")
    path = tmp_path / "grids.geojson"
    plan("export", "one", path)
    drawn = gpd.read_file(path)
    wide = drawn.copy()
    wide.loc[wide["grid_code"] == "A1", "geometry"] = shapely.box(94.9, SOUTH, 94.913, NORTH)
    wide.to_file(path, driver="GeoJSON")
    plan("new", "--name", "over", "--from", path, "--code", "grid_code", "--author", "p-1")
    checked = plan("check", "over", status=1)
    assert not checked["publishable"]
    assert checked["faults"]["overlap"] == 1
    assert {tuple(row["codes"]) for row in checked["new"]} == {("A1", "A2")}
    plan("approve", "over", "--by", "p-2")
    out = plan("publish", "over", "--effective", MONDAY, status=1)
    assert (out["published"], out["changed"], out["status"]) == (False, [], "approved")


def test_a_plan_whose_ground_was_published_over_is_refused_and_rebased(plan, edits):
    plan("new", "--name", "mine", "--author", "p-1")
    plan("apply", "mine", edits(SPLIT))
    plan("new", "--name", "theirs", "--author", "p-2")
    plan("apply", "theirs", edits(GIVE))
    plan("approve", "theirs", "--by", "p-1")
    plan("publish", "theirs", "--effective", MONDAY)
    late = plan("apply", "mine", edits(MERGE), status=1)
    assert late["refused"]["code"] == "plan_base_changed"
    assert late["refused"]["fields"]["others"] == ["theirs"]
    assert "theirs" in late["refused"]["sentence"]
    assert set(plan("show", "mine")["changed_since"]) == {"A1", "A2"}
    assert plan("rebase", "mine")["grids"] == 5
    taken = plan("aside", "take", late["refused"]["aside"])
    assert (taken["head"], taken["refused"]) == (2, None)
    assert plan("show", "mine")["changed_since"] == []


def test_the_edits_of_the_page_can_be_read():
    text = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    listed = text.split("```json\n")[1].split("```")[0]
    edits = [from_json({"version": 1, **each}) for each in json.loads(listed)]
    assert len({kind_of(each) for each in edits}) == len(edits) == 9
    keys = text.split("## Boundary plans")[1]
    verbs = set(plans.plan.commands) - {"redo", "reopen", "rebase"}
    assert [verb for verb in verbs if f"plan {verb}" not in keys] == []


def test_control_c_stops_a_search_with_its_best_so_far():
    former = signal.getsignal(signal.SIGINT)
    with plan_proposing.watched() as progress:
        assert progress(0.2)
        os.kill(os.getpid(), signal.SIGINT)
        assert not progress(0.3)
    assert signal.getsignal(signal.SIGINT) is former


def test_bad_input_is_one_sentence(capsys, plan, edits, store, tmp_path):
    plan("new", "--name", "one", "--author", "p-1")
    plan("new", "--name", "twin", "--author", "p-1")
    plan("new", "--name", "twin", "--author", "p-1", "--area", "E")
    broken = tmp_path / "broken.json"
    broken.write_text("{not json")
    yesterday = date.today() - timedelta(days=1)  # noqa: DTZ011 - any day of before
    cases = {
        ("apply", "one", tmp_path / "none.json"): "none.json",
        ("apply", "one", broken): "broken.json",
        ("apply", "one", edits({"kind": "fold"}, name="a.json")): "a.json",
        ("apply", "one", edits({**SPLIT, "line": [[1]]}, name="b.json")): "b.json",
        ("apply", "one", edits([], name="c.json")): "c.json",
        ("apply", "nobody", edits(SPLIT, name="d.json")): "nobody",
        ("show", 99): "99",
        ("show", "twin"): "2, 3",
        ("new", "--name", " "): "",
        ("new",): "--name",
        ("new", "--name", "x", "--from", "2026-13-01"): "2026-13-01",
        ("new", "--name", "x", "--from", tmp_path / "no.geojson"): "no.geojson",
        ("new", "--name", "x", "--area", "Q"): "Q",
        ("new", "--name", "x", "--author", " "): "--author",
        ("undo", "one"): "one",
        ("undo", "one", "--version", 7): "7",
        ("redo", "one"): "one",
        ("aside", "take", 77): "77",
        ("figures", "one", "--weights", "calls=many"): "calls=many",
        ("figures", "one", "--weights", "tea=1"): "tea",
        ("figures", "one", "--weights", "calls=-1"): "-1",
        ("compare", "one", 3): "E",
        ("count", "one", "--on", "never"): "never",
        ("propose", "one", "--goal", "regroup", "--codes", "A1"): "--into",
        ("propose", "one", "--goal", "regroup", "--into", 2): "--codes",
        ("propose", "one", "--codes", "A1,Z9"): "Z9",
        ("approve", "one", "--by", "p-1"): "p-1",
        ("publish", "one", "--effective", MONDAY): "one",
        ("publish", "one", "--effective", "soon"): "soon",
        ("publish", "one"): "--effective",
        ("roll-back", "one"): "one",
        ("export", "one", tmp_path / "x.doc"): "x.doc",
        ("crosswalk", "one", "--out", tmp_path / "x.pdf"): "x.pdf",
        ("impact", "one", "--out", tmp_path / "x.doc"): "x.doc",
    }
    for words, needle in cases.items():
        status, out, err = run(capsys, "plan", *words, "--store", store, "--json")
        assert (status, out) == (2, ""), words
        assert len(err.strip().splitlines()) == 1, err
        assert needle in err, (words, err)
        assert "{" not in err, err
    plan("approve", 1, "--by", "p-2")
    late = ("plan", "publish", 1, "--effective", yesterday, "--store", store)
    status, _, err = run(capsys, *late)
    assert (status, len(err.strip().splitlines())) == (2, 1)
    assert yesterday.isoformat() in err
    assert plan("withdraw", 1, "--by", "p-2", "--reason", "no use")["status"] == "withdrawn"
    assert plan("reopen", 1, "--by", "p-2")["status"] == "draft"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_people_read_sentences(store, plan, edits, language):
    plan("new", "--name", "one", "--author", "p-1")
    plan("apply", "one", edits(GIVE, SPLIT))
    for words, zh, en in (
        (("check", "one"), "可以发布", "can be published"),
        (("impact", "one"), "新增 1 个", "1 added"),
        (("--help",), "网格调整方案", "Boundary plans"),
    ):
        told = subprocess.run(
            [sys.executable, "-m", "dashboard.cli", "plan", *words],
            cwd=ROOT, capture_output=True, text=True, check=True,
            env={
                "PATH": "/usr/bin", "GRIDBEAT_LANG": language, "PYTHONIOENCODING": "utf-8",
                "GRIDBEAT_STORE": str(store),
            },
        )  # fmt: skip
        assert (zh if language == "zh" else en) in told.stdout, words
        assert "{" not in told.stdout
