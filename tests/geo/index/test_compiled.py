from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.tilings import clustered_points, ragged_tiling
from geo.errors import FrameError
from geo.index import TilingIndex, build_index, compiled, lookup, tiling_index
from geo.index.moves import PointBuckets
from geo.index.pairing.compiled import jit
from tests.geo.index.test_exactness import TILINGS, bent, codes_of
from tests.index_points import hard_points
from tests.strategies import border_points, tilings


def both(polygons, codes, **options):
    slow = build_index(polygons, codes, **options)
    fast = build_index(polygons, codes, use_compiled=True, **options)
    return slow, fast


def looked_up(find, index, xy):
    rows = np.empty(len(xy), dtype=np.int32)
    places = (np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1]))
    edges = index.edges
    ends = (edges.ax, edges.ay, edges.bx, edges.by)
    met = find(index.table, ends, places, rows, 32_768)
    return rows, met


def assert_same_answers(index, xy):
    slow, slow_met = looked_up(lookup.find_rows, index, xy)
    fast, fast_met = looked_up(compiled.find_rows, index, xy)
    np.testing.assert_array_equal(fast, slow)
    np.testing.assert_array_equal(np.unique(fast_met.asks), np.unique(slow_met.asks))
    pairs = [
        set(zip(met.point.tolist(), met.edge.tolist(), strict=True)) for met in (slow_met, fast_met)
    ]
    assert pairs[0] == pairs[1]
    return slow_met


def assert_same_arrays(slow, fast):
    kept, own = slow.arrays(), fast.arrays()
    assert kept.keys() == own.keys()
    for name, values in kept.items():
        np.testing.assert_array_equal(own[name], values, err_msg=name)
        assert own[name].dtype == values.dtype, name


@pytest.mark.parametrize("name", TILINGS)
def test_machine_code_builds_the_same_arrays_and_finds_the_same_rows(name):
    make, n = TILINGS[name]
    polygons = make()
    slow, fast = both(polygons, codes_of(polygons))
    assert_same_arrays(slow, fast)
    met = assert_same_answers(fast, hard_points(slow, 11, 2 * n))
    assert len(met.point)  # so some lay on edges


def test_a_quarter_of_a_million_hard_points(monkeypatch):
    monkeypatch.setattr(tiling_index, "WORTH_MACHINE_CODE", 0)
    polygons = ragged_tiling(2_700)
    slow, fast = both(polygons, codes_of(polygons))
    xy = hard_points(slow, 12, 45_000)
    assert len(xy) >= 250_000
    said, found = slow.locate_with_borders(*xy.T), fast.locate_with_borders(*xy.T)
    for part in ("row", "on_border", "in_overlap"):
        np.testing.assert_array_equal(getattr(found, part), getattr(said, part))


@settings(max_examples=60, deadline=None)
@given(
    grids=tilings(),
    seed=st.integers(0, 2**32 - 1),
    cells=st.sampled_from([1, 7, 256]),
    is_bent=st.booleans(),
)
def test_the_same_for_any_shapes(grids, seed, cells, is_bent):
    xy = border_points(grids, seed, n=60)
    polygons = grids.geometry.to_numpy()
    if is_bent:
        polygons = bent(polygons, seed)
    slow, fast = both(polygons, codes_of(polygons, seed), cells_per_grid=cells)
    assert_same_arrays(slow, fast)
    assert_same_answers(fast, xy)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_may_share_an_index(threads):
    polygons = TILINGS["town in a county"][0]()
    index = build_index(polygons, codes_of(polygons), use_compiled=True)
    xy = hard_points(index, 13, 20_000)
    rows = looked_up(lookup.find_rows, index, xy)[0]
    with ThreadPoolExecutor(threads) as pool:
        parts = np.array_split(xy, 2 * threads + 1)
        found = list(pool.map(lambda part: looked_up(compiled.find_rows, index, part)[0], parts))
    np.testing.assert_array_equal(np.concatenate(found), rows)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_points_without_coordinates_are_refused_alike(bad):
    polygons = ragged_tiling(60)
    index = build_index(polygons, codes_of(polygons))
    xy = np.tile([0.5, 0.5], (50_000, 1))
    xy[40_000, 1] = bad
    said = []
    for find in (lookup.find_rows, compiled.find_rows):
        with pytest.raises(FrameError) as refused:
            looked_up(find, index, xy)
        said.append((refused.value.code, refused.value.fields))
    assert said[0] == said[1]


@pytest.mark.parametrize("far", [-1e300, 1e9, 1e308])
def test_places_far_away_are_outside(far):
    polygons = ragged_tiling(60)
    index = build_index(polygons, codes_of(polygons))
    xy = np.array([[far, 0.5], [0.5, far], [far, far], [0.5, 0.5]])
    assert_same_answers(index, xy)
    assert (looked_up(compiled.find_rows, index, xy)[0] >= 0).tolist() == [False] * 3 + [True]


def test_nothing_to_build_and_nobody_to_find():
    slow, fast = both(np.array([None], dtype=object), ["a"])
    assert_same_arrays(slow, fast)
    assert_same_answers(fast, np.zeros((3, 2)))
    assert_same_answers(fast, np.zeros((0, 2)))


def test_an_index_taken_back_from_arrays_uses_machine_code_too(monkeypatch):
    polygons = ragged_tiling(300)
    index = build_index(polygons, codes_of(polygons))
    again = TilingIndex.from_arrays(index.arrays(), use_compiled=True)
    x, y = clustered_points(30_000)
    rows = index.locate(x, y)
    asked = []

    def watched(*args):
        asked.append(len(args[2][0]))
        return lookup.find_rows(*args)

    monkeypatch.setattr(compiled, "find_rows", watched)
    np.testing.assert_array_equal(again.locate(x, y), rows)
    again.locate(x[:10], y[:10])  # too few
    assert asked == [30_000]


@pytest.mark.parametrize("seed", range(8))
def test_a_dragged_border_moves_the_same_points(seed):
    rng = np.random.default_rng(seed)
    polygons = ragged_tiling(200, seed=seed)
    slow, fast = both(polygons, codes_of(polygons))
    edges = slow.edges
    x, y = clustered_points(20_000, seed=seed)
    # points on the chains themselves: floats cannot say on which side these lie
    x, y = np.append(x, [edges.ax, edges.bx]), np.append(y, [edges.ay, edges.by])
    buckets = [PointBuckets(index, x, y) for index in (slow, fast)]
    moved = 0
    for edge in rng.choice(np.flatnonzero((edges.left >= 0) & (edges.right >= 0)), 30):
        pair = (int(edges.left[edge]), int(edges.right[edge]))
        ends = np.array([[edges.ax[edge], edges.ay[edge]], [edges.bx[edge], edges.by[edge]]])
        corner = ends.mean(axis=0) + rng.normal(0.0, 0.02, 2)
        said, found = (own.move(pair, ends, np.insert(ends, 1, corner, axis=0)) for own in buckets)
        for part in ("point", "place", "row"):
            np.testing.assert_array_equal(getattr(found, part), getattr(said, part))
        assert found.examined == said.examined
        for own, change in zip(buckets, (said, found), strict=True):
            own.apply(change)
        moved += len(said.point)
    assert moved
    np.testing.assert_array_equal(buckets[0].row, buckets[1].row)
    np.testing.assert_array_equal(buckets[0].counts, buckets[1].counts)


def test_where_nothing_may_be_written_the_code_is_made_anew(monkeypatch):
    plain = numba.njit

    def refusing(*, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return plain(**options)

    monkeypatch.setattr(numba, "njit", refusing)
    assert jit(lambda number: number + 1)(2) == 3
