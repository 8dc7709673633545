import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from geo.densify import densify_shared
from geo.errors import CrsError, FrameError

WUHAN = (500_000.0, 3_380_000.0)


def frame(*shapes, crs="EPSG:4547"):
    codes = [f"G{k}" for k in range(len(shapes))]
    return gpd.GeoDataFrame({"grid_code": codes}, geometry=list(shapes), crs=crs)


def rectangle(west, south, east, north):
    x, y = WUHAN
    return box(x + west, y + south, x + east, y + north)


def departure_m(stored, projected):
    """How far stored borders leave the projected ones, by points put along each stored edge."""
    worst = 0.0
    for lonlat, metric in zip(stored.geometry, projected.geometry, strict=True):
        close = shapely.segmentize(lonlat.boundary, 0.002)
        back = gpd.GeoSeries([close], crs="EPSG:4326").to_crs(projected.crs)
        steps = shapely.points(shapely.get_coordinates(back.to_numpy()))
        worst = max(worst, shapely.distance(steps, metric.boundary).max())
    return worst


def is_tiling(result):
    return shapely.coverage_is_valid(result.geometry.to_numpy())


def test_long_edges_stay_within_a_centimetre_and_fit_together():
    grids = frame(rectangle(0, 0, 40_000, 30_000), rectangle(40_000, 0, 70_000, 30_000))
    assert departure_m(grids.to_crs("EPSG:4326"), grids) > 1.0  # vertices alone would not do
    result = densify_shared(grids)
    assert departure_m(result.frame, grids) < 0.01
    assert 0.0 < result.max_shift_m < 0.01
    assert result.vertices_added > 50
    assert is_tiling(result.frame)
    assert result.frame.crs.to_epsg() == 4326
    assert grids.crs.to_epsg() == 4547


def test_shared_edges_are_counted_once_and_are_the_same_bit_for_bit():
    grids = frame(rectangle(0, 0, 40_000, 30_000), rectangle(40_000, 0, 70_000, 30_000))
    apart = [densify_shared(grids.iloc[[k]]) for k in (0, 1)]
    together = densify_shared(grids)
    assert together.vertices_added < sum(one.vertices_added for one in apart)
    corners = [
        {tuple(xy) for xy in shapely.get_coordinates(shape).tolist()}
        for shape in together.frame.geometry
    ]
    shared = corners[0] & corners[1]
    new = sum(len(own) for own in corners) - len(shared) - 6
    assert new == together.vertices_added
    assert len(shared) > 2  # more than the two corners


def test_a_corner_on_the_neighbours_edge_becomes_its_corner():
    grids = frame(
        rectangle(0, 0, 40_000, 40_000),
        rectangle(40_000, 0, 60_000, 20_000),
        rectangle(40_000, 20_000, 60_000, 40_000),
    )
    assert not is_tiling(grids)
    assert is_tiling(densify_shared(grids).frame)


def test_tolerance_is_kept():
    grids = frame(rectangle(0, 0, 60_000, 60_000))
    rough, fine = densify_shared(grids, tolerance_m=1.0), densify_shared(grids, tolerance_m=0.001)
    assert rough.vertices_added < fine.vertices_added
    assert rough.max_shift_m < 1.0
    assert fine.max_shift_m < 0.001


def test_small_grids_need_nothing():
    grids = frame(rectangle(0, 0, 300, 300), rectangle(300, 0, 600, 300))
    result = densify_shared(grids)
    assert result.vertices_added == 0
    assert result.max_shift_m < 0.01
    assert shapely.get_num_coordinates(result.frame.geometry.to_numpy()).tolist() == [5, 5]


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490"])
def test_degrees_come_back_unchanged(crs):
    grids = frame(box(114, 30, 115, 31), crs=crs)
    result = densify_shared(grids)
    assert (result.vertices_added, result.max_shift_m) == (0, 0.0)
    assert result.frame.crs.to_epsg() == 4326
    assert result.frame.geometry[0].equals_exact(grids.geometry[0], 0.0)


def test_parts_holes_attributes_and_missing_shapes_are_kept():
    holed = rectangle(0, 0, 30_000, 30_000).difference(rectangle(9_000, 9_000, 21_000, 21_000))
    several = MultiPolygon([rectangle(40_000, 0, 60_000, 9_000), rectangle(70_000, 0, 99_000, 9)])
    grids = frame(holed, None, several, Polygon()).set_index(np.array([7, 3, 5, 1]))
    result = densify_shared(grids.assign(note=list("abcd"))).frame
    assert result.index.tolist() == [7, 3, 5, 1]
    assert result["note"].tolist() == list("abcd")
    assert result.geometry[3] is None
    assert result.geometry[1].is_empty
    assert len(result.geometry[7].interiors) == 1
    assert result.geometry[5].geom_type == "MultiPolygon"
    assert result.is_valid.tolist() == [True, False, True, True]


def test_only_missing_shapes():
    result = densify_shared(frame(None))
    assert result.frame.crs.to_epsg() == 4326


def test_refusals():
    with pytest.raises(CrsError):
        densify_shared(frame(rectangle(0, 0, 1, 1), crs=None))
    with pytest.raises(FrameError):
        densify_shared(frame(shapely.Point(1, 1)))


@pytest.mark.shared
def test_nottingham_from_the_british_grid(shared_data):
    wards = gpd.read_file(shared_data / "nottingham_burglary" / "wards.gpkg").to_crs("EPSG:27700")
    result = densify_shared(wards)
    assert is_tiling(result.frame)
    assert 0 < result.vertices_added < 100
    assert departure_m(result.frame, wards) < 0.01
