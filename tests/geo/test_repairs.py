"""Proposals and decisions: what is accepted moves, what is refused stays and stays listed."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as some
from shapely import LineString, Point, Polygon, box
from shapely.geometry import shape

from geo.apportion import apportion
from geo.errors import CrsError, FrameError, TilingError
from geo.repairs import (
    Decision,
    RepairAction,
    RepairOptions,
    Verdict,
    apply_repairs,
    propose_repairs,
)
from geo.tiling import FaultKind, find_faults
from tests.strategies import tilings

ACCEPT, REFUSE = Decision(Verdict.ACCEPT), Decision(Verdict.REFUSE)
FINE = RepairOptions(gap_width_m=0.5, sliver_width_m=1e-3, min_area_m2=1e-9)


def metres(*shapes, codes=None, households=None):
    columns = {"grid_code": codes or [f"G{k}" for k in range(len(shapes))]}
    if households is not None:
        columns["households"] = pd.Series(households, dtype=object)
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:4547")


def degrees(*shapes, **more):
    laid = shapely.transform(list(shapes), lambda xy: xy + np.array([529_000.0, 3_385_000.0]))
    return metres(*laid, **more).to_crs("EPSG:4326")


def all_of(proposals, decision=ACCEPT):
    return {one.id: decision for one in proposals}


def found(faults):
    return {kind: n for kind, n in faults.counts().items() if n}


def settle(grids, decision=ACCEPT, options=None):
    proposals = propose_repairs(grids, options)
    return proposals, apply_repairs(grids, proposals, all_of(proposals, decision), options)


OVERLAP = (box(0, 0, 100, 100), box(90, 0, 200, 100), box(200, 0, 300, 100))
RING = box(0, 0, 300, 300).difference(box(100, 100, 200, 200))
HALVES = (RING.intersection(box(0, 0, 150, 300)), RING.intersection(box(150, 0, 300, 300)))


@pytest.mark.parametrize("lay", [metres, degrees])
def test_an_overlap_goes_to_one_and_the_counts_follow_to_the_last(lay):
    grids = lay(*OVERLAP, households=[101, 57, 3])
    (proposal,), outcome = settle(grids)
    assert proposal.action is RepairAction.TAKE_OVERLAP
    assert {proposal.giver, proposal.taker} == set(proposal.codes) == {"G0", "G1"}
    assert proposal.alternatives == (proposal.giver,)
    assert proposal.area_m2 == pytest.approx(1000, rel=1e-3)
    (piece,) = outcome.moved
    assert (piece.giver, piece.taker) == (proposal.giver, proposal.taker)
    assert piece.area_m2 == pytest.approx(1000, rel=1e-3)
    assert outcome.sums["households"] == (161, 161)
    assert outcome.frame["households"].sum() == 161
    assert piece.counts["households"] == (10 if proposal.giver == "G0" else 5)
    assert found(outcome.faults) == {}
    assert shapely.coverage_is_valid(outcome.frame.geometry.to_numpy())
    assert outcome.frame.geometry[2].equals_exact(grids.geometry[2], 0)  # bit for bit
    assert outcome.frame["grid_code"].tolist() == ["G0", "G1", "G2"]


def test_a_change_gives_the_ground_to_the_other_grid():
    grids = metres(*OVERLAP, households=[101, 57, 3])
    (proposal,) = propose_repairs(grids)
    other = proposal.alternatives[0]
    outcome = apply_repairs(grids, [proposal], {proposal.id: Decision(Verdict.CHANGE, other)})
    assert outcome.moved[0].taker == other
    assert found(outcome.faults) == {}
    with pytest.raises(TilingError) as refused:
        apply_repairs(grids, [proposal], {proposal.id: Decision(Verdict.CHANGE, "G2")})
    assert refused.value.code == "repair_taker"
    assert refused.value.fields["known"] == list(proposal.takers)


@pytest.mark.parametrize("decisions", [{}, "refuse"])
def test_refused_and_undecided_faults_stay_listed_and_nothing_changes(decisions):
    grids = metres(*OVERLAP, Polygon([(300, 0), (400, 100), (400, 0), (300, 100)]))
    proposals = propose_repairs(grids)
    told = all_of(proposals, REFUSE) if decisions else {}
    outcome = apply_repairs(grids, proposals, told)
    assert found(outcome.faults) == found(find_faults(grids)) == {"overlap": 1, "invalid": 1}
    assert outcome.frame.geometry.geom_equals_exact(grids.geometry, 0).all()
    assert outcome.refused == tuple(one.id for one in proposals)
    assert outcome.changed.empty
    assert outcome.moved == ()


def test_one_accepted_one_refused():
    shapes = [box(0, 0, 100, 100), box(95, 0, 200, 100), box(195, 0, 300, 100)]
    grids = metres(*shapes, households=[10, 10, 10])
    first, second = propose_repairs(grids)
    outcome = apply_repairs(grids, (first, second), {first.id: ACCEPT, second.id: REFUSE})
    assert (outcome.applied, outcome.refused) == ((first.id,), (second.id,))
    left = outcome.faults.frame
    assert left["codes"].tolist() == [second.codes]
    assert left["area_m2"].tolist() == pytest.approx([500])


def test_a_large_hole_is_never_filled_but_by_a_change():
    grids = degrees(*HALVES, households=[5, 6])
    (proposal,), outcome = settle(grids)
    assert (proposal.action, proposal.why) == (RepairAction.LEAVE, "large_hole")
    assert set(proposal.alternatives) == {"G0", "G1"}
    assert found(outcome.faults) == {"gap": 1}
    assert outcome.changed.empty
    told = {proposal.id: Decision(Verdict.CHANGE, "G1")}
    filled = apply_repairs(grids, [proposal], told)
    assert found(filled.faults) == {}
    assert (filled.moved[0].giver, filled.moved[0].taker) == ("", "G1")
    assert filled.moved[0].counts == {}  # ground of nobody brings no households
    assert filled.sums == {"households": (11, 11)}
    assert filled.moved[0].area_m2 == pytest.approx(10_000, rel=1e-3)


def test_a_grid_at_the_corner_of_a_hole_cannot_get_it():
    squares = [box(x, y, x + 100, y + 100) for x in (0, 100, 200) for y in (0, 100, 200)]
    names = [f"{k // 3}{k % 3}" for k in range(9)]
    grids = metres(*squares, codes=names)
    (hole,) = propose_repairs(grids[grids["grid_code"] != "11"].reset_index(drop=True))
    assert set(hole.alternatives) == {"01", "10", "12", "21"}
    assert {"00", "22"} < set(hole.codes)


def test_narrow_gaps_go_to_the_longest_border_closed_and_open():
    shapes = [box(0, 0, 100, 100), box(100.4, 0, 200, 100), box(0, 100, 200, 200)]
    (proposal,), outcome = settle(degrees(*shapes))
    assert (proposal.action, proposal.why) == (RepairAction.DISSOLVE_SLIVER, "longest_border")
    assert found(outcome.faults) == {}
    hole = box(0, 0, 100, 100).difference(box(40, 99, 60, 100))
    grids = metres(hole, box(0, 100, 100, 200), box(100, 0, 200, 200))
    (proposal,), outcome = settle(grids, options=RepairOptions(gap_width_m=2.0))
    assert (proposal.kind.value, proposal.action, proposal.taker) == (
        "sliver", RepairAction.DISSOLVE_SLIVER, "G0",
    )  # fmt: skip
    assert found(outcome.faults) == {}
    assert shapely.coverage_is_valid(outcome.frame.geometry.to_numpy())


def test_the_smaller_of_two_nested_grids_keeps_its_ground():
    (proposal,), outcome = settle(metres(box(0, 0, 300, 300), box(100, 100, 200, 200)))
    assert (proposal.taker, proposal.giver, proposal.why) == ("G1", "G0", "would_vanish")
    assert found(outcome.faults) == {}
    assert shapely.area(outcome.frame.geometry.to_numpy()).tolist() == [80_000, 10_000]


def test_a_grid_is_never_used_up_unless_a_steward_says_so():
    same = metres(box(0, 0, 100, 100), box(0, 0, 100, 100), households=[4, 9])
    (proposal,), outcome = settle(same)
    assert (proposal.action, proposal.why) == (RepairAction.LEAVE, "same_ground")
    assert outcome.dropped == ()
    told = {proposal.id: Decision(Verdict.CHANGE, "G0")}
    merged = apply_repairs(same, [proposal], told)
    assert merged.dropped == ("G1",)
    assert merged.frame["households"].tolist() == [13, 0]
    covered = metres(box(0, 0, 50, 100), box(50, 0, 100, 100), box(0, 0, 100, 100))
    proposals, outcome = settle(covered)
    assert [one.why for one in proposals] == ["used_up", "used_up"]
    assert found(outcome.faults) == {"overlap": 2}


def test_doubled_codes():
    square, right, top = box(0, 0, 100, 100), box(100, 0, 200, 100), box(0, 100, 100, 200)
    twice = metres(square, square, right, codes=["a", "a", "b"], households=[7, 7, 1])
    proposals, outcome = settle(twice)
    assert [one.action.value for one in proposals] == ["drop_duplicate", "leave"]
    assert proposals[1].why == "settle_code_first"
    assert outcome.dropped == ("a",)
    assert outcome.frame["households"].tolist() == [7, 7, 1]  # kept on the dropped row, not added
    assert outcome.sums["households"] == (15, 15)
    pieces = metres(square, right, top, codes=["a", "a", "b"], households=[7, 5, 1])
    (proposal,), outcome = settle(pieces)
    assert proposal.action is RepairAction.JOIN_DUPLICATE
    assert outcome.frame["households"].tolist() == [12, 0, 1]
    assert outcome.frame.geometry[0].area == 20_000
    unlike = metres(square, box(50, 0, 150, 100), codes=["a", "a"])
    assert propose_repairs(unlike)[0].why == "which_is_meant"


def test_bad_shapes_are_proposed_and_never_raise():
    grids = metres(
        Polygon([(0, 0), (100, 100), (100, 0), (0, 100)]), None, Polygon(),
        LineString([(0, 0), (1, 1)]), Point(1, 1), box(300, 0, 400, 100), households=[1] * 6,
    )  # fmt: skip
    proposals, outcome = settle(grids)
    assert {one.why for one in proposals} == {"even_odd", "not_an_area", "no_shape"}
    assert outcome.frame.geometry[0].is_valid
    assert outcome.frame.geometry[3].equals(grids.geometry[3])
    assert outcome.frame.geometry[1] is None
    assert found(outcome.faults) == {"invalid": 2, "empty": 2, "multipart": 1}


def test_ground_of_a_refused_bad_ring_does_not_move():
    bow_tie = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    grids = metres(bow_tie, box(95, 0, 200, 100))
    ring, overlap = propose_repairs(grids)
    outcome = apply_repairs(grids, (ring, overlap), {overlap.id: ACCEPT})
    assert outcome.failed == {overlap.id: "needs_make_valid"}
    assert outcome.frame.geometry[0].equals_exact(bow_tie, 0)
    both = apply_repairs(grids, (ring, overlap), all_of((ring, overlap)))
    assert found(both.faults) == {"multipart": 1}


def test_unknown_counts_stay_unknown_and_odd_ones_stay():
    grids = metres(*OVERLAP, households=[101, None, "many"])
    (proposal,) = propose_repairs(grids)
    outcome = apply_repairs(grids, [proposal], {proposal.id: Decision(Verdict.CHANGE, "G1")})
    assert outcome.frame["households"].tolist() == [101, None, "many"]
    assert outcome.sums == {"households": (101, 101)}


def test_ids_are_the_same_again_and_strange_ones_are_refused():
    grids = metres(*OVERLAP)
    first, again = propose_repairs(grids), propose_repairs(grids.copy())
    assert [one.id for one in first] == [one.id for one in again]
    with pytest.raises(TilingError) as refused:
        apply_repairs(grids, first, {"overlap-0": ACCEPT})
    assert refused.value.code == "repairs_unknown"
    with pytest.raises(CrsError):
        propose_repairs(grids.set_crs(None, allow_override=True))
    with pytest.raises(FrameError):
        propose_repairs(grids.drop(columns="grid_code"))


def test_outside_its_community_is_the_stewards():
    parents = gpd.GeoDataFrame({"code": ["P"]}, geometry=[box(0, 0, 150, 100)], crs="EPSG:4547")
    grids = metres(box(0, 0, 100, 100), box(100, 0, 200, 100))
    options = RepairOptions(parents=parents)
    (proposal,), outcome = settle(grids, options=options)
    assert (proposal.action, proposal.why) == (RepairAction.LEAVE, "outside_parent")
    assert found(outcome.faults) == {"outside_parent": 1}


@given(
    total=some.integers(0, 10_000),
    weights=some.lists(some.floats(0, 1e6), min_size=1, max_size=8),
)
def test_the_largest_remainder_loses_nothing(total, weights):
    shares = apportion(total, weights, idle_to_first=True).tolist()
    assert sum(shares) == total
    assert min(shares) >= 0


@settings(max_examples=25, deadline=None)
@given(grids=tilings(), seed=some.integers(0, 2**16))
def test_random_faults_and_random_decisions(grids, seed):
    """Accepted faults go, refused ones stay, sums hold, and area is nobody's gain."""
    rng = np.random.default_rng(seed)
    west, south, east, north = grids.geometry[0].bounds
    patch = box(west, south, west + 1.2 * (east - west), south + 1.2 * (north - south))
    grids.loc[0, "geometry"] = grids.geometry[0].union(patch)
    grids = grids.assign(households=rng.integers(0, 500, len(grids)))
    proposals = propose_repairs(grids)
    told = {one.id: ACCEPT if rng.random() < 0.6 else REFUSE for one in proposals}
    outcome = apply_repairs(grids, proposals, told)
    assert outcome.frame["households"].sum() == grids["households"].sum()
    assert (outcome.frame["households"] >= 0).all()
    left = set(outcome.faults.of_kind(FaultKind.OVERLAP)["codes"])
    for one in proposals:
        if one.kind.value == "overlap" and one.id in outcome.applied:
            assert one.codes not in left
    before, after = grids.union_all().area, outcome.frame.union_all().area
    assert after == pytest.approx(before, rel=1e-9)


def shapes_of(path):
    content = json.loads(path.read_text())
    if content["type"] == "FeatureCollection":
        content = [feature["geometry"] for feature in content["features"]]
    elif content["type"] == "GeometryCollection":
        content = content["geometries"]
    else:
        content = [content]
    return [shape(one) for one in content]


MESSY = {
    "ex1_yemen.json": ({}, {}),
    "ex3.json": ({"take_overlap": 3}, {}),
    "ex4.json": ({"leave": 1, "take_overlap": 1}, {"gap": 1}),
    "ex6.json": ({"take_overlap": 1}, {}),
    "ex7_britain.json": ({"dissolve_sliver": 5}, {}),
    "ex10_bowtie.json": ({"make_valid": 1, "take_overlap": 1}, {}),
    "ex12_ogc.geojson": ({"make_valid": 1, "leave": 1}, {}),
    "ex14_ogc.json": ({"make_valid": 1, "leave": 1}, {"multipart": 1}),
    "ex15_ogc.json": ({"make_valid": 1}, {"multipart": 1}),
    "ex16_ogc.json": ({"leave": 1}, {"gap": 1}),
    "ex17_ogc.json": ({"make_valid": 1}, {"multipart": 1}),
    "ex18_ogc.json": ({"make_valid": 1}, {}),
    "ex19_ogc.json": ({"make_valid": 1}, {"multipart": 1}),
    "ex20_ogc_line.json": ({"leave": 1}, {"invalid": 1}),
    "ex21_crossed_lines.json": ({"leave": 2}, {"invalid": 2}),
}


@pytest.mark.shared
@pytest.mark.parametrize("name", MESSY)
def test_messy_files_accepted_and_refused(shared_data, name):
    shapes = shapes_of(shared_data / "messy_coverage" / "mapshaper_clean" / name)
    grids = metres(*shapes, households=range(100, 100 + len(shapes)))
    proposals, outcome = settle(grids, options=FINE)
    actions = pd.Series([one.action.value for one in proposals], dtype=object).value_counts()
    assert (actions.to_dict(), found(outcome.faults)) == MESSY[name]
    assert outcome.sums["households"][0] == outcome.sums["households"][1] == sum(grids.households)
    assert outcome.frame["grid_code"].tolist() == grids["grid_code"].tolist()
    assert outcome.failed == {}
    refused = apply_repairs(grids, proposals, all_of(proposals, REFUSE), FINE)
    listed = find_faults(grids, min_area_m2=1e-9, sliver_width_m=1e-3)
    assert found(refused.faults) == found(listed)
    assert refused.frame.geometry.geom_equals_exact(grids.geometry, 0).all()


@pytest.mark.shared
def test_jts_cases(shared_data):
    text = (shared_data / "messy_coverage" / "jts_coverage_cases.json").read_text()
    options = RepairOptions(gap_width_m=0.5, sliver_width_m=0.5, min_area_m2=1e-9)
    left, seen = {}, 0
    for group in json.loads(text).values():
        for case in group if isinstance(group, list) else ():
            told = shapely.from_wkt(case["input"])
            shapes = shapely.get_parts(told) if isinstance(case["input"], str) else told
            grids = metres(*shapes, households=[9] * len(shapes))
            proposals, outcome = settle(grids, options=options)
            seen += 1
            left[case["name"]] = found(outcome.faults)
            assert outcome.sums["households"] == (9 * len(shapes), 9 * len(shapes))
            refused = apply_repairs(grids, proposals, {}, options)
            assert refused.frame.geometry.geom_equals_exact(grids.geometry, 0).all()
    assert seen == 10
    assert {name: kinds for name, kinds in left.items() if kinds} == {
        "testFullyCoveredTriangles": {"overlap": 2},  # a grid would be used up: the steward's
        "testCoverageWithEmpty": {"empty": 1},
        "testManyNearMatches": {"gap": 1},  # a large hole
    }
