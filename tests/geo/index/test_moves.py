import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.tilings import clustered_points, ragged_tiling
from geo.index import build_index
from geo.index.moves import PointBuckets


def chain_between(polygons, a, b):
    """Give the common border of two grids as one chain of vertices."""
    shared = shapely.line_merge(shapely.intersection(polygons[a], polygons[b]))
    return shapely.get_coordinates(shared)


def is_same_place(after, before, rows):
    """Tell whether two grids still share one border and cover what they did."""
    area = shapely.area(before[rows]).sum()
    overlap = shapely.area(shapely.intersection(*after[rows]))
    there, here = shapely.union(*after[rows]), shapely.union(*before[rows])
    apart = shapely.area(shapely.symmetric_difference(there, here))
    return overlap == 0.0 and apart < 1e-12 * area


def dragged(polygons, a, b, seed):
    """Move the inner vertices of a common border a little, in both grids alike."""
    rng = np.random.default_rng(seed)
    old = chain_between(polygons, a, b)
    reach = 0.2 * np.sqrt(shapely.area(polygons[[a, b]]).min())
    for _ in range(20):
        new = old.copy()
        new[1:-1] += rng.uniform(-reach, reach, 2)
        moved = {tuple(v): tuple(w) for v, w in zip(old[1:-1], new[1:-1], strict=True)}
        after = polygons.copy()
        for row in (a, b):
            ring = shapely.get_coordinates(polygons[row])
            after[row] = shapely.Polygon([moved.get(tuple(v), tuple(v)) for v in ring])
        if shapely.is_valid(after[[a, b]]).all() and is_same_place(after, polygons, [a, b]):
            return old, new, after
        reach /= 2.0
    return None


def neighbours(index):
    borders = index.borders()
    return list(zip(borders.a.tolist(), borders.b.tolist(), strict=True))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(6, 60))
def test_a_dragged_border_gives_what_joining_anew_gives(seed, n):
    polygons = ragged_tiling(n, seed=seed)
    codes = np.array([f"{k:03d}" for k in range(n)], dtype=object)
    index = build_index(polygons, codes)
    pairs = neighbours(index)
    a, b = pairs[seed % len(pairs)]
    if len(chain_between(polygons, a, b)) < 3:
        return
    drag = dragged(polygons, a, b, seed)
    if drag is None:
        return
    old, new, after = drag
    x, y = clustered_points(2_000, seed=seed)
    near = np.vstack([old, new, (new[1:] + new[:-1]) / 2, (old[1:] + old[:-1]) / 2])
    x = np.concatenate([x, near[:, 0], np.nextafter(near[:, 0], 9), near[:, 0]])
    y = np.concatenate([y, near[:, 1], near[:, 1], np.nextafter(near[:, 1], -9)])
    buckets = PointBuckets(index, x, y)
    moved = buckets.move((a, b), old, new)
    assert (np.diff(moved.point) > 0).all()
    buckets.apply(moved)
    rows = np.empty(len(x), dtype=np.int32)
    rows[buckets.order] = buckets.row
    anew = build_index(after, codes).locate(x, y)
    np.testing.assert_array_equal(rows, anew)
    np.testing.assert_array_equal(buckets.counts, np.bincount(anew[anew >= 0], minlength=n))


def test_a_preview_changes_nothing_and_going_back_restores():
    polygons = ragged_tiling(30, seed=1)
    index = build_index(polygons, np.arange(30).astype(str))
    x, y = clustered_points(20_000)
    buckets = PointBuckets(index, x, y)
    pairs = neighbours(index)
    a, b = max(pairs, key=lambda pair: buckets.counts[list(pair)].min())
    old = chain_between(polygons, a, b)
    new = old.copy()
    new[1:-1] += 0.01
    before, counts = buckets.row.copy(), buckets.counts.copy()
    there = buckets.move((a, b), old, new)
    np.testing.assert_array_equal(buckets.row, before)
    buckets.apply(there)
    assert len(there.point) > 0
    assert there.examined < 10_000
    buckets.apply(buckets.move((a, b), new, old))
    np.testing.assert_array_equal(buckets.row, before)
    np.testing.assert_array_equal(buckets.counts, counts)


def test_points_of_a_box():
    polygons = ragged_tiling(50, seed=2)
    x, y = clustered_points(5_000)
    buckets = PointBuckets(build_index(polygons, np.arange(50).astype(str)), x, y)
    found = np.sort(buckets.order[buckets.in_box(0.2, 0.3, 0.5, 0.6)])
    inside = (x >= 0.2) & (x <= 0.5) & (y >= 0.3) & (y <= 0.6)
    np.testing.assert_array_equal(found, np.flatnonzero(inside))
    everything = buckets.in_box(-9.0, -9.0, 9.0, 9.0)
    assert len(everything) == 5_000


def test_chains_must_meet():
    polygons = ragged_tiling(10)
    buckets = PointBuckets(build_index(polygons, np.arange(10).astype(str)), [0.5], [0.5])
    with pytest.raises(ValueError, match=r"0\.1"):
        buckets.move((0, 1), [(0, 0), (1, 1)], [(0, 0.1), (1, 1)])
