"""Random edits over random tilings: everything an edit must keep holds after each of them."""

import json
from math import fsum

import geopandas as gpd
import numpy as np
import pytest
import shapely

from benchmarks.edits import CONSERVING, Planner, edits_in_a_row, total_area, town
from geo.assign import assign_points
from geo.edits import EditOptions, EditRefused, apply, from_json, to_json
from geo.index import build_index

TOWNS = {
    "plain": {"n": 40},
    "lakes": {"n": 60, "holes": 5},
    "mixed sizes": {"n": 60, "whole": 4},
    "coarse": {"n": 30, "halvings": 0, "holes": 2, "whole": 1},
    "fine": {"n": 9, "halvings": 5},
}


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


@pytest.mark.parametrize("name", list(TOWNS))
def test_the_tiling_holds_through_edits_and_undo_gives_the_start(name):
    start = town(seed=len(name), **TOWNS[name])
    rng = np.random.default_rng(5)
    xy = places_within(start, rng)
    whole, sums = total_area(start), {m: sum(own.values()) for m, own in start.counts.items()}

    def check(tiling):
        assert shapely.is_valid(tiling.shapes).all()
        assert shapely.coverage_is_valid(tiling.shapes)
        assert abs(total_area(tiling) - whole) <= 1e-12 * whole
        assert list(tiling.codes) == sorted(set(tiling.codes))
        assert set(tiling.names) == set(tiling.codes)
        assert not tiling.retired & set(tiling.codes)
        for measure, number in sums.items():
            assert set(tiling.counts[measure]) == set(tiling.codes)
            assert sum(tiling.counts[measure].values()) == number
        held = sum(shapely.intersects_xy(s, xy[:, 0], xy[:, 1]).astype(int) for s in tiling.shapes)
        assert (held == 1).all()

    end, inverses, happened = edits_in_a_row(start, 40, seed=17, seen=check)
    assert set(CONSERVING) & set(happened) >= {"move", "redraw", "transfer"}
    rows = build_index(end.shapes, np.array(end.codes, dtype=object)).locate(xy[:, 0], xy[:, 1])
    assert (rows >= 0).all()
    for inverse in reversed(inverses):
        end = apply(end, from_json(json.dumps(to_json(inverse)))).tiling
    assert end.digest() == start.digest()
    assert [*shapely.to_wkb(end.shapes)] == [*shapely.to_wkb(start.shapes)]


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
