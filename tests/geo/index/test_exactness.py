import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

from benchmarks.tilings import ragged_tiling
from geo.index import build_index
from geo.index.direct import code_order, locate_directly
from tests.index_points import hard_points
from tests.strategies import ORIGINS, border_points, tilings


def codes_of(polygons, seed=0):
    order = np.random.default_rng(seed).permutation(len(polygons))
    return np.array([f"{k:06d}" for k in order], dtype=object)


def squares(columns, rows, side=1.0):
    shapes = [box(i, j, i + 1, j + 1) for i in range(columns) for j in range(rows)]
    return shapely.transform(np.array(shapes, dtype=object), lambda xy: xy * side)


def town_in_a_county():
    """Grids from 1e-6 to 0.1 wide."""
    parts = ragged_tiling(1500, seed=3, dense_share=0.0)
    return shapely.transform(parts, lambda xy: (0.03 + xy) ** 4)


def several_parts():
    """Grids of several parts, some inside others' holes."""
    parts = ragged_tiling(400, seed=4)
    group = np.random.default_rng(4).integers(0, 60, len(parts))
    shapes = [shapely.coverage_union_all(parts[group == k]) for k in range(60)]
    return np.array(shapes, dtype=object)


def holed():
    """One grid round many."""
    parts = ragged_tiling(400, seed=5)
    inner = shapely.contains(box(0.3, 0.3, 0.45, 0.45), parts)
    return np.append(parts[inner], shapely.coverage_union_all(parts[~inner]))


def placed(scale, x, y):
    return shapely.transform(ragged_tiling(60, halvings=4), lambda xy: xy * scale + [x, y])


TILINGS = {
    "ragged": (lambda: ragged_tiling(2700), 10_000),
    "squares": (lambda: squares(30, 30), 1_500),
    "squares of a tenth": (lambda: squares(30, 30, 0.1), 1_500),
    "degrees": (lambda: placed(0.01, 114.305, 30.593), 1_500),
    "far from zero": (lambda: placed(1000.0, 4e7, 4e6), 1_500),
    "a few ulps wide": (lambda: placed(1e-5, 1e5, -1e5), 200),
    "several parts": (several_parts, 2_000),
    "holed": (holed, 2_000),
    "town in a county": (town_in_a_county, 3_000),
    "gaps": (lambda: ragged_tiling(300)[::2], 1_000),
}


@pytest.mark.parametrize("name", TILINGS)
def test_hard_points_fall_where_geos_lets_them_and_the_rule_says(name):
    make, n = TILINGS[name]
    polygons = make()
    codes = codes_of(polygons)
    index = build_index(polygons, codes)
    xy = hard_points(index, 1, n)
    found = index.locate_with_borders(xy[:, 0], xy[:, 1])
    point, grid = shapely.STRtree(polygons).query(shapely.points(xy), "intersects")
    touched = np.zeros(len(xy), dtype=bool)
    touched[point] = True
    np.testing.assert_array_equal(found.row >= 0, touched)  # none unassigned, none invented
    inside = np.flatnonzero(touched)
    own = inside * len(polygons) + found.row[inside]
    assert np.isin(own, point * len(polygons) + grid).all()
    said = locate_directly(xy, polygons, code_order(codes))
    np.testing.assert_array_equal(found.row, said.row)
    np.testing.assert_array_equal(found.on_border, said.on_border)
    assert found.on_border.any()
    np.testing.assert_array_equal(found.in_overlap, said.in_overlap)


@pytest.mark.parametrize("name", ["ragged", "holed", "town in a county"])
def test_order_and_blocks_change_nothing(name):
    polygons = TILINGS[name][0]()
    codes = codes_of(polygons)
    index = build_index(polygons, codes)
    xy = hard_points(index, 2, 1_000)
    rows = index.locate(xy[:, 0], xy[:, 1])
    for at_once in (1_000, 7_777, 10**6):
        np.testing.assert_array_equal(index.locate(xy[:, 0], xy[:, 1], at_once=at_once), rows)
    order = np.random.default_rng(9).permutation(len(polygons))
    turned = np.array([shapely.reverse(shape) for shape in polygons[order]], dtype=object)
    other = build_index(turned, codes[order]).locate(xy[:, 0], xy[:, 1])
    np.testing.assert_array_equal(np.append(order, -1)[other], rows)
    coarse = build_index(polygons, codes, cells_per_grid=3)
    np.testing.assert_array_equal(coarse.locate(xy[:, 0], xy[:, 1]), rows)


def bent(polygons, seed):
    """Make a tiling faulty in every way."""
    rng = np.random.default_rng(seed)
    shapes = list(polygons)
    west, south, east, north = shapely.total_bounds(polygons)
    width, height = east - west, north - south

    def somewhere():
        return west + rng.random() * width, south + rng.random() * height

    x, y = somewhere()
    bow = [(x, y), (x + width / 3, y + height / 3), (x + width / 3, y), (x, y + height / 3)]
    faults = [
        lambda: shapes.append(shapes[rng.integers(len(shapes))]),
        lambda: shapes.append(Polygon(bow)),
        lambda: shapes.extend([None, Polygon(), Point(somewhere())]),
        lambda: shapes.append(LineString([somewhere(), somewhere()])),
        lambda: shapes.pop(rng.integers(len(shapes))),
        lambda: shapes.append(box(x, y, x + width / 2, y + height / 5)),
        lambda: shapes.append(
            shapely.transform(shapes[0], lambda xy: xy + np.array([width / 7, 0]))
        ),
        lambda: shapes.append(shapely.reverse(shapes[0])),
    ]
    for fault in rng.permutation(len(faults))[: rng.integers(1, 6)]:
        if shapes and shapes[0] is not None:
            faults[fault]()
    return np.array(shapes, dtype=object)


@settings(max_examples=40, deadline=None)
@given(
    grids=tilings(),
    seed=st.integers(0, 2**32 - 1),
    cells=st.sampled_from([1, 7, 256]),
    is_bent=st.booleans(),
)
def test_index_and_pairs_say_the_same_for_any_shapes(grids, seed, cells, is_bent):
    xy = border_points(grids, seed, n=60)
    xy = xy[((np.abs(xy) > 1e-290) | (xy == 0.0)).all(axis=1)]
    polygons = grids.geometry.to_numpy()
    if is_bent:
        polygons = bent(polygons, seed)
    codes = codes_of(polygons, seed)
    if seed % 3 == 0:
        codes = np.array([code[-1] for code in codes], dtype=object)  # repeated ones
    said = locate_directly(xy, polygons, code_order(codes))
    found = build_index(polygons, codes, cells_per_grid=cells).locate_with_borders(*xy.T)
    np.testing.assert_array_equal(found.row, said.row)
    np.testing.assert_array_equal(found.on_border, said.on_border)
    np.testing.assert_array_equal(found.in_overlap, said.in_overlap)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(4, 40),
    halvings=st.integers(0, 4),
    origin=st.sampled_from(ORIGINS),
)
def test_voronoi_tilings_with_ragged_borders(seed, n, halvings, origin):
    polygons = ragged_tiling(n, seed=seed, halvings=halvings)
    polygons = shapely.transform(polygons, lambda xy: xy * 0.03 + origin)
    codes = codes_of(polygons, seed)
    index = build_index(polygons, codes)
    xy = hard_points(index, seed, 40)
    said = locate_directly(xy, polygons, code_order(codes))
    found = index.locate_with_borders(*xy.T)
    np.testing.assert_array_equal(found.row, said.row)
    np.testing.assert_array_equal(found.on_border, said.on_border)


def test_many_grids_at_one_vertex():
    turn = np.linspace(0.0, 2.0 * np.pi, 201)
    x, y = 3.0 + np.cos(turn), 3.0 + np.sin(turn)
    x[-1], y[-1] = x[0], y[0]
    slices = [Polygon([(3, 3), (x[k], y[k]), (x[k + 1], y[k + 1])]) for k in range(200)]
    polygons = np.array(slices, dtype=object)
    index = build_index(polygons, codes_of(polygons))
    xy = hard_points(index, 3, 300)
    said = locate_directly(xy, polygons, code_order(codes_of(polygons)))
    np.testing.assert_array_equal(index.locate(*xy.T), said.row)


def test_leaves_stay_small_and_memory_bounded_with_sizes_far_apart():
    polygons = town_in_a_county()
    index = build_index(polygons, codes_of(polygons))
    assert np.diff(index.table.leaf_start).max() <= 12
    assert len(index.table.cells) < 2_000 * len(polygons)
    strips = [box(0, k / 500, 1, (k + 1) / 500) for k in range(500)]
    thin = build_index(np.array(strips, dtype=object), codes_of(strips))
    assert len(thin.table.entries) < 200 * len(strips)
