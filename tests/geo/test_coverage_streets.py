"""Streets as a network against shortest paths worked out another way."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.sparse.csgraph import dijkstra

from geo.coverage import build_network, street_reach
from geo.coverage.streets import _graph, snap, street_distances
from geo.errors import CrsError, FrameError

CRS = "EPSG:4547"


def streets(*lines, crs=CRS):
    return gpd.GeoDataFrame(geometry=[shapely.LineString(x) for x in lines], crs=crs)


def places(*xy, **columns):
    return gpd.GeoDataFrame(
        columns, geometry=[shapely.Point(p) for p in xy], crs=CRS, index=range(len(xy))
    )


def posts(*xy, codes=None):
    return places(*xy, post_code=codes or [f"P{k}" for k in range(len(xy))])


TEE = streets([(0, 0), (1000, 0)], [(500, 0), (500, 800)])
"""A street that ends on another one, which has no vertex there."""


def test_lines_are_joined_where_they_meet_and_parts_are_told_apart():
    net = build_network(TEE)
    assert (len(net.pieces), net.nodes, net.component_m.tolist()) == (3, 4, [1800.0])
    assert net.connected_share == 1.0
    net = build_network(streets([(0, 0), (100, 0)], [(0, 0.09), (0, 50)], [(0, 9000), (0, 9010)]))
    assert [round(part) for part in net.component_m] == [150, 10]
    crossing = build_network(streets([(0, 0), (10, 10)], [(0, 10), (10, 0)], [(0, 0), (10, 10)]))
    assert (len(crossing.pieces), crossing.nodes) == (4, 5)


def test_distances_along_the_street_hold_both_ways_to_it():
    net = build_network(TEE)
    told = street_reach(net, places((510, 600), (0, 20), (990, 0)), posts((250, 30)), 2000.0)
    assert told.nearest.distance_m.tolist() == pytest.approx([890.0, 300.0, 770.0])
    assert told.snap_m.tolist() == pytest.approx([10.0, 20.0, 0.0])
    assert (told.off_street, told.cut_off, told.posts_off_street) == (0, 0, 0)
    near = street_reach(net, places((510, 600), (0, 20), (990, 0)), posts((250, 30)), 300.0)
    assert near.nearest.post.tolist() == [-1, 0, -1]
    assert near.street_within_m == pytest.approx(250 + 250 + 20 + 20)


def test_a_post_on_the_same_piece_is_reached_without_its_ends():
    net = build_network(streets([(0, 0), (1000, 0)]))
    told = street_reach(net, places((480, 0), (520, 5)), posts((500, 0), (900, 0)), 100.0)
    assert told.nearest.distance_m.tolist() == pytest.approx([20.0, 25.0])
    assert told.street_within_m == pytest.approx(400.0)


def test_a_ring_goes_the_shorter_way_and_parallel_streets_too():
    ring = build_network(streets([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]))
    told = street_reach(ring, places((0, 90), (100, 20)), posts((10, 0)), 500.0)
    assert told.nearest.distance_m.tolist() == pytest.approx([100.0, 110.0])
    two = build_network(streets([(0, 0), (100, 0)], [(0, 0), (50, 200), (100, 0)]))
    told = street_reach(two, places((100, 0)), posts((0, 0)), 500.0)
    assert told.nearest.distance_m.tolist() == pytest.approx([100.0])


def test_ties_along_streets_go_to_the_lowest_code():
    net = build_network(streets(*[[(k * 100, 0), (k * 100 + 100, 0)] for k in range(10)]))
    middle = places((500, 0), (500, 4))
    for codes in (["b", "a"], ["a", "b"]):
        told = street_reach(net, middle, posts((200, 0), (800, 0), codes=codes), 900.0)
        assert told.nearest.codes().tolist() == ["a", "a"]
        assert told.nearest.distance_m.tolist() == pytest.approx([300.0, 304.0])


def test_what_cannot_be_reached_is_counted_by_its_reason():
    net = build_network(streets([(0, 0), (500, 0)], [(0, 900), (300, 900)]))
    some = places((100, 0), (100, 900), (100, 400))
    some.loc[3] = [None]
    told = street_reach(net, some, posts((0, 0), (200, 5000)), 1000.0)
    assert told.nearest.post.tolist() == [0, -1, -1, -1]
    assert (told.cut_off, told.off_street, told.posts_off_street) == (1, 1, 1)
    none = street_reach(net, some, posts((9e4, 9e4)), 1000.0)
    assert none.nearest.post.tolist() == [-1] * 4
    assert none.street_within_m == 0.0


def test_a_town_equals_paths_from_every_post_one_by_one():
    draw = np.random.default_rng(4)
    corner = np.stack(np.meshgrid(np.arange(11), np.arange(11)), -1) * 200.0
    corner += draw.normal(0, 20, corner.shape)
    lines = [
        [corner[row, column], corner[row + up, column + across]]
        for row in range(10)
        for column in range(10)
        for up, across in ((1, 0), (0, 1))
        if draw.random() < 0.9
    ]
    net = build_network(streets(*lines))
    homes = draw.uniform(0, 1800, (150, 2))
    bases = draw.uniform(0, 1800, (12, 2))
    ways = street_distances(net, homes, bases, 900.0)
    told = street_reach(net, places(*homes), posts(*bases), 900.0)
    least = ways.min(axis=1)
    found = told.nearest.distance_m
    assert (np.isfinite(least) == np.isfinite(found)).all()
    assert np.isfinite(least).sum() > 50
    assert np.allclose(found[np.isfinite(least)], least[np.isfinite(least)], atol=1e-6)
    reached = told.nearest.post >= 0
    assert (told.nearest.post[reached] == ways[reached].argmin(axis=1)).all()
    feet, own = snap(net, homes), snap(net, bases[:1])
    gap = dijkstra(_graph(net, own), indices=net.nodes)
    by_hand = min(
        gap[net.start[feet.piece[0]]] + feet.along_m[0],
        gap[net.end[feet.piece[0]]] + net.length_m[feet.piece[0]] - feet.along_m[0],
    ) + feet.beside_m[0]  # fmt: skip
    assert ways[0, 0] == pytest.approx(by_hand) or by_hand > 900.0


def test_faulty_streets_are_refused():
    with pytest.raises(CrsError, match="needs_metres"):
        build_network(streets([(102, 36), (102.1, 36)], crs="EPSG:4326"))
    with pytest.raises(FrameError, match="wrong_geometry_type"):
        build_network(places((0, 0)))
    with pytest.raises(FrameError, match="no_street_lines"):
        build_network(streets())
