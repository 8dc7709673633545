import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.crs import STORED_CRS, Datum, crs_from, transform_xy, working_crs
from geo.datum_audit import audit_datum
from geo.errors import CrsError, DatumError
from geo.gcj02 import from_wgs84

TOWNS = {
    "golmud_hexi": (94.903, 36.402),
    "xining_chengxi": (101.778, 36.617),
    "jilin_integration": (125.324, 43.817),
    "wuhan_baibuting": (114.305, 30.593),
    "yushu_18": (97.008, 32.993),
}


def town(lon, lat, *, side_m=300.0, n=10):
    """Grids of 300 m around a centre, and 800 points with the code of the grid they lie in."""
    metric = working_crs(lon, lat)
    middle = transform_xy(np.array([[lon, lat]]), crs_from(STORED_CRS), metric)[0]
    steps = (np.arange(n) - n / 2) * side_m
    corners = [middle + np.array([x, y]) for x in steps for y in steps]
    shapes = [shapely.box(*corner, *(corner + side_m)) for corner in corners]
    codes = np.array([f"G{k:03d}" for k in range(len(shapes))])
    grids = gpd.GeoDataFrame({"grid_code": codes}, geometry=shapes, crs=metric)
    rng = np.random.default_rng(7)
    own = rng.integers(0, len(shapes), 800)
    xy = shapely.bounds(shapes)[own, :2] + rng.uniform(1, side_m - 1, (800, 2))
    lonlat = transform_xy(xy, metric, crs_from(STORED_CRS))
    return grids.to_crs(STORED_CRS), lonlat[:, 0], lonlat[:, 1], codes[own]


@pytest.mark.parametrize("place", TOWNS.values(), ids=TOWNS)
@pytest.mark.parametrize("datum", [Datum.WGS84, Datum.GCJ02, Datum.BD09])
@pytest.mark.parametrize("is_swapped", [False, True])
def test_the_datum_put_in_is_found(place, datum, is_swapped):
    grids, lon, lat, codes = town(*place)
    x, y = from_wgs84(lon, lat, datum)
    if is_swapped:
        x, y = y, x
    audit = audit_datum(x, y, grids, stated=codes)
    assert audit.recommended is not None
    assert (audit.recommended.datum, audit.recommended.is_swapped) == (datum, is_swapped)
    assert audit.recommended.share == 1.0
    assert audit.recommended.n == 800
    assert audit.margin >= 0.05
    assert audit.is_by_stated_unit


@pytest.mark.parametrize("place", TOWNS.values(), ids=TOWNS)
@pytest.mark.parametrize("kind", ["plain", "prefixed_3", "prefixed_6", "utm"])
@pytest.mark.parametrize("is_swapped", [False, True])
def test_metres_are_found_with_their_zone(place, kind, is_swapped):
    lon, lat = place
    epsg = {
        "plain": working_crs(lon, lat).to_epsg(),
        "prefixed_3": working_crs(lon, lat).to_epsg() - 21,
        "prefixed_6": 4491 + int(lon // 6) + 1 - 13,
        "utm": 32600 + int((lon + 180) // 6) + 1,
    }[kind]
    grids, lon, lat, codes = town(*place)
    xy = transform_xy(np.column_stack([lon, lat]), crs_from(STORED_CRS), crs_from(epsg))
    x, y = (xy[:, 1], xy[:, 0]) if is_swapped else (xy[:, 0], xy[:, 1])
    audit = audit_datum(x, y, grids, stated=codes)
    assert audit.recommended is not None
    assert (audit.recommended.crs, audit.recommended.is_swapped) == (f"EPSG:{epsg}", is_swapped)
    assert audit.recommended.share > 0.99


def test_without_stated_units_a_town_cannot_tell_small_shifts():
    grids, lon, lat, _ = town(*TOWNS["golmud_hexi"])
    audit = audit_datum(lon, lat, grids)
    assert audit.recommended is None
    assert {"wgs84", "gcj02"} <= set(audit.tied)
    assert not audit.is_by_stated_unit
    swapped = audit_datum(lat, lon, grids)
    assert all(key.endswith("_swapped") for key in swapped.tied)


def test_wrong_codes_recommend_nothing():
    grids, lon, lat, codes = town(*TOWNS["wuhan_baibuting"])
    audit = audit_datum(lon, lat, grids, stated=codes[::-1])
    assert audit.recommended is None
    assert audit.hypotheses[0].share < 0.5


def test_names_serve_as_well_as_codes_and_unknown_rows_are_left_out():
    grids, lon, lat, codes = town(*TOWNS["wuhan_baibuting"])
    grids["name"] = "网格 " + grids["grid_code"]
    stated = np.array([f"网格 {code} " for code in codes], dtype=object)
    stated[:100] = "不存在"
    stated[100:200] = None
    lon[200:250] = np.nan
    audit = audit_datum(lon, lat, grids, stated=stated)
    assert audit.recommended is not None
    assert (audit.recommended.key, audit.recommended.n) == ("wgs84", 550)


def test_few_points_are_not_decisive():
    grids, lon, lat, codes = town(*TOWNS["golmud_hexi"])
    audit = audit_datum(lon[:4], lat[:4], grids, stated=codes[:4])
    assert audit.recommended is None


def test_abroad_there_is_one_datum():
    grids, lon, lat, codes = town(-90.05, 35.1)
    audit = audit_datum(lon, lat, grids, stated=codes)
    assert audit.recommended is not None
    assert audit.recommended.key == "wgs84"
    assert [h.key for h in audit.hypotheses] == ["wgs84", "wgs84_swapped"]


def test_ranking_is_sorted_and_repeatable():
    grids, lon, lat, codes = town(*TOWNS["yushu_18"])
    many = [np.tile(v, 10) for v in (lon, lat, codes)]
    first, second = (audit_datum(many[0], many[1], grids, stated=many[2]) for _ in range(2))
    assert first == second
    assert first.hypotheses[0].n == 5_000
    shares = [h.share for h in first.hypotheses]
    assert shares == sorted(shares, reverse=True)
    assert first.hypotheses[0].mean_distance_m == 0.0
    assert first.hypotheses[-1].mean_distance_m > 1e6


def test_refusals():
    grids, lon, lat, _ = town(*TOWNS["yushu_18"])
    with pytest.raises(DatumError) as no_points:
        audit_datum([np.nan], [1.0], grids)
    assert no_points.value.code == "audit_without_points"
    with pytest.raises(DatumError) as no_units:
        audit_datum(lon, lat, grids.iloc[:0])
    assert no_units.value.code == "audit_without_units"
    with pytest.raises(CrsError):
        audit_datum(lon, lat, grids.to_crs("EPSG:4541"))


def test_null_island_and_huge_numbers_are_only_misses():
    grids, lon, lat, codes = town(*TOWNS["yushu_18"])
    lon[:3], lat[:3] = [0.0, 1e30, -500.0], [0.0, -1e30, 500.0]
    audit = audit_datum(lon, lat, grids, stated=codes)
    assert audit.recommended is not None
    assert audit.recommended.share == pytest.approx(797 / 800)


@pytest.mark.shared
def test_amap_counties_are_found_to_be_gcj02(shared_data):
    """Places just inside Amap's county borders, against borders in the national datum."""
    folder = shared_data / "china_counties"
    amap = gpd.read_file(folder / "counties_gcj02.geojson")
    units = gpd.read_file(folder / "counties_cgcs2000.geojson")
    units["grid_code"] = units["adcode"].astype(str)
    outlines = shapely.segmentize(amap.boundary.to_numpy(), 0.002)
    xy, county = shapely.get_coordinates(outlines, return_index=True)
    middles = shapely.get_coordinates(shapely.centroid(amap.geometry.to_numpy()))
    xy += 0.002 * (middles[county] - xy)
    stated = amap["adcode"].astype(str).to_numpy()[county]
    audit = audit_datum(xy[:, 0], xy[:, 1], units, stated=stated)
    assert audit.recommended is not None
    assert audit.recommended.key == "gcj02"
    assert audit.margin > 0.05
    distances = {h.key: h.mean_distance_m for h in audit.hypotheses}
    assert distances["gcj02"] < distances["wgs84"] < distances["bd09"]


@pytest.mark.shared
def test_a_handful_of_points_in_counties_cannot_tell(shared_data):
    units = gpd.read_file(shared_data / "china_counties" / "counties_gcj02.geojson")
    units["grid_code"] = units["adcode"].astype(str)
    inside = shapely.point_on_surface(units.geometry.to_numpy())
    stated = units["grid_code"].to_numpy()
    audit = audit_datum(shapely.get_x(inside), shapely.get_y(inside), units, stated=stated)
    assert audit.hypotheses[0].share == 1.0
    assert audit.recommended is None
