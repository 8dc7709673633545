import json

import geocoordinates_ffi as oracle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import gcj02
from geo.crs import Datum
from geo.measure import lonlat_distance_m

MILLIMETRE = 0.001
LONS = st.floats(73.7, 134.9)
LATS = st.floats(18.2, 53.5)
PLACES = st.lists(st.tuples(LONS, LATS), min_size=1, max_size=50)


def apart_m(got, lon, lat):
    return np.max(lonlat_distance_m(got.lon, got.lat, lon, lat))


def of_oracle(convert, kind, places):
    found = [convert(kind(lat=lat, lon=lon)) for lon, lat in places]
    return [p.lon for p in found], [p.lat for p in found]


@pytest.mark.parametrize(
    ("ours", "theirs", "kind"),
    [
        (gcj02.wgs84_to_gcj02, oracle.wgs84_to_gcj02, oracle.Wgs84),
        (gcj02.wgs84_to_bd09, oracle.wgs84_to_bd09, oracle.Wgs84),
        (gcj02.gcj02_to_bd09, oracle.gcj02_to_bd09, oracle.Gcj02),
        (gcj02.gcj02_to_wgs84, oracle.gcj02_to_wgs84_refined, oracle.Gcj02),
        (gcj02.bd09_to_gcj02, oracle.bd09_to_gcj02_refined, oracle.Bd09),
        (gcj02.bd09_to_wgs84, oracle.bd09_to_wgs84_refined, oracle.Bd09),
    ],
)
@settings(max_examples=25, deadline=None)
@given(places=PLACES)
def test_all_six_ways_agree_with_an_independent_library(ours, theirs, kind, places):
    lon, lat = np.array(places).T
    assert apart_m(ours(lon, lat), *of_oracle(theirs, kind, places)) < MILLIMETRE


@pytest.mark.parametrize("datum", list(Datum))
@given(places=PLACES)
def test_round_trip_is_exact_to_a_millimetre(datum, places):
    lon, lat = np.array(places).T
    back = gcj02.to_wgs84(*gcj02.from_wgs84(lon, lat, datum), datum)
    assert apart_m(back, lon, lat) < MILLIMETRE


@pytest.mark.parametrize(
    ("wgs", "gcj", "bd"),
    [
        ((116.481499, 39.990475), (116.487586, 39.991754), (116.494120, 39.997717)),
        ((114.305, 30.593), (114.310444, 30.590590), None),
        ((94.903, 36.402), (94.903887, 36.401517), None),
    ],
)
def test_known_places(wgs, gcj, bd):
    assert apart_m(gcj02.wgs84_to_gcj02(*wgs), *gcj) < 0.1
    if bd is not None:
        assert apart_m(gcj02.wgs84_to_bd09(*wgs), *bd) < 0.1


@pytest.mark.parametrize(
    ("lon", "lat", "gcj_m", "bd_m"),
    [
        (94.903, 36.402, 96, 913),
        (101.778, 36.617, 173, 1009),
        (97.008, 32.993, 241, 768),
        (114.305, 30.593, 587, 1209),
        (125.324, 43.817, 590, 1390),
    ],
)
def test_shift_at_the_five_towns(lon, lat, gcj_m, bd_m):
    assert apart_m(gcj02.wgs84_to_gcj02(lon, lat), lon, lat) == pytest.approx(gcj_m, abs=1)
    assert apart_m(gcj02.wgs84_to_bd09(lon, lat), lon, lat) == pytest.approx(bd_m, abs=1)


@pytest.mark.shared
def test_vectors_of_other_implementations(shared_data):
    vectors = json.loads((shared_data / "gcj02_small" / "vectors.json").read_text())
    for row in vectors["eviltransform_go_test"]:
        got = gcj02.wgs84_to_gcj02(row["wgs_lng"], row["wgs_lat"])
        assert apart_m(got, row["gcj_lng"], row["gcj_lat"]) < 0.02  # it uses another radius: 12 mm
    other = vectors["coordtransform_test"]
    lon, lat = other["input"]
    assert apart_m(gcj02.wgs84_to_gcj02(lon, lat), *other["wgs84togcj02"]) < MILLIMETRE
    assert apart_m(gcj02.gcj02_to_bd09(lon, lat), *other["gcj02tobd09"]) < MILLIMETRE
    assert apart_m(gcj02.bd09_to_gcj02(lon, lat), *other["bd09togcj02"]) < 0.3  # one step only
    one_step_m = apart_m(gcj02.gcj02_to_wgs84(lon, lat), *other["gcj02towgs84"])
    assert 0.01 < one_step_m < 5.0  # theirs is the one-step inverse


def test_outside_the_box_and_missing_numbers_stay_as_they_are():
    lon = np.array([139.69, -90.05, np.nan, np.inf, 116.4])
    lat = np.array([35.69, 35.1, 40.0, 40.0, np.nan])
    for datum in Datum:
        got = gcj02.to_wgs84(lon, lat, datum)
        np.testing.assert_array_equal(got.lon[:4], lon[:4])
        np.testing.assert_array_equal(got.lat, lat)


def test_scalars_and_shapes():
    got = gcj02.wgs84_to_gcj02(116.4, [39.9, 40.0, 41.0])
    assert got.lon.shape == got.lat.shape == (3,)
    assert float(gcj02.wgs84_to_gcj02(116.4, 39.9).lon) == got.lon[0]


def test_inputs_are_not_changed():
    lon, lat = np.array([116.4]), np.array([39.9])
    gcj02.bd09_to_wgs84(lon, lat)
    assert (lon[0], lat[0]) == (116.4, 39.9)
