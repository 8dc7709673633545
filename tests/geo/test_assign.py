from fractions import Fraction
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from geo.assign import assign_lonlat, assign_points, pays_to_build
from geo.errors import CrsError, FrameError
from geo.index import build_index
from geo.rings import is_right_or_on
from tests.strategies import border_points, jittered_tiling, square_tiling, tilings


def grids_of(**shapes):
    return gpd.GeoDataFrame(
        {"grid_code": list(shapes)}, geometry=list(shapes.values()), crs="EPSG:4326"
    )


def points_at(*places):
    return gpd.GeoDataFrame(geometry=[Point(*xy) for xy in places], crs="EPSG:4326")


def codes_at(grids, *places):
    found = assign_points(points_at(*places), grids).grid_code
    return [None if pd.isna(code) else code for code in found]


EAST_WEST = grids_of(west=box(0, 0, 1, 1), east=box(1, 0, 2, 1))
NORTH_SOUTH = grids_of(north=box(0, 1, 1, 2), south=box(0, 0, 1, 1))
QUARTERS = grids_of(ne=box(1, 1, 2, 2), nw=box(0, 1, 1, 2), se=box(1, 0, 2, 1), sw=box(0, 0, 1, 1))


def test_vertical_border_goes_east_and_horizontal_border_north():
    assert codes_at(EAST_WEST, (1, 0.5)) == ["east"]
    assert codes_at(NORTH_SOUTH, (0.5, 1)) == ["north"]
    assert codes_at(QUARTERS, (1, 1)) == ["ne"]


def test_outer_border_belongs_to_the_grid_it_touches():
    west, south, east, north = (0, 0.5), (0.5, 0), (2, 0.5), (0.5, 1)
    assert codes_at(EAST_WEST, west, south, east, north) == ["west", "west", "east", "west"]
    assert codes_at(EAST_WEST, (1, 1), (2, 1), (2.0000001, 0.5)) == ["east", "east", None]


def test_slanting_borders_go_east():
    rising = grids_of(a=Polygon([(0, 0), (1, 0), (1, 1)]), b=Polygon([(0, 0), (1, 1), (0, 1)]))
    falling = grids_of(a=Polygon([(0, 0), (1, 0), (0, 1)]), b=Polygon([(1, 0), (1, 1), (0, 1)]))
    assert codes_at(rising, (0.5, 0.5)) == ["a"]
    assert codes_at(falling, (0.5, 0.5)) == ["b"]


def test_flags():
    found = assign_points(points_at((1, 0.5), (0.5, 0.5), (5, 5), (2, 0.5)), EAST_WEST)
    assert found.on_border.tolist() == [True, False, False, True]
    assert found.in_overlap.tolist() == [False] * 4
    assert found.outside_count == 1


def test_overlap_goes_to_the_lowest_code_whatever_the_order():
    grids = grids_of(b=box(0, 0, 2, 2), a=box(1, 1, 3, 3))
    for order in ([0, 1], [1, 0]):
        found = assign_points(points_at((1.5, 1.5), (0.5, 0.5), (1, 1.5)), grids.iloc[order])
        assert found.grid_code.tolist() == ["a", "b", "a"]
        assert found.in_overlap.tolist() == [True, False, True]


def test_gap_between_grids_falls_to_the_lowest_code_it_touches():
    grids = grids_of(b=box(0, 0, 1, 1), a=box(1.5, 0, 2, 1))
    assert codes_at(grids, (1, 0.5), (1.25, 0.5), (1.5, 0.5)) == ["b", None, "a"]


def test_holes_and_several_parts():
    ring = box(0, 0, 3, 3).difference(box(1, 1, 2, 2))
    grids = grids_of(inner=box(1, 1, 2, 2), outer=MultiPolygon([ring, box(4, 0, 5, 1)]))
    places = [(1, 1.5), (2, 1.5), (1.5, 1), (1.5, 2), (1.5, 1.5), (4.5, 0.5), (3.5, 0.5)]
    expected = ["inner", "outer", "inner", "outer", "inner", "outer", None]
    assert codes_at(grids, *places) == expected


def test_self_crossing_ring_counts_even_odd_like_make_valid():
    bow_tie = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    grids = grids_of(bow=bow_tie, rest=box(2, 0, 3, 2))
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 2, (500, 2))
    found = assign_lonlat(xy[:, 0], xy[:, 1], grids)
    sound = shapely.make_valid(bow_tie)
    np.testing.assert_array_equal(found.grid == 0, shapely.contains_xy(sound, xy))
    assert codes_at(grids, (2, 0.5), (1, 1)) == ["rest", "bow"]


def test_missing_and_empty_grids_hold_nothing():
    grids = grids_of(a=None, b=Polygon(), c=box(0, 0, 1, 1))
    assert codes_at(grids, (0.5, 0.5), (5, 5)) == ["c", None]
    assert codes_at(grids.iloc[:2], (0.5, 0.5)) == [None]
    assert codes_at(grids.iloc[:0], (0.5, 0.5)) == [None]


def test_no_points():
    found = assign_points(points_at().set_geometry("geometry", crs="EPSG:4326"), EAST_WEST)
    assert len(found.grid_code) == 0
    assert found.outside_count == 0


def test_index_and_type_of_the_answer():
    points = points_at((0.5, 0.5), (9, 9)).set_axis(["p", "q"])
    found = assign_points(points, EAST_WEST)
    assert found.grid_code.index.tolist() == ["p", "q"]
    assert found.grid_code["q"] is pd.NA
    assert found.on_border.dtype == bool


def test_repeated_code_is_one_grid():
    grids = grids_of(a=box(0, 0, 1, 1), b=box(1, 0, 2, 1))
    grids["grid_code"] = "same"
    assert codes_at(grids, (0.5, 0.5), (1.5, 0.5)) == ["same", "same"]


def test_points_without_coordinates_are_refused_by_name():
    points = points_at((0, 0), (1, 1), (2, 2)).set_axis([10, 20, 30])
    points.loc[20, "geometry"] = None
    points.loc[30, "geometry"] = Point()
    with pytest.raises(FrameError) as refused:
        assign_points(points, EAST_WEST)
    assert refused.value.code == "points_without_coordinates"
    assert refused.value.fields == {"count": 2, "rows": [20, 30]}
    with pytest.raises(FrameError) as bare:
        assign_lonlat([0, np.nan, np.inf], [0, 0, 0], EAST_WEST)
    assert bare.value.fields == {"count": 2, "rows": [1, 2]}


@pytest.mark.parametrize("crs", [None, "EPSG:4547"])
def test_other_coordinates_are_refused(crs):
    points, grids = points_at((0, 0)), EAST_WEST
    for pair in (
        (points.set_crs(crs, allow_override=True), grids),
        (points, grids.set_crs(crs, allow_override=True)),
    ):
        with pytest.raises(CrsError):
            assign_points(*pair)


def test_cgcs2000_is_equal():
    grids = EAST_WEST.set_crs("EPSG:4490", allow_override=True)
    assert codes_at(grids, (0.5, 0.5)) == ["west"]


def test_inputs_are_not_changed():
    points, grids = points_at((0.5, 0.5)), EAST_WEST.copy()
    assign_points(points, grids)
    assert list(points.columns) == ["geometry"]
    assert not shapely.is_prepared(grids.geometry.to_numpy()).any()


@settings(max_examples=40, deadline=None)
@given(grids=tilings(), seed=st.integers(0, 2**32 - 1))
def test_each_point_lies_in_one_touching_grid_or_outside(grids, seed):
    xy = border_points(grids, seed, n=60)
    found = assign_lonlat(xy[:, 0], xy[:, 1], grids)
    point, grid = grids.sindex.query(shapely.points(xy), predicate="intersects")
    touching = set(zip(point.tolist(), grid.tolist(), strict=True))
    touched = np.bincount(point, minlength=len(xy)) > 0
    np.testing.assert_array_equal(found.grid >= 0, touched)
    inside = np.flatnonzero(found.grid >= 0)
    assert {(int(k), int(found.grid[k])) for k in inside} <= touching
    assert not found.in_overlap.any()
    strict_point, strict_grid = grids.sindex.query(shapely.points(xy), predicate="within")
    np.testing.assert_array_equal(found.grid[strict_point], strict_grid)
    on_border = touched.copy()
    on_border[strict_point] = False
    np.testing.assert_array_equal(found.on_border, on_border)
    counts = np.bincount(found.grid[inside], minlength=len(grids))
    assert counts.sum() + (found.grid < 0).sum() == len(xy)


def holds_by_rationals(polygon, x, y):
    """Even-odd test of (x + e, y + e^2) in rational numbers, written apart from the product."""
    crossings = 0
    for ring in shapely.get_rings(polygon):
        corners = [(Fraction(a), Fraction(b)) for a, b in shapely.get_coordinates(ring)]
        for (x1, y1), (x2, y2) in pairwise(corners):
            if (y1 <= y) != (y2 <= y):
                at = x1 + (y - y1) * (x2 - x1) / (y2 - y1)
                crossings += at <= x
    return crossings % 2 == 1


@settings(max_examples=15, deadline=None)
@given(grids=tilings(), seed=st.integers(0, 2**32 - 1))
def test_border_points_go_to_the_grid_just_east_or_north(grids, seed):
    xy = border_points(grids, seed, n=12)
    found = assign_lonlat(xy[:, 0], xy[:, 1], grids)
    for k in np.flatnonzero(found.on_border)[:25]:
        x, y = Fraction(xy[k, 0]), Fraction(xy[k, 1])
        owners = [g for g, shape in enumerate(grids.geometry) if holds_by_rationals(shape, x, y)]
        touching = np.flatnonzero(shapely.intersects_xy(grids.geometry.to_numpy(), *xy[k]))
        assert len(owners) <= 1
        assert found.grid[k] == (owners[0] if owners else touching.min())


@settings(max_examples=25, deadline=None)
@given(grids=tilings(), seed=st.integers(0, 2**32 - 1))
def test_order_of_rows_and_grids_changes_nothing(grids, seed):
    points = gpd.GeoDataFrame(
        geometry=shapely.points(border_points(grids, seed, n=20)), crs="EPSG:4326"
    )
    before = assign_points(points, grids)
    after = assign_points(
        points.sample(frac=1, random_state=seed), grids.sample(frac=1, random_state=seed)
    )
    pd.testing.assert_series_equal(after.grid_code.sort_index(), before.grid_code)
    pd.testing.assert_series_equal(after.on_border.sort_index(), before.on_border)
    pd.testing.assert_series_equal(after.in_overlap.sort_index(), before.in_overlap)


@given(st.lists(st.floats(-200, 200), min_size=6, max_size=6))
def test_side_of_a_line_is_exact(numbers):
    ax, ay, bx, by, px, py = numbers
    q = [Fraction(v) for v in numbers]
    turn = (q[2] - q[0]) * (q[5] - q[1]) - (q[3] - q[1]) * (q[4] - q[0])
    got = is_right_or_on(np.array([[ax, ay]]), np.array([[bx, by]]), np.array([[px, py]]))
    assert got[0] == (turn <= 0)


def test_side_of_a_line_where_doubles_cannot_tell():
    a, b = np.array([[0.0, 0.0]]), np.array([[3e-9, 1e-9]])
    on = np.array([[0.3, 0.1]])  # 3 * 0.1 is not 0.3 in doubles
    turn = Fraction(3e-9) * Fraction(0.1) - Fraction(1e-9) * Fraction(0.3)
    assert is_right_or_on(a, b, on)[0] == (turn <= 0)
    tiny = np.array([[5e-324, 0.0]])
    assert not is_right_or_on(np.zeros((1, 2)), np.array([[0.0, 1e-300]]), -tiny)[0]
    assert is_right_or_on(np.zeros((1, 2)), np.array([[0.0, 1e-300]]), tiny)[0]


def test_many_points_on_borders_in_blocks(monkeypatch):
    grids = jittered_tiling(3, 4, 4)
    xy = border_points(grids, 5, n=100)
    whole = assign_lonlat(xy[:, 0], xy[:, 1], grids)
    monkeypatch.setattr("geo.rings._TESTS_AT_ONCE", 50)
    blocks = assign_lonlat(xy[:, 0], xy[:, 1], grids)
    np.testing.assert_array_equal(whole.grid, blocks.grid)


@settings(max_examples=25, deadline=None)
@given(grids=tilings(), seed=st.integers(0, 2**32 - 1))
def test_a_kept_index_changes_no_answer(grids, seed):
    xy = border_points(grids, seed, n=40)  # ulps beside zero among them
    index = build_index(grids.geometry.to_numpy(), grids["grid_code"].to_numpy())
    alone = assign_lonlat(xy[:, 0], xy[:, 1], grids)
    kept = assign_lonlat(xy[:, 0], xy[:, 1], grids, index=index)
    np.testing.assert_array_equal(kept.grid, alone.grid)
    np.testing.assert_array_equal(kept.on_border, alone.on_border)
    np.testing.assert_array_equal(kept.in_overlap, alone.in_overlap)


def test_many_points_are_answered_through_an_index_as_few_are():
    grids = jittered_tiling(7, 6, 6)
    xy = np.tile(border_points(grids, 2, n=100), (12, 1))
    assert pays_to_build(len(xy), grids.geometry.to_numpy())
    assert not pays_to_build(50, grids.geometry.to_numpy())
    many = assign_lonlat(xy[:, 0], xy[:, 1], grids)
    few = [assign_lonlat(part[:, 0], part[:, 1], grids) for part in np.array_split(xy, 12)]
    np.testing.assert_array_equal(many.grid, np.concatenate([part.grid for part in few]))
    np.testing.assert_array_equal(many.on_border, np.concatenate([part.on_border for part in few]))


def test_an_index_of_other_grids_is_refused():
    index = build_index(EAST_WEST.geometry.to_numpy()[:1], ["west"])
    with pytest.raises(ValueError, match="1, 2"):
        assign_lonlat([0.5], [0.5], EAST_WEST, index=index)


def test_squares_share_their_corners_evenly():
    grids = square_tiling(3, 3, origin=(0.0, 0.0), side=1.0)
    x, y = np.meshgrid(np.arange(3.0), np.arange(3.0), indexing="ij")
    found = assign_lonlat(x.ravel(), y.ravel(), grids)
    np.testing.assert_array_equal(found.grid, np.arange(9))  # each its own lower left corner


@pytest.mark.shared
def test_memphis_reconciles_with_one_robbery_outside(shared_data):
    grids = gpd.read_file(shared_data / "memphis" / "precincts.gpkg")
    grids = grids.rename(columns={"precinct": "grid_code"})
    rows = pd.read_csv(shared_data / "memphis" / "robberies_2019.csv")
    lon = next(c for c in rows.columns if c.lower().startswith("lon"))
    lat = next(c for c in rows.columns if c.lower().startswith("lat"))
    found = assign_lonlat(rows[lon], rows[lat], grids)
    assert len(rows) == 2245
    assert (found.grid < 0).sum() == 1
    assert not found.in_overlap.any()


@pytest.mark.shared
def test_nottingham_burglaries_all_fall_in_one_ward(shared_data):
    grids = gpd.read_file(shared_data / "nottingham_burglary" / "wards.gpkg")
    grids = grids.rename(columns={"ward_code": "grid_code"})
    rows = pd.read_csv(shared_data / "nottingham_burglary" / "burglary_2022.csv")
    lon = next(c for c in rows.columns if c.lower().startswith("lon"))
    lat = next(c for c in rows.columns if c.lower().startswith("lat"))
    found = assign_lonlat(rows[lon], rows[lat], grids)
    assert len(rows) == 1795
    assert (found.grid >= 0).all()
    assert not found.in_overlap.any()
