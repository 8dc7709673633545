import numpy as np
import pytest
import shapely
from shapely import LineString, Polygon, box

from benchmarks.tilings import clustered_points, ragged_tiling
from geo.errors import FrameError
from geo.index import TilingIndex, build_index, index_key


def indexed(*shapes, codes=None):
    names = [chr(97 + k) for k in range(len(shapes))] if codes is None else codes
    return build_index(np.array([*shapes, None], dtype=object)[:-1], names)


def test_rows_borders_and_overlaps():
    index = indexed(box(0, 0, 2, 2), box(1, 0, 3, 2), codes=["b", "a"])
    found = index.locate_with_borders([0.5, 1.5, 2.0, 5.0, 3.0], [1.0, 1.0, 1.0, 1.0, 1.0])
    assert found.row.tolist() == [0, 1, 1, -1, 1]
    assert found.on_border.tolist() == [False, False, True, False, True]
    assert found.in_overlap.tolist() == [False, True, False, False, False]
    assert found.row.dtype == np.int32


def test_what_is_not_finite_is_refused():
    index = indexed(box(0, 0, 1, 1))
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(FrameError) as refused:
            index.locate([0.5, bad, 0.5], [0.5, 0.5, 0.5])
        assert refused.value.fields == {"count": 1, "rows": [1]}
        with pytest.raises(FrameError):
            index.locate([0.5], [bad])


def test_far_places_lie_outside():
    index = indexed(box(0, 0, 1, 1))
    far = np.array([1e308, -1e308, 1e20, -1e20, 2.0])
    assert index.locate(far, far[::-1]).tolist() == [-1] * 5


@pytest.mark.parametrize("shapes", [[], [None], [Polygon()], [None, Polygon()]])
def test_nothing_to_find(shapes):
    index = build_index(np.array([*shapes, None], dtype=object)[:-1], ["x"] * len(shapes))
    assert index.locate([0.0, 1.0], [0.0, 1.0]).tolist() == [-1, -1]
    assert index.locate([], []).tolist() == []
    assert len(index.borders().a) == 0
    assert not index.faults


def every_kind():
    shapes = list(ragged_tiling(80, seed=6))
    shapes[3] = shapely.union(shapes[3], box(2, 2, 3, 3))
    shapes[4] = shapely.difference(box(4, 4, 5, 5), box(4.2, 4.2, 4.4, 4.4))
    shapes[5] = Polygon([(6, 6), (7, 7), (7, 6), (6, 7)])
    shapes += [None, LineString([(8, 8), (9, 9)]), shapes[7]]
    return np.array(shapes, dtype=object)


def test_arrays_there_and_back(tmp_path):
    shapes = every_kind()
    codes = [f"{k:02d}" for k in range(len(shapes))]
    index = build_index(shapes, codes)
    mapped = {}
    for name, values in index.arrays().items():
        np.save(tmp_path / f"{name}.npy", values, allow_pickle=False)
        mode = "r" if values.size else None
        mapped[name] = np.load(tmp_path / f"{name}.npy", mmap_mode=mode)
    again = TilingIndex.from_arrays(mapped)
    rng = np.random.default_rng(0)
    xy = np.vstack([rng.uniform(0, 9, (4_000, 2)), rng.uniform(0, 1, (4_000, 2)), [[8.5, 8.5]]])
    first, second = (one.locate_with_borders(*xy.T) for one in (index, again))
    np.testing.assert_array_equal(first.row, second.row)
    np.testing.assert_array_equal(first.on_border, second.on_border)
    np.testing.assert_array_equal(first.in_overlap, second.in_overlap)
    assert first.in_overlap.any()
    assert again.key == index.key == index_key(shapes, codes)
    for row, shape in enumerate(again.shapes()[0]):
        same = (shape is None) == (shapes[row] is None)
        assert same
        assert shape is None or shape.normalize() == shapes[row].normalize()


def test_arrays_of_another_layout_are_refused():
    arrays = indexed(box(0, 0, 1, 1)).arrays()
    with pytest.raises(ValueError, match="99"):
        TilingIndex.from_arrays(arrays | {"layout": np.array([99, 1])})
    with pytest.raises(ValueError, match="1"):
        TilingIndex.from_arrays(arrays | {"entries": arrays["entries"][1:]})
    with pytest.raises(KeyError):
        TilingIndex.from_arrays({"layout": arrays["layout"], "rank": arrays["rank"]})


def test_key_is_of_codes_and_coordinates():
    shapes, codes = ragged_tiling(20), [str(k) for k in range(20)]
    key = index_key(shapes, codes)
    assert key == index_key(shapes.copy(), np.array(codes))
    moved = shapes.copy()
    moved[7] = shapely.transform(moved[7], lambda xy: np.nextafter(xy, 9))
    others = [
        index_key(moved, codes),
        index_key(shapes, ["x", *codes[1:]]),
        index_key(shapes[::-1], codes),
        index_key(shapes, codes, cells_per_grid=64),
        index_key(np.where(np.arange(20) == 3, None, shapes), codes),
    ]
    assert len({key, *others}) == 6


def test_borders_are_rook_neighbours_with_lengths():
    index = indexed(box(0, 0, 1, 1), box(1, 0, 2, 1), box(0, 1, 1, 2), box(1, 1, 2, 2))
    borders = index.borders()
    pairs = list(zip(borders.a.tolist(), borders.b.tolist(), strict=True))
    assert pairs == [(0, 1), (0, 2), (1, 3), (2, 3)]
    assert borders.length.tolist() == [1.0] * 4


def test_borders_agree_with_geos():
    polygons = ragged_tiling(200, seed=8)
    borders = build_index(polygons, np.arange(200).astype(str)).borders()
    a, b = shapely.STRtree(polygons).query(polygons, "intersects")
    a, b = a[a < b], b[a < b]
    length = shapely.length(shapely.intersection(polygons[a], polygons[b]))
    shared = length > 0
    order = np.lexsort((b[shared], a[shared]))
    np.testing.assert_array_equal(borders.a, a[shared][order])
    np.testing.assert_array_equal(borders.b, b[shared][order])
    np.testing.assert_allclose(borders.length, length[shared][order], rtol=1e-9)


def test_a_tiling_has_no_faults():
    assert not build_index(ragged_tiling(100, seed=2), np.arange(100).astype(str)).faults


def test_faults_are_found():
    ring = [box(0, 0, 3, 1), box(0, 1, 1, 2), box(2, 1, 3, 2), box(0, 2, 3, 3)]
    faults = indexed(*ring).faults
    assert [shape.equals(box(1, 1, 2, 2)) for shape in faults.gaps] == [True]
    assert len(faults.overlaps) == 0
    assert faults.t_junctions.tolist() == [0, 3]
    plus = indexed(box(0, 1, 3, 2), box(1, 0, 2, 3)).faults
    assert [shape.equals(box(1, 1, 2, 2)) for shape in plus.overlaps] == [True]
    bow = indexed(box(5, 5, 6, 6), Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])).faults
    assert bow.odd.tolist() == [1]
    assert bool(bow)


def test_threads_share_an_index():
    from concurrent.futures import ThreadPoolExecutor

    shapes = every_kind()
    index = build_index(shapes, [f"{k:02d}" for k in range(len(shapes))])
    x, y = clustered_points(20_000)
    alone = index.locate(x, y)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: index.locate(x, y), range(8)))
    for answer in answers:
        np.testing.assert_array_equal(answer, alone)


def test_memory_beside_the_inputs_stays_under_eight_bytes_a_point():
    import tracemalloc

    polygons = ragged_tiling(300)
    index = build_index(polygons, np.arange(300).astype(str))
    x, y = clustered_points(1_000_000)
    index.locate(x[:100_000], y[:100_000])
    tracemalloc.start()
    index.locate(x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 8 * len(x)
