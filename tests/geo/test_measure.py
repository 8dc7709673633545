import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point, Polygon, box

from geo.errors import CrsError
from geo.measure import area_m2, distance_m, is_wide, length_m, lonlat_distance_m
from tests.strategies import jittered_tiling


def frame(*shapes, crs="EPSG:4326", index=None):
    return gpd.GeoDataFrame(geometry=list(shapes), crs=crs, index=index)


def metric_square(side_m):
    return frame(box(500_000, 3_380_000, 500_000 + side_m, 3_380_000 + side_m), crs="EPSG:4547")


def test_a_square_of_metres_stays_one_in_degrees():
    square = metric_square(300).to_crs("EPSG:4326")
    assert area_m2(square)[0] == pytest.approx(90_000, rel=1e-6)
    assert length_m(square)[0] == pytest.approx(1_200, rel=1e-6)


def test_parts_add_up_to_their_whole():
    grids = jittered_tiling(1, 4, 4, side=0.2)
    whole = frame(grids.union_all())
    assert area_m2(grids).sum() == pytest.approx(area_m2(whole)[0], rel=1e-12)


def test_area_agrees_with_the_ellipsoid_and_wide_frames_use_it():
    near = frame(box(113.9, 30.4, 114.1, 30.6))
    far = frame(box(113.9, 30.4, 114.1, 30.6), box(80, 30, 81, 31))
    assert not is_wide(near)
    assert is_wide(far)
    assert area_m2(near)[0] == pytest.approx(area_m2(far)[0], rel=5e-4)
    assert length_m(near)[0] == pytest.approx(length_m(far)[0], rel=5e-4)


def test_ring_direction_and_holes_do_not_matter_on_the_ellipsoid():
    shape = box(80, 30, 90, 31).difference(box(83, 30.2, 86, 30.8))
    turned = Polygon(shape.exterior.reverse(), [ring.reverse() for ring in shape.interiors])
    assert area_m2(frame(shape))[0] == pytest.approx(area_m2(frame(turned))[0])
    assert area_m2(frame(shape))[0] < area_m2(frame(box(80, 30, 90, 31)))[0]


def test_missing_and_empty_shapes_measure_zero():
    blank = frame(None, Polygon(), index=["p", "q"])
    assert area_m2(blank).to_dict() == {"p": 0.0, "q": 0.0}
    assert length_m(blank).tolist() == [0.0, 0.0]
    mixed = frame(None, box(114, 30, 114.01, 30.01))
    assert area_m2(mixed)[0] == 0.0
    assert area_m2(mixed)[1] > 1e6
    wide = frame(None, box(80, 30, 90, 31))
    assert area_m2(wide)[0] == length_m(wide)[0] == 0.0


def test_no_crs_is_refused():
    for measure in (area_m2, length_m):
        with pytest.raises(CrsError):
            measure(frame(box(0, 0, 1, 1), crs=None))


def test_distances():
    here, there = frame(Point(114.3, 30.6)), frame(Point(114.31, 30.6))
    on_ellipsoid = lonlat_distance_m(114.3, 30.6, 114.31, 30.6)
    assert distance_m(here, there)[0] == pytest.approx(float(on_ellipsoid), rel=2e-4)
    assert float(on_ellipsoid) == pytest.approx(959.0, abs=1)
    assert distance_m(here, here)[0] == 0.0
    assert np.isnan(distance_m(here, frame(None))[0])
    assert len(distance_m(frame(), frame())) == 0


def test_lines():
    line = frame(LineString([(114.3, 30.6), (114.31, 30.6)]))
    assert length_m(line)[0] == pytest.approx(959.0, abs=1)
    assert area_m2(line)[0] == 0.0
