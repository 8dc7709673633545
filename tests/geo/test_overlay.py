"""New grids over old ones: every square metre of an old grid is in exactly one piece."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as some

from geo.errors import CrsError
from geo.measure import area_m2
from geo.overlay import NOWHERE, pieces_of
from tests.strategies import jittered_tiling

WEST, SOUTH, SIDE = 94.9, 36.4, 0.01


def frame(**shapes):
    """Grids by code: (west, east) in squares, or a shape."""
    drawn = [
        shapely.box(WEST + s[0] * SIDE, SOUTH, WEST + s[1] * SIDE, SOUTH + SIDE)
        if isinstance(s, tuple)
        else s
        for s in shapes.values()
    ]
    return gpd.GeoDataFrame({"grid_code": list(shapes)}, geometry=drawn, crs="EPSG:4326")


def told(old, new):
    """Share of the old grid (of the new one, where there is no old) by pair of codes."""
    pieces = pieces_of(old, new)
    codes = [[*each["grid_code"], ""] for each in (old, new)]
    whole = [*pieces.old_area_m2, 0.0]
    return {
        (codes[0][a], codes[1][b]): m2 / whole[a] if whole[a] > 0 else m2
        for a, b, m2 in zip(
            pieces.old.tolist(), pieces.new.tolist(), pieces.area_m2.tolist(), strict=True
        )
    }


def test_a_cut_grid_is_shared_out_and_one_of_the_same_shape_is_whole():
    found = told(frame(a=(0, 1), b=(1, 2)), frame(a=(0, 0.7), c=(0.7, 1), z=(1, 2)))
    assert found == {
        ("a", "a"): pytest.approx(0.7),
        ("a", "c"): pytest.approx(0.3),
        ("b", "z"): pytest.approx(1.0),
    }
    pieces = pieces_of(frame(a=(0, 1), b=(1, 2)), frame(a=(0, 0.7), c=(0.7, 1), z=(1, 2)))
    assert pieces.is_cut.tolist() == [True, False]


def test_ground_of_one_side_only_is_a_piece_of_nobody():
    found = told(frame(a=(0, 1)), frame(a=(0.25, 1.5)))
    alone = area_m2(frame(x=(1, 1.5)))[0]
    assert found == {
        ("a", "a"): pytest.approx(0.75),
        ("a", ""): pytest.approx(0.25),
        ("", "a"): pytest.approx(alone, rel=1e-4),
    }


def test_a_hair_is_no_piece_and_a_touching_corner_neither():
    hair = 1e-10
    assert set(told(frame(a=(0, 1), b=(1, 2)), frame(a=(0, 1 + hair), b=(1 + hair, 2)))) == {
        ("a", "a"),
        ("b", "b"),
    }


def test_a_grid_without_a_shape_follows_its_code():
    empty = shapely.Polygon()
    found = told(frame(a=None, b=(0, 1), c=empty), frame(a=(1, 2), b=(0, 1)))
    assert set(found) == {("a", "a"), ("b", "b"), ("c", ""), ("", "a")}
    assert (found["a", "a"], found["c", ""]) == (0.0, 0.0)
    assert len(pieces_of(frame(), frame()).old) == 0


def test_a_bow_tie_counts_as_the_area_that_it_has():
    crossed = shapely.Polygon(
        [(WEST, SOUTH), (WEST + SIDE, SOUTH + SIDE), (WEST + SIDE, SOUTH), (WEST, SOUTH + SIDE)]
    )
    found = told(frame(a=crossed), frame(a=(0, 0.5), b=(0.5, 1)))
    of_old = {pair: share for pair, share in found.items() if pair[0]}
    assert of_old == {("a", "a"): pytest.approx(0.5), ("a", "b"): pytest.approx(0.5)}


def test_frames_of_two_systems_are_refused():
    with pytest.raises(CrsError, match="crs_mismatch"):
        pieces_of(frame(a=(0, 1)), frame(a=(0, 1)).to_crs("EPSG:4513"))
    with pytest.raises(CrsError, match="no_crs"):
        pieces_of(frame(a=(0, 1)), frame(a=(0, 1)).set_crs(None, allow_override=True))


@settings(max_examples=40)
@given(seeds=some.tuples(some.integers(0, 10**6), some.integers(0, 10**6)))
def test_pieces_of_any_two_tilings_of_one_ground_add_up(seeds):
    old, new = (
        jittered_tiling(seed, columns, rows)
        for seed, columns, rows in zip(seeds, (3, 2), (2, 4), strict=True)
    )
    pieces = pieces_of(old, new)
    is_old = pieces.old != NOWHERE
    sums = np.bincount(pieces.old[is_old], pieces.area_m2[is_old], minlength=len(old))
    np.testing.assert_allclose(sums, pieces.old_area_m2, rtol=2e-7)
    pairs = list(zip(pieces.old.tolist(), pieces.new.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    turned = new.sample(frac=1.0, random_state=seeds[0] % 1000)
    again = pieces_of(old, turned.reset_index(drop=True))
    assert sorted(again.area_m2) == pytest.approx(sorted(pieces.area_m2), rel=1e-9, abs=1e-6)
