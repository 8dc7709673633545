"""Messy coverages on the page's way and by command: proposed, accepted, applied, begun as a plan.

Large holes are never filled silently, and counts keep their sum to the last household.
"""

import json
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from dashboard.actions import plans as acts
from dashboard.actions import repairs, uploads
from dashboard.actions.imports import ImportKind, Plan
from dashboard.cli import main
from dashboard.viewmodels.repairs import all_of_kind, build_view, decisions_of
from data.database import Database
from data.errors import ImportRefused
from data.importers.place_columns import PlaceOptions
from data.importers.place_decisions import decide
from data.importers.plan_files import read_plan_file
from data.planning.opening import open_plan
from data.planning.publishing import check_plan
from data.viewer import LOCAL_STEWARD
from geo.repairs import RepairAction, Verdict
from tests.dashboard import tiny_town

pytestmark = pytest.mark.shared
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
NAMES = (
    "ex1_yemen.json", "ex3.json", "ex4.json", "ex6.json", "ex7_britain.json", "ex10_bowtie.json",
    "ex12_ogc.geojson", "ex14_ogc.json", "ex15_ogc.json", "ex16_ogc.json", "ex17_ogc.json",
    "ex18_ogc.json", "ex19_ogc.json", "ex20_ogc_line.json", "ex21_crossed_lines.json",
)  # fmt: skip
LINES = {"ex20_ogc_line.json", "ex21_crossed_lines.json"}
HOLES = {"ex4.json": 1, "ex16_ogc.json": 1}
"""Files with a hole that is too large to be a slip of the pen."""
PLAN = Plan(ImportKind.GRIDS, mapping={"code": "code", "households": "hh"})
OPTIONS = PlaceOptions(code="code", mapping={"households": "hh"})


def shapes_of(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    if content["type"] == "FeatureCollection":
        return [shape(feature["geometry"]) for feature in content["features"]]
    listed = content["geometries"] if content["type"] == "GeometryCollection" else [content]
    return [shape(one) for one in listed]


def jts_cases(folder):
    content = json.loads((folder / "jts_coverage_cases.json").read_text(encoding="utf-8"))
    for group in content.values():
        for case in group if isinstance(group, list) else ():
            told = shapely.from_wkt(case["input"])
            yield case["name"], shapely.get_parts(told) if isinstance(case["input"], str) else told


def coded(path, shapes, crs):
    """The same shapes with codes and households; metres are laid somewhere in their zone."""
    rows = {"code": [f"G{k}" for k in range(len(shapes))], "hh": range(101, 101 + len(shapes))}
    if crs == "EPSG:4547":
        shift = np.array([529_000.0, 3_385_000.0])
        shapes = [shapely.transform(one, lambda xy: xy + shift) for one in shapes]
    gpd.GeoDataFrame(rows, geometry=list(shapes), crs=crs).to_file(path)
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    database = tiny_town.build(tmp_path_factory.mktemp("messy"))
    yield database
    database.dispose()


@pytest.fixture(params=NAMES)
def messy(request, shared_data, tmp_path):
    shapes = shapes_of(shared_data / "messy_coverage" / "mapshaper_clean" / request.param)
    crs = "EPSG:27700" if "britain" in request.param else "EPSG:4326"
    return request.param, coded(tmp_path / "messy.gpkg", shapes, crs)


def accepted(view):
    told = {}
    for one in view.proposals:
        told = all_of_kind(told, view.proposals, one.kind.value, Verdict.ACCEPT.value)
    return told


def repaired(path):
    """Walk the page's way: look, accept all of each kind, take the repaired file."""
    with path.open("rb") as stream:
        upload = uploads.keep_upload(path.name, stream)
    assert repairs.can_repair(upload.path, PLAN)
    view = build_view(repairs.propose(upload.path, PLAN))
    outcome = decide(view.found, decisions_of(accepted(view)))
    return view, outcome, repairs.repaired_upload(upload, view.found, outcome)


def assert_holes_stay(view, outcome):
    """What was called a large hole is open afterwards: no grid has a point of its middle."""
    holes = [one for one in view.proposals if one.why == "large_hole"]
    assert all(one.action is RepairAction.LEAVE for one in holes)
    after = outcome.frame.geometry.to_numpy()
    for one in holes:
        middle = shapely.point_on_surface(one.geometry)
        assert not shapely.intersects(after, middle).any()
    return len(holes)


def begun(store, path, name):
    """Begin a draft with a file; give the opened plan, its check and what was left out."""
    with store.read() as session:
        file = read_plan_file(session, LOCAL_STEWARD, path, OPTIONS)
    made = acts.begin(store, LOCAL_STEWARD, acts.NewPlan(name, file=file), NOW)
    with store.read() as session:
        opened = open_plan(session, LOCAL_STEWARD, made.id)
        return opened, check_plan(session, LOCAL_STEWARD, opened), file


def test_every_messy_file_goes_the_pages_way(store, messy):
    name, path = messy
    total = int(gpd.read_file(path)["hh"].sum())
    view, outcome, upload = repaired(path)
    assert set(outcome.failed.values()) <= {"nothing_left"}  # gone with the repair of another fault
    assert assert_holes_stay(view, outcome) == HOLES.get(name, 0)
    before, after = outcome.sums["households"]
    assert before == after == total
    after = gpd.read_file(upload.path)
    assert int(after["hh"].sum()) == total
    assert after["code"].tolist() == gpd.read_file(path)["code"].tolist()
    if name in LINES:
        with pytest.raises(ImportRefused, match="plan_file_no_rows"):
            begun(store, upload.path, name)
        return
    opened, check, file = begun(store, upload.path, name)
    assert sum(opened.tiling.counts["households"].values()) == total
    assert file.rejections == ()
    kinds = set(check.new["kind"])
    assert not kinds & {"overlap", "invalid", "sliver", "duplicate"}, kinds


def test_a_messy_file_can_be_begun_as_it_is_and_its_faults_forbid_publishing(store, messy):
    """Who refuses every repair still gets a draft; the check lists what is wrong with it."""
    name, path = messy
    if name in LINES:
        with pytest.raises(ImportRefused, match="plan_file_no_rows"):
            begun(store, path, name)
        return
    opened, check, _ = begun(store, path, f"raw {name}")
    assert len(opened.tiling) == len(gpd.read_file(path))
    view = build_view(repairs.propose(path, PLAN))
    listed = {one.kind.value for one in view.proposals} - {"multipart", "outside_parent"}
    assert listed <= set(check.faults.frame["kind"])
    if listed:
        assert not check.is_publishable


def test_the_jts_cases_go_the_pages_way(store, shared_data, tmp_path):
    seen = []
    for name, shapes in jts_cases(shared_data / "messy_coverage"):
        path = coded(tmp_path / f"{name}.gpkg", shapes, "EPSG:4547")
        total = int(gpd.read_file(path)["hh"].sum())
        view, outcome, upload = repaired(path)
        assert_holes_stay(view, outcome)
        assert outcome.sums["households"] == (total, total)
        opened, check, file = begun(store, upload.path, name)
        left = sum(int(gpd.read_file(upload.path)["hh"][r.line - 1]) for r in file.rejections)
        assert sum(opened.tiling.counts["households"].values()) == total - left
        assert {row.reason for row in file.rejections} <= {"empty_geometry"}
        assert "invalid" not in set(check.new["kind"])
        seen.append(name)
    assert len(seen) == 10


def run(*words):
    with pytest.raises(SystemExit) as done:
        main([str(word) for word in words])
    return done.value.code or 0


def test_every_messy_file_goes_the_commands_way(store, messy, tmp_path, capsys):
    name, path = messy
    total = int(gpd.read_file(path)["hh"].sum())
    proposals, out = tmp_path / "decide.json", tmp_path / "mended.gpkg"
    assert run("repair", "grids", path, "--code", "code", "--propose", proposals) == 0
    document = json.loads(proposals.read_text(encoding="utf-8"))
    document["kinds"] = {one["kind"]: "accept" for one in document["proposals"]}
    proposals.write_text(json.dumps(document), encoding="utf-8")
    capsys.readouterr()
    asked = ("repair", "grids", path, out, "--code", "code", "--decide", proposals, "--json")
    assert run(*asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["holes_left"] == HOLES.get(name, 0)
    assert told["sums"]["hh"] == {"before": total, "after": total}
    status = run("plan", "new", "--name", f"by command {name}", "--from", out, "--code", "code",
                 "--map", "households=hh", "--store", store.path, "--json")  # fmt: skip
    said = capsys.readouterr()
    if name in LINES:
        assert status != 0
        assert len(said.err.strip().splitlines()) == 1
        return
    assert status == 0, said.err
    made = json.loads(said.out)
    assert made["grids"] == len(gpd.read_file(path))
    with Database(str(store.path)).read() as session:
        tiling = open_plan(session, LOCAL_STEWARD, made["plan"]).tiling
    assert sum(tiling.counts["households"].values()) == total
