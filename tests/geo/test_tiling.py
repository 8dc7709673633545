import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry import shape

from geo.errors import CrsError, FrameError, TilingError
from geo.tiling import FaultKind, find_faults, repair
from tests.strategies import tilings


def metres(*shapes, codes=None):
    codes = codes or [f"G{k}" for k in range(len(shapes))]
    return gpd.GeoDataFrame({"grid_code": codes}, geometry=list(shapes), crs="EPSG:4547")


def degrees(*shapes):
    """Lay metric test shapes near Wuhan, in degrees."""
    laid = shapely.transform(list(shapes), lambda xy: xy + np.array([529_000.0, 3_385_000.0]))
    return metres(*laid).to_crs("EPSG:4326")


def found(faults):
    return {kind: n for kind, n in faults.counts().items() if n}


SQUARES = [box(0, 0, 100, 100), box(100, 0, 200, 100), box(0, 100, 100, 200)]


def test_a_sound_tiling_has_no_faults():
    for grids in (metres(*SQUARES), degrees(*SQUARES)):
        faults = find_faults(grids)
        assert found(faults) == {}
        assert faults.is_valid_coverage
        assert set(faults.counts()) == {kind.value for kind in FaultKind}
        assert faults.frame.crs == grids.crs


def test_overlap_names_both_and_measures_square_metres_in_degrees_too():
    shapes = [box(0, 0, 100, 100), box(90, 0, 200, 100)]
    for grids in (metres(*shapes), degrees(*shapes)):
        faults = find_faults(grids)
        assert found(faults) == {"overlap": 1}
        row = faults.frame.iloc[0]
        assert (row["grid_code"], row["other_code"], row["codes"]) == ("G0", "G1", ("G0", "G1"))
        assert row["area_m2"] == pytest.approx(1_000, rel=1e-4)
        assert row.geometry.area == pytest.approx(
            grids.geometry[0].intersection(grids.geometry[1]).area
        )
        assert not faults.is_valid_coverage


def test_gap_names_all_its_neighbours():
    frame = box(0, 0, 300, 300).difference(box(100, 100, 200, 200))
    shapes = [frame.intersection(box(0, 0, 150, 300)), frame.intersection(box(150, 0, 300, 300))]
    faults = find_faults(degrees(*shapes))
    assert found(faults) == {"gap": 1}
    assert faults.frame["codes"][0] == ("G0", "G1")
    assert faults.frame["area_m2"][0] == pytest.approx(10_000, rel=1e-4)


def test_an_island_grid_in_a_hole_leaves_the_rest_of_the_hole():
    around = box(0, 0, 300, 300).difference(box(100, 100, 200, 200))
    faults = find_faults(metres(around, box(120, 120, 180, 180)))
    assert found(faults) == {"gap": 1}
    assert faults.frame["area_m2"][0] == pytest.approx(10_000 - 3_600)


def test_thin_gaps_and_overlaps_are_slivers_with_their_width():
    shapes = [box(0, 0, 100, 100), box(100.3, 0, 200, 100), box(199.6, 0, 300, 100)]
    faults = find_faults(degrees(*shapes))
    assert found(faults) == {"sliver": 2}
    by_detail = faults.frame.set_index("detail")
    assert by_detail["width_m"]["open_gap"] == pytest.approx(0.3, rel=0.01)
    assert by_detail["codes"]["open_gap"] == ("G0", "G1")
    assert by_detail["width_m"]["overlap"] == pytest.approx(0.4, rel=0.01)
    assert found(find_faults(degrees(*shapes), sliver_width_m=0.1)) == {"overlap": 1}


def test_smaller_than_stated_is_not_listed():
    grids = metres(box(0, 0, 100, 100), box(99.9, 0, 200, 100))
    assert found(find_faults(grids, min_area_m2=9)) == {"sliver": 1}
    assert found(find_faults(grids, min_area_m2=11)) == {}


def test_bad_shapes_are_listed_and_never_raise():
    bow_tie = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    grids = metres(
        bow_tie,
        None,
        Polygon(),
        MultiPolygon([box(300, 0, 400, 100), box(500, 0, 600, 100)]),
        LineString([(0, 0), (1, 1)]),
        Point(1, 1),
        GeometryCollection([box(0, 300, 1, 301)]),
        Polygon([(700, 0), (700, 0), (700, 0), (700, 0)]),
    )
    faults = find_faults(grids)
    assert found(faults) == {"invalid": 5, "empty": 2, "multipart": 1}
    invalid = faults.of_kind(FaultKind.INVALID).set_index("grid_code")
    assert invalid["detail"]["G0"] == "self_intersection"
    assert invalid.geometry["G0"].equals(Point(50, 50))
    assert invalid["detail"][["G4", "G5", "G6"]].tolist() == ["not_a_polygon"] * 3
    empty = faults.of_kind(FaultKind.EMPTY).set_index("grid_code")
    assert empty["detail"].to_dict() == {"G1": "missing", "G2": "empty"}
    assert faults.of_kind(FaultKind.MULTIPART)["detail"].tolist() == ["2"]


def test_coordinates_that_are_no_numbers_are_invalid():
    lost = shapely.set_coordinates(box(0, 0, 1, 1), [(0, 0), (np.nan, 1), (1, 1), (1, 0), (0, 0)])
    assert found(find_faults(metres(lost, box(0, 0, 100, 100)))) == {"invalid": 1}


def test_nothing_at_all():
    assert find_faults(metres()).is_valid_coverage
    assert found(find_faults(metres(None))) == {"empty": 1}


def test_duplicate_codes_and_doubled_grids():
    grids = metres(*SQUARES, SQUARES[0], codes=["a", "b", "c", "a"])
    faults = find_faults(grids)
    assert found(faults) == {"duplicate_code": 1, "overlap": 1}
    assert faults.of_kind(FaultKind.DUPLICATE_CODE)["detail"].tolist() == ["2"]
    assert faults.of_kind(FaultKind.OVERLAP)["codes"].tolist() == [("a", "a")]


def test_outside_parent():
    parents = metres(box(0, 0, 150, 200), box(150, 0, 300, 200)).rename(
        columns={"grid_code": "code"}
    )
    grids = metres(*SQUARES)
    grids["parent_code"] = ["G0", "G0", "elsewhere"]
    outside = find_faults(grids, parents=parents).of_kind(FaultKind.OUTSIDE_PARENT)
    rows = outside.set_index("grid_code")
    assert rows["area_m2"].to_dict() == pytest.approx({"G1": 5_000, "G2": 10_000})
    assert rows["other_code"].to_dict() == {"G1": "G0", "G2": "elsewhere"}
    assert rows["detail"].to_dict() == {"G1": "outside", "G2": "parent_unknown"}
    together = find_faults(grids.drop(columns="parent_code"), parents=parents)
    assert found(together) == {}
    assert find_faults(grids, parents=parents).is_valid_coverage


def test_refusals():
    with pytest.raises(CrsError):
        find_faults(metres(*SQUARES).set_crs(None, allow_override=True))
    with pytest.raises(CrsError):
        find_faults(
            metres(*SQUARES),
            parents=degrees(*SQUARES).rename(columns={"grid_code": "code"}),
        )
    with pytest.raises(FrameError):
        find_faults(metres(*SQUARES).drop(columns="grid_code"))


@settings(max_examples=20, deadline=None)
@given(grids=tilings())
def test_drawn_tilings_are_sound_and_repair_leaves_them_alone(grids):
    assert find_faults(grids, min_area_m2=0.01).is_valid_coverage
    repaired = repair(grids)
    assert repaired.moved.empty
    assert repaired.frame.geometry.normalize().equals(grids.geometry.normalize())


@settings(max_examples=20, deadline=None)
@given(grids=tilings())
def test_repair_of_a_grown_grid_gives_a_sound_tiling(grids):
    west, south, east, north = grids.geometry[0].bounds
    patch = box(west, south, west + 1.2 * (east - west), south + 1.2 * (north - south))
    grids.loc[0, "geometry"] = grids.geometry[0].union(patch)
    repaired = repair(grids, gap_width_m=0.5)
    faults = find_faults(repaired.frame, min_area_m2=0.01)
    assert faults.counts()["overlap"] == faults.counts()["invalid"] == 0
    assert shapely.coverage_is_valid(repaired.frame.geometry.to_numpy())
    before = grids.union_all().area
    after = shapely.area(repaired.frame.geometry.to_numpy()).sum()
    assert after == pytest.approx(before, rel=1e-6)


def test_repair_reports_what_moved_and_keeps_rows_ids_and_attributes():
    grids = degrees(box(0, 0, 100, 100), box(90, 0, 200, 100), box(200.4, 0, 300, 100))
    grids = grids.assign(households=[1, 2, 3]).set_index(np.array([30, 10, 20]))
    repaired = repair(grids)
    frame = repaired.frame
    assert frame.index.tolist() == [30, 10, 20]
    assert frame["households"].tolist() == [1, 2, 3]
    assert frame["grid_code"].tolist() == ["G0", "G1", "G2"]
    assert find_faults(frame, min_area_m2=0.01).is_valid_coverage
    moved = repaired.moved
    lost = moved["area_after_m2"] - moved["area_before_m2"]
    assert lost.sum() == pytest.approx(-1_000 + 40, rel=1e-3)
    assert moved["moved_m2"].sum() == pytest.approx(1_040, rel=1e-3)
    assert found(find_faults(grids)) == {"overlap": 1, "sliver": 1}  # the input is untouched
    corner = shapely.get_coordinates(grids.geometry[30])[0].tolist()
    assert corner in shapely.get_coordinates(frame.geometry[30]).tolist()  # bit for bit


def test_repair_never_fills_a_large_hole():
    around = box(0, 0, 300, 300).difference(box(100, 100, 200, 200))
    repaired = repair(degrees(around), gap_width_m=5)
    assert repaired.holes_left == 1
    assert repaired.holes["area_m2"][0] == pytest.approx(10_000, rel=1e-4)
    assert repaired.moved.empty


def test_repair_shows_a_grid_that_vanished():
    repaired = repair(metres(SQUARES[0], SQUARES[0], SQUARES[1]))
    gone = repaired.moved[repaired.moved["area_after_m2"] == 0.0]
    assert len(gone) == 1
    assert len(repaired.frame) == 3


def test_repair_refuses_doubled_codes_and_lines():
    with pytest.raises(TilingError) as refused:
        repair(metres(*SQUARES, codes=["a", "b", "a"]))
    assert refused.value.fields == {"codes": ["a"]}
    with pytest.raises(FrameError):
        repair(metres(LineString([(0, 0), (1, 1)])))


def shapes_of(path):
    content = json.loads(path.read_text())
    if content["type"] == "FeatureCollection":
        content = [feature["geometry"] for feature in content["features"]]
    elif content["type"] == "GeometryCollection":
        content = content["geometries"]
    else:
        content = [content]
    return [shape(one) for one in content]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ex1_yemen.json", {}),
        ("ex3.json", {"overlap": 3}),
        ("ex4.json", {"gap": 1, "overlap": 1}),
        ("ex6.json", {"overlap": 1}),
        ("ex7_britain.json", {"sliver": 5}),
        ("ex10_bowtie.json", {"invalid": 1, "overlap": 1}),
        ("ex12_ogc.geojson", {"invalid": 1, "multipart": 1}),
        ("ex14_ogc.json", {"invalid": 1, "multipart": 1}),
        ("ex15_ogc.json", {"invalid": 1}),
        ("ex16_ogc.json", {"gap": 1}),
        ("ex17_ogc.json", {"invalid": 1}),
        ("ex18_ogc.json", {"invalid": 1}),
        ("ex19_ogc.json", {"invalid": 1}),
        ("ex20_ogc_line.json", {"invalid": 1}),
        ("ex21_crossed_lines.json", {"invalid": 2}),
    ],
)
def test_messy_files_are_listed_right(shared_data, name, expected):
    grids = metres(*shapes_of(shared_data / "messy_coverage" / "mapshaper_clean" / name))
    faults = find_faults(grids, min_area_m2=1e-9, sliver_width_m=1e-3)
    assert found(faults) == expected


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "areas", "covered_twice"),
    [("ex6", [1.0], 1.0), ("ex4", [0.22], 0.22), ("ex3", [0.22, 0.19, 0.19], 0.58)],
)
def test_messy_files_overlap_by_the_known_area(shared_data, name, areas, covered_twice):
    path = shared_data / "messy_coverage" / "mapshaper_clean" / f"{name}.json"
    shapes = shapes_of(path)
    faults = find_faults(metres(*shapes), min_area_m2=0, sliver_width_m=0)
    overlaps = faults.of_kind(FaultKind.OVERLAP)
    assert overlaps["area_m2"].tolist() == pytest.approx(areas)
    thrice = shapely.intersection_all(shapes).area if len(shapes) > 2 else 0.0
    assert overlaps["area_m2"].sum() - thrice == pytest.approx(covered_twice)


def jts(shared_data, group):
    path = shared_data / "messy_coverage" / "jts_coverage_cases.json"
    for case in json.loads(path.read_text())[group]:
        text = case["input"]
        shapes = shapely.from_wkt(text) if isinstance(text, list) else [shapely.from_wkt(text)]
        if not isinstance(text, list):
            shapes = shapely.get_parts(shapes)
        yield case, metres(*shapes)


@pytest.mark.shared
def test_jts_validator_cases(shared_data):
    kinds = {}
    for case, grids in jts(shared_data, "validator"):
        width_m = case["gap_width"] or 0.5
        kinds[case["name"]] = found(find_faults(grids, min_area_m2=1e-9, sliver_width_m=width_m))
    assert kinds == {
        "testCollinearUnmatchedEdge": {},  # no area is wrong: vertices alone do not match
        "testOverlappingSquares": {"overlap": 1},
        "testFullyCoveredTriangles": {"overlap": 2},
        "testGap": {"sliver": 1},
        "testGapDisjoint": {"sliver": 1},
        "testGore": {"sliver": 1},
    }


@pytest.mark.shared
def test_jts_cases_are_sound_after_repair(shared_data):
    for group in ("validator", "cleaner"):
        for case, grids in jts(shared_data, group):
            repaired = repair(grids, gap_width_m=0.5).frame
            assert shapely.coverage_is_valid(repaired.geometry.to_numpy()), case["name"]
            assert len(repaired) == len(grids)
            if case["name"] == "testCoverageWithEmpty":
                parts = shapely.get_parts(shapely.from_wkt(case["expected"]))
                expected = gpd.GeoSeries(parts, crs=grids.crs)
                assert repaired.geometry.normalize().geom_equals(expected.normalize()).all()


@pytest.mark.shared
def test_memphis_has_one_bad_ring_and_repairs(shared_data):
    precincts = gpd.read_file(shared_data / "memphis" / "precincts.gpkg")
    precincts = precincts.rename(columns={"precinct": "grid_code"})
    faults = find_faults(precincts)
    invalid = faults.of_kind(FaultKind.INVALID)
    assert invalid["grid_code"].tolist() == ["Appling Farms"]
    assert invalid.geometry.iloc[0].geom_type == "Point"
    repaired = repair(precincts)
    assert repaired.frame.is_valid.all()
    assert repaired.frame["grid_code"].tolist() == precincts["grid_code"].tolist()
    assert repaired.moved["moved_m2"].max() < 10
    left = find_faults(repaired.frame)
    assert found(left) == {"gap": 1}  # an enclave of 8 square kilometres stays
    assert repaired.holes["area_m2"].tolist() == pytest.approx(
        left.of_kind(FaultKind.GAP)["area_m2"].tolist(), rel=1e-3
    )


@pytest.mark.shared
def test_nottingham_wards_tile(shared_data):
    wards = gpd.read_file(shared_data / "nottingham_burglary" / "wards.gpkg")
    faults = find_faults(wards.rename(columns={"ward_code": "grid_code"}))
    assert faults.is_valid_coverage
    assert isinstance(faults.frame, pd.DataFrame)
