"""The files of the sample towns: the same bytes each time, a true tiling, the promised numbers."""

import csv
import hashlib
import json
import re
from datetime import datetime
from itertools import combinations

import numpy as np
import pytest
import shapely
from pyproj import Geod

from data.privacy import person_number
from data.scenarios import list_scenarios, write_files
from data.scenarios.spec import Plane
from data.vocabulary import CHANNEL_GROUPS, CaseStatus, DisputeKind, HazardKind, IncidentKind

NAMES = ("golmud_hexi", "xining_chengxi", "jilin_integration", "wuhan_baibuting", "yushu_18")
COUNTS = {
    "golmud_hexi": {"county": 1, "subdistrict": 1, "community": 7, "grid": 42, "station": 2},
    "xining_chengxi": {"county": 2, "subdistrict": 2, "community": 12, "grid": 60, "station": 2},
    "jilin_integration": {
        "county": 1, "subdistrict": 5, "community": 51, "grid": 153, "station": 5
    },
    "wuhan_baibuting": {"county": 2, "subdistrict": 3, "community": 3, "grid": 40, "station": 3},
    "yushu_18": {"county": 1, "subdistrict": 4, "community": 18, "grid": 90, "station": 4},
}  # fmt: skip
DIGESTS = {
    "golmud_hexi": "8d0c56c2f0d0ee8091988ebb2bb66c42d8a9008cdec028091b7eb6b0f87c8290",
    "xining_chengxi": "4bd2e60be7baf7b01b2bb812ea82337a441f9646e8c82d6bb30127c3e2e9a9a3",
    "jilin_integration": "73f326209f962dc493c26cc5df8750464003716d6e97bd82f51c3807a18366d9",
    "wuhan_baibuting": "dee54651d98e287fbf214d37698ddb71d149104538f240dfd4fd8546308a6427",
    "yushu_18": "96031a51ff270097e97eb7ce96ed7bc3b89ac70ad25c72e7de7b5d6a923f0762",
}
BANDS = {
    "golmud_hexi": (300, 500), "xining_chengxi": (300, 500), "jilin_integration": (250, 500),
    "wuhan_baibuting": (300, 500), "yushu_18": (120, 400),
}  # fmt: skip
COUNTY_CODES = {
    "golmud_hexi": ("632801",), "xining_chengxi": ("630104", "630103"),
    "jilin_integration": ("220106",), "wuhan_baibuting": ("420102", "420106"),
    "yushu_18": ("632701",),
}  # fmt: skip
TITLE = (
    r"派出所所长|(社区民警|社区警长|物业企业|居民委员会|社区党支部|业主委员会) \d\d|"
    r"社区民警 \d\d-\d|(专职网格员|业主委员会|物业企业|派出所民警|县区局民警|辅警) \d{3}|"
    r"楼栋长 \d{3}-\d"
)


class _Folders:
    """The folder of each scenario, written when a test first asks for it."""

    def __init__(self, written):
        self.written = written

    def __getitem__(self, name):
        return self.written(name)["scenario.json"].parent


@pytest.fixture(scope="session")
def folders(scenario_files):
    return _Folders(scenario_files)


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def shapes(folder, file):
    features = json.loads((folder / file).read_text(encoding="utf-8"))["features"]
    return [(f["properties"], shapely.from_geojson(json.dumps(f["geometry"]))) for f in features]


def table(folder, file):
    with (folder / file).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def level(folder, wanted):
    return shapes(folder, "grids.geojson" if wanted == "grid" else f"places_{wanted}.geojson")


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_all_scenarios_are_listed():
    assert list_scenarios() == (*NAMES, "big")


def test_the_same_bytes_on_every_run(folders, tmp_path):
    """One for all: every scenario is drawn by the same code, and the digests below pin each."""
    write_files("wuhan_baibuting", tmp_path)
    assert digests(tmp_path) == digests(folders["wuhan_baibuting"])


def test_the_same_bytes_as_in_the_release(name, folders):
    """Another Python, processor or hash seed gives the same files.

    A wanted change of a scenario goes with its new digest here and a line in the changelog.
    """
    whole = hashlib.sha256("".join(digests(folders[name]).values()).encode()).hexdigest()
    assert whole == DIGESTS[name]


def test_counts_of_places(name, folders):
    found = {wanted: len(level(folders[name], wanted)) for wanted in COUNTS[name]}
    assert found == COUNTS[name]


def test_grids_tile_their_communities_with_shared_vertices(name, folders):
    grids = level(folders[name], "grid")
    areas = [shape for _, shape in grids]
    assert shapely.coverage_is_valid(areas)
    assert all(shape.geom_type == "Polygon" and shape.is_valid for shape in areas)
    for properties, shape in level(folders[name], "community"):
        own = [area for p, area in grids if p["parent"] == properties["code"]]
        assert shapely.coverage_union_all(own).symmetric_difference(shape).area == 0
        assert sum(area.area for area in own) == pytest.approx(shape.area, rel=1e-12)


@pytest.mark.parametrize(
    ("lower", "upper"), [("community", "subdistrict"), ("community", "station")]
)
def test_upper_levels_are_made_of_communities(name, lower, upper, folders):
    below = [shape for _, shape in level(folders[name], lower)]
    above = [shape for _, shape in level(folders[name], upper)]
    assert shapely.coverage_is_valid(above)
    assert sum(s.area for s in above) == pytest.approx(sum(s.area for s in below), rel=1e-12)


def test_compounds_tile_the_grids_and_carry_their_households(name, folders):
    blocks, grids = shapes(folders[name], "blocks.geojson"), level(folders[name], "grid")
    assert shapely.coverage_is_valid([shape for _, shape in blocks])
    for properties, shape in grids:
        own = [(p, s) for p, s in blocks if p["id"].startswith(properties["code"])]
        assert sum(p["households"] for p, _ in own) == properties["households"]
        assert sum(s.area for _, s in own) == pytest.approx(shape.area, rel=1e-9)


def test_inner_grid_borders_run_along_streets_or_walls(name, folders):
    streets = shapely.union_all([s for _, s in shapes(folders[name], "streets.geojson")])
    near = streets.buffer(3e-6)
    inner = []
    for (_, a), (_, b) in combinations(level(folders[name], "grid"), 2):
        if a.intersects(b):
            inner.append(shapely.line_merge(a.intersection(b)))
    whole = shapely.union_all(inner)
    assert whole.difference(near).length / whole.length < 0.02


def test_households_stay_in_the_band(name, folders):
    low, high = BANDS[name]
    found = [properties["households"] for properties, _ in level(folders[name], "grid")]
    assert low <= min(found)
    assert max(found) <= high
    assert max(found) - min(found) > 0.3 * (high - low)


def test_codes_are_well_formed_and_run_west_to_east(name, folders):
    counties = "|".join(COUNTY_CODES[name])
    for properties, _ in level(folders[name], "community"):
        assert re.fullmatch(rf"({counties})[01][0-9][1-9](0\d\d|1\d\d)", properties["code"])
        assert properties["code"][9:] != "000"
        own = [(p, s) for p, s in level(folders[name], "grid") if p["parent"] == properties["code"]]
        codes = [
            p["code"] for p, _ in sorted(own, key=lambda o: (o[1].centroid.x, -o[1].centroid.y))
        ]
        assert codes == [f"{properties['code']}{i:03d}" for i in range(1, len(own) + 1)]


def test_relocation_communities_lie_apart(folders):
    communities = level(folders["yushu_18"], "community")
    apart = [(p, s) for p, s in communities if p["kind"] == "relocation_community"]
    assert len(apart) == 2
    for properties, shape in apart:
        others = [s for p, s in communities if p["code"] != properties["code"]]
        assert shape.distance(shapely.union_all(others)) * 90_000 > 500
    multipart = [
        s for _, s in level(folders["yushu_18"], "subdistrict") if s.geom_type != "Polygon"
    ]
    assert len(multipart) == 2


def test_the_town_is_no_chessboard(name, folders):
    corners, turned = [], set()
    for _, shape in level(folders[name], "grid"):
        corners.append(len(shape.exterior.simplify(2e-5).coords) - 1)
        box = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
        turned.add(round(float(shapely.Point(box[0]).distance(shapely.Point(box[1]))), 5))
    assert sum(n > 4 for n in corners) > len(corners) / 3
    assert len(turned) > len(corners) / 2


def test_counts_of_events(folders):
    golmud, yushu = folders["golmud_hexi"], folders["yushu_18"]
    assert len(table(golmud, "hazards.csv")) == 120
    assert len(table(golmud, "disputes.csv")) == 60
    assert len(table(golmud, "incidents.csv")) == 300
    assert len(table(yushu, "incidents.csv")) == 379
    assert len([row for row in table(golmud, "officers.csv") if row["id"].startswith("MJ")]) == 7
    assert len([row for row in table(yushu, "officers.csv") if row["id"].startswith("MJ")]) == 18


def test_events_speak_the_vocabulary(name, folders):
    kinds = {"incidents": IncidentKind, "hazards": HazardKind, "disputes": DisputeKind}
    for layer, known in kinds.items():
        rows = table(folders[name], f"{layer}.csv")
        assert {row["kind"] for row in rows} <= {kind.value for kind in known}
        assert {row["channel"] for row in rows} <= set(CHANNEL_GROUPS)
        assert {row["status"] for row in rows} <= {state.value for state in CaseStatus}
        assert len({row["id"] for row in rows}) == len(rows)
        reported = sum(CHANNEL_GROUPS[row["channel"]] == "reported" for row in rows)
        assert (reported > 0.8 * len(rows)) == (layer == "incidents")


def test_times_run_forward_and_stay_in_the_span(name, folders):
    settings = json.loads((folders[name] / "scenario.json").read_text(encoding="utf-8"))
    end = datetime.fromisoformat(settings["scenario_as_of"])
    for layer in ("incidents", "hazards", "disputes"):
        for row in table(folders[name], f"{layer}.csv"):
            begun = datetime.fromisoformat(row["occurred_at"])
            assert begun < end
            if row["closed_at"]:
                assert begun < datetime.fromisoformat(row["closed_at"]) < end
            assert (row["status"] == "closed") == bool(row["closed_at"])


def test_points_lie_in_the_community_that_the_row_states(name, folders):
    communities = {p["code"]: s for p, s in level(folders[name], "community")}
    town = shapely.union_all(list(communities.values()))
    unlocated = outside = 0
    for layer in ("incidents", "hazards", "disputes"):
        for row in table(folders[name], f"{layer}.csv"):
            if not row["lon"]:
                unlocated += 1
                assert row["stated_unit"] in communities
            elif not row["stated_unit"]:
                outside += 1
                assert not town.intersects(shapely.Point(float(row["lon"]), float(row["lat"])))
            else:
                point = shapely.Point(float(row["lon"]), float(row["lat"]))
                assert communities[row["stated_unit"]].contains(point)
    assert (unlocated, outside) == ((6, 3) if name == "golmud_hexi" else (0, 0))


def test_incidents_cluster(name, folders):
    grids = level(folders[name], "grid")
    tree = shapely.STRtree([shape for _, shape in grids])
    rows = table(folders[name], "incidents.csv")
    located = [row for row in rows if row["lon"] and row["stated_unit"]]
    points = [shapely.Point(float(row["lon"]), float(row["lat"])) for row in located]
    hits = [int(tree.query(point, "within")[0]) for point in points]
    busiest = sorted((hits.count(i) for i in range(len(grids))), reverse=True)
    tenth = len(grids) // 10
    assert sum(busiest[:tenth]) > 2 * tenth * len(hits) / len(grids)


def test_some_hazards_are_overdue_and_some_disputes_name_one(name, folders):
    settings = json.loads((folders[name] / "scenario.json").read_text(encoding="utf-8"))
    hazards = {row["id"]: row for row in table(folders[name], "hazards.csv")}
    overdue = [
        row
        for row in hazards.values()
        if not row["closed_at"] and row["due_at"] < settings["scenario_as_of"]
    ]
    late = [row for row in hazards.values() if row["closed_at"] > row["due_at"]]
    assert min(len(overdue), len(late)) >= 5
    rooted = [r for r in table(folders[name], "disputes.csv") if r["root_hazard_ref"]]
    assert len(rooted) >= 4
    for row in (r for r in rooted if not r["id"].startswith("JFGP")):
        root = hazards[row["root_hazard_ref"]]
        assert root["occurred_at"] < row["occurred_at"]
        if row["closed_at"]:
            assert root["closed_at"]
            assert root["closed_at"] < row["closed_at"]


def test_the_plane_is_true_to_scale():
    plane = Plane(94.903, 36.402)
    xy = np.array([[0.0, 0.0], [1_500.0, 0.0], [0.0, 1_500.0]])
    lon, lat = plane.to_lonlat(xy).T
    _, _, far_m = Geod(ellps="GRS80").inv(lon[[0, 0]], lat[[0, 0]], lon[1:], lat[1:])
    assert far_m == pytest.approx([1_500.0, 1_500.0], rel=2e-4)


def test_yushu_rows_give_the_published_figures(folders):
    folder = folders["yushu_18"]
    published = {
        f["measure"]: f for f in json.loads((folder / "published_kpi.json").read_text("utf-8"))
    }
    change = published["incidents_yoy"]
    days = [row["occurred_at"][:10] for row in table(folder, "incidents.csv")]
    current = sum(change["since"] <= day < change["until"] for day in days)
    previous = sum("2021-06-16" <= day < "2022-06-16" for day in days)
    assert (previous, current) == (300, 79)
    assert f"{100 * (current - previous) / previous:.2f}" == "-73.67"
    assert change["value"] == pytest.approx((current - previous) / previous)
    assert (round(change["low"], 4), round(change["high"], 4)) == (-0.7945, -0.6626)
    cases = [r for r in table(folder, "incidents.csv") if r["kind"] == "20"]
    assert sum(row["occurred_at"] >= change["since"] for row in cases) == 29
    disputes = table(folder, "disputes.csv")
    assert sum(row["status"] == "closed" and row["outcome"] == "resolved" for row in disputes) == 77


def test_declared_figures_are_those_without_rows(name, folders):
    folder = folders[name]
    published = json.loads((folder / "published_kpi.json").read_text("utf-8"))
    declared = json.loads((folder / "declared_figures.json").read_text("utf-8"))
    wanted = {(f["measure"], f["scope"]) for f in published if f["source"] == "declared"}
    assert {(f["measure"], f["scope"]) for f in declared} == wanted
    invented = {f["scope"] for f in declared if "demo" in f["source"]}
    assert invented == {f["scope"] for f in published if f["is_sample"] and f["scope"] != "all"}
    if name == "yushu_18":
        assert [f["measure"] for f in declared] == ["difficulties_solved"]


def test_staff_of_golmud_shows_the_edge_cases(folders):
    folder = folders["golmud_hexi"]
    appointments = table(folder, "appointments.csv")
    seats = [row for row in appointments if row["position"] == "deputy_secretary"]
    assert len({row["place"] for row in seats}) == len({row["officer"] for row in seats}) == 7
    led = {row["place"] for row in appointments if row["position"] == "building_leader"}
    assert len({p["code"] for p, _ in level(folder, "grid")} - led) == 3
    absences = [row for row in table(folder, "officers.csv") if row["leave_since"]]
    assert [bool(row["leave_until"]) for row in absences] == [True, False]
    substitutes = [row for row in appointments if row["substitutes"]]
    assert len(substitutes) == 1
    assert (substitutes[0]["since"], substitutes[0]["until"]) == (
        absences[0]["leave_since"],
        absences[0]["leave_until"],
    )


def test_no_person_in_any_file(name, folders):
    for path in sorted(folders[name].glob("*.csv")):
        for row in table(folders[name], path.name):
            assert not [cell for cell in row.values() if person_number(cell)], path.name
    titles = [row["title"] for row in table(folders[name], "officers.csv")]
    assert not [title for title in titles if not re.fullmatch(TITLE, title)]
