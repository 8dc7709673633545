"""Compactness and reach against shapes whose figures are known."""

from math import pi, sqrt

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.districting.graph import can_leave, is_contiguous, parts_of
from geo.districting.shape import farthest_m, polsby_popper, reock, shape_figures
from geo.errors import CrsError, FrameError

SQUARE = shapely.box(0, 0, 10, 10)
CIRCLE = shapely.Point(0, 0).buffer(100, quad_segs=2000)


@pytest.mark.parametrize(
    ("shape", "popper", "circle"),
    [
        (CIRCLE, 1.0, 1.0),
        (SQUARE, pi / 4, 2 / pi),
        (shapely.box(0, 0, 2, 1), 2 * pi / 9, 2 / (pi * 1.25)),
        (shapely.Polygon([(0, 0), (1, 0), (0.5, sqrt(3) / 2)]), 0.6046, 0.4135),
        (shapely.affinity.rotate(SQUARE, 33), pi / 4, 2 / pi),
        (shapely.difference(SQUARE, shapely.box(4, 4, 6, 6)), 4 * pi * 96 / 48**2, 96 / (50 * pi)),
    ],
)
def test_known_shapes(shape, popper, circle):
    shapes = np.array([shape], dtype=object)
    assert polsby_popper(shapes)[0] == pytest.approx(popper, abs=1e-4)
    assert reock(shapes)[0] == pytest.approx(circle, abs=1e-4)


def test_nothing_has_no_shape():
    shapes = np.array([None, shapely.Polygon(), SQUARE], dtype=object)
    assert np.isnan(polsby_popper(shapes)).tolist() == [True, True, False]
    assert np.isnan(reock(shapes)).tolist() == [True, True, False]
    assert np.isnan(farthest_m(shapes, np.zeros((3, 2)))).tolist() == [True, True, False]


def test_farthest_point_is_a_corner():
    shapes = np.array([SQUARE, SQUARE, shapely.MultiPolygon([SQUARE, shapely.box(100, 0, 103, 4)])])
    ways = farthest_m(shapes, np.array([[5.0, 5.0], [0.0, 0.0], [0.0, 0.0]]))
    assert ways == pytest.approx([sqrt(50), sqrt(200), np.hypot(103, 4)])
    assert np.isnan(farthest_m(shapes[:1], np.array([[np.nan, 0.0]])))[0]


def kilometre(codes=("A", "B")):
    shapes = [shapely.box(113 + 0.01 * k, 30, 113.01 + 0.01 * k, 30.009) for k in range(len(codes))]
    return gpd.GeoDataFrame({"grid_code": list(codes)}, geometry=shapes, crs=4326)


def test_grids_are_measured_in_metres():
    found = shape_figures(kilometre())
    assert found.index.tolist() == ["A", "B"]
    assert found.area_m2.to_numpy() == pytest.approx(964.6e3, rel=0.01)
    assert found.polsby_popper.to_numpy() == pytest.approx(pi / 4, abs=0.002)
    assert found.reock.to_numpy() == pytest.approx(2 / pi, abs=0.002)
    assert found.longest_m.to_numpy() == pytest.approx(np.hypot(965, 998) / 2, rel=0.01)
    assert not found.is_from_post.any()


def test_the_post_decides_where_there_is_one():
    posts = gpd.GeoDataFrame(
        {"grid_code": ["B", "B", "X"]},
        geometry=shapely.points([(113.01, 30.0), (113.015, 30.0), (0.0, 0.0)]),
        crs=4326,
    )
    found = shape_figures(kilometre(), posts)
    assert found.is_from_post.tolist() == [False, True]
    assert found.longest_m["B"] == pytest.approx(np.hypot(482, 998), rel=0.01)


def test_frames_without_codes_or_crs_are_refused():
    with pytest.raises(FrameError) as refused:
        shape_figures(kilometre().drop(columns="grid_code"))
    assert refused.value.code == "missing_columns"
    with pytest.raises(CrsError) as refused:
        shape_figures(gpd.GeoDataFrame({"grid_code": ["A"]}, geometry=[SQUARE]))
    assert refused.value.code == "no_crs"


def test_borders_join_and_corners_do_not(lattice):
    atoms = lattice(["AB", "BA"])
    assert np.diff(atoms.graph.start).tolist() == [2, 2, 2, 2]
    assert is_contiguous(atoms.graph, [0, 1])
    assert not is_contiguous(atoms.graph, [0, 3])
    assert not is_contiguous(atoms.graph, [])
    assert parts_of(atoms.graph.lists(), [0, 3, 1]) == [[0, 1, 3]]
    _, _, border_m = atoms.graph.pairs()
    assert sorted(border_m) == pytest.approx([96.5, 96.5, 110.9, 110.9], rel=0.01)


def test_leaving_is_refused_where_it_tears_a_grid(lattice):
    atoms = lattice(["AAA", "ABA", "ABB"])
    near, labels = atoms.graph.lists(), list(atoms.grids)
    free = [k for k in range(9) if can_leave(near, labels, k)]
    assert free == [4, 5, 6, 8]
    assert can_leave(near, ["A", *"B" * 8], 0) is False


@pytest.mark.parametrize("seed", range(20))
def test_leaving_agrees_with_taking_out(lattice, seed):
    draw = np.random.default_rng(seed)
    atoms = lattice(["".join(draw.choice(list("AB"), 5, p=[0.7, 0.3])) for _ in range(5)])
    near, labels = atoms.graph.lists(), list(atoms.grids)
    for grid in set(labels):
        members = [k for k, label in enumerate(labels) if label == grid]
        if len(parts_of(near, members)) > 1:
            continue
        for atom in members:
            rest = [k for k in members if k != atom]
            assert can_leave(near, labels, atom) == (len(parts_of(near, rest)) == 1)
