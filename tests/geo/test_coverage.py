"""Nearest posts, shares within reach and areas against brute force, scan lines and shapely."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.coverage import (
    area_within,
    beyond_by_unit,
    gaps,
    nearest_post,
    overlap,
    reach,
    within_minutes,
)
from geo.coverage.area import areas_of_reach
from geo.coverage.nearest import TIE_M, nearest_rows
from geo.errors import CrsError, FrameError, GeoError

CRS = "EPSG:4547"


def points(xy, crs=CRS, **columns):
    xy = np.asarray(xy, dtype=float).reshape(-1, 2)
    return gpd.GeoDataFrame(columns, geometry=shapely.points(xy), crs=crs, index=range(len(xy)))


def posts(xy, codes=None, crs=CRS):
    count = len(np.asarray(xy, dtype=float).reshape(-1, 2))
    return points(xy, crs, post_code=codes or [f"P{k:04d}" for k in range(count)])


def area(shape, crs=CRS):
    return gpd.GeoDataFrame(geometry=[shape], crs=crs)


def brute(xy, places, codes):
    gap = np.hypot(xy[:, None, 0] - places[:, 0], xy[:, None, 1] - places[:, 1])
    least = gap.min(axis=1)
    rank = np.argsort(np.argsort(codes))
    near = np.where(gap <= least[:, None] + TIE_M, rank, len(codes))
    return near.argmin(axis=1), least


@pytest.mark.parametrize(("many", "places"), [(300, 40), (20_000, 40), (20_000, 200), (5, 1)])
def test_nearest_equals_brute_force_by_table_and_by_tree(many, places):
    draw = np.random.default_rng(many + places)
    xy = np.vstack([draw.normal(500_000, 300, (many // 2, 2)),
                    draw.uniform(499_000, 501_000, (many - many // 2, 2))])  # fmt: skip
    sites = draw.uniform(499_000, 501_000, (places, 2))
    codes = draw.permutation([f"P{k:04d}" for k in range(places)]).tolist()
    found = nearest_post(points(xy), posts(sites, codes))
    row, gap = brute(xy, sites, codes)
    assert (found.post == row).all()
    assert np.abs(found.distance_m - gap).max() < 1e-9


@pytest.mark.parametrize("side", [20, 250])
def test_ties_go_to_the_lowest_code_whatever_the_order(side):
    lattice = np.stack(np.meshgrid(np.arange(6), np.arange(6)), -1).reshape(-1, 2) * 100.0
    grid = np.linspace(0, 500, side + 1)  # middles and corners tie two or four posts
    xy = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    codes = np.random.default_rng(1).permutation([f"P{k:02d}" for k in range(36)])
    expected, _ = brute(xy, lattice, codes)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(36)
        found = nearest_post(points(xy), posts(lattice[order], codes[order].tolist()))
        assert (found.codes() == codes[expected]).all()


def test_posts_at_one_place_answer_with_the_lowest_code():
    found = nearest_post(points([[0, 0], [9, 0]]), posts([[1, 0]] * 5, list("edcba")))
    assert found.codes().tolist() == ["a", "a"]
    assert found.distance_m.tolist() == [1.0, 8.0]


def test_all_points_on_one_spot_and_posts_far_away():
    xy = np.full((50_000, 2), 7.0)
    found = nearest_post(points(xy), posts(np.random.default_rng(1).uniform(1e5, 2e5, (30, 2))))
    assert len(set(found.post.tolist())) == 1


def test_points_and_posts_without_a_place():
    some = points([[0, 0], [np.nan, np.nan], [5, 0]])
    some.geometry = [shapely.Point(0, 0), None, shapely.Point()]
    bare = posts([[1, 0], [3, 0]])
    bare.geometry = [None, shapely.Point(3, 0)]
    found = nearest_post(some, bare)
    assert found.post.tolist() == [1, -1, -1]
    assert found.codes().tolist() == ["P0001", None, None]
    assert found.unlocated == 2
    told = reach(some, bare, 10.0)
    assert (told.located, told.within, told.unlocated, told.share) == (1, 1, 2, 1.0)


def test_nothing_at_all():
    none, one = points(np.empty((0, 2))), points([[0, 0]])
    assert nearest_post(none, posts([[0, 0]])).post.tolist() == []
    assert nearest_post(one, posts(np.empty((0, 2)))).post.tolist() == [-1]
    assert reach(none, posts([[0, 0]]), 5.0).share is None
    alone = reach(one, posts(np.empty((0, 2))), 5.0)
    assert (alone.located, alone.share) == (1, 0.0)
    assert area_within(posts(np.empty((0, 2))), 5.0, area(shapely.box(0, 0, 1, 1))).share == 0.0


@pytest.mark.parametrize("crs", [None, "EPSG:4326", "EPSG:2263"])
def test_degrees_feet_and_no_crs_are_refused_naming_both_sides(crs):
    with pytest.raises(CrsError) as told:
        nearest_post(points([[102.0, 36.0]], crs), posts([[102.0, 36.1]], crs=crs))
    assert told.value.code == "needs_metres"
    assert told.value.got == (crs or "-")
    if crs == "EPSG:4326":
        assert told.value.expected == "EPSG:4543"


def test_two_metric_systems_are_refused():
    with pytest.raises(CrsError) as told:
        reach(points([[0, 0]]), posts([[0, 0]], crs="EPSG:4548"), 5.0)
    assert (told.value.code, told.value.expected, told.value.got) == (
        "crs_mismatch", "EPSG:4547", "EPSG:4548",
    )  # fmt: skip


@pytest.mark.parametrize("within", [0.0, -1.0, np.nan, np.inf, 2e6])
def test_distances_that_are_none_are_refused(within):
    for ask in (reach, overlap):
        with pytest.raises(GeoError, match="bad_reach"):
            ask(points([[0, 0]]), posts([[0, 0]]), within)
    with pytest.raises(GeoError, match="bad_reach"):
        area_within(posts([[0, 0]]), within, area(shapely.box(0, 0, 1, 1)))


def test_faulty_frames_are_refused():
    one = points([[0, 0]])
    with pytest.raises(FrameError, match="duplicate_codes"):
        nearest_post(one, posts([[0, 0], [1, 0]], ["a", "a"]))
    with pytest.raises(FrameError, match="missing_columns"):
        nearest_post(one, one)
    with pytest.raises(FrameError, match="wrong_geometry_type"):
        nearest_post(area(shapely.box(0, 0, 1, 1)), posts([[0, 0]]))
    with pytest.raises(GeoError, match="bad_weights"):
        reach(one, posts([[0, 0]]), 5.0, weights=[-1.0])
    with pytest.raises(GeoError, match="bad_weights"):
        reach(one, posts([[0, 0]]), 5.0, weights=[1.0, 2.0])
    with pytest.raises(FrameError, match="wrong_geometry_type"):
        area_within(posts([[0, 0]]), 5.0, one)
    with pytest.raises(FrameError, match="no_geometry"):
        area_within(posts([[0, 0]]), 5.0, area(None))


def test_reach_counts_and_weighs_with_the_distance_included():
    some = points([[0, 0], [800, 0], [800.001, 0], [2000, 0]])
    told = reach(some, posts([[0, 0]]), 800.0, weights=[1.0, 2.0, 3.0, 4.0])
    assert told.is_within.tolist() == [True, True, False, False]
    assert (told.within, told.weight_within, told.share) == (2, 3.0, 0.3)
    assert overlap(some, posts([[0, 0], [0, 0], [1600, 0]]), 800.0).tolist() == [2, 3, 1, 1]


def test_minutes_become_metres():
    assert within_minutes(15.0) == 1000.0
    assert within_minutes(3.0, 20.0) == pytest.approx(1000.0)
    for bad in (0.0, -4.0, np.nan, 500.0):
        with pytest.raises(GeoError, match="bad_speed"):
            within_minutes(5.0, bad)
    with pytest.raises(GeoError, match="bad_reach"):
        within_minutes(-5.0)


def test_gaps_are_ranked_by_what_lies_in_them():
    unit = np.array([0, 0, 1, 2, 2, -1])
    within = np.array([True, False, False, True, True, False])
    beyond = beyond_by_unit(unit, np.array([1.0, 1, 1, 1, 1, 9]), within, 4)
    assert beyond.tolist() == [1.0, 1.0, 0.0, 0.0]
    table = gaps(["b", "a", "c", "d"], {"incidents": beyond, "hazards": np.array([0, 0, 0, 2.0])})
    assert table["code"].tolist() == ["a", "b", "d"]
    assert table["rank"].tolist() == [1, 2, 3]
    assert gaps(["a"], {"incidents": np.zeros(1)}).empty


def scan_lines(places, radius, shape, count):
    """Area by interval union on scan lines: another way to the same figure."""
    _, south, _, north = shape.bounds
    step = (north - south) / count
    total = 0.0
    for y in south + (np.arange(count) + 0.5) * step:
        half = radius**2 - (places[:, 1] - y) ** 2
        x = places[half > 0, 0]
        half = np.sqrt(half[half > 0])
        discs = shapely.union_all(
            [shapely.LineString([(a - b, y), (a + b, y)]) for a, b in zip(x, half, strict=True)]
        )
        total += discs.intersection(shape).length * step
    return total


SHAPES = {
    "square": shapely.box(-1000, -1000, 1000, 1000),
    "holed": shapely.box(-1500, -900, 1500, 900).difference(shapely.Point(100, 50).buffer(400)),
    "parts": shapely.union_all([shapely.box(-900, 0, -100, 700), shapely.box(50, -800, 900, 300)]),
    "thin": shapely.box(-1500, -3, 1500, 4),
    "inside a disc": shapely.box(10, 10, 12, 12),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("radius", [40.0, 150.0, 600.0])
def test_area_is_that_of_fine_polygons_and_of_scan_lines(name, radius):
    shape = SHAPES[name]
    places = np.random.default_rng(5).normal(0, 600, (60, 2))
    found = area_within(posts(places), radius, area(shape))
    fine = shapely.union_all(shapely.buffer(shapely.points(places), radius, quad_segs=512))
    drawn = shapely.intersection(fine, shape).area
    assert found.within_m2 == pytest.approx(drawn, rel=3e-6, abs=1e-6)
    assert found.within_m2 >= drawn - 1e-6  # polygons of circles lie inside them
    assert found.total_m2 == shape.area
    assert found.error_m2 < 1e-9 * max(found.within_m2, 1.0)
    if name in {"square", "holed"} and radius == 150.0:
        lines = scan_lines(places, radius, shape, 4000)
        assert found.within_m2 == pytest.approx(lines, rel=1e-5)


def test_areas_that_are_known():
    plain = area_within(posts([[0, 0]]), 100.0, area(shapely.box(-500, -500, 500, 500)))
    assert plain.within_m2 == pytest.approx(np.pi * 1e4, rel=1e-13)
    half = area_within(posts([[0, 0]]), 100.0, area(shapely.box(0, -500, 500, 500)))
    assert half.within_m2 == pytest.approx(np.pi * 5e3, rel=1e-13)
    twice = area_within(posts([[0, 0]] * 3), 100.0, area(shapely.box(-500, -500, 500, 500)))
    assert twice.within_m2 == plain.within_m2
    touching = posts([[-100, 0], [100, 0]])
    wide = area(shapely.box(-500, -500, 500, 500))
    assert area_within(touching, 100.0, wide).within_m2 == pytest.approx(2e4 * np.pi, rel=1e-13)
    lens = 2 * 1e4 * (np.pi / 3 - np.sqrt(3) / 4)  # two circles, middles a radius apart
    two = area_within(posts([[0, 0], [100, 0]]), 100.0, wide).within_m2
    assert two == pytest.approx(2e4 * np.pi - lens, rel=1e-13)
    whole = area_within(posts([[0, 0]]), 2000.0, wide)
    assert (whole.share, whole.within_m2) == (1.0, 1e6)
    assert area_within(posts([[9e5, 0]]), 100.0, wide).share == 0.0


def test_a_real_size_far_from_the_origin_with_a_crowd_on_one_spot():
    draw = np.random.default_rng(8)
    places = np.vstack([draw.normal(0, 50, (400, 2)), draw.uniform(-5e3, 5e3, (200, 2))])
    shape = shapely.Point(0, 0).buffer(4000, quad_segs=700)
    near = area_within(posts(places), 500.0, area(shape))
    shift = np.array([38_500_000.0, 4_050_000.0])
    there = shapely.transform(shape, lambda xy: xy + shift)
    far = area_within(posts(places + shift), 500.0, area(there))
    assert far.within_m2 == pytest.approx(near.within_m2, rel=1e-9)
    fine = shapely.union_all(shapely.buffer(shapely.points(places), 500.0, quad_segs=256))
    assert near.within_m2 == pytest.approx(shapely.intersection(fine, shape).area, rel=1e-5)


@given(
    st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), min_size=1, max_size=12),
    st.sampled_from([1.0, 2.0, 2.5, 5.0]),
)
def test_area_on_lattices_where_circles_touch_and_pass_through_corners(places, radius):
    shape = shapely.box(-4, -4, 4, 4).difference(shapely.box(-1, -1, 1, 1))
    found = area_within(posts(places), radius, area(shape))
    fine = shapely.union_all(
        shapely.buffer(shapely.points(np.array(places, dtype=float)), radius, quad_segs=1024)
    )
    drawn = shapely.intersection(fine, shape).area
    assert found.within_m2 == pytest.approx(drawn, rel=1e-6, abs=1e-4)


def test_many_areas_are_measured_as_each_by_itself():
    draw = np.random.default_rng(9)
    places = draw.uniform(0, 3000, (30, 2))
    cells = [shapely.box(x, y, x + 90, y + 130) for x, y in draw.uniform(-900, 3900, (150, 2))]
    found, total = areas_of_reach(places, 300.0, np.array(cells, dtype=object))
    for cell, within, whole in zip(cells, found, total, strict=True):
        alone = area_within(posts(places), 300.0, area(cell))
        assert (within, whole) == (pytest.approx(alone.within_m2, rel=1e-9), alone.total_m2)
    assert {0.0, 1.0} < set(np.round(found / total, 9).tolist())


def test_overlapping_and_crossing_polygons_count_once():
    twice = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 10, 10)] * 2, crs=CRS)
    assert area_within(posts([[0, 0]]), 100.0, twice).total_m2 == 100.0
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    assert area_within(posts([[0, 0]]), 100.0, area(bow)).within_m2 == pytest.approx(50.0)


@given(st.integers(0, 2**32 - 1))
def test_rows_of_bare_coordinates_are_nearest(seed):
    draw = np.random.default_rng(seed)
    xy = draw.integers(0, 30, (400, 2)).astype(float)
    places = draw.integers(0, 30, (int(draw.integers(7, 12)), 2)).astype(float)
    codes = np.array([f"{k:02d}" for k in draw.permutation(len(places))], dtype=object)
    rows, gap = nearest_rows(np.tile(xy, (4, 1)), places, codes)
    expected, least = brute(xy, places, codes)
    assert (rows[:400] == expected).all()
    assert np.allclose(gap[:400], least)
    assert (rows.reshape(4, -1) == rows[:400]).all()
