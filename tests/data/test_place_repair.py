"""A repaired file tiles, keeps features, ids and counts, and says what moved or stayed open."""

import geopandas as gpd
import pytest
from shapely import Polygon, box

from data.errors import ImportRefused
from data.importers.place_columns import PlaceOptions
from data.importers.place_repair import repair_file
from data.importers.places import check_file

STEP = 0.01


def square(column, row, *, narrower=0.0):
    x, y = 97 + column * STEP, 33 + row * STEP
    return box(x, y, x + STEP - narrower, y + STEP)


def grids(*, hole=False):
    """Nine squares; a sliver between the first two, an overlap; a hole where the centre was."""
    shapes, codes = [], []
    for row in range(3):
        for column in range(3):
            if hole and (row, column) == (1, 1):
                continue
            codes.append(f"0{row}{column}")
            shapes.append(square(column, row, narrower=2e-6 if (row, column) == (0, 0) else 0))
    x, y = 97 + 2 * STEP, 33
    shapes[codes.index("002")] = Polygon(
        [(x - 1e-5, y), (x + STEP, y), (x + STEP, y + STEP), (x - 1e-5, y + STEP)]
    )
    return gpd.GeoDataFrame(
        {"code": codes, "households": range(10, 10 + len(codes))}, geometry=shapes, crs="EPSG:4326"
    )


@pytest.mark.parametrize("ending", [".geojson", ".gpkg", ".fgb", ".parquet"])
def test_the_same_features_and_counts_tile(tmp_path, ending):
    path, out = tmp_path / "a.gpkg", tmp_path / f"b{ending}"
    frame = grids()
    frame.to_file(path)
    report = repair_file(path, out, gap_width_m=1.0).as_json()
    assert (report["features"], report["holes_left"]) == (9, 0)
    assert {row["code"] for row in report["moved"]} <= {"000", "001", "002"}
    assert all(row["moved_m2"] > 0 for row in report["moved"])
    change = sum(row["area_after_m2"] - row["area_before_m2"] for row in report["moved"])
    assert report["area_change_m2"] == pytest.approx(change, abs=0.01)
    assert report["sums"] == {"households": {"before": 126.0, "after": 126.0}}
    made = gpd.read_parquet(out) if ending == ".parquet" else gpd.read_file(out)
    assert made["code"].tolist() == frame["code"].tolist()
    assert made["households"].tolist() == frame["households"].tolist()
    assert check_file(out, PlaceOptions(code="code")).as_json()["valid_coverage"]


def test_a_large_hole_stays_and_is_listed(tmp_path):
    path, out = tmp_path / "a.geojson", tmp_path / "b.geojson"
    grids(hole=True).to_file(path)
    report = repair_file(path, out, gap_width_m=50.0).as_json()
    assert (report["features"], report["holes_left"]) == (8, 1)
    assert report["holes"][0]["area_m2"] > 900_000


def test_a_projected_file_stays_in_its_crs(tmp_path):
    path, out = tmp_path / "a.gpkg", tmp_path / "b.gpkg"
    grids().to_crs(4547).to_file(path)
    assert repair_file(path, out).crs == "EPSG:4547"
    assert gpd.read_file(out).crs.to_epsg() == 4547


def test_refusals(tmp_path):
    path = tmp_path / "a.gpkg"
    grids().to_file(path)
    for out, options, code in (
        (path, None, "repair_same_file"),
        (tmp_path / "b.dxf", None, "unknown_file_type"),
        (tmp_path / "b.gpkg", PlaceOptions(code="nowhere"), "unknown_column"),
    ):
        with pytest.raises(ImportRefused) as refusal:
            repair_file(path, out, options)
        assert refusal.value.code == code
    assert [each.name for each in tmp_path.iterdir()] == ["a.gpkg"]


@pytest.mark.shared
def test_made_messes_are_mended(shared_data, tmp_path):
    for name, left in (("ex3", 0), ("ex4", 1), ("ex6", 0), ("ex10_bowtie", 0), ("ex1_yemen", 0)):
        path = shared_data / "messy_coverage" / "mapshaper_clean" / f"{name}.json"
        out = tmp_path / f"{name}.geojson"
        report = repair_file(path, out)
        assert len(report.holes) == left, name
        assert report.moved, name
        faults = check_file(out).as_json()
        assert (faults["overlaps"], faults["invalid"]) == ([], []), name


@pytest.mark.shared
def test_real_counties_hardly_move(shared_data, tmp_path):
    path, out = shared_data / "china_counties" / "counties_cgcs2000.geojson", tmp_path / "b.gpkg"
    report = repair_file(path, out)
    before, after = gpd.read_file(path), gpd.read_file(out)
    assert report.features == len(before) == len(after)
    assert sum(row["moved_m2"] for row in report.moved) < 1e-6 * before.to_crs(3857).area.sum()
