import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon, box

from benchmarks.tilings import ragged_tiling
from geo.index import build_index
from geo.index.growing import Roll
from geo.index.making import banding
from geo.index.outlines import sound_rings
from geo.index.pairing import compiled as pairing
from geo.index.proving.compiled import proven_turns
from tests.geo.index.test_compiled import assert_same_arrays, both
from tests.geo.index.test_exactness import TILINGS, codes_of, squares


def turns_of(*rings):
    closed = [np.vstack([ring, ring[:1]]) for ring in rings]
    start = np.cumsum([0, *map(len, closed)])
    turn, is_simple = proven_turns(np.concatenate([np.zeros((0, 2)), *closed]), start)
    return np.where(is_simple, turn, 0).tolist()


def polygons_of(*rings):
    return np.array([Polygon(ring) for ring in rings], dtype=object)


def with_odd_ones():
    polygons = ragged_tiling(200)
    polygons[3], polygons[5], polygons[7] = None, Polygon(), Point(0.5, 0.5)
    polygons[9] = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    polygons[11] = shapely.from_wkt("MULTIPOLYGON (EMPTY, ((0.1 0.1, 0.2 0.1, 0.2 0.2, 0.1 0.1)))")
    polygons[13] = Polygon([(0, 0), (1e200, 0), (1, 1)])
    polygons[15] = polygons[17] = polygons[16]  # three on one border
    polygons[19] = box(-0.0, -0.0, 0.3, 0.3)
    polygons[21] = shapely.reverse(polygons[21])
    return polygons


def test_turns_are_proven_both_ways_and_never_of_rings_that_go_round_twice():
    angle = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    twice = np.vstack([circle, 0.9 * circle])  # every side turns left, but it meets itself
    comb = [(0, 0), (9, 0), (9, 5), (8, 5), (8, 1), (1, 1), (1, 5), (0, 5)]
    repeated = np.repeat(circle, 2, axis=0)
    lost = circle.copy()
    lost[3] = np.nan
    assert turns_of(circle, circle[::-1], twice, np.array(comb, dtype=float)) == [1, -1, 0, 0]
    assert turns_of(repeated, lost, circle[:2], circle[:1]) == [1, 0, 0, 0]
    assert turns_of() == []


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=3, max_size=7, unique=False
    ),
    st.sampled_from([(1.0, 0.0), (0.1, 0.3), (1e-9, 114.305), (1e-15, 1.0)]),
)
def test_what_is_proven_is_what_geos_says(places, scale):
    ring = np.array(places, dtype=float) * scale[0] + scale[1]
    polygon = Polygon(ring)
    (turn,) = turns_of(ring)
    if turn:
        assert polygon.is_valid
        assert polygon.exterior.is_ccw == (turn > 0)


@pytest.mark.parametrize("name", ["several parts", "holed", "gaps"])
def test_the_same_rings_whoever_proves_them(name):
    polygons = TILINGS[name][0]()
    said, odd = sound_rings(polygons)
    found, odd_too = sound_rings(polygons, use_compiled=True)
    assert odd.tolist() == odd_too.tolist()
    assert set(said.turn.tolist()) <= {1, -1}
    for part in ("xy", "start", "row", "is_hole", "turn"):
        np.testing.assert_array_equal(getattr(found, part), getattr(said, part))


def test_turns_of_slivers_whose_area_is_lost_in_rounding():
    ring = np.array([(0.0, 0.0), (1.0, 1.0), (2.0, 2.0 + 2e-9)]) + 1e6
    polygons = polygons_of(ring, ring[::-1], ring[[1, 2, 0]])
    rings, odd = sound_rings(polygons)
    said = [1 if shape.exterior.is_ccw else -1 for shape in polygons]
    assert (rings.turn.tolist(), odd.tolist()) == (said, [])


def test_odd_rows_leave_no_ring():
    polygons = with_odd_ones()
    for use_compiled in (False, True):
        rings, odd = sound_rings(polygons, use_compiled=use_compiled)
        assert odd.tolist() == [7, 9, 13]
        assert not np.isin([3, 5, 7, 9, 13], rings.row).any()
        assert len(rings.xy) == rings.start[-1]
        sizes = shapely.get_num_coordinates(polygons)[rings.row]
        np.testing.assert_array_equal(np.diff(rings.start), sizes)


@pytest.mark.parametrize("cells", [16, 256])
@pytest.mark.parametrize("name", ["odd", "squares", "town in a county", "holed"])
def test_narrow_bands_and_little_room_change_nothing(monkeypatch, name, cells):
    polygons = with_odd_ones() if name == "odd" else TILINGS[name][0]()
    wide = build_index(polygons, codes_of(polygons), use_compiled=True, cells_per_grid=cells)
    grown = []
    grow = banding.Room.grow
    monkeypatch.setattr(banding, "_CELLS_IN_BAND", 64)
    monkeypatch.setattr(banding.Room, "grow", lambda own, n: (grown.append(n), grow(own, n))[1])
    slow, narrow = both(polygons, codes_of(polygons), cells_per_grid=cells)
    assert max(grown) > min(grown)
    assert_same_arrays(slow, narrow)
    assert_same_arrays(slow, wide)


def test_equal_hashes_of_unequal_edges_are_told_apart(monkeypatch):
    polygons = TILINGS["several parts"][0]()
    slow = build_index(polygons, codes_of(polygons))
    number, asked = pairing.number_edges, []

    def doubting(*args):
        is_sound = number(*args)
        asked.append(is_sound)
        return is_sound and len(asked) > 1  # as if a hash had lied the first time

    monkeypatch.setattr(pairing, "number_edges", doubting)
    fast = build_index(polygons, codes_of(polygons), use_compiled=True)
    assert asked == [True, True]
    assert_same_arrays(slow, fast)


def test_a_wrong_mate_is_noticed():
    rings, _ = sound_rings(squares(3, 3))
    is_turned = np.zeros(len(rings.row), dtype=bool)
    mates = np.full(len(rings.xy), -1, dtype=np.int32)
    mates[[0, 7]] = 7, 0
    n = len(rings.xy)
    ends = tuple(np.empty(n) for _ in range(4))
    sides = tuple(np.empty(n, dtype=np.int32) for _ in range(2))
    starts = np.empty(len(rings.start), dtype=np.int32)
    own = (rings.start, rings.row, is_turned, starts)
    assert not pairing.number_edges(rings.xy, own, mates, ends, sides, np.empty(n, dtype=np.int32))


@pytest.mark.parametrize("height", [1e-310, 5e-324, 1e-301])
def test_edges_lower_than_any_number_can_be_divided_by(height):
    low, high = (
        [(0, 0), (1, height), (2, 0), (2, 1), (0, 1)],
        [(0, 0), (1, height), (2, 0), (1, -1)],
    )
    polygons = polygons_of(low, high)
    with np.errstate(all="raise", under="ignore"):
        slow, fast = both(polygons, codes_of(polygons))
    assert_same_arrays(slow, fast)
    rows = fast.locate([0.5, 1.5, 1.0], [0.5, 0.5, -0.5])
    assert rows.tolist() == [0, 0, 1]


def test_a_roll_keeps_what_stands_in_it():
    roll = Roll(np.empty((0, 2)))
    written = [np.full((n, 2), float(n)) for n in (3, 0, 5, 1, 40)]
    for part in written:
        roll.add(part)
    roll.room(1000)[:] = -1.0  # asked for, and not taken
    assert len(roll) == 49
    np.testing.assert_array_equal(roll.filled(), np.concatenate(written))
