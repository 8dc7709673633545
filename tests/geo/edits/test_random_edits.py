"""Random edits over random tilings: everything an edit must keep holds after each of them.

Every run applies 2,500 edits to 50 tilings, each kind of edit to every five of them, and undoes
all of them; `benchmarks/edits.py` applies 10,000 in a row to one.
"""

import json
from collections import Counter
from math import fsum

import geopandas as gpd
import numpy as np
import pytest
import shapely

from benchmarks.edits import CONSERVING, Planner, edits_in_a_row, total_area, town
from geo.assign import assign_points
from geo.edits import EditOptions, EditRefused, apply, from_json, is_sound, to_json

TOWNS, EDITS = 50, 50
"""So many random tilings, and so many random edits applied to each: 2,500 in every run."""
BATCH = 5


def random_town(seed):
    """8 to 25 grids of some 6 to 24 vertices; lakes, and grids around which many others lie."""
    rng = np.random.default_rng(seed)
    while True:
        n, halvings = int(rng.integers(8, 26)), int(rng.integers(3))
        holes, number = int(rng.integers(4)), int(rng.integers(10**6))
        plain = town(n, seed=number, halvings=halvings, holes=holes)
        if is_sound(plain):  # in some a ragged border crosses another one
            whole = int(rng.integers(3))
            return town(n, seed=number, halvings=halvings, holes=holes, whole=whole)


def places_within(tiling, rng, n=200):
    """Points off every border, each in exactly one grid."""
    west, south, east, north = shapely.total_bounds(tiling.shapes)
    xy = np.column_stack([rng.uniform(west, east, n), rng.uniform(south, north, n)])
    return xy[shapely.intersects_xy(shapely.union_all(tiling.shapes), xy[:, 0], xy[:, 1])]


def outcome(tiling, edit):
    try:
        return apply(tiling, edit, EditOptions(clip=True))
    except EditRefused as refusal:
        return refusal


class Watch:
    """Everything that must hold after each edit, and what was seen of codes and points."""

    def __init__(self, start):
        self.whole = total_area(start)
        self.sums = {measure: sum(own.values()) for measure, own in start.counts.items()}
        self.points = shapely.points(places_within(start, np.random.default_rng(5)))
        self.gone = set()

    def __call__(self, before, done):
        after = done.tiling
        assert shapely.is_valid(after.shapes).all()
        assert shapely.coverage_is_valid(after.shapes)
        assert abs(total_area(after) - self.whole) <= 1e-12 * self.whole
        self.codes(before, after)
        for measure, number in self.sums.items():
            own = after.counts[measure]
            assert set(own) == set(after.codes)
            assert min(own.values()) >= 0
            assert sum(own.values()) == number
        at, _ = shapely.STRtree(self.points).query(after.shapes, predicate="contains").tolist()
        found = shapely.STRtree(after.shapes).query(self.points, predicate="within")[0]
        assert len(at) == len(self.points)
        assert sorted(found.tolist()) == list(range(len(self.points)))
        for code in set(before.codes) & set(after.codes) - set(done.report.touched):
            assert after.shape(code) is before.shape(code)

    def codes(self, before, after):
        assert list(after.codes) == sorted(set(after.codes))
        assert set(after.names) == set(after.codes)
        self.gone |= set(before.codes) - set(after.codes)
        assert not self.gone & set(after.codes)
        assert after.retired >= self.gone


@pytest.mark.parametrize("first", range(0, TOWNS, BATCH))
def test_the_tiling_holds_through_edits_and_undo_gives_the_start(first):
    happened = Counter()
    for seed in range(first, first + BATCH):
        start = random_town(seed)
        end, inverses, told = edits_in_a_row(start, EDITS, seed=seed, seen=Watch(start))
        assert len(inverses) == EDITS
        happened += told
        for inverse in reversed(inverses):
            end = apply(end, from_json(json.dumps(to_json(inverse)))).tiling
        assert end.digest() == start.digest()
        assert [*shapely.to_wkb(end.shapes)] == [*shapely.to_wkb(start.shapes)]
    assert set(CONSERVING) <= set(happened)
    assert sum(happened[kind] for kind in CONSERVING) == BATCH * EDITS


def test_json_gives_the_same_edit_and_points_fall_in_one_grid():
    tiling = town(50, seed=2, holes=2)
    planner = Planner(np.random.default_rng(4))
    applied = 0
    for _ in range(90):
        edit = planner.edit(tiling, str(planner.rng.choice(CONSERVING)))
        again = from_json(json.dumps(to_json(edit)))
        assert again == edit
        first, second = outcome(tiling, edit), outcome(tiling, again)
        if isinstance(first, EditRefused):
            assert (second.code, second.fields) == (first.code, first.fields)
            continue
        assert second.tiling.digest() == first.tiling.digest()
        done = first
        moved = fsum(m.area_m2 for m in done.report.moved)
        assert moved >= 0.0
        assert done.report.outer_m2 == 0.0
        tiling = done.tiling
        applied += 1
    assert applied > 40
    xy = places_within(tiling, planner.rng, 500)
    points = gpd.GeoDataFrame(geometry=shapely.points(xy), crs="EPSG:4326")
    found = assign_points(points, tiling.frame())
    assert found.outside_count == 0
    assert not found.in_overlap.any()


def test_what_an_edit_reports_is_what_its_grids_gained_and_lost():
    tiling = town(40, seed=9)
    planner = Planner(np.random.default_rng(8))
    applied = Counter()
    for kind in ("move", "redraw", "transfer", "split", "merge") * 6:
        try:
            done = apply(tiling, planner.edit(tiling, kind), EditOptions(clip=True))
        except EditRefused:
            continue
        for code in done.report.touched:
            was = shapely.area(tiling.shape(code)) if code in tiling else 0.0
            now = shapely.area(done.tiling.shape(code)) if code in done.tiling else 0.0
            won = fsum(shapely.area(m.geometry) for m in done.report.moved if m.taker == code)
            lost = fsum(shapely.area(m.geometry) for m in done.report.moved if m.giver == code)
            assert now - was == pytest.approx(won - lost, abs=1e-15)
        tiling = done.tiling
        applied[kind] += len(done.report.moved) > 0
    assert min(applied[kind] for kind in ("move", "redraw", "transfer", "split", "merge")) >= 2


def test_the_outer_edge_moves_and_comes_back():
    start = town(40, seed=6)
    planner = Planner(np.random.default_rng(3))
    tiling, inverses = start, []
    for _ in range(12):
        try:
            done = apply(tiling, planner.edit(tiling, "outer"))
        except EditRefused:
            continue
        assert done.report.outer_m2 > 0.0
        assert shapely.coverage_is_valid(done.tiling.shapes)
        inverses.append(done.inverse)
        tiling = done.tiling
    assert len(inverses) > 5
    for inverse in reversed(inverses):
        tiling = apply(tiling, inverse).tiling
    assert tiling.digest() == start.digest()
