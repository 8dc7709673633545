import pickle

import geopandas as gpd
import numpy as np
import pyproj
import pytest
from geopandas.testing import assert_geodataframe_equal
from shapely import Point, Polygon, box

from geo import crs
from geo.errors import CrsError, FrameError, GeoError


def points(where, code="EPSG:4326"):
    return gpd.GeoDataFrame(geometry=[Point(*xy) for xy in where], crs=code)


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (94.903, 36.402, 4541),
        (101.778, 36.617, 4543),
        (125.324, 43.817, 4551),
        (114.305, 30.593, 4547),
        (97.008, 32.993, 4541),
        (73.5, 39.0, 4534),
        (135.1, 48.0, 4554),
        (97.5, 30.0, 4542),  # half-way: the eastern zone
        (-90.05, 35.1, 32615),
        (-1.15, 52.95, 32630),
        (151.2, -33.9, 32756),
        (180.0, 10.0, 32660),
        (73.4, 39.0, 32643),
    ],
)
def test_working_crs(lon, lat, epsg):
    assert crs.working_crs(lon, lat).to_epsg() == epsg


@pytest.mark.parametrize(("lon", "lat"), [(0, 85), (0, -81), (200, 10), (float("nan"), 10)])
def test_no_working_crs(lon, lat):
    with pytest.raises(CrsError) as refused:
        crs.working_crs(lon, lat)
    assert refused.value.code == "no_working_crs"


def test_zones_hold_the_meridian_and_the_prefix_they_state():
    zones = crs.gauss_kruger_zones()
    assert len(zones) == len({zone.epsg for zone in zones}) == 53
    for zone in zones:
        on_axis = np.array([[zone.central_meridian_deg, 30.0]])
        metric = crs.transform_xy(on_axis, crs.crs_from("EPSG:4490"), crs.crs_from(zone.epsg))
        assert metric[0, 0] == pytest.approx(500_000 + zone.prefix * 1_000_000, abs=1e-6)


def test_cgcs2000_degrees_are_relabelled_not_moved():
    frame = points([(97.0, 33.0)], "EPSG:4490")
    stored = crs.to_stored(frame)
    assert stored.crs.to_epsg() == 4326
    assert (stored.geometry.x[0], stored.geometry.y[0]) == (97.0, 33.0)
    assert frame.crs.to_epsg() == 4490


@pytest.mark.parametrize(
    ("code", "is_stored"),
    [("EPSG:4326", True), ("EPSG:4490", True), ("OGC:CRS84", True), ("EPSG:4547", False),
     ("EPSG:4269", False), ("EPSG:3857", False), (None, False)],
)  # fmt: skip
def test_what_counts_as_stored(code, is_stored):
    assert crs.is_stored(code) is is_stored


@pytest.mark.parametrize(
    ("code", "is_in_metres"),
    [("EPSG:4547", True), ("EPSG:32650", True), ("EPSG:4326", False), ("EPSG:4978", False),
     ("EPSG:2263", False), ("EPSG:2222", False)],
)  # fmt: skip
def test_metres_are_of_a_plane_and_whole(code, is_in_metres):  # 2263 and 2222 are feet
    assert crs.is_in_metres(crs.crs_from(code)) is is_in_metres


def test_working_and_back():
    frame = points([(114.305, 30.593), (114.4, 30.6)])
    metric = crs.to_working(frame)
    assert metric.crs.to_epsg() == 4547
    assert metric.geometry.x[0] == pytest.approx(529_251.8, abs=0.1)
    assert crs.to_stored(metric).geometry.x.tolist() == pytest.approx([114.305, 114.4], abs=1e-10)


@pytest.mark.parametrize("code", [4513, 4534, 4541, 4554, 32632, 32733])
def test_transformers_made_of_their_steps_give_the_same_bits(code):
    target, stored = crs.crs_from(code), crs.crs_from(crs.STORED_CRS)
    west, south, east, north = target.area_of_use.bounds
    rng = np.random.default_rng(code)
    xy = np.column_stack([rng.uniform(west, east, 500), rng.uniform(south, north, 500)])
    plain = pyproj.Transformer.from_crs(stored, target, always_xy=True)
    there = np.column_stack(plain.transform(xy[:, 0], xy[:, 1]))
    np.testing.assert_array_equal(crs.transform_xy(xy, stored, target), there)
    plain_back = pyproj.Transformer.from_crs(target, stored, always_xy=True)
    back = np.column_stack(plain_back.transform(there[:, 0], there[:, 1]))
    np.testing.assert_array_equal(crs.transform_xy(there, target, stored), back)


def test_a_working_frame_is_what_to_crs_gives():
    shapes = [box(94.8, 36.3, 94.9, 36.4), None, Polygon(), Point(94.8, 36.3)]
    frame = gpd.GeoDataFrame({"code": list("abcd")}, geometry=shapes, crs=4326, index=[5, 6, 7, 9])
    named = frame.rename_geometry("shape")
    high = frame.set_geometry([Point(94.8, 36.3, 7.0)] * 4, crs=4326)
    for one in (frame, named, frame.iloc[:0], high):
        working = crs.to_working(one, crs.crs_from(4541))
        assert_geodataframe_equal(working, one.to_crs(4541))
    assert frame.crs == crs.STORED_CRS


def test_frames_without_crs_or_coordinates_are_refused():
    for call in (crs.to_stored, crs.to_working, crs.require_stored):
        with pytest.raises(CrsError) as refused:
            call(points([(1, 2)], None))
        assert refused.value.code == "no_crs"
    with pytest.raises(FrameError) as empty:
        crs.to_working(points([]))
    assert empty.value.code == "no_geometry"


def test_same_crs():
    stored, cgcs, metric = points([]), points([], "EPSG:4490"), points([], "EPSG:4547")
    crs.require_same_crs(stored, cgcs)
    crs.require_same_crs(metric, metric)
    with pytest.raises(CrsError) as refused:
        crs.require_same_crs(stored, metric)
    assert (refused.value.expected, refused.value.got) == ("EPSG:4326", "EPSG:4547")


def test_declare():
    assert crs.declare_crs(points([(1, 2)], None), "EPSG:4490").crs.to_epsg() == 4490
    assert crs.declare_crs(points([(1, 2)]), "EPSG:4490").crs.to_epsg() == 4326
    with pytest.raises(CrsError, match="crs_mismatch"):
        crs.declare_crs(points([(1, 2)]), "EPSG:4547")


def test_errors_survive_pickling_and_print_their_fields():
    error = pickle.loads(pickle.dumps(CrsError("no_crs", expected="a", got="")))  # noqa: S301 - our own bytes
    assert isinstance(error, GeoError)
    assert str(error) == "no_crs (expected='a', got='')"
